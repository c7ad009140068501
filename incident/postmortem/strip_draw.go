package postmortem

import (
	"html/template"
	"image"
	"image/color"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/stormbell/stormbell/picture"
)

// The measures of the picture. As an image it is drawn twice as large.
const (
	stripWidth = 960
	stripLeft  = 172 // where the axis begins
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
	TextX             int // where the text begins: in the box, or behind it
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
		if first, second := twoLines(r.Name, stripLeft-18); second == "" {
			p.Names = append(p.Names, label{8, y + 16, first, "start"})
		} else {
			p.Names = append(p.Names, label{8, y + 9, first, "start"}, label{8, y + 22, second, "start"})
		}
		for k, b := range r.Bars {
			x, end := stripX(b.From), stripX(b.To)
			next := stripWidth - stripRight
			if k+1 < len(r.Bars) {
				next = stripX(r.Bars[k+1].From)
			}
			p.Boxes = append(p.Boxes, labelled(box{X: x, Y: y, Wide: max(3, end-x-1), High: stripBarY, Kind: b.Kind, Title: b.Words + ", " + b.When}, b, next))
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

// labelled writes the words of a bar into its box, or behind it up to the next one. They
// stand there whole or not at all: the title and the tables of the document say them, too.
func labelled(x box, b stripBar, next int) box {
	for _, words := range []string{b.Words, b.Short} {
		switch wide := wideAs(words); {
		case words == "":
		case wide <= x.Wide-12:
			x.Text, x.TextX = words, x.X+6
			return x
		case wide <= next-(x.X+x.Wide)-12:
			x.Text, x.TextX = words, x.X+x.Wide+5
			return x
		}
	}
	return x
}

// twoLines cuts a name that has no room on one line before its team, or at a space.
func twoLines(s string, room int) (first, second string) {
	const bold = 9 // tenths of the room, as bold letters are wider
	if room = room * bold / 10; wideAs(s) <= room {
		return s, ""
	}
	at := strings.LastIndex(s, " (") // of which team
	if at <= 0 || wideAs(s[:at]) > room {
		at = strings.LastIndexByte(shortened(s, room), ' ')
	}
	if at <= 0 {
		return shortened(s, room), ""
	}
	return s[:at], shortened(s[at+1:], room)
}

// shortened is as much of a text as so many points have room for; of less than four letters
// nothing is left.
func shortened(s string, room int) string {
	if wideAs(s) <= room {
		return s
	}
	cut, letters := 0, 0
	for at := range s {
		if wideAs(s[:at]) > room-10 {
			break
		}
		cut, letters = at, letters+1
	}
	if letters < 4 {
		return ""
	}
	return s[:cut] + "…"
}

// wideAs is how wide a text is at most, in points, by the widest of the usual fonts.
func wideAs(s string) int {
	wide := 0.0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r), unicode.Is(unicode.Cf, r): // drawn on another one
		case strings.ContainsRune("ijl.,:;'|!", r):
			wide += 4
		case strings.ContainsRune(" frtI()[]/-", r):
			wide += 5.2
		case strings.ContainsRune("mwMW@%", r):
			wide += 11.9
		case r > 0x2E00:
			wide += 13
		case unicode.IsUpper(r) || unicode.IsDigit(r):
			wide += 8.6
		default:
			wide += 7.4
		}
	}
	return int(wide + 0.99)
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
{{end}}{{range .Boxes}}<g><title>{{.Title}}</title><rect class="{{.Kind}}" x="{{.X}}" y="{{.Y}}" width="{{.Wide}}" height="{{.High}}" rx="3"/>{{if .Text}}<text x="{{.TextX}}" y="{{less .Y -16}}">{{.Text}}</text>{{end}}</g>
{{end}}{{range .Signs}}<g><title>{{.Title}}</title>{{if eq .Kind "lost"}}<path class="mark" d="M{{less .X 5}} {{less .Y 5}}l10 10m0 -10l-10 10"/>{{else}}<circle class="mark {{.Kind}}" cx="{{.X}}" cy="{{.Y}}" r="5"/>{{end}}</g>
{{end}}<text class="faint" x="172" y="{{less .Height 10}}">{{.Legend}}</text>
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
			c.Text(2*b.TextX, r.Min.Y+31, 2*wideAs(b.Text)+8, c.Letters(b.Text), c.Small, picture.Ink)
		}
	}
	for _, s := range p.Signs {
		words := map[string]string{"answered": "●", "waiting": "○", "lost": "×"}[s.Kind]
		c.Text(2*s.X-c.Width(words, c.Bold)/2, 2*s.Y+9, 60, words, c.Bold, picture.Ink)
	}
	c.Text(2*stripLeft, 2*(p.Height-10), 2*(stripWidth-stripLeft), p.Legend, c.Small, picture.Faint)
}
