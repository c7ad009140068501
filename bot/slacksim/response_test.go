package slacksim

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// post sends JSON to an absolute URL and answers status and body.
func (r *rig) post(url, body string) (int, string) {
	r.t.Helper()
	resp, err := r.http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatalf("POST %s: %v", url, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatalf("POST %s: %v", url, err)
	}
	return resp.StatusCode, string(b)
}

// commandURL runs a command of ada's and gets its response URL.
func (r *rig) commandURL(p *peer) string {
	r.t.Helper()
	out := r.command("ada")
	f := p.last()
	p.ack(f, nil)
	<-out
	return f["payload"].(map[string]any)["response_url"].(string)
}

func TestResponseURLOfACommand(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		url := r.commandURL(p)
		for i, c := range []struct {
			body string
			code int
		}{
			{`{"text":"only you"}`, 200},
			{`{"text":"all of you","response_type":"in_channel"}`, 200},
			{`{"text":"no original to replace","replace_original":true}`, 200},
			{`{}`, 400},
			{`{"text":"fifth"}`, 200},
			{`{"text":"sixth"}`, 404},
		} {
			if code, body := r.post(url, c.body); code != c.code {
				t.Errorf("post %d %s = %d %s, want %d", i+1, c.body, code, body, c.code)
			}
		}
		s := r.w.State()
		if got := len(s.Whispers["UADA"]); got != 3 {
			t.Errorf("ephemeral messages = %d, want 3", got)
		}
		c, _ := s.Channel("general")
		if m := c.Messages[len(c.Messages)-1]; m.Text != "all of you" || m.BotID != r.w.BotID() {
			t.Errorf("last message = %+v, want the public one", m)
		}
		url = r.commandURL(p)
		time.Sleep(responseLife + time.Second)
		if code, body := r.post(url, `{"text":"late"}`); code != 404 || !strings.Contains(body, "expired_url") {
			t.Errorf("after half an hour = %d %s", code, body)
		}
		if code, _ := r.post(strings.Replace(url, "/response/", "/response/x", 1)+"f", `{"text":"x"}`); code != 404 {
			t.Errorf("unknown URL = %d, want 404", code)
		}
		if code, _ := r.post(r.commandURL(p), `[]`); code != 400 {
			t.Errorf("not an object = %d, want 400", code)
		}
	})
}

func TestResponseURLWorksWhereTheBotIsNot(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		ada := r.w.As("ada")
		id, err := ada.Create("secret", Private)
		if err != nil {
			t.Fatal(err)
		}
		go ada.Command("secret", "/incident", "x")
		f := p.last()
		p.ack(f, nil)
		payload := f["payload"].(map[string]any)
		if payload["channel_name"] != "privategroup" {
			t.Errorf("channel_name = %v, want privategroup", payload["channel_name"])
		}
		if code, _ := r.post(payload["response_url"].(string), `{"text":"here","response_type":"in_channel"}`); code != 200 {
			t.Errorf("post = %d", code)
		}
		c, _ := r.w.State().Channel(id)
		if m := c.Messages[len(c.Messages)-1]; m.Text != "here" {
			t.Errorf("last message = %+v", m)
		}
	})
}

// pressed posts a message with a button, publicly or to ada alone, lets her
// press it, and gives the payload.
func (r *rig) pressed(p *peer, ephemeral string) map[string]any {
	r.t.Helper()
	blocks := `[{"type":"actions","block_id":"b","elements":[{"type":"button","action_id":"go","value":"7","text":{"type":"plain_text","text":"Go"}}]}]`
	general, ts := r.channelID("general"), ""
	if ephemeral == "" {
		ts = r.want("chat.postMessage", f("channel", general, "text", "card", "blocks", blocks), "")["ts"].(string)
	} else {
		ts = r.want("chat.postEphemeral", f("channel", general, "user", "UADA", "text", "card", "blocks", blocks), "")["message_ts"].(string)
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.w.As("ada").Press(Press{Channel: "general", TS: ts, ActionID: "go"})
		done <- err
	}()
	synctest.Wait()
	f := p.last()
	p.ack(f, nil)
	if err := <-done; err != nil {
		r.t.Fatal(err)
	}
	return f["payload"].(map[string]any)
}

func TestResponseURLOfAButton(t *testing.T) {
	for name, ephemeral := range map[string]string{"public message": "", "ephemeral message": "yes"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				payload := r.pressed(p, ephemeral)
				container := payload["container"].(map[string]any)
				if container["is_ephemeral"] != (ephemeral != "") || (payload["message"] == nil) != (ephemeral != "") {
					t.Errorf("container = %v, message = %v", container, payload["message"])
				}
				url, ts := payload["response_url"].(string), container["message_ts"].(string)
				text := func() string {
					s := r.w.State()
					c, _ := s.Channel("general")
					m, ok := c.Message(ts)
					for _, e := range s.Whispers["UADA"] {
						if e.TS == ts {
							m, ok = e.Message, true
						}
					}
					if !ok {
						return "(gone)"
					}
					return m.Text
				}
				r.post(url, `{"text":"replaced","replace_original":true}`)
				if got := text(); got != "replaced" {
					t.Errorf("after replace_original: %q", got)
				}
				r.post(url, `{"text":"another"}`)
				if got := text(); got != "replaced" {
					t.Errorf("after a new message the original is %q", got)
				}
				r.post(url, `{"text":"for all","response_type":"in_channel"}`)
				if ms := r.messagesOf("general"); ms[len(ms)-1].Text != "for all" {
					t.Errorf("after an in_channel answer the last message is %+v", ms[len(ms)-1])
				}
				r.post(url, `{"delete_original":true}`)
				if got := text(); got != "(gone)" {
					t.Errorf("after delete_original: %q", got)
				}
			})
		})
	}
}

func TestResponseURLFaults(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		url := r.commandURL(p)
		r.w.Fault(Fault{Method: "response_url", Status: 503, Times: 1})
		if code, body := r.post(url, `{"text":"x"}`); code != 503 || !strings.Contains(body, "<html") {
			t.Errorf("post = %d %q, want a 503 page", code, body)
		}
		r.w.Fault(Fault{Method: "response_url", After: true, Times: 1})
		if resp, err := r.http.Post(url, "application/json", strings.NewReader(`{"text":"lost answer"}`)); err == nil {
			t.Errorf("post with a lost answer = %v", resp.Status)
		}
		if w := r.w.State().Whispers["UADA"]; len(w) != 1 || w[0].Text != "lost answer" {
			t.Errorf("ephemeral messages = %+v, want the one whose answer was lost", w)
		}
		resp, err := r.http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET = %v, want 405", resp.Status)
		}
	})
}
