package notify

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// twilioServer is as much of Twilio as we use: it takes messages and calls by
// its rules, and says of each what the test has put into status.
type twilioServer struct {
	t       *testing.T
	last    url.Values
	status  string // of every message and call
	errcode int
	refuse  int    // refuse with this code
	inbound string // the list of messages received
	asked   string // the last query
}

const (
	messageSID = "SM0123456789abcdef0123456789abcdef"
	callSID    = "CA0123456789abcdef0123456789abcdef"
)

func (s *twilioServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != anSID || password != aToken {
		w.WriteHeader(401)
		io.WriteString(w, `{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`)
		return
	}
	base := "/2010-04-01/Accounts/" + anSID
	s.asked = r.URL.RawQuery
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, base) {
	case "POST /Messages.json":
		s.create(w, r, messageSID, func(f url.Values) bool { n := len([]rune(f.Get("Body"))); return n > 0 && n <= 1600 })
	case "POST /Calls.json":
		s.create(w, r, callSID, func(f url.Values) bool { return len(f.Get("Twiml")) <= 4000 })
	case "GET /Messages/" + messageSID + ".json":
		fmt.Fprintf(w, `{"sid":%q,"status":%q,"error_code":%s,"to":%q}`, messageSID, s.status, code(s.errcode), aNumber)
	case "GET /Calls/" + callSID + ".json":
		fmt.Fprintf(w, `{"sid":%q,"status":%q,"to":%q}`, callSID, s.status, aNumber)
	case "GET /Messages.json":
		io.WriteString(w, s.inbound)
	case "GET .json":
		fmt.Fprintf(w, `{"sid":%q,"status":%q,"auth_token":%q}`, anSID, s.status, aToken)
	default:
		w.WriteHeader(404)
		io.WriteString(w, `{"code":20404,"message":"The requested resource was not found","status":404}`)
	}
}

func (s *twilioServer) create(w http.ResponseWriter, r *http.Request, sid string, good func(url.Values) bool) {
	if err := r.ParseForm(); err != nil {
		s.t.Errorf("form: %v", err)
	}
	s.last = r.PostForm
	if s.refuse != 0 {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"code":%d,"message":"The 'To' number %s is bad: %s","status":400}`, s.refuse, r.PostForm.Get("To"), aText)
		return
	}
	if r.PostForm.Get("To") == "" || r.PostForm.Get("From") != "+15005550006" || !good(r.PostForm) {
		s.t.Errorf("form = %v, which Twilio would refuse", r.PostForm)
	}
	w.WriteHeader(201)
	fmt.Fprintf(w, `{"sid":%q,"status":%q,"error_code":%s}`, sid, s.status, code(s.errcode))
}

func code(n int) string {
	if n == 0 {
		return "null"
	}
	return fmt.Sprint(n)
}

func account(rt http.RoundTripper) Twilio {
	return Twilio{API: "https://api.twilio.example", SID: anSID, AuthToken: aToken, From: "+15005550006", Transport: rt}
}

func TestSMSText(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    Message
		want string
	}{
		{"all", page(aNumber), "sev1 shop: card payments fail\n" + aText + "\nhttps://bell.shop.example/i/42\nReply A42 to acknowledge."},
		{"link to acknowledge", Message{Subject: "a", AckURL: "https://b/ack", URL: "https://b/i"}, "a\nhttps://b/ack"},
		{"one line", Message{Subject: "a\nb\t\x1bc  d"}, "a b c d"},
		{"nothing to add", Message{Subject: "a", Text: "b"}, "a\nb"},
	} {
		if got := smsBody(tt.m); got != tt.want {
			t.Errorf("%s: text = %q, want %q", tt.name, got, tt.want)
		}
	}
	m := page(aNumber)
	m.Subject = strings.Repeat("\U0001F525", 4000)
	got := smsBody(m)
	if utf16Len(got) > smsText || !strings.HasSuffix(got, "…\nhttps://bell.shop.example/i/42\nReply A42 to acknowledge.") {
		t.Errorf("4,000 emoji: %d units, %q, want at most %d and the answer to give", utf16Len(got), got, smsText)
	}
}

func TestSMS(t *testing.T) {
	s := &twilioServer{t: t, status: "queued"}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		way := &SMS{account(rt)}
		got, err := way.Send(t.Context(), page(aNumber))
		if err != nil || got != (Receipt{messageSID, Accepted}) {
			t.Fatalf("Send() = %+v, %v, want accepted", got, err)
		}
		want := url.Values{"To": {aNumber}, "From": {"+15005550006"}, "Body": {smsBody(page(aNumber))}}
		if diff := cmp.Diff(want, s.last); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
	})
}

// TestPoll asks about messages and calls in every state that Twilio names.
func TestPoll(t *testing.T) {
	type row struct {
		status  string
		errcode int
		want    Level
		cause   string // of a refusal
	}
	for way, rows := range map[string][]row{
		sms: {{"accepted", 0, Accepted, ""}, {"scheduled", 0, Accepted, ""}, {"queued", 0, Accepted, ""}, {"sending", 0, Accepted, ""},
			{"sent", 0, Accepted, ""}, {"delivered", 0, Delivered, ""}, {"read", 0, Seen, ""},
			{"undelivered", 30003, 0, "not delivered: the phone is off or has no signal (Twilio 30003)"},
			{"failed", 39999, 0, "not delivered (Twilio 39999)"}, {"canceled", 0, 0, "not delivered"}},
		voice: {{"queued", 0, Accepted, ""}, {"initiated", 0, Accepted, ""}, {"ringing", 0, Accepted, ""}, {"in-progress", 0, Delivered, ""},
			{"completed", 0, Delivered, ""}, {"busy", 0, 0, "busy"}, {"no-answer", 0, 0, "nobody picked up"}, {"failed", 0, 0, "could not be put through"}, {"canceled", 0, 0, "could not"}},
	} {
		for _, tt := range rows {
			s := &twilioServer{t: t, status: tt.status, errcode: tt.errcode}
			world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
				poller, id := Poller(&SMS{account(rt)}), messageSID
				if way == voice {
					poller, id = &Voice{Twilio: account(rt)}, callSID
				}
				got, err := poller.Poll(t.Context(), id)
				var e *Error
				if tt.cause == "" && (err != nil || got != (Receipt{id, tt.want})) ||
					tt.cause != "" && (!errors.As(err, &e) || e.Kind != Refused || !strings.Contains(e.Cause, tt.cause)) {
					t.Errorf("%s %s: Poll() = %+v, %v, want %v or %q", way, tt.status, got, err, tt.want, tt.cause)
				}
			})
		}
	}
}

// TestPollLies asks servers that say nothing sensible: that is no delivery, and
// no failure either.
func TestPollLies(t *testing.T) {
	other := "SM" + strings.Repeat("f", 32)
	for name, tt := range map[string]struct {
		body string
		code int
		kind Kind
	}{
		"another message's status": {`{"sid":"` + other + `","status":"delivered"}`, 200, Unavailable},
		"unknown status":           {`{"sid":"` + messageSID + `","status":"excellent"}`, 200, Unavailable},
		"html":                     {"<html>delivered</html>", 200, Unavailable},
		"nothing":                  {"", 200, Unavailable},
		"500":                      {"", 500, Unavailable},
		"404":                      {"", 404, Refused},
	} {
		world(t, say(tt.code, "", "", tt.body), func(t *testing.T, rt *http.Transport) {
			got, err := (&SMS{account(rt)}).Poll(t.Context(), messageSID)
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind {
				t.Errorf("%s: Poll() = %+v, %v, want %v", name, got, err, tt.kind)
			}
		})
	}
	for _, id := range []string{"", "SM42", "../../Accounts", messageSID + "/x"} {
		if _, err := (&SMS{account(nil)}).Poll(t.Context(), id); err == nil {
			t.Errorf("Poll(%q) = nil, want an error", id)
		}
	}
}

func TestTwilioRefusals(t *testing.T) {
	for _, tt := range []struct {
		code  int
		kind  Kind
		cause string
	}{
		{21211, Refused, "does not exist or cannot be reached this way (Twilio 21211)"},
		{21610, Refused, "opted out; a text message START"},
		{21408, Refused, "geographic permissions"},
		{21608, Refused, "trial account"},
		{21606, Misconfigured, "number configured to send from"},
		{20003, Misconfigured, "account SID or auth token"},
		{20429, Busy, "slow down"},
		{21611, Busy, "slow down"},
		{29999, Refused, "refuses the message (400)"},
	} {
		s := &twilioServer{t: t, refuse: tt.code}
		world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
			for _, way := range []Sender{&SMS{account(rt)}, &Voice{Twilio: account(rt)}} {
				_, err := way.Send(t.Context(), page(aNumber))
				var e *Error
				if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.cause) {
					t.Errorf("code %d: Send() = %v, want %v, %q", tt.code, err, tt.kind, tt.cause)
				}
				if l := leaks(err); l != nil {
					t.Errorf("code %d: Send() = %v, which gives away %q", tt.code, err, l)
				}
			}
		})
	}
	s := &twilioServer{t: t, status: "failed", errcode: 30005}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		var e *Error
		if _, err := (&SMS{account(rt)}).Send(t.Context(), page(aNumber)); !errors.As(err, &e) || e.Kind != Refused {
			t.Errorf("Send() of a message that failed at once = %v, want Refused", err)
		}
		wrong := account(rt)
		wrong.AuthToken = "wrong"
		if err := wrong.Check(t.Context()); !errors.As(err, &e) || e.Kind != Misconfigured {
			t.Errorf("Check() with a wrong token = %v, want Misconfigured", err)
		}
		right := account(rt)
		if err := right.Check(t.Context()); err == nil || leaks(err) != nil {
			t.Errorf("Check() of an account that is not active = %v, want an error", err)
		}
		s.status = "active"
		if err := right.Check(t.Context()); err != nil {
			t.Errorf("Check() = %v, want nil", err)
		}
	})
	for _, to := range []string{"", "0151123", "+4915112345678,+1900", aMailbox} {
		var e *Error
		if _, err := (&SMS{account(nil)}).Send(t.Context(), page(to)); !errors.As(err, &e) || e.Kind != Refused || !strings.Contains(e.Cause, "number cannot be used: ") {
			t.Errorf("Send() to %q = %v, want Refused", to, err)
		}
	}
}

func TestSMSReplies(t *testing.T) {
	since := time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC)
	item := func(sid, direction, body string, at time.Time) string {
		b, _ := json.Marshal(map[string]any{"sid": sid, "direction": direction, "from": aNumber, "body": body, "date_created": at.Format(time.RFC1123Z), "status": "received"})
		return string(b)
	}
	s := &twilioServer{t: t, inbound: `{"messages":[` + strings.Join([]string{
		item("SM3", "inbound", " A42\n", since.Add(time.Minute)),
		item("SM2", "outbound-api", "ours", since.Add(time.Second)),
		item("SM1", "inbound", "on my way", since),
		item("SM0", "inbound", "yesterday's", since.Add(-time.Second)),
	}, ",") + `]}`}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		way := &SMS{account(rt)}
		got, err := way.Replies(t.Context(), since.Add(300*time.Millisecond))
		want := []Reply{{"SM1", aNumber, "on my way", since}, {"SM3", aNumber, "A42", since.Add(time.Minute)}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Replies() = %v (-want +got):\n%s", err, diff)
		}
		query, err := url.ParseQuery(s.asked)
		if want := (url.Values{"To": {way.From}, "DateSent>": {"2000-01-01"}, "PageSize": {"100"}}); err != nil || !cmp.Equal(query, want) {
			t.Errorf("query = %v, %v, want %v", query, err, want)
		}
	})
	for name, handler := range map[string]http.HandlerFunc{"html": say(200, "", "", "<html>"), "500": say(500, "", "", ""), "no list": say(200, "", "", "{}"), "hang": hang} {
		world(t, handler, func(t *testing.T, rt *http.Transport) {
			if got, err := (&SMS{account(rt)}).Replies(t.Context(), since); err == nil || leaks(err) != nil {
				t.Errorf("%s: Replies() = %+v, %v, want an error", name, got, err)
			}
		})
	}
}

// script is a call as Twilio reads it.
type script struct {
	XMLName xml.Name `xml:"Response"`
	Gather  *struct {
		Digits  string   `xml:"numDigits,attr"`
		Action  string   `xml:"action,attr"`
		Method  string   `xml:"method,attr"`
		Timeout string   `xml:"timeout,attr"`
		Say     []string `xml:"Say"`
	}
	Say    []string `xml:"Say"`
	Hangup *struct{}
}

func TestVoice(t *testing.T) {
	s := &twilioServer{t: t, status: "queued"}
	world(t, s.ServeHTTP, func(t *testing.T, rt *http.Transport) {
		way := &Voice{Twilio: account(rt), Language: "en-GB"}
		m := Message{To: aNumber, Subject: `sev1 </Say><Dial>+1900</Dial> "quotes" & more`, Text: "line one\nline two", KeyURL: `https://bell.example/key?t=1&s="x"`}
		got, err := way.Send(t.Context(), m)
		if err != nil || got != (Receipt{callSID, Accepted}) {
			t.Fatalf("Send() = %+v, %v, want accepted", got, err)
		}
		var read script
		if err := xml.Unmarshal([]byte(s.last.Get("Twiml")), &read); err != nil || read.Gather == nil {
			t.Fatalf("script %s: %v", s.last.Get("Twiml"), err)
		}
		text := m.Subject + ". line one line two Press 1 to acknowledge."
		if g := read.Gather; g.Digits != "1" || g.Action != m.KeyURL || g.Method != "POST" || !cmp.Equal(g.Say, []string{text, text}) {
			t.Errorf("script = %+v, want %q twice and the key to %s", g, text, m.KeyURL)
		}
		if strings.Contains(s.last.Get("Twiml"), "<Dial>") {
			t.Errorf("script = %s, in which the text has become an order", s.last.Get("Twiml"))
		}
		// Without a public address there is no key to press.
		m.KeyURL, m.AckCode, m.Text = "", "A42", strings.Repeat("\U0001F525&", 4000)
		if _, err := way.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var plain script
		if err := xml.Unmarshal([]byte(s.last.Get("Twiml")), &plain); err != nil || plain.Gather != nil || len(plain.Say) != 2 ||
			!strings.HasSuffix(plain.Say[0], "… To acknowledge, send A 4 2 as a text message to this number.") {
			t.Errorf("script = %s, %v, want the text twice and how to answer", s.last.Get("Twiml"), err)
		}
		var answer script
		if err := xml.Unmarshal(way.Answer("Thank you, <Ana>.\nGood night."), &answer); err != nil || !cmp.Equal(answer.Say, []string{"Thank you, <Ana>. Good night."}) || answer.Hangup == nil {
			t.Errorf("Answer() = %+v, %v", answer, err)
		}
	})
}

// TestPressed uses the example in Twilio's documentation of its signatures.
func TestPressed(t *testing.T) {
	v := &Voice{Twilio: Twilio{AuthToken: "12345"}}
	const (
		address   = "https://mycompany.com/myapp.php?foo=1&bar=2"
		form      = "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212"
		signature = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
	)
	for name, tt := range map[string]struct{ address, form, signature string }{
		"good": {address, form, signature}, "another key": {address, strings.Replace(form, "1234&", "1&", 1), signature},
		"another address": {address + "3", form, signature}, "no signature": {address, form, ""}, "more fields": {address, form + "&x=y", signature},
		"huge": {address, form + "&x=" + strings.Repeat("y", 2<<20), signature}, "no form": {address, "%zz", signature},
	} {
		r := httptest.NewRequest(http.MethodPost, "/myapp.php?foo=1&bar=2", strings.NewReader(tt.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", tt.signature)
		got, err := v.Pressed(tt.address, r)
		if good := name == "good"; good && (err != nil || got != (Key{"CA1234567890ABCDE", "1234"})) || !good && err == nil {
			t.Errorf("%s: Pressed() = %+v, %v", name, got, err)
		}
	}
}
