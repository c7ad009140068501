package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// setsClock reports whether somebody sets the clock of the machine, as in every fifth script.
func (x script) setsClock() bool { return x.Seed%5 == 2 }

// archives reports whether what ended long ago is archived, as in every fourth script, whose
// store is a file.
func (x script) archives() bool { return x.Seed%4 == 0 }

// archiveAfter is how long ago that is, and monthsAway how long nobody starts the program.
const (
	archiveAfter = 30 * 24 * time.Hour
	monthsAway   = 35 * 24 * time.Hour
)

// wall is what the machine's clock shows.
func (s *simRun) wall() time.Time { return time.Now().Add(time.Duration(s.wrong.Load())) }

// clock sets it. The program is at work until it has noticed: what a clock does that is set
// while nobody looks is another matter.
func (s *simRun) clock(x step) {
	select {
	case <-s.process.dead:
		return
	case <-s.process.ended:
		return
	default:
	}
	s.medium.faults.set(0, "", 0)
	s.calls.set(0, "", 0)
	s.wrong.Store(int64(x.duration("by")))
	if s.model.clockSet.IsZero() {
		s.model.clockSet = time.Now()
	}
	s.model.exchanged = true // who is on call is not reckoned any more
	s.model.quiet = nil      // nor until when alerts are held back
	s.advance(12 * time.Second)
}

// trueTimes has events say when they were written, whatever the clock showed.
func (e *seenAtEnd) trueTimes(i *told) {
	if e.model.clockSet.IsZero() {
		return
	}
	e.medium.mu.Lock()
	defer e.medium.mu.Unlock()
	for k := range i.events {
		if at, known := e.medium.written["event/"+ledger.Number(i.Number)+"/"+ledger.Number(i.events[k].Seq)]; known {
			i.events[k].At = at
		}
	}
}

// atItsPace: as long as the program runs, a ladder that nobody answers goes on after as long
// as its step waits, however the clock is set, and nobody is asked twice by one way meanwhile.
func (e *seenAtEnd) atItsPace() {
	const wait = 10*time.Minute + 90*time.Second // of the policy that waits longest
	for _, i := range e.incidents {
		last, once := -1, false // once: nobody is asked by one way a second time for a reason
		var paged []string
		for k, ev := range i.events {
			switch {
			case ev.Kind == incident.KindStep && strings.HasPrefix(ev.Text, "Step"):
				if last >= 0 && ev.At.Sub(i.events[last].At) > wait && e.ran(i.events[last].At, ev.At) {
					e.fail("at its pace", "%s: %q comes %s after %q", i.Name(), ev.Text, ev.At.Sub(i.events[last].At), i.events[last].Text)
				}
				// A ladder that took the place of another one asks anew.
				once = !slices.ContainsFunc(i.events[:k], func(was incident.Event) bool {
					return was.Kind == incident.KindStep && ev.At.Sub(was.At) < 70*time.Second
				})
				last, paged = k, nil
			case ev.Kind == incident.KindPageFailed: // another way is tried, which may have been meant for later
				once = false
			case ev.Kind == incident.KindPaged && last >= 0:
				way := fmt.Sprint(ev.Person, " ", ev.Via, " ", ev.Text)
				if once && slices.Contains(paged, way) {
					e.fail("at its pace", "%s: %s was asked twice after %q", i.Name(), way, i.events[last].Text)
				}
				paged = append(paged, way)
			case ev.Kind == incident.KindRemark && strings.HasPrefix(ev.Text, "The clock was set"):
			case !slices.Contains(unstirred, ev.Kind), ev.Kind == incident.KindRemark && !strings.HasPrefix(ev.Text, "Nothing could be sent"):
				last = -1
			}
		}
		if last >= 0 && i.Status.Active() && !i.Acked() && !i.Exhausted && !i.Test && i.Severity <= incident.Sev2 && e.now.Sub(i.events[last].At) > wait && e.ran(i.events[last].At, e.now) {
			e.fail("at its pace", "%s: nothing comes after %q of %s", i.Name(), i.events[last].Text, i.events[last].At.UTC())
		}
	}
}

// ran reports whether one process ran from one instant to another.
func (s *simRun) ran(from, to time.Time) bool {
	for _, p := range s.all {
		if p.began.After(from.Add(-time.Minute)) && p.began.Before(to.Add(time.Minute)) {
			return false
		}
	}
	return true
}

// months has somebody tidy up, and nobody start the program for more than a month. Then what
// ended before is archived.
func (s *simRun) months(x step) {
	if !s.script.archives() {
		return
	}
	for k, n := range s.model.incidents {
		for _, verb := range []string{"cancel", "resolve", "close"} {
			if k < 4 {
				s.operate("/v1/incidents/"+incident.Name(n)+"/"+verb, `{"as":"ada","text":"anyway it is over"}`, fmt.Sprint("m", n, verb, x.Args["n"]))
			}
		}
	}
	s.restart(monthsAway)
	s.advance(2 * time.Minute)
	s.archive()
}

// archive has old incidents archived, and looks whether they read as before.
func (s *simRun) archive() {
	before := map[int]string{}
	for _, n := range s.model.incidents {
		before[n] = s.document(n)
	}
	status, answer := s.operate("/v1/archive", `{}`, "archive")
	s.say("  archive: %d %.200s", status, answer)
	if status != http.StatusOK || strings.Contains(answer, `"incidents":0`) {
		return
	}
	for _, n := range s.model.incidents {
		after := s.document(n)
		if before[n] != after && before[n] != "" && after != "" {
			s.fail("archive", "%s reads otherwise than before it was archived:\n%s\n%s", incident.Name(n), before[n], after)
		}
	}
}

// document is all that is told of an incident; empty: nobody answers.
func (s *simRun) document(n int) string {
	all := ""
	for _, path := range []string{"/timeline", "/postmortem?format=markdown"} {
		status, answer, err := s.asked("GET", "/v1/incidents/"+incident.Name(n)+path, "", nil)
		if err != nil || status/100 == 5 {
			return ""
		}
		all += answer
	}
	return all
}

// archived: what is archived is read as it was written, to the letter.
func (e *seenAtEnd) archived() {
	for _, k := range e.under("archived/") {
		prefix := "event/" + ledger.Number(ledger.LastNumber(k)) + "/"
		err := e.process.program.db.View(context.Background(), func(tx *storage.Tx) error {
			for key, text := range e.medium.texts {
				if !strings.HasPrefix(key, prefix) {
					continue
				}
				if reads, err := tx.Get(key); err != nil || string(reads) != text {
					e.fail("archive", "%s of what is archived is read as %q, %v, and was written as %q", key, reads, err, text)
				}
			}
			return nil
		})
		if err != nil {
			e.fail("archive", "%v", err)
		}
	}
}
