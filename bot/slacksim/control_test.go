package slacksim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// get reads a control address.
func (r *rig) get(path string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequest("GET", "http://localhost/control/"+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp
}

// TestControlPlaysAnIncident does over HTTP what a program would do.
func TestControlPlaysAnIncident(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		r.listen(func(e socketmode.Event) {
			switch e.Type {
			case socketmode.EventTypeSlashCommand:
				cmd := e.Data.(slack.SlashCommand)
				r.api.OpenView(cmd.TriggerID, declareForm())
				r.socket.Ack(*e.Request, map[string]any{"text": "form is open"})
			case socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
				r.socket.Ack(*e.Request)
			}
		})
		seen := r.control("command", object{"user": "ada", "channel": "general", "command": "/incident", "text": "declare"})
		if seen["ok"] != true || seen["text"] != "form is open" || seen["ephemeral"] != true {
			t.Fatalf("command = %v", seen)
		}
		view := seen["view"].(map[string]any)["id"]
		res := r.control("submit", object{"user": "ada", "view_id": view, "values": object{}})
		if res["ok"] != true || res["errors"].(map[string]any)["title"] == nil || res["closed"] != false {
			t.Errorf("submit of an empty form = %v", res)
		}
		res = r.control("submit", object{"user": "ada", "view_id": view, "values": object{"title": object{"text": "db"}}})
		if res["ok"] != true || res["closed"] != true {
			t.Errorf("submit = %v", res)
		}
		m := r.control("message", object{"user": "ben", "channel": "general", "text": "on it"})
		if m["ok"] != true || m["ts"] == nil || m["text"] != "on it" {
			t.Fatalf("message = %v", m)
		}
		at := func(more object) object {
			o := object{"user": "ada", "channel": "general", "ts": m["ts"]}
			for k, v := range more {
				o[k] = v
			}
			return o
		}
		for _, c := range []struct {
			name string
			body object
		}{
			{"react", at(object{"emoji": "eyes"})}, {"unreact", at(object{"name": "eyes"})}, {"pin", at(nil)}, {"unpin", at(nil)},
			{"shortcut", at(object{"callback_id": "add_to_timeline"})}, {"create", object{"user": "ada", "name": "ops"}},
			{"invite", object{"user": "ada", "channel": "ops", "who": "ben"}}, {"kick", object{"user": "ada", "channel": "ops", "who": "ben"}},
			{"join", object{"user": "ben", "channel": "ops"}}, {"leave", object{"user": "ben", "channel": "ops"}},
			{"topic", object{"user": "ada", "channel": "ops", "text": "calm"}}, {"rename", object{"user": "ada", "channel": "ops", "name": "ops2"}},
			{"archive", object{"user": "ada", "channel": "ops2"}}, {"unarchive", object{"user": "ada", "channel": "ops2"}},
			{"open_home", object{"user": "ada"}}, {"open_dm", object{"user": "ada", "who": "ben"}},
			{"edit", object{"user": "ben", "channel": "general", "ts": m["ts"], "text": "done"}},
			{"delete", object{"user": "ben", "channel": "general", "ts": m["ts"]}},
			{"clock", object{"advance": "5m"}}, {"fault", object{"method": "auth.test", "error": "fatal_error", "times": 1}}, {"fault", object{}},
		} {
			if o := r.control(c.name, c.body); o["ok"] != true {
				t.Errorf("%s %v = %v", c.name, c.body, o)
			}
		}
		if d := time.Until(r.w.Now()); d != 5*time.Minute {
			t.Errorf("the workspace's clock is %v ahead, want 5m", d)
		}
	})
}

func TestControlRefusals(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			name string
			body any
			want string
		}{
			{"comand", object{}, "comand: no such control call"},
			{"message", object{"user": "ada", "chanel": "general"}, `message: body is not what this call takes: json: unknown field "chanel"`},
			{"message", "x", "message: body is not what this call takes: "},
			{"message", object{"user": "zoe", "channel": "general", "text": "x"}, `user "zoe": user_not_found`},
			{"clock", object{"advance": "soon"}, `clock: advance "soon" is not a duration like 5m`},
			{"clock", object{"advance": "-5m"}, "clock: advance moves forward only: give a duration above zero"},
			{"fault", object{"method": "auth.test"}, "fault for auth.test: say what goes wrong: "},
			{"fault", object{"status": 500}, "fault: name a method (or *), "},
			{"fault", object{"socket": "bite"}, `fault: socket "bite" is none of `},
			{"fault", object{"method": "*", "latency": "long"}, `fault: latency "long" is not a duration`},
			{"fault", object{"redeliver": "x"}, "redeliver x: unknown envelope_id"},
		} {
			o := r.control(c.name, c.body)
			got, _ := o["error"].(string)
			if o["ok"] != false || !strings.HasPrefix(got, c.want) {
				t.Errorf("%s %v = %v, want error %q", c.name, c.body, o, c.want)
			}
		}
		resp := r.get("message")
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("GET message = %s", resp.Status)
		}
	})
}

func TestControlReadsStateAndCalls(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		r.control("message", object{"user": "ada", "channel": "general", "text": "x"})
		r.want("auth.test", nil, "")
		var s State
		var calls []Call
		for path, into := range map[string]any{"state": &s, "calls?since=0": &calls} {
			resp := r.get(path)
			if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
				t.Errorf("GET %s: %v", path, err)
			}
			resp.Body.Close()
		}
		if want := r.w.State(); !cmp.Equal(s, want) {
			t.Errorf("state over HTTP differs:\n%s", cmp.Diff(want, s))
		}
		if !slices.ContainsFunc(calls, func(c Call) bool { return c.Kind == "api" && c.Method == "auth.test" && c.Status == 200 }) {
			t.Errorf("calls = %+v, want auth.test among them", calls)
		}
		resp := r.get("calls?since=x")
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("GET calls?since=x = %s", resp.Status)
		}
	})
}

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		host, origin string
		fine         bool
	}{
		{"127.0.0.1:4000", "", true},
		{"localhost:4000", "", true},
		{"[::1]:4000", "", true},
		{"sim.example", "", true}, // allowed by name
		{"127.0.0.1:4000", "http://127.0.0.1:4000", true},
		{"127.0.0.1:4000", "http://127.0.0.1:5000", false},
		{"127.0.0.1:4000", "https://evil.example", false},
		{"127.0.0.1:4000", "null", false},
		{"evil.example", "", false},
		{"evil.example:4000", "http://evil.example:4000", false}, // a name rebound to loopback
		{"127.0.0.1.evil.example", "", false},
		{"10.0.0.1:4000", "", false},
	} {
		r := &http.Request{Host: c.host, Header: http.Header{}}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := Guard(r, "sim.example"); (got == "") != c.fine {
			t.Errorf("Guard(Host %s, Origin %q) = %q, want fine: %v", c.host, c.origin, got, c.fine)
		}
	}
}

func TestControlRefusesOtherSites(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		req, err := http.NewRequest("POST", "http://127.0.0.1/control/message", strings.NewReader(`{"user":"ada","channel":"general","text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://evil.example")
		if o := r.do(req); o["ok"] != false || len(r.messagesOf("general")) != 0 {
			t.Errorf("another site's request = %v", o)
		}
	})
}

func TestFaultsOfTheWebAPI(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		want  string // in slack-go's error, "" for success
		took  time.Duration
	}{
		"rate limit":         {Fault{Method: "auth.test", Status: 429, RetryAfter: 7}, "retry after 7s", 0},
		"outage":             {Fault{Method: "auth.test", Status: 503}, "slack server error: 503", 0},
		"web page":           {Fault{Method: "auth.test", HTML: true}, "invalid character '<'", 0},
		"error code":         {Fault{Method: "auth.test", Error: "account_inactive"}, "account_inactive", 0},
		"reset":              {Fault{Method: "auth.test", Reset: true}, "EOF", 0},
		"answer lost":        {Fault{Method: "auth.test", After: true}, "EOF", 0},
		"slow":               {Fault{Method: "auth.test", Latency: 200 * time.Millisecond}, "", 200 * time.Millisecond},
		"slow and wrong":     {Fault{Method: "*", Latency: time.Second, Error: "internal_error"}, "internal_error", time.Second},
		"of another method":  {Fault{Method: "chat.postMessage", Error: "fatal_error"}, "", 0},
		"rate_limited, slow": {Fault{Method: "*", Status: 429, Error: "rate_limited", Latency: time.Minute}, "retry after 1s", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				if err := r.w.Fault(c.fault); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_, err := r.api.AuthTest()
				took := time.Since(start)
				if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
					t.Errorf("auth.test = %v, want %q", err, c.want)
				}
				if took != c.took {
					t.Errorf("auth.test took %v, want %v", took, c.took)
				}
				r.w.ClearFaults()
				if _, err := r.api.AuthTest(); err != nil {
					t.Errorf("after ClearFaults: %v", err)
				}
			})
		})
	}
}

func TestAfterPerformsTheCall(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		r.w.Fault(Fault{Method: "conversations.create", After: true, Times: 1})
		if _, err := r.api.CreateConversation(slack.CreateConversationParams{ChannelName: "inc-1"}); err == nil {
			t.Error("the answer was not lost")
		}
		if _, ok := r.w.State().Channel("inc-1"); !ok {
			t.Error("the call was not performed")
		}
		if _, err := r.api.CreateConversation(slack.CreateConversationParams{ChannelName: "inc-1"}); err == nil || !strings.Contains(err.Error(), "name_taken") {
			t.Errorf("the second attempt = %v, want name_taken", err)
		}
	})
}

func TestFaultsCountTheirTimes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		r.w.Fault(Fault{Method: "*", Latency: time.Second})
		r.w.Fault(Fault{Method: "auth.test", Error: "first", Times: 2})
		r.w.Fault(Fault{Method: "auth.test", Error: "second", Times: 1})
		for _, want := range []string{"first", "first", "second", ""} {
			start := time.Now()
			r.want("auth.test", nil, want)
			if d := time.Since(start); d != time.Second {
				t.Errorf("took %v, want the standing second", d)
			}
		}
	})
}

func TestUploadFault(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		up := r.want("files.getUploadURLExternal", f("filename", "a.txt", "length", "3"), "")
		url := up["upload_url"].(string)
		r.w.Fault(Fault{Method: "upload", Status: 500, Times: 1})
		if code, _ := r.post(url, "abc"); code != 500 {
			t.Errorf("upload = %d, want 500", code)
		}
		if code, body := r.post(url, "abcd"); code != 400 {
			t.Errorf("upload of the wrong length = %d %s", code, body)
		}
		r.want("files.completeUploadExternal", f("files", `[{"id":"`+up["file_id"].(string)+`"}]`), "file_not_found") // nothing was sent
		if code, body := r.post(url, "abc"); code != 200 || body != "OK - 3" {
			t.Errorf("upload = %d %s", code, body)
		}
		r.want("files.completeUploadExternal", f("files", `[{"id":"`+up["file_id"].(string)+`"}]`), "")
		r.want("files.completeUploadExternal", f("files", `[{"id":"`+up["file_id"].(string)+`"}]`), "file_not_found") // once
	})
}

func TestCallsAreKeptUpToTheLimit(t *testing.T) {
	bubble(t, Options{KeepCalls: 20}, func(t *testing.T, r *rig) {
		for range 100 {
			r.want("auth.test", nil, "")
		}
		all := r.w.Calls(0)
		last := all[len(all)-1]
		if len(all) < 20 || len(all) > 25 || last.N != 100 || last.Method != "auth.test" || last.Args["token"] != "" {
			t.Errorf("kept %d, last %+v; want 20 to 25 of 100, without tokens", len(all), last)
		}
		if since := r.w.Calls(98); len(since) != 2 || since[0].N != 99 {
			t.Errorf("Calls(98) = %+v, want numbers 99 and 100", since)
		}
		if since := r.w.Calls(500); len(since) != 0 {
			t.Errorf("Calls(500) = %+v, want none", since)
		}
		synctest.Wait()
	})
}
