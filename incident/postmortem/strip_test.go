package postmortem

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestStrip draws what the record has: the rows, in the order of time.
func TestStrip(t *testing.T) {
	i, events, ctx := long(t)
	s, ok := New(i, events, ctx).strip()
	if !ok {
		t.Fatal("there is no picture")
	}
	var rows []string
	for _, r := range s.Rows {
		line := r.Name + ":"
		for _, b := range r.Bars {
			line += " " + b.Words + " " + b.When + ";"
			if b.From < 0 || b.To > 1 || b.From >= b.To {
				t.Errorf("%s stands from %g to %g", b.Words, b.From, b.To)
			}
		}
		for _, m := range r.Marks {
			line += " " + m.Words + " (" + m.Kind + ");"
		}
		rows = append(rows, line)
	}
	golden(t, "long_strip.txt", strings.Join(rows, "\n")+"\n")
}

// TestStripOfEveryKind draws incidents of all kinds, as XML that is well formed and as an
// image, or draws nothing.
func TestStripOfEveryKind(t *testing.T) {
	documents := map[string]Document{"nothing": {}}
	for _, c := range cases {
		i, events, ctx := c.play(t)
		documents[c.name] = New(i, events, ctx)
	}
	i, events, ctx := everyField(t, "<b>\"'&\u202E 田中 שלום 🔥")
	documents["every field"] = New(i, events, ctx)
	documents["hostile"] = hostile(t)
	for name, d := range documents {
		svg := d.StripSVG()
		var image bytes.Buffer
		drawn, err := d.WriteStripPNG(&image)
		if err != nil {
			t.Fatal(err)
		}
		if drawn != (svg != "") {
			t.Errorf("%s: an image is %t, a picture %t", name, drawn, svg != "")
		}
		if !drawn {
			if len(d.Changes) > 0 {
				t.Errorf("%s has changes and no picture", name)
			}
			continue
		}
		dec := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s is no XML: %v", name, err)
				break
			}
		}
		for _, want := range []string{"<title id=", "<desc id=", `role="img"`, "prefers-color-scheme: dark", "@media print"} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		p, err := png.Decode(&image)
		if err != nil || p.Bounds().Dx() != 2*stripWidth {
			t.Errorf("%s is no image of the right size: %v", name, err)
		}
	}
}

// TestStripLabels: what stands at a bar stands there whole, in it or behind it, and never on
// another one.
func TestStripLabels(t *testing.T) {
	documents := map[string]Document{"hostile": hostile(t)}
	for _, c := range cases {
		i, events, ctx := c.play(t)
		documents[c.name] = New(i, events, ctx)
	}
	i, events, ctx := everyField(t, strings.Repeat("WiM ", 40))
	documents["wide"] = New(i, events, ctx)
	for name, d := range documents {
		s, ok := d.strip()
		if !ok {
			continue
		}
		p := s.sheet()
		for n, b := range p.Boxes {
			if b.Text == "" {
				continue
			}
			end := b.TextX + wideAs(b.Text)
			if strings.Contains(b.Text, "…") || end > stripWidth {
				t.Errorf("%s: %q ends at %d", name, b.Text, end)
			}
			for m, other := range p.Boxes {
				if m != n && other.Y == b.Y && other.X < end && other.X+other.Wide > b.TextX {
					t.Errorf("%s: %q stands on %q", name, b.Text, other.Title)
				}
			}
		}
		for _, l := range p.Names {
			if l.X+wideAs(l.Words) > stripLeft {
				t.Errorf("%s: the name %q reaches into the picture", name, l.Words)
			}
		}
	}
}

// hostile is a document with texts that break pages: long words, many emoji, text from right to left.
func hostile(t *testing.T) Document {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: strings.Repeat("Donaudampfschifffahrt", 9), Service: "checkout"}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	r.do(r.i.Note("", "what: "+strings.Repeat("x", 600)+" https://example.com/"+strings.Repeat("path", 90), ada, r.after(time.Minute)))
	r.do(r.i.Note("", "where: "+strings.Repeat("🔥", 4000), ada, r.after(time.Minute)))
	r.do(r.i.Note("", "how: שירות התשלומים נפל בגלל הגדרה, English inside, עוד טקסט", ada, r.after(time.Minute)))
	r.do(r.i.Note(incident.Decision, "options: wait; roll back\nchose: roll back\nbecause: "+strings.Repeat("because ", 80), ada, r.after(5*time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(9*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	return New(r.i, r.events, shop(t))
}

// TestPages writes pages to look at into the folder that LOOK names.
func TestPages(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip("set LOOK to a folder to look at the pages")
	}
	i, events, ctx := long(t)
	for name, d := range map[string]Document{"hostile": hostile(t), "long": New(i, events, ctx)} {
		var image bytes.Buffer
		if _, err := d.WriteStripPNG(&image); err != nil {
			t.Fatal(err)
		}
		for file, content := range map[string][]byte{name + ".html": []byte(d.HTML()), name + ".png": image.Bytes(), name + ".md": []byte(d.Markdown())} {
			if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
