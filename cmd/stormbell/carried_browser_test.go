//go:build browser

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
)

// phone is a visitor on one narrow screen, on which several people act in turn.
type phone struct {
	visitor
	t      *testing.T
	photos int
}

// goes opens a channel, or with "Stormbell" the messages of the bot.
func (p *phone) goes(room string) {
	p.t.Helper()
	p.lists()
	if room == "Stormbell" {
		p.entersMessages()
		return
	}
	p.enters(room)
}

// lists shows the rooms, which a narrow screen hides.
func (p *phone) lists() {
	p.Await(`(() => { // by its class, as on its way in or out its place says nothing
		const side = $('.sidebar');
		if (!side.closest('.menu-open')) $('.burger').click();
		return side.getBoundingClientRect().left >= 0;
	})()`)
}

// turns hands the phone to somebody else, who opens a room.
func (p *phone) turns(name, room string) {
	p.t.Helper()
	p.lists()
	p.becomes(name)
	p.goes(room)
}

// snaps takes a picture, where PHOTOS names a folder, and looks whether everything fits.
func (p *phone) snaps(name string) {
	p.t.Helper()
	var cut []string
	p.Run(&cut, whatIsCut)
	if len(cut) > 0 {
		p.t.Errorf("%s: cut off are %q", name, cut)
	}
	if dir := os.Getenv("PHOTOS"); dir != "" {
		p.photos++
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d-%s.png", p.photos, name)), p.Picture(), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// chooses picks an option of the first menu of a form.
func (p *phone) chooses(option string) {
	p.t.Helper()
	p.Click(`$('.dialog .select-open')`)
	p.Click(fmt.Sprintf(`$$('.option').find((n) => n.innerText.includes(%q))`, option))
}

// carriedInBrowser carries a sev1 from its declaration to closed as three people do on
// one phone: clumsily, with a restart of the bot in the middle.
func carriedInBrowser(t *testing.T, b *pagetest.Browser) {
	l := liveDemoIn(t, t.TempDir(), nil)
	p := &phone{visitor: visit(t, b, l.demo, 390, 780), t: t}

	p.says("/incident delcare search finds nothing")
	p.sees("Did you mean")
	p.snaps("a wrong word")
	p.says("/incident declare search finds nothing sev1 service:search")
	p.says("/incident declare search finds nothing sev1 service:search") // nothing seemed to happen
	p.sees("INC-13")
	p.snaps("declared")
	p.goes("inc-13")
	p.sees("Nobody is on it yet. Paged: @")
	p.snaps("the card")
	var first string
	p.Run(&first, `return /Nobody is on it yet. Paged: @(.+?)\./.exec($('.channel .items').innerText)[1]`)

	p.turns(first, "Stormbell")
	p.snaps("the page")
	p.presses("Not ours")
	p.Await(`$('.dialog')`)
	p.snaps("whose is it")
	p.chooses("Payments")
	p.Click(`by('.dialog .btn', 'Move it')`)
	p.Await(`$('.veil').hidden`)
	p.sees("was moved to Payments by")
	p.Await(`!by('.message .btn', 'Acknowledge', $('.channel'))`)
	p.snaps("moved")

	p.goes("inc-13")
	p.sees("is paged.")
	var second string
	p.Run(&second, `return /@([^@]+?) is paged\./.exec($('.channel .items').innerText)[1]`)
	p.turns(second, "Stormbell")
	p.DoubleClick(fmt.Sprintf(`by('.message .btn', %q, $('.channel'))`, "Acknowledge"))
	p.sees("Acknowledged by @" + second)
	p.snaps("acknowledged")
	p.goes("inc-13")
	p.sees("is on it,")
	p.says("/incident note what: approvals of one card network fell to zero")
	p.says("/incident decide route that network to provider B")
	p.sees("Decision 1")
	p.says("/incident object it is the provider with the higher fee")
	p.says("/incident impact since 07:15")
	p.snaps("notes")
	p.says("/incident update card payments of one network fail, others work")

	l.restart()
	p.says("/incident role commander " + handleOf(l, first))
	p.sees("is asked to take command")
	p.turns(first, "Stormbell")
	p.presses("Accept")
	p.sees("You have command")
	p.snaps("command")

	p.goes("inc-13")
	p.presses("Mitigated")
	p.Await(`$('.dialog')`)
	p.chooses("Failover")
	p.snaps("how")
	p.Click(`by('.dialog .btn', 'Mitigated')`)
	p.Await(`$('.veil').hidden`)
	p.sees("INC-13-F1")
	p.snaps("handed over")
	p.says("/incident reopen it is back")
	p.sees("Back to investigating")
	p.says("/incident mitigate restart: of the gateway")
	p.presses("Resolve")
	p.Click(`by('.dialog .btn', 'Resolve')`)
	p.Await(`$('.veil').hidden`)
	p.sees("Resolved. Thank you.")
	p.snaps("resolved")
	p.answers()
	p.says("/incident close")
	p.snaps("closing")
}

// answers answers the questions of the post-mortem in its form, one after another: the first
// with wording that is pointed out, which is sent again as it is, the cause, and the rest not
// at all. Then it is published.
func (p *phone) answers() {
	p.t.Helper()
	p.says("/incident postmortem answer factors")
	p.Await(`$('.dialog textarea')`)
	p.Click(`$('.dialog textarea')`)
	p.Type("The team should have tested the failover")
	p.snaps("a question")
	p.Click(`$('.dialog .btn.primary')`)
	p.Await(`$('.dialog').innerText.includes('it is fine as it is')`)
	p.snaps("a hint")
	p.Click(`$('.dialog .btn.primary')`)
	p.Await(`!$('.dialog').innerText.includes('it is fine as it is')`)
	p.snaps("the next question")
	for range 12 {
		var asks, ends bool
		p.Run(&ends, `return $('.dialog').innerText.includes('Thank you')`)
		if ends {
			break
		}
		p.Run(&asks, `return $('.dialog').innerText.includes('What came together')`)
		if asks {
			p.Click(`$('.dialog textarea')`)
			p.Type("The provider changed its certificates.")
		}
		p.Run(nil, `window.before = $('.dialog').innerText`)
		p.Click(`$('.dialog .btn.primary')`)
		p.Await(`$('.dialog').innerText !== window.before`)
	}
	p.snaps("thank you")
	p.Click(`by('.dialog .btn', 'Close')`)
	p.Await(`$('.veil').hidden`)
	p.says("/incident postmortem")
	p.sees("Publish")
	p.snaps("the post-mortem")
	p.says("/incident postmortem publish")
	p.sees("Published: version 1")
	p.snaps("published")
}

// handleOf is how the workspace calls somebody.
func handleOf(l *live, name string) string {
	l.t.Helper()
	for _, u := range l.space.sim.State().Users {
		if u.RealName == name {
			return u.Name
		}
	}
	l.t.Fatalf("nobody is called %q", name)
	return ""
}
