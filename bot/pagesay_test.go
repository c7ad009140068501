package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

// TestPagesCarryWhatToDo: somebody without Slack can begin. Every way tells the
// service, the sender's first sentence and, where it can be followed, the runbook.
func TestPagesCarryWhatToDo(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		const runbook = "https://runbooks.example/cards?a=1&b=2"
		a := alert.Alert{Key: "1", Status: alert.Firing, Title: "Card payments fail", Severity: alert.Sev1, Source: "event",
			Summary: "12 % of card payments are declined. Ask the provider.", Links: []alert.Link{{URL: runbook, Text: "Runbook"}}}
		if _, err := r.alert(r.t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.pass(25 * time.Minute)
		for via, want := range map[string][]string{
			"push":  {"Checkout", "Card payments fail", "\n12 % of card payments are declined.\n", "\nRunbook: " + runbook},
			"sms":   {"INC-1 sev1 Card payments fail - Checkout\n12 % of card payments are declined.\n" + runbook + "\nReply "},
			"voice": {"Incident 1, severity 1, Checkout. Card payments fail. 12 % of card payments are declined."},
		} {
			got := p.taken(via, "")
			if len(got) == 0 {
				t.Errorf("nobody was paged by %s", via)
				continue
			}
			for _, s := range want {
				if !strings.Contains(got[0].Text, s) {
					t.Errorf("the page by %s lacks %q:\n%s", via, s, got[0].Text)
				}
			}
			if via == "voice" && strings.Contains(got[0].Text, "runbooks.example") {
				t.Errorf("the call reads an address out: %s", got[0].Text)
			}
			if strings.Contains(got[0].Text, "Ask the provider") {
				t.Errorf("the page by %s says more than the first sentence: %s", via, got[0].Text)
			}
		}
		page := r.dm("U0ADA")[0]
		for _, s := range []string{"12 % of card payments are declined.", "runbooks.example/cards?a=1"} {
			if !shows(page, s) {
				t.Errorf("the page in Slack lacks %q: %s %s", s, page.Text, page.Blocks)
			}
		}
	})
}
