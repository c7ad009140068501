package calendar

import (
	"html/template"
	"io"
	"sync"
	"time"
)

// WriteHTML writes the chart as a page of its own, which needs nothing from elsewhere.
// Now is marked where it lies in it.
func (c Chart) WriteHTML(to io.Writer, now time.Time) error {
	var weeks []htmlWeek
	for _, w := range c.weeks() {
		h := htmlWeek{Now: -1}
		for d := w.from; d < w.to; d++ {
			h.Days = append(h.Days, c.Days[d].In(c.Zone).Format("Mon 2 Jan"))
		}
		const all = 7 * 1000
		if !now.Before(c.Days[w.from]) && now.Before(c.Days[w.to]) {
			h.Now = float64(c.place(w, now, 1000)) / all * 100
		}
		for _, r := range c.Rows {
			row := htmlRow{Rotation: r.Rotation, Team: r.Team}
			for _, b := range c.within(r, w) {
				left, right := c.place(w, b.Start, 1000), c.place(w, b.End, 1000)
				row.Bars = append(row.Bars, htmlBar{Left: float64(left) / all * 100, Width: float64(right-left) / all * 100,
					Who: b.names(func(p Person) string { return p.Name }), Kind: string(b.Kind), When: c.span(b)})
			}
			h.Rows = append(h.Rows, row)
		}
		weeks = append(weeks, h)
	}
	return page().Execute(to, map[string]any{"Weeks": weeks, "Legend": c.clock()})
}

type htmlWeek struct {
	Days []string
	Rows []htmlRow
	Now  float64 // in percent of the week; -1: it is not in it
}

type htmlRow struct {
	Rotation, Team string
	Bars           []htmlBar
}

type htmlBar struct {
	Left, Width     float64 // in percent of the week
	Who, Kind, When string
}

var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("calendar").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who is on call</title>
<style>
:root { color-scheme: light dark; --ink: #1d1c1d; --paper: #fff; --line: #ddd; --bar: #cfe3f7; --alarm: #c01b3c; --pale: #fdecef; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #1a1d21; --line: #444; --bar: #1f4467; --alarm: #ff8da1; --pale: #4a1522; } }
body { font: 15px/1.4 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem; }
.week { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; margin-bottom: 2rem; }
.days { display: grid; grid-template-columns: repeat(7, 1fr); font-weight: 600; }
.days span { border-left: 1px solid var(--line); padding: .3rem .5rem; }
.name { border-top: 1px solid var(--line); padding: .4rem .6rem .4rem 0; font-weight: 600; overflow-wrap: anywhere; }
.name small { display: block; font-weight: 400; }
.bars { position: relative; height: 3rem; border-top: 1px solid var(--line); }
.bar { position: absolute; top: .3rem; bottom: .3rem; box-sizing: border-box; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  background: var(--bar); border: 1px solid var(--ink); border-radius: 4px; padding: .1rem .4rem; }
.bar small { display: block; line-height: 1; }
.override, .swap { border-width: 3px; border-style: dashed; }
.nobody { background: repeating-linear-gradient(135deg, var(--pale) 0 8px, transparent 8px 11px); border: 2px solid var(--alarm); color: var(--alarm); font-weight: 700; }
.now { position: absolute; top: 0; bottom: 0; width: 2px; background: var(--alarm); }
</style>
<h1>Who is on call</h1>
{{range .Weeks}}{{$now := .Now}}<section class="week">
<div></div><div class="days">{{range .Days}}<span>{{.}}</span>{{end}}</div>
{{range .Rows}}<div class="name">{{.Rotation}}{{with .Team}}<small>{{.}}</small>{{end}}</div>
<div class="bars">{{range .Bars}}<div class="bar {{.Kind}}" style="left:{{printf "%.3f" .Left}}%;width:{{printf "%.3f" .Width}}%" title="{{.Who}}, {{.When}}{{with .Kind}} ({{.}}){{end}}">{{.Who}}{{if and .Kind (ne .Kind "nobody")}}<small>{{.Kind}}</small>{{end}}</div>{{end}}{{if ge $now 0.0}}<div class="now" style="left:{{printf "%.3f" $now}}%" title="now"></div>{{end}}</div>
{{end}}</section>
{{end}}{{range .Legend}}<p>{{.}}</p>
{{end}}</html>
`))
})
