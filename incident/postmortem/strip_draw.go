package postmortem

import (
	"html/template"
	"image"
	"image/color"
	"io"
	"strings"
	"sync"

	"github.com/stormbell/stormbell/picture"
)

// The measures of the picture. As an image it is drawn twice as large.
const (
	stripWidth = 960
	stripLeft  = 150 // where the axis begins
	stripRight = 16
	stripTop   = 30
	stripRow   = 30 // from one row to the next
	stripBarY  = 22 // the height of a bar
	stripFoot  = 34
)

// sheet is the picture with every place worked out.
type sheet struct {
	Title, Says, Legend string
	Width, Height       int
	Bottom              int // of the lines at the times
	Ticks               []label
	Names               []label
	Boxes               []box
	Signs               []sign
}

// label is a text and where it begins, or what it stands at the middle or the end of.
type label struct {
	X, Y          int
	Words, Anchor string
}

type box struct {
	X, Y, Wide, High  int
	Kind, Title, Text string
}

// sign is the mark of a notification: a point where it was answered, a ring where not, a
// cross where it failed.
type sign struct {
	X, Y        int
	Kind, Title string
}

func stripX(part float64) int {
	return stripLeft + int(part*float64(stripWidth-stripLeft-stripRight)+0.5)
}

// sheet works out where everything stands.
func (s strip) sheet() sheet {
	p := sheet{Title: s.Title, Says: s.Says, Width: stripWidth, Height: stripTop + len(s.Rows)*stripRow + stripFoot, Bottom: stripTop + len(s.Rows)*stripRow}
	for _, t := range s.Ticks {
		l := label{stripX(t.At), 16, t.Words, "middle"}
		if l.X > stripWidth-60 {
			l.Anchor = "end"
		}
		p.Ticks = append(p.Ticks, l)
	}
	for n, r := range s.Rows {
		y := stripTop + n*stripRow
		name := r.Name
		if short, _, team := strings.Cut(name, " ("); team && shortened(name, stripLeft-18) != name {
			name = short // the bar and the table say of which team
		}
		p.Names = append(p.Names, label{8, y + 16, shortened(name, stripLeft-18), "start"})
		for _, b := range r.Bars {
			x, end := stripX(b.From), stripX(b.To)
			wide := max(3, end-x-1)
			p.Boxes = append(p.Boxes, box{x, y, wide, stripBarY, b.Kind, b.Words + ", " + b.When, shortened(b.Words, wide-12)})
		}
		for _, m := range r.Marks {
			p.Signs = append(p.Signs, sign{stripX(m.At), y + stripBarY/2, m.Kind, m.Words})
		}
	}
	p.Legend = "Times in UTC."
	if len(p.Signs) > 0 {
		p.Legend += " Pages: ● answered, ○ no answer, × failed."
	}
	return p
}

// shortened is as much of a text as so many points have room for, by the width that letters
// usually have.
func shortened(s string, room int) string {
	wide := 0.0
	runes := []rune(s)
	for n, r := range runes {
		w := 6.9
		if r > 0x2E00 {
			w = 13
		}
		if wide += w; wide > float64(room) {
			if n < 4 {
				return ""
			}
			return string(runes[:n-1]) + "…"
		}
	}
	return s
}

// StripSVG returns the incident as a picture: impact, statuses, severities, roles and pages
// on one axis. It is empty where the record has nothing to draw.
func (d Document) StripSVG() string {
	s, ok := d.strip()
	if !ok {
		return ""
	}
	var b strings.Builder
	if err := stripPage().Execute(&b, s.sheet()); err != nil {
		panic("postmortem: the picture's template: " + err.Error()) // of numbers and strings into memory
	}
	return b.String()
}

var stripPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("strip").Funcs(template.FuncMap{"less": func(a, b int) int { return a - b }}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" class="strip" role="img" aria-labelledby="strip-title strip-desc" viewBox="0 0 {{.Width}} {{.Height}}" width="{{.Width}}" height="{{.Height}}">
<title id="strip-title">{{.Title}}</title>
<desc id="strip-desc">{{.Says}}</desc>
<style>
.strip { --ink: #1d1c1d; --faint: #5c5b5c; --line: #d5d5d5; --paper: #fff; --impact: #f7c8cf; --bar: #cfe3f7; --role: #d8eed2; --worst: #f2a9a0; --bad: #f9cf9c; --mild: #f6eca9; --calm: #e6e6e6; max-width: 100%; height: auto; font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { .strip { --ink: #f0f0f0; --faint: #b5b5b5; --line: #4a4a4a; --paper: #1a1d21; --impact: #7a2433; --bar: #1f4467; --role: #2a4d22; --worst: #8a2b1f; --bad: #7a4a10; --mild: #5f5714; --calm: #444 } }
@media print { .strip { --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --impact: #f7c8cf; --bar: #cfe3f7; --role: #d8eed2; --worst: #f2a9a0; --bad: #f9cf9c; --mild: #f6eca9; --calm: #e6e6e6; print-color-adjust: exact; -webkit-print-color-adjust: exact } }
.strip text { fill: var(--ink) } .strip .faint { fill: var(--faint) } .strip .name { font-weight: 600 }
.strip line { stroke: var(--line) } .strip rect { stroke: var(--faint); stroke-width: .5; fill: var(--bar) } .strip .ground { fill: var(--paper); stroke: none }
.strip .impact { fill: var(--impact) } .strip .role { fill: var(--role) }
.strip .sev1 { fill: var(--worst) } .strip .sev2 { fill: var(--bad) } .strip .sev3 { fill: var(--mild) } .strip .sev4 { fill: var(--calm) }
.strip .mark { stroke: var(--ink); stroke-width: 1.8; fill: none } .strip .answered { fill: var(--ink) }
</style>
<rect class="ground" width="{{.Width}}" height="{{.Height}}"/>
{{$bottom := .Bottom}}{{range .Ticks}}<line x1="{{.X}}" x2="{{.X}}" y1="22" y2="{{$bottom}}"/><text class="faint" x="{{.X}}" y="{{.Y}}" text-anchor="{{.Anchor}}">{{.Words}}</text>
{{end}}{{range .Names}}<text class="name" x="{{.X}}" y="{{.Y}}">{{.Words}}</text>
{{end}}{{range .Boxes}}<g><title>{{.Title}}</title><rect class="{{.Kind}}" x="{{.X}}" y="{{.Y}}" width="{{.Wide}}" height="{{.High}}" rx="3"/>{{if .Text}}<text x="{{less .X -6}}" y="{{less .Y -16}}">{{.Text}}</text>{{end}}</g>
{{end}}{{range .Signs}}<g><title>{{.Title}}</title>{{if eq .Kind "lost"}}<path class="mark" d="M{{less .X 5}} {{less .Y 5}}l10 10m0 -10l-10 10"/>{{else}}<circle class="mark {{.Kind}}" cx="{{.X}}" cy="{{.Y}}" r="5"/>{{end}}</g>
{{end}}<text class="faint" x="150" y="{{less .Height 10}}">{{.Legend}}</text>
</svg>
`))
})

// The colours of the image.
var stripColours = map[string]color.RGBA{
	"impact": {0xf7, 0xc8, 0xcf, 0xff}, "status": {0xcf, 0xe3, 0xf7, 0xff}, "role": {0xd8, 0xee, 0xd2, 0xff},
	"sev1": {0xf2, 0xa9, 0xa0, 0xff}, "sev2": {0xf9, 0xcf, 0x9c, 0xff}, "sev3": {0xf6, 0xec, 0xa9, 0xff}, "sev4": {0xe6, 0xe6, 0xe6, 0xff},
}

// StripWords say what the picture shows, for those who do not see it.
func (d Document) StripWords() string {
	s, _ := d.strip()
	return s.Says
}

// WriteStripPNG writes the same picture as an image, and reports whether there is one.
func (d Document) WriteStripPNG(to io.Writer) (bool, error) {
	s, ok := d.strip()
	if !ok {
		return false, nil
	}
	p := s.sheet()
	err := picture.WritePNG(to, func(c *picture.Canvas) { p.paint(c) })
	return err == nil, err
}

func (p sheet) paint(c *picture.Canvas) {
	c.Size(2*p.Width, 2*p.Height)
	for _, t := range p.Ticks {
		c.Fill(image.Rect(2*t.X, 44, 2*t.X+2, 2*p.Bottom), picture.Line)
		wide := c.Width(t.Words, c.Small)
		x := 2*t.X - wide/2
		if t.Anchor == "end" {
			x = 2*t.X - wide
		}
		c.Text(x, 2*t.Y, wide, t.Words, c.Small, picture.Faint)
	}
	for _, n := range p.Names {
		c.Text(2*n.X, 2*n.Y, 2*stripLeft-30, c.Letters(n.Words), c.Bold, picture.Ink)
	}
	for _, b := range p.Boxes {
		r := image.Rect(2*b.X, 2*b.Y, 2*(b.X+b.Wide), 2*(b.Y+b.High))
		c.Fill(r, stripColours[b.Kind])
		c.Edge(r, picture.Faint, 1)
		if b.Text != "" {
			c.Text(r.Min.X+12, r.Min.Y+31, r.Dx()-16, c.Letters(b.Text), c.Small, picture.Ink)
		}
	}
	for _, s := range p.Signs {
		words := map[string]string{"answered": "●", "waiting": "○", "lost": "×"}[s.Kind]
		c.Text(2*s.X-c.Width(words, c.Bold)/2, 2*s.Y+9, 60, words, c.Bold, picture.Ink)
	}
	c.Text(2*stripLeft, 2*(p.Height-10), 2*(stripWidth-stripLeft), p.Legend, c.Small, picture.Faint)
}
