package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// jobOf returns the one waiting job of that kind.
func jobOf(t *testing.T, jobs []Job, kind JobKind) Job {
	t.Helper()
	n := slices.IndexFunc(jobs, func(j Job) bool { return j.Kind == kind })
	if n < 0 {
		t.Fatalf("no job %s among %v", kind, kinds(jobs))
	}
	return jobs[n]
}

func kinds(jobs []Job) []JobKind {
	var list []JobKind
	for _, j := range jobs {
		list = append(list, j.Kind)
	}
	return list
}

func (x *fixture) done(j Job, o Outcome, needless ...Job) {
	x.t.Helper()
	if err := x.Done(background(), j, o, needless...); err != nil {
		x.t.Fatalf("Done(%s %s): %v", j.Key(), j.Kind, err)
	}
}

// TestAskAfterTheAnswer records a page that left while somebody acknowledged:
// its message has the button still, and must be mended.
func TestAskAfterTheAnswer(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		sent := jobOf(t, x.Take(), JobPage)
		seen := 2
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.Take()
		x.done(sent, Outcome{Message: Message{"D0ADA", "1.1"}, Seen: seen})
		jobOf(t, x.Take(), JobAsks)
		asks, err := x.Asks(background(), 1)
		if err != nil || len(asks) != 1 || asks[0].Message != (Message{"D0ADA", "1.1"}) || asks[0].Person != ada {
			t.Errorf("Asks() = %+v, %v; want ada's message", asks, err)
		}
		x.done(sent, Outcome{Message: Message{"D0ADA", "1.1"}, Seen: seen}) // recorded once more
		if asks, _ := x.Asks(background(), 1); len(asks) != 1 {
			t.Errorf("%d asks after the outcome came twice, want 1", len(asks))
		}
		x.folds(1)
	})
}

// TestDoubtfulPages looks for the message of a page that may have left without a
// record of it: after it was sent again, and after it was taken back.
func TestDoubtfulPages(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		sent := jobOf(t, x.Take(), JobPage)
		sent.Doubtful = true
		x.done(sent, Outcome{Message: Message{"D0ADA", "2.2"}})
		stray := jobOf(t, x.Take(), JobStray)
		if stray.Message.Channel != "D0ADA" || stray.Person != ada {
			t.Errorf("it is looked for in %q of %s, want D0ADA of ada", stray.Message.Channel, stray.Person)
		}
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.Take()
		x.done(stray, Outcome{More: []Message{{"D0ADA", "1.1"}, {"D0ADA", "2.2"}}})
		jobOf(t, x.Take(), JobAsks)
		if asks, _ := x.Asks(background(), 1); len(asks) != 2 || asks[0].Message.TS != "2.2" {
			t.Errorf("Asks() = %+v, want both messages, the newest first", asks)
		}

		x.declare(incident.Declaration{})
		lost := jobOf(t, x.Take(), JobPage)
		lost.Doubtful = true
		x.act(bob, 2, Act{Verb: Acknowledge})
		x.Take()
		if wanted, err := x.Wanted(background(), lost); wanted || err != nil {
			t.Fatalf("Wanted() = %t, %v for a page that was taken back", wanted, err)
		}
		if stray := jobOf(t, x.Take(), JobStray); stray.Person != ada || stray.Message.Channel != "" {
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
		for _, j := range x.Take() {
			if j.Kind == JobPage && j.Via == "push" {
				later := j
				later.Number, later.Send = 999, "INC-1/other"
				x.done(later, Outcome{}) // is not in the store: nothing happens
			}
		}
		jobs := slices.DeleteFunc(jobsInStore(x), func(j Job) bool { return j.Kind != JobPage })
		if len(jobs) != 2 {
			t.Fatalf("%d pages, want 2", len(jobs))
		}
		x.done(jobs[1], Outcome{Message: Message{"D0ADA", "1.1"}}, jobs[0])
		x.tick(time.Minute)
		_, events := x.folds(1)
		if strings.Contains(texts(events), "not confirmed") {
			t.Errorf("a page counts as lost that another one stood for: %s", texts(events))
		}
	})
}

func jobsInStore(x *fixture) []Job {
	jobs, err := x.Unfinished(background())
	if err != nil {
		x.t.Fatal(err)
	}
	return jobs
}

// TestTroubleIsToldOnce fails to post the summary for ever: the timeline says so
// once, and nothing feeds on it.
func TestTroubleIsToldOnce(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		fail := func() {
			for range 5 {
				for _, j := range x.Take() {
					if j.Kind == JobCard {
						x.done(j, Outcome{Failed: "the channel is archived"})
					}
				}
			}
		}
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
		x.done(jobOf(t, x.Take(), JobCard), Outcome{Message: Message{"C1", "1.1"}})
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
		channel := jobOf(t, x.Take(), JobChannel)
		vain := func() {
			if err := x.TryingInVain(background(), channel, "an admin must allow it"); err != nil {
				t.Fatal(err)
			}
		}
		vain()
		x.act(ada, 1, Act{Verb: Resolve})
		time.Sleep(50 * time.Minute)
		vain()
		if wanted, _ := x.Wanted(background(), channel); !wanted {
			t.Error("the channel is given up within an hour of the end")
		}
		time.Sleep(20 * time.Minute)
		vain()
		if wanted, _ := x.Wanted(background(), channel); wanted {
			t.Error("the channel is still tried long after the end")
		}
		for _, j := range jobsInStore(x) {
			if wanted, err := x.Wanted(background(), j); err != nil || wanted && j.NeedsChannel() && !j.DoesWithout() {
				t.Errorf("%s still waits for a channel that never comes (%v)", j.Kind, err)
			}
		}
		x.Take()
		x.act(eve, 1, Act{Verb: Reopen, Text: "it is back"})
		jobOf(t, x.Take(), JobChannel)
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
		x.done(jobOf(t, x.Take(), JobChannel), Outcome{Channel: "C0INC", ChannelName: "inc-1-checkout-is-slow"})
		jobs := x.Take()
		jobOf(t, jobs, JobAsks)
		jobOf(t, jobs, JobAnnounce)
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
		jobs := x.Take()
		sent := jobOf(t, jobs, JobPage)
		x.done(sent, Outcome{Message: Message{"D0ADA", "1.1"}})
		left := x.reopen()
		for _, j := range jobs {
			found := slices.ContainsFunc(left, func(l Job) bool { return l.Key() == j.Key() })
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
		for k := range 60 {
			x.act(ada, 1, Act{Verb: Note, Text: fmt.Sprint("note ", k)})
		}
		cards := slices.DeleteFunc(x.Take(), func(j Job) bool { return j.Kind != JobCard })
		x.done(cards[50], Outcome{Message: Message{"C1", "1.1"}}, cards[:50]...)
		for _, j := range jobsInStore(x) {
			if j.Kind == JobCard && j.Number <= cards[50].Number {
				t.Errorf("job %d is left, which a later one has made needless", j.Number)
			}
		}
	})
}
