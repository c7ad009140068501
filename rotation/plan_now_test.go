package rotation

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPlanSaysWhoChangesNow appends somebody to a list, which moves everybody, and
// writes what the plan offers into the file.
func TestPlanSaysWhoChangesNow(t *testing.T) {
	data, err := os.ReadFile("testdata/appended.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const list = "        people: [ada, bob, cleo, dan]\n"
	base := strings.Replace(string(data), list, "        people: [ada, bob, cleo]\n", 1)
	now := at(t, "2026-03-04T12:00:00Z")
	before, after := mustParse(t, base), mustParse(t, string(data))
	p := Plan(before, after, now)
	want := `on call now in payments-primary: Ada Quist instead of Cleo Marsh
to keep Cleo Marsh on call in payments-primary, write this in layer weekly as its people and edits:
        people: [ada, bob, cleo]
        edits:
          - {at: 2026-03-04T12:00:00Z, people: [ada, bob, cleo, dan], rollout: now}
rotation payments-primary would be changed`
	if diff := cmp.Diff(want, strings.Join(p.Lines()[:6], "\n")); diff != "" {
		t.Fatalf("Plan(…).Lines(): -want +got\n%s", diff)
	}
	mended := mustParse(t, strings.Replace(string(data), list, strings.Join(p.Lines()[2:5], "\n")+"\n", 1))
	if again := Plan(before, mended, now); len(again.Now) > 0 {
		t.Errorf("with what was offered the plan still begins with %q", again.Lines()[0])
	}
	x, _ := mended.Rotation("payments-primary")
	if next, _ := x.NextChange(now); !slices.Equal(x.People(next), []string{"dan"}) {
		t.Errorf("after Cleo comes %v, want dan", x.People(next))
	}
}

// TestPlanNow has the kinds of change of a layer, and what is offered for each.
func TestPlanNow(t *testing.T) {
	const layer = "people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}"
	for _, c := range []struct {
		name, to  string
		now, keep string
		also      func(string) string // done to the new roster
	}{
		{name: "nobody moves", to: "people: [ada, bob], start: 2025-12-22T09:00, every: {weeks: 1}"},
		{name: "an override now is no list", to: layer + "}\n    overrides:\n      - {set: [cleo], start: 2026-03-01T00:00:00Z, end: 2026-04-01T00:00:00Z", now: "Cleo instead of Ada"},
		{name: "the one on call is taken off the list", to: "people: [bob, cleo], start: 2026-01-05T09:00, every: {weeks: 1}", now: "Bob instead of Ada",
			keep: "people: [ada, bob]\nedits:\n  - {at: 2026-03-04T12:00:00Z, people: [bob, cleo], rollout: next_handoff}\n"},
		{name: "the one on call leaves", to: "people: [bob], start: 2026-01-05T09:00, every: {weeks: 1}", now: "Bob instead of Ada",
			also: func(s string) string {
				return strings.NewReplacer("{id: ada, name: Ada, slack: U01}", "{id: eve}", "[ada, bob, cleo, dan]", "[bob, cleo, dan]", "person:ada", "person:eve").Replace(s)
			}},
		{name: "another leaves the roster", to: "people: [cleo, ada], start: 2026-01-05T09:00, every: {weeks: 1}", now: "Cleo instead of Ada",
			keep: "people: [ada, null]\nedits:\n  - {at: 2026-03-04T12:00:00Z, people: [cleo, ada], rollout: now}\n",
			also: func(s string) string {
				return strings.NewReplacer("{id: bob, name: Bob, slack: U02, level: junior}", "{id: eve}", "[ada, bob, cleo, dan]", "[ada, cleo, dan]").Replace(s)
			}},
		{name: "another start", to: "people: [ada, bob], start: 2026-01-12T09:00, every: {weeks: 1}", now: "Bob instead of Ada",
			keep: "start: 2026-01-05T09:00\nedits:\n  - {at: 2026-03-04T12:00:00Z, people: [ada, bob], start: 2026-01-12T09:00, every: {weeks: 1}, rollout: now}\n"},
		{name: "another length", to: "people: [ada, bob], start: 2026-01-05T09:00, every: {days: 3}", now: "Bob instead of Ada",
			keep: "every: {weeks: 1}\nedits:\n  - {at: 2026-03-04T12:00:00Z, people: [ada, bob], start: 2026-01-05T09:00, every: {days: 3}, rollout: now}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(planBase, layer, c.to, 1)
			if c.also != nil {
				text = c.also(text)
			}
			p := Plan(mustParse(t, planBase), mustParse(t, text), at(t, "2026-03-04T12:00:00Z"))
			var now, keep string
			for _, n := range p.Now {
				now += strings.TrimPrefix(p.Lines()[0], "on call now in primary: ")
				for _, k := range n.Keep {
					keep += k.YAML
				}
			}
			if now != c.now || keep != c.keep {
				t.Errorf("now %q, want %q; keep\n%swant\n%s", now, c.now, keep, c.keep)
			}
		})
	}
}

// TestWhatThePlanOffersHolds writes what is offered into random rosters.
func TestWhatThePlanOffersHolds(t *testing.T) {
	ids := []string{"ada", "bob", "cleo", "dan", "eve"}
	rapid.Check(t, func(t *rapid.T) {
		list := func(label string) string {
			n := rapid.IntRange(1, 5).Draw(t, label)
			return "[" + strings.Join(rapid.Permutation(ids).Draw(t, label)[:n], ", ") + "]"
		}
		roster := func(keys string) *Roster {
			r, err := Parse("random.yaml", []byte("people: [{id: ada}, {id: bob}, {id: cleo}, {id: dan}, {id: eve}]\nrotations:\n  - id: r\n    time_zone: Europe/Berlin\n    layers:\n      - id: l\n"+keys))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		day := func(label string) string {
			return time.Date(2026, 1, 1+rapid.IntRange(0, 200).Draw(t, label), 12, 0, 0, 0, time.UTC).Format(time.RFC3339)
		}
		edits := ""
		for i := range rapid.IntRange(0, 2).Draw(t, "edits") {
			edits += fmt.Sprintf("          - {at: %s, people: %s}\n", day(fmt.Sprint("edit", i)), list(fmt.Sprint("edit list", i)))
		}
		if edits != "" {
			edits = "        edits:\n" + edits
		}
		rest := "        start: 2026-01-05T09:00\n        every: {days: 2}\n"
		was, is := list("was"), list("is")
		before, after := roster("        people: "+was+"\n"+rest+edits), roster("        people: "+is+"\n"+rest+edits)
		now, _ := time.Parse(time.RFC3339, day("now"))
		p := Plan(before, after, now)
		if len(p.Now) == 0 {
			return
		}
		if len(p.Now[0].Keep) != 1 {
			t.Fatalf("%s for %s%s: nothing is offered", is, was, edits)
		}
		text := ""
		for line := range strings.Lines(p.Now[0].Keep[0].YAML) {
			text += "        " + line
		}
		if !strings.Contains(text, "people: [") || !strings.HasPrefix(text, "        people:") {
			text = "        people: " + is + "\n" + text
		}
		mended := roster(text + rest)
		a, _ := before.Rotation("r")
		b, _ := mended.Rotation("r")
		if !slices.Equal(a.People(now), b.People(now)) {
			t.Errorf("offered\n%sof %v on call %v are", text, a.People(now), b.People(now))
		}
		for _, s := range b.Final(now.AddDate(0, 0, 7), now.AddDate(0, 0, 20)) {
			if len(s.People) == 1 && edits == "" && !strings.Contains(is, s.People[0]) {
				t.Errorf("offered\n%s%v is on call later, and is not in %s", text, s.People, is)
			}
		}
	})
}
