package slacksim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// m and l make payloads readable.
type (
	m = map[string]any
	l = []any
)

const referenceData = "../../../shared/design/data/slack"

// reference reads a file of the reference data, which lies beside a checkout only where the simulator is developed.
func reference(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(referenceData, name))
	if os.IsNotExist(err) {
		t.Skip("the reference data is not beside this checkout; its cases are not compared")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func asJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// validate checks a payload by what it is: a list is a message's blocks, an object a view.
func validate(t testing.TB, payload any) []Problem {
	t.Helper()
	if _, ok := payload.(l); !ok {
		return ValidateView(asJSON(t, payload))
	}
	ps, format := ValidateBlocks(asJSON(t, payload))
	if format {
		t.Fatalf("ValidateBlocks(%s): not a list of objects", asJSON(t, payload))
	}
	return ps
}

func long(n int) string { return strings.Repeat("é", n) }

func plainText(s string) m { return m{"type": "plain_text", "text": s} }

func mrkdwn(s string) m { return m{"type": "mrkdwn", "text": s} }

func section(s string) m { return m{"type": "section", "text": mrkdwn(s)} }

// with is a copy of o with more keys; a nil value takes the key away.
func with(o, more m) m {
	c := m{}
	for k, v := range o {
		c[k] = v
	}
	for k, v := range more {
		c[k] = v
		if v == nil {
			delete(c, k)
		}
	}
	return c
}

func modal(blocks ...any) m {
	return m{"type": "modal", "title": plainText("Title"), "submit": plainText("Go"), "blocks": append(l{}, blocks...)}
}

func actions(elements ...any) l { return l{m{"type": "actions", "elements": append(l{}, elements...)}} }

func accessory(e m) l { return l{with(section("x"), m{"accessory": e})} }

func input(e m) m { return modal(m{"type": "input", "label": plainText("Label"), "element": e}) }

func times(n int, f func(i int) any) l {
	items := make(l, n)
	for i := range items {
		items[i] = f(i)
	}
	return items
}

func same(v any) func(int) any { return func(int) any { return v } }

func option(text, value string) m { return m{"text": plainText(text), "value": value} }

var (
	button      = m{"type": "button", "text": plainText("Press")}
	confirmBase = m{"title": plainText("a"), "text": plainText("b"), "confirm": plainText("c"), "deny": plainText("d")}
	picture     = m{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
	menu        = m{"type": "static_select", "options": l{option("a", "a")}}
	rich        = m{"type": "rich_text", "elements": l{
		m{"type": "rich_text_section", "elements": l{m{"type": "text", "text": "x"}}}}}
	chart = m{"type": "data_visualization", "title": "t", "chart": m{"type": "bar",
		"series":      l{m{"name": "s", "data": l{m{"label": "a", "value": 1}}}},
		"axis_config": m{"categories": l{"a"}}}}
	pie  = m{"type": "data_visualization", "title": "t", "chart": m{"type": "pie", "segments": l{m{"label": "a", "value": 1}}}}
	clip = m{"type": "video", "video_url": "https://e.com/v", "thumbnail_url": "https://e.com/t",
		"alt_text": "a", "title": plainText("t")}
	raw     = m{"type": "raw_text", "text": "x"}
	figures = m{"type": "data_table", "caption": "c", "rows": l{l{raw}, l{raw}}}
)

// box, card, bars and slicesOf are the smallest valid payloads of their kind, so that a case changes one thing only.

func box(more m) l {
	return l{with(m{"type": "container", "title": plainText("t"), "child_blocks": l{section("x")}}, more)}
}

func card(more m) l { return l{with(m{"type": "card", "title": plainText("t")}, more)} }

func bars(axes m, series ...any) l {
	c := with(chart["chart"].(m), m{"axis_config": axes})
	if len(series) > 0 {
		c["series"] = l(series)
	}
	return l{with(chart, m{"chart": c})}
}

func slicesOf(segments ...any) l {
	return l{with(pie, m{"chart": m{"type": "pie", "segments": append(l{}, segments...)}})}
}

func pointers(ps []Problem) []string {
	var at []string
	for _, p := range ps {
		at = append(at, p.Pointer)
	}
	return at
}

func wantProblem(t *testing.T, payload any, want Problem) {
	t.Helper()
	if ps := validate(t, payload); !slices.Contains(ps, want) {
		t.Errorf("validate(%.300s)\n got  %v\n want %v among them", asJSON(t, payload), ps, want)
	}
}

func wantValid(t *testing.T, payload any) {
	t.Helper()
	if ps := validate(t, payload); len(ps) > 0 {
		t.Errorf("validate(%.300s)\n got  %v\n want no problem", asJSON(t, payload), ps)
	}
}

func TestProblemString(t *testing.T) {
	ps, _ := ValidateBlocks(asJSON(t, l{section(long(3001))}))
	got := []string{}
	for _, p := range ps {
		got = append(got, p.String())
	}
	want := []string{
		"failed to match all allowed schemas [json-pointer:/blocks/0/text]",
		"must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ValidateBlocks(a section of 3,001 characters) (-want +got):\n%s", diff)
	}
}

func TestBlocksFormat(t *testing.T) {
	for _, c := range []struct {
		in     string
		format bool
	}{
		{``, false}, {`null`, false}, {`[]`, false}, {`{}`, true}, {`{"blocks":[]}`, true}, {`"[]"`, true}, {`[1]`, true},
		{`[{"type":"divider"},null]`, true}, {`[`, true}, {`[] []`, true}, {`[{"type":"divider"}]`, false},
	} {
		if ps, format := ValidateBlocks(json.RawMessage(c.in)); format != c.format || len(ps) > 0 {
			t.Errorf("ValidateBlocks(%s) = %v, %t; want no problem, %t", c.in, ps, format, c.format)
		}
	}
}
