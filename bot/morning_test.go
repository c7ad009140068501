package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// waitingFor are the messages that tell somebody what waits for them after incidents.
func (r *rig) waitingFor(user string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range r.dm(user) {
		if shows(m, "keep_open") || shows(m, "postmortem_write") || shows(m, "followup_done") && !shows(m, "gave you") {
			list = append(list, m)
		}
	}
	return list
}

// nagged counts what people were reminded of.
func (r *rig) nagged() map[string]int {
	r.t.Helper()
	f, err := r.desk.OncallReport(context.Background(), incident.Bot, time.Now().Add(-7*24*time.Hour), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	sent := map[string]int{}
	for _, n := range f.Reminders {
		sent[n.About] += n.Sent
	}
	return sent
}

// TestOneMorningMessage: what waits for somebody after incidents is one message a day,
// with its parts under headings; what is done from one part leaves the others as they are,
// and what comes up later on that day waits for the next morning.
// The bubble begins on a Saturday at midnight.
func TestOneMorningMessage(t *testing.T) {
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed() // INC-1, of which ada is to write
		r.command("ada", room, "task count the pools @ada due:2000-01-05")
		r.command("ada", room, "task ask for a quote @ada due:2000-01-05")
		r.command("eve", "general", "declare mails are late sev3")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-2")
		r.command("ada", "general", "mitigate INC-2 fix")
		r.handled("logins fail sev4")
		r.pass(time.Until(time.Date(2000, 1, 3, 9, 31, 0, 0, time.UTC)))
		all := r.waitingFor("U0ADA")
		if len(all) != 1 {
			t.Fatalf("on Monday ada has %d messages, want one:%s", len(all), list(all))
		}
		m := all[0]
		for _, want := range []string{"Waiting for you: 1 incident, 1 post-mortem, 2 follow-ups.", "*Incidents*", "*Post-mortems*", "*Follow-ups*", "INC-2", "INC-1-F", "count the pools", "ask for a quote", "Not yet", "I write it"} {
			if !shows(m, want) {
				t.Errorf("the message does not show %q: %s", want, m.Blocks)
			}
		}
		want := fmt.Sprint(map[string]int{"idle": 1, "post-mortems": 2, "follow-ups": 1}) // somebody else could know an answer
		if got := r.nagged(); fmt.Sprint(map[string]int{"idle": got["idle"], "post-mortems": got["post-mortems"], "follow-ups": got["follow-ups"]}) != want {
			t.Errorf("counted %v, want %s", got, want)
		}
		p := slacksim.Press{Channel: r.dmOf("U0ADA"), TS: m.TS, ActionID: "followup_done", BlockID: blockOf(t, m, "count the pools")}
		if _, err := r.sim.As("ada").Press(p); err != nil {
			t.Fatal(err)
		}
		r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"text": {"value": "the pools are counted"}})
		r.pass(5 * time.Second)
		m = r.waitingFor("U0ADA")[0]
		for _, want := range []string{"*Incidents*", "*Post-mortems*", "*Follow-ups*", "the pools are counted", "ask for a quote", "Not yet", "I write it", "followup_done"} {
			if !shows(m, want) {
				t.Errorf("after one is done the message does not show %q: %s", want, m.Blocks)
			}
		}
		r.command("ada", "general", "sev INC-3 1 it was worse than we knew") // now its document is wanted, too
		r.pass(time.Until(time.Date(2000, 1, 4, 9, 0, 0, 0, time.UTC)))
		if n := len(r.waitingFor("U0ADA")); n != 1 {
			t.Errorf("ada has %d messages on one day:%s", n, list(r.waitingFor("U0ADA")))
		}
		r.pass(time.Hour)
		if all = r.waitingFor("U0ADA"); len(all) != 2 || !shows(all[1], "INC-3") || !shows(all[1], "INC-2") {
			t.Errorf("on Tuesday ada is told %s", list(all[1:]))
		}
		r.noErrors()
	})
}

// blockOf is the block of the buttons under a text.
func blockOf(t *testing.T, m slacksim.Message, text string) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(m.Blocks), text)
	_, rest, found := strings.Cut(rest, `"block_id":"followup_`)
	if !ok || !found {
		t.Fatalf("no buttons under %q: %s", text, m.Blocks)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return "followup_" + id
}

// TestMorningOfManyThings: what one message has no room for is told the next mornings, and
// nothing is without room for ever.
func TestMorningOfManyThings(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := range 12 {
			r.command("eve", "general", fmt.Sprintf("declare mails of customer %d are late sev2", n+1))
			r.pass(20 * time.Second)
			r.command("ada", "general", fmt.Sprintf("ack INC-%d", n+1))
			r.command("ada", "general", fmt.Sprintf("mitigate INC-%d fix", n+1))
			r.command("ada", "general", fmt.Sprintf("task INC-%d count pool %d @ada due:2000-01-05", n+1, n+1))
		}
		r.pass(time.Until(time.Date(2000, 1, 3, 9, 31, 0, 0, time.UTC)))
		all := r.waitingFor("U0ADA")
		if len(all) != 1 || !shows(all[0], "14 more follow on the next working day.") {
			t.Fatalf("on Monday ada is told%s", list(all))
		}
		r.pass(48 * time.Hour)
		asked, reminded := map[string]bool{}, map[string]bool{}
		for _, m := range r.waitingFor("U0ADA") {
			for n := 1; n <= 12; n++ {
				if shows(m, fmt.Sprintf("*INC-%d ·", n)) {
					asked[fmt.Sprint(n)] = true
				}
				if shows(m, fmt.Sprintf("*INC-%d-F1*", n)) {
					reminded[fmt.Sprint(n)] = true
				}
			}
		}
		if n := len(r.waitingFor("U0ADA")); n != 3 || len(asked) != 12 || len(reminded) != 12 {
			t.Errorf("in three days ada got %d messages about %d incidents and %d follow-ups, want 3, 12 and 12", n, len(asked), len(reminded))
		}
		r.noErrors()
	})
}

// TestMorningOfAnEarlierVersion: wake-ups as the version before planned them, one for each
// part, lead to the one message, and its jobs are done.
func TestMorningOfAnEarlierVersion(t *testing.T) {
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "task count the pools @ada due:2000-01-05")
		r.command("eve", "general", "declare mails are late sev3")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-2")
		r.command("ada", "general", "mitigate INC-2 fix")
		early := len(r.dm("U0ADA"))
		err := r.ledger.Update(context.Background(), ledger.Request{}, func(t *ledger.Tx) error {
			for _, name := range []string{"idles/person:ada", "reviews/person:ada", "followups/person:ada"} {
				if err := t.Wake(name, time.Date(2000, 1, 3, 9, 30, 0, 0, time.UTC)); err != nil {
					return err
				}
			}
			key := "idle/" + ledger.Number(2)
			idle, _, err := ledger.Load[map[string]any](t.Tx, key)
			if err != nil {
				return err
			}
			idle["asked"] = t.Now
			if err := t.Save(key, idle); err != nil {
				return err
			}
			if _, err := t.AddApart(ledger.Job{Kind: ledger.Idle, Person: "person:ada"}); err != nil { // that waited when it stopped
				return err
			}
			return t.Sleep("morning/person:ada")
		})
		if err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if said := r.dm("U0ADA")[early:]; len(said) != 1 || !shows(said[0], "INC-2: nothing has happened for a while. It is mitigated.") {
			t.Errorf("a job of that version brought %s", list(said))
		}
		r.pass(time.Until(time.Date(2000, 1, 4, 9, 31, 0, 0, time.UTC)))
		if all := r.waitingFor("U0ADA")[1:]; len(all) != 2 || !shows(all[0], "INC-2") || !shows(all[0], "count the pools") || !shows(all[0], "I write it") || !shows(all[1], "INC-2") {
			t.Errorf("ada is told %s", list(all))
		}
		r.noErrors()
	})
}
