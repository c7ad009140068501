package rotation

import (
	"slices"
	"strings"
	"time"
)

// Timeline is who is on call in one rotation over a range, whoever worked it out: a
// roster, or another system.
type Timeline struct {
	Rotation string
	Segments []Segment // maximal, in order, gaps included
}

// Timelines returns the final schedules over [from, to), in the order of the roster.
func (r *Roster) Timelines(from, to time.Time) []Timeline {
	list := make([]Timeline, 0, len(r.Rotations))
	for i := range r.Rotations {
		x := &r.Rotations[i]
		list = append(list, Timeline{x.ID, x.Final(from, to)})
	}
	return list
}

// Under returns t with another timeline laid over it, as far as that reaches.
func (t Timeline) Under(over Timeline) Timeline {
	if len(t.Segments) == 0 || len(over.Segments) == 0 {
		return t
	}
	from, to := t.Segments[0].Start, t.Segments[len(t.Segments)-1].End
	first, last := over.Segments[0].Start, over.Segments[len(over.Segments)-1].End
	var list []Segment
	for _, s := range t.Segments {
		list = appendCut(list, s, from, first)
	}
	for _, s := range over.Segments {
		list = appendCut(list, s, from, to)
	}
	for _, s := range t.Segments {
		list = appendCut(list, s, last, to)
	}
	return Timeline{t.Rotation, list}
}

// appendCut appends what of s lies between two instants.
func appendCut(list []Segment, s Segment, from, to time.Time) []Segment {
	if s.Start, s.End = later(s.Start, from), earlier(s.End, to); s.Start.Before(s.End) {
		return appendSegment(list, s)
	}
	return list
}

// Comparison is where two sets of schedules, an old and a new one, put different
// people on call.
type Comparison struct {
	Rotations        []Compared // those on both sides, in the order of the new
	OnlyOld, OnlyNew []string   // IDs of those on one side
}

// Compared is one rotation that both sides have.
type Compared struct {
	Rotation  string
	Stretches []ShiftChange // the longest in which neither side changes, over the time that both cover
}

// Differs reports whether other people are on call afterwards than before.
func (c ShiftChange) Differs() bool { return !slices.Equal(c.Before, c.After) }

// Changes are the stretches in which the two sides differ.
func (c Compared) Changes() []ShiftChange {
	return slices.DeleteFunc(slices.Clone(c.Stretches), func(s ShiftChange) bool { return !s.Differs() })
}

// Time is how much was compared, and how much of it differs.
func (c Compared) Time() (all, different time.Duration) {
	for _, s := range c.Stretches {
		all += s.End.Sub(s.Start)
		if s.Differs() {
			different += s.End.Sub(s.Start)
		}
	}
	return all, different
}

// Compare lays two sets of schedules beside each other, rotation by rotation, over
// the time that both cover. People of the old one who have another ID in the new one
// are in same.
func Compare(old, new []Timeline, same map[string]string) Comparison {
	var c Comparison
	for _, o := range old {
		if timelineOf(new, o.Rotation) == nil {
			c.OnlyOld = append(c.OnlyOld, o.Rotation)
		}
	}
	for _, n := range new {
		o := timelineOf(old, n.Rotation)
		if o == nil {
			c.OnlyNew = append(c.OnlyNew, n.Rotation)
			continue
		}
		c.Rotations = append(c.Rotations, compared(n.Rotation, renamed(o.Segments, same), n.Segments))
	}
	return c
}

func timelineOf(list []Timeline, id string) *Timeline {
	if i := slices.IndexFunc(list, func(t Timeline) bool { return t.Rotation == id }); i >= 0 {
		return &list[i]
	}
	return nil
}

func compared(id string, old, new []Segment) Compared {
	c := Compared{id, beside(old, new)}
	for i := range c.Stretches {
		c.Stretches[i].Rotation = id
	}
	return c
}

// renamed are segments with other IDs of the same people.
func renamed(list []Segment, same map[string]string) []Segment {
	list = slices.Clone(list)
	for i := range list {
		people := slices.Clone(list[i].People)
		for k, id := range people {
			if other, ok := same[id]; ok {
				people[k] = other
			}
		}
		slices.Sort(people)
		list[i].People = slices.Compact(people)
	}
	return list
}

// SamePeople are the people of the old roster who have another ID in the new one: the
// mail address tells.
func SamePeople(old, new *Roster) map[string]string {
	ids := make(map[string]string, len(new.People))
	for i := range new.People {
		if p := &new.People[i]; p.Email != "" {
			ids[strings.ToLower(p.Email)] = p.ID
		}
	}
	same := make(map[string]string)
	for i := range old.People {
		p := &old.People[i]
		if id, ok := ids[strings.ToLower(p.Email)]; ok && id != p.ID {
			same[p.ID] = id
		}
	}
	return same
}
