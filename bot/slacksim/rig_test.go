package slacksim

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// rig is a workspace on an in-memory listener with the real slack-go client on
// the other side.
type rig struct {
	t      *testing.T
	w      *Workspace
	l      *Listener
	server *http.Server
	http   *http.Client
	api    *slack.Client
	socket *socketmode.Client
	stop   []func()
}

// bubble runs a test in a synctest bubble with a rig that is torn down inside
// it: a goroutine left over fails the test.
func bubble(t *testing.T, o Options, test func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if o.People == nil {
			o.People = []Person{
				{ID: "UADA", Name: "ada", RealName: "Ada Byron", TimeZone: "Europe/London"},
				{ID: "UBEN", Name: "ben", RealName: "Ben Okafor"},
			}
		}
		w, err := New(o)
		if err != nil {
			t.Fatalf("New(%+v): %v", o, err)
		}
		r := &rig{t: t, w: w, l: NewListener()}
		r.server = &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
		go r.server.Serve(r.l)
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return r.l.Dial(ctx) }
		transport := &http.Transport{DialContext: dial}
		r.http = &http.Client{Transport: transport}
		r.api = slack.New(w.BotToken(), slack.OptionAppLevelToken(w.AppToken()),
			slack.OptionAPIURL("http://slack.test/api/"), slack.OptionHTTPClient(r.http))
		r.socket = socketmode.New(r.api, socketmode.OptionDialer(&websocket.Dialer{NetDialContext: dial}))
		defer func() { // deferred: a test that fails fatally leaves nothing running either
			for _, stop := range r.stop {
				stop()
			}
			recordRefusals(w)
			w.Close()
			r.server.Close()
			r.l.Close()
			transport.CloseIdleConnections()
			synctest.Wait()
		}()
		test(t, r)
	})
}

// listen connects Socket Mode and hands every event to handle, one at a time.
func (r *rig) listen(handle func(socketmode.Event)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		r.socket.RunContext(ctx)
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case e := <-r.socket.Events:
				handle(e)
			case <-ctx.Done():
				return
			}
		}
	}()
	r.stop = append(r.stop, func() {
		cancel()
		<-done
		<-done
	})
	synctest.Wait()
}

// call posts a form to a method with the bot token.
func (r *rig) call(method string, form map[string]string) object {
	r.t.Helper()
	return r.callAs(r.w.BotToken(), method, form)
}

func (r *rig) callAs(token, method string, form map[string]string) object {
	r.t.Helper()
	var parts []string
	for k, v := range form {
		parts = append(parts, urlEncode(k)+"="+urlEncode(v))
	}
	req, err := http.NewRequest("POST", "http://slack.test/api/"+method, strings.NewReader(strings.Join(parts, "&")))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.do(req)
}

func (r *rig) do(req *http.Request) object {
	r.t.Helper()
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	var o object
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		r.t.Fatalf("%s %s: status %d, body is not JSON: %v", req.Method, req.URL.Path, resp.StatusCode, err)
	}
	return o
}

// want calls a method and compares the error code; "" wants ok.
func (r *rig) want(method string, form map[string]string, code string) object {
	r.t.Helper()
	o := r.call(method, form)
	got, _ := o["error"].(string)
	if got != code || (o["ok"] == true) != (code == "") {
		r.t.Errorf("%s(%v) = error %q, want %q; whole answer: %v", method, form, got, code, o)
	}
	return o
}

// control posts a body to a control call.
func (r *rig) control(name string, body any) object {
	r.t.Helper()
	req, err := http.NewRequest("POST", "http://127.0.0.1/control/"+name, strings.NewReader(string(mustJSON(body))))
	if err != nil {
		r.t.Fatal(err)
	}
	return r.do(req)
}

func urlEncode(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D", "+", "%2B", " ", "+", ";", "%3B", "#", "%23").Replace(s)
}

// channelID is a channel of the workspace by name.
func (r *rig) channelID(name string) string {
	r.t.Helper()
	c, ok := r.w.State().Channel(name)
	if !ok {
		r.t.Fatalf("no channel %q", name)
	}
	return c.ID
}
