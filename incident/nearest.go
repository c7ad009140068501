package incident

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the one of known that word was most likely meant to be, or ""
// where none is near: at most two letters, or a third of them in a long word,
// and less than half of all may differ. Case does not count. Of several equally
// near ones the first is returned.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	length := utf8.RuneCountInString(word)
	if length > 64 {
		return "" // nobody mistypes a word of that length
	}
	best, least := "", max(2, length/3)+1
	for _, k := range known {
		d := distance(word, strings.ToLower(k))
		if d < least && 2*d < max(length, utf8.RuneCountInString(k)) {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters must be added, dropped, changed or swapped with
// the next to turn a into b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
