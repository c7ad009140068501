package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// jobOf returns the one waiting job of that kind.
func jobOf(t *testing.T, jobs []ledger.Job, kind ledger.Kind) ledger.Job {
	t.Helper()
	n := slices.IndexFunc(jobs, func(j ledger.Job) bool { return j.Kind == kind })
	if n < 0 {
		t.Fatalf("no job %s among %v", kind, kinds(jobs))
	}
	return jobs[n]
}

func kinds(jobs []ledger.Job) []ledger.Kind {
	var list []ledger.Kind
	for _, j := range jobs {
		list = append(list, j.Kind)
	}
	return list
}

func (x *fixture) done(j ledger.Job, o Outcome, needless ...ledger.Job) {
	x.t.Helper()
	if err := x.Done(background(), Result{Job: j, Outcome: o, Needless: needless}); err != nil {
		x.t.Fatalf("Done(%s %s): %v", j.Key(), j.Kind, err)
	}
}

// TestAskAfterTheAnswer records a page that left while somebody acknowledged:
// its message has the button still, and must be mended.
func TestAskAfterTheAnswer(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		sent := jobOf(t, x.led.Take(), ledger.Notify)
		seen := 2
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.led.Take()
		x.done(sent, Outcome{Message: ledger.Message{Channel: "D0ADA", TS: "1.1"}, Seen: seen})
		jobOf(t, x.led.Take(), ledger.Prompts)
		prompts, err := x.prompts(1)
		if err != nil || len(prompts) != 1 || prompts[0].Message != (ledger.Message{Channel: "D0ADA", TS: "1.1"}) || prompts[0].Person != ada {
			t.Errorf("prompts() = %+v, %v; want ada's message", prompts, err)
		}
		x.done(sent, Outcome{Message: ledger.Message{Channel: "D0ADA", TS: "1.1"}, Seen: seen}) // recorded once more
		if prompts, _ := x.prompts(1); len(prompts) != 1 {
			t.Errorf("%d prompts after the outcome came twice, want 1", len(prompts))
		}
		x.folds(1)
	})
}

// TestDoubtfulPages looks for the message of a page that may have left without a
// record of it: after it was sent again, and after it was taken back.
func TestDoubtfulPages(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		sent := jobOf(t, x.led.Take(), ledger.Notify)
		sent.Doubtful = true
		x.done(sent, Outcome{Message: ledger.Message{Channel: "D0ADA", TS: "2.2"}})
		stray := jobOf(t, x.led.Take(), ledger.FindCopies)
		if stray.Message.Channel != "D0ADA" || stray.Person != string(ada) {
			t.Errorf("it is looked for in %q of %s, want D0ADA of ada", stray.Message.Channel, stray.Person)
		}
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.led.Take()
		x.done(stray, Outcome{More: []ledger.Message{{Channel: "D0ADA", TS: "1.1"}, {Channel: "D0ADA", TS: "2.2"}}})
		jobOf(t, x.led.Take(), ledger.Prompts)
		if prompts, _ := x.prompts(1); len(prompts) != 2 || prompts[0].Message.TS != "2.2" {
			t.Errorf("prompts() = %+v, want both messages, the newest first", prompts)
		}

		x.declare(incident.Declaration{})
		lost := jobOf(t, x.led.Take(), ledger.Notify)
		lost.Doubtful = true
		x.act(bob, 2, Act{Verb: Acknowledge})
		x.led.Take()
		if wanted, err := x.wanted(lost); wanted || err != nil {
			t.Fatalf("Wanted() = %t, %v for a page that was taken back", wanted, err)
		}
		if stray := jobOf(t, x.led.Take(), ledger.FindCopies); stray.Person != string(ada) || stray.Message.Channel != "" {
			t.Errorf("it is looked for in %q of %s, want ada's conversation, not known yet", stray.Message.Channel, stray.Person)
		}
	})
}

// TestMergedPagesCountAll confirms the earlier ones of several pages that were
// sent as one.
func TestMergedPagesCountAll(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.stuck = true
		x.declare(incident.Declaration{})
		for _, j := range x.led.Take() {
			if j.Kind == ledger.Notify && j.Via == "push" {
				later := j
				later.Number, later.Send = 999, "INC-1/other"
				x.done(later, Outcome{}) // is not in the store: nothing happens
			}
		}
		jobs := slices.DeleteFunc(jobsInStore(x), func(j ledger.Job) bool { return j.Kind != ledger.Notify })
		if len(jobs) != 2 {
			t.Fatalf("%d pages, want 2", len(jobs))
		}
		x.done(jobs[1], Outcome{Message: ledger.Message{Channel: "D0ADA", TS: "1.1"}}, jobs[0])
		x.tick(time.Minute)
		_, events := x.folds(1)
		if strings.Contains(texts(events), "not confirmed") {
			t.Errorf("a page counts as lost that another one stood for: %s", texts(events))
		}
	})
}

func jobsInStore(x *fixture) []ledger.Job {
	jobs, err := x.led.Unfinished(background())
	if err != nil {
		x.t.Fatal(err)
	}
	return jobs
}

// channelStands makes the channel of INC-1.
func (x *fixture) channelStands() {
	x.t.Helper()
	x.done(jobOf(x.t, x.led.Take(), ledger.Channel), Outcome{Channel: "C0INC", ChannelName: "inc-1"})
}

// TestTroubleIsToldOnce fails to post the summary for ever: the timeline says so
// once, and nothing feeds on it.
func TestTroubleIsToldOnce(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.channelStands()
		fail := func() {
			for range 5 {
				for _, j := range x.led.Take() {
					if j.Kind == ledger.Card {
						x.done(j, Outcome{Failed: "the channel is archived"})
					}
				}
			}
		}
		x.act(ada, 1, Act{Verb: Note, Text: "the first one"}) // from which on a message about notes waits
		fail()
		before := len(jobsInStore(x))
		for k := range 10 {
			x.act(ada, 1, Act{Verb: Note, Text: fmt.Sprint("note ", k)})
			fail()
		}
		if after := len(jobsInStore(x)); after > before {
			t.Errorf("%d jobs wait after ten notes, %d before: trouble breeds jobs", after, before)
		}
		_, events := x.folds(1)
		if n := strings.Count(texts(events), "the channel is archived"); n != 1 {
			t.Errorf("the timeline says it %d times, want once: %s", n, texts(events))
		}
		x.act(ada, 1, Act{Verb: Note, Text: "it was opened again"})
		x.done(jobOf(t, x.led.Take(), ledger.Card), Outcome{Message: ledger.Message{Channel: "C1", TS: "1.1"}})
		x.act(ada, 1, Act{Verb: Note, Text: "and archived again"})
		fail()
		_, events = x.folds(1)
		if n := strings.Count(texts(events), "the channel is archived"); n != 2 {
			t.Errorf("the timeline says it %d times after it had passed, want twice", n)
		}
	})
}

// TestChannelIsGivenUp stops trying some time after the end, and begins again
// when the incident is reopened.
func TestChannelIsGivenUp(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		channel := jobOf(t, x.led.Take(), ledger.Channel)
		vain := func() {
			if err := x.TryingInVain(background(), channel, "an admin must allow it"); err != nil {
				t.Fatal(err)
			}
		}
		vain()
		x.act(ada, 1, Act{Verb: Resolve})
		time.Sleep(50 * time.Minute)
		vain()
		if wanted, _ := x.wanted(channel); !wanted {
			t.Error("the channel is given up within an hour of the end")
		}
		time.Sleep(20 * time.Minute)
		vain()
		if wanted, _ := x.wanted(channel); wanted {
			t.Error("the channel is still tried long after the end")
		}
		for _, j := range jobsInStore(x) {
			if wanted, err := x.wanted(j); err != nil || wanted && j.Kind.Row().NeedsChannel && !j.Kind.Row().Without {
				t.Errorf("%s still waits for a channel that never comes (%v)", j.Kind, err)
			}
		}
		x.led.Take()
		x.act(eve, 1, Act{Verb: Reopen, Text: "it is back"})
		jobOf(t, x.led.Take(), ledger.Channel)
		_, events := x.folds(1)
		if n := strings.Count(texts(events), "an admin must allow it"); n != 1 {
			t.Errorf("the timeline says why %d times, want once", n)
		}
	})
}

// TestChannelStands refreshes what could not lead to it before.
func TestChannelStands(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.done(jobOf(t, x.led.Take(), ledger.Channel), Outcome{Channel: "C0INC", ChannelName: "inc-1-checkout-is-slow"})
		jobs := x.led.Take()
		jobOf(t, jobs, ledger.Prompts)
		jobOf(t, jobs, ledger.Announce)
		if n, ok, err := x.InChannel(background(), "C0INC"); n != 1 || !ok || err != nil {
			t.Errorf("InChannel(C0INC) = %d, %t, %v; want INC-1", n, ok, err)
		}
		if _, ok, _ := x.InChannel(background(), "C0OTHER"); ok {
			t.Error("a channel that is no incident's leads to one")
		}
	})
}

// TestUnfinishedAfterRestart finds what was not done, marked as doubtful, and
// nothing that was.
func TestUnfinishedAfterRestart(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		jobs := x.led.Take()
		sent := jobOf(t, jobs, ledger.Notify)
		x.done(sent, Outcome{Message: ledger.Message{Channel: "D0ADA", TS: "1.1"}})
		left := x.reopen()
		for _, j := range jobs {
			found := slices.ContainsFunc(left, func(l ledger.Job) bool { return l.Key() == j.Key() })
			if found == (j.Key() == sent.Key()) {
				t.Errorf("%s %s: found after the restart: %t", j.Kind, j.Key(), found)
			}
		}
		for _, j := range left {
			if !j.Doubtful {
				t.Errorf("%s is not marked as doubtful", j.Kind)
			}
		}
		i, _ := x.folds(1)
		if i.Title != "Checkout is slow" {
			t.Errorf("title = %q after the restart", i.Title)
		}
	})
}

// TestManyNeedlessJobs records one outcome for as many jobs as a lane hands over.
func TestManyNeedlessJobs(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.channelStands()
		for k := range 60 {
			x.act(ada, 1, Act{Verb: Note, Text: fmt.Sprint("note ", k)})
		}
		cards := slices.DeleteFunc(x.led.Take(), func(j ledger.Job) bool { return j.Kind != ledger.Card })
		x.done(cards[50], Outcome{Message: ledger.Message{Channel: "C1", TS: "1.1"}}, cards[:50]...)
		for _, j := range jobsInStore(x) {
			if j.Kind == ledger.Card && j.Number <= cards[50].Number {
				t.Errorf("job %d is left, which a later one has made needless", j.Number)
			}
		}
	})
}
