package calendar

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/picture"
)

// What the image is made of, in pixels. It is drawn twice as large as phones of old
// showed it, since phones of today show it so.
const (
	margin     = 32
	labelWidth = 280
	dayPixels  = 240
	rowHeight  = 76
	headHeight = 64
	barInset   = 8
)

// The colours. No two bars beside each other need them to be told apart: each has an edge
// and the names of its people.
var (
	weekend = color.RGBA{0xf4, 0xf4, 0xf2, 0xff}
	tints   = []color.RGBA{
		{0xcf, 0xe3, 0xf7, 0xff}, {0xd8, 0xee, 0xd2, 0xff}, {0xfb, 0xe6, 0xc4, 0xff}, {0xe6, 0xdb, 0xf3, 0xff},
		{0xcd, 0xec, 0xea, 0xff}, {0xf8, 0xdb, 0xe6, 0xff}, {0xec, 0xe9, 0xc6, 0xff}, {0xdd, 0xe1, 0xe8, 0xff},
	}
)

// WritePNG draws the chart as an image. Now is marked where it lies in it.
func (c Chart) WritePNG(to io.Writer, now time.Time) error {
	return picture.WritePNG(to, func(on *picture.Canvas) {
		p := &drawing{Canvas: on, c: c, tint: map[string]int{}}
		p.draw(now)
	})
}

// drawing is the image in the making.
type drawing struct {
	*picture.Canvas
	c    Chart
	tint map[string]int // by the people of a bar
}

func (p *drawing) draw(now time.Time) {
	c := p.c
	legend := p.legend()
	block := headHeight + len(c.Rows)*rowHeight + margin
	width := 2*margin + labelWidth + 7*dayPixels
	height := 2*margin + len(c.weeks())*block + len(legend)*34
	p.Size(width, height)
	y := margin
	for _, w := range c.weeks() {
		p.week(w, y, now)
		y += block
	}
	for _, s := range legend {
		p.Text(margin, y+26, width-2*margin, s, p.Small, picture.Faint)
		y += 34
	}
}

// week draws the days of a week, and a line of bars for each rotation.
func (p *drawing) week(w week, top int, now time.Time) {
	c, left := p.c, margin+labelWidth
	bottom := top + headHeight + len(c.Rows)*rowHeight
	for d := w.from; d < w.to; d++ {
		x := left + (d-w.from)*dayPixels
		day := c.Days[d].In(c.Zone)
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			p.Fill(image.Rect(x, top, x+dayPixels, bottom), weekend)
		}
		p.Fill(image.Rect(x, top, x+2, bottom), picture.Line)
		p.Text(x+14, top+42, dayPixels-20, day.Format("Mon 2 Jan"), p.Bold, picture.Ink)
	}
	p.Fill(image.Rect(left+(w.to-w.from)*dayPixels, top, left+(w.to-w.from)*dayPixels+2, bottom), picture.Line)
	for k, r := range c.Rows {
		y := top + headHeight + k*rowHeight
		p.Fill(image.Rect(margin, y, left+(w.to-w.from)*dayPixels, y+2), picture.Line)
		if team := p.Letters(r.Team); team == "" {
			p.Text(margin, y+46, labelWidth-16, r.Rotation, p.Bold, picture.Ink)
		} else {
			p.Text(margin, y+34, labelWidth-16, r.Rotation, p.Bold, picture.Ink)
			p.Text(margin, y+62, labelWidth-16, team, p.Small, picture.Faint)
		}
		for _, b := range c.within(r, w) {
			p.bar(b, left+c.place(w, b.Start, dayPixels), left+c.place(w, b.End, dayPixels), y)
		}
	}
	if !now.Before(c.Days[w.from]) && now.Before(c.Days[w.to]) {
		x := left + c.place(w, now, dayPixels)
		p.Fill(image.Rect(x-1, top+headHeight-6, x+2, bottom), picture.Alarm)
		p.Text(x+6, top+headHeight-10, 60, "now", p.Small, picture.Alarm)
	}
}

// legend says on whose clock the days lie, what edges and stripes mean, and what has no
// room for its words.
func (p *drawing) legend() []string {
	c := p.c
	list := c.clock()
	if c.has(Override) || c.has(Swap) {
		list = append(list, "A heavy edge: somebody was put there by an override, or shifts were swapped.")
	}
	if c.has(Gap) {
		list = append(list, "Stripes: nobody is on call.")
	}
	if slices.ContainsFunc(c.Rows, func(r Row) bool { return slices.ContainsFunc(r.Bars, nameless) }) {
		list = append(list, "Some turns are too short for a name.")
	}
	for _, r := range c.Rows {
		for _, b := range r.Bars {
			if b.Kind != Turn && b.Kind != Gap && b.End.Sub(b.Start) < narrow {
				list = append(list, r.Rotation+", "+c.span(b)+": "+b.names(p.called)+" ("+string(b.Kind)+")")
			}
		}
	}
	if more := len(list) - legendMost; more > 0 {
		list = append(list[:legendMost], fmt.Sprintf("And %d more short ones.", more))
	}
	return list
}

// nameless reports whether it is somebody's turn for so short that not even their ID has
// room.
func nameless(b Bar) bool { return b.Kind == Turn && b.End.Sub(b.Start) < 3*time.Hour }

// narrow is how short a bar is that has no room for its words; legendMost is how many
// lines the legend has.
const (
	narrow     = 12 * time.Hour
	legendMost = 12
)

// bar draws a stretch of time with the same people.
func (p *drawing) bar(b Bar, from, to, y int) {
	box := image.Rect(from+3, y+barInset, max(to-1, from+5), y+rowHeight-barInset)
	who := b.names(func(p Person) string { return p.ID })
	text := b.names(p.called)
	if p.Width(text, p.Bold) > box.Dx()-20 {
		text = who
	}
	switch b.Kind {
	case Gap:
		p.Fill(box, picture.Pale)
		p.Stripes(box, picture.Alarm)
		p.Edge(box, picture.Alarm, 3)
		if wide := p.Width(text, p.Bold); wide+28 < box.Dx() {
			// The words stand on plain ground, or the stripes would run through them.
			p.Fill(image.Rect(box.Min.X+6, box.Min.Y+10, box.Min.X+wide+22, box.Max.Y-10), picture.Pale)
			p.Text(box.Min.X+12, y+47, box.Dx()-14, text, p.Bold, picture.Alarm)
		}
		return
	case Override, Swap:
		p.Fill(box, p.colour(who))
		p.Edge(box, picture.Ink, 4)
		if box.Dx() > 150 {
			p.Text(box.Min.X+12, y+36, box.Dx()-18, text, p.Bold, picture.Ink)
			p.Text(box.Min.X+12, y+60, box.Dx()-18, string(b.Kind), p.Small, picture.Ink)
			return
		}
		p.Text(box.Min.X+12, y+47, box.Dx()-18, text, p.Bold, picture.Ink)
	default:
		p.Fill(box, p.colour(who))
		p.Edge(box, picture.Line, 2)
		p.Text(box.Min.X+10, y+47, box.Dx()-14, text, p.Plain, picture.Ink)
	}
}

// colour is that of people, the same wherever they stand.
func (p *drawing) colour(who string) color.RGBA {
	n, ok := p.tint[who]
	if !ok {
		n = len(p.tint) % len(tints)
		p.tint[who] = n
	}
	return tints[n]
}

// called is the name of a person, or their ID where the font has not all letters of the
// name.
func (p *drawing) called(who Person) string {
	if strings.ContainsFunc(who.Name, p.Lacks) {
		return who.ID
	}
	return who.Name
}
