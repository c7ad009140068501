package rotation

import (
	"fmt"
	"slices"
	"time"
)

// FindingKind says what a [Finding] is about.
type FindingKind string

// The kinds of findings.
const (
	FindGap         FindingKind = "gap"          // nobody is on call for a while
	FindClockChange FindingKind = "clock change" // a hand-over in an hour that is skipped or repeated
	FindJuniors     FindingKind = "juniors"      // a time at which a policy asks juniors alone
	FindUnreachable FindingKind = "unreachable"  // somebody without any way to be reached
	FindUnused      FindingKind = "unused"       // a rotation that no policy asks
	FindAway        FindingKind = "away"         // somebody on call during an absence
	FindElapsed     FindingKind = "elapsed"      // hand-overs that wander around the clock
)

// Finding is something in a valid roster that somebody should look at.
type Finding struct {
	Kind    FindingKind
	Entry   string    // as in "rotation payments-primary"
	At      time.Time // when it first matters; zero where it always does
	Message string
	Hint    string // what could be done; may be empty
}

// String returns the finding as one line.
func (f Finding) String() string {
	s := f.Entry + ": " + f.Message
	if f.Hint != "" {
		s += "; " + f.Hint
	}
	return s
}

// Findings looks at the schedule over [from, to) and at what holds regardless of
// time, in the order of the roster. Nothing before from is reported.
func (r *Roster) Findings(from, to time.Time) []Finding {
	var list []Finding
	used := r.usedRotations()
	for i := range r.Rotations {
		x := &r.Rotations[i]
		entry := "rotation " + x.ID
		if !used[x.ID] {
			list = append(list, Finding{Kind: FindUnused, Entry: entry, Message: "no policy asks it, so it pages nobody", Hint: "add rotation:" + x.ID + " to a step of a policy"})
		}
		list = append(list, x.gapFindings(entry, from, to)...)
		list = append(list, x.clockFindings(entry, from, to)...)
		list = append(list, x.awayFindings(entry, from, to, r.name)...)
		list = append(list, r.listFindings(x, entry)...)
	}
	return append(append(list, r.juniorFindings(from, to)...), r.unreachable()...)
}

// name is what people call the person.
func (r *Roster) name(id string) string {
	if p, ok := r.Person(id); ok && p.Name != "" {
		return p.Name
	}
	return id
}

func (r *Roster) usedRotations() map[string]bool {
	used := make(map[string]bool)
	note := func(targets []Target) {
		for _, t := range targets {
			if t.Kind == TargetRotation {
				used[t.ID] = true
			}
		}
	}
	for i := range r.Policies {
		note(r.Policies[i].LastResort)
		for _, s := range r.Policies[i].Steps {
			note(s.Notify)
		}
	}
	return used
}

// unreachable lists people who can be paged but not reached.
func (r *Roster) unreachable() []Finding {
	paged := r.paged()
	var list []Finding
	for i := range r.People {
		p := &r.People[i]
		if paged[p.ID] && p.Slack == "" && p.Email == "" && p.Phone == "" {
			list = append(list, Finding{Kind: FindUnreachable, Entry: "person " + p.ID, Message: p.Name + " can be on call but has no way to be reached", Hint: "add slack, email or phone"})
		}
	}
	return list
}

// paged is everybody whom a rotation, team or policy may page.
func (r *Roster) paged() map[string]bool {
	paged := make(map[string]bool)
	note := func(targets []Target) {
		for _, t := range targets {
			if t.Kind == TargetPerson {
				paged[t.ID] = true
			}
			if team, ok := r.Team(t.ID); ok && t.Kind == TargetTeam {
				for _, m := range team.Members {
					paged[m] = true
				}
			}
		}
	}
	for i := range r.Rotations {
		for _, name := range r.Rotations[i].names() {
			paged[name] = true
		}
	}
	for i := range r.Policies {
		note(r.Policies[i].LastResort)
		for _, s := range r.Policies[i].Steps {
			note(s.Notify)
		}
	}
	return paged
}

// gapFindings sums the gaps up, since office hours have one every night.
func (r *Rotation) gapFindings(entry string, from, to time.Time) []Finding {
	gaps := r.Gaps(from, to)
	if len(gaps) == 0 {
		return nil
	}
	f := Finding{Kind: FindGap, Entry: entry, At: gaps[0].Start, Message: "nobody is on call " + r.stretch(gaps[0].Start, gaps[0].End, from)}
	if len(gaps) > 1 {
		f.Message += fmt.Sprintf(" and %s, %s in all", counted(len(gaps)-1, "more time"), hoursText(length(gaps)))
	}
	return []Finding{f}
}

func length(list []Segment) time.Duration {
	var d time.Duration
	for _, s := range list {
		d += s.End.Sub(s.Start)
	}
	return d
}

// hoursText is a length in hours and minutes.
func hoursText(d time.Duration) string {
	h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}

// location is the rotation's zone, UTC where it is unknown.
func (r *Rotation) location() *time.Location {
	loc, err := loadZone(r.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// stamp writes t as people in the rotation's zone say it, with the year where it
// is not the year of now.
func (r *Rotation) stamp(t, now time.Time) string {
	loc := r.location()
	t, now = t.In(loc), now.In(loc)
	if t.Year() != now.Year() {
		return t.Format("Mon 2 Jan 2006 15:04")
	}
	return t.Format("Mon 2 Jan 15:04")
}

func (r *Rotation) stretch(from, to, now time.Time) string {
	return "from " + r.stamp(from, now) + " to " + r.stamp(to, now)
}

// clockFindings lists the generated local times in [from, to) that fall into an
// hour that the clocks skip or repeat.
func (r *Rotation) clockFindings(entry string, from, to time.Time) []Finding {
	c := r.compiled()
	var list []Finding
	for i := range c.layers {
		l := &c.layers[i]
		for _, change := range l.zone.changes(from.Unix(), to.Unix()) {
			for _, at := range l.generated(change) {
				list = append(list, Finding{Kind: FindClockChange, Entry: entry + ", layer " + l.id, At: unix(change.at), Message: change.words(Local(at), l.zone.loc)})
			}
		}
	}
	return list
}

// clockChange is a stretch of wall-clock time that is skipped or repeated.
type clockChange struct {
	at       int64 // the instant of the change
	from, to int64 // wall clock
	skipped  bool
}

// words says what becomes of l in the change.
func (c clockChange) words(l Local, loc *time.Location) string {
	at := l.utc().Format("Mon 2 Jan 15:04")
	if c.skipped {
		return fmt.Sprintf("%s does not exist in %s; the hand-over is at %s", at, loc, Local(c.to).utc().Format("15:04"))
	}
	return fmt.Sprintf("%s happens twice in %s; the hand-over is at the first", at, loc)
}

// changes lists the changes of offset in [from, to).
func (z *zone) changes(from, to int64) []clockChange {
	tab := newTable(z.loc, from-pad, to)
	var list []clockChange
	for i := 1; i < len(tab.spans); i++ {
		s, before := tab.spans[i], tab.spans[i-1].off
		if s.from < from {
			continue
		}
		c := clockChange{at: s.from, from: s.from + min(before, s.off), to: s.from + max(before, s.off), skipped: s.off > before}
		list = append(list, c)
	}
	return list
}

// generated lists the wall-clock times within the change at which the layer hands
// over or a window begins or ends.
func (l *clayer) generated(c clockChange) []int64 {
	var list []int64
	v := l.version(c.at)
	if c.at >= l.until || v.cad.origin > c.at || len(v.slots) == 0 {
		return nil
	}
	if len(v.slots) > 1 && !v.cad.elapsed && v.cad.unit != Windows {
		list = append(list, v.cad.within(c.from, c.to)...)
	}
	for at := l.windows.next(c.from - 1); at < c.to && len(l.windows.list) > 0; at = l.windows.next(at) {
		list = append(list, at)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// within lists the wall clock of the turns that begin in [from, to).
func (c *cadence) within(from, to int64) []int64 {
	begin := c.monthBegin
	var n int64
	if c.step > 0 {
		begin = func(n int64) int64 { return c.anchor + n*c.step }
		n = floorDiv(from-1-c.anchor, c.step)
	} else {
		n = c.month(from - 1)
	}
	var list []int64
	for n = max(n, 0); begin(n) < to; n++ {
		if begin(n) >= from {
			list = append(list, begin(n))
		}
	}
	return list
}

// awayFindings lists the absences during which somebody is on call all the same.
func (r *Rotation) awayFindings(entry string, from, to time.Time, name func(string) string) []Finding {
	var list []Finding
	for _, a := range r.TimeOff {
		start, end := later(a.Start, from), earlier(a.End, to)
		if !start.Before(end) {
			continue
		}
		for _, s := range r.Final(start, end) {
			if slices.Contains(s.People, a.Person) {
				list = append(list, Finding{Kind: FindAway, Entry: entry, At: s.Start, Message: name(a.Person) + " is away but on call " + r.stretch(s.Start, s.End, from), Hint: "swap or override it"})
			}
		}
	}
	return list
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// listFindings looks at the lists of the layers.
func (r *Roster) listFindings(x *Rotation, entry string) []Finding {
	var list []Finding
	c := x.compiled()
	for i := range c.layers {
		l := &c.layers[i]
		at := entry + ", layer " + l.id
		last := &l.versions[len(l.versions)-1]
		if last.cad.elapsed && last.cad.step%day != 0 {
			list = append(list, Finding{Kind: FindElapsed, Entry: at, Message: fmt.Sprintf("turns of %s hand over at another time of day each time", hoursText(time.Duration(last.cad.step)*time.Second))})
		}
	}
	return list
}

// namesText is a list of people in words; nobody for none.
func (r *Roster) namesText(ids []string) string {
	if len(ids) == 0 {
		return "nobody"
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = r.name(id)
	}
	return andWords(names)
}
