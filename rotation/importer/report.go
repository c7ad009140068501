package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Level says what became of something of the export.
type Level string

// The levels, in the order of the report.
const (
	LeftOut Level = "left out" // it is gone
	Differs Level = "differs"  // it is carried over, but not exactly
	LookAt  Level = "look at"  // it is exact, but somebody has to act
)

var levels = []Level{LeftOut, Differs, LookAt}

// Item is one finding. It names the entry as the export does.
type Item struct {
	Level Level  `json:"level"`
	Entry string `json:"entry"`
	What  string `json:"what"`
	Mend  string `json:"mend"`

	at string // the entry of the roster that carries it as a comment, as in "person ada"; may be empty

	rendered bool // it is a difference from the source's own rendering
}

// String returns the finding as one line.
func (i Item) String() string {
	s := string(i.Level) + ": " + i.Entry + ": " + i.What
	if i.Mend != "" {
		s += "; " + i.Mend
	}
	return s
}

// Counts is how much was carried over.
type Counts struct {
	People    int `json:"people"`
	Teams     int `json:"teams"`
	Rotations int `json:"rotations"`
	Policies  int `json:"policies"`
	Services  int `json:"services"`
}

// String returns the counts as the first line of the report.
func (c Counts) String() string {
	return fmt.Sprintf("people %d, teams %d, rotations %d, policies %d, services %d", c.People, c.Teams, c.Rotations, c.Policies, c.Services)
}

// Checked is how far the rotations agree with the source's own rendering of its
// schedules, where the export has one.
type Checked struct {
	Stretches int `json:"stretches"`
	Equal     int `json:"equal"`
}

// String returns the comparison as a line of the report.
func (c Checked) String() string {
	if c.Stretches == 0 {
		return "the export holds no rendered schedule to compare with"
	}
	return fmt.Sprintf("compared with what the source has rendered of its schedules: %d of %d stretches are equal", c.Equal, c.Stretches)
}

// Report is what there is to say about an import.
type Report struct {
	Counts  Counts  `json:"counts"`
	Checked Checked `json:"checked"`
	Items   []Item  `json:"items"`

	seen map[Item]bool
}

// Count returns how many findings have a level.
func (r *Report) Count(l Level) int {
	n := 0
	for _, i := range r.Items {
		if i.Level == l {
			n++
		}
	}
	return n
}

// Lines returns the report, one finding a line, the counts first and the comparison
// last.
func (r *Report) Lines() []string {
	lines := []string{r.Counts.String()}
	for _, i := range r.Items {
		lines = append(lines, i.String())
	}
	return append(lines, r.Checked.String())
}

func (r *Report) add(i Item) {
	i.Entry, i.What, i.Mend = oneLine(i.Entry), oneLine(i.What), oneLine(i.Mend)
	if r.seen == nil {
		r.seen = map[Item]bool{}
	}
	if !r.seen[i] {
		r.seen[i] = true
		r.Items = append(r.Items, i)
	}
}

// sort orders the findings by level, then as they were found.
func (r *Report) sort() {
	slices.SortStableFunc(r.Items, func(a, b Item) int {
		return cmp.Compare(slices.Index(levels, a.Level), slices.Index(levels, b.Level))
	})
}

// leftOut reports something that is gone.
func (b *building) leftOut(entry, what, mend string) {
	b.report.add(Item{Level: LeftOut, Entry: entry, What: what, Mend: mend})
}

// differs reports something that is not as it was, at an entry of the roster such as
// "person ada", which may be empty.
func (b *building) differs(at, entry, what, mend string) {
	b.report.add(Item{Level: Differs, Entry: entry, What: what, Mend: mend, at: at})
}

// missing reports a part of an entry that is gone, at the entry of the roster.
func (b *building) missing(at, entry, what, mend string) {
	b.report.add(Item{Level: LeftOut, Entry: entry, What: what, Mend: mend, at: at})
}

// lookAt reports something that somebody has to act upon.
func (b *building) lookAt(entry, what, mend string) {
	b.report.add(Item{Level: LookAt, Entry: entry, What: what, Mend: mend})
}

// andWords joins words as a sentence does.
func andWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// quote puts a word of the export in quotes, short and without what cannot be seen.
func quote(s string) string { return `"` + clean(s) + `"` }
