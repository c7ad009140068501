package escalation

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The made-up company that properties are checked on: four people and one who
// has left, two rotations of which one has gaps, one team.
var companyTargets = []string{"person:ada", "person:bob", "person:cleo", "person:gone", "rotation:day", "rotation:gaps",
	"team:core", "channel:payments"}

func companyPolicy(t *rapid.T) rotation.Policy {
	draw := func(label string, low, high int) []rotation.Target {
		return parseTargets(rapid.SliceOfN(rapid.SampledFrom(companyTargets), low, high).Draw(t, label))
	}
	p := rotation.Policy{ID: "ladder", LastResort: draw("last resort", 0, 2)}
	p.Repeat = rapid.IntRange(-1, 2).Draw(t, "repeat")
	p.AcknowledgeTimeout = time.Duration(rapid.IntRange(0, 2).Draw(t, "ack timeout")) * 7 * time.Minute
	for i := range rapid.IntRange(0, 3).Draw(t, "steps") {
		s := rotation.Step{
			Notify:     draw(fmt.Sprintf("step %d", i+1), 0, 3),
			Wait:       time.Duration(rapid.IntRange(0, 6).Draw(t, "wait")) * 50 * time.Second,
			RoundRobin: rapid.Bool().Draw(t, "round robin"),
		}
		if rapid.Bool().Draw(t, "has hours") {
			s.Hours = companyHours(t)
			s.Outside = rapid.SampledFrom([]rotation.Outside{rotation.OutsideSkip, rotation.OutsideWait}).Draw(t, "outside")
		}
		p.Steps = append(p.Steps, s)
	}
	if rapid.Bool().Draw(t, "has support hours") {
		p.SupportHours = companyHours(t)
	}
	return p
}

// companyHours draws hours that begin or end around the origin, which is a Monday
// at three.
func companyHours(t *rapid.T) *rotation.Coverage {
	clock := func(label string) string {
		m := rapid.IntRange(16, 29).Draw(t, label) * 10
		return fmt.Sprintf("%02d:%02d", m/60, m%60)
	}
	days := rapid.SliceOfNDistinct(rapid.SampledFrom([]time.Weekday{time.Sunday, time.Monday, time.Tuesday}), 1, 3, rapid.ID).Draw(t, "days")
	return &rotation.Coverage{Days: days, From: clock("from"), To: clock("to"), TimeZone: "UTC"}
}

func companyWorld() World {
	who := []string{"ada", "bob", "cleo", "dan"}
	return World{
		OnCall: func(id string, at time.Time) []string {
			turn := int(at.Unix() / 420)
			if id == "gaps" && turn%3 != 0 {
				return nil
			}
			return who[turn%3 : turn%3+1]
		},
		Team: func(string, time.Time) []string { return []string{"dan", "gone", "ada"} },
		Rules: func(person string, u Urgency) []rotation.Rule {
			switch {
			case person == "ada" && u == High:
				return []rotation.Rule{{Via: "voice", After: 4 * time.Minute}, {Via: "push"}, {Via: "sms", After: time.Minute}}
			case person == "bob" || person == "ada":
				return []rotation.Rule{{Via: "slack"}}
			}
			return nil
		},
		Ways: func(person string) []string {
			if person == "gone" {
				return nil
			}
			return []string{"slack", "push", "email"}
		},
		Awake: func(_ string, at time.Time) time.Time { return at.Truncate(5 * time.Minute).Add(5 * time.Minute) },
	}
}

func companyOpen(t *rapid.T) Open {
	o := Open{ID: "INC-1", Policy: companyPolicy(t), Now: origin,
		Urgency: rapid.SampledFrom([]Urgency{High, High, Low}).Draw(t, "urgency")}
	if rapid.Bool().Draw(t, "support hours") {
		o.RaiseAt = origin.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "raise")) * time.Second)
	}
	return o
}

// companyEvent draws something that a person does.
func companyEvent(t *rapid.T) Event {
	e := Event{Do: rapid.SampledFrom([]string{"ack", "unack", "resolve", "snooze", "reassign", "progress", "raise",
		"escalate"}).Draw(t, "event")}
	switch e.Do {
	case "ack", "reassign":
		e.Person = rapid.SampledFrom([]string{"ada", "cleo", "gone"}).Draw(t, "person")
	case "snooze":
		e.For = time.Duration(rapid.IntRange(1, 1200).Draw(t, "for")) * time.Second
	}
	return e
}

// TestAnyLife lets anything happen to a page in any order and checks after
// every act what must always hold.
func TestAnyLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := life{t: t, page: New(companyOpen(t)), w: companyWorld(), now: origin, keys: map[string]bool{}}
		l.w.Reports = func(via string) bool { return via == "sms" }
		l.step()
		for range rapid.IntRange(0, 12).Draw(t, "acts") {
			switch rapid.IntRange(0, 4).Draw(t, "act") {
			case 0:
				l.now = l.now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "seconds")) * time.Second)
			case 1:
				if len(l.sent) > 0 {
					key := rapid.SampledFrom(l.sent).Draw(t, "failed")
					l.page = l.page.Failed(key, l.now)
				}
			case 2:
				l.page, _ = l.page.Resume(l.now)
			case 3:
				l.severity(rapid.SampledFrom([]incident.Severity{0, incident.Sev1, incident.Sev2, incident.Sev3, incident.Sev4}).Draw(t, "severity"))
			default:
				l.event(companyEvent(t))
			}
			l.step()
		}
	})
}

type life struct {
	t    *rapid.T
	page Escalation
	w    World
	now  time.Time
	sent []string
	keys map[string]bool
}

// event does what a person does; what the page refuses must not change it.
func (l *life) event(e Event) {
	next, err := e.apply(l.page, l.now)
	if err != nil && !cmp.Equal(next, l.page) {
		l.t.Fatalf("%v refused with %v, and yet:\n%s", e, err, cmp.Diff(l.page, next))
	}
	l.page = next
	if due, ok := l.page.Due(); err == nil && (e.Do == "ack" || e.Do == "resolve" || e.Do == "snooze") && ok && !due.After(l.now) {
		l.t.Fatalf("after %v at %v due at %v: something would be sent", e, l.now, due)
	}
}

// severity is the incident's having another one now.
func (l *life) severity(s incident.Severity) {
	before := l.page
	u, raise := UrgencyAt(before.Policy, s, l.now)
	l.page = before.Urge(u, raise, l.now)
	switch p := &l.page; {
	case u == Low && !raise.IsZero() && !raise.After(l.now):
		l.t.Fatalf("at %v support hours begin at %v", l.now, raise)
	case before.Urgency == High && !cmp.Equal(before, l.page):
		l.t.Fatalf("%v takes back what was begun:\n%s", s, cmp.Diff(before, l.page))
	case u == High && p.State != Resolved && p.Urgency != High:
		l.t.Fatalf("%v at %v leaves it low: %+v", s, l.now, *p)
	case p.Urgency == Low && p.State != Resolved && !p.RaiseAt.Equal(raise):
		l.t.Fatalf("%v at %v is raised at %v, want %v", s, l.now, p.RaiseAt, raise)
	}
}

// step does everything that is due and checks each call.
func (l *life) step() {
	for calls := 0; ; calls++ {
		due, ok := l.page.Due()
		l.neverSilent(due, ok)
		if !ok || due.After(l.now) {
			return
		}
		if calls > 2000 {
			l.t.Fatalf("still due at %v after %d calls at %v: %+v", due, calls, l.now, l.page)
		}
		l.checked()
	}
}

func (l *life) neverSilent(due time.Time, ok bool) {
	p := &l.page
	silent := p.State == Exhausted || p.State == Resolved ||
		p.State == Acknowledged && p.Policy.AcknowledgeTimeout == 0 || p.State == Triggered && p.Urgency == Low
	if !ok && !silent {
		l.t.Fatalf("%s with %s urgency and nothing due: %+v", p.State, p.Urgency, *p)
	}
	if ok && due.Before(origin) {
		l.t.Fatalf("due at %v, before it was opened: %+v", due, *p)
	}
}

// checked is one Step, on the page and on its copy out of the store.
func (l *life) checked() {
	frozen, err := json.Marshal(l.page)
	if err != nil {
		l.t.Fatal(err)
	}
	var stored Escalation
	if err := json.Unmarshal(frozen, &stored); err != nil {
		l.t.Fatal(err)
	}
	if !cmp.Equal(stored, l.page) {
		l.t.Fatalf("JSON loses (-page +stored):\n%s", cmp.Diff(l.page, stored))
	}
	next, out := l.page.Step(l.w, l.now)
	if again, outAgain := stored.Step(l.w, l.now); !cmp.Equal(again, next) || !cmp.Equal(outAgain, out) {
		l.t.Fatalf("a stored page steps differently:\n%s%s", cmp.Diff(next, again), cmp.Diff(out, outAgain))
	}
	if after, _ := json.Marshal(l.page); string(after) != string(frozen) {
		l.t.Fatalf("Step changed the page it was called on:\n%s", cmp.Diff(string(frozen), string(after)))
	}
	if n := len(out.Notifications) + len(out.Log); n > 4*perStep {
		l.t.Fatalf("one Step gave %d messages and entries", n)
	}
	l.page = next
	l.outcome(out)
}

// hours checks that a step pages people within its hours only, except those who
// have waited for it and whoever acknowledged, and that one which waits does so
// for its hours.
func (l *life) hours(e Entry) {
	if e.Step < 1 || e.Step > len(l.page.Policy.Steps) {
		return // nobody of the ladder
	}
	step := l.page.Policy.Steps[e.Step-1]
	next, ok := step.Hours.Next(e.At)
	open := ok && next.Equal(e.At)
	switch {
	case e.Kind == Waits && (step.Outside != rotation.OutsideWait || open || !e.Until.Equal(next) || e.Cause == Escalated):
		l.t.Fatalf("waits, and its hours begin at %v: %+v", next, e)
	case e.Kind != Ran || open || e.Cause == StepHours:
	case e.Cause == NoProgress && len(e.People) == 1 && slices.Equal(e.People[0].Targets, []string{byAck}):
	case len(e.People) > 0:
		l.t.Fatalf("pages somebody outside its hours, which begin at %v: %+v", next, e)
	}
}

func (l *life) outcome(out Outcome) {
	for _, e := range out.Log {
		l.hours(e)
	}
	last := origin.Add(-time.Hour)
	for i, s := range out.Notifications {
		switch {
		case l.keys[s.Key]:
			l.t.Fatalf("key %s twice", s.Key)
		case s.At.Before(last) || s.At.After(l.now) || s.Late != l.now.Sub(s.At):
			l.t.Fatalf("at %v send %d of %+v is out of order or not marked", l.now, i, out.Notifications)
		case s.Person == "gone" || (s.Person == "") == (s.Channel == ""):
			l.t.Fatalf("send to nobody: %+v", s)
		}
		l.keys[s.Key], last = true, s.At
		l.sent = append(l.sent, s.Key)
		if rapid.Bool().Draw(l.t, "accepted") {
			l.page = l.page.Accepted(s.Key, l.now)
		}
	}
}

// TestLateIsTheSame checks that a Step which comes late asks for the same
// messages as two that share the time, apart from how late each is.
func TestLateIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := companyWorld()
		p := New(companyOpen(t))
		p, _ = settle(p, w, origin, nil)
		if rapid.Bool().Draw(t, "something happens") {
			if next, err := companyEvent(t).apply(p, origin); err == nil {
				p = next
			}
		}
		end := origin.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "end")) * time.Second)
		middle := origin.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(origin))).Draw(t, "middle")))

		once, want := settle(p, w, end, nil)
		twice, got := settle(p, w, middle, nil)
		twice, rest := settle(twice, w, end, nil)
		got.Notifications, got.Log = append(got.Notifications, rest.Notifications...), append(got.Log, rest.Log...)
		if punctual(&got); !cmp.Equal(punctual(&want), punctual(&got)) {
			t.Fatalf("late until %v, or in two with %v (-late +two):\n%s", end, middle, cmp.Diff(want, got))
		}
		if !cmp.Equal(once, twice) {
			t.Fatalf("page (-late +two):\n%s", cmp.Diff(once, twice))
		}
	})
}

func punctual(o *Outcome) *Outcome {
	for i := range o.Notifications {
		o.Notifications[i].Late = 0
	}
	for i := range o.Log {
		o.Log[i].Late = 0
	}
	return o
}

// TestForeverIsBounded leaves pages that repeat for ever alone for a year.
func TestForeverIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := companyOpen(t)
		o.Policy.Repeat = -1
		p := New(o)
		for calls := 1; calls <= 3; calls++ {
			at, ok := p.Due()
			if !ok {
				return
			}
			var out Outcome
			p, out = p.Step(companyWorld(), origin.AddDate(1, 0, 0))
			if n := len(out.Notifications) + len(out.Log); n > 4*perStep {
				t.Fatalf("call %d gave %d messages and entries", calls, n)
			}
			if next, ok := p.Due(); ok && next.Before(at) {
				t.Fatalf("call %d: due at %v, then at %v", calls, at, next)
			}
			for _, r := range p.Rings {
				if n := len(r.Receipts) + len(r.Pending); n > 8 {
					t.Fatalf("call %d: %d ways and receipts for %s", calls, n, r.Person)
				}
			}
		}
	})
}

// TestResumeKeepsDistances checks that a resumed page is due now and that what
// follows it follows at the same distance.
func TestResumeKeepsDistances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := companyOpen(t)
		o.Urgency, o.RaiseAt = High, time.Time{}
		p, _ := settle(New(o), companyWorld(), origin, nil)
		now := origin.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "away")) * time.Second)
		due, ok := p.Due()
		resumed, late := p.Resume(now)
		if !ok || !due.Before(now) {
			if late != 0 || !cmp.Equal(resumed, p) {
				t.Fatalf("not overdue, and yet shifted by %v", late)
			}
			return
		}
		if again, _ := resumed.Due(); !again.Equal(now) || late != now.Sub(due) {
			t.Fatalf("due at %v, resumed at %v: due at %v, shifted by %v", due, now, again, late)
		}
		distance := func(p *Escalation, from time.Time) (d []time.Duration) {
			waits := p.Cause == StepHours && !p.Running // for a time of day, which stays where it is
			if !p.Wake.IsZero() && !waits {
				d = append(d, p.Wake.Sub(from))
			}
			for _, r := range p.Rings {
				for _, n := range r.Pending {
					d = append(d, n.At.Sub(from))
				}
			}
			return d
		}
		if got, want := distance(&resumed, now), distance(&p, due); !slices.Equal(got, want) {
			t.Fatalf("resumed at %v: distances %v, want %v", now, got, want)
		}
	})
}

// FuzzStored steps whatever the store might give back: it may be nonsense, but
// the loop that pages everybody else must survive it.
func FuzzStored(f *testing.F) {
	o, w := twoSteps()
	p, _ := New(o).Step(w, origin)
	for _, page := range []Escalation{p, New(Open{}), {}} {
		b, err := json.Marshal(page)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Escalation
		if json.Unmarshal(b, &p) != nil {
			return
		}
		for range 3 {
			next, out := p.Step(companyWorld(), origin)
			if len(out.Notifications) > 100_000 {
				t.Fatalf("%d sends from %s", len(out.Notifications), b)
			}
			p = next
		}
	})
}
