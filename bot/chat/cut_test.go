package chat

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
)

// TestNothingIsCutSilently makes each list too long, and wants it to say how much is
// left out.
func TestNothingIsCutSilently(t *testing.T) {
	b, events := subject(t, "x", false)
	var called []incident.Actor
	var later []desk.Later
	for n := range 9 {
		a := incident.Person(fmt.Sprint("p", n))
		called = append(called, a)
		later = append(later, desk.Later{Person: incident.Person(fmt.Sprint("q", n)), At: noon})
	}
	var changes []oncall.Change
	for n := range 20 {
		changes = append(changes, oncall.Change{Version: n, At: noon, By: "person:ada", Kind: oncall.ChangeApplied, Why: strings.Repeat("w", 150)})
	}
	lists := map[string]struct{ text, want string }{
		"open incidents": {blocksText(listOf(many(b.Incident, 30), "", 0)), "15 of 30"},
		"timeline":       {blocksText(timelineMessage(timelineView{incident: b.Incident, entries: incident.Entries(repeated(events, 100)), zone: time.UTC, names: people})), "Page 60 of 60"},
		"paged":          {people.paged("Paged: ", desk.Brief{Asked: called}), "and 4 more."},
		"paged later":    {people.paged("Paged: ", desk.Brief{Later: later}), "4 more will be paged later."},
		"roster history": {firstLines(historyLines(changes, people), 2900, "How."), "more lines. How."},
		"requests":       {leftOut(map[string]int{"requests": rows + 3, "overrides": rows, "absences": rows + 1}), "Not shown: absences (1), requests (3)."},
	}
	for what, list := range lists {
		if !strings.Contains(list.text, list.want) {
			t.Errorf("%s: it does not say %q:\n%s", what, list.want, list.text)
		}
	}
}

func TestFirstLines(t *testing.T) {
	lines := []string{"one", "two", "three"}
	if got := firstLines(lines, 100, "How."); got != "one\ntwo\nthree" {
		t.Errorf("what fits: %q", got)
	}
	for _, most := range []int{30, 50, 100, 2900} {
		long := strings.Split(strings.Repeat("a line of words\n", 500), "\n")
		got := firstLines(long, most, "How.")
		kept := strings.Count(got, "\n")
		if want := fmt.Sprintf("… and %s. How.", incident.Count(len(long)-kept, "more line", "more lines")); length(got) > most || !strings.HasSuffix(got, want) {
			t.Errorf("within %d: %d characters that end with %q, want %q", most, length(got), got[max(0, len(got)-60):], want)
		}
	}
}

// TestHistoryThrough says in the roster's history what was done in somebody's name.
func TestHistoryThrough(t *testing.T) {
	c := oncall.Change{At: time.Now(), By: "person:ada", Through: incident.ThroughAdmin, Kind: oncall.ChangeApplied}
	if line := historyLines([]oncall.Change{c}, people)[0]; !strings.Contains(line, "<@U0ADA> (by the command line)") {
		t.Errorf("the history says %q", line)
	}
}

// blocksText is all that the blocks of a message say.
func blocksText(m message) string {
	b, _ := json.Marshal(m.blocks)
	return string(b)
}
