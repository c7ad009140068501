package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// TestIndexed: what is flat keeps its colour however many there are beside it, and the
// shades at the edges of letters get one that nobody can tell from their own.
func TestIndexed(t *testing.T) {
	for texts, off := range map[int]int{1: 0, 7: 24} {
		t.Run(fmt.Sprintf("texts in %d colours", texts), func(t *testing.T) {
			var painted *image.RGBA
			var b bytes.Buffer
			flat := image.Rect(0, 300, 400, 310)
			err := WritePNG(&b, func(c *Canvas) {
				c.Size(401, 310)
				for n := range texts {
					box := image.Rect(0, 40*n, 401, 40*n+40)
					c.Fill(box, color.RGBA{uint8(255 - 30*n), uint8(140 + 15*n), uint8(60 * n), 0xff})
					c.Text(2, 40*n+30, 400, "The quick brown fox jumps over", c.Plain, color.RGBA{uint8(20 * n), 0, uint8(90 - 10*n), 0xff})
				}
				c.Fill(flat, color.RGBA{1, 2, 3, 0xff}) // last, and much of it
				painted = c.img
			})
			if err != nil {
				t.Fatal(err)
			}
			shades := map[color.RGBA]bool{}
			got, err := png.Decode(&b)
			if err != nil {
				t.Fatal(err)
			}
			if _, is := got.(*image.Paletted); !is {
				t.Errorf("it is a %T, want one with a palette", got)
			}
			for y := range 310 {
				for x := range 401 {
					r, g, b, a := got.At(x, y).RGBA()
					want := painted.RGBAAt(x, y)
					shades[want] = true
					far := max(apart(r>>8, want.R), apart(g>>8, want.G), apart(b>>8, want.B), apart(a>>8, want.A))
					if far > off || far > 0 && image.Pt(x, y).In(flat) {
						t.Fatalf("the pixel at %d,%d is %v, want %v", x, y, got.At(x, y), want)
					}
				}
			}
			if texts > 1 && len(shades) <= 256 {
				t.Errorf("only %d shades: the test shows nothing", len(shades))
			}
		})
	}
}

func apart(a uint32, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
