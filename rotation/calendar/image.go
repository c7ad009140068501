package calendar

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
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
	textSize   = 26
	smallSize  = 22
)

// The colours. No two bars beside each other need them to be told apart: each has an edge
// and the names of its people.
var (
	paper   = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink     = color.RGBA{0x1d, 0x1c, 0x1d, 0xff}
	faint   = color.RGBA{0x61, 0x60, 0x61, 0xff}
	line    = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
	weekend = color.RGBA{0xf4, 0xf4, 0xf2, 0xff}
	alarm   = color.RGBA{0xc0, 0x1b, 0x3c, 0xff}
	pale    = color.RGBA{0xfd, 0xec, 0xef, 0xff}
	tints   = []color.RGBA{
		{0xcf, 0xe3, 0xf7, 0xff}, {0xd8, 0xee, 0xd2, 0xff}, {0xfb, 0xe6, 0xc4, 0xff}, {0xe6, 0xdb, 0xf3, 0xff},
		{0xcd, 0xec, 0xea, 0xff}, {0xf8, 0xdb, 0xe6, 0xff}, {0xec, 0xe9, 0xc6, 0xff}, {0xdd, 0xe1, 0xe8, 0xff},
	}
)

// faces are the two fonts, read once. A face draws for one at a time.
var faces = sync.OnceValues(func() (*typefaces, error) {
	var t typefaces
	for _, f := range []struct {
		to   *font.Face
		data []byte
		size float64
	}{{&t.plain, goregular.TTF, textSize}, {&t.bold, gobold.TTF, textSize}, {&t.small, goregular.TTF, smallSize}} {
		parsed, err := opentype.Parse(f.data)
		if err != nil {
			return nil, fmt.Errorf("read the font: %v", err)
		}
		if *f.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: f.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return nil, fmt.Errorf("read the font: %v", err)
		}
	}
	return &t, nil
})

type typefaces struct {
	mu                 sync.Mutex
	plain, bold, small font.Face
}

// WritePNG draws the chart as an image. Now is marked where it lies in it.
func (c Chart) WritePNG(to io.Writer, now time.Time) error {
	t, err := faces()
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &picture{c: c, t: t, tint: map[string]int{}}
	p.draw(now)
	return png.Encode(to, p.img)
}

// picture is an image in the making.
type picture struct {
	c    Chart
	t    *typefaces
	img  *image.RGBA
	tint map[string]int // by the people of a bar
}

func (p *picture) draw(now time.Time) {
	c := p.c
	legend := p.legend()
	block := headHeight + len(c.Rows)*rowHeight + margin
	width := 2*margin + labelWidth + 7*dayPixels
	height := 2*margin + len(c.weeks())*block + len(legend)*34
	p.img = image.NewRGBA(image.Rect(0, 0, width, height))
	p.fill(p.img.Bounds(), paper)
	y := margin
	for _, w := range c.weeks() {
		p.week(w, y, now)
		y += block
	}
	for _, s := range legend {
		p.text(margin, y+26, width-2*margin, s, p.t.small, faint)
		y += 34
	}
}

// week draws the days of a week, and a line of bars for each rotation.
func (p *picture) week(w week, top int, now time.Time) {
	c, left := p.c, margin+labelWidth
	bottom := top + headHeight + len(c.Rows)*rowHeight
	for d := w.from; d < w.to; d++ {
		x := left + (d-w.from)*dayPixels
		day := c.Days[d].In(c.Zone)
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			p.fill(image.Rect(x, top, x+dayPixels, bottom), weekend)
		}
		p.fill(image.Rect(x, top, x+2, bottom), line)
		p.text(x+14, top+42, dayPixels-20, day.Format("Mon 2 Jan"), p.t.bold, ink)
	}
	p.fill(image.Rect(left+(w.to-w.from)*dayPixels, top, left+(w.to-w.from)*dayPixels+2, bottom), line)
	for k, r := range c.Rows {
		y := top + headHeight + k*rowHeight
		p.fill(image.Rect(margin, y, left+(w.to-w.from)*dayPixels, y+2), line)
		if team := p.letters(r.Team); team == "" {
			p.text(margin, y+46, labelWidth-16, r.Rotation, p.t.bold, ink)
		} else {
			p.text(margin, y+34, labelWidth-16, r.Rotation, p.t.bold, ink)
			p.text(margin, y+62, labelWidth-16, team, p.t.small, faint)
		}
		for _, b := range c.within(r, w) {
			p.bar(b, left+c.place(w, b.Start, dayPixels), left+c.place(w, b.End, dayPixels), y)
		}
	}
	if !now.Before(c.Days[w.from]) && now.Before(c.Days[w.to]) {
		x := left + c.place(w, now, dayPixels)
		p.fill(image.Rect(x-1, top+headHeight-6, x+2, bottom), alarm)
		p.text(x+6, top+headHeight-10, 60, "now", p.t.small, alarm)
	}
}

// legend says on whose clock the days lie, what edges and stripes mean, and what has no
// room for its words.
func (p *picture) legend() []string {
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
func (p *picture) bar(b Bar, from, to, y int) {
	box := image.Rect(from+3, y+barInset, max(to-1, from+5), y+rowHeight-barInset)
	who := b.names(func(p Person) string { return p.ID })
	text := b.names(p.called)
	if font.MeasureString(p.t.bold, text).Ceil() > box.Dx()-20 {
		text = who
	}
	switch b.Kind {
	case Gap:
		p.fill(box, pale)
		p.stripes(box, alarm)
		p.edge(box, alarm, 3)
		if wide := font.MeasureString(p.t.bold, text).Ceil(); wide+28 < box.Dx() {
			// The words stand on plain ground, or the stripes would run through them.
			p.fill(image.Rect(box.Min.X+6, box.Min.Y+10, box.Min.X+wide+22, box.Max.Y-10), pale)
			p.text(box.Min.X+12, y+47, box.Dx()-14, text, p.t.bold, alarm)
		}
		return
	case Override, Swap:
		p.fill(box, p.colour(who))
		p.edge(box, ink, 4)
		if box.Dx() > 150 {
			p.text(box.Min.X+12, y+36, box.Dx()-18, text, p.t.bold, ink)
			p.text(box.Min.X+12, y+60, box.Dx()-18, string(b.Kind), p.t.small, ink)
			return
		}
		p.text(box.Min.X+12, y+47, box.Dx()-18, text, p.t.bold, ink)
	default:
		p.fill(box, p.colour(who))
		p.edge(box, line, 2)
		p.text(box.Min.X+10, y+47, box.Dx()-14, text, p.t.plain, ink)
	}
}

// colour is that of people, the same wherever they stand.
func (p *picture) colour(who string) color.RGBA {
	n, ok := p.tint[who]
	if !ok {
		n = len(p.tint) % len(tints)
		p.tint[who] = n
	}
	return tints[n]
}

// called is the name of a person, or their ID where the font has not all letters of the
// name.
func (p *picture) called(who Person) string {
	if strings.ContainsFunc(who.Name, p.lacks) {
		return who.ID
	}
	return who.Name
}

// lacks reports whether the font has no such letter.
func (p *picture) lacks(r rune) bool {
	_, ok := p.t.plain.GlyphAdvance(r)
	return !ok && r != ' '
}

// letters is what the font has of a text: an empty box says nothing to anybody.
func (p *picture) letters(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if p.lacks(r) {
			return -1
		}
		return r
	}, s)), " ")
}

func (p *picture) fill(r image.Rectangle, c color.Color) {
	draw.Draw(p.img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

func (p *picture) edge(r image.Rectangle, c color.Color, wide int) {
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+wide), c)
	p.fill(image.Rect(r.Min.X, r.Max.Y-wide, r.Max.X, r.Max.Y), c)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+wide, r.Max.Y), c)
	p.fill(image.Rect(r.Max.X-wide, r.Min.Y, r.Max.X, r.Max.Y), c)
}

// stripes draws slanted lines.
func (p *picture) stripes(r image.Rectangle, c color.Color) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if (x+y)%18 < 2 {
				p.img.Set(x, y, c)
			}
		}
	}
}

// text writes what fits into so many pixels; what is cut ends with an ellipsis.
func (p *picture) text(x, y, room int, s string, face font.Face, c color.Color) {
	runes := []rune(s)
	for shown := s; len(runes) > 0; {
		if font.MeasureString(face, shown).Ceil() <= room {
			d := font.Drawer{Dst: p.img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
			d.DrawString(shown)
			return
		}
		runes = runes[:len(runes)-1]
		shown = string(runes) + "…"
		if len(runes) == 0 {
			return
		}
	}
}
