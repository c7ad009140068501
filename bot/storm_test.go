package bot

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestBudget: a provider that takes a few messages a second and says so gets
// them all in the end; none is dropped, and it is not taken for a broken one.
func TestBudget(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		var mu sync.Mutex
		taken := map[int64]int{}
		p.limit = func(string) bool {
			mu.Lock()
			defer mu.Unlock()
			taken[time.Now().Unix()]++
			return taken[time.Now().Unix()] <= 2
		}
		for n := range 30 {
			service := []string{"checkout", "search"}[n%2]
			r.command("eve", "general", fmt.Sprintf("declare number %d is down service:%s", n, service))
		}
		r.pass(10 * time.Minute)
		text := ""
		for _, m := range p.taken("", "") {
			text += m.Text + "\n"
		}
		for n := 1; n <= 30; n++ {
			paged := false
			_, events := r.fold(n)
			for _, e := range events {
				paged = paged || e.Kind == incident.KindPaged && e.Via != "slack"
			}
			if !paged {
				t.Errorf("INC-%d has been paged by no way but Slack within ten minutes", n)
			}
		}
		for _, m := range r.channel("incidents").Messages {
			if shows(m, "do not get through") {
				t.Errorf("a busy provider was taken for a broken one: %s", m.Text)
			}
		}
		if !strings.Contains(text, "incidents need you") {
			t.Errorf("nothing was bundled:\n%s", text)
		}
	})
}

// TestWeek lets two days pass, or with EVERY_CASE=1 a week, over people who answer late,
// by other ways, or not at all, while providers come and go. Nobody is forgotten: every incident is
// acknowledged, or its ladder has run out loudly, and no page left after that.
func TestWeek(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	withWays(t, "", func(r *rig, p *providers) {
		dead := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		acked := map[int]time.Time{}
		days := cases(7, 2, 2)
		for day := range days {
			for n := range 4 {
				number := day*4 + n + 1
				service := []string{"checkout", "search"}[n%2]
				r.command("eve", "general", fmt.Sprintf("declare trouble %d service:%s", number, service))
				switch number % 5 {
				case 0:
					p.breaks("sms", dead)
				case 1:
					p.breaks("sms", nil)
					p.breaks("push", dead)
				case 2:
					p.breaks("push", nil)
				case 3:
					if err := r.sim.Fault(slacksim.Fault{Method: "chat.postMessage", Status: 503}); err != nil {
						t.Fatal(err)
					}
				}
				r.pass(time.Duration(number*37%900) * time.Second)
				r.sim.ClearFaults()
				if number%3 > 0 {
					r.command("bob", "general", fmt.Sprintf("ack INC-%d", number))
					acked[number] = time.Now()
				}
				if number == 7 || number == 11 || number == 20 { // a restart in the middle of it
					r.stop()
					r.pass(20 * time.Minute)
					r.start()
				}
				r.pass(4 * time.Hour)
			}
			r.pass(8 * time.Hour)
		}
		r.sim.ClearFaults()
		r.pass(time.Hour)
		for n := 1; n <= 4*days; n++ {
			i, events := r.fold(n)
			if _, ok := acked[n]; ok != i.Acked() || !ok && !i.Exhausted {
				t.Errorf("%s: acknowledged %v, run out %v; want one of them", i.Name(), i.Acked(), i.Exhausted)
			}
			for _, e := range events {
				if at, ok := acked[n]; ok && e.Kind == incident.KindPaged && e.At.After(at.Add(time.Second)) {
					t.Errorf("%s was paged at %v, after the acknowledgement at %v: %+v", i.Name(), e.At, at, e)
				}
			}
		}
		if err := r.desk.CheckEscalations(r.t.Context(), time.Now()); err != nil {
			t.Errorf("CheckEscalations() at the end of the days = %v", err)
		}
	})
}

// TestClockJumps: what is due when the bot was away for hours goes out once. What
// happens when the clock is set while it runs is in TestClockSet of the desk and in
// TestClockSetWhileItRuns.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		r.stop()
		r.pass(6 * time.Hour) // asleep
		r.start()
		r.pass(2 * time.Minute)
		if got := counts(p, "ada", "0001"); got["push"] != 1 || got["sms"] != 0 {
			t.Errorf("after six hours of sleep ada got %v, want the push that was due once, and no text message yet", got)
		}
		_, events := r.fold(1)
		told := false
		for _, e := range events {
			told = told || strings.HasPrefix(e.Text, "Nothing could be sent for 5h5")
		}
		if !told {
			t.Errorf("the timeline does not say for how long nothing could be sent: %+v", events)
		}
	})
}

// TestClockSetWhileItRuns: the next step is taken at its time by a clock that nobody
// can set, and the log says once what happened.
func TestClockSetWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		var log shared
		r.log = zerolog.New(&log).Level(zerolog.WarnLevel)
		var by atomic.Int64
		r.wall = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
		r.start()
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		by.Store(int64(-time.Hour))
		r.pass(3 * time.Minute)
		if got := len(r.dm("U0CLEO")); got != 0 {
			t.Errorf("cleo got %d messages before the first step was over", got)
		}
		r.pass(time.Minute + time.Second)
		r.find(r.dm("U0CLEO"), "card payments fail")
		if got := strings.Count(log.String(), "the clock was set back"); got != 1 || !strings.Contains(log.String(), `"by":"-1h0m0s"`) {
			t.Errorf("the log says %d times that the clock was set back by an hour, want once:\n%s", got, log.String())
		}
	})
}

// BenchmarkStorm opens a thousand incidents at once, each with people of its
// own, and waits until every first page has been handed to a provider that takes
// what it can. None is dropped.
func BenchmarkStorm(b *testing.B) {
	const incidents = 1000
	var roster strings.Builder
	roster.WriteString("people:\n")
	for n := range incidents {
		fmt.Fprintf(&roster, "  - {id: p%d, name: Person %d, phone: \"+4915%09d\", rules: {high: [{via: push}]}}\n", n, n, n)
	}
	roster.WriteString("teams:\n  - {id: all, name: All, members: [p0]}\npolicies:\n")
	for n := range incidents {
		fmt.Fprintf(&roster, "  - {id: s%d, steps: [{notify: [person:p%d], wait: 1h}], last_resort: [person:p0]}\n", n, n)
	}
	roster.WriteString("services:\n")
	for n := range incidents {
		fmt.Fprintf(&roster, "  - {id: s%d, name: S%d, kind: service, team: all, policy: s%d}\n", n, n, n)
	}
	parsed, err := rotation.Parse("roster", []byte(roster.String()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		storm(b, parsed, incidents)
	}
}

func storm(b *testing.B, roster *rotation.Roster, incidents int) {
	p := newProviders()
	defer p.close()
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "stormbell.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	l, people, d, _ := parts(b, db, p.deskOptions(), p.methods()...)
	if err := people.ApplyRoster(ctx, roster, incident.Bot, "the benchmark"); err != nil {
		b.Fatal(err)
	}
	ways := p.connect(&rig{t: nil, people: people, desk: d, log: zerolog.Nop()})
	out := dispatch.NewOutbox(dispatch.Options{Ledger: l, Desk: d, Slack: nowhere(), Methods: ways, Log: zerolog.Nop()})
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx, nil) }()
	start := time.Now()
	var all sync.WaitGroup
	for n := range incidents {
		all.Go(func() {
			decl := incident.Declaration{Title: fmt.Sprintf("number %d is down", n), Service: fmt.Sprintf("s%d", n), Severity: incident.Sev1}
			if _, err := d.Declare(ctx, desk.Caller{Actor: "alert:storm"}, decl); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	opened := time.Since(start)
	for len(p.taken("push", "")) < incidents && time.Since(start) < time.Minute {
		time.Sleep(5 * time.Millisecond) // a benchmark is no bubble
	}
	took := time.Since(start)
	if got := len(p.taken("push", "")); got < incidents {
		b.Errorf("%d first pages of %d handed over within a minute", got, incidents)
	}
	b.ReportMetric(opened.Seconds(), "s-to-open")
	b.ReportMetric(took.Seconds(), "s-to-hand-over")
	b.ReportMetric(float64(incidents)/took.Seconds(), "pages/s")
	cancel()
	<-done
}

// nowhere takes every job of Slack's.
func nowhere() map[ledger.Kind]dispatch.Performer {
	performers := map[ledger.Kind]dispatch.Performer{}
	for _, k := range ledger.Kinds() {
		performers[k] = func(context.Context, desk.Task) (desk.Outcome, error) { return desk.Outcome{}, nil }
	}
	return performers
}
