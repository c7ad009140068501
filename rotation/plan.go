package rotation

import (
	"fmt"
	"slices"
	"time"
)

// Horizons of a plan: who is on call differently is said for a quarter, gaps for
// thirteen months, so that both changes of the clocks lie within.
const (
	planDays   = 90
	planMonths = 13
)

// PlanReport is what applying a roster would change.
type PlanReport struct {
	Entries  []EntryChange
	Now      []NowChange   // who would be on call otherwise at once
	Shifts   []ShiftChange // at most 90 days ahead
	Gaps     []NewGap      // at most 13 months ahead
	Warnings Problems      // of the new roster

	old, new *Roster
	now      time.Time
}

// EntryChange is an entry of the roster that was added, removed or changed.
type EntryChange struct {
	Kind, ID string // as in rotation, payments-primary
	Change   string // added, removed or changed
}

// ShiftChange is a stretch during which other people would be on call.
type ShiftChange struct {
	Rotation      string
	Start, End    time.Time
	Before, After []string
}

// NewGap is a stretch during which somebody was on call and nobody would be.
type NewGap struct {
	Rotation   string
	Start, End time.Time
}

// Plan compares two rosters from now on. Nothing before now is looked at: the
// past does not change. An empty old roster is allowed.
func Plan(old, new *Roster, now time.Time) PlanReport {
	now = now.Truncate(time.Second)
	p := PlanReport{Warnings: new.Warnings(), old: old, new: new, now: now}
	p.Entries = slices.Concat(
		changes(kind[Person]{"person", func(x *Person) string { return x.ID }, (*writer).person}, old.People, new.People),
		changes(kind[Team]{"team", func(x *Team) string { return x.ID }, (*writer).team}, old.Teams, new.Teams),
		changes(kind[Rotation]{"rotation", func(x *Rotation) string { return x.ID }, (*writer).rotation}, old.Rotations, new.Rotations),
		changes(kind[Policy]{"policy", func(x *Policy) string { return x.ID }, (*writer).policy}, old.Policies, new.Policies),
		changes(kind[Service]{"service", func(x *Service) string { return x.ID }, (*writer).service}, old.Services, new.Services),
		changes(kind[Agreement]{"agreement", func(x *Agreement) string { return x.ID }, (*writer).agreement}, old.Agreements, new.Agreements),
	)
	if old.Defaults != new.Defaults {
		p.Entries = append(p.Entries, EntryChange{Kind: "defaults", Change: "changed"})
	}
	p.Entries = append(p.Entries, alertChanges(old, new)...)
	for _, e := range p.Entries {
		if e.Kind == "rotation" {
			p.compare(e.ID)
		}
	}
	return p
}

// kind is what [Plan] needs to know of a kind of entry.
type kind[T any] struct {
	name  string
	id    func(*T) string
	write func(*writer, *T)
}

// text is what [Roster.Export] writes for x.
func (k kind[T]) text(x *T) string {
	w := writer{first: true}
	k.write(&w, x)
	return w.b.String()
}

// changes compares two lists of entries.
func changes[T any](k kind[T], old, new []T) []EntryChange {
	before := make(map[string]string, len(old))
	for i := range old {
		before[k.id(&old[i])] = k.text(&old[i])
	}
	var list []EntryChange
	for i := range new {
		id := k.id(&new[i])
		s, known := before[id]
		switch {
		case !known:
			list = append(list, EntryChange{k.name, id, "added"})
		case s != k.text(&new[i]):
			list = append(list, EntryChange{k.name, id, "changed"})
		}
		delete(before, id)
	}
	for i := range old {
		if _, gone := before[k.id(&old[i])]; gone {
			list = append(list, EntryChange{k.name, k.id(&old[i]), "removed"})
		}
	}
	return list
}

// compare looks at who would be on call differently in one rotation.
func (p *PlanReport) compare(id string) {
	end := p.now.AddDate(0, planMonths, 0)
	soon := p.now.AddDate(0, 0, planDays)
	var before, after []Segment
	a, known := p.old.Rotation(id)
	b, kept := p.new.Rotation(id)
	if known {
		before = a.Final(p.now, end)
	} else {
		before = []Segment{{Start: p.now.UTC(), End: end.UTC()}}
	}
	if !kept {
		return
	}
	if known {
		p.nowChange(a, b)
	}
	after = b.Final(p.now, end)
	for _, d := range differences(before, after) {
		d.Rotation = id
		if d.Start.Before(soon) && known {
			p.Shifts = append(p.Shifts, d)
		}
		if len(d.After) == 0 {
			p.gap(NewGap{id, d.Start, d.End})
		}
	}
	if !known {
		for _, g := range b.Gaps(p.now, end) {
			p.Gaps = append(p.Gaps, NewGap{id, g.Start, g.End})
		}
	}
}

// gap adds g, joined with the one before where they touch.
func (p *PlanReport) gap(g NewGap) {
	n := len(p.Gaps) - 1
	if n >= 0 && p.Gaps[n].Rotation == g.Rotation && p.Gaps[n].End.Equal(g.Start) {
		p.Gaps[n].End = g.End
		return
	}
	p.Gaps = append(p.Gaps, g)
}

// when is the stretch in words, left open where it reaches the horizon.
func (p PlanReport) when(x *Rotation, start, end time.Time) string {
	if end.Equal(p.now.AddDate(0, planMonths, 0)) {
		return "from " + x.stamp(start, p.now) + " on"
	}
	return x.stretch(start, end, p.now)
}

// differences are the stretches in which two schedules over the same range name
// other people, neighbours of the same difference joined.
func differences(before, after []Segment) []ShiftChange {
	return slices.DeleteFunc(beside(before, after), func(c ShiftChange) bool { return !c.Differs() })
}

// beside lays two schedules over each other: the longest stretches in which neither
// changes, over the time that both cover.
func beside(before, after []Segment) []ShiftChange {
	var list []ShiftChange
	for i, j := 0, 0; i < len(before) && j < len(after); {
		a, b := before[i], after[j]
		if start, end := later(a.Start, b.Start), earlier(a.End, b.End); start.Before(end) {
			n := len(list) - 1
			joined := n >= 0 && list[n].End.Equal(start) && slices.Equal(list[n].Before, a.People) && slices.Equal(list[n].After, b.People)
			if joined {
				list[n].End = end
			} else {
				list = append(list, ShiftChange{Start: start, End: end, Before: a.People, After: b.People})
			}
		}
		if !a.End.After(b.End) {
			i++
		}
		if !b.End.After(a.End) {
			j++
		}
	}
	return list
}

// Empty reports whether nothing would change.
func (p PlanReport) Empty() bool { return len(p.Entries) == 0 }

// few is how many lines of one kind a rotation gets before they are summed up.
const few = 5

// Lines returns the plan in words, one line for each thing: who would be on call
// otherwise at once, entries, who would be on call differently, new gaps, warnings.
func (p PlanReport) Lines() []string {
	if p.Empty() {
		return []string{"nothing would change"}
	}
	lines := p.nowLines()
	for _, e := range p.Entries {
		lines = append(lines, p.line(e))
	}
	for _, e := range p.Entries {
		if e.Kind == "rotation" {
			lines = append(lines, p.shiftLines(e.ID)...)
			lines = append(lines, p.gapLines(e.ID)...)
		}
	}
	for _, w := range p.Warnings {
		lines = append(lines, "warning: "+w.Error())
	}
	return lines
}

func (p PlanReport) shiftLines(id string) []string {
	x, ok := p.new.Rotation(id)
	if !ok {
		return nil
	}
	var lines []string
	more := 0
	for _, s := range p.Shifts {
		if s.Rotation != id {
			continue
		}
		if len(lines) == few {
			more++
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s instead of %s in %s", p.when(x, s.Start, s.End), p.new.namesText(s.After), p.old.namesText(s.Before), id))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %s in %s within %d days", counted(more, "more change"), id, planDays))
	}
	return lines
}

func (p PlanReport) gapLines(id string) []string {
	x, ok := p.new.Rotation(id)
	if !ok {
		return nil
	}
	var lines []string
	var rest time.Duration
	more := 0
	for _, g := range p.Gaps {
		if g.Rotation != id {
			continue
		}
		if len(lines) == few {
			more++
			rest += g.End.Sub(g.Start)
			continue
		}
		lines = append(lines, fmt.Sprintf("new gap: nobody is on call in %s %s", id, p.when(x, g.Start, g.End)))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %s in %s within %d months, %s in all", counted(more, "more new gap"), id, planMonths, hoursText(rest)))
	}
	return lines
}

// counted says how many there are of what has an s where there are several.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
