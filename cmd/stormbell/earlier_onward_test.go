package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// What an earlier version left goes on: see TestStoreOfEarlierVersion.

// joins declares one more incident while the message about several that pages Ada
// is still open for more, and one while Bob's text messages are held back.
func (e *earlier) joins() {
	e.t.Helper()
	e.call("POST", "/v1/incidents", `{"as":"cleo","title":"checkout is down in Estonia","severity":"sev2","service":"checkout"}`, nil) // INC-26
	e.call("POST", "/v1/incidents", `{"as":"dan","title":"find finds nothing in Welsh","severity":"sev2","service":"find"}`, nil)      // INC-27
}

// outage: that of Slack, which was recorded, is over and told.
func (e *earlier) outage() {
	e.t.Helper()
	const words = "Slack was not reachable from 13:56 UTC to"
	for _, name := range []string{"INC-5", "INC-9", "INC-16", "INC-19", "INC-25"} {
		if !e.tells(name, words) {
			e.t.Errorf("%s does not tell of the outage: %+v", name, e.timeline(name))
		}
	}
	e.once("incidents", words)
	e.once("incidents", "The disk of the bot is nearly full.")
}

// asks reports whether a message has a button that acknowledges.
func asks(m slacksim.Message) bool { return strings.Contains(string(m.Blocks), `"action_id":"ack`) }

// jobsAreDone: what was left in the outbox is done, and what had been done before
// the kill without a record of it is not done twice.
func (e *earlier) jobsAreDone() {
	e.t.Helper()
	for _, room := range []string{"inc-23-checkout-is-down-in-denmark", "inc-24-find-finds-nothing-in-polish", "inc-25-the-shop-window-is-dark"} {
		c, ok := e.sim.State().Channel(room)
		if !ok || len(c.Pins) != 1 || c.Topic.Value == "" || c.Purpose.Value == "" || len(c.Members) < 2 {
			e.t.Errorf("#%s (there: %v) has %d pins, the topic %q, the purpose %q, the members %q; want all of it", room, ok, len(c.Pins), c.Topic.Value, c.Purpose.Value, c.Members)
		}
	}
	for _, room := range []string{"inc-19-checkout-is-down-in-austria", "inc-20-checkout-is-down-in-belgium", "inc-21-find-finds-nothing-in-dutch", "inc-22-checkout-is-down-in-croatia"} {
		if c, ok := e.sim.State().Channel(room); !ok || len(c.Pins) != 1 {
			e.t.Errorf("#%s (there: %v) has the pins %v, want the summary", room, ok, c.Pins)
		}
	}
	for n := 19; n <= 25; n++ {
		e.once("incidents", fmt.Sprintf("INC-%d ·", n))
	}
	e.once("incidents", "INC-18 ·", "resolved")
	e.once("inc-18-mails-are-sent-twice", "INC-18 · sev2 · mails are sent twice · resolved") // the summary
	e.once("inc-18-mails-are-sent-twice", "Resolved.", "one queue too many")
	e.once("inc-18-mails-are-sent-twice", "Post-mortem of INC-18 (draft)")
	e.once("team-search", "INC-24 ·")
	for name, words := range map[string]string{"INC-17": "by phone call was", "INC-21": "by text message was delivered"} {
		if !e.tells(name, "The notification to Bob Stone", words) {
			e.t.Errorf("%s does not tell what became of the page to Bob: %+v", name, e.timeline(name))
		}
	}
	files := e.sim.State().Files
	if !slices.ContainsFunc(files, func(f slacksim.File) bool { return strings.HasPrefix(f.Name, "inc-18-post-mortem") }) {
		e.t.Errorf("the post-mortem of INC-18 is not among %+v", files)
	}

	// The address for the answer to Eve's command did not outlive the workspace's
	// restart, so that it is tried and refused.
	answers := 0
	for _, c := range e.sim.Calls(0) {
		if c.Method == "response_url" {
			answers++
		}
	}
	if answers != 1 {
		e.t.Errorf("%d answers were tried, want that about INC-25", answers)
	}

	// Both of these had reached Slack, and the answer was lost.
	e.once("inc-15-refunds-wait-for-an-hour", "Now sev1: it is many")
	if m := e.toldOnce("U0DAN", "INC-15"); asks(m) {
		e.t.Errorf("Dan's page about INC-15, which Fay is on, still asks: %s", m.Blocks)
	}

	for _, m := range showing(e.dm("U0CLEO"), "INC-13") {
		if asks(m) {
			e.t.Errorf("Cleo's page about INC-13, which Ada is on, still asks: %s", m.Blocks)
		}
	}
	if list := e.mail.taken("push", "stormbell-cleo"); len(list) != 1 || !strings.Contains(list[0].Text, "INC-13 is acknowledged by Ada Okafor") {
		e.t.Errorf("Cleo's phone got %+v, want that Ada is on INC-13", list)
	}
	e.toldOnce("U0CLEO", "Your test of 13:57 UTC", "slack: ")
	var tried struct {
		Over  bool
		Words []string
	}
	e.call("GET", "/v1/oncall/tests/38d99dbc5e04", "", &tried)
	if !tried.Over || len(tried.Words) != 3 {
		e.t.Errorf("the test of Cleo's ways is %+v, want it over, with three ways", tried)
	}

	e.toldOnce("U0ADA", "The swap in payments-primary: accepted")
	if m := e.toldOnce("U0BOB", "Who takes payments-primary?"); strings.Contains(string(m.Blocks), "shift_accept") {
		e.t.Errorf("the request that Bob has agreed to still asks: %s", m.Blocks)
	}
	e.once("team-payments", "a journey")
	e.once("team-payments", "The schedule has changed by \u003c@U0BOB\u003e")
	e.once("team-payments", "Somebody else changes @payments-oncall too")
	groups := e.sim.State().Groups
	if len(groups) != 1 || !slices.Equal(groups[0].Users, []string{"U0ADA"}) {
		e.t.Errorf("the user groups are %+v, want one with Ada", groups)
	}
}

// together: the message that pages Ada about several incidents has taken in those
// that it was to be about and the one that came after the restart, and rings.
func (e *earlier) together() {
	e.t.Helper()
	shared := showing(e.dm("U0ADA"), "INC-22", "INC-23", "INC-26")
	if len(shared) == 0 {
		e.t.Fatalf("no message pages Ada about INC-22, INC-23 and INC-26: %+v", e.dm("U0ADA").Messages)
	}
	last := shared[len(shared)-1]
	if len(shared) != 2 {
		e.t.Errorf("%d messages page Ada about INC-22, INC-23 and INC-26, want the old one and the one that rings", len(shared))
	}
	e.press("ada", e.dm("U0ADA").ID, last, "Acknowledge all 3")
	e.pass(5 * time.Second)
	for _, name := range []string{"INC-22", "INC-23", "INC-26"} {
		if i := e.list()[name]; i.AcknowledgedBy != "person:ada" {
			e.t.Errorf("%s after Ada has acknowledged all: %+v", name, i)
		}
	}
	for _, m := range showing(e.dm("U0ADA"), "INC-22") {
		if asks(m) {
			e.t.Errorf("a message still asks Ada: %s", m.Blocks)
		}
	}
}

// heldPages: what was held back until others could leave with it has left, and so
// has what a ladder had planned.
func (e *earlier) heldPages() {
	e.t.Helper()
	held := e.mail.taken("sms", "+4915100000002")
	if len(held) == 0 || !strings.Contains(held[0].Text, "INC-24") || !strings.Contains(held[0].Text, "INC-27") || !held[0].At.Equal(friday("13:57:40")) {
		e.t.Errorf("Bob's text messages: %+v, want one about INC-24 and INC-27 at 13:57:40", held)
	}
	own := e.mail.taken("sms", "+4915100000001")
	if len(own) == 0 || !strings.Contains(own[0].Text, "INC-19") {
		e.t.Errorf("Ada's text messages: %+v, want INC-19 two minutes after it began", own)
	}
}

// answers: what the earlier version sent can be answered: a button, a link, a code.
func (e *earlier) answers() {
	e.t.Helper()
	page := showing(e.dm("U0ADA"), "INC-19")
	e.press("ada", e.dm("U0ADA").ID, page[0], "Acknowledge")

	const link = "/ack/HtdRybDhH2mUUzSj2AsOBuKc" // to Bob, by text message
	if status, sheet := e.ask("GET", link, "", map[string]string{"Accept": "text/html"}); status != http.StatusOK || !strings.Contains(string(sheet), "INC-17") {
		e.t.Errorf("GET of Bob's link = %d %s, want what it is for", status, sheet)
	}
	for _, c := range []struct {
		link string
		want int
	}{
		{link, http.StatusOK},
		{link, http.StatusConflict},
		{"/ack/HtdRybDhH2mUUzSj2AsOBuKd", http.StatusNotFound}, // another signature
		{"/ack/SWblUGOYWziwzBuzhW0ltuYo", http.StatusOK},       // by e-mail, to Fay: INC-18 is over
	} {
		if status, answer := e.ask("POST", c.link, "", nil); status != c.want {
			e.t.Errorf("POST %s = %d %s, want %d", c.link, status, answer, c.want)
		}
	}
	e.mail.answer("+4915100000002", "12")
	e.pass(20 * time.Second)
	for name, who := range map[string]string{"INC-17": "person:bob", "INC-19": "person:ada", "INC-21": "person:bob", "INC-18": "person:fay"} {
		if i := e.list()[name]; i.AcknowledgedBy != who {
			e.t.Errorf("%s = %+v, want it acknowledged by %s", name, i, who)
		}
	}

	// A script that sends its request again, with the same key.
	status, again := e.ask("POST", "/v1/incidents/INC-5/note", `{"as":"fay","text":"a request with a key"}`, map[string]string{"Idempotency-Key": "key-of-a-script"})
	if status != http.StatusOK || !strings.Contains(string(again), `"repeated":true`) {
		e.t.Errorf("the request again = %d %s, want it to be known", status, again)
	}

	// In an incident's channel, a command is about the incident; the private one is
	// nobody else's.
	if _, err := e.sim.As("ada").Command("inc-9-checkout-is-slow", "/incident", "note what: the pool of connections"); err != nil {
		e.t.Error(err)
	}
	seen, err := e.sim.As("eve").Command("general", "/incident", "show INC-6")
	if err != nil || strings.Contains(seen.Text+string(seen.Blocks), "customer list") {
		e.t.Errorf("Eve asks for the private INC-6 and sees %+v, %v", seen, err)
	}
	e.pass(5 * time.Second)
	if !e.tells("INC-9", "Ada Okafor noted", "the pool of connections") {
		e.t.Errorf("INC-9 does not tell of the note: %+v", e.timeline("INC-9"))
	}
}

func (e *earlier) channel(name string) slacksim.Channel {
	e.t.Helper()
	c, ok := e.sim.State().Channel(name)
	if !ok {
		e.t.Fatalf("there is no channel %s", name)
	}
	return c
}

// alerts: those that are known join their incidents, and whose turn it is in a
// round is remembered.
func (e *earlier) alerts() {
	e.t.Helper()
	if name, result := e.alert(`{"dedup_key":"latency-of-checkout","status":"firing","title":"Checkout is slow","severity":"sev2","service":"checkout"}`); name != "INC-9" || result != "joined" {
		e.t.Errorf("the alert of INC-9 again: %s %s, want it to join", name, result)
	}
	if name, result := e.alert(`{"dedup_key":"disk-of-batch","status":"firing","title":"Disk is nearly full","severity":"sev2","service":"batch"}`); name != "INC-28" || result != "opened" {
		e.t.Errorf("the alert of INC-2, which is over: %s %s, want a new incident", name, result)
	}
	e.pass(10 * time.Second)
	if c := showing(e.dm("U0CLEO"), "INC-28"); len(c) != 1 { // Ada and Bob had their turns
		e.t.Errorf("Cleo is paged about INC-28 %d times, want once", len(c))
	}
}

// waits: the ladder that waited for its next step has gone on, the weekly test is
// over and told, and nobody is paged for what is snoozed or exhausted.
func (e *earlier) waits() {
	e.t.Helper()
	if !e.tells("INC-16", "Step 2: ") || len(showing(e.dm("U0DAN"), "INC-16")) == 0 {
		e.t.Errorf("INC-16 has not gone on to its second step, Dan: %+v", e.timeline("INC-16"))
	}
	var why struct{ Words []string }
	e.call("GET", "/v1/incidents/INC-16/why", "", &why)
	if words := strings.Join(why.Words, "\n"); !strings.Contains(words, "Fay Lind") || !strings.Contains(words, "Dan Ruiz") {
		e.t.Errorf("why INC-16 paged: %s; want Fay and Dan", words)
	}
	for _, name := range []string{"INC-10", "INC-14"} {
		for _, v := range e.timeline(name) {
			if v.Kind == "paged" && v.At.After(friday("13:57:12")) {
				e.t.Errorf("%s, for which nobody is to be paged now, has paged: %+v", name, v)
			}
		}
	}
	e.once("team-payments", "Weekly test: Bob Stone did not answer within an hour (INC-12)")
	e.once("team-payments", "Weekly test: Ada Okafor answered after", "(INC-11)")
	for _, name := range []string{"INC-11", "INC-12", "INC-13"} {
		if got := e.status(name); got != "cancelled" {
			e.t.Errorf("%s, a weekly test, is %s; want it over", name, got)
		}
	}
}

// snoozed: the hour is over, and Fay is paged again.
func (e *earlier) snoozed() {
	e.t.Helper()
	list := e.mail.taken("email", "fay@shop.example")
	if !slices.ContainsFunc(list, func(d delivery) bool {
		return strings.Contains(d.Text, "INC-14") && !d.At.Before(friday("14:40:00"))
	}) {
		e.t.Errorf("Fay's mail: %d, none about INC-14 after its snooze: %+v", len(list), e.timeline("INC-14"))
	}
}

// postmortems are written for every incident, from what was noted.
func (e *earlier) postmortems() {
	e.t.Helper()
	for n := 1; n <= 25; n++ {
		e.call("GET", fmt.Sprintf("/v1/incidents/INC-%d/postmortem", n), "", nil)
	}
	doc := string(e.call("GET", "/v1/incidents/INC-1/postmortem", "", nil))
	for _, words := range []string{"cards are declined at checkout", "the second card provider only", "their certificate ran out",
		"send all cards to the first provider", "watch certificates of providers", "three of ten cards are declined", "INC-1-F1", "the certificate is renewed"} {
		if !strings.Contains(doc, words) {
			e.t.Errorf("the post-mortem of INC-1 does not say %q:\n%s", words, doc)
		}
	}
}

// day goes on at another time, after the program was away meanwhile.
func (e *earlier) day(from, to string) {
	e.t.Helper()
	e.stop()
	for _, at := range []string{from, to} {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			e.t.Fatal(err)
		}
		e.until(t)
		if e.stop == nil {
			e.start()
		}
	}
}

const mailed = "/ack/A89ehC7RL2_jeSQq9vvcvWpS" // the link to Fay about INC-16

// saturday: the override because of the wedding begins, and links have expired.
func (e *earlier) saturday() {
	e.t.Helper()
	e.day("2026-11-28T11:59:30Z", "2026-11-28T12:01:00Z")
	if n := len(showing(e.dm("U0BOB"), "You are on call for payments-primary")); n != 2 {
		e.t.Errorf("Bob was told %d times that he will be on call, want a day ahead and now", n)
	}
	e.once("team-payments", "payments-primary: Bob Stone on call now")
	if groups := e.sim.State().Groups; !slices.Equal(groups[0].Users, []string{"U0BOB"}) {
		e.t.Errorf("the user group has %q, want Bob, who is on call now", groups[0].Users)
	}
	if status, answer := e.ask("POST", mailed, "", nil); status != http.StatusGone {
		e.t.Errorf("POST of a link of yesterday = %d %s, want that it has expired", status, answer)
	}
}

// sunday: what is remembered for a day or two is forgotten.
func (e *earlier) sunday() {
	e.t.Helper()
	e.day("2026-11-29T03:00:00Z", "2026-11-29T03:01:00Z")
	for path, method := range map[string]string{mailed: "POST", "/v1/oncall/tests/38d99dbc5e04": "GET"} {
		if status, answer := e.ask(method, path, "", nil); status != http.StatusNotFound {
			e.t.Errorf("%s %s = %d %s, want it forgotten", method, path, status, answer)
		}
	}
	status, answer := e.ask("POST", "/v1/incidents/INC-5/note", `{"as":"fay","text":"another request with the key"}`, map[string]string{"Idempotency-Key": "key-of-a-script"})
	if status != http.StatusOK || strings.Contains(string(answer), `"repeated":true`) {
		e.t.Errorf("a request with a key of two days ago = %d %s, want it to be done", status, answer)
	}
}

// monday: a gap that is new is told, without those that come every week and were
// told before.
func (e *earlier) monday() {
	e.t.Helper()
	const last = "reason: a journey}\n"
	pause := last + "      - {seq: 6, set: [], start: 2026-12-03T10:00:00Z, end: 2026-12-03T12:00:00Z, reason: a pause}\n"
	text := strings.Replace(string(e.call("GET", "/v1/roster", "", nil)), last, pause, 1)
	e.call("POST", "/v1/roster", text, nil)
	e.day("2026-11-30T09:29:00Z", "2026-11-30T09:31:00Z")
	told := showing(e.channel("team-payments"), "Nobody is on call for some time ahead")
	if len(told) != 2 || !strings.Contains(string(told[1].Blocks), "payments-primary") || strings.Contains(string(told[1].Blocks), "payments-office") {
		e.t.Errorf("told of gaps: %+v; want a second message, about payments-primary only", told)
	}
}

// tuesday: a request for somebody to take a shift is repeated, and taken on.
func (e *earlier) tuesday() {
	e.t.Helper()
	e.day("2026-12-01T07:59:00Z", "2026-12-01T08:01:00Z")
	requests := showing(e.channel("team-payments"), "Who takes payments-primary?", "shift_take")
	if len(requests) != 3 {
		e.t.Fatalf("%d messages ask who takes Bob's shift, want the request and two reminders", len(requests))
	}
	e.press("cleo", "team-payments", requests[0], "Take this shift")
	e.pass(10 * time.Second)
	if text := e.call("GET", "/v1/roster", "", nil); !strings.Contains(string(text), "seq: 4, person: bob, with: cleo") {
		e.t.Errorf("the roster after Cleo took the shift:\n%s", text)
	}
	if left := showing(e.channel("team-payments"), "shift_take"); len(left) > 0 {
		e.t.Errorf("%d messages still ask for Bob's shift: %+v", len(left), left)
	}
}

// weekly: the next weekly test comes to who is on call by then.
func (e *earlier) weekly() {
	e.t.Helper()
	e.day("2026-12-04T13:29:00Z", "2026-12-04T13:31:00Z")
	for user, want := range map[string]int{"U0ADA": 1, "U0CLEO": 3, "U0DAN": 1} { // Ada and Cleo had theirs of the week before, Cleo twice
		if n := len(showing(e.dm(user), "Weekly test of your pages")); n != want {
			e.t.Errorf("%s has %d weekly tests, want %d", user, n, want)
		}
	}
}
