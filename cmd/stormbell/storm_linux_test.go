package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

const stormKey = "integration-key-of-the-storm"

// stormSize is how many alerts a storm has: with EVERY_CASE=1 as many as are promised,
// otherwise a part of them.
func stormSize() int64 {
	if os.Getenv("EVERY_CASE") != "" {
		return 10_000
	}
	return 1_000
}

// storm is a lab to which 64 senders post alerts of one service.
type storm struct {
	*lab
	client *http.Client
	mu     sync.Mutex
	taken  map[string]string // the incident of each alert that was answered 202, by its key
}

// newStorm makes a storm whose pages are not repeated while it lasts: how many there are
// does not depend on who acknowledges how fast.
func newStorm(t *testing.T) *storm {
	t.Helper()
	patient := strings.NewReplacer("after: 1s", "after: 1h", "wait: 2s", "wait: 2h").Replace(climbers)
	s := &storm{lab: newLabWith(t, []byte(patient), ""), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, taken: map[string]string{}}
	s.env = []string{"STORMBELL_HTTP_INTEGRATION_KEYS=" + stormKey}
	t.Cleanup(s.client.CloseIdleConnections)
	s.sim.ClearFaults()
	return s
}

// buildProgram makes the program that people build: this one holds its tests, too.
func buildProgram(t *testing.T) (program string) {
	t.Helper()
	program = t.TempDir() + "/stormbell"
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// send posts one alert, again and again until it is taken or ended is closed.
func (s *storm) send(t *testing.T, key string, ended <-chan struct{}) {
	body := fmt.Sprintf(`{"dedup_key":%q,"status":"firing","title":"disk %s is full","severity":"sev2","service":"checkout","details":{"mount":"/var"}}`, key, key)
	for {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.http+"/v1/events", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		q.Header.Set("Authorization", "Bearer "+stormKey)
		if resp, err := s.client.Do(q); err == nil {
			var got struct{ Incident string }
			answer, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case resp.StatusCode == http.StatusAccepted && err == nil && json.Unmarshal(answer, &got) == nil:
				s.mu.Lock()
				s.taken[key] = got.Incident
				s.mu.Unlock()
				return
			case resp.StatusCode < 500 && err == nil:
				t.Errorf("alert %s was answered %s: %s", key, resp.Status, answer)
				return
			}
		}
		select {
		case <-ended:
			return // nobody has promised anything
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// blow posts so many alerts with these keys from 64 senders at the same time.
func (s *storm) blow(t *testing.T, alerts int64, key func(n int64) string, ended <-chan struct{}) {
	t.Helper()
	var seq atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := seq.Add(1); n <= alerts; n = seq.Add(1) {
				select {
				case <-ended:
					return
				default:
					s.send(t, key(n), ended)
				}
			}
		})
	}
	all.Wait()
}

// seen returns the messages in the channel of an incident, how many pages people got
// about it, and how many channels it has.
func (s *storm) seen(name string) (messages []slacksim.Message, pages int, channels int) {
	for _, c := range s.sim.State().Channels {
		own := strings.HasPrefix(c.Name, strings.ToLower(name)+"-")
		if own {
			channels++
		}
		for _, m := range c.Messages {
			switch {
			case own && m.Subtype == "":
				messages = append(messages, m)
			case c.IsIM && strings.Contains(string(m.Blocks), name):
				pages++
			}
		}
	}
	return messages, pages, channels
}

// stands fails unless every alert that was answered is listed by its incident, the
// program's count is theirs, and each incident has one of everything. It returns the
// names of the incidents.
func (s *storm) stands(t *testing.T) []string {
	t.Helper()
	var list struct{ Incidents []struct{ Name string } }
	s.get(t, "/v1/incidents?all=1", &list)
	in := map[string]string{}
	var names []string
	for _, i := range list.Incidents {
		names = append(names, i.Name)
		var got struct {
			Alerts []struct{ Key, Status string }
		}
		s.get(t, "/v1/alerts?incident="+i.Name, &got)
		for _, a := range got.Alerts {
			if in[a.Key] != "" || a.Status != "firing" {
				t.Errorf("%s of %s is %s, and of %q too", a.Key, i.Name, a.Status, in[a.Key])
			}
			in[a.Key] = i.Name
		}
		s.settles(t, i.Name, len(got.Alerts))
	}
	lost := 0
	for key, name := range s.taken {
		if in[key] != name {
			if lost++; lost <= 5 {
				t.Errorf("alert %s was answered that it is of %s, and is of %q", key, name, in[key])
			}
		}
	}
	if lost > 0 || len(s.taken) == 0 {
		t.Errorf("%d of %d alerts that were answered are not where it was said", lost, len(s.taken))
	}
	return names
}

// settles waits until the channel's message about the alerts says how many they are,
// and checks that there is one of everything.
func (s *storm) settles(t *testing.T, name string, alerts int) {
	t.Helper()
	want := fmt.Sprintf("%s: %d alerts fire", name, alerts)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		messages, _, channels := s.seen(name)
		cards, digests, text := 0, 0, ""
		for _, m := range messages {
			if strings.Contains(string(m.Blocks), `"header"`) {
				cards++
			}
			if strings.Contains(string(m.Blocks), `"Show all"`) {
				digests, text = digests+1, m.Text
			}
		}
		right := channels == 1 && cards == 1 && (digests == 1 && text == want || digests == 0 && alerts == 1)
		if right {
			return
		}
		if channels > 1 || cards > 1 || digests > 1 || time.Now().After(deadline) {
			t.Fatalf("%s has %d channels, %d cards and %d messages about its alerts, the last of which says %q; want one of each, and %q", name, channels, cards, digests, text, want)
		}
	}
}

// quietly fails unless people have seen little of a storm: one incident, one page, at
// most twenty messages, and under twenty events.
func (s *storm) quietly(t *testing.T, names []string) {
	t.Helper()
	if len(names) != 1 {
		t.Fatalf("one service has the incidents %v", names)
	}
	messages, pages, _ := s.seen(names[0])
	if pages != 1 || len(messages) > 20 {
		t.Errorf("%d pages and %d messages in the channel; want 1 and at most 20", pages, len(messages))
	}
	var got struct{ Timeline []struct{ Words string } }
	s.get(t, "/v1/incidents/"+names[0]+"/timeline", &got)
	if len(got.Timeline) >= 20 {
		t.Errorf("the timeline has %d events, want under 20: %v", len(got.Timeline), got.Timeline)
	}
	t.Logf("%d alerts: %d pages, %d messages, %d events", len(s.taken), pages, len(messages), len(got.Timeline))
}

// TestStorm sends alerts of one service to the real program, all alike and all
// different: people see one incident, and its memory stays small.
func TestStorm(t *testing.T) {
	if os.Getenv("EVERY_CASE") == "" {
		t.Skip("it takes seconds of both processors, and runs in CI; run it with EVERY_CASE=1")
	}
	t.Parallel()
	program := buildProgram(t)
	for name, key := range map[string]func(n int64) string{
		"alike":     func(int64) string { return "same" },
		"different": func(n int64) string { return strconv.FormatInt(n, 10) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t)
			s.exec = func(args ...string) *exec.Cmd { return exec.Command(program, args...) }
			s.start()
			ended := make(chan struct{})
			s.send(t, key(1), ended)
			s.blow(t, stormSize(), key, ended)
			if most := s.mostMiB(t); most > 150 {
				t.Errorf("the program has had %.0f MiB in memory, want at most 150", most)
			} else {
				t.Logf("it has had %.0f MiB in memory", most)
			}
			s.again()
			s.quietly(t, s.stands(t))
		})
	}
}

// TestKilledInAStorm kills the real program with SIGKILL while alerts of one service
// come in, and starts it again: what was answered is there, once.
func TestKilledInAStorm(t *testing.T) {
	t.Parallel()
	s := newStorm(t)
	s.start()
	ended := make(chan struct{})
	s.send(t, "first", ended)
	var blown sync.WaitGroup
	blown.Go(func() {
		s.blow(t, 1<<40, func(n int64) string { return strconv.FormatInt(n, 10) }, ended)
	})
	for range crashRounds(t) {
		before := s.answered()
		for enough := before + stormSize()/10; s.answered() < enough && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		s.kill()
		s.start()
	}
	close(ended)
	blown.Wait()
	s.again()
	s.quietly(t, s.stands(t))
}

// again starts the program again: what is edited once a minute in a storm is brought up
// to date at the start.
func (s *storm) again() {
	s.t.Helper()
	s.kill()
	s.start()
}

func (s *storm) answered() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.taken))
}

// mostMiB is the most that the program has had in memory.
func (s *storm) mostMiB(t *testing.T) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	t.Fatal("the system does not say what the process has had in memory")
	return 0
}
