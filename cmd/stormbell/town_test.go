package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage"
)

// town is a bubble with the whole program in it, put together as `stormbell run`
// does it, and all that it talks to: a simulated workspace and the providers of
// the other ways. They are joined in memory, so that hours pass at once.
type town struct {
	t     *testing.T
	sim   *slacksim.Workspace
	store string     // the file
	mu    sync.Mutex // of lines
	lines map[string]*slacksim.Listener
	ends  []func()
	stop  func() // ends the program; nil: it does not run
	mail  *providers

	standbys  func(context.Context) (int, error) // as a cluster tells; nil: there is none
	wholeUpTo int64                              // bytes of a store that is read whole before the start; 0: as many as of anybody's

	copies configs.Backup                                                       // the zero value: no copy of the store is taken by itself
	after  time.Duration                                                        // after which incidents are archived; 0: none are
	disk   func(storage.Engine) storage.Engine                                  // around the store; nil: nothing
	around func(ctx context.Context, network, address string) (net.Conn, error) // in the place of dial, for the program; nil: dial
}

const (
	townAdmin  = "admin-token-of-the-test"
	townSender = "sender-key-of-the-test"
)

// newTown is a town whose store is the file. The program does not run yet.
func newTown(t *testing.T, sim *slacksim.Workspace, store string) *town {
	t.Helper()
	w := &town{t: t, sim: sim, store: store, lines: map[string]*slacksim.Listener{}, mail: &providers{}}
	w.serve(sim, "slack.test")
	w.serve(w.mail, "ntfy.test", "twilio.test", "hook.test")
	post := w.line("mail.test")
	go w.mail.takeMail(post)
	return w
}

// line listens under a name.
func (w *town) line(name string) *slacksim.Listener {
	l := slacksim.NewListener()
	w.mu.Lock()
	w.lines[name] = l
	w.mu.Unlock()
	w.ends = append(w.ends, func() { l.Close() })
	return l
}

func (w *town) serve(h http.Handler, names ...string) {
	server := &http.Server{Handler: h}
	w.ends = append(w.ends, func() { server.Close() })
	for _, name := range names {
		l := w.line(name)
		go server.Serve(l)
	}
}

func (w *town) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	l := w.lines[host]
	w.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: nobody is there", host)
	}
	return l.Dial(ctx)
}

// config is how the program is set up: with every way there is.
func (w *town) config() *configs.Config {
	c := configs.Default()
	c.Slack.AppToken, c.Slack.BotToken = configs.NewSecret(w.sim.AppToken()), configs.NewSecret(w.sim.BotToken())
	c.Slack.APIURL = "http://slack.test/api/"
	c.Store = configs.Store{Engine: "bolt", Path: w.store}
	c.HTTP.PublicURL = "http://bell.test"
	c.HTTP.AdminToken = configs.NewSecret(townAdmin)
	c.HTTP.IntegrationKeys = []configs.IntegrationKey{{Name: "monitor", Key: configs.NewSecret(townSender)}}
	c.Notify.Ntfy.URL, c.Notify.Ntfy.Topic = "http://ntfy.test", "stormbell-{person}" // as people had subscribed to
	c.Notify.Twilio.APIURL, c.Notify.Twilio.From = "http://twilio.test", "+4915199999999"
	c.Notify.Twilio.AccountSID, c.Notify.Twilio.AuthToken = "AC0123456789abcdef0123456789abcdef", configs.NewSecret("made-up")
	c.Notify.SMTP.Address, c.Notify.SMTP.From, c.Notify.SMTP.TLS = "mail.test:25", "bell@shop.example", "none"
	c.Notify.Webhook.URL = "http://hook.test/in"
	c.Paging.WeeklyTest = "fri 13:30"
	if w.copies.Folder != "" {
		c.Backup = w.copies
	}
	c.Archive.After = w.after
	return c
}

// start starts the program on the store, as after a reboot.
func (w *town) start() {
	w.t.Helper()
	log := zerolog.Nop()
	if testing.Verbose() {
		log = zerolog.New(zerolog.NewTestWriter(w.t)).Level(zerolog.WarnLevel)
	}
	on := network{dial: w.dial, disk: w.disk, wholeUpTo: w.wholeUpTo, standbys: w.standbys, listen: func(_, _ string) (net.Listener, error) { return w.line("bell.test"), nil }}
	if w.around != nil {
		on.dial = w.around
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := openProgramOn(ctx, on, w.config(), log)
	if err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(p.run(ctx), p.close()) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the program ended: %v", err)
		}
		w.stop = nil
	}
}

func (w *town) close() {
	if w.stop != nil {
		w.stop()
	}
	w.sim.Close()
	for _, end := range w.ends {
		end()
	}
	synctest.Wait()
}

// until lets time pass to an instant, and everything that is due happen.
func (w *town) until(at time.Time) {
	w.t.Helper()
	if !at.After(time.Now()) {
		w.t.Fatalf("%s is past: it is %s", at, time.Now().UTC())
	}
	time.Sleep(time.Until(at))
	synctest.Wait()
}

func (w *town) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// ask sends a request to the program and returns the answer.
func (w *town) ask(method, path, body string, header map[string]string) (int, []byte) {
	w.t.Helper()
	transport := &http.Transport{DialContext: w.dial, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://bell.test"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+townAdmin)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

// call is ask for a request that must succeed; into, if it is not nil, reads the
// answer.
func (w *town) call(method, path, body string, into any) []byte {
	w.t.Helper()
	status, answer := w.ask(method, path, body, nil)
	if status/100 != 2 {
		w.t.Fatalf("%s %s %s = %d %s", method, path, body, status, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
	return answer
}

// alert sends an alert and returns the incident and what became of it.
func (w *town) alert(body string) (name, result string) {
	w.t.Helper()
	status, answer := w.ask("POST", "/v1/events", body, map[string]string{"Authorization": "Bearer " + townSender})
	var got struct{ Incident, Result string }
	if err := json.Unmarshal(answer, &got); err != nil || status != http.StatusAccepted {
		w.t.Fatalf("alert %s = %d %s, %v", body, status, answer, err)
	}
	return got.Incident, got.Result
}

// press presses a button of a message.
func (w *town) press(user, channel string, m slacksim.Message, label string) slacksim.Seen {
	w.t.Helper()
	seen, err := w.sim.As(user).Press(slacksim.Press{Channel: channel, TS: m.TS, Label: label})
	if err != nil {
		w.t.Fatalf("press %q by %s on %s: %v", label, user, m.Blocks, err)
	}
	return seen
}

// dm returns the bot's direct messages with a user.
func (w *town) dm(user string) slacksim.Channel {
	c, _ := w.sim.State().DM(user, w.sim.BotUserID())
	return c
}

// brackets are as they may stand in JSON.
var brackets = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">")

// showing returns the messages of a channel that show all of the words.
func showing(c slacksim.Channel, words ...string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range c.Messages {
		all := m.Text + brackets.Replace(string(m.Blocks))
		found := true
		for _, word := range words {
			found = found && strings.Contains(all, word)
		}
		if found {
			list = append(list, m)
		}
	}
	return list
}

// providers are ntfy, Twilio, somebody's webhook and a mail server.
type providers struct {
	mu    sync.Mutex
	got   []delivery
	reply []map[string]string // text messages to the program's number, the newest first
}

// delivery is one message that a provider has taken on.
type delivery struct {
	Via, To, Text string
	At            time.Time
}

func (p *providers) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	via := map[string]string{"ntfy.test": "push", "hook.test": "webhook"}[r.Host]
	switch {
	case strings.Contains(r.URL.Path, "/Messages"):
		via = "sms"
	case strings.Contains(r.URL.Path, "/Calls"):
		via = "voice"
	}
	if r.Method == http.MethodGet {
		p.tell(rw, r)
		return
	}
	d := delivery{Via: via, At: time.Now()}
	form, _ := url.ParseQuery(string(body))
	switch via {
	case "push":
		var m struct{ Topic, Title string }
		_ = json.Unmarshal(body, &m) // what is none has no topic, which a test sees
		d.To, d.Text = m.Topic, m.Title+" "+string(body)
		fmt.Fprintf(rw, `{"id":"m%d","time":%d,"event":"message","topic":%q}`, d.At.UnixNano(), d.At.Unix(), m.Topic)
	case "webhook":
		d.Text = string(body)
		rw.WriteHeader(http.StatusNoContent)
	default:
		d.To, d.Text = form.Get("To"), form.Get("Body")+form.Get("Twiml")
		sid := map[string]string{"sms": "SM", "voice": "CA"}[via] + fmt.Sprintf("%032x", d.At.UnixNano())
		fmt.Fprintf(rw, `{"sid":%q,"status":"queued"}`, sid)
	}
	p.got = append(p.got, d)
}

// tell answers what the program asks of Twilio.
func (p *providers) tell(rw http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/Messages.json") {
		_ = json.NewEncoder(rw).Encode(map[string]any{"messages": append([]map[string]string{}, p.reply...)})
		return
	}
	sid := strings.TrimSuffix(filepath.Base(r.URL.Path), ".json")
	status := map[bool]string{true: "delivered", false: "completed"}[strings.HasPrefix(sid, "SM")]
	fmt.Fprintf(rw, `{"sid":%q,"status":%q}`, sid, status)
}

// takeMail is a mail server as small as one can be.
func (p *providers) takeMail(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go p.mailSession(conn)
	}
}

func (p *providers) mailSession(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 mail.test ESMTP\r\n")
	var d delivery
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "RCPT":
			d.To = rest
			fmt.Fprint(conn, "250 ok\r\n")
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			var text bytes.Buffer
			for line := ""; line != ".\r\n"; text.WriteString(line) {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
			}
			d.Via, d.Text, d.At = "email", text.String(), time.Now()
			p.mu.Lock()
			p.got = append(p.got, d)
			p.mu.Unlock()
			fmt.Fprint(conn, "250 ok\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

// taken returns what a person was sent by a way.
func (p *providers) taken(via, to string) []delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []delivery
	for _, d := range p.got {
		if d.Via == via && strings.Contains(d.To, to) {
			list = append(list, d)
		}
	}
	return list
}

// answer sends a text message to the program's number.
func (p *providers) answer(from, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply = append([]map[string]string{{"sid": fmt.Sprintf("SM%032x", 9000+len(p.reply)), "direction": "inbound",
		"from": from, "body": text, "date_created": time.Now().UTC().Format(time.RFC1123Z)}}, p.reply...)
}
