package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// esc makes text from outside plain: it can neither mention nor link nor break
// out of what surrounds it (Slack: escape exactly these three, in every text
// object), nor pretend to say something else. It is the only escaper for Slack;
// what it returns is the only foreign text in a message.
func esc(s string) string { return escaper.Replace(incident.Printable(s)) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// length is how long Slack may find s. Whether it counts code points or UTF-16
// units is not documented, so the larger of the two counts.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1) // -1 for what is no character
	}
	return n
}

// clip cuts text that is escaped already to most characters (see length). It
// never cuts an entity, a mention or a date in two, which would show as half of
// one.
func clip(s string, most int) string {
	cut := cutAt(s, most)
	if cut < 0 {
		return s
	}
	if open := strings.LastIndexByte(s[:cut], '<'); open > strings.LastIndexByte(s[:cut], '>') {
		cut = open // all that is foreign is escaped, so this one is ours
	}
	if amp := strings.LastIndexByte(s[:cut], '&'); amp > strings.LastIndexByte(s[:cut], ';') && cut-amp < len("&amp;") {
		cut = amp
	}
	return strings.TrimRight(s[:cut], " \n") + "…"
}

// short cuts plain text, which is not escaped yet, to most characters.
func short(s string, most int) string {
	if cut := cutAt(s, most); cut >= 0 {
		return strings.TrimRight(s[:cut], " \n") + "…"
	}
	return s
}

// cutAt returns where s must be cut so that it and an ellipsis have at most most
// characters; -1 when s fits as it is.
func cutAt(s string, most int) int {
	if length(s) <= most {
		return -1
	}
	n := 0
	for at, r := range s {
		if n += max(utf16.RuneLen(r), 1); n > most-1 {
			return at
		}
	}
	return -1
}

// plainPiece returns the beginning of plain text, of at most most characters.
func plainPiece(s string, most int) string {
	n := 0
	for at, r := range s {
		if n += max(utf16.RuneLen(r), 1); n > most {
			return s[:at]
		}
	}
	return s
}

// quote shows text as a quotation, within most characters.
func quote(s string, most int) string {
	return clip("> "+strings.ReplaceAll(esc(s), "\n", "\n> "), most)
}

// at shows an instant in the reader's own time zone, with its day: a message is
// read on other days than the one on which it was written, and Slack says "today"
// where it is today. In a sentence it stands in brackets or after a comma.
func at(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 15:04 UTC"))
}

// long says a duration as people do, to the minute: "under a minute", "7 min", "1 h 5 min".
func long(d time.Duration) string {
	m := int(d.Round(time.Minute) / time.Minute)
	switch {
	case d < time.Minute:
		return "under a minute"
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	default:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
}

// names shows actors and services. It is what the builders of blocks know of the
// roster.
type names struct {
	slackID func(incident.Actor) string
	plain   func(incident.Actor) string
	service func(id string) string // nil: as it is
}

func (s *Slack) names() names {
	w := s.people.Current()
	return names{slackID: w.SlackOf, plain: w.DisplayName, service: func(id string) string {
		if v, ok := w.Roster.Service(id); ok {
			return v.Name
		}
		return id
	}}
}

// who shows an actor in mrkdwn: as a mention where Slack knows the person.
func (n names) who(a incident.Actor) string {
	if id := n.slackID(a); id != "" {
		return "<@" + id + ">"
	}
	return incident.ActorWords(a, func(a incident.Actor) string { return esc(n.plain(a)) }, esc)
}

// wording says events in mrkdwn.
func (n names) wording() incident.Wording {
	return incident.Wording{
		Actor: n.who,
		By:    n.plainly,
		Service: func(id string) string {
			if n.service != nil {
				id = n.service(id)
			}
			return esc(id)
		},
		Channel: func(id, _ string) string { return "<#" + id + ">" },
		Time:    at,
		Text:    escLines,
	}
}

// onOneLine takes the lines of a quotation together.
var onOneLine = strings.NewReplacer(" \n> ", " ", "\n> ", " ", "\n", " ")

// escLines shows in a sentence what somebody typed: several lines are a quotation, so that none
// of them looks like a line of ours.
func escLines(s string) string {
	if s = esc(s); !strings.Contains(s, "\n") {
		return s
	}
	return "\n> " + strings.ReplaceAll(s, "\n", "\n> ")
}

// by shows who did something, and how, if not in person: without a mention, since they
// know it.
func (n names) by(e incident.Event) string { return e.Through.After(n.plainly(e.By)) }

// plainly names somebody without a mention, unless their ID is all that is known of them.
func (n names) plainly(a incident.Actor) string {
	if kind, id := a.Split(); kind == "slack" && n.plain(a) == id {
		return n.who(a)
	}
	return incident.ActorWords(a, func(a incident.Actor) string { return esc(n.plain(a)) }, esc)
}

// begins is by at the beginning of a sentence.
func (n names) begins(e incident.Event) string {
	if kind, _ := e.By.Split(); kind == "admin" {
		return incident.Capital(n.by(e))
	}
	return n.by(e)
}

// all shows several actors.
func (n names) all(actors []incident.Actor) string {
	var list []string
	for _, a := range actors {
		list = append(list, n.who(a))
	}
	return strings.Join(list, ", ")
}

// refusal shows a refusal to a person.
func (n names) refusal(r *incident.Refusal) string {
	plain := incident.Refusal{Why: esc(r.Why), Next: esc(r.Next)}
	return plain.Text(n.who(r.Who), at(r.When))
}

// line says an event of a timeline in one line of mrkdwn.
func (n names) line(e incident.Event) string { return n.wording().Line(e) }

// hurtsAgain reports whether a new interval of impact began with an event. The first one
// begins with the declaration, unless somebody said that nobody was hit until then.
func hurtsAgain(i incident.Incident, e incident.Event) bool {
	k := slices.IndexFunc(i.Impact, func(v incident.Interval) bool { return v.Start.Equal(e.At) })
	return k > 0 || k == 0 && i.ImpactBy != "" && !e.At.Equal(i.Declared)
}

// said is what the channel is told of an event: a little more than its line
// where people need to know what follows.
func (n names) said(i incident.Incident, e incident.Event) string {
	switch e.Kind {
	case incident.KindAcknowledged:
		return fmt.Sprintf("%s is on it, %s after the declaration.", n.begins(e), long(e.At.Sub(i.Declared)))
	case incident.KindMitigated:
		return quoted(n.mitigated(i, e), e.Text)
	case incident.KindResolved:
		s := "Resolved. Thank you. Whoever was woken: please sleep first. The draft of the post-mortem follows."
		if e.Assumed {
			s += " Nobody has said how it was mitigated, so it counts as a workaround" + fixOpened(i)
		}
		return quoted(s, e.Text)
	case incident.KindInReview:
		return quoted(n.plainLine(incident.Event{Kind: e.Kind, By: e.By, Through: e.Through})+" It stands above: please read it, and add what you know.", e.Text)
	case incident.KindPublished:
		return quoted(n.plainLine(incident.Event{Kind: e.Kind, By: e.By, Through: e.Through, Count: e.Count}), e.Text)
	case incident.KindClosed, incident.KindReviewer, incident.KindWaived, incident.KindMissAccepted, incident.KindNoFollowUps:
		return clip(n.plainLine(e), 2900)
	case incident.KindHowCorrected:
		return quoted(n.corrected(i, e), e.Text)
	case incident.KindInvestigate, incident.KindMitigating:
		if hurtsAgain(i, e) {
			return "Back to " + string(e.Kind) + ": " + clip(escLines(e.Text), 2000) + "\nThe impact is counted again, from " + at(e.At) + "."
		}
	case incident.KindReopened:
		return "Back to investigating: " + clip(escLines(e.Text), 2000) + "\nThe impact is counted again, from " + at(e.At) + "."
	case incident.KindImpact:
		return quoted(n.saidImpact(e), e.Text)
	case incident.KindAlert, incident.KindAlertJoined:
		s := "*" + clip(esc(e.Text), 1000) + "*"
		if e.Reason != "" {
			s += "\n" + e.Reason + "."
		}
		return s
	case incident.KindRelated:
		return clip(esc(e.Text), 1000)
	case incident.KindAlertOver:
		over := "The alert is over, says its sender. "
		switch {
		case strings.HasPrefix(e.Text, "All "):
			over = esc(e.Text) + " So say their senders. "
		case strings.HasSuffix(e.Text, "."): // a sentence of ours says why
			over = clip(esc(e.Text), 1000) + " "
		}
		if i.Status.Active() && !i.AlertOver {
			return over + "It fires again by now."
		}
		return over + overNext(i)
	case incident.KindHelp:
		return n.helpAsked(e)
	case incident.KindOffered:
		return n.offered(i, e)
	case incident.KindStep:
		if len(e.Calls) > 0 { // otherwise it waits for its hours
			return "No answer yet. Paging " + n.all(e.Calls) + "."
		}
	case incident.KindNote:
		if e.Same {
			return "*Update* by " + n.by(e) + ": no change\n" + quote(e.Text, 2500)
		}
		return "*Update* by " + n.by(e) + "\n" + quote(e.Text, 2500)
	case incident.KindPublic:
		return "*For the public* by " + n.by(e) + "\n" + quote(e.Text, 2500)
	case incident.KindMissed:
		return n.missed(i, e)
	case incident.KindSilent:
		return n.silent(i, e)
	}
	return clip(n.line(e), 2900)
}

// quoted is ours with what somebody wrote below it.
func quoted(ours, text string) string {
	if text == "" {
		return ours
	}
	return ours + "\n" + quote(text, 2000)
}

// headline is an incident in a few words: what a phone shows of a message.
func headline(b desk.Brief) string {
	i := b.Incident
	return drillMark(i) + i.Marks() + " " + i.Name() + " · " + i.Severity.String() + " · " + esc(i.Title)
}

// overNext says what follows from an alert that is over.
func overNext(i incident.Incident) string {
	if i.Status.Active() {
		return "If customers are fine, resolve it."
	}
	return i.Name() + " is " + string(i.Status) + "."
}

// offered says of a role that was offered who is asked, and who holds it.
func (n names) offered(i incident.Incident, e incident.Event) string {
	holder := i.Holder(e.Role)
	switch {
	case e.Role == incident.Commander && !e.Due.IsZero() && i.Offer.Seq != e.Seq && holder != e.Person:
		return strings.TrimSuffix(n.line(e), ".") + ". That offer is over."
	case holder == e.Person:
		return n.who(e.Person) + " is " + esc(string(e.Role)) + " now."
	case holder == "":
		return n.line(e) + " Nobody is at present."
	default:
		return n.line(e) + " Until they accept, " + n.who(holder) + " keeps the role."
	}
}
