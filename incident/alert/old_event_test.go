package alert

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseEvent(t *testing.T) {
	tests := []struct {
		name string
		body string
		want Alert
	}{
		{"all fields", `{"dedup_key":"db-1/disk","status":"firing","title":"Disk is 91% full","severity":"warning",
			"service":"checkout","details":{"z":"last","a":"first","n":91,"ok":true,"deep":{"b":[1,null,"<x>"]},"gone":null},
			"links":["https://grafana.example/d/1",{"url":"https://runbook.example","text":"Runbook"},"javascript:alert(1)"],"extra":{}}`,
			Alert{Key: "db-1/disk", Status: Firing, Title: "Disk is 91% full", Severity: Sev3, Service: "checkout",
				Details: []KV{{"z", "last"}, {"a", "first"}, {"n", "91"}, {"ok", "true"}, {"deep", `{"b":[1,null,"<x>"]}`}},
				Links:   []Link{{URL: "https://grafana.example/d/1"}, {URL: "https://runbook.example", Text: "Runbook"}}, Source: "event"}},
		{"title alone", `{"title":" checkout \n is slow "}`,
			Alert{Key: Fingerprint("", "checkout is slow"), Status: Firing, Title: "checkout is slow", Severity: Unknown, Source: "event"}},
		{"null is absent", `{"title":"x","dedup_key":null,"status":null,"severity":null,"service":null,"details":null,"links":null}`,
			Alert{Key: Fingerprint("", "x"), Status: Firing, Title: "x", Severity: Unknown, Source: "event"}},
		{"resolved by its key alone", `{"dedup_key":"k","status":"RESOLVED"}`,
			Alert{Key: "k", Status: Over, Severity: Unknown, Source: "event"}},
		{"severity as a number", `{"title":"x","dedup_key":12,"severity":1}`,
			Alert{Key: "12", Status: Firing, Title: "x", Severity: Sev1, Source: "event"}},
		{"severity of another house", `{"title":"x","dedup_key":"k","severity":"disaster"}`,
			Alert{Key: "k", Status: Firing, Title: "x", Severity: Unknown, Source: "event",
				Notes: []string{`The sender's severity "disaster" is not known here; taken as sev2.`}}},
		{"a name twice", `{"title":"a","title":"b","dedup_key":"k"}`,
			Alert{Key: "k", Status: Firing, Title: "b", Severity: Unknown, Source: "event",
				Notes: []string{`The body has "title" more than once; the last one counts.`}}},
		{"byte order mark", "\xEF\xBB\xBF{\"title\":\"x\",\"dedup_key\":\"k\"}\n",
			Alert{Key: "k", Status: Firing, Title: "x", Severity: Unknown, Source: "event"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseEvent([]byte(test.body))
			if err != nil {
				t.Fatalf("ParseEvent(%s) = %v", test.body, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ParseEvent(%s) differs (-want +got):\n%s", test.body, diff)
			}
		})
	}
}

func TestParseEventRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1)
	tests := []struct{ name, body, want string }{
		{"nothing", " \n", "body: is empty; a JSON object is expected"},
		{"no JSON", "title=x", "body: is not JSON: invalid character 'i' in literal true (expecting 'r'), at line 1, column 2"},
		{"cut off", `{"title":"x"`, "body: is not JSON: unexpected end of JSON input, at line 1, column 12"},
		{"a list", `[{"title":"x"}]`, "body: is a list; a JSON object is expected"},
		{"two objects", "{\"title\":\"x\"}\n{}", "body: has more after the end of the object, at line 2, column 1"},
		{"not UTF-8", "{\"title\":\"a\xffb\"}", "body: is not valid UTF-8 at line 1, column 12"},
		{"no title", `{"dedup_key":"k"}`, `title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"blank title", `{"title":" \n"}`, `title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"resolved without title and key", `{"status":"resolved"}`, `title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"title of another type", `{"title":["x"]}`, "title: must be a string, not a list"},
		{"everything wrong", `{"status":"resolve","details":[],"links":{},"service":1,"dedup_key":{}}`,
			`dedup_key: must be a string, not an object; service: must be a string, not a number; ` +
				`status: is "resolve"; it must be firing or resolved (perhaps you mean resolved); ` +
				`details: must be an object, not a list; links: must be a list, not an object; ` +
				`title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"nearly a status", `{"title":"x","status":"fireing"}`, `status: is "fireing"; it must be firing or resolved (perhaps you mean firing)`},
		{"link of another type", `{"title":"x","links":["https://a.example",7]}`, "links[1]: must be an address or an object with url and text, not a number"},
		{"too deep", `{"title":"x","details":` + deep + `}`, "is nested deeper than 32 levels"},
		{"too many details", manyDetails(MaxDetails + 1), "details: has 1001 entries; at most 1000 are taken"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseEvent([]byte(test.body))
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("ParseEvent(%.200s) = %+v, %v; want Problems", test.body, got, err)
			}
			if !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("ParseEvent(%.200s):\n got %v\nwant %s", test.body, err, test.want)
			}
		})
	}
}

func manyDetails(n int) string {
	var b strings.Builder
	b.WriteString(`{"title":"x","details":{`)
	for k := range n {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + Fingerprint(string(rune(k+'0'))) + `":1`)
	}
	b.WriteString("}}")
	return b.String()
}

func TestKeys(t *testing.T) {
	long := strings.Repeat("k", 4000)
	a, err := ParseEvent([]byte(`{"title":"x","dedup_key":"` + long + `1"}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseEvent([]byte(`{"title":"x","dedup_key":"` + long + `2"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Key) > MaxKey || a.Key == b.Key {
		t.Errorf("long keys: got %d and %d characters, equal %v; want at most %d and different", len(a.Key), len(b.Key), a.Key == b.Key, MaxKey)
	}
	if Fingerprint("ab", "c") == Fingerprint("a", "bc") {
		t.Error("Fingerprint(ab, c) equals Fingerprint(a, bc)")
	}
}
