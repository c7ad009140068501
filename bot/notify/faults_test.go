package notify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// leaks returns what err gives away.
func leaks(err error) []string {
	var out []string
	for _, p := range planted {
		if strings.Contains(err.Error(), p) {
			out = append(out, p)
		}
	}
	return out
}

// TestFaults lets every provider fail in every way. Nobody may take it for a
// success, wait longer than Timeout, or find anything private in the error.
func TestFaults(t *testing.T) {
	html := `<html><body>Sign in to the hotel's network, ` + aNumber + `</body></html>`
	tests := []struct {
		name    string
		handler http.HandlerFunc
		kind    Kind
		cause   string
		after   time.Duration // RetryAfter
		took    time.Duration
		not     string // a way to which this is no fault
	}{
		{"500", say(500, "", "", "{}"), Unavailable, "is failing (500)", 0, 0, ""},
		{"503 with html", say(503, "Retry-After", "7", html), Unavailable, "is failing (503)", 7 * time.Second, 0, ""},
		{"429", say(429, "Retry-After", "30", ""), Busy, "slow down (429)", 30 * time.Second, 0, ""},
		{"429 with an instant", say(429, "Retry-After", "Sat, 01 Jan 2000 00:02:00 GMT", ""), Busy, "slow down", 2 * time.Minute, 0, ""},
		{"429 for a year", say(429, "Retry-After", "31536000", ""), Busy, "slow down", time.Hour, 0, ""},
		{"429 with nonsense", say(429, "Retry-After", "soon", ""), Busy, "slow down", 0, 0, ""},
		{"401", say(401, "", "", aToken), Misconfigured, "refuses our credentials (401)", 0, 0, ""},
		{"404", say(404, "", "", html), Misconfigured, "nothing takes messages at the configured address (404)", 0, 0, ""},
		{"400", say(400, "", "", "bad "+aText), Refused, "refuses the message (400)", 0, 0, ""},
		{"413", say(413, "", "", ""), Refused, "refuses the message (413)", 0, 0, ""},
		{"html with success", say(200, "", "", html), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"nothing with success", say(200, "", "", ""), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"204", say(204, "", "", ""), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"null with success", say(201, "", "", "null"), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"success without id", say(201, "", "", `{"event":"message","status":"queued"}`), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"id of another kind", say(201, "", "", `{"sid":42,"id":42}`), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"half a JSON", say(201, "", "", `{"sid":"SM0123456789abcdef`), Unavailable, "reports success, but not as", 0, 0, webhook},
		{"redirect to another host", say(307, "Location", "https://evil.example/", ""), Misconfigured, "sends us elsewhere (307)", 0, 0, ""},
		{"redirect that loses the message", say(301, "Location", "/elsewhere", ""), Misconfigured, "sends us elsewhere (301)", 0, 0, ""},
		{"redirects for ever", say(308, "Location", "/again", ""), Misconfigured, "sends us elsewhere (308)", 0, 0, ""},
		{"hangs", hang, Unavailable, "no answer within 20 seconds", 0, Timeout, ""},
		{"trickles", trickle, Unavailable, "no answer within 20 seconds", 0, Timeout, ""},
		{"cut", cut, Unavailable, "the connection was cut", 0, 0, ""},
		{"no HTTP", garble, Unavailable, "does not answer as it should", 0, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world(t, tt.handler, func(t *testing.T, rt *http.Transport) {
				for way, s := range senders(rt) {
					if way == tt.not {
						continue
					}
					start := time.Now()
					got, err := s.Send(context.Background(), page(s.to))
					var e *Error
					if !errors.As(err, &e) {
						t.Errorf("%s: Send() = %+v, %v, want an *Error", way, got, err)
						continue
					}
					after := tt.after
					if tt.name == "429 with an instant" {
						after -= start.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) // earlier ways took their time
					}
					if e.Way != way || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.cause) || e.RetryAfter != after || e.Retryable() != (tt.kind == Unavailable || tt.kind == Busy) {
						t.Errorf("%s: Send() = %+v, want kind %v, cause %q, retry after %v", way, *e, tt.kind, tt.cause, after)
					}
					if took := time.Since(start); took != tt.took {
						t.Errorf("%s: Send() took %v, want %v", way, took, tt.took)
					}
					if l := leaks(err); l != nil {
						t.Errorf("%s: Send() = %v, which gives away %q", way, err, l)
					}
				}
			})
		})
	}
}

func TestNobodyThere(t *testing.T) {
	world(t, hang, func(t *testing.T, rt *http.Transport) {
		gone := newMemory()
		gone.Close()
		for way, s := range senders(&http.Transport{DialContext: gone.dial, DialTLSContext: gone.dial}) {
			_, err := s.Send(t.Context(), page(s.to))
			var e *Error
			if !errors.As(err, &e) || e.Kind != Unavailable || leaks(err) != nil {
				t.Errorf("%s: Send() with nobody listening = %v, want Unavailable", way, err)
			}
		}
	})
}

func TestCancelled(t *testing.T) {
	world(t, hang, func(t *testing.T, rt *http.Transport) {
		for way, s := range senders(rt) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			_, err := s.Send(ctx, page(s.to))
			var e *Error
			if took := time.Since(start); !errors.Is(err, context.Canceled) || errors.As(err, &e) || took != time.Second {
				t.Errorf("%s: Send() cancelled = %v after %v, want context.Canceled after 1s and no *Error", way, err, took)
			}
		}
	})
}

func TestAllWell(t *testing.T) {
	for _, way := range []string{push, sms, voice, webhook} {
		t.Run(way, func(t *testing.T) {
			world(t, func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, senders(nil)[way].good)
			}, func(t *testing.T, rt *http.Transport) {
				s := senders(rt)[way]
				got, err := s.Send(t.Context(), page(s.to))
				if err != nil || got.ID == "" || got.Level != Accepted || got.ID != page("").ID && !strings.Contains(s.good, got.ID) {
					t.Errorf("Send() = %+v, %v, want the provider's ID, accepted", got, err)
				}
			})
		})
	}
}

// TestBadConfiguration gives every way an address that is none.
func TestBadConfiguration(t *testing.T) {
	for _, address := range []string{"", "ntfy.example", "ftp://ntfy.example", "https://", "://", "/path", "https://a b"} {
		account := Twilio{API: address, SID: anSID, AuthToken: aToken}
		for way, s := range map[string]Sender{push: &Ntfy{URL: address}, sms: &SMS{account}, voice: &Voice{Twilio: account}, webhook: &Webhook{URL: address}} {
			to := aNumber
			if way == push {
				to = aTopic
			}
			_, err := s.Send(t.Context(), page(to))
			var e *Error
			if !errors.As(err, &e) || e.Kind != Misconfigured || leaks(err) != nil {
				t.Errorf("%s: Send() with the address %q = %v, want Misconfigured", way, address, err)
			}
		}
	}
}
