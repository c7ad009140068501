package rotation

import "time"

// Rotation is one schedule that can be on call: layers below, overrides and
// swaps above. Only rotations, people, teams and channels can be paged; a layer
// cannot, so an override never fails to apply.
//
// The answers are methods on *Rotation. A Rotation from [Parse] or [New] has
// its search structures built; one written as a literal is compiled anew for
// every question and panics on an unknown time zone.
type Rotation struct {
	ID            string
	Team          string // team ID; empty when nobody's
	TimeZone      string // IANA name
	Layers        []Layer
	Overrides     []Override // in the order they were created
	Swaps         []Swap     // in the order they were asked for
	TimeOff       []TimeOff
	TimeOffPolicy TimeOffPolicy
	Shadows       []Shadow

	built *compiled
}

// Layer is one list of people who take turns. Layers of the highest priority
// that has somebody are on call together; lower ones show through where they
// have nobody.
type Layer struct {
	ID       string
	Priority int
	TimeZone string // IANA name; empty means the rotation's
	People   []Slot
	Start    Local // the first hand-over; nobody is on call before it
	Every    Cadence
	Clock    Clock
	Until    time.Time // zero means for ever

	// Windows are when the layer holds; none means always. SkipDates and
	// OnlyDates (YYYY-MM-DD) leave out, or keep alone, the windows that begin
	// on those local dates; without windows they speak of whole days.
	Windows   []Window
	SkipDates []string
	OnlyDates []string

	Edits []Edit // changes of the list or the cadence, in any order of time
}

// Slot is one turn: the people who take it together. An empty Slot is a
// deliberate off turn.
type Slot []string

// Unit is what a [Cadence] counts.
type Unit string

// The units. Days, weeks and months follow the wall clock of the layer; a month
// is clamped to its last day and always counted from the start. Windows counts
// only the layer's active windows, so a closed day is nobody's turn.
const (
	Hours   Unit = "hours"
	Days    Unit = "days"
	Weeks   Unit = "weeks"
	Months  Unit = "months"
	Windows Unit = "windows"
)

// Cadence is the length of a turn.
type Cadence struct {
	Unit   Unit
	Length int // from 1
}

// Clock says what hours are. The zero value means: wall clock where the length
// divides a day or is a number of days, so that 12-hour shifts stay at 08:00 and
// 20:00, and elapsed time otherwise.
type Clock string

// The clocks.
const (
	WallClock    Clock = "wall"
	ElapsedClock Clock = "elapsed"
)

// Window is a recurring local time during which a layer holds. It belongs to
// the date it begins on.
type Window struct {
	Days     []time.Weekday // none means every day
	From, To int            // minutes after local midnight, To at most 1440
	Span     int            // dates later that it ends; 0 means the next time To comes
}

// Rollout says when an [Edit] that removes the person on call takes effect.
type Rollout string

// The rollouts. The zero value means now.
const (
	RolloutNow         Rollout = "now"
	RolloutNextHandoff Rollout = "next_handoff"
)

// Edit changes a layer's list or cadence at an instant without moving the person
// who is on call at that instant and without touching the past.
type Edit struct {
	At      time.Time
	People  []Slot  // nil: the list stays; empty: nobody from At
	Start   Local   // with Every
	Every   Cadence // zero Length: the cadence stays
	Rollout Rollout
}

// OverrideKind is what an [Override] does to who is on call.
type OverrideKind string

// The kinds. Replace hands every duty of Person, or of anybody who already
// stands in for Person, to By; it makes no coverage where there was none. Remove
// takes present holders away. Set is exactly People, and none of them is a
// deliberate pause.
const (
	Replace OverrideKind = "replace"
	Add     OverrideKind = "add"
	Remove  OverrideKind = "remove"
	Set     OverrideKind = "set"
)

// Override changes who is on call during [Start, End). Overrides and swaps apply
// in the order of Seq, so the last one created wins where two collide.
type Override struct {
	Seq        int // creation order among the rotation's overrides and swaps, from 1
	Kind       OverrideKind
	Person, By string   // Replace
	People     []string // Add, Remove, Set
	Layer      string   // layer ID: act inside that layer only; empty: on the result
	Start, End time.Time
	Reason     string
}

// SwapStatus is where the request for a [Swap] stands.
type SwapStatus string

// The states of a swap.
const (
	SwapOpen      SwapStatus = "open"
	SwapAccepted  SwapStatus = "accepted"
	SwapDeclined  SwapStatus = "declined"
	SwapExpired   SwapStatus = "expired"
	SwapCancelled SwapStatus = "cancelled"
)

// Swap hands Person's duty during [Start, End) to With and, for a trade, With's
// during [BackStart, BackEnd) to Person, both or neither. It counts only if it
// was accepted at or before the earlier start. Cancelling keeps what happened
// before CancelledAt.
type Swap struct {
	Seq                int // shared with the overrides
	Person, With       string
	Start, End         time.Time
	BackStart, BackEnd time.Time // zero when nothing is given back
	Status             SwapStatus
	AcceptedAt         time.Time
	CancelledAt        time.Time
}

// TimeOff is an absence.
type TimeOff struct {
	Person     string
	Start, End time.Time
}

// TimeOffPolicy is what an absence does. The zero value is flag: the schedule
// stays as it is and the conflict is reported. Skip: the next available person
// of the layer covers exactly the absence and later turns do not move.
type TimeOffPolicy string

// The policies for absences.
const (
	TimeOffFlag TimeOffPolicy = "flag"
	TimeOffSkip TimeOffPolicy = "skip"
)

// Shadow is somebody who is told with the person on call and never responsible.
type Shadow struct {
	Person     string
	Of         string // person ID; empty means the whole rotation
	Start, End time.Time
}

// begins is the first instant that a swap touches; consent after it is too late.
func (s Swap) begins() time.Time {
	if !s.BackStart.IsZero() && s.BackStart.Before(s.Start) {
		return s.BackStart
	}
	return s.Start
}

// Counts reports whether the swap was agreed in time, and from when it no longer
// holds (zero: to its end).
func (s Swap) Counts() (until time.Time, ok bool) {
	agreed := s.Status == SwapAccepted || s.Status == SwapCancelled
	if !agreed || s.With == "" || s.AcceptedAt.IsZero() || s.AcceptedAt.After(s.begins()) {
		return time.Time{}, false
	}
	if s.Status == SwapCancelled {
		return s.CancelledAt, !s.CancelledAt.IsZero()
	}
	return time.Time{}, true
}
