package postmortem

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

func TestTemplate(t *testing.T) {
	i, events, ctx := long(t)
	v := New(i, events, ctx).View()
	v.Title = "A *bold* <b>title</b>"
	for text, want := range map[string]string{
		"# {{.Name}}: {{.Title}}":                  `# INC-42: A \*bold\* &lt;b&gt;title&lt;/b&gt;`,
		"{{.Title.Plain}}":                         "A *bold* <b>title</b>",
		"{{printf \"%s|%d\" .Title 3}}":            `A \*bold\* &lt;b&gt;title&lt;/b&gt;|3`,
		"{{.Hurting}} {{.Hurting.Seconds}}":        "1 h 29 min 5370",
		`{{if eq .Severity "sev1"}}worst{{end}}`:   "worst",
		"{{len .Pages}} {{(index .Pages 0).Sent}}": "4 2026-10-05 01:50 UTC",
		`{{(.Section "summary").Title}}`:           "Summary",
		"{{range $n, $p := .Pages}}{{if lt $n 1}}{{.To}}{{else}}{{break}}{{end}}{{end}}": "primary on-call (Checkout)",
		`{{define "x"}}{{.}}{{end}}{{template "x" .Name}}`:                               "INC-42",
	} {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := tmpl.Execute(v); got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestTemplateSaysWhatIsWrong names the line and the reason.
func TestTemplateSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"ok\n{{.Titel}}": "line 2: the document has no field .Titel; did you mean .Title?",
		"a\nb\n{{range .Pages}}{{.Sendt}}{{end}}": "line 3: Page has no field .Sendt; did you mean .Sent?",
		"{{if .Private}}x":                        "line 1: unexpected EOF",
		"\n{{shell \"ls\"}}":                      "line 2: there is no function shell",
		"{{html .Title}}":                         "line 1: error calling html: this function is not there; a text is escaped for Markdown already, and .Plain is as it was typed",
		"{{(.Section \"impact\").Table.Head}}":    "line 1: not every document has this; put it between {{with …}} and {{end}}",
		"{{(index .Pages 0).To}}":                 "line 1: not every document has this; put it between {{with …}} and {{end}}",
		"{{if .Drill}}{{.Nmae}}{{end}}":           "line 1: the document has no field .Nmae; did you mean .Name?",
		"{{if not .Drill}}{{.Nmae}}{{end}}":       "line 1: the document has no field .Nmae; did you mean .Name?",
	} {
		tmpl, err := ParseTemplate(text)
		if err == nil {
			err = tmpl.Check()
		}
		var wrong *TemplateError
		if !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestTemplatesEnd: none of these writes without end, runs without end or fills the memory.
func TestTemplatesEnd(t *testing.T) {
	for name, text := range map[string]string{
		"a long loop":       "{{range 1000000000}}{{end}}",
		"loops in loops":    "{{range 100000}}{{range 100000}}{{range 100000}}{{end}}{{end}}{{end}}",
		"much":              "{{range 100000}}" + strings.Repeat("x", 1000) + "{{end}}",
		"itself":            `{{define "a"}}{{template "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		"doubling":          `{{$s := "xxxxxxxxxx"}}{{range 60}}{{$s = print $s $s}}{{end}}`,
		"doubling by range": `{{$s := "xxxxxxxxxx"}}{{range 190000}}{{$s = printf "%s%s" $s "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}{{end}}`,
		"wide":              `{{printf "%1000000000d" 1}}`,
		"wide by a star":    `{{printf "%*d" 1000000000 1}}`,
		"a function":        `{{_turn}}{{range 300000}}{{end}}`,
		"itself, deep":      `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		"long bodies": "{{$s := printf \"%999d\" 1}}{{range 5}}{{$s = print $s $s}}{{end}}{{$t := print $s \"a\"}}{{$u := print $s \"a\"}}{{range 190000}}" +
			strings.Repeat(`{{$x := eq $t $u}}`, 300) + "{{end}}",
		"long bodies behind conditions": "{{range 190000}}{{if true}}{{with 1}}" + strings.Repeat(`{{$x := $.Title.Line}}`, 3000) + "{{end}}{{end}}{{end}}",
		"long bodies in templates":      `{{define "a"}}` + strings.Repeat(`{{$x := print $.Title}}`, 3000) + `{{end}}{{range 190000}}{{template "a" $}}{{end}}`,
		"long in a call":                `{{$s := printf "%999d" 1}}{{range 199999}}{{$s = upper $s}}{{end}}`,
	} {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// That it ends is what the steps are counted for; how long that takes says more about
		// the machine, and one that goes on for ever ends with the time for all tests.
		if _, err = tmpl.Execute(Sample()); err == nil {
			t.Errorf("%s: it ended without a word", name)
		}
	}
}

// TestTemplatesThatAreNoText: a file that is none is refused with words, and what comes
// out is always text.
func TestTemplatesThatAreNoText(t *testing.T) {
	for text, want := range map[string]string{
		"ok\nnot\xff text":                       "line 2: it is no text in UTF-8",
		"a\x00b":                                 "line 1: it is no text in UTF-8",
		strings.Repeat("x", 10<<20):              "line 1: it is longer than a template can be, which is 256 KiB",
		strings.Repeat("{{if true}}", 1_000_000): "line 1: it is longer than a template can be, which is 256 KiB",
		strings.Repeat("{{if true}}", 20_000):    "line 1: unexpected EOF",
		"{{eq . .}}":                             "line 1: error calling eq: non-comparable type {…",
		"{{printf \"%#v\" .Title}}":              "line 1: error calling printf: a format of printf has no #; .Plain is a text as it was typed",
		"{{(index .Timeline 0).At.In nil}}":      "line 1: error calling In: time: missing Location in call to Time.In",
	} {
		tmpl, err := ParseTemplate(text)
		if err == nil {
			_, err = tmpl.Execute(Sample())
		}
		if begin, cut := strings.CutSuffix(want, "…"); err == nil || cut && (!strings.HasPrefix(err.Error(), begin) || len(err.Error()) > 300) || !cut && err.Error() != want {
			t.Errorf("%.40q:\n got %.400v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]string{"\uFEFF# {{.Name}}": "# INC-42", `{{slice "é" 0 1}}`: "\uFFFD"} {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		i, events, ctx := long(t)
		if got, err := tmpl.Execute(New(i, events, ctx).View()); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestTemplatesNameNobody: whatever a template prints, of all that it is given, names nobody.
func TestTemplatesNameNobody(t *testing.T) {
	tmpl, err := ParseTemplate(`{{printf "%+v" .}}{{printf "%q" .Timeline}}{{range .Timeline}}{{.What.Plain}}{{.Who.Plain}}{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	i, events, ctx := long(t)
	for who, p := range ctx.People {
		events = append(events, incident.Event{Seq: len(events) + 1, At: events[len(events)-1].At, By: who, Kind: incident.KindNote, Note: incident.What, Text: "seen by " + strings.Join(p.Names, " and ")})
	}
	out, err := tmpl.Execute(New(i, events, ctx).View())
	if err != nil {
		t.Fatal(err)
	}
	for who, p := range ctx.People {
		for _, name := range append(p.Names, string(who)) {
			if len(name) > 3 && strings.Contains(out, name) {
				at := strings.Index(out, name)
				t.Errorf("a template prints %q: …%s…", name, out[max(0, at-40):min(len(out), at+40)])
			}
		}
	}
}

// TestUnusableTemplate: the document is there all the same, and says why it looks as usual.
func TestUnusableTemplate(t *testing.T) {
	i, events, ctx := long(t)
	d := New(i, events, ctx)
	got := d.In(Unusable(errors.New("its file cannot be read"))).Markdown()
	if want := "_The template for this document cannot be used, its file cannot be read. This is the usual form._\n\n" + d.Markdown(); got != want {
		t.Errorf("got %.300s", got)
	}
}

// TestSampleHasEverySection keeps the sections of the sample those of a document.
func TestSampleHasEverySection(t *testing.T) {
	i, events, ctx := long(t)
	v, sample := New(i, events, ctx).View(), Sample()
	if len(v.Sections) != len(sample.Sections) {
		t.Fatalf("a document has %d sections, the sample %d", len(v.Sections), len(sample.Sections))
	}
	for k, s := range v.Sections {
		if s.ID != sample.Sections[k].ID {
			t.Errorf("section %d is %s, that of the sample %s", k, s.ID, sample.Sections[k].ID)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{{.Title}}", "{{range .Pages}}{{.To}}{{end}}", "{{printf \"%d\" 1}}", "{{template \"x\"}}", "{{", "{{range 3}}{{break}}{{end}}", "{{with .Due}}{{.Because}}{{end}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tmpl, err := ParseTemplate(s); err == nil {
			_ = tmpl.Check()
		}
	})
}

// TestPreviewIsTheDocument: what a template makes of the JSON, which is how it is tried
// out on incidents of the past, is what it makes of the document; of drills, of parts of
// others, of private ones, and of those of which nothing is known.
func TestPreviewIsTheDocument(t *testing.T) {
	tmpl, err := ParseTemplate(`# {{.Name}} {{.Title}} {{.Hurting}} {{.Outcome}} {{.PartOf}} {{.Drill}} {{.Private}}
{{range .Timeline}}- {{.At}} {{.Who}} {{.What}}
{{end}}{{range .Sections}}{{.ID}} {{.Title}} {{range .Questions}}{{.Text}}{{end}}
{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]Document{"nothing": {}}
	for _, c := range cases {
		i, events, ctx := c.play(t)
		documents[c.name] = New(i, events, ctx)
		i.Private, i.Test = true, true
		documents[c.name+", private"] = New(i, events, ctx)
	}
	for name, d := range documents {
		var v View
		if err := json.Unmarshal(d.JSON(), &v); err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Execute(v)
		if want := d.In(tmpl).Markdown(); err != nil || got != want || strings.Contains(want, "cannot be used") {
			t.Errorf("%s: the preview is %v\n%s\nthe document\n%s", name, err, got, want)
		}
	}
}

// TestDocumentedTemplate tries the template of the documentation.
func TestDocumentedTemplate(t *testing.T) {
	page, err := os.ReadFile("../../docs/post-mortem.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```gotemplate\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no template")
	}
	tmpl, err := ParseTemplate(text)
	if err == nil {
		err = tmpl.Check()
	}
	if err != nil {
		t.Error(err)
	}
}
