package rotation

import (
	"fmt"
	"slices"
	"time"
)

// Change is a roster after somebody's act, with what they should be told.
type Change struct {
	Roster   *Roster
	Rotation string
	Seq      int      // of the override or swap concerned; 0 where none is
	Warnings []string // whole sentences; the act counts all the same
}

// The acts below leave the receiver as it is. Their error is a [Problem] without
// a file: what is wrong and what to do, in words for whoever acted. Instants are
// cut to the second. Nothing before now is changed by any of them.

// WithOverride adds an override that ends after now; one that began earlier begins
// now. Its number is given here.
func (r *Roster) WithOverride(rotation string, o Override, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	o.Start, o.End = later(o.Start.UTC().Truncate(time.Second), now), o.End.UTC().Truncate(time.Second)
	if err := r.checkOverride(x, o, now); err != nil {
		return Change{}, err
	}
	o.Seq = x.lastSeq() + 1
	x.Overrides = append(x.Overrides, o)
	c, err := r.with(x)
	if err != nil {
		return Change{}, err
	}
	c.Seq = o.Seq
	c.Warnings = r.effects(x, o, now)
	return c, nil
}

func (r *Roster) checkOverride(x *Rotation, o Override, now time.Time) error {
	entry := "override in " + x.ID
	names := slices.Concat(o.People, nonEmpty(o.Person, o.By))
	switch {
	case !o.End.After(now):
		return Problem{Entry: entry, Message: "it is over already", Hint: "choose an end that is still ahead"}
	case !o.End.After(o.Start):
		return Problem{Entry: entry, Message: "its end is not after its start", Hint: "swap them, or correct the one that is wrong"}
	case o.Kind == Replace && (o.Person == "" || o.By == ""):
		return Problem{Entry: entry, Message: "it does not say whose duty goes to whom", Hint: "choose both people"}
	case o.Kind == Replace && o.Person == o.By:
		return Problem{Entry: entry, Message: r.name(o.Person) + " cannot stand in for themselves", Hint: "choose somebody else"}
	case (o.Kind == Add || o.Kind == Remove) && len(o.People) == 0:
		return Problem{Entry: entry, Message: "it names nobody", Hint: "choose somebody"}
	case !slices.Contains([]OverrideKind{Replace, Add, Remove, Set}, o.Kind):
		return Problem{Entry: entry, Message: fmt.Sprintf("there is no kind of override called %q", o.Kind), Hint: "use replace, add, remove or set"}
	case o.Layer != "" && !slices.ContainsFunc(x.Layers, func(l Layer) bool { return l.ID == o.Layer }):
		return Problem{Entry: entry, Message: fmt.Sprintf("there is no layer called %q", o.Layer), Hint: "leave the layer out to act on the whole rotation"}
	}
	return r.known(entry, names)
}

func nonEmpty(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// known refuses people whom the roster does not have.
func (r *Roster) known(entry string, names []string) error {
	for _, id := range names {
		if _, ok := r.Person(id); !ok {
			return Problem{Entry: entry, Message: fmt.Sprintf("nobody called %q is in the roster", id), Hint: "add them to people, or correct the name"}
		}
	}
	return nil
}

// effects tells whoever made an override what it does not do, or does besides.
func (r *Roster) effects(x *Rotation, o Override, now time.Time) []string {
	old, _ := r.Rotation(x.ID)
	before, after := old.Final(o.Start, o.End), x.Final(o.Start, o.End)
	changes := differences(before, after)
	var out []string
	if len(changes) == 0 {
		out = append(out, "It changes nothing: the same people are on call "+x.stretch(o.Start, o.End, now)+".")
	}
	for _, d := range changes {
		if len(d.After) == 0 {
			out = append(out, "Nobody would be on call "+x.stretch(d.Start, d.End, now)+".")
		}
		if o.Kind == Replace && slices.Contains(d.Before, o.By) {
			out = append(out, r.name(o.By)+" is on call "+x.stretch(d.Start, d.End, now)+" already, so one person fewer would be.")
		}
	}
	for _, e := range old.Overrides {
		if o.Kind == Replace && e.Kind == Replace && e.Person == o.By && e.Start.Before(o.End) && o.Start.Before(e.End) {
			out = append(out, fmt.Sprintf("An earlier override hands the duty of %s to %s; it does not reach this newer one.", r.name(o.By), r.name(e.By)))
		}
	}
	for _, id := range slices.Concat(o.People, nonEmpty(o.By)) {
		if o.Kind != Remove {
			out = append(out, r.absence(x, id, Stretch{o.Start, o.End}, now)...)
		}
	}
	return out
}

// absence says when a person is away during s.
func (r *Roster) absence(x *Rotation, id string, s Stretch, now time.Time) []string {
	for i := range r.Rotations {
		for _, a := range r.Rotations[i].TimeOff {
			if a.Person == id && a.Start.Before(s.End) && s.Start.Before(a.End) {
				return []string{r.name(id) + " is away " + x.stretch(a.Start, a.End, now) + "."}
			}
		}
	}
	return nil
}

// EndOverride takes back what is still ahead of an override: one that runs ends
// now and stays on record, one that has not begun disappears.
func (r *Roster) EndOverride(rotation string, seq int, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	x, err := r.draft(rotation)
	if err != nil {
		return Change{}, err
	}
	i := slices.IndexFunc(x.Overrides, func(o Override) bool { return o.Seq == seq })
	if i < 0 {
		return Change{}, Problem{Entry: "override in " + x.ID, Message: fmt.Sprintf("there is no override %d any more", seq), Hint: "look at what is there now"}
	}
	o := &x.Overrides[i]
	switch {
	case !o.End.After(now):
		return Change{}, Problem{Entry: "override in " + x.ID, Message: "it ended " + x.stamp(o.End, now), Hint: "nothing is left to take back"}
	case o.Start.Before(now):
		o.End = now
	default:
		x.Overrides = slices.Delete(x.Overrides, i, i+1)
	}
	c, err := r.with(x)
	c.Seq = seq
	return c, err
}

// WithTimeOff records an absence in every rotation that mentions the person, and
// warns of each time that they are on call in it all the same, or that nobody is.
func (r *Roster) WithTimeOff(a TimeOff, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	a.Start, a.End = later(a.Start.UTC().Truncate(time.Second), now), a.End.UTC().Truncate(time.Second)
	if err := r.known("time off", []string{a.Person}); err != nil {
		return Change{}, err
	}
	if !a.End.After(a.Start) {
		return Change{}, Problem{Entry: "time off", Message: "it is over already, or ends before it starts", Hint: "choose an end after the start"}
	}
	c := Change{Roster: r}
	for i := range r.Rotations {
		if !slices.Contains(r.Rotations[i].names(), a.Person) {
			continue
		}
		x, err := c.Roster.draft(r.Rotations[i].ID)
		if err != nil {
			return Change{}, err
		}
		x.TimeOff = append(x.TimeOff, a)
		next, err := c.Roster.with(x)
		if err != nil {
			return Change{}, err
		}
		c.Roster = next.Roster
		for _, f := range x.awayFindings("", a.Start, a.End, r.name) {
			c.Warnings = append(c.Warnings, f.Message+" in "+x.ID+".")
		}
		for _, d := range differences(r.Rotations[i].Final(a.Start, a.End), x.Final(a.Start, a.End)) {
			if len(d.After) == 0 {
				c.Warnings = append(c.Warnings, "Nobody would be on call in "+x.ID+" "+x.stretch(d.Start, d.End, now)+".")
			}
		}
	}
	if c.Roster == r {
		return Change{}, Problem{Entry: "time off", Message: r.name(a.Person) + " is in no rotation", Hint: "nothing needs to be recorded"}
	}
	c.Warnings = slices.Compact(c.Warnings)
	return c, nil
}

// WithoutTimeOff takes back what is still ahead of an absence, in every rotation.
func (r *Roster) WithoutTimeOff(a TimeOff, now time.Time) (Change, error) {
	now = now.UTC().Truncate(time.Second)
	c := Change{Roster: r}
	for i := range r.Rotations {
		match := func(t TimeOff) bool {
			return t.Person == a.Person && t.Start.Equal(a.Start) && t.End.Equal(a.End) && t.End.After(now)
		}
		if !slices.ContainsFunc(r.Rotations[i].TimeOff, match) {
			continue
		}
		x, err := c.Roster.draft(r.Rotations[i].ID)
		if err != nil {
			return Change{}, err
		}
		for k := range x.TimeOff {
			if match(x.TimeOff[k]) {
				x.TimeOff[k].End = later(now, x.TimeOff[k].Start)
			}
		}
		x.TimeOff = slices.DeleteFunc(x.TimeOff, func(t TimeOff) bool { return !t.End.After(t.Start) })
		next, err := c.Roster.with(x)
		if err != nil {
			return Change{}, err
		}
		c.Roster = next.Roster
	}
	if c.Roster == r {
		return Change{}, Problem{Entry: "time off", Message: "there is no such absence ahead any more", Hint: "look at what is there now"}
	}
	return c, nil
}

// draft is a copy of a rotation whose lists of acts may be changed.
func (r *Roster) draft(rotation string) (*Rotation, error) {
	old, ok := r.Rotation(rotation)
	if !ok {
		return nil, Problem{Entry: "rotation " + rotation, Message: "there is no rotation of that name", Hint: "look at the list of rotations"}
	}
	x := *old
	x.number()
	x.Overrides, x.Swaps, x.TimeOff = slices.Clone(x.Overrides), slices.Clone(x.Swaps), slices.Clone(x.TimeOff)
	x.built = nil
	return &x, nil
}

// with is the roster with x in the place of the rotation of its name. Everything
// else is shared with r.
func (r *Roster) with(x *Rotation) (Change, error) {
	next := *r
	next.Rotations = slices.Clone(r.Rotations)
	i := slices.IndexFunc(next.Rotations, func(o Rotation) bool { return o.ID == x.ID })
	c, err := compile(x, r.zones())
	if err != nil {
		return Change{}, Problem{Entry: "rotation " + x.ID, Message: err.Error(), Hint: "correct the time zone in the roster"}
	}
	x.built = c
	next.Rotations[i] = *x
	return Change{Roster: &next, Rotation: x.ID}, nil
}

// zones is the roster's atlas, which holds every zone it names, or a new one for
// a roster written as a literal.
func (r *Roster) zones() atlas {
	if r.index == nil {
		return atlas{}
	}
	return r.index.zones
}
