package postmortem

import (
	"html/template"
	"strings"
	"sync"

	"github.com/stormbell/stormbell/pattern"
)

// page is the document for a browser and for paper: no script, nothing from
// elsewhere. html/template escapes everything by the place it stands in.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{"lines": textLines, "pieces": pieces, "strip": stripHTML, "compact": compact, "answers": answers}).Parse(`{{define "text"}}{{range pieces .}}{{if .Address}}<a href="{{.Text}}" rel="noopener noreferrer nofollow">{{.Text}}</a>{{else if .Long}}<span class="long">{{.Text}}</span>{{else if .Whole}}<span class="whole">{{.Text}}</span>{{else}}{{.Text}}{{end}}{{end}}{{end -}}
{{define "lines"}}{{range $n, $l := lines .}}{{if $n}}<br>{{end}}{{template "text" $l}}{{end}}{{end -}}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Name}}: {{.Title}}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 48rem; margin: 2.5rem auto; padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.25 }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent) }
th, td { overflow-wrap: break-word }
td a, .long { overflow-wrap: anywhere }
.whole { white-space: nowrap }
#action_items th:nth-child(3), #action_items th:nth-child(6) { width: 27% }
li { margin: .25rem 0 }
figure { margin: 1.5rem 0; overflow-x: auto }
.ask { border-left: 3px solid color-mix(in srgb, currentColor 35%, transparent); padding-left: .8rem; margin: 1rem 0 }
.open { opacity: .65; font-style: italic }
@media screen and (max-width: 40rem) { table { display: block; overflow-x: auto; overflow-wrap: normal } td { min-width: 4rem } figure svg { min-width: 36rem } }
@page { margin: 18mm 16mm }
@media print { :root { color-scheme: light } body { margin: 0; max-width: none; font-size: 11pt } thead { display: table-header-group } tr, figure, .short { break-inside: avoid } p, li { orphans: 3; widows: 3 } h2, h2 + p, .question, tbody tr:first-child { break-after: avoid } tbody tr:last-child, li:last-child { break-before: avoid } p:has(+ ul), p:has(+ table), p:has(+ .ask) { break-after: avoid } }
</style>
</head>
<body>
<h1 dir="auto">{{.Name}}: {{.Title}}</h1>
{{with strip .}}<figure>{{.}}</figure>
{{end}}{{range .Sections}}{{if not .Empty}}<section{{with .ID}} id="{{.}}"{{end}}>
<h2>{{.Title}}</h2>
{{range .Lines}}<p dir="auto"{{if compact .}} class="short"{{end}}>{{template "lines" .}}</p>
{{end}}{{with .Table}}<table>
<thead><tr>{{range .Head}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr>{{range .}}<td dir="auto">{{template "text" .}}</td>{{end}}</tr>
{{end}}</tbody>
</table>
{{end}}{{if .List}}<ul>
{{range .List}}<li dir="auto"{{if compact .Text}} class="short"{{end}}>{{with .Lead}}<strong>{{.}}</strong> {{end}}{{template "lines" .Text}}</li>
{{end}}</ul>
{{end}}{{range .Questions}}<div class="ask{{if answers . | compact}} short{{end}}"><div class="question"><strong>{{.Text}}</strong>{{if not .Answers}}{{with .Hint}} ({{.}}){{end}}{{end}}</div>{{if not .Answers}}<span class="open">{{.Open}}</span>{{end}}
{{range .Answers}}<p dir="auto">{{template "lines" .Text}}<br><span class="open">{{.Who}}</span></p>
{{end}}</div>
{{end}}</section>
{{end}}{{end}}</body>
</html>
`))
})

// HTML returns the whole document as a page that stands alone.
func (d Document) HTML() string {
	var b strings.Builder
	if err := page().Execute(&b, d); err != nil {
		panic("postmortem: the page's template: " + err.Error()) // of strings into memory: only a broken template can fail
	}
	return b.String()
}

// stripHTML is the picture, which is a template of its own and escapes for itself.
func stripHTML(d Document) template.HTML { return template.HTML(d.StripSVG()) }

// piece is a stretch of a text on the page. A long word is one by itself: it may be broken
// anywhere, and in the narrow columns of a table no other word may. A name such as INC-4-F1,
// a date such as 30 November 2026 and a time such as 09:30 UTC stay on one line.
type piece struct {
	stretch
	Long, Whole bool
}

func pieces(s string) (list []piece) {
	for _, p := range parts(s) {
		if p.Address {
			list = append(list, piece{stretch: p})
			continue
		}
		from := 0
		for _, at := range setApart.FindAllStringSubmatchIndex(p.Text, -1) {
			if at[0] > from {
				list = append(list, piece{stretch: stretch{Text: p.Text[from:at[0]]}})
			}
			list = append(list, piece{stretch: stretch{Text: p.Text[at[0]:at[1]]}, Long: at[2] >= 0, Whole: at[2] < 0})
			from = at[1]
		}
		if from < len(p.Text) {
			list = append(list, piece{stretch: stretch{Text: p.Text[from:]}})
		}
	}
	return list
}

// setApart are words that do not fit into a column of a printed table, and names of incidents
// and follow-ups, dates and times of day, which are hard to read in pieces.
var setApart = pattern.New(`(\S{20,})|\bINC-\d{1,9}(?:-F\d{1,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{2}:\d{2} [A-Z]{3,4}\b|` +
	`\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}(?: \d{4})?\b`)

// compact reports whether a text has room on a part of a page of paper, where it is not
// broken. What is longer is: it would leave half a page empty.
func compact(s string) bool { return len(s)+60*strings.Count(s, "\n") <= 900 }

// answers are all that was answered to a question.
func answers(q Question) string {
	return strings.Join(each(q.Answers, func(a Answer) string { return a.Text }), "\n")
}

// textLines are the lines of s that hold something.
func textLines(s string) []string {
	var list []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			list = append(list, l)
		}
	}
	return list
}
