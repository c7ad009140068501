package incident

import "time"

// AtNight reports whether an instant is between 22:00 and 7:00 by the clock of a zone.
func AtNight(at time.Time, zone *time.Location) bool {
	if zone == nil {
		zone = time.UTC
	}
	h := at.In(zone).Hour()
	return h >= nightFrom || h < nightUntil
}

// After so much time in command somebody is offered to hand over: at night sooner.
const (
	tiredByDay   = 4 * time.Hour
	tiredAtNight = 2 * time.Hour
)

// Tired returns when somebody in a zone who has had command since an instant is offered to
// hand it over: after two hours at night, or four in all.
func Tired(since time.Time, zone *time.Location) time.Time {
	night := time.Duration(0)
	for at := since; at.Before(since.Add(tiredByDay)); at = at.Add(time.Minute) {
		if night == tiredAtNight {
			return at
		}
		if AtNight(at, zone) {
			night += time.Minute
		}
	}
	return since.Add(tiredByDay)
}

// CommandSpan returns since when the commander has led without a break: since they took
// command, or since the incident was opened again. It is zero where there is none.
func (i Incident) CommandSpan(events []Event) (who Actor, since time.Time) {
	for _, h := range i.Roles {
		if h.Role == Commander && h.Who.Human() {
			who, since = h.Who, h.From
			break
		}
	}
	if who == "" {
		return "", time.Time{}
	}
	for _, e := range events {
		if e.Kind == KindReopened && e.At.After(since) {
			since = e.At
		}
	}
	return who, since
}

// Night is what the pages of a night asked of one person.
type Night struct {
	From   time.Time  // the first page; zero: there was none
	To     time.Time  // what they did last before the night was over; zero: nothing
	Missed MissedPage // zero: none was
}

// MissedPage is a page that went out as a push, and was not answered before a call came.
type MissedPage struct {
	At   time.Time // when the push went out
	Call time.Time // when the call came; zero: none did
}

// Add adds what an incident asked of somebody between two instants. What interrupts
// nobody, such as mail, does not count. A drill tells nothing about how they are reached.
func (n *Night) Add(events []Event, drill bool, who Actor, from, to time.Time) {
	var push, call, did, ack time.Time
	for _, e := range events {
		if e.At.Before(from) || !e.At.Before(to) {
			continue
		}
		switch {
		case e.Kind == KindPaged && e.Person == who && e.Via != "email":
			if n.From.IsZero() || e.At.Before(n.From) {
				n.From = e.At
			}
			if push.IsZero() && e.Via == "push" {
				push = e.At
			}
			if call.IsZero() && e.Via == "voice" {
				call = e.At
			}
		case e.By == who:
			if did = e.At; ack.IsZero() && !push.IsZero() {
				ack = e.At
			}
		}
	}
	if !n.From.IsZero() && did.After(n.From) && did.After(n.To) {
		n.To = did
	}
	if drill || push.IsZero() || !n.Missed.At.IsZero() {
		return
	}
	switch {
	case call.After(push) && (ack.IsZero() || !ack.Before(call)):
		n.Missed = MissedPage{At: push, Call: call}
	case call.IsZero() && ack.IsZero():
		n.Missed = MissedPage{At: push}
	}
}
