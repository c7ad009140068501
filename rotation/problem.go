package rotation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something wrong in a roster, in plain words: where it is, what it
// is and how to mend it.
type Problem struct {
	File    string
	Line    int    // 0 where no file is concerned
	Entry   string // as in "rotation payments-primary, layer weekly"
	Message string
	Hint    string // how to mend it; may be empty
}

// Error returns the problem as one line: file:line: entry: message; hint.
func (p Problem) Error() string {
	var b strings.Builder
	switch {
	case p.File != "" && p.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	case p.File != "":
		fmt.Fprintf(&b, "%s: ", p.File)
	}
	if p.Entry != "" {
		b.WriteString(p.Entry + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems are all that is wrong, in the order of the file. As an error it is
// one line each.
type Problems []Problem

// Error returns the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// tidy orders problems by line and drops what was found twice.
func (p Problems) tidy() Problems {
	seen := make(map[Problem]bool, len(p))
	p = slices.DeleteFunc(p, func(x Problem) bool {
		again := seen[x]
		seen[x] = true
		return again
	})
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}
