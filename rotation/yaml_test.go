package rotation

import (
	"errors"
	"strings"
	"testing"
)

// TestBrokenYAMLNamesItsLine: the line that is named is the one to look at, which for
// something that is not closed is where it opens.
func TestBrokenYAMLNamesItsLine(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		says       string // in the message or the mend
	}{
		{"tab for indentation", "people:\n  - id: ada\n\tname: Ada\n", 3, "tab"},
		{"tab before the dash", "people:\n\t- id: ada\n", 2, "tab"},
		{"tab on the first line", "\tpeople: []\n", 1, "tab"},
		{"tab after spaces", "people:\n  - id: ada\n  \tname: Ada\n", 3, "tab"},
		{"quote not closed", "people:\n  - id: ada\n    name: \"Ada\n    slack: U1\n", 3, "quote"},
		{"quote not closed, another follows", "people:\n  - id: ada\n    name: \"Ada\n    slack: U1\n  - id: bob\n    name: \"Bob\"\n", 3, "quote"},
		{"quote not closed on the first line", "people: \"ada\nteams: []\nrotations: []\n", 1, "quote"},
		{"quote not closed on the last line", "people:\n  - id: ada\n    name: 'Ada", 3, "quote"},
		{"quote not closed in brackets", "people:\n  - {id: ada}\n  - {id: bob, name: \"Bob}\n  - {id: cleo, name: \"Cleo\"}\n", 3, "quote"},
		{"apostrophe within single quotes", "people:\n  - id: ada\n    name: 'Ada's phone'\n    slack: U1\n", 3, ""},
		{"words after a quote", "people:\n  - id: ada\n    name: \"Ada\" Okafor\n", 3, ""},
		{"unknown escape", "people:\n  - id: ada\n    name: \"A\\da\"\n    slack: U1\n", 3, ""},
		{"brace not closed", "people:\n  - {id: ada\nteams: []\n", 2, "{"},
		{"brace not closed, first line", "people: [{id: ada]\nteams: []\n", 1, "{"},
		{"bracket not closed", "people:\n  - id: ada\nteams:\n  - id: t\n    members: [ada\n    lead: ada\n", 5, "["},
		{"bracket not closed at the end", "people:\n  - id: ada\nteams:\n  - id: t\n    members: [ada, bob\n", 5, "["},
		{"bracket closed by the wrong one", "people:\n  - id: ada\nteams:\n  - id: t\n    members: [ada}\n    lead: ada\n", 5, ""},
		{"bracket closed twice", "people:\n  - id: ada\nteams:\n  - id: t\n    members: [ada]]\n    lead: ada\n", 5, "bracket"},
		{"inner bracket not closed over lines", "people: [\n  {id: ada,\n   name: Ada},\n  {id: bob,\n   rules: {high: [{via: sms}},\n  {id: cleo}\n]\n", 5, "["},
		{"comma missing in braces", "people:\n  - {id: ada}\n  - {id: bob name: Bob}\n", 3, ""},
		{"comma missing over lines", "people: [\n  {id: ada},\n  {id: bob}\n  {id: cleo}\n]\n", 4, ""},
		{"one blank too few", "people:\n  - id: ada\n   name: Ada\n", 3, "indent"},
		{"one blank too many", "people:\n  - id: ada\n     name: Ada\n", 3, ""},
		{"dash out of line", "people:\n  - id: ada\n - id: bob\n", 3, "indent"},
		{"dash too far in", "people:\n  - {id: ada}\n  - {id: bob}\n    - {id: cleo}\nteams: []\n", 4, ""},
		{"top key indented", "people:\n  - id: ada\n teams: []\n", 3, "indent"},
		{"colon missing at the top", "people\n  - id: ada\n", 1, "colon"},
		{"colon missing in an entry", "people:\n  - id: ada\n    name Ada\n    slack: U1\n", 3, "colon"},
		{"colon missing in the last entry", "people:\n  - id: ada\nteams\n", 3, "colon"},
		{"no blank after the colon", "people:\n  - id:ada\n    name: Ada\n", 2, "colon"},
		{"two colons", "people:\n  - id: ada\n    name: Ada: the first\n", 3, "colon"},
		{"dash without a blank", "people:\n  -id: ada\n  -id: bob\n  - id: cleo\n", 2, "dash"},
		{"value begins with at", "people:\n  - id: ada\n    name: @ada\n    slack: U1\n", 3, "quotes"},
		{"value begins with a backquote", "people:\n  - id: ada\n    name: `ada`\n", 3, "quotes"},
		{"value begins with percent", "people:\n  - id: ada\n    name: %ada\n", 3, "quotes"},
		{"value begins with a star", "people:\n  - id: ada\n    name: *ada\n", 3, "quotes"},
		{"key twice in a block", "people:\n  - id: ada\n    name: Ada\n    id: bob\n", 4, "twice"},
		{"key twice at the top", "people: []\nteams: []\npeople: []\n", 3, "twice"},
		{"key twice in braces", "people:\n  - {id: ada, name: Ada,\n     id: bob}\n", 3, "twice"},
		{"anchor", "people:\n  - id: ada\n    name: &a Ada\n", 3, "anchors"},
		{"merge key", "people:\n  - id: ada\n    <<: {name: Ada}\n", 3, "keys"},
		{"tag", "people:\n  - id: !!str ada\n", 2, "tag"},
		{"second document", "people: []\n---\nteams: []\n", 2, "second"},
		{"second document broken", "people: []\n---\nteams: []\n  x: y\n", 4, ""},
		{"control character", "people:\n  - id: ada\n    name: A\x01da\n", 3, "character"},
		{"not UTF-8", "people:\n  - id: ada\n    name: A\xe9da\n", 3, "UTF-8"},
		{"windows line ends", "people:\r\n  - id: ada\r\n   name: Ada\r\n", 3, "indent"},
		{"old mac line ends", "people:\r  - id: ada\r   name: Ada\r", 3, "indent"},
		{"after a byte order mark", "\ufeffpeople:\n  - id: ada\n   name: Ada\n", 3, "indent"},
		{"after comments and blanks", "# the roster\n\npeople:\n\n  # ada\n  - id: ada\n\n   name: Ada\n", 8, "indent"},
		{"after a quote of several lines", "people:\n  - id: ada\n    name: \"Ada\n      Okafor\"\n    slack: U1\n   email: x\n", 6, "indent"},
		{"after a text of several lines", "services:\n  - id: s\n    runbook: |\n      it's {a text\n    tier: 1\n   name: S\n", 6, "indent"},
		{"quotes in a comment", "people:\n  - id: ada # don't {\n    name: Ada\n   slack: U1\n", 4, "indent"},
		{"apostrophe in a name", "people:\n  - id: ada\n    name: Ada's [phone\n   slack: U1\n", 4, "indent"},
		{"far down", "people:\n" + strings.Repeat("  - {id: ada}\n", 500) + "  - {id: bob\n" + strings.Repeat("  - {id: ada}\n", 500), 502, "{"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("roster.yaml", []byte(c.text))
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Parse = %v, want problems", err)
			}
			p := problems[0]
			if p.Line != c.line || !strings.Contains(p.Message+"; "+p.Hint, c.says) {
				t.Errorf("Parse: %v\nwant line %d and %q of\n%s", p, c.line, c.says, c.text)
			}
		})
	}
}
