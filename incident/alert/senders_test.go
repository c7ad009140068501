package alert

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is an entry of testdata/senders/index.json: a body and what must come of it.
type sample struct {
	File        string
	Sender      string
	Path        string
	ContentType string `json:"content_type"`
	Follows     string
	Repeat      struct {
		List, Number, Hex16 string
		Count               int
	}
	Expect struct {
		Alerts  []wanted
		Count   int
		AtLeast int      `json:"at_least"`
		NoteHas []string `json:"note_has"`
	}
}

// wanted is what must come of an alert. A list means that any of its values is right.
type wanted struct {
	Key       any
	SameKeyAs string `json:"same_key_as"`
	Status    any
	Title     string
	TitleHas  []string `json:"title_has"`
	TitleAny  []string `json:"title_any"`
	TitleNot  []string `json:"title_not"`
	Severity  any
	Service   any
	Labels    map[string]string
	Text      []string
	Links     []string
	LinksNot  []string   `json:"links_not"`
	StartedAt *time.Time `json:"started_at"`

	says map[string]bool // which fields the entry has
}

func (w *wanted) UnmarshalJSON(b []byte) error {
	type plain wanted
	if err := json.Unmarshal(b, (*plain)(w)); err != nil {
		return err
	}
	return json.Unmarshal(b, (*fields)(&w.says))
}

type fields map[string]bool

func (f *fields) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	*f = fields{}
	err := json.Unmarshal(b, &raw)
	for name := range raw {
		(*f)[name] = true
	}
	return err
}

func samples(t testing.TB) []sample {
	t.Helper()
	b, err := os.ReadFile("testdata/senders/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// paths are the senders by where they post.
var paths = map[string]Sender{
	"/v1/events": SenderEvent, "/v1/alertmanager": SenderAlertmanager, "/v1/grafana": SenderGrafana, "/v1/sns": SenderSNS,
	"/v1/datadog": SenderDatadog, "/v1/sentry": SenderSentry, "/v1/azure": SenderAzure, "/v1/gcp": SenderGCP, "/v1/newrelic": SenderNewRelic,
	"/v2/enqueue": SenderPagerDuty, "/v2/change/enqueue": SenderPagerDutyChange, "/generic/2010-04-15/create_event.json": SenderPagerDutyV1,
	"/v2/alerts": SenderOpsgenie,
}

// request makes of a sample what its reader is given.
func (s sample) request(t testing.TB) Request {
	t.Helper()
	body, err := os.ReadFile("testdata/senders/" + s.File)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Body: []byte(strings.ReplaceAll(string(body), "@KEY@", "sb_test_key")), ContentType: s.ContentType, Nonce: "request 1"}
	if s.Repeat.Count > 0 {
		r.Body = s.repeat(t, r.Body)
	}
	u, err := url.Parse(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := strings.CutPrefix(u.Path, "/v1/webhook/"); ok {
		r.Sender, r.Mapping = SenderWebhook, mappings(t)[name]
		return r
	}
	if rest, ok := strings.CutPrefix(u.EscapedPath(), "/v2/alerts/"); ok {
		id, act, _ := strings.Cut(rest, "/")
		if r.ID, err = url.PathUnescape(id); err != nil {
			t.Fatal(err)
		}
		r.Sender, r.IDType = Sender("opsgenie_"+act), u.Query().Get("identifierType")
		return r
	}
	var known bool
	if r.Sender, known = paths[u.Path]; !known {
		t.Fatalf("%s: no sender posts to %s", s.File, u.Path)
	}
	return r
}

func (s sample) repeat(t testing.TB, body []byte) []byte {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	var one []json.RawMessage
	if err := json.Unmarshal(doc[s.Repeat.List], &one); err != nil || len(one) != 1 {
		t.Fatalf("%s: %d elements to repeat, %v", s.File, len(one), err)
	}
	var list []string
	for n := range s.Repeat.Count {
		list = append(list, strings.NewReplacer(s.Repeat.Number, fmt.Sprint(n), s.Repeat.Hex16, fmt.Sprintf("%016x", n)).Replace(string(one[0])))
	}
	doc[s.Repeat.List] = json.RawMessage("[" + strings.Join(list, ",") + "]")
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mappings(t testing.TB) map[string]*Compiled {
	t.Helper()
	b, err := os.ReadFile("testdata/senders/mappings.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]Mapping
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	compiled := map[string]*Compiled{}
	for name, m := range all {
		if compiled[name], err = CompileMapping(m); err != nil {
			t.Fatalf("CompileMapping(%s) = %v", name, err)
		}
	}
	return compiled
}

// TestSamples reads what every sender posts, in an order in which they can be
// posted, and holds each alert to what must come of it.
func TestSamples(t *testing.T) {
	all := samples(t)
	if len(all) < 50 {
		t.Fatalf("the index has %d samples", len(all))
	}
	keys := map[string][]string{} // by file
	for _, s := range all {
		t.Run(s.File, func(t *testing.T) {
			b, err := Read(s.request(t))
			if err != nil {
				t.Fatalf("Read(%s) = %v", s.File, err)
			}
			alerts := b.Alerts
			for _, c := range b.Changes { // a change is told as an alert that does nothing
				alerts = append(alerts, Alert{Key: "change", Source: c.Source, Status: None, Title: c.Title, Service: c.Service, Hints: c.Hints, Details: c.Details, Links: c.Links})
			}
			if len(b.Changes) > 0 && len(b.Alerts) > 0 {
				t.Errorf("a change is no alert: %+v", b.Alerts)
			}
			for _, a := range alerts {
				keys[s.File] = append(keys[s.File], a.Key)
			}
			s.check(t, b, alerts, keys)
		})
	}
}

func (s sample) check(t *testing.T, b Body, alerts []Alert, keys map[string][]string) {
	t.Helper()
	want := s.Expect.Alerts
	switch {
	case s.Expect.Count > 0 && len(alerts)+b.Left != s.Expect.Count, len(alerts) < s.Expect.AtLeast:
		t.Errorf("%d alerts and %d left; want %d in all, at least %d read", len(alerts), b.Left, s.Expect.Count, s.Expect.AtLeast)
	case s.Expect.Count == 0 && len(alerts) != len(want):
		t.Fatalf("%d alerts, want %d: %+v", len(alerts), len(want), alerts)
	}
	for n, w := range want {
		a := alerts[n%len(alerts)]
		if s.Expect.Count > 0 {
			at := slices.IndexFunc(alerts, func(a Alert) bool { return strings.Contains(a.Key, w.Key.(string)) })
			if at < 0 {
				t.Errorf("no alert has the key %s", w.Key)
				continue
			}
			a = alerts[at]
		}
		w.check(t, a, keys)
	}
	for _, has := range s.Expect.NoteHas {
		if !strings.Contains(strings.Join(b.Notes, "\n"), has) {
			t.Errorf("notes %q do not have %q", b.Notes, has)
		}
	}
}

// choices returns the values of a field, any of which is right; null is "".
func choices(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var all []string
	for _, v := range list {
		s, _ := v.(string)
		all = append(all, s)
	}
	return all
}

func has(s string, parts []string, any bool) bool {
	found := 0
	for _, p := range parts {
		if strings.Contains(s, p) {
			found++
		}
	}
	return found == len(parts) || any && found > 0
}

// resolve is what the roster makes of an alert's service: it has three.
func resolve(a Alert) string {
	for _, s := range append([]string{a.Service}, a.Hints...) {
		if slices.Contains([]string{"checkout", "payments", "search"}, s) {
			return s
		}
	}
	return ""
}

func everything(a Alert) string {
	return a.Title + "\n" + a.Summary + "\n" + a.Text()
}

func (w wanted) check(t *testing.T, a Alert, keys map[string][]string) {
	t.Helper()
	if k := choices(w.Key); w.Key != nil && !has(a.Key, k, true) {
		t.Errorf("key %q, want %q in it", a.Key, k)
	}
	if w.SameKeyAs != "" && !slices.Contains(keys[w.SameKeyAs], a.Key) {
		t.Errorf("key %q; %s has %q", a.Key, w.SameKeyAs, keys[w.SameKeyAs])
	}
	if !slices.Contains(choices(w.Status), string(a.Status)) {
		t.Errorf("status %q, want %v", a.Status, w.Status)
	}
	if w.says["severity"] && !slices.Contains(choices(w.Severity), a.Severity.String()) {
		t.Errorf("severity %s, want %v", a.Severity, w.Severity)
	}
	if w.says["service"] && !slices.Contains(choices(w.Service), resolve(a)) {
		t.Errorf("service %q and hints %q, want %v", a.Service, a.Hints, w.Service)
	}
	exact := !w.says["title_has"] && !w.says["title_any"] && (a.Status != Over || w.Title == "")
	if a.Title != w.Title && (exact || a.Status == Over && !strings.HasPrefix(a.Title, w.Title)) {
		t.Errorf("title %q, want %q", a.Title, w.Title)
	}
	if !has(a.Title, w.TitleHas, false) || !has(a.Title, w.TitleAny, true) {
		t.Errorf("title %q, want all of %q and one of %q in it", a.Title, w.TitleHas, w.TitleAny)
	}
	if len(w.TitleNot) > 0 && has(a.Title, w.TitleNot, true) {
		t.Errorf("title %q has one of %q", a.Title, w.TitleNot)
	}
	for name, value := range w.Labels {
		if a.Label(name) != value {
			t.Errorf("label %s is %q, want %q", name, a.Label(name), value)
		}
	}
	if text := everything(a); !has(text, w.Text, false) {
		t.Errorf("%q is not all in:\n%s", w.Text, text)
	}
	for _, l := range append(w.Links, w.LinksNot...) {
		wantIt := slices.Contains(w.Links, l)
		if got := slices.ContainsFunc(a.Links, func(k Link) bool { return k.URL == l }); got != wantIt {
			t.Errorf("link %s: %v, want %v; links %q", l, got, wantIt, a.Links)
		}
	}
	if w.StartedAt != nil && !a.Started.Equal(*w.StartedAt) {
		t.Errorf("started %v, want %v", a.Started, *w.StartedAt)
	}
	for _, secret := range []string{"sb_test_key", "@KEY@", "/ping/", "Unsubscribe", "SIGNATURE"} {
		if strings.Contains(everything(a)+a.Key, secret) {
			t.Errorf("tells a secret, %s:\n%s", secret, everything(a))
		}
	}
	sound(t, []byte(a.Title), a, nil)
}
