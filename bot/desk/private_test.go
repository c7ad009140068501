package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

const privateRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: bob}
  - {id: edge, name: Edge, members: [bob, cleo]}
policies:
  - id: payments
    steps:
      - {notify: [channel:payments, person:ada], wait: 5m}
      - {notify: [channel:everybody], wait: 5m}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: edge, name: Edge, kind: service, team: edge, policy: payments}
  - {id: orphan, name: Orphan, kind: service, policy: payments}
defaults: {service: checkout, policy: payments}
`

// TestPrivateAsksPeople holds that the escalation of a private incident asks no
// channel in a step: who owns the service is asked in its place. The last resort
// asks them too, since the line in a channel says nothing about the incident.
func TestPrivateAsksPeople(t *testing.T) {
	tests := []struct {
		service string
		private bool
		want    []string // by step, the last resort last
	}{
		{"checkout", false, []string{"#payments ada by slack", "#everybody", "#incidents"}},
		{"checkout", true, []string{"ada by slack", "bob by slack", "#incidents bob by slack"}},
		{"edge", true, []string{"ada by slack", "bob by slack cleo by slack", "#incidents bob by slack cleo by slack"}},
		{"orphan", true, []string{"ada by slack", "", "#incidents"}}, // nobody owns it
	}
	for _, test := range tests {
		withRoster(t, privateRoster, func(x *fixture) {
			i := x.declare(incident.Declaration{Title: "keys leaked", Service: test.service, Private: test.private, Severity: incident.Sev1})
			var got []string
			for range test.want {
				pages := slices.DeleteFunc(x.pages(), func(p string) bool { return strings.HasSuffix(p, " by push") })
				got = append(got, strings.Join(pages, " "))
				x.tick(5 * time.Minute)
			}
			want := slices.Clone(test.want)
			if test.service == "orphan" { // an empty step is passed at once
				want = []string{"ada by slack", "#incidents", ""}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, private %t: paged %q, want %q", test.service, test.private, got, want)
			}
			x.folds(i.Number)
		})
	}
}

// TestPrivateIsNotNamed holds that nothing that others read names a private
// incident: the incident that was merged into it, or that it was merged into, what
// operators are told, what health says, and the answer to a sender of alerts.
func TestPrivateIsNotNamed(t *testing.T) {
	withRoster(t, privateRoster, func(x *fixture) {
		public := x.declare(incident.Declaration{Title: "Checkout is slow"})
		other := x.declare(incident.Declaration{Title: "Search is slow"})
		private := x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		second := x.declare(incident.Declaration{Title: "more keys leaked", Private: true})
		fired := x.declare(incident.Declaration{Title: "Errors"})
		x.act(eve, public.Number, Act{Verb: Merge, Into: private.Number})
		x.act(incident.Actor("admin:cli"), fired.Number, Act{Verb: Merge, Into: private.Number})
		x.act(eve, second.Number, Act{Verb: Merge, Into: private.Number})

		i, events := x.folds(public.Number)
		if whole := i.Whole(); whole != "a private incident" || i.MergedInto != private.Number || events[len(events)-1].Whole() != whole {
			t.Errorf("INC-%d is a part of %q (%d)", i.Number, whole, i.MergedInto)
		}
		_, err := x.Do(background(), Caller{Actor: mal}, public.Number, Act{Verb: Acknowledge})
		refused(t, err, "is part of a private incident")
		x.act(mal, other.Number, Act{Verb: Note, Text: "I look into it"}) // or they could not merge it at all
		_, err = x.Do(background(), Caller{Actor: mal}, other.Number, Act{Verb: Merge, Into: public.Number})
		refused(t, err, "is itself a part of a private incident")

		// Within the private one it is known what has joined it, other private ones but by name.
		_, events = x.folds(private.Number)
		var said []string
		for _, e := range events {
			switch e.Kind {
			case incident.KindRemark:
				said = append(said, e.Text)
			case incident.KindPartJoined:
				said = append(said, incident.Wording{}.Line(e))
			}
		}
		want := []string{"INC-1 is a part of this incident now.", "INC-5 is a part of this incident now.", "Another private incident is a part of this one now."}
		if !slices.Equal(said, want) {
			t.Errorf("INC-%d says %q, want %q", private.Number, said, want)
		}
	})
}

// TestPrivateIntoPublic holds that those who read a public incident do not hear
// that a private one is a part of it.
func TestPrivateIntoPublic(t *testing.T) {
	inBubble(t, func(x *fixture) {
		public := x.declare(incident.Declaration{})
		private := x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		before, events := x.folds(public.Number)
		x.act(eve, private.Number, Act{Verb: Merge, Into: public.Number})
		if after, now := x.folds(public.Number); after.Events != before.Events || len(now) != len(events) {
			t.Errorf("the public incident says %+v", now[len(events):])
		}
		if i, _ := x.folds(private.Number); i.Whole() != public.Name() {
			t.Errorf("the private one is a part of %q, want %s", i.Whole(), public.Name())
		}
	})
}

// TestPrivateInAlarms looks for a private incident in what everybody hears.
func TestPrivateInAlarms(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.stuck = true
		private := x.declare(incident.Declaration{Title: "keys leaked", Private: true, Severity: incident.Sev1})
		public := x.declare(incident.Declaration{Severity: incident.Sev1})
		alarms := map[int][]string{}
		for _, j := range x.led.Take() {
			if err := x.SetAside(background(), Result{Job: j, Outcome: Outcome{Failed: "It makes the program stop."}}); err != nil {
				t.Fatal(err)
			}
			for _, a := range x.led.Take() {
				if a.Kind == ledger.Alarm {
					alarms[j.Incident] = append(alarms[j.Incident], a.Text)
					if err := x.Done(background(), Result{Job: a}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if all := strings.Join(alarms[public.Number], "\n"); !strings.Contains(all, public.Name()) {
			t.Errorf("of a public incident the operators hear %q, want its name", all)
		}
		for _, text := range alarms[private.Number] {
			for _, secret := range []string{private.Name(), "ada", "Ada", "slack", "sev1", "keys"} {
				if strings.Contains(text, secret) {
					t.Errorf("of a private incident the operators hear %q in %q", secret, text)
				}
			}
		}
		if len(alarms[private.Number]) == 0 {
			t.Error("the operators hear nothing of a job that was set aside")
		}

		for _, test := range []struct {
			n    int
			name bool
		}{{private.Number, false}, {public.Number, true}} {
			err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error { return t.Sleep(escalationName(test.n)) })
			if err != nil {
				t.Fatal(err)
			}
			if err = x.CheckEscalations(background(), time.Now()); err == nil || strings.Contains(err.Error(), incident.Name(test.n)) != test.name {
				t.Errorf("CheckEscalations() = %v, want a fault with %s named: %t", err, incident.Name(test.n), test.name)
			}
			x.act("admin:cli", test.n, Act{Verb: Cancel})
		}
	})
}

// TestPrivateCompany holds that the timeline of a public incident does not say that
// its page stood beside one about a private incident.
func TestPrivateCompany(t *testing.T) {
	brief := func(n int, private bool) Brief {
		return Brief{Incident: incident.Incident{Number: n, Private: private}}
	}
	for _, test := range []struct {
		list []Brief
		want string
	}{
		{[]Brief{brief(1, false), brief(2, true)}, ""},
		{[]Brief{brief(1, false), brief(2, true), brief(3, false)}, "in one message about INC-1, INC-3"},
		{[]Brief{brief(1, true), brief(2, true)}, ""},
	} {
		if got := InOneMessage(test.list); got != test.want {
			t.Errorf("InOneMessage() = %q, want %q", got, test.want)
		}
	}
}

// TestPrivateFigures holds that a private incident is in nobody's figures who may
// not see it, and that a hand-over does not tell who was woken for one.
func TestPrivateFigures(t *testing.T) {
	inBubble(t, func(x *fixture) {
		start := time.Now()
		x.declare(incident.Declaration{Title: "keys leaked", Private: true, Severity: incident.Sev1})
		x.pages()
		x.tick(time.Minute)
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.tick(time.Hour)
		for _, test := range []struct {
			viewer incident.Actor
			sees   bool
		}{{ada, true}, {incident.Bot, true}, {"admin:cli", true}, {mal, false}, {incident.SlackUser(""), false}} {
			r, err := x.OncallReport(background(), test.viewer, start.Add(-time.Hour), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			pages := 0
			for _, p := range r.People {
				pages += p.Pages
			}
			if pages > 0 != test.sees {
				t.Errorf("%s sees %d pages, want any: %t", test.viewer, pages, test.sees)
			}
		}
		woken, err := x.Woken(background(), start.Add(-time.Hour), time.Now())
		if err != nil || len(woken) != 0 {
			t.Errorf("Woken() = %v, %v; want nobody: everybody reads it", woken, err)
		}
	})
}
