package postmortem

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
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
		"long in a call":    `{{$s := printf "%999d" 1}}{{range 199999}}{{$s = upper $s}}{{end}}`,
	} {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		begin := time.Now()
		_, err = tmpl.Execute(Sample())
		if err == nil || time.Since(begin) > 10*time.Second {
			t.Errorf("%s: ended after %s with %v", name, time.Since(begin).Round(time.Millisecond), err)
		}
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
