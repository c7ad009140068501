package desk

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// replay does what the people of the demonstration did, at their instants, with the
// program around them: it pages, escalates, puts off and reminds by itself.
type replay struct {
	*fixture
	expected demonstration
}

// step is an act of one of the incidents.
type step struct {
	of demoIncident
	demoAct
}

// steps are the acts of all incidents in the order of their times.
func (d demonstration) steps() []step {
	var list []step
	for _, i := range d.Incidents {
		for _, a := range i.Timeline {
			list = append(list, step{i, a})
		}
		for _, u := range i.FollowUps {
			if day, err := time.ParseInLocation(time.DateOnly, u.Done, business); err == nil {
				list = append(list, step{i, demoAct{At: day.Add(15 * time.Hour), Type: "done", Other: u.ID}})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b step) int { return a.At.Compare(b.At) })
	return list
}

const (
	waking = "a sev3 of a Sunday afternoon reaches people who are awake by their clock; their working hours are not asked"
)

// replayedOtherwise are values that the product means otherwise when it records them
// itself, each with the reason.
var replayedOtherwise = map[string]string{
	"INC-8 post-mortem waived": "nobody is asked for one of what was cancelled, so it is not waived",
	"INC-4 first ack":          waking, "INC-4 pages to viktor": waking,
	"INC-5 pages to jonas":                    "nothing was heard of a sev1 for half an hour, so whoever is on call by then is paged, and the next",
	"INC-5 pages to clara":                    "nothing was heard of a sev1 for half an hour, so whoever is on call by then is paged, and the next",
	"INC-10 follow-up INC-10-F1":              "the days of a permanent fix count from the mitigation, which opens it, not from the day after",
	"INC-11 pages to clara":                   "the program cannot know that it is the same incident, before somebody merges it two minutes later",
	"INC-7 pages to mei":                      "eight minutes without an answer are too many: the policy escalates after five",
	"INC-12 resolve":                          "a near miss has ended without being resolved: it is an outcome of its own, and nothing was to be restored",
	"INC-12 commander at 3 min held by jonas": "it is over with its outcome, and not closed afterwards",
}

var slackGroup = pattern.New(`(?m)^ +slack_group:.*\n`)

// demoRoster is the demonstration's without its user groups in Slack: nothing here is about
// them, and they are looked after each quarter of an hour for weeks.
func demoRoster() string { return slackGroup.ReplaceAllString(string(configs.DemoRoster()), "") }

// TestDemoReplay replays all twelve incidents and computes their values from what was
// recorded.
func TestDemoReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)))
		x := replay{&fixture{t: t, path: filepath.Join(t.TempDir(), "stormbell.db")}, readDemonstration(t)}
		x.open()
		defer func() { x.db.Close() }()
		x.apply(demoRoster())
		for _, s := range x.expected.steps() {
			x.tick(time.Until(s.At))
			if err := x.perform(s); err != nil {
				t.Fatalf("%s at %d min, %s: %v", s.of.Key, s.Offset, s.Type, err)
			}
			x.deliver()
		}
		for _, e := range x.expected.Incidents {
			in, events := x.folds(e.number())
			doc, err := x.Postmortem(background(), incident.Bot, in.Number, business)
			if err != nil {
				t.Fatal(err)
			}
			want, got := e.want(), e.got(in, events, doc)
			e.asRecorded(want, got, events)
			compare(t, e.Key, want, got, replayedOtherwise)
		}
	})
}

// asRecorded replaces single messages by pages to people: by which ways somebody is
// paged is their own rule. It adds which promises were said to be missed meanwhile.
func (i demoIncident) asRecorded(want, got figures, events []incident.Event) {
	for _, f := range []figures{want, got} {
		for name, value := range f {
			who, rest, _ := strings.Cut(value, " ")
			switch {
			case strings.HasPrefix(name, "page ") && strings.Contains(value, "answered at"):
				delete(f, name)
				if was, ok := f["pages to "+who]; !ok || sentAt(rest) < sentAt(was) {
					f["pages to "+who] = rest
				}
			case strings.HasPrefix(name, "page "):
				delete(f, name)
			case strings.HasPrefix(name, "follow-up "):
				f[name], _, _ = strings.Cut(value, ": ") // a fix is named by what it replaces
			}
		}
	}
	if !i.counts() {
		return
	}
	e, missed := i.Expected.SLA, map[incident.Promise]bool{}
	for _, v := range events {
		if v.Kind == incident.KindMissed && !v.Assumed {
			missed[v.Promise] = true
		}
	}
	for p, met := range map[incident.Promise]bool{incident.PromiseAck: e.Ack.Met, incident.PromiseRestore: e.Restore.Met, incident.PromiseUpdate: e.Updates.Met} {
		want["said to be missed: "+string(p)], got["said to be missed: "+string(p)] = fmt.Sprint(!met), fmt.Sprint(missed[p])
	}
}

// sentAt reads the minute of a page.
func sentAt(rest string) (n int) {
	fmt.Sscanf(rest, "at %d min", &n)
	return n
}

// lead is who speaks for an incident where nobody is named.
func (x replay) lead(n int) incident.Actor {
	i, _ := x.folds(n)
	if who := i.Holder(incident.Commander); who != "" {
		return who
	}
	if i.AcknowledgedBy != "" {
		return i.AcknowledgedBy
	}
	return "person:elif"
}

func (x replay) perform(s step) error {
	n := s.of.number()
	by := incident.Person(s.By)
	switch s.Type {
	case "declared":
		return x.declareDemo(s)
	case "impact_started", "page_deferred", "escalate", "merged":
		return nil // it is said later, or the program does it
	case "page":
		return x.pageByHand(s)
	case "done":
		_, _, err := x.DoFollowUp(background(), Caller{Actor: x.lead(n)}, s.Other, FollowUpAct{Verb: FinishTask, Text: "https://example.com/changes/" + s.Other})
		return err
	case "handoff_accepted":
		if i, _ := x.folds(n); i.Offer.Open() {
			_, err := x.AcceptOffer(background(), Caller{Actor: incident.Person(s.To)}, n, i.Offer.Seq)
			return err
		}
		return x.do(incident.Person(s.To), n, Act{Verb: TakeRole, Role: incident.Commander})
	case "resolved", "cancelled":
		return x.endDemo(s)
	case "closed":
		if s.of.NearMiss {
			return nil
		}
		return x.do(x.lead(n), n, Act{Verb: Close, Text: "anyway the rest is in the review"})
	}
	if s.By == "" {
		by = x.lead(n)
	}
	return x.actDemo(s, by)
}

func (x replay) actDemo(s step, by incident.Actor) error {
	n := s.of.number()
	switch s.Type {
	case "ack":
		return x.do(by, n, Act{Verb: Acknowledge})
	case "role":
		err := x.do(incident.Person(s.Person), n, Act{Verb: TakeRole, Role: incident.Role(s.Role)})
		if errors.As(err, new(*incident.Refusal)) && strings.Contains(err.Error(), "is already") {
			return nil // with the acknowledgement
		}
		return err
	case "handoff_proposed":
		return x.do(incident.Person(s.From), n, Act{Verb: TakeRole, Role: incident.Commander, Person: incident.Person(s.To)})
	case "note":
		if err := x.do(by, n, Act{Verb: Note, Note: incident.NoteKind(s.Kind), Text: s.Text}); err != nil || s.Kind != "what" {
			return err
		}
		return x.sayImpact(s, by)
	case "decision":
		return x.do(by, n, Act{Verb: Note, Note: incident.Decision, Text: s.Text})
	case "action":
		return x.do(by, n, Act{Verb: Note, Text: s.Text})
	case "update":
		return x.do(by, n, Act{Verb: Note, Note: incident.Update, Text: s.Text})
	case "severity":
		sev, _ := incident.ParseSeverity(s.To)
		return x.do(by, n, Act{Verb: SetSeverity, Severity: sev, Text: s.Text})
	case "reroute":
		return x.do(by, n, Act{Verb: Reroute, Service: s.Service, Text: s.Text})
	case "mitigated":
		return x.do(by, n, Act{Verb: Mitigate, How: incident.How(s.Kind)})
	case "reopened":
		return x.do(by, n, Act{Verb: Reopen, Text: s.Text})
	case "merged_into":
		_, into, _ := incident.ParseFollowUp(s.Other + "-F1")
		return x.do(x.lead(into), n, Act{Verb: Merge, Into: into})
	default:
		return fmt.Errorf("nobody knows how to do that")
	}
}

func (x replay) do(by incident.Actor, n int, a Act) error {
	_, err := x.Do(background(), Caller{Actor: by}, n, a)
	return err
}

func (x replay) declareDemo(s step) error {
	sev, _ := incident.ParseSeverity(s.Severity)
	d := incident.Declaration{Title: s.of.Title, Service: s.of.Service, Severity: sev}
	by := incident.Person(s.By)
	for _, a := range s.of.Timeline {
		if a.Type == "reroute" {
			d.Service = "storefront-web" // as it was in the form
		}
	}
	if s.By == "" {
		by, d.Alert = "alert:monitoring", s.of.Key
	}
	a, err := x.Declare(background(), Caller{Actor: by}, d)
	if err == nil && a.Incident.Number != s.of.number() {
		err = fmt.Errorf("it is %s", a.Incident.Name())
	}
	return err
}

// pageByHand pages whom the program does not page by itself: somebody who is wanted
// beside those who are on it.
func (x replay) pageByHand(s step) error {
	i, _ := x.folds(s.of.number())
	who := incident.Person(s.To)
	if !i.Acked() {
		return nil
	}
	_, err := x.Page(background(), Caller{Actor: i.AcknowledgedBy}, i.Number, Call{People: []incident.Actor{who}})
	return err
}

func (x replay) sayImpact(s step, by incident.Actor) error {
	for _, a := range s.of.Timeline {
		if a.Type == "impact_started" {
			return x.do(by, s.of.number(), Act{Verb: SetImpact, Impact: Impact{Since: a.At.Format("2006-01-02 15:04")}, Zone: time.UTC})
		}
	}
	return nil
}

// endDemo ends an incident, and opens what is to be done after it.
func (x replay) endDemo(s step) error {
	n := s.of.number()
	by := x.lead(n)
	a := Act{Verb: Resolve}
	switch {
	case s.of.NearMiss:
		a = Act{Verb: NearMiss, Text: "renewed in time"}
	case s.Type == "cancelled":
		a = Act{Verb: FalseAlarm, Text: s.Reason}
	}
	if err := x.do(by, n, a); err != nil {
		return err
	}
	for _, u := range s.of.FollowUps {
		if i, _ := x.folds(n); slices.ContainsFunc(i.FollowUps, func(f incident.FollowUp) bool { return f.ID == u.ID }) {
			continue // the mitigation has opened it
		}
		due, err := time.ParseInLocation(time.DateOnly, u.Due, business)
		if err != nil {
			return err
		}
		f := incident.FollowUp{Kind: u.Kind, Title: u.Title, Team: u.Team, Due: due.Add(23 * time.Hour)}
		if _, _, err := x.OpenFollowUp(background(), Caller{Actor: by}, n, f); err != nil {
			return err
		}
	}
	if w := s.of.Document.Waived; w != "" && s.Type == "resolved" {
		return x.do(by, n, Act{Verb: Waive, Text: w})
	}
	return nil
}
