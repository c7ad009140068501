package desk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// milestones collects what is told from now on.
func (x *fixture) milestones() *[]Milestone {
	var list []Milestone
	x.opt.Milestone = func(m Milestone) { list = append(list, m) }
	return &list
}

// TestMilestones walks through incidents and knows what figures are told of them.
func TestMilestones(t *testing.T) {
	const sev1, sev2 = incident.Sev1, incident.Sev2
	withRoster(t, privateRoster, func(x *fixture) {
		got := x.milestones()
		x.declare(incident.Declaration{Severity: sev2})
		time.Sleep(3 * time.Second)
		x.deliver() // a channel and ada, and neither is the first any more the second time
		x.tick(time.Minute)
		x.act("person:ada", 1, Act{Verb: Acknowledge})
		x.act("person:ada", 1, Act{Verb: SetSeverity, Severity: sev1})
		x.reopen() // what the next process does not remember, the timeline says
		x.opt.Milestone = func(m Milestone) { *got = append(*got, m) }
		if _, err := x.Page(background(), Caller{Actor: "person:ada"}, 1, Call{People: []incident.Actor{"person:bob"}}); err != nil {
			t.Fatal(err)
		}
		if len(x.pages()) == 0 {
			t.Fatal("nobody was paged by hand, so the test shows nothing")
		}
		x.act("person:ada", 1, Act{Verb: Resolve, How: incident.Rollback})
		x.act("person:bob", 1, Act{Verb: Reopen, Text: "it is back"})
		x.act("person:bob", 1, Act{Verb: Acknowledge}) // not the first time

		if _, err := x.Declare(background(), Caller{Actor: "alert:prometheus"}, incident.Declaration{Title: "Errors", Severity: sev1, Alert: "k"}); err != nil {
			t.Fatal(err)
		}
		x.deliver()
		x.tick(30 * time.Minute) // nobody answers

		want := []Milestone{
			{WasDeclared, sev2, "person", 0},
			{WasNotified, sev2, "", 3 * time.Second},
			{WasAcknowledged, sev2, "", time.Minute + 3*time.Second},
			{WasDeclared, sev1, "alert", 0},
			{WasNotified, sev1, "", 0},
			{WasUnanswered, sev1, "", 10 * time.Minute},
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("milestones (-want +got):\n%s", diff)
		}
		x.folds(1)
		x.folds(2)
	})
}

// TestMilestonesOfPrivateIncidents: there are none, through all of its life, and none
// of a test.
func TestMilestonesOfPrivateIncidents(t *testing.T) {
	for _, d := range []incident.Declaration{{Private: true, Severity: incident.Sev1}, {Test: true, Severity: incident.Sev2}} {
		withRoster(t, privateRoster, func(x *fixture) {
			got := x.milestones()
			x.declare(d)
			x.deliver()
			x.tick(time.Hour)
			x.act(eve, 1, Act{Verb: Acknowledge})
			x.act(eve, 1, Act{Verb: Resolve, How: "rollback"})
			_, events := x.folds(1)
			if d.Private && !slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindPaged }) {
				t.Error("nobody was notified, so the test shows nothing")
			}
			if len(*got) > 0 {
				t.Errorf("of %+v figures are told %v, want nothing", d, *got)
			}
		})
	}
}

// full is a disk without space.
type full struct{ storage.Engine }

func (full) Commit(context.Context, []storage.Change) error {
	return errors.New("no space left on device")
}

// TestMilestonesAreDurable: what a disk refuses has not happened.
func TestMilestonesAreDurable(t *testing.T) {
	withRoster(t, privateRoster, func(x *fixture) {
		x.wrap = func(e storage.Engine) storage.Engine { return full{e} }
		x.reopen()
		got := x.milestones()
		if _, err := x.Declare(background(), Caller{Actor: eve}, incident.Declaration{Title: "x"}); err == nil {
			t.Error("Declare() on a full disk = nil, want an error")
		}
		if len(*got) > 0 {
			t.Errorf("told %v, want nothing", *got)
		}
	})
}
