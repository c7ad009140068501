package importer

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// TestHostileShifts neither hangs nor writes what cannot be read, whatever a shift of
// Grafana OnCall says.
func TestHostileShifts(t *testing.T) {
	shift := func(more object) object {
		s := object{"id": "O", "schedule": "S", "name": "x", "type": "rolling_users", "start": "2026-06-01T08:00:00", "rotation_start": "2026-06-01T08:00:00", "duration": 604800,
			"frequency": "weekly", "interval": 1, "week_start": "MO", "rolling_users": [][]string{{"UA"}, {"UB"}}}
		for k, v := range more {
			s[k] = v
		}
		return s
	}
	for name, more := range map[string]object{
		"centuries":               {"interval": 2147483647},
		"centuries on some days":  {"interval": 2147483647, "by_day": []string{"MO"}, "duration": 3600},
		"less than none":          {"interval": -3, "duration": -5},
		"longer than the world":   {"duration": 9e17},
		"over each other":         {"frequency": "daily", "duration": 3e8},
		"months over each other":  {"frequency": "monthly", "duration": 3e8},
		"the year 0001":           {"start": "0001-01-01T00:00:00", "frequency": "hourly"},
		"begins at the end":       {"rotation_start": "9999-12-31T23:59:59", "frequency": "monthly"},
		"ends at the end":         {"until": "9999-12-31T23:59:59", "frequency": "hourly", "duration": 3600},
		"some days until the end": {"until": "9999-12-31T23:59:59", "frequency": "daily", "by_day": []string{"MO", "WE"}, "duration": 3600},
		"months until the end":    {"until": "9999-12-31T23:59:59", "frequency": "monthly", "duration": 3600},
		"ends before it begins":   {"until": "1999-12-31T23:59:59"},
		"days that are none":      {"by_day": []string{"1MO", "XX"}},
		"an index that is none":   {"start_rotation_from_user_index": 99},
		"no users":                {"rolling_users": [][]string{}},
		"groups of nobody":        {"rolling_users": [][]string{{}, {"UX"}}},
		"a zone that is none":     {"time_zone": "Mars/Olympus"},
		"a kind that is none":     {"type": "later"},
		"a level that is none":    {"level": -7},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(object{"next": nil, "results": []object{shift(more), {"id": "P", "schedule": "S", "name": "y", "type": "recurrent_event", "start": "2026-06-01T08:00:00", "duration": 86400, "frequency": "daily", "interval": 1, "users": []string{"UA"}}}})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			carries(t, "grafana-oncall", []File{
				{Name: "users.json", Data: []byte(`{"next": null, "results": [{"id": "UA", "username": "ada", "email": "ada@shop.example"}, {"id": "UB", "username": "bob", "email": "bob@shop.example"}]}`)},
				{Name: "schedules.json", Data: []byte(`{"next": null, "results": [{"id": "S", "name": "Main", "type": "calendar", "time_zone": "Europe/Berlin", "on_call_now": [], "shifts": ["O", "P"]}]}`)},
				{Name: "shifts.json", Data: data},
			})
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestHostileTurns does the same with rotations of GoAlert.
func TestHostileTurns(t *testing.T) {
	for name, more := range map[string]string{
		"centuries":                 `"shiftLength": 2147483647`,
		"less than none":            `"shiftLength": -4`,
		"the year 0001":             `"start": "0001-01-01T00:00:00Z", "type": "monthly"`,
		"the year 9999":             `"start": "9999-12-31T00:00:00Z", "type": "monthly"`,
		"a hand-over long ago":      `"nextHandoffTimes": ["0001-01-01T00:00:00Z"], "type": "hourly"`,
		"a hand-over at the end":    `"nextHandoffTimes": ["9999-12-31T00:00:00Z"], "type": "hourly"`,
		"somebody who is not there": `"activeUserIndex": 99, "userIDs": ["UX", "UA"]`,
		"a kind that is none":       `"type": "yearly"`,
	} {
		t.Run(name, func(t *testing.T) {
			rotation := map[string]any{"id": "R", "name": "Turns", "start": "2026-06-01T08:00:00Z", "timeZone": "Europe/Berlin", "type": "weekly", "shiftLength": 1, "activeUserIndex": 0, "userIDs": []string{"UA"}}
			if err := json.Unmarshal([]byte("{"+more+"}"), &rotation); err != nil {
				t.Fatal(err)
			}
			data, _ := json.Marshal(rotation)
			begun := time.Now()
			carries(t, "goalert", []File{{Name: "a.json", Data: fmt.Appendf(nil, `{"data": {"users": {"nodes": [{"id": "UA", "name": "Ada", "email": "ada@shop.example"}]}, "rotations": {"nodes": [%s]},
				"schedules": {"nodes": [{"id": "S", "name": "Main", "timeZone": "UTC", "targets": [{"target": {"id": "R", "type": "rotation", "name": "Turns"}, "rules": [{"start": "00:00", "end": "00:00", "weekdayFilter": [true, true, true, true, true, true, true]}]},
				{"target": {"id": "UA", "type": "user", "name": "Ada"}, "rules": [{"start": "09:00", "end": "17:00", "weekdayFilter": [true]}]}]}]}}}`, data)}})
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
