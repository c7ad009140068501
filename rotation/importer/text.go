package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// text is the roster as a file: what it came from, every entry as the roster writes
// it, and above an entry what is not as it was.
func (b *building) text(files int) []byte {
	notes := map[string][]string{}
	for _, i := range b.report.Items {
		at := i.at
		if alias, ok := b.aliases[at]; ok {
			at = alias
		}
		if at != "" {
			notes[at] = append(notes[at], string(i.Level)+": "+i.What)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# Imported from %s on %s, from %s.\n", b.system.name, b.At.UTC().Format(time.DateOnly), plural(files, "file"))
	out.WriteString("# What is not as it was there stands above its entry, and in the report of the import.\n")
	var p where
	for line := range strings.Lines(string(b.roster.Export())) {
		if entry := p.read(line); entry != "" {
			for _, note := range notes[entry] {
				out.WriteString(line[:len(line)-len(strings.TrimLeft(line, " "))] + "# " + note + "\n")
			}
		}
		out.WriteString(line)
	}
	return []byte(out.String())
}

// words of the sections for one of their entries.
var sectionWords = map[string]string{"people": "person", "teams": "team", "rotations": "rotation", "policies": "policy", "services": "service"}

// where is the place in a roster file that is read line by line.
type where struct {
	word  string // of the section's entries
	entry string
}

// read returns the entry that begins on a line, as in "person ada" or "rotation
// ops/layer nights", and empty where none does.
func (p *where) read(line string) string {
	s := strings.TrimRight(line, "\n")
	if name, ok := strings.CutSuffix(s, ":"); ok && !strings.HasPrefix(s, " ") {
		p.word = sectionWords[name]
		return ""
	}
	if id, ok := strings.CutPrefix(s, "  - id: "); ok && p.word != "" {
		p.entry = p.word + " " + unquoted(id)
		return p.entry
	}
	if id, ok := strings.CutPrefix(s, "      - id: "); ok && p.word == "rotation" {
		return p.entry + "/layer " + unquoted(id)
	}
	return ""
}

func unquoted(s string) string {
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return s
}
