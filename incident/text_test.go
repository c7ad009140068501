package incident

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCleanTitle(t *testing.T) {
	emoji := strings.Repeat("👩‍🚒", 400)
	tests := []struct{ name, in, title string }{
		{"plain", "checkout is slow", "checkout is slow"},
		{"white space is folded", "  checkout \n\t is\u00a0slow ", "checkout is slow"},
		{"direction overrides are dropped", "safe\u202egpj.exe", "safegpj.exe"},
		{"Hebrew stays", "התשלום נכשל", "התשלום נכשל"},
		{"control characters are dropped", "a\x00b\x1bc", "abc"},
		{"broken UTF-8 shows", "a\xffb", "a\uFFFDb"},
		{"nothing to be seen", "\u200b\u2060\u0301", ""},
		{"exactly as long as may be", strings.Repeat("x", MaxTitle), strings.Repeat("x", MaxTitle)},
		{"cut at a word", strings.Repeat("seven77 ", 16), strings.TrimSpace(strings.Repeat("seven77 ", 14)) + "…"},
		{"one word is cut anywhere", strings.Repeat("x", MaxTitle+1), strings.Repeat("x", MaxTitle-1) + "…"},
		{"no half of an emoji", emoji, strings.Repeat("👩‍🚒", 39) + "👩…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			title, whole := CleanTitle(test.in)
			if title != test.title {
				t.Errorf("CleanTitle(%.40q) = %q, want %q", test.in, title, test.title)
			}
			if cut := strings.HasSuffix(title, "…"); cut != (whole != "") {
				t.Errorf("CleanTitle(%.40q): title %q, whole %q; want the whole when it is cut", test.in, title, whole)
			}
		})
	}
}

func TestCleanText(t *testing.T) {
	long := strings.Repeat("&", MaxText+1)
	tests := []struct{ name, in, want string }{
		{"lines stay", " a\r\n b\n", "a \n b"},
		{"nothing to be seen", "\u200b\n\u200b", ""},
		{"letters that nobody sees", "\u3164 \u115f\u1160\uffa0\u2800", ""},
		{"a letter that is drawn with one", "\u1100\u1160", "\u1100\u1160"},
		{"lines of Unicode are lines", "a\u2028b\u2029c\u0085d", "a\nb\nc\nd"},
		{"marks on a letter", "Z" + strings.Repeat("\u0301\u200d", 20) + "a\u0301", "Z" + strings.Repeat("\u0301\u200d", 8) + strings.Repeat("\u200d", 12) + "a\u0301"},
		{"letters of Tibetan and Hebrew", "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0f82 \u05e9\u05c1\u05bc\u05b8\u0591", "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0f82 \u05e9\u05c1\u05bc\u05b8\u0591"},
		{"no characters of XML", "a\ufffe\uffffb", "ab"},
		{"exactly as long as may be", long[1:], long[1:]},
		{"cut, and says so", long, strings.Repeat("&", MaxText-40) + "… (41 more characters)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := CleanText(test.in); got != test.want {
				t.Errorf("CleanText(%.40q) = %.60q, want %.60q", test.in, got, test.want)
			}
		})
	}
}

func TestChannelName(t *testing.T) {
	tests := []struct {
		name  string
		n     int
		title string
		clash int
		want  string
	}{
		{"words", 12, "Card payments fail!", 0, "inc-12-card-payments-fail"},
		{"a clash", 12, "Card payments fail", 3, "inc-12-card-payments-fail-3"},
		{"accents", 1, "Überweisungen für Łódź", 0, "inc-1-ueberweisungen-fuer-lodz"},
		{"one word with an apostrophe", 1, "Logins don't work", 0, "inc-1-logins-dont-work"},
		{"emoji only", 4, "🔥🔥", 0, "inc-4"},
		{"another script", 4, "התשלום נכשל", 2, "inc-4-2"},
		{"markup", 4, "<!channel> & <@U123>", 0, "inc-4-channel-u123"},
		{"dashes and underscores", 4, "--a__b--", 0, "inc-4-a-b"},
		{"long", 1, strings.Repeat("payments ", 20), 0, "inc-1-payments-payments-payments-payments-payments-payments-payments-payments-p"},
		{"long with a clash", 1, strings.Repeat("payments ", 20), 11, "inc-1-payments-payments-payments-payments-payments-payments-payments-payment-11"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ChannelName(test.n, test.title, test.clash); got != test.want {
				t.Errorf("ChannelName(%d, %.40q, %d) = %q, want %q", test.n, test.title, test.clash, got, test.want)
			}
		})
	}
}

func TestParseName(t *testing.T) {
	for in, want := range map[string]int{
		"INC-12": 12, "inc12": 12, "#12": 12, " 12 ": 12, "inc-012": 12, "INC-999999999": 999999999,
		"": 0, "inc": 0, "inc-": 0, "inc-0": 0, "-3": 0, "+3": 0, "inc--3": 0, "inc-3x": 0, "inc-٣": 0, "1234567890": 0, "incident": 0,
	} {
		if got, ok := ParseName(in); got != want || ok != (want > 0) {
			t.Errorf("ParseName(%q) = %d, %t; want %d", in, got, ok, want)
		}
	}
}

func TestParseSeverity(t *testing.T) {
	for in, want := range map[string]Severity{
		"sev1": Sev1, "SEV-2": Sev2, "sev 3": Sev3, "Sev_4": Sev4, "s1": Sev1, "P2": Sev2, "3": Sev3, "severity 1": Sev1,
		"critical": Sev1, "WARNING": Sev3, " info ": Sev4, "p0": Sev1, "sev0": Sev1, "P5": Sev4, "page": Sev1,
		"": 0, "sev": 0, "sev9": 0, "severe weather": 0, "11": 0, "s": 0, "sev--": 0,
	} {
		if got, ok := ParseSeverity(in); got != want || ok != (want > 0) {
			t.Errorf("ParseSeverity(%q) = %s, %t; want %s", in, got, ok, want)
		}
	}
}

func TestParseNote(t *testing.T) {
	for in, want := range map[string]struct {
		kind NoteKind
		text string
	}{
		"what: 500s":        {What, "500s"},
		"HOW : a leak":      {HowNote, "a leak"},
		"when: 10:05":       {When, "10:05"},
		"where:":            {Where, ""},
		"seen: nothing":     {"", "seen: nothing"},
		"at 10:05 it began": {"", "at 10:05 it began"},
	} {
		if kind, text := ParseNote(in); kind != want.kind || text != want.text {
			t.Errorf("ParseNote(%q) = %q, %q; want %q, %q", in, kind, text, want.kind, want.text)
		}
	}
}

func TestStatusWord(t *testing.T) {
	for in, want := range map[string]Status{"Monitoring": Mitigated, " fixing ": Mitigating, "done": Resolved, "canceled": Cancelled, "happy": "", "": ""} {
		if got, ok := StatusWord(in); got != want || ok != (want != "") {
			t.Errorf("StatusWord(%q) = %q, %t; want %q", in, got, ok, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"acknowledge", "resolve", "note", "list", "checkout", "payments-database"}
	for in, want := range map[string]string{
		"resovle": "resolve", "RESOLV": "resolve", "nte": "note", "acknowlege": "acknowledge", "chekcout": "checkout",
		"payment-databse": "payments-database", "": "", "x": "", "no": "", "lisst": "list", "weather": "",
		strings.Repeat("resolve", 40): "",
	} {
		if got := Nearest(in, known); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", in, got, want)
		}
	}
}

func TestRefusalText(t *testing.T) {
	r := &Refusal{Why: "{who} was first at {when}.", Next: "Help them.", Who: ada, When: start}
	if got, want := r.Error(), "ada was first at Sun 22 Nov 03:04 UTC. Help them."; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

var slackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "checkout is slow", "<!channel> & <@U1|x>", strings.Repeat("🔥", 4000), "\u202e\u200bx",
		"a\xff\x00\n", "İstanbul", "what: x", "sev–1", strings.Repeat("a ", 200), "’’’’"} {
		f.Add(seed, uint16(7), uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, n uint16, clash uint8) {
		title, whole := CleanTitle(s)
		if slow, rest := cleanTitle(s); slow != title || rest != whole {
			t.Errorf("CleanTitle(%q) = %q, %q, want %q, %q", s, title, whole, slow, rest)
		}
		if utf8.RuneCountInString(title) > MaxTitle || utf8.RuneCountInString(whole) > MaxText {
			t.Errorf("CleanTitle(%q): %d and %d characters", s, utf8.RuneCountInString(title), utf8.RuneCountInString(whole))
		}
		if strings.ContainsFunc(title+whole, hostile) || strings.Contains(title, "\n") || !utf8.ValidString(title+whole) {
			t.Errorf("CleanTitle(%q) = %q, %q: not clean", s, title, whole)
		}
		if again, rest := CleanTitle(title); again != title || rest != "" {
			t.Errorf("CleanTitle(%q) = %q, %q: a clean title must stay as it is", title, again, rest)
		}
		if text := CleanText(s); CleanText(text) != text || utf8.RuneCountInString(text) > MaxText {
			t.Errorf("CleanText(%q) = %q, and again %q", s, text, CleanText(text))
		}
		name := ChannelName(int(n)+1, s, int(clash))
		if !slackName.MatchString(name) || len(name) > MaxChannelName || !strings.HasPrefix(name, "inc-") {
			t.Errorf("ChannelName(%d, %q, %d) = %q: no name for a channel", n+1, s, clash, name)
		}
		ParseName(s)
		ParseSeverity(s)
		ParseHow(s)
		if kind, text := ParseNote(s); kind == "" && text != s {
			t.Errorf("ParseNote(%q) = %q: a plain note must stay as it is", s, text)
		}
	})
}

// TestClock shows a day wherever the reader's own day is another one.
func TestClock(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		t, now time.Time
		zone   *time.Location
		want   string
	}{
		{at(24, 15, 0), at(24, 9, 0), time.UTC, "15:00 UTC"},
		{at(24, 23, 30), at(24, 22, 0), berlin, "Wed 25 Nov 00:30 CET"},
		{at(24, 23, 30), at(25, 1, 0), berlin, "00:30 CET"},
		{at(23, 8, 30), at(24, 9, 0), time.UTC, "Mon 23 Nov 08:30 UTC"},
		{at(24, 9, 0).AddDate(-1, 0, 0), at(24, 9, 0), time.UTC, "Mon 24 Nov 09:00 UTC"},
	} {
		if got := Clock(c.t, c.now, c.zone); got != c.want {
			t.Errorf("%s read at %s is shown as %q, not %q", c.t, c.now, got, c.want)
		}
	}
}

// TestQuoted: a word is shown as it was typed, on one line, and whatever it is something is
// seen.
func TestQuoted(t *testing.T) {
	for typed, want := range map[string]string{
		"chekout":                   `"chekout"`,
		"ö\"x\"":                    `"ö"x""`,
		"a\nb\tc":                   `"a b c"`,
		"\u202ereversed":            `"reversed"`,
		"":                          `"…"`,
		"\u200b":                    `"…"`,
		strings.Repeat("x", 10_000): `"` + strings.Repeat("x", MaxTitle-1) + `…"`,
	} {
		if got := Quoted(typed); got != want {
			t.Errorf("Quoted(%.20q) = %s, want %s", typed, got, want)
		}
	}
}
