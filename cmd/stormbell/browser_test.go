//go:build browser

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// TestInBrowser tries the demonstration as people do: the whole program, and a
// browser. What a page should never report fails the test.
func TestInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	for name, test := range map[string]func(*testing.T, *pagetest.Browser){
		"the guide from start to end":     guideInBrowser,
		"two people side by side":         sideBySideInBrowser,
		"a form that is not complete":     formInBrowser,
		"phones that ring":                phonesInBrowser,
		"several incidents at once":       stormInBrowser,
		"an incident from start to end":   carriedInBrowser,
		"a rate limit put in force":       faultInBrowser,
		"what can be pressed":             pressInBrowser,
		"a phone's screen":                narrowInBrowser,
		"light and dark can be read":      coloursInBrowser,
		"a keyboard and nothing else":     keyboardInBrowser,
		"a page that is loaded again":     reloadInBrowser,
		"a post-mortem on paper":          paperInBrowser,
		"a workspace that was gone":       reconnectInBrowser,
		"the pictures of the README":      picturesInBrowser,
		"a page that a stranger has open": strangerInBrowser,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// liveDemo runs the demonstration until the test ends, with a roster changed by
// edit.
func liveDemo(t *testing.T, edit func(*rotation.Roster)) *demo {
	return liveDemoIn(t, t.TempDir(), edit).demo
}

// live is a demonstration whose bot can be started again.
type live struct {
	*demo
	t    *testing.T
	dir  string
	stop func()
}

// liveDemoIn is liveDemo with its files in a folder.
func liveDemoIn(t *testing.T, dir string, edit func(*rotation.Roster)) *live {
	t.Helper()
	roster, err := rotation.Parse("demo", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(roster)
	}
	d := &demo{roster: roster, text: roster.Export()}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.open(t.Context(), demoOptions{listen: "127.0.0.1:0"}, dir, demoLogger(os.Stderr)); err != nil {
		t.Fatal(err)
	}
	l := &live{demo: d, t: t, dir: dir}
	l.run()
	t.Cleanup(func() { l.stop() })
	return l
}

// run runs the bot until stop is called.
func (l *live) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	bot := l.bot
	go func() { ended <- bot.run(ctx) }()
	l.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Errorf("the bot ended: %v", err)
		}
	}
}

// restart stops the bot and starts it again on the same store. The workspace and the
// page go on.
func (l *live) restart() {
	l.t.Helper()
	l.stop()
	end := l.ends[len(l.ends)-1] // the bot's
	l.ends = l.ends[:len(l.ends)-1]
	if err := end(); err != nil {
		l.t.Fatal(err)
	}
	if err := l.openBot(l.t.Context(), l.dir, demoLogger(os.Stderr)); err != nil {
		l.t.Fatal(err)
	}
	l.run()
}

// visitor is a person in front of the page. Selectors are looked up in a pane.
type visitor struct {
	*pagetest.Tab
	pane string
}

// visit opens the page as the guide's first person.
func visit(t *testing.T, b *pagetest.Browser, d *demo, width, height int64) visitor {
	t.Helper()
	v := visitor{b.Open(t, d.space.base+"/", width, height), "$('.pane')"}
	v.Await(`$('.live.on') && $('.who strong')?.textContent === 'Elif Kaya' && $('.composer textarea')`)
	return v
}

// says types into the composer and sends it.
func (v visitor) says(text string) {
	v.Click(`$('.channel .composer textarea', ` + v.pane + `)`)
	v.Type(text)
	v.Press("Enter")
	v.Await(`!$('.channel .composer', ` + v.pane + `).classList.contains('busy') && !$('.channel .composer textarea', ` + v.pane + `).value`)
}

// enters opens the channel whose name begins so.
func (v visitor) enters(channel string) {
	v.opens(fmt.Sprintf(`$('.hash', n) && $('.room-name', n).innerText.startsWith(%q)`, channel), channel)
}

// entersMessages opens the direct messages with the bot.
func (v visitor) entersMessages() {
	v.opens(`$('.presence', n) && n.innerText.includes('Stormbell')`, "Stormbell")
}

// opens clicks a room and waits until it is open.
func (v visitor) opens(which, title string) {
	v.Click(fmt.Sprintf(`$$('.room', %s).find((n) => %s)`, v.pane, which))
	v.Await(fmt.Sprintf(`$('h1', %s).innerText.replace(/^\W*/, '').startsWith(%q) && $('.message', %s)`, v.pane, title, v.pane))
}

// becomes acts as somebody else from then on.
func (v visitor) becomes(name string) {
	v.Click(`$('.who', ` + v.pane + `)`)
	v.Click(fmt.Sprintf(`$$('[role=menuitem]').find((n) => n.innerText.includes(%q))`, name))
	v.Await(fmt.Sprintf(`$('.who strong', %s).innerText === %q`, v.pane, name))
}

// presses clicks the newest button of a message with that label.
func (v visitor) presses(label string) {
	v.Click(fmt.Sprintf(`by('.message .btn', %q, %s)`, label, v.pane))
}

func (v visitor) sees(words string) {
	v.Await(fmt.Sprintf(`shows(%q, $('.channel .items', %s))`, words, v.pane))
}

// declares declares an incident of payments and returns who is paged for it.
func (v visitor) declares(title string) (onCall string) {
	v.says("/incident declare " + title + " sev1 service:payments")
	name := strings.ReplaceAll(title, " ", "-")
	v.opens(fmt.Sprintf(`$('.hash', n) && $('.room-name', n).innerText.endsWith(%q)`, name), "inc-")
	v.Await(fmt.Sprintf(`$('h1', %s).innerText.endsWith(%q)`, v.pane, name))
	v.sees("Nobody is on it yet. Paged: @")
	v.Run(&onCall, `return /Nobody is on it yet. Paged: @(.+?)\./.exec($('.channel .items').innerText)[1]`)
	return onCall
}

var typed = regexp.MustCompile("`(/[^`]+)`")

// guideInBrowser does what the guide says, step by step, and nothing else.
func guideInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 800)
	for n, step := range guide() {
		v.Await(fmt.Sprintf(`$('.step.next strong')?.innerText === %q && $$('.step.done').length === %d`, step.Title, n))
		if command := typed.FindStringSubmatch(step.Body); command != nil {
			if n == 0 {
				v.says(command[1])
				continue
			}
			v.Click(`$('.step.next .write')`) // it is written for whoever is in a hurry
			v.Await(fmt.Sprintf(`document.activeElement === $('.channel .composer textarea') && document.activeElement.value === %q`, command[1]))
			v.Press("Enter")
			continue
		}
		switch step.Title {
		case "Acknowledge":
			v.enters("inc-")
			v.sees("Paged: @")
			var who string
			v.Run(&who, `return /Paged: @(.+?)\./.exec($('.channel .items').innerText)[1]`)
			v.becomes(who)
			v.entersMessages()
			v.presses("Acknowledge")
			v.sees("Acknowledged by @" + who)
			v.enters("inc-")
		case "Resolve":
			v.presses("Resolve")
			v.Click(`by('.dialog .btn', 'Resolve')`)
			v.sees("Post-mortem of INC-13")
		default:
			t.Fatalf("the guide's step %q names nothing to type, and the test does not know it", step.Title)
		}
		if step.Title == "Resolve" {
			break // what is left is to read
		}
	}
	v.Await(`$('.step.all') && !$('.step.next')`)
	v.Await(`$$('.file').some((n) => n.innerText.includes('Post-mortem'))`)
}

func sideBySideInBrowser(t *testing.T, b *pagetest.Browser) {
	left := visit(t, b, liveDemo(t, nil), 1600, 900)
	onCall := left.declares("checkout is slow")
	left.Click(`$('[aria-label="Two people side by side"]')`)
	left.Await(`$$('.pane').length === 2`)
	right := visitor{left.Tab, "$$('.pane')[1]"}
	left.pane = "$$('.pane')[0]"
	right.becomes(onCall)
	right.entersMessages()
	right.presses("Acknowledge")
	// One sees at once what the other did, each as themselves.
	left.sees("Acknowledged by @" + onCall)
	right.sees("Acknowledged by @" + onCall)
	left.Await(`!$('.mention.mine', ` + left.pane + `) && $('.mention.mine', ` + right.pane + `)`)
	left.says("thank you, @elif here")
	right.enters("inc-")
	right.sees("thank you")
}

func formInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 800)
	v.says("/incident declare")
	v.Await(`$('.dialog')`)
	v.Run(nil, `document.activeElement.blur()`)
	v.Press("Escape") // closes it wherever the focus is
	v.Await(`$('.veil').hidden`)
	v.says("/incident declare")
	v.Await(`$('.dialog')`)
	v.Click(`by('.dialog .btn', 'Declare')`)
	v.Await(`shows('Please complete this required field', $('.dialog')) && document.activeElement.closest('.has-error')`)
	v.Type("Search finds nothing")
	v.Click(`by('.dialog .btn', 'Declare')`)
	v.Await(`$('.veil').hidden`)
	v.enters("inc-13-search-finds-nothing")
	v.sees("sev2")
	v.Forgive() // the form that was refused
}

// phonesInBrowser rings every way at once, and answers each of them once.
func phonesInBrowser(t *testing.T, b *pagetest.Browser) {
	for _, way := range [][2]string{{"push", "Acknowledge"}, {"sms", "Open the link and acknowledge"}, {"voice", "Press 1"}} {
		v := visit(t, b, liveDemo(t, func(r *rotation.Roster) {
			for n := range r.People {
				r.People[n].Rules.High = []rotation.Rule{{Via: "push"}, {Via: "sms"}, {Via: "voice"}}
			}
		}), 1280, 800)
		onCall := v.declares("orders are lost")
		v.Click(`$('.tools-bar [aria-label="Phones"]')`)
		v.Await(fmt.Sprintf(`$$('.ring').length === 3 && $$('.ring').every((n) => $('strong', n).innerText === %q)`, onCall))
		v.Click(fmt.Sprintf(`by('.ring.%s .btn', %q)`, way[0], way[1]))
		v.sees("Acknowledged by @" + onCall)
		v.Await(fmt.Sprintf(`$('.ring.%s .btn').disabled`, way[0]))
	}
}

// stormInBrowser declares four incidents in a row. All but the first are in one
// message, with a button for each and one for all of them.
func stormInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 800)
	onCall := v.declares("orders are lost")
	for _, title := range []string{"payments fail", "receipts are empty", "refunds hang"} {
		v.declares(title)
	}
	v.becomes(onCall)
	v.entersMessages()
	v.sees("3 incidents need you.")
	for _, title := range []string{"payments fail", "receipts are empty", "refunds hang"} {
		v.sees(title)
	}
	v.presses("Acknowledge all 3")
	v.sees("None of these needs you any more.")
	v.Await(fmt.Sprintf(`$$('.message .btn', %s).filter((n) => n.innerText === 'Acknowledge').length === 1`, v.pane)) // of the first
}

func faultInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 800)
	v.Click(`$('.tools-bar [aria-label="Faults"]')`)
	for _, field := range [][2]string{{"method", "chat.postMessage"}, {"status", "429"}, {"retry_after", "1"}, {"times", "2"}} {
		v.Click(`$('.fault-form [name=` + field[0] + `]')`)
		v.Type(field[1])
	}
	v.Click(`by('.fault-form .btn', 'Put in force')`)
	v.Await(`shows('chat.postMessage: 429', $('.fault-log'))`)
	onCall := v.declares("refunds are late") // and sees the card, which comes late
	v.Click(`$('.tools-bar [aria-label="Inspector"]')`)
	v.Await(`$$('.call').filter((n) => n.innerText.includes('chat.postMessage') && $('.bad', n)).length === 2`)
	v.becomes(onCall)
	v.entersMessages() // the page came through all the same
	v.presses("Acknowledge")
	v.sees("Acknowledged by @" + onCall)
}

// whatIsCut lists what sticks out at the side, or holds more than it shows.
const whatIsCut = `
	const seen = (n) => n.getClientRects().length && getComputedStyle(n).visibility !== 'hidden' && !n.closest('.sr, .extras, .tablebox, [aria-hidden=true]');
	const name = (n) => n.tagName + '.' + n.className + ' ' + n.innerText?.slice(0, 30);
	const closed = (n) => n.closest('.sidebar') && $('.sidebar').getBoundingClientRect().right <= 0;
	return $$('body *').filter((n) => seen(n) && !closed(n)).filter((n) => {
		const style = getComputedStyle(n);
		return n.getBoundingClientRect().right > innerWidth + 1 || n.getBoundingClientRect().left < -1
			|| (style.overflowX === 'hidden' && !(style.textOverflow === 'ellipsis' && style.display === 'block') && n.scrollWidth > n.clientWidth + 1);
	}).map(name).slice(0, 5);`

// whatIsHardToPress lists what can be pressed and is not what browsers and
// keyboards know as such, is in several pieces, or is not met in its middle. Links
// in running text are text.
const whatIsHardToPress = `
	const seen = (n) => n.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !n.closest('[inert]');
	const hard = [];
	for (const n of $$('body *')) {
		if (!seen(n)) continue;
		const style = getComputedStyle(n);
		const inherits = n.parentElement && getComputedStyle(n.parentElement).cursor === style.cursor;
		const real = n.matches('button, a[href], summary, label, input, select, textarea');
		if (!real && ((style.cursor === 'pointer' && !inherits) || n.matches('[role=button], [onclick]'))) hard.push('is no button: ' + told(n));
		if (!n.matches('button, .btn')) continue;
		if (n.getClientRects().length !== 1) hard.push('is in pieces: ' + told(n));
		if (n.disabled) continue;
		n.scrollIntoView({ block: 'center', inline: 'center' });
		const box = n.getBoundingClientRect();
		const met = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
		if (!n.contains(met)) hard.push('is covered: ' + told(n) + ' by ' + told(met));
	}
	return hard.slice(0, 5);`

// pressInBrowser: whatever can be pressed is a real button in one piece.
func pressInBrowser(t *testing.T, b *pagetest.Browser) {
	for _, width := range []int64{380, 1280} {
		v := visit(t, b, liveDemo(t, nil), width, 800)
		easy := func(where string) {
			t.Helper()
			var hard []string
			v.Run(&hard, whatIsHardToPress)
			if len(hard) > 0 {
				t.Errorf("%s, %d pixels wide:\n%s", where, width, strings.Join(hard, "\n"))
			}
		}
		v.says("/incident declare stock is wrong sev1 service:payments")
		if width < 700 {
			v.Click(`$('.burger')`)
		}
		v.enters("inc-")
		v.presses("Acknowledge")
		v.Await(`shows('Acknowledged by')`)
		if width > 1000 {
			v.Click(`$('.dock .close')`)
		}
		easy("an incident's channel")
		for _, part := range []string{"Guide", "Phones", "Faults", "Inspector"} {
			v.Click(`$('.tools-bar [aria-label="` + part + `"]')`)
			v.Await(`$('.tab[aria-selected=true]')?.innerText.startsWith('` + part + `')`)
			v.Run(nil, `for (const n of $$('.panes')) n.inert = true`) // it may be covered
			easy("the panel " + part)
			v.Run(nil, `for (const n of $$('.panes')) n.inert = false`)
			v.Click(`$('.dock .close')`)
		}
		v.says("/incident declare")
		v.Await(`$('.dialog')`)
		easy("the form")
		v.Click(`$('.dialog .select-open')`)
		v.Await(`$('.option')`)
		v.Run(nil, `for (const n of $$('.stage .dialog, .topbar')) n.inert = true`)
		easy("a list of choices")
	}
}

func narrowInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 380, 740)
	fits := func(where string) {
		t.Helper()
		var cut []string
		v.Run(&cut, whatIsCut)
		if len(cut) > 0 {
			t.Errorf("%s, 380 pixels wide: cut off are %q", where, cut)
		}
	}
	fits("the first channel")
	v.says("/incident declare stock is wrong sev1 service:payments")
	v.Click(`$('.burger')`)
	v.Await(`$('.sidebar').getBoundingClientRect().left >= 0`)
	fits("the list of channels")
	v.enters("inc-")
	v.sees("Look here first")
	fits("the incident")
	v.presses("Acknowledge")
	v.sees("Acknowledged by @Elif Kaya")
	v.says("a word from the train")
	v.sees("a word from the train")
	v.says("/incident declare")
	v.Await(`$('.dialog')`)
	fits("the form")
	v.Click(`by('.dialog .btn', 'Cancel')`)
	v.Await(`$('.veil').hidden`)
	for _, part := range []string{"Guide", "Phones", "Faults", "Inspector"} {
		v.Click(`$('.tools-bar [aria-label="` + part + `"]')`)
		v.Await(`$('.tab[aria-selected=true]')?.innerText.startsWith('` + part + `')`)
		fits("the panel " + part)
		v.Click(`$('.dock .close')`)
	}
}

// whatIsFaint lists texts whose contrast with what is behind them is below
// what WCAG 2.2 asks for (1.4.3: 4.5 to 1).
const whatIsFaint = `
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const known = new Map();
	const rgba = (colour) => known.get(colour) ?? (known.set(colour, painted(colour)), known.get(colour));
	const painted = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
	const behind = (n) => {
		const layers = [];
		for (let at = n; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
		return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
	};
	const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const faint = [];
	for (const n of $$('body *')) {
		const own = [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
		if (!own || !n.getClientRects().length || n.closest('.sr, [aria-hidden=true], :disabled, .emoji')) continue;
		const ground = behind(n);
		const [a, b] = [light(over(rgba(getComputedStyle(n).color), ground)), light(ground)].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) faint.push(n.tagName + '.' + n.className + ' ' + n.innerText.slice(0, 30) + ' ' + contrast.toFixed(2));
	}
	return [...new Set(faint)].slice(0, 12);`

func coloursInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 1000)
	v.declares("invoices are blank")
	v.says("/incident note what: all of them")
	v.sees("Noted in INC-13")
	clear := func(where string) {
		t.Helper()
		var faint []string
		v.Run(&faint, whatIsFaint)
		if len(faint) > 0 {
			t.Errorf("%s: hard to read are\n%s", where, strings.Join(faint, "\n"))
		}
	}
	readable := func(where string) {
		t.Helper()
		for _, part := range []string{"Guide", "Phones", "Inspector", "Faults"} {
			v.Click(`by('.dock .tab', '` + part + `') ?? $$('.dock .tab').find((n) => n.innerText.startsWith('` + part + `'))`)
			v.Await(`$('.tab[aria-selected=true]').innerText.startsWith('` + part + `')`)
			clear(where + ", " + part)
		}
		v.says("/incident declare")
		v.Await(`$('.dialog')`)
		v.Press("Ctrl+Enter")
		v.Await(`$('.has-error')`)
		clear(where + ", a form with an error")
		v.Press("Escape")
		v.Await(`$('.veil').hidden`)
		v.Click(`$('.who')`)
		v.Await(`$('.menuitem')`)
		clear(where + ", a menu")
		v.Press("Escape")
		v.Await(`!$('.menuitem')`)
		v.Forgive() // the form that was refused
	}
	readable("light")
	v.Dark()
	var ground string
	v.Run(&ground, `return getComputedStyle($('.channel')).backgroundColor`)
	if ground == "rgb(255, 255, 255)" {
		t.Errorf("in the dark the channel is %s", ground)
	}
	readable("dark")
}

// keyboardInBrowser declares, finds and acknowledges an incident without a
// mouse, and sees where the focus is all the way.
func keyboardInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1280, 800)
	v.Press("/")
	v.Type("incident declare vouchers do not work sev1 service:payments")
	v.Press("Enter")
	v.Await(`$$('.room-name').some((n) => n.innerText.startsWith('inc-13'))`)
	v.Press("Ctrl+k")
	v.Type("inc-13")
	v.Press("Enter")
	v.sees("Nobody is on it yet")
	for n := 0; ; n++ {
		var at struct {
			Text   string
			Marked bool
		}
		v.Run(&at, `
			const node = document.activeElement;
			const style = getComputedStyle(node);
			const box = node.closest('.composer-box') ? getComputedStyle(node.closest('.composer-box')).boxShadow !== 'none' : false;
			return { text: node.innerText ?? '', marked: node === document.body || style.outlineStyle !== 'none' || box };`)
		if !at.Marked {
			t.Errorf("the focus is on %q, and nothing shows it", at.Text)
		}
		if at.Text == "Acknowledge" {
			break
		}
		if n > 60 {
			t.Fatal("Shift+Tab does not come to Acknowledge")
		}
		v.Press("Shift+Tab")
	}
	v.Press("Enter")
	v.sees("Acknowledged by @Elif Kaya")
}

func reloadInBrowser(t *testing.T, b *pagetest.Browser) {
	d := liveDemo(t, nil)
	v := visit(t, b, d, 1280, 800)
	v.declares("returns are refused")
	v.Reload()
	v.sees("Nobody is on it yet") // the same person in the same channel
	v.Await(`$('.live.on') && $('.who strong').innerText === 'Elif Kaya'`)
	if _, err := d.space.sim.As("dana").Message("general", "while you were away, @elif", ""); err != nil {
		t.Fatal(err)
	}
	v.Await(`$$('.room.unread').some((n) => n.innerText.includes('general') && n.innerText.includes('1'))`)
}

// reconnectInBrowser takes the workspace's server away and brings it back: bot
// and page find it again, and what was said meanwhile is there.
func reconnectInBrowser(t *testing.T, b *pagetest.Browser) {
	d := liveDemo(t, nil)
	v := visit(t, b, d, 1280, 800)
	d.space.pause(t)
	v.Await(`$('.live.off')`)
	if _, err := d.space.sim.As("dana").Message("general", "said in between", ""); err != nil {
		t.Fatal(err)
	}
	d.space.resume(t)
	v.Await(`$('.live.on')`)
	v.sees("said in between")
	v.declares("labels do not print")
	v.Forgive() // what the browser could not reach
}

// strangerInBrowser: a page of another site cannot act in the workspace, whatever
// its visitor has open.
func strangerInBrowser(t *testing.T, b *pagetest.Browser) {
	d := liveDemo(t, nil)
	v := visit(t, b, d, 1280, 800)
	elsewhere := b.Open(t, "data:text/html,<title>elsewhere</title>", 400, 300)
	var got string
	elsewhere.Run(&got, `return fetch('`+d.space.base+`/control/message', { method: 'POST', body: '{"user":"elif","channel":"general","text":"from elsewhere"}' }).then((r) => 'answered ' + r.status, () => 'refused')`)
	if got != "refused" {
		t.Errorf("a page from elsewhere is %s", got)
	}
	elsewhere.Forgive() // that it was refused
	if c, _ := d.space.sim.State().Channel("general"); onScreen(c.Messages, "from elsewhere") {
		t.Error("a page from elsewhere wrote into the workspace")
	}
	v.Await(`$('.live.on') && !shows('from elsewhere')`)
}

// pause ends the server of the workspace, and every connection to it.
func (w *workspace) pause(t *testing.T) {
	t.Helper()
	w.server.Close()
	if err := <-w.stopped; !errors.Is(err, http.ErrServerClosed) {
		t.Fatalf("the workspace's server ended: %v", err)
	}
}

// resume serves the workspace again where it was.
func (w *workspace) resume(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", strings.TrimPrefix(w.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	w.server = &http.Server{Handler: w.server.Handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { w.stopped <- w.server.Serve(listener) }()
}
