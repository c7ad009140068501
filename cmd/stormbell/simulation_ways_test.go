package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// acknowledge answers by one of the ways there are.
func (s *simRun) acknowledge(x step) {
	n := s.picked(x.int("pick"))
	if n == 0 {
		return
	}
	who := x.Args["who"] // the other ways answer what somebody got last, whatever it is about
	p := promise{what: "event", incident: n, kind: incident.KindAcknowledged, by: actorOf(who), from: time.Now()}
	done := false
	switch x.Args["via"] {
	case "slack":
		done = strings.HasPrefix(s.command(who, "ack "+incident.Name(n)), "You are on "+incident.Name(n))
	case "http":
		status, _ := s.operate("/v1/incidents/"+incident.Name(n)+"/ack", fmt.Sprintf(`{"as":%q}`, who), "k"+x.Args["n"])
		done = status == http.StatusOK
	case "button":
		s.pressAck(who)
	case "link":
		s.useLink()
	case "key":
		p.by, p.incident = "", 0 // a call does not say
		done = s.pressKey()
	case "code":
		s.sendCode()
	}
	if done {
		s.promised(p)
	}
}

// pressAck presses the button of the last message to somebody that has one. What came of
// it, the message says later.
func (s *simRun) pressAck(who string) {
	dm := s.dm("U0" + strings.ToUpper(who))
	for _, m := range slices.Backward(dm.Messages) {
		if strings.Contains(string(m.Blocks), `"action_id":"ack"`) {
			seen, err := s.sim.As("U0" + strings.ToUpper(who)).Press(slacksim.Press{Channel: dm.ID, TS: m.TS, ActionID: "ack"})
			s.say("  presses: %v %s", err, seen.Error)
			return
		}
	}
}

var (
	ackLink = regexp.MustCompile(`http://bell\.test(/ack/[\w-]+)`)
	ackKey  = regexp.MustCompile(`action="(http://bell\.test(/v1/twilio/voice/[\w-]+))"`)
	ackCode = regexp.MustCompile(`Reply (\d+) to acknowledge`)
)

// useLink uses the last link that somebody got. Of what it says is acknowledged, somebody
// is in the record.
func (s *simRun) useLink() {
	for _, d := range slices.Backward(s.everything()) {
		link := ackLink.FindStringSubmatch(d.Text)
		if link == nil {
			continue
		}
		p := promise{what: "event", kind: incident.KindAcknowledged, from: time.Now()}
		status, answer, err := s.asked("POST", link[1], "", map[string]string{"Accept": "application/json"})
		s.say("  link: %d %.80s %v", status, answer, err)
		var said struct{ Acknowledged []string }
		if err == nil && status == http.StatusOK && json.Unmarshal([]byte(answer), &said) == nil {
			for _, name := range said.Acknowledged {
				p.incident = namedIn(name)
				s.promised(p)
			}
		}
		return
	}
}

// pressKey presses the key of the last call, and reports whether it was said that whoever
// was called is on it.
func (s *simRun) pressKey() bool {
	for _, d := range slices.Backward(s.everything()) {
		key := ackKey.FindStringSubmatch(html.UnescapeString(d.Text))
		if key == nil {
			continue
		}
		form := url.Values{"CallSid": {fmt.Sprintf("CA%032x", d.At.UnixNano())}, "Digits": {"1"}}
		mac := hmac.New(sha1.New, []byte("made-up"))
		mac.Write([]byte(key[1] + "CallSid" + form.Get("CallSid") + "Digits1"))
		status, answer, err := s.asked("POST", key[2], form.Encode(), map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))})
		s.say("  key: %d %.200s %v", status, answer, err)
		return err == nil && status == http.StatusOK && strings.Contains(answer, "You are on it.")
	}
	return false
}

// sendCode answers the last text message by its code.
func (s *simRun) sendCode() {
	for _, d := range slices.Backward(s.everything()) {
		if code := ackCode.FindStringSubmatch(d.Text); d.Via == "sms" && code != nil {
			s.say("  %s sends %s", d.To, code[1])
			s.mail.answer(d.To, code[1])
			return
		}
	}
}

// beatEvery is how often the heartbeat of the roster comes while it does; it is expected
// every ten minutes, and one minute longer.
const beatEvery = 4 * time.Minute

// beat sends a sign of life, if it is time for one.
func (s *simRun) beat() {
	now := time.Now()
	if !now.Before(s.model.beatUntil) || now.Sub(s.model.tried) < beatEvery {
		return
	}
	s.model.tried = now
	status, answer, err := s.asked("POST", "/v1/heartbeats/nightly", "", map[string]string{"Authorization": "Bearer " + townSender})
	if err == nil && status/100 == 2 {
		s.model.beats = append(s.model.beats, time.Now())
		return
	}
	s.say("  heartbeat: %d %.100s %v", status, answer, err)
}

// quietTime is when the alerts of a service are held back for certain.
type quietTime struct {
	service  string
	from, to time.Time
}

// silence has alerts held back, those of a service by either of the two ways.
func (s *simRun) silence(x step) {
	if x.Args["who"] == "eve" {
		return
	}
	reason, service := "w"+x.Args["n"]+"w disk swap", "search"
	path, body := "/v1/silences", `"match":{"service":"search"}`
	if x.Verb == "maintenance" {
		service = x.Args["service"]
		path, body = "/v1/maintenance", fmt.Sprintf(`"service":%q`, service)
	}
	p := promise{what: "silence", by: actorOf(x.Args["who"]), text: reason, from: time.Now()}
	status, _ := s.operate(path, fmt.Sprintf(`{"as":%q,%s,"for":%q,"reason":%q}`, x.Args["who"], body, x.Args["for"], reason), "k"+x.Args["n"])
	if status/100 == 2 {
		s.promised(p)
		if s.model.clockSet.IsZero() {
			s.model.quiet = append(s.model.quiet, quietTime{service, time.Now(), p.from.Add(x.duration("for"))})
		}
	}
}

// heldBack looks whether an alert that was taken is held back as it was promised: it
// opens nothing, and asks nobody.
func (s *simRun) heldBack(a *senderAlert, body, answer string, begun time.Time) {
	if a.sender == "manager" || !a.fires {
		return // a group is answered in sum
	}
	for _, q := range s.model.quiet {
		if strings.Contains(body, fmt.Sprintf(`"service":%q`, q.service)) && begun.After(q.from) && time.Now().Before(q.to) && strings.Contains(answer, `"result":"opened"`) {
			s.fail("held back", "the alert %s of %s was to be held back until %s, and was answered %s", a.key, q.service, q.to.UTC(), answer)
		}
	}
}

// publish resolves an incident, answers what its post-mortem must say, publishes it, and
// reads what was published.
func (s *simRun) publish(x step) {
	n := s.picked(x.int("pick"))
	if n == 0 || x.Args["who"] == "eve" {
		return
	}
	who, address, text := x.Args["who"], "/v1/incidents/"+incident.Name(n)+"/", "w"+x.Args["n"]+"w was the cause"
	for k, verb := range []string{"resolve", "postmortem-answer"} {
		s.operate(address+verb, fmt.Sprintf(`{"as":%q,"question":"cause","text":%q}`, who, text), fmt.Sprint("p", k, "k", x.Args["n"]))
	}
	p := promise{what: "event", incident: n, kind: incident.KindPublished, by: actorOf(who), from: time.Now()}
	status, _ := s.operate(address+"postmortem-publish", fmt.Sprintf(`{"as":%q,"text":%q}`, who, text), "k"+x.Args["n"])
	if status != http.StatusOK {
		return
	}
	s.promised(p)
	s.model.published[n] = append(s.model.published[n], publication{text, s.version(n, len(s.model.published[n])+1)})
}

// publication is a version of a post-mortem.
type publication struct {
	has   string // what was answered before it was published
	shown string // as it was shown then; empty: nobody answered
}

// version is a version of a post-mortem as it is shown; empty: nobody answers.
func (s *simRun) version(n, version int) string {
	status, text, err := s.asked("GET", fmt.Sprintf("/v1/incidents/%s/postmortem?format=markdown&version=%d", incident.Name(n), version), "", nil)
	if err != nil || status != http.StatusOK {
		return ""
	}
	return text
}

// look has somebody look who has nothing to do with any incident.
func (s *simRun) look() {
	if _, err := s.sim.As("U0ZOE").OpenHome(); err != nil {
		s.say("  %v", err)
	}
	for _, text := range []string{"list all", "search things"} {
		s.model.zoe = append(s.model.zoe, s.zoeSees(text))
	}
}

// zoeSees is what zoe is answered.
func (s *simRun) zoeSees(text string) string {
	seen, err := s.sim.As("U0ZOE").Command("general", "/incident", text)
	s.say("  zoe types %s: %v %s %.300s", text, err, seen.Error, seen.Text)
	return seen.Text + string(seen.Blocks)
}
