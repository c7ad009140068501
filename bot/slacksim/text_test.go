package slacksim

import (
	"strings"
	"testing"
)

func TestReadBack(t *testing.T) {
	w := &Workspace{}
	for _, c := range []struct{ sent, want string }{
		{"a & b < c > d", "a &amp; b &lt; c &gt; d"},
		{"&amp; &lt; &gt; stay", "&amp; &lt; &gt; stay"},
		{"&quot;", "&amp;quot;"},
		{"<@U1> <#C1|x> <!here> <!subteam^S1>", "<@U1> <#C1|x> <!here> <!subteam^S1>"},
		{"<script>", "&lt;script&gt;"},
		{"<!date^1700000000^{date} at {time}^https://x.example|then>", "<!date^1700000000^{date} at {time}^https://x.example|then>"},
		{"see https://x.example/a?b=1&c=2.", "see <https://x.example/a?b=1&c=2>."},
		{"(https://x.example)", "(<https://x.example>)"},
		{"<https://x.example|label> and <mailto:a@b.c|a>", "<https://x.example|label> and <mailto:a@b.c|a>"},
		{"fire 🔥 and ⚠️!", "fire :fire: and :warning:!"},
		{"> quote", "&gt; quote"},
		{strings.Repeat("😀", 4000), strings.Repeat(":grinning:", 4000)},
		{"", ""},
	} {
		if got := w.readBack(c.sent); got != c.want {
			t.Errorf("readBack(%.60q) = %.80q, want %.80q", c.sent, got, c.want)
		}
	}
}

func TestTypedText(t *testing.T) {
	w, err := New(Options{People: []Person{{ID: "UADA", Name: "ada"}, {ID: "UBEN", Name: "ben.k"}}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	general := w.channelNamed("general").ID
	for _, c := range []struct{ typed, want string }{
		{"@ada look", "<@UADA> look"},
		{"cc @ben.k.", "cc <@UBEN>."},
		{"mail ada@ada.example", "mail ada@ada.example"},
		{"@here @nobody", "<!here> @nobody"},
		{"https://x.example/@ada/#general", "<https://x.example/@ada/#general>"},
		{"in #general now", "in <#" + general + "|general> now"},
		{"#nowhere & <b>", "#nowhere &amp; &lt;b&gt;"},
		{"<@UADA> already", "<@UADA> already"},
	} {
		if got := w.typed(c.typed); got != c.want {
			t.Errorf("typed(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestEscapedCommandText(t *testing.T) {
	w, err := New(Options{People: []Person{{ID: "UADA", Name: "ada"}}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	general := w.channelNamed("general").ID
	for _, c := range []struct{ typed, want string }{
		{"page @ada a & b < c", "page <@UADA> a & b < c"},
		{"see https://x.example/@ada, please", "see <https://x.example/@ada>, please"},
		{"<https://x.example> stays", "<https://x.example> stays"},
		{"in #general 🔥", "in <#" + general + "|general> 🔥"},
	} {
		if got := w.escaped(c.typed); got != c.want {
			t.Errorf("escaped(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}

// FuzzReadBack: reading back what was read back changes nothing, except that a
// text made of pieces of markup may settle only once.
func FuzzReadBack(f *testing.F) {
	for _, s := range []string{"a & b", "<@U1>", "https://x.example", "<<>>&&amp;", "<!date^1^{x}|y>", "🔥", "http://>", "https://"} {
		f.Add(s)
	}
	w := &Workspace{}
	f.Fuzz(func(t *testing.T, s string) {
		once := w.readBack(s)
		if twice := w.readBack(once); twice != once {
			t.Errorf("readBack(%q) = %q, and of that %q", s, once, twice)
		}
	})
}

func FuzzSniffer(f *testing.F) {
	f.Add([]byte{0x81, 0x80, 0, 0, 0, 0, 0x01, 0x81, 0, 0, 0, 0, 'x'}, 3)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		whole, parts := &sniffer{}, &sniffer{}
		whole.look(data)
		if cut < 0 || cut > len(data) {
			cut = len(data) / 2
		}
		parts.look(data[:cut])
		parts.look(data[cut:])
		for range len(whole.inParts) + 1 {
			if a, b := whole.next(), parts.next(); a != b {
				t.Errorf("frames of %x seen whole %v, cut at %d %v", data, a, cut, b)
			}
		}
	})
}

func TestNewRefusesBadOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"manifest":       {Options{Manifest: []byte("nonsense: true")}, "manifest: invalid_manifest: "},
		"same name":      {Options{People: []Person{{Name: "a"}, {Name: "a"}}}, `person "a": name or ID is taken`},
		"no name":        {Options{People: []Person{{ID: "U1"}}}, `person "U1": name must not be empty`},
		"zone":           {Options{People: []Person{{Name: "a", TimeZone: "Mars/Base"}}}, `person "a": unknown time zone Mars/Base`},
		"channel":        {Options{Channels: []string{"Big One"}}, `channel "Big One": invalid_name_specials`},
		"channels twice": {Options{Channels: []string{"a", "#a"}}, `channel "a": name_taken`},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := New(c.o)
			if err == nil {
				w.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("New = %v, want %s…", err, c.want)
			}
		})
	}
}

func TestChannelNames(t *testing.T) {
	for name, want := range map[string]string{
		"inc-1-db-down": "", "a": "", "_x_": "", "été": "", "名前": "",
		"": "invalid_name_required", "---": "invalid_name_punctuation", "A": "invalid_name_specials", "a b": "invalid_name_specials",
		"É": "invalid_name_specials", "a.b": "invalid_name_specials", "🔥": "invalid_name_specials",
		strings.Repeat("x", 80): "", strings.Repeat("x", 81): "invalid_name_maxlength",
	} {
		if got := nameProblem(name); got != want {
			t.Errorf("nameProblem(%q) = %q, want %q", name, got, want)
		}
	}
}
