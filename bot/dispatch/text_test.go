package dispatch

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestSMSLine: a text message is one, in the alphabet that fits most.
func TestSMSLine(t *testing.T) {
	long := strings.Repeat("checkout is slow ", 30)
	for _, c := range []struct {
		in   string
		room int
		want string
	}{
		{"INC-1 sev1: “card” payments…", 134, `INC-1 sev1: "card" payments...`},
		{"a\nb\tc", 134, "a b c"},
		{"Zahlung für Größe 3 € steht", 134, "Zahlung für Größe 3 EUR steht"},
		{"платежи не проходят совсем никак и нигде и никогда больше", 134, "платежи не проходят совсем никак и нигде..."},
		{long, 134, strings.TrimSpace(strings.TrimSpace(long)[:131]) + "..."},
	} {
		if got := smsLine(c.in, c.room); got != c.want {
			t.Errorf("smsLine(%q, %d) = %q, want %q", c.in, c.room, got, c.want)
		}
	}
}

// TestSaysWhyAgain: whoever is asked again reads or hears of the alert for which they
// are, not only the title of what the incident was at first.
func TestSaysWhyAgain(t *testing.T) {
	w := &Methods{}
	b := desk.Brief{Incident: incident.Incident{Number: 7, Title: "search is slow", Severity: incident.Sev1, Service: "search"},
		Again: "An alert of sev1 fires, the worst so far: the database is gone"}
	other := b
	other.Incident.Number, other.Again = 8, ""
	for via, pages := range map[string][]desk.Notification{
		"sms":   {{Brief: b, Job: ledger.Job{Incident: 7}}},
		"voice": {{Brief: b, Job: ledger.Job{Incident: 7}}},
		"push":  {{Brief: b, Job: ledger.Job{Incident: 7}}, {Brief: other, Job: ledger.Job{Incident: 8}}},
	} {
		m := w.message(ledger.Job{Kind: ledger.Notify, Via: via}, pages, rotation.Person{ID: "ada"})
		if said := m.Subject + m.Text; !strings.Contains(said, "the database is gone") || !strings.Contains(said, "search is slow") {
			t.Errorf("by %s: %q; want the alert and the title", via, said)
		}
	}
}
