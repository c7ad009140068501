//go:build browser

package page

import (
	"testing"

	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
)

// TestBrowserClumsy uses the page as people in a hurry do: they click twice, type what does not exist, change their
// minds half-way, load the page again and have it open in two tabs.
func TestBrowserClumsy(t *testing.T) {
	b := pagetest.Start(t)
	for name, test := range map[string]func(*testing.T, *pagetest.Browser){
		"clicks a button twice":            testClickedTwice,
		"sends a form twice":               testSentTwice,
		"holds a key down":                 testHeldKey,
		"types what is not a command":      testNoCommand,
		"writes half a message and leaves": testHalfAMessage,
		"loads the page again in a form":   testReloadInForm,
		"names a channel in capitals":      testCapitals,
		"has two tabs":                     testTwoTabs,
		"pastes another address":           testPastedAddress,
		"is where one cannot write":        testNowhereToWrite,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

const composer = `$('.channel .composer textarea')`

// sent counts the envelopes of a kind that went to the app.
func (d simulator) sent(method string) int {
	n := 0
	for _, c := range d.Calls(0) {
		if c.Kind == "frame_out" && c.Method == method {
			n++
		}
	}
	return n
}

// settled waits until the app has answered a command that was typed after all else, so that what came before it is over.
func settled(t *testing.T, d simulator, tab *pagetest.Tab) {
	t.Helper()
	before := d.sent("slash_commands")
	tab.Click(composer)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`$('.views .dialog')`)
	tab.Press("Escape")
	tab.Await(`$('.views').hidden`)
	if d.sent("slash_commands") != before+1 {
		t.Errorf("one command was sent %d times", d.sent("slash_commands")-before)
	}
}

func clumsy(t *testing.T, b *pagetest.Browser, o Options) (simulator, *pagetest.Tab, string) {
	t.Helper()
	d := serve(t, o)
	d.bot(t)
	ops := channelID(t, d.Workspace, "ops")
	postBlocks(t, d, ops, `[{"type":"actions","elements":[{"type":"button","action_id":"ack","text":{"type":"plain_text","text":"Acknowledge"}}]}]`)
	tab := b.Open(t, d.address+"/#ada/"+ops, 1200, 800)
	tab.Await(`$('.live.on') && ` + composer + ` && by('.message .btn', 'Acknowledge')`)
	return d, tab, ops
}

func testClickedTwice(t *testing.T, b *pagetest.Browser) {
	d, tab, _ := clumsy(t, b, Options{})
	tab.DoubleClick(`by('.message .btn', 'Acknowledge')`)
	tab.Await(`shows('Acknowledged by @Ada Byron')`)
	settled(t, d, tab)
	if n := d.sent("interactive"); n != 1 {
		t.Errorf("a double click told the app of %d presses", n)
	}
	// Nor is what has come under the mouse meanwhile pressed, and a menu stays open.
	tab.DoubleClick(`$('.heading .members[title="Channel actions"]')`)
	tab.Await(`by('[role=menuitem] span', 'Leave')`)
}

func testSentTwice(t *testing.T, b *pagetest.Browser) {
	d, tab, _ := clumsy(t, b, Options{})
	tab.Click(composer)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`document.activeElement.matches('.dialog input')`)
	tab.Type("Checkout broken")
	tab.Run(nil, `
		const twice = () => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }));
		twice(); twice();`)
	tab.Await(`$('.views').hidden`)
	if n := d.sent("interactive"); n != 1 {
		t.Errorf("a form that was sent with two presses of Ctrl+Enter went to the app %d times", n)
	}
}

func testHeldKey(t *testing.T, b *pagetest.Browser) {
	d, tab, _ := clumsy(t, b, Options{})
	tab.Run(nil, `by('.message .btn', 'Acknowledge').focus()`)
	var pressed int
	tab.Run(&pressed, `
		let pressed = 0;
		const repeated = new KeyboardEvent('keydown', { key: 'Enter', repeat: true, bubbles: true, cancelable: true });
		if (document.activeElement.dispatchEvent(repeated)) pressed += 1;
		return pressed;`)
	if pressed != 0 {
		t.Error("a key that is held presses a button again and again")
	}
	tab.Press("Enter")
	tab.Await(`shows('Acknowledged by @Ada Byron')`)
	settled(t, d, tab)
}

func testNoCommand(t *testing.T, b *pagetest.Browser) {
	d, tab, _ := clumsy(t, b, Options{})
	tab.Click(composer)
	tab.Type("/incidnet declare all is lost")
	tab.Press("Enter")
	tab.Await(`shows('/incidnet is not a command here. There is /incident', $('.trouble')) && ` + composer + `.value === '/incidnet declare all is lost'`)
	if n := d.sent("slash_commands"); n != 0 {
		t.Errorf("the app was told of a command that is not one, %d times", n)
	}
}

func testHalfAMessage(t *testing.T, b *pagetest.Browser) {
	_, tab, _ := clumsy(t, b, Options{})
	tab.Click(composer)
	tab.Type("only for ops")
	tab.Click(`by('.room-name', 'general').closest('button')`)
	tab.Await(`$('h1').innerText.includes('general')`)
	var text string
	tab.Run(&text, `return `+composer+`.value`)
	if text != "" {
		t.Errorf("what was typed in another channel stands in this one: %q", text)
	}
	tab.Reload()
	tab.Await(`$('.live.on') && ` + composer)
	tab.Click(`by('.room-name', 'ops').closest('button')`)
	tab.Await(`$('h1').innerText.includes('ops') && ` + composer + `.value === 'only for ops'`)
	// As somebody else one does not find it, and what is sent is gone.
	tab.Click(`$('.who')`)
	tab.Click(`$$('[role=menuitem]').find((n) => n.innerText.includes('Ben Okafor'))`)
	tab.Await(`$('.who strong').innerText === 'Ben Okafor' && ` + composer + `.value === ''`)
	tab.Click(`$('.who')`)
	tab.Click(`$$('[role=menuitem]').find((n) => n.innerText.includes('Ada Byron'))`)
	tab.Await(`$('.who strong').innerText === 'Ada Byron' && ` + composer + `.value === 'only for ops'`)
	tab.Click(composer)
	tab.Press("Enter")
	tab.Await(`shows('only for ops', $('.channel .items')) && ` + composer + `.value === ''`)
	tab.Reload()
	tab.Await(`$('.live.on') && ` + composer + ` && ` + composer + `.value === ''`)
}

func testReloadInForm(t *testing.T, b *pagetest.Browser) {
	d, tab, _ := clumsy(t, b, Options{})
	tab.Click(composer)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`document.activeElement.matches('.dialog input')`)
	tab.Type("Checkout broken")
	tab.Reload()
	tab.Await(`$('.live.on') && $('.dialog input')?.value === 'Checkout broken'`)
	tab.Click(`by('.dialog-foot .btn', 'Declare')`)
	tab.Await(`$('.views').hidden`)
	if n := d.sent("interactive"); n != 1 {
		t.Errorf("the form went to the app %d times", n)
	}
	tab.Click(composer)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`$('.dialog input')?.value === ''`) // another form begins empty
}

func testCapitals(t *testing.T, b *pagetest.Browser) {
	_, tab, _ := clumsy(t, b, Options{})
	tab.Click(`$('[aria-label="Make a channel"]')`)
	tab.Await(`document.activeElement.matches('.dialog input')`)
	tab.Type(" The Team")
	tab.Press("Enter")
	tab.Await(`$('h1').innerText.includes('the-team')`)
}

func testTwoTabs(t *testing.T, b *pagetest.Browser) {
	d, tab, ops := clumsy(t, b, Options{})
	other := b.Open(t, d.address+"/#ada/"+ops, 1200, 800)
	other.Await(`$('.live.on') && by('.message .btn', 'Acknowledge')`)
	tab.Click(`by('.message .btn', 'Acknowledge')`)
	other.Await(`shows('Acknowledged by @Ada Byron') && !by('.message .btn', 'Acknowledge')`)
	tab.Click(composer)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`$('.dialog')`)
	other.Await(`$('.dialog')`)
	other.Click(`by('.dialog-foot .btn', 'Cancel')`)
	tab.Await(`$('.views').hidden && document.activeElement === ` + composer)
	tab.Type("still here")
	tab.Press("Enter")
	other.Await(`shows('still here', $('.channel .items'))`)
}

func testPastedAddress(t *testing.T, b *pagetest.Browser) {
	_, tab, _ := clumsy(t, b, Options{})
	tab.Run(nil, `location.hash = '#ben'`)
	tab.Await(`$('.who strong')?.innerText === 'Ben Okafor'`)
}

func testNowhereToWrite(t *testing.T, b *pagetest.Browser) {
	_, tab, _ := clumsy(t, b, Options{Guide: []Step{{Title: "Begin", Body: "Type `/incident now`."}}})
	tab.Click(`by('.room-name', 'general').closest('button')`)
	tab.Await(`$('h1').innerText.includes('general')`)
	tab.Click(`$('.rooms .room')`) // the app's Home
	tab.Await(`$('.at-home')`)
	tab.Click(`$('.step .write')`)
	tab.Await(`shows('Open a channel that you are in')`)
	tab.Click(`by('.room-name', 'ops').closest('button')`)
	tab.Await(composer)
	tab.Click(`$('.step .write')`)
	tab.Await(composer + `.value === '/incident now' && document.activeElement === ` + composer)
}
