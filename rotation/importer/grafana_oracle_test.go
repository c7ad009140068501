package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// shiftThere is a shift as the rules of Grafana OnCall have it, read without the
// importer: this file knows nothing of layers.
type shiftThere struct {
	ID            string     `json:"id"`
	Schedule      string     `json:"schedule"`
	Name          string     `json:"name"`
	Type          string     `json:"type"`
	TimeZone      *string    `json:"time_zone"`
	Level         *int       `json:"level,omitempty"`
	Start         string     `json:"start"`
	Duration      int        `json:"duration"`
	RotationStart string     `json:"rotation_start"`
	Frequency     string     `json:"frequency,omitempty"`
	Interval      int        `json:"interval,omitempty"`
	Until         *string    `json:"until"`
	WeekStart     string     `json:"week_start,omitempty"`
	ByDay         []string   `json:"by_day"`
	Users         []string   `json:"users,omitempty"`
	Rolling       [][]string `json:"rolling_users,omitempty"`
	Index         int        `json:"start_rotation_from_user_index"`

	turns  [][]time.Time // what turn has said, from the first on
	placed [][]time.Time // the same where the schedule is
}

const noOffset = "2006-01-02T15:04:05"

func naive(s string) time.Time {
	t, err := time.Parse(noOffset, s)
	if err != nil {
		panic(err)
	}
	return t
}

var zonesOf sync.Map

// zoneOf reads each zone once: time.LoadLocation goes to the disk each time.
func zoneOf(name string) *time.Location {
	if loc, ok := zonesOf.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	zonesOf.Store(name, loc)
	return loc
}

// in reads a time without offset on the clock of a zone.
func in(t time.Time, loc *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
}

var dayNames = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// turn returns where the occurrences of the nth turn begin, on the shift's clock.
func (s *shiftThere) turn(n int) []time.Time {
	start := naive(s.Start)
	if s.Frequency == "" {
		return []time.Time{start}
	}
	named := func(t time.Time) bool { return slices.Contains(s.ByDay, dayNames[t.Weekday()]) }
	switch {
	case s.Frequency == "hourly":
		return []time.Time{start.Add(time.Duration(n*s.Interval) * time.Hour)}
	case s.Frequency == "monthly":
		return []time.Time{start.AddDate(0, n*s.Interval, 0)}
	case s.Frequency == "daily" && len(s.ByDay) > 0: // only named days count
		var list []time.Time
		seen := 0
		for d := 0; seen < (n+1)*s.Interval; d++ {
			t := start.AddDate(0, 0, d)
			if !named(t) {
				continue
			}
			if seen++; seen > n*s.Interval {
				list = append(list, t)
			}
		}
		return list
	case s.Frequency == "daily":
		return []time.Time{start.AddDate(0, 0, n*s.Interval)}
	case len(s.ByDay) == 0:
		return []time.Time{start.AddDate(0, 0, 7*n*s.Interval)}
	}
	first := start
	for dayNames[first.Weekday()] != s.WeekStart {
		first = first.AddDate(0, 0, -1)
	}
	var list []time.Time
	for d := range 7 {
		if t := first.AddDate(0, 0, 7*n*s.Interval+d); named(t) && !t.Before(start) {
			list = append(list, t)
		}
	}
	return list
}

// known is the nth turn without the zone and in it. Each is worked out once: an instant
// asks for all the turns before it.
func (s *shiftThere) known(n int, loc *time.Location) (local, placed []time.Time) {
	if n == len(s.turns) {
		list := s.turn(n)
		s.turns, s.placed = append(s.turns, list), append(s.placed, nil)
		for _, t := range list {
			s.placed[n] = append(s.placed[n], in(t, loc))
		}
	}
	return s.turns[n], s.placed[n]
}

// on returns who is on call in the shift at an instant; loc is the same at each. It is unsure where the answer
// hangs on whether an occurrence ends by the clock or after its length.
func (s *shiftThere) on(at time.Time, loc *time.Location, web bool) (people []string, unsure bool) {
	length := time.Duration(s.Duration) * time.Second
	groups := [][]string{s.Users}
	if s.Type == "rolling_users" {
		groups = s.Rolling
	}
	var until, first time.Time
	if s.Until != nil {
		until = naive(*s.Until)
	}
	if s.Type == "rolling_users" {
		first = naive(s.RotationStart)
	}
	begun := 0
	for n := 0; ; n++ {
		list, placed := s.known(n, loc)
		for i, local := range list {
			begin := placed[i]
			if begin.After(at) {
				return people, unsure
			}
			if s.Until != nil && begin.After(until) {
				return people, unsure
			}
			held := true
			if s.Type == "rolling_users" {
				held = !local.Before(first) || web && local.Add(length).After(first)
			}
			if !held {
				continue
			}
			if begun == 0 {
				begun = n + 1
			}
			group := groups[0]
			if s.Type == "rolling_users" {
				group = groups[(n+s.Index)%len(groups)]
			}
			if at.Sub(begin) > length+24*time.Hour { // however the clocks change
				continue
			}
			end, other := begin.Add(length), in(local.Add(length), loc)
			if s.Until != nil && i == 0 && n-begun+1 < len(groups) && until.Before(end) {
				end, other = until, until
			}
			if at.Before(end) != at.Before(other) {
				unsure = true
			}
			if at.Before(end) {
				people = append(people, group...)
			}
		}
		if s.Frequency == "" {
			return people, unsure
		}
	}
}

// scheduleThere is a schedule with its shifts.
type scheduleThere struct {
	kind, zone string
	shifts     []shiftThere
}

// on returns who is on call: the highest level that has somebody wins, one level is a
// union.
func (s scheduleThere) on(at time.Time) (people []string, unsure bool) {
	levels := map[int][]string{}
	highest := -1
	for i := range s.shifts {
		x := &s.shifts[i]
		name := "UTC"
		switch {
		case x.TimeZone != nil:
			name = *x.TimeZone
		case s.kind == "calendar" && x.Type != "override":
			name = s.zone
		}
		level := 0
		if x.Level != nil {
			level = *x.Level
		}
		if x.Type == "override" {
			level = 1000
		}
		who, doubt := x.on(at, zoneOf(name), s.kind == "web")
		unsure = unsure || doubt
		who = slices.DeleteFunc(who, func(u string) bool { return u == "gone" })
		levels[level] = append(levels[level], who...)
		if len(who) > 0 {
			highest = max(highest, level)
		}
	}
	people = slices.Clone(levels[highest])
	slices.Sort(people)
	return slices.Compact(people), unsure
}

// export is what the API would answer.
func (s scheduleThere) export(t *rapid.T) []File {
	var ids []string
	for _, x := range s.shifts {
		ids = append(ids, x.ID)
	}
	var users []map[string]any
	for _, u := range []string{"ada", "bob", "cleo", "dan"} {
		users = append(users, map[string]any{"id": u, "username": u, "email": u + "@shop.example", "role": "user", "timezone": "UTC"})
	}
	var files []File
	for name, results := range map[string]any{
		"users.json": users, "on_call_shifts.json": s.shifts,
		"schedules.json": []any{map[string]any{"id": "S", "name": "Main", "type": s.kind, "time_zone": s.zone, "shifts": ids, "on_call_now": []string{}}},
	} {
		data, err := json.Marshal(map[string]any{"next": nil, "results": results})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Name: name, Data: data})
	}
	return files
}

func drawShift(t *rapid.T, n int, web bool) shiftThere {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, fmt.Sprint(label, n)) }
	number := func(label string, from, to int) int { return rapid.IntRange(from, to).Draw(t, fmt.Sprint(label, n)) }
	start := time.Date(2026, 6, number("day", 1, 28), number("hour", 0, 23), 30*number("half", 0, 1), 0, 0, time.UTC)
	s := shiftThere{ID: fmt.Sprint("O", n), Schedule: "S", Name: fmt.Sprint("shift ", n), Type: pick("type", "rolling_users", "rolling_users", "recurrent_event", "single_event", "override"),
		Start: start.Format(noOffset), RotationStart: start.Format(noOffset)}
	if rapid.Bool().Draw(t, fmt.Sprint("zone?", n)) {
		zone := pick("zone", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
		s.TimeZone = &zone
	}
	level := number("level", 0, 2)
	s.Level = &level
	if web && s.Type != "override" {
		s.Type = "rolling_users"
	}
	if s.Type == "single_event" || s.Type == "override" {
		start = time.Date(2026, 12, number("date", 1, 31), number("hour", 0, 23), 0, 0, 0, time.UTC)
		s.Start, s.RotationStart, s.Duration, s.Users = start.Format(noOffset), start.Format(noOffset), 3600*number("length", 1, 60), []string{"dan"}
		return s
	}
	s.Frequency, s.Interval = pick("frequency", "hourly", "daily", "weekly", "weekly", "monthly"), number("interval", 1, 3)
	unit := map[string]int{"hourly": 1, "daily": 24, "weekly": 168, "monthly": 28 * 24}[s.Frequency]
	s.Duration = 3600 * pickLength(t, n, unit, s.Interval)
	if s.Frequency == "weekly" {
		s.WeekStart = pick("week", "MO", "SU", "WE")
	}
	if (s.Frequency == "daily" || s.Frequency == "weekly") && rapid.Bool().Draw(t, fmt.Sprint("days?", n)) {
		s.ByDay = []string{dayNames[start.Weekday()]}
		for range number("more days", 0, 3) {
			if d := pick("another", dayNames...); !slices.Contains(s.ByDay, d) {
				s.ByDay = append(s.ByDay, d)
			}
		}
		s.Interval = min(s.Interval, len(s.ByDay))
		s.Duration = 3600 * number("hours", 1, 24)
	}
	if s.Type == "recurrent_event" {
		s.Users = []string{"ada", "bob"}
		if s.Frequency == "daily" && s.Interval > 1 {
			s.ByDay = nil
		}
		return s
	}
	s.Rolling = [][]string{{"ada"}, {"bob", "cleo"}, {"gone"}, {"cleo", "gone"}}[:number("groups", 1, 4)]
	s.Index = number("index", 0, len(s.Rolling)-1)
	if len(s.ByDay) == 0 {
		s.RotationStart = start.Add(time.Duration(number("later", 0, 5000)) * time.Hour).Format(noOffset)
	}
	if rapid.Bool().Draw(t, fmt.Sprint("until?", n)) {
		until := time.Date(2027, 1, number("until", 1, 28), number("until hour", 0, 23), 15, 0, 0, time.UTC).Format(noOffset)
		s.Until = &until
	}
	return s
}

// pickLength is a length in hours: a whole turn, a part of it, or more than it.
func pickLength(t *rapid.T, n, unit, interval int) int {
	switch rapid.IntRange(0, 3).Draw(t, fmt.Sprint("length?", n)) {
	case 0:
		return unit * interval
	case 1:
		return rapid.IntRange(1, unit).Draw(t, fmt.Sprint("part", n))
	case 2:
		if unit > 1 {
			return unit*interval + rapid.IntRange(1, unit).Draw(t, fmt.Sprint("over", n))
		}
	}
	return rapid.IntRange(1, unit*interval).Draw(t, fmt.Sprint("hours", n))
}

// TestGrafanaAgrees draws schedules, works out by the rules of Grafana OnCall who is on
// call, and asks the roster that is made of them the same, over a year with both changes
// of the clocks.
func TestGrafanaAgrees(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	asked, answered := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := scheduleThere{kind: rapid.SampledFrom([]string{"web", "calendar"}).Draw(t, "kind"), zone: rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "UTC"}).Draw(t, "zone")}
		for n := range rapid.IntRange(1, 3).Draw(t, "shifts") {
			s.shifts = append(s.shifts, drawShift(t, n, s.kind == "web"))
		}
		result, err := Import("grafana-oncall", s.export(t), Options{At: at})
		if err != nil {
			t.Fatal(err)
		}
		r, ok := result.Roster.Rotation("main")
		for range 40 {
			when := at.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute")) * time.Minute)
			want, unsure := s.on(when)
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
