package alert

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadRefuses(t *testing.T) {
	tests := []struct {
		name   string
		sender Sender
		body   string
		want   string
	}{
		{"nothing", SenderEvent, " \n", "body: is empty; a JSON object is expected"},
		{"no JSON", SenderGCP, "title=x", `body: is not JSON: a value was expected (a text in double quotes, a number, true, false, null, an object or a list), at line 1, column 1`},
		{"cut off", SenderEvent, `{"title":"x"`, "body: is not JSON: it ends in the middle, at line 1, column 13"},
		{"cut off in a text", SenderEvent, `{"title":"x`, "body: is not JSON: it ends in the middle, at line 1, column 12"},
		{"no comma", SenderEvent, "{\"a\":1\n \"b\":2}", "body: is not JSON: a comma or } was expected, at line 2, column 2"},
		{"brackets that do not match", SenderEvent, `{"a":[1}`, "body: is not JSON: a comma or ] was expected, at line 1, column 8"},
		{"a comma too many", SenderEvent, `{"a":1,}`, "body: is not JSON: the name of a field, in double quotes, was expected, at line 1, column 8"},
		{"a number that is none", SenderEvent, `{"a":01}`, "body: is not JSON: a number cannot begin with 0, at line 1, column 6"},
		{"a list", SenderEvent, `[{"title":"x"}]`, "body: is a list; a JSON object is expected"},
		{"two objects", SenderEvent, "{\"title\":\"x\"}\n{}", "body: has more after its end, at line 2, column 1"},
		{"no title", SenderEvent, `{"dedup_key":"k"}`, `title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"resolved without title and key", SenderEvent, `{"status":"resolved"}`, `title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"title of another type", SenderEvent, `{"title":["x"]}`, "title: must be a string, not a list"},
		{"everything wrong", SenderEvent, `{"status":"resolve","details":[],"links":{},"service":1,"dedup_key":{}}`,
			`dedup_key: must be a string, not an object; service: must be a string, not a number; ` +
				`status: is "resolve"; it must be firing or resolved (perhaps you mean resolved); ` +
				`details: must be an object, not a list; links: must be a list, not an object; ` +
				`title: is missing; say in a few words what is wrong, as in "checkout is slow"`},
		{"nearly a status", SenderEvent, `{"title":"x","status":"fireing"}`, `status: is "fireing"; it must be firing or resolved (perhaps you mean firing)`},
		{"no alerts", SenderAlertmanager, `{"status":"firing","alerts":[]}`, "alerts: is empty; at least one alert is expected"},
		{"alerts of another type", SenderGrafana, `{"alerts":{}}`, "alerts: must be a list, not an object"},
		{"no alert that can be read", SenderAlertmanager, `{"alerts":["x",7]}`, "alerts[0]: must be an object, not a string; alerts[1]: must be an object, not a number"},
		{"an event without anything", SenderPagerDuty, `{}`, "event_action: is missing; it must be trigger, acknowledge or resolve; payload.summary: is missing; say in a few words what is wrong"},
		{"another action", SenderPagerDuty, `{"event_action":"page","payload":{"summary":"x"}}`, `event_action: is "page"; it must be trigger, acknowledge or resolve`},
		{"what to resolve", SenderPagerDuty, `{"event_action":"resolve"}`, "dedup_key: is missing; it says what to resolve"},
		{"what to resolve, v1", SenderPagerDutyV1, `{"event_type":"resolve"}`, "incident_key: is missing; it says what to resolve"},
		{"a change of nothing", SenderPagerDutyChange, `{"payload":{}}`, "payload.summary: is missing; say in a few words what was changed"},
		{"no message", SenderOpsgenie, `{"alias":"a"}`, "message: is missing; say in a few words what is wrong"},
		{"no alias in the path", SenderOpsgenieClose, `{}`, "body: is of an alert that the path does not name: /v2/alerts/ALIAS/close?identifierType=alias"},
		{"no mapping", SenderWebhook, `{}`, "body: has no mapping to be read by; name one of the roster's alerts.mappings in the path: /v1/webhook/NAME"},
		{"another sender", Sender("pingdom"), `{}`, `body: is of a sender that is not known: "pingdom"; it may be event, alertmanager, grafana, sns, datadog, sentry, azure, gcp, newrelic, pagerduty, pagerduty_change, pagerduty_v1 or opsgenie, or webhook/NAME for a mapping of the roster`},
		{"another schema", SenderAzure, `{"data":{}}`, "data.essentials: must be an object, not null; switch on the common alert schema in the action group"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if b, err := Read(Request{Sender: test.sender, Body: []byte(test.body), ContentType: "application/json"}); err == nil || err.Error() != test.want {
				t.Errorf("Read(%s, %s) = %+v, %v;\nwant %s", test.sender, test.body, b, err, test.want)
			}
		})
	}
}

// one reads a body with one alert in it.
func one(t *testing.T, r Request) Alert {
	t.Helper()
	b, err := Read(r)
	if err != nil {
		t.Fatalf("Read(%s, %.200s) = %v", r.Sender, r.Body, err)
	}
	if len(b.Alerts) != 1 {
		t.Fatalf("Read(%s, %.200s): %d alerts, want 1", r.Sender, r.Body, len(b.Alerts))
	}
	sound(t, r.Body, b.Alerts[0], nil)
	return b.Alerts[0]
}

func TestReadInPart(t *testing.T) {
	const wrong = `{"title":"x","status":0,"severity":{},"service":["a"],"details":"text","links":["https://a.example",7],"dedup_key":"k"}`
	a := one(t, Request{Sender: SenderEvent, Body: []byte(wrong)})
	if a.Key != "k" || a.Status != Firing || len(a.Links) != 1 || len(a.Details) != 1 || len(a.Notes) != 5 {
		t.Errorf("of %s: %+v; want the key, a link, a detail and 5 notes", wrong, a)
	}
	b, err := Read(Request{Sender: SenderAlertmanager, Body: []byte(`{"alerts":["x",{"labels":[],"annotations":7,"status":[]},null]}`)})
	if err != nil || len(b.Alerts) != 1 || len(b.Notes) != 2 || len(b.Alerts[0].Notes) != 2 {
		t.Errorf("of one alert among three members: %+v, %v; want it, with 2 notes on it and 2 on the body", b, err)
	}
	twice := one(t, Request{Sender: SenderEvent, Body: []byte(`{"title":"a","title":"b"}`)})
	if twice.Title != "b" || !slices.Contains(twice.Notes, `The body has "title" more than once; the last one counts.`) {
		t.Errorf("of a title twice: %+v", twice)
	}
	misspelt := one(t, Request{Sender: SenderEvent, Body: []byte(`{"title":"a","servcie":"search","dedupkey":"k","region":"eu"}`)})
	for _, note := range []string{`There is no field "servcie"; perhaps you mean service.`, `There is no field "dedupkey"; perhaps you mean dedup_key.`,
		`There is no field "region", so it was not read. Put it into details to keep it.`} {
		if !slices.Contains(misspelt.Notes, note) {
			t.Errorf("of misspelt fields: notes %q; want %q among them", misspelt.Notes, note)
		}
	}
	if _, err := Read(Request{Sender: SenderEvent, Body: []byte(`{"titel":"a"}`)}); err == nil || !strings.Contains(err.Error(), `There is "titel": perhaps you mean title`) {
		t.Errorf("of a misspelt title: %v; want what it is called", err)
	}
	for body, note := range map[string]string{
		"{\"title\":\"a\xffb\"}": looseNotes[0].note, "{\"title\":\"a\tb\"}": looseNotes[1].note, `{"title":"C:\dir"}`: looseNotes[2].note} {
		if b, err := Read(Request{Sender: SenderEvent, Body: []byte(body)}); err != nil || !slices.Equal(b.Notes, []string{note}) {
			t.Errorf("Read(%q) notes %q, %v; want %q", body, b.Notes, err, note)
		}
	}
}

func TestSentence(t *testing.T) {
	for _, test := range []struct{ contentType, body, want string }{
		{"application/x-www-form-urlencoded", "disk full on backup-2\n", "disk full on backup-2"},
		{"text/plain; charset=utf-8", "[db-1] disk full", "[db-1] disk full"},
		{"", "Plattenplatz knapp: Größe\nzweite Zeile", "Plattenplatz knapp: Größe"},
		{"application/x-www-form-urlencoded", `{"title":"it is JSON"}`, "it is JSON"},
	} {
		if a := one(t, Request{Sender: SenderEvent, Body: []byte(test.body), ContentType: test.contentType}); a.Title != test.want || a.Status != Firing {
			t.Errorf("Read(%q as %s) = %+v, want %q", test.body, test.contentType, a, test.want)
		}
	}
	if _, err := Read(Request{Sender: SenderEvent, Body: []byte("disk full"), ContentType: "application/json; charset=utf-8"}); err == nil {
		t.Error("a sentence that is called JSON: no error")
	}
}

func TestKeysStayApart(t *testing.T) {
	key := func(k string) string {
		return one(t, Request{Sender: SenderEvent, Body: []byte(`{"title":"x","dedup_key":` + k + `}`)}).Key
	}
	long := strings.Repeat("k", 4000)
	seen := map[string]string{}
	for _, k := range []string{`"a"`, `" a"`, `"a "`, `"a  b"`, `"a b"`, `"a\tb"`, `"a\nb"`, `"a\u0000b"`, `"ab"`, `"` + long + `1"`, `"` + long + `2"`, `"` + strings.Repeat("ü", 300) + `"`, `7`} {
		got := key(k)
		if other, ok := seen[got]; ok {
			t.Errorf("the keys %.40s and %.40s are both %.60q", other, k, got)
		}
		seen[got] = k
	}
	if a, b := key(`" a b"`), key(`"lb-2/HTTP;x=1"`); a != " a b" || b != "lb-2/HTTP;x=1" {
		t.Errorf("keys that fit are kept as they are, got %q and %q", a, b)
	}
	group := func(labels string) string {
		return one(t, Request{Sender: SenderAlertmanager, Body: []byte(`{"alerts":[{"labels":` + labels + `}]}`)}).Key
	}
	if a, b, c := group(`{"a":"1","b":"2"}`), group(`{"b":"2","a":"1"}`), group(`{"a":"2","b":"1"}`); a != b || a == c {
		t.Errorf("labels in another order: %q and %q; others: %q", a, b, c)
	}
	made := func(nonce string) Alert {
		return one(t, Request{Sender: SenderPagerDuty, Nonce: nonce, Body: []byte(`{"event_action":"trigger","dedup_key":" ","payload":{"summary":"x"}}`)})
	}
	if a, b := made("1"), made("2"); !a.Made || a.Key == b.Key || a.Key != made("1").Key {
		t.Errorf("made keys %q and %q (made: %v); want one for each request", a.Key, b.Key, a.Made)
	}
}

func TestLinksStayWhole(t *testing.T) {
	url := "https://a.example/graph?q=" + strings.Repeat("x", 9000) + "#end"
	a := one(t, Request{Sender: SenderAlertmanager, Body: []byte(`{"alerts":[{"fingerprint":"f","generatorURL":"` + url + `","labels":{"alertname":"X"},
		"annotations":{"summary":"s","odd":"https://k.example/a?q={\"a\":1|2}","description":"` + strings.Repeat("words ", 499) + `see https://r.example/runbook?step=1&lang=en#top and ` +
		strings.Repeat("more ", 20_000) + ` https://late.example/x, end"}}]}`)})
	var got []string
	for _, l := range a.Links {
		got = append(got, l.URL)
	}
	for _, want := range []string{url, "https://k.example/a?q={%22a%22:1%7C2}", "https://r.example/runbook?step=1&lang=en#top", "https://late.example/x"} {
		if !slices.Contains(got, want) {
			t.Errorf("no link %.60s; links %.60q", want, got)
		}
	}
	if strings.Contains(a.Summary, "https") || !strings.HasSuffix(a.Summary, "see…") {
		t.Errorf("the summary is cut in a link: …%s", a.Summary[max(0, len(a.Summary)-60):])
	}
}

func TestGuess(t *testing.T) {
	for _, s := range samples(t) {
		r := s.request(t)
		want := r.Sender
		if want == SenderWebhook || strings.HasPrefix(string(want), "opsgenie_") {
			want = "" // any JSON could be a webhook's; what is done to an alert is in the path
		}
		got, err := Guess(r.Body)
		if got != want || (err == nil) == (want == "") {
			t.Errorf("Guess(%s) = %q, %v; want %q", s.File, got, err, want)
		}
	}
	if _, err := Guess([]byte(`{"a":1}`)); err == nil || !strings.Contains(err.Error(), "--as") {
		t.Errorf("Guess of nobody's = %v, want what to pass", err)
	}
}

// Bodies on which this product was wrong once.
func TestFromTheField(t *testing.T) {
	read := func(sender Sender, file string) []Alert {
		t.Helper()
		body, err := os.ReadFile("testdata/field/" + file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Read(Request{Sender: sender, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		return b.Alerts
	}
	first, second := read(SenderAlertmanager, "am_join_1.json"), read(SenderAlertmanager, "am_join_2.json")
	if len(second) != 2 || second[0].Key != first[0].Key || second[1].Title != "b is down" || second[1].Service != "billing" || second[1].Severity != Sev1 {
		t.Errorf("the member that joins: %+v", second)
	}
	if two := read(SenderAlertmanager, "am_two_owners.json"); len(two) != 2 || two[0].Service == two[1].Service {
		t.Errorf("two owners: %+v", two)
	}
	for n, a := range read(SenderAlertmanager, "am_group_own_summaries.json") {
		if want := "Pod api-" + string(rune('0'+n)) + " is not ready since the deploy"; a.Title != want {
			t.Errorf("title %q, want %q", a.Title, want)
		}
	}
	if a := read(SenderGrafana, "gr_nodata.json")[0]; a.Title != "No data: CPU of billing" || strings.Contains(a.Summary, "90") {
		t.Errorf("no data: title %q, summary %q", a.Title, a.Summary)
	}
	one, again := read(SenderSNS, "sns_eb1.json")[0], read(SenderSNS, "sns_eb2.json")[0]
	if one.Key != again.Key || one.Title != "prod: Storage is full" || one.Service != "checkout" {
		t.Errorf("the same event twice: %+v\n%+v", one, again)
	}
	if rds := read(SenderSNS, "sns_rds_subject.json")[0]; rds.Title != "prod: storage full" || rds.Key == one.Key {
		t.Errorf("an RDS event: %+v", rds)
	}
}

func TestReadTime(t *testing.T) {
	at := time.Date(2026, 10, 14, 18, 2, 11, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-10-14T18:02:11Z": at, "2026-10-14T20:02:11+02:00": at, "2026-10-14T18:02:11.000+0000": at, "Wed, 14 Oct 2026 18:02:11 GMT": at,
		"2026-10-14 18:02:11": at, "2026-10-14 18:02:11.000": at, "2026.10.14 18:02:11": at, "1792000931": at, "1792000931000": at, "1792000931000000": at,
		"1.792000931e+09": at, "2026-10-14 18:02:11 +0000 UTC": at, "2026-10-14T18:02:11.3713213Z": at.Add(371321300), "2026-10-14T18:02:11.371321345Z": at.Add(371321345),
		"1792000931.677": at.Add(677 * time.Millisecond), "0001-01-01T00:00:00Z": {}, "tomorrow": {}, "": {}, "12": {}, "99999999999999999999999": {},
	} {
		if got := ReadTime(s); !got.Equal(want) {
			t.Errorf("ReadTime(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestReadSeverity(t *testing.T) {
	for s, want := range map[string]Severity{
		"P1": Sev1, "Critical": Sev1, "crit": Sev1, "FATAL": Sev1, "Disaster": Sev1, "emergency": Sev1, "page": Sev1, "SEV-1": Sev1, "1": Sev1,
		"p2": Sev2, "error": Sev2, "High": Sev2, "major": Sev2, "sev2": Sev2, "P3": Sev3, "warning": Sev3, "warn": Sev3, "Average": Sev3, "medium": Sev3, "minor": Sev3,
		"P4": Sev4, "P5": Sev4, "info": Sev4, "informational": Sev4, "information": Sev4, "notice": Sev4, "low": Sev4,
		"none": SeverityNone, "ok": SeverityNone, "debug": SeverityNone, "resolved": SeverityNone, "": Unknown, "purple": Unknown, "12": Unknown, "p": Unknown,
	} {
		if got := ReadSeverity(s); got != want {
			t.Errorf("ReadSeverity(%q) = %v, want %v", s, got, want)
		}
	}
	for _, row := range SeverityWords() {
		for _, word := range row.Words {
			if ReadSeverity(word) != row.Severity {
				t.Errorf("%s is %v, the table says %v", word, ReadSeverity(word), row.Severity)
			}
		}
	}
}

// A thousand alerts are kept, the others counted; whatever does not fit is told.
func TestTooMuch(t *testing.T) {
	b, err := Read(Request{Sender: SenderAlertmanager, Body: []byte(`{"truncatedAlerts":"37","alerts":[{}` + strings.Repeat(",{}", MaxAlerts+4) + `]}`)})
	want := []string{"the sender left out 37 more alerts of this group (max_alerts); nothing may be concluded about them",
		"the first 1000 of 1005 alerts are kept one by one; the other 5 are counted, and nothing may be concluded about them"}
	if err != nil || len(b.Alerts) != MaxAlerts || b.Left != 5 || !slices.Equal(b.Notes, want) {
		t.Errorf("%d alerts, %d left, notes %q, %v; want %d, 5 and %q", len(b.Alerts), b.Left, b.Notes, err, MaxAlerts, want)
	}
	a := one(t, Request{Sender: SenderEvent, Body: []byte(manyDetails(MaxDetails + 7))})
	if len(a.Labels)+len(a.Details) != MaxDetails || !slices.Contains(a.Notes, "7 more labels, details or links of this alert are left out.") {
		t.Errorf("%d labels and details, notes %q; want %d and that 7 are left out", len(a.Labels)+len(a.Details), a.Notes, MaxDetails)
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
