package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// model is what people and senders know by themselves of what they were told.
type model struct {
	incidents []int                   // those that somebody was told the name of
	promises  []promise               // what was answered with success
	alerts    map[string]*senderAlert // by sender and key
	followUps []string
	typed     []string    // words that were sent at most once, acknowledged or not
	beatUntil time.Time   // until then a heartbeat comes every four minutes
	beats     []time.Time // when one was taken
	tried     time.Time   // when one was sent last
	exchanged bool        // a swap was accepted: who is on call is not reckoned any more
	zoe       []string    // what zoe was shown
	exports   []string    // follow-ups of which somebody was told that they are being opened at the tracker
	clockSet  time.Time   // when the clock was set first; zero: never
	quiet     []quietTime
	published map[int][]publication // the versions of post-mortems, by incident
}

// promise is an input that was answered with success: it must be in the record.
type promise struct {
	what     string // declared, event, override, timeoff, silence; unheard: one of the roster of which nobody knows whether it was taken
	incident int
	kind     incident.Kind
	by       incident.Actor // empty: somebody
	text     string
	from, to time.Time // when it was sent, and answered; of an override and of time off: when it begins, and was answered
	until    time.Time // of an override and of time off: its end
}

// senderAlert is an alert as its sender knows it.
type senderAlert struct {
	sender, key string
	fires       bool
	taken       bool          // the sender was told that the present state is stored
	was         map[bool]bool // the states that were ever sent
	body        func(fires bool) (path, body string)
	since       int
}

func (m *model) unsent() bool {
	for _, a := range m.alerts {
		if !a.taken {
			return true
		}
	}
	return false
}

// promised notes what was answered with success.
func (s *simRun) promised(p promise) {
	p.to = time.Now()
	s.model.promises = append(s.model.promises, p)
}

// known notes an incident that somebody was told the name of.
func (s *simRun) known(n int) {
	if n > 0 && !slices.Contains(s.model.incidents, n) {
		s.model.incidents = append(s.model.incidents, n)
	}
}

// picked is the incident that a step is about; 0: there is none yet. The latest are meant
// most.
func (s *simRun) picked(pick int) int {
	if len(s.model.incidents) == 0 {
		return 0
	}
	return s.model.incidents[len(s.model.incidents)-1-pick%len(s.model.incidents)%5%len(s.model.incidents)]
}

var namesIncident = regexp.MustCompile(`INC-(\d+)`)

func namedIn(text string) int {
	m := namesIncident.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// actorOf is how the record names somebody.
func actorOf(who string) incident.Actor {
	if who == "eve" {
		return incident.SlackUser("U0EVE")
	}
	return incident.Person(who)
}

// asked is one request over HTTP; an error: nobody answered it in time.
func (s *simRun) asked(method, path, body string, header map[string]string) (int, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://bell.test"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+townAdmin)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := (&http.Transport{DialContext: s.dial, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// operate does something as the command line does it: with a key, by which it is
// recognised when it is asked for again because no answer came.
func (s *simRun) operate(path, body, key string) (int, string) {
	for try := 0; ; try++ {
		status, answer, err := s.asked("POST", path, body, map[string]string{"Idempotency-Key": key})
		s.say("  POST %s %s = %d %.200s %v", path, body, status, answer, err)
		if err == nil && status/100 == 2 && try == 0 && strings.ContainsAny(key[len(key)-1:], "147") {
			continue // the answer was lost on its way
		}
		if err == nil && status < 500 || try == 3 {
			return status, answer
		}
		s.advance(7 * time.Second)
	}
}

// command types a command. The answer is empty when nothing came.
func (s *simRun) command(who, text string) string {
	seen, err := s.sim.As("U0"+strings.ToUpper(who)).Command("general", "/incident", text)
	s.say("  %s types %s: %v %s %.300s", who, text, err, seen.Error, seen.Text)
	if err != nil || seen.Error != "" {
		return ""
	}
	return seen.Text
}

// play does one step.
func (s *simRun) play(x step) {
	s.say("%s", x)
	switch x.Verb {
	case "begin":
		s.start()
		s.advance(3 * time.Second)
	case "declare":
		s.declare(x)
	case "ack":
		s.acknowledge(x)
	case "fire", "over", "group", "storm":
		s.alarm(x)
	case "override", "swap", "agreed", "timeoff", "roster":
		s.roster(x)
	case "silence", "maintenance":
		s.silence(x)
	case "beats":
		if !s.script.expectsBeats() {
			return
		}
		s.model.beatUntil = time.Now().Add(x.duration("for"))
		s.beat()
	case "form":
		s.form(x)
	case "export", "issue":
		s.tracked(x)
	case "clock":
		s.clock(x)
	case "months":
		s.months(x)
	case "publish":
		s.publish(x)
	case "look":
		s.look()
	case "chatter":
		if _, err := s.sim.As("U0EVE").Message("general", "word "+x.Args["n"], ""); err != nil {
			s.say("  %v", err)
		}
	case "done":
		s.done(x)
	case "slack", "slack-down", "socket", "provider", "lose-acks", "redeliver":
		s.breaks(x)
	case "crash", "crash-commit", "crash-call", "restart", "full", "unknown", "takeover":
		s.falls(x)
	default:
		s.act(x)
	}
}

func (s *simRun) declare(x step) {
	title := "T" + x.Args["n"] + "t things fail"
	as := x.Args["as"] // private, drill, or nothing
	p := promise{what: "declared", by: actorOf(x.Args["who"]), text: title, from: time.Now()}
	s.model.typed = append(s.model.typed, title)
	var answer string
	if x.Args["via"] == "http" && x.Args["who"] != "eve" {
		status, text := s.operate("/v1/incidents", fmt.Sprintf(`{"as":%q,"title":%q,"severity":"sev%s","service":%q,"private":%t,"test":%t}`, x.Args["who"], title, x.Args["sev"], x.Args["service"], as == "private", as == "drill"), "k"+x.Args["n"])
		if status/100 == 2 {
			answer = text
		}
	} else {
		answer = s.command(x.Args["who"], strings.TrimSpace("declare "+title+" sev"+x.Args["sev"]+" service:"+x.Args["service"]+" "+as))
	}
	if p.incident = namedIn(answer); p.incident > 0 && !strings.Contains(answer, "did not work") {
		s.known(p.incident)
		s.promised(p)
	}
}

// acts are what is done to an incident: what is typed, what is sent, what the answer says
// when it was done, and what is in the record then.
var acts = map[string]struct {
	typed, body, says string
	kind              incident.Kind
}{
	"note":      {"note INC %TEXT", `"text":%TEXT`, "Noted in", incident.KindNote},
	"update":    {"update INC %TEXT", `"text":%TEXT,"kind":"update"`, "Posted in", incident.KindNote},
	"decide":    {"decide INC %TEXT", `"text":%TEXT,"kind":"decision"`, "Noted in", incident.KindNote},
	"sev":       {"sev INC %SEV %TEXT", `"severity":"sev%SEV","text":%TEXT`, "INC is sev", incident.KindSeverity},
	"mitigate":  {"mitigate INC %HOW %TEXT", `"how":"%HOW","text":%TEXT`, "INC is mitigated", incident.KindMitigated},
	"resolve":   {"resolve INC %TEXT", `"text":%TEXT`, "INC is resolved now", incident.KindResolved},
	"close":     {"close INC anyway %TEXT", `"text":"anyway %RAW"`, "INC is closed", incident.KindClosed},
	"reopen":    {"reopen INC %TEXT", `"text":%TEXT`, "INC is investigating now", incident.KindReopened},
	"cancel":    {"cancel INC %TEXT", `"text":%TEXT`, "INC is cancelled now", incident.KindCancelled},
	"service":   {"service INC %SERVICE", `"service":"%SERVICE"`, "INC is about", incident.KindService},
	"unack":     {"unack INC", ``, "", incident.KindGivenBack},
	"snooze":    {"snooze INC %FOR", `"for":"%FOR"`, "", ""},
	"reassign":  {"reassign INC @%WHOM", `"person":"%WHOM"`, "", ""},
	"escalate":  {"escalate INC", ``, "The next step", ""},
	"page":      {"page INC @%WHOM %TEXT", ``, "Paging for", incident.KindHelp},
	"role":      {"role INC %ROLE", `"role":"%ROLE"`, "Done: ", incident.KindRole},
	"rename":    {"rename INC %TEXT", `"text":%TEXT`, "The title of INC is", incident.KindTitle},
	"task":      {"task INC %TEXT %DUE", ``, "INC-", incident.KindFollowUp},
	"answer":    {"postmortem INC answer %QUESTION %TEXT", `"question":"%QUESTION","text":%TEXT`, "Your answer stands in the post-mortem of INC", incident.KindAnswered},
	"duplicate": {"duplicate INC %INTO %TEXT", `"into":"%INTO","text":%TEXT`, "INC is a part of", incident.KindMerged},
}

func (s *simRun) act(x step) {
	n := s.picked(x.int("pick"))
	a := acts[x.Verb]
	if n == 0 || a.typed == "" {
		return
	}
	text := "w" + x.Args["n"] + "w says " + x.Args["who"]
	due := ""
	if x.Args["due"] != "" {
		due = "due:" + x.Args["due"]
	}
	fill := strings.NewReplacer("%TEXT", text, "%RAW", text, "%SEV", x.Args["sev"], "%HOW", x.Args["how"], "%SERVICE", x.Args["service"], "%FOR", x.Args["for"],
		"%WHOM", x.Args["whom"], "%ROLE", x.Args["role"], "%DUE", due, "%QUESTION", x.Args["question"], "%INTO", incident.Name(s.picked(x.int("into"))), "INC", incident.Name(n))
	p := promise{what: "event", incident: n, kind: a.kind, by: actorOf(x.Args["who"]), from: time.Now()}
	if strings.Contains(a.typed, "%TEXT") {
		p.text = text
	}
	s.model.typed = append(s.model.typed, text)
	var done bool
	if x.Args["via"] == "http" && a.body != "" && x.Args["who"] != "eve" {
		verb := x.Verb
		if verb == "update" || verb == "decide" {
			verb = "note"
		}
		if verb == "answer" {
			verb = "postmortem-answer"
		}
		body := strings.ReplaceAll(a.body, "%TEXT", strconv.Quote(text))
		status, _ := s.operate("/v1/incidents/"+incident.Name(n)+"/"+verb, fmt.Sprintf(`{"as":%q,%s}`, x.Args["who"], fill.Replace(body)), "k"+x.Args["n"])
		done = status == http.StatusOK
	} else {
		answer := s.command(x.Args["who"], fill.Replace(a.typed))
		done = a.says != "" && strings.HasPrefix(answer, fill.Replace(a.says))
		if x.Verb == "task" {
			if m := followUpName.FindString(answer); m != "" && !slices.Contains(s.model.followUps, m) {
				s.model.followUps = append(s.model.followUps, m)
			} else {
				done = false
			}
		}
	}
	if done && p.kind != "" {
		s.promised(p)
	}
}

var followUpName = regexp.MustCompile(`INC-\d+-F\d+`)

// done ends a follow-up.
func (s *simRun) done(x step) {
	if len(s.model.followUps) == 0 {
		return
	}
	name := s.model.followUps[x.int("pick")%len(s.model.followUps)]
	p := promise{what: "event", incident: namedIn(name), kind: incident.KindFollowUpDone, by: actorOf(x.Args["who"]), text: "w" + x.Args["n"] + "w did it", from: time.Now()}
	if x.Args["who"] == "eve" {
		return
	}
	if status, _ := s.operate("/v1/followups/"+name+"/done", fmt.Sprintf(`{"as":%q,"text":%q}`, x.Args["who"], p.text), "k"+x.Args["n"]); status == http.StatusOK {
		s.promised(p)
	}
}

// alarm has a sender say something.
func (s *simRun) alarm(x step) {
	switch x.Verb {
	case "fire", "over":
		key := x.Args["key"]
		a := s.alert(x.Args["sender"], key)
		if x.Verb == "over" && !a.fires {
			return
		}
		if x.Verb == "fire" {
			sev, service := x.Args["sev"], x.Args["service"]
			a.body = func(fires bool) (string, string) {
				status := map[bool]string{true: "firing", false: "resolved"}[fires]
				return "/v1/events", fmt.Sprintf(`{"dedup_key":%q,"status":%q,"title":"alert %s of %s","severity":%q,"service":%q}`, a.sender+"-"+key, status, key, a.sender, sev, service)
			}
		}
		a.says(x.Verb == "fire")
	case "storm":
		for k := range x.int("count") {
			a := s.alert("storm"+x.Args["n"], strconv.Itoa(k))
			a.body = func(fires bool) (string, string) {
				status := map[bool]string{true: "firing", false: "resolved"}[fires]
				return "/v1/events", fmt.Sprintf(`{"dedup_key":%q,"status":%q,"title":"storm %s","severity":"critical","service":%q}`, a.sender+"-"+a.key, status, a.key, []string{"checkout", "ledger", "search"}[k%3])
			}
			a.says(true)
		}
	case "group":
		s.group(x)
		return
	}
	s.resend()
}

// alert is an alert as its sender knows it.
func (s *simRun) alert(sender, key string) *senderAlert {
	a := s.model.alerts[sender+"/"+key]
	if a == nil {
		a = &senderAlert{sender: sender, key: key, taken: true, was: map[bool]bool{}}
		s.model.alerts[sender+"/"+key] = a
	}
	return a
}

// says changes what the sender says of it from now on.
func (a *senderAlert) says(fires bool) {
	a.fires, a.taken = fires, false
	a.was[fires] = true
}

// group sends what Alertmanager sends of a group: what stands in it, as far as it is not
// cut off.
func (s *simRun) group(x step) {
	type one struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    string            `json:"startsAt"`
		EndsAt      string            `json:"endsAt"`
		Fingerprint string            `json:"fingerprint"`
	}
	var list []one
	var sent []*senderAlert
	left := 0
	for k := range 6 {
		a := s.alert("manager", "fp"+strconv.Itoa(k))
		fires := x.Args["fires"][k] == '1'
		switch {
		case !fires && !a.fires:
			continue // Alertmanager sends nothing of what has been over
		case x.Args["sent"][k] == '0' && a.taken:
			left++ // it is cut off, whatever it is
			continue
		}
		if fires && !a.fires {
			a.since = int(time.Now().Unix())
		}
		o := one{Status: "firing", Labels: map[string]string{"alertname": "Manager", "service": "ledger", "instance": a.key, "severity": "critical"},
			Annotations: map[string]string{"summary": "manager " + a.key}, StartsAt: time.Unix(int64(a.since), 0).UTC().Format(time.RFC3339), EndsAt: "0001-01-01T00:00:00Z", Fingerprint: a.key}
		if !fires {
			o.Status, o.EndsAt = "resolved", time.Now().UTC().Format(time.RFC3339)
		}
		a.says(fires)
		list, sent = append(list, o), append(sent, a)
	}
	if len(list) == 0 {
		return
	}
	status := "firing"
	if !slices.ContainsFunc(list, func(o one) bool { return o.Status == "firing" }) {
		status = "resolved"
	}
	body, err := json.Marshal(map[string]any{"version": "4", "groupKey": "{}:{alertname=\"Manager\"}", "truncatedAlerts": left, "status": status, "receiver": "bell",
		"groupLabels": map[string]string{"alertname": "Manager"}, "commonLabels": map[string]string{"alertname": "Manager"}, "commonAnnotations": map[string]string{}, "externalURL": "http://am.test", "alerts": list})
	if err != nil {
		panic(err)
	}
	for _, a := range sent {
		a.body = func(bool) (string, string) { return "/v1/alertmanager", string(body) }
	}
	s.resend()
}

// resend sends what no one has taken yet; a body that several share goes once.
func (s *simRun) resend() {
	select {
	case <-s.process.dead:
		return
	case <-s.process.ended:
		return
	default:
	}
	var keys []string
	for k, a := range s.model.alerts {
		if !a.taken {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a := s.model.alerts[k]
		if a.taken {
			continue
		}
		path, body := a.body(a.fires)
		begun := time.Now()
		status, answer, err := s.asked("POST", path, body, map[string]string{"Authorization": "Bearer " + townSender})
		s.say("  alert %s fires=%t: %d %.160s %v", k, a.fires, status, answer, err)
		if err != nil || status/100 == 5 || status == http.StatusTooManyRequests {
			return // later, and the others with it
		}
		if status/100 != 2 {
			s.fail("acknowledged", "the sender of %s was answered %d %s", k, status, answer)
		}
		a.taken = true
		s.known(namedIn(answer))
		s.heldBack(a, body, answer, begun)
		if path == "/v1/alertmanager" {
			for _, k := range keys {
				if b := s.model.alerts[k]; b.sender == "manager" && !b.taken {
					if _, other := b.body(b.fires); other == body {
						b.taken = true
					}
				}
			}
		}
	}
}

// roster changes who is on call.
func (s *simRun) roster(x step) {
	people := s.process.program.people
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	caller := oncall.Caller{Actor: actorOf(x.Args["who"]), Key: "k" + x.Args["n"]}
	now := s.wall().UTC().Truncate(time.Second)
	reason := "w" + x.Args["n"] + "w wants it"
	var err error
	from := now.Add(x.duration("in"))
	to := from.Add(x.duration("for"))
	switch x.Verb {
	case "override":
		_, err = people.Override(ctx, caller, "primary", rotation.Override{Kind: rotation.Set, People: []string{x.Args["who"]}, Start: from, End: to, Reason: reason})
	case "timeoff":
		_, err = people.TimeOff(ctx, caller, rotation.TimeOff{Person: x.Args["who"], Start: from, End: to})
		reason = to.Format(time.RFC3339)
	case "swap", "agreed":
		var asked oncall.Answer
		if x.Verb == "agreed" { // by whoever is on call then, and the other one of the two
			who, whom := "ada", "bob"
			if dayOf(now.Add(time.Hour)) == "person:bob" {
				who, whom = "bob", "ada"
			}
			x.Args = map[string]string{"n": x.Args["n"], "who": who, "whom": whom}
			caller.Actor = actorOf(who)
		}
		asked, err = people.AskSwap(ctx, caller, oncall.SwapRequest{Rotation: "primary", Why: reason,
			Swap: rotation.Swap{Person: x.Args["who"], With: x.Args["whom"], Start: now.Add(time.Hour), End: now.Add(7 * time.Hour)}})
		if err == nil && x.Verb == "agreed" {
			s.model.exchanged = true
			_, err = people.AcceptSwap(ctx, oncall.Caller{Actor: actorOf(x.Args["whom"]), Key: "a" + x.Args["n"]}, "primary", asked.Seq)
		}
	case "roster":
		var text []byte
		if text, err = people.RosterText(ctx, people.RosterVersion()); err == nil {
			var r *rotation.Roster
			if r, err = rotation.Parse("roster.yaml", text); err == nil {
				_, err = people.Apply(ctx, caller, oncall.Application{Roster: r, Text: text, Why: reason})
			}
		}
	}
	s.say("  %s: %v", x.Verb, err)
	if err != nil { // it may be in the record all the same
		s.promised(promise{what: "unheard", from: from, until: to})
	}
	if err == nil && x.Verb != "roster" && x.Verb != "swap" && x.Verb != "agreed" {
		s.promised(promise{what: x.Verb, by: caller.Actor, text: reason, from: from, until: to})
	}
}

// breaks is what goes wrong outside.
func (s *simRun) breaks(x step) {
	var f slacksim.Fault
	switch x.Verb {
	case "slack":
		f = slacksim.Fault{Method: x.Args["method"], Times: x.int("times")}
		switch how := x.Args["how"]; how {
		case "429":
			f.Status, f.RetryAfter = 429, 7
		case "503":
			f.Status = 503
		case "reset":
			f.Reset = true
		case "after":
			f.After, f.Reset = true, true
		case "html":
			f.HTML = true
		case "latency":
			f.Latency = 4 * time.Second
		default:
			f.Error = how
		}
	case "slack-down":
		f.Down = true
		time.AfterFunc(x.duration("for"), s.sim.ClearFaults)
	case "socket":
		f.Socket = x.Args["how"]
		if f.Socket == "silent" {
			time.AfterFunc(7*time.Minute, s.sim.ClearFaults)
		}
	case "lose-acks":
		f.LoseAcks = x.int("times")
	case "redeliver":
		for _, c := range slices.Backward(s.sim.Calls(0)) {
			if c.EnvelopeID != "" && c.Kind == "frame_out" {
				f.Redeliver = c.EnvelopeID
				break
			}
		}
		if f.Redeliver == "" {
			return
		}
	case "provider":
		s.outside.set(x.Args["via"], x.Args["how"], time.Now().Add(x.duration("for")))
		return
	}
	if err := s.sim.Fault(f); err != nil {
		s.say("  %v", err)
	}
}

// falls is what happens to the program, or to its store.
func (s *simRun) falls(x step) {
	switch x.Verb {
	case "crash":
		s.crash(x.duration("away"))
	case "restart":
		s.restart(x.duration("away"))
	case "takeover":
		s.takeover(x)
	case "crash-commit":
		s.medium.faults.set(x.int("at"), "crash-"+x.Args["when"], 1)
	case "crash-call":
		s.calls.set(x.int("at"), "crash-"+x.Args["when"], 1)
	case "full":
		s.medium.faults.set(x.int("at"), "full", x.int("times"))
	case "unknown":
		s.medium.faults.set(x.int("at"), "unknown-"+x.Args["when"], 1)
	}
}

// everything is what the providers have taken on, in that order.
func (s *simRun) everything() []delivery {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	return slices.Clone(s.mail.got)
}
