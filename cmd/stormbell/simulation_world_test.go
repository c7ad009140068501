package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// simRun is one run of the simulation: a town in which a script is played, and
// what its people and senders know by themselves.
type simRun struct {
	*town
	script  script
	medium  *medium
	process *life   // the one that is meant to run; it may be dead
	all     []*life // and those before it
	calls   trap    // springs at a call that leaves the program
	outside providerFaults
	issues  *issues
	wrong   atomic.Int64 // by how much the clock of the machine is
	model   model

	trace    []string // what happened, in words
	failures []string // invariants that do not hold
}

// say adds to the trace.
func (s *simRun) say(format string, args ...any) {
	s.trace = append(s.trace, time.Now().UTC().Format("2006-01-02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// fail notes that an invariant does not hold.
func (s *simRun) fail(invariant, format string, args ...any) {
	s.failures = append(s.failures, invariant+": "+fmt.Sprintf(format, args...))
}

// newSimRun makes a town for a script. Nothing runs yet.
func newSimRun(t *testing.T, x script) *simRun {
	t.Helper()
	sim, err := slacksim.New(slacksim.Options{Seed: x.Seed + 1, Manifest: configs.Default().Slack.Manifest(), PingInterval: 25 * time.Second,
		ConnectionLife: 6 * time.Hour, RateLimits: x.Seed%3 == 0, Channels: []string{"incidents", "payments"}, KeepCalls: 10,
		People: []slacksim.Person{
			{ID: "U0ADA", Name: "ada", RealName: "Ada Okafor"}, {ID: "U0BOB", Name: "bob", RealName: "Bob Stone"},
			{ID: "U0CLEO", Name: "cleo", RealName: "Cleo Marsh"}, {ID: "U0DAN", Name: "dan", RealName: "Dan Reed"},
			{ID: "U0EVE", Name: "eve", RealName: "Eve Long"}, {ID: "U0ZOE", Name: "zoe", RealName: "Zoe Hart"}, // zoe has nothing to do with anything
		}})
	if err != nil {
		t.Fatal(err)
	}
	s := &simRun{script: x, town: &town{t: t, sim: sim, lines: map[string]*slacksim.Listener{}, mail: &providers{}},
		issues: &issues{}, medium: &medium{engine: &memory{}, written: map[string]time.Time{}, texts: map[string]string{}, etcd: x.Engine == "etcd", limits: storage.Limits{Changes: 2048, Bytes: 16 << 20}}}
	ledger.SetWrong(func() time.Duration { return time.Duration(s.wrong.Load()) }) // it is alone in its process
	if x.archives() {
		s.store = filepath.Join(t.TempDir(), "stormbell.db") // beside it are the archive files
	}
	s.outside.until = map[string]time.Time{}
	s.outside.how = map[string]string{}
	s.model.alerts = map[string]*senderAlert{}
	s.model.published = map[int][]publication{}
	s.serve(s.slack(sim), "slack.test")
	s.serve(s.provider(s.issues), "github.test")
	s.serve(s.provider(s.mail), "ntfy.test", "twilio.test", "hook.test")
	go s.mail.takeMail(s.line("mail.test"))
	return s
}

// script is what is played.
type script struct {
	Seed   uint64
	Engine string // bolt or etcd: which engine's semantics the store has
	Steps  []step
}

// life is one life of the program.
type life struct {
	number  int
	began   time.Time
	program *program
	handle  *handle
	cancel  context.CancelFunc
	dead    chan struct{} // it was killed
	ended   chan struct{} // nothing of it runs any more

	mu     sync.Mutex
	killed bool
	cutOff bool // it reaches nobody, and nobody reaches it
	conns  map[net.Conn]bool
	err    error
}

// kill ends the process between two instructions: nothing that it does from now on is
// stored or leaves it.
func (p *life) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return
	}
	p.killed = true
	close(p.dead)
	p.cut()
}

// cut ends all that it is connected to. The caller holds mu.
func (p *life) cut() {
	p.cutOff = true
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func (p *life) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// keep notes a connection of the process, so that it ends with it.
func (p *life) keep(c net.Conn) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cutOff {
		c.Close()
		return nil, errors.New("connection refused")
	}
	k := &keptConn{c, p}
	p.conns[k] = true
	return k, nil
}

// keptConn is a connection that the process forgets when it is closed.
type keptConn struct {
	net.Conn
	p *life
}

// Close closes it.
func (c *keptConn) Close() error {
	// The process closes it with its own mutex held: then it is forgotten already.
	if c.p.mu.TryLock() {
		delete(c.p.conns, c)
		c.p.mu.Unlock()
	}
	return c.Conn.Close()
}

// keptListener is where the process is reached.
type keptListener struct {
	*slacksim.Listener
	p *life
}

// Accept takes the next connection.
func (l keptListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if k, err := l.p.keep(c); err == nil {
			return k, nil
		}
	}
}

// trap springs at the n-th of something.
type trap struct {
	mu    sync.Mutex
	n     int
	what  string
	times int
}

// set arms it; of what is set later counts.
func (t *trap) set(n int, what string, times int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n, t.what, t.times = n, what, times
}

// next counts one, and returns what happens to it; empty: nothing.
func (t *trap) next() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == 0 {
		return ""
	}
	if t.n--; t.n > 0 {
		return ""
	}
	t.times--
	return t.what
}

// medium is what the store holds, whoever writes. It has the semantics of one of the
// engines: a file keeps a commit or refuses it, and belongs to one process until that is
// gone; a cluster may not say what became of a commit, and can be told to take another
// writer while the one before still believes that it is one.
type medium struct {
	engine storage.Engine
	etcd   bool
	limits storage.Limits
	faults trap // crash-before, crash-after, full; of a cluster also unknown-applied, unknown-lost

	mu    sync.Mutex
	epoch int // counts writers

	written map[string]time.Time // the events, and when they were
	texts   map[string]string    // and what they say
}

// handle is a store as one process has it open.
type handle struct {
	m     *medium
	p     *life
	epoch int
	lost  chan struct{}

	mu      sync.Mutex
	stopped chan struct{} // closed when the process goes on; nil: it runs
}

// elect makes a process the writer.
func (m *medium) elect(p *life) *handle {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	return &handle{m: m, p: p, epoch: m.epoch, lost: make(chan struct{})}
}

func (h *handle) holds() bool {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	return h.epoch == h.m.epoch
}

// errKilled is what a store answers whose process has been killed.
var errKilled = fmt.Errorf("killed: %w", storage.ErrUnknown)

// Snapshot returns what is committed.
func (h *handle) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	return h.m.engine.Snapshot(ctx)
}

// Commit commits, unless something happens to it.
func (h *handle) Commit(ctx context.Context, changes []storage.Change) error {
	h.mu.Lock()
	stopped := h.stopped
	h.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
	if h.p.isDead() {
		return errKilled
	}
	what := h.m.faults.next()
	switch what {
	case "full":
		return errors.New("write store: no space left on device")
	case "crash-before":
		h.p.kill()
		return errKilled
	case "unknown-lost":
		return fmt.Errorf("commit: %w", storage.ErrUnknown)
	}
	if !h.holds() {
		return fmt.Errorf("commit: %w", storage.ErrLost)
	}
	err := h.m.engine.Commit(ctx, changes)
	if err == nil {
		h.m.note(changes)
	}
	switch what {
	case "crash-after":
		h.p.kill()
		return errKilled
	case "unknown-applied":
		return fmt.Errorf("commit: %w", storage.ErrUnknown)
	}
	return err
}

// note keeps what is written of events.
func (m *medium) note(changes []storage.Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		if _, known := m.written[c.Key]; !known && !c.Delete && strings.HasPrefix(c.Key, "event/") && m.written != nil {
			m.written[c.Key], m.texts[c.Key] = time.Now(), string(c.Value)
		}
	}
}

// Lost is closed when the process has lost the election.
func (h *handle) Lost() <-chan struct{} { return h.lost }

// Limits is how much a commit may carry.
func (h *handle) Limits() storage.Limits {
	if h.m.etcd {
		return storage.Limits{Changes: storage.MaxChanges, Bytes: storage.MaxBytes}
	}
	return h.m.limits
}

// Close leaves the medium to the next process.
func (h *handle) Close() error { return nil }

// stop pauses the process as SIGSTOP does, as far as its store is concerned: its commits
// wait until it goes on.
func (h *handle) stop() (goOn func()) {
	waits := make(chan struct{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = waits
	return func() {
		h.mu.Lock()
		h.stopped = nil
		h.mu.Unlock()
		close(waits)
	}
}

// start starts the program on what the medium holds, as after a reboot. It tries until
// the store lets it.
func (s *simRun) start() {
	for {
		p := &life{number: len(s.all) + 1, began: time.Now(), dead: make(chan struct{}), ended: make(chan struct{}), conns: map[net.Conn]bool{}}
		s.process, s.all = p, append(s.all, p)
		err := s.run(p)
		if err == nil {
			return
		}
		p.err = err
		close(p.ended)
		s.say("process %d did not start: %v", p.number, err)
		if !p.isDead() && !expected(err) {
			s.fail("runs", "process %d did not start: %v", p.number, err)
			return
		}
		p.kill()
		time.Sleep(5 * time.Second)
	}
}

// expected reports whether an error follows from a fault of the store.
func expected(err error) bool {
	text := err.Error()
	return errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrLost) || strings.Contains(text, "no space left") ||
		strings.Contains(text, "the store may not have kept")
}

// run starts one process.
func (s *simRun) run(p *life) error {
	on := network{
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if p.isDead() {
				return nil, errors.New("connection refused")
			}
			if strings.HasPrefix(address, "mail.test") && s.outside.holds("email") != "" {
				return nil, errors.New("connection refused")
			}
			c, err := s.dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return p.keep(c)
		},
		listen: func(_, _ string) (net.Listener, error) { return keptListener{s.line("bell.test"), p}, nil },
		store: func() (storage.Engine, error) {
			p.handle = s.medium.elect(p)
			return p.handle, nil
		},
	}
	log := zerolog.Nop()
	if *simulationLog {
		log = zerolog.New(zerolog.NewTestWriter(s.t)).Level(zerolog.InfoLevel)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	var err error
	config := s.config()
	if s.script.withoutAddress() {
		config.HTTP.PublicURL = ""
	}
	config.Trackers = []configs.Tracker{simTracker()}
	if s.script.archives() {
		config.Archive.After = archiveAfter
	}
	if p.program, err = openProgramOn(ctx, on, config, log); err != nil {
		cancel()
		return err
	}
	if !p.program.people.HasRoster() {
		text := []byte(s.script.roster())
		roster, err := rotation.Parse("roster.yaml", text)
		if err == nil {
			err = applyFirst(ctx, p.program.people, roster, text, log)
		}
		if err != nil {
			cancel()
			return errors.Join(err, p.program.close())
		}
	}
	go func() {
		p.err = errors.Join(p.program.run(ctx), p.program.close())
		close(p.ended)
	}()
	s.say("process %d runs", p.number)
	return nil
}

// crash kills the program, and starts it again after a while.
func (s *simRun) crash(away time.Duration) {
	s.process.kill()
	s.after(away)
}

// after waits until a process that is dead has been away for long enough, and starts the
// next one.
func (s *simRun) after(away time.Duration) {
	s.process.cancel()
	s.say("process %d is gone", s.process.number)
	time.Sleep(away)
	s.start()
}

// restart stops the program as SIGTERM does, and starts it again.
func (s *simRun) restart(away time.Duration) {
	p := s.process
	p.cancel()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		s.fail("runs", "process %d has not ended a minute after it was told to", p.number)
		p.kill()
	}
	s.after(away)
}

// takeover stops the program as SIGSTOP does, between what it has decided and its commit,
// and has another process elected. That one works, and then the first goes on: it still
// believes that it is the writer.
func (s *simRun) takeover(x step) {
	old := s.process
	goOn := old.handle.stop()
	go s.asked("POST", "/v1/incidents", `{"title":"decided by a writer that is none","severity":"sev2","service":"ledger"}`, nil)
	time.Sleep(50 * time.Millisecond)
	old.mu.Lock()
	old.cut()
	old.mu.Unlock()
	time.Sleep(10 * time.Second)
	s.start()
	s.advance(3 * time.Second)
	s.declare(step{Args: map[string]string{"n": x.Args["n"], "who": "bob", "via": "http", "sev": "2", "service": "search"}})
	goOn()
	time.AfterFunc(2*time.Second, func() { close(old.handle.lost) })
}

// advance lets time pass, and everything that is due happen. Whatever starts the program
// starts it again when it has ended, and senders repeat what nobody took.
func (s *simRun) advance(d time.Duration) {
	end := time.Now().Add(d)
	for {
		s.watch()
		s.resend()
		s.beat()
		left := time.Until(end)
		if left <= 0 {
			return
		}
		if s.model.unsent() {
			left = min(left, 30*time.Second)
		}
		if time.Now().Before(s.model.beatUntil) {
			left = min(left, beatEvery)
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-s.process.dead:
		case <-s.process.ended:
		}
		timer.Stop()
	}
}

// watch starts the program again if it has ended.
func (s *simRun) watch() {
	p := s.process
	select {
	case <-p.dead:
		s.after(3 * time.Second)
	case <-p.ended:
		if p.err == nil || !expected(p.err) {
			s.fail("runs", "process %d ended by itself: %v", p.number, p.err)
		}
		s.say("process %d ended: %v", p.number, p.err)
		s.after(3 * time.Second)
	default:
	}
}

// end ends everything.
func (s *simRun) end() {
	for _, p := range s.all {
		if p.cancel != nil {
			p.cancel()
		}
	}
	for _, p := range s.all {
		<-p.ended
	}
	s.town.close()
}

// slack is the workspace as a process hears of it that may be killed at any call.
func (s *simRun) slack(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, api := strings.CutPrefix(r.URL.Path, "/api/")
		if !api && !strings.HasPrefix(r.URL.Path, "/upload") || method == "apps.connections.open" {
			next.ServeHTTP(w, r)
			return
		}
		s.trapped(w, r, next)
	})
}

// trapped serves one call that leaves the program.
func (s *simRun) trapped(w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch s.calls.next() {
	case "crash-before":
		s.process.kill()
		panic(http.ErrAbortHandler)
	case "crash-after":
		next.ServeHTTP(unheard{http.Header{}}, r)
		s.process.kill()
		panic(http.ErrAbortHandler)
	}
	next.ServeHTTP(w, r)
}

// unheard is an answer that nobody hears.
type unheard struct{ h http.Header }

func (u unheard) Header() http.Header         { return u.h }
func (u unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u unheard) WriteHeader(int)             {}

// providerFaults are what goes wrong at the providers of the other ways, by way.
type providerFaults struct {
	mu    sync.Mutex
	how   map[string]string // error, busy, lost or hang
	until map[string]time.Time
}

func (f *providerFaults) set(via, how string, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.how[via], f.until[via] = how, until
}

// holds returns what goes wrong with a way now.
func (f *providerFaults) holds(via string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Now().Before(f.until[via]) {
		return f.how[via]
	}
	return ""
}

func (f *providerFaults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.until)
}

// provider is a provider with its faults.
func (s *simRun) provider(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		via := map[string]string{"ntfy.test": "push", "hook.test": "webhook", "github.test": "tracker"}[r.Host]
		switch {
		case strings.Contains(r.URL.Path, "/Messages"):
			via = "sms"
		case strings.Contains(r.URL.Path, "/Calls"):
			via = "voice"
		}
		switch s.outside.holds(via) {
		case "error":
			w.WriteHeader(http.StatusInternalServerError)
		case "busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case "lost":
			next.ServeHTTP(unheard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case "hang":
			_, _ = io.Copy(io.Discard, r.Body) // or nobody would see that the caller has gone
			<-r.Context().Done()
		default:
			if r.Method == http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			s.trapped(w, r, next)
		}
	})
}
