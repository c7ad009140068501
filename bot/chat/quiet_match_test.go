package chat

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/rotation"
)

// hostileTitles are what senders call their alerts, which the form would understand
// as something else if they stood there as they are.
var hostileTitles = []string{
	"DiskFull", "Search is slow", `CPU > 90% on "db-7"`, "/checkout/", "GET /pay = 500", "a=b c=d", "{curly},", "disk full,", "~almost", "!",
	"“quoted”", "„unten“", "it’s ‘odd’ «very»", "two\nlines", " edges ", "x  y", "tab\there", "nbsp\u00a0here", "a.c", "a|b", `back\slash`, "", "=", "title=title",
	"for 2h", "🔥🔥 pager", "Störung: Zahlung", "\u202eevil", strings.Repeat("é", 250),
}

// TestSilenceFormMatchesTheAlert: what the form has filled in for an alert holds back that
// alert and no other.
func TestSilenceFormMatchesTheAlert(t *testing.T) {
	for _, title := range hostileTitles {
		if title == "" {
			continue // alerts have titles
		}
		matches := func(lines, value string) bool {
			var all []rotation.Matcher
			for line := range strings.Lines(lines) {
				list, err := matchersIn(strings.TrimSpace(line))
				if err != nil {
					t.Fatalf("%q: %q: %v", title, line, err)
				}
				all = append(all, list...)
			}
			if len(all) != 1 {
				t.Fatalf("%q: %q is understood as %d matchers", title, lines, len(all))
			}
			return all[0].Label == "title" && all[0].Matches(value)
		}
		lines := matchOf(alerts.View{Alerts: []alerts.Alert{{Title: title}}})
		if !matches(lines, title) {
			t.Errorf("%q: %q does not match it", title, lines)
		}
		for _, other := range hostileTitles {
			if other != title && matches(lines, other) {
				t.Errorf("%q: %q matches %q, too", title, lines, other)
			}
		}
	}
}
