package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestAsleepIsNotPaged declares a sev3 at night: whoever reads about it learns that
// ada is not paged yet, and from when she is; and in the morning that she was.
func TestAsleepIsNotPaged(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		seen := r.command("ada", "general", "declare the ledger is late sev3")
		if strings.Contains(seen.Text, "Paging <@U0ADA>") || !strings.Contains(seen.Text, "<@U0ADA> will be paged (<!date^946715400^") {
			t.Errorf("ada sees %q, want that ada is paged from 08:30 on", seen.Text)
		}
		r.pass(10 * time.Second)
		card := func() slacksim.Message { return r.find(r.channel("inc-1-the-ledger-is-late").Messages, "sev3, minor") }
		for _, m := range []slacksim.Message{card(), r.find(r.channel("incidents").Messages, "the ledger is late")} {
			if shows(m, "Paged: ") || !shows(m, "U0ADA\\u003e will be paged") {
				t.Errorf("at night it says %s", m.Blocks)
			}
		}
		r.pass(9 * time.Hour)
		for _, m := range []slacksim.Message{card(), r.find(r.channel("incidents").Messages, "the ledger is late")} {
			if !shows(m, "Paged: ") || shows(m, "will be paged") {
				t.Errorf("in the morning it says %s", m.Blocks)
			}
		}
	})
}
