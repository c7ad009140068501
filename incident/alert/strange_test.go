package alert

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// needed are the fields without which a body of a sender cannot be understood, so
// that one of another type may be refused. Any other field costs no alert.
var needed = map[Sender][]string{
	SenderAlertmanager:    {"alerts"},
	SenderGrafana:         {"alerts"},
	SenderPagerDuty:       {"event_action", "dedup_key", "payload"},
	SenderPagerDutyChange: {"payload", "payload.summary"},
	SenderPagerDutyV1:     {"event_type", "incident_key", "description"},
	SenderSNS: {"Type", "Message", "MessageId", "TopicArn", "Timestamp", "Signature", "SigningCertURL", "Subject", "SignatureVersion",
		"Token", "SubscribeURL"}, // what is signed must be whole
	SenderSentry:       {"data", "data.event", "data.metric_alert"},
	SenderAzure:        {"data", "data.essentials"},
	SenderGCP:          {"incident"},
	SenderOpsgenieNote: {"note"},
}

// TestStrangeFields spoils every field of every sample in turn: left out, null, of
// each other type, and of a megabyte (of every twelfth sample; with EVERY_CASE=1 of
// all). Where the field is not what the body is
// about, every alert is read all the same.
func TestStrangeFields(t *testing.T) {
	long := strings.Repeat("wörd ", 1<<20/6) // a megabyte
	strange := map[string]any{"missing": nil, "null": nil, "a number": 7.5, "a bool": true, "a list": []any{1.0, "x", nil}, "an object": map[string]any{"a": []any{map[string]any{}}},
		"text": "strange", "empty": "", "a megabyte": long}
	for n, s := range samples(t) {
		r := s.request(t)
		var tree map[string]any
		if s.Repeat.Count > 0 || json.Unmarshal(r.Body, &tree) != nil {
			continue
		}
		before, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range places(tree, "") {
			for kind, v := range strange {
				if kind == "a megabyte" && os.Getenv("EVERY_CASE") == "" && n%12 > 0 {
					continue // they take most of the time
				}
				was := f.in[f.name]
				if kind == "missing" {
					delete(f.in, f.name)
				} else {
					f.in[f.name] = v
				}
				body, err := json.Marshal(tree)
				f.in[f.name] = was
				if err != nil {
					t.Fatal(err)
				}
				r.Body = body
				b, err := Read(r)
				if err != nil && !slices.Contains(needed[r.Sender], f.path) {
					t.Errorf("%s: %s is %s: %v", s.File, f.path, kind, err)
				}
				if f.path != "alerts" && err == nil && len(b.Alerts) != len(before.Alerts) {
					t.Errorf("%s: %s is %s: %d alerts, want %d", s.File, f.path, kind, len(b.Alerts), len(before.Alerts))
				}
				for _, a := range b.Alerts {
					sound(t, []byte(fmt.Sprintf("%s with %s %s", s.File, f.path, kind)), a, nil)
				}
			}
		}
	}
}

// place is where a field lies.
type place struct {
	in         map[string]any
	name, path string
}

// places returns every field of a value, at any depth.
func places(v any, path string) []place {
	var all []place
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			p := strings.TrimPrefix(path+"."+name, ".")
			all = append(all, place{v, name, p})
			all = append(all, places(child, p)...)
		}
	case []any:
		if len(v) > 0 { // the others are as the first
			all = append(all, places(v[0], path+"[0]")...)
		}
	}
	return all
}
