package alerts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

const samplesRoster = `
people: [{id: ada, name: Ada, slack: U0ADA}]
teams: [{id: t, name: T, members: [ada]}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [channel:incidents]}]
services:
  - {id: platform, kind: service, team: t, policy: p}
  - {id: checkout, kind: service, team: t, policy: p}
  - {id: payments, kind: service, team: t, policy: p}
  - {id: search, kind: service, team: t, policy: p}
defaults: {service: platform, policy: p}
`

// any of them is right: a word, a list of words, or nothing to say.
func fits(t *testing.T, want any, got string) bool {
	t.Helper()
	switch w := want.(type) {
	case string:
		return w == got
	case []any:
		return slices.ContainsFunc(w, func(x any) bool { return fits(t, x, got) })
	case nil:
		return got == "platform"
	default:
		t.Fatalf("cannot read the expectation %v", want)
		return false
	}
}

// TestSamples says of every sample body whose each alert is and what it does.
func TestSamples(t *testing.T) {
	const dir = "../../incident/alert/testdata/senders"
	var index []struct {
		File, Path, Auth string
		Repeat           any
		Expect           struct{ Alerts []map[string]any }
	}
	read(t, filepath.Join(dir, "index.json"), &index)
	var mappings map[string]any
	read(t, filepath.Join(dir, "mappings.json"), &mappings)
	text, err := json.Marshal(mappings)
	if err != nil {
		t.Fatal(err)
	}
	roster, err := rotation.Parse("roster.yaml", []byte(samplesRoster+"alerts: {mappings: "+string(text)+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, s := range index {
		body, err := os.ReadFile(filepath.Join(dir, s.File))
		if err != nil {
			t.Fatal(err)
		}
		sender, named := strings.CutPrefix(s.Path, "/v1/")
		if !named || s.Repeat != nil {
			continue
		}
		b, err := readAs(t, roster, sender, body)
		if err != nil {
			t.Errorf("%s: %v", s.File, err)
			continue
		}
		x := Preview(roster, alert.Quiet{}, Key{Name: "k"}, b, time.Now())
		for n, want := range s.Expect.Alerts {
			if n >= len(x.Alerts) {
				t.Errorf("%s: %d alerts, want %d", s.File, len(x.Alerts), len(s.Expect.Alerts))
				break
			}
			got := x.Alerts[n]
			if w, ok := want["service"]; ok && !fits(t, w, got.Service) {
				t.Errorf("%s: alert %d belongs to %s, want %v", s.File, n, got.Service, w)
			}
			if w, ok := want["does"]; ok && w != nil && !fits(t, w, string(got.Does)) {
				t.Errorf("%s: alert %d does %s, want %v", s.File, n, got.Does, w)
			}
			if w := want["severity"]; w == "none" && got.Does != alert.DoesCount {
				t.Errorf("%s: alert %d of no severity does %s", s.File, n, got.Does)
			}
			seen++
		}
	}
	if seen < 30 {
		t.Errorf("only %d alerts were looked at", seen)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readAs(t *testing.T, roster *rotation.Roster, sender string, body []byte) (alert.Body, error) {
	t.Helper()
	r := alert.Request{Sender: alert.Sender(sender), Body: body}
	if sender == "events" {
		r.Sender, r.ContentType = alert.SenderEvent, "application/x-www-form-urlencoded"
	}
	if name, ok := strings.CutPrefix(sender, "webhook/"); ok {
		m, err := alert.CompileMapping(roster.Alerts.Mappings[name])
		if err != nil {
			t.Fatal(err)
		}
		r.Sender, r.Mapping = alert.SenderWebhook, m
	}
	return alert.Read(r)
}
