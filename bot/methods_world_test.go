package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/web"
)

// waysRoster is a company in which everybody can be reached by every way.
const waysRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, phone: "+4915100000001", email: ada@shop.example, rules: {high: [{via: slack}, {via: push, after: 2m}, {via: sms, after: 5m}, {via: voice, after: 7m}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, phone: "+4915100000002", rules: {high: [{via: sms}, {via: voice, after: 1m}]}}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, phone: "+4915100000003", rules: {high: [{via: webhook}]}}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}
policies:
  - id: payments
    repeat: 1
    steps:
      - {notify: [person:ada], wait: 10m}
      - {notify: [person:bob], wait: 10m}
    last_resort: [person:cleo]
  - id: bobs
    steps:
      - {notify: [person:bob], wait: 1h}
    last_resort: [person:cleo]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: search, name: Search, kind: service, team: payments, policy: bobs}
defaults: {service: checkout, policy: payments}
`

const (
	twilioToken = "twilio-token-of-the-test"
	twilioSID   = "AC0123456789abcdef0123456789abcdef"
)

// sent is one message that a provider has taken on.
type sent struct {
	Via  string
	To   string
	Text string
	At   time.Time
	Link string // to acknowledge
	ID   string // of a push: what a repetition replaces
	Loud int    // of a push: its priority, from 1
}

// providers are ntfy, Twilio and somebody's webhook behind one handler, in
// memory.
type providers struct {
	line   *slacksim.Listener
	server *http.Server
	public string // http.public_url of the bot; empty: none
	topic  string // notify.ntfy.topic of the bot; empty: none
	weekly desk.Weekly

	mu        sync.Mutex
	sent      []sent
	calls     map[string]int               // attempts, by way
	fault     map[string]http.HandlerFunc  // what a way answers instead
	hangs     map[string]bool              // numbers for which Twilio does not answer
	hangQuiet bool                         // ntfy does not answer what makes no sound
	status    map[string]string            // what Twilio says of an SMS or a call, by way
	replies   []map[string]string          // text messages to the bot's number
	answers   []string                     // published to the reply topic
	limit     func(via string) (ok bool)   // nil: no limit
	window    map[string]map[time.Time]int // messages taken on, by way and second
}

func newProviders() *providers {
	p := &providers{line: slacksim.NewListener(), topic: "bell-{person}", calls: map[string]int{}, fault: map[string]http.HandlerFunc{},
		hangs: map[string]bool{}, status: map[string]string{}, window: map[string]map[time.Time]int{}}
	p.server = &http.Server{Handler: p}
	go p.server.Serve(p.line)
	return p
}

func (p *providers) close() {
	if p != nil {
		p.line.Close()
		p.server.Close()
	}
}

func (p *providers) deskOptions() desk.Options {
	if p == nil {
		return desk.Options{}
	}
	return desk.Options{Reports: []string{"sms", "voice"}, Weekly: p.weekly, Push: desk.Push{Server: "http://ntfy.test", Topic: p.topic}}
}

func (p *providers) methods() []string {
	if p == nil {
		return nil
	}
	return []string{"push", "sms", "voice", "webhook"}
}

// connect returns the bot's side of the ways, and puts the bot's own HTTP into
// the rig.
func (p *providers) connect(r *rig) *dispatch.Methods {
	if p == nil {
		return nil
	}
	rt := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return p.line.Dial(ctx) },
		IdleConnTimeout: 5 * time.Second,
	}
	account := notify.Twilio{API: "http://twilio.test", SID: twilioSID, AuthToken: twilioToken, From: "+4915199999999", Transport: rt}
	w := dispatch.NewMethods(dispatch.MethodsOptions{Desk: r.desk, People: r.people, PublicURL: p.public, Log: r.log, Senders: map[string]notify.Sender{
		"push": &notify.Ntfy{URL: "http://ntfy.test", ReplyTopic: "answers", Transport: rt}, "sms": &notify.SMS{Twilio: account},
		"voice": &notify.Voice{Twilio: account}, "webhook": &notify.Webhook{URL: "http://hook.test/in", Transport: rt},
	}})
	s, err := web.New(web.Options{Desk: r.desk, People: r.people, Log: zerolog.Nop(), Phone: web.Phone{Pressed: w.Pressed, Speak: w.Speak}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.web = s.Handler()
	return w
}

// ServeHTTP is every provider.
func (p *providers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	via := map[string]string{"ntfy.test": "push", "hook.test": "webhook"}[r.Host]
	switch {
	case strings.HasSuffix(r.URL.Path, "/Messages.json"), strings.Contains(r.URL.Path, "/Messages/"):
		via = "sms"
	case strings.Contains(r.URL.Path, "/Calls"):
		via = "voice"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodGet {
		p.tell(w, r, via)
		return
	}
	p.calls[via]++
	if to := parseForm(string(body))["To"]; p.hangs[to] || p.hangQuiet && strings.Contains(string(body), `"priority":1`) {
		p.mu.Unlock()
		<-r.Context().Done()
		p.mu.Lock()
		return
	}
	if f := p.fault[via]; f != nil {
		p.mu.Unlock()
		f(w, r)
		p.mu.Lock()
		return
	}
	if p.limit != nil && !p.limit(via) {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	p.take(w, r, via, body)
}

// take takes a message on.
func (p *providers) take(w http.ResponseWriter, r *http.Request, via string, body []byte) {
	m := sent{Via: via, At: time.Now()}
	id := strconv.Itoa(len(p.sent))
	switch via {
	case "push":
		var got struct {
			Topic, Title, Message string
			SequenceID            string `json:"sequence_id"`
			Priority              int
			Actions               []struct{ Label, URL, Body string }
		}
		_ = json.Unmarshal(body, &got)
		m.To, m.Text, m.ID, m.Loud = got.Topic, got.Title+"\n"+got.Message, got.SequenceID, got.Priority
		for _, a := range got.Actions {
			if a.Label == "Acknowledge" {
				m.Link = a.URL
				if a.Body != "" {
					m.Link = a.Body
				}
			}
		}
		fmt.Fprintf(w, `{"id":"m%s","time":%d,"event":"message","topic":%q}`, id, m.At.Unix(), got.Topic)
	case "webhook":
		var got struct {
			Type string
			Data struct{ To, Subject, Text, AckURL string }
		}
		_ = json.Unmarshal(body, &got)
		m.To, m.Text = got.Data.To, got.Type+": "+got.Data.Subject
		w.WriteHeader(http.StatusNoContent)
	default:
		form := parseForm(string(body))
		m.To, m.Text = form["To"], form["Body"]+form["Twiml"]
		sid := map[string]string{"sms": "SM", "voice": "CA"}[via] + fmt.Sprintf("%032x", len(p.sent))
		fmt.Fprintf(w, `{"sid":%q,"status":"queued"}`, sid)
	}
	p.sent = append(p.sent, m)
}

// tell answers what the bot asks of a provider.
func (p *providers) tell(w http.ResponseWriter, r *http.Request, via string) {
	switch {
	case r.URL.Path == "/answers/json":
		for n, a := range p.answers {
			fmt.Fprintf(w, "{\"id\":\"a%d\",\"time\":%d,\"event\":\"message\",\"topic\":\"answers\",\"message\":%q}\n", n, time.Now().Unix(), a)
		}
	case strings.HasSuffix(r.URL.Path, "/Messages.json"):
		list := slices.Clone(p.replies)
		slices.Reverse(list)
		_ = json.NewEncoder(w).Encode(map[string]any{"messages": list})
	default:
		sid := strings.TrimSuffix(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], ".json")
		status := p.status[via]
		if status == "" {
			status = map[string]string{"sms": "delivered", "voice": "completed"}[via]
		}
		fmt.Fprintf(w, `{"sid":%q,"status":%q}`, sid, status)
	}
}

func parseForm(s string) map[string]string {
	r, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader(s))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_ = r.ParseForm()
	out := map[string]string{}
	for k := range r.PostForm {
		out[k] = r.PostForm.Get(k)
	}
	return out
}

// reply sends a text message to the bot's number.
func (p *providers) reply(from, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replies = append(p.replies, map[string]string{"sid": fmt.Sprintf("SM%032x", 1000+len(p.replies)), "direction": "inbound",
		"from": from, "body": text, "date_created": time.Now().UTC().Format(time.RFC1123Z)})
}

// taken returns what a person was sent by a way, or by every way.
func (p *providers) taken(via, to string) []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []sent
	for _, m := range p.sent {
		if (via == "" || m.Via == via) && strings.Contains(m.To, to) {
			list = append(list, m)
		}
	}
	return list
}

func (p *providers) breaks(via string, f http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault[via] = f
}
