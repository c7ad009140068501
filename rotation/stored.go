package rotation

import (
	"slices"
	"time"
)

// ParseStored reads a roster that was accepted once and is in force, or was. It may
// have been written for an earlier version, which refused less, and people are on
// call by it all the same. So what [Parse] refuses is a problem of the roster that
// comes back, and not an error: what is wrong about a name or a target stays as it
// is written, a value that cannot be read counts as not said, and only an entry of
// which nothing can be computed is left out. The error is for a text that is no
// roster at all.
func ParseStored(name string, data []byte) (*Roster, error) {
	r, roster := read(name, data)
	if roster == nil || r.shapeless {
		return nil, r.problems.tidy()
	}
	if len(r.problems) > 0 {
		roster.leaveOut()
	}
	return roster, r.build(roster)
}

// Problems are what [Parse] would refuse about a roster that [ParseStored] has read.
func (r *Roster) Problems() Problems { return r.lookups().problems }

// leaveOut removes what cannot be computed, all of which has been reported.
func (r *Roster) leaveOut() {
	r.People = named(r.People, func(p *Person) string { return p.ID })
	r.Teams = named(r.Teams, func(t *Team) string { return t.ID })
	r.Rotations = named(r.Rotations, func(x *Rotation) string { return x.ID })
	r.Policies = named(r.Policies, func(p *Policy) string { return p.ID })
	r.Services = named(r.Services, func(s *Service) string { return s.ID })
	r.Agreements = named(r.Agreements, func(a *Agreement) string { return a.ID })
	for i := range r.Rotations {
		r.Rotations[i].leaveOut()
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		p.SupportHours = usableHours(p.SupportHours)
		for k := range p.Steps {
			if s := &p.Steps[k]; usableHours(s.Hours) == nil {
				s.Hours, s.Outside = nil, ""
			}
		}
	}
	for i := range r.Agreements {
		r.Agreements[i].Coverage = usableHours(r.Agreements[i].Coverage)
	}
}

// named keeps the entries that have an ID, of several with the same one the first.
func named[T any](list []T, id func(*T) string) []T {
	seen := map[string]bool{"": true}
	return slices.DeleteFunc(list, func(x T) bool {
		s := id(&x)
		again := seen[s]
		seen[s] = true
		return again
	})
}

// usableHours is nil for hours that never begin: they would silence whatever has
// them.
func usableHours(c *Coverage) *Coverage {
	if c == nil || len(c.Days) == 0 || c.From == c.To {
		return nil
	}
	return c
}

func (x *Rotation) leaveOut() {
	x.Layers = named(x.Layers, func(l *Layer) string { return l.ID })
	x.Layers = slices.DeleteFunc(x.Layers, func(l Layer) bool { return !l.usable() })
	for i := range x.Layers {
		l := &x.Layers[i]
		l.Edits = slices.DeleteFunc(l.Edits, func(e Edit) bool {
			return e.At.IsZero() || e.Every.Unit == Windows && len(l.Windows) == 0 || e.People == nil && e.Every.Length == 0
		})
	}
	x.Overrides = slices.DeleteFunc(x.Overrides, func(o Override) bool { return !o.usable() })
	x.Swaps = slices.DeleteFunc(x.Swaps, func(s Swap) bool { return !s.usable() })
	x.TimeOff = slices.DeleteFunc(x.TimeOff, func(a TimeOff) bool { return a.Person == "" || !ordered(a.Start, a.End) })
	x.Shadows = slices.DeleteFunc(x.Shadows, func(s Shadow) bool { return s.Person == "" || !ordered(s.Start, s.End) })
	numbers := map[int]bool{}
	again := func(seq int) bool {
		taken := seq != 0 && numbers[seq]
		numbers[seq] = true
		return taken
	}
	x.Overrides = slices.DeleteFunc(x.Overrides, func(o Override) bool { return again(o.Seq) })
	x.Swaps = slices.DeleteFunc(x.Swaps, func(s Swap) bool { return again(s.Seq) })
}

// ordered reports whether both instants are said, and in their order.
func ordered(start, end time.Time) bool {
	return !start.IsZero() && end.After(start)
}

func (l *Layer) usable() bool {
	wide := slices.ContainsFunc(l.Windows, func(w Window) bool { return w.Span < 0 || w.Span > 366 })
	return l.Every.Length > 0 && !wide && (l.Every.Unit != Windows || len(l.Windows) > 0)
}

func (o *Override) usable() bool {
	switch o.Kind {
	case Replace:
		return o.Person != "" && o.By != "" && ordered(o.Start, o.End)
	case Add, Remove:
		return len(o.People) > 0 && ordered(o.Start, o.End)
	}
	return o.Kind == Set && ordered(o.Start, o.End)
}

func (s *Swap) usable() bool {
	switch {
	case s.Person == "" || s.Person == s.With || !ordered(s.Start, s.End):
		return false
	case !s.BackStart.IsZero() || !s.BackEnd.IsZero():
		return ordered(s.BackStart, s.BackEnd)
	}
	return s.Status != SwapAccepted || s.With != "" && !s.AcceptedAt.IsZero()
}
