package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSign uses the vector published with the Standard Webhooks libraries.
func TestSign(t *testing.T) {
	key, err := signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("sign() = %s, want %s", got, want)
	}
}

func TestWebhook(t *testing.T) {
	var header http.Header
	var body []byte
	world(t, func(w http.ResponseWriter, r *http.Request) {
		header, body = r.Header, nil
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}, func(t *testing.T, rt *http.Transport) {
		secrets := []Secret{"plain words", Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte("new key")))}
		w := &Webhook{URL: "https://hooks.example/in", Secrets: secrets, Transport: rt}
		m := page("ana")
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatalf("Send() = %v, want nil", err)
		}
		want := map[string]any{"type": "page", "timestamp": "2000-01-01T00:00:00Z", "data": map[string]any{
			"id": m.ID, "to": "ana", "subject": m.Subject, "text": m.Text, "urgency": "high", "url": m.URL}}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("body: %v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
		now := time.Now()
		signatures := sign([]byte("plain words"), m.ID, now, body) + " " + sign([]byte("new key"), m.ID, now, body)
		for name, want := range map[string]string{"Webhook-Id": m.ID, "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10),
			"Webhook-Signature": signatures, "Content-Type": "application/json", "User-Agent": "Stormbell"} {
			if got := header.Get(name); got != want {
				t.Errorf("header %s = %q, want %q", name, got, want)
			}
		}
		w.Secrets = nil
		if _, err := w.Send(t.Context(), m); err != nil || header.Get("Webhook-Signature") != "" {
			t.Errorf("Send() without a secret = %v with signature %q, want none", err, header.Get("Webhook-Signature"))
		}
		w.Secrets = []Secret{"whsec_" + aToken + "!"}
		var e *Error
		if _, err := w.Send(t.Context(), m); !errors.As(err, &e) || e.Kind != Misconfigured || leaks(err) != nil {
			t.Errorf("Send() with a broken secret = %v, want Misconfigured", err)
		}
	})
}

// TestSameServerRedirect follows what changes nothing.
func TestSameServerRedirect(t *testing.T) {
	var last string
	world(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusPermanentRedirect)
			return
		}
		b, _ := io.ReadAll(r.Body)
		last = r.Method + " " + r.URL.Path + " " + string(b)
	}, func(t *testing.T, rt *http.Transport) {
		w := &Webhook{URL: "https://hooks.example/old", Transport: rt}
		if _, err := w.Send(t.Context(), page("ana")); err != nil || !strings.HasPrefix(last, `POST /new {"type":"page"`) {
			t.Errorf("Send() = %v, arrived as %q, want the POST as it was", err, last)
		}
	})
}
