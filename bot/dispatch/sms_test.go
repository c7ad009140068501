package dispatch

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

func brief(title, says, runbook string) desk.Brief {
	return desk.Brief{
		Incident: incident.Incident{Number: 7, Title: title, Severity: incident.Sev1, Status: incident.Declared, Service: "checkout", Says: says, Runbook: runbook},
		Service:  rotation.Service{ID: "checkout", Name: "Checkout"},
	}
}

// room is what a text message has left beside "Reply 99999 to acknowledge."
const room = 160 - len("\nReply 99999 to acknowledge.")

func TestSMSPage(t *testing.T) {
	long := strings.Repeat("the provider declines cards ", 20)
	cases := map[string]struct {
		b               desk.Brief
		words           string
		subject, text   string
		single, missing bool
	}{
		"title alone": {b: brief("Card payments fail", "", ""), subject: "INC-7 sev1 Card payments fail - Checkout", single: true},
		"words first": {b: brief("Card payments fail", "", ""), words: "Eve: please look", single: true,
			subject: "INC-7 sev1 Eve: please look - Card payments fail - Checkout"},
		"all in one": {b: brief("Card payments fail", "12 % are declined.", "https://r.example/1"), single: true,
			subject: "INC-7 sev1 Card payments fail - Checkout", text: "12 % are declined.\nhttps://r.example/1"},
		"sentence in two": {b: brief("Card payments fail", strings.TrimSpace(long[:140]), "https://r.example/1"),
			subject: "INC-7 sev1 Card payments fail - Checkout", text: strings.TrimSpace(long[:140]) + "\nhttps://r.example/1"},
		"address before text": {b: brief("Card payments fail", strings.TrimSpace(long[:280]), "https://r.example/"+strings.Repeat("x", 240)),
			subject: "INC-7 sev1 Card payments fail - Checkout",
			text:    "the provider declines cards the provider declines cards the provider declines cards the provider declines cards the provider...\nhttps://r.example/" + strings.Repeat("x", 240)},
		"address that does not fit": {b: brief("Card payments fail", "12 % are declined.", "https://r.example/"+strings.Repeat("x", 2000)), missing: true, single: true,
			subject: "INC-7 sev1 Card payments fail - Checkout", text: "12 % are declined."},
		"address with signs that count twice": {b: brief("Card payments fail", "", "https://r.example/~team/[x]"), single: true,
			subject: "INC-7 sev1 Card payments fail - Checkout", text: "https://r.example/~team/[x]"},
		"another script": {b: brief("Платежи не проходят", "Банк отклоняет каждую карту, и мы не знаем почему так.", "https://r.example/1"),
			subject: "INC-7 sev1 Платежи не проходят - Checkout", text: "Банк отклоняет каждую карту, и мы не знаем почему так.\nhttps://r.example/1"},
	}
	for name, c := range cases {
		subject, text := smsPage(c.b, c.words, room)
		if subject != c.subject || text != c.text {
			t.Errorf("%s:\n got %q\n     %q\nwant %q\n     %q", name, subject, text, c.subject, c.text)
		}
		n, plain := smsUnits(joined("\n", subject, text) + "\nReply 99999 to acknowledge.")
		most := map[[2]bool]int{{true, true}: 160, {true, false}: 70, {false, true}: smsMost, {false, false}: smsMostOther}[[2]bool{c.single, plain}]
		if n > most {
			t.Errorf("%s: takes %d of %d characters", name, n, most)
		}
	}
}

// TestSMSPageHostile: whatever senders write, a text message keeps to its size, begins
// with the incident, and has an address whole or not at all.
func TestSMSPageHostile(t *testing.T) {
	texts := []string{"", strings.Repeat("🔥", 300), "<!channel> & <https://evil.example|x>", strings.Repeat("x", 300),
		"See https://d.example/" + strings.Repeat("y", 200), strings.Repeat("[", 300), strings.Repeat("ж ", 150)}
	books := []string{"", "https://r.example/1", "https://r.example/" + strings.Repeat("z", 300), "https://r.example/" + strings.Repeat("z", 2000),
		"https://r.example/" + strings.Repeat("~", 200), "https://r.example/ж" + strings.Repeat("z", 120)}
	for _, title := range []string{"Card payments fail", strings.Repeat("🔥", 120), strings.Repeat("w ", 60)} {
		for _, says := range texts {
			for _, runbook := range books {
				for _, left := range []int{room, 60} {
					subject, text := smsPage(brief(title, says, runbook), "", left)
					all := joined("\n", subject, text)
					n, plain := smsUnits(all)
					most := smsMost - (160 - left)
					if !plain {
						most = smsMostOther - (160 - left)
					}
					if n > most && text != "" || !strings.HasPrefix(subject, "INC-7 sev1") {
						t.Errorf("%.20q, %.20q, %.30q: %d of %d characters: %q", title, says, runbook, n, most, all)
					}
					if runbook != "" && strings.Contains(text, "https://r.example") && !strings.HasSuffix(text, runbook) {
						t.Errorf("%.20q, %.20q: the address is cut: %q", title, says, text)
					}
				}
			}
		}
	}
}
