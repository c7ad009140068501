package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// openHome opens somebody's Home tab.
func (r *rig) openHome(user string) {
	r.t.Helper()
	if _, err := r.sim.As(user).OpenHome(); err != nil {
		r.t.Fatal(err)
	}
	r.pass(2 * time.Second)
}

// home is what somebody's Home tab shows.
func (r *rig) home(user string) string {
	r.t.Helper()
	v, ok := r.sim.State().Homes[userID(r, user)]
	if !ok {
		r.t.Fatalf("%s has no Home tab", user)
	}
	text, err := json.Marshal(v.Blocks)
	if err != nil {
		r.t.Fatal(err)
	}
	return unescaped(string(text))
}

// pressHome presses a button on somebody's Home tab: the one with that action in a block.
func (r *rig) pressHome(user, block, action string) slacksim.Seen {
	r.t.Helper()
	seen, err := r.sim.As(user).Press(slacksim.Press{Home: true, BlockID: block, ActionID: action})
	if err != nil {
		r.t.Fatalf("%s presses %s in %s: %v; there is %s", user, action, block, err, r.home(user))
	}
	r.pass(2 * time.Second)
	return seen
}

// homesAre fails where somebody's Home tab lacks words, or has others, those with a minus
// before them.
func (r *rig) homesAre(user string, words ...string) {
	r.t.Helper()
	shown := r.home(user)
	for _, w := range words {
		not, unwanted := strings.CutPrefix(w, "-")
		if strings.Contains(shown, strings.TrimPrefix(w, "-")) == unwanted {
			r.t.Errorf("the Home tab of %s: %q is wrong (%t) in\n%s", user, not, unwanted, shown)
		}
	}
}

// published counts how often Home tabs were published.
func (r *rig) published() int {
	n := 0
	for _, c := range r.sim.Calls(0) {
		if c.Method == "views.publish" {
			n++
		}
	}
	return n
}

// TestHomeTab: what is mine, what is open and the worst first, my shifts, buttons that say
// what they did, and nothing that a reader may not know.
func TestHomeTab(t *testing.T) {
	t.Parallel()
	guest := slacksim.Person{ID: "U0GUS", Name: "gus", RealName: "Gus Fry", Guest: true}
	inBubble(t, slacksim.Options{People: []slacksim.Person{guest}}, func(r *rig) {
		r.openHome("bob")
		r.homesAre("bob", "No incident is open", "Declare an incident", "Test my page", "Your shifts", "*primary* from", "On call", "-How the bot is", "-Yours")
		r.command("eve", "general", "declare search is slow sev3")
		r.command("eve", "general", "declare checkout is down sev1")
		r.command("eve", "general", "declare keys leaked private sev1")
		r.pass(30 * time.Second)
		r.openHome("ada")
		r.openHome("eve")
		r.openHome("gus")
		if got := namesIn([]byte(r.home("ada"))); got != "2 3 1" {
			t.Errorf("ada's Home shows %s, want the worst first", got)
		}
		r.homesAre("ada", "Yours", "You were paged for it, and nobody is on it", "*primary* now")
		r.homesAre("bob", "checkout is down", "-keys leaked") // without opening it again
		r.homesAre("eve", "keys leaked", "-Test my page", "Open incidents")
		r.homesAre("gus", "No incident that you were invited to is open", "-checkout", "-Declare", "-On call")

		r.pressHome("ada", "incident_2", "ack")
		r.homesAre("ada", "You are on INC-2", "You are on it")
		if i, _ := r.fold(2); i.AcknowledgedBy != incident.Person("ada") {
			t.Errorf("INC-2 is acknowledged by %q", i.AcknowledgedBy)
		}
		r.pass(15 * time.Second)
		r.homesAre("bob", "<@U0ADA>; declared")

		seen := r.pressHome("ada", "incident_2", "mitigated")
		if seen.View = r.top("ada"); seen.View == nil {
			t.Fatal("no form is open")
		}
		r.fill("ada", *seen.View, map[string]any{"how": "rollback", "text": "rolled back"})
		r.homesAre("ada", "🩹")
		r.pass(15 * time.Second)
		r.pressHome("ada", "home", "test_page")
		r.homesAre("ada", "A test is on its way to you")
		r.pass(3 * time.Minute)
		r.homesAre("ada", "-A test is on its way to you") // it is not shown for ever
		caller := desk.Caller{Actor: incident.Person("ada")}
		if _, _, err := r.desk.OpenFollowUp(r.t.Context(), caller, 1, incident.FollowUp{Title: "count the locks", Owner: caller.Actor}); err != nil {
			t.Fatal(err)
		}
		r.pressHome("eve", "incident_1", "ack")
		r.command("eve", "general", "resolve INC-1 all is calm")
		r.pass(15 * time.Second)
		r.homesAre("ada", "-declared · search is slow", "Your follow-ups", "*INC-1-F1* count the locks · search is slow · due")
		r.homesAre("bob", "-Your follow-ups")
		r.noErrors()
	})
}

// top is the form in front of somebody.
func (r *rig) top(user string) *slacksim.View {
	views := r.sim.State().Views[userID(r, user)]
	if len(views) == 0 {
		return nil
	}
	return &views[len(views)-1]
}

// TestHomeStaleButtons: a button of a Home tab that shows an older state, or one that is
// pressed twice, does no harm and says how it is.
func TestHomeStaleButtons(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down sev1")
		r.pass(10 * time.Second)
		r.openHome("ada")
		r.loseNextAck() // it is delivered twice
		r.pressHome("ada", "incident_1", "ack")
		r.pass(time.Minute)
		r.homesAre("ada", "INC-1")
		_, events := r.fold(1)
		acks := 0
		for _, e := range events {
			if e.Kind == incident.KindAcknowledged {
				acks++
			}
		}
		if acks != 1 {
			t.Errorf("it was acknowledged %d times", acks)
		}
		r.openHome("eve")
		r.command("ada", "general", "resolve INC-1 all is calm") // and before eve's is brought up to date
		if _, err := r.sim.As("eve").Press(slacksim.Press{Home: true, BlockID: "incident_1", ActionID: "resolve"}); err != nil {
			t.Fatal(err)
		}
		r.pass(3 * time.Second)
		r.homesAre("eve", "INC-1 is already resolved", "No incident is open")
		r.pressHome("eve", "home", "declare")
		form := r.top("eve")
		if form == nil {
			t.Fatal("no form is open")
		}
		r.fill("eve", *form, map[string]any{"title": "mails are late"})
		r.pass(10 * time.Second)
		r.homesAre("eve", "INC-2* is open", "mails are late")
		r.noErrors()
	})
}

// TestHomeRestart: whoever looks at their Home tab sees what happens after the bot was
// started again, and for an hour.
func TestHomeRestart(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		r.openHome("bob")
		r.stop()
		r.start()
		r.command("eve", "general", "declare checkout is down sev1")
		r.pass(30 * time.Second)
		r.homesAre("bob", "checkout is down")
		r.pass(time.Hour)
		before := r.published()
		r.command("eve", "general", "declare mails are late sev3")
		r.pass(time.Minute)
		if r.published() != before {
			t.Error("a Home tab that nobody has looked at for an hour is published")
		}
		r.noErrors()
	})
}

// TestHomeStorm: 60 people look at their Home tabs, and 45 incidents open within three
// minutes. Each tab fits, the bot publishes only so often, and all show in the end what
// holds; of those who looked first, nobody is kept up to date any more.
func TestHomeStorm(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	var opt slacksim.Options
	for n := range 60 {
		opt.People = append(opt.People, slacksim.Person{ID: fmt.Sprintf("U0C%05d", n), Name: fmt.Sprintf("c%d", n)})
	}
	inBubble(t, opt, func(r *rig) {
		for n := range 60 {
			r.openHome(fmt.Sprintf("c%d", n))
		}
		before := r.published()
		r.pass(10 * time.Minute)
		if n := r.published() - before; n > 0 {
			t.Errorf("%d Home tabs were published while nothing happened", n)
		}
		before = r.published()
		for n := range 45 {
			r.command("eve", "general", fmt.Sprintf("declare trouble number%d sev%d", n, 1+n%4))
			r.pass(4 * time.Second)
		}
		if n := r.published() - before; n > 3*6*5+5 {
			t.Errorf("%d Home tabs were published in three minutes", n)
		}
		r.pass(6 * time.Minute)
		r.homesAre("c59", "Page 1 of 3, 45 open incidents", "More of them")
		r.homesAre("c15", "45 open incidents")
		r.homesAre("c3", "-45 open incidents")
		r.pressHome("c59", "home_pages", "home_less")
		r.homesAre("c59", "Page 2 of 3", "Worse ones")
		r.noErrors()
	})
}

// TestHomeHealth: admins see how the bot is, nobody else does.
func TestHomeHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		r.access = desk.Access{incident.AdminRight: {"person:ada"}}
		h := chat.Health{Methods: []string{"push", "sms"}}
		r.health = func() chat.Health { return h }
		defer r.close()
		r.start()
		r.openHome("ada")
		r.openHome("bob")
		r.homesAre("bob", "-How the bot is", "-Queue")
		r.homesAre("ada", "How the bot is", "2 sockets are connected", "Queue: nothing waits", "push, sms", "none of them known to be out",
			"somebody is on call in every rotation", "Backup: none is known of")
		h = chat.Health{Jobs: 7, Oldest: time.Now().Add(-5 * time.Minute), Methods: h.Methods, Out: []string{"sms"}}
		if err := r.desk.BackedUp(r.t.Context()); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Minute)
		r.homesAre("ada", "Queue: 7 wait, the oldest for", "the provider of sms is out", "the last one was taken")
		r.noErrors()
	})
}
