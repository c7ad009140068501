package importer

import "strings"

// Refusal is why an export cannot be used, in plain words.
type Refusal struct {
	File string // empty where no single file is concerned
	What string
	Mend string
}

// Error returns the refusal as one line: file: what; mend.
func (r Refusal) Error() string {
	s := oneLine(r.What)
	if r.File != "" {
		s = oneLine(r.File) + ": " + s
	}
	if r.Mend != "" {
		s += "; " + oneLine(r.Mend)
	}
	return s
}

// Refusals are everything that is wrong with an export. As an error they are one line
// each.
type Refusals []Refusal

// Error returns the refusals, one a line.
func (r Refusals) Error() string {
	lines := make([]string, len(r))
	for i := range r {
		lines[i] = r[i].Error()
	}
	return strings.Join(lines, "\n")
}

func (r *reading) refuse(file, what, mend string) {
	x := Refusal{File: file, What: what, Mend: mend}
	for _, y := range r.refused {
		if x == y {
			return
		}
	}
	r.refused = append(r.refused, x)
}
