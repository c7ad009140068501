package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// showing is the first instant at which a clock shows a time, or a later one where it
// is skipped; again is when it shows it for the last time.
func showing(t time.Time, loc *time.Location) (first, again time.Time) {
	var found []time.Time
	for _, h := range []time.Duration{-24, 24} {
		_, off := t.Add(h * time.Hour).In(loc).Zone()
		u := t.Add(-time.Duration(off) * time.Second)
		if u.In(loc).Format(noOffset) == t.Format(noOffset) {
			found = append(found, u)
		}
	}
	if len(found) == 0 { // skipped: the minute of the change
		u := t.Add(-26 * time.Hour)
		for u.In(loc).Format(noOffset) < t.Format(noOffset) {
			u = u.Add(time.Minute)
		}
		return u, u
	}
	slices.SortFunc(found, time.Time.Compare)
	return found[0], found[len(found)-1]
}

// rotationThere is a rotation as the rules of GoAlert have it.
type rotationThere struct {
	id, kind, zone string
	length, shift  int // shift: who has turn 0
	start          time.Time
	users          []string
}

func (r rotationThere) turn(k int) time.Time {
	loc := zoneOf(r.zone)
	n := k * r.length
	t := r.start
	switch r.kind {
	case "hourly":
		t = t.Add(time.Duration(n) * time.Hour)
	case "daily":
		t = t.AddDate(0, 0, n)
	case "weekly":
		t = t.AddDate(0, 0, 7*n)
	case "monthly":
		t = t.AddDate(0, n, 0)
	}
	first, _ := showing(t, loc)
	return first
}

// running is the turn that runs at an instant.
func (r rotationThere) running(at time.Time) int {
	hours := map[string]int{"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720}[r.kind] * r.length
	k := (int(at.Sub(r.start).Hours())-26)/hours - 2
	for !r.turn(k + 1).After(at) {
		k++
	}
	return k
}

func (r rotationThere) index(k int) int {
	n := len(r.users)
	return ((k+r.shift)%n + n) % n
}

// ruleThere is a rule of a schedule.
type ruleThere struct {
	rotation   *rotationThere // nil: the user
	user       string
	days       []bool
	start, end int // minutes
}

// active reports whether the rule holds. It is unsure in an hour that comes twice.
func (r ruleThere) active(at time.Time, loc *time.Location) (active, unsure bool) {
	if r.start == r.end && !slices.Contains(r.days, false) {
		return true, false
	}
	local := at.In(loc)
	for back := range 2 {
		day := time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, time.UTC)
		if !r.days[day.Weekday()] {
			continue
		}
		from, _ := showing(day.Add(time.Duration(r.start)*time.Minute), loc)
		over := day.Add(time.Duration(r.end) * time.Minute)
		if r.end <= r.start {
			over = over.AddDate(0, 0, 1)
		}
		first, last := showing(over, loc)
		if !at.Before(from) && at.Before(last) {
			active = true
			unsure = unsure || !at.Before(first)
		}
	}
	return active, unsure
}

type overrideThere struct {
	add, remove string
	start, end  time.Time
}

type temporaryThere struct {
	start, end time.Time
	shifts     []overrideThere // add alone
}

type goalertThere struct {
	zone      string
	rotations []*rotationThere
	rules     []ruleThere
	overrides []overrideThere
	temporary []temporaryThere
}

func during(at, start, end time.Time) bool { return !at.Before(start) && at.Before(end) }

// on returns who is on call: a temporary schedule alone, else the union of the rules with
// each person mapped once by the overrides.
func (g goalertThere) on(at time.Time) (people []string, unsure bool) {
	loc := zoneOf(g.zone)
	for _, t := range g.temporary {
		if !during(at, t.start, t.end) {
			continue
		}
		for _, s := range t.shifts {
			if during(at, s.start, s.end) {
				people = append(people, s.add)
			}
		}
		slices.Sort(people)
		return slices.Compact(people), false
	}
	for _, r := range g.rules {
		active, doubt := r.active(at, loc)
		unsure = unsure || doubt
		if !active {
			continue
		}
		user := r.user
		if r.rotation != nil {
			user = r.rotation.users[r.rotation.index(r.rotation.running(at))]
		}
		for _, o := range g.overrides {
			if o.remove == user && during(at, o.start, o.end) {
				user = o.add
				break
			}
		}
		if user != "" {
			people = append(people, user)
		}
	}
	for _, o := range g.overrides {
		if o.remove == "" && during(at, o.start, o.end) {
			people = append(people, o.add)
		}
	}
	slices.Sort(people)
	return slices.Compact(people), unsure
}

type object = map[string]any

// export is the answer to the query.
func (g goalertThere) export(t *rapid.T, at time.Time) File {
	var users, rotations, targets, overrides, temporary []object
	for _, u := range []string{"ada", "bob", "cleo", "dan", "eve"} {
		users = append(users, object{"id": u, "name": u, "email": u + "@shop.example"})
	}
	for _, r := range g.rotations {
		loc := zoneOf(r.zone)
		k := r.running(at)
		start, _ := showing(r.start, loc)
		rotations = append(rotations, object{"id": r.id, "name": r.id, "start": start, "timeZone": r.zone, "type": r.kind, "shiftLength": r.length,
			"activeUserIndex": r.index(k), "userIDs": r.users, "nextHandoffTimes": []time.Time{r.turn(k + 1), r.turn(k + 2)}})
	}
	for _, r := range g.rules {
		target := object{"id": r.user, "type": "user", "name": r.user}
		if r.rotation != nil {
			target = object{"id": r.rotation.id, "type": "rotation", "name": r.rotation.id}
		}
		clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
		targets = append(targets, object{"target": target, "rules": []object{{"start": clock(r.start), "end": clock(r.end), "weekdayFilter": r.days}}})
	}
	for n, o := range g.overrides {
		overrides = append(overrides, object{"id": fmt.Sprint(n), "start": o.start, "end": o.end, "addUserID": o.add, "removeUserID": o.remove, "target": object{"id": "S", "type": "schedule"}})
	}
	for _, x := range g.temporary {
		var shifts []object
		for _, s := range x.shifts {
			shifts = append(shifts, object{"userID": s.add, "start": s.start, "end": s.end})
		}
		temporary = append(temporary, object{"start": x.start, "end": x.end, "shifts": shifts})
	}
	nodes := func(list []object) object { return object{"nodes": append([]object{}, list...)} }
	data, err := json.Marshal(object{"data": object{"users": nodes(users), "rotations": nodes(rotations), "userOverrides": nodes(overrides),
		"schedules": nodes([]object{{"id": "S", "name": "Main", "timeZone": g.zone, "targets": targets, "temporarySchedules": temporary}})}})
	if err != nil {
		t.Fatal(err)
	}
	return File{Name: "goalert.json", Data: data}
}

func drawGoAlert(t *rapid.T, at time.Time) goalertThere {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	number := func(label string, from, to int) int { return rapid.IntRange(from, to).Draw(t, label) }
	g := goalertThere{zone: pick("zone", "Europe/Oslo", "America/New_York", "Asia/Kolkata", "UTC")}
	for n := range number("rules", 1, 3) {
		r := ruleThere{user: "eve", start: 30 * number("from", 0, 47), end: 30 * number("to", 0, 47)}
		always := rapid.Bool().Draw(t, "always")
		if always {
			r.end = r.start
		}
		for range 7 {
			r.days = append(r.days, always || rapid.Bool().Draw(t, "day"))
		}
		if number("rotation?", 0, 3) > 0 {
			x := &rotationThere{id: fmt.Sprint("turns ", n), kind: pick("kind", "hourly", "daily", "weekly", "monthly"), zone: g.zone, length: number("length", 1, 3),
				shift: number("shift", 0, 9), users: []string{"ada", "bob", "cleo", "dan"}[:number("users", 1, 4)]}
			if always {
				x.zone = pick("its zone", "Europe/Oslo", "America/New_York", "Asia/Kolkata")
			}
			x.start = time.Date(2026, time.Month(number("month", 1, 12)), number("date", 1, 28), number("hour", 0, 23), 30*number("half", 0, 1), 0, 0, time.UTC)
			r.rotation, r.user = x, ""
			g.rotations = append(g.rotations, x)
		}
		g.rules = append(g.rules, r)
	}
	stretch := func() overrideThere {
		start := at.Add(time.Duration(number("begins", -100, 4000)) * time.Hour)
		return overrideThere{start: start, end: start.Add(time.Duration(number("lasts", 1, 400)) * time.Hour)}
	}
	for _, who := range [][2]string{{"eve", "ada"}, {"", "bob"}, {"dan", ""}} { // nobody stands in two of them: GoAlert allows no such
		if rapid.Bool().Draw(t, "override?") {
			o := stretch()
			o.add, o.remove = who[0], who[1]
			g.overrides = append(g.overrides, o)
		}
	}
	if rapid.Bool().Draw(t, "temporary?") {
		whole := stretch()
		x := temporaryThere{start: whole.start, end: whole.end}
		for n := range number("shifts", 0, 3) {
			s := overrideThere{add: []string{"ada", "bob", "cleo"}[n], start: x.start.Add(time.Duration(number("in", 0, 100)) * time.Hour)}
			s.end = s.start.Add(time.Duration(number("for", 1, 100)) * time.Hour)
			if s.end.After(x.end) {
				s.end = x.end
			}
			if s.start.Before(s.end) {
				x.shifts = append(x.shifts, s)
			}
		}
		g.temporary = append(g.temporary, x)
	}
	return g
}

// TestGoAlertAgrees draws schedules, works out by the rules of GoAlert who is on call, and
// asks the roster that is made of them the same, over a year with both changes of the
// clocks.
func TestGoAlertAgrees(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	asked, answered := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := drawGoAlert(t, at)
		result, err := Import("goalert", []File{g.export(t, at)}, Options{At: at})
		if err != nil {
			t.Fatal(err)
		}
		r, ok := result.Roster.Rotation("main")
		for range 40 {
			when := at.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute")) * time.Minute)
			want, unsure := g.on(when)
			if asked++; unsure {
				continue
			}
			answered++
			var have []string
			if ok {
				have = r.People(when)
			}
			if !slices.Equal(have, want) {
				t.Fatalf("at %s: have %v, want %v\n%s", when.Format(time.RFC3339), have, want, result.Text)
			}
		}
	})
	if answered < asked*9/10 {
		t.Errorf("only %d of %d answers were sure", answered, asked)
	}
}
