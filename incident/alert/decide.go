package alert

// Result says what became of an alert, in the word that its sender is answered.
type Result string

// The results.
const (
	Opened     Result = "opened"     // it opened an incident
	Joined     Result = "joined"     // it belongs to an incident that is open
	Ended      Result = "resolved"   // the sender says it is over; people resolve the incident
	Suppressed Result = "suppressed" // nothing follows from it
)

// Known is what is recorded under an alert's key. The zero Known: no incident
// of that key is open.
type Known struct {
	Open  bool // an incident of this key is open
	Fired int  // how often the alert fired for it, the first time included
	Ended int  // how often its sender said that it is over
	Over  bool // and has not said since that it fires again
}

// Decision is what follows from an alert.
type Decision struct {
	Result Result
	After  Known // what to record under the key
	Write  bool  // whether the timeline of the open incident gets an event
}

// Decide says what follows from an alert, given what is known under its key. An
// alert that is repeated, or that comes and goes, is counted each time but
// written to the timeline ever more rarely. What may lag behind is never that
// it fires: after a written end, the next firing is always written.
func Decide(s Status, k Known) Decision {
	switch {
	case s == Firing && !k.Open:
		return Decision{Result: Opened, After: Known{Open: true, Fired: 1}}
	case s == Firing:
		d := Decision{Result: Joined, After: k}
		d.After.Fired++
		d.After.Over = false
		d.Write = k.Over || milestone(d.After.Fired)
		return d
	case s == Over && k.Open && !k.Over:
		d := Decision{Result: Ended, After: k}
		d.After.Ended++
		d.Write = d.After.Ended <= 3 || milestone(d.After.Ended)
		d.After.Over = d.Write
		return d
	default:
		// An end without an incident, an end said twice, or the sender's own
		// acknowledgement: only a person's counts.
		return Decision{Result: Suppressed, After: k}
	}
}

// milestone reports whether the n-th repeat is worth an entry: 2, 10, 100, 1000 ….
func milestone(n int) bool {
	if n == 2 {
		return true
	}
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}
