package ledger

import (
	"strconv"
	"strings"
	"time"
)

// Wide is how many digits a number has in a key. Greater numbers begin with a
// letter that says how many digits more they have, so that the order of keys is
// the order of numbers without an end: 999999 comes before a1000000.
const wide = 6

// Number writes a number, which is not negative, as keys hold it.
func Number(n int) string {
	s := strconv.Itoa(n)
	if len(s) < wide {
		s = "000000"[len(s):] + s
	}
	if more := len(s) - wide; more > 0 {
		return string(rune('a'-1+more)) + s
	}
	return s
}

// LastNumber reads the number at the end of a key; 0 where there is none.
func LastNumber(key string) int {
	s := key[strings.LastIndexByte(key, '/')+1:]
	if len(s) > wide && s[0] >= 'a' {
		s = s[1:]
	}
	n, _ := strconv.Atoi(s)
	return n
}

// instantForm writes instants in keys, so that their order is that of the keys.
const instantForm = "2006-01-02T15:04:05.000000000Z"

// InstantKey writes an instant as keys hold it.
func InstantKey(t time.Time) string { return t.UTC().Format(instantForm) }
