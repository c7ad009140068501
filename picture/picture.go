// Package picture draws on an image what charts are made of: rectangles, edges, stripes
// and lines of text in the fonts that come with the program. Its noun is the [Canvas]. It
// knows nothing of what a chart shows.
package picture

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The heights of the fonts, in pixels. Charts are drawn twice as large as phones of old
// showed them, since phones of today show them so.
const (
	textSize  = 26
	smallSize = 22
)

// The colours that every chart has.
var (
	Paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	Ink   = color.RGBA{0x1d, 0x1c, 0x1d, 0xff}
	Faint = color.RGBA{0x61, 0x60, 0x61, 0xff}
	Line  = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
	Alarm = color.RGBA{0xc0, 0x1b, 0x3c, 0xff}
	Pale  = color.RGBA{0xfd, 0xec, 0xef, 0xff}
)

// typefaces are the fonts. A face draws for one at a time.
type typefaces struct {
	mu                 sync.Mutex
	plain, bold, small font.Face
}

// faces reads them once.
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

// Canvas is an image in the making.
type Canvas struct {
	Plain, Bold, Small font.Face
	img                *image.RGBA
}

// WritePNG writes the image that paint makes: it says how large it is before it draws.
func WritePNG(to io.Writer, paint func(*Canvas)) error {
	t, err := faces()
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &Canvas{Plain: t.plain, Bold: t.bold, Small: t.small}
	paint(c)
	return encoder.Encode(to, indexed(c.img))
}

// encoder prefers speed: a chart is flat colour, which any level makes small.
var encoder = png.Encoder{CompressionLevel: png.BestSpeed}

// indexed is the image with a palette of its most frequent colours, which is written in
// a fraction of the time and of the bytes. What a palette has no room for are shades at
// the edges of letters; each becomes the nearest there is.
func indexed(img *image.RGBA) *image.Paletted {
	often := map[uint32]int{}
	runs(img, func(c uint32, from, to int) { often[c] += to - from })
	colours := slices.SortedFunc(maps.Keys(often), func(a, b uint32) int {
		return cmp.Or(cmp.Compare(often[b], often[a]), cmp.Compare(a, b))
	})
	p := image.NewPaletted(img.Rect, nil)
	index := map[uint32]uint8{}
	for _, c := range colours {
		rgba := color.RGBA{uint8(c), uint8(c >> 8), uint8(c >> 16), uint8(c >> 24)}
		if len(p.Palette) < 256 {
			index[c] = uint8(len(p.Palette))
			p.Palette = append(p.Palette, rgba)
		} else {
			index[c] = uint8(p.Palette.Index(rgba))
		}
	}
	runs(img, func(c uint32, from, to int) {
		for n := index[c]; from < to; from++ {
			p.Pix[from] = n
		}
	})
	return p
}

// runs calls each for the stretches of one colour, in the order of the pixels.
func runs(img *image.RGBA, each func(c uint32, from, to int)) {
	from := 0
	var c uint32
	for k := 0; 4*k < len(img.Pix); k++ {
		next := binary.LittleEndian.Uint32(img.Pix[4*k:])
		if next != c && k > 0 {
			each(c, from, k)
			from = k
		}
		c = next
	}
	each(c, from, len(img.Pix)/4)
}

// Size makes the canvas so large, and empty.
func (c *Canvas) Size(width, height int) {
	c.img = image.NewRGBA(image.Rect(0, 0, width, height))
	c.Fill(c.img.Bounds(), Paper)
}

// Width returns how wide a text is.
func (c *Canvas) Width(s string, face font.Face) int { return font.MeasureString(face, s).Ceil() }

// Lacks reports whether the fonts have no such letter.
func (c *Canvas) Lacks(r rune) bool {
	_, ok := c.Plain.GlyphAdvance(r)
	return !ok && r != ' '
}

// Letters is what the fonts have of a text: an empty box says nothing to anybody.
func (c *Canvas) Letters(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if c.Lacks(r) {
			return -1
		}
		return r
	}, s)), " ")
}

// Fill paints a rectangle.
func (c *Canvas) Fill(r image.Rectangle, with color.Color) {
	draw.Draw(c.img, r, image.NewUniform(with), image.Point{}, draw.Src)
}

// Edge draws the inner edge of a rectangle.
func (c *Canvas) Edge(r image.Rectangle, with color.Color, wide int) {
	c.Fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+wide), with)
	c.Fill(image.Rect(r.Min.X, r.Max.Y-wide, r.Max.X, r.Max.Y), with)
	c.Fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+wide, r.Max.Y), with)
	c.Fill(image.Rect(r.Max.X-wide, r.Min.Y, r.Max.X, r.Max.Y), with)
}

// Stripes draws slanted lines into a rectangle.
func (c *Canvas) Stripes(r image.Rectangle, with color.Color) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if (x+y)%18 < 2 {
				c.img.Set(x, y, with)
			}
		}
	}
}

// Text writes what fits into so many pixels; what is cut ends with an ellipsis.
func (c *Canvas) Text(x, y, room int, s string, face font.Face, with color.Color) {
	runes := []rune(s)
	for shown := s; len(runes) > 0; {
		if font.MeasureString(face, shown).Ceil() <= room {
			d := font.Drawer{Dst: c.img, Src: image.NewUniform(with), Face: face, Dot: fixed.P(x, y)}
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
