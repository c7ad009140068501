package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// crashRounds is how often the bot is killed: twice, and in the stage "killed" of
// .ci/run as often as CRASH_ROUNDS says.
func crashRounds(t *testing.T) int {
	if s := os.Getenv("CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("CRASH_ROUNDS=%s: not a number", s)
		}
		return n
	}
	return 2
}

// TestKilled kills the real program with SIGKILL at a random moment of a
// declaration, while Slack takes 150 ms for each call, and starts it again.
// Whatever was acknowledged must be there, once. Most of the time it waits, so many
// rounds are divided among several labs.
func TestKilled(t *testing.T) {
	t.Parallel()
	const most = 10
	for left := crashRounds(t); left > 0; left -= most {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			killAgain(t, min(left, most))
		})
	}
}

// killAgain kills the program of one lab that often. The first round waits for the answer,
// so that one declaration at least is acknowledged on any machine.
func killAgain(t *testing.T, rounds int) {
	lab := newLab(t)
	lab.start()
	numbers := map[string]bool{}
	for round := range rounds {
		title := fmt.Sprintf("round %d payments fail", round)
		answered := make(chan string, 1)
		go func() {
			seen, err := lab.sim.As("elif").Command("general", "/incident", "declare "+title+" sev1 service:checkout")
			if err != nil || seen.Error != "" {
				answered <- ""
				return
			}
			answered <- seen.Text
		}()
		if round == 0 {
			answered <- <-answered
		}
		time.Sleep(rand.N(1200 * time.Millisecond))
		lab.kill()
		lab.start()
		answer := <-answered
		if answer == "" {
			continue // nobody was told that it worked; Slack said so to the person
		}
		name := strings.Trim(strings.Fields(answer)[0], "*")
		numbers[name] = true
		lab.settled(t, name, "round-"+strconv.Itoa(round)+"-payments-fail")
	}
	for n := 1; n <= lab.count(t); n++ {
		lab.incident(t, n) // no number is missing
	}
	t.Logf("killed %d times, %d declarations were acknowledged, %d are there", rounds, len(numbers), lab.count(t))
	if len(numbers) == 0 {
		t.Error("no declaration was acknowledged in any round: the test has shown nothing")
	}
}

// lab is the real program in a process of its own beside a simulated workspace.
type lab struct {
	t      testing.TB
	sim    *slacksim.Workspace
	config string
	http   string
	cmd    *exec.Cmd
	log    *os.File
	env    []string                       // what the program is given beside the test's own environment
	exec   func(args ...string) *exec.Cmd // how the program is started
}

// labToken is the admin token of every lab.
const labToken = "admin-token-of-the-test"

func newLab(t testing.TB) *lab {
	t.Helper()
	return newLabWith(t, configs.DemoRoster(), "")
}

// newLabWith is a lab with another roster, and more lines of configuration.
func newLabWith(t testing.TB, rosterText []byte, more string) *lab {
	t.Helper()
	roster, err := rotation.Parse("roster", rosterText)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := slacksim.New(slacksim.Options{People: workers(roster), Manifest: configs.Default().Slack.Manifest()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: sim}
	go server.Serve(listener)
	if err := sim.Fault(slacksim.Fault{Method: "*", Latency: 150 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l := &lab{t: t, sim: sim, config: filepath.Join(dir, "stormbell.yaml"), http: freeAddress(t),
		exec: func(args ...string) *exec.Cmd { return exec.Command(os.Args[0], args...) }}
	rosterFile := filepath.Join(dir, "roster.yaml")
	write(t, rosterFile, string(rosterText))
	write(t, l.config, fmt.Sprintf("slack: {app_token: %s, bot_token: %s, api_url: 'http://%s/api/'}\nstore: 'bolt:%s'\nroster: %s\nhttp: {listen: '%s', admin_token: %s}\n",
		sim.AppToken(), sim.BotToken(), listener.Addr(), filepath.Join(dir, "stormbell.db"), rosterFile, l.http, labToken)+more)
	if l.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.kill()
		sim.Close()
		server.Close()
		l.log.Close()
		if t.Failed() {
			data, _ := os.ReadFile(l.log.Name())
			t.Logf("the log:\n%s", data[max(0, len(data)-6000):])
		}
	})
	return l
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	lent   = map[int]bool{} // the ports that freeAddress has given
	lentMu sync.Mutex
)

// freeAddress returns an address on which a program can listen, be killed, and listen
// again. It is none of those from which systems take the port of a connection or of a
// listener that names none, or another test's connection could hold it meanwhile.
func freeAddress(t testing.TB) string {
	t.Helper()
	lentMu.Lock()
	defer lentMu.Unlock()
	for range 1000 {
		port := 10_000 + rand.N(20_000)
		if lent[port] {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue // somebody has it
		}
		l.Close()
		lent[port] = true
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// patience is how long what runs in real time waits for what must come. A machine
// that is busy must not fail a test, so only a program that hangs takes that long.
const patience = 3 * time.Minute

// start starts the program and waits until it is ready.
func (l *lab) start() {
	l.t.Helper()
	l.spawn()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	for {
		if resp, err := http.Get("http://" + l.http + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			l.t.Fatalf("the program was not ready within %s", patience)
		}
	}
}

// spawn starts the program.
func (l *lab) spawn() {
	l.t.Helper()
	l.cmd = l.exec("run", "--config", l.config)
	l.cmd.Env = append(append(os.Environ(), asProgram+"=1"), l.env...)
	l.cmd.Stdout, l.cmd.Stderr = l.log, l.log
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) kill() {
	if l.cmd != nil {
		_ = l.cmd.Process.Kill() // it may have ended by itself, which later checks notice
		_ = l.cmd.Wait()
		l.cmd = nil
	}
}

// settled waits until an incident has everything, and checks that it has it
// once.
func (l *lab) settled(t *testing.T, name, slug string) {
	t.Helper()
	channel := strings.ToLower(name) + "-" + slug
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changed := l.sim.Watch(ctx)
	for {
		missing := l.missing(name, channel)
		if missing == "" {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s (#%s): not within %s: %s", name, channel, patience, missing)
		}
	}
	var channels, cards, announcements int
	for _, c := range l.sim.State().Channels {
		if strings.HasPrefix(c.Name, strings.ToLower(name)+"-") {
			channels++
			for _, m := range c.Messages {
				if strings.Contains(string(m.Blocks), `"header"`) {
					cards++
				}
			}
		}
		if c.Name == "incidents" {
			for _, m := range c.Messages {
				if strings.Contains(m.Text, name+" ·") {
					announcements++
				}
			}
		}
	}
	if channels != 1 || cards != 1 || announcements != 1 {
		t.Errorf("%s has %d channels, %d cards, %d announcements; want one of each", name, channels, cards, announcements)
	}
}

// missing says what of an incident is not there yet.
func (l *lab) missing(name, channel string) string {
	st := l.sim.State()
	c, ok := st.Channel(channel)
	switch {
	case !ok:
		return "the channel"
	case len(c.Pins) == 0:
		return "the pinned card"
	case c.Topic.Value == "" || c.Purpose.Value == "":
		return "topic and purpose"
	case len(c.Members) < 3:
		return "the invitations"
	}
	paged := false
	announced := false
	names := regexp.MustCompile(regexp.QuoteMeta(name) + `\b`) // one of many has no line of its own
	for _, c := range st.Channels {
		for _, m := range c.Messages {
			paged = paged || c.IsIM && names.MatchString(string(m.Blocks))
			announced = announced || c.Name == "incidents" && strings.Contains(m.Text, name+" ·")
		}
	}
	switch {
	case !paged:
		return "the page"
	case !announced:
		return "the announcement"
	default:
		return ""
	}
}

// count asks the program how many incidents there are.
func (l *lab) count(t *testing.T) int {
	t.Helper()
	var list struct {
		Incidents []struct {
			Number int `json:"number"`
		} `json:"incidents"`
	}
	l.get(t, "/v1/incidents?all=1", &list)
	return len(list.Incidents)
}

func (l *lab) incident(t *testing.T, n int) {
	t.Helper()
	var one map[string]any
	l.get(t, "/v1/incidents/INC-"+strconv.Itoa(n), &one)
}

func (l *lab) get(t *testing.T, path string, v any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+labToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %d %s, %v", path, resp.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}
