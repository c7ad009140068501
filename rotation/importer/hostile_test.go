package importer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// hostileAt is when hostile exports are made.
var hostileAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// hostileNames are such as no roster should break at.
var hostileNames = []string{
	"", " ", "\x00\x1b[31mred\x07", "a: b # c", "- {x: y}", "*anchor", "&a", "!!binary", "null", "true", "~", "'", `"`, `\`, "line\nbreak\r\n---\n", "\u202eevil", "\ufeff", "%s%n",
	strings.Repeat("🙂", 4000), strings.Repeat("-", 300), "日本語", "admin", "e\u0301", "../../etc/passwd", "\xff\xfe", "Jörg\tMüßig",
}

// TestHostileNames carries any name over, or says what it did with it, on one line.
func TestHostileNames(t *testing.T) {
	for _, name := range hostileNames {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			og := ogBasics(t, obj{"name": name}, obj{"name": name, "ownerTeam": obj{"id": "T1", "name": name}})
			og = append(og, ogAnswer(t, "more.json", []obj{{"id": "U3", "username": name, "fullName": name, "timeZone": name, "blocked": false}, {"id": "U4", "username": name + "@" + name, "fullName": name, "blocked": true},
				{"id": "E1", "name": name, "rules": []obj{{"recipient": obj{"type": "schedule", "id": "S1", "name": name}}, {"recipient": obj{"type": name, "name": name}, "delay": obj{"timeAmount": 3}}}},
				{"id": "I1", "name": name, "type": name + "x", "enabled": true}, {"id": "V1", "name": name, "teamId": "T1"}}),
				ogAnswer(t, "routing-rules-T1.json", []obj{{"id": "Q", "name": name, "isDefault": true, "notify": obj{"type": "escalation", "id": "E1", "name": name}}}))
			carries(t, "opsgenie", og)
			schedule := pdWeekly(nil)
			schedule["schedule"].(obj)["name"] = name
			carries(t, "pagerduty", []File{pdPeople(t), pdFile(t, "s.json", schedule), pdFile(t, "more.json", obj{
				"users":               []obj{{"id": "PX", "name": name, "email": name, "time_zone": name}},
				"teams":               []obj{{"id": "PT", "name": name}},
				"escalation_policies": []obj{{"id": "PE", "name": name, "escalation_rules": []obj{{"escalation_delay_in_minutes": 0, "targets": []obj{{"id": "PS", "type": "schedule", "summary": name}, {"type": name, "summary": name}}}}}},
				"services":            []obj{{"id": "PV", "name": name, "status": "active", "escalation_policy": obj{"id": "PE"}}},
			})})
		})
	}
}

// carries imports, and wants a report of single lines without anything unseen.
func carries(t *testing.T, system string, files []File) *Result {
	t.Helper()
	result, err := Import(system, files, Options{At: hostileAt})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range result.Report.Lines() {
		if strings.IndexFunc(line, unseen) >= 0 || len(line) > 4000 {
			t.Errorf("the report has the line %q", line)
		}
	}
	if _, err := rotation.Parse("roster", result.Text); err != nil {
		t.Error(err)
	}
	return result
}

// TestHostileValues neither panics nor writes what cannot be read.
func TestHostileValues(t *testing.T) {
	for name, more := range map[string]obj{
		"a zone that is none":            {"timezone": "Mars/Olympus"},
		"the machine's own zone":         {"timezone": "Local"},
		"a rotation of centuries":        {"rotations": []obj{{"name": "x", "type": "weekly", "length": 2147483647, "startDate": "2026-01-05T08:00:00Z", "participants": []obj{{"type": "user", "id": "U1"}}}}},
		"a rotation of less than none":   {"rotations": []obj{{"name": "x", "type": "hourly", "length": -3, "startDate": "2026-01-05T08:00:00Z", "participants": []obj{{"type": "user", "id": "U1"}}}}},
		"the year 0001":                  {"rotations": []obj{{"name": "x", "type": "daily", "startDate": "0001-01-01T00:00:00Z", "participants": []obj{{"type": "user", "id": "U1"}}}}},
		"the year 9999":                  {"rotations": []obj{{"name": "x", "type": "daily", "startDate": "9999-12-31T23:59:59-12:00", "endDate": "9999-12-31T23:59:59-12:00", "participants": []obj{{"type": "user", "id": "U1"}}}}},
		"hours that are none":            {"rotations": []obj{{"name": "x", "type": "daily", "startDate": "2026-01-05T08:00:00Z", "participants": []obj{{"type": "user", "id": "U1"}}, "timeRestriction": obj{"type": "time-of-day", "restriction": obj{"startHour": 99, "endHour": -4}}}}},
		"days that are none":             {"rotations": []obj{{"name": "x", "type": "daily", "startDate": "2026-01-05T08:00:00Z", "participants": []obj{{"type": "user", "id": "U1"}}, "timeRestriction": obj{"restrictions": []obj{{"startDay": "someday", "endDay": "monday"}}}}}},
		"participants of unknown kinds":  {"rotations": []obj{{"name": "x", "type": "daily", "startDate": "2026-01-05T08:00:00Z", "participants": []obj{{"type": "robot"}, {}, {"type": "none"}}}}},
		"rotations that are no rotation": {"rotations": []any{nil, obj{}, obj{"name": "x"}}},
	} {
		t.Run(name, func(t *testing.T) { carries(t, "opsgenie", ogBasics(t, nil, more)) })
	}
}

// TestHalfAnExport cuts every file of every sample in two: it is refused, or, where the
// cut leaves nothing that is missed, imported.
func TestHalfAnExport(t *testing.T) {
	samples, _ := filepath.Glob("testdata/*/*/expected.json")
	for _, known := range samples {
		folder := filepath.Dir(known)
		system := filepath.Base(filepath.Dir(folder))
		files := sampleFiles(t, folder)
		for i := range files {
			cut := append([]File(nil), files...)
			cut[i].Data = bytes.TrimSpace(cut[i].Data)
			cut[i].Data = cut[i].Data[:len(cut[i].Data)/2]
			_, err := Import(system, cut, Options{At: hostileAt})
			if err == nil || !strings.HasPrefix(err.Error(), files[i].Name+": line ") {
				t.Errorf("%s cut in two: %v", files[i].Name, err)
			}
			without := append(append([]File(nil), files[:i]...), files[i+1:]...)
			if _, err := Import(system, without, Options{At: hostileAt}); err != nil && !errors.As(err, new(Refusals)) {
				t.Errorf("without %s: %v", files[i].Name, err)
			}
		}
		for _, other := range Systems() {
			for _, f := range files { // by itself: nothing of another system is taken for one's own
				if r := newReading(systems[other]); other != system {
					r.file(f)
					if len(r.shelves) > 0 {
						t.Errorf("%s is taken for one of %s", f.Name, other)
					}
				}
			}
			if _, err := Import(other, files, Options{At: hostileAt}); other != system && (err == nil || !strings.Contains(err.Error(), "looks like "+system)) {
				t.Errorf("%s as %s: %.300v", folder, other, err)
			}
		}
	}
}

// TestManyUsers imports very many people, most of them of one name: what they cost grows
// with their number and not with its square, in time and in pieces of memory.
func TestManyUsers(t *testing.T) {
	n := 4_000
	if os.Getenv("EVERY_CASE") != "" {
		n = 20_000
	}
	var b strings.Builder
	b.WriteString(`{"data": [`)
	for i := range n {
		fmt.Fprintf(&b, `{"id": "X%d", "username": "ada@shop%d.example", "fullName": "Ada", "timeZone": "Europe/Berlin", "blocked": false},`, i, i)
	}
	b.WriteString(`{"id": "Y", "username": "zoe@shop.example", "fullName": "Zoe", "blocked": false}]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	result := carries(t, "opsgenie", append(ogBasics(t, nil, nil), File{Name: "many.json", Data: []byte(b.String())}))
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if have := len(result.Roster.People); have != n+3 {
		t.Errorf("%d people, want %d", have, n+3)
	}
	if took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if each := (after.Mallocs - before.Mallocs) / uint64(n); each > 400 {
		t.Errorf("each of %d people took %d pieces of memory", n, each)
	}
}

// FuzzImport gives each system any file beside a sample of its own.
func FuzzImport(f *testing.F) {
	base := map[string][]File{}
	samples, _ := filepath.Glob("testdata/*/*/expected.json")
	for _, known := range samples {
		folder := filepath.Dir(known)
		system := filepath.Base(filepath.Dir(folder))
		if base[system] == nil {
			base[system] = sampleFiles(f, folder)
			for _, file := range base[system] {
				f.Add(system, file.Name, file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, system, name string, data []byte) {
		if _, ok := systems[system]; !ok {
			return
		}
		for _, files := range [][]File{{{Name: name, Data: data}}, append([]File{{Name: name, Data: data}}, base[system]...)} {
			result, err := Import(system, files, Options{At: hostileAt})
			if err == nil {
				_, err = rotation.Parse("roster", result.Text)
			} else if errors.As(err, new(Refusals)) {
				if strings.Contains(err.Error(), "the roster would not be read") {
					t.Error(err)
				}
				err = nil
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAnswersAsList reads every sample as one file whose answers are a list, which is
// what people make of several.
func TestAnswersAsList(t *testing.T) {
	for _, folder := range []string{"testdata/goalert/fjordbank", "testdata/goalert/tidewater", "testdata/grafana-oncall/kiosk", "testdata/pagerduty/lighthouse", "testdata/opsgenie/harbourline"} {
		system := filepath.Base(filepath.Dir(folder))
		files := sampleFiles(t, folder)
		want := carries(t, system, files)
		var data [][]byte
		for i, f := range files {
			if !bytes.HasPrefix(bytes.TrimSpace(f.Data), []byte("{")) || strings.ContainsAny(filepath.Base(f.Name), "-") { // its name says whom it is about
				continue
			}
			data = append(data, f.Data)
			files[i].Data = nil
		}
		all := []File{{Name: "all.json", Data: []byte("[" + string(bytes.Join(data, []byte(","))) + "]")}}
		for _, f := range files {
			if f.Data != nil {
				all = append(all, f)
			}
		}
		result, err := Import(system, all, Options{At: hostileAt})
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		if have := result.Report.Counts; have != want.Report.Counts {
			t.Errorf("%s: have %s, want %s", folder, have, want.Report.Counts)
		}
	}
}

// TestHostileSlack: what is no member ID of Slack, or is somebody else's, does not cost
// the whole roster.
func TestHostileSlack(t *testing.T) {
	for _, slack := range []string{"dora@slack", "u0dora", "U0ADA", "", " U0DORA "} {
		user := func(id, slack string) obj {
			return obj{"id": id, "username": id, "email": id + "@shop.example", "timezone": "UTC", "slack": []obj{{"user_id": slack}}}
		}
		result := carries(t, "grafana-oncall", []File{pdFile(t, "users.json", obj{"next": nil, "results": []obj{user("ada", "U0ADA"), user("dora", slack)}}),
			pdFile(t, "schedules.json", obj{"next": nil, "results": []obj{{"id": "S", "name": "Main", "type": "web", "on_call_now": []string{}, "shifts": []string{"X"}}}}),
			pdFile(t, "shifts.json", []obj{{"id": "X", "name": "holidays", "type": "override", "start": "2026-12-24T00:00:00", "duration": 86400, "users": nil, "rolling_users": [][]string{{"dora"}}}})})
		dora, _ := result.Roster.Person("dora")
		if want := map[string]string{" U0DORA ": "U0DORA"}[slack]; dora.Slack != want {
			t.Errorf("%q became %q", slack, dora.Slack)
		}
		if _, ok := result.Roster.Rotation("main"); !ok {
			t.Error("the override's schedule is not in the roster")
		}
	}
}

// TestOverSchedule leaves a schedule out that only a past temporary schedule filled.
func TestOverSchedule(t *testing.T) {
	for end, want := range map[string]bool{"2026-11-06T00:00:00Z": false, "2026-12-06T00:00:00Z": true} {
		nodes := func(list ...obj) obj { return obj{"nodes": list} }
		result := carries(t, "goalert", []File{pdFile(t, "g.json", obj{"data": obj{"users": nodes(obj{"id": "a", "name": "Ada", "email": "ada@shop.example"}),
			"schedules": nodes(obj{"id": "S", "name": "Fair", "timeZone": "UTC", "targets": []obj{}, "temporarySchedules": []obj{{"start": "2026-11-01T00:00:00Z", "end": end,
				"shifts": []obj{{"userID": "a", "start": "2026-11-01T00:00:00Z", "end": end}}}}})}})})
		if _, have := result.Roster.Rotation("fair"); have != want {
			t.Errorf("until %s: in the roster %t, want %t\n%s", end, have, want, strings.Join(result.Report.Lines(), "\n"))
		}
	}
}
