//go:build browser

package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
)

// TestBrowser tries the page in a real browser. Whatever goes wrong in the page, a refused script or style included,
// fails the test.
func TestBrowser(t *testing.T) {
	b := pagetest.Start(t)
	for name, test := range map[string]func(*testing.T, *pagetest.Browser){
		"reads mrkdwn":                     testMrkdwn,
		"reads markdown":                   testMarkdown,
		"shows dates in the reader's zone": testDates,
		"draws text from outside as text":  testHostileText,
		"draws every block":                testEveryBlock,
		"runs an incident":                 testIncident,
		"shows two people side by side":    testSideBySide,
		"draws only what is seen":          testThousands,
		"fits a phone":                     testPhoneScreen,
		"shows a picture":                  testPicture,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// simulator is a workspace with its page on loopback and a bot in it.
type simulator struct {
	*slacksim.Workspace
	address string
	api     *slack.Client
}

func serve(t *testing.T, o Options) simulator {
	t.Helper()
	w, h := office(t, o)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // first: streams of open pages do not end by themselves
	api := slack.New(w.BotToken(), slack.OptionAppLevelToken(w.AppToken()), slack.OptionAPIURL(server.URL+"/api/"),
		slack.OptionLog(log.New(io.Discard, "", 0)))
	return simulator{w, server.URL, api}
}

// drawn is what a module makes of a text, as markup.
func drawn(t *testing.T, tab *pagetest.Tab, call string, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	tab.Run(&got, fmt.Sprintf(`
		const text = %s;
		const { mrkdwn, plain } = await import('/static/mrkdwn.js');
		const { markdown } = await import('/static/markdown.js');
		const ctx = { me: { id: 'UADA00001' }, zone: 'Europe/Berlin', now: () => 1795604645, userName: (id) => ({ UADA00001: 'Ada', UBEN00001: 'Ben' })[id],
			channelName: (id) => ({ C1: 'ops' })[id], groupName: () => 'oncall', openChannel() {} };
		const box = document.createElement('div');
		box.append(...[%s].flat());
		return box.innerHTML;`, quoted, call))
	return got
}

func testMrkdwn(t *testing.T, b *pagetest.Browser) {
	tab := b.Open(t, serve(t, Options{}).address, 800, 600)
	tab.Await(`$('.composer')`)
	link := `<a href="https://e.com/" target="_blank" rel="noopener noreferrer">`
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"*bold* _it_ ~no~ `code`", "<strong>bold</strong> <em>it</em> <s>no</s> <code>code</code>"},
		{"*bold _and it_*", "<strong>bold <em>and it</em></strong>"},
		{"2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c"},
		{"* not bold* *nor this *", "* not bold* *nor this *"},
		{"*two\nlines*", "*two<br>lines*"},
		{"a &lt;b&gt; &amp;amp;", "a &lt;b&gt; &amp;amp;"},
		{"&gt; quoted\n&gt; more\nafter", "<blockquote>quoted<br>more</blockquote>after"},
		{"```a *b*\n<https://e.com>```", "<pre>a *b*\nhttps://e.com</pre>"},
		{"``` open", "``` open"},
		{"<https://e.com|the *site*>", link + "the *site*</a>"},
		{"see https://e.com.", "see " + link + "https://e.com</a>."},
		{"<mailto:a@e.com|a@e.com>", `<a href="mailto:a@e.com" target="_blank" rel="noopener noreferrer">a@e.com</a>`},
		{"<javascript:alert(1)|click>", `<span class="badlink" title="This address is not shown as a link">click</span>`},
		{"<@UBEN00001> <@UADA00001>", `<span class="mention" title="UBEN00001">@Ben</span> <span class="mention mine" title="UADA00001">@Ada</span>`},
		{"<#C1> <#C9|>", `<button class="mention" type="button">#ops</button> <span class="mention" title="C9">#private-channel</span>`},
		{"<!here> <!subteam^S1|@x>", `<span class="mention loud">@here</span> <span class="mention">@oncall</span>`},
		{":fire: :no_such_thing: 10:30:15", `<span class="emoji" role="img" aria-label="fire" title=":fire:">🔥</span> :no_such_thing: 10:30:15`},
		{"<!date^1795604645^{date_pretty} at {time}|then>", `<time datetime="2026-11-25T11:04:05.000Z" title="Wednesday 25 November 2026 12:04:05 (Europe/Berlin)">today at 12:04</time>`},
		{"<!date^soon^{time}|later>", "later"},
		{"<unclosed", "&lt;unclosed"},
	} {
		if got := drawn(t, tab, "mrkdwn(text, ctx)", c.in); got != c.want {
			t.Errorf("mrkdwn(%q)\n got  %s\n want %s", c.in, got, c.want)
		}
	}
	if got := drawn(t, tab, "plain({ type: 'plain_text', text })", "*a* <@U1> :x:"); !strings.HasPrefix(got, "*a* &lt;@U1&gt; <span") {
		t.Errorf("plain text = %s, want formatting and mentions left alone and the emoji drawn", got)
	}
	if got := drawn(t, tab, "plain({ type: 'plain_text', text, emoji: false })", ":x:"); got != ":x:" {
		t.Errorf("plain text with emoji off = %s", got)
	}
}

func testMarkdown(t *testing.T, b *pagetest.Browser) {
	tab := b.Open(t, serve(t, Options{}).address, 800, 600)
	tab.Await(`$('.composer')`)
	for _, c := range []struct{ in, want string }{
		{"# One\n\ntext", "<h3>One</h3><p>text</p>"},
		{"**b** *i* ~~s~~ `c`", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>"},
		{"- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"},
		{"3. x\n4. y", `<ol start="3"><li>x</li><li>y</li></ol>`},
		{"> q\n> r", "<blockquote><p>q<br>r</p></blockquote>"},
		{"```go\na < b\n```", "<pre>a &lt; b</pre>"},
		{"---", "<hr>"},
		{"|a|b|\n|--|--|\n|1|2|", `<div class="tablebox"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>`},
		{"[x](javascript:alert(1))", `<p><span class="badlink" title="This address is not shown as a link">x</span>)</p>`},
		{"<b>no</b>", "<p>&lt;b&gt;no&lt;/b&gt;</p>"},
		{"snake_case_name", "<p>snake_case_name</p>"},
	} {
		if got := drawn(t, tab, "markdown(text)", c.in); got != c.want {
			t.Errorf("markdown(%q)\n got  %s\n want %s", c.in, got, c.want)
		}
	}
}

func testDates(t *testing.T, b *pagetest.Browser) {
	tab := b.Open(t, serve(t, Options{}).address, 800, 600)
	tab.Await(`$('.composer')`)
	for _, c := range []struct {
		pattern, zone string
		ts, now       int
		want          string
	}{
		{"{date_num} {time_secs}", "UTC", 1795604645, 0, "2026-11-25 11:04:05"},
		{"{date_num} {time}", "America/Los_Angeles", 1795604645, 0, "2026-11-25 03:04"},
		{"{date}|{date_short}|{date_long}", "UTC", 1795604645, 0, "25 November 2026|25 Nov 2026|Wednesday 25 November 2026"},
		{"{date_pretty}", "UTC", 1795604645, 1795604645 + 86400, "yesterday"},
		{"{date_long_pretty}", "UTC", 1795604645, 1795604645 - 86400, "tomorrow"},
		{"{date_short_pretty}", "UTC", 1795604645, 1795604645 + 3*86400, "25 Nov 2026"},
		{"{ago}", "UTC", 1000, 1000 + 7200, "2 hours ago"},
		{"{ago}", "UTC", 1060, 1000, "in 1 minute"},
		{"{ago}", "UTC", 1000, 1000, "just now"},
		{"{unknown} {time}", "UTC", 0, 0, "{unknown} 00:00"},
		// The hour the clocks change twice over, in Berlin on 25 October 2026.
		{"{time}", "Europe/Berlin", 1792888200, 0, "02:30"},
		{"{time}", "Europe/Berlin", 1792891800, 0, "02:30"},
	} {
		var got string
		tab.Run(&got, fmt.Sprintf(`const { format } = await import('/static/dates.js'); return format(%q, %d, { zone: %q, now: %d });`, c.pattern, c.ts, c.zone, c.now))
		if got != c.want {
			t.Errorf("format(%s, %d) in %s at %d = %q, want %q", c.pattern, c.ts, c.zone, c.now, got, c.want)
		}
	}
}

const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>`

func testHostileText(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{Notice: hostile, Guide: []Step{{Title: hostile, Body: hostile}}})
	ops := channelID(t, d.Workspace, "ops")
	say(t, d.Workspace, "ben", ops, hostile, "")
	post := everywhere(t, `[{"type":"header","text":{"type":"plain_text","text":%q}},
		{"type":"section","text":{"type":"mrkdwn","text":%q},"fields":[{"type":"plain_text","text":%q}]},
		{"type":"image","image_url":"https://invalid.example/a.png","alt_text":%q},
		{"type":"markdown","text":%q},
		{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"x"},"value":%q}]},
		{"type":"table","rows":[[{"type":"raw_text","text":%q}]]},
		{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":%q},{"type":"link","url":"javascript:alert(1)","text":%q}]}]}]`)
	postBlocks(t, d, ops, post)
	tab := b.Open(t, d.address+"/#ada/"+ops, 1400, 900)
	tab.Await(`$('.block-rich_text')`)
	var got struct {
		Scripts, Images int
		Bad             []string
		Shown           bool
	}
	tab.Run(&got, `return {
		scripts: $$('script').length, images: $$('img').filter((i) => i.getAttribute('src') === 'x').length,
		bad: $$('a').map((a) => a.getAttribute('href')).filter((h) => !/^(https?:|mailto:|\/file\/)/.test(h)),
		shown: $('.block-header').innerText.includes('<img src=x'),
	}`)
	if got.Scripts != 1 || got.Images != 0 || len(got.Bad) > 0 || !got.Shown {
		t.Errorf("page with hostile text: %+v, want the page's one script, no image, no bad link, the text shown", got)
	}
	tab.Forgive() // the image that does not exist is reported, and rightly
}

// everywhere puts the hostile text wherever the blocks say %q.
func everywhere(t *testing.T, pattern string) string {
	t.Helper()
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(pattern, "%q", string(quoted))
}

// postBlocks posts as the bot, which is invited first.
func postBlocks(t *testing.T, d simulator, channel, raw string) string {
	t.Helper()
	if err := d.As("ada").Invite(channel, d.BotUserID()); err != nil {
		t.Fatal(err)
	}
	var list slack.Blocks
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		t.Fatal(err)
	}
	_, ts, err := d.api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(list.BlockSet...))
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	return ts
}

func testEveryBlock(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{})
	ops := channelID(t, d.Workspace, "ops")
	postBlocks(t, d, ops, `[{"type":"header","text":{"type":"plain_text","text":"H"}},{"type":"divider"},
		{"type":"section","text":{"type":"mrkdwn","text":"S"},"accessory":{"type":"overflow","action_id":"o","options":[{"text":{"type":"plain_text","text":"O"},"value":"o"}]}},
		{"type":"section","fields":[{"type":"mrkdwn","text":"F"}]},
		{"type":"context","elements":[{"type":"mrkdwn","text":"C"}]},
		{"type":"actions","elements":[{"type":"button","action_id":"b","style":"danger","text":{"type":"plain_text","text":"B"}},
			{"type":"static_select","action_id":"ss","options":[{"text":{"type":"plain_text","text":"one"},"value":"1"}]},
			{"type":"multi_static_select","action_id":"ms","options":[{"text":{"type":"plain_text","text":"one"},"value":"1"}]},
			{"type":"users_select","action_id":"us"},{"type":"channels_select","action_id":"cs"},{"type":"conversations_select","action_id":"vs"},
			{"type":"datepicker","action_id":"d"},{"type":"timepicker","action_id":"t"},{"type":"datetimepicker","action_id":"dt"},
			{"type":"checkboxes","action_id":"cb","options":[{"text":{"type":"mrkdwn","text":"*one*"},"value":"1"}]},
			{"type":"radio_buttons","action_id":"rb","options":[{"text":{"type":"plain_text","text":"one"},"value":"1"}]}]},
		{"type":"input","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"p"}},
		{"type":"markdown","text":"**M**"},
		{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"R"}]}]},
		{"type":"table","rows":[[{"type":"raw_text","text":"T"}]]}]`)
	tab := b.Open(t, d.address+"/#ada/"+ops, 1200, 900)
	tab.Await(`$('.block-table')`)
	var got []string
	tab.Run(&got, `return [...$$('.message .block').map((n) => n.className), ...$$('.message .element').map((n) => n.tagName), ...$$('.unknown').map((n) => 'UNKNOWN ' + n.innerText)]`)
	want := []string{
		"block block-header", "block block-divider", "with-accessory block block-section", "block block-section", "block block-context",
		"block block-actions", "block block-input", "block block-markdown", "block block-rich_text", "tablebox block block-table",
		"BUTTON", "BUTTON", "DIV", "DIV", "DIV", "DIV", "DIV", "INPUT", "INPUT", "INPUT", "DIV", "DIV", "INPUT",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blocks and elements (-want +got):\n%s", diff)
	}
}

// bot answers /incident with a form, refuses a title of one word, and changes a message when its button is pressed.
func (d simulator) bot(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	socket := socketmode.New(d.api)
	done := make(chan struct{}, 2)
	go func() { socket.RunContext(ctx); done <- struct{}{} }()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-socket.Events:
				d.answer(socket, e)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; <-done })
}

func (d simulator) answer(socket *socketmode.Client, e socketmode.Event) {
	if e.Request == nil {
		return
	}
	switch x := e.Data.(type) {
	case slack.SlashCommand:
		socket.Ack(*e.Request)
		d.api.OpenView(x.TriggerID, incidentForm())
		return
	case slack.InteractionCallback:
		if x.Type == slack.InteractionTypeViewSubmission && !strings.Contains(x.View.State.Values["title"]["v"].Value, " ") {
			socket.Ack(*e.Request, map[string]any{"response_action": "errors", "errors": map[string]string{"title": "Say it in two words"}})
			return
		}
		socket.Ack(*e.Request)
		if x.Type == slack.InteractionTypeBlockActions {
			d.api.UpdateMessage(x.Channel.ID, x.Message.Timestamp, slack.MsgOptionText("acknowledged", false), slack.MsgOptionBlocks(
				slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "Acknowledged by <@"+x.User.ID+">", false, false), nil, nil)))
		}
		return
	}
	socket.Ack(*e.Request)
}

func incidentForm() slack.ModalViewRequest {
	plain := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	people := slack.NewInputBlock("people", plain("Who should come?"), nil, slack.NewOptionsMultiSelectBlockElement("multi_users_select", nil, "v"))
	people.Optional = true
	return slack.ModalViewRequest{Type: "modal", Title: plain("Declare"), Submit: plain("Declare"), Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewInputBlock("title", plain("What is happening?"), nil, slack.NewPlainTextInputBlockElement(nil, "v")), people,
	}}}
}

func testIncident(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{})
	d.bot(t)
	ops := channelID(t, d.Workspace, "ops")
	postBlocks(t, d, ops, `[{"type":"section","text":{"type":"mrkdwn","text":"*Checkout* is failing"}},{"type":"actions","elements":[
		{"type":"button","action_id":"ack","style":"primary","text":{"type":"plain_text","text":"Acknowledge"},
		 "confirm":{"title":{"type":"plain_text","text":"Sure?"},"text":{"type":"mrkdwn","text":"*You* take it"},"confirm":{"type":"plain_text","text":"Yes"},"deny":{"type":"plain_text","text":"No"}}}]}]`)
	tab := b.Open(t, d.address+"/#ada/"+ops, 1200, 800)
	tab.Await(`$('.live.on') && $('.composer textarea')`)

	// A slash command, completed with Enter, opens the form.
	tab.Run(nil, `$('.composer textarea').focus()`)
	tab.Type("/inc")
	tab.Await(`by('.suggestion > span', '/incident')`)
	tab.Press("Enter")
	tab.Press("Enter")
	tab.Await(`$('.dialog') && document.activeElement.matches('.dialog input')`)

	// A refused field says why, keeps what was typed, and has the focus.
	tab.Type("broken")
	tab.Run(nil, `by('.dialog-foot .btn', 'Declare').click()`)
	tab.Await(`shows('Say it in two words', $('.dialog')) && document.activeElement.value === 'broken'`)
	tab.Run(nil, `document.activeElement.select()`)
	tab.Type("Checkout broken")

	// People are chosen by keyboard.
	tab.Run(nil, `$('.dialog .select-open').click()`)
	tab.Type("okafor")
	tab.Await(`by('.option-label', 'Ben Okafor') && $$('.option').length === 1`)
	tab.Press("Enter")
	tab.Await(`$('.dialog .chip')`)
	tab.Press("Escape")
	tab.Run(nil, `by('.dialog-foot .btn', 'Declare').click()`)
	tab.Await(`$('.veil').hidden`)

	// A button asks first, then acts, and the message changes in place.
	tab.Run(nil, `by('.message .btn', 'Acknowledge').click()`)
	tab.Await(`shows('You take it', $('.dialog'))`)
	tab.Run(nil, `by('.dialog .btn', 'Yes').click()`)
	tab.Await(`shows('Acknowledged by @Ada Byron') && shows('(edited)') && !by('.message .btn', 'Acknowledge')`)

	// Reactions, pins and threads.
	tab.Run(nil, `$('.message .tools [aria-label="React with eyes"]').click()`)
	tab.Await(`$('.reaction.mine')`)
	tab.Run(nil, `$('.message .tools [aria-label="Reply in thread"]').click()`)
	tab.Await(`!$('.thread').hidden && document.activeElement.closest('.thread')`)
	tab.Type("looking")
	tab.Press("Enter")
	tab.Await(`shows('1 reply') && shows('looking', $('.thread'))`)
	tab.Press("Escape")
	tab.Await(`$('.thread').hidden`)

	// The inspector saw it all; a fault shows where it strikes.
	tab.Run(nil, `$('.tools-bar [aria-label="Inspector"]').click()`)
	tab.Await(`$$('.call-method').some((n) => n.innerText === 'views.open') && $$('.call-method').some((n) => n.innerText === 'chat.update')`)
	if err := d.Fault(slacksim.Fault{Down: true}); err != nil {
		t.Fatal(err)
	}
	tab.Await(`$('.live.alone')`)
	tab.Run(nil, `$('.channel .composer textarea').focus()`)
	tab.Type("/incident help")
	tab.Press("Enter")
	tab.Await(`shows('dispatch_failed') && $('.channel .composer textarea').value === '/incident help'`)
	tab.Forgive() // what the refused submission and the dead app made the browser report is part of the story
}

func testSideBySide(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{})
	ops := channelID(t, d.Workspace, "ops")
	tab := b.Open(t, d.address+"/#ada/"+ops, 1500, 800)
	tab.Await(`$('.tools-bar button') && $('.composer')`)
	tab.Run(nil, `$('[aria-label="Two people side by side"]').click()`)
	tab.Await(`$$('.pane').length === 2 && $$('.who strong').length === 2`)
	var who []string
	tab.Run(&who, `return $$('.who strong').map((n) => n.innerText)`)
	if diff := cmp.Diff([]string{"Ada Byron", "Ben Okafor"}, who); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	// What Ada writes, Ben sees at once, as his; his zone is not hers.
	tab.Run(nil, `$$('.pane')[0].querySelector('.composer textarea').focus()`)
	tab.Type("*help* @ben :fire:")
	tab.Press("Enter")
	tab.Await(`shows('help @Ben Okafor', $$('.pane')[1]) && $('.mention.mine', $$('.pane')[1]) && $('.message.for-me', $$('.pane')[1])`)
	// A mention in a channel that is not open marks it.
	tab.Run(nil, `by('.pane:nth-child(2) .room-name', 'general').closest('button').click()`)
	tab.Await(`$$('.pane')[1].querySelector('h1').innerText.includes('general')`)
	say(t, d.Workspace, "cleo", ops, "and you, @ben", "")
	tab.Await(`$$('.pane')[1].querySelector('.room.unread .count')?.innerText === '1' && !$$('.pane')[0].querySelector('.room.unread')`)
}

func testThousands(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{})
	ops := channelID(t, d.Workspace, "ops")
	for i := range 3000 {
		say(t, d.Workspace, "ben", ops, fmt.Sprintf("number %d %s", i, strings.Repeat("words ", i%40)), "")
	}
	tab := b.Open(t, d.address+"/#ada/"+ops, 1000, 800)
	tab.Await(`shows('number 2999')`)
	tab.Run(nil, `
		const scroll = $('.channel .scroll');
		const inSight = () => document.elementFromPoint(500, 400)?.closest('.message');
		const number = () => Number(/number (\d+)/.exec(inSight()?.innerText ?? '')?.[1] ?? NaN);
		let before = 2999;
		// Page up a hundred times: every step shows earlier messages, never more of them in the page than a window.
		for (let i = 0; i < 100; i += 1) {
			scroll.scrollTop -= 600;
			await until(() => number() <= before, 'messages before ' + before);
			before = number();
			const drawn = $$('.channel .message').length;
			if (drawn > 100) throw new Error(drawn + ' messages are drawn at once');
		}
		if (before > 2000) throw new Error('a hundred pages up is still at ' + before);
		// A leap to the first.
		scroll.scrollTop = 0;
		await until(() => shows('number 0\n'), 'the first message');
		// What is written meanwhile does not move what one reads, and is offered.
		scroll.scrollTop = 2000;
		await until(() => Number.isFinite(number()), 'messages in the middle');`)
	say(t, d.Workspace, "cleo", ops, "meanwhile", "")
	tab.Await(`$('.newer') && !$('.newer').hidden && $('.newer').innerText.includes('New')`)
	tab.Run(nil, `$('.newer').click(); await until(() => shows('meanwhile'), 'the newest message');`)
}

func testPhoneScreen(t *testing.T, b *pagetest.Browser) {
	d := serve(t, Options{Notice: "A line that is much too long for a phone, but says what this is"})
	d.bot(t)
	ops := channelID(t, d.Workspace, "ops")
	postBlocks(t, d, ops, `[{"type":"section","fields":[{"type":"mrkdwn","text":"*A field*"},{"type":"mrkdwn","text":"another"}]},
		{"type":"markdown","text":"`+strings.Repeat("Donaudampfschifffahrtsgesellschaft", 6)+`"},
		{"type":"table","rows":[[{"type":"raw_text","text":"a wide table"},{"type":"raw_text","text":"with many columns"},{"type":"raw_text","text":"that scrolls by itself"}]]},
		{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"Acknowledge this incident"}},{"type":"button","action_id":"b","text":{"type":"plain_text","text":"Escalate to the next person"}}]}]`)
	tab := b.Open(t, d.address+"/#ada/"+ops, 380, 760)
	tab.Await(`$('.block-actions')`)
	fits := func(where string) {
		t.Helper()
		var wide []string
		tab.Run(&wide, `return $$('body *').filter((n) => n.getClientRects().length && getComputedStyle(n).visibility !== 'hidden' && n.getBoundingClientRect().right > innerWidth + 1 && !n.closest('.tablebox, .extras, .sidebar')).map((n) => n.tagName + '.' + n.className + ' ' + Math.round(n.getBoundingClientRect().right)).slice(0, 5)`)
		if len(wide) > 0 {
			t.Errorf("%s at 380 pixels: too wide are %q", where, wide)
		}
	}
	fits("channel")
	var height [2]int // of what is in the empty box to write in, and of the box
	tab.Run(&height, `const box = $('.channel .composer textarea'); box.placeholder = 'Message #inc-13-card-payments-fail-at-the-last-step-of-the-checkout'; await frame(); return [box.scrollHeight, box.clientHeight]`)
	if height[0] > height[1] {
		t.Errorf("the name of a channel with a long name is %d pixels high in a box of %d", height[0], height[1])
	}
	tab.Run(nil, `$('.burger').click(); await until(() => $('.sidebar').getBoundingClientRect().left >= 0, 'the channel list');`)
	fits("channel list")
	tab.Run(nil, `$('.room.here').click(); $('.composer textarea').focus()`)
	tab.Type("/incident")
	tab.Press("Enter")
	tab.Await(`$('.dialog')`)
	fits("modal")
	tab.Press("Escape")
	tab.Await(`$('.veil').hidden`)
	tab.Run(nil, `$('.tools-bar [aria-label="Faults"]').click()`)
	tab.Await(`$('.presets')`)
	fits("faults")
}

// testPicture: a picture that the app shares is seen in its message, on a phone as wide as there is room.
func testPicture(t *testing.T, b *pagetest.Browser) {
	s := serve(t, Options{})
	var dot bytes.Buffer
	if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 862, 646))); err != nil {
		t.Fatal(err)
	}
	tab := b.Open(t, s.address, 390, 844)
	tab.Await(`$('.composer')`)
	if _, err := s.api.UploadFile(slack.UploadFileParameters{Filename: "month.png", Title: "gold, November 2026", AltTxt: "3 of 7 incidents", FileSize: dot.Len(), Reader: &dot, Channel: channelID(t, s.Workspace, "general")}); err != nil {
		t.Fatal(err)
	}
	tab.Await(`$('img.shared')?.naturalWidth === 862`)
	var wide float64
	tab.Run(&wide, `const n = $('img.shared'); if (n.alt !== '3 of 7 incidents') throw new Error(n.alt); return n.getBoundingClientRect().width;`)
	if wide < 250 || wide > 390 {
		t.Errorf("a picture of 862 pixels is %.0f wide on a phone", wide)
	}
}
