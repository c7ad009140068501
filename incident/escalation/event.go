package escalation

import (
	"fmt"
	"strings"
	"time"
)

// Event is something that a person does in a rehearsal.
type Event struct {
	After  time.Duration // since the escalation was opened
	Do     string        // ack, unack, resolve, snooze, reassign, progress, raise or escalate
	Person string        // ack: by whom, may be empty; reassign: to whom
	For    time.Duration // snooze: how long
}

const eventWords = "ack:PERSON, unack, resolve, snooze:DURATION, reassign:PERSON, progress, raise, escalate"

// ParseEvent reads an event as written on a command line: how long after the
// start, =, and what is done, as in 2m=ack:ada or 10m=snooze:1h.
func ParseEvent(s string) (Event, error) {
	after, what, ok := strings.Cut(s, "=")
	if !ok {
		return Event{}, fmt.Errorf("event %q: no = in it; write when and what, as in 2m=ack:ada", s)
	}
	d, err := time.ParseDuration(strings.TrimSpace(after))
	if err != nil || d < 0 {
		return Event{}, fmt.Errorf("event %q: %q is not a time after the start; write it as in 90s or 2m", s, after)
	}
	e, err := parseAct(strings.TrimSpace(what))
	if err != nil {
		return Event{}, fmt.Errorf("event %q: %v", s, err)
	}
	e.After = d
	return e, nil
}

// parseAct reads what comes after the =.
func parseAct(what string) (Event, error) {
	word, arg, given := strings.Cut(what, ":")
	arg = strings.TrimSpace(arg)
	e := Event{Do: strings.ToLower(strings.TrimSpace(word))}
	switch e.Do {
	case "ack", "reassign":
		if arg == "" && (given || e.Do == "reassign") {
			return e, fmt.Errorf("it names nobody; write %s:PERSON", e.Do)
		}
		e.Person = arg
	case "snooze":
		d, err := time.ParseDuration(arg)
		if err != nil || d <= 0 {
			return e, fmt.Errorf("%q is not how long to snooze; write it as in snooze:15m", arg)
		}
		e.For = d
	case "unack", "resolve", "progress", "raise", "escalate":
		if given {
			return e, fmt.Errorf("nothing may follow %s", e.Do)
		}
	default:
		return e, fmt.Errorf("no event is called %q; there are %s", e.Do, eventWords)
	}
	return e, nil
}

// String returns the event in the form that [ParseEvent] reads.
func (e Event) String() string {
	s := e.After.String() + "=" + e.Do
	switch {
	case e.Person != "":
		s += ":" + e.Person
	case e.For != 0:
		s += ":" + e.For.String()
	}
	return s
}

// apply does the event to an escalation.
func (e Event) apply(p Escalation, now time.Time) (Escalation, error) {
	switch e.Do {
	case "ack":
		return p.Ack(e.Person, now)
	case "unack":
		return p.Unack(now)
	case "resolve":
		return p.Resolve(), nil
	case "snooze":
		return p.Snooze(now.Add(e.For), now)
	case "reassign":
		return p.Reassign(e.Person, now)
	case "progress":
		return p.Progress(now), nil
	case "raise":
		return p.Raise(now), nil
	case "escalate":
		return p.Escalate(now)
	}
	return p, fmt.Errorf("no event is called %q; there are %s", e.Do, eventWords)
}
