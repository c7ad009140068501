package escalation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// maxRehearsed bounds a rehearsal: more would be read by nobody.
const maxRehearsed = 10_000

// Rehearsal is what would happen. Its JSON is a promise of the command line.
type Rehearsal struct {
	Sent  []RehearsedSend  `json:"sent"`
	Steps []RehearsedStep  `json:"steps"`
	State State            `json:"state"`           // at the end
	Hours []RehearsedHours `json:"hours,omitempty"` // what hours of the roster would decide

	Skipped []RehearsedSkipped `json:"skipped,omitempty"` // who and what would be passed over
}

// RehearsedSkipped is somebody or something that is named and would not be paged. With
// Via it is one rule of a person who is paged otherwise.
type RehearsedSkipped struct {
	After  Elapsed `json:"after"`
	Pass   int     `json:"pass"`
	Step   int     `json:"step"` // 0 for the last resort and for a person it was reassigned to
	Target string  `json:"target"`
	Person string  `json:"person,omitempty"`
	Via    string  `json:"via,omitempty"`
	Why    Why     `json:"why"`
}

// RehearsedHours is one thing that hours of the roster would decide.
type RehearsedHours struct {
	After Elapsed   `json:"after"`
	What  HoursWhat `json:"what"`
	Pass  int       `json:"pass,omitempty"`
	Step  int       `json:"step,omitempty"`
	Until time.Time `json:"until,omitzero"` // when it becomes urgent, or the step that waits starts

	Hours *rotation.Coverage `json:"-"` // in whose zone a text shows Until
}

// HoursWhat is what hours of the roster decide.
type HoursWhat string

// What they can decide.
const (
	RehearsedLow    HoursWhat = "outside_support_hours" // the page is opened with low urgency
	RehearsedUrgent HoursWhat = "support_hours_begin"   // it becomes urgent
	RehearsedWait   HoursWhat = "step_waits"            // a step is put off
	RehearsedSkip   HoursWhat = "step_skipped"          // a step is passed
)

// RehearsedSend is one message that would be sent. For a channel Person is the
// channel and Via is "channel". The whole Send is there for a text to say why.
type RehearsedSend struct {
	After  Elapsed      `json:"after"`
	Person string       `json:"person"`
	Via    string       `json:"via"`
	Step   int          `json:"step"`
	Pass   int          `json:"pass"`
	Send   Notification `json:"-"`
}

// RehearsedStep is one step that would start, with the people it would page,
// sorted; pass and step are 0 for a person it was reassigned to.
type RehearsedStep struct {
	After  Elapsed  `json:"after"`
	Pass   int      `json:"pass"`
	Step   int      `json:"step"`
	People []string `json:"people"`
	Entry  Entry    `json:"-"`
}

// Elapsed is a time since the page was opened, in JSON as "2m0s".
type Elapsed time.Duration

// String returns the time as in "2m0s".
func (e Elapsed) String() string { return time.Duration(e).String() }

// MarshalText returns the time as in "2m0s".
func (e Elapsed) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Rehearse returns what would happen in the time d after the page that o
// describes is opened, d included, if every message arrived and the events
// happened. Messages are sorted by time, receiver and way. An event after d, one
// that the page refuses, and a rehearsal of more than 10,000 messages and steps
// are errors.
func Rehearse(o Open, w World, d time.Duration, events []Event) (Rehearsal, error) {
	r := rehearsal{page: New(o), world: w}
	r.raise = r.page.RaiseAt
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return int(min(max(a.After-b.After, -1), 1)) })
	for _, e := range events {
		if e.After > d {
			return Rehearsal{}, fmt.Errorf("event %s: after the end of the rehearsal at %v", e, d)
		}
		at := r.page.Opened.Add(e.After)
		// P5: what people do comes before what is due at the same instant.
		if err := r.run(at.Add(-1)); err != nil {
			return Rehearsal{}, err
		}
		next, err := e.apply(r.page, at)
		if err != nil {
			return Rehearsal{}, fmt.Errorf("event %s: %w", e, err)
		}
		r.page = next
	}
	if err := r.run(r.page.Opened.Add(d)); err != nil {
		return Rehearsal{}, err
	}
	return r.result(), nil
}

// rehearsal is a page being rehearsed.
type rehearsal struct {
	page  Escalation
	raise time.Time // when it was to become urgent by itself, at its start
	world World
	out   Outcome
}

// run lets everything until an instant happen when it is due.
func (r *rehearsal) run(until time.Time) error {
	for {
		now, ok := r.page.Due()
		if !ok || now.After(until) {
			return nil
		}
		var out Outcome
		r.page, out = r.page.Step(r.world, now)
		for _, s := range out.Notifications {
			r.page = r.page.Accepted(s.Key, now).Delivered(s.Key)
		}
		r.out.Notifications = append(r.out.Notifications, out.Notifications...)
		r.out.Log = append(r.out.Log, out.Log...)
		if len(r.out.Notifications)+len(r.out.Log) > maxRehearsed {
			return fmt.Errorf("rehearse %s: more than %d messages and steps in %v: ask for a shorter time",
				r.page.Policy.ID, maxRehearsed, now.Sub(r.page.Opened))
		}
	}
}

func (r *rehearsal) result() Rehearsal {
	res := Rehearsal{Sent: []RehearsedSend{}, Steps: []RehearsedStep{}, State: r.page.State, Hours: r.hours(), Skipped: r.skipped()}
	for _, s := range r.out.Notifications {
		res.Sent = append(res.Sent, RehearsedSend{After: r.since(s.At), Person: s.Person + s.Channel, Via: s.Via,
			Step: s.Step, Pass: s.Pass, Send: s})
	}
	slices.SortStableFunc(res.Sent, func(a, b RehearsedSend) int {
		if c := a.Send.At.Compare(b.Send.At); c != 0 {
			return c
		}
		if c := strings.Compare(a.Person, b.Person); c != 0 {
			return c
		}
		return strings.Compare(a.Via, b.Via)
	})
	for _, e := range r.out.Log {
		if e.Kind != Ran {
			continue
		}
		people := []string{}
		for _, c := range e.People {
			people = append(people, c.Person)
		}
		slices.Sort(people)
		res.Steps = append(res.Steps, RehearsedStep{After: r.since(e.At), Pass: e.Pass, Step: e.Step, People: people, Entry: e})
	}
	return res
}

// hours is what hours decided.
func (r *rehearsal) hours() []RehearsedHours {
	var list []RehearsedHours
	if !r.raise.IsZero() {
		list = append(list, RehearsedHours{What: RehearsedLow, Until: r.raise, Hours: r.page.Policy.SupportHours})
	}
	for _, e := range r.out.Log {
		h := RehearsedHours{After: r.since(e.At), Pass: e.Pass, Step: e.Step}
		if e.Cause == HoursBegan {
			list = append(list, RehearsedHours{After: h.After, What: RehearsedUrgent})
		}
		switch {
		case e.Kind == Waits:
			h.What, h.Until, h.Hours = RehearsedWait, e.Until, e.Hours
		case e.Kind == Ran && !e.Again && slices.ContainsFunc(e.Skipped, func(s Skipped) bool { return s.Why == OutsideHours }):
			h.What = RehearsedSkip
		default:
			continue
		}
		list = append(list, h)
	}
	return list
}

// skipped is whom and what the steps and the last resort passed over, except for
// what [rehearsal.hours] tells.
func (r *rehearsal) skipped() []RehearsedSkipped {
	var list []RehearsedSkipped
	for _, e := range r.out.Log {
		if e.Again {
			continue
		}
		skip := RehearsedSkipped{After: r.since(e.At), Pass: e.Pass, Step: e.Step}
		for _, s := range e.Skipped {
			if s.Why != OutsideHours {
				skip.Target, skip.Person, skip.Why = s.Target, s.Person, s.Why
				list = append(list, skip)
			}
		}
		for _, c := range e.People {
			list = append(list, r.rules(c, skip, e.Urgency)...)
		}
	}
	return list
}

// rules are the ways that the rules of somebody who is paged name in vain.
func (r *rehearsal) rules(c Called, skip RehearsedSkipped, u Urgency) []RehearsedSkipped {
	if r.world.Rules == nil {
		return nil
	}
	skip.Target, skip.Person, skip.Why = strings.Join(c.Targets, ", "), c.Person, NoAddress
	var list []RehearsedSkipped
	for _, rule := range r.world.Rules(c.Person, u) {
		skip.Via = rule.Via
		if !r.world.can(c.Person, rule.Via) && !slices.Contains(list, skip) {
			list = append(list, skip)
		}
	}
	return list
}

func (r *rehearsal) since(at time.Time) Elapsed { return Elapsed(at.Sub(r.page.Opened)) }
