package alert

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parsers are the readers of bodies, by the first word of the files in testdata.
var parsers = map[string]func([]byte) (Alert, error){
	"event":        ParseEvent,
	"alertmanager": ParseAlertmanager,
	"grafana":      ParseGrafana,
	"pagerduty": func(body []byte) (Alert, error) {
		a, _, err := ParsePagerDuty(body)
		return a, err
	},
	"sns": func(body []byte) (Alert, error) {
		e, err := ParseSNS(body)
		if err != nil {
			return Alert{}, err
		}
		return e.Alert()
	},
}

func TestBodies(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("testdata holds %d bodies (%v)", len(files), err)
	}
	for _, path := range files {
		sender, _, _ := strings.Cut(filepath.Base(path), "_")
		t.Run(filepath.Base(path), func(t *testing.T) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			a, err := parsers[sender](body)
			got := show(t, a, err)
			file := strings.TrimSuffix(path, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("alert of %s differs (-want +got):\n%s", path, diff)
			}
		})
	}
}

func show(t *testing.T, a Alert, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sound fails where an alert breaks what the type promises.
func sound(t *testing.T, body []byte, a Alert, err error) {
	t.Helper()
	if err != nil {
		if p, ok := err.(Problems); !ok || len(p) == 0 {
			t.Errorf("parse %q: error is %T %v, want Problems", body, err, err)
		}
		return
	}
	switch {
	case a.Key == "" || len([]rune(a.Key)) > MaxKey:
		t.Errorf("parse %q: key %q", body, a.Key)
	case a.Status != Firing && a.Status != Over && a.Status != Acknowledged && a.Status != None:
		t.Errorf("parse %q: status %q", body, a.Status)
	case a.Status == Firing && a.Title == "":
		t.Errorf("parse %q: fires without a title", body)
	case a.Severity < Unknown || a.Severity > SeverityNone:
		t.Errorf("parse %q: severity %d", body, a.Severity)
	case len(a.Details) > MaxDetails || len(a.Links) > MaxLinks:
		t.Errorf("parse %q: %d details, %d links", body, len(a.Details), len(a.Links))
	case a.Source == "":
		t.Errorf("parse %q: no source", body)
	}
	for _, l := range a.Links {
		if lower := strings.ToLower(l.URL); !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
			t.Errorf("parse %q: link %q", body, l.URL)
		}
	}
}

func fuzz(f *testing.F, sender string, more ...string) {
	files, err := filepath.Glob("testdata/" + sender + "_*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds for %s: %v", sender, err)
	}
	for _, path := range files {
		body, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, s := range more {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parsers[sender](body)
		sound(t, body, a, err)
		again, _ := parsers[sender](body)
		if diff := cmp.Diff(a, again); diff != "" {
			t.Errorf("parse %q twice differs:\n%s", body, diff)
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	fuzz(f, "event", `{"title":"\u0000\u202e","severity":1e9}`, `{"title":"x","title":{}}`, `{"links":[{"href":"HTTP://x"}],"title":"x"}`)
}

func FuzzParseAlertmanager(f *testing.F) {
	fuzz(f, "alertmanager", `{"alerts":[{}]}`, `{"alerts":[null]}`, `{"status":7,"alerts":[{"labels":{"severity":[]}}]}`)
}

func FuzzParseGrafana(f *testing.F) { fuzz(f, "grafana") }

func FuzzParsePagerDuty(f *testing.F) {
	fuzz(f, "pagerduty", `{"event_action":"resolve"}`, `{"event_action":"trigger","payload":{"summary":" "},"images":[1]}`)
}

func FuzzParseSNS(f *testing.F) { fuzz(f, "sns") }
