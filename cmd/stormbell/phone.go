package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// phones are everybody's phones in the demonstration: an ntfy server and a
// Twilio API, as far as the bot uses them, that show on the page what would
// ring. The bot talks to them as it does to the real ones.
type phones struct {
	now     func() time.Time  // the time that phones show
	people  map[string]string // person by phone number
	base    string            // http://HOST:PORT
	number  string            // ours
	account string
	token   string
	server  *http.Server
	stopped chan error

	mu       sync.Mutex
	items    []phoneItem // oldest first
	inbox    []inbound   // what was published or texted back, oldest first
	watchers map[chan struct{}]bool
}

type phoneItem struct {
	page.PhoneItem
	sequence string
	answer   func() error // what pressing the key does; nil where there is none
}

// inbound is an answer on its way to the bot.
type inbound struct {
	id, topic, from, text string
	at                    time.Time
}

const topicPrefix = "stormbell-"

// openPhones serves the phones of a roster's people on a port of their own. They
// show the time that now tells.
func openPhones(r *rotation.Roster, now func() time.Time) (*phones, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot listen on 127.0.0.1 for the phones: %v", plainly(err))
	}
	p := &phones{
		now: now, people: map[string]string{}, base: "http://" + listener.Addr().String(), number: "+12025550100",
		account: "AC" + token(16), token: token(16), stopped: make(chan error, 1), watchers: map[chan struct{}]bool{},
	}
	for _, person := range r.People {
		if person.Phone != "" {
			p.people[person.Phone] = person.ID
		}
	}
	p.server = &http.Server{Handler: guarded(p.routes()), ReadHeaderTimeout: 10 * time.Second}
	go func() { p.stopped <- p.server.Serve(listener) }()
	return p, nil
}

// close stops serving.
func (p *phones) close() error {
	p.server.Close()
	if err := <-p.stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the phones: %v", err)
	}
	return nil
}

// methods is the configuration with which the bot reaches the phones.
func (p *phones) methods() configs.Notify {
	return configs.Notify{
		Ntfy:   configs.Ntfy{URL: p.base, Topic: topicPrefix + "{person}", ReplyTopic: topicPrefix + "replies"},
		Twilio: configs.Twilio{APIURL: p.base, AccountSID: p.account, AuthToken: configs.NewSecret(p.token), From: p.number},
	}
}

// token returns n random bytes in hexadecimal.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// routes are ntfy's and Twilio's addresses.
func (p *phones) routes() *http.ServeMux {
	account := "/2010-04-01/Accounts/" + p.account
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", p.push)
	mux.HandleFunc("GET /v1/health", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]any{"healthy": true}) })
	mux.HandleFunc("GET /{topic}/json", p.published)
	mux.HandleFunc("POST "+account+"/Messages.json", p.text)
	mux.HandleFunc("GET "+account+"/Messages.json", p.texts)
	mux.HandleFunc("POST "+account+"/Calls.json", p.call)
	mux.HandleFunc("GET "+account+"/{kind}/{file}", p.fate)
	mux.HandleFunc("GET "+account+".json", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"sid": p.account, "status": "active"})
	})
	return mux
}

// guarded keeps out what another site's page makes a browser send.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := slacksim.Guard(r); why != "" {
			http.Error(w, why, http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked may have gone
}

// push is ntfy's publishing as JSON. A message with the sequence ID of another
// takes its place on the phone. ntfy: publishing, updating notifications.
func (p *phones) push(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Topic, Title, Message string
		SequenceID            string `json:"sequence_id"`
		Actions               []struct{ Action, Label, URL, Body string }
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	item := phoneItem{sequence: m.SequenceID, PhoneItem: page.PhoneItem{To: strings.TrimPrefix(m.Topic, topicPrefix), Via: "push", Text: m.Title}}
	if m.Message != m.Title { // ntfy wants a message, so the bot repeats a title that says all
		item.Text += "\n" + m.Message
	}
	for _, a := range m.Actions {
		if a.Action == "http" && item.answer == nil {
			item.Keys = []page.Key{{Key: "ack", Label: a.Label}}
			item.answer = func() error { return p.press(a.URL, a.Body) }
		}
	}
	id := p.ring(item)
	reply(w, map[string]any{"id": id, "time": time.Now().Unix(), "event": "message", "topic": m.Topic, "message": m.Message})
}

// press does what the button of a push does: it posts to its address, which may
// be a topic here.
func (p *phones) press(address, body string) error {
	if topic, here := strings.CutPrefix(address, p.base+"/"); here {
		p.receive(inbound{topic: topic, text: body})
		return nil
	}
	return post(address, "text/plain", body, "")
}

func post(address, kind, body, signature string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if signature != "" {
		req.Header.Set("X-Twilio-Signature", signature)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode >= 300 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}

// published is ntfy's polling of a topic.
func (p *phones) published(w http.ResponseWriter, r *http.Request) {
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.inbox {
		if m.topic == r.PathValue("topic") && m.at.Unix() >= since {
			reply(w, map[string]any{"id": m.id, "time": m.at.Unix(), "event": "message", "topic": m.topic, "message": m.text})
		}
	}
}

// text is Twilio's sending of a text message, which is answered by a code in it
// or by its link.
func (p *phones) text(w http.ResponseWriter, r *http.Request) {
	from, body := r.PostFormValue("To"), r.PostFormValue("Body")
	item := phoneItem{PhoneItem: page.PhoneItem{To: p.people[from], Via: "sms", Text: body}}
	if m := smsCode.FindStringSubmatch(body); m != nil {
		item.Keys = []page.Key{{Key: m[1], Label: "Reply " + m[1]}}
		item.answer = func() error { p.receive(inbound{from: from, text: m[1]}); return nil }
	} else if link := smsLink.FindString(body); link != "" {
		item.Keys = []page.Key{{Key: "ack", Label: "Open the link and acknowledge"}}
		item.answer = func() error { return post(link, "application/x-www-form-urlencoded", "", "") }
	}
	reply(w, map[string]any{"sid": "SM" + p.ring(item), "status": "queued"})
}

var (
	smsCode = pattern.New(`Reply (\S+) to acknowledge`)
	smsLink = pattern.New(`https?://\S+/ack/\S+`)
)

// texts is Twilio's list of messages that came in.
func (p *phones) texts(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []any{}
	for n := len(p.inbox) - 1; n >= 0; n-- {
		if m := p.inbox[n]; m.from != "" {
			list = append(list, map[string]any{"sid": "SM" + m.id, "status": "received", "direction": "inbound", "from": m.from, "to": p.number,
				"body": m.text, "date_created": m.at.UTC().Format(time.RFC1123Z)})
		}
	}
	reply(w, map[string]any{"messages": list})
}

// call is Twilio's making of a call.
func (p *phones) call(w http.ResponseWriter, r *http.Request) {
	var script struct {
		Gather struct {
			Action string   `xml:"action,attr"`
			Say    []string `xml:"Say"`
		} `xml:"Gather"`
		Say []string `xml:"Say"`
	}
	if err := xml.Unmarshal([]byte(r.PostFormValue("Twiml")), &script); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	said := append(script.Gather.Say, script.Say...)
	item := phoneItem{PhoneItem: page.PhoneItem{To: p.people[r.PostFormValue("To")], Via: "voice"}}
	if len(said) > 0 {
		item.Text = said[0]
	}
	sid := "CA" + token(16)
	if script.Gather.Action != "" {
		item.Keys = []page.Key{{Key: "1", Label: "Press 1"}}
		item.answer = func() error { return p.digit(script.Gather.Action, sid) }
	}
	p.ring(item)
	reply(w, map[string]any{"sid": sid, "status": "queued"})
}

// digit reports key 1 as Twilio does: a signed form.
func (p *phones) digit(address, sid string) error {
	form := url.Values{"CallSid": {sid}, "Digits": {"1"}}
	mac := hmac.New(sha1.New, []byte(p.token))
	mac.Write([]byte(address + "CallSid" + sid + "Digits1"))
	return post(address, "application/x-www-form-urlencoded", form.Encode(), base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// fate is Twilio's word on what became of a message or a call.
func (p *phones) fate(w http.ResponseWriter, r *http.Request) {
	status := "delivered"
	if r.PathValue("kind") == "Calls" {
		status = "completed"
	}
	reply(w, map[string]any{"sid": strings.TrimSuffix(r.PathValue("file"), ".json"), "status": status})
}

// ring shows an item on its phone and returns its ID.
func (p *phones) ring(item phoneItem) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wake()
	item.ID, item.At = token(16), p.now()
	for n := range p.items {
		old := &p.items[n]
		if item.sequence == "" || item.sequence != old.sequence && item.sequence != old.ID || item.To != old.To {
			continue
		}
		if item.answer == nil { // it asks for nothing any more
			old.Over, old.Note = true, item.Text
		}
		return old.ID
	}
	p.items = append(p.items, item)
	return item.ID
}

func (p *phones) receive(m inbound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.id, m.at = token(16), time.Now()
	p.inbox = append(p.inbox, m)
}

// wake tells those who watch; the caller holds the lock.
func (p *phones) wake() {
	for ch := range p.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// onPage is the phones as the page shows them.
func (p *phones) onPage() *page.Phone {
	return &page.Phone{Items: p.list, Press: p.pressed, Watch: p.watch}
}

func (p *phones) list() []page.PhoneItem {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []page.PhoneItem
	for _, i := range p.items {
		list = append(list, i.PhoneItem)
	}
	return list
}

// pressed does what a key does, once: it works again only if that failed.
func (p *phones) pressed(id, key string) error {
	answer := p.settle(id, "answered", true)
	if answer == nil {
		return errors.New("there is nothing to press any more")
	}
	if err := answer(); err != nil {
		p.settle(id, "key "+key+" failed: "+err.Error(), false)
		return err
	}
	return nil
}

// settle marks an item as answered or not, and returns what answering does; nil
// where there is nothing to answer, or it has been.
func (p *phones) settle(id, note string, over bool) func() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := range p.items {
		if i := &p.items[n]; i.ID == id && i.Over != over && i.answer != nil {
			i.Over, i.Note = over, note
			p.wake()
			return i.answer
		}
	}
	return nil
}

// watch signals that items changed, until ctx ends.
func (p *phones) watch(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers[out] = true
	context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, out)
	})
	return out
}
