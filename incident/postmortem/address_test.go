package postmortem

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestAddresses: a plain address of the web is a link to what it shows, in Markdown and in
// HTML; nothing else is.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ typed, markdown string }{
		{"https://example.com/changes/INC-4-F1", "<https://example.com/changes/INC-4-F1>"},
		{"see https://example.com/a_b/c?d=e&f=%2Fg#h.", "see <https://example.com/a_b/c?d=e&f=%2Fg#h>."},
		{"(http://grafana:3000/d/1?from=1,2)", "(<http://grafana:3000/d/1?from=1,2>)"},
		{"two: https://a.example https://b.example", "two: <https://a.example> <https://b.example>"},
		{"https://a.example 1. no list", "<https://a.example> 1. no list"},

		{"https://", `https:\//`},
		{"HTTPS://example.com", `HTTPS:\//example.com`},
		{"javascript:alert(1)", `javascript:alert(1)`},
		{"javascript://example.com/%0aalert(1)", `javascript:\//example.com/%0aalert(1)`},
		{"data:text/html,<script>", `data:text/html,&lt;script&gt;`},
		{"ftp://example.com/x", `ftp:\//example.com/x`},
		{"https://bank.example@evil.example/", "https:\\//bank.example@\u2060evil.example/"},
		{"https://bank.example:443@evil.example/", "https:\\//bank.example:443@\u2060evil.example/"},
		{"https://bank.example%40evil.example/", `https:\//bank.example%40evil.example/`},
		{`https://bank.example\@evil.example/`, "https:\\//bank.example\\\\@\u2060evil.example/"},
		{"https://example.com:99999999/", `https:\//example.com:99999999/`},
		{"https://example.com:x/", `https:\//example.com:x/`},
		{"https://-a.example/", `https:\//-a.example/`},
		{"https://a..example/", `https:\//a..example/`},
		{"https://exаmple.com/", "https:\\//exаmple.com/"}, // the second a is Cyrillic
		{"https://example.com/\u202Egnp.exe", "https:\\//example.com/\u202Egnp.exe"},
		{"https://example.com/\u200Bx", "https:\\//example.com/\u200Bx"},
		{"https://example.com/%E2%80%AEx", `https:\//example.com/%E2%80%AEx`},
		{"https://example.com/%0a%0d", `https:\//example.com/%0a%0d`},
		{"https://example.com/%4", `https:\//example.com/%4`},
		{"https://example.com/><img src=x>", `https:\//example.com/&gt;&lt;img src=x&gt;`},
		{"https://example.com/>", `https:\//example.com/&gt;`},
		{"<https://example.com|the bank>", `&lt;https:\//example.com\|the bank&gt;`},
		{"https://example.com/|bank", `https:\//example.com/\|bank`},
		{"[bank](https://evil.example/)", `\[bank\](https:\//evil.example/)`},
		{"![x](https://evil.example/x.png)", `\!\[x\](https:\//evil.example/x.png)`},
		{"https://example.com/**x**", `https:\//example.com/\*\*x\*\*`},
		{"https://example.com/`x`", "https:\\//example.com/\\`x\\`"},
		{"https://example.com/$x$", `https:\//example.com/\$x\$`},
		{"https://example.com/&lt;x", `https:\//example.com/&amp;lt;x`},
		{"https://example.com/&copy;x", `https:\//example.com/&amp;copy;x`},
		{"x-https://example.com/", `x-https:\//example.com/`},
		{"https://example.com/https://b.example/", "<https://example.com/https://b.example/>"}, // goes where it begins
		{"www.example.com", `www\.example.com`},
	} {
		if got := escapeLine(c.typed); got != c.markdown {
			t.Errorf("%q\n got %s\nwant %s", c.typed, got, c.markdown)
		}
	}
	for _, long := range []string{"https://example.com/" + strings.Repeat("a", 4000), "https://" + strings.Repeat("a.", 2000) + "example/"} {
		if got := escapeLine(long); strings.Contains(got, "<") {
			t.Errorf("an address of %d characters is a link", len(long))
		}
	}
}

// TestAddressesInEveryForm: what is a link goes where it says, and no name stands in one.
func TestAddressesInEveryForm(t *testing.T) {
	link := regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>`)
	named := regexp.MustCompile(`(?i)ada|lovelace|byron`)
	for _, typed := range []string{
		"what: https://example.com/ok",
		"what: https://people.example/Ada%20Lovelace", "what: https://people.example/%41da", "what: https://people.example/%2541da",
		"what: https://people.example/ada-lovelace/x", "what: https://ada.lovelace@people.example/", "what: https://people.example/?who=ada&x=1",
		"what: https://example.com/a\nhttps://evil.example@example.com/\r\njavascript:alert(1)",
		"what: https://example.com/\"onmouseover=alert(1)", "what: https://example.com/'><script>alert(1)</script>", "what: \u202Ehttps://example.com/\u202C",
	} {
		r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Checkout is slow", Service: "checkout"}, cleo)
		r.do(r.i.Note("", typed, ada, r.after(time.Minute)))
		ctx := shop(t)
		p := ctx.People[ada]
		p.Names = []string{"Ada Lovelace", "ada"}
		ctx.People[ada] = p
		d := New(r.i, r.events, ctx)
		page := d.HTML()
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			if m[1] != m[2] || !strings.HasPrefix(m[1], "https://example.com/") && !strings.HasPrefix(m[1], "https://people.example/") {
				t.Errorf("%q: the page links to %q as %q", typed, m[1], m[2])
			}
		}
		if n, all := len(link.FindAllString(page, -1)), strings.Count(page, "<a "); n != all {
			t.Errorf("%q: %d of %d links are plain", typed, n, all)
		}
		for form, text := range renderings(t, d) {
			if m := named.FindStringIndex(text); m != nil {
				t.Errorf("%q: %s names somebody: %s", typed, form, text[max(0, m[0]-60):min(len(text), m[1]+20)])
			}
		}
	}
}
