package escalation

import (
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// perStep and perOutcome bound the work of one [Escalation.Step] and what comes out of
// it, and with them the size of the transaction that stores both.
const (
	perStep    = 64
	perOutcome = 24
)

// Step does what is due at or before now, in the order in which it fell due,
// and says what must be sent. At one instant personal rules come before the
// step's timer (P5; what people did comes before both, because the caller
// applies it first). What is late keeps its instant and its order and is marked
// with the delay; who is on call is asked for the instant at which a step was
// due. So the result does not depend on how often Step is called.
//
// A call does at most 64 things, and begins none when 24 messages and entries
// have come of it. Ask [Escalation.Due] again: while it is not after now there is more
// to do.
func (p Escalation) Step(w World, now time.Time) (Escalation, Outcome) {
	t := tick{Escalation: p.clone(), w: w, now: instant(now)}
	for range perStep {
		at, ok := t.Due()
		if !ok || at.After(t.now) || len(t.out.Notifications)+len(t.out.Log) >= perOutcome {
			break
		}
		t.fire(at)
	}
	return t.Escalation, t.out
}

// tick is one call of Step in progress; it owns its page.
type tick struct {
	Escalation
	w   World
	now time.Time
	out Outcome
}

// fire does the one thing that comes first at the instant at.
func (t *tick) fire(at time.Time) {
	if t.expire(at) || t.page(at) {
		return
	}
	if raise := t.raise(); !raise.IsZero() && !raise.After(at) {
		t.Escalation = t.raised(at, HoursBegan)
		return
	}
	if t.Running {
		t.advance(at)
		return
	}
	t.start(at)
}

// expire fails one send that was not heard of in time.
func (t *tick) expire(at time.Time) bool {
	for i := range t.Rings {
		for j, s := range t.Rings[i].Receipts {
			if s.Until.IsZero() || s.Until.After(at) {
				continue
			}
			r := &t.Rings[i]
			t.log(Entry{Kind: Unconfirmed, At: at, Pass: r.Pass, Step: r.Rung, Person: r.Person, Via: s.Via})
			t.fail(i, j, at)
			return true
		}
	}
	return false
}

// page sends one message that a personal rule asks for.
func (t *tick) page(at time.Time) bool {
	for i := range t.Rings {
		r := &t.Rings[i]
		if len(r.Pending) == 0 || r.Pending[0].At.After(at) {
			continue
		}
		next := r.Pending[0]
		r.Pending = tail(r.Pending)
		key := t.send(Notification{At: at, Person: r.Person, Via: next.Via, Pass: r.Pass, Step: r.Rung,
			After: next.After, Reason: next.Reason, Targets: r.Targets, LastResort: r.LastResort})
		// The provider's time runs from when the message is handed out, not
		// from when it was due: a late tick must not fail what it just sent.
		r.Receipts = append(r.Receipts, Receipt{Key: key, Via: next.Via, Level: Handed,
			Reports: t.w.Reports != nil && t.w.Reports(next.Via), Until: t.now.Add(acceptWithin)})
		return true
	}
	return false
}

// start starts the step at which the escalation stands (P1).
func (t *tick) start(at time.Time) {
	if t.Urgency == Low && !t.RaiseAt.IsZero() && !t.RaiseAt.After(at) {
		t.Urgency = High // support hours began while the escalation was held or silent
	}
	step, why := t.step(), t.Cause
	f, begins := t.find(step, at)
	if !begins.IsZero() {
		t.await(step, at, begins)
		return
	}
	if step.RoundRobin && len(f.people) > 0 {
		f.choose(t.turn())
	}
	if why == NoProgress && t.AckedBy != "" && t.w.reachable(t.AckedBy, t.Urgency) {
		f.add(t.AckedBy, byAck) // P8: fresh on-call plus the acknowledger
	}
	t.State, t.StepAt, t.Running, t.Cause, t.AckedBy = Triggered, at, true, "", ""
	t.People = nil
	entry := Entry{Kind: Ran, At: at, Cause: why, Pass: t.Pass, Step: t.Rung, Skipped: f.skipped, Urgency: t.Urgency}
	for _, c := range f.people {
		t.People = append(t.People, c.person)
		entry.People = append(entry.People, t.call(c, at, Ring{Pass: t.Pass, Rung: t.Rung}))
	}
	entry.Again = t.Told && len(f.people) == 0
	t.log(entry)
	if !entry.Again { // a channel need not hear every minute that nobody is there
		t.post(f.channels, Notification{At: at, Pass: t.Pass, Step: t.Rung})
	}

	t.Found = t.Found || len(f.people) > 0
	t.Missed = t.Missed || f.sought && len(f.people) == 0
	t.Wake = at.Add(max(step.Wait, 0))
	switch {
	case len(f.people) == 0 && (f.sought || len(f.channels) == 0):
		t.Wake = at // P6: nobody to wait for, even if a channel was told
		if why == Escalated {
			t.Cause = why // whoever did not want to wait has nobody yet
		}
	case t.Urgency == Low:
		t.Wake = time.Time{} // P13: low urgency does not escalate
	}
}

// find looks for those whom a step names. Outside its hours it has nobody, which
// is as if it looked in vain; begins is then zero, or when a step that waits for
// its hours is to start instead (P17). A step that has waited starts, even if the
// program was away until its hours were over.
func (t *tick) find(step rotation.Step, at time.Time) (f find, begins time.Time) {
	next, ever := step.Hours.Next(at)
	switch {
	case t.Cause == StepHours || ever && !next.After(at):
		return t.w.look(step.Notify, at, t.Urgency), time.Time{}
	case step.Outside == rotation.OutsideWait && ever && !t.presses():
		return find{}, next
	}
	return find{sought: true, skipped: outside(step)}, time.Time{}
}

// presses reports whether the step that starts must not wait for its hours:
// somebody escalated by hand, or there is somebody to ask at once, who
// acknowledged and was not heard of since.
func (t *tick) presses() bool {
	return t.Cause == Escalated || t.Cause == NoProgress && t.AckedBy != "" && t.w.reachable(t.AckedBy, t.Urgency)
}

// outside is everything that a step names, not paged because of its hours.
func outside(step rotation.Step) []Skipped {
	var list []Skipped
	for _, target := range step.Notify {
		list = append(list, Skipped{Target: target.String(), Why: OutsideHours})
	}
	return list
}

// await puts a step off until its hours begin (P17). When this pass has found
// nobody so far, or nobody who could be reached, the last resort must not wait
// with it (P7).
func (t *tick) await(step rotation.Step, at, begins time.Time) {
	t.log(Entry{Kind: Waits, At: at, Cause: t.Cause, Pass: t.Pass, Step: t.Rung, Skipped: outside(step), Urgency: t.Urgency,
		Until: begins, Hours: step.Hours})
	t.Escalation = t.plan(begins, StepHours)
	t.People, t.AckedBy = nil, ""
	if t.Missed && !t.Found || t.Found && !t.Waited {
		t.tellOnce(at, begins)
	}
}

// byAck stands among the targets of a person who is paged because of their own
// acknowledgement.
const byAck = "acknowledgement"

// turn returns the number drawn for the round-robin step: one person for an
// incident, in this pass and in later ones (P14).
func (t *tick) turn() int {
	turn, drawn := t.Turns[t.Rung]
	if !drawn {
		turn = t.w.turn(t.Policy.ID, t.Rung)
		if t.Turns == nil {
			t.Turns = map[int]int{}
		}
		t.Turns[t.Rung] = turn
	}
	return turn
}

// call starts a person's rules. Rules that still run for the same person are
// dropped (P4); those of everybody else go on until somebody answers (P3).
func (t *tick) call(c candidate, at time.Time, as Ring) Called {
	r := t.w.ring(c.person, t.Urgency, t.w.awake(c.person, t.Urgency, at))
	r.Targets, r.Pass, r.Rung, r.LastResort = c.targets, as.Pass, as.Rung, as.LastResort
	t.Rings = slices.DeleteFunc(t.Rings, func(old Ring) bool { return old.Person == c.person })
	t.Rings = append(t.Rings, r)
	return Called{Person: c.person, Targets: c.targets, From: r.due()}
}

// post sends one message to each channel.
func (t *tick) post(channels []string, like Notification) {
	for _, channel := range channels {
		s := like
		s.Channel, s.Via, s.Reason, s.Targets = channel, "channel", ByStep, []string{"channel:" + channel}
		t.send(s)
	}
}

// advance ends the running step: the next one, the next pass, or the end (P2).
func (t *tick) advance(at time.Time) {
	why := t.ending(at)
	if why == Unanswered {
		t.Waited = true
		t.Told = t.Told && len(t.People) == 0
	}
	switch {
	case t.Pass == 0: // P12: no answer from the person it was reassigned to
		t.Escalation = t.begin(1, at, why)
	case t.Rung < len(t.Policy.Steps):
		t.Rung++
		t.Escalation = t.plan(at, why)
	default:
		t.endPass(at, why)
	}
}

// ending says why the running step ends.
func (t *tick) ending(at time.Time) Cause {
	wait := t.step().Wait
	switch {
	case t.Cause != "": // somebody did not want to wait
		return t.Cause
	case wait > 0 && at.Sub(t.StepAt) >= wait:
		return Unanswered
	case len(t.People) > 0:
		return Unreachable
	}
	return Empty
}

// endPass decides what follows the last step of a pass.
func (t *tick) endPass(at time.Time, why Cause) {
	again := t.Policy.Repeat < 0 || t.Pass <= t.Policy.Repeat
	switch {
	case !t.Found && (t.Missed || len(t.Policy.Steps) == 0):
		// P7: nobody anywhere. The pass does not count, however often it is
		// looked again.
		t.tellOnce(at, at.Add(lookAgain))
		t.Escalation = t.begin(t.Pass, at.Add(lookAgain), NextLook)
	case !again:
		t.State, t.Wake, t.Running, t.Cause = Exhausted, time.Time{}, false, ""
		t.lastResort(Entry{Kind: RanOut, At: at})
	case !t.Waited:
		// Everybody was unreachable at once. Passes without any waiting would
		// run every step in one instant, or for ever.
		t.tellOnce(at, at.Add(lookAgain))
		t.Escalation = t.begin(t.Pass+1, at.Add(lookAgain), NextLook)
	default:
		t.Escalation = t.begin(t.Pass+1, at, why)
	}
}

// tellOnce tells the last resort that nobody can be reached, and when somebody is
// looked for again, unless it knows.
func (t *tick) tellOnce(at, again time.Time) {
	if !t.Told {
		t.Told = true
		t.lastResort(Entry{Kind: Nobody, At: at, Until: again})
	}
}

// lastResort tells those named for the case that the steps are of no use.
func (t *tick) lastResort(entry Entry) {
	at := entry.At
	f := t.w.look(t.Policy.LastResort, at, t.Urgency)
	entry.Pass, entry.Skipped, entry.Urgency = t.Pass, f.skipped, t.Urgency
	for _, c := range f.people {
		entry.People = append(entry.People, t.call(c, at, Ring{Pass: t.Pass, LastResort: true}))
	}
	t.log(entry)
	t.post(f.channels, Notification{At: at, Pass: t.Pass, LastResort: true})
}

func (t *tick) log(e Entry) {
	e.Late = t.now.Sub(e.At)
	t.out.Log = append(t.out.Log, e)
}

// send numbers a message and hands it out.
func (t *tick) send(s Notification) (key string) {
	t.Sent++
	s.Key = fmt.Sprintf("%s/%d", t.ID, t.Sent)
	s.Late = t.now.Sub(s.At)
	t.out.Notifications = append(t.out.Notifications, s)
	return s.Key
}
