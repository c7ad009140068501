package alert

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Problem is a reason why a body is refused. Field is where it lies, such as
// details.host or alerts[2].status; "body" is the whole of it.
type Problem struct {
	Field  string
	Reason string
}

// Problems is everything that is wrong with a body, in the order of its fields;
// never empty where it is returned as an error.
type Problems []Problem

// Error returns all problems in one line: what each is and where it lies.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for n, q := range p {
		lines[n] = q.Field + ": " + q.Reason
	}
	return strings.Join(lines, "; ")
}

func refuse(field, reason string, args ...any) Problems {
	return Problems{{Field: field, Reason: fmt.Sprintf(reason, args...)}}
}

// position shows an offset as people count: line and column, from 1.
func position(body []byte, at int) string {
	before := body[:min(max(at, 0), len(body))]
	return fmt.Sprintf("line %d, column %d", 1+bytes.Count(before, []byte("\n")),
		1+utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]))
}
