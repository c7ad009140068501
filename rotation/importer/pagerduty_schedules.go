package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func (p *pdBuild) makeSchedules() {
	list := all[pdSchedule](p.building, "schedule")
	for _, s := range list {
		p.schedules[s.id] = true
	}
	p.collectOverrides()
	var without []string
	for _, s := range list {
		entry := "schedule " + clean(cmp.Or(s.v.Name, s.v.Summary))
		if why := p.schedule(entry, s); why != "" {
			p.gone[s.id] = why
			p.loseOverrides(entry, s.id, why)
		} else if !p.fetched[s.id] {
			without = append(without, clean(s.v.Name))
		}
	}
	if len(without) > 0 {
		p.lookAt(plural(len(without), "schedule"), "overrides are not in the export of "+andWords(without), "fetch /schedules/ID/overrides?since=…&until=… as well, as overrides-ID.json")
	}
}

func (p *pdBuild) collectOverrides() {
	for _, file := range p.shelf("override list").order {
		if id, ok := about(file, known(p.schedules)); ok {
			p.fetched[id] = true
		}
	}
	for _, v := range all[pdEntry](p.building, "override") {
		id, ok := about(v.file, known(p.schedules))
		if !ok {
			p.leftOut("file "+clean(v.file), "does not say which schedule its overrides are of", "call it overrides-ID.json")
			continue
		}
		p.overrides[id] = append(p.overrides[id], v.v)
	}
}

// schedule carries one schedule over; or says why it is left out.
func (p *pdBuild) schedule(entry string, s entity[pdSchedule]) (why string) {
	zoneName, loc, ok := zone(s.v.TimeZone)
	switch {
	case s.v.Type == "schedule_v3" || s.v.Rotations != nil:
		p.leftOut(entry, "of the newer, shift-based kind (schedule_v3), which cannot be read yet", "write it by hand")
		return "left out"
	case s.v.Layers == nil:
		p.leftOut(entry, "its layers are not in the export", "fetch /schedules/"+clean(s.id))
		return "without its layers"
	case len(s.v.Layers) == 0:
		p.leftOut(entry, "has no layers, so nobody would be on call", "")
		return "without layers"
	case !ok:
		p.leftOut(entry, "unknown zone "+quote(s.v.TimeZone), "correct its time zone there, and export it again")
		return "left out"
	case foreign(s.v, loc, p.At):
		p.leftOut(entry, "it is rendered in another zone than its own, so its restrictions would be at other times", "fetch /schedules/"+clean(s.id)+"?time_zone="+zoneName)
		return "left out, being rendered in another zone"
	}
	r := rotation.Rotation{ID: p.id("rotation", cmp.Or(s.v.Name, s.v.Summary)), TimeZone: zoneName}
	r.Team = p.firstTeam("rotation "+r.ID, entry, s.v.Teams)
	var ended []string
	for _, l := range s.v.Layers {
		if l.over(p.At) {
			end, _ := instant(l.End)
			ended = append(ended, clean(l.Name)+" ("+end.Format(time.DateOnly)+")")
		}
	}
	if len(ended) > 0 {
		p.leftOut(entry, plural(len(ended), "layer")+" ended: "+strings.Join(ended, ", "), "")
	}
	theirs := p.final(s.v)
	r = p.withLayers(entry, r, s, loc, theirs)
	switch {
	case len(r.Layers) > 0:
	case len(r.Overrides) > 0:
		p.differs("rotation "+r.ID, entry, "none of its layers is left; its overrides are kept, and nobody is on call besides", "give it a layer, or take it out when they are over")
		r.Layers = []rotation.Layer{p.emptyLayer(loc)}
	default:
		p.leftOut(entry, "none of its layers is left", "")
		return "without layers that hold"
	}
	p.carried(s.id, entry, r)
	p.rendered(entry, r.ID, theirs)
	return ""
}

// foreign reports whether a schedule with restrictions is rendered in another zone than
// its own: the offset that is written is not the one which the zone has then.
func foreign(s pdSchedule, loc *time.Location, at time.Time) bool {
	restricted, other := false, false
	for _, l := range s.Layers {
		restricted = restricted || len(l.Restrictions) > 0 && !l.over(at)
		t, err := time.Parse(time.RFC3339, cmp.Or(l.VirtualStart, l.Start))
		if err != nil {
			continue
		}
		_, written := t.Zone()
		_, own := t.In(loc).Zone()
		other = other || written != own
	}
	return restricted && other
}

// withLayers gives a rotation its layers and overrides. Turns keep their wall clock
// unless the rendered entries show that they do not.
func (p *pdBuild) withLayers(entry string, r rotation.Rotation, s entity[pdSchedule], loc *time.Location, theirs []stretch) rotation.Rotation {
	wall := p.layers(entry, r, s, loc, "")
	if len(theirs) == 0 {
		return wall
	}
	checked, differences := compare(&wall, theirs, p.At)
	if len(differences) == 0 {
		return wall
	}
	elapsed := p.layers(entry, r, s, loc, rotation.ElapsedClock)
	other, _ := compare(&elapsed, theirs, p.At)
	if other.Equal <= checked.Equal {
		return wall
	}
	p.differs("rotation "+r.ID, entry, "its rendered entries show that turns are of elapsed time, so hand-overs move when the clocks change: clock: elapsed", "take clock out where they should stay")
	return elapsed
}

func (p *pdBuild) layers(entry string, r rotation.Rotation, s entity[pdSchedule], loc *time.Location, clock rotation.Clock) rotation.Rotation {
	names := map[string]int{}
	for i, l := range slices.Backward(s.v.Layers) { // the top one comes first there
		if l.over(p.At) {
			continue
		}
		if x, ok := p.layer(&r, entry, l, loc, names, clock); ok {
			x.Priority = len(s.v.Layers) - 1 - i
			r.Layers = append(r.Layers, x)
		}
	}
	p.addOverrides(entry, &r, s.id)
	return r
}

func (p *pdBuild) layer(r *rotation.Rotation, schedule string, x pdLayer, loc *time.Location, names map[string]int, clock rotation.Clock) (rotation.Layer, bool) {
	entry := schedule + ", " + cmp.Or(clean(x.Name), "layer")
	l := rotation.Layer{ID: layerID(names, x.Name), Clock: clock}
	at := "rotation " + r.ID + "/layer " + l.ID
	holds, ok := instant(x.Start)
	counted, ok2 := instant(x.VirtualStart)
	if !ok2 {
		counted = holds
	}
	if !ok {
		holds = counted
	}
	every, whole := turns(x.TurnSeconds)
	switch {
	case !ok && !ok2:
		p.leftOut(entry, "no start that can be read", "correct it there")
		return l, false
	case !whole:
		p.leftOut(entry, fmt.Sprintf("a turn of %d seconds is not of whole hours", x.TurnSeconds), "write the layer by hand")
		return l, false
	case len(x.Users) == 0:
		p.leftOut(entry, "no users", "")
		return l, false
	}
	l.Every = every
	if every.Unit == rotation.Hours && clock == "" {
		l.Clock = rotation.WallClock
	}
	for _, u := range x.Users {
		id, why := p.whom(u.User)
		if id == "" {
			p.missing(at, entry, "the turn of "+p.called(u.User)+", who is "+why+", is nobody's", "name somebody else, or take the turn out")
			l.People = append(l.People, nil)
			continue
		}
		l.People = append(l.People, rotation.Slot{id})
	}
	begin(r, &l, loc, counted, holds, p.At)
	if end, ok := instant(x.End); ok {
		l.Until = end
	}
	if l.Windows, ok = p.windows(at, entry, x.Restrictions); !ok {
		p.leftOut(entry, "its restrictions cannot be read", "write the layer by hand")
		return l, false
	}
	return l, true
}

// turns is the length of a turn; false where a roster cannot have it.
func turns(seconds int) (rotation.Cadence, bool) {
	const hour, day = 3600, 86400
	c := rotation.Cadence{Unit: rotation.Hours, Length: seconds / hour}
	switch {
	case seconds%(7*day) == 0:
		c = rotation.Cadence{Unit: rotation.Weeks, Length: seconds / (7 * day)}
	case seconds%day == 0:
		c = rotation.Cadence{Unit: rotation.Days, Length: seconds / day}
	}
	return c, seconds%hour == 0 && sensible(c)
}

// windows are when a layer with restrictions holds.
func (p *pdBuild) windows(at, entry string, list []pdRestriction) ([]rotation.Window, bool) {
	var out []rotation.Window
	for _, x := range list {
		start, err := time.Parse(time.TimeOnly, x.Start)
		if err != nil || x.Duration <= 0 || x.Duration > 366*86400 {
			return nil, false
		}
		from, length := start.Hour()*60+start.Minute(), (x.Duration+59)/60
		if start.Second() != 0 || x.Duration%60 != 0 {
			p.differs(at, entry, "a restriction of seconds is one of whole minutes", "see that it is right")
		}
		switch {
		case x.Type == "daily_restriction":
			out = append(out, window(nil, from, min(length, minutesOfDay)))
		case x.Type == "weekly_restriction" && x.Day >= 1 && x.Day <= 7:
			out = append(out, window([]time.Weekday{time.Weekday(x.Day % 7)}, from, min(length, 7*minutesOfDay)))
		default:
			return nil, false
		}
	}
	return joined(out), true
}

// loseOverrides names those to come that go with their schedule.
func (p *pdBuild) loseOverrides(entry, schedule, why string) {
	for _, x := range p.overrides[schedule] {
		start, _ := instant(x.Start)
		if end, ok := instant(x.End); !ok || end.After(p.At) {
			p.leftOut(entry, "the override from "+instantWords(start)+", since the schedule is "+why, "")
		}
	}
}

// addOverrides adds those that are not over, in the order in which they are listed.
func (p *pdBuild) addOverrides(entry string, r *rotation.Rotation, schedule string) {
	past := 0
	var added []rotation.Override
	for _, x := range p.overrides[schedule] {
		start, ok := instant(x.Start)
		end, ok2 := instant(x.End)
		when := "the override from " + instantWords(start)
		id, why := p.whom(x.User)
		switch {
		case ok2 && !end.After(p.At):
			past++
			continue
		case !ok || !ok2 || !start.Before(end):
			p.leftOut(entry, "an override whose times cannot be read", "add it by hand")
			continue
		case id == "":
			p.missing("rotation "+r.ID, entry, when+" names "+p.called(x.User)+", who is "+why+", so whoever has the turn keeps it", "add an override that names somebody else")
			continue
		}
		for _, v := range added {
			if v.Start.Before(end) && start.Before(v.End) {
				p.lookAt(entry, when+" overlaps with one from "+instantWords(v.Start)+"; the one that is listed later wins", "see that it is the later one")
			}
		}
		added = append(added, rotation.Override{Kind: rotation.Set, People: []string{id}, Start: start, End: end})
	}
	if past > 0 {
		p.leftOut(entry, plural(past, "past override"), "")
	}
	r.Overrides = slices.Concat(r.Overrides, added)
}

// final is the schedule as PagerDuty renders it.
func (p *pdBuild) final(s pdSchedule) []stretch {
	if s.Final == nil {
		return nil
	}
	var list []stretch
	for _, e := range s.Final.Entries {
		start, ok := instant(e.Start)
		end, ok2 := instant(e.End)
		if ok && ok2 {
			person, _ := p.whom(e.User)
			list = append(list, stretch{start, end, person})
		}
	}
	return list
}
