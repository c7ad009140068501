package bot

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestMain lets garbage wait: hundreds of programs start and end here, each in a few
// megabytes, and collecting after each doubling of that took a third of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// everyCase is set by EVERY_CASE=1, as in the stage "cases" of .ci/run. Without it,
// tests that go through many cases of one kind, such as every instant at which the
// bot can be killed, go through the part of them that their comments name.
var everyCase = os.Getenv("EVERY_CASE") != ""

// cases chooses by how much is to be tried: all, as much as the README's test command
// does, or as much as it takes to see two goroutines meet, under the race detector.
func cases(all, usual, short int) int {
	switch {
	case everyCase:
		return all
	case testing.Short():
		return short
	default:
		return usual
	}
}

// longLife leaves a test that lives through days, or through hundreds of incidents, out of
// the race detector's stage, where it would take minutes: shorter ones bring the same
// goroutines together.
func longLife(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it lives for long; run it without -short")
	}
}

// exhaustive leaves a test that adds size or length to what shorter ones try as well to CI,
// which runs it in its stage "cases".
func exhaustive(t *testing.T) {
	t.Helper()
	if !everyCase {
		t.Skip("it is long, and runs in CI; run it with EVERY_CASE=1")
	}
}

const rosterText = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}
rotations:
  - id: primary
    team: payments
    time_zone: UTC
    layers:
      - {id: weekly, people: [ada, bob], start: 1999-12-27T09:00, every: {weeks: 1}}
policies:
  - id: payments
    repeat: 1
    steps:
      - {notify: [rotation:primary], wait: 5m}
      - {notify: [person:cleo], wait: 5m}
    last_resort: [channel:incidents, person:bob]
services:
  - id: checkout
    name: Checkout
    kind: product
    team: payments
    policy: payments
    first_looks: [Error rate by provider]
    quick_actions: [Roll back the last release]
    runbook: {url: https://runbooks.example/checkout}
  - {id: search, name: Search, kind: service, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// rig is the whole program in a bubble: the bot on a real bolt file, the real
// Slack client, and the simulated workspace, joined in memory.
type rig struct {
	t      testing.TB
	path   string
	sim    *slacksim.Workspace
	line   *slacksim.Listener
	server *http.Server
	ledger *ledger.Ledger
	people *oncall.Roster
	desk   *desk.Desk
	alerts *alerts.Alerts
	log    zerolog.Logger
	stop   func()

	alarms chan string // of the store, for the operators

	shelf *archive.Folder // of incidents that ended a year ago; nil: none is archived

	wrap func(storage.Engine) storage.Engine // around the engine; nil: none

	wall func() time.Time // the wall clock of the records; nil: the bubble's

	files desk.Files // how much of what people mark is kept

	silence time.Duration // after which a socket is opened anew; 0: as ever

	announce string // the channel for announcements; empty: the default

	access desk.Access        // who may do what; nil: the defaults
	health func() chat.Health // what Slack is told of the rest; nil: nothing

	roster string            // the text of the first roster
	world  *providers        // of the other ways; nil: there are none
	ways   *dispatch.Methods // of this run of the bot
	reach  *dispatch.Reach
	github *gitHub      // the trackers; nil: there are none
	web    http.Handler // what the bot answers over HTTP, when there are other ways
}

// pings is how often the workspace pings in tests of what is noticed without its pings. In all
// others it pings rarely, and the bot bears that.
const pings = 25 * time.Second

// inBubble runs f in a bubble with a rig, and stops everything afterwards.
func inBubble(t *testing.T, opt slacksim.Options, f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, opt)
		defer r.close()
		r.start()
		f(r)
	})
}

// inBubbleWith is inBubble with a roster of its own.
func inBubbleWith(t *testing.T, roster string, f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		r.roster = roster
		defer r.close()
		r.start()
		f(r)
	})
}

func newRig(t *testing.T, opt slacksim.Options) *rig {
	t.Helper()
	return newRigFor(t, opt)
}

// newRigFor is newRig for benchmarks too, which live in real time.
func newRigFor(t testing.TB, opt slacksim.Options) *rig {
	t.Helper()
	opt.People = append(opt.People,
		slacksim.Person{ID: "U0ADA", Name: "ada", RealName: "Ada Okafor", Email: "ada@shop.example"},
		slacksim.Person{ID: "U0BOB", Name: "bob", RealName: "Bob Stone"},
		slacksim.Person{ID: "U0CLEO", Name: "cleo", RealName: "Cleo Marsh"},
		slacksim.Person{ID: "U0EVE", Name: "eve", RealName: "Eve Long"})
	silence := time.Duration(0) // the default
	if opt.PingInterval == 0 {  // in days that go by, pings would be most of what happens
		opt.PingInterval, silence = 10*time.Minute, 12*time.Minute
	}
	sim, err := slacksim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{roster: rosterText, t: t, path: filepath.Join(t.TempDir(), "stormbell.db"), sim: sim, line: slacksim.NewListener(), silence: silence}
	r.server = &http.Server{Handler: sim}
	go r.server.Serve(r.line)
	r.log = zerolog.Nop()
	if testing.Verbose() {
		r.log = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel)
	}
	return r
}

// start starts the bot, as after a reboot, and lets it connect.
func (r *rig) start() {
	r.t.Helper()
	r.startNow()
	r.pass(5 * time.Second)
}

// startNow starts the bot.
func (r *rig) startNow() {
	r.t.Helper()
	_, bench := r.t.(*testing.B)
	var engine storage.Engine
	engine, err := bolt.Open(r.path, bolt.Options{Unsynced: !bench, Journal: bench})
	if err != nil {
		r.t.Fatal(err)
	}
	if !bench {
		engine = listed{engine, r.t}
	}
	if r.wrap != nil {
		engine = r.wrap(engine)
	}
	db := storage.New(engine)
	ctx, cancel := context.WithCancel(r.t.Context())
	options := r.world.deskOptions()
	options.AnnounceChannel, options.Access, options.Files = r.announce, r.access, r.files
	options.Trackers = r.github.places()
	if r.shelf != nil {
		options.Shelf, options.ArchiveAfter = r.shelf, 365*24*time.Hour
		db.Through(r.shelf.Through)
	}
	r.ledger, r.people, r.desk, r.alerts = parts(r.t, db, options, r.world.methods()...)
	if r.wall != nil {
		r.ledger.Wall = r.wall
	}
	if !r.people.HasRoster() {
		roster, err := rotation.Parse("roster.yaml", []byte(r.roster))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.people.ApplyRoster(ctx, roster, incident.Bot, "first start"); err != nil {
			r.t.Fatal(err)
		}
	}
	r.reach = dispatch.NewReach()
	slack := chat.New(r.desk, r.people, r.alerts, chat.Options{
		AppToken: r.sim.AppToken(), BotToken: r.sim.BotToken(), APIURL: "http://slack.test/api/", Log: r.log,
		AnnounceChannel: r.announce, Health: r.health, Burden: chat.Burden{PagesPerShift: 2, NightsPerWeek: 1, SharePercent: 25},
		Observe: func(method, result string, took time.Duration) { r.reach.Called(method, result, took) },
		Dial:    func(ctx context.Context, _, _ string) (net.Conn, error) { return r.line.Dial(ctx) },
		Silence: r.silence,
	})
	r.ways = r.world.connect(r)
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{DB: db, Ledger: r.ledger, Desk: r.desk, Slack: slack, Methods: r.ways, Trackers: r.github.trackers(r), Reach: r.reach, Alarms: r.alarms, Log: r.log})
	}()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil && r.wrap == nil { // a process that is killed has nothing to say
			r.t.Errorf("Run() = %v, want no error", err)
		}
		if err := db.Close(); err != nil {
			r.t.Errorf("Close() = %v, want no error", err)
		}
		r.stop = nil
	}
}

func (r *rig) close() {
	if r.stop != nil {
		r.stop()
	}
	r.world.close()
	r.github.close()
	r.sim.Close()
	r.line.Close()
	r.server.Close()
	if _, ok := r.t.(*testing.T); ok {
		synctest.Wait()
		r.examine()
	}
}

// examine proves of every scenario that it leaves a store without a fault.
func (r *rig) examine() {
	r.t.Helper()
	if _, err := os.Stat(r.path); err != nil {
		return // nothing was started
	}
	engine, err := bolt.Open(r.path, bolt.Options{Unsynced: true})
	if err != nil {
		r.t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	if r.shelf != nil {
		db.Through(r.shelf.Through)
	}
	err = db.View(context.WithoutCancel(r.t.Context()), func(tx *storage.Tx) error {
		x, err := alerts.Examine(tx, nil)
		for _, f := range x.Faults {
			r.t.Errorf("the store has a fault: %s: %s", f.Key, f.What)
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}

// pass lets time pass, and everything that is due happen.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// command types a command and returns what the person sees.
func (r *rig) command(user, channel, text string) slacksim.Seen {
	r.t.Helper()
	seen, err := r.sim.As(user).Command(channel, "/incident", text)
	if err != nil {
		r.t.Fatalf("/incident %s by %s in %s: %v", text, user, channel, err)
	}
	return seen
}

// channel returns a channel that must exist.
func (r *rig) channel(name string) slacksim.Channel {
	r.t.Helper()
	c, ok := r.sim.State().Channel(name)
	if !ok {
		var names []string
		for _, c := range r.sim.State().Channels {
			names = append(names, c.Name)
		}
		r.t.Fatalf("no channel %q; there are %v", name, names)
	}
	return c
}

// dm returns the bot's direct messages with a user.
func (r *rig) dm(user string) []slacksim.Message {
	c, _ := r.sim.State().DM(user, r.sim.BotUserID())
	return c.Messages
}

// shows reports whether a message shows the words, in its text or its blocks.
func shows(m slacksim.Message, words string) bool {
	return strings.Contains(m.Text, words) || strings.Contains(string(m.Blocks), words)
}

// find returns the first message that shows the words.
func (r *rig) find(where []slacksim.Message, words string) slacksim.Message {
	r.t.Helper()
	for _, m := range where {
		if shows(m, words) {
			return m
		}
	}
	r.t.Fatalf("no message shows %q among %d:%s", words, len(where), list(where))
	return slacksim.Message{}
}

func list(where []slacksim.Message) string {
	var b strings.Builder
	for _, m := range where {
		b.WriteString("\n  " + m.TS + " " + m.Text + " " + string(m.Blocks))
	}
	return b.String()
}

// fold checks that the stored state equals the fold of the timeline.
func (r *rig) fold(n int) (incident.Incident, []incident.Event) {
	r.t.Helper()
	i, events, err := r.desk.Timeline(r.t.Context(), incident.Bot, n)
	if err != nil {
		r.t.Fatal(err)
	}
	folded, err := incident.Fold(n, events)
	if err != nil {
		r.t.Fatal(err)
	}
	if diff := diff(folded, i); diff != "" {
		r.t.Errorf("%s: the stored state differs from the fold of its timeline (-fold +stored):\n%s", i.Name(), diff)
	}
	return i, events
}

// parts opens a ledger, a roster and a desk over a store.
func parts(t testing.TB, db *storage.DB, opt desk.Options, methods ...string) (*ledger.Ledger, *oncall.Roster, *desk.Desk, *alerts.Alerts) {
	t.Helper()
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	people, err := oncall.Open(t.Context(), l, oncall.Options{Methods: methods})
	if err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(t.Context(), l, people, opt)
	if err != nil {
		t.Fatal(err)
	}
	room, err := alerts.Open(t.Context(), l, people, d, alerts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l, people, d, room
}

// alert has a sender report an alert.
func (r *rig) alert(ctx context.Context, a alert.Alert) (alerts.Taken, error) {
	taken, err := r.alerts.Take(ctx, alerts.Key{Name: "monitor"}, alert.Body{Alerts: []alert.Alert{a}})
	if err != nil {
		return alerts.Taken{}, err
	}
	return taken[0], nil
}

// listed is an engine that sees to it that every key is one of the documented ones.
type listed struct {
	storage.Engine
	t testing.TB
}

func (l listed) Commit(ctx context.Context, changes []storage.Change) error {
	for _, c := range changes {
		if _, ok := ledger.FamilyOf(c.Key); !ok {
			l.t.Errorf("the key %q is of no family that ledger.Families lists", c.Key)
		}
	}
	return l.Engine.Commit(ctx, changes)
}

// Limits hands on what the engine takes at once.
func (l listed) Limits() storage.Limits {
	return l.Engine.(interface{ Limits() storage.Limits }).Limits()
}
