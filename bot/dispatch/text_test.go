package dispatch

import (
	"strings"
	"testing"
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
