package page

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// office is a workspace with three people and two channels, and its page.
func office(t *testing.T, o Options) (*slacksim.Workspace, http.Handler) {
	t.Helper()
	w, err := slacksim.New(slacksim.Options{
		Team: `Pinewater <Goods>`,
		People: []slacksim.Person{
			{ID: "UADA00001", Name: "ada", RealName: "Ada Byron", TimeZone: "Europe/Berlin"},
			{ID: "UBEN00001", Name: "ben", RealName: "Ben Okafor"},
			{ID: "UCLEO0001", Name: "cleo"},
		},
		Channels: []string{"ops"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w, Handler(w, o)
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest(http.MethodGet, target, nil), header...)
}

func post(h http.Handler, target, body string, header ...string) *httptest.ResponseRecorder {
	return send(h, httptest.NewRequest(http.MethodPost, target, strings.NewReader(body)), header...)
}

func send(h http.Handler, r *http.Request, header ...string) *httptest.ResponseRecorder {
	r.Host = "127.0.0.1:7000"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// seenBy asks for a person's view.
func seenBy(t *testing.T, h http.Handler, query string) view {
	t.Helper()
	rec := get(h, "/view.json?"+query)
	var v view
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("GET /view.json?%s = %d %s", query, rec.Code, rec.Body)
	}
	return v
}

func say(t *testing.T, w *slacksim.Workspace, who, channel, text, thread string) slacksim.Message {
	t.Helper()
	m, err := w.As(who).Message(channel, text, thread)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func channelID(t *testing.T, w *slacksim.Workspace, name string) string {
	t.Helper()
	c, ok := w.State().Channel(name)
	if !ok {
		t.Fatalf("channel %s: there is none", name)
	}
	return c.ID
}

func TestPageIsSafe(t *testing.T) {
	_, h := office(t, Options{Notice: `"><script>alert(1)</script>`})
	rec := get(h, "/")
	body := rec.Body.String()
	if rec.Code != http.StatusOK || strings.Contains(body, "<script>") || !strings.Contains(body, "Pinewater &lt;Goods&gt;") {
		t.Errorf("GET / = %d\n%s\nwant the team's name and the notice escaped", rec.Code, body)
	}
	if inline := regexp.MustCompile(`(?i)\son\w+=|\sstyle=|<style|javascript:`).FindString(body); inline != "" {
		t.Errorf("GET / holds %q, which the policy forbids", inline)
	}
	csp := rec.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("Content-Security-Policy %q, want %q in it", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %q allows something unsafe", csp)
	}
}

// TestModulesNeverMakeMarkup: data becomes text, whatever it says. The one way to be sure is that no module can do
// anything else.
func TestModulesNeverMakeMarkup(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|` +
		`\beval\(|new Function|srcdoc|setHTML|setInterval\(\s*['"]|setTimeout\(\s*['"]`)
	imports := regexp.MustCompile(`from '\./([^']+)'`)
	modules := 0
	err := fs.WalkDir(static, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		modules++
		code, err := static.ReadFile(path)
		if bad := forbidden.Find(code); bad != nil {
			t.Errorf("%s uses %s", path, bad)
		}
		for _, m := range imports.FindAllStringSubmatch(string(code), -1) {
			if _, err := fs.Stat(static, "static/"+m[1]); err != nil {
				t.Errorf("%s imports %s: %v", path, m[1], err)
			}
		}
		if lines := strings.Count(string(code), "\n"); lines > 500 {
			t.Errorf("%s has %d lines, want at most 500", path, lines)
		}
		return err
	})
	if err != nil || modules < 10 {
		t.Errorf("walked %d modules: %v", modules, err)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	w, h := office(t, Options{Hosts: []string{"slack.internal"}})
	ops := channelID(t, w, "ops")
	read := `{"user":"ada","channel":"` + ops + `","ts":"1"}`
	for _, c := range []struct {
		name   string
		rec    *httptest.ResponseRecorder
		status int
	}{
		{"the page", get(h, "/"), 200},
		{"by another name of loopback", get(h, "/", "Host", "localhost:7000"), 200},
		{"by IPv6", get(h, "/", "Host", "[::1]:7000"), 200},
		{"by a name that was allowed", get(h, "/", "Host", "slack.internal:7000"), 200},
		{"by a rebound name", get(h, "/view.json?as=ada", "Host", "evil.example"), 403},
		{"a style sheet by a rebound name", get(h, "/static/page.css", "Host", "evil.example"), 403},
		{"a view for another site", get(h, "/view.json?as=ada", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"), 403},
		{"a link from another site", get(h, "/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 200},
		{"an act of the page", post(h, "/page/read", read, "Origin", "http://127.0.0.1:7000"), 200},
		{"an act of a program", post(h, "/page/read", read), 200},
		{"an act of another site", post(h, "/page/read", read, "Origin", "https://evil.example"), 403},
		{"an act of another port", post(h, "/page/read", read, "Origin", "http://127.0.0.1:8000"), 403},
		{"a control call of another site", post(h, "/control/message", `{}`, "Origin", "https://evil.example"), 403},
		{"a stream for another site", get(h, "/stream", "Origin", "https://evil.example"), 403},
	} {
		if c.rec.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, c.rec.Code, c.rec.Body, c.status)
		}
	}
}

func TestAppTrafficPassesThrough(t *testing.T) {
	w, h := office(t, Options{})
	rec := post(h, "/api/auth.test", "token="+w.BotToken(), "Content-Type", "application/x-www-form-urlencoded", "Host", "slack.test")
	if !strings.Contains(rec.Body.String(), `"ok":true`) || rec.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("POST /api/auth.test = %d %s, headers %v; want the workspace's own answer", rec.Code, rec.Body, rec.Header())
	}
	if rec := get(h, "/nothing/here"); rec.Code != http.StatusNotFound {
		t.Errorf("GET /nothing/here = %d, want 404", rec.Code)
	}
}

func TestViewOfAChannel(t *testing.T) {
	w, h := office(t, Options{})
	ops := channelID(t, w, "ops")
	first := say(t, w, "ben", ops, "hello <world>", "")
	say(t, w, "cleo", ops, "a reply", first.TS)
	if err := w.As("ada").Pin(ops, first.TS); err != nil {
		t.Fatal(err)
	}
	v := seenBy(t, h, "as=ada&room="+ops+"&thread="+first.TS)
	if v.Me.ID != "UADA00001" || v.Room == nil || v.Room.ID != ops {
		t.Fatalf("view of ada = %+v", v)
	}
	texts := []string{}
	for _, m := range v.Room.Messages {
		texts = append(texts, m.Text)
	}
	if !slices.Contains(texts, "hello &lt;world&gt;") || slices.Contains(texts, "a reply") {
		t.Errorf("messages %q, want ben's message and no reply of its thread", texts)
	}
	if v.Thread == nil || len(v.Thread.Messages) != 2 || v.Thread.Messages[1].Text != "a reply" {
		t.Errorf("thread = %+v, want the message and its reply", v.Thread)
	}
	if len(v.Room.Pins) != 1 || v.Room.Messages[v.Room.Pins[0].Index-v.Room.Start].TS != first.TS {
		t.Errorf("pins = %+v, want ben's message with its number", v.Room.Pins)
	}
	if gone := seenBy(t, h, "as=ada&room="+ops+"&thread=1.000000"); gone.Thread != nil {
		t.Errorf("thread that does not exist = %+v, want none", gone.Thread)
	}
}

func TestViewHidesWhatIsPrivate(t *testing.T) {
	w, h := office(t, Options{})
	secret, err := w.As("ben").Create("secret", slacksim.Private)
	if err != nil {
		t.Fatal(err)
	}
	dm, err := w.As("ben").OpenDM("cleo")
	if err != nil {
		t.Fatal(err)
	}
	say(t, w, "ben", secret, "not for ada", "")
	for _, room := range []string{secret, dm} {
		v := seenBy(t, h, "as=ada&room="+room)
		if v.Room == nil || v.Room.ID == room {
			t.Errorf("ada's view of %s = %+v, want another channel", room, v.Room)
		}
		for _, l := range v.Rooms {
			if l.ID == room {
				t.Errorf("ada's list holds %+v, which is not hers", l)
			}
		}
	}
	if v := seenBy(t, h, "as=ben&room="+dm); v.Room.ID != dm || v.Room.With != "UCLEO0001" {
		t.Errorf("ben's view of his DM = %+v, want it with cleo", v.Room)
	}
	for _, as := range []string{"", "nobody", w.BotUserID()} {
		if rec := get(h, "/view.json?as="+as); rec.Code != http.StatusNotFound {
			t.Errorf("view as %q = %d, want 404", as, rec.Code)
		}
	}
}

func TestWindowOfALongChannel(t *testing.T) {
	w, h := office(t, Options{})
	ops := channelID(t, w, "ops")
	for range 500 {
		say(t, w, "ben", ops, "x", "")
	}
	total := seenBy(t, h, "as=ada&room="+ops).Room.Total
	for _, c := range []struct {
		start string
		want  int
	}{
		{"", total - window}, {"latest", total - window}, {"0", 0}, {"100", 100}, {"-5", 0}, {"99999", total - window}, {"9e9", total - window},
	} {
		r := seenBy(t, h, "as=ada&room="+ops+"&start="+c.start).Room
		if r.Start != c.want || len(r.Messages) != window || r.Total != total {
			t.Errorf("start=%s: %d messages from %d of %d, want %d from %d of %d", c.start, len(r.Messages), r.Start, r.Total, window, c.want, total)
		}
	}
}

func TestUnreadMarks(t *testing.T) {
	w, h := office(t, Options{})
	ops := channelID(t, w, "ops")
	say(t, w, "ada", ops, "my own", "")
	say(t, w, "ben", ops, "plain", "")
	root := say(t, w, "ben", ops, "for @ada", "")
	say(t, w, "ben", ops, "in the thread, for @ada", root.TS)
	last := say(t, w, "ben", ops, "all of you @here", "")
	unread := func() (int, int) {
		for _, l := range seenBy(t, h, "as=ada").Rooms {
			if l.ID == ops {
				return l.Unread, l.Mentions
			}
		}
		t.Fatal("ops is not in ada's list")
		return 0, 0
	}
	if n, m := unread(); n != 3 || m != 2 {
		t.Errorf("unread %d, mentions %d; want 3 and 2", n, m)
	}
	if rec := post(h, "/page/read", `{"user":"ada","channel":"`+ops+`","ts":"`+last.TS+`"}`); rec.Code != http.StatusOK {
		t.Fatalf("POST /page/read = %d %s", rec.Code, rec.Body)
	}
	if n, m := unread(); n != 0 || m != 0 {
		t.Errorf("after reading: unread %d, mentions %d; want none", n, m)
	}
	// What was read stays read: an older mark that arrives late changes nothing.
	post(h, "/page/read", `{"user":"ada","channel":"`+ops+`","ts":"`+root.TS+`"}`)
	if n, _ := unread(); n != 0 {
		t.Errorf("after a late mark: unread %d, want none", n)
	}
	for _, body := range []string{`{`, `{"user":"nobody","channel":"` + ops + `"}`, `{"user":"ada","channel":"C404"}`} {
		if rec := post(h, "/page/read", body); rec.Code < 400 {
			t.Errorf("POST /page/read %s = %d, want a refusal", body, rec.Code)
		}
	}
}

func TestPhone(t *testing.T) {
	var pressed []string
	at := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	phone := &Phone{
		Items: func() []PhoneItem {
			return []PhoneItem{{ID: "p1", To: "ada", Via: "voice", Text: "Press 4", Keys: []Key{{"4", "Acknowledge"}}, At: at}}
		},
		Press: func(item, key string) error {
			if key != "4" {
				return errors.New("key " + key + " does nothing")
			}
			pressed = append(pressed, item+key)
			return nil
		},
	}
	_, h := office(t, Options{Phone: phone})
	want := []ring{{ID: "p1", To: "ada", Via: "voice", Text: "Press 4", Keys: []Key{{"4", "Acknowledge"}}, At: 1795316645}}
	if diff := cmp.Diff(want, seenBy(t, h, "as=ada").Phone); diff != "" {
		t.Errorf("phone (-want +got):\n%s", diff)
	}
	if rec := post(h, "/page/phone", `{"id":"p1","key":"4"}`); rec.Code != http.StatusOK || !slices.Equal(pressed, []string{"p14"}) {
		t.Errorf("POST /page/phone = %d %s, pressed %q", rec.Code, rec.Body, pressed)
	}
	if rec := post(h, "/page/phone", `{"id":"p1","key":"9"}`); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "key 9 does nothing") {
		t.Errorf("POST /page/phone with a wrong key = %d %s", rec.Code, rec.Body)
	}
	_, none := office(t, Options{})
	if rec := post(none, "/page/phone", `{}`); rec.Code != http.StatusNotFound {
		t.Errorf("POST /page/phone without a phone = %d, want 404", rec.Code)
	}
	if body := get(none, "/view.json?as=ada").Body.String(); strings.Contains(body, `"phone"`) {
		t.Errorf("a view without a phone speaks of one: %s", body)
	}
}

func TestGuideSeesWhatHappened(t *testing.T) {
	w, h := office(t, Options{Guide: []Step{
		{Title: "Make a channel", Done: func(s slacksim.State) bool { _, ok := s.Channel("war-room"); return ok }},
		{Title: "Breathe"},
	}})
	want := []stepView{{Title: "Make a channel"}, {Title: "Breathe"}}
	if diff := cmp.Diff(want, seenBy(t, h, "as=ada").Guide); diff != "" {
		t.Errorf("guide before (-want +got):\n%s", diff)
	}
	if _, err := w.As("ada").Create("war-room", slacksim.Public); err != nil {
		t.Fatal(err)
	}
	want[0].Done = true
	if diff := cmp.Diff(want, seenBy(t, h, "as=ada").Guide); diff != "" {
		t.Errorf("guide after (-want +got):\n%s", diff)
	}
}

func TestFilesComeAndGo(t *testing.T) {
	_, h := office(t, Options{})
	rec := post(h, "/upload.json?as=ada&name=a.html", "<script>alert(1)</script>")
	var file struct{ ID, Name string }
	if err := json.Unmarshal(rec.Body.Bytes(), &file); err != nil || rec.Code != http.StatusOK || file.Name != "a.html" {
		t.Fatalf("POST /upload.json = %d %s", rec.Code, rec.Body)
	}
	got := get(h, "/file/"+file.ID)
	if got.Body.String() != "<script>alert(1)</script>" || got.Header().Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("GET /file/%s = %s, headers %v; want it as something to save", file.ID, got.Body, got.Header())
	}
	for name, content := range map[string]string{"image/png": "\x89PNG\r\n\x1a\n", "application/octet-stream": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`} {
		if err := json.Unmarshal(post(h, "/upload.json?as=ada&name=a.png", content).Body.Bytes(), &file); err != nil {
			t.Fatal(err)
		}
		if got := get(h, "/file/"+file.ID).Header().Get("Content-Type"); got != name {
			t.Errorf("GET /file of %q is of the type %s, want %s", content, got, name)
		}
	}
	if rec := get(h, "/file/F404"); rec.Code != http.StatusNotFound {
		t.Errorf("GET /file/F404 = %d, want 404", rec.Code)
	}
	if rec := post(h, "/upload.json?as=ada&name=a", ""); rec.Code != http.StatusBadRequest {
		t.Errorf("POST /upload.json of nothing = %d, want 400", rec.Code)
	}
}

func TestCallsAreNumbered(t *testing.T) {
	w, h := office(t, Options{})
	post(h, "/api/auth.test", "token="+w.BotToken(), "Content-Type", "application/x-www-form-urlencoded")
	calls := func(since string) []slacksim.Call {
		var got struct{ Calls []slacksim.Call }
		if err := json.Unmarshal(get(h, "/calls.json?since="+since).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got.Calls
	}
	all := calls("0")
	if len(all) == 0 || all[len(all)-1].Method != "auth.test" {
		t.Fatalf("calls = %+v, want auth.test last", all)
	}
	if again := calls("1000"); len(again) != 0 {
		t.Errorf("calls since 1000 = %+v, want none", again)
	}
}

// TestStream runs in a bubble, so that the pause between signals and the heartbeat cost nothing and nothing may be left
// running at the end.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := slacksim.New(slacksim.Options{People: []slacksim.Person{{ID: "UADA00001", Name: "ada"}}})
		if err != nil {
			t.Fatal(err)
		}
		listener := slacksim.NewListener()
		server := &http.Server{Handler: Handler(w, Options{})}
		go server.Serve(listener)
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.Dial(ctx) }}
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(response.Body)
		next := func() string {
			for lines.Scan() {
				if text := lines.Text(); strings.HasPrefix(text, "event") || text == ":" {
					return text
				}
			}
			return "end"
		}
		if got := next(); got != "event: change" {
			t.Errorf("first = %q, want a change, for what happened before", got)
		}
		// Twenty changes at once are one signal.
		began := time.Now()
		for range 20 {
			say(t, w, "ada", "general", "x", "")
		}
		if got := next(); got != "event: change" || time.Since(began) > time.Second {
			t.Errorf("after 20 messages: %q after %v, want a change at once", got, time.Since(began))
		}
		began = time.Now()
		if got := next(); got != ":" || time.Since(began) < heartbeat-time.Second {
			t.Errorf("then %q after %v, want one signal for the 20 and a heartbeat after %v", got, time.Since(began), heartbeat)
		}
		cancel()
		if got := next(); got != "end" {
			t.Errorf("after the request ended: %q", got)
		}
		response.Body.Close()
		transport.CloseIdleConnections()
		server.Close()
		w.Close()
	})
}
