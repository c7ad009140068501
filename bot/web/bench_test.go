package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// senders is how many send alerts at the same time, each waiting for its answer.
const senders = 64

// repeated is how many alerts fire when the same ones are sent again and again.
const repeated = 256

// loads are what senders send: alerts of which each opens an incident, which one
// group by title does; alerts of one service, which join its incident; and repeats of
// those that fire. Of each it is the alert that comes as the n-th.
var loads = []struct {
	name   string
	alert  func(n int64) int64
	roster string // what the roster says besides
}{
	{"opens", func(n int64) int64 { return n }, "alerts: {group: {by: [title]}}\n"},
	{"joins", func(n int64) int64 { return n }, ""},
	{"repeats", func(n int64) int64 { return n % repeated }, ""},
}

// BenchmarkAlerts sends alerts from 64 senders over loopback to a server on a file,
// each answered when it is durable. Its counterparts are BenchmarkAlertmanager and
// BenchmarkEngine in the same run: a disk's speed differs too much from hour to hour
// to compare anything else. BenchmarkHandler is the same without the network.
//
// The server is a process of its own, as its peer is: on a busy machine two
// processes get more than one.
func BenchmarkAlerts(b *testing.B) {
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			address, spent := startServer(b, load.roster)
			send := poster(b, "http://"+address+"/v1/events", http.StatusAccepted)
			flood(b, load.alert, func(n int64) bool { return send(diskEvent(n)) }, spent)
		})
	}
}

// asServer is the variable with which BenchmarkServer serves; withRoster has what its
// roster says besides; profileServer is set by whoever wants to know where the server's
// processor time goes: the beginning of the names of its profiles, one for each load.
const (
	asServer      = "BENCHMARK_AS_SERVER"
	withRoster    = "BENCHMARK_ROSTER"
	profileServer = "BENCHMARK_PROFILE"
)

// startServer starts a server in a process of its own, and returns its address, and
// what tells its processor time so far.
func startServer(b *testing.B, roster string) (string, func() time.Duration) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkServer$", "-test.benchtime=1x")
	if profile := os.Getenv(profileServer); profile != "" {
		cmd.Args = append(cmd.Args, "-test.cpuprofile="+profile+"-"+filepath.Base(b.Name()))
	}
	cmd.Env = append(os.Environ(), asServer+"=1", withRoster+"="+roster)
	said, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	stop, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stop.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the server ended: %v", err)
		}
	})
	address, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address), processorTime(cmd.Process.Pid)
}

// processorTime returns what tells how much processor time a process has used; 0 where
// the system does not say.
func processorTime(pid int) func() time.Duration {
	return func() time.Duration {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if err != nil || len(fields) < 13 {
			return 0
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		return time.Duration(user+system) * 10 * time.Millisecond // Linux counts in hundredths of a second
	}
}

// BenchmarkServer measures nothing: it is the server of BenchmarkAlerts, which says
// on its standard error where it is, and ends with its standard input.
func BenchmarkServer(b *testing.B) {
	if os.Getenv(asServer) == "" {
		b.Skip("it is started by BenchmarkAlerts")
	}
	defer LetGarbageWait()() // as the program does
	w := newWorld(b, quietly)
	w.apply(b, rosterText+os.Getenv(withRoster))
	defer w.drain(b)()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	hs := w.NewHTTPServer()
	go hs.Serve(l)
	defer hs.Close()
	fmt.Fprintln(os.Stderr, l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// BenchmarkHandler is BenchmarkAlerts without the network.
func BenchmarkHandler(b *testing.B) {
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			w := newWorld(b, quietly)
			w.apply(b, rosterText+load.roster)
			defer w.drain(b)()
			before := w.disk.writes.Load()
			flood(b, load.alert, func(n int64) bool {
				q, err := http.NewRequest(http.MethodPost, "/v1/events", bytes.NewReader(diskEvent(n)))
				if err != nil {
					return false
				}
				q.Header.Set("Authorization", "Bearer "+senderKey)
				return w.status(q) == http.StatusAccepted
			}, nil)
			b.ReportMetric(float64(b.N)/float64(w.disk.writes.Load()-before), "alerts/commit")
		})
	}
}

// diskEvent is alert n in our own format.
func diskEvent(n int64) []byte {
	return fmt.Appendf(nil, `{"dedup_key":"host-%d/disk","status":"firing","title":"Disk of host-%d is 91%% full","severity":"sev2","service":"checkout","details":{"host":"host-%d","mount":"/var"}}`, n, n, n)
}

// poster returns what posts a body and reports whether it was taken.
func poster(b *testing.B, url string, want int) func(body []byte) bool {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	b.Cleanup(client.CloseIdleConnections)
	return func(body []byte) bool {
		q, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return false
		}
		q.Header.Set("Authorization", "Bearer "+senderKey)
		q.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(q)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode == want
	}
}

// quietly logs as a bot in production does.
func quietly(o *Options) { o.Log = zerolog.New(io.Discard).Level(zerolog.InfoLevel) }

// drain takes the jobs, as the bot's loop does, and drops them.
func (w *world) drain(b *testing.B) (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	var outbox sync.WaitGroup
	outbox.Go(func() {
		for {
			select {
			case <-w.ledger.Ready():
				w.ledger.Take()
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		outbox.Wait()
	}
}

// flood sends b.N alerts from all senders. What is repeated fires before the clock
// runs. Where spent tells the processor time of the server, it says how much of it an
// alert takes: unlike the rate, that hardly depends on what else the machine does.
func flood(b *testing.B, load func(int64) int64, send func(n int64) bool, spent func() time.Duration) {
	if load(repeated) == load(0) {
		for n := range int64(repeated) {
			if !send(n) {
				b.Fatalf("alert %d was not taken", n)
			}
		}
	}
	before := time.Duration(0)
	if spent != nil {
		before = spent()
	}
	var seq atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range senders {
		all.Go(func() {
			for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
				if n := load(i); !send(n) {
					b.Errorf("alert %d was not taken", n)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
	if spent != nil {
		b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N), "µs-cpu/alert")
	}
}

// BenchmarkEngine is the raw rate of group commits of the engine: 64 writers,
// one record of 300 bytes each.
func BenchmarkEngine(b *testing.B) {
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "store.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	value := make([]byte, 300)
	var seq atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range senders {
		all.Go(func() {
			for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
				key := fmt.Sprintf("event/%012d", i)
				if err := db.Update(b.Context(), func(tx *storage.Tx) error { return tx.Put(key, value) }); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
