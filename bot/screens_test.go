package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// pushRoster has two people whom one step pages by push, and one by text message.
const pushRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, phone: "+4915100000001", rules: {high: [{via: push}, {via: sms}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, phone: "+4915100000002", rules: {high: [{via: push}]}}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, phone: "+4915100000003", rules: {high: [{via: sms}]}}
  - {id: eve, name: Eve Long, slack: U0EVE}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}
policies:
  - {id: all, steps: [{notify: [person:ada, person:bob, person:cleo], wait: 1h}], last_resort: [person:cleo]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: all}
defaults: {service: checkout, policy: all}
`

func withPushes(t *testing.T, f func(*rig, *providers)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		r.roster, r.world = pushRoster, newProviders()
		r.start()
		f(r, r.world)
	})
}

// screen is what a phone shows of the pushes to a person: those with an ID that
// came again are replaced.
func (p *providers) screen(person string) []sent {
	var list []sent
	for _, m := range p.taken("push", "bell-"+person) {
		replaced := false
		for n := range list {
			if list[n].ID == m.ID && m.ID != "" {
				list[n], replaced = m, true
			}
		}
		if !replaced {
			list = append(list, m)
		}
	}
	return list
}

// answer publishes what the button of a push publishes.
func (p *providers) answer(link string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, link)
}

// TestOwnScreen: whoever acknowledges has no button on their own screen any more
// either, however they did it, and when it is over all screens say so. None of
// that makes a sound.
func TestOwnScreen(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"push", "slack"} {
		t.Run(by, func(t *testing.T) {
			withPushes(t, func(r *rig, p *providers) {
				r.declare(1, "sev1")
				r.pass(5 * time.Second)
				if by == "push" {
					p.answer(p.screen("ada")[0].Link)
				} else {
					r.command("ada", "general", "ack INC-1")
				}
				r.pass(10 * time.Second)
				check := func(words string) {
					t.Helper()
					for _, who := range []string{"ada", "bob"} {
						if s := p.screen(who); len(s) != 1 || !strings.HasPrefix(s[0].Text, words) || s[0].Link != "" || s[0].Loud != 1 {
							t.Errorf("the screen of %s shows %+v, want quietly that %s", who, s, words)
						}
					}
				}
				check("INC-1 is acknowledged by Ada Okafor.")
				r.command("bob", "general", "resolve INC-1 rolled back")
				r.pass(10 * time.Second)
				check("INC-1 is resolved.")
				n := len(p.sent)
				r.pass(time.Hour)
				if len(p.sent) != n {
					t.Errorf("%d more messages in the hour after the end", len(p.sent)-n)
				}
			})
		})
	}
}

// TestBundleOnScreen: a push about several incidents is replaced by what is left
// of it, with a button for just that, and loses the button with the last one.
func TestBundleOnScreen(t *testing.T) {
	t.Parallel()
	withPushes(t, func(r *rig, p *providers) {
		for n := 1; n <= 4; n++ {
			r.declare(n, "sev1")
		}
		r.pass(65 * time.Second)
		if s := p.screen("ada"); len(s) != 2 || !strings.Contains(s[1].Text, "3 incidents need you") {
			t.Fatalf("the screen of ada shows %+v, want one push and one about three", s)
		}
		r.command("bob", "general", "ack INC-3")
		r.pass(10 * time.Second)
		s := p.screen("ada")
		if len(s) != 2 || !strings.HasPrefix(s[1].Text, "2 incidents still need you: INC-2, INC-4\n") || s[1].Link == "" || s[1].Loud != 1 {
			t.Fatalf("the screen of ada shows %+v, want what is left", s)
		}
		p.answer(s[1].Link)
		r.pass(15 * time.Second)
		for n, want := range map[int]incident.Actor{1: "", 2: "person:ada", 3: "person:bob", 4: "person:ada"} {
			if i, _ := r.fold(n); i.AcknowledgedBy != want {
				t.Errorf("%s is acknowledged by %q, want %q", i.Name(), i.AcknowledgedBy, want)
			}
		}
		for _, who := range []string{"ada", "bob"} {
			if s := p.screen(who); len(s) != 2 || s[1].Link != "" || s[0].Link == "" {
				t.Errorf("the screen of %s shows %+v, want a button for INC-1 alone", who, s)
			}
		}
		for n := 1; n <= 4; n++ {
			r.command("bob", "general", fmt.Sprintf("resolve INC-%d rolled back", n))
		}
		r.pass(30 * time.Second)
		for _, who := range []string{"ada", "bob"} {
			if s := p.screen(who); len(s) != 2 || s[0].Link != "" || strings.Count(s[1].Text, "is resolved") != 3 {
				t.Errorf("the screen of %s shows %+v, want that all are over", who, s)
			}
		}
	})
}

// TestTwoPushesOfOne: somebody who was pushed twice about one incident has no
// button on either when it is taken.
func TestTwoPushesOfOne(t *testing.T) {
	t.Parallel()
	withPushes(t, func(r *rig, p *providers) {
		r.declare(1, "sev1")
		r.pass(5 * time.Second)
		r.command("eve", "general", "page INC-1 <@U0BOB> please come")
		r.pass(5 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Second)
		s := p.screen("bob")
		if len(s) != 2 || s[0].Link != "" || s[1].Link != "" {
			t.Errorf("the screen of bob shows %+v, want two without a button", s)
		}
		if len(s) == 2 && !strings.Contains(s[1].Text, "please come") {
			t.Errorf("the words of a colleague are gone from the screen: %q", s[1].Text)
		}
	})
}

// TestWordsArriveAlone: what a colleague writes arrives at once by every contact
// method, with the words, though other notifications wait to leave together, and
// nothing that was told since takes the words away.
func TestWordsArriveAlone(t *testing.T) {
	t.Parallel()
	withPushes(t, func(r *rig, p *providers) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "sev1")
		}
		r.pass(time.Second)
		r.command("eve", "general", "page INC-2 <@U0ADA> please come, it is the database")
		r.command("bob", "general", "ack INC-3")
		r.command("eve", "general", "page INC-3 <@U0ADA> bob needs your key")
		r.pass(5 * time.Second)
		for _, to := range []struct{ via, to string }{{"push", "ada"}, {"sms", "0001"}} {
			got := p.taken(to.via, to.to)
			if len(got) != 3 {
				t.Fatalf("ada got %d by %s, want the first notification and the two of her colleague at once: %+v", len(got), to.via, got)
			}
			if m := got[1]; !strings.Contains(m.Text, "INC-2") || !strings.Contains(m.Text, "Eve Long: please come, it is the database") || strings.Contains(m.Text, "INC-3") {
				t.Errorf("by %s came %q, want the words of a colleague alone", to.via, m.Text)
			}
			if m := got[2]; !strings.Contains(m.Text, "bob needs your key") || m.Link != "" || strings.Contains(m.Text, "to acknowledge") {
				t.Errorf("by %s came %+v, want words, and no way to acknowledge what bob has", to.via, m)
			}
			for _, m := range got {
				if to.via == "sms" && len([]rune(m.Text)) > 160 {
					t.Errorf("the text message has %d characters: %s", len([]rune(m.Text)), m.Text)
				}
			}
		}
		r.pass(time.Minute)
		last := p.taken("sms", "0001")
		if m := last[len(last)-1]; len(last) != 4 || !strings.Contains(m.Text, "INC-2") || strings.Contains(m.Text, "please come") {
			t.Errorf("after the minute ada has %+v, want INC-2 as well", last)
		}
		if s := p.screen("ada"); !strings.Contains(fmt.Sprint(s), "bob needs your key") {
			t.Errorf("the screen of ada shows %+v: the words are gone", s)
		}
		r.command("bob", "general", "resolve INC-3 done")
		r.pass(5 * time.Second)
		if s := fmt.Sprint(p.screen("ada")); !strings.Contains(s, "INC-3 is resolved.") || !strings.Contains(s, "bob needs your key") {
			t.Errorf("the screen of ada shows %s, want that INC-3 is over", s)
		}
	})
}

// TestOneNumberHangs: Twilio does not answer for ada's number. Her pushes and
// everybody else's text messages leave all the same, and so does what is told her
// of many incidents at once.
func TestOneNumberHangs(t *testing.T) {
	t.Parallel()
	withPushes(t, func(r *rig, p *providers) {
		p.mu.Lock()
		p.hangs["+4915100000001"] = true
		p.mu.Unlock()
		r.declare(1, "sev1")
		r.pass(2 * time.Second)
		if len(p.taken("push", "ada")) != 1 || len(p.taken("sms", "0003")) != 1 || len(p.taken("push", "bob")) != 1 {
			t.Errorf("while ada's number hangs: %+v, want a push to ada and bob and a text message to cleo", p.sent)
		}
	})
}

// TestUpdatesHoldUpNobody: the server of pushes hangs on what it is only told
// quietly, for many incidents; a notification leaves at once.
func TestUpdatesHoldUpNobody(t *testing.T) {
	t.Parallel()
	withPushes(t, func(r *rig, p *providers) {
		for n := 1; n <= 20; n++ {
			r.declare(n, "sev1")
			r.pass(61 * time.Second) // each is a push of its own
		}
		p.mu.Lock()
		p.hangQuiet = true
		p.mu.Unlock()
		for n := 1; n <= 20; n++ {
			r.command("cleo", "general", fmt.Sprintf("ack INC-%d", n))
		}
		r.pass(time.Second)
		before := len(p.taken("push", "bob"))
		r.declare(21, "sev1")
		r.pass(2 * time.Second)
		if got := len(p.taken("push", "bob")) - before; got != 1 {
			t.Errorf("bob got %d pushes within two seconds, want one", got)
		}
	})
}
