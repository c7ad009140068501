// Package chart draws reports. Its one noun is the picture, as PNG: [Month] draws how long
// things took, each incident a point on a logarithmic axis, and below which promises were
// kept; [Week] how often which service interrupted people.
//
// A picture is a function of the report. It refuses to say anything that the words beside
// it do not say, or to say it by colour alone, and it draws no line through points that
// have nothing to do with each other.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/stormbell/stormbell/incident/report"
)

// The size of a picture, which is read on a phone too: there it is as wide as the screen,
// and a letter a third of that in points. Its colours differ in brightness.
const (
	width  = 6 * vg.Inch
	height = 4.6 * vg.Inch
	fine   = 144 // dots to the inch
	edge   = 10  // points that stay free
)

var (
	ink  = color.RGBA{0x1f, 0x3a, 0x5f, 0xff}
	dots = color.RGBA{0x1f, 0x3a, 0x5f, 0xa0}
	pale = color.RGBA{0xd9, 0x8e, 0x3b, 0xff}
	grid = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
)

// Month draws the durations of a report and the promises that were kept, under a title.
func Month(title string, r report.Incidents, k report.Kept) ([]byte, error) {
	canvas := sheet(height)
	all := draw.New(canvas)
	above, below := draw.Crop(all, edge, -edge, height*0.36, -edge), draw.Crop(all, edge, -edge, edge, -height*0.68)
	durations, err := durationsPlot(title, r)
	if err != nil {
		return nil, err
	}
	promises, err := promisesPlot(k)
	if err != nil {
		return nil, err
	}
	durations.Draw(above)
	promises.Draw(below)
	return encoded(canvas)
}

// Week draws how often people were interrupted because of which service, under a title.
func Week(title string, list []report.Disturbance) ([]byte, error) {
	p := titled(title)
	var names []string
	calm, hurt := plotter.Values{}, plotter.Values{}
	most := 1
	for n, d := range slices.Backward(list) { // the first one at the top
		times := fmt.Sprintf(": %d", d.Times)
		if d.Hurt > 0 {
			times += fmt.Sprintf(", %d off hours", d.Hurt)
		}
		names = append(names, fitted(p.Y.Tick.Label, drawn(d.Service, n), times, nameMost)+times)
		calm, hurt = append(calm, float64(d.Times-d.Hurt)), append(hurt, float64(d.Hurt))
		most = max(most, d.Times)
	}
	if err := addStacked(p, calm, hurt); err != nil {
		return nil, err
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, float64(most)
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	p.X.Tick.Marker = plot.ConstantTicks(whole(most))
	p.X.Label.Text = "interrupts; lighter: nights, weekends, holidays"
	canvas := sheet(vg.Length(len(list))*0.5*vg.Inch + 1.2*vg.Inch)
	p.Draw(draw.Crop(draw.New(canvas), edge, -edge, edge, -edge))
	return encoded(canvas)
}

// nameMost is how much room the name of a service has beside its bar, with its figures.
const nameMost = 0.45 * width

// sheet is an empty picture.
func sheet(high vg.Length) *vgimg.Canvas {
	return vgimg.NewWith(vgimg.UseWH(width, high), vgimg.UseDPI(fine))
}

// titled is an empty plot under a title, which is cut where it has no room.
func titled(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = fitted(p.Title.TextStyle, strings.Join(strings.Fields(title), " "), "", width-4*edge)
	p.BackgroundColor = color.White
	return p
}

// fitted is as much of a text as has room before what follows.
func fitted(style draw.TextStyle, s, follows string, room vg.Length) string {
	if style.Width(s+follows) <= room {
		return s
	}
	r := []rune(s)
	n := sort.Search(len(r), func(n int) bool { return style.Width(string(r[:n+1])+"…"+follows) > room })
	return strings.TrimRight(string(r[:n]), " ") + "…"
}

// drawn is the name of service n as it is drawn: the font has the letters of Europe. Others
// would leave nothing; then it is named by its place in the message, which has it in words.
func drawn(name string, n int) string {
	for _, r := range name {
		if unicode.Is(unicode.So, r) || unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
			return fmt.Sprintf("service %d of the message", n+1)
		}
	}
	return name
}

func encoded(canvas *vgimg.Canvas) ([]byte, error) {
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw report: %v", err)
	}
	return b.Bytes(), nil
}

// addStacked adds bars, and lighter ones at their ends.
func addStacked(p *plot.Plot, first, then plotter.Values) error {
	dark, err := bars(first, ink)
	if err != nil {
		return err
	}
	light, err := bars(then, pale)
	if err != nil {
		return err
	}
	light.StackOn(dark)
	p.Add(dark, light)
	return nil
}

// ticks are the marks of the axis of time, in minutes.
var ticks = plot.ConstantTicks{
	{Value: 1, Label: "1 min"}, {Value: 5, Label: "5 min"}, {Value: 15, Label: "15 min"}, {Value: 60, Label: "1 h"},
	{Value: 4 * 60, Label: "4 h"}, {Value: 24 * 60, Label: "1 day"}, {Value: 7 * 24 * 60, Label: "1 week"}, {Value: 30 * 24 * 60, Label: "30 days"},
}

// farTicks are those of an axis on which all have no room.
var farTicks = plot.ConstantTicks{ticks[0], ticks[2], ticks[4], ticks[5], ticks[7]}

// durationsPlot has a row for each measure, the first one at the top.
func durationsPlot(title string, r report.Incidents) (*plot.Plot, error) {
	p := titled(title)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ticks
	lines := plotter.NewGrid()
	lines.Vertical.Color, lines.Horizontal.Color = grid, grid
	p.Add(lines)
	names, most := make([]string, len(r.Durations)), 60.0
	for n, d := range r.Durations {
		row := len(r.Durations) - 1 - n
		names[row] = rowName(d)
		points := plotter.XYs{}
		for _, x := range d.Points {
			points = append(points, plotter.XY{X: math.Max(x.Minutes, 1), Y: float64(row)})
			most = math.Max(most, x.Minutes)
		}
		if err := addPoints(p, points, draw.GlyphStyle{Color: dots, Radius: vg.Points(4), Shape: draw.CircleGlyph{}}); err != nil {
			return nil, err
		}
		if d.Median != nil {
			at := math.Max(*d.Median, 1)
			middle, err := plotter.NewLine(plotter.XYs{{X: at, Y: float64(row) - 0.36}, {X: at, Y: float64(row) + 0.36}})
			if err != nil {
				return nil, fmt.Errorf("draw median: %v", err)
			}
			middle.Color, middle.Width = pale, vg.Points(2.5)
			p.Add(middle)
		}
	}
	p.NominalY(names...)
	if p.X.Min, p.X.Max = 0.8, most*1.6; most > 7*24*60 {
		p.X.Tick.Marker = farTicks
	}
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	return p, nil
}

func rowName(d report.Duration) string {
	name := fmt.Sprintf("%s, n %d", strings.ReplaceAll(string(d.Measure), "_", " "), d.N)
	if d.Median != nil {
		name += fmt.Sprintf(", median %g min (bar)", *d.Median)
	}
	return name
}

func addPoints(p *plot.Plot, points plotter.XYs, style draw.GlyphStyle) error {
	if len(points) == 0 {
		return nil
	}
	s, err := plotter.NewScatter(points)
	if err != nil {
		return fmt.Errorf("draw points: %v", err)
	}
	s.GlyphStyle = style
	p.Add(s)
	return nil
}

// promisesPlot has a bar for each kind of promise: what was kept, and behind it what was
// missed. The name of the bar says both in figures.
func promisesPlot(k report.Kept) (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	rows := []struct {
		name string
		report.Ratio
	}{{"restored", k.Restore}, {"updated", k.Update}, {"acknowledged", k.Ack}}
	var names []string
	kept, missed := plotter.Values{}, plotter.Values{}
	most := 1
	for _, x := range rows {
		names = append(names, x.name+" in time: "+x.Words())
		kept, missed = append(kept, float64(x.Met)), append(missed, float64(x.Of-x.Met))
		most = max(most, x.Of)
	}
	if err := addStacked(p, kept, missed); err != nil {
		return nil, err
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, float64(most)
	p.X.Tick.Marker = plot.ConstantTicks(whole(most))
	p.X.Label.Text = "incidents; lighter: those in which it was missed"
	return p, nil
}

func bars(values plotter.Values, fill color.Color) (*plotter.BarChart, error) {
	b, err := plotter.NewBarChart(values, vg.Points(14))
	if err != nil {
		return nil, fmt.Errorf("draw bars: %v", err)
	}
	b.Horizontal, b.Color = true, fill
	b.LineStyle.Width = 0
	return b, nil
}

// whole are marks at whole numbers, a few of them.
func whole(most int) []plot.Tick {
	step := 1
	for _, wider := range []int{2, 5, 10, 20, 50, 100, 200, 500, 1000} {
		if most/step > 10 {
			step = wider
		}
	}
	var list []plot.Tick
	for n := 0; n <= most; n += step {
		list = append(list, plot.Tick{Value: float64(n), Label: fmt.Sprint(n)})
	}
	return slices.Clip(list)
}
