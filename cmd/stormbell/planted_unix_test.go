//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/configs"
)

// plantedRoster has somebody who is paged by every contact method at once, whose number
// nobody else may read.
const plantedRoster = `
people:
  - {id: elif, name: Elif Kaya, slack: U0ELIF, phone: "+4915735981234", email: elif.planted@shop.example,
     rules: {high: [{via: slack}, {via: push}, {via: sms}, {via: voice}, {via: email}, {via: webhook}]}}
teams:
  - {id: payments, name: Payments, members: [elif], lead: elif}
policies:
  - {id: payments, steps: [{notify: [person:elif], wait: 10m}], last_resort: [person:elif]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// echoes is every provider at once, and one that gives away what it was sent: it refuses,
// and repeats the request in its answer.
type echoes struct {
	*httptest.Server
	mail net.Listener
	to   string // sends callers on to that address; empty: does not

	mu  sync.Mutex
	got map[string]string // what came, by the first part of its path; "mail" for mail
}

func newEchoes(t *testing.T) *echoes {
	t.Helper()
	e := &echoes{got: map[string]string{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	var err error
	if e.mail, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.mail.Close() })
	go func() {
		for {
			c, err := e.mail.Accept()
			if err != nil {
				return
			}
			go e.refuseMail(c)
		}
	}()
	return e
}

func (e *echoes) add(who, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got[who] += text
}

// redirect has every request sent on to another server from now on.
func (e *echoes) redirect(to string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = to
}

func (e *echoes) elsewhere() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.to
}

// heard returns what a provider was sent.
func (e *echoes) heard(who string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got[who]
}

func (e *echoes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var all bytes.Buffer
	fmt.Fprintf(&all, "%s %s\n", r.Method, r.URL)
	_ = r.Header.Write(&all)
	all.Write(body)
	who, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	e.add(who, all.String())
	if to := e.elsewhere(); to != "" {
		http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
		return
	}
	w.WriteHeader(http.StatusBadRequest)
	text, _ := json.Marshal(all.String())
	fmt.Fprintf(w, `{"code":21211,"error":%[1]s,"message":%[1]s,"errors":[{"message":%[1]s}]}`, text)
}

// refuseMail wants a login, and then does not take it, with the login in its words.
func (e *echoes) refuseMail(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "220 mail ESMTP\r\n")
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		line := string(buf[:n])
		e.add("mail", line)
		switch {
		case strings.HasPrefix(line, "EHLO"):
			fmt.Fprint(c, "250-mail\r\n250 AUTH PLAIN LOGIN\r\n")
		case strings.HasPrefix(line, "QUIT"):
			return
		default:
			fmt.Fprintf(c, "535 5.7.8 not accepted: %s\r\n", strings.TrimSpace(line))
		}
	}
}

// planted are the secrets of one program, by what they are.
type planted map[string]string

// forKey makes up the secret of a key.
func (p planted) forKey(key string) string {
	p[key] = fmt.Sprintf("%x", sha256.Sum256([]byte(key)))[:32]
	return p[key]
}

// forms are how a secret may be written: as it is, in an address, or as a login.
func forms(secret string) []string {
	return []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
}

// in returns which of the secrets a text holds, but for some.
func (p planted) in(text string, but ...string) (list []string) {
	for what, secret := range p {
		if slices.ContainsFunc(but, func(b string) bool { return strings.HasPrefix(what, b) }) {
			continue
		}
		if slices.ContainsFunc(forms(secret), func(s string) bool { return strings.Contains(text, s) }) {
			list = append(list, what)
		}
	}
	return list
}

// plantedLab is the real program with a secret in every key that holds one.
type plantedLab struct {
	*lab
	planted
	providers *echoes
	folder    string
}

func newPlantedLab(t *testing.T) *plantedLab {
	t.Helper()
	l := &plantedLab{lab: newLabWith(t, []byte(plantedRoster), ""), planted: planted{}, providers: newEchoes(t)}
	l.sim.ClearFaults()
	l.folder = filepath.Dir(l.config)
	values := map[string]any{"u": l.providers.URL, "mail": l.providers.mail.Addr(), "http": l.http, "folder": l.folder}
	for _, k := range configs.Keys() {
		if k.Secret {
			values[k.Name] = l.forKey(k.Name)
		}
	}
	// Slack's are what the workspace takes; some others have a form of their own.
	l.planted["slack.app_token"], l.planted["slack.bot_token"] = l.sim.AppToken(), l.sim.BotToken()
	l.planted["tracker"] = l.forKey("tracker")
	l.planted["heartbeat.url"] = l.forKey("heartbeat.url")
	l.planted["phone"], l.planted["the mail address"] = "4915735981234", "elif.planted@"
	l.planted["twilio's login"] = base64.StdEncoding.EncodeToString([]byte("AC0123456789abcdef0123456789abcdef:" + l.planted["notify.twilio.auth_token"]))
	write(t, filepath.Join(l.folder, "twilio"), l.planted["notify.twilio.auth_token"]+"\n")
	text := os.Expand(`slack: {app_token: ${slack.app_token}, bot_token: ${slack.bot_token}, api_url: '${api}'}
store: 'bolt:${folder}/stormbell.db'
etcd: {password: ${etcd.password}, username: stormbell}
roster: ${folder}/roster.yaml
log: {level: debug, format: json}
http: {listen: '${http}', public_url: 'https://bell.example', admin_token: ${http.admin_token}, integration_keys: [{name: monitor, key: ${http.integration_keys}}]}
notify:
  ntfy: {url: '${u}/ntfy', token: ${notify.ntfy.token}}
  smtp: {address: '${mail}', username: bell, from: bell@shop.example, tls: none}
  twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token_file: ${folder}/twilio, from: "+4915100000000", api_url: '${u}/twilio'}
  webhook: {url: '${u}/hook', secret: ${notify.webhook.secret}}
heartbeat: {url: '${u}/watch/${heartbeat.url}', every: 10s}
trackers: [{kind: gitlab, base_url: '${u}/gitlab', project: shop/checkout, token: ${tracker}}]
`, func(name string) string {
		if name == "api" {
			old, _ := os.ReadFile(l.config)
			return regexp.MustCompile(`api_url: '([^']+)'`).FindStringSubmatch(string(old))[1]
		}
		if s, ok := l.planted[name]; ok {
			return s
		}
		return fmt.Sprint(values[name])
	})
	write(t, l.config, text)
	l.env = []string{"STORMBELL_NOTIFY_SMTP_PASSWORD=" + l.planted["notify.smtp.password"]}
	for _, k := range configs.Keys() {
		if k.Secret && !strings.Contains(text, l.planted[k.Name]) && k.Name != "notify.smtp.password" && k.Name != "notify.twilio.auth_token" {
			t.Fatalf("%s holds a secret, and none is planted there: put it into the configuration of this test", k.Name)
		}
	}
	return l
}

// says runs a command and returns all that it prints.
func (l *plantedLab) says(args ...string) string {
	l.t.Helper()
	var out bytes.Buffer
	run(l.t.Context(), args, process{Env: l.env, In: strings.NewReader(""), Out: &out, Err: &out})
	if out.Len() == 0 {
		l.t.Errorf("stormbell %q prints nothing, so nothing is searched", args)
	}
	return out.String()
}

// asks sends a request and returns the whole answer.
func (l *plantedLab) asks(method, path, key, body string) string {
	l.t.Helper()
	q, err := http.NewRequestWithContext(l.t.Context(), method, "http://"+l.http+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	var all bytes.Buffer
	_ = resp.Header.Write(&all)
	_, _ = io.Copy(&all, resp.Body)
	return all.String()
}

// TestPlantedSecrets puts a secret into everything that can hold one, lets every provider
// repeat what it was sent, and looks for the secrets in all that the program says, keeps,
// answers and sends, up to what it prints when it is made to crash. Phone numbers are in
// the roster, which the admin token reads, and in the store; nothing else has them.
func TestPlantedSecrets(t *testing.T) {
	t.Parallel()
	l := newPlantedLab(t)
	l.start()
	admin, sender := l.planted["http.admin_token"], l.planted["http.integration_keys"]
	seen := map[string]string{} // all that is searched, by where it stands

	// A key that is made, and the pages of an alert with a body to be kept to oneself.
	made := l.says("key", "add", "--config", l.config, "prometheus")
	l.planted["a key that was made"] = regexp.MustCompile(`sbk_[a-z2-7]{40}`).FindString(made)
	for _, topic := range regexp.MustCompile(`stormbell-\S{16,}|[a-z0-9-]{24,}`).FindAllString(l.says("oncall", "topics", "--config", l.config), -1) {
		l.planted["a push topic "+topic] = topic
	}
	const body = "the body of an alert 8c41"
	l.asks("POST", "/v1/events", sender, `{"title":"Checkout is down","service":"checkout","severity":"sev1","details":{"why":"`+body+`"}}`)
	l.until("every provider was called", func() bool {
		return l.providers.heard("ntfy") != "" && strings.Contains(l.providers.heard("twilio"), "Messages") && strings.Contains(l.providers.heard("twilio"), "Calls") &&
			l.providers.heard("mail") != "" && l.providers.heard("hook") != "" && l.providers.heard("watch") != "" && l.paged()
	})
	for n, link := range regexp.MustCompile(`/ack/([A-Za-z0-9_-]{10,})`).FindAllStringSubmatch(l.providers.heard("hook")+l.providers.heard("ntfy"), -1) {
		l.planted[fmt.Sprintf("a link to acknowledge %d", n)] = link[1]
	}

	for name, q := range map[string][4]string{
		"the wrong token": {"GET", "/v1/incidents", "x" + admin}, "a key in an address": {"POST", "/v1/events?key=x" + sender, "", "{"},
		"a key as a path": {"GET", "/" + sender}, "a key for an admin": {"GET", "/v1/incidents", sender}, "an admin's for a key": {"POST", "/v1/events", admin, `{"title":"x"}`},
		"a key in a body": {"POST", "/v2/enqueue", "", `{"routing_key":"x` + sender + `","event_action":"trigger"}`}, "nothing to say": {"POST", "/v1/events", sender, `{"title":""}`},
		"metrics": {"GET", "/metrics"}, "health": {"GET", "/healthz"}, "readiness": {"GET", "/readyz"}, "keys": {"GET", "/v1/keys", admin},
		"incidents": {"GET", "/v1/incidents?all=1", admin}, "the timeline": {"GET", "/v1/incidents/INC-1/timeline", admin}, "the audit": {"GET", "/v1/audit", admin},
	} {
		seen["the answer to "+name] = l.asks(q[0], q[1], q[2], q[3])
	}
	out := filepath.Join(l.folder, "copy.db")
	for _, args := range [][]string{{"check"}, {"check", "--json"}, {"doctor"}, {"doctor", "--json"}, {"roster", "export"}, {"incident", "list", "--all"}, {"incident", "show", "INC-1"},
		{"incident", "timeline", "INC-1"}, {"postmortem", "INC-1"}, {"report", "--from", "2026-01-01"}, {"audit"}, {"key", "list"}, {"heartbeat", "list"}, {"alert", "explain", "INC-1"},
		{"backup", out}, {"fsck"}, {"run"}} { // the store is in use, so that run says why it does not
		words := 1
		for words < len(args) && !strings.HasPrefix(args[words], "-") && !strings.Contains(args[words], "/") {
			words++
		}
		seen["stormbell "+strings.Join(args, " ")] = l.says(slices.Concat(args[:words], []string{"--config", l.config}, args[words:])...)
	}
	l.broken(seen)

	if err := l.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // the way to make a Go program crash
		t.Fatal(err)
	}
	_ = l.cmd.Wait()
	l.cmd = nil
	log, err := os.ReadFile(l.log.Name())
	if err != nil || !bytes.Contains(log, []byte("SIGQUIT: quit")) || !bytes.Contains(log, []byte(`"level":"debug"`)) || !bytes.Contains(log, []byte("could not be sent")) {
		t.Fatalf("the log has no crash, no debugging or no failure: %v\n%.2000s", err, log)
	}
	seen["the log with a crash at its end"] = string(log)
	seen["Slack"] = l.slack()
	for _, who := range []string{"ntfy", "twilio", "mail", "hook", "watch", "gitlab"} {
		seen["what "+who+" got"] = l.providers.heard(who)
	}
	l.files(seen)

	l.search(seen, body)
}

// search looks for the secrets, each but where it belongs.
func (l *plantedLab) search(seen map[string]string, body string) {
	l.t.Helper()
	belongs := map[string][]string{
		"stormbell roster export": {"phone", "the mail address"},
		"what ntfy got":           {"notify.ntfy.token", "a push topic", "a link"},
		"what twilio got":         {"notify.twilio", "twilio's login", "phone", "a link"},
		"what mail got":           {"notify.smtp.password", "the mail address", "a link"},
		"what hook got":           {"a link", "phone", "the mail address"},
		"what watch got":          {"heartbeat.url"},
		"what gitlab got":         {"tracker"},
		"Slack":                   {"the mail address"}, // of the workspace's own people
	}
	for where, text := range seen {
		but := belongs[where]
		if strings.HasPrefix(where, "the file ") {
			but = append(but, "phone", "the mail address")
		}
		if found := l.planted.in(text, but...); len(found) > 0 {
			slices.Sort(found)
			secret := l.planted[found[0]]
			at := max(0, strings.Index(text, secret))
			l.t.Errorf("%s holds %q: …%q…", where, found, text[max(0, at-200):min(len(text), at+len(secret)+40)])
		}
	}
	if log := seen["the log with a crash at its end"]; strings.Contains(log, body) {
		l.t.Error("the log holds the body of an alert")
	}
	if strings.Contains(seen["the answer to metrics"], "Checkout is down") || !strings.Contains(seen["the answer to metrics"], "stormbell_") {
		l.t.Error("the metrics hold a title, or there are none")
	}
	for _, who := range []string{"ntfy", "twilio", "mail", "hook", "watch", "gitlab"} { // or the search would be blind
		if len(l.planted.in(seen["what "+who+" got"])) == 0 && who != "hook" {
			l.t.Errorf("%s got no secret at all, so it is not the provider that it stands for: %.300s", who, seen["what "+who+" got"])
		}
	}
	l.t.Logf("%d secrets were looked for in %d places", len(l.planted), len(seen))
}

// broken adds what is said of configurations that are not right, each with secrets where
// they are read wrongly.
func (l *plantedLab) broken(seen map[string]string) {
	l.t.Helper()
	good, err := os.ReadFile(l.config)
	if err != nil {
		l.t.Fatal(err)
	}
	path := filepath.Join(l.folder, "broken.yaml")
	for name, change := range map[string][2]string{
		"an open brace": {"}\nstore", "\nstore"}, "a misspelt key": {"admin_token:", "admin_tokn:"}, "a list": {"admin_token: ", "admin_token: [a, "}, "no colon": {"token: ", "token "},
		"a number": {"listen: ", "listen: 1 # "}, "a group too much": {"ntfy: {", "ntfy: {a: {"}, "two tokens in one": {"bot_token: xoxb", "bot_token: xapp"},
	} {
		write(l.t, path, strings.Replace(string(good), change[0], change[1], 1))
		seen["check of "+name] = l.says("check", "--config", path)
		seen["run of "+name] = l.says("doctor", "--config", path, "--json")
	}
}

// slack is all that stands in the workspace.
func (l *plantedLab) slack() string {
	text, err := json.Marshal(l.sim.State())
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// files adds what stands in the program's folder, names included. The configuration, its
// files and the log are what they are.
func (l *plantedLab) files(seen map[string]string) {
	l.t.Helper()
	err := filepath.WalkDir(l.folder, func(path string, d fs.DirEntry, err error) error {
		seen["the names of files"] += path + "\n"
		name := d.Name()
		if err != nil || d.IsDir() || name == "log" || name == "twilio" || strings.HasSuffix(name, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		seen["the file "+name] = string(text)
		return err
	})
	if err != nil || seen["the file stormbell.db"] == "" || seen["the file copy.db"] == "" {
		l.t.Errorf("the store or its copy is not there: %v, %s", err, seen["the names of files"])
	}
}

// TestOnlyWhatIsConfiguredIsCalled lets every provider send the program to another server,
// and an alert name the addresses of that server wherever an alert can: it is called by
// nothing that the program does.
func TestOnlyWhatIsConfiguredIsCalled(t *testing.T) {
	t.Parallel()
	elsewhere := newEchoes(t)
	l := newPlantedLab(t)
	l.providers.redirect(elsewhere.URL)
	l.start()
	bait := elsewhere.URL + "/bait"
	for _, body := range []string{
		fmt.Sprintf(`{"title":"See %[1]s","severity":"sev1","details":{"url":"%[1]s","runbook_url":"%[1]s"},"links":["%[1]s",{"url":"%[1]s","text":"x"}],"image":"%[1]s"}`, bait),
		fmt.Sprintf(`{"Type":"SubscriptionConfirmation","SubscribeURL":"%[1]s","SigningCertURL":"%[1]s","TopicArn":"arn:aws:sns:eu-central-1:1:x","Message":"x"}`, bait),
	} {
		for _, path := range []string{"/v1/events", "/v1/sns", "/v1/alertmanager", "/v1/grafana"} {
			l.asks("POST", path, l.planted["http.integration_keys"], body)
		}
	}
	l.says("incident", "note", "INC-1", "see "+bait, "--config", l.config)
	l.until("every provider was called", func() bool {
		for _, who := range []string{"ntfy", "twilio", "hook", "watch"} {
			if l.providers.heard(who) == "" {
				return false
			}
		}
		return l.paged() && strings.Contains(l.slack(), bait)
	})
	l.says("doctor", "--config", l.config) // asks the tracker, too
	if l.providers.heard("gitlab") == "" {
		t.Error("the tracker was not asked")
	}
	elsewhere.mu.Lock()
	defer elsewhere.mu.Unlock()
	if len(elsewhere.got) > 0 {
		t.Errorf("a server that no configuration names was called: %v", elsewhere.got)
	}
}

// until waits for something.
func (l *lab) until(what string, is func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// paged reports whether somebody has a page in Slack.
func (l *lab) paged() bool {
	for _, c := range l.sim.State().Channels {
		for _, m := range c.Messages {
			if c.IsIM && strings.Contains(string(m.Blocks), "INC-") {
				return true
			}
		}
	}
	return false
}
