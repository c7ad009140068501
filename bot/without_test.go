package bot

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// awayRoster is a company in which everybody can be reached by every way, and some have
// an interest in checkout.
var awayRoster = strings.Replace(waysRoster, "{id: checkout, name: Checkout, kind: product, team: payments, policy: payments}",
	"{id: checkout, name: Checkout, kind: product, team: payments, policy: payments, stakeholders: [person:cleo, channel:leadership]}", 1)

// lineOf is somebody who works by the command line.
func lineOf(person string) desk.Caller {
	return desk.Caller{Actor: incident.Person(person), Through: incident.ThroughAdmin}
}

// awayDay is a day without Slack in the middle of a sev1.
type awayDay struct {
	*rig
	p    *providers
	down time.Time // when Slack went away
	back int       // the last call before it returned

	old, sev1, sev2, alerted int // incidents
}

// at lets time pass until so long after Slack went away.
func (d *awayDay) at(after time.Duration) {
	d.t.Helper()
	d.pass(time.Until(d.down.Add(after)))
}

// acts does something as somebody by the command line.
func (d *awayDay) acts(person string, n int, a desk.Act) {
	d.t.Helper()
	if _, err := d.desk.Do(d.t.Context(), lineOf(person), n, a); err != nil {
		d.t.Fatalf("%s of %s by %s: %v", a.Verb, incident.Name(n), person, err)
	}
}

// TestDayWithoutSlack: Slack goes away in the middle of a sev1 with three people, for a
// day in which they carry it to its end by the command line, a sev2 comes and goes, and
// an alert opens a third. When it is back, everything is told once, in order, and nothing
// that has passed is asked.
func TestDayWithoutSlack(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 1, 4, 9, 0, 0, 0, time.UTC)))
		r := newRig(t, slacksim.Options{KeepCalls: 300_000, RateLimits: true, RateBurst: 1, ConnectionLife: 1000 * time.Hour, Channels: []string{"leadership"}})
		defer r.close()
		r.roster, r.world = awayRoster, newProviders()
		r.start()
		d := &awayDay{rig: r, p: r.world}
		d.begin()
		d.without()
		d.returns()
	})
}

// begin is what happens while Slack is there.
func (d *awayDay) begin() {
	d.command("eve", "general", "declare search was slow sev3")
	d.pass(10 * time.Second)
	d.old = 1
	d.command("ada", "general", "ack INC-1")
	d.command("ada", "general", "mitigate INC-1 more memory")
	d.pass(40 * time.Minute)
	d.command("eve", "general", "declare card payments fail sev1")
	d.pass(10 * time.Second)
	d.sev1 = 2
	room := d.incidentChannel(2)
	d.command("ada", room, "ack")
	d.command("bob", room, "role commander")
	d.command("cleo", room, "role communicator")
	d.command("ada", room, "note errors of one provider")
	d.pass(8 * time.Minute)
	d.command("cleo", room, "update [before] we look into it")
	d.pass(time.Minute)
	d.down = time.Now()
	d.fault(slacksim.Fault{Down: true})
}

// without is the day without Slack.
func (d *awayDay) without() {
	t, n := d.t, d.sev1
	d.at(2 * time.Minute)
	d.acts("ada", n, desk.Act{Verb: desk.Note, Text: "[01] the provider <!channel> is down"})
	d.at(4 * time.Minute)
	d.acts("bob", n, desk.Act{Verb: desk.Note, Note: incident.Decision, Text: "[02] we switch the provider"})
	d.at(6 * time.Minute)
	d.acts("bob", n, desk.Act{Verb: desk.TakeRole, Role: incident.Commander, Person: incident.Person("cleo")}) // it lapses
	d.at(15 * time.Minute)
	d.acts("cleo", n, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "[03] cards fail, invoices work"})
	d.at(60 * time.Minute) // an update is missed meanwhile
	d.acts("cleo", n, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "[04] we switch now"})
	_, f, err := d.desk.OpenFollowUp(t.Context(), lineOf("bob"), n, incident.FollowUp{Title: "[05] a second provider by default"})
	if err != nil {
		t.Fatal(err)
	}
	d.at(70 * time.Minute)
	d.acts("ada", n, desk.Act{Verb: desk.Mitigate, Text: "[06] switched the provider"})
	d.at(2 * time.Hour)
	a, err := d.desk.Declare(t.Context(), lineOf("cleo"), incident.Declaration{Title: "logins fail", Severity: incident.Sev2, Service: "search"})
	if err != nil {
		t.Fatal(err)
	}
	d.sev2 = a.Incident.Number
	d.at(125 * time.Minute)
	d.acts("bob", d.sev2, desk.Act{Verb: desk.Acknowledge})
	d.at(3 * time.Hour)
	d.acts("ada", n, desk.Act{Verb: desk.Investigate, Text: "[07] cards fail again"})
	d.at(190 * time.Minute)
	d.acts("cleo", n, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "[08] it is back, we are on it"})
	d.acts("bob", d.sev2, desk.Act{Verb: desk.Resolve, Text: "[21] rolled back"})
	d.at(4 * time.Hour)
	d.acts("ada", n, desk.Act{Verb: desk.Mitigate, Text: "[09] a second switch"})
	d.at(6 * time.Hour)
	d.stop()
	d.pass(5 * time.Minute)
	d.startNow()
	d.at(8 * time.Hour)
	d.acts("cleo", n, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "[10] all is well, the last word"})
	d.acts("bob", n, desk.Act{Verb: desk.Resolve, Text: "[11] nothing since four hours"})
	if _, _, err := d.desk.DoFollowUp(t.Context(), lineOf("bob"), f.ID, desk.FollowUpAct{Verb: desk.FinishTask, Text: "[12] it is in the configuration"}); err != nil {
		t.Fatal(err)
	}
	d.at(9 * time.Hour)
	if _, err := d.desk.CloseWith(t.Context(), lineOf("bob"), n, desk.Closure{Anyway: "[13] the review is on Monday"}); err != nil {
		t.Fatal(err)
	}
	d.at(22*time.Hour + 30*time.Minute)
	took, err := d.alert(t.Context(), alert.Alert{Key: "disk", Status: alert.Firing, Title: "disk is full", Severity: alert.Sev1, Service: "search", Source: "event"})
	if err != nil {
		t.Fatal(err)
	}
	d.alerted = took.Incident
	d.at(22*time.Hour + 35*time.Minute)
	d.acts("bob", d.alerted, desk.Act{Verb: desk.Acknowledge})
	d.acts("bob", d.alerted, desk.Act{Verb: desk.Note, Text: "[31] the logs fill it"})
	d.at(24 * time.Hour)
	d.back = d.last()
	d.sim.ClearFaults()
}

// returns checks what is told when Slack is back.
func (d *awayDay) returns() {
	d.pass(time.Hour)
	d.sev1Told()
	d.stakeholdersTold()
	d.othersTold()
	d.nobodyNagged()
	for _, n := range []int{d.old, d.sev1, d.sev2, d.alerted} {
		d.fold(n)
	}
	d.unfinished()
	d.withinLimits()
}

// since are the messages of the bot in a channel since Slack is back.
func (d *awayDay) since(list []slacksim.Message) []slacksim.Message {
	var late []slacksim.Message
	for _, m := range list {
		if m.User == d.sim.BotUserID() && m.Subtype == "" && !instantOf(m.TS).Before(d.down.Add(24*time.Hour)) {
			late = append(late, m)
		}
	}
	return late
}

// sev1Told looks at the channel of the sev1, which stood before.
func (d *awayDay) sev1Told() {
	t, name := d.t, incident.Name(d.sev1)
	room := d.channel(d.incidentChannel(d.sev1))
	history := d.marked(room.Messages, "meanwhile", name)
	if len(history) != 1 {
		t.Fatalf("the channel has %d histories, want one:%s", len(history), list(room.Messages))
	}
	text, at := shownText(history), 0
	for _, want := range []string{"asked <@U0CLEO> to be commander", "has lapsed", "[03]", "was due and was not there", "[04]", "[05]", "[06]",
		"[07]", "[08]", "was due and was not there", "[09]", "[10]", "[11]", "[12]", "[13]"} {
		found := strings.Index(text[at:], want)
		if found < 0 {
			t.Errorf("the history lacks %q after what came before it:\n%s", want, text)
			continue
		}
		at += found + len(want)
	}
	notes := d.marked(room.Messages, "notes", name)
	if len(notes) != 1 {
		t.Fatalf("%d messages about notes, want one:%s", len(notes), list(room.Messages))
	}
	for _, want := range []string{"[01]", "[02]"} {
		if n := strings.Count(shownText(notes)+text, want); n != 1 {
			t.Errorf("%s is told %d times, want once", want, n)
		}
	}
	if late := d.marked(d.since(room.Messages), "say", name); len(late) > 0 {
		t.Errorf("lines without their times besides:%s", list(late))
	}
	kinds := map[string]int{}
	for _, m := range d.since(room.Messages) {
		for _, k := range []string{"meanwhile", "postmortem", "relief", "card"} {
			kinds[k] += len(d.marked([]slacksim.Message{m}, k, name))
		}
	}
	if want := map[string]int{"meanwhile": 1, "postmortem": 1, "relief": 1, "card": 0}; !maps.Equal(kinds, want) {
		t.Errorf("the channel got %v, want %v", kinds, want)
	}
	if card := d.marked(room.Messages, "card", name); len(card) != 1 || !shows(card[0], "closed") || !strings.Contains(room.Topic.Value, "closed") {
		t.Errorf("topic %q and card:%s\nwant both to say closed", room.Topic.Value, list(card))
	}
}

// stakeholdersTold looks whether they got the last word, once.
func (d *awayDay) stakeholdersTold() {
	for who, all := range map[string][]slacksim.Message{"#leadership": d.channel("leadership").Messages, "cleo": d.dm("U0CLEO")} {
		told := d.marked(d.since(all), "stakeholder", incident.Name(d.sev1))
		if len(told) != 1 || !shows(told[0], "[10]") || !shows(told[0], "This is from") {
			d.t.Errorf("%s got %d updates, want the last one, with its time:%s", who, len(told), list(told))
		}
	}
}

// othersTold looks at what was opened meanwhile, and at what went by other ways.
func (d *awayDay) othersTold() {
	t := d.t
	if got := d.histories(d.alerted); len(got) != 1 || strings.Count(shownText(got), "[31]") != 1 {
		t.Errorf("%d histories of %s: %s", len(got), incident.Name(d.alerted), shownText(got))
	}
	_, events := d.fold(d.alerted)
	for _, e := range events {
		if e.Kind == incident.KindSilent && e.At.Before(d.down.Add(24*time.Hour)) {
			t.Errorf("at %s bob counts as silent after reminders that he could not get", e.At)
		}
	}
	for n, words := range map[int]string{d.sev1: "closed", d.sev2: "resolved", d.alerted: "investigating"} {
		got := d.marked(d.channel("incidents").Messages, "announce", incident.Name(n))
		if len(got) != 1 || !shows(got[0], words) {
			t.Errorf("announcements of %s:%s\nwant one, %s", incident.Name(n), list(got), words)
		}
	}
	if n := count(d.channel("incidents").Messages, "from Tue 4 Jan 09:51 UTC to Wed 5 Jan 09:49 UTC"); n != 1 {
		t.Errorf("%d lines say when Slack was away, want one:%s", n, list(d.channel("incidents").Messages))
	}
	for _, name := range []string{"INC-3", "INC-4"} {
		ways := map[string]int{}
		for _, s := range d.p.sent {
			if strings.Contains(s.Text, name) || strings.Contains(s.Text, "Incident "+name[4:]+",") {
				ways[s.Via]++
			}
		}
		if ways["sms"] != 1 || ways["voice"] != 1 {
			t.Errorf("%s went out by %v, want a text message and a call", name, ways)
		}
	}
}

// nobodyNagged looks at what people were asked since.
func (d *awayDay) nobodyNagged() {
	for user, most := range map[string]int{"U0ADA": 2, "U0BOB": 2, "U0CLEO": 2} { // the idle one, the update that is due, the last word; and what post-mortems want
		if late := d.since(d.dm(user)); len(late) > most {
			d.t.Errorf("%s has %d messages since Slack is back, want %d at most:%s", user, len(late), most, list(late))
		}
	}
	for _, c := range d.sim.State().Channels {
		for _, m := range d.since(c.Messages) {
			if shows(m, "accept_command") || shows(m, "take_offer") || shows(m, "watch_more") {
				d.t.Errorf("it is asked what has passed, in %q: %s %s", c.Name, m.Text, m.Blocks)
			}
		}
	}
}

// withinLimits looks at the calls since Slack is back.
func (d *awayDay) withinLimits() {
	calls, limited := 0, 0
	for _, c := range d.sim.Calls(d.back) {
		if c.Kind != "api" {
			continue
		}
		if calls++; c.Status == 429 {
			limited++
		}
		if c.Error != "" && c.Error != "already_pinned" && c.Error != "not_in_channel" { // a look whether it was done before
			d.t.Errorf("%s was answered %s %v", c.Method, c.Error, c.Problems)
		}
	}
	if limited > 3 || calls > 400 {
		d.t.Errorf("%d calls within an hour, %d of them over the limit", calls, limited)
	}
	d.t.Logf("%d calls, %d over the limit", calls, limited)
}

// TestLateLinesKilled kills the bot at each call that follows when Slack is back, or
// without EVERY_CASE=1 at each eighth, before Slack has heard of it and after: what a
// channel could not be told is told once.
func TestLateLinesKilled(t *testing.T) {
	t.Parallel()
	for call := 1; call <= 16; call += cases(1, 8, 8) {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("at call %d, done: %t", call, done), func(t *testing.T) { lateLinesKilled(t, call, done) })
		}
	}
}

func lateLinesKilled(t *testing.T, call int, done bool) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{Seed: 7})
		g := &guillotine{next: r.sim}
		r.server.Handler = g
		r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
		defer r.close()
		r.start()
		room := r.takenOn("card payments fail sev1")
		r.fault(slacksim.Fault{Down: true})
		r.pass(2 * time.Minute)
		const many = 4
		for k := range many {
			r.does(1, desk.Act{Verb: desk.Note, Note: incident.Update, Text: fmt.Sprintf("[%02d] we are on it", k)})
			r.pass(10 * time.Minute)
		}
		g.arm(call, 0, done)
		r.sim.ClearFaults()
		r.pass(2 * time.Minute)
		r.stop()
		g.lift()
		r.start()
		r.pass(4 * time.Minute)
		var text string
		for _, m := range r.channelOf(room).Messages {
			if len(r.marked([]slacksim.Message{m}, "meanwhile", "INC-1"))+len(r.marked([]slacksim.Message{m}, "say", "INC-1")) > 0 {
				text += shownText([]slacksim.Message{m})
			}
		}
		for k := range many {
			if n := strings.Count(text, fmt.Sprintf("[%02d]", k)); n != 1 {
				t.Errorf("the channel is told %d times of update %d, want once:\n%s", n, k, text)
			}
		}
		r.unfinished()
	})
}
