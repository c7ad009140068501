package rotation

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// WithSwap asks for a swap. What is given away must be ahead and be the person's
// duty, and for a trade the same holds the other way round. An empty With asks
// everybody. Its number is given here.
func (r *Roster) WithSwap(rotation string, s Swap, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	for _, t := range []*time.Time{&s.Start, &s.End, &s.BackStart, &s.BackEnd} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Second)
		}
	}
	if err := r.checkSwap(x, s, now); err != nil {
		return Change{}, err
	}
	s.Seq, s.Status = x.lastSeq()+1, SwapOpen
	s.AcceptedAt, s.CancelledAt = time.Time{}, time.Time{}
	x.Swaps = append(x.Swaps, s)
	c, err := r.with(x)
	c.Seq = s.Seq
	if s.With != "" {
		c.Warnings = r.standInWarnings(x, s.With, Stretch{s.Start, s.End}, now)
	}
	return c, err
}

func (r *Roster) checkSwap(x *Rotation, s Swap, now time.Time) error {
	entry := "swap in " + x.ID
	trade := !s.BackStart.IsZero() || !s.BackEnd.IsZero()
	if err := r.known(entry, append([]string{s.Person}, nonEmpty(s.With)...)); err != nil {
		return err
	}
	switch {
	case s.Person == s.With:
		return Problem{Entry: entry, Message: r.name(s.Person) + " cannot swap with themselves", Hint: "choose somebody else"}
	case !s.End.After(s.Start) || trade && !s.BackEnd.After(s.BackStart):
		return Problem{Entry: entry, Message: "an end is not after its start", Hint: "correct the times"}
	case !s.begins().After(now):
		return Problem{Entry: entry, Message: "it has begun already, so nobody could agree in time", Hint: "use an override for what is left of it"}
	case trade && s.With == "":
		return Problem{Entry: entry, Message: "a trade needs the other person", Hint: "choose whose shift is taken in return"}
	case trade && s.Start.Before(s.BackEnd) && s.BackStart.Before(s.End):
		return Problem{Entry: entry, Message: "the two halves of the trade overlap", Hint: "take another time in return"}
	}
	if err := r.mustServe(x, s.Person, Stretch{s.Start, s.End}, now); err != nil {
		return err
	}
	if trade {
		if err := r.mustServe(x, s.With, Stretch{s.BackStart, s.BackEnd}, now); err != nil {
			return err
		}
	}
	for _, other := range x.Swaps {
		if other.Person == s.Person && other.pending() && other.Start.Before(s.End) && s.Start.Before(other.End) && other.End.After(now) {
			return Problem{Entry: entry, Message: "part of that time is in another swap of " + r.name(s.Person) + " already, " + x.stretch(other.Start, other.End, now), Hint: "cancel that one first"}
		}
	}
	return nil
}

// mustServe refuses to give away what somebody does not have.
func (r *Roster) mustServe(x *Rotation, person string, s Stretch, now time.Time) error {
	for _, f := range x.Final(s.Start, s.End) {
		if slices.Contains(f.People, person) {
			return nil
		}
	}
	return Problem{Entry: "swap in " + x.ID, Message: r.name(person) + " is not on call there " + x.stretch(s.Start, s.End, now), Hint: "choose a time in which they are"}
}

// standInWarnings says what speaks against somebody taking over during s.
func (r *Roster) standInWarnings(x *Rotation, person string, s Stretch, now time.Time) []string {
	out := r.absence(x, person, s, now)
	for i := range r.Rotations {
		for _, f := range r.Rotations[i].Final(s.Start, s.End) {
			if slices.Contains(f.People, person) {
				out = append(out, fmt.Sprintf("%s is on call in %s too %s.", r.name(person), r.Rotations[i].ID, x.stretch(f.Start, f.End, now)))
				break
			}
		}
	}
	return out
}

// swap finds a swap in a draft.
func (x *Rotation) swap(seq int) (*Swap, error) {
	for i := range x.Swaps {
		if x.Swaps[i].Seq == seq {
			return &x.Swaps[i], nil
		}
	}
	return nil, Problem{Entry: "swap in " + x.ID, Message: fmt.Sprintf("there is no swap %d any more", seq), Hint: "look at what is there now"}
}

// answerable refuses an answer to a swap that is not open.
func (s *Swap) answerable(x *Rotation, now time.Time) error {
	switch {
	case s.Status != SwapOpen:
		return Problem{Entry: "swap in " + x.ID, Message: "it is " + string(s.Status) + " already", Hint: "nothing needs to be answered"}
	case now.After(s.begins()):
		return Problem{Entry: "swap in " + x.ID, Message: "it has expired: it began " + x.stamp(s.begins(), now), Hint: "use an override for what is left of it"}
	}
	return nil
}

// AcceptSwap is by's consent. It must come at or before the start, from the person
// asked, or from anybody but the one who asks where everybody was. It is allowed,
// with a warning, for somebody who is on call at that time or away.
func (r *Roster) AcceptSwap(rotation string, seq int, by string, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	s, err := x.swap(seq)
	if err != nil {
		return Change{}, err
	}
	if err := s.answerable(x, now); err != nil {
		return Change{}, err
	}
	entry := "swap in " + x.ID
	if err := r.known(entry, []string{by}); err != nil {
		return Change{}, err
	}
	switch {
	case by == s.Person:
		return Change{}, Problem{Entry: entry, Message: "whoever asks cannot accept", Hint: "somebody else has to"}
	case s.With != "" && by != s.With:
		return Change{}, Problem{Entry: entry, Message: "it was offered to " + r.name(s.With), Hint: "they have to accept, or " + r.name(s.Person) + " asks everybody"}
	}
	warnings := r.standInWarnings(x, by, Stretch{s.Start, s.End}, now)
	s.With, s.Status, s.AcceptedAt = by, SwapAccepted, now
	c, err := r.with(x)
	c.Seq, c.Warnings = seq, warnings
	return c, err
}

// DeclineSwap is the answer no of the person asked.
func (r *Roster) DeclineSwap(rotation string, seq int, by string, now time.Time) (Change, error) {
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	s, err := x.swap(seq)
	if err != nil {
		return Change{}, err
	}
	if err := s.answerable(x, now); err != nil {
		return Change{}, err
	}
	if by != s.With {
		return Change{}, Problem{Entry: "swap in " + x.ID, Message: "only the person asked can decline", Hint: "leave it open for the others"}
	}
	s.Status = SwapDeclined
	c, err := r.with(x)
	c.Seq = seq
	return c, err
}

// CancelSwap takes a swap back, by either of the two. What happened before now
// stays; the duty returns for the rest.
func (r *Roster) CancelSwap(rotation string, seq int, by string, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	s, err := x.swap(seq)
	if err != nil {
		return Change{}, err
	}
	entry := "swap in " + x.ID
	_, counts := s.Counts()
	switch {
	case s.Status != SwapOpen && !(s.Status == SwapAccepted && counts):
		return Change{}, Problem{Entry: entry, Message: "it is " + string(s.Status) + " already", Hint: "nothing is left to take back"}
	case by != s.Person && by != s.With:
		return Change{}, Problem{Entry: entry, Message: "only " + r.namesText(append([]string{s.Person}, nonEmpty(s.With)...)) + " can cancel it", Hint: "ask them"}
	case s.Status == SwapAccepted && !now.Before(later(s.End, s.BackEnd)):
		return Change{}, Problem{Entry: entry, Message: "it is over", Hint: "nothing is left to take back"}
	}
	s.Status, s.CancelledAt = SwapCancelled, now
	c, err := r.with(x)
	c.Seq = seq
	return c, err
}

// ExpireSwaps marks the open swaps that have begun, and reports whether there was
// one; r itself comes back where there was none.
func (r *Roster) ExpireSwaps(now time.Time) (*Roster, bool) {
	out := r
	for i := range r.Rotations {
		late := func(s Swap) bool { return s.Status == SwapOpen && now.After(s.begins()) }
		if !slices.ContainsFunc(r.Rotations[i].Swaps, late) {
			continue
		}
		x, err := out.draft(r.Rotations[i].ID)
		if err != nil {
			continue
		}
		for k := range x.Swaps {
			if late(x.Swaps[k]) {
				x.Swaps[k].Status = SwapExpired
			}
		}
		if c, err := out.with(x); err == nil {
			out = c.Roster
		}
	}
	return out, out != r
}

// remindBefore is when people hear again of a swap that nobody has taken.
var remindBefore = [...]time.Duration{
	28 * 24 * time.Hour, 21 * 24 * time.Hour, 14 * 24 * time.Hour, 7 * 24 * time.Hour,
	3 * 24 * time.Hour, 2 * 24 * time.Hour, 24 * time.Hour, 12 * time.Hour,
}

// NextReminder returns the next instant after now to remind of an open swap, and
// false where none is left.
func (s Swap) NextReminder(now time.Time) (time.Time, bool) {
	if s.Status != SwapOpen {
		return time.Time{}, false
	}
	for _, d := range remindBefore {
		if at := s.begins().Add(-d); at.After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// CouldCover lists who could take a rotation over during s: its people and its
// team, without those on call in any rotation or away then. The least loaded come
// first; among equals, whoever has the longest time to their nearest own shift.
func (r *Roster) CouldCover(rotation string, s Stretch, load map[string]float64) []string {
	x, ok := r.Rotation(rotation)
	if !ok {
		return nil
	}
	names := x.listed()
	if t, ok := r.Team(x.Team); ok {
		names = append(names, t.Members...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(id string) bool {
		return len(r.standInWarnings(x, id, s, s.Start)) > 0
	})
	distance := make(map[string]time.Duration, len(names))
	for _, id := range names {
		distance[id] = r.distance(id, s)
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(load[a], load[b]), cmp.Compare(distance[b], distance[a]))
	})
	return names
}

// listed is everybody in the latest lists of the rotation's layers.
func (r *Rotation) listed() []string {
	c := r.compiled()
	var names []string
	for i := range c.layers {
		v := c.layers[i].versions
		for _, s := range v[len(v)-1].slots {
			names = append(names, c.strings(s)...)
		}
	}
	return names
}

// near is how far around a stretch own shifts are looked for.
const near = 21 * 24 * time.Hour

// distance is the time between s and the person's nearest shift in any rotation.
func (r *Roster) distance(person string, s Stretch) time.Duration {
	least := near
	for i := range r.Rotations {
		for _, f := range r.Rotations[i].Final(s.Start.Add(-near), s.End.Add(near)) {
			if !slices.Contains(f.People, person) {
				continue
			}
			least = min(least, max(s.Start.Sub(f.End), f.Start.Sub(s.End)))
		}
	}
	return least
}
