package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

type (
	goalertRotation struct {
		Name, TimeZone, Type string
		Start                string
		ShiftLength          int
		Active               int      `json:"activeUserIndex"`
		Users                []string `json:"userIDs"`
		Handoffs             []string `json:"nextHandoffTimes"`
	}
	goalertShift struct {
		User  string `json:"userID"`
		Start string
		End   string
	}
	goalertRule struct {
		Start, End string
		Days       []bool `json:"weekdayFilter"` // from Sunday
	}
	goalertSchedule struct {
		Name, TimeZone string
		Targets        []struct {
			Target goalertTarget
			Rules  []goalertRule
		}
		Temporary []struct {
			Start, End string
			Shifts     []goalertShift
		} `json:"temporarySchedules"`
		Notices []struct{ Target goalertTarget } `json:"onCallNotificationRules"`
		Shifts  []goalertShift
	}
	goalertOverride struct {
		Start, End string
		Add        string `json:"addUserID"`
		Remove     string `json:"removeUserID"`
		Target     goalertTarget
	}
)

// goalertTurns is a rotation there: who takes turns, and where the turn begins that runs.
type goalertTurns struct {
	name   string
	zone   string
	loc    *time.Location
	people []rotation.Slot
	start  rotation.Local
	every  rotation.Cadence
	why    string // that it cannot be used
}

// layer is a layer of the turns; its clock is that of a zone.
func (t *goalertTurns) layer(loc *time.Location) rotation.Layer {
	l := rotation.Layer{People: t.people, Start: t.start, Every: t.every}
	if loc != t.loc {
		l.Start = rotation.LocalOf(rotation.Instant(t.loc, t.start), loc)
	}
	if t.every.Unit == rotation.Hours {
		l.Clock = rotation.WallClock
	}
	return l
}

// turnsOf reads a rotation. It keeps a position: start says only at which times it may
// hand over.
func (g *onGoAlert) turnsOf(r goalertRotation) *goalertTurns {
	t := &goalertTurns{name: r.Name}
	entry := "rotation " + clean(r.Name)
	name, loc, ok := zone(r.TimeZone)
	start, fine := instant(r.Start)
	unit := map[string]rotation.Unit{"hourly": rotation.Hours, "daily": rotation.Days, "weekly": rotation.Weeks, "monthly": rotation.Months}[r.Type]
	switch {
	case !ok:
		t.why = "unknown zone " + quote(r.TimeZone)
	case len(r.Users) == 0 || r.Active < 0:
		t.why = "nobody is in it"
	case !fine || unit == "" || r.ShiftLength > 9000: // which is the most that it takes
		t.why = "its start or its type cannot be read"
	}
	if t.why != "" {
		return t
	}
	t.zone, t.loc, t.every = name, loc, rotation.Cadence{Unit: unit, Length: max(r.ShiftLength, 1)}
	for _, u := range r.Users {
		id := g.building.people[u]
		if id == "" {
			g.leftOut(entry, "the unknown user "+clean(u)+"; the turn stays, with nobody", "put somebody in their place")
			t.people = append(t.people, nil)
			continue
		}
		t.people = append(t.people, rotation.Slot{id})
	}
	first := rotation.LocalOf(start, loc) / 60 * 60
	var next time.Time
	if len(r.Handoffs) > 0 {
		next, ok = instant(r.Handoffs[0])
	}
	if next.IsZero() || !ok {
		next = g.At.Add(time.Nanosecond)
		g.lookAt(entry, "no nextHandoffTimes in the export; the running turn is taken from its start and the instant of the export", "see who is on call")
	}
	k := turnBefore(first, t.every, loc, next)
	running := k
	if unit == rotation.Months && utc(first).Day() > 28 {
		g.differs("", entry, "it hands over on day "+fmt.Sprint(utc(first).Day())+"; a month without it hands over on its last day here, and in the next month there", "see those months")
		for utc(addTurns(first, t.every, k)).Day() != utc(first).Day() {
			k--
		}
	}
	t.start = addTurns(first, t.every, k)
	n := len(t.people)
	t.people = turned(t.people, ((running-k-r.Active)%n+n)%n)
	return t
}

// addTurns counts turns on the wall clock.
func addTurns(l rotation.Local, c rotation.Cadence, n int) rotation.Local {
	if c.Unit == rotation.Months {
		return addMonths(l, n*c.Length)
	}
	return l + rotation.Local(int64(n)*turnSeconds(c))
}

// turnBefore is the last turn that begins before an instant.
func turnBefore(first rotation.Local, c rotation.Cadence, loc *time.Location, next time.Time) int {
	long := turnSeconds(c)
	if c.Unit == rotation.Months {
		long = int64(c.Length) * 31 * 86400
	}
	k := int(int64(rotation.LocalOf(next, loc)-first)/long) - 2
	for rotation.Instant(loc, addTurns(first, c, k+1)).Before(next) {
		k++
	}
	return k
}

func (g *onGoAlert) schedule(s entity[goalertSchedule]) {
	entry := "schedule " + clean(s.v.Name)
	name, loc, ok := zone(s.v.TimeZone)
	if !ok {
		g.leftOut(entry, "unknown zone "+quote(s.v.TimeZone), "set a zone that has an IANA name there, and export it again")
		return
	}
	r := rotation.Rotation{ID: g.building.id("rotation", s.v.Name), TimeZone: name}
	for _, t := range s.v.Targets {
		for _, rule := range t.Rules {
			if l, ok := g.rule(entry, r.ID, name, loc, t.Target, rule); ok {
				r.Layers = append(r.Layers, l)
			}
		}
	}
	for _, n := range s.v.Notices {
		what := "the on-call notification to "
		if strings.Contains(strings.ToLower(n.Target.Type), "webhook") {
			what += "a webhook"
		} else {
			what += clean(cmp.Or(n.Target.Name, n.Target.ID)) + " (" + clean(n.Target.Type) + ")"
		}
		g.leftOut(entry, what, "set channel or slack_group of a team")
	}
	if len(r.Layers) == 0 {
		if !g.comes(s.v) && !g.overridden(s.id) {
			g.leftOut(entry, "no rule puts anybody on call", "write a rotation by hand if it is needed")
			return
		}
		r.Layers = []rotation.Layer{g.emptyLayer(loc)}
	}
	g.carried(s.id, entry, r)
}

// rule makes a layer of one rule of a schedule.
func (g *onGoAlert) rule(entry, id, zoneName string, loc *time.Location, target goalertTarget, rule goalertRule) (l rotation.Layer, ok bool) {
	who := clean(cmp.Or(target.Name, target.ID))
	from, fine := minuteOf(rule.Start)
	to, fine2 := minuteOf(rule.End)
	days := ruleDays(rule.Days)
	switch {
	case !fine || !fine2:
		g.leftOut(entry, "a rule of "+who+" whose times cannot be read", "add windows by hand")
		return l, false
	case len(days) == 0:
		g.leftOut(entry, "a rule of "+who+" without days, which is never", "")
		return l, false
	}
	always := len(days) == 7 && from == to
	turns := g.turns[target.ID]
	switch {
	case target.Type == "user" && g.building.people[target.ID] == "":
		g.leftOut(entry, "a rule of the unknown user "+who, "put somebody in their place")
		return l, false
	case target.Type == "user":
		l = rotation.Layer{People: []rotation.Slot{{g.building.people[target.ID]}}, Start: g.since(loc), Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}
	case turns == nil:
		g.leftOut(entry, "a rule of "+who+" ("+clean(target.Type)+"), which is not in the export", "add the answer of the query rotations")
		return l, false
	case turns.why != "":
		g.leftOut(entry, "a rule of the rotation "+who+": "+turns.why, "put somebody in")
		return l, false
	case always:
		if l = turns.layer(turns.loc); turns.zone != zoneName {
			l.TimeZone = turns.zone
		}
	default:
		l = turns.layer(loc)
	}
	l.ID = g.building.id("layer of "+id, cmp.Or(slug(target.Name), "rule"))
	if always {
		return l, true
	}
	at := "rotation " + id + "/layer " + l.ID
	if turns != nil && target.Type != "user" {
		if day, apart := partAfter(turns.loc, loc, g.At); apart {
			g.differs(at, entry, "the rotation "+who+" hands over in "+turns.zone+" and the rule is in "+zoneName+"; here both are in "+zoneName+", so hand-overs move by the difference from "+day.Format(time.DateOnly)+" on", "make two rotations, or take one zone")
		}
	}
	length := (to - from + minutesOfDay - 1) % minutesOfDay
	w := window(days, from, length+1)
	if len(days) == 7 {
		w.Days = nil
	}
	l.Windows = []rotation.Window{w}
	if day, ok := repeatedEnd(loc, to, g.At); ok {
		g.differs(at, entry, "the rule of "+who+" ends at "+clean(rule.End)+", which comes twice on "+day+"; there it ends at the second, here at the first", "see who is on call in that hour")
	}
	return l, true
}

// ruleDays are the days of a filter that begins on Sunday.
func ruleDays(filter []bool) []time.Weekday {
	var days []time.Weekday
	for i, on := range filter {
		if on && i < 7 {
			days = append(days, time.Weekday(i))
		}
	}
	slices.SortFunc(days, func(a, b time.Weekday) int { return (int(a)+6)%7 - (int(b)+6)%7 })
	return days
}

// minuteOf reads HH:MM.
func minuteOf(s string) (int, bool) {
	clock, ok := clockOf(s)
	if !ok {
		return 0, false
	}
	t, err := time.Parse("15:04", clock)
	return t.Hour()*60 + t.Minute(), err == nil
}

// partAfter finds the day on which the clocks of two zones begin to be as far apart as
// they are not at an instant; false where they never do within two years.
func partAfter(a, b *time.Location, at time.Time) (time.Time, bool) {
	apart := func(t time.Time) int {
		_, x := t.In(a).Zone()
		_, y := t.In(b).Zone()
		return x - y
	}
	for d := range 2 * 366 {
		if t := at.AddDate(0, 0, d); apart(t) != apart(at) {
			return t, true
		}
	}
	return time.Time{}, false
}

// repeatedEnd finds the day within a year on which a time of the day comes twice.
func repeatedEnd(loc *time.Location, minute int, at time.Time) (string, bool) {
	for d := range 366 {
		l := rotation.LocalOf(at.AddDate(0, 0, d), loc)
		l += rotation.Local(minute*60) - (l%localDay+localDay)%localDay
		if rotation.Place(loc, l).Verdict == rotation.Ask {
			return utc(l).Format(time.DateOnly), true
		}
	}
	return "", false
}

// comes reports whether a temporary schedule is not over.
func (g *onGoAlert) comes(s goalertSchedule) bool {
	for _, t := range s.Temporary {
		if end, ok := instant(t.End); ok && end.After(g.At) {
			return true
		}
	}
	return false
}

// overridden reports whether an override is about a schedule.
func (g *onGoAlert) overridden(schedule string) bool {
	return slices.ContainsFunc(all[goalertOverride](g.building, "override"), func(o entity[goalertOverride]) bool {
		end, ok := instant(o.v.End)
		return o.v.Target.ID == schedule && ok && end.After(g.At)
	})
}

func (g *onGoAlert) overrides() {
	past := 0
	for _, o := range all[goalertOverride](g.building, "override") {
		entry := "schedule " + clean(cmp.Or(o.v.Target.Name, o.v.Target.ID))
		start, ok := instant(o.v.Start)
		end, fine := instant(o.v.End)
		end = earlier(end, endOfTime)
		add, remove := g.building.people[o.v.Add], g.building.people[o.v.Remove]
		r := g.rotation(g.rotations[o.v.Target.ID])
		x := rotation.Override{Start: start, End: end}
		switch {
		case !ok || !fine || !start.Before(end) || start.Year() < 1900 || !start.Before(endOfTime):
			g.leftOut(entry, "an override whose times cannot be read", "export it again")
			continue
		case !end.After(g.At):
			past++
			continue
		case r == nil:
			g.leftOut(entry, "an override of a schedule that was left out", "")
			continue
		case add != "" && remove != "":
			x.Kind, x.Person, x.By = rotation.Replace, remove, add
		case add != "" && o.v.Remove == "":
			x.Kind, x.People = rotation.Add, []string{add}
		case remove != "" && o.v.Add == "":
			x.Kind, x.People = rotation.Remove, []string{remove}
		default:
			g.leftOut(entry, "an override from "+instantWords(start)+" of a user who is not in the export", "see who is on call then")
			continue
		}
		r.Overrides = append(r.Overrides, x)
	}
	if past > 0 {
		g.leftOut("overrides", plural(past, "past override"), "")
	}
}

// temporary puts the temporary schedules over everything else: while one runs, it alone
// counts, gaps and all.
func (g *onGoAlert) temporary(s entity[goalertSchedule]) {
	entry := "schedule " + clean(s.v.Name)
	r := g.rotation(g.rotations[s.id])
	past := 0
	for _, t := range s.v.Temporary {
		start, ok := instant(t.Start)
		end, fine := instant(t.End)
		end = earlier(end, endOfTime)
		switch {
		case !ok || !fine || !start.Before(end) || start.Year() < 1900 || !start.Before(endOfTime):
			g.leftOut(entry, "a temporary schedule whose times cannot be read", "export it again")
			continue
		case !end.After(g.At):
			past++
			continue
		case r == nil:
			continue
		}
		g.lookAt(entry, "a temporary schedule from "+instantWords(start)+" to "+instantWords(end)+" became overrides", "")
		for _, x := range timeline(append(g.stretches(entry, t.Shifts), stretch{start: start, end: end}), start) {
			if x.Start = later(x.Start, start); x.Start.Before(end) {
				r.Overrides = append(r.Overrides, rotation.Override{Kind: rotation.Set, People: x.People, Start: x.Start, End: earlier(x.End, end), Reason: "temporary schedule"})
			}
		}
	}
	if past > 0 {
		g.leftOut(entry, plural(past, "past temporary schedule"), "")
	}
}

// stretches are shifts as they stand in an answer.
func (g *onGoAlert) stretches(entry string, shifts []goalertShift) []stretch {
	var list []stretch
	for _, x := range shifts {
		start, ok := instant(x.Start)
		end, fine := instant(x.End)
		if !ok || !fine {
			continue
		}
		if g.building.people[x.User] == "" {
			g.leftOut(entry, "the unknown user "+clean(x.User)+" of a shift", "put somebody in their place")
		}
		list = append(list, stretch{start, end, g.building.people[x.User]})
	}
	return list
}

// shifts compares with what the system itself says is coming.
func (g *onGoAlert) shifts(s entity[goalertSchedule]) {
	g.rendered("schedule "+clean(s.v.Name), g.rotations[s.id], g.stretches("schedule "+clean(s.v.Name), s.v.Shifts))
}
