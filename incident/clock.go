package incident

import "time"

// Promise is something that is promised about an incident, with an instant by
// which it is due.
type Promise string

// The promises. The words are in the store and are never changed.
const (
	PromiseAck     Promise = "acknowledge" // that somebody who was paged is on it
	PromiseUpdate  Promise = "update"      // that those who wait hear how it stands
	PromiseRestore Promise = "restore"     // that customers are fine again
)

// Hours are the part of the week in which the time of a promise counts. An agreement
// without hours counts always.
type Hours interface {
	// Counted returns how much of the time from from to to counts.
	Counted(from, to time.Time) time.Duration
	// After returns the instant at which d of counted time has passed since from.
	After(from time.Time, d time.Duration) time.Time
}

// Targets are the times that hold for one severity; zero: nothing is promised.
type Targets struct {
	Acknowledge time.Duration
	First       time.Duration // from the declaration to the first update
	FirstAgreed time.Duration // by when an agreement demands it, where that is later than First; zero: First is the promise
	Update      time.Duration // from one update to the next
	Restore     time.Duration
	Hours       Hours // nil: all hours count
}

func (t Targets) counted(from, to time.Time) time.Duration {
	switch {
	case !from.Before(to):
		return 0
	case t.Hours == nil:
		return to.Sub(from)
	default:
		return t.Hours.Counted(from, to)
	}
}

func (t Targets) after(from time.Time, d time.Duration) time.Time {
	if t.Hours == nil {
		return from.Add(d)
	}
	return t.Hours.After(from, d)
}

// From returns the first instant from at on whose time counts.
func (t Targets) From(at time.Time) time.Time {
	if t.counted(at, at.Add(time.Second)) > 0 {
		return at
	}
	return t.after(at, time.Second).Add(-time.Second)
}

// UpdateTargets are the times of updates where no agreement says others: from the
// declaration to the first one, and from one to the next. Those of sev3 are meant in
// working hours; of sev4 nobody waits to hear.
func UpdateTargets(s Severity) (first, step time.Duration) {
	switch s {
	case Sev1:
		return 15 * time.Minute, 30 * time.Minute
	case Sev2:
		return 30 * time.Minute, time.Hour
	case Sev3:
		return 4 * time.Hour, 8 * time.Hour
	default:
		return 0, 0
	}
}

// Terms are what is promised about the incidents of a service, by severity.
type Terms func(Severity) Targets

// Deadline is a promise and when it is due. The zero Due says that it does not run:
// nothing is promised, or it has been kept, or the impact is over.
type Deadline struct {
	Promise Promise   `json:"promise"`
	Start   time.Time `json:"start,omitzero"` // since when it runs
	Due     time.Time `json:"due,omitzero"`
	Missed  time.Time `json:"missed,omitzero"` // the due instant of the latest miss that was recorded
	Late    bool      `json:"late,omitempty"`  // nothing was heard since that
	Early   bool      `json:"early,omitempty"` // it is due sooner than the agreement demands
	Silent  time.Time `json:"silent,omitzero"` // while late: the due instant of the first miss since something was heard
}

// Runs reports whether the deadline is still to be kept.
func (d Deadline) Runs() bool { return !d.Due.IsZero() }

// Left returns how much of a promise is left in counted time as of now, and its whole
// length, of which half or a fifth may be left; both 0 where it does not run.
func (d Deadline) Left(t Targets, now time.Time) (left, whole time.Duration) {
	if !d.Runs() {
		return 0, 0
	}
	return t.counted(now, d.Due), t.counted(d.Start, d.Due)
}

// Warn returns when a deadline has a fifth of its time left, which is when whoever can
// act is reminded of it.
func (d Deadline) Warn(t Targets) time.Time {
	return t.after(d.Start, t.counted(d.Start, d.Due)*4/5)
}

// Promises is what is promised about an incident as of the end of its timeline.
type Promises struct {
	Ack     Deadline  `json:"ack,omitzero"`
	Update  Deadline  `json:"update,omitzero"`
	Restore Deadline  `json:"restore,omitzero"`
	Updated time.Time `json:"updated,omitzero"` // of the last update; zero: there was none yet
}

// Next returns the deadline that is due first; false when none runs. Of several that
// are due at the same instant it is the one that takes the most to keep.
func (c Promises) Next() (Deadline, bool) {
	var next Deadline
	for _, d := range []Deadline{c.Restore, c.Update, c.Ack} {
		if d.Runs() && (!next.Runs() || d.Due.Before(next.Due)) {
			next = d
		}
	}
	return next, next.Runs()
}

// Due returns the deadlines that have passed by now and of which the timeline does not
// say so yet, the earliest first.
func (c Promises) Due(now time.Time) []Deadline {
	var list []Deadline
	for {
		d, ok := c.Next()
		if !ok || d.Due.After(now) {
			return list
		}
		list = append(list, d)
		for _, x := range []*Deadline{&c.Ack, &c.Update, &c.Restore} {
			if x.Promise == d.Promise {
				*x = Deadline{}
			}
		}
	}
}

// PromisesOf returns the clock of an incident from its timeline. On a raise of the
// severity a deadline that runs moves to what the new target leaves from now if that is
// sooner, on a lowering to what it allows from the start if that is later. What was kept
// or missed stays as it was when it was, and an incident that is over has no deadline
// that could move.
func PromisesOf(events []Event, terms Terms) Promises {
	w := clockwork{terms: terms}
	for _, e := range events {
		w.event(e)
	}
	return w.c
}

// clockwork walks through a timeline.
type clockwork struct {
	c       Promises
	terms   Terms
	sev     Severity
	acked   bool
	first   bool // no update of this stretch of impact yet
	late    bool // nor was one there when it is usual
	hurting bool
	over    bool // resolved, cancelled or merged
	left    time.Duration
	paused  bool // the restore deadline stands, with left of it
	broken  bool // the restore promise is missed for good
}

func (w *clockwork) targets() Targets { return w.terms(w.sev) }

func (w *clockwork) event(e Event) {
	switch e.Kind {
	case KindDeclared:
		w.sev = e.Severity
		w.c.Ack = w.run(PromiseAck, e.At, w.targets().Acknowledge)
		w.hurts(e.At)
	case KindInvestigate, KindMitigating, KindReopened:
		w.over = false
		w.hurts(e.At)
	case KindAcknowledged:
		if e.By.Human() {
			w.acked = true
			w.c.Ack.Due = time.Time{}
		}
	case KindMitigated:
		w.ends(e.At)
	case KindResolved, KindClosed, KindCancelled, KindMerged:
		w.ends(e.At)
		w.over, w.c.Ack.Due = true, time.Time{}
	case KindImpact:
		if n := len(e.Impact); n == 0 || !e.Impact[n-1].End.IsZero() {
			w.ends(e.At)
		} else { // somebody is hit after all
			w.hurts(e.At)
		}
	case KindNote:
		if e.Note == Update {
			w.c.Updated = e.At
			w.updated(e.At)
		}
	case KindSeverity:
		w.severity(e.Severity, e.At)
	case KindMissed:
		w.missed(e)
	}
}

// run starts a deadline; one of length zero does not run.
func (w *clockwork) run(p Promise, from time.Time, d time.Duration) Deadline {
	if d <= 0 {
		return Deadline{Promise: p}
	}
	return Deadline{Promise: p, Start: from, Due: w.targets().after(from, d)}
}

// hurts begins a stretch of impact, if none lasts. The restore promise goes on with
// what was left of it.
func (w *clockwork) hurts(at time.Time) {
	if w.hurting {
		return
	}
	w.hurting, w.first, w.late = true, true, false
	missed := w.c.Update.Missed
	w.c.Update = w.run(PromiseUpdate, at, w.targets().First)
	w.c.Update.Missed, w.c.Update.Early = missed, w.early()
	switch {
	case w.broken:
	case w.paused:
		w.paused = false
		w.c.Restore.Start, w.c.Restore.Due = at, w.targets().after(at, w.left)
	default:
		w.c.Restore = w.run(PromiseRestore, at, w.targets().Restore)
	}
}

// ends ends a stretch of impact.
func (w *clockwork) ends(at time.Time) {
	if !w.hurting {
		return
	}
	w.hurting = false
	w.c.Update.Due, w.c.Update.Late, w.c.Update.Silent = time.Time{}, false, time.Time{}
	if w.c.Restore.Runs() {
		w.paused, w.left = true, w.targets().counted(at, w.c.Restore.Due)
		w.c.Restore.Due = time.Time{}
	}
}

func (w *clockwork) updated(at time.Time) {
	if !w.hurting {
		return
	}
	w.first = false
	missed := w.c.Update.Missed
	w.c.Update = w.run(PromiseUpdate, at, w.targets().Update)
	w.c.Update.Missed = missed
}

// step is how long the promise of an update lasts that runs now.
func (w *clockwork) step() time.Duration {
	t := w.targets()
	switch {
	case w.first && w.late && t.FirstAgreed > 0:
		return t.FirstAgreed
	case w.first:
		return t.First
	default:
		return t.Update
	}
}

// early reports whether the update that runs is due sooner than the agreement demands.
func (w *clockwork) early() bool {
	t := w.targets()
	return w.first && !w.late && t.First > 0 && t.FirstAgreed > t.First
}

// severity moves what runs. An incident that is over keeps the severity by which its
// promises were made, unless it is opened again.
func (w *clockwork) severity(s Severity, at time.Time) {
	was := w.sev
	w.sev = s
	if w.over || s == was {
		return
	}
	t, raised := w.targets(), s < was
	if !w.acked {
		w.c.Ack = w.moved(w.c.Ack, PromiseAck, t.Acknowledge, raised, at)
	}
	if !w.hurting {
		return
	}
	w.c.Update = w.moved(w.c.Update, PromiseUpdate, w.step(), raised, at)
	w.c.Update.Early = w.early() && w.c.Update.Runs()
	if !w.broken {
		w.c.Restore = w.moved(w.c.Restore, PromiseRestore, t.Restore, raised, at)
	}
}

// moved is a deadline after a change of the severity.
func (w *clockwork) moved(d Deadline, p Promise, target time.Duration, raised bool, at time.Time) Deadline {
	t := w.targets()
	switch {
	case target == 0 && raised, !d.Missed.IsZero() && p == PromiseAck:
		return d
	case target == 0: // the lower severity promises nothing
		d.Due = time.Time{}
		return d
	case !d.Runs(): // the former severity promised nothing
		missed := d.Missed
		d = w.run(p, at, target)
		d.Missed = missed
		return d
	}
	due := t.after(at, target)
	if !raised {
		due = t.after(d.Start, target)
	}
	if raised == due.Before(d.Due) {
		d.Due = due
	}
	return d
}

// missed takes a miss into account that was recorded. Of an update the next one is due
// a step later; what else was missed is over with that.
func (w *clockwork) missed(e Event) {
	switch e.Promise {
	case PromiseAck:
		w.c.Ack.Missed, w.c.Ack.Due = e.Due, time.Time{}
	case PromiseRestore:
		w.broken, w.paused = true, false
		w.c.Restore.Missed, w.c.Restore.Due = e.Due, time.Time{}
	case PromiseUpdate:
		if !w.c.Update.Late {
			w.c.Update.Silent = e.Due
		}
		w.c.Update.Missed, w.c.Update.Late = e.Due, true
		if !w.c.Update.Runs() {
			return
		}
		if agreed := w.targets().FirstAgreed; e.Assumed && w.first && agreed > 0 {
			w.late, w.c.Update.Early = true, false
			w.c.Update.Due = w.targets().after(w.c.Update.Start, agreed)
			return
		}
		step := w.targets().Update
		if step <= 0 {
			w.c.Update.Due = time.Time{}
			return
		}
		for due := e.Due; !w.c.Update.Due.After(e.At); { // steps that nobody was there for are one miss
			due = w.targets().after(due, step)
			w.c.Update.Start, w.c.Update.Due = w.c.Update.Due, due
		}
	}
}
