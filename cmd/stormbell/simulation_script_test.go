package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// simulationRoster is the company in which the simulation plays, whatever the script.
const simulationRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, phone: "+4915100000001", email: ada@shop.example, rules: {high: [{via: slack}, {via: push, after: 1m}, {via: sms, after: 3m}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, phone: "+4915100000002", email: bob@shop.example, rules: {high: [{via: sms}, {via: slack}, {via: voice, after: 2m}]}}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, phone: "+4915100000003", email: cleo@shop.example, rules: {high: [{via: email}, {via: webhook}]}}
  - {id: dan, name: Dan Reed, slack: U0DAN, email: dan@shop.example}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo, channel: payments}
  - {id: search, name: Search, members: [bob, dan], lead: dan}
rotations:
  - id: primary
    team: payments
    time_zone: Europe/Berlin
    layers:
      - {id: daily, people: [ada, bob], start: 1999-12-27T09:00, every: {days: 1}}
policies:
  - id: payments
    repeat: 1
    steps:
      - {notify: [rotation:primary], wait: 5m}
      - {notify: [person:cleo], wait: 5m}
    last_resort: [channel:incidents, person:dan]
  - id: search
    steps:
      - {notify: [person:bob], wait: 10m}
    last_resort: [person:cleo]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: ledger, name: Ledger, kind: service, team: payments, policy: payments}
  - {id: search, name: Search, kind: service, team: search, policy: search}
defaults: {service: checkout, policy: payments}
`

// expectsBeats reports whether the company expects a heartbeat, as every third does: it
// keeps the program at work all the time.
func (x script) expectsBeats() bool { return x.Seed%3 == 1 }

// withoutAddress reports whether phones do not reach the program, so that text messages
// have codes in the place of links.
func (x script) withoutAddress() bool { return x.Seed%5 == 0 }

// roster is the company in which a script plays.
func (x script) roster() string {
	if x.expectsBeats() {
		return simulationRoster + "heartbeats: [{name: nightly, every: 10m, grace: 1m, service: search, severity: sev2}]\n"
	}
	return simulationRoster
}

// step is one line of a script: after how long what happens.
type step struct {
	After time.Duration
	Verb  string
	Args  map[string]string
}

// String is the line, which parseStep reads.
func (x step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "+%s %s", x.After, x.Verb)
	for _, k := range slices.Sorted(maps.Keys(x.Args)) {
		fmt.Fprintf(&b, " %s=%s", k, x.Args[k])
	}
	return b.String()
}

func (x step) int(k string) int {
	n, _ := strconv.Atoi(x.Args[k])
	return n
}

func (x step) duration(k string) time.Duration {
	d, _ := time.ParseDuration(x.Args[k])
	return d
}

// String is the script as text, which parseScript reads.
func (x script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed=%d engine=%s\n", x.Seed, x.Engine)
	for _, s := range x.Steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

// parseScript reads what String has written.
func parseScript(text string) (script, error) {
	var x script
	for n, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if n == 0 {
			if _, err := fmt.Sscanf(line, "seed=%d engine=%s", &x.Seed, &x.Engine); err != nil {
				return x, fmt.Errorf("line 1: %v", err)
			}
			continue
		}
		words := strings.Fields(line)
		if len(words) < 2 {
			return x, fmt.Errorf("line %d: %q is no step", n+1, line)
		}
		after, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
		if err != nil {
			return x, fmt.Errorf("line %d: %v", n+1, err)
		}
		s := step{After: after, Verb: words[1], Args: map[string]string{}}
		for _, w := range words[2:] {
			k, v, _ := strings.Cut(w, "=")
			s.Args[k] = v
		}
		x.Steps = append(x.Steps, s)
	}
	return x, nil
}

// writer makes a script out of a seed.
type writer struct {
	*rand.Rand
	of   script
	etcd bool
	n    int
}

// scriptOf returns the script of a seed. Even seeds have the semantics of a file, odd
// ones those of a cluster.
func scriptOf(seed uint64) script {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 0x5707)), of: script{Seed: seed}, etcd: seed%2 == 1}
	x := script{Seed: seed, Engine: "bolt"}
	if w.etcd {
		x.Engine = "etcd"
	}
	// The bubble begins on a Saturday at midnight: another day and hour for each seed.
	x.Steps = append(x.Steps, step{After: time.Duration(w.IntN(9*24*60)) * time.Minute, Verb: "begin", Args: map[string]string{}})
	for range 6 + w.IntN(20) {
		s := w.step()
		s.After = w.pause()
		x.Steps = append(x.Steps, s)
	}
	// By chance what belongs together rarely comes together, so each script has a scene.
	x.Steps = slices.Insert(x.Steps, 1+w.IntN(len(x.Steps)), w.scene()...)
	return x
}

// pause is how long nothing is done: seconds mostly, and hours sometimes.
func (w *writer) pause() time.Duration {
	switch n := w.IntN(100); {
	case n < 15:
		return 0
	case n < 50:
		return time.Duration(w.IntN(30_000)) * time.Millisecond
	case n < 92:
		return time.Duration(30+w.IntN(12*60)) * time.Second
	default:
		return time.Duration(15+w.IntN(5*60)) * time.Minute
	}
}

func (w *writer) one(of ...string) string { return of[w.IntN(len(of))] }

// weighed are what can happen, and how often.
var weighed = []struct {
	weight int
	verb   string
}{
	{9, "declare"}, {16, "ack"}, {6, "note"}, {3, "sev"}, {3, "update"}, {2, "decide"}, {5, "task"}, {3, "done"}, {4, "mitigate"}, {5, "resolve"}, {3, "close"},
	{2, "reopen"}, {1, "cancel"}, {2, "duplicate"}, {2, "service"}, {2, "unack"}, {2, "snooze"}, {1, "reassign"}, {2, "escalate"}, {1, "page"}, {2, "role"}, {1, "rename"},
	{2, "silence"}, {1, "maintenance"}, {2, "override"}, {1, "swap"}, {2, "agreed"}, {1, "timeoff"}, {1, "roster"}, {2, "chatter"}, {3, "answer"}, {4, "publish"}, {2, "look"},
	{6, "form"}, {3, "export"}, {3, "issue"}, {4, "clock"}, {3, "months"},
	{14, "fire"}, {9, "over"}, {6, "group"}, {2, "storm"}, {3, "beats"},
	{7, "slack"}, {2, "slack-down"}, {2, "socket"}, {4, "provider"}, {3, "lose-acks"}, {3, "redeliver"},
	{3, "crash"}, {8, "crash-commit"}, {7, "crash-call"}, {4, "restart"}, {2, "full"}, {4, "unknown"}, {4, "takeover"},
}

func (w *writer) step() step {
	sum := 0
	for _, x := range weighed {
		sum += x.weight
	}
	at := w.IntN(sum)
	verb := ""
	for _, x := range weighed {
		if at -= x.weight; at < 0 {
			verb = x.verb
			break
		}
	}
	switch {
	case !w.etcd && (verb == "unknown" || verb == "takeover"):
		verb = "crash-commit"
	case verb == "clock" && !w.of.setsClock():
		verb = "task"
	case verb == "months" && !w.of.archives():
		verb = "mitigate"
	}
	return w.fillIn(verb)
}

func (w *writer) fillIn(verb string) step {
	w.n++
	args := map[string]string{"n": strconv.Itoa(w.n)}
	w.fill(verb, args)
	return step{Verb: verb, Args: args}
}

// fill chooses what a step needs.
func (w *writer) fill(verb string, a map[string]string) {
	switch verb {
	case "fire", "over", "group", "storm", "beats", "look", "clock", "months", "slack", "slack-down", "socket", "provider", "lose-acks", "redeliver", "crash", "crash-commit", "crash-call", "restart", "full", "unknown", "takeover":
	default:
		a["who"] = w.one("ada", "bob", "cleo", "dan", "eve")
		a["via"] = w.one("slack", "slack", "http")
		a["pick"] = strconv.Itoa(w.IntN(12))
	}
	switch verb {
	case "declare":
		a["sev"] = w.one("1", "1", "2", "2", "2", "3", "4")
		a["service"] = w.one("checkout", "checkout", "ledger", "search")
		a["as"] = w.one("", "", "", "", "", "", "private", "drill")
	case "ack":
		a["via"] = w.one("slack", "http", "button", "button", "link", "key", "code")
		a["who"] = w.one("ada", "bob", "bob", "cleo")
	case "sev":
		a["sev"] = w.one("1", "2", "3", "4")
	case "service":
		a["service"] = w.one("checkout", "ledger", "search")
	case "duplicate":
		a["into"] = strconv.Itoa(w.IntN(12))
	case "form":
		a["which"], a["how"] = w.one("declare", "impact", "close", "silence", "followup"), w.one("sent", "sent", "twice", "closed")
		a["late"], a["sev"], a["service"] = w.one("0s", "20s", "15m", "3h"), w.one("1", "2", "3"), w.one("checkout", "search")
	case "issue":
		a["state"] = w.one("completed", "completed", "not_planned", "duplicate", "open", "odd", "gone")
	case "clock":
		a["by"] = w.one("0s", "-40s", "-10m", "-3h", "-3h", "90s", "3h", "50h")
	case "beats":
		a["for"] = w.one("10m", "40m", "2h", "24h")
	case "answer":
		a["question"] = w.one("cause", "lucky", "harder", "open")
	case "maintenance":
		a["service"], a["for"] = w.one("ledger", "search"), w.one("10m", "1h", "2h")
	case "snooze", "silence":
		a["for"] = w.one("5m", "10m", "30m", "2h")
	case "mitigate":
		a["how"] = w.one("rollback", "fix", "workaround")
	case "role":
		a["role"] = w.one("responder", "communicator")
	case "task":
		a["due"] = w.one("", "", "1d", "2d", "10d")
	case "reassign", "page", "swap", "agreed":
		a["whom"] = w.one("ada", "bob", "cleo")
	case "override", "timeoff":
		a["in"], a["for"] = w.one("5m", "1h", "12h"), w.one("1h", "8h", "24h")
	case "fire", "over":
		a["sender"], a["key"] = w.one("one", "two"), strconv.Itoa(w.IntN(5))
		a["sev"] = w.one("critical", "critical", "major", "warning")
		a["service"] = w.one("checkout", "ledger", "search")
		if w.IntN(4) == 0 {
			a["service"] = "ledger"
		}
	case "group":
		a["sender"] = "manager"
		a["fires"] = fmt.Sprintf("%06b", w.IntN(64))
		a["sent"] = w.one("111111", "111111", fmt.Sprintf("%06b", w.IntN(64)))
	case "storm":
		a["count"] = w.one("3", "6", "12")
	case "slack":
		a["method"] = w.one("chat.postMessage", "chat.postMessage", "chat.update", "conversations.create", "conversations.invite", "*", "conversations.history", "pins.add")
		a["how"] = w.one("429", "503", "fatal_error", "internal_error", "reset", "after", "after", "after", "html", "latency", "latency")
		a["times"] = w.one("1", "1", "2", "5")
	case "slack-down":
		a["for"] = w.one("20s", "3m", "12m", "45m")
	case "socket":
		a["how"] = w.one("warning", "refresh_requested", "too_many_websockets", "cut", "cut", "silent")
	case "provider":
		a["via"] = w.one("sms", "push", "voice", "webhook", "email", "tracker", "tracker")
		a["how"] = w.one("error", "busy", "lost", "hang")
		a["for"] = w.one("30s", "4m", "20m")
	case "lose-acks", "redeliver":
		a["times"] = w.one("1", "1", "2")
	case "crash", "restart":
		a["away"] = w.one("1s", "4s", "30s", "90s", "10m")
	case "crash-commit":
		a["at"], a["when"] = strconv.Itoa(1+w.IntN(9)), w.one("before", "after")
	case "crash-call":
		a["at"], a["when"] = strconv.Itoa(1+w.IntN(9)), w.one("before", "after", "after")
	case "full":
		a["at"], a["times"] = strconv.Itoa(1+w.IntN(3)), w.one("1", "2", "6")
	case "unknown":
		a["at"], a["when"] = strconv.Itoa(1+w.IntN(6)), w.one("applied", "lost")
	}
}
