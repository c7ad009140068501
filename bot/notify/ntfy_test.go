package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ntfyServer is as much of an ntfy server as we use, with its rules: a token
// for every topic, at most three actions, 4,096 bytes of text.
type ntfyServer struct {
	messages []ntfyEvent
	last     map[string]any // the last message published as JSON
}

func (s *ntfyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/health" {
		io.WriteString(w, `{"healthy":true}`)
		return
	}
	if got := r.Header.Get("Authorization"); got != "Bearer "+aToken && got != "Bearer tk_phones" {
		s.fail(w, 401, 40101, "unauthorized")
		return
	}
	body, _ := io.ReadAll(r.Body)
	switch topic := strings.Trim(r.URL.Path, "/"); {
	case r.Method == http.MethodGet && strings.HasSuffix(topic, "/json") && r.URL.Query().Get("poll") == "1":
		s.list(w, strings.TrimSuffix(topic, "/json"), r.URL.Query().Get("since"))
	case r.Method == http.MethodPost && topic == "":
		s.publishJSON(w, body)
	case r.Method == http.MethodPost && topicName.MatchString(topic):
		s.publish(w, topic, string(body))
	default:
		s.fail(w, 404, 40401, "page not found")
	}
}

func (s *ntfyServer) fail(w http.ResponseWriter, status, code int, text string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%d,"http":%d,"error":%q}`, code, status, text)
}

func (s *ntfyServer) publishJSON(w http.ResponseWriter, body []byte) {
	s.last = nil
	var m ntfyMessage
	if json.Unmarshal(body, &s.last) != nil || json.Unmarshal(body, &m) != nil {
		s.fail(w, 400, 40017, "invalid request: request body must be message JSON")
		return
	}
	switch {
	case m.Topic == "forbidden":
		s.fail(w, 403, 40301, "forbidden")
	case !topicName.MatchString(m.Topic):
		s.fail(w, 400, 40009, "invalid request: topic invalid")
	case len(m.Actions) > 3:
		s.fail(w, 400, 40018, "invalid request: actions invalid")
	case m.Priority < 1 || m.Priority > 5:
		s.fail(w, 400, 40007, "invalid priority parameter")
	case len(m.Message) > 4096 || m.Message == "":
		s.fail(w, 400, 40000, "message would become an attachment, or \"triggered\"")
	default:
		s.publish(w, m.Topic, m.Message)
	}
}

func (s *ntfyServer) publish(w http.ResponseWriter, topic, text string) {
	e := ntfyEvent{ID: fmt.Sprintf("id%010d", len(s.messages)), Time: time.Now().Unix(), Event: "message", Topic: topic, Message: text}
	s.messages = append(s.messages, e)
	json.NewEncoder(w).Encode(e)
}

func (s *ntfyServer) list(w http.ResponseWriter, topic, since string) {
	enc := json.NewEncoder(w)
	enc.Encode(ntfyEvent{ID: "open", Event: "open", Topic: topic})
	for _, e := range s.messages {
		if e.Topic == topic && fmt.Sprint(e.Time) >= since {
			enc.Encode(e)
		}
	}
}

func TestNtfyMessage(t *testing.T) {
	s := &ntfyServer{}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		n := &Ntfy{URL: "https://ntfy.example/", Token: aToken, ReplyTopic: "answers", ReplyToken: "tk_phones", Transport: rt}
		m := page(aTopic)
		got, err := n.Send(t.Context(), m)
		if err != nil || got != (Receipt{"id0000000000", Accepted}) {
			t.Fatalf("Send() = %+v, %v, want accepted", got, err)
		}
		want := map[string]any{
			"topic": aTopic, "sequence_id": sequenceID(m.ID), "title": m.Subject, "message": m.Text, "priority": 5.0,
			"tags": []any{"rotating_light"}, "click": m.URL,
			"actions": []any{
				map[string]any{"action": "http", "label": "Acknowledge", "url": "https://ntfy.example/answers", "method": "POST",
					"headers": map[string]any{"Authorization": "Bearer tk_phones"}, "body": "A42", "clear": true},
				map[string]any{"action": "view", "label": "Open", "url": m.URL, "clear": false},
			},
		}
		if diff := cmp.Diff(want, s.last); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
		// With an address of ours the button goes there, and no token is given away.
		m.AckURL = "https://bell.shop.example/ack/xyz"
		if _, err := n.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		ack := s.last["actions"].([]any)[0]
		if diff := cmp.Diff(map[string]any{"action": "http", "label": "Acknowledge", "url": m.AckURL, "method": "POST", "clear": true}, ack); diff != "" {
			t.Errorf("button (-want +got):\n%s", diff)
		}
		// The plainest message of all has no button.
		if _, err := n.Send(t.Context(), Message{To: aTopic, Subject: "hello"}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"topic": aTopic, "title": "hello", "message": "hello", "priority": 3.0}, s.last); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
		if err := n.Check(t.Context()); err != nil {
			t.Errorf("Check() = %v, want nil", err)
		}
	})
}

// TestNtfyAnswers presses the button on the phone and reads the answer.
func TestNtfyAnswers(t *testing.T) {
	s := &ntfyServer{}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		n := &Ntfy{URL: "https://ntfy.example", Token: aToken, ReplyTopic: "answers", ReplyToken: "tk_phones", Transport: rt}
		start := time.Now()
		if _, err := n.Send(t.Context(), page(aTopic)); err != nil {
			t.Fatal(err)
		}
		if got, err := n.Replies(t.Context(), start); len(got) != 0 || err != nil {
			t.Errorf("Replies() before anybody answers = %+v, %v, want none", got, err)
		}
		time.Sleep(90 * time.Second)
		button := s.last["actions"].([]any)[0].(map[string]any)
		req, err := http.NewRequest(button["method"].(string), button["url"].(string), strings.NewReader(button["body"].(string)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range button["headers"].(map[string]any) {
			req.Header.Set(k, v.(string))
		}
		resp, err := rt.RoundTrip(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("pressing the button: %v, %v", resp, err)
		}
		resp.Body.Close()
		got, err := n.Replies(t.Context(), start)
		if diff := cmp.Diff([]Reply{{ID: "id0000000001", Text: "A42", At: start.Add(90 * time.Second)}}, got); diff != "" || err != nil {
			t.Errorf("Replies() = %v (-want +got):\n%s", err, diff)
		}
		if got, err := n.Replies(t.Context(), start.Add(2*time.Minute)); len(got) != 0 || err != nil {
			t.Errorf("Replies() since later = %+v, %v, want none", got, err)
		}
	})
}

func TestNtfyRefusals(t *testing.T) {
	s := &ntfyServer{}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		n := &Ntfy{URL: "https://ntfy.example", Token: aToken, Transport: rt}
		stranger := &Ntfy{URL: "https://ntfy.example", Token: "tk_other", Transport: rt}
		for _, tt := range []struct {
			n    *Ntfy
			to   string
			kind Kind
			want string
		}{
			{n, "", Refused, "topic is none"},
			{n, "a b", Refused, "topic is none"},
			{n, "../v1/account", Refused, "topic is none"},
			{n, strings.Repeat("a", 65), Refused, "topic is none"},
			{n, "forbidden", Refused, "may not use the person's topic (403)"},
			{stranger, aTopic, Misconfigured, "refuses our credentials (401)"},
		} {
			_, err := tt.n.Send(t.Context(), page(tt.to))
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.want) {
				t.Errorf("Send() to %q = %v, want %v, %q", tt.to, err, tt.kind, tt.want)
			}
		}
		if _, err := stranger.Replies(t.Context(), time.Now()); err == nil {
			t.Error("Replies() with a wrong token = nil, want an error")
		}
	})
	world(t, say(200, "", "", "<html>"), func(t *testing.T, rt *http.Transport) {
		n := &Ntfy{URL: "https://ntfy.example", ReplyTopic: "answers", Transport: rt}
		if got, err := n.Replies(t.Context(), time.Now()); err == nil {
			t.Errorf("Replies() from a page of HTML = %+v, nil, want an error", got)
		}
		if err := n.Check(t.Context()); err == nil {
			t.Error("Check() of a page of HTML = nil, want an error")
		}
	})
}

// TestNtfyLongMessages sends what somebody pastes at 3 a.m.
func TestNtfyLongMessages(t *testing.T) {
	s := &ntfyServer{}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		n := &Ntfy{URL: "https://ntfy.example", Token: aToken, Transport: rt}
		for name, text := range map[string]string{
			"4,000 emoji": strings.Repeat("\U0001F525", 4000), "a megabyte": strings.Repeat("log line\n", 120_000),
			"broken UTF-8": strings.Repeat("\xff\xfe", 3000), "zero bytes": strings.Repeat("\x00", 4000),
		} {
			m := page(aTopic)
			m.Subject, m.Text = text, text
			if _, err := n.Send(t.Context(), m); err != nil {
				t.Errorf("%s: Send() = %v, want nil", name, err)
			}
		}
	})
}
