package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// document is the post-mortem of incident 1 as it stands.
func (r *rig) document() string {
	r.t.Helper()
	d, err := r.desk.Postmortem(r.t.Context(), incident.Bot, 1, time.UTC)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Markdown()
}

// TestS28ObjectionsAreKept: anybody objects to a decision; the channel sees it beside
// the decision, and the document has it under decisions, with the role and no name.
func TestS28ObjectionsAreKept(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		if seen := r.command("bob", room.ID, "object that is too early"); !strings.Contains(seen.Text, "Nothing has been decided") {
			t.Errorf("an objection to nothing is answered with %q", seen.Text)
		}
		r.command("ada", room.ID, "decide route to provider B\noptions: wait; roll back 431\nplan b: stop card payments")
		r.command("ada", room.ID, "decide tell the customers")
		r.command("bob", room.ID, "object 1 B has no capacity at noon")
		r.command("eve", room.ID, "object they know already")
		if seen := r.command("eve", room.ID, "object 7 no"); !strings.Contains(seen.Text, "no decision 7") || !strings.Contains(seen.Text, "latest is 2") {
			t.Errorf("an objection to a decision that does not exist is answered with %q", seen.Text)
		}
		r.pass(10 * time.Second)
		got := logs(r.channelOf(room.ID))
		if len(got) != 1 || !shows(got[0], "Decision 1") || !shows(got[0], "objected to decision 1: B has no capacity") || !shows(got[0], "objected to decision 2: they know already") {
			t.Fatalf("the channel shows:%s", list(got))
		}
		doc := r.document()
		_, part, _ := strings.Cut(doc, "## Decisions")
		part, _, _ = strings.Cut(part, "\n## ")
		for _, want := range []string{"Options: wait; roll back 431", "Plan B: stop card payments", "B has no capacity at noon", "Objection of "} {
			if !strings.Contains(part, want) {
				t.Errorf("the document's decisions lack %q:\n%s", want, part)
			}
		}
		for _, name := range []string{"Bob", "Ada", "Eve"} {
			if strings.Contains(part, name) {
				t.Errorf("the document names %s:\n%s", name, part)
			}
		}
	})
}

// TestDecisionForms: both forms open, and record what is written into them.
func TestDecisionForms(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		form := func(word string, values map[string]string) {
			t.Helper()
			seen := r.command("bob", room.ID, word)
			r.pass(2 * time.Second)
			view := seen.View
			if view == nil {
				if open := r.sim.State().Views["U0BOB"]; len(open) > 0 {
					view = &open[len(open)-1]
				}
			}
			if view == nil {
				t.Fatalf("%s opens no form", word)
			}
			given := map[string]map[string]any{}
			for block, text := range values {
				given[block] = map[string]any{"value": text}
			}
			if res, err := r.sim.As("bob").Submit(view.ID, given); err != nil || len(res.Errors) > 0 {
				t.Fatalf("%s: %v %+v", word, err, res)
			}
			r.pass(3 * time.Second)
		}
		form("decide", map[string]string{"text": "roll back", "options": "wait\nroll forward", "plan_b": "call the provider"})
		form("object", map[string]string{"text": "the data was migrated"})
		_, events := r.fold(1)
		last := events[len(events)-1]
		if last.Kind != incident.KindObjection || last.Count != 1 || last.Text != "the data was migrated" {
			t.Errorf("the last event is %+v, want the objection", last)
		}
		if doc := r.document(); !strings.Contains(doc, "Options: wait; roll forward") || !strings.Contains(doc, "Plan B: call the provider") {
			t.Errorf("the document lacks the parts of the decision:\n%s", doc)
		}
	})
}

// TestTimelinePages: numbered, chosen by a word, paged by buttons, with the day where it
// changes for the reader.
func TestTimelinePages(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		r.pass(23*time.Hour + 30*time.Minute)
		for range 25 {
			r.command("ada", room.ID, "note where: provider B")
			r.pass(2 * time.Minute)
		}
		r.command("ada", room.ID, "decide roll back")
		all := r.command("bob", room.ID, "timeline")
		blocks := string(all.Blocks)
		if !strings.Contains(blocks, "Page ") || !strings.Contains(blocks, "roll back") || strings.Contains(blocks, "declared a sev2") {
			t.Errorf("the latest page: %s", blocks)
		}
		if first := string(r.command("bob", room.ID, "timeline page 1").Blocks); !strings.Contains(first, "declared a sev2") || !strings.Contains(first, "`1` ") {
			t.Errorf("page 1: %s", first)
		}
		where := string(r.command("bob", room.ID, "timeline where page 2").Blocks)
		if strings.Count(where, "provider B") != 5 || !strings.Contains(where, "Page 2 of 2") || strings.Contains(where, "roll back") {
			t.Errorf("where, page 2: %s", where)
		}
		first := string(r.command("bob", room.ID, "timeline where page 1").Blocks)
		if !strings.Contains(first, "*Sat 1 Jan 2000*") || !strings.Contains(first, "*Sun 2 Jan 2000*") {
			t.Errorf("the day does not stand where it changes: %s", first)
		}
		if seen := r.command("bob", room.ID, "timeline decisons"); !strings.Contains(seen.Text, "Did you mean decisions") {
			t.Errorf("a word that chooses nothing is answered with %q", seen.Text)
		}
		if !strings.Contains(blocks, "Still open: *what* (whoever was there first: \\u003c@U0EVE\\u003e), *how*") || strings.Contains(blocks, "*where* (") {
			t.Errorf("S29: what is open is not shown with who could know: %s", blocks)
		}
		if _, err := r.sim.As("bob").Press(slacksim.Press{Channel: all.Channel, TS: all.TS, Label: "Earlier"}); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		var turned bool
		for _, e := range r.sim.State().Whispers["U0BOB"] {
			turned = turned || e.TS == all.TS && strings.Contains(string(e.Blocks), "timeline_later") && !strings.Contains(string(e.Blocks), "roll back")
		}
		if !turned {
			t.Error("the button does not lead to the earlier page")
		}
	})
}

// TestHideAndRetime: both are events; what is hidden is shown nowhere and stays in the
// store; what has another time is ordered by it.
func TestHideAndRetime(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(30 * time.Minute)
		room := r.channelOf(r.incidentChannel(1))
		r.command("ada", room.ID, "note what: customer Jane Roe complains")
		r.command("ada", room.ID, "note when: it began with the deploy")
		_, events := r.fold(1)
		secret, when := events[len(events)-2].Seq, events[len(events)-1].Seq
		num := func(n int) string { return incident.Name(n)[len("INC-"):] }
		for text, want := range map[string]string{
			"hide " + num(secret):                   "reason",
			"hide 999 no":                           "no entry 999",
			"hide 1 no":                             "stays as it is",
			"retime " + num(when) + " soon the log": "no time",
			"hide":                                  "by its number",
		} {
			if seen := r.command("ada", room.ID, text); !strings.Contains(seen.Text, want) {
				t.Errorf("%q is answered with %q, want %q in it", text, seen.Text, want)
			}
		}
		r.command("ada", room.ID, "hide "+num(secret)+" a customer's name")
		r.command("ada", room.ID, "retime "+num(when)+" 00:05 the deploy log says so")
		r.pass(10 * time.Second)
		for what, text := range map[string]string{
			"the channel":  list(logs(r.channelOf(room.ID))),
			"the timeline": string(r.command("bob", room.ID, "timeline").Blocks),
			"the card":     string(r.command("bob", room.ID, "show").Blocks),
			"the document": r.document(),
		} {
			if strings.Contains(text, "Jane Roe") {
				t.Errorf("%s shows what was hidden: %s", what, text)
			}
		}
		if r.notes("Jane Roe") != 1 {
			t.Error("what was hidden is not in the store any more")
		}
		var set, last time.Time
		_, events = r.fold(1)
		for _, e := range incident.Shown(incident.Entries(events)) {
			if e.At.Before(last) {
				t.Errorf("entry %d stands out of order", e.Seq)
			}
			if last = e.At; e.Seq == when {
				set = e.At
			}
		}
		if want := time.Date(2000, 1, 1, 0, 5, 0, 0, time.UTC); !set.Equal(want) {
			t.Errorf("the entry stands at %v, want %v", set, want)
		}
		if doc := r.document(); !strings.Contains(doc, "time set by hand") {
			t.Errorf("the document does not say that the time was set:\n%s", doc)
		}
	})
}

// TestPagesByHandAreTold: the channel hears who asks whom for what.
func TestPagesByHandAreTold(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		r.command("ada", room.ID, "ack")
		r.command("ada", room.ID, "page <@U0CLEO> need platform for the db")
		r.command("ada", room.ID, "page payments two more hands")
		r.pass(10 * time.Second)
		m := r.find(r.channelOf(room.ID).Messages, "need platform for the db")
		if !strings.Contains(m.Text, "Ada Okafor asks <@U0CLEO> for help") {
			t.Errorf("the channel is told %q", m.Text)
		}
		if m = r.find(r.channelOf(room.ID).Messages, "two more hands"); !strings.Contains(m.Text, "asks Payments") {
			t.Errorf("the channel is told %q", m.Text)
		}
		_, events := r.fold(1)
		for _, e := range events {
			if e.Kind == incident.KindHelp && e.By != "person:ada" {
				t.Errorf("who asked is lost: %+v", e)
			}
		}
	})
}
