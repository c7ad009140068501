package web

import (
	"fmt"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
)

// shown is an incident as scripts read it: all of its state, and its name.
type shown struct {
	Name string `json:"name"`
	incident.Incident
	Severity string `json:"severity"` // sev1 … sev4, where the state has a number
	Highest  string `json:"highest"`
}

func show(i incident.Incident) shown {
	return shown{Name: i.Name(), Incident: i, Severity: i.Severity.String(), Highest: i.Highest.String()}
}

// done is the answer to an act.
type done struct {
	Incident shown    `json:"incident"`
	Notes    []string `json:"notes,omitempty"`    // what the caller should know besides
	Repeated bool     `json:"repeated,omitempty"` // it had been done before, with the same Idempotency-Key
}

func newDone(a desk.Answer) done {
	return done{Incident: show(a.Incident), Notes: a.Notes, Repeated: a.Repeated}
}

// titled is an ID with the name that people know.
type titled struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// sheet is everything about one incident.
type sheet struct {
	Incident     shown             `json:"incident"`
	Service      *titled           `json:"service,omitempty"`
	Team         *titled           `json:"team,omitempty"`
	Paging       bool              `json:"paging"` // somebody is being looked for
	Asked        []incident.Actor  `json:"asked"`  // who was paged, first come first
	ChannelError string            `json:"channel_error,omitempty"`
	Names        map[string]string `json:"names"` // of everyone who occurs, by actor
	Timeline     []entry           `json:"timeline"`
}

func newSheet(d *Parts, b desk.Brief, events []incident.Event) sheet {
	out := sheet{
		Incident: show(b.Incident), Paging: b.Paging, Asked: append([]incident.Actor{}, b.Asked...),
		ChannelError: b.Artifacts.ChannelError, Timeline: entries(d, events), Names: map[string]string{},
	}
	if b.Service.ID != "" {
		out.Service = &titled{b.Service.ID, b.Service.Name}
	}
	if b.Team.ID != "" {
		out.Team = &titled{b.Team.ID, b.Team.Name}
	}
	for _, a := range append(append([]incident.Actor{b.Incident.DeclaredBy}, b.Asked...), b.Belongs...) {
		out.Names[string(a)] = d.People.Current().DisplayName(a)
	}
	return out
}

// entry is an event with its words.
type entry struct {
	incident.Event
	Words string `json:"words"` // one line in plain text, which says who as well
}

func entries(d *Parts, events []incident.Event) []entry {
	out := []entry{}
	for _, e := range events {
		who := e.Through.After(d.People.Current().DisplayName(e.By))
		if e.By == oncall.CommandLine {
			who = incident.Capital(who)
		}
		out = append(out, entry{e, who + " " + words(d, e)})
	}
	return out
}

// words says what happened, without who did it, in one line.
func words(d *Parts, e incident.Event) string {
	switch e.Kind {
	case incident.KindDeclared:
		return said(fmt.Sprintf("declared %s as %s", e.Title, e.Severity), "")
	case incident.KindInvestigate:
		return said("is looking into it", e.Text)
	case incident.KindMitigating:
		return said("is applying relief", e.Text)
	case incident.KindMitigated:
		return said("said it is mitigated", e.Text)
	case incident.KindMerged:
		return said("made it part of "+incident.Name(e.Into), e.Text)
	case incident.KindNote:
		return said("noted", strings.TrimPrefix(string(e.Note)+": ", ": ")+e.Text)
	case incident.KindSeverity:
		return said("made it "+e.Severity.String(), e.Text)
	case incident.KindTitle:
		return said("renamed it", e.Title)
	case incident.KindService:
		return said("gave it to "+e.Service, e.Text)
	case incident.KindRole:
		if e.Person == e.By {
			return "took the role of " + string(e.Role)
		}
		return said(fmt.Sprintf("gave the role of %s to %s", e.Role, d.People.Current().DisplayName(e.Person)), "")
	case incident.KindOffered:
		return fmt.Sprintf("offered the role of %s to %s", e.Role, d.People.Current().DisplayName(e.Person))
	case incident.KindFollowUp:
		return said("opened a follow-up", e.FollowUp.ID+" "+e.FollowUp.Title)
	case incident.KindChannel:
		return said("opened the channel", "#"+e.ChannelName)
	case incident.KindAlert:
		return said(fmt.Sprintf("fired for the %d. time", e.Count), e.Text)
	case incident.KindAlertOver:
		return said("said that the alert is over", e.Text)
	case incident.KindPaged:
		return said(fmt.Sprintf("paged %s by %s", whom(d, e), e.Via), e.Reason)
	case incident.KindPageFailed:
		return said(fmt.Sprintf("could not page %s by %s", whom(d, e), e.Via), e.Text)
	case incident.KindGivenBack:
		return said("took the acknowledgement back", e.Text)
	case incident.KindReceipt:
		return said("heard", e.Text)
	case incident.KindStep:
		return said("escalated", e.Text)
	case incident.KindExhausted:
		return said("stopped escalating", e.Text)
	case incident.KindLapsed:
		return said("took the acknowledgement back", e.Text)
	case incident.KindRemark:
		return said("remarked", e.Text)
	default: // acknowledged, resolved, closed, reopened, cancelled
		return said(string(e.Kind), e.Text)
	}
}

func whom(d *Parts, e incident.Event) string {
	if e.Person != "" {
		return d.People.Current().DisplayName(e.Person)
	}
	return e.Target
}

// said joins what happened and what was written, in one line.
func said(what, text string) string {
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		what += ": " + text
	}
	return what
}
