package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// fetchOverrides is what to do where an export has no overrides.
const fetchOverrides = "fetch /v2/schedules/ID/overrides beside it"

func (o *ogBuild) makeSchedules() {
	o.schedules = all[ogSchedule](o.building, "schedule")
	ids := map[string]bool{}
	for _, s := range o.schedules {
		ids[s.id] = true
		o.schedule(s)
	}
	o.overrides(ids)
}

// schedule carries one schedule over: each of its rotations is a layer, and all of them
// are on call together.
func (o *ogBuild) schedule(s entity[ogSchedule]) {
	entry := "schedule " + clean(s.v.Name)
	zoneName, loc, ok := zone(s.v.Timezone)
	why := ""
	switch {
	case s.v.Enabled != nil && !*s.v.Enabled:
		why = "disabled"
		o.leftOut(entry, "disabled, so it notifies nobody", "enable it there if it is needed")
	case !ok:
		why = "left out"
		o.leftOut(entry, "unknown zone "+quote(s.v.Timezone), "correct its timezone there, and export it again")
	case len(s.v.Rotations) == 0:
		why = "without rotations"
		o.leftOut(entry, "has no rotations, so nobody would be on call", "fetch /v2/schedules?expand=rotation if it should have some")
	}
	if why != "" {
		o.gone[s.id] = why
		return
	}
	r := rotation.Rotation{ID: o.id("rotation", s.v.Name), TimeZone: zoneName, Team: o.teams[s.v.OwnerTeam.ID]}
	names := map[string]int{}
	var ended []string
	for _, x := range s.v.Rotations {
		if end, ok := instant(x.EndDate); ok && !end.After(o.At) {
			ended = append(ended, clean(x.Name)+" ("+end.Format(time.DateOnly)+")")
			continue
		}
		if l, ok := o.layer(&r, entry, x, loc, names); ok {
			r.Layers = append(r.Layers, l)
			key := s.id + "/" + x.ID
			o.layers[key] = append(o.layers[key], l.ID)
			if name := s.id + "/name " + x.Name; o.layers[name] == nil { // what an override without the ID says
				o.layers[name] = []string{l.ID}
			}
		}
	}
	if len(ended) > 0 {
		o.leftOut(entry, plural(len(ended), "rotation")+" ended: "+strings.Join(ended, ", "), "")
	}
	if len(r.Layers) == 0 {
		o.gone[s.id] = "without rotations that hold"
		o.leftOut(entry, "none of its rotations is left", "")
		return
	}
	if s.v.OwnerTeam.ID != "" && r.Team == "" {
		o.lookAt(entry, "its team "+o.called(s.v.OwnerTeam)+" is not in the export", "export teams too, or add team")
	}
	o.carried(s.id, entry, r)
}

// layerID is an ID for a layer that no other of its rotation has.
func layerID(names map[string]int, name string) string {
	base := cmp.Or(slug(name), "layer")
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			suffix := fmt.Sprintf("-%d", n)
			id = cut(base, mostID-len(suffix)) + suffix
		}
		if names[id] == 0 {
			names[id] = 1
			return id
		}
	}
}

// layer is one rotation of a schedule.
func (o *ogBuild) layer(r *rotation.Rotation, schedule string, x ogRotation, loc *time.Location, names map[string]int) (rotation.Layer, bool) {
	entry := schedule + ", rotation " + clean(x.Name)
	l := rotation.Layer{ID: layerID(names, x.Name)}
	at := "rotation " + r.ID + "/layer " + l.ID
	start, ok := instant(x.StartDate)
	units := map[string]rotation.Unit{"hourly": rotation.Hours, "daily": rotation.Days, "weekly": rotation.Weeks}
	unit, known := units[strings.ToLower(x.Type)]
	switch {
	case !ok:
		o.leftOut(entry, "no start date that can be read", "correct startDate")
		return l, false
	case !known:
		o.leftOut(entry, "type "+quote(x.Type)+" has no counterpart", "write the layer by hand")
		return l, false
	case len(x.Participants) == 0:
		o.leftOut(entry, "no participants", "")
		return l, false
	}
	l.Every = rotation.Cadence{Unit: unit, Length: max(1, x.Length)}
	if unit == rotation.Hours {
		l.Clock = rotation.WallClock
	}
	if !sensible(l.Every) {
		o.leftOut(entry, "a turn is longer than a century", "correct its length")
		return l, false
	}
	for _, p := range x.Participants {
		l.People = append(l.People, o.slot(at, entry, p))
	}
	begin(r, &l, loc, start, start, o.At)
	if end, ok := instant(x.EndDate); ok {
		l.Until = end
	}
	if x.TimeRestriction.restricts() {
		if l.Windows, ok = x.TimeRestriction.windows(); !ok {
			o.leftOut(entry, "its time restriction cannot be read", "write the layer by hand")
			return l, false
		}
	}
	return l, true
}

// slot is the turn of a participant. Nobody's turn moves because somebody is missing.
func (o *ogBuild) slot(at, entry string, p ogRef) rotation.Slot {
	switch strings.ToLower(p.Type) {
	case "none":
		return nil
	case "team":
		members := o.members(p.ID)
		if len(members) == 0 {
			o.missing(at, entry, "the turn of team "+o.called(p)+", which has no members in the export, is nobody's", "export the team, or name people")
			return nil
		}
		o.differs(at, entry, "the turn of team "+o.called(p)+" is that of all its members together; there its routing rules say whose", "name people if that is too many")
		return members
	case "escalation":
		o.missing(at, entry, "the turn of escalation "+o.called(p)+" is nobody's: an escalation cannot be on call here", "name people")
		return nil
	case "user", "":
		id, why := o.whom(p)
		if id == "" {
			o.missing(at, entry, "the turn of "+o.called(p)+", who is "+why+", is nobody's", "name somebody else, or take the turn out")
			return nil
		}
		return rotation.Slot{id}
	}
	o.missing(at, entry, "the turn of "+clean(p.Type)+" "+o.called(p)+" is nobody's", "name people")
	return nil
}

var weekdays = map[string]time.Weekday{"sunday": time.Sunday, "monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
	"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday}

// restricts reports whether there is a restriction at all: an empty one is none.
func (t *ogRestriction) restricts() bool {
	return t != nil && (t.Restriction != nil || len(t.Restrictions) > 0)
}

// windows are when a rotation with a restriction holds.
func (t *ogRestriction) windows() ([]rotation.Window, bool) {
	list := t.Restrictions
	if t.Restriction != nil {
		list = append([]ogHours{*t.Restriction}, list...)
	}
	var out []rotation.Window
	for _, h := range list {
		from, to := h.StartHour*60+h.StartMin, h.EndHour*60+h.EndMin
		if from < 0 || to < 0 || from >= minutesOfDay || to > minutesOfDay {
			return nil, false
		}
		length := to - from
		if h.StartDay == "" {
			if length <= 0 { // the next day
				length += minutesOfDay
			}
			out = append(out, window(nil, from, length))
			continue
		}
		first, ok := weekdays[strings.ToLower(h.StartDay)]
		last, ok2 := weekdays[strings.ToLower(h.EndDay)]
		if !ok || !ok2 {
			return nil, false
		}
		length += ((int(last) - int(first) + 7) % 7) * minutesOfDay
		if length <= 0 { // that day of the next week
			length += 7 * minutesOfDay
		}
		out = append(out, window([]time.Weekday{first}, from, length))
	}
	return joined(out), len(out) > 0
}

// overrides adds those that are not over. They are listed newest first; here the last
// one wins.
func (o *ogBuild) overrides(schedules map[string]bool) {
	fetched := map[string]bool{}
	for _, file := range o.shelf("override list").order {
		if id, ok := about(file, known(schedules)); ok {
			fetched[id] = true
		}
	}
	past := map[string]int{}
	for _, x := range slices.Backward(all[ogOverride](o.building, "override")) {
		id := x.v.Parent.ID
		if !schedules[id] {
			var ok bool
			if id, ok = about(x.file, known(schedules)); !ok {
				o.leftOut("file "+clean(x.file), "does not say which schedule its overrides are of", "call it overrides-SCHEDULEID.json")
				continue
			}
		}
		fetched[id] = true
		o.override(id, x.v, past)
	}
	var without []string
	for _, s := range o.schedules {
		if n := past[s.id]; n > 0 {
			o.leftOut("schedule "+clean(s.v.Name), plural(n, "past override"), "")
		}
		if o.rotations[s.id] != "" && !fetched[s.id] {
			without = append(without, clean(s.v.Name))
		}
	}
	if len(without) > 0 {
		o.lookAt(plural(len(without), "schedule"), "overrides are not in the export, nor in a backup of the official tool, of "+andWords(without), fetchOverrides)
	}
}

func (o *ogBuild) override(schedule string, x ogOverride, past map[string]int) {
	r := o.rotation(o.rotations[schedule])
	start, ok := instant(x.StartDate)
	end, ok2 := instant(x.EndDate)
	switch {
	case ok2 && !end.After(o.At):
		past[schedule]++
		return
	case r == nil:
		called := o.called(ogRef{ID: schedule})
		o.leftOut("schedule "+called, "the override from "+instantWords(start)+", since the schedule is "+o.gone[schedule], "")
		return
	}
	entry := o.entries[r.ID]
	if !ok || !ok2 || !start.Before(end) {
		o.leftOut(entry, "an override whose dates cannot be read", "add it by hand")
		return
	}
	v := rotation.Override{Kind: rotation.Set, Start: start, End: end}
	when := "the override from " + instantWords(start)
	if strings.ToLower(x.User.Type) != "none" {
		id, why := o.whom(x.User)
		if id == "" {
			o.missing("rotation "+r.ID, entry, when+" names "+o.called(x.User)+", who is "+why+", so whoever has the turn keeps it", "add an override that names somebody else")
			return
		}
		v.People = []string{id}
	}
	if len(x.Rotations) == 0 {
		r.Overrides = append(r.Overrides, v)
		return
	}
	for _, limited := range x.Rotations {
		key := schedule + "/" + limited.ID
		if limited.ID == "" {
			key = schedule + "/name " + limited.Name
		}
		for _, layer := range o.layers[key] {
			v.Layer = layer
			r.Overrides = append(r.Overrides, v)
		}
		if len(o.layers[key]) == 0 {
			o.leftOut(entry, when+" is of rotation "+limited.words()+", which is left out", "")
		}
	}
}

// forwardings hand every turn of one person to another for a time.
func (o *ogBuild) forwardings() {
	past := 0
	for _, f := range all[ogForwarding](o.building, "forwarding") {
		entry := "forwarding from " + f.v.FromUser.words() + " to " + f.v.ToUser.words()
		start, ok := instant(f.v.StartDate)
		end, ok2 := instant(f.v.EndDate)
		from, _ := o.whom(f.v.FromUser)
		to, why := o.whom(f.v.ToUser)
		switch {
		case ok2 && !end.After(o.At):
			past++
			continue
		case !ok || !ok2 || !start.Before(end):
			o.leftOut(entry, "its dates cannot be read", "")
			continue
		case from == "":
			o.leftOut(entry, "whose turns they are is not in the roster", "")
			continue
		case to == "":
			o.leftOut(entry, o.called(f.v.ToUser)+" is "+why, "add overrides that name somebody else")
			continue
		}
		n := 0
		for i := range o.roster.Rotations {
			r := &o.roster.Rotations[i]
			if _, own := o.entries[r.ID]; own && named(r, from) {
				r.Overrides = append(r.Overrides, rotation.Override{Kind: rotation.Replace, Person: from, By: to, Start: start, End: end, Reason: "forwarding"})
				n++
			}
		}
		o.differs("person "+from, entry, fmt.Sprintf("from %s to %s, it is an override in %s; pages to the person directly are not forwarded", instantWords(start), instantWords(end), plural(n, "rotation")), "see whether a policy names them")
	}
	if past > 0 {
		o.leftOut("forwardings", plural(past, "past forwarding"), "")
	}
}

// named reports whether a rotation names a person.
func named(r *rotation.Rotation, person string) bool {
	for _, l := range r.Layers {
		if slices.ContainsFunc(l.People, func(s rotation.Slot) bool { return slices.Contains(s, person) }) {
			return true
		}
	}
	return slices.ContainsFunc(r.Overrides, func(v rotation.Override) bool { return slices.Contains(v.People, person) || v.By == person })
}

// timelines compares what Opsgenie renders of a schedule with its rotation.
func (o *ogBuild) timelines() {
	ids := map[string]bool{}
	for id := range o.rotations {
		ids[id] = true
	}
	for _, t := range all[ogTimeline](o.building, "timeline") {
		id := t.v.Parent.ID
		if !ids[id] {
			id, _ = about(t.file, known(ids))
		}
		if id == "" {
			continue
		}
		var list []stretch
		for _, r := range t.v.FinalTimeline.Rotations {
			for _, p := range r.Periods {
				start, ok := instant(p.StartDate)
				end, ok2 := instant(p.EndDate)
				if !ok || !ok2 {
					continue
				}
				for _, who := range append(p.FlattenedRecipients, p.Recipient) {
					person, _ := o.whom(who)
					list = append(list, stretch{start, end, person})
				}
			}
		}
		o.rendered(o.entries[o.rotations[id]], o.rotations[id], list)
	}
}
