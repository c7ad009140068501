package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// climbers is a roster whose ladders take seconds: everybody by push. Nobody is
// on both, since two pushes to one person within a minute are one.
const climbers = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, rules: {high: [{via: push}, {via: push, after: 1s}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, rules: {high: [{via: push}]}}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, rules: {high: [{via: push}]}}
  - {id: fay, name: Fay Lind, slack: U0FAY, rules: {high: [{via: push}, {via: push, after: 1s}]}}
  - {id: gil, name: Gil Moss, slack: U0GIL, rules: {high: [{via: push}]}}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}
policies:
  - id: payments
    repeat: 1
    steps:
      - {notify: [person:ada], wait: 2s}
      - {notify: [person:bob], wait: 2s}
    last_resort: [person:cleo]
  - id: search
    repeat: 1
    steps:
      - {notify: [person:fay], wait: 2s}
      - {notify: [person:gil], wait: 2s}
    last_resort: [person:gil]
services:
  - {id: search, name: Search, kind: product, team: payments, policy: search}
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// pushes is an ntfy server that remembers what it was given.
type pushes struct {
	mu   sync.Mutex
	got  []push
	more chan struct{} // holds a value after each push
}

type push struct {
	at       time.Time
	topic    string
	text     string
	priority int
}

func (p *pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m struct {
		Topic, Title, Message string
		Priority              int
	}
	if json.Unmarshal(body, &m) != nil || m.Topic == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.got = append(p.got, push{time.Now(), m.Topic, m.Title, m.Priority})
	n := len(p.got)
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	fmt.Fprintf(w, `{"id":"p%d","time":%d,"event":"message","topic":%q}`, n, time.Now().Unix(), m.Topic)
}

// of returns the pages about an incident, oldest first.
func (p *pushes) of(name string) []push {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []push
	for _, m := range p.got {
		if strings.Contains(m.text, name+" ") && m.priority == 5 {
			list = append(list, m)
		}
	}
	return list
}

// await waits until pages about an incident have reached a topic.
func (p *pushes) await(t *testing.T, name, topic string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		for _, m := range p.of(name) {
			if m.topic == topic {
				return
			}
		}
		select {
		case <-p.more:
		case <-deadline:
			t.Fatalf("%s: no page reached %s within %s; there were %+v", name, topic, patience, p.of(name))
		}
	}
}

// TestKilledWhilePaging kills the real program again and again while a ladder of
// seconds is climbed. Everybody on it is reached all the same, the last resort
// too; and after an acknowledgement no page leaves, however often it is killed.
func TestKilledWhilePaging(t *testing.T) {
	t.Parallel()
	ntfy := &pushes{more: make(chan struct{}, 1)}
	server := httptest.NewServer(ntfy)
	defer server.Close()
	lab := newLabWith(t, []byte(climbers), "notify: {ntfy: {url: '"+server.URL+"', topic: 'stormbell-{person}'}}\n")
	lab.start()
	t.Run("the whole ladder", func(t *testing.T) {
		name := lab.declare(t, "nobody answers", "checkout")
		for range crashRounds(t) {
			time.Sleep(rand.N(700 * time.Millisecond))
			lab.kill()
			lab.start()
		}
		for _, person := range []string{"ada", "bob", "cleo"} {
			ntfy.await(t, name, "stormbell-"+person)
		}
	})
	t.Run("acknowledged", func(t *testing.T) {
		name := lab.declare(t, "somebody answers", "search")
		ntfy.await(t, name, "stormbell-fay")
		if rand.N(2) == 0 { // with pages on their way, or just after a start
			lab.kill()
			lab.start()
		}
		lab.post(t, "/v1/incidents/"+name+"/ack", `{"as":"gil"}`)
		before := len(ntfy.of(name))
		for range crashRounds(t) {
			lab.kill()
			lab.start()
			time.Sleep(rand.N(700 * time.Millisecond))
		}
		time.Sleep(3 * time.Second) // the next step and the next round would be due by now
		// One may have been on the wire when the acknowledgement was stored.
		if after := ntfy.of(name); len(after) > before+1 {
			t.Errorf("%s: %d pages after the acknowledgement: %+v", name, len(after)-before, after[before:])
		}
	})
}

// declare opens an incident over HTTP and returns its name.
func (l *lab) declare(t *testing.T, title, service string) string {
	t.Helper()
	var got struct {
		Incident struct {
			Name string `json:"name"`
		} `json:"incident"`
	}
	if err := json.Unmarshal(l.post(t, "/v1/incidents", fmt.Sprintf(`{"title":%q,"severity":"sev1","service":%q}`, title, service)), &got); err != nil {
		t.Fatal(err)
	}
	return got.Incident.Name
}

func (l *lab) post(t *testing.T, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.http+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+labToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("POST %s %s = %d %s, %v", path, body, resp.StatusCode, answer, err)
	}
	return answer
}
