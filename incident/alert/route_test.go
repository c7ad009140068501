package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/rotation"
)

const routeRoster = `
people: [{id: ada, slack: U01ADA}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]
services:
  - {id: checkout, name: The Till}
  - {id: payments}
  - {id: search}
  - {id: platform}
defaults: {policy: p, service: platform}
`

const routeAlerts = `
alerts:
  keys:
    pd-payments: {service: payments, severity: sev4}
    counted: {severity: none}
  routes:
    - {match: {alertname: Watchdog}, does: heartbeat, name: prometheus, grace: 5m, service: search}
    - {match: {alertname: Backup}, does: heartbeat, name: backup}
    - {match: {namespace: /shop-.*/, team: ""}, service: checkout}
    - {match: {namespace: /shop-.*/}, service: payments, severity: sev1, by: [namespace, pod]}
    - {match: {severity: critical, service: search}, does: page}
    - {match: {severity: unknown, sender: sns}, does: count}
    - {match: {title: /.*flaky.*/}, does: suppressed}
    - {match: {key: exempt}}
    - {match: {region: eu}, severity: none}
  group: {by: [service, region]}
  silences:
    - {match: {instance: db-7}, from: 2026-03-01T10:00:00Z, until: 2026-03-01T12:00:00Z, reason: disk swap, by: ada}
    - {match: {instance: db-7, severity: sev4}, from: 2026-03-01T10:00:00Z, until: 2026-03-01T14:00:00Z}
    - {match: {severity: /.*/, service: search}, from: 2026-03-03T10:00:00Z, until: 2026-03-03T12:00:00Z}
  maintenance:
    - {service: checkout, from: 2026-03-02T10:00:00Z, until: 2026-03-02T12:00:00Z, reason: new racks}
heartbeats:
  - {name: backup, every: 24h, grace: 30m, service: payments, severity: sev3}
`

func routing(t testing.TB, text string) *rotation.Roster {
	t.Helper()
	r, err := rotation.Parse("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func labels(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// kv is labels as name, value, name, value ….
func kv(list ...string) func(string) (string, bool) {
	m := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return labels(m)
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestRouteDefaults: a team with nothing configured.
func TestRouteDefaults(t *testing.T) {
	for _, c := range []struct {
		severity, want, does string
	}{
		{"sev1", "sev1", "incident"}, {"sev2", "sev2", "incident"}, {"sev3", "sev3", "incident"}, {"sev4", "sev4", "page"},
		{"none", "none", "count"}, {"unknown", "sev2", "incident"}, {"", "sev2", "incident"}, {"critical", "sev2", "incident"}, {"sev5", "sev2", "incident"},
	} {
		v := Route(routing(t, routeRoster), Quiet{}, Subject{Key: "alertmanager", Severity: c.severity})
		got := []string{v.Severity, string(v.Does), string(v.Without), v.Service, v.Route, strings.Join(v.Group, ",")}
		if want := []string{c.want, c.does, c.does, "platform", "default", "platform"}; !slices.Equal(got, want) {
			t.Errorf("Route of %q = %v, want %v", c.severity, got, want)
		}
	}
	for channel, does := range map[string]string{"sev1": "page", "sev2": "incident"} {
		v := Route(routing(t, routeRoster+"alerts: {channel: "+channel+"}\n"), Quiet{}, Subject{Severity: "sev2"})
		if string(v.Does) != does {
			t.Errorf("with channel: %s a sev2 does %s, want %s", channel, v.Does, does)
		}
	}
}

// TestRouteService: whose word it is, in the order that senders are read in.
func TestRouteService(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Subject
		want string
		why  []string
	}{
		{"the label first", Subject{Label: kv("service", "checkout"), Service: "payments", Key: "pd-payments", Hints: []string{"search"}}, "checkout",
			[]string{"The service is checkout, by the label service."}},
		{"by name, in any case", Subject{Label: kv("service", " the TILL ")}, "checkout", []string{"The service is checkout, by the label service."}},
		{"then the mapping", Subject{Service: "SEARCH", ServiceFrom: "the mapping zabbix", Key: "pd-payments"}, "search",
			[]string{"The service is search, by the mapping zabbix."}},
		{"then the key", Subject{Key: "pd-payments", Hints: []string{"search"}}, "payments", []string{"The service is payments, by the key pd-payments."}},
		{"then a hint that is a service", Subject{Hints: []string{"db-7", "search", "checkout"}}, "search",
			[]string{`The service is search: it has the name "search", which the sender mentions.`}},
		{"a hint that is nearly one", Subject{Hints: []string{"serch"}}, "platform", []string{"Nothing else says which service it is, so it is the default, platform."}},
		{"a typo in the label", Subject{Label: kv("service", "chekout"), Service: "search"}, "search",
			[]string{`There is no service "chekout", as the label service has it. The nearest is checkout.`, "The service is search, by the sender."}},
		{"a typo everywhere", Subject{Label: kv("service", "chekout"), Service: "Chekout", Key: "counted"}, "platform",
			[]string{`There is no service "chekout", as the label service has it. The nearest is checkout.`, "Nothing else says which service it is, so it is the default, platform."}},
		{"no word at all like it", Subject{Service: strings.Repeat("zq\n", 50)}, "platform",
			[]string{`There is no service "` + strings.Repeat(`zq\n`, 20) + `…", as the sender has it.`, "Nothing else says which service it is, so it is the default, platform."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Severity = "sev3"
			v := Route(routing(t, routeRoster+routeAlerts), Quiet{}, c.s)
			why := v.Why[1 : len(v.Why)-2] // severity, …, route, does
			if v.Service != c.want || !slices.Equal(why, c.why) {
				t.Errorf("service %q because\n%s\nwant %q because\n%s", v.Service, strings.Join(why, "\n"), c.want, strings.Join(c.why, "\n"))
			}
		})
	}
	v := Route(routing(t, strings.Replace(routeRoster, ", service: platform", "", 1)), Quiet{}, Subject{})
	if v.Service != "" || v.Does != "incident" || !slices.Contains(v.Why, "Nothing says which service it is, and the roster has no default service.") {
		t.Errorf("without a default service: %+v", v)
	}
}

func TestRoutes(t *testing.T) {
	quiet := "2026-02-01T00:00:00Z"
	for _, c := range []struct {
		name, at string
		s        Subject
		want     Verdict // Why: only the last sentences
	}{
		{"a heartbeat of its route", quiet, Subject{Severity: "none", Label: kv("alertname", "Watchdog", "service", "payments")},
			Verdict{Route: "{alertname: Watchdog}", Number: 1, Does: "heartbeat", Without: "heartbeat", Service: "search", Severity: "none", Group: []string{"search", ""},
				Heartbeat: &rotation.Heartbeat{Name: "prometheus", Grace: 5 * time.Minute, Service: "search", Severity: "sev2"},
				Why: []string{"Route 1, {alertname: Watchdog}, is the first that matches: the service is search, it does heartbeat.",
					"Its arrival is a sign of life of prometheus: somebody is asked when it stays away for 5m."}}},
		{"a heartbeat of the roster", quiet, Subject{Severity: "none", Label: kv("alertname", "Backup")},
			Verdict{Route: "{alertname: Backup}", Number: 2, Does: "heartbeat", Without: "heartbeat", Service: "platform", Severity: "none", Group: []string{"platform", ""},
				Heartbeat: &rotation.Heartbeat{Name: "backup", Every: 24 * time.Hour, Grace: 30 * time.Minute, Service: "payments", Severity: "sev3"},
				Why:       []string{"Its arrival is a sign of life of backup: somebody is asked when it stays away for 24h30m."}}},
		{"a silence never hides a heartbeat", "2026-03-03T11:00:00Z", Subject{Severity: "none", Label: kv("alertname", "Watchdog")},
			Verdict{Route: "{alertname: Watchdog}", Number: 1, Does: "heartbeat", Without: "heartbeat", Service: "search", Severity: "none", Group: []string{"search", ""},
				Heartbeat: &rotation.Heartbeat{Name: "prometheus", Grace: 5 * time.Minute, Service: "search", Severity: "sev2"}}},
		{"the route's service wins, and a missing label is the empty one", quiet, Subject{Severity: "sev3", Service: "search", Label: kv("namespace", "shop-eu", "region", "us")},
			Verdict{Route: `{namespace: /shop-.*/, team: ""}`, Number: 3, Does: "incident", Without: "incident", Service: "checkout", Severity: "sev3", Group: []string{"checkout", "us"},
				Why: []string{`Route 3, {namespace: /shop-.*/, team: ""}, is the first that matches: the service is checkout.`, "It is an incident with a channel, as everything is from sev3 up."}}},
		{"the next where one condition fails; its severity and its groups win", quiet, Subject{Severity: "sev4", Label: kv("namespace", "shop-eu", "team", "x", "pod", "p1")},
			Verdict{Route: "{namespace: /shop-.*/}", Number: 4, Does: "incident", Without: "incident", Service: "payments", Severity: "sev1", Group: []string{"shop-eu", "p1"}}},
		{"the expression is whole", quiet, Subject{Severity: "sev4", Label: kv("namespace", "my-shop-eu")},
			Verdict{Route: "default", Does: "page", Without: "page", Service: "platform", Severity: "sev4", Group: []string{"platform", ""},
				Why: []string{"No route matches.", "It pages without a channel, which opens from sev3 up."}}},
		{"the sender's word for the severity", quiet, Subject{Severity: "sev1", Service: "Search", Label: kv("severity", "critical")},
			Verdict{Route: "{severity: critical, service: search}", Number: 5, Does: "page", Without: "page", Service: "search", Severity: "sev1", Group: []string{"search", ""}}},
		{"unknown is a word of routes", quiet, Subject{Source: "sns"},
			Verdict{Route: "{severity: unknown, sender: sns}", Number: 6, Does: "count", Without: "count", Service: "platform", Severity: "sev2", Assumed: true, Group: []string{"platform", ""}}},
		{"the key's severity where the sender says none", quiet, Subject{Source: "sns", Key: "pd-payments"},
			Verdict{Route: "default", Does: "page", Without: "page", Service: "payments", Severity: "sev4", Group: []string{"payments", ""}}},
		{"the sender's severity before the key's", quiet, Subject{Severity: "sev1", Key: "counted"},
			Verdict{Route: "default", Does: "incident", Without: "incident", Service: "platform", Severity: "sev1", Group: []string{"platform", ""}}},
		{"the key's none", quiet, Subject{Key: "counted"},
			Verdict{Route: "default", Does: "count", Without: "count", Service: "platform", Severity: "none", Group: []string{"platform", ""},
				Why: []string{"With the severity none it is counted, and nobody is asked."}}},
		{"suppressed by its route", quiet, Subject{Severity: "sev1", Title: "a flaky test"},
			Verdict{Route: "{title: /.*flaky.*/}", Number: 7, Does: "suppressed", Without: "suppressed", Service: "platform", Severity: "sev1", Group: []string{"platform", ""},
				Why: []string{"Route 7, {title: /.*flaky.*/}, is the first that matches: it does suppressed."}}},
		{"a route that only ends the search", quiet, Subject{Severity: "sev1", Key: "exempt", Label: kv("region", "eu", "key", "x")},
			Verdict{Route: "{key: exempt}", Number: 8, Does: "incident", Without: "incident", Service: "platform", Severity: "sev1", Group: []string{"platform", "eu"},
				Why: []string{"Route 8, {key: exempt}, is the first that matches: it changes nothing.", "It is an incident with a channel, as everything is from sev3 up."}}},
		{"a label named key is no key", quiet, Subject{Severity: "sev1", Label: kv("key", "exempt")},
			Verdict{Route: "default", Does: "incident", Without: "incident", Service: "platform", Severity: "sev1", Group: []string{"platform", ""}}},
		{"a route's none", quiet, Subject{Severity: "sev1", Label: kv("region", "eu")},
			Verdict{Route: "{region: eu}", Number: 9, Does: "count", Without: "count", Service: "platform", Severity: "none", Group: []string{"platform", "eu"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Now = instant(c.at)
			got := Route(routing(t, routeRoster+routeAlerts), Quiet{}, c.s)
			got.Why = got.Why[len(got.Why)-len(c.want.Why):]
			if len(got.Why) == 0 {
				got.Why = nil
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Route: -want +got\n%s", diff)
			}
		})
	}
}

// TestRouteHeld: silences and maintenance hold from their start until before their
// end, and what would have been is said.
func TestRouteHeld(t *testing.T) {
	made := Quiet{
		Silences: []rotation.Silence{
			{Match: []rotation.Matcher{{Label: "host", Value: "/web-[0-9]/"}}, From: instant("2026-03-01T00:00:00Z"), Until: instant("2026-03-02T00:00:00Z")},
			{From: instant("2026-03-01T00:00:00Z"), Until: instant("2026-03-30T00:00:00Z")}, // has nothing to match
		},
		Maintenance: []rotation.Maintenance{
			{Service: "checkout", From: instant("2026-03-02T11:00:00Z"), Until: instant("2026-03-02T13:00:00Z"), By: "bob"},
			{From: instant("2026-03-01T00:00:00Z"), Until: instant("2026-03-30T00:00:00Z")}, // of no service
		},
	}
	const swap = `A silence of {instance: db-7} holds until 2026-03-01T12:00:00Z, for "disk swap", by ada.`
	for _, c := range []struct {
		at, severity, service, label, value string
		does                                string
		why                                 []string
	}{
		{"2026-03-01T09:59:59Z", "sev2", "", "instance", "db-7", "incident", nil},
		{"2026-03-01T10:00:00Z", "sev2", "", "instance", "db-7", "suppressed", []string{swap, "Otherwise it would open an incident with a channel, or join one."}},
		{"2026-03-01T11:59:59Z", "sev2", "", "instance", "db-7", "suppressed", []string{swap, "Otherwise it would open an incident with a channel, or join one."}},
		{"2026-03-01T12:00:00Z", "sev2", "", "instance", "db-7", "incident", nil},
		{"2026-03-01T11:00:00Z", "sev2", "", "instance", "db-70", "incident", nil},
		{"2026-03-01T11:00:00Z", "sev4", "", "instance", "db-7", "suppressed", []string{"A silence of {instance: db-7, severity: sev4} holds until 2026-03-01T14:00:00Z.", "Otherwise it would page without a channel."}},
		{"2026-03-01T11:00:00Z", "none", "", "host", "web-1", "suppressed", []string{`A silence of {host: "/web-[0-9]/"} holds until 2026-03-02T00:00:00Z.`, "Otherwise it would be counted."}},
		{"2026-03-02T10:30:00Z", "sev1", "The Till", "", "", "suppressed", []string{`Maintenance of checkout lasts until 2026-03-02T12:00:00Z, for "new racks".`, "Otherwise it would open an incident with a channel, or join one."}},
		{"2026-03-02T11:30:00Z", "sev1", "checkout", "", "", "suppressed", []string{"Maintenance of checkout lasts until 2026-03-02T13:00:00Z, by bob.", "Otherwise it would open an incident with a channel, or join one."}},
		{"2026-03-02T13:00:00Z", "sev1", "checkout", "", "", "incident", nil},
		{"2026-03-02T10:30:00Z", "sev1", "search", "", "", "incident", nil},
		// The route makes it checkout's, whatever the sender says.
		{"2026-03-02T10:30:00Z", "sev1", "search", "namespace", "shop-eu", "suppressed", []string{`Maintenance of checkout lasts until 2026-03-02T12:00:00Z, for "new racks".`, "Otherwise it would open an incident with a channel, or join one."}},
	} {
		s := Subject{Now: instant(c.at), Severity: c.severity, Service: c.service, Label: kv(c.label, c.value)}
		v := Route(routing(t, routeRoster+routeAlerts), made, s)
		var why []string
		for _, w := range v.Why {
			if strings.HasPrefix(w, "A silence") || strings.HasPrefix(w, "Maintenance") || strings.HasPrefix(w, "Otherwise") {
				why = append(why, w)
			}
		}
		if string(v.Does) != c.does || !slices.Equal(why, c.why) {
			t.Errorf("at %s a %s of %s%s=%s does %s because %q, want %s because %q", c.at, c.severity, c.service, c.label, c.value, v.Does, why, c.does, c.why)
		}
		if held := v.Silence != nil || v.Maintenance != nil; held != (c.does == "suppressed") {
			t.Errorf("at %s: silence %v, maintenance %v", c.at, v.Silence, v.Maintenance)
		}
	}
}

// TestGroupKey: never across services or routes, and no two values that only look alike
// when they are joined.
func TestGroupKey(t *testing.T) {
	seen := map[string]string{}
	for _, v := range []Verdict{
		{Route: "default", Service: "a", Group: []string{"x", "y"}},
		{Route: "default", Service: "b", Group: []string{"x", "y"}},
		{Route: "{a: b}", Service: "a", Group: []string{"x", "y"}},
		{Route: "default", Service: "a", Group: []string{"xy", ""}},
		{Route: "default", Service: "a", Group: []string{"x"}},
		{Route: "default", Service: "a"},
	} {
		key := v.GroupKey()
		if other := seen[key]; other != "" {
			t.Errorf("%+v has the key of %s", v, other)
		}
		seen[key] = fmt.Sprintf("%+v", v)
	}
}

// byText compares conditions by what they say.
var byText = cmp.Comparer(func(a, b rotation.Matcher) bool { return a.String() == b.String() })

// TestRouteNeverDrops: whatever a sender says, an alert gets a service, a severity and
// something that it does, with the reasons; and what is bad and held back by nothing
// asks somebody.
func TestRouteNeverDrops(t *testing.T) {
	roster := routing(t, routeRoster+routeAlerts)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "checkout", "chekout", "THE TILL", "search", "sev1", "sev4", "none", "unknown", "critical", "Watchdog", "shop-eu", "db-7", "eu", "\x00"})
		m := map[string]string{}
		for _, name := range []string{"alertname", "service", "severity", "namespace", "team", "instance", "region", "title", "key"} {
			if rapid.Bool().Draw(t, "has "+name) {
				m[name] = word.Draw(t, name)
			}
		}
		s := Subject{Key: rapid.SampledFrom([]string{"", "pd-payments", "counted", "exempt"}).Draw(t, "key"), Label: labels(m), Title: word.Draw(t, "title"),
			Severity: word.Draw(t, "said severity"), Service: word.Draw(t, "said service"), Hints: []string{word.Draw(t, "hint")},
			Now: instant("2026-03-01T09:00:00Z").Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)}
		v := Route(roster, Quiet{}, s)
		if _, ok := roster.Service(v.Service); !ok || !ownWord(v.Severity) || wouldDo[v.Without] == "" && v.Without != "heartbeat" && v.Without != "suppressed" {
			t.Fatalf("Route = %+v", v)
		}
		if len(v.Why) < 3 || slices.Contains(v.Why, "") {
			t.Fatalf("the reasons are %q", v.Why)
		}
		if held := v.Silence != nil || v.Maintenance != nil; held != (v.Does != v.Without) && v.Without != "suppressed" {
			t.Fatalf("held back: %v, does %s in the place of %s", held, v.Does, v.Without)
		}
		if asks := v.Does == "incident" || v.Does == "page"; v.Number == 0 && v.Severity != "none" && v.Does == v.Without && !asks {
			t.Fatalf("a %s asks nobody: %+v", v.Severity, v)
		}
		if again := Route(roster, Quiet{}, s); cmp.Diff(v, again, byText) != "" {
			t.Fatalf("a second look says something else: %s", cmp.Diff(v, again, byText))
		}
	})
}

// BenchmarkRoute is an alert that matches the last of fifty routes, of a company with
// two hundred services.
func BenchmarkRoute(b *testing.B) {
	var text strings.Builder
	text.WriteString("people: [{id: ada, slack: U01ADA}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]\ndefaults: {policy: p, service: s0}\nservices:\n")
	for i := range 200 {
		fmt.Fprintf(&text, "  - {id: s%d}\n", i)
	}
	text.WriteString("alerts:\n  routes:\n")
	for i := range 50 {
		fmt.Fprintf(&text, "    - {match: {namespace: /shop-%d-.*/}, service: s%d}\n", i, i)
	}
	roster := routing(b, text.String())
	m := map[string]string{"namespace": "shop-49-eu", "service": "s199"}
	s := Subject{Severity: "sev3", Label: labels(m)}
	b.ReportAllocs()
	for b.Loop() {
		if Route(roster, Quiet{}, s).Number != 50 {
			b.Fatal("another route")
		}
	}
}
