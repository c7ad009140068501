package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

const (
	hourly = `
heartbeats:
  - {name: sync, every: 1h, grace: 5m, service: edge, severity: sev1}
`
	backup = `
heartbeats:
  - {name: nightly-backup, every: 2h, grace: 30m, severity: sev3}
`
	daily = `
heartbeats:
  - {name: nightly-backup, every: 24h, grace: 30m, severity: sev3}
`
)

var cron = Key{Name: "cron"}

// beat sends a sign of life, which must be known.
func (r *room) beat(name string) {
	r.t.Helper()
	if known, err := r.Beat(r.t.Context(), cron, name); err != nil || !known {
		r.t.Fatalf("Beat(%s) = %t, %v", name, known, err)
	}
}

// away ends the bot and starts it again after a while.
func (r *room) away(d time.Duration) {
	r.t.Helper()
	if err := r.db.Close(); err != nil {
		r.t.Fatal(err)
	}
	time.Sleep(d)
	r.open()
}

// counted is how many incidents are open, after a while.
func (r *room) counted(after time.Duration, want int, why string) {
	r.t.Helper()
	r.pass(after)
	if got := r.active(); len(got) != want {
		r.t.Fatalf("%s: the open incidents are %v, want %d", why, got, want)
	}
}

func (r *room) title(n int) string {
	i, _ := r.folds(n)
	return i.Title
}

// TestHeartbeatLife follows a heartbeat from the roster to its absence and back.
func TestHeartbeatLife(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.pass(10 * time.Minute)
		r.beat("sync")
		r.counted(time.Hour+5*time.Minute-time.Second, 0, "within its grace")
		r.counted(time.Second, 1, "at the end of its grace")
		i, _ := r.folds(1)
		if i.Service != "edge" || i.Severity != incident.Sev1 || i.DeclaredBy != "alert:heartbeat" || i.Title != "No sign of life from sync since 00:10 UTC (expected every 1h)" {
			t.Errorf("%s: %s of %s by %s", i.Title, i.Severity, i.Service, i.DeclaredBy)
		}
		if got := r.notifications(1); !slices.Equal(got, []string{string(bob)}) {
			t.Errorf("paged %q, want the people of its service", got)
		}
		r.act(bob, 1, desk.Act{Verb: desk.Acknowledge})
		r.counted(3*time.Hour, 1, "still missing")
		if got := r.notifications(1); !slices.Equal(got, []string{string(bob)}) {
			t.Errorf("paged %q while it stayed away, want nobody again", got)
		}
		r.beat("sync")
		i, events := r.folds(1)
		if !i.AlertOver || !strings.Contains(texts(events), "sync is back at 04:15 UTC, it was away for 4h5m.") {
			t.Errorf("over is %t:\n%s", i.AlertOver, texts(events))
		}
		r.tallies(1, 0, 1)
		r.counted(time.Hour, 1, "it came an hour ago")
		r.tallies(1, 0, 1)
		r.pass(5 * time.Minute)
		r.tallies(1, 1, 0)
		if got := r.notifications(1); len(got) != 2 {
			t.Errorf("paged %q, want again since it is missing again after all was over", got)
		}
	})
}

// TestHeartbeatDue is a table of when a heartbeat is missing.
func TestHeartbeatDue(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse("2006-01-2 15:04:05", "2026-11-"+s)
		if err != nil {
			t.Fatal(err)
		}
		return x.UTC()
	}
	day := beatRecord{V: 1, Since: at("1 12:00:00"), Every: 24 * time.Hour, Grace: 30 * time.Minute, Last: at("2 03:00:00")}
	never := day
	never.Last = time.Time{}
	forgiven := day
	forgiven.Bot = absence{at("3 02:50:00"), at("3 03:20:00")}
	route := beatRecord{V: 1, Since: at("1 12:00:00"), Grace: 5 * time.Minute, Last: at("2 03:00:00")}
	missing := day
	missing.Missing = at("3 03:30:00")
	for _, tt := range []struct {
		name     string
		r        beatRecord
		from, to string // when the bot was away
		due      string
	}{
		{"never away", day, "", "", "3 03:30:00"},
		{"never came", never, "", "", "2 12:30:00"},
		{"away at another hour", day, "2 10:00:00", "2 18:00:00", "3 03:30:00"},
		{"away until shortly before it may come", day, "2 10:00:00", "3 02:29:59", "3 03:30:00"},
		{"away when it may have come", day, "2 10:00:00", "3 02:30:00", "4 03:00:00"},
		{"away for a moment at its time", day, "3 03:00:00", "3 03:00:05", "4 03:30:05"},
		{"away at the end of its grace", day, "3 03:30:00", "3 03:30:05", "4 04:00:05"},
		{"away when it was missing already", day, "3 03:31:00", "3 04:00:00", "3 03:30:00"},
		{"away for days", day, "2 10:00:00", "5 10:00:00", "6 10:30:00"},
		{"away while it had never come", never, "2 01:00:00", "2 02:00:00", "3 02:30:00"},
		{"briefly away again", forgiven, "4 03:00:00", "4 03:00:05", "4 03:50:00"},
		{"long away again", forgiven, "3 23:00:00", "4 03:30:00", "5 04:00:00"},
		{"of a route, which has a grace alone", route, "2 03:01:00", "2 03:02:00", "2 03:07:00"},
		{"a clock that was set back", day, "3 03:30:00", "3 03:00:00", "3 03:30:00"},
		{"missing", missing, "3 03:00:00", "3 05:00:00", "3 03:30:00"},
	} {
		r := tt.r
		if tt.from != "" {
			if a := (absence{at(tt.from), at(tt.to)}); r.mayHaveMissed(a) {
				r.Bot = a
			}
		}
		if got := r.due(); !got.Equal(at(tt.due)) {
			t.Errorf("%s: due %v, want %s", tt.name, got, tt.due)
		}
	}
}

// TestHeartbeatNeverCame: what was put into the roster and nowhere else is found.
func TestHeartbeatNeverCame(t *testing.T) {
	inBubble(t, backup, func(r *room) {
		r.counted(2*time.Hour+30*time.Minute-time.Second, 0, "within the first period")
		r.counted(time.Second, 1, "after the first period")
		if got := r.title(1); got != "No sign of life from nightly-backup: it has never come (expected every 2h)" {
			t.Errorf("the title is %q", got)
		}
		r.beat("nightly-backup")
		if _, events := r.folds(1); !strings.Contains(texts(events), "nightly-backup came at 02:30 UTC, for the first time.") {
			t.Errorf("the timeline does not say so:\n%s", texts(events))
		}
		r.tallies(1, 0, 1)
	})
}

// TestHeartbeatMissedByTheBot holds rule 15: a beat that may have come while the bot was
// down is judged after a full period from the start, and the page says so.
func TestHeartbeatMissedByTheBot(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		r.pass(50 * time.Minute)
		r.away(30 * time.Minute) // until 01:20
		r.counted(time.Hour+5*time.Minute-time.Second, 0, "within a period of the start")
		r.counted(time.Second, 1, "a full period after the start")
		if got := r.title(1); got != "No sign of life from sync since 00:00 UTC (expected every 1h); the bot itself was away from 00:50 UTC to 01:20 UTC" {
			t.Errorf("the title is %q", got)
		}
		r.away(20 * time.Minute)
		r.beat("sync")
		r.tallies(1, 0, 1)
	})
	inBubble(t, hourly, func(r *room) { // twice
		r.beat("sync")
		r.pass(50 * time.Minute)
		r.away(30 * time.Minute)
		r.pass(10 * time.Minute)
		r.away(time.Second) // the second restart forgets nothing of the first
		r.counted(54*time.Minute+58*time.Second, 0, "within a period of the first start")
		r.counted(time.Second, 1, "a full period after it")
	})
	inBubble(t, hourly, func(r *room) { // at another time
		r.beat("sync")
		r.pass(10 * time.Minute)
		r.away(20 * time.Minute)
		r.counted(35*time.Minute, 1, "it was due when the bot was there")
		if got := r.title(1); !strings.Contains(got, "away from 00:10 UTC to 00:30 UTC") {
			t.Errorf("the title does not say that the bot was away: %q", got)
		}
	})
	inBubble(t, hourly, func(r *room) { // missing before
		r.beat("sync")
		r.pass(time.Hour + 5*time.Minute)
		r.away(5 * time.Hour)
		r.counted(time.Minute, 1, "it was missing before")
		r.beat("sync")
		r.tallies(1, 0, 1)
	})
}

// TestHeartbeatRestartedEachTime: a bot that is restarted each time just when a dead
// backup ought to come still finds that it is dead.
func TestHeartbeatRestartedEachTime(t *testing.T) {
	inBubble(t, backup, func(r *room) {
		r.beat("nightly-backup")
		times := 0
		for ; times < 7 && len(r.active()) == 0; times++ {
			r.pass(2*time.Hour - time.Minute)
			r.away(5 * time.Second)
			r.pass(time.Minute)
		}
		if times != 3 {
			t.Errorf("it was found after %d periods, want 3: the first restart counts, the others do not", times)
		}
	})
}

// TestHeartbeatClock: a machine that slept, and a clock that was set.
func TestHeartbeatClock(t *testing.T) {
	tick := func(r *room, ahead time.Duration) {
		t.Helper()
		if err := r.ledger.Tick(r.t.Context(), time.Now().Add(ahead)); err != nil {
			t.Fatal(err)
		}
	}
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		r.pass(30 * time.Minute)
		tick(r, 5*time.Hour)
		if got := r.active(); len(got) > 0 {
			t.Fatalf("a clock that jumped by five hours is taken for a heartbeat that stays away: %v", got)
		}
		time.Sleep(time.Hour + 4*time.Minute)
		tick(r, 5*time.Hour)
		if got := r.active(); len(got) > 0 {
			t.Fatalf("it is missing before a full period: %v", got)
		}
		time.Sleep(time.Minute)
		tick(r, 5*time.Hour)
		if got := r.active(); len(got) != 1 {
			t.Errorf("it is not missing after a full period: %v", got)
		}
	})
	inBubble(t, hourly, func(r *room) { // it ran ahead by a year, and was put right
		tick(r, 365*24*time.Hour)
		if got := r.active(); len(got) > 0 {
			t.Fatalf("ahead by a year: %v", got)
		}
		tick(r, 0)
		r.beat("sync")
		r.counted(time.Hour+5*time.Minute, 1, "after its period by the right clock")
	})
}

// TestHeartbeatTenYears: nothing overflows, nothing drifts; and the day on which the
// clocks change has an hour more for nobody.
func TestHeartbeatTenYears(t *testing.T) {
	inBubble(t, daily, func(r *room) {
		r.beat("nightly-backup")
		time.Sleep(10 * 365 * 24 * time.Hour)
		if err := r.ledger.Tick(r.t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := r.title(1); got != "No sign of life from nightly-backup since Sat 1 Jan 00:00 UTC 2000 (expected every 24h)" {
			t.Errorf("the title is %q", got)
		}
		r.beat("nightly-backup")
		if _, events := r.folds(1); !strings.Contains(texts(events), "it was away for 87600h") {
			t.Errorf("the timeline says:\n%s", texts(events))
		}
	})
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	inBubble(t, daily, func(r *room) {
		r.opt.Zone = berlin
		time.Sleep(time.Until(time.Date(2000, 3, 25, 2, 30, 0, 0, berlin)))
		r.beat("nightly-backup")
		time.Sleep(24 * time.Hour)
		r.counted(30*time.Minute-time.Second, 0, "within 24 hours and its grace")
		r.counted(time.Second, 1, "after them")
		if got := r.title(1); got != "No sign of life from nightly-backup since Sat 25 Mar 02:30 CET (expected every 24h)" {
			t.Errorf("the title is %q", got)
		}
	})
}

// commits counts those of the store.
type commits struct {
	storage.Engine
	n    *int
	full *bool
	slow *time.Duration
}

func (c commits) Commit(ctx context.Context, changes []storage.Change) error {
	if *c.full {
		return errors.New("no space left on device")
	}
	*c.n++
	time.Sleep(*c.slow)
	return c.Engine.Commit(ctx, changes)
}

// counting begins to count the commits.
func (r *room) counting() *int {
	r.n = 0
	return &r.n
}

// keys returns those of the store that begin so.
func (r *room) keys(prefix string) (list []string) {
	r.t.Helper()
	err := r.db.View(r.t.Context(), func(tx *storage.Tx) error {
		for key := range tx.Scan(prefix) {
			list = append(list, key)
		}
		return tx.Err()
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// TestHeartbeatStorm: ten thousand beats in a minute cost few commits, one after the
// other and all at once.
func TestHeartbeatStorm(t *testing.T) {
	for _, tt := range []struct {
		every string
		most  int
	}{{"24h", 2}, {"1m", 11}, {"5s", 61}} {
		inBubble(t, "heartbeats: [{name: busy, every: "+tt.every+", grace: 1m}]", func(r *room) {
			n := r.counting()
			for range 10_000 {
				r.beat("busy")
				time.Sleep(6 * time.Millisecond)
			}
			if *n > tt.most {
				t.Errorf("every %s: %d commits, want %d at most", tt.every, *n, tt.most)
			}
			*n = 0
			together(1000, func(int) { r.beat("busy") })
			if *n > 1 {
				t.Errorf("every %s: %d commits for 1,000 at once, want 1 at most", tt.every, *n)
			}
		})
	}
}

// TestHeartbeatFullDisk: what came while the store took no write has come.
func TestHeartbeatFullDisk(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		r.full = true
		for range 3 {
			time.Sleep(50 * time.Minute)
			if _, err := r.Beat(r.t.Context(), cron, "sync"); err == nil {
				t.Fatal("a beat is taken that nothing keeps")
			}
			if err := r.ledger.Tick(r.t.Context(), time.Now()); err == nil {
				t.Fatal("the disk is not full")
			}
		}
		r.full = false
		r.counted(time.Hour+5*time.Minute-time.Second, 0, "it came all the time")
		r.counted(time.Second, 1, "a period after the last")
	})
}

// TestHeartbeatSlowTick: a tick that is carried out late, as when a disk hangs, is no
// clock that jumps.
func TestHeartbeatSlowTick(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		r.pass(58 * time.Minute)
		began := time.Now()
		time.Sleep(2 * time.Minute)
		for _, at := range []time.Time{began.Add(time.Minute), time.Now()} {
			if err := r.ledger.Tick(r.t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		r.counted(5*time.Minute, 1, "it is missing")
		if got := r.title(1); strings.Contains(got, "away") {
			t.Errorf("the bot takes itself for away: %q", got)
		}
	})
}

// TestHeartbeatByRoute: an alert that a route makes a sign of life opens nothing, and
// pages when it stays away.
func TestHeartbeatByRoute(t *testing.T) {
	const roster = `
alerts:
  routes:
    - {match: {alertname: Watchdog}, does: heartbeat, name: prometheus, grace: 5m, service: edge, severity: sev1}
`
	watchdog := alert.Alert{Key: "w", Status: alert.Firing, Title: "Watchdog", Severity: alert.SeverityNone, Source: "alertmanager", Labels: []alert.KV{{Key: "alertname", Value: "Watchdog"}}}
	ended := watchdog
	ended.Status = alert.Over
	inBubble(t, roster, func(r *room) {
		is := func(want Taken, list ...alert.Alert) {
			t.Helper()
			if got := r.take("alertmanager", list...)[0]; got != want {
				t.Errorf("taken as %+v, want %+v", got, want)
			}
		}
		beat := Taken{Key: "w", Result: alert.Suppressed, Does: "heartbeat"}
		for range 60 { // alone, as the repeat that it always is
			is(beat, watchdog)
			r.counted(time.Minute, 0, "it comes each minute")
		}
		for range 10 { // among others
			other := firing("c")
			other.Severity = alert.SeverityNone
			is(beat, watchdog, other)
			r.counted(4*time.Minute, 0, "it comes with others")
		}
		is(beat, ended)
		r.counted(time.Minute, 1, "that it is over is no sign of life")
		if i, _ := r.folds(1); i.Service != "edge" || i.Severity != incident.Sev1 || i.Title != "No sign of life from prometheus since 01:36 UTC (expected within 5m)" {
			t.Errorf("%s: %s of %s", i.Title, i.Severity, i.Service)
		}
		is(beat, ended)
		r.tallies(1, 1, 0)
		is(beat, watchdog, firing("d"))
		r.tallies(1, 0, 1)
		list, err := r.Heartbeats(r.t.Context())
		if err != nil || len(list) != 1 || list[0].By != "alertmanager" || list[0].State != BeatAlive {
			t.Errorf("Heartbeats() = %+v, %v", list, err)
		}
	})
	inBubble(t, "", func(r *room) { // it was an incident before there was the route
		shown := watchdog
		shown.Severity = alert.Sev2
		r.take("alertmanager", shown)
		r.apply(sampleRoster + roster)
		r.pass(time.Second)
		r.take("alertmanager", shown)
		r.tallies(1, 0, 1)
		n := r.counting()
		for range 100 {
			r.take("alertmanager", shown)
		}
		if *n > 1 {
			t.Errorf("%d commits for 100 at once, want 1 at most", *n)
		}
	})
}

// TestHeartbeatOfEverything: a route that makes everything a sign of life does not make
// one of the alert that a heartbeat is missing.
func TestHeartbeatOfEverything(t *testing.T) {
	inBubble(t, "alerts: {routes: [{match: {sender: /.*/}, does: heartbeat, name: all, grace: 5m}]}", func(r *room) {
		r.counted(5*time.Minute, 1, "nothing came")
	})
}

// TestHeartbeatGroups: several that are missing at once are one incident for each
// service.
func TestHeartbeatGroups(t *testing.T) {
	text := "heartbeats:\n"
	for n := range 60 {
		text += fmt.Sprintf("  - {name: job-%d, every: 1h, grace: 5m, service: %s}\n", n, []string{"checkout", "edge"}[n%2])
	}
	inBubble(t, text, func(r *room) {
		r.counted(2*time.Hour, 2, "60 are missing of 2 services")
		r.tallies(1, 30, 0)
		r.tallies(2, 30, 0)
		for n := range 60 {
			r.beat(fmt.Sprintf("job-%d", n))
		}
		r.tallies(1, 0, 30)
		r.tallies(2, 0, 30)
	})
}

// TestHeartbeatRoster: those that are added are expected from then on, with new times
// anew, and nothing stays of those that are taken out.
func TestHeartbeatRoster(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		if known, err := r.Beat(r.t.Context(), cron, "nightly-backup"); known || err != nil {
			t.Errorf("a heartbeat that the roster does not have: %t, %v", known, err)
		}
		r.pass(20 * time.Minute)
		r.apply(sampleRoster + hourly + strings.ReplaceAll(backup, "heartbeats:\n", ""))
		if got := r.HeartbeatNames(); !slices.Equal(got, []string{"sync", "nightly-backup"}) {
			t.Errorf("the names are %q", got)
		}
		r.counted(45*time.Minute, 1, "the first as ever")
		r.apply(sampleRoster + backup)
		r.pass(time.Second)
		r.tallies(1, 0, 1)
		if _, events := r.folds(1); !strings.Contains(texts(events), "The roster does not expect sync any more.") {
			t.Errorf("the timeline does not say so:\n%s", texts(events))
		}
		r.counted(1*time.Hour+44*time.Minute+58*time.Second, 1, "the second within its period")
		r.apply(sampleRoster + strings.ReplaceAll(backup, "2h", "3h"))
		r.counted(3*time.Hour+29*time.Minute+59*time.Second, 1, "with new times, a period from then")
		r.counted(2*time.Second, 2, "and no later")
		r.apply(sampleRoster)
		r.pass(time.Second)
		if left := r.keys("beat"); len(left) > 0 || r.keys("wake/beat") != nil {
			t.Errorf("left in the store: %q, %q", left, r.keys("wake/beat"))
		}
	})
}

// TestHeartbeatSilenced: while a silence holds nobody is asked; afterwards somebody is,
// since it is missing still.
func TestHeartbeatSilenced(t *testing.T) {
	inBubble(t, hourly+`
alerts: {silences: [{match: {heartbeat: sync}, from: 2000-01-01T00:00:00Z, until: 2000-01-01T02:00:00Z}]}`, func(r *room) {
		r.counted(time.Hour+59*time.Minute, 0, "silenced")
		r.counted(time.Hour, 1, "after the silence")
	})
}

// TestHeartbeatResolvedByPeople: a heartbeat that people called over and that stays away
// asks again.
func TestHeartbeatResolvedByPeople(t *testing.T) {
	inBubble(t, hourly, func(r *room) {
		r.beat("sync")
		r.pass(time.Hour + 5*time.Minute)
		r.act(bob, 1, desk.Act{Verb: desk.Resolve})
		r.counted(time.Hour, 0, "for its period")
		r.counted(6*time.Minute, 1, "still missing")
		if _, events := r.folds(2); !strings.Contains(texts(events), "The same alert was INC-1 before (resolved).") {
			t.Errorf("it does not name the earlier one:\n%s", texts(events))
		}
	})
}

// TestHeartbeats is the list for people.
func TestHeartbeats(t *testing.T) {
	inBubble(t, hourly+strings.ReplaceAll(daily, "heartbeats:\n", "")+"  - {name: late, every: 10m, grace: 1m, severity: sev4}\n", func(r *room) {
		r.pass(30 * time.Minute)
		r.beat("sync")
		r.pass(10 * time.Second)
		r.beat("sync") // kept in memory
		list, err := r.Heartbeats(r.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		want := []Heartbeat{
			{Heartbeat: rotation.Heartbeat{Name: "sync", Every: time.Hour, Grace: 5 * time.Minute, Service: "edge", Severity: "sev1"}, State: BeatAlive,
				Since: start, Last: start.Add(30*time.Minute + 10*time.Second), By: "cron", Due: start.Add(95*time.Minute + 10*time.Second)},
			{Heartbeat: rotation.Heartbeat{Name: "nightly-backup", Every: 24 * time.Hour, Grace: 30 * time.Minute, Service: "checkout", Severity: "sev3"}, State: BeatWaiting,
				Since: start, Due: start.Add(24*time.Hour + 30*time.Minute)},
			{Heartbeat: rotation.Heartbeat{Name: "late", Every: 10 * time.Minute, Grace: time.Minute, Service: "checkout", Severity: "sev4"}, State: BeatMissing,
				Since: start, Due: start.Add(11 * time.Minute), Missing: start.Add(11 * time.Minute), Incident: 1},
		}
		if !slices.Equal(list, want) {
			t.Errorf("Heartbeats() = %+v\nwant %+v", list, want)
		}
	})
}
