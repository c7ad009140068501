package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// commander is who has command of incident 1.
func (r *rig) commander() incident.Actor {
	i, _ := r.fold(1)
	return i.Holder(incident.Commander)
}

// offered is the latest brief in somebody's direct messages.
func (r *rig) offered(user string) slacksim.Message {
	r.t.Helper()
	var last slacksim.Message
	for _, m := range r.dm(user) {
		if shows(m, "accept_command") {
			last = m
		}
	}
	if last.TS == "" {
		r.t.Fatalf("%s was offered nothing:%s", user, list(r.dm(user)))
	}
	return last
}

// TestHandOverByTheLetter hands command over: the one who is asked reads a brief from the
// record and accepts, and until then command stays where it is.
func TestHandOverByTheLetter(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "task roll back 431, back in ten minutes")
		r.command("ada", room, "decide we stay on provider B")
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(10 * time.Second)
		brief := r.offered("U0CLEO")
		for _, want := range []string{"sev1", "investigating", "roll back 431", "we stay on provider B", "*Next update*", "*May sleep*", "*Impact*"} {
			if !shows(brief, want) {
				t.Errorf("the brief does not say %q: %s", want, brief.Blocks)
			}
		}
		if got := r.commander(); got != "person:ada" {
			t.Errorf("before she accepts, the commander is %s", got)
		}
		r.press("cleo", r.dmOf("U0CLEO"), brief, "Accept")
		r.press("cleo", r.dmOf("U0CLEO"), brief, "Accept") // twice is once
		if got := r.commander(); got != "person:cleo" {
			t.Errorf("after she accepted, the commander is %s", got)
		}
		_, events := r.fold(1)
		taken := 0
		for _, e := range events {
			if e.Kind == incident.KindRole && e.Role == incident.Commander && e.Person == "person:cleo" {
				taken++
			}
		}
		if n := count(r.channelOf(room).Messages, "took the role of commander"); n != 1 || taken != 1 {
			t.Errorf("the channel was told %d times and the record says %d times that command moved, want once", n, taken)
		}
		r.find(r.dm("U0CLEO"), "Say “I have command”")
		r.pass(30 * time.Second)
		if topic := r.channelOf(room).Topic.Value; !strings.Contains(topic, "commander Cleo Marsh") || !strings.Contains(topic, "next update within 15 min") {
			t.Errorf("the topic is %q", topic)
		}
		r.pass(12 * time.Minute)
		if len(r.reminders("U0CLEO")) != 1 || len(r.reminders("U0ADA")) != 0 {
			t.Error("the timers did not move with command")
		}
		r.noErrors()
	})
}

// TestOfferLapses waits: after five minutes the offer is over, whoever made it is told,
// and a press on it says so. A restart in between changes nothing.
func TestOfferLapses(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(10 * time.Second)
		brief := r.offered("U0CLEO")
		r.stop()
		r.pass(4 * time.Minute)
		r.start()
		r.pass(time.Minute)
		r.find(r.dm("U0ADA"), "did not answer within five minutes")
		r.press("cleo", r.dmOf("U0CLEO"), brief, "Accept")
		if got := r.commander(); got != "person:ada" {
			t.Errorf("after the offer lapsed, the commander is %s", got)
		}
		if told := r.whispers("cleo"); !strings.Contains(told, "This offer is over") {
			t.Errorf("cleo was told %q", told)
		}
	})
}

// TestNewerOfferEndsTheOlder asks one after another: only the newest can accept.
func TestNewerOfferEndsTheOlder(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(10 * time.Second)
		old := r.offered("U0CLEO")
		r.command("ada", room, "role commander <@U0BOB>")
		r.pass(10 * time.Second)
		r.press("cleo", r.dmOf("U0CLEO"), old, "Accept")
		if got := r.commander(); got != "person:ada" {
			t.Errorf("the older offer made %s commander", got)
		}
		if told := r.whispers("cleo"); !strings.Contains(told, "was asked to take command of INC-1 since") {
			t.Errorf("cleo was told %q", told)
		}
		r.press("bob", r.dmOf("U0BOB"), r.offered("U0BOB"), "Decline")
		r.find(r.dm("U0ADA"), "declined command")
		if got := r.commander(); got != "person:ada" {
			t.Errorf("after bob declined, the commander is %s", got)
		}
	})
}

// TestShadowTakesNoCommand presses Take command as a shadow, and after somebody has just
// got it.
func TestShadowTakesNoCommand(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("bob", room, "role shadow")
		r.pass(10 * time.Second)
		card := r.find(r.channelOf(room).Messages, "Take command")
		r.press("bob", room, card, "Take command")
		if got := r.commander(); got != "person:ada" {
			t.Errorf("a shadow's press made %s commander", got)
		}
		if told := r.whispers("bob"); !strings.Contains(told, "a shadow does not take command") {
			t.Errorf("bob was told %q", told)
		}
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(10 * time.Second)
		if err := r.sim.As("eve").Join(room); err != nil {
			t.Fatal(err)
		}
		if _, err := r.sim.As("cleo").Press(slacksim.Press{Channel: r.dmOf("U0CLEO"), TS: r.offered("U0CLEO").TS, Label: "Accept"}); err != nil {
			t.Fatal(err)
		}
		card = r.find(r.channelOf(room).Messages, "Take command")
		r.press("eve", room, card, "Take command") // in the same moment
		if got := r.commander(); got != "person:cleo" {
			t.Errorf("command bounced on to %s", got)
		}
		seen := r.command("ada", room, "role commander <@U0BOB>")
		if !strings.Contains(seen.Text, "shadow") {
			t.Errorf("offering command to a shadow: %q, want a refusal", seen.Text)
		}
	})
}

// TestCommanderSilent leaves a sev1 alone: the secondary is paged, those who are there
// are offered command, and the bot does not move it.
func TestCommanderSilent(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(20 * time.Minute)
		if n := count(r.channelOf(room).Messages, "nothing was heard from the commander"); n != 0 {
			t.Error("after 20 minutes and one reminder the commander counts as silent already")
		}
		r.pass(10 * time.Minute)
		line := r.find(r.channelOf(room).Messages, "othing was heard from the commander")
		r.find(r.dm("U0CLEO"), "card payments fail")
		if got := r.commander(); got != "person:ada" {
			t.Errorf("the bot moved command to %s", got)
		}
		r.press("cleo", room, line, "Take command")
		if got := r.commander(); got != "person:cleo" {
			t.Errorf("after she took it, the commander is %s", got)
		}
		r.pass(10 * time.Minute)
		if n := count(r.channelOf(room).Messages, "othing was heard from the commander"); n != 1 {
			t.Errorf("the channel was told %d times that nothing was heard, want once", n)
		}
	})
}

// TestRolesOfSeveral gives a role to two people, shows both, and takes it from both; and
// asks, once, whether a second pair of eyes is wanted.
func TestRolesOfSeveral(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "role responder <@U0BOB> <@U0CLEO>")
		r.pass(10 * time.Second)
		i, _ := r.fold(1)
		if got := i.Holders(incident.Responder); len(got) != 3 {
			t.Errorf("responders are %v, want ada, bob and cleo", got)
		}
		r.find(r.dm("U0BOB"), "Ask for help after 15 min")
		seen := r.command("ada", room, "role responder none")
		i, _ = r.fold(1)
		if got := i.Holders(incident.Responder); len(got) != 0 || seen.Error != "" {
			t.Errorf("after none, responders are %v (%q)", got, seen.Text)
		}
		r.pass(17 * time.Minute)
		if n := count(r.dm("U0ADA"), "Want a second pair of eyes?"); n != 1 {
			t.Errorf("ada was asked %d times for a second pair of eyes, want once", n)
		}
		r.pass(time.Hour)
		if n := count(r.dm("U0ADA"), "Want a second pair of eyes?"); n != 1 {
			t.Errorf("ada was asked %d times, want once", n)
		}
	})
}

// TestUpdatesForWhom keeps the words for stakeholders and those for the public apart.
func TestUpdatesForWhom(t *testing.T) {
	t.Parallel()
	roster := strings.Replace(rosterText, "    first_looks: [Error rate by provider]\n", "    first_looks: [Error rate by provider]\n    stakeholders: [person:cleo, channel:general]\n", 1)
	inBubbleWith(t, roster, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "update we are moving to provider B")
		r.command("ada", room, "public some card payments fail at present")
		r.pass(10 * time.Second)
		r.find(r.dm("U0CLEO"), "we are moving to provider B")
		r.find(r.channel("general").Messages, "we are moving to provider B")
		if count(r.dm("U0CLEO"), "some card payments fail") != 0 || count(r.channel("general").Messages, "some card payments fail") != 0 {
			t.Error("words for the public went to stakeholders")
		}
		_, events := r.fold(1)
		for _, e := range events {
			if e.Kind == incident.KindPublic && e.Text != "some card payments fail at present" || e.Kind == incident.KindNote && strings.Contains(e.Text, "at present") {
				t.Errorf("the record mixes both: %+v", e)
			}
		}
		r.command("ada", room, "update same")
		r.pass(10 * time.Second)
		if n := count(r.channel("general").Messages, "we are moving to provider B"); n != 2 {
			t.Errorf("stakeholders have the update %d times, want twice: once as no change", n)
		}
		r.noErrors()
	})
}

// TestReassignedInWords reassigns an incident: people read whom, and no words of the
// machine.
func TestReassignedInWords(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(10 * time.Second)
		r.command("eve", "general", "reassign INC-1 <@U0BOB>")
		r.command("eve", "general", "role INC-1 commander <@U0CLEO>")
		r.pass(10 * time.Second)
		seen := r.command("eve", "general", "timeline INC-1")
		all := seen.Text + string(seen.Blocks)
		for _, word := range []string{"Step 0", "as person", "role_offered", "person:"} {
			if strings.Contains(all, word) {
				t.Errorf("the timeline says %q: %s", word, all)
			}
		}
		if !strings.Contains(all, "Paging only Bob Stone") {
			t.Errorf("the timeline does not say who is paged: %s", all)
		}
	})
}

// TestHandOverByTheForm offers command from the card, by the form that asks to whom.
func TestHandOverByTheForm(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.press("ada", room, r.find(r.channelOf(room).Messages, "Hand over"), "Hand over")
		views := r.sim.State().Views["U0ADA"]
		if len(views) == 0 {
			t.Fatalf("no form; ada was told %q", r.whispers("ada"))
		}
		if form := string(views[len(views)-1].Blocks); strings.Contains(form, "Who could take it") {
			t.Errorf("the roster knows nothing of anybody, and the form says %s", form)
		}
		given := map[string]map[string]any{"holder": {"value": "U0CLEO"}}
		if _, err := r.sim.As("ada").Submit(views[len(views)-1].ID, given); err != nil {
			t.Fatal(err)
		}
		r.pass(10 * time.Second)
		r.press("cleo", r.dmOf("U0CLEO"), r.offered("U0CLEO"), "Accept")
		if got := r.commander(); got != "person:cleo" {
			t.Errorf("the commander is %s, want cleo", got)
		}
	})
}

// TestDrillIsADrillInPrivateToo says in everything that a role of a drill brings somebody by direct message
// that it is one: nobody is to take it for real at night.
func TestDrillIsADrillInPrivateToo(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1 drill")
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(6 * time.Minute) // the offer lapses
		r.command("ada", room, "role commander <@U0CLEO>")
		r.pass(10 * time.Second)
		r.press("cleo", r.dmOf("U0CLEO"), r.offered("U0CLEO"), "Accept")
		r.command("cleo", room, "task call the provider <@U0BOB>")
		r.pass(30 * time.Minute)
		for _, user := range []string{"U0ADA", "U0BOB", "U0CLEO"} {
			for _, m := range r.dm(user) {
				if says(m, "INC-1") && (!shows(m, "Drill · ") || !strings.Contains(m.Text, "Drill · ")) {
					t.Errorf("%s reads of a drill as of an incident: %s %s", user, m.Text, m.Blocks)
				}
			}
		}
	})
}
