package alert

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
)

// world is the alerts of one group and its incident, as the room of alerts keeps them.
type world struct {
	now   time.Time
	known map[string]Known
	inc   incident.Incident
	tally Tally
}

func (w *world) send(key string, s Status, sev Severity) Decision {
	k := w.known[key]
	var own, group Standing
	if k.Incident == w.inc.Number && k.Incident > 0 {
		own = Standing{Incident: w.inc, Tally: w.tally}
	}
	if w.inc.Number > 0 {
		group = Standing{Incident: w.inc, Tally: w.tally}
	}
	d := Decide(Alert{Key: key, Status: s, Title: key, Severity: sev}, DoesIncident, k, own, group, Rules{30 * time.Minute}, w.now)
	switch d.Step {
	case Open:
		w.inc = incident.Incident{Number: w.inc.Number + 1, Status: incident.Investigating, AcknowledgedBy: "person:ada", Severity: sev.Incident()}
		d.After.Incident = w.inc.Number
	case Again:
		w.inc.Status, w.inc.Resolved = incident.Investigating, time.Time{}
	case Join:
		d.After.Incident = w.inc.Number
	}
	if d.Raise != 0 {
		w.inc.Severity = d.Raise
	}
	if d.Step != Nothing && d.Step != Repeat {
		w.tally = d.Tally
	}
	w.known[key] = d.After
	return d
}

// TestTallies: whatever order alerts and people come in, the counts are right, an end
// is offered exactly while nothing fires, and what comes and goes all the time is told
// ever more rarely.
func TestTallies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), known: map[string]Known{}}
		told := 0
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			if w.inc.Number > 0 && w.inc.Status.Active() && rapid.IntRange(0, 30).Draw(t, "people") == 0 {
				w.inc.Status, w.inc.Resolved = incident.Resolved, w.now
				continue
			}
			key := fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "key"))
			s := rapid.SampledFrom([]Status{Firing, Firing, Over, Acknowledged}).Draw(t, "status")
			sev := rapid.SampledFrom([]Severity{Unknown, Sev1, Sev2, Sev3}).Draw(t, "severity")
			before := w.tally
			d := w.send(key, s, sev)
			if d.Ask != "" || d.Offer {
				told++
			}
			firing, members := 0, 0
			for _, k := range w.known {
				if k.Incident == w.inc.Number && k.Incident > 0 {
					members++
					if k.Firing() {
						firing++
					}
				}
			}
			switch {
			case w.tally.Firing != firing || w.tally.Total() != members:
				t.Fatalf("%s %s: tally %+v, but %d of %d fire", key, s, w.tally, firing, members)
			case w.inc.Status.Active() && w.tally.Cleared && firing > 0:
				t.Fatalf("%s %s: counts as over while %d fire", key, s, firing)
			case before.Offered && d.Step == Join && !d.Withdraw:
				t.Fatalf("%s %s: the offer to resolve stands though it fires", key, s)
			}
		}
	})
}

// TestDecide goes through the cases that are easily taken for one another.
func TestDecide(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	start := now.Add(-time.Hour)
	open := func(change ...func(*Standing)) Standing {
		s := Standing{Incident: incident.Incident{Number: 7, Status: incident.Investigating, AcknowledgedBy: "person:ada", Severity: incident.Sev2},
			Tally: Tally{Firing: 1, Worst: Sev2}}
		for _, c := range change {
			c(&s)
		}
		return s
	}
	nobody := func(s *Standing) { s.Incident.AcknowledgedBy = "" }
	resolved := func(ago time.Duration) Standing {
		return open(func(s *Standing) { s.Incident.Status, s.Incident.Resolved = incident.Resolved, now.Add(-ago) })
	}
	fires := Known{Status: Firing, Count: 1, Said: Sev2, Incident: 7, Does: DoesIncident}
	started := fires
	started.Started = start
	over := fires
	over.Status = Over
	quiet := fires
	quiet.Incident, quiet.Does = 0, DoesSuppressed
	comesAndGoes := func(s *Standing) {
		s.Tally = Tally{Over: 1, Cleared: true, Worst: Sev2, Back: 4, BackLast: now.Add(-time.Minute)}
	}
	tests := []struct {
		name   string
		alert  Alert
		does   Does
		known  Known
		own    Standing
		group  Standing
		step   Step
		result Result
		ask    bool
	}{
		{"the first", Alert{Status: Firing}, DoesIncident, Known{}, Standing{}, Standing{}, Open, Opened, false},
		{"the first of a page", Alert{Status: Firing}, DoesPage, Known{}, Standing{}, Standing{}, Open, Opened, false},
		{"counted", Alert{Status: Firing}, DoesCount, Known{}, Standing{}, open(), Nothing, Suppressed, false},
		{"a second of the group", Alert{Status: Firing, Severity: Sev2}, DoesIncident, Known{}, Standing{}, open(), Join, Joined, false},
		{"a worse one of the group", Alert{Status: Firing, Severity: Sev1}, DoesIncident, Known{}, Standing{}, open(), Join, Joined, true},
		{"a reminder", Alert{Status: Firing, Severity: Sev2, Started: start}, DoesIncident, started, open(), Standing{}, Repeat, Joined, false},
		{"a reminder that says worse", Alert{Status: Firing, Severity: Sev1, Started: start}, DoesIncident, started, open(), Standing{}, Join, Joined, true},
		{"a reminder that says nothing of it", Alert{Status: Firing, Started: start}, DoesIncident, started, open(), Standing{}, Repeat, Joined, false},
		{"a new start without an end", Alert{Status: Firing, Severity: Sev2, Started: now}, DoesIncident, started, open(), Standing{}, Join, Joined, false},
		{"back", Alert{Status: Firing, Severity: Sev2}, DoesIncident, over, open(func(s *Standing) { s.Tally = Tally{Over: 1, Cleared: true, Offered: true, Worst: Sev2} }), Standing{}, Join, Joined, true},
		{"reminded of soon after people resolved it", Alert{Status: Firing, Started: start}, DoesIncident, started, resolved(time.Minute), Standing{}, Repeat, Joined, false},
		{"reminded of long after", Alert{Status: Firing, Started: start}, DoesIncident, started, resolved(time.Hour), Standing{}, Open, Opened, false},
		{"reminded of as worse soon after people resolved it", Alert{Status: Firing, Severity: Sev1, Started: start}, DoesIncident, started, resolved(time.Minute), Standing{}, Again, Joined, true},
		{"back soon after people resolved it", Alert{Status: Firing, Started: now}, DoesIncident, over, resolved(time.Minute), Standing{}, Again, Joined, true},
		{"again, of a sender that says no start", Alert{Status: Firing}, DoesIncident, fires, resolved(time.Minute), Standing{}, Again, Joined, true},
		{"back long after", Alert{Status: Firing, Started: now}, DoesIncident, over, resolved(time.Hour), Standing{}, Open, Opened, false},
		{"back long after, while another one of the group is open", Alert{Status: Firing, Started: now}, DoesIncident, over, resolved(time.Hour), open(func(s *Standing) { s.Incident.Number = 8 }), Join, Joined, false},
		{"after the silence", Alert{Status: Firing, Started: start}, DoesIncident, quiet, Standing{}, Standing{}, Open, Opened, false},
		{"silenced now", Alert{Status: Firing}, DoesSuppressed, over, open(), Standing{}, Nothing, Suppressed, false},
		{"over", Alert{Status: Over}, DoesIncident, fires, open(), Standing{}, End, Ended, false},
		{"over twice", Alert{Status: Over}, DoesIncident, over, open(), Standing{}, Nothing, Suppressed, false},
		{"over, never seen", Alert{Status: Over}, DoesIncident, Known{}, Standing{}, open(), Nothing, Suppressed, false},
		{"acknowledged by the sender", Alert{Status: Acknowledged}, DoesIncident, fires, open(nobody), Standing{}, Ack, Joined, false},
		{"acknowledged by the sender after a person", Alert{Status: Acknowledged}, DoesIncident, fires, open(), Standing{}, Nothing, Suppressed, false},
		{"acknowledged by the sender, the worst of many", Alert{Status: Acknowledged}, DoesIncident, fires, open(nobody, func(s *Standing) { s.Tally.Firing = 3 }), Standing{}, Ack, Joined, false},
		{"acknowledged by the sender while a worse one fires", Alert{Status: Acknowledged}, DoesIncident, fires, open(nobody, func(s *Standing) { s.Tally.Firing, s.Tally.Worst = 2, Sev1 }), Standing{}, AckOne, Joined, false},
		{"acknowledged by the sender when the worse one is over", Alert{Status: Acknowledged}, DoesIncident, fires, open(nobody, func(s *Standing) { s.Tally.Worst = Sev1 }), Standing{}, Ack, Joined, false},
		{"a note", Alert{Status: None, Summary: "looking"}, DoesIncident, fires, open(), Standing{}, Note, Joined, false},
		{"a note on what is over", Alert{Status: None, Summary: "looking"}, DoesIncident, fires, resolved(time.Minute), Standing{}, Nothing, Suppressed, false},
		{"after it was mitigated", Alert{Status: Firing}, DoesIncident, Known{}, Standing{}, open(func(s *Standing) { s.Incident.Status = incident.Mitigated }), Join, Joined, true},
		{"back for the fifth time, while somebody is on it", Alert{Status: Firing, Severity: Sev2}, DoesIncident, over, open(comesAndGoes), Standing{}, Join, Joined, false},
		{"back for the fifth time, and nobody has answered", Alert{Status: Firing, Severity: Sev2}, DoesIncident, over, open(comesAndGoes, func(s *Standing) { s.Exhausted = true }), Standing{}, Join, Joined, true},
		{"back for the fifth time, after it was mitigated", Alert{Status: Firing, Severity: Sev2}, DoesIncident, over, open(comesAndGoes, func(s *Standing) { s.Incident.Status = incident.Mitigated }), Standing{}, Join, Joined, true},
		{"a reminder after it was mitigated", Alert{Status: Firing, Started: start}, DoesIncident, started, open(func(s *Standing) { s.Incident.Status = incident.Mitigated }), Standing{}, Repeat, Joined, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := Decide(test.alert, test.does, test.known, test.own, test.group, Rules{30 * time.Minute}, now)
			if d.Step != test.step || d.Result != test.result || (d.Ask != "") != test.ask {
				t.Errorf("Decide() = %s, %s, asks because of %q; want %s, %s, asks: %t", d.Step, d.Result, d.Ask, test.step, test.result, test.ask)
			}
		})
	}
}

// TestHeldBack follows an alert of an open incident that comes, goes and comes while
// a silence holds: the incident counts it as over until the silence ends.
func TestHeldBack(t *testing.T) {
	now := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	own := Standing{Incident: incident.Incident{Number: 1, Status: incident.Investigating, Severity: incident.Sev2}, Tally: Tally{Over: 1, Worst: Sev2, Cleared: true, Offered: true}}
	k := Known{Status: Over, Count: 1, Said: Sev2, Does: DoesIncident, Incident: 1}
	step := func(status Status, does Does, want Step, held bool) Decision {
		t.Helper()
		d := Decide(Alert{Status: status, Severity: Sev2}, does, k, own, Standing{}, Rules{}, now)
		if d.Step != want || d.After.Held != held {
			t.Fatalf("%s, %s: %s, held %t; want %s, %t", status, does, d.Step, d.After.Held, want, held)
		}
		k, own.Tally = d.After, d.Tally
		return d
	}
	step(Firing, DoesSuppressed, Nothing, true)
	step(Firing, DoesSuppressed, Repeat, true)
	step(Over, DoesSuppressed, Nothing, false)
	if own.Firing != 0 || own.Over != 1 {
		t.Errorf("the tally is %+v, want nothing firing, 1 over", own.Tally)
	}
	step(Firing, DoesSuppressed, Nothing, true)
	d := step(Firing, DoesIncident, Join, false)
	if own.Firing != 1 || own.Over != 0 || d.Ask == "" || k.Count != 3 {
		t.Errorf("afterwards the tally is %+v, it asks %q, fired %d times; want 1 firing, a reason, 3", own.Tally, d.Ask, k.Count)
	}
	// What is counted as firing already is not held back by a silence that comes later.
	step(Firing, DoesSuppressed, Repeat, false)
	step(Over, DoesSuppressed, End, false)
	if own.Firing != 0 || own.Over != 1 {
		t.Errorf("the tally is %+v, want nothing firing, 1 over", own.Tally)
	}
}
