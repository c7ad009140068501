package alert

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Result says what became of an alert, in the word that its sender is answered.
type Result string

// The results.
const (
	Opened     Result = "opened"     // it opened an incident
	Joined     Result = "joined"     // it belongs to an incident that is open
	Ended      Result = "resolved"   // the sender says it is over; people resolve the incident
	Suppressed Result = "suppressed" // nothing follows from it but that it is counted
)

// Known is what is recorded of one alert from one body to the next. The zero Known:
// it has never been seen, or not since it was forgotten.
type Known struct {
	Status   Status    `json:"status,omitempty"`   // what its sender last said; never None
	Started  time.Time `json:"started,omitzero"`   // of the present firing, as the sender says
	Since    time.Time `json:"since,omitzero"`     // since when it has its status, by our clock
	Count    int       `json:"count,omitempty"`    // how often it has begun to fire
	Said     Severity  `json:"said,omitempty"`     // the worst that it has said in its incident
	Does     Does      `json:"does,omitempty"`     // what it did last
	Incident int       `json:"incident,omitempty"` // to which it belongs; 0: to none
	Held     bool      `json:"held,omitempty"`     // it fires, and a silence or maintenance keeps that from its incident and from people
}

// Firing reports whether it fires as far as its sender has said: one that was
// acknowledged there still does.
func (k Known) Firing() bool { return k.Status == Firing || k.Status == Acknowledged }

// Does is what an alert does to people.
type Does string

// What an alert can do.
const (
	DoesIncident   Does = "incident"   // a channel, pages, everything
	DoesPage       Does = "page"       // pages and a line for everybody; a channel only when it is wanted
	DoesCount      Does = "count"      // is seen in figures and lists only
	DoesHeartbeat  Does = "heartbeat"  // its arrival is a sign of life
	DoesSuppressed Does = "suppressed" // a silence or maintenance holds; it is counted and listed
)

// Asks reports whether people work on it.
func (d Does) Asks() bool { return d == DoesIncident || d == DoesPage }

// Standing is how an incident stands that an alert may concern. The zero Standing:
// there is none.
type Standing struct {
	Incident  incident.Incident
	Exhausted bool // nobody answered any step of its escalation
	Tally
}

// open reports whether people still work on it.
func (s Standing) open() bool { return s.Incident.Number > 0 && s.Incident.Status.Active() }

// ended is when an incident that is not open ended.
func (s Standing) ended() time.Time {
	if !s.Incident.Resolved.IsZero() {
		return s.Incident.Resolved
	}
	return s.Incident.Updated
}

// Tally counts the alerts of an incident.
type Tally struct {
	Firing  int      `json:"firing"`
	Over    int      `json:"over"`
	Worst   Severity `json:"worst,omitempty"`   // the worst that any of them has said; Unknown counts as it is taken
	Cleared bool     `json:"cleared,omitempty"` // all of them are over
	Offered bool     `json:"offered,omitempty"` // and it was offered to resolve the incident
	// Back counts how often one fired after that, within a while.
	Back     int       `json:"back,omitempty"`
	BackLast time.Time `json:"back_last,omitzero"`
}

// Counted counts the first alert of an incident, of which nothing else is recorded.
func Counted(k Known) Tally {
	t := Tally{Worst: Severity(k.Said.Incident())}
	if k.Firing() {
		t.Firing = 1
	} else {
		t.Over = 1
	}
	return t
}

// Total is how many alerts belong to the incident.
func (t Tally) Total() int { return t.Firing + t.Over }

// worse reports whether another alert fires that may be worse than one that said s.
// Whoever is on the lesser one, at its sender, need not know of it.
func (t Tally) worse(s Severity) bool {
	return t.Firing > 1 && t.Worst != Unknown && t.Worst.Incident() < s.Incident()
}

// Step says what is done with an alert.
type Step string

// The steps.
const (
	Nothing Step = "nothing" // but the record of it
	Repeat  Step = "repeat"  // a reminder: it was seen once more, and that is all
	Open    Step = "open"    // it opens an incident
	Join    Step = "join"    // it joins, or fires again in, an incident that is open
	Again   Step = "again"   // it opens its incident again
	End     Step = "end"     // its end is recorded
	Ack     Step = "ack"     // its sender's acknowledgement is
	AckOne  Step = "ackone"  // the same, but it holds for this alert only: a worse one fires
	Note    Step = "note"    // what its sender has to say is
)

// Decision is what follows from an alert.
type Decision struct {
	Step     Step
	Result   Result
	After    Known // what is to be recorded of it
	Tally    Tally // of the incident, afterwards; of a new one too
	Incident int   // which one it concerns; 0: none, or a new one
	Follows  int   // of a new one: the incident that the same alert had before

	Ask      string            // why somebody is to be asked although somebody was, in words; empty: they are not
	Raise    incident.Severity // what the incident's severity becomes; 0: it stays
	Withdraw bool              // the offer to resolve it is taken back
	Offer    bool              // it is offered to resolve it
}

// Rules are what a roster says about joining and coming back.
type Rules struct {
	ReopenWithin time.Duration
}

// Calm is how long no alert may have come back for the next one to count as the first
// again.
const Calm = 15 * time.Minute

// Decide says what follows from an alert that does something. own is the incident to
// which the same alert belonged, group the open one of its group.
func Decide(a Alert, does Does, k Known, own, group Standing, r Rules, now time.Time) Decision {
	d := Decision{Step: Nothing, Result: Suppressed, After: k, Incident: own.Incident.Number, Tally: own.Tally}
	switch a.Status {
	case Firing:
		return d.fires(a, does, own, group, r, now)
	case Over:
		return d.ends(own, now)
	case Acknowledged:
		if !k.Firing() || k.Status == Acknowledged {
			return d
		}
		d.After.Status, d.After.Since = Acknowledged, now
		if own.open() && !own.Incident.Acked() && !k.Held {
			d.Step, d.Result = Ack, Joined
			if own.Tally.worse(k.Said) {
				d.Step = AckOne
			}
		}
		return d
	default: // a note, or nothing that it could be called over for
		if own.open() && (a.Summary != "" || a.Title != "") {
			d.Step, d.Result = Note, Joined
		}
		return d
	}
}

func (d Decision) fires(a Alert, does Does, own, group Standing, r Rules, now time.Time) Decision {
	k, was := d.After, d.After.Firing()
	same := was && (a.Started.IsZero() || k.Started.IsZero() || a.Started.Equal(k.Started))
	d.After.Does = does
	if !same {
		d.After.Status, d.After.Since = Firing, now
		d.After.Count++
	}
	if !a.Started.IsZero() && !a.Started.Equal(k.Started) {
		d.After.Started = a.Started
	}
	if !does.Asks() {
		counted := was && !k.Held && own.Incident.Number > 0 // it fires in its incident, which goes on
		d.After.Held = does == DoesSuppressed && !counted
		if same {
			d.Step = Repeat
		}
		return d
	}
	if d.After.Held = false; k.Held { // people hear of it only now
		was, same = false, false
	}
	switch {
	case own.open() && same && !worse(a.Severity, k.Said):
		d.Step, d.Result = Repeat, Joined
		return d
	case own.open():
		return d.joins(a, own, was, true, now)
	case own.Incident.Number > 0 && same && !a.Started.IsZero() && !nowWorse(a.Severity, k.Said) && now.Sub(own.ended()) < r.ReopenWithin:
		// It still fired when people called it over, and its sender reminds of it.
		d.Step, d.Result = Repeat, Joined
		return d
	case own.Incident.Number > 0 && now.Sub(own.ended()) < r.ReopenWithin:
		d.Step, d.Result, d.Ask = Again, Joined, "The alert fires again"
		if same && !a.Started.IsZero() {
			d.Ask = "The alert still fires, and is worse"
		}
		if sev := a.Severity.Incident(); nowWorse(a.Severity, k.Said) && sev < own.Incident.Severity {
			d.Raise = sev
		}
		d.Tally = own.Tally.fired(was, true)
		d.Tally.Cleared, d.Tally.Offered = false, false
		d.say(a)
		return d
	}
	d.Follows = own.Incident.Number
	d.After.Said = Unknown
	if group.open() {
		d.Incident, d.Tally = group.Incident.Number, group.Tally
		return d.joins(a, group, false, false, now)
	}
	d.Step, d.Result, d.Incident = Open, Opened, 0
	d.Tally = Tally{Firing: 1}
	d.say(a)
	return d
}

// joins says what an alert does in an open incident: fired says that it fired there
// already, member that it was one of its alerts.
func (d Decision) joins(a Alert, s Standing, fired, member bool, now time.Time) Decision {
	d.Step, d.Result = Join, Joined
	before := s.Tally
	d.Tally = before.fired(fired, member)
	sev := a.Severity.Incident()
	switch {
	case before.Cleared:
		d.Withdraw = before.Offered
		d.Tally.Cleared, d.Tally.Offered = false, false
		// One that comes and goes is told ever more rarely to whoever is on it, never
		// where nobody is, or where they have called it over themselves.
		if d.Tally.again(now) || s.Exhausted || s.Incident.Status == incident.Mitigated {
			d.Ask = "An alert fires again after all were over"
		}
	case s.Incident.Status == incident.Mitigated && !fired:
		d.Ask = "An alert fires after it was mitigated"
	case s.Exhausted:
		d.Ask = "Another alert fires, and nobody has answered yet"
	case before.Worst != Unknown && sev < before.Worst.Incident() && (!member || worse(a.Severity, d.After.Said)):
		d.Ask = "An alert of " + sev.String() + " fires, the worst so far"
	}
	// A repeat never undoes what a person has lowered: it is compared with what the
	// same alert said before.
	if a.Severity != Unknown && worse(a.Severity, d.After.Said) && sev < s.Incident.Severity {
		d.Raise = sev
	}
	d.say(a)
	return d
}

// say records how bad the alert says that it is.
func (d *Decision) say(a Alert) {
	if worse(a.Severity, d.After.Said) {
		d.After.Said = a.Severity
	}
	taken := Severity(a.Severity.Incident())
	if d.Tally.Worst == Unknown || taken < d.Tally.Worst {
		d.Tally.Worst = taken
	}
}

// worse reports whether a sender says worse now than it has before.
func worse(now, before Severity) bool {
	return now != Unknown && (before == Unknown || now < before)
}

// nowWorse is [worse] where an alert that has said nothing so far counts as what it is
// taken for: that it says so now is no news.
func nowWorse(now, before Severity) bool {
	return now != Unknown && now.Incident() < before.Incident()
}

func (d Decision) ends(own Standing, now time.Time) Decision {
	if !d.After.Firing() {
		return d
	}
	held := d.After.Held
	d.After.Status, d.After.Since, d.After.Held = Over, now, false
	if held || d.After.Incident == 0 || own.Incident.Number == 0 {
		return d
	}
	d.Step, d.Result = End, Ended
	d.Tally.Firing = max(0, d.Tally.Firing-1)
	d.Tally.Over++
	if d.Tally.Firing == 0 && own.open() && !d.Tally.Cleared {
		d.Tally.Cleared = true
		d.Offer = d.Tally.Back == 0 || d.Tally.told()
		d.Tally.Offered = d.Offer
	}
	return d
}

// fired counts an alert that fires: was says that it did, member that it is one of
// those counted.
func (t Tally) fired(was, member bool) Tally {
	switch {
	case member && was:
	case member:
		t.Over = max(0, t.Over-1)
		t.Firing++
	default:
		t.Firing++
	}
	return t
}

// again counts that alerts are back after all were over, and reports whether people
// are to hear of it: each time at first, and ever more rarely where one comes and
// goes all the time.
func (t *Tally) again(now time.Time) bool {
	if now.Sub(t.BackLast) >= Calm {
		t.Back = 0
	}
	t.Back++
	t.BackLast = now
	return t.told()
}

func (t Tally) told() bool { return t.Back <= 3 || milestone(t.Back) }

// milestone reports whether n is worth a word: 10, 100, 1000 ….
func milestone(n int) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}
