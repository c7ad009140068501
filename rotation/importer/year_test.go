package importer

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// TestYearOfGrafana asks the roster of each sample of Grafana OnCall, all through a
// year with both changes of the clocks, whether it agrees with the rules of the source.
func TestYearOfGrafana(t *testing.T) {
	for _, name := range []string{"kiosk", "meridian"} {
		folder := "testdata/grafana-oncall/" + name
		var users struct {
			Results []struct{ ID, Email string }
		}
		var shifts struct{ Results []shiftThere }
		var schedules struct {
			Results []struct {
				ID, Name, Type string
				TimeZone       string `json:"time_zone"`
				Shifts         []string
			}
		}
		var swaps struct {
			Results []struct {
				Schedule, Beneficiary, Benefactor, Status string
				Start                                     time.Time `json:"swap_start"`
				End                                       time.Time `json:"swap_end"`
			}
		}
		readSample(t, folder+"/users.json", &users)
		readSample(t, folder+"/on_call_shifts.json", &shifts)
		readSample(t, folder+"/schedules.json", &schedules)
		readSample(t, folder+"/shift_swaps.json", &swaps)
		mails := map[string]string{}
		for _, u := range users.Results {
			mails[u.ID] = u.Email
		}
		result, at := importSample(t, "grafana-oncall", folder)
		for _, s := range schedules.Results {
			r, ok := result.Roster.Rotation(slug(s.Name))
			if !ok || s.Type == "ical" {
				continue
			}
			there := scheduleThere{kind: s.Type, zone: s.TimeZone}
			seen := map[string]bool{}
			for _, x := range shifts.Results {
				mine := slices.Contains(s.Shifts, x.ID) || x.Schedule == s.ID && x.Type == "override"
				if mine && !seen[x.ID] && x.Frequency != "monthly" { // those of days of the month are left out, and reported
					seen[x.ID] = true
					for _, group := range append(slices.Clone(x.Rolling), x.Users) {
						for i, u := range group {
							if mails[u] == "" {
								group[i] = "gone"
							}
						}
					}
					there.shifts = append(there.shifts, x)
				}
			}
			overYear(t, name+", "+s.Name, at, func(when time.Time) ([]string, bool) {
				people, unsure := there.on(when)
				var list []string
				for _, p := range people {
					for _, w := range swaps.Results {
						if w.Schedule == s.ID && w.Status == "taken" && w.Beneficiary == p && during(when, w.Start, w.End) {
							p = w.Benefactor
						}
					}
					list = append(list, mails[p])
				}
				return list, unsure
			}, result, r)
		}
	}
}

// TestYearOfGoAlert does the same with the samples of GoAlert.
func TestYearOfGoAlert(t *testing.T) {
	for _, name := range []string{"tidewater", "fjordbank"} {
		folder := "testdata/goalert/" + name
		var answer struct {
			Data struct {
				Users struct {
					Nodes []struct{ ID, Name, Email string }
				}
				Rotations     struct{ Nodes []rotationSaid }
				Schedules     struct{ Nodes []scheduleSaid }
				UserOverrides struct{ Nodes []overrideSaid }
			}
		}
		readSample(t, folder+"/goalert.json", &answer)
		result, at := importSample(t, "goalert", folder)
		words := map[string]string{}
		for _, u := range answer.Data.Users.Nodes {
			if words[u.ID] = u.Email; u.Email == "" {
				words[u.ID] = u.Name
			}
		}
		rotations := map[string]*rotationThere{}
		for _, x := range answer.Data.Rotations.Nodes {
			if len(x.UserIDs) > 0 {
				rotations[x.ID] = x.there(at)
			}
		}
		for _, s := range answer.Data.Schedules.Nodes {
			r, ok := result.Roster.Rotation(slug(s.Name))
			if !ok {
				continue
			}
			there := s.there(rotations, answer.Data.UserOverrides.Nodes)
			overYear(t, name+", "+s.Name, at, func(when time.Time) ([]string, bool) {
				people, unsure := there.on(when)
				var list []string
				for _, p := range people {
					list = append(list, words[p])
				}
				return list, unsure
			}, result, r)
		}
	}
}

type rotationSaid struct {
	ID, TimeZone, Type string
	Start              time.Time
	ShiftLength        int
	ActiveUserIndex    int
	UserIDs            []string
}

func (x rotationSaid) there(at time.Time) *rotationThere {
	loc := zoneOf(x.TimeZone)
	r := &rotationThere{id: x.ID, kind: x.Type, zone: x.TimeZone, length: x.ShiftLength, users: x.UserIDs, start: naive(x.Start.In(loc).Format(noOffset))}
	r.shift = x.ActiveUserIndex - r.running(at)
	return r
}

type shiftSaid struct {
	UserID     string
	Start, End time.Time
}

type overrideSaid struct {
	Start, End              time.Time
	AddUserID, RemoveUserID string
	Target                  struct{ ID string }
}

type scheduleSaid struct {
	ID, Name, TimeZone string
	Targets            []struct {
		Target struct{ ID, Type string }
		Rules  []struct {
			Start, End    string
			WeekdayFilter []bool
		}
	}
	TemporarySchedules []struct {
		Start, End time.Time
		Shifts     []shiftSaid
	}
}

func (s scheduleSaid) there(rotations map[string]*rotationThere, overrides []overrideSaid) goalertThere {
	g := goalertThere{zone: s.TimeZone}
	for _, x := range s.Targets {
		for _, r := range x.Rules {
			rule := ruleThere{user: x.Target.ID, days: r.WeekdayFilter}
			from, _ := time.Parse("15:04", r.Start)
			to, _ := time.Parse("15:04", r.End)
			rule.start, rule.end = from.Hour()*60+from.Minute(), to.Hour()*60+to.Minute()
			if x.Target.Type == "rotation" {
				if rule.rotation, rule.user = rotations[x.Target.ID], ""; rule.rotation == nil {
					continue
				}
			}
			g.rules = append(g.rules, rule)
		}
	}
	for _, o := range overrides {
		if o.Target.ID == s.ID {
			g.overrides = append(g.overrides, overrideThere{o.AddUserID, o.RemoveUserID, o.Start, o.End})
		}
	}
	for _, x := range s.TemporarySchedules {
		w := temporaryThere{start: x.Start, end: x.End}
		for _, y := range x.Shifts {
			w.shifts = append(w.shifts, overrideThere{add: y.UserID, start: y.Start, end: y.End})
		}
		g.temporary = append(g.temporary, w)
	}
	return g
}

func readSample(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func importSample(t *testing.T, system, folder string) (*Result, time.Time) {
	t.Helper()
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	result, err := Import(system, sampleFiles(t, folder), Options{At: at})
	if err != nil {
		t.Fatal(err)
	}
	return result, at
}

// stride is how far apart the instants are: every time of the day comes.
const stride = 11*time.Hour + time.Minute

// overYear asks both. Instants at which the source and the roster are known to differ are
// counted, and have to be few.
func overYear(t *testing.T, name string, at time.Time, there func(time.Time) ([]string, bool), result *Result, r *rotation.Rotation) {
	t.Helper()
	s := &sample{T: t, Result: result}
	asked, wrong, known := 0, 0, 0
	for when := at; when.Before(at.AddDate(1, 0, 0)); when = when.Add(stride) {
		want, unsure := there(when)
		asked++
		if slices.Equal(s.words(r.People(when)), lower(want)) {
			continue
		}
		if unsure || len(result.reasons(r.ID)) > 0 {
			known++
			continue
		}
		if wrong++; wrong == 1 {
			t.Errorf("%s at %s: have %v, want %v", name, when.Format(time.RFC3339), s.words(r.People(when)), want)
		}
	}
	t.Logf("%s: %d of %d instants agree, %d differ as the report says", name, asked-wrong-known, asked, known)
	if known > asked/100 {
		t.Errorf("%s: %d of %d instants differ", name, known, asked)
	}
}
