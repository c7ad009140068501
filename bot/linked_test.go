package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestStrangersDoNotStarveOthers has more mail addresses that Slack does not know
// than Slack answers questions in a minute, before one that it knows: that one is
// found all the same, and nobody is asked for twice within an hour.
func TestStrangersDoNotStarveOthers(t *testing.T) {
	t.Parallel()
	var strangers strings.Builder
	for n := range 70 {
		fmt.Fprintf(&strangers, "  - {id: stranger%d, name: Stranger %d, email: stranger%d@shop.example}\n", n, n, n)
	}
	roster := strings.Replace(rosterText, "people:\n  - {id: ada, name: Ada Okafor, slack: U0ADA}\n",
		"people:\n"+strangers.String()+"  - {id: ada, name: Ada Okafor, email: ada@shop.example}\n", 1)
	inBubbleWith(t, roster, func(r *rig) {
		r.pass(5 * time.Minute)
		if got := r.people.Current().SlackOf("person:ada"); got != "U0ADA" {
			t.Errorf("after five minutes the Slack user of ada is %q, want U0ADA", got)
		}
		asked := func() int {
			n := 0
			for _, c := range r.sim.Calls(0) {
				if c.Method == "users.lookupByEmail" {
					n++
				}
			}
			return n
		}
		if n := asked(); n != 71 {
			t.Errorf("asked Slack %d times for 71 mail addresses", n)
		}
		r.pass(50 * time.Minute)
		if n := asked(); n != 71 {
			t.Errorf("within an hour asked Slack %d times for 71 mail addresses", n)
		}
		r.pass(30 * time.Minute)
		if n := asked(); n != 141 {
			t.Errorf("after an hour asked Slack %d times, want each stranger once more", n)
		}
	})
}
