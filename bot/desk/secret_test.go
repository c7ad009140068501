package desk

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

const secretRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: eli, name: Eli Moss, slack: U0ELI}
  - {id: dan, name: Dan Ray, slack: U0DAN}
teams:
  - {id: payments, name: Payments, members: [ada, bob, eli], lead: bob}
  - {id: edge, name: Edge, members: [dan]}
policies:
  - id: payments
    steps: [{notify: [person:ada], wait: 5m}]
    last_resort: [channel:incidents]
agreements:
  - {id: gold, kind: sla, words: Payments work, targets: {sev1: {acknowledge: 5m, update: 30m, restore: 60m}}}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments, agreement: gold}
defaults: {service: checkout, policy: payments}
`

// TestNobodyLearnsOfAPrivateIncident looks for a private incident in everything that
// somebody can ask for or is told. Whoever works on it finds it there, or it would be no
// test; nobody else does, by name, by number, by a word of it or by being counted.
func TestNobodyLearnsOfAPrivateIncident(t *testing.T) {
	type ask func(x *fixture, who incident.Actor) (any, error)
	period := func() (time.Time, time.Time) {
		return time.Now().Add(-10 * 24 * time.Hour), time.Now().Add(time.Minute)
	}
	figures := func(of func(report.Data) any) ask {
		return func(x *fixture, who incident.Actor) (any, error) {
			from, to := period()
			data, err := x.Figures(background(), who, from, to)
			return of(data), err
		}
	}
	asks := map[string]struct {
		ask     ask
		insider bool // whoever works on it is shown it here
	}{
		"list": {func(x *fixture, who incident.Actor) (any, error) {
			l, _, err := x.Find(background(), who, Query{All: true})
			return l, err
		}, true},
		"search a word": {func(x *fixture, who incident.Actor) (any, error) {
			return x.Search(background(), who, Query{Search: "quagga", All: true})
		}, true},
		"search a note": {func(x *fixture, who incident.Actor) (any, error) {
			return x.Search(background(), who, Query{Search: "okapi", All: true})
		}, true},
		"search alike": {func(x *fixture, who incident.Actor) (any, error) {
			return x.Search(background(), who, Query{Search: "checkout cards declined by the quagga bank", All: true})
		}, false},
		"alike": {func(x *fixture, who incident.Actor) (any, error) { return x.Alike(background(), who, 3, 5) }, false},
		"same?": {func(x *fixture, who incident.Actor) (any, error) {
			i, _, err := x.Like(background(), who, incident.Incident{Title: "Cards declined by the quagga bank", Service: "checkout"})
			return i, err
		}, false},
		"open": {func(x *fixture, who incident.Actor) (any, error) { return x.Active(background(), who) }, true},
		"show": {func(x *fixture, who incident.Actor) (any, error) { return x.Show(background(), who, 2) }, true},
		"timeline": {func(x *fixture, who incident.Actor) (any, error) {
			_, e, err := x.Timeline(background(), who, 2)
			return e, err
		}, true},
		"timeline of a public one": {func(x *fixture, who incident.Actor) (any, error) {
			_, e, err := x.Timeline(background(), who, 3)
			return e, err
		}, false},
		"show a public one": {func(x *fixture, who incident.Actor) (any, error) { return x.Show(background(), who, 3) }, false},
		"why": {func(x *fixture, who incident.Actor) (any, error) {
			e, err := x.Why(background(), who, 2)
			return e.Steps, err
		}, false},
		"files": {func(x *fixture, who incident.Actor) (any, error) { return x.Files(background(), who, 2) }, false},
		"document": {func(x *fixture, who incident.Actor) (any, error) {
			d, err := x.Postmortem(background(), who, 2, time.UTC)
			return d.Markdown(), err
		}, true},
		"document of a public one": {func(x *fixture, who incident.Actor) (any, error) {
			d, err := x.Postmortem(background(), who, 3, time.UTC)
			return d.Markdown() + string(d.JSON()), err
		}, false},
		"an answer": {func(x *fixture, who incident.Actor) (any, error) { return x.AnswerOf(background(), who, 2, "cue") }, false},
		"closing":   {func(x *fixture, who incident.Actor) (any, error) { return x.Ending(background(), who, 2) }, false},
		"follow-ups": {func(x *fixture, who incident.Actor) (any, error) {
			l, _, err := x.FollowUps(background(), who, FollowUpQuery{All: true})
			return l, err
		}, true},
		"open follow-ups": {func(x *fixture, who incident.Actor) (any, error) {
			l, _, err := x.FollowUps(background(), who, FollowUpQuery{Team: "payments"})
			return l, err
		}, true},
		"a follow-up":    {func(x *fixture, who incident.Actor) (any, error) { return x.FollowUp(background(), who, "INC-2-F1") }, true},
		"fixes":          {func(x *fixture, who incident.Actor) (any, error) { return x.OpenFixes(background(), "checkout") }, false},
		"fixes in place": {func(x *fixture, who incident.Actor) (any, error) { return x.FixesInPlace(background()) }, false},
		"cues":           {func(x *fixture, who incident.Actor) (any, error) { return x.Cues(background(), "checkout", 0, 9) }, false},
		"woken": {func(x *fixture, who incident.Actor) (any, error) {
			from, to := period()
			return x.Woken(background(), from, to)
		}, false},
		"on call": {func(x *fixture, who incident.Actor) (any, error) {
			from, to := period()
			return x.OncallReport(background(), who, from, to)
		}, false},
		"report incidents": {figures(func(d report.Data) any { return report.IncidentsOf(d) }), true},
		"report services":  {figures(func(d report.Data) any { return report.ServicesOf(d) }), false},
		"report promises":  {figures(func(d report.Data) any { return report.PromisesOf(d) }), false},
		"report followups": {figures(func(d report.Data) any { return report.FollowUpsOf(d) }), true},
		"week": {func(x *fixture, who incident.Actor) (any, error) {
			w, err := x.weekOf(background(), "payments", time.Now().Add(7*24*time.Hour))
			return w.Words() + w.AltWords(), err
		}, false},
		"month": {func(x *fixture, who incident.Actor) (any, error) {
			y, m, _ := time.Now().Date()
			w, err := x.monthOf(background(), "gold", time.Date(y, m, 1, 0, 0, 0, 0, time.UTC))
			return w.Words() + w.AltWords(), err
		}, false},
	}
	viewers := map[string]struct {
		who     incident.Actor
		insider bool
	}{
		"on it": {ada, true}, "of the same team": {"person:eli", false}, "of another team": {"person:dan", false}, "unknown to the roster": {mal, false},
		"guest": {guest, false}, "nobody": {"slack:", false},
	}
	withRoster(t, secretRoster, func(x *fixture) {
		x.with(nil)
		day := func() { x.deliver(); x.tick(24 * time.Hour) }
		x.declare(incident.Declaration{Title: "Cards declined by the bank", Service: "checkout", Severity: incident.Sev1})
		x.act(ada, 1, Act{Verb: Mitigate, How: incident.Restart, Text: "restarted the gateway"})
		day()
		x.declare(incident.Declaration{Title: "Cards declined by the quagga bank", Service: "checkout", Severity: incident.Sev1, Private: true})
		x.deliver()
		x.tick(8 * time.Minute) // too late
		x.act(ada, 2, Act{Verb: Acknowledge})
		x.act(ada, 2, Act{Verb: Note, Note: incident.Where, Text: "in the okapi vault"})
		x.act(ada, 2, Act{Verb: Mitigate, How: incident.Workaround, Text: "locked the quagga key"})
		x.act(ada, 2, Act{Verb: Reply, Question: "cue", Text: "the okapi log"})
		day()
		x.declare(incident.Declaration{Title: "Cards declined by the second bank", Service: "checkout", Severity: incident.Sev1})
		x.act(ada, 3, Act{Verb: Mitigate, How: incident.Restart, Text: "restarted the gateway"})
		x.deliver()

		for what, a := range asks {
			counts := map[string]string{}
			for name, v := range viewers {
				answer, err := a.ask(x, v.who)
				var r *incident.Refusal
				if err != nil && !errors.As(err, &r) {
					t.Errorf("%s, asked by somebody %s: %v", what, name, err)
				}
				text, failed := json.Marshal(answer)
				if failed != nil {
					t.Fatalf("%s: %v", what, failed)
				}
				said := string(text)
				if err != nil {
					said = err.Error()
				}
				counts[name] = said
				found := ""
				for _, secret := range []string{"quagga", "okapi", "INC-2", "inc-2", `"number":2,`, `"Number":2,`} {
					if asked := err != nil && secret == "INC-2"; strings.Contains(said, secret) && !asked { // a refusal repeats the name that was asked for
						found = secret
					}
				}
				switch {
				case found != "" && !v.insider:
					t.Errorf("%s, asked by somebody %s, says %q:\n%.900s", what, name, found, said)
				case found == "" && v.insider && a.insider:
					t.Errorf("%s does not show it to whoever is on it:\n%.600s", what, said)
				}
			}
			for _, name := range []string{"of another team", "unknown to the roster"} {
				if counts[name] != counts["of the same team"] {
					t.Errorf("%s is for somebody %s\n%.500s\nand of the same team\n%.500s", what, name, counts[name], counts["of the same team"])
				}
			}
		}
	})
}

// TestAlikeHasRoom: private incidents are not shown as like another one, and do not take
// the place of those that are; a guest who was invited to one incident is not told of
// others by it.
func TestAlikeHasRoom(t *testing.T) {
	withRoster(t, secretRoster, func(x *fixture) {
		x.with(nil)
		x.declare(incident.Declaration{Title: "Cards declined by the bank", Service: "checkout"})
		x.act(ada, 1, Act{Verb: Mitigate, How: incident.Restart, Text: "restarted the gateway"})
		for range 20 {
			i := x.declare(incident.Declaration{Title: "Cards declined by the second bank", Service: "checkout", Private: true})
			x.act(ada, i.Number, Act{Verb: Mitigate, How: incident.Restart})
		}
		last := x.declare(incident.Declaration{Title: "Cards declined by the second bank", Service: "checkout"})
		x.deliver()
		if err := x.Entered(background(), Visit{Channel: "CINC22", User: "U0GUEST", By: "U0ADA"}); err != nil {
			t.Fatal(err)
		}
		for who, want := range map[incident.Actor]int{incident.Bot: 1, ada: 1, mal: 1, guest: 0} {
			list, err := x.Alike(background(), who, last.Number, 3)
			if err != nil || len(list) != want || want > 0 && list[0].Incident.Number != 1 {
				t.Errorf("%s is shown %d like it, %v; want INC-1", who, len(list), err)
			}
		}
		found, err := x.Search(background(), ada, Query{Search: "cards declined by the second bank of Spain", All: true})
		if err != nil || len(found.Alike) != 1 {
			t.Errorf("a search finds %d alike, %v; want INC-1", len(found.Alike), err)
		}
	})
}
