package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func TestCompileMappingRefuses(t *testing.T) {
	tests := []struct {
		name string
		m    Mapping
		want string
	}{
		{"syntax", Mapping{Title: "{{.a"}, "title: "},
		{"a function that is not there", Mapping{Key: `{{env "HOME"}}`}, `key: template:1: function "env" not defined`},
		{"definitions", Mapping{Text: `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`}, "text: define, block and template are not needed here, and not allowed"},
		{"a template that is not there", Mapping{Text: `{{template "x"}}`}, "text: define, block and template are not needed here, and not allowed"},
		{"in a label and a link", Mapping{Labels: map[string]string{"env": "{{"}, Links: []rotation.MappingLink{{URL: "{{"}}}, "labels.env: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := CompileMapping(test.m); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("CompileMapping = %v, want %s", err, test.want)
			}
		})
	}
}

func mapped(t *testing.T, m Mapping, body string) Body {
	t.Helper()
	c, err := CompileMapping(m)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(Request{Sender: SenderWebhook, Body: []byte(body), Mapping: c})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range b.Alerts {
		sound(t, []byte(body), a, nil)
	}
	return b
}

func TestMapping(t *testing.T) {
	m := Mapping{Title: "{{.m.name}}: {{.h.msg}}", Key: "{{.m.id}}", Status: "{{.h.status}}", Over: []string{"1", "Up"}, Acknowledged: []string{"seen"},
		Severity: "{{.sev}}", Service: "{{.m.service}}", Text: "{{.h.long}}", Started: "{{.at}}",
		Labels: map[string]string{"ratio": "{{.ratio}}", "none": "{{.nothing.at.all}}", "b": "{{if .m.on}}yes{{end}}"},
		Links:  []rotation.MappingLink{{URL: "{{.m.url}}", Text: "Monitor"}, {URL: "{{.nothing.url}}"}}}
	b := mapped(t, m, `{"m":{"id":12345678901234567890,"name":"Search","service":"search","url":"https://s.example/?a=1&b=2","on":true},
		"h":{"status":0,"msg":"down","long":null},"sev":"Disaster","at":"2026.10.14 23:10:02","ratio":1.70}`)
	a := b.Alerts[0]
	if a.Key != "12345678901234567890" || a.Title != "Search: down" || a.Status != Firing || a.Severity != Sev1 || a.Service != "search" ||
		a.Label("ratio") != "1.70" || a.Label("b") != "yes" || a.Label("none") != "" || a.Summary != "" || len(a.Notes) != 0 ||
		!a.Started.Equal(time.Date(2026, 10, 14, 23, 10, 2, 0, time.UTC)) || len(a.Links) != 1 || a.Links[0] != (Link{"https://s.example/?a=1&b=2", "Monitor"}) {
		t.Errorf("mapped: %+v", a)
	}
	for status, want := range map[string]Status{`1`: Over, `"up"`: Over, `"SEEN"`: Acknowledged, `"resolved"`: Firing, `null`: Firing} {
		if b := mapped(t, m, `{"m":{"name":"x"},"h":{"status":`+status+`}}`); b.Alerts[0].Status != want {
			t.Errorf("status %s is %s, want %s", status, b.Alerts[0].Status, want)
		}
	}
	// Without words of its own, those that senders use.
	if b := mapped(t, Mapping{Title: "x", Status: "{{.s}}"}, `{"s":"Resolved"}`); b.Alerts[0].Status != Over {
		t.Errorf("status Resolved is %s, want over", b.Alerts[0].Status)
	}
	// What Uptime Kuma sends by its test button: everything is null.
	if b := mapped(t, m, `{"m":null,"h":null,"msg":"My channel. Testing"}`); b.Alerts[0].Title != "My channel. Testing" {
		t.Errorf("title %q, want the message", b.Alerts[0].Title)
	}
	if b := mapped(t, m, `[{"m":{"name":"a"}},7,{"m":{"name":"b"}}]`); len(b.Alerts) != 2 || len(b.Notes) != 1 {
		t.Errorf("a list of two and a number: %d alerts, notes %q", len(b.Alerts), b.Notes)
	}
	for _, a := range mapped(t, m, `{"m":{"name":"<no value>"}}`).Alerts {
		if strings.Contains(everything(a), "no value") {
			t.Errorf("says no value: %+v", a)
		}
	}
}

// A template costs little time and space, whatever it says, and never the alert.
func TestMappingBombs(t *testing.T) {
	list := "[" + strings.Repeat("1,", 3000) + "1]"
	for name, text := range map[string]string{
		"rounds without output": "{{range $.l}}{{range $.l}}{{range $.l}}{{end}}{{end}}{{end}}",
		"a number of rounds":    "{{range 1000000000}}{{end}}",
		"rounds of a length":    "{{range len .l}}{{range len $.l}}{{range len $.l}}x{{end}}{{end}}{{end}}",
		"output":                `{{range .l}}{{$.long}}{{end}}`,
		"width":                 `{{printf "%0999999999d" 1}}`,
		"width by an argument":  `{{printf "%*d" 999999999 1}}`,
		"doubling":              `{{$x := "0123456789"}}{{range .l}}{{$x = printf "%s%s" $x $x}}{{end}}{{len $x}}`,
		"doubling by print":     `{{$x := "0123456789"}}{{range .l}}{{$x = print $x $x}}{{end}}{{len $x}}`,
		"an index too far":      `{{index .l 99999999}}`,
		"a field of a text":     `{{.long.name.first}}`,
		"nil":                   `{{call .nothing}}`,
		"comparing":             `{{if lt .l 3}}x{{end}}`,
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"l":` + list + `,"long":"` + strings.Repeat("long ", 1000) + `","msg":"it broke"}`
			begin := time.Now()
			got := allocated(func() {
				a := mapped(t, Mapping{Title: "{{.msg}}", Text: text}, body).Alerts[0]
				if a.Title != "it broke" || len(a.Notes) != 1 || !strings.HasPrefix(a.Notes[0], "The mapping's text could not be made: ") {
					t.Errorf("title %q, notes %q; want the title and a note", a.Title, a.Notes)
				}
			})
			if got > 20<<20 || time.Since(begin) > 10*time.Second {
				t.Errorf("costs %d bytes and %v", got, time.Since(begin))
			}
		})
	}
}
