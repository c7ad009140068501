package rotation

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		value   string
		yes, no []string
	}{
		{"shop", []string{"shop"}, []string{"", "Shop", "shop2", " shop"}},
		{"", []string{""}, []string{"x"}},
		{"/", []string{"/"}, []string{""}},
		{"//", []string{""}, []string{"/", "//"}},
		{"/shop-.*/", []string{"shop-", "shop-eu"}, []string{"shop", "my-shop-eu", "/shop-.*/"}},
		{"/a|b/", []string{"a", "b"}, []string{"ab", "ac", "xb"}},
		{"/(?i)disk/", []string{"disk", "DISK"}, []string{"disks"}},
		{"/a.*/", []string{"a"}, []string{"a\nb", "b\na"}},
		{"//var/lib//", []string{"/var/lib/"}, []string{"/var/lib", "var/lib"}},
		{"shop-.*", []string{"shop-.*"}, []string{"shop-eu"}},
	} {
		m, err := NewMatcher("l", c.value)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []Matcher{m, {Label: "l", Value: c.value}} {
			for _, s := range c.yes {
				if !m.Matches(s) {
					t.Errorf("%v does not match %q", m, s)
				}
			}
			for _, s := range c.no {
				if m.Matches(s) {
					t.Errorf("%v matches %q", m, s)
				}
			}
		}
	}
	for _, value := range []string{"/a)|(b/", "/(/", "/[/", `/\/`, "/a{2,1}/"} {
		if _, err := NewMatcher("l", value); err == nil {
			t.Errorf("NewMatcher(%q) accepts it", value)
		}
		if (Matcher{"l", value, nil}).Matches("a") {
			t.Errorf("the matcher %q, which cannot be read, matches", value)
		}
	}
}

// TestMatcherCompiledOnce: an alert costs a roster's routes no compiling.
func TestMatcherCompiledOnce(t *testing.T) {
	r := mustParse(t, "people: []\nalerts: {routes: [{match: {namespace: /shop-.*/}, does: page}]}\n")
	m := r.Alerts.Routes[0].Match[0]
	if n := testing.AllocsPerRun(100, func() { m.Matches("shop-eu") }); n > 0 {
		t.Errorf("Matches allocates %v times, want 0", n)
	}
}

func TestHolds(t *testing.T) {
	from, until := jan(1, 10), jan(1, 12)
	for at, want := range map[time.Time]bool{from.Add(-1): false, from: true, until.Add(-1): true, until: false} {
		if got := (&Silence{From: from, Until: until}).Holds(at); got != want {
			t.Errorf("Silence.Holds(%v) = %v, want %v", at, got, want)
		}
		if got := (&Maintenance{From: from, Until: until}).Holds(at); got != want {
			t.Errorf("Maintenance.Holds(%v) = %v, want %v", at, got, want)
		}
	}
}

func TestAlertRules(t *testing.T) {
	defaults := Alerts{
		Group: AlertGroup{By: []string{"service"}, Window: 15 * time.Minute, Most: 24 * time.Hour}, Channel: "sev3",
		Over: AlertOver{Action: "propose"}, Again: AlertAgain{ReopenWithin: 30 * time.Minute}, Storm: AlertStorm{At: 20, In: time.Minute},
	}
	for text, change := range map[string]func(*Alerts){
		"people: []":                                func(*Alerts) {},
		"alerts:":                                   func(*Alerts) {},
		"alerts: {}":                                func(*Alerts) {},
		"alerts: {channel: sev1}":                   func(a *Alerts) { a.Channel = "sev1" },
		"alerts: {over: resolve}":                   func(a *Alerts) { a.Over.Action = "resolve" },
		"alerts: {group: {by: [host]}}":             func(a *Alerts) { a.Group.By = []string{"host"} },
		"alerts: {group: {window: 48h}}":            func(a *Alerts) { a.Group.Window, a.Group.Most = 48*time.Hour, 48*time.Hour },
		"alerts: {group: {most: 5m}}":               func(a *Alerts) { a.Group.Most = 5 * time.Minute },
		"alerts: {storm: {at: 3}}":                  func(a *Alerts) { a.Storm.At = 3 },
		"alerts: {storm: {in: 2m}}":                 func(a *Alerts) { a.Storm.In = 2 * time.Minute },
		"alerts: {over: {do: propose, after: 10m}}": func(a *Alerts) { a.Over.After = 10 * time.Minute },
		"alerts: {again: {reopen_within: 1s}}":      func(a *Alerts) { a.Again.ReopenWithin = time.Second },
	} {
		want := defaults
		change(&want)
		r := mustParse(t, "people: []\n"+strings.TrimPrefix(text, "people: []")+"\n")
		if diff := cmp.Diff(want, r.AlertRules()); diff != "" {
			t.Errorf("AlertRules of %s: -want +got\n%s", text, diff)
		}
		// What is not written is not exported, or a later default would never hold.
		again := mustParse(t, string(r.Export()))
		if diff := cmp.Diff(r.Alerts, again.Alerts); diff != "" {
			t.Errorf("the export of %s says something else:\n%s", text, diff)
		}
	}
	if diff := cmp.Diff(defaults, (&Roster{}).AlertRules()); diff != "" {
		t.Errorf("AlertRules of an empty roster: -want +got\n%s", diff)
	}
}

func TestHeartbeatRules(t *testing.T) {
	r := mustParse(t, `
people: [{id: ada, slack: U01ADA}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]
services: [{id: shop}, {id: infra}]
defaults: {service: shop, policy: p}
alerts:
  routes:
    - {match: {alertname: Watchdog}, does: heartbeat, name: prometheus, grace: 5m, service: infra, severity: sev1}
    - {match: {alertname: Backup}, does: heartbeat, name: backup}
    - {match: {alertname: Cron}, does: heartbeat, name: cron, every: 1h}
heartbeats:
  - {name: backup, every: 24h, grace: 30m, service: infra, severity: sev3}
  - {name: sync, every: 1m, grace: 5s}
`)
	want := []Heartbeat{
		{"backup", 24 * time.Hour, 30 * time.Minute, "infra", "sev3"},
		{"sync", time.Minute, 5 * time.Second, "shop", "sev2"},
		{"prometheus", 0, 5 * time.Minute, "infra", "sev1"},
		{"cron", time.Hour, 0, "shop", "sev2"},
	}
	if diff := cmp.Diff(want, r.HeartbeatRules()); diff != "" {
		t.Errorf("HeartbeatRules: -want +got\n%s", diff)
	}
}

func TestFindService(t *testing.T) {
	r := &Roster{Services: []Service{{ID: "shop", Name: "Checkout"}, {ID: "checkout", Name: "Old Shop"}}}
	for word, want := range map[string]string{"shop": "shop", " SHOP ": "shop", "checkout": "checkout", "Checkout": "shop", "old shop": "checkout", "": "", "till": ""} {
		got := ""
		if s, ok := r.FindService(word); ok {
			got = s.ID
		}
		if got != want {
			t.Errorf("FindService(%q) = %q, want %q", word, got, want)
		}
	}
}

// TestAlertsStored: of a stored roster that this version refuses, what cannot be read
// whole is left out, so that nothing is silenced or routed that was not meant.
func TestAlertsStored(t *testing.T) {
	data, err := os.ReadFile("testdata/problems/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseStored("r.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Alerts.Silences {
		t.Errorf("the silence %s is in force", silenceText(&s))
	}
	for _, m := range r.Alerts.Maintenance {
		t.Errorf("the maintenance %s is in force", maintenanceText(&m))
	}
	for _, x := range r.Alerts.Routes {
		if len(x.Match) == 0 && (x.Service != "" || x.Does != "") {
			t.Errorf("the route %s matches everything", routeText(&x))
		}
	}
	var beats []string
	for _, h := range r.Heartbeats {
		beats = append(beats, h.Name)
	}
	if want := []string{"sync"}; !slices.Equal(beats, want) {
		t.Errorf("heartbeats %v, want %v", beats, want)
	}
	askEverything(t, r)
}

const planAlerts = `
people: [{id: ada, slack: U01ADA}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]
services: [{id: shop}, {id: infra}]
defaults: {service: shop, policy: p}
alerts:
  keys: {grafana: {service: shop}}
  routes:
    - {match: {a: b}, does: page}
    - {match: {c: d}, does: count}
  mappings: {zabbix: {title: "{{.a}}"}}
  silences: [{match: {i: db-7}, from: 2026-03-01T00:00:00Z, until: 2026-04-01T00:00:00Z}]
  maintenance: [{service: shop, from: 2026-03-01T00:00:00Z, until: 2026-04-01T00:00:00Z}]
heartbeats:
  - {name: sync, every: 1m, grace: 5s}
`

func TestPlanAlerts(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"a key", "grafana: {service: shop}", "grafana: {service: infra}, pd: {severity: sev2}", "alert key grafana would be changed\nalert key pd would be added"},
		{"a route", "does: page}", "does: incident}", "alert route {a: b} would be changed"},
		{"another match", "{c: d}", "{c: e}", "alert route {c: e} would be added\nalert route {c: d} would be removed"},
		{"the order", "    - {match: {a: b}, does: page}\n    - {match: {c: d}, does: count}\n", "    - {match: {c: d}, does: count}\n    - {match: {a: b}, does: page}\n", "the order of the alert routes would be changed"},
		{"a route between", "    - {match: {c: d}", "    - {match: {e: f}, does: page}\n    - {match: {c: d}", "alert route {e: f} would be added"},
		{"the same match twice", "    - {match: {c: d}", "    - {match: {a: b}, does: count}\n    - {match: {c: d}", "alert route {a: b} (2) would be added\nwarning: roster.yaml:10: alerts, route 2: is never looked at, because the route on line 9 matches the same; make one of the two"},
		{"a mapping", "{{.a}}", "{{.b}}", "alert mapping zabbix would be changed"},
		{"a longer silence", "i: db-7}, from: 2026-03-01T00:00:00Z, until: 2026-04", "i: db-7}, from: 2026-03-01T00:00:00Z, until: 2026-05", "silence {i: db-7} from 2026-03-01T00:00:00Z would be changed"},
		{"another silence", "db-7", "db-8", "silence {i: db-8} from 2026-03-01T00:00:00Z would be added\nsilence {i: db-7} from 2026-03-01T00:00:00Z would be removed"},
		{"maintenance", "service: shop, from: 2026-03-01", "service: shop, from: 2026-03-02", "maintenance shop from 2026-03-02T00:00:00Z would be added\nmaintenance shop from 2026-03-01T00:00:00Z would be removed"},
		{"a heartbeat", "grace: 5s", "grace: 6s", "heartbeat sync would be changed"},
		{"settings", "  keys:", "  channel: sev2\n  storm: {at: 5}\n  over: {do: resolve, after: 10m}\n  keys:", `
alerts channel would be changed from sev3 (the default) to sev2
alerts over would be changed from propose (the default) to {do: resolve, after: 10m}
alerts storm would be changed from {at: 20, in: 1m} (the default) to {at: 5, in: 1m}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, next := mustParse(t, planAlerts), mustParse(t, strings.Replace(planAlerts, c.from, c.to, 1))
			got := strings.Join(Plan(old, next, at(t, "2026-03-04T12:00:00Z")).Lines(), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), got); diff != "" {
				t.Errorf("Plan(...).Lines(): -want +got\n%s", diff)
			}
			if old.Equal(next) {
				t.Error("Equal says that nothing changed")
			}
		})
	}
	whole := Plan(&Roster{}, mustParse(t, planAlerts), at(t, "2026-03-04T12:00:00Z"))
	if n := strings.Count(strings.Join(whole.Lines(), "\n"), "would be added"); n != 11 {
		t.Errorf("of an empty roster %d entries would be added, want 11:\n%s", n, strings.Join(whole.Lines(), "\n"))
	}
}

// TestAlertsKeepTheirComments: an override made in Slack leaves them as they are.
func TestAlertsKeepTheirComments(t *testing.T) {
	text := strings.Replace(planBase, "policies:", "policies: # whom", 1) +
		"alerts: # of all senders\n  routes:\n    # the first wins\n    - {match: {a: b}, does: page} # by night\nheartbeats:\n  - {name: sync, every: 1m, grace: 5s} # hourly\n"
	was := mustParse(t, text)
	c, err := was.WithOverride("primary", Override{Kind: Set, People: []string{"cleo"}, Start: jan(10, 8), End: jan(10, 9)}, jan(9, 0))
	if err != nil {
		t.Fatal(err)
	}
	out, kept := c.Roster.ExportOnto([]byte(text), was)
	if !kept {
		t.Fatalf("the layout is not kept:\n%s", out)
	}
	for _, comment := range []string{"# whom", "# of all senders", "# the first wins", "# by night", "# hourly"} {
		if !strings.Contains(string(out), comment) {
			t.Errorf("lost %q in\n%s", comment, out)
		}
	}
	if len(mustParse(t, string(out)).Alerts.Routes) != 1 {
		t.Errorf("the route is lost:\n%s", out)
	}
}

// TestAlertsRoundTrip: what can be said about alerts is read back as it was, whatever
// words it is said in.
func TestAlertsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := alertDrawer{t}
		r := mustDraw(t, d)
		text := r.Export()
		again, err := Parse("export", text)
		if err != nil {
			t.Fatalf("the export cannot be read: %v\n%s", err, text)
		}
		if diff := cmp.Diff(r.Alerts, again.Alerts, cmpopts.IgnoreUnexported(Matcher{})); diff != "" {
			t.Fatalf("Parse(Export): -want +got\n%s\n%s", diff, text)
		}
		if diff := cmp.Diff(r.Heartbeats, again.Heartbeats); diff != "" {
			t.Fatalf("Parse(Export): -want +got\n%s\n%s", diff, text)
		}
		if second := again.Export(); string(second) != string(text) {
			t.Fatalf("the second export differs:\n%s\n%s", text, second)
		}
		if !Plan(r, again, jan(1, 0)).Empty() {
			t.Fatalf("a plan of the same says %v", Plan(r, again, jan(1, 0)).Lines())
		}
	})
}

// alertDrawer draws what the roster may say about alerts.
type alertDrawer struct{ t *rapid.T }

func mustDraw(t *rapid.T, d alertDrawer) *Roster {
	r := &Roster{Services: []Service{{ID: "shop", Name: "shop", Kind: "service", Policy: "p"}}, People: []Person{{ID: "ada", Name: "ada", Slack: "U01ADA"}}}
	r.Policies = []Policy{{ID: "p", Steps: []Step{{Notify: []Target{{TargetPerson, "ada"}}, Wait: time.Minute}}, LastResort: []Target{{TargetPerson, "ada"}}}}
	for name := range d.names(2) {
		if r.Alerts.Keys == nil {
			r.Alerts.Keys = map[string]AlertKey{}
		}
		r.Alerts.Keys[name] = AlertKey{"shop", d.severity()}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "routes") {
		r.Alerts.Routes = append(r.Alerts.Routes, d.route("beat-"+string(rune('a'+i))))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "mappings") {
		if r.Alerts.Mappings == nil {
			r.Alerts.Mappings = map[string]Mapping{}
		}
		r.Alerts.Mappings["m"+string(rune('a'+i))] = d.mapping()
	}
	r.Alerts.Group = AlertGroup{By: slices.Sorted(d.names(2)), Window: d.length(), Most: 1000 * time.Hour}
	r.Alerts.Channel = rapid.SampledFrom(append(slices.Clone(severities), "")).Draw(t, "channel")
	if rapid.Bool().Draw(t, "over") {
		r.Alerts.Over = AlertOver{rapid.SampledFrom([]string{OverPropose, OverResolve}).Draw(t, "do"), rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "after")}
	}
	r.Alerts.Storm = AlertStorm{At: rapid.IntRange(0, 3).Draw(t, "at"), In: d.length()}
	for range rapid.IntRange(0, 2).Draw(t, "silences") {
		s := Silence{Match: d.match(1), Reason: d.visible(), By: d.visible()}
		s.From, s.Until = d.period()
		r.Alerts.Silences = append(r.Alerts.Silences, s)
	}
	for range rapid.IntRange(0, 2).Draw(t, "maintenance") {
		m := Maintenance{Service: "shop", Reason: d.visible(), By: d.visible()}
		m.From, m.Until = d.period()
		r.Alerts.Maintenance = append(r.Alerts.Maintenance, m)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "heartbeats") {
		r.Heartbeats = append(r.Heartbeats, Heartbeat{Name: "h" + string(rune('a'+i)), Every: time.Hour, Grace: d.length() + time.Second, Service: rapid.SampledFrom([]string{"", "shop"}).Draw(t, "service")})
	}
	return r
}

// odd are letters that mean something to YAML, to templates or to nobody.
var odd = []rune("ab0 -:#\"'\\/{}[],&*!|>%@`~?=<.Ω🦄\u00a0\t\n\ue000")

func (d alertDrawer) text() string {
	return rapid.OneOf(rapid.StringOfN(rapid.SampledFrom(odd), 0, 12, -1),
		rapid.SampledFrom([]string{"null", "true", "0x1f", "1e3", "2026-01-01", "~", "yes", "/a|b/", "/shop-.*/", "a\nb", "- a", "? a"})).Draw(d.t, "text")
}

// visible is a text of one line that people can read, or none.
func (d alertDrawer) visible() string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, d.text()))
}

// names are up to n words that can name a label or a key. YAML keeps << to itself.
func (d alertDrawer) names(n int) func(func(string) bool) {
	m := map[string]bool{}
	for range rapid.IntRange(0, n).Draw(d.t, "names") {
		if s := d.visible(); s != "" && s != "<<" {
			m[s] = true
		}
	}
	return maps.Keys(m)
}

func (d alertDrawer) match(least int) []Matcher {
	var list []Matcher
	for _, name := range slices.Sorted(d.names(3)) {
		if m, err := NewMatcher(name, d.text()); err == nil {
			list = append(list, m)
		}
	}
	if len(list) < least {
		list = append(list, Matcher{Label: "host", Value: d.visible()})
		if _, err := NewMatcher("host", list[0].Value); err != nil {
			list[0].Value = "db-7"
		}
	}
	return list
}

func (d alertDrawer) severity() string {
	return rapid.SampledFrom(append(slices.Clone(severitiesOrNone), "")).Draw(d.t, "severity")
}

func (d alertDrawer) length() time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Second, 90 * time.Second, 36 * time.Hour, time.Millisecond}).Draw(d.t, "length")
}

func (d alertDrawer) period() (from, until time.Time) {
	from = jan(rapid.IntRange(1, 28).Draw(d.t, "day"), 0)
	return from, from.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(d.t, "seconds")) * time.Second)
}

func (d alertDrawer) route(name string) AlertRoute {
	r := AlertRoute{Match: d.match(0), Does: rapid.SampledFrom(append(slices.Clone(doesWords), "")).Draw(d.t, "does"),
		Service: "shop", Severity: d.severity(), By: slices.Sorted(d.names(2))}
	if r.Does == DoesHeartbeat {
		r.Name, r.Every, r.Grace = name, time.Hour, d.length()
		r.Severity = strings.TrimPrefix(r.Severity, "none")
	}
	return r
}

func (d alertDrawer) mapping() Mapping {
	template := func() string {
		s := d.text()
		if _, err := ParseTemplate(s); err != nil {
			return "{{.a}}"
		}
		return s
	}
	m := Mapping{Title: template(), Key: template(), Severity: template(), Service: template(), Text: template(), Started: template()}
	if rapid.Bool().Draw(d.t, "status") {
		m.Status, m.Over, m.Acknowledged = "{{.s}}", []string{d.text(), "0"}, []string{d.text()}
	}
	for name := range d.names(2) {
		if m.Labels == nil {
			m.Labels = map[string]string{}
		}
		m.Labels[name] = template()
	}
	for range rapid.IntRange(0, 2).Draw(d.t, "links") {
		m.Links = append(m.Links, MappingLink{URL: "{{.u}}" + strings.Trim(template(), "{}"), Text: template()})
	}
	return m
}

// FuzzAlerts is [FuzzParse] within the section alerts.
func FuzzAlerts(f *testing.F) {
	for _, file := range []string{"testdata/full.yaml", "testdata/problems/alerts.yaml", "testdata/problems/alerts_warnings.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, section, _ := strings.Cut(string(data), "\nalerts:\n")
		section, _, _ = strings.Cut(section, "\nheartbeats:")
		f.Add(section)
	}
	f.Add("  routes: [{match: {a: ''}}, {match: {\"\\U0001F984\": /\\x00/}, does: heartbeat, name: x, every: 1ns}]\n  mappings: {x: {labels: {a: ''}, links: [{url: ' '}]}}")
	f.Fuzz(func(t *testing.T, section string) {
		checkParse(t, []byte("people: [{id: ada, slack: U01ADA}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]\n"+
			"services: [{id: checkout}, {id: payments-api}]\ndefaults: {policy: p}\nalerts:\n"+section+"\n"))
	})
}
