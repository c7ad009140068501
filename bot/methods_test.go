package bot

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// withWays runs f in a bubble with a rig whose people can be reached by every
// way; phones reach the bot at public, if it is not empty.
func withWays(t *testing.T, public string, f func(*rig, *providers)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		r.roster, r.world = waysRoster, newProviders()
		r.world.public = public
		r.start()
		f(r, r.world)
	})
}

// counts are how many messages somebody got, by way.
func counts(p *providers, to ...string) map[string]int {
	got := map[string]int{}
	for _, via := range []string{"push", "sms", "voice", "webhook"} {
		for _, t := range to {
			if n := len(p.taken(via, t)); n > 0 {
				got[via] += n
			}
		}
	}
	return got
}

// TestEveryWay: nobody answers, so every rule of the first person fires at its
// time, then those of the second, then the last resort.
func TestEveryWay(t *testing.T) {
	t.Parallel()
	longLife(t)
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(90 * time.Second)
		if got := counts(p, "ada", "0001"); len(got) > 0 || len(r.dm("U0ADA")) != 1 {
			t.Errorf("after 90 s ada got %v and %d messages in Slack, want the one in Slack alone", got, len(r.dm("U0ADA")))
		}
		r.pass(time.Minute)
		if got := p.taken("push", "bell-ada"); len(got) != 1 || !strings.Contains(got[0].Text, "INC-1 · sev1 · Checkout · card payments fail") || got[0].Link == "" {
			t.Errorf("after 2.5 min pushes to ada: %+v, want one with what is broken and a button", got)
		}
		r.pass(3 * time.Minute)
		if got := p.taken("sms", "0001"); len(got) != 1 || !strings.HasPrefix(got[0].Text, "INC-1 sev1 card payments fail - Checkout\nReply ") || codeOf(got[0]) == "" {
			t.Errorf("after 5.5 min text messages to ada: %+v, want one", got)
		}
		r.pass(2 * time.Minute)
		if got := p.taken("voice", "0001"); len(got) != 1 || !strings.Contains(got[0].Text, "Incident 1, severity 1, Checkout. card payments fail") {
			t.Errorf("after 7.5 min calls to ada: %+v, want one, in spoken words", got)
		}
		r.pass(5 * time.Minute)
		if got := counts(p, "0002"); !cmp.Equal(got, map[string]int{"sms": 1, "voice": 1}) {
			t.Errorf("after 12.5 min bob got %v, want a text message and a call", got)
		}
		r.pass(40 * time.Minute)
		if got := p.taken("webhook", "cleo"); len(got) != 1 {
			t.Errorf("after two rounds cleo, the last resort, got %+v, want one call of the webhook", got)
		}
		_, events := r.fold(1)
		var heard []string
		for _, e := range events {
			if strings.Contains(fmt.Sprintf("%+v", e), "4915") {
				t.Errorf("the timeline gives a number away: %+v", e)
			}
			if e.Kind == incident.KindReceipt {
				heard = append(heard, e.Text)
			}
		}
		if len(heard) < 3 || heard[0] != "The notification to Ada Okafor by sms was delivered." {
			t.Errorf("receipts in the timeline: %q, want the deliveries of text messages and calls", heard)
		}
		n := len(p.sent)
		r.pass(24 * time.Hour)
		if len(p.sent) != n {
			t.Errorf("%d messages in the day after the last resort, want none", len(p.sent)-n)
		}
	})
}

// TestAnsweredByPush: without any public address the button of a notification
// acknowledges, and everything else falls silent.
func TestAnsweredByPush(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(130 * time.Second)
		push := p.taken("push", "bell-ada")
		if len(push) != 1 {
			t.Fatalf("pushes = %+v, want one", push)
		}
		p.mu.Lock()
		p.answers = append(p.answers, "a stranger was here", push[0].Link)
		p.mu.Unlock()
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.AcknowledgedBy != "person:ada" {
			t.Errorf("acknowledged by %q, want ada", i.AcknowledgedBy)
		}
		n := len(p.sent)
		r.pass(20 * time.Minute) // later somebody would be paged because nothing is heard from ada
		if len(p.sent) != n || len(r.dm("U0BOB")) != 0 {
			t.Errorf("%d messages after the acknowledgement, want none", len(p.sent)-n)
		}
	})
}

var aCode = regexp.MustCompile(`\nReply (\d{4}) to acknowledge\.$`)

// codeOf is the code of a text message, or "".
func codeOf(m sent) string {
	if found := aCode.FindStringSubmatch(m.Text); found != nil {
		return found[1]
	}
	return ""
}

// TestGuessedCodes: whoever can forge the sender of a text message has few tries;
// then no code from that number is taken for an hour, be it the right one, and
// the operators and the owner of the number hear of it once. Words do not count.
func TestGuessedCodes(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		right := codeOf(p.taken("sms", "0002")[0])
		for n := range 10 {
			p.reply("+4915100000002", fmt.Sprintf("thanks %d", n))
		}
		r.pass(10 * time.Second)
		told := func() (n int) {
			for _, m := range r.channel("incidents").Messages {
				if shows(m, "5 wrong codes came by text message from the number of Bob Stone") {
					n++
				}
			}
			return n
		}
		if told() != 0 {
			t.Error("words that are no code were taken for guesses")
		}
		for n := range 80 { // what used to be nearly all codes
			p.reply("+4915100000002", fmt.Sprint(n+1))
		}
		r.pass(10 * time.Second)
		p.reply("+4915100000002", right)
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.Acked() {
			t.Errorf("acknowledged by %q after 80 guesses", i.AcknowledgedBy)
		}
		warned := 0
		for _, m := range p.taken("sms", "0002") {
			if strings.HasPrefix(m.Text, "Too many wrong codes came from this number. None is taken until 01:00 UTC.") {
				warned++
			}
		}
		if told() != 1 || warned != 1 {
			t.Errorf("the operators were told %d times and bob %d times, want once each", told(), warned)
		}
		r.command("eve", "general", "declare search is down service:search")
		r.pass(61 * time.Second)
		got := p.taken("sms", "0002")
		if last := got[len(got)-1]; !strings.Contains(last.Text, "INC-2") || strings.Contains(last.Text, "Reply") {
			t.Errorf("while no codes are taken bob got %q, want no code", last.Text)
		}
		r.pass(time.Hour)
		p.reply("+4915100000002", right)
		r.pass(11 * time.Minute)
		if i, _ := r.fold(1); i.AcknowledgedBy != "person:bob" {
			t.Errorf("an hour later acknowledged by %q, want bob", i.AcknowledgedBy)
		}
	})
}

// TestNoCodesWithLinks: where messages have links there is no code to guess.
func TestNoCodesWithLinks(t *testing.T) {
	t.Parallel()
	withWays(t, "https://bell.test", func(r *rig, p *providers) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(70 * time.Second) // a text message and a call
		for n := range 10000 {
			if _, err := r.desk.RedeemCode(r.t.Context(), "person:bob", fmt.Sprint(n), fmt.Sprint("answer ", n)); err == nil {
				t.Fatalf("the code %d acknowledged, which no message has shown", n)
			}
		}
		if i, _ := r.fold(1); i.Acked() {
			t.Errorf("acknowledged by %q", i.AcknowledgedBy)
		}
	})
}

// TestCodeIsSpoken: a call without a public address says its code digit by digit,
// and an answer to it is fetched as quickly as one to a text message.
func TestCodeIsSpoken(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.roster = strings.ReplaceAll(waysRoster, "{high: [{via: sms}, {via: voice, after: 1m}]}", "{high: [{via: voice}]}")
		r.apply(r.roster)
		r.pass(3 * time.Hour) // answers are fetched rarely by now
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		calls := p.taken("voice", "0002")
		spoken := regexp.MustCompile(`send (\d \d \d \d) as a text message`).FindStringSubmatch(fmt.Sprint(calls))
		if spoken == nil {
			t.Fatalf("calls = %+v, want one that spells a code", calls)
		}
		p.reply("+4915100000002", strings.ReplaceAll(spoken[1], " ", ""))
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.AcknowledgedBy != "person:bob" {
			t.Errorf("acknowledged by %q, want bob", i.AcknowledgedBy)
		}
	})
}

// TestAnsweredByText: a code answers exactly the message it stood in. Whoever is
// second hears who was first.
func TestAnsweredByText(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		sms := p.taken("sms", "0002")
		if len(sms) != 1 || codeOf(sms[0]) == "" {
			t.Fatalf("text messages = %+v, want one with a code", sms)
		}
		first := codeOf(sms[0])
		p.reply("+4915100000003", first)      // not who was asked
		p.reply("+4915100000002", "99"+first) // no such code
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.Acked() {
			t.Fatalf("acknowledged by %q on a wrong answer", i.AcknowledgedBy)
		}
		r.command("cleo", "general", "ack INC-1")
		p.reply("+4915100000002", " "+first+". ")
		r.pass(10 * time.Second)
		got := p.taken("sms", "0002")
		if last := got[len(got)-1]; len(got) != 2 || !strings.HasPrefix(last.Text, "INC-1 is already acknowledged by Cleo Marsh (") {
			t.Errorf("bob, the second, got %+v, want to hear that cleo was first", got)
		}

		r.command("eve", "general", "declare search is slow again service:search")
		r.pass(70 * time.Second)
		got = p.taken("sms", "0002")
		second := codeOf(got[len(got)-1])
		if second == "" || second == first {
			t.Errorf("the next message is %q, want another code than %s", got[len(got)-1].Text, first)
		}
		p.reply("+4915100000002", first)
		r.pass(10 * time.Second)
		if i, _ := r.fold(2); i.Acked() {
			t.Error("a used code acknowledged another incident")
		}
		p.reply("+4915100000002", second)
		r.pass(10 * time.Second)
		if i, _ := r.fold(2); i.AcknowledgedBy != "person:bob" {
			t.Errorf("acknowledged by %q, want bob", i.AcknowledgedBy)
		}
	})
}

// ask sends a request to the bot's own HTTP and returns status and body.
func (r *rig) ask(method, path string, header map[string]string, body string) (int, string) {
	r.t.Helper()
	q := httptest.NewRequest(method, "https://bell.test"+path, strings.NewReader(body))
	for k, v := range header {
		q.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	r.web.ServeHTTP(w, q)
	return w.Code, w.Body.String()
}

// TestLinks: looking does not acknowledge, pressing does, once; each kind of bad
// link has its own page.
func TestLinks(t *testing.T) {
	t.Parallel()
	longLife(t)
	withWays(t, "https://bell.test", func(r *rig, p *providers) {
		browser := map[string]string{"Accept": "text/html"}
		r.command("eve", "general", "declare search <script>alert(1)</script> is slow service:search")
		r.pass(5 * time.Second)
		sms := p.taken("sms", "0002")
		if len(sms) != 1 {
			t.Fatalf("text messages = %+v, want one", sms)
		}
		path := regexp.MustCompile(`https://bell\.test(/ack/\S+)`).FindStringSubmatch(sms[0].Text)[1]
		if n := len([]rune(sms[0].Text)); n > 160 {
			t.Errorf("the text message has %d characters, want at most 160: %s", n, sms[0].Text)
		}
		for range 3 { // as mail scanners do
			if status, body := r.ask("GET", path, browser, ""); status != 200 || !strings.Contains(body, "Acknowledge?") || strings.Contains(body, "<script>") {
				t.Fatalf("GET %s = %d %s, want a page with a button and no script", path, status, body)
			}
		}
		if i, _ := r.fold(1); i.Acked() {
			t.Fatal("looking at the page acknowledged")
		}
		forged := path[:len(path)-3] + "AAA"
		refused := []struct {
			method, path string
			header       map[string]string
			status       int
			words        string
		}{
			{"POST", forged, browser, 404, "not one of ours"},
			{"GET", forged, browser, 404, "not one of ours"},
			{"POST", "/ack/x", nil, 404, `"error":"This link is not one of ours."`},
			{"POST", path, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}, 403, "Not from here"},
		}
		for _, c := range refused {
			if status, body := r.ask(c.method, c.path, c.header, ""); status != c.status || !strings.Contains(body, c.words) {
				t.Errorf("%s %s = %d %s, want %d with %q", c.method, c.path, status, body, c.status, c.words)
			}
		}
		if status, body := r.ask("POST", path, browser, ""); status != 200 || !strings.Contains(body, "You are on it") {
			t.Errorf("POST %s = %d %s, want to be on it", path, status, body)
		}
		if i, _ := r.fold(1); i.AcknowledgedBy != "person:bob" {
			t.Errorf("acknowledged by %q, want bob", i.AcknowledgedBy)
		}
		if status, body := r.ask("POST", path, browser, ""); status != 409 || !strings.Contains(body, "was used") {
			t.Errorf("POST %s again = %d %s, want to hear that it was used", path, status, body)
		}

		r.command("eve", "general", "declare search is slow again service:search")
		r.pass(70 * time.Second)
		sms = p.taken("sms", "0002")
		path = regexp.MustCompile(`https://bell\.test(/ack/\S+)`).FindStringSubmatch(sms[len(sms)-1].Text)[1]
		r.pass(13 * time.Hour)
		if status, body := r.ask("POST", path, nil, ""); status != 410 || !strings.Contains(body, "expired") {
			t.Errorf("POST %s after 13 h = %d %s, want that it has expired", path, status, body)
		}
		r.pass(48 * time.Hour)
		if status, _ := r.ask("POST", path, nil, ""); status != 404 {
			t.Errorf("POST %s after 61 h = %d, want that nobody remembers it", path, status)
		}
	})
}

// TestKeyPressed: the key 1 in a call acknowledges; a report that Twilio has not
// signed does not.
func TestKeyPressed(t *testing.T) {
	t.Parallel()
	withWays(t, "https://bell.test", func(r *rig, p *providers) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(70 * time.Second)
		calls := p.taken("voice", "0002")
		if len(calls) != 1 {
			t.Fatalf("calls = %+v, want one", calls)
		}
		address := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(calls[0].Text)[1]
		press := func(digit, key string) (int, string) {
			form := url.Values{"CallSid": {"CA1"}, "Digits": {digit}}
			mac := hmac.New(sha1.New, []byte(key))
			mac.Write([]byte(address + "CallSidCA1Digits" + digit))
			return r.ask("POST", strings.TrimPrefix(address, "https://bell.test"), map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}, form.Encode())
		}
		if status, _ := press("1", "another key"); status != 403 {
			t.Errorf("a report with a false signature = %d, want 403", status)
		}
		if status, body := press("5", twilioToken); status != 200 || !strings.Contains(body, "Only the key one") {
			t.Errorf("key 5 = %d %s, want to hear which key", status, body)
		}
		if i, _ := r.fold(1); i.Acked() {
			t.Fatal("a false key acknowledged")
		}
		for _, want := range []string{"You are on it", "It was acknowledged before"} {
			if status, body := press("1", twilioToken); status != 200 || !strings.Contains(body, want) {
				t.Errorf("key 1 = %d %s, want %q", status, body, want)
			}
		}
		if i, _ := r.fold(1); i.AcknowledgedBy != "person:bob" {
			t.Errorf("acknowledged by %q, want bob", i.AcknowledgedBy)
		}
	})
}

// TestBundle: what follows a first page within a minute leaves as one message
// about what is still open, whose answer acknowledges exactly that.
func TestBundle(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		for n := range 5 {
			r.command("eve", "general", fmt.Sprintf("declare search fails %d service:search", n+1))
			r.pass(3 * time.Second)
		}
		r.command("cleo", "general", "ack INC-3")
		r.pass(30 * time.Second)
		sms := p.taken("sms", "0002")
		if len(sms) != 1 || !strings.Contains(sms[0].Text, "INC-1 ") {
			t.Fatalf("within the minute: %+v, want the first page alone", sms)
		}
		r.pass(30 * time.Second)
		sms = p.taken("sms", "0002")
		if len(sms) != 2 {
			t.Fatalf("after the minute: %+v, want one message about what is open", sms)
		}
		// The call that leaves at the same instant may have taken the code before.
		code := regexp.MustCompile(`^3 incidents need you: INC-2 INC-4 INC-5\nReply (\d+) to acknowledge\.$`).FindStringSubmatch(sms[1].Text)
		if code == nil {
			t.Fatalf("after the minute: %q, want what is open, and a code", sms[1].Text)
		}
		r.command("eve", "general", "declare search fails 6 service:search")
		p.reply("+4915100000002", code[1])
		r.pass(10 * time.Second)
		for n, want := range map[int]incident.Actor{1: "", 2: "person:bob", 3: "person:cleo", 4: "person:bob", 5: "person:bob", 6: ""} {
			if i, _ := r.fold(n); i.AcknowledgedBy != want {
				t.Errorf("%s is acknowledged by %q, want %q", i.Name(), i.AcknowledgedBy, want)
			}
		}
		_, events := r.fold(4)
		paged := 0
		for _, e := range events {
			if e.Kind == incident.KindPaged && e.Via == "sms" {
				paged++
				if e.Text != "in one message about INC-2, INC-4, INC-5" {
					t.Errorf("the timeline says %q of the page", e.Text)
				}
			}
		}
		if paged != 1 {
			t.Errorf("INC-4 was paged by sms %d times, want once", paged)
		}
		r.pass(70 * time.Second)
		if sms = p.taken("sms", "0002"); len(sms) != 3 || !strings.Contains(sms[2].Text, "INC-6 ") {
			t.Errorf("then: %+v, want INC-6 by itself", sms[2:])
		}
	})
}

// TestProviderFails: a provider that answers 500, a page of HTML, nothing, or
// after half a minute is left at once for the next way; the operators hear of it
// once, and again when it is back.
func TestProviderFails(t *testing.T) {
	t.Parallel()
	faults := map[string]http.HandlerFunc{
		"500":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"HTML": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Welcome to the hotel</html>") },
		"nothing": func(w http.ResponseWriter, r *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		},
		"after 30 s": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(30 * time.Second):
			}
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			withWays(t, "", func(r *rig, p *providers) {
				p.breaks("sms", fault)
				r.command("eve", "general", "declare search is down service:search")
				r.pass(25 * time.Second)
				if got := counts(p, "0002"); !cmp.Equal(got, map[string]int{"voice": 1}) {
					t.Errorf("within 25 s bob got %v, want the call that was due after a minute", got)
				}
				for n := range 3 {
					r.command("eve", "general", fmt.Sprintf("declare search is down %d service:search", n))
					r.pass(2 * time.Minute)
				}
				warned := 0
				for _, m := range r.channel("incidents").Messages {
					if shows(m, "Pages by sms do not get through") {
						warned++
					}
				}
				if warned != 1 {
					t.Errorf("the operators were told %d times, want once: %s", warned, list(r.channel("incidents").Messages))
				}
				p.breaks("sms", nil)
				r.pass(15 * time.Minute)
				r.command("eve", "general", "declare search is down at last service:search")
				r.pass(2 * time.Minute)
				if got := p.taken("sms", "0002"); len(got) == 0 {
					t.Error("no text message after the provider came back")
				}
				r.find(r.channel("incidents").Messages, "Pages by sms get through again")
			})
		})
	}
}

// TestSlackDown: with Slack gone the next way is taken within 20 s; the page in
// Slack and the channel come when it is back, and the gap is told.
func TestSlackDown(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		if err := r.sim.Fault(slacksim.Fault{Method: "*", Status: 503}); err != nil {
			t.Fatal(err)
		}
		r.command("eve", "general", "declare search is down service:checkout")
		r.pass(25 * time.Second)
		if got := counts(p, "ada"); got["push"] == 0 {
			t.Errorf("within 25 s of Slack's end ada got %v, want a push", got)
		}
		r.pass(3 * time.Minute)
		r.sim.ClearFaults()
		r.pass(2 * time.Minute)
		r.find(r.dm("U0ADA"), "search is down")
		r.channel("inc-2-search-is-down")
		_, events := r.fold(2)
		told := false
		for _, e := range events {
			told = told || regexp.MustCompile(`^Slack was not reachable from \d\d:\d\d UTC to \d\d:\d\d UTC\.$`).MatchString(e.Text)
		}
		if !told {
			t.Errorf("the timeline of INC-2 does not tell of the gap: %+v", events)
		}
	})
}

// TestSlackDownAcknowledged: what was acknowledged while Slack was away does not
// page when it returns.
func TestSlackDownAcknowledged(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		if err := r.sim.Fault(slacksim.Fault{Method: "chat.postMessage", Status: 503}); err != nil {
			t.Fatal(err)
		}
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(30 * time.Second)
		push := p.taken("push", "bell-ada")
		if len(push) != 1 {
			t.Fatalf("pushes = %+v, want one", push)
		}
		p.mu.Lock()
		p.answers = append(p.answers, push[0].Link)
		p.mu.Unlock()
		r.pass(time.Minute)
		r.sim.ClearFaults()
		r.pass(5 * time.Minute)
		for _, m := range r.dm("U0ADA") {
			if shows(m, `"ack"`) {
				t.Errorf("ada is asked in Slack for what she has acknowledged: %s", m.Blocks)
			}
		}
		r.find(r.channel("inc-1-card-payments-fail").Messages, "is on it")
	})
}

// TestScreensAreTold: a notification that still asks is told who took it, unless
// it is theirs; nobody is called for that.
func TestScreensAreTold(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(9 * time.Minute)
		before := counts(p, "ada", "0001")
		r.command("bob", "general", "ack INC-1")
		r.pass(10 * time.Second)
		push := p.taken("push", "bell-ada")
		if last := push[len(push)-1]; !strings.HasPrefix(last.Text, "INC-1 is acknowledged by Bob Stone.") || last.Link != "" {
			t.Errorf("ada's screen says %+v, want who took it and no button", last)
		}
		after := counts(p, "ada", "0001")
		if after["sms"] != before["sms"] || after["voice"] != before["voice"] {
			t.Errorf("ada got %v after %v: she was woken to be told", after, before)
		}
	})
}

// TestNoSuchNumber: a number that the provider does not know is given up at once
// for the next way; the provider is not blamed for it.
func TestNoSuchNumber(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		p.breaks("sms", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"code":21211,"message":"The number +4915100000002 is not valid","status":400}`)
		})
		for n := range 4 {
			r.command("eve", "general", fmt.Sprintf("declare search is down %d service:search", n))
			r.pass(3 * time.Second)
			if n == 0 && len(p.taken("voice", "0002")) != 1 {
				t.Errorf("calls after a number that does not exist: %+v, want one at once", p.taken("voice", "0002"))
			}
			r.pass(2 * time.Minute)
		}
		if p.calls["sms"] != 4 {
			t.Errorf("%d attempts by sms for four incidents, want one each", p.calls["sms"])
		}
		if out := r.ways.Out(); len(out) > 0 {
			t.Errorf("ways that are out: %v, want none: the number was wrong, not the provider", out)
		}
		_, events := r.fold(1)
		said := false
		for _, e := range events {
			said = said || e.Kind == incident.KindPageFailed && strings.Contains(e.Text, "does not exist or cannot be reached")
		}
		if !said {
			t.Errorf("the timeline does not say why the text message failed: %+v", events)
		}
	})
}
