package postmortem

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// The names in a bundle. The sums are those that sha256sum -c reads.
const (
	bundleSums     = "SHA256SUMS"
	bundleMarkdown = "post-mortem.md"
	bundleJSON     = "post-mortem.json"
)

// What a bundle may have: a document has a fraction of it.
const (
	bundleFiles = 16
	bundleBytes = 64 << 20
)

// Bundle returns the document in its forms with its picture, as a ZIP file that names the
// hash of each. The same document is the same bundle.
func (d Document) Bundle() ([]byte, error) {
	files := map[string][]byte{bundleMarkdown: []byte(d.Markdown()), bundleJSON: d.JSON(), "post-mortem.html": []byte(d.HTML())}
	var image bytes.Buffer
	drawn, err := d.WriteStripPNG(&image)
	if err != nil {
		return nil, fmt.Errorf("draw the picture of %s: %v", d.Name, err)
	}
	if drawn {
		files["strip.svg"], files["strip.png"] = []byte(d.StripSVG()), image.Bytes()
	}
	var sums strings.Builder
	for _, name := range sortedNames(files) {
		fmt.Fprintf(&sums, "%s  %s\n", sum(files[name]), name)
	}
	files[bundleSums] = []byte(sums.String())
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedNames(files) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: d.last().UTC()})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return b.Bytes(), err
}

func sortedNames(files map[string][]byte) []string {
	var list []string
	for name := range files {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Proof is what a bundle says of itself.
type Proof struct {
	Name        string   // of the incident
	Files       []string // in it, without the list of hashes
	Fingerprint string   // the hash of that list: two bundles with the same one hold the same
	Wrong       []string // what is not as it should be, each naming the file; empty: the bundle is whole
}

// Verify proves a bundle by what it holds, without a store. An error says that it is no
// bundle that can be read; what differs is in the proof.
func Verify(bundle []byte) (Proof, error) {
	var p Proof
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return p, fmt.Errorf("it is no ZIP file, or not whole: %v", err)
	}
	if len(z.File) > bundleFiles {
		return p, fmt.Errorf("it holds %d files; a bundle has at most %d", len(z.File), bundleFiles)
	}
	files := map[string][]byte{}
	left := int64(bundleBytes)
	for _, f := range z.File {
		if !plainName.MatchString(f.Name) || !f.Mode().IsRegular() {
			p.Wrong = append(p.Wrong, fmt.Sprintf("%q is no name of a file in a bundle", f.Name))
			continue
		}
		if _, twice := files[f.Name]; twice {
			p.Wrong = append(p.Wrong, f.Name+" is in it twice")
			continue
		}
		content, err := unpack(f, left)
		if err != nil {
			p.Wrong = append(p.Wrong, f.Name+" "+err.Error())
		}
		left -= int64(len(content))
		files[f.Name] = content
	}
	p.compare(files)
	return p, nil
}

var (
	plainName = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	sumLine   = pattern.New(`^([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,99})$`)
)

// unpack reads a file, however large it says it is.
func unpack(f *zip.File, left int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(left) { // as it says itself; the reader ends where one lies
		return nil, fmt.Errorf("is larger than a bundle can be")
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("cannot be unpacked: %v", err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		return content, fmt.Errorf("cannot be unpacked: %v", err)
	}
	return content, nil
}

// compare holds the files against the list.
func (p *Proof) compare(files map[string][]byte) {
	sums, ok := files[bundleSums]
	if !ok {
		p.Wrong = append(p.Wrong, bundleSums+" is missing: nothing says what the files must be")
		return
	}
	p.Fingerprint = sum(sums)
	listed := map[string]bool{}
	for l := range strings.Lines(string(sums)) {
		m := sumLine.FindStringSubmatch(strings.TrimSuffix(l, "\n"))
		if m == nil || listed[m[2]] {
			p.Wrong = append(p.Wrong, fmt.Sprintf("%s has a line that it cannot have: %q", bundleSums, strings.TrimSpace(l)))
			continue
		}
		listed[m[2]] = true
		content, there := files[m[2]]
		switch {
		case !there:
			p.Wrong = append(p.Wrong, m[2]+" is missing")
		case sum(content) != m[1]:
			p.Wrong = append(p.Wrong, m[2]+" differs from what was written")
		default:
			p.Files = append(p.Files, m[2])
		}
	}
	for _, name := range sortedNames(files) {
		if name != bundleSums && !listed[name] {
			p.Wrong = append(p.Wrong, name+" was added: the list does not have it")
		}
	}
	for _, name := range []string{bundleMarkdown, bundleJSON} {
		if !listed[name] {
			p.Wrong = append(p.Wrong, name+" is not in the list, and every bundle has it")
		}
	}
	var v View
	if err := json.Unmarshal(files[bundleJSON], &v); err == nil {
		p.Name = v.Name
	}
}
