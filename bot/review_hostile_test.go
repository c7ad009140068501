package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestPublishNearMiss: what was a near miss is published too, by whoever wants to, and goes
// to nobody else.
func TestPublishNearMiss(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "near-miss the switch was off by chance")
		r.pass(20 * time.Second)
		r.command("ada", room, "postmortem answer lucky the switch was off")
		got := r.command("ada", room, "postmortem publish")
		r.pass(30 * time.Second)
		if i, _ := r.fold(1); i.Postmortem.Version != 1 || strings.Contains(got.Text, "Those with an interest") {
			t.Errorf("version %d, and it is said: %s", i.Postmortem.Version, got.Text)
		}
		if n := count(r.dm("U0CLEO"), "the post-mortem is published"); n != 0 {
			t.Errorf("those with an interest are told %d times", n)
		}
	})
}

// TestPublishReasonNamesNobody: what a version corrects stands in the document and before
// those with an interest, without the names that somebody typed.
func TestPublishReasonNamesNobody(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer cause A certificate had changed.")
		r.command("ada", room, "postmortem publish as Bob Stone said")
		first, err := r.desk.Published(context.Background(), incident.Bot, 1, 1)
		if err != nil || strings.Contains(first.Text, "it corrects") {
			t.Errorf("the first version corrects something: %v", err)
		}
		r.command("ada", room, "note later")
		r.command("ada", room, "postmortem publish Bob Stone had noted the wrong time")
		r.pass(30 * time.Second)
		f, err := r.desk.Published(context.Background(), incident.Bot, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(f.Text+string(f.JSON())+f.HTML(), "Bob Stone") || !strings.Contains(f.Text, "had noted the wrong time") {
			t.Errorf("the document names somebody, or does not say what it corrects: %s", f.Text[:500])
		}
		if n := count(r.channel("general").Messages, "Bob Stone had noted"); n != 0 {
			t.Errorf("those with an interest read the name")
		}
	})
}

// TestPublishToWhoeverHasLeft: of somebody who could not be told, the document does not say
// that they were.
func TestPublishToWhoeverHasLeft(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.reviewed()
		r.apply(strings.Replace(withStakeholders, ", slack: U0CLEO", "", 1))
		r.command("ada", room, "postmortem answer cause A certificate had changed.")
		r.command("ada", room, "postmortem publish")
		r.pass(30 * time.Second)
		_, events := r.fold(1)
		said := false
		for _, e := range events {
			if e.Kind == incident.KindSent && e.Person == "person:cleo" {
				said = true
				if e.Text == "" {
					t.Errorf("the timeline says that cleo was told")
				}
			}
		}
		if !said {
			t.Error("the timeline does not say that cleo was not told")
		}
	})
}

// TestPublishToNoChannel: a channel that there is not, or that is archived, is recorded as
// not told, once.
func TestPublishToNoChannel(t *testing.T) {
	t.Parallel()
	longLife(t)
	for name, archived := range map[string]bool{"none": false, "archived": true} {
		t.Run(name, func(t *testing.T) {
			roster := strings.Replace(withStakeholders, "channel:general", "channel:interested", 1)
			inBubbleWith(t, roster, func(r *rig) {
				room := r.reviewed()
				if archived {
					if _, err := r.sim.As("eve").Create("interested", slacksim.Public); err != nil {
						t.Fatal(err)
					}
					if err := r.sim.As("eve").Archive("interested"); err != nil {
						t.Fatal(err)
					}
				}
				r.command("ada", room, "postmortem answer cause A certificate had changed.")
				r.command("ada", room, "postmortem publish")
				r.pass(2 * time.Minute)
				_, events := r.fold(1)
				var got []string
				for _, e := range events {
					if e.Kind == incident.KindSent && e.Target != "" {
						got = append(got, e.Target+" "+e.Text)
					}
				}
				if len(got) != 1 || strings.HasSuffix(got[0], " ") {
					t.Errorf("recorded: %q", got)
				}
			})
		})
	}
}

// TestReopenedAfterPublication: what was published stays; what is posted when it is resolved
// anew is the draft, which tells of both.
func TestReopenedAfterPublication(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer cause A certificate had changed.")
		r.command("ada", room, "postmortem publish")
		r.pass(30 * time.Second)
		r.command("ada", room, "reopen it is back")
		r.pass(time.Minute)
		if got := r.command("ada", room, "postmortem publish it is back"); !strings.Contains(got.Text, "waits") {
			t.Errorf("published while it hurts: %s", got.Text)
		}
		before := len(r.channelOf(room).Messages)
		r.command("ada", room, "mitigate restart")
		r.command("ada", room, "resolve")
		r.pass(time.Minute)
		if n := count(r.channelOf(room).Messages[before:], "(version 1)"); n != 0 {
			t.Errorf("the old document is posted anew:%s", list(r.channelOf(room).Messages[before:]))
		}
		if n := count(r.channelOf(room).Messages[before:], "Draft of the post-mortem"); n != 1 {
			t.Errorf("%d drafts are posted", n)
		}
		if got := r.command("ada", room, "postmortem publish it was back after an hour"); !strings.Contains(got.Text, "version 2") {
			t.Errorf("the correction: %s", got.Text)
		}
	})
}

// TestCorrectionIsAskedFor: whoever wrote what is published is asked once, in the morning,
// whether it needs a correction, when it hurt again and was resolved since; not where they
// have corrected it already, nor while it hurts.
func TestCorrectionIsAskedFor(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	for _, corrected := range []bool{false, true} {
		inBubbleWith(t, withStakeholders, func(r *rig) {
			room := r.reviewed()
			r.command("ada", room, "postmortem answer cause A certificate had changed.")
			r.command("ada", room, "postmortem publish")
			r.pass(30 * time.Second)
			r.command("ada", room, "reopen it is back")
			r.pass(24 * time.Hour)
			asked := func() int { return count(r.dm("U0ADA"), "Is a correction due?") }
			if n := asked(); n != 0 {
				t.Errorf("asked %d times while it hurts", n)
			}
			r.command("ada", room, "mitigate restart")
			r.command("ada", room, "resolve")
			if corrected {
				r.command("ada", room, "postmortem publish it was back after an hour")
			}
			want := 1
			if corrected {
				want = 0
			}
			r.pass(6 * 24 * time.Hour)
			if n := asked(); n != want {
				t.Fatalf("corrected already %t: asked %d times, want %d:%s", corrected, n, want, list(r.dm("U0ADA")))
			}
			if want == 1 {
				m := r.find(r.dm("U0ADA"), "Is a correction due?")
				if !shows(m, "version 1") || !shows(m, "postmortem INC-1 publish REASON") || !shows(m, "Read it") || shows(m, "I write it") {
					t.Errorf("ada is asked with %s", m.Blocks)
				}
				if got := r.command("ada", "general", "postmortem INC-1 publish it was back after an hour"); !strings.Contains(got.Text, "version 2") {
					t.Errorf("what the message says to type: %s", got.Text)
				}
			}
			r.noErrors()
		})
	}
}

// TestCueNamesNobody: the cue of an incident is shown without the name of somebody who has
// left since.
func TestCueNamesNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		left := strings.Replace(rosterText, "  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}\n", "", 1)
		left = strings.Replace(left, "[ada, bob, cleo], lead: cleo", "[ada, bob]", 1)
		r.apply(strings.Replace(left, "      - {notify: [person:cleo]", "      - {notify: [person:bob]", 1))
		r.command("ada", room, "postmortem answer cue Cleo Marsh had seen a flat line")
		cues, err := r.desk.Cues(context.Background(), "checkout", 0, 3)
		if err != nil || len(cues) != 1 || strings.Contains(cues[0].Text, "Cleo") || !strings.Contains(cues[0].Text, "flat line") {
			t.Errorf("the cues: %v, %v", cues, err)
		}
	})
}

// TestPublishedPrivate: of a private incident nobody hears by its cue, its publication or a
// reminder.
func TestPublishedPrivate(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubbleWith(t, withStakeholders, func(r *rig) {
		r.command("ada", "general", "declare card payments fail sev1 private")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(20 * time.Second)
		i, _ := r.fold(1)
		room := i.Channel
		r.command("ada", room, "note where: the pool of provider A was empty")
		r.command("ada", room, "mitigate rollback")
		r.command("ada", room, "resolve")
		r.pass(20 * time.Second)
		r.command("ada", room, "postmortem answer cue the secret pool was flat")
		r.command("ada", room, "postmortem answer cause A secret certificate had changed.")
		r.command("bob", "general", "postmortem INC-1 answer lucky I am outside")
		if got := r.command("eve", "general", "postmortem INC-1 publish"); strings.Contains(got.Text, "card") || !strings.Contains(got.Text, "There is no INC-1") {
			t.Errorf("somebody outside reads %s", got.Text)
		}
		if got := r.command("eve", "general", "postmortem INC-1 owner @eve"); !strings.Contains(got.Text, "There is no INC-1") {
			t.Errorf("somebody outside reads %s", got.Text)
		}
		r.command("ada", room, "postmortem publish")
		r.pass(20 * time.Second)
		r.command("eve", "general", "declare payments time out sev1")
		r.pass(96 * time.Hour)
		if card := r.marked(r.channel("inc-2-payments-time-out").Messages, "card", "INC-2")[0]; shows(card, "secret") {
			t.Errorf("the next card shows the cue: %s", card.Blocks)
		}
		if n := count(r.channel("general").Messages, "INC-1"); n != 0 {
			t.Errorf("general reads of it %d times:%s", n, list(r.channel("general").Messages))
		}
		if n := count(r.dm("U0CLEO"), "post-mortem"); n != 0 {
			t.Errorf("cleo reads of it:%s", list(r.dm("U0CLEO")))
		}
	})
}

// TestFrozenForms: no form of what was published changes with the roster.
func TestFrozenForms(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer cause 😀|`<!channel>` *x* "+strings.Repeat("😀", 4000))
		r.command("ada", room, "postmortem publish")
		r.pass(30 * time.Second)
		r.noErrors()
		r.command("ada", room, "postmortem answer cause")
		r.pass(time.Second)
		r.noErrors()
		first, err := r.desk.Postmortem(context.Background(), incident.Bot, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		html, json, md := first.HTML(), string(first.JSON()), first.Markdown()
		r.apply(strings.NewReplacer("Checkout", "Cashier", "Payments", "Money").Replace(withStakeholders))
		again, err := r.desk.Postmortem(context.Background(), incident.Bot, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again.HTML() != html || string(again.JSON()) != json || again.Markdown() != md {
			t.Error("a form of what was published changed with the roster")
		}
	})
}

// TestWriterHasLeft: whoever was to write it leaves, and whoever was there last is asked.
func TestWriterHasLeft(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubbleWith(t, rosterText, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem owner @cleo")
		left := strings.Replace(rosterText, "  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}\n", "", 1)
		left = strings.Replace(left, "[ada, bob, cleo], lead: cleo", "[ada, bob]", 1)
		r.apply(strings.Replace(left, "      - {notify: [person:cleo]", "      - {notify: [person:bob]", 1))
		r.pass(12 * 24 * time.Hour)
		var asked []string
		for _, m := range r.dm("U0ADA") {
			if strings.Contains(m.Text, "ost-mortem") && shows(m, "I write it") {
				asked = append(asked, sentAt(t, m).Weekday().String())
			}
		}
		if len(asked) < 2 {
			t.Errorf("whoever was there last is asked on %v whether they write it", asked)
		}
		r.noErrors()
	})
}

// TestWriterOfSlackOnly: somebody in Slack whom the roster does not know is reminded too.
func TestWriterOfSlackOnly(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubbleWith(t, rosterText, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem owner @eve")
		r.pass(4 * 24 * time.Hour)
		if count(r.dm("U0EVE"), "wait") == 0 {
			t.Errorf("eve is not reminded: %s", list(r.dm("U0EVE")))
		}
		r.noErrors()
	})
}

// TestHiddenCue: a cue that is hidden is shown on no card any more.
func TestHiddenCue(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer cue customer 4711 had called")
		_, events := r.fold(1)
		r.command("ada", room, fmt.Sprintf("hide %d it holds a customer", events[len(events)-1].Seq))
		if _, events := r.fold(1); countOf(events, incident.KindHidden) != 1 {
			t.Fatal("the answer is not hidden")
		}
		cues, err := r.desk.Cues(context.Background(), "checkout", 0, 3)
		if err != nil || len(cues) != 0 {
			t.Errorf("the cues: %v, %v", cues, err)
		}
	})
}
