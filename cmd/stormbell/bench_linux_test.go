package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// Benchmarks of the real program in a process of its own. What they report is judged
// by .ci/bench, never here.

const (
	storedIncidents = 10_000
	eventsEach      = 100
	benchKey        = "sender-key-of-the-benchmark"
)

// benchLab is a lab with the program as people build it, and a Slack that answers
// at once.
func benchLab(b *testing.B) *lab {
	b.Helper()
	l := newLab(b)
	l.sim.ClearFaults()
	program := filepath.Join(b.TempDir(), "stormbell")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	b.Setenv("STORMBELL_HTTP_INTEGRATION_KEYS", benchKey)
	l.exec = func(args ...string) *exec.Cmd { return exec.Command(program, args...) }
	return l
}

// store is the file in which the program of the lab keeps its records.
func (l *lab) store() string { return filepath.Join(filepath.Dir(l.config), "stormbell.db") }

// BenchmarkStart starts the program on ten thousand incidents of a hundred events
// each, and measures until it is ready and what it then has in memory.
func BenchmarkStart(b *testing.B) { benchStart(b, storedIncidents) }

// BenchmarkStartLarge starts it on ten times as many, which is more than is read
// before the start. It takes 5 GB of disk and some minutes, or the file that
// BENCHMARK_STORE names, which it makes if it is not there, and leaves.
func BenchmarkStartLarge(b *testing.B) { benchStart(b, 10*storedIncidents) }

// BenchmarkStartLargeCold is the same after the machine itself has started: nothing of the
// file is in its memory.
func BenchmarkStartLargeCold(b *testing.B) { benchStart(b, 10*storedIncidents, forgetFile) }

// forgetFile has the system let go of what it has of a file in memory.
func forgetFile(b *testing.B, path string) {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil { // what is not on the disk yet stays in memory
		b.Fatal(err)
	}
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		b.Fatal(errno)
	}
}

// BenchmarkLargeRead starts it on the same store and waits until all of it was read. Its
// memory meanwhile is what it has of the file, too.
func BenchmarkLargeRead(b *testing.B) {
	l := benchLab(b)
	storeOf(b, l, 10*storedIncidents)
	start := time.Now()
	l.start()
	most := 0.0
	for !l.logged("every record of the store was read") {
		if time.Since(start) > 15*time.Minute {
			b.Fatal("not read within a quarter of an hour")
		}
		most = max(most, residentMiB(b, l))
		time.Sleep(time.Second)
	}
	b.ReportMetric(time.Since(start).Seconds(), "s-read")
	b.ReportMetric(l.processorTime(b).Seconds(), "s-cpu")
	b.ReportMetric(most, "MiB-most")
	b.ReportMetric(residentMiB(b, l), "MiB-then")
	b.ReportMetric(statusMiB(b, l, "RssAnon:"), "MiB-own")
}

// logged reports whether the program has logged a text.
func (l *lab) logged(text string) bool {
	data, err := os.ReadFile(l.log.Name())
	return err == nil && strings.Contains(string(data), text)
}

// storeOf fills the store of a lab with so many incidents, or has the lab use the file that
// BENCHMARK_STORE names, and returns its path.
func storeOf(b *testing.B, l *lab, incidents int) string {
	b.Helper()
	path := l.store()
	if kept := os.Getenv("BENCHMARK_STORE"); kept != "" {
		path = kept
		b.Setenv("STORMBELL_STORE", "bolt:"+path)
	}
	if _, err := os.Stat(path); err != nil {
		fill(b, path, func(ctx context.Context, d *desk.Desk, room *alerts.Alerts) error {
			return d.Import(ctx, 1, longTimeline(b))
		})
		copies(b, path, incidents, func(value []byte) []byte { return value })
	}
	return path
}

// benchStart measures starts on so many incidents, each after what before does, and what is
// in memory when the bot is ready.
func benchStart(b *testing.B, incidents int, before ...func(b *testing.B, path string)) {
	l := benchLab(b)
	path := storeOf(b, l, incidents)
	var ready, used, resident []float64
	for b.Loop() {
		for _, f := range before {
			f(b, path)
		}
		start := time.Now()
		l.start()
		ready = append(ready, time.Since(start).Seconds())
		used = append(used, l.processorTime(b).Seconds())
		resident = append(resident, residentMiB(b, l))
		l.kill()
	}
	slices.Sort(ready)
	slices.Sort(used)
	b.ReportMetric(ready[len(ready)/2], "s-ready")
	b.ReportMetric(used[len(used)/2], "s-cpu")
	b.ReportMetric(slices.Max(resident), "MiB-resident")
}

// BenchmarkStartOverdue starts the program on ten thousand incidents whose
// escalations should have been looked at years ago, and sends an alert as soon as
// somebody listens.
func BenchmarkStartOverdue(b *testing.B) {
	l := benchLab(b)
	fill(b, l.store(), func(ctx context.Context, d *desk.Desk, room *alerts.Alerts) error {
		a := alert.Alert{Key: "old", Status: alert.Firing, Title: "a disk is full", Severity: alert.Sev1, Service: "checkout", Source: "event"}
		_, err := room.Take(ctx, alerts.Key{Name: "monitor"}, alert.Body{Alerts: []alert.Alert{a}})
		return err
	})
	// Years are told from each other in the records, so moving the year moves
	// everything that is due into the past.
	year := time.Now().UTC().Format(`"2006-`)
	copies(b, l.store(), storedIncidents, func(value []byte) []byte { return []byte(strings.ReplaceAll(string(value), year, `"2016-`)) })
	b.ResetTimer()
	start := time.Now()
	l.spawn()
	for {
		sent := time.Now()
		if status := l.alert(b); status == http.StatusAccepted {
			b.ReportMetric(time.Since(start).Seconds(), "s-first-answer")
			b.ReportMetric(l.processorTime(b).Seconds(), "s-cpu")
			b.ReportMetric(time.Since(sent).Seconds(), "s-answer")
			break
		}
		if time.Since(start) > time.Minute {
			b.Fatal("no alert was taken within a minute")
		}
		time.Sleep(5 * time.Millisecond)
	}
	worst := time.Duration(0)
	for time.Since(start) < 10*time.Second { // while it catches up
		sent := time.Now()
		if status := l.alert(b); status != http.StatusAccepted {
			b.Errorf("an alert was answered %d, want 202", status)
		}
		worst = max(worst, time.Since(sent))
		time.Sleep(20 * time.Millisecond)
	}
	b.ReportMetric(worst.Seconds(), "s-worst-answer")
	used := l.processorTime(b)
	l.kill()
	left := overdue(b, l.store())
	b.ReportMetric(float64(left), "overdue-left")
	b.ReportMetric(float64(used.Milliseconds())/float64(storedIncidents-left), "ms-cpu-each")
}

// overdue counts the escalations that are still to be looked at years ago.
func overdue(b *testing.B, path string) (n int) {
	b.Helper()
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	snap, err := engine.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer snap.Close()
	err = snap.Scan(storage.Prefix("wake/escalation/"), func(_ string, value []byte) bool {
		if strings.Contains(string(value), `"2016-`) {
			n++
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// alert sends an alert and returns the status of the answer, 0 where there is none.
func (l *lab) alert(b *testing.B) int {
	body := strings.NewReader(`{"dedup_key":"new","status":"firing","title":"payments fail","severity":"sev1","service":"checkout"}`)
	q, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+l.http+"/v1/events", body)
	if err != nil {
		b.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+benchKey)
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// BenchmarkIdle measures the memory and the processor time of the program while it
// is connected and nothing happens.
func BenchmarkIdle(b *testing.B) {
	l := benchLab(b)
	l.start()
	time.Sleep(5 * time.Second)
	const over = 20 * time.Second
	before := l.processorTime(b)
	time.Sleep(over)
	b.ReportMetric(100*(l.processorTime(b)-before).Seconds()/over.Seconds(), "%-of-a-core")
	b.ReportMetric(residentMiB(b, l), "MiB-resident")
}

// residentMiB is what the program has in memory.
func residentMiB(b *testing.B, l *lab) float64 { return statusMiB(b, l, "VmRSS:") }

// statusMiB is one of the sizes that Linux tells of a process.
func statusMiB(b *testing.B, l *lab, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	b.Fatal("the system does not say what the process has in memory")
	return 0
}

// processorTime is what the program has used of the processors so far, in the
// hundredths of a second in which Linux counts.
func (l *lab) processorTime(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// fill makes a store with the demonstration's roster and what f does.
func fill(b *testing.B, path string, f func(context.Context, *desk.Desk, *alerts.Alerts) error) {
	b.Helper()
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	l, err := ledger.Open(b.Context(), db)
	if err != nil {
		b.Fatal(err)
	}
	people, err := oncall.Open(b.Context(), l, oncall.Options{})
	if err != nil {
		b.Fatal(err)
	}
	d, err := desk.Open(b.Context(), l, people, desk.Options{})
	if err != nil {
		b.Fatal(err)
	}
	roster, err := rotation.Parse("roster", configs.DemoRoster())
	if err != nil {
		b.Fatal(err)
	}
	if err := people.ApplyRoster(b.Context(), roster, incident.Bot, "the benchmark"); err != nil {
		b.Fatal(err)
	}
	room, err := alerts.Open(b.Context(), l, people, d, alerts.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := f(b.Context(), d, room); err != nil {
		b.Fatal(err)
	}
}

// longTimeline is an incident with many notes that has ended.
func longTimeline(b *testing.B) []incident.Event {
	b.Helper()
	now := time.Now().UTC().Add(-48 * time.Hour).Round(0)
	var events []incident.Event
	step := func(c incident.Change, err error) incident.Incident {
		if err != nil {
			b.Fatal(err)
		}
		events = append(events, c.Events...)
		now = now.Add(time.Minute)
		return c.Incident
	}
	ada := incident.Person("noor")
	i := step(incident.Declare(1, incident.Declaration{Title: "card payments fail", Service: "checkout", Severity: incident.Sev2}, ada, now))
	for len(events) < eventsEach-6 { // the rest is said when it ends
		i = step(i.Note("", "the error rate of the second provider goes up as well, and that of the first does not go down", ada, now))
	}
	i = step(i.Mitigate(ada, "switched to the other provider", "payments", now))
	step(i.Resolve(ada, "the provider has mended it", now))
	if len(events) != eventsEach {
		b.Fatalf("the timeline has %d events, want %d", len(events), eventsEach)
	}
	return events
}

// copies makes the one incident of a store so many of them, by writing its
// records again under other numbers. What it wants to be sent is not kept, since
// all of it was sent long ago. Change is done to every value, the first one's too.
func copies(b *testing.B, path string, incidents int, change func([]byte) []byte) {
	b.Helper()
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	of, waiting := records(b, engine)
	if err := engine.Commit(b.Context(), waiting); err != nil {
		b.Fatal(err)
	}
	number := func(n int) string { return "/" + ledger.Number(n) }
	for n := 1; n <= incidents; {
		var changes []storage.Change
		for ; n <= incidents && len(changes) < 20_000; n++ {
			name := strings.NewReplacer("INC-1/", incident.Name(n)+"/", `"number":1,`, fmt.Sprintf(`"number":%d,`, n))
			for _, c := range of {
				changes = append(changes, storage.Change{Key: strings.Replace(c.Key, number(1), number(n), 1), Value: change([]byte(name.Replace(string(c.Value))))})
			}
		}
		slices.SortFunc(changes, func(a, b storage.Change) int { return strings.Compare(a.Key, b.Key) })
		if err := engine.Commit(b.Context(), changes); err != nil {
			b.Fatal(err)
		}
	}
}

// records returns the records of incident 1, and what takes away what it wants to
// be sent.
func records(b *testing.B, engine storage.Engine) (of, waiting []storage.Change) {
	b.Helper()
	snap, err := engine.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer snap.Close()
	err = snap.Scan(storage.Range{}, func(key string, value []byte) bool {
		switch {
		case strings.HasPrefix(key, "outbox/"), strings.HasPrefix(key, "stale/"):
			waiting = append(waiting, storage.Change{Key: key, Delete: true})
		case strings.Contains(key+"/", "/"+ledger.Number(1)+"/"):
			of = append(of, storage.Change{Key: key, Value: value})
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return of, waiting
}
