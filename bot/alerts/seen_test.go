package alerts

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

// TestCountedWhileItIsWritten: an alert whose commit is under way when all are counted
// is counted in.
func TestCountedWhileItIsWritten(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.slow = time.Second
		done := make(chan error)
		go func() {
			_, err := r.Take(r.t.Context(), Key{Name: "prom"}, alert.Body{Alerts: []alert.Alert{firing("a")}})
			done <- err
		}()
		synctest.Wait() // it is in its commit
		if err := r.tidy(r.t.Context(), "alerts", time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		r.slow = 0
		time.Sleep(time.Minute)
		r.take("prom", firing("a"), firing("b"))
		r.tallies(1, 2, 0)
	})
}

// TestSeenAfterARestart: what stands in the store from before may be any alert until all
// are counted, and is known then.
func TestSeenAfterARestart(t *testing.T) {
	inBubble(t, "", func(r *room) {
		if r.seen.may("alert/x") {
			t.Error("an alert may have a record in an empty store")
		}
		r.take("prom", firing("a"))
		r.reopen()
		if !r.seen.may(alertKey("prom", "a")) || !r.seen.may("alert/x") {
			t.Error("an alert can have no record after a restart")
		}
		r.take("prom", firing("b"))
		r.pass(2 * time.Hour) // they are counted
		for key, want := range map[string]bool{alertKey("prom", "a"): true, alertKey("prom", "b"): true, "alert/x": false} {
			if got := r.seen.may(key); got != want {
				t.Errorf("%s may have a record: %v, want %v", key, got, want)
			}
		}
	})
}

// TestCountedTwiceAtATime: what one count has met is not lost to another one that begins
// meanwhile, whichever of them ends first.
func TestCountedTwiceAtATime(t *testing.T) {
	t.Parallel()
	keys := []string{"alert/a", "alert/b", "alert/c", "alert/d"}
	for _, firstEnds := range []bool{true, false} {
		var s seen
		one := s.count()
		s.counted(one, keys[0])
		s.add(keys[1])
		two := s.count()
		s.counted(one, keys[2])
		s.counted(two, keys[0])
		ends := []count{two, one}
		if firstEnds {
			ends = []count{one, two}
		}
		check := func(when string) {
			for _, key := range keys {
				if !s.may(key) {
					t.Errorf("the first ends first: %v: %s, %s has a record, and would be taken for new", firstEnds, when, key)
				}
			}
		}
		if firstEnds {
			s.end(one, true)
			check("when one has ended")
		}
		for _, key := range keys[1:3] {
			s.counted(two, key)
		}
		s.add(keys[3])
		for _, c := range ends {
			s.end(c, true)
			check("at the end")
		}
		if s.may("alert/x") {
			t.Error("the second count was in vain")
		}
	}
}

// TestSeenTooMany: nothing is known where there are more than are worth the memory.
func TestSeenTooMany(t *testing.T) {
	var s seen
	fill := func(n int, add func(string)) {
		for n := range n {
			add(fmt.Sprint("alert/", n))
		}
	}
	s.end(s.count(), true)
	fill(seenMost, s.add)
	if s.may("alert/x") {
		t.Error("as many as are known at most are forgotten")
	}
	fill(seenMost+2, s.add)
	if !s.may("alert/x") {
		t.Error("more are known than at most")
	}
	c := s.count()
	met := func(key string) { s.counted(c, key) }
	fill(seenMost+2, met)
	s.end(c, true)
	if !s.may("alert/x") {
		t.Error("more are known than at most, once they were counted")
	}
	c = s.count()
	fill(3, met)
	s.end(c, true)
	if s.may("alert/x") || !s.may("alert/2") {
		t.Error("what is few again is not known")
	}
}
