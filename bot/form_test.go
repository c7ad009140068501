package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// view returns the form in front of somebody.
func (r *rig) view(user string) slacksim.View {
	r.t.Helper()
	r.pass(time.Second)
	views := r.sim.State().Views[user]
	if len(views) != 1 {
		r.t.Fatalf("%s has %d forms, want 1", user, len(views))
	}
	return views[0]
}

func (r *rig) submit(user string, v slacksim.View, values map[string]map[string]any) slacksim.SubmitResult {
	r.t.Helper()
	result, err := r.sim.As(user).Submit(v.ID, values)
	if err != nil {
		r.t.Fatal(err)
	}
	r.pass(time.Second)
	return result
}

// TestDeclareForm fills the form in, wrong at first.
func TestDeclareForm(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		if seen := r.command("eve", "general", "declare service:search private"); seen.Text != "" || seen.Error != "" {
			t.Errorf("eve sees %+v, want nothing but the form", seen)
		}
		v := r.view("U0EVE")
		if fmt.Sprint(v.Values["service"]["value"]) == "" || !strings.Contains(string(v.Blocks), `"initial_options"`) {
			t.Errorf("what was typed is not filled in: %s", v.Blocks)
		}
		result := r.submit("eve", v, map[string]map[string]any{"title": {"value": " \u200b "}})
		if !strings.Contains(result.Errors["title"], "An incident needs a title") || result.Closed {
			t.Errorf("an empty title: %+v, want an error under the title", result)
		}
		if strings.ContainsAny(result.Errors["title"], "<>`") {
			t.Errorf("markup in an error of a form: %q", result.Errors["title"])
		}
		result = r.submit("eve", v, map[string]map[string]any{
			"title": {"value": "search is slow"}, "severity": {"value": "sev3"}, "details": {"value": "since noon\nfor all"}, "options": {"value": []string{}}})
		if !result.Closed || result.Error != "" {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		i, events := r.fold(1)
		if i.Title != "search is slow" || i.Severity != incident.Sev3 || i.Service != "search" || i.Private || !strings.Contains(said(events), "since noon\nfor all") {
			t.Errorf("declared %+v\n  %s", i, said(events))
		}
		if told := r.whispers("eve"); !strings.Contains(told, "INC-1") {
			t.Errorf("eve was told %s, want the incident's name", told)
		}
	})
}

// TestResolveForm resolves with everything left empty, from the page.
func TestResolveForm(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		page := r.find(r.dm("U0ADA"), "checkout is down")
		r.press("ada", mustDM(r, "U0ADA"), page, "Resolve")
		v := r.view("U0ADA")
		if result := r.submit("ada", v, nil); !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.Status != incident.Resolved || i.How != incident.Workaround || len(i.FollowUps) != 1 {
			t.Errorf("status %s by %q, want resolved by what counts as a workaround", i.Status, i.How)
		}
		page, _ = r.channelOf(mustDM(r, "U0ADA")).Message(page.TS)
		if shows(page, `"action_id"`) || !shows(page, "Resolved ") {
			t.Errorf("the page shows %s, want that it is resolved, and no button", page.Blocks)
		}

		r.command("eve", "general", "declare checkout is slow")
		r.pass(10 * time.Second)
		c := r.channel("inc-2-checkout-is-slow")
		r.press("ada", c.ID, r.marked(c.Messages, "card", "INC-2")[0], "Resolve")
		v = r.view("U0ADA")
		r.command("bob", c.ID, "resolve bob was quicker")
		if result := r.submit("ada", v, map[string]map[string]any{"how": {"value": "rollback"}}); !strings.Contains(result.Errors["text"], "INC-2 is already resolved") {
			t.Errorf("Submit() = %+v, want to be told that it is resolved", result)
		}
	})
}

func (r *rig) channelOf(id string) slacksim.Channel {
	c, _ := r.sim.State().Channel(id)
	return c
}

// TestButtons presses every button of the summary.
func TestButtons(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down")
		card := func() slacksim.Message { return r.marked(r.channel(c.ID).Messages, "card", "INC-1")[0] }
		r.press("eve", c.ID, card(), "Escalate")
		if len(r.dm("U0CLEO")) != 1 || !strings.Contains(r.whispers("eve"), "The next step of the policy is being paged") {
			t.Errorf("cleo has %d pages; eve was told %s", len(r.dm("U0CLEO")), r.whispers("eve"))
		}
		r.press("ada", c.ID, card(), "Acknowledge")
		r.press("bob", c.ID, card(), "Take command")
		r.press("bob", c.ID, card(), "Add update")
		r.submit("bob", r.view("U0BOB"), map[string]map[string]any{"text": {"value": "cards work again"}})
		r.pass(5 * time.Second)
		i, events := r.fold(1)
		if i.AcknowledgedBy != "person:ada" || i.Holder(incident.Commander) != "person:bob" || !strings.Contains(said(events), "cards work again") {
			t.Errorf("on it %s, commander %s; the timeline says %s", i.AcknowledgedBy, i.Holder(incident.Commander), said(events))
		}
		r.command("bob", c.ID, "role commander @cleo")
		r.pass(5 * time.Second)
		offer := r.find(r.channel(c.ID).Messages, "to be commander")
		if i, _ := r.fold(1); i.Holder(incident.Commander) != "person:bob" {
			t.Error("command moved without cleo's word")
		}
		r.press("cleo", c.ID, offer, "Take command")
		r.pass(5 * time.Second)
		if i, _ := r.fold(1); i.Holder(incident.Commander) != "person:cleo" {
			t.Errorf("commander %s, want cleo", i.Holder(incident.Commander))
		}
		if offer, _ = r.channel(c.ID).Message(offer.TS); shows(offer, `"action_id"`) {
			t.Errorf("the offer still has its button: %s", offer.Blocks)
		}
	})
}

// TestShortcuts uses the global one and the one of a message.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		if _, err := r.sim.As("eve").Shortcut(slacksim.Shortcut{CallbackID: "declare_incident"}); err != nil {
			t.Fatal(err)
		}
		r.submit("eve", r.view("U0EVE"), map[string]map[string]any{"title": {"value": "checkout is down"}})
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down")
		m, err := r.sim.As("eve").Message(c.ID, "<b> @ada sees 500s & more", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"eve", "ada"} {
			if _, err := r.sim.As(who).Shortcut(slacksim.Shortcut{CallbackID: "add_to_timeline", Channel: c.ID, TS: m.TS}); err != nil {
				t.Fatal(err)
			}
			r.pass(2 * time.Second)
		}
		_, events := r.fold(1)
		if n := strings.Count(said(events), "note <b> @Ada Okafor sees 500s & more"); n != 1 {
			t.Errorf("the timeline has the message %d times, want once, whoever chose it: %s", n, said(events))
		}
		g, err := r.sim.As("eve").Message("general", "elsewhere", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.sim.As("eve").Shortcut(slacksim.Shortcut{CallbackID: "add_to_timeline", Channel: r.channel("general").ID, TS: g.TS}); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		if told := r.whispers("eve"); !strings.Contains(told, "This is not an incident's channel") {
			t.Errorf("eve was told %s", told)
		}
	})
}

// TestHome opens the Home tab and declares from it.
func TestHome(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.command("bob", "general", "declare keys leaked private")
		r.pass(10 * time.Second)
		if _, err := r.sim.As("eve").OpenHome(); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		home, ok := r.sim.State().Homes["U0EVE"]
		if !ok {
			t.Fatal("eve has no Home tab")
		}
		for _, want := range []string{"checkout is down", "primary", "Declare an incident"} {
			if !strings.Contains(string(home.Blocks), want) {
				t.Errorf("the Home tab lacks %q: %s", want, home.Blocks)
			}
		}
		if strings.Contains(string(home.Blocks), "keys leaked") {
			t.Error("the Home tab of somebody who is not involved shows a private incident")
		}
		if _, err := r.sim.As("eve").Press(slacksim.Press{Home: true, Label: "Declare an incident"}); err != nil {
			t.Fatal(err)
		}
		r.submit("eve", r.view("U0EVE"), map[string]map[string]any{"title": {"value": "search is down"}})
		if i, _ := r.fold(3); i.Title != "search is down" {
			t.Errorf("declared %q from the Home tab", i.Title)
		}
	})
}

// TestFormsThatDoNotOpen tells the person how to go on without.
func TestFormsThatDoNotOpen(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]slacksim.Fault{
		"expired":    {Latency: 4 * time.Second},
		"refused":    {Error: "exchanged_trigger_id"},
		"limited":    {Status: 429, RetryAfter: 30},
		"no answer":  {Reset: true},
		"internal":   {Error: "internal_error"},
		"with a 500": {Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				f.Method = "views.open"
				r.fault(f)
				r.command("eve", "general", "declare")
				r.pass(10 * time.Second)
				if told := r.whispers("eve"); !strings.Contains(told, "/incident declare` and a few words") {
					t.Errorf("eve was told %s, want how to go on without a form", told)
				}
			})
		})
	}
}

// TestUsedResponseURL presses a button that can tell nothing any more: nothing
// storms, nothing breaks.
func TestUsedResponseURL(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(31 * time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.pass(time.Minute)
		r.acked1(1)
	})
}

// acked1 checks the state only.
func (r *rig) acked1(n int) {
	r.t.Helper()
	if i, _ := r.fold(n); !i.Acked() {
		r.t.Errorf("%s is not acknowledged", i.Name())
	}
}

// TestWordsOfCommands types every verb once, and some that are none.
func TestWordsOfCommands(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is slow")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-slow").ID
		for _, step := range []struct{ where, typed, want string }{
			{"general", "", "What can be done here"},
			{"general", "help", "What can be done here"},
			{"general", "list", "INC-1"},
			{"general", "ack", "Say its name, as in: /incident ack INC-1"},
			{"general", "ack INC-9", "There is no INC-9"},
			{"general", "show 1", "checkout is slow"},
			{c, "ack", "You are on INC-1"},
			{c, "ack", "You have acknowledged INC-1 already ("},
			{c, "sev 1 payments too", "INC-1 is sev1 now"},
			{c, "status fixing", "INC-1 is mitigating now"},
			{c, "note", "The note is empty"},
			{c, "note what: 500s", "Noted in INC-1"},
			{c, "decide roll back", "Noted in INC-1"},
			{c, "task call provider", "INC-1-F1 is open: call provider"},
			{c, "timeline", "Paged"},
			{c, "rename checkout is down", "The title of INC-1 is"},
			{c, "service serach", "Did you mean search?"},
			{c, "reroute search it is theirs", "is about Search now"},
			{c, "page @cleo now", "Paging for INC-1: Cleo Marsh"},
			{c, "page payments", "Paging for INC-1"},
			{c, "page paymnets", "Did you mean payments?"},
			{c, "role comunicator @bob", "Did you mean communicator?"},
			{c, "role communicator @bob", "Done: communicator of INC-1"},
			{c, "escalate", "The next step of the policy is being paged"},
			{c, "mitigate rollback", "INC-1 is mitigated by a rollback now"},
			{c, "postmortem", "Post-mortem of INC-1"},
			{c, "resolve calm", "INC-1 is resolved"},
			{c, "resolve again", "already resolved"},
			{c, "close anyway it is a test", "INC-1 is closed now"},
			{c, "reopen", "A reason is needed"},
			{c, "reopen it is back", "INC-1 is investigating now"},
			{c, "cancel", "INC-1 stays as it is until then"},
			{c, "status cancelled", "It was no incident"},
			{c, "note what:", "nothing stands behind “what:”"},
			{c, "sev 9", "There is no severity 9"},
			{c, "update public: we are on it", "Kept as the words for the public of INC-1"},
			{c, "done INC-1-F1 https://x.example/1", "INC-1-F1 is done: call provider"},
			{"general", "note the same as INC-1", "Noted in INC-1"},
			{"general", "sev 2 INC-1", "INC-1 is sev2 now"},
			{"general", "page @cleo INC-1", "Paging for INC-1: Cleo Marsh"},
			{"general", "role responder @cleo @bob INC-1", "Done: responder of INC-1."},
			{"general", "role communicator @cleo @bob INC-1", "Only one person can be communicator of INC-1"},
			{"general", "sev1 card payments fail", "Declare this"},
			{c, "cancel a false alarm", "INC-1 is cancelled now"},
			{c, "frobnicate the database please", "Declare this"},
			{c, "resovle it is calm", "Did you mean `/incident resolve`?"},
		} {
			seen := r.command("ada", step.where, step.typed)
			r.pass(2 * time.Second)
			if all := seen.Text + unescaped(string(seen.Blocks)); !strings.Contains(all, step.want) || seen.Error != "" || !seen.Ephemeral {
				t.Errorf("/incident %s: ada sees %s (%s), want %q", step.typed, all, seen.Error, step.want)
			}
		}
		r.fold(1)
		seen := r.command("ada", "general", "resovle INC-1 "+strings.Repeat("a long story & ", 200))
		if all := unescaped(string(seen.Blocks)); strings.Count(all, "a long story") < 150 {
			t.Errorf("of 200 sentences %d are shown again", strings.Count(all, "a long story"))
		}
	})
}

// TestFormsComeFirst opens every form: nothing is asked of Slack between the press
// and views.open, since a trigger lives three seconds.
func TestFormsComeFirst(t *testing.T) {
	t.Parallel()
	opt := calm()
	opt.Manifest = manifest(t)
	inBubble(t, opt, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down").ID
		card := r.marked(r.channel(c).Messages, "card", "INC-1")[0]
		as := r.sim.As("ada")
		if _, err := as.OpenHome(); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		press := func(p slacksim.Press) func() error {
			return func() error { _, err := as.Press(p); return err }
		}
		command := func(command, text string) func() error {
			return func() error { _, err := as.Command("general", command, text); return err }
		}
		for name, open := range map[string]func() error{
			"declare":  command("/incident", "declare"),
			"shortcut": func() error { _, err := as.Shortcut(slacksim.Shortcut{CallbackID: "declare_incident"}); return err },
			"home":     press(slacksim.Press{Home: true, Label: "Declare an incident"}),
			"update":   press(slacksim.Press{Channel: c, TS: card.TS, Label: "Add update"}),
			"resolve":  press(slacksim.Press{Channel: c, TS: card.TS, Label: "Resolve"}),
			"override": command("/oncall", "override"),
			"swap":     command("/oncall", "swap"),
			"cover":    command("/oncall", "cover"),
			"off":      command("/oncall", "off"),
		} {
			r.pass(2 * time.Hour) // what was known of ada's profile is old by now
			before := len(r.sim.Calls(0))
			if err := open(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r.pass(5 * time.Second)
			first := ""
			for _, c := range r.sim.Calls(before) {
				if c.Kind == "api" && first == "" {
					first = c.Method
				}
			}
			if first != "views.open" {
				t.Errorf("%s: the first call is %q, want views.open", name, first)
			}
		}
	})
}

// TestFormWithoutProfile opens a form while Slack takes its time to say where
// somebody is: it opens on the clock of the roster, and shows their own as soon as
// that is known.
func TestFormWithoutProfile(t *testing.T) {
	t.Parallel()
	opt := calm()
	opt.Manifest = manifest(t)
	inBubble(t, opt, func(r *rig) {
		if err := r.sim.ChangePerson("cleo", func(u *slacksim.User) { u.TimeZone = "Asia/Tokyo" }); err != nil {
			t.Fatal(err)
		}
		r.fault(slacksim.Fault{Method: "users.info", Latency: 4 * time.Second})
		v := r.form("cleo", "override")
		if !strings.Contains(string(v.Blocks), "On your clock: UTC") {
			t.Errorf("the form is not on the roster's clock at first: %s", v.Blocks)
		}
		r.pass(5 * time.Second)
		if v = r.view("U0CLEO"); !strings.Contains(string(v.Blocks), "On your clock: Asia/Tokyo") {
			t.Errorf("the form is not on cleo's own clock: %s", v.Blocks)
		}
		res := r.fill("cleo", v, map[string]any{"rotation": "primary", "kind": "replace", "person": "ada", "by": []string{"cleo"},
			"from_date": "2000-01-10", "from_time": "09:00", "to_date": "2000-01-12", "to_time": "09:00"})
		x, _ := r.people.Current().Roster.Rotation("primary")
		want := time.Date(2000, 1, 10, 0, 0, 0, 0, time.UTC)
		if len(x.Overrides) != 1 || !x.Overrides[0].Start.Equal(want) {
			t.Errorf("%+v; overrides %+v, want one from %s", res, x.Overrides, want)
		}
	})
}
