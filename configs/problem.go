package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with the configuration, in words for the
// person who wrote it. No field ever holds a secret.
type Problem struct {
	File     string `json:"file,omitempty"`     // as it was given; empty when the setting came from the environment
	Line     int    `json:"line,omitempty"`     // from 1; 0 where the file has no such line
	Variable string `json:"variable,omitempty"` // the environment variable that the setting came from
	Key      string `json:"key,omitempty"`      // as in slack.app_token; empty when the whole file is meant
	What     string `json:"problem"`
	Mend     string `json:"mend,omitempty"`
	// Missing says that a required key is not set, or to a placeholder. What needs
	// only part of a configuration can live with that; see [Problems.Present].
	Missing bool `json:"missing,omitempty"`
}

// String returns the problem as one line: where, what, and how to mend it.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.Variable != "":
		fmt.Fprintf(&b, "%s: ", p.Variable)
	case p.File != "" && p.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	case p.File != "":
		fmt.Fprintf(&b, "%s: ", p.File)
	}
	if p.Key != "" {
		fmt.Fprintf(&b, "%s: ", p.Key)
	}
	b.WriteString(p.What)
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// Problems is everything that is wrong, at once. It is an error, one line each.
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Present returns the problems of what is there, without the required keys that
// are missing: printing the app manifest needs no token yet.
func (ps Problems) Present() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Missing })
}

// sorted returns the problems in the order of the file's lines; what has no line
// comes after those, the environment's last.
func (ps Problems) sorted() Problems {
	rank := func(p Problem) int {
		switch {
		case p.Variable != "":
			return 2
		case p.Line == 0:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Line, b.Line))
	})
	return ps
}
