package incident

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFirstSentence(t *testing.T) {
	long := "https://dash.example/" + strings.Repeat("x", 2000)
	for in, want := range map[string]string{
		"":                  "",
		" \n\u202E\u200B\n": "",
		"12 % of card payments fail. Look at the provider first.": "12 % of card payments fail.",
		"p99 is 4.2 s, e.g. for carts. It was 0.3 s.":             "p99 is 4.2 s, e.g. for carts.",
		"Is it down? Nobody knows":                                "Is it down?",
		"\n\n  two\twords  \nand the rest":                        "two words",
		"no stop at all":                                          "no stop at all",
		"See https://a.example/x.Y?z=1! Then go.":                 "See https://a.example/x.Y?z=1!",
		"カード決済が失敗。確認してください。":                                      "カード決済が失敗。",
		"abc\u202Edef\x00. Next":                                  "abcdef.",
		"Look at " + long + " now":                                "Look at…",
		long:                                                      "",
		strings.Repeat("word ", 100):                              strings.TrimSpace(strings.Repeat("word ", 60)) + "…",
		strings.Repeat("🔥", 4000):                                 strings.Repeat("🔥", 299) + "…",
	} {
		got := FirstSentence(in)
		if got != want || utf8.RuneCountInString(got) > MaxSays {
			t.Errorf("FirstSentence(%.60q) = %q, want %q", in, got, want)
		}
	}
}

func TestWebAddress(t *testing.T) {
	good := []string{"https://runbooks.example/checkout", "HTTP://x", "https://x/?a=1&b=2#c", "https://x/" + strings.Repeat("y", 2000)}
	for _, s := range good {
		if got := WebAddress(s); got != s {
			t.Errorf("WebAddress(%.60q) = %q, want it whole", s, got)
		}
	}
	for _, s := range []string{"", "https://", "javascript:alert(1)", "JavaScript://x", "data:text/html,x", "ftp://x", "//x", "https://x/ y",
		"https://x|Click here", "https://x>", "https://x/\u202Egpj", `https://x"`, "https://x/" + strings.Repeat("y", MaxRunbook)} {
		if got := WebAddress(s); got != "" {
			t.Errorf("WebAddress(%.60q) = %q, want none", s, got)
		}
	}
}

// TestDeclareSays: what goes with every page stands in the declaration, and what only
// repeats the title does not.
func TestDeclareSays(t *testing.T) {
	now := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct{ says, runbook, wantSays, wantRunbook string }{
		{"Card payments are declined. Call the provider.", "https://r.example/1", "Card payments are declined.", "https://r.example/1"},
		{"checkout is DOWN.", "javascript:alert(1)", "", ""},
		{"", "", "", ""},
	} {
		got, err := Declare(1, Declaration{Title: "Checkout is down", Says: c.says, Runbook: c.runbook}, "alert:x", now)
		if err != nil {
			t.Fatal(err)
		}
		if i := got.Incident; i.Says != c.wantSays || i.Runbook != c.wantRunbook {
			t.Errorf("Declare(%q, %q) says %q with runbook %q, want %q and %q", c.says, c.runbook, i.Says, i.Runbook, c.wantSays, c.wantRunbook)
		}
		if e := got.Events[0]; e.Says != c.wantSays || e.Runbook != c.wantRunbook {
			t.Errorf("Declare(%q, %q) records %q and %q", c.says, c.runbook, e.Says, e.Runbook)
		}
	}
}
