package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// TestDeclareAtOnce declares 64 incidents at the same moment: they share
// commits, and their numbers have no hole.
func TestDeclareAtOnce(t *testing.T) {
	inBubble(t, func(x *fixture) {
		var numbers [64]int
		together(len(numbers), func(k int) {
			a, err := x.Declare(background(), Caller{Actor: eve, Key: fmt.Sprint("command:", k)},
				incident.Declaration{Title: fmt.Sprint("Checkout is slow ", k)})
			if err != nil {
				t.Error(err)
			}
			numbers[k] = a.Incident.Number
		})
		slices.Sort(numbers[:])
		for k, n := range numbers {
			if n != k+1 {
				t.Fatalf("numbers = %v, want 1 to 64", numbers)
			}
		}
		for n := range numbers {
			x.folds(n + 1)
		}
	})
}

// TestRepeatedRequests sends each request again, and at the same moment.
func TestRepeatedRequests(t *testing.T) {
	inBubble(t, func(x *fixture) {
		c := Caller{Actor: eve, Key: "command:1"}
		var repeated atomic.Int32
		together(8, func(int) {
			a, err := x.Declare(background(), c, incident.Declaration{Title: "Checkout is slow"})
			if err != nil || a.Incident.Number != 1 {
				t.Errorf("Declare() = %s, %v; want INC-1", a.Incident.Name(), err)
			}
			if a.Repeated {
				repeated.Add(1)
			}
		})
		if repeated.Load() != 7 {
			t.Errorf("%d of 8 were recognised as repeated, want 7", repeated.Load())
		}
		if list, _ := x.Active(background(), eve); len(list) != 1 {
			t.Errorf("%d incidents are open, want 1", len(list))
		}
		note := Caller{Actor: ada, Key: "command:2"}
		for range 3 {
			if _, err := x.Do(background(), note, 1, Act{Verb: Note, Text: "500s"}); err != nil {
				t.Fatal(err)
			}
		}
		_, events := x.folds(1)
		notes := slices.DeleteFunc(events, func(e incident.Event) bool { return e.Kind != incident.KindNote })
		if len(notes) != 1 {
			t.Errorf("%d notes, want one of the three deliveries", len(notes))
		}
		_, err := x.Do(background(), Caller{Actor: ada, Key: "command:3"}, 1, Act{Verb: Note, Text: " "})
		refused(t, err, "empty")
		if _, err := x.Do(background(), Caller{Actor: ada, Key: "command:3"}, 1, Act{Verb: Note, Text: "p99"}); err != nil {
			t.Errorf("a form that was refused and sent again: %v", err)
		}
	})
}

// TestSeenKeysAreForgotten sweeps requests that can no longer be repeated.
func TestSeenKeysAreForgotten(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for k := range 120 {
			x.Declare(background(), Caller{Actor: eve, Key: fmt.Sprint("command:", k)}, incident.Declaration{Title: "x is slow", Severity: incident.Sev4})
		}
		x.tick(25 * time.Hour) // a request is recognised for 26 hours
		if n := count(x, "seen/"); n != 120 {
			t.Errorf("%d keys are remembered an hour before their time, want 120", n)
		}
		x.tick(3 * time.Hour)
		if n, m := count(x, "seen/"), count(x, "forget/"); n != 0 || m != 0 {
			t.Errorf("%d keys and %d reminders are left after 28 h, want none", n, m)
		}
	})
}

// TestTwoAcknowledgeAtOnce lets one win and tells the other who it was.
func TestTwoAcknowledgeAtOnce(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		who := []incident.Actor{ada, bob}
		var errs [2]error
		together(2, func(k int) {
			_, errs[k] = x.Do(background(), Caller{Actor: who[k]}, 1, Act{Verb: Acknowledge})
		})
		i, _ := x.folds(1)
		second := slices.IndexFunc(errs[:], func(err error) bool { return err != nil })
		var r *incident.Refusal
		if second < 0 || !errors.As(errs[second], &r) || errs[1-second] != nil {
			t.Fatalf("errors %v, want exactly one refusal", errs)
		}
		if r.Who != who[1-second] || i.AcknowledgedBy != r.Who || !r.When.Equal(i.Since) {
			t.Errorf("told %s at %s; acknowledged by %s at %s", r.Who, r.When, i.AcknowledgedBy, i.Since)
		}
	})
}

// TestAcknowledgedAsWell: whoever was paged and answers after somebody else hears who is on
// it, and the record has that they answered; once, and only of who was paged.
func TestAcknowledgedAsWell(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev1})
		x.deliver() // ada is paged
		x.act(eve, 1, Act{Verb: Acknowledge})
		for range 2 {
			for _, who := range []incident.Actor{ada, bob} {
				_, err := x.Do(background(), Caller{Actor: who, Key: "the button of " + string(who)}, 1, Act{Verb: Acknowledge})
				refused(t, err, "INC-1 is already acknowledged by")
			}
		}
		i, events := x.folds(1)
		var too []incident.Actor
		for _, e := range events {
			if e.Kind == incident.KindAnsweredToo {
				too = append(too, e.By)
			}
		}
		if i.AcknowledgedBy != eve || !slices.Equal(too, []incident.Actor{ada}) {
			t.Errorf("on it %s, as well %v; want eve, and ada once", i.AcknowledgedBy, too)
		}
	})
}

// TestPrivateIsNowhere looks for a private incident in every view and act, as
// somebody who has nothing to do with it.
func TestPrivateIsNowhere(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.declare(incident.Declaration{Title: "checkout is slow"})
		for _, viewer := range []incident.Actor{mal, bob, incident.SlackUser(""), "alert:monitor"} {
			if list, err := x.Active(background(), viewer); err != nil || len(list) != 1 || list[0].Number != 2 {
				t.Errorf("Active(%s) = %v, %v; want INC-2 only", viewer, list, err)
			}
			if list, _, err := x.Find(background(), viewer, Query{All: true}); err != nil || len(list) != 1 {
				t.Errorf("Find(%s) = %v, %v; want INC-2 only", viewer, list, err)
			}
			_, err := x.Show(background(), viewer, 1)
			refused(t, err, "There is no INC-1")
			_, _, err = x.Timeline(background(), viewer, 1)
			refused(t, err, "There is no INC-1")
			_, err = x.Postmortem(background(), viewer, 1, time.UTC)
			refused(t, err, "There is no INC-1")
		}
		for _, a := range []Act{{Verb: Acknowledge}, {Verb: Note, Text: "x"}, {Verb: Resolve}, {Verb: Merge, Into: 2}} {
			_, err := x.Do(background(), Caller{Actor: mal}, 1, a)
			refused(t, err, "There is no INC-1")
		}
		x.act(mal, 2, Act{Verb: Note, Text: "I look into it"}) // or they could not merge it at all
		_, err := x.Do(background(), Caller{Actor: mal}, 2, Act{Verb: Merge, Into: 1})
		refused(t, err, "There is no INC-1")
		_, err = x.Escalate(background(), Caller{Actor: mal}, 1)
		refused(t, err, "There is no INC-1")
		_, err = x.Page(background(), Caller{Actor: mal}, 1, Call{Target: "ada", Text: ""})
		refused(t, err, "There is no INC-1")
		for _, viewer := range []incident.Actor{eve, ada, "admin:ops", incident.Bot} { // ada is called, and may answer before the page is recorded
			if b, err := x.Show(background(), viewer, 1); err != nil || b.Incident.Title != "keys leaked" {
				t.Errorf("Show(%s, 1) = %q, %v; want the incident", viewer, b.Incident.Title, err)
			}
		}
		x.act(ada, 1, Act{Verb: Acknowledge})
	})
}

// TestPrivateIsNotAnnounced looks at what leaves.
func TestPrivateIsNotAnnounced(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.act(ada, 1, Act{Verb: Resolve})
		for _, j := range x.deliver() {
			if j.Kind == ledger.Announce {
				t.Errorf("%s would announce a private incident", j.Key())
			}
		}
	})
}

func TestMergeIntoWhatGoesOn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for range 4 {
			x.declare(incident.Declaration{})
		}
		x.act(ada, 2, Act{Verb: Merge, Into: 1})
		_, err := x.Do(background(), Caller{Actor: ada}, 3, Act{Verb: Merge, Into: 2})
		refused(t, err, "INC-2 is itself a part of INC-1")
		_, err = x.Do(background(), Caller{Actor: ada}, 1, Act{Verb: Merge, Into: 2})
		refused(t, err, "INC-2 is itself a part of INC-1")
		x.act(ada, 4, Act{Verb: Resolve})
		_, err = x.Do(background(), Caller{Actor: ada}, 3, Act{Verb: Merge, Into: 4})
		refused(t, err, "INC-4 is resolved")
		_, err = x.Do(background(), Caller{Actor: ada}, 3, Act{Verb: Merge, Into: 99})
		refused(t, err, "There is no INC-99")
		_, events := x.folds(1)
		if last := events[len(events)-1]; last.Kind != incident.KindPartJoined || last.Into != 2 {
			t.Errorf("the last event of INC-1 is %+v, want that INC-2 is a part of it", last)
		}
		x.folds(2)
	})
}

func TestDeclareWithUnknownService(t *testing.T) {
	inBubble(t, func(x *fixture) {
		a, err := x.Declare(background(), Caller{Actor: eve}, incident.Declaration{Title: "slow", Service: "chekcout"})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{`There is no service "chekcout". Did you mean checkout? It went to Checkout.`}
		if diff := cmp.Diff(want, a.Notes); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
		_, events := x.folds(1)
		if !slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindRemark && e.Text == want[0] }) {
			t.Errorf("the timeline does not say so: %v", events)
		}
	})
}

func TestDeclareKeepsALongTitle(t *testing.T) {
	inBubble(t, func(x *fixture) {
		a, err := x.Declare(background(), Caller{Actor: eve}, incident.Declaration{Title: strings.Repeat("🔥", 4000), Details: "seen since noon"})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(a.Notes, "The title was long; all of it is the first note.") {
			t.Errorf("notes = %q, want that the title was long", a.Notes)
		}
		x.folds(1)
	})
}

// count counts the records under a prefix.
func count(x *fixture, prefix string) int {
	n := 0
	x.view(func(key string, _ []byte) {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	})
	return n
}
