package etcdtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

const adminToken = "8d6ae0f4b7c15392admin"

// lease of the bots. What is measured against it has a busy machine's seconds on top.
const (
	lease = 3 * time.Second
	slack = 15 * time.Second
)

var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "stormbell")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "stormbell")
	out, err := exec.Command("go", "build", "-C", "../../..", "-o", path, "./cmd/stormbell").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build stormbell: %v\n%s", err, out)
	}
	return path, nil
})

// pair is a workspace, a cluster and two bots.
type pair struct {
	*Cluster
	sim  *slacksim.Workspace
	bots [2]*process
}

// process is the real program.
type process struct {
	t       testing.TB
	address string
	config  string
	log     string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has ended
	env     []string      // beside the test's own
	in      []string      // the command that starts it elsewhere; empty: it starts here
}

// place is where a pair stands.
type place struct {
	cluster *Cluster
	slack   string      // the address of the workspace, with the port 0
	bots    []string    // their addresses
	in      [2][]string // as in process
	lease   time.Duration
}

func newPair(t testing.TB) *pair {
	t.Helper()
	return newPairAt(t, place{cluster: start(t, 3), slack: "127.0.0.1:0", bots: freePorts(t, 2), lease: lease})
}

func newPairAt(t testing.TB, at place) *pair {
	t.Helper()
	roster, err := rotation.Parse("roster", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	var people []slacksim.Person
	for n, p := range roster.People {
		people = append(people, slacksim.Person{ID: p.Slack, Name: p.ID, RealName: p.Name, Email: p.Email, TimeZone: p.TimeZone, IsAdmin: n == 0})
	}
	sim, err := slacksim.New(slacksim.Options{People: people, Manifest: configs.Default().Slack.Manifest()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", at.slack)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: sim}
	go server.Serve(listener)
	t.Cleanup(func() { sim.Close(); server.Close() })
	if err := sim.Fault(slacksim.Fault{Method: "*", Latency: 150 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	p := &pair{Cluster: at.cluster, sim: sim}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rosterFile := write("roster.yaml", string(configs.DemoRoster()))
	for i, address := range at.bots {
		config := write(fmt.Sprintf("bot%d.yaml", i), fmt.Sprintf("slack: {app_token: %s, bot_token: %s, api_url: 'http://%s/api/'}\n"+
			"store: 'etcd:%s/stormbell'\netcd: {lease: %s}\nroster: %s\nhttp: {listen: '%s', admin_token: %s}\n",
			sim.AppToken(), sim.BotToken(), listener.Addr(), strings.Join(p.Endpoints, ","), at.lease, rosterFile, address, adminToken))
		p.bots[i] = &process{t: t, address: address, config: config, log: filepath.Join(dir, fmt.Sprintf("bot%d.log", i)), in: at.in[i]}
	}
	return p
}

// start starts the bot.
func (b *process) start() {
	b.t.Helper()
	path, err := program()
	if err != nil {
		b.t.Fatal(err)
	}
	log, err := os.OpenFile(b.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	line := append(b.in[:len(b.in):len(b.in)], path, "run", "--config", b.config)
	b.cmd, b.ended = exec.Command(line[0], line[1:]...), make(chan struct{})
	b.cmd.Env = append(os.Environ(), b.env...)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	cmd, ended := b.cmd, b.ended
	go func() { _ = cmd.Wait(); close(ended) }()
	b.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
}

func (b *process) signal(s syscall.Signal) { _ = b.cmd.Process.Signal(s) }

// exit waits for the end and returns the exit code.
func (b *process) exit(most time.Duration) int {
	b.t.Helper()
	select {
	case <-b.ended:
		return b.cmd.ProcessState.ExitCode()
	case <-time.After(most):
		b.t.Fatalf("the bot has not ended after %v; its log ends with %s", most, b.tail())
		return 0
	}
}

func (b *process) tail() string {
	text, _ := os.ReadFile(b.log)
	return string(text[max(0, len(text)-1500):])
}

// ask asks the bot; status 0 means that it does not answer.
func (b *process) ask(method, path, body string) (status int, answer string, header http.Header) {
	q, err := http.NewRequest(method, "http://"+b.address+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+adminToken)
	if method == "POST" {
		q.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{Timeout: 2 * time.Second}).Do(q)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return resp.StatusCode, string(text), resp.Header
}

// ready waits until the bot is the writer and does its work, and returns how long that
// took. Slack's socket is not waited for.
func (b *process) ready(most time.Duration) time.Duration {
	b.t.Helper()
	return b.await("/readyz?exclude=slack", most)
}

// works is ready, and waits for Slack's socket, too.
func (b *process) works(most time.Duration) time.Duration {
	b.t.Helper()
	return b.await("/readyz", most)
}

func (b *process) await(path string, most time.Duration) time.Duration {
	b.t.Helper()
	began := time.Now()
	for {
		status, answer, _ := b.ask("GET", path, "")
		if status == http.StatusOK {
			return time.Since(began)
		}
		if time.Since(began) > most {
			b.t.Fatalf("the bot at %s is not ready after %v: %d %s; its log ends with %s", b.address, most, status, answer, b.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// standsBy waits until the bot says that it stands by for the one at holder.
func (b *process) standsBy(holder string) {
	b.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		status, answer, _ := b.ask("GET", "/readyz", "")
		if status == http.StatusServiceUnavailable && strings.Contains(answer, "standby") && strings.Contains(answer, holder) {
			return
		}
		if time.Since(began) > slack {
			b.t.Fatalf("/readyz = %d %s, want 503 with standby and %s; its log ends with %s", status, answer, holder, b.tail())
		}
	}
}

// declare declares an incident and returns its name; empty when it was not acknowledged.
func (b *process) declare(title string) string {
	text, _ := json.Marshal(map[string]string{"title": title, "severity": "sev1", "service": "checkout"})
	status, answer, _ := b.ask("POST", "/v1/incidents", string(text))
	if status/100 != 2 {
		return ""
	}
	return regexp.MustCompile(`INC-[0-9]+`).FindString(answer)
}

// paged waits until somebody has a page about each of the incidents.
func (p *pair) paged(t *testing.T, names []string) {
	t.Helper()
	missing := func() (list []string) {
		var messages bytes.Buffer
		for _, c := range p.sim.State().Channels {
			for _, m := range c.Messages {
				if c.IsIM {
					messages.Write(m.Blocks)
					messages.WriteString(m.Text)
				}
			}
		}
		for _, name := range names {
			if !regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).Match(messages.Bytes()) {
				list = append(list, name)
			}
		}
		return list
	}
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		left := missing()
		if len(left) == 0 {
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("nobody was paged for %q", left)
		}
	}
}

// TestBots: two bots on three members. Whichever way the one that does the work goes,
// the other one takes over, and nothing that was acknowledged is lost.
func TestBots(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	one, two := p.bots[0], p.bots[1]
	one.start()
	one.ready(slack)
	two.start()
	two.standsBy(one.address)
	var names []string // acknowledged
	declare := func(b *process, title string) {
		t.Helper()
		name := b.declare(title)
		if name == "" {
			t.Fatalf("%s is not acknowledged; the log ends with %s", title, b.tail())
		}
		names = append(names, name)
	}

	// A standby tells everybody who does the work.
	if status, _, _ := two.ask("GET", "/healthz", ""); status != http.StatusOK {
		t.Errorf("/healthz of the standby = %d, want 200", status)
	}
	for _, path := range []string{"/v1/events", "/v1/incidents"} {
		status, answer, header := two.ask("POST", path, `{"title":"x"}`)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(answer, one.address) {
			t.Errorf("POST %s to the standby = %d %s, want 503 with Retry-After and %s", path, status, answer, one.address)
		}
	}

	p.backup(t, one)
	one.doctor("etcd member "+p.Endpoints[0]+" answers: etcd 3.", " leads\n", "the bot at "+one.address+" is the one that writes")

	// Killed, with a page in flight: each call of Slack takes 150 ms.
	for n := range 5 {
		declare(one, fmt.Sprintf("Before the kill %d", n))
	}
	one.signal(syscall.SIGKILL)
	t.Logf("killed: the other one was ready after %v, with a lease of %v", two.ready(lease+slack), lease)
	declare(two, "After the kill")
	p.paged(t, names)

	// Paused: it comes back, writes nothing, and ends.
	one.start()
	one.standsBy(two.address)
	declare(two, "Before the pause")
	two.signal(syscall.SIGSTOP)
	t.Logf("paused: the other one was ready after %v, with a lease of %v", one.ready(lease+slack), lease)
	declare(one, "During the pause")
	two.signal(syscall.SIGCONT)
	if name := two.declare("After the pause"); name != "" {
		t.Errorf("the bot that was paused acknowledged %s", name)
	}
	if code := two.exit(slack); code != 1 || !strings.Contains(two.tail(), "another process may be the one that writes") {
		t.Errorf("the bot that was paused exits with %d, want 1 and words; its log ends with %s", code, two.tail())
	}
	p.paged(t, names)

	// Stopped: at once.
	two.start()
	two.standsBy(one.address)
	one.signal(syscall.SIGTERM)
	began := time.Now()
	two.ready(slack)
	took := time.Since(began)
	if code := one.exit(slack); code != 0 {
		t.Errorf("the bot that was stopped exits with %d; its log ends with %s", code, one.tail())
	}
	t.Logf("stopped: the other one was ready after %v", took)
	declare(two, "After the stop")

	// A member of etcd dies, the one that leads: either the bot goes on, or it ends and
	// the other one does.
	one.start()
	one.standsBy(two.address)
	leader := p.Leader(t)
	p.Signal(leader, syscall.SIGKILL)
	began = time.Now()
	for n := 0; time.Since(began) < 10*time.Second && n < 3; {
		for _, b := range p.bots {
			if name := b.declare(fmt.Sprintf("Without a member %d", n)); name != "" {
				names = append(names, name)
				n++
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("leader of etcd killed: three more were acknowledged within %v", time.Since(began))
	one.doctor("etcd member "+p.Endpoints[leader]+": it cannot be asked: connection refused; start it", "etcd: a transaction took")
	p.Restart(t, leader)
	p.everythingThere(t, names)

	// A standby that is stopped exits at once.
	writer, other := one, two
	if status, _, _ := two.ask("GET", "/readyz?exclude=slack", ""); status == http.StatusOK {
		writer, other = two, one
	}
	select {
	case <-other.ended: // its commit was the one whose outcome is unknown
		other.start()
	default:
	}
	other.standsBy(writer.address)
	other.signal(syscall.SIGTERM)
	began = time.Now()
	if code := other.exit(slack); code != 0 {
		t.Errorf("the standby that was stopped exits with %d; its log ends with %s", code, other.tail())
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the standby took %v to stop", took)
	}
}

// backup takes a copy of the store through the bot, which is a file to work on.
func (p *pair) backup(t *testing.T, b *process) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if out, failed := stormbell(t, "backup", "--config", b.config, copied); failed {
		t.Fatalf("backup = %s", out)
	}
	db := boltDB(t, copied)
	defer db.Close()
	if d, err := storage.DigestOf(ctx, db, ""); err != nil || d.Records < 10 {
		t.Errorf("the copy has %+v, %v; want the records of the bot", d, err)
	}
}

// doctor wants a bot's doctor to say all of it.
func (b *process) doctor(want ...string) {
	b.t.Helper()
	out, _ := stormbell(b.t, "doctor", "--config", b.config)
	for _, w := range want {
		if !strings.Contains(out, w) {
			b.t.Errorf("doctor does not say %q:\n%s", w, out)
		}
	}
}

// everythingThere checks that the incidents are those that were acknowledged, each once
// and without a hole. What was not acknowledged may be there too.
func (p *pair) everythingThere(t *testing.T, names []string) {
	t.Helper()
	p.paged(t, names)
	var list struct {
		Incidents []struct{ Number int }
	}
	err := errors.New("no bot answers")
	for _, b := range p.bots {
		if status, answer, _ := b.ask("GET", "/v1/incidents?all=true&limit=1000", ""); status == http.StatusOK {
			err = json.Unmarshal([]byte(answer), &list)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for _, i := range list.Incidents {
		there[fmt.Sprintf("INC-%d", i.Number)]++
	}
	for n := 1; n <= len(list.Incidents); n++ {
		if there[fmt.Sprintf("INC-%d", n)] != 1 {
			t.Errorf("INC-%d is there %d times", n, there[fmt.Sprintf("INC-%d", n)])
		}
	}
	told := map[string]bool{}
	for _, name := range names {
		if there[name] != 1 || told[name] {
			t.Errorf("%s was acknowledged, is there %d times, and was told twice: %v", name, there[name], told[name])
		}
		told[name] = true
	}
	t.Logf("%d incidents, of which %d were acknowledged", len(list.Incidents), len(names))
}
