package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage"
)

var record = flag.String("record", "", "write what Prometheus would have scraped in TestMonitoringScenarios into this folder")

// recording is what one scenario exposed, and which alert rules it must fire.
type recording struct {
	Fires   []string `json:"fires"` // these and no others
	Scrapes []scrape `json:"scrapes"`
}

// scrape is what Prometheus gets at one instant.
type scrape struct {
	At     int64             `json:"at"` // Unix milliseconds
	Up     int               `json:"up"` // 0: the program did not answer
	Series map[string]string `json:"series,omitempty"`
}

// monitored is a town that is scraped.
type monitored struct {
	*town
	recording
	full, slow atomic.Bool  // the disk
	hook       atomic.Int64 // the status that the webhook answers
	alone      atomic.Bool  // no other bot stands by
	breaks     atomic.Bool  // whoever connects to the mail server makes the program fail
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// badDisk stands around the store.
type badDisk struct {
	storage.Engine
	m    *monitored
	free func() (int64, error)
	size func() (int64, error)
}

func (d badDisk) Commit(ctx context.Context, changes []storage.Change) error {
	if d.m.full.Load() {
		return errors.New("no space left on device")
	}
	if d.m.slow.Load() {
		time.Sleep(3 * time.Second)
	}
	return d.Engine.Commit(ctx, changes)
}

// Limits hands on what the engine takes at once.
func (d badDisk) Limits() storage.Limits {
	return d.Engine.(interface{ Limits() storage.Limits }).Limits()
}

func (d badDisk) Size() (int64, error) { return d.size() }

// Free is what a full disk has left, or enough: what the machine that runs the test has
// is no part of it.
func (d badDisk) Free() (int64, error) {
	if d.m.full.Load() {
		return 4096, nil
	}
	return d.free()
}

// scrapeEvery is what docs/monitoring.md says.
const scrapeEvery = 15 * time.Second

// watch lets time pass while Prometheus scrapes.
func (m *monitored) watch(d time.Duration) {
	m.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		next := time.Now().Truncate(scrapeEvery).Add(scrapeEvery)
		m.until(next)
		m.Scrapes = append(m.Scrapes, m.scrape())
	}
}

func (m *monitored) scrape() scrape {
	m.t.Helper()
	s := scrape{At: time.Now().UnixMilli(), Series: map[string]string{}}
	client := &http.Client{Transport: &http.Transport{DialContext: m.dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get("http://bell.test/metrics")
	if err != nil {
		return s
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		m.t.Fatalf("GET /metrics = %d, %v", resp.StatusCode, err)
	}
	s.Up = 1
	for line := range strings.Lines(string(body)) {
		if name, value := cut(strings.TrimSpace(line)); strings.HasPrefix(name, "stormbell_") {
			s.Series[name] = value
		}
	}
	return s
}

// monitoringRoster pages Ada by the contact methods in the place of METHODS, and waits WAIT for her.
const monitoringRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, email: ada@shop.example, rules: {high: [METHODS]}}
  - {id: bob, name: Bob Lind, slack: U0BOB}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada}
policies:
  - {id: payments, steps: [{notify: [person:ada], wait: WAIT}], last_resort: [person:bob]}
services:
  - {id: checkout, name: Checkout, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

func (m *monitored) roster(methods, wait string) {
	m.t.Helper()
	m.call("POST", "/v1/roster", strings.NewReplacer("METHODS", methods, "WAIT", wait).Replace(monitoringRoster), nil)
}

func (m *monitored) fault(f slacksim.Fault) {
	m.t.Helper()
	if err := m.sim.Fault(f); err != nil {
		m.t.Fatal(err)
	}
}

const (
	onlySlack = "{via: slack}"
	alsoHook  = "{via: slack}, {via: webhook}"
	oneAlert  = `{"dedup_key": "errors", "title": "Checkout errors", "severity": "critical", "service": "checkout"}`
)

// overOne has an incident begin and end.
func (m *monitored) overOne() {
	m.t.Helper()
	m.roster(onlySlack, "60m")
	name, _ := m.alert(strings.Replace(oneAlert, "critical", "info", 1))
	m.call("POST", "/v1/incidents/"+name+"/cancel", `{"as": "ada", "text": "a false alarm"}`, nil)
}

// later lets time pass in which the program does not run, and nobody watches.
func (m *monitored) later(d time.Duration) {
	m.t.Helper()
	m.pass(time.Minute)
	m.stop()
	m.Scrapes = nil
	time.Sleep(d)
	m.start()
	m.pass(time.Minute)
}

// unwatched lets time pass in which the program runs, and nobody watches.
func (m *monitored) unwatched(d time.Duration) {
	m.t.Helper()
	m.pass(d)
	m.Scrapes = nil
}

// archiveFolder is where the archive files are, beside the store.
func (m *monitored) archiveFolder() string { return filepath.Join(filepath.Dir(m.store), "archive") }

// scenarios drive the program into what each alert rule of docs/monitoring/rules.yaml is for.
var scenarios = []struct {
	name  string
	fires []string
	play  func(m *monitored)
}{
	{"a good day", nil, func(m *monitored) {
		m.roster("{via: slack}, {via: push}, {via: sms}, {via: email}, {via: webhook}", "10m")
		name, _ := m.alert(oneAlert)
		m.watch(2 * time.Minute)
		m.call("POST", "/v1/incidents/"+name+"/ack", `{"as": "ada"}`, nil)
		m.watch(10 * time.Minute)
		m.call("POST", "/v1/incidents/"+name+"/resolve", `{"as": "ada", "text": "over"}`, nil)
		m.watch(10 * time.Minute)
	}},
	{"killed", []string{"StormbellDown"}, func(m *monitored) {
		m.stop()
		m.watch(5 * time.Minute)
	}},
	{"disk full", []string{"StormbellNotReady", "StormbellStoreRefuses", "StormbellStoreNearlyFull"}, func(m *monitored) {
		m.full.Store(true)
		m.watch(8 * time.Minute)
		m.full.Store(false)
		m.watch(time.Minute)
	}},
	{"disk slow", []string{"StormbellStoreSlow"}, func(m *monitored) {
		m.slow.Store(true)
		m.watch(12 * time.Minute)
		m.slow.Store(false)
	}},
	{"Slack down", []string{"StormbellSlackSilent", "StormbellNotReady"}, func(m *monitored) {
		m.fault(slacksim.Fault{Down: true})
		m.watch(6 * time.Minute)
	}},
	{"token revoked", []string{"StormbellTokenRefused", "StormbellSlackSilent", "StormbellNotReady"}, func(m *monitored) {
		m.fault(slacksim.Fault{Method: "apps.connections.open", Error: "invalid_auth"})
		m.fault(slacksim.Fault{Socket: "cut"})
		m.watch(6 * time.Minute)
	}},
	{"a page that does not leave", []string{"StormbellPagesWait"}, func(m *monitored) {
		m.roster(onlySlack, "30m")
		m.fault(slacksim.Fault{Method: "*", Status: 503})
		m.alert(oneAlert)
		m.watch(5 * time.Minute)
	}},
	{"a provider that fails", []string{"StormbellContactMethodFailing"}, func(m *monitored) {
		m.roster(alsoHook, "30m")
		m.hook.Store(http.StatusInternalServerError)
		m.alert(oneAlert)
		m.watch(5 * time.Minute)
	}},
	{"a provider that refuses us", []string{"StormbellContactMethodRefused"}, func(m *monitored) {
		m.roster(alsoHook, "30m")
		m.hook.Store(http.StatusUnauthorized)
		m.alert(oneAlert)
		m.watch(2 * time.Minute)
	}},
	{"a mistake in the program", []string{"StormbellJobsSetAside"}, func(m *monitored) {
		m.roster("{via: slack}, {via: email}", "30m")
		m.breaks.Store(true)
		m.alert(oneAlert)
		m.watch(2 * time.Minute)
	}},
	{"nobody answers", []string{"StormbellNobodyAnswered"}, func(m *monitored) {
		m.roster(onlySlack, "5m")
		m.alert(oneAlert)
		m.watch(10 * time.Minute)
	}},
	{"acknowledged late", []string{"StormbellAcknowledgementSlow"}, func(m *monitored) {
		m.roster(onlySlack, "60m")
		name, _ := m.alert(oneAlert)
		m.watch(20 * time.Minute)
		m.call("POST", "/v1/incidents/"+name+"/ack", `{"as": "ada"}`, nil)
		m.watch(2 * time.Minute)
	}},
	{"no backup", []string{"StormbellBackupFails", "StormbellBackupOld"}, func(m *monitored) {
		if err := os.Rename(m.copies.Folder, m.copies.Folder+"-away"); err != nil {
			m.t.Fatal(err)
		}
		m.watch(42 * time.Minute)
	}},
	{"no archive", []string{"StormbellArchiveFails", "StormbellArchiveOld", "StormbellBackupFails", "StormbellBackupOld"}, func(m *monitored) {
		m.overOne()
		write(m.t, m.archiveFolder(), "no folder")
		m.later(73 * time.Hour)
		m.watch(22 * time.Minute)
	}},
	{"an archive file is gone", []string{"StormbellArchiveFileUnreadable", "StormbellBackupFails"}, func(m *monitored) {
		m.overOne()
		m.later(2 * time.Hour)
		m.call("POST", "/v1/archive", "{}", nil)
		m.unwatched(11 * time.Minute) // it is looked at
		if err := os.Rename(m.archiveFolder(), m.archiveFolder()+"-away"); err != nil {
			m.t.Fatal(err)
		}
		m.watch(27 * time.Minute)
	}},
	{"nobody stands by", []string{"StormbellNoStandby"}, func(m *monitored) {
		m.watch(20 * time.Minute) // the other bot is there
		m.alone.Store(true)
		m.watch(18 * time.Minute)
	}},
	{"store damaged", []string{"StormbellStoreDamaged"}, func(m *monitored) {
		m.roster(onlySlack, "60m")
		name, _ := m.alert(oneAlert)
		const note = "somebody moved the cables"
		m.call("POST", "/v1/incidents/"+name+"/note", `{"as": "ada", "text": "`+note+`"}`, nil)
		m.call("POST", "/v1/incidents/"+name+"/resolve", `{"as": "ada", "text": "over"}`, nil)
		m.watch(time.Minute)
		m.stop()
		spoil(m.t, m.store, note)
		m.wholeUpTo = 1
		m.start()
		m.watch(3 * time.Minute)
		name, _ = m.alert(strings.ReplaceAll(oneAlert, "rrors", "mails")) // work goes on
		m.call("POST", "/v1/incidents/"+name+"/ack", `{"as": "ada"}`, nil)
		told := slices.ContainsFunc(m.sim.State().Channels, func(c slacksim.Channel) bool {
			return slices.ContainsFunc(c.Messages, func(x slacksim.Message) bool { return strings.Contains(x.Text, "file is damaged") })
		})
		if !told {
			m.t.Error("nobody was told of it in Slack")
		}
	}},
	{"nobody knows of it", nil, func(m *monitored) { // a private incident that nobody answers
		m.roster(onlySlack, "5m")
		m.call("POST", "/v1/incidents", `{"title": "Keys leaked", "severity": "sev1", "private": true}`, nil)
		m.watch(20 * time.Minute)
	}},
}

// TestMonitoringScenarios plays what the alert rules are for. That each rule fires there, and no
// other, Prometheus itself says: the stage monitoring of .ci/run has this test write what was
// scraped, and evaluates the rules on it. Here every series that a rule names must have been there.
func TestMonitoringScenarios(t *testing.T) {
	if *record == "" && os.Getenv("EVERY_CASE") == "" {
		t.Skip("days go by in it, and it runs in CI; run it with EVERY_CASE=1")
	}
	t.Parallel()
	rules := monitoringRules(t)
	fired := map[string]bool{}
	for _, s := range scenarios {
		for _, name := range s.fires {
			fired[name] = true
		}
		t.Run(s.name, func(t *testing.T) {
			got := recording{Fires: s.fires}
			synctest.Test(t, func(t *testing.T) { got.Scrapes = playMonitored(t, s.play) })
			for _, name := range s.fires {
				for _, missing := range rules[name].missing(got.Scrapes) {
					t.Errorf("%s names %s, which was never there", name, missing)
				}
			}
			if *record != "" {
				b, err := json.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(*record, strings.ReplaceAll(s.name, " ", "-")+".json"), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(rules)), slices.Sorted(maps.Keys(fired))); diff != "" {
		t.Errorf("the rules of docs/monitoring/rules.yaml, and those that a scenario is for (-rules +scenarios):\n%s", diff)
	}
}

// playMonitored plays a scenario after some quiet minutes, and returns what was scraped.
func playMonitored(t *testing.T, play func(*monitored)) []scrape {
	time.Sleep(time.Until(friday("14:00:00"))) // after the weekly test
	sim, err := slacksim.New(slacksim.Options{Seed: 1, Manifest: configs.Default().Slack.Manifest(),
		People: []slacksim.Person{{ID: "U0ADA", Name: "Ada Okafor"}, {ID: "U0BOB", Name: "Bob Lind"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := &monitored{town: newTown(t, sim, filepath.Join(t.TempDir(), "stormbell.db"))}
	defer m.close()
	m.copies = configs.Backup{Folder: filepath.Join(t.TempDir(), "copies"), Every: 10 * time.Minute, Keep: 2}
	m.after = time.Hour
	m.hook.Store(http.StatusNoContent)
	m.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(m.hook.Load())) }), "hook.test")
	m.disk = func(e storage.Engine) storage.Engine {
		return badDisk{e, m, func() (int64, error) { return 10e9, nil }, e.(space).Size}
	}
	m.standbys = func(context.Context) (int, error) { return 1 - oneIf(m.alone.Load()), nil }
	m.around = func(ctx context.Context, network, address string) (net.Conn, error) {
		if m.breaks.Load() && strings.HasPrefix(address, "mail.test") {
			panic("a mistake")
		}
		return m.dial(ctx, network, address)
	}
	m.start()
	m.watch(2 * time.Minute)
	play(m)
	return m.Scrapes
}

// spoil changes a byte of every place in a file where a text is.
func spoil(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.ReplaceAll(b, []byte(text), []byte("S"+text[1:]))
	if bytes.Equal(b, spoilt) {
		t.Fatalf("%q is not in the store", text)
	}
	if err := os.WriteFile(path, spoilt, 0o600); err != nil {
		t.Fatal(err)
	}
}

// monitoringRule is an alert rule, as far as it matters here.
type monitoringRule struct {
	Alert, Expr string
	Labels      map[string]string
}

// TestMonitoringPage: docs/monitoring.md lists the rules that there are.
func TestMonitoringPage(t *testing.T) {
	var got, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(Stormbell\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(readPage(t, "docs/monitoring.md"), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	for name, r := range monitoringRules(t) {
		want = append(want, name+" "+r.Labels["severity"])
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rules and the table of docs/monitoring.md (-rules +page):\n%s", diff)
	}
}

func monitoringRules(t *testing.T) map[string]monitoringRule {
	t.Helper()
	text, err := os.ReadFile(repository("docs/monitoring/rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []monitoringRule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	rules := map[string]monitoringRule{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules[r.Alert] = r
		}
	}
	if len(rules) == 0 {
		t.Fatal("there is no rule")
	}
	return rules
}

// missing returns the metrics that the rule names and no scrape has a number of.
func (r monitoringRule) missing(scrapes []scrape) []string {
	there := map[string]bool{}
	for _, s := range scrapes {
		for series, text := range s.Series {
			if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) {
				name, _, _ := strings.Cut(series, "{")
				there[name] = true
			}
		}
	}
	var list []string
	for _, name := range regexp.MustCompile(`stormbell_[a-z_]+`).FindAllString(r.Expr, -1) {
		if !there[name] {
			list = append(list, name)
		}
	}
	return list
}
