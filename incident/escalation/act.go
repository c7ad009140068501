package escalation

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Ack records that by has taken it: everything that waits to be sent is
// dropped, also what was due at this very instant (P5). A second
// acknowledgement, by anybody, makes that person the holder and restarts the
// clock of [Escalation.Progress]. by may be empty when nobody can say who it was.
func (p Escalation) Ack(by string, now time.Time) (Escalation, error) {
	if p.State == Resolved {
		return p, p.over("There is nothing left to acknowledge.")
	}
	p = p.silence(Acknowledged)
	p.AckedBy, p.Cause = by, NoProgress
	return p.Progress(now), nil
}

// Progress records a sign of life: an update, a change of role, a finished
// task, a note by a responder (P9). The clock after which an acknowledged page
// pages again starts anew; in any other state nothing changes.
func (p Escalation) Progress(now time.Time) Escalation {
	if p.State != Acknowledged || p.Policy.AcknowledgeTimeout <= 0 {
		return p
	}
	// P8: the step that was acknowledged runs again. An earlier sign of life
	// that arrives late must not shorten the clock.
	if at := instant(now).Add(p.Policy.AcknowledgeTimeout); at.After(p.Wake) {
		p.Wake = at
	}
	return p
}

// Rest stops the clock of [Escalation.Progress]: customers are fine again, and nobody is
// expected to be heard of. The next sign of life starts it anew.
func (p Escalation) Rest() Escalation {
	if p.State == Acknowledged {
		p.Wake = time.Time{}
	}
	return p
}

// Unack takes an acknowledgement back: the step runs again, now (P10).
func (p Escalation) Unack(now time.Time) (Escalation, error) {
	if p.State != Acknowledged {
		return p, refuse("Nobody has acknowledged it, so there is nothing to take back.", "")
	}
	p = p.overtaken(now).silence(Triggered)
	p.AckedBy = ""
	return p.plan(instant(now), Unacked), nil
}

// Snooze is silence until an instant, then the first step of the first pass
// (P11). A second snooze replaces the first. until must be after now.
func (p Escalation) Snooze(until, now time.Time) (Escalation, error) {
	if p.State == Resolved {
		return p, p.over("There is nothing to snooze.")
	}
	if !until.After(now) {
		return p, refuse("A snooze must end in the future.", "Say how long, for instance 15m.")
	}
	p = p.silence(Snoozed)
	p.AckedBy = ""
	p = p.begin(1, instant(until), SnoozeOver)
	p.State = Snoozed
	return p, nil
}

// Reassign asks one person and nobody else. Without an answer in five minutes
// the policy starts at its first step while the person's rules go on (P12).
func (p Escalation) Reassign(person string, now time.Time) (Escalation, error) {
	if p.State == Resolved {
		return p, p.over("There is nothing to reassign.")
	}
	if person == "" {
		return p, refuse("Nobody is named to hand it to.", "Name a person.")
	}
	p = p.overtaken(now).silence(Triggered)
	p.AckedBy = ""
	p = p.begin(0, instant(now), HandedOver)
	p.Rung, p.Reassigned = 0, person
	return p, nil
}

// Raise makes an escalation of low urgency one of high urgency: the policy starts now,
// as high (P13), also out of a snooze, which was meant for something milder.
// An escalation that somebody holds stays with them and is only more urgent when it is
// due again. An escalation of high urgency or one that is over does not change.
func (p Escalation) Raise(now time.Time) Escalation {
	if p.Urgency == High || p.State == Resolved {
		return p
	}
	if p.State == Acknowledged {
		p.Urgency, p.RaiseAt = High, time.Time{}
		return p
	}
	return p.raised(instant(now), Raised)
}

// Urge gives the escalation the urgency that its incident asks for now that its
// severity is another one, as [UrgencyAt] returns it. High is [Escalation.Raise]. Low
// sets when an escalation of low urgency becomes one of high urgency, zero for never; a
// page of high urgency stays what it is, because what was begun is not taken back.
func (p Escalation) Urge(u Urgency, raise, now time.Time) Escalation {
	switch {
	case u == High:
		return p.Raise(now)
	case p.Urgency == Low && p.State != Resolved:
		p.RaiseAt = time.Time{}
		if u == Low && !raise.IsZero() {
			p.RaiseAt = instant(raise)
		}
	}
	return p
}

func (p Escalation) raised(at time.Time, why Cause) Escalation {
	p = p.silence(Triggered)
	p.Urgency, p.RaiseAt = High, time.Time{}
	return p.begin(1, at, why)
}

// Escalate ends the running step now, whoever holds the escalation: the next step
// starts, after the last one the next pass or the last resort. An escalation that has
// run out, or whose step has not started yet, starts where it stands; out of a
// snooze and after the end that is the first step. Whoever escalates does not want
// to wait for the hours of a step, which is passed (P17), nor for anybody's morning: the
// escalation is of high urgency from now on (P13).
func (p Escalation) Escalate(now time.Time) (Escalation, error) {
	if p.State == Resolved {
		return p, p.over("There is nobody left to page.")
	}
	p.Urgency, p.RaiseAt = High, time.Time{}
	switch p.State {
	case Exhausted:
		return p.begin(1, instant(now), Escalated), nil
	case Snoozed:
		return p.plan(instant(now), Escalated), nil
	}
	// An acknowledged step counts as running: its successor is asked for.
	begun := !p.StepAt.IsZero()
	p.State, p.AckedBy = Triggered, ""
	p.Wake, p.Running, p.Cause = instant(now), begun, Escalated
	// Whoever escalates has waited long enough: at the end of a pass it is not as
	// if nobody had been found.
	p.Waited = p.Waited || begun
	return p, nil
}

// overtaken is the escalation when an act starts it again: support hours that began
// while somebody held it, or had silenced it, have made it urgent, and must not
// start it once more, as of an instant that is long past.
func (p Escalation) overtaken(now time.Time) Escalation {
	if p.Urgency == Low && !p.RaiseAt.IsZero() && !p.RaiseAt.After(now) {
		p.Urgency, p.RaiseAt = High, time.Time{}
	}
	return p
}

// Resolve ends the escalation, out of every state. Doing it again changes nothing.
func (p Escalation) Resolve() Escalation {
	p = p.silence(Resolved)
	p.Cause = ""
	return p
}

// Resume shifts what waits by the time the escalation is overdue, so that time in
// which nothing could be sent does not count against anybody: the first overdue
// thing is due now and everything after it keeps its distance. It returns by
// how much, 0 when nothing was overdue. Without it a program that was away for
// an hour would run every step in one instant and then be silent. Instants
// that hours of the roster named stay where they are while they are ahead, and are
// now when they have passed.
func (p Escalation) Resume(now time.Time) (Escalation, time.Duration) {
	now = instant(now)
	at, ok := p.Due()
	if !ok || !at.Before(now) {
		return p, 0
	}
	late := now.Sub(at)
	p = p.shift(late, 0, func(Pending) bool { return false })
	if p.Cause == StepHours && !p.Running && !p.Wake.IsZero() {
		p.Wake = latest(p.Wake, now)
	}
	if !p.raise().IsZero() {
		p.RaiseAt = latest(p.RaiseAt, now)
	}
	return p, late
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// silence drops everything that waits.
func (p Escalation) silence(s State) Escalation {
	p.State, p.Rings, p.Wake, p.Running = s, nil, time.Time{}, false
	return p
}

func (p Escalation) over(then string) error { return refuse("It is resolved.", then) }

func refuse(why, next string) error { return &incident.Refusal{Why: why, Next: next} }
