package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// grafanaSchedule is a schedule: of shifts made in the browser (web), of shifts made by
// the API (calendar), or of another calendar (ical).
type grafanaSchedule struct {
	Name, Type string
	Team       string `json:"team_id"`
	TimeZone   string `json:"time_zone"`
	Shifts     []string
	Slack      struct {
		Channel string `json:"channel_id"`
		Group   string `json:"user_group_id"`
	}
	Primary   string `json:"ical_url_primary"`
	Overrides string `json:"ical_url_overrides"`
}

// grafanaSwap is a request to swap shifts.
type grafanaSwap struct {
	Schedule, Beneficiary, Benefactor, Status string
	Start                                     string `json:"swap_start"`
	End                                       string `json:"swap_end"`
	Created                                   string `json:"created_at"`
	Updated                                   string `json:"updated_at"`
}

// overrideLevel is above every level that a shift can have.
const overrideLevel = 100

func (g *onGrafana) schedules() {
	for _, s := range all[grafanaSchedule](g.building, "schedule") {
		g.schedulesThere[s.id] = s.v.Name
	}
	for _, s := range all[grafanaSchedule](g.building, "schedule") {
		g.schedule(s)
	}
	g.allSwaps()
	g.allRendered()
}

// onSchedule is one schedule that is being made a rotation.
type onSchedule struct {
	*onGrafana
	grafanaSchedule
	id    string // there
	entry string
	rot   rotation.Rotation
	lent  string   // the zone of a shift without one
	bare  bool     // a shift has none
	moves bool     // the clocks change in the zone of a shift that recurs
	ended []string // names of shifts that are over
	past  []string // of overrides and single events that are
}

func (g *onGrafana) schedule(s entity[grafanaSchedule]) {
	x := &onSchedule{onGrafana: g, grafanaSchedule: s.v, id: s.id, entry: "schedule " + clean(s.v.Name), lent: "UTC"}
	if s.v.Type == "ical" {
		g.leftOut(x.entry, "an ical schedule, read from "+host(cmp.Or(s.v.Primary, s.v.Overrides)), "save that calendar as a file, and say stormbell import ical FILE")
		return
	}
	name, _, ok := zone(cmp.Or(s.v.TimeZone, "UTC"))
	if !ok {
		g.leftOut(x.entry, "unknown zone "+quote(s.v.TimeZone), "set a zone that has an IANA name there, and export it again")
		return
	}
	if s.v.Type != "web" {
		x.lent = name
	}
	x.rot = rotation.Rotation{ID: g.building.id("rotation", s.v.Name), TimeZone: x.lent, Team: g.teams[s.v.Team]}
	for _, shift := range x.own() {
		x.shift(shift)
	}
	x.notes(name)
	if len(x.rot.Layers) == 0 {
		g.leftOut(x.entry, "no shift is left", "write a rotation by hand if it is needed")
		return
	}
	g.carried(s.id, x.entry, x.rot)
}

// own are the shifts of the schedule: those it lists, and the overrides that were made
// in the browser and name it themselves.
func (x *onSchedule) own() []entity[grafanaShift] {
	var list []entity[grafanaShift]
	for _, id := range x.Shifts {
		i := slices.IndexFunc(x.shifts, func(s entity[grafanaShift]) bool { return s.id == id })
		if i < 0 {
			x.leftOut(x.entry, "the shift "+clean(id)+" is not in the export", "add the answer of /api/v1/on_call_shifts/")
			continue
		}
		list = append(list, x.shifts[i])
	}
	for _, s := range x.shifts {
		if s.v.Schedule == x.id && !slices.Contains(x.Shifts, s.id) && (x.Type == "web" || s.v.Type == "override") {
			list = append(list, s)
		}
	}
	return list
}

// notes says what is true of the schedule as a whole.
func (x *onSchedule) notes(shown string) {
	var over []string
	if n := len(x.ended); n > 0 {
		over = append(over, plural(n, "shift")+" that ended ("+few(x.ended)+")")
	}
	if n := len(x.past); n > 0 {
		over = append(over, fmt.Sprintf("%d past of its overrides and single events (%s)", n, few(x.past)))
	}
	if len(over) > 0 {
		x.leftOut(x.entry, andWords(over), "")
	}
	if x.Type == "web" && x.bare && !sameClock(shown) {
		x.lookAt(x.entry, "its shifts are computed in UTC, not in "+shown+", which its page shows; so they are here", "see whether that was meant")
	}
	if x.moves {
		at := "rotation " + x.rot.ID
		x.differs(at, x.entry, "a shift keeps its length there when the clocks change, and ends an hour early or late that night; here it ends on the wall clock", "see who is on call in those nights")
	}
	if x.Slack.Channel != "" || x.Slack.Group != "" {
		x.leftOut(x.entry, "its Slack channel or user group, which belongs to a team here", "set channel or slack_group of the team")
	}
	if x.Overrides != "" {
		x.leftOut(x.entry, "overrides of a calendar at "+host(x.Overrides), "add the coming ones by hand")
	}
}

// few are the first of some names.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " …"
	}
	return strings.Join(names, ", ")
}

// sameClock reports whether a zone is UTC by another name.
func sameClock(name string) bool {
	_, loc, ok := zone(name)
	if !ok {
		return false
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	_, winter := now.In(loc).Zone()
	return winter == 0 && !changesWithin(loc, now)
}

// changesWithin reports whether the clocks of a zone change within the year after t.
func changesWithin(loc *time.Location, t time.Time) bool {
	for m := range 12 {
		if changes(loc, t.AddDate(0, m, 0), t.AddDate(0, m+1, 0)) {
			return true
		}
	}
	return false
}

func (g *onGrafana) allSwaps() {
	swaps := all[grafanaSwap](g.building, "swap")
	slices.SortStableFunc(swaps, func(a, b entity[grafanaSwap]) int { return cmp.Compare(a.v.Created, b.v.Created) })
	past := 0
	for _, s := range swaps {
		schedule := clean(cmp.Or(g.schedulesThere[s.v.Schedule], s.v.Schedule))
		entry := "schedule " + schedule
		start, ok := instant(s.v.Start)
		end, fine := instant(s.v.End)
		end = earlier(end, endOfTime)
		with, person := g.building.people[s.v.Benefactor], g.building.people[s.v.Beneficiary]
		r := g.rotation(g.rotations[s.v.Schedule])
		switch {
		case !ok || !fine || !start.Before(end) || start.Year() < 1900 || !start.Before(endOfTime):
			g.leftOut(entry, "a swap whose times cannot be read", "export it again")
		case !end.After(g.At):
			past++
		case r == nil:
			g.leftOut(entry, "a swap of a schedule that was left out", "")
		case s.v.Status != "taken" || s.v.Benefactor == "":
			g.leftOut(entry, "a swap that "+g.called(s.v.Beneficiary)+" asked for and nobody has taken ("+clean(s.v.Status)+"), from "+instantWords(start)+" to "+instantWords(end), "ask again here")
		case with == "" || person == "":
			g.leftOut(entry, "a swap of "+g.called(s.v.Beneficiary)+" with "+g.called(s.v.Benefactor)+", one of whom is not in the export", "see who is on call from "+instantWords(start))
		default:
			accepted := start
			if at, ok := instant(s.v.Updated); ok && at.Before(start) {
				accepted = at
			}
			r.Swaps = append(r.Swaps, rotation.Swap{Person: person, With: with, Start: start, End: end, Status: rotation.SwapAccepted, AcceptedAt: accepted.Truncate(time.Second)})
		}
	}
	if past > 0 {
		g.leftOut("swaps", plural(past, "past swap"), "")
	}
}

// called is how the export calls a person.
func (g *onGrafana) called(id string) string {
	for i := range g.roster.People {
		if g.roster.People[i].ID == g.building.people[id] {
			return g.roster.People[i].Name
		}
	}
	return clean(id)
}

// allRendered compares with the final shifts that are in the export.
func (g *onGrafana) allRendered() {
	theirs := map[string][]stretch{}
	var order []string
	for _, s := range all[struct {
		Schedule, File string
		User           string `json:"user_pk"`
		Start          string `json:"shift_start"`
		End            string `json:"shift_end"`
	}](g.building, "rendered") {
		start, ok := instant(s.v.Start)
		end, fine := instant(s.v.End)
		if !ok || !fine {
			continue
		}
		if s.v.Schedule == "" {
			g.lookAt("file "+clean(s.file), "does not say which schedule it is of", "call it final_shifts-ID.json")
			continue
		}
		if !slices.Contains(order, s.v.Schedule) {
			order = append(order, s.v.Schedule)
		}
		theirs[s.v.Schedule] = append(theirs[s.v.Schedule], stretch{start, end, g.building.people[s.v.User]})
	}
	for _, id := range order {
		g.rendered("schedule "+clean(g.schedulesThere[id]), g.rotations[id], theirs[id])
	}
}

// layerID is the ID of the next layer made of a shift.
func (x *onSchedule) layerID(name string) string {
	if slug(name) == "" {
		name = "shift"
	}
	return x.building.id("layer of "+x.rot.ID, name)
}

// unknown reports users of a shift who are not in the export.
func (x *onSchedule) unknown(layer, shift string, users []string) {
	for _, u := range users {
		if x.building.people[u] == "" {
			x.missing("rotation "+x.rot.ID+"/layer "+layer, x.entry, fmt.Sprintf("shift %s: the unknown user %s; the turn stays, with nobody in their place", clean(shift), clean(u)), "put somebody in their place")
		}
	}
}

// shortDays are the days of a list such as MO, TU; false where one cannot be read.
func shortDays(names []string) ([]time.Weekday, bool) {
	var list []time.Weekday
	for _, n := range names {
		i := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, strings.ToUpper(n))
		if i < 0 {
			return nil, false
		}
		if !slices.Contains(list, time.Weekday(i)) {
			list = append(list, time.Weekday(i))
		}
	}
	return list, true
}
