package bot

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// Benchmarks live in real time, on a real disk. What they report is judged by
// .ci/bench, never here: a busy machine is no fault of the program.

// benchRig is a rig that runs as soon as it is connected.
func benchRig(b *testing.B, r *rig) *rig {
	b.Helper()
	r.startNow()
	ready := r.sim.Watch(b.Context())
	for r.sim.State().Sockets < 2 {
		<-ready
	}
	return r
}

// crowdRig is a rig in which each of n services, s0 and so on, pages a person of its
// own, with the Slack user ID crowdID. Pages to one person within a minute become
// one message, so only with several people is each page one of its own.
func crowdRig(b *testing.B, n int) *rig {
	b.Helper()
	var people, policies, services strings.Builder
	opt := slacksim.Options{KeepCalls: 100}
	for k := range n {
		opt.People = append(opt.People, slacksim.Person{ID: crowdID(k), Name: fmt.Sprintf("p%d", k)})
		fmt.Fprintf(&people, "  - {id: p%d, name: Person %d, slack: %s}\n", k, k, crowdID(k))
		fmt.Fprintf(&policies, "  - {id: s%d, steps: [{notify: [person:p%d], wait: 2h}], last_resort: [channel:incidents]}\n", k, k)
		fmt.Fprintf(&services, "  - {id: s%d, name: S%d, kind: service, team: all, policy: s%d}\n", k, k, k)
	}
	r := newRigFor(b, opt)
	r.roster = "people:\n" + people.String() + "teams:\n  - {id: all, name: All, members: [p0]}\npolicies:\n" + policies.String() + "services:\n" + services.String()
	return r
}

func crowdID(n int) string { return fmt.Sprintf("U0P%05d", n) }

// rawEngine is the engine alone, on the disk that the rig is on.
func rawEngine(b *testing.B) storage.Engine {
	b.Helper()
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "raw.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { engine.Close() })
	return engine
}

// report reports the median of durations, and the 99th percentile.
func report(b *testing.B, took []time.Duration) (median time.Duration) {
	b.Helper()
	slices.Sort(took)
	median = took[len(took)/2]
	b.ReportMetric(float64(median.Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
	return median
}

// BenchmarkAcknowledgement measures an envelope from the moment at which Slack writes
// it to the socket to the one at which its acknowledgement has come back over it, as
// Slack's own record has them, one after another. What Slack needs to make an
// envelope of what was typed, and to show the answer, is not the bot's: it is in
// µs-typed only. Each is followed by one commit of 300 bytes of the engine alone, so
// that both meet the same disk in the same moment.
func BenchmarkAcknowledgement(b *testing.B) {
	r := benchRig(b, newRigFor(b, slacksim.Options{KeepCalls: 100}))
	defer r.close()
	raw := rawEngine(b)
	eve := r.sim.As("eve")
	if _, err := eve.Command("general", "/incident", "declare checkout is slow sev4"); err != nil {
		b.Fatal(err)
	}
	last := lastOf(r.sim.Calls(0))
	var typed, took, commits []time.Duration
	for b.Loop() {
		start := time.Now()
		if seen, err := eve.Command("general", "/incident", "note INC-1 still slow"); err != nil || seen.Error != "" {
			b.Fatalf("%+v, %v", seen, err)
		}
		shown := time.Now()
		change := storage.Change{Key: fmt.Sprintf("event/%012d", len(took)), Value: make([]byte, 300)}
		if err := raw.Commit(b.Context(), []storage.Change{change}); err != nil {
			b.Fatal(err)
		}
		typed, commits = append(typed, shown.Sub(start)), append(commits, time.Since(shown))
		calls := r.sim.Calls(last)
		took, last = append(took, acknowledged(b, calls)), lastOf(calls)
	}
	median := report(b, took)
	slices.Sort(typed)
	slices.Sort(commits)
	commit := commits[len(commits)/2]
	b.ReportMetric(float64(typed[len(typed)/2].Microseconds()), "µs-typed")
	b.ReportMetric(float64(commit.Microseconds()), "µs-commit")
	b.ReportMetric(float64(median)/float64(commit), "commits-median")
}

// lastOf is the number of the newest entry of Slack's record.
func lastOf(calls []slacksim.Call) int { return calls[len(calls)-1].N }

// acknowledged is how long the one command of a record of Slack's took, from the
// frame that brought it to the frame that acknowledged it.
func acknowledged(b *testing.B, calls []slacksim.Call) time.Duration {
	b.Helper()
	out := slices.IndexFunc(calls, func(c slacksim.Call) bool { return c.Kind == "frame_out" && c.Method == "slash_commands" })
	if out < 0 {
		b.Fatal("Slack has no record of the envelope")
	}
	in := slices.IndexFunc(calls, func(c slacksim.Call) bool { return c.Kind == "frame_in" && c.EnvelopeID == calls[out].EnvelopeID })
	if in < 0 {
		b.Fatal("Slack has no record of the acknowledgement")
	}
	return calls[in].At.Sub(calls[out].At)
}

// BenchmarkCommands types five hundred declarations in one second, each by
// somebody who waits for the answer.
func BenchmarkCommands(b *testing.B) {
	r := benchRig(b, newRigFor(b, slacksim.Options{KeepCalls: 100}))
	defer r.close()
	worst, typed := time.Duration(0), 0
	for b.Loop() {
		took := make([]time.Duration, 500)
		var all sync.WaitGroup
		every := time.NewTicker(2 * time.Millisecond)
		for n := range took {
			<-every.C
			all.Go(func() {
				start := time.Now()
				seen, err := r.sim.As("eve").Command("general", "/incident", fmt.Sprintf("declare thing %d is slow sev4", n))
				if took[n] = time.Since(start); err != nil || seen.Error != "" {
					b.Errorf("command %d: %+v, %v", n, seen, err)
				}
			})
		}
		all.Wait()
		every.Stop()
		worst, typed = max(worst, slices.Max(took)), typed+len(took)
	}
	active, err := r.desk.Active(b.Context(), incident.Bot)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(worst.Milliseconds()), "ms-worst")
	b.ReportMetric(float64(typed-len(active)), "lost")
}

// BenchmarkDeclare declares incidents while Slack takes 200 ms for each call, and
// measures until the page stands there, and until everything does.
func BenchmarkDeclare(b *testing.B) {
	r := benchRig(b, crowdRig(b, b.N))
	defer r.close()
	r.fault(slacksim.Fault{Method: "*", Latency: roundTrip})
	changes := r.sim.Watch(b.Context())
	var pages, all []time.Duration
	b.ResetTimer()
	for n := range b.N {
		i := pieces{name: incident.Name(n + 1), channel: fmt.Sprintf("inc-%d-payments-fail", n+1), paged: []string{crowdID(n)}, members: []string{"U0EVE", crowdID(n)}}
		start := time.Now()
		if _, err := r.sim.As("eve").Command("general", "/incident", fmt.Sprintf("declare payments fail sev1 service:s%d", n)); err != nil {
			b.Fatal(err)
		}
		page := time.Duration(0)
		for missing := i.kinds(); len(missing) > 0; <-changes {
			missing = slices.DeleteFunc(missing, func(what string) bool { return r.there(what, i) })
			if page == 0 && !slices.Contains(missing, "page") {
				page = time.Since(start)
			}
			if len(missing) == 0 {
				break
			}
		}
		pages, all = append(pages, page), append(all, time.Since(start))
	}
	slices.Sort(pages)
	slices.Sort(all)
	b.ReportMetric(float64(pages[len(pages)/2].Milliseconds()), "ms-page")
	b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "ms-all")
}

// BenchmarkAlertToPage measures from an alert, with its durable commit, to the
// moment at which its page arrives at Slack; one sender, one alert after another,
// each for somebody who was not paged before.
func BenchmarkAlertToPage(b *testing.B) {
	r := crowdRig(b, b.N)
	type page struct {
		user string
		at   time.Time
	}
	posted := make(chan page, 1)
	r.server.Handler = posts(r.sim, func(channel string, at time.Time) {
		if strings.HasPrefix(channel, "U0P") {
			posted <- page{channel, at}
		}
	})
	benchRig(b, r)
	defer r.close()
	var took []time.Duration
	b.ResetTimer()
	for n := range b.N {
		start := time.Now()
		a := alert.Alert{Key: fmt.Sprint(n), Status: alert.Firing, Title: "p99 above 3 s", Service: fmt.Sprintf("s%d", n), Severity: alert.Sev1, Source: "event"}
		if _, err := r.alert(b.Context(), a); err != nil {
			b.Fatal(err)
		}
		p := <-posted
		if p.user != crowdID(n) {
			b.Fatalf("alert %d: a page for %s, want one for %s", n, p.user, crowdID(n))
		}
		took = append(took, p.at.Sub(start))
	}
	report(b, took)
}

// posts is a workspace that tells of each message that is posted, as it arrives.
func posts(sim http.Handler, told func(channel string, at time.Time)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if at := time.Now(); strings.HasSuffix(q.URL.Path, "/chat.postMessage") && q.ParseForm() == nil {
			told(q.PostForm.Get("channel"), at)
		}
		sim.ServeHTTP(w, q)
	})
}

// BenchmarkFlood sends ten thousand alerts of one service as fast as they are taken:
// the same one each time, and a different one each time. It counts what people get
// of it, until five seconds after the last.
func BenchmarkFlood(b *testing.B) {
	b.Run("identical", func(b *testing.B) { flood(b, func(int64) string { return "same" }) })
	b.Run("different", func(b *testing.B) { flood(b, func(n int64) string { return fmt.Sprint(n) }) })
}

func flood(b *testing.B, key func(int64) string) {
	const alerts, senders = 10_000, 64
	for b.Loop() {
		r := newRigFor(b, slacksim.Options{KeepCalls: 100})
		var messages, pages, seq atomic.Int64
		r.server.Handler = posts(r.sim, func(channel string, _ time.Time) {
			messages.Add(1)
			if strings.HasPrefix(channel, "U") {
				pages.Add(1)
			}
		})
		benchRig(b, r)
		messages.Store(0)
		start := time.Now()
		var all sync.WaitGroup
		for range senders {
			all.Go(func() {
				for n := seq.Add(1); n <= alerts; n = seq.Add(1) {
					a := alert.Alert{Key: key(n), Status: alert.Firing, Title: "a disk is full", Service: "checkout", Severity: alert.Sev1, Source: "event"}
					if _, err := r.alert(b.Context(), a); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		took := time.Since(start)
		time.Sleep(5 * time.Second)
		active, err := r.desk.Active(b.Context(), incident.Bot)
		if err != nil || len(active) == 0 {
			b.Fatalf("%d incidents, %v", len(active), err)
		}
		_, events, err := r.desk.Timeline(b.Context(), incident.Bot, active[0].Number)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(float64(len(active)), "incidents")
		b.ReportMetric(float64(pages.Load()), "pages")
		b.ReportMetric(float64(messages.Load()), "messages")
		b.ReportMetric(float64(len(events)), "events")
		r.close()
	}
}
