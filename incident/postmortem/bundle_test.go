package postmortem

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

func bundled(t *testing.T) []byte {
	t.Helper()
	i, events, ctx := long(t)
	b, err := New(i, events, ctx).Bundle()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// repack changes what is in a bundle.
func repack(t *testing.T, bundle []byte, change func(files map[string]string, w *zip.Writer)) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	change(files, w)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVerify(t *testing.T) {
	whole := bundled(t)
	if !bytes.Equal(whole, bundled(t)) {
		t.Error("the same document is not the same bundle")
	}
	p, err := Verify(whole)
	if err != nil || len(p.Wrong) > 0 || p.Name != "INC-42" || len(p.Files) != 5 || len(p.Fingerprint) != 64 {
		t.Errorf("a whole bundle: %+v, %v", p, err)
	}
	for name, c := range map[string]struct {
		change func(files map[string]string, w *zip.Writer)
		want   string
	}{
		"changed":        {func(f map[string]string, _ *zip.Writer) { f["post-mortem.md"] += " " }, "post-mortem.md differs"},
		"missing":        {func(f map[string]string, _ *zip.Writer) { delete(f, "strip.png") }, "strip.png is missing"},
		"added":          {func(f map[string]string, _ *zip.Writer) { f["notes.txt"] = "x" }, "notes.txt was added"},
		"no list":        {func(f map[string]string, _ *zip.Writer) { delete(f, "SHA256SUMS") }, "SHA256SUMS is missing"},
		"a path":         {func(f map[string]string, _ *zip.Writer) { f["../../etc/passwd"] = "x" }, "no name of a file"},
		"an own path":    {func(f map[string]string, _ *zip.Writer) { f[`C:\x`] = "x" }, "no name of a file"},
		"a folder":       {func(f map[string]string, _ *zip.Writer) { f["a/post-mortem.md"] = "x" }, "no name of a file"},
		"a strange line": {func(f map[string]string, _ *zip.Writer) { f["SHA256SUMS"] += "x  ../y\n" }, "a line that it cannot have"},
		"an empty list":  {func(f map[string]string, _ *zip.Writer) { f["SHA256SUMS"] = "" }, "post-mortem.md is not in the list"},
		"twice": {func(_ map[string]string, w *zip.Writer) {
			f, _ := w.Create("post-mortem.md")
			io.WriteString(f, "another")
		}, "twice"},
		"a bomb": {func(_ map[string]string, w *zip.Writer) {
			f, _ := w.Create("bomb.md")
			for range 70 {
				f.Write(make([]byte, 1<<20))
			}
		}, "larger than a bundle can be"},
	} {
		p, err := Verify(repack(t, whole, c.change))
		if err != nil || !strings.Contains(strings.Join(p.Wrong, "\n"), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, p.Wrong, err, c.want)
		}
	}
	many := repack(t, whole, func(f map[string]string, _ *zip.Writer) {
		for n := range 100 {
			f[fmt.Sprint("f", n)] = ""
		}
	})
	for name, b := range map[string][]byte{"nothing": nil, "no zip": []byte("hello"), "cut": whole[:len(whole)/2], "many": many} {
		if _, err := Verify(b); err == nil {
			t.Errorf("%s is taken for a bundle", name)
		}
	}
}

// TestSizeThatLies: a file that says of itself that it is small is unpacked no further than a
// bundle can be large.
func TestSizeThatLies(t *testing.T) {
	var packed, b bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = deflate.Write(make([]byte, 1<<20))
	if err := errors.Join(err, deflate.Close()); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "post-mortem.md", Method: zip.Deflate, UncompressedSize64: 10, CompressedSize64: uint64(packed.Len())})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(packed.Bytes())
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if content, err := unpack(r.File[0], 1000); err == nil || len(content) > 1000 {
		t.Errorf("of 1 MiB that says it is ten bytes came %d bytes, %v", len(content), err)
	}
}

// TestEveryChangedByteIsSeen changes each byte of a bundle in turn, or a part of them: it is
// refused, or says what differs, or the file that it names is what it was.
func TestEveryChangedByteIsSeen(t *testing.T) {
	whole := bundled(t)
	was, err := Verify(whole)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 97 {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x55
		p, err := Verify(changed)
		if err == nil && len(p.Wrong) == 0 && (p.Fingerprint != was.Fingerprint || len(p.Files) != len(was.Files)) {
			t.Fatalf("byte %d: %+v", at, p)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := Verify(b); err == nil && len(p.Wrong) == 0 {
			t.Errorf("%q is proved to be a bundle: %+v", b, p)
		}
	})
}

// TestPublic types words into every field and finds them in no form of the version for
// readers outside, but for those that were said to the public.
func TestPublic(t *testing.T) {
	i, events, ctx := everyField(t, "internalword")
	for n, e := range events {
		if e.Kind == incident.KindPublic {
			events[n] = incident.Event{Kind: e.Kind, Seq: e.Seq, At: e.At, By: e.By, Text: "Payments are slow."}
		}
	}
	ctx.Services["internalword"] = "Checkout"
	d := New(i, events, ctx).ForPublic()
	for form, text := range renderings(t, d) {
		text = regexp.MustCompile(`Responder$`).ReplaceAllString(text, "")
		for _, bad := range []string{"internalword", "Responder", "primary", "commander", "Decisions", "Lessons", "Open questions", "Open."} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q: %s", form, bad, text[max(0, strings.Index(text, bad)-100):min(len(text), strings.Index(text, bad)+50)])
			}
		}
		if form == "markdown" && !strings.Contains(text, "Payments are slow.") {
			t.Errorf("%s has not what was said to the public", form)
		}
	}
	for _, s := range d.Sections {
		if len(s.Questions) > 0 {
			t.Errorf("%s has questions", s.Title)
		}
	}
}
