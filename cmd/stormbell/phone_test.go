package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// phonesOf serves phones for the demonstration's people, and the ways with which
// the bot would reach them.
func phonesOf(t *testing.T) (*phones, map[string]notify.Sender) {
	t.Helper()
	roster, err := rotation.Parse("demo", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	p, err := openPhones(roster, func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p, methodsOf(network{}, p.methods())
}

func send(t *testing.T, by notify.Sender, m notify.Message) string {
	t.Helper()
	receipt, err := by.Send(t.Context(), m)
	if err != nil {
		t.Fatalf("Send(%+v): %v", m, err)
	}
	return receipt.ID
}

// only is the one item on the phones.
func only(t *testing.T, p *phones) page.PhoneItem {
	t.Helper()
	items := p.list()
	if len(items) != 1 {
		t.Fatalf("the phones show %d items, want 1: %+v", len(items), items)
	}
	return items[0]
}

// TestPhonesTakeEveryWay: what the real senders send is accepted and shown.
func TestPhonesTakeEveryWay(t *testing.T) {
	p, ways := phonesOf(t)
	if diff := cmp.Diff(configs.Default().Notify.Twilio.APIURL, "https://api.twilio.com"); diff != "" {
		t.Errorf("the address that the phones stand for (-want +got):\n%s", diff)
	}
	send(t, ways["push"], notify.Message{ID: "a", To: "stormbell-clara", Subject: "INC-1 · sev1", Text: "Declared by Elif."})
	send(t, ways["sms"], notify.Message{ID: "b", To: "+12025550106", Subject: "INC-1 sev1", AckCode: "42"})
	send(t, ways["voice"], notify.Message{ID: "c", To: "+12025550106", Subject: "Incident 1", KeyURL: "http://127.0.0.1:1/v1/twilio/voice/x"})
	want := []page.PhoneItem{
		{To: "clara", Via: "push", Text: "INC-1 · sev1\nDeclared by Elif."},
		{To: "clara", Via: "sms", Text: "INC-1 sev1\nReply 42 to acknowledge.", Keys: []page.Key{{Key: "42", Label: "Reply 42"}}},
		{To: "clara", Via: "voice", Text: "Incident 1. Press 1 to acknowledge.", Keys: []page.Key{{Key: "1", Label: "Press 1"}}},
	}
	got := p.list()
	for n := range got {
		if got[n].ID == "" || got[n].At != p.now() {
			t.Errorf("item %d has the ID %q and the time %v, want one, and the phones' %v", n, got[n].ID, got[n].At, p.now())
		}
		got[n].ID, got[n].At = "", time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the phones (-want +got):\n%s", diff)
	}
	for _, via := range []string{"push", "sms", "voice"} {
		check, ok := ways[via].(interface{ Check(context.Context) error })
		if !ok {
			t.Fatalf("%s cannot be checked", via)
		}
		if err := check.Check(t.Context()); err != nil {
			t.Errorf("Check of %s: %v", via, err)
		}
	}
}

// TestPhoneAnswers presses each kind of key and reads what the bot would get.
func TestPhoneAnswers(t *testing.T) {
	posted := make(chan string, 1)
	bot := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted <- r.Method + " " + r.URL.Path + " " + string(body)
	}))
	defer bot.Close()
	replies := func(by notify.Sender) string {
		list, err := by.(notify.Listener).Replies(t.Context(), time.Now().Add(-time.Minute))
		if err != nil || len(list) != 1 {
			t.Fatalf("Replies = %+v, %v; want one", list, err)
		}
		return list[0].From + " " + list[0].Text
	}
	link := func(notify.Sender) string { return <-posted }
	for name, c := range map[string]struct {
		via  string
		m    notify.Message
		read func(notify.Sender) string
		want string
	}{
		"push to a topic": {"push", notify.Message{To: "stormbell-clara", Subject: "S", AckCode: "t0ken"}, replies, " t0ken"},
		"push to a link":  {"push", notify.Message{To: "stormbell-clara", Subject: "S", AckURL: bot.URL + "/ack/T"}, link, "POST /ack/T "},
		"text by a code":  {"sms", notify.Message{To: "+12025550106", Subject: "S", AckCode: "42"}, replies, "+12025550106 42"},
		"text by a link":  {"sms", notify.Message{To: "+12025550106", Subject: "S", AckURL: bot.URL + "/ack/T"}, link, "POST /ack/T "},
	} {
		p, ways := phonesOf(t)
		send(t, ways[c.via], c.m)
		item := only(t, p)
		if len(item.Keys) != 1 {
			t.Errorf("%s: keys %+v, want one", name, item.Keys)
			continue
		}
		if err := p.pressed(item.ID, item.Keys[0].Key); err != nil {
			t.Errorf("%s: press: %v", name, err)
			continue
		}
		if got := c.read(ways[c.via]); got != c.want {
			t.Errorf("%s: the bot gets %q, want %q", name, got, c.want)
		}
		if item := only(t, p); !item.Over || item.Note != "answered" {
			t.Errorf("%s: pressed, it is %+v, want it over", name, item)
		}
		if err := p.pressed(item.ID, "x"); err == nil {
			t.Errorf("%s: pressed again: no error", name)
		}
	}
}

// TestPhoneVoice: a pressed key arrives signed, as the sender checks it.
func TestPhoneVoice(t *testing.T) {
	p, ways := phonesOf(t)
	voice := ways["voice"].(*notify.Voice)
	type report struct {
		key notify.Key
		err error
	}
	reports := make(chan report, 1)
	address := ""
	bot := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		key, err := voice.Pressed(address, r)
		reports <- report{key, err}
	}))
	defer bot.Close()
	address = bot.URL + "/v1/twilio/voice/TOKEN"
	call := send(t, voice, notify.Message{To: "+12025550106", Subject: "Incident 1", KeyURL: address})
	if err := p.pressed(only(t, p).ID, "1"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-reports, (report{notify.Key{Call: call, Digit: "1"}, nil}); got != want {
		t.Errorf("the bot gets %+v, want %+v", got, want)
	}
	if r, err := voice.Poll(t.Context(), call); err != nil || r.Level != notify.Delivered {
		t.Errorf("Poll = %+v, %v; want it delivered", r, err)
	}
}

// TestPhoneFails: a press that did not get through can be tried again.
func TestPhoneFails(t *testing.T) {
	p, ways := phonesOf(t)
	failing := true
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failing {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer bot.Close()
	send(t, ways["push"], notify.Message{To: "stormbell-clara", Subject: "S", AckURL: bot.URL + "/ack/T"})
	id := only(t, p).ID
	if err := p.pressed(id, "ack"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("press while the bot fails = %v, want its 503", err)
	}
	if item := only(t, p); item.Over || !strings.Contains(item.Note, "failed") {
		t.Errorf("after a failed press: %+v, want it open, with a note", item)
	}
	failing = false
	if err := p.pressed(id, "ack"); err != nil {
		t.Errorf("press again: %v", err)
	}
}

// TestPhoneNews: a push about the same page takes its place.
func TestPhoneNews(t *testing.T) {
	p, ways := phonesOf(t)
	ctx, cancel := context.WithCancel(t.Context())
	changed := p.watch(ctx)
	m := notify.Message{ID: "job-1", To: "stormbell-clara", Subject: "INC-1", AckCode: "t"}
	first := send(t, ways["push"], m)
	<-changed
	if again := send(t, ways["push"], m); again != first {
		t.Errorf("the same push again has the ID %s, want %s", again, first)
	}
	send(t, ways["push"], notify.Message{ID: first, To: "stormbell-clara", Subject: "INC-1 is acknowledged by Jonas Weber.", News: true})
	if item := only(t, p); !item.Over || item.Note != "INC-1 is acknowledged by Jonas Weber." {
		t.Errorf("after the news: %+v, want it over, with them as a note", item)
	}
	<-changed
	cancel()
}

func TestPhonesRefuseOtherSites(t *testing.T) {
	p, _ := phonesOf(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/", strings.NewReader(`{"topic":"stormbell-clara","title":"from elsewhere"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden || len(p.list()) > 0 {
		t.Errorf("a push from another site's page = %d, and the phones show %+v; want 403 and nothing", resp.StatusCode, p.list())
	}
}
