package incident

import (
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// What the machine names, such as kind:id, has words of its own wherever people read.
var (
	asPerson  = pattern.New(`(?:^|,? (?:as )?)person:[\pL\pN._-]*[\pL\pN]`)
	asChannel = pattern.New(`\bchannel:([\pL\pN._-]*[\pL\pN])`)
	asTarget  = pattern.New(`\b(rotation|team|service|policy|schedule|group):([\pL\pN._-]*[\pL\pN])`)
	stepZero  = pattern.New(`\bStep 0\b`)
)

// TargetWords writes the targets of a policy, kind:id, as people say them. A person who
// was named stands before that already, and a step that the policy does not have is a
// person to whom somebody gave it.
func TargetWords(s string) string {
	s = asPerson.ReplaceAllString(s, "")
	s = asChannel.ReplaceAllString(s, "#$1")
	s = asTarget.ReplaceAllString(s, "$1 $2")
	return strings.TrimSpace(stepZero.ReplaceAllString(s, "Asked by name"))
}

// plainWord is a word of the machine as people write it: permanent_fix is two.
func plainWord(s string) string { return strings.ReplaceAll(s, "_", " ") }

// Count says how many there are, as in "1 page" and "3 pages".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
