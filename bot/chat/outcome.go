package chat

import "strings"

// trimWord takes a word off the beginning of a text, without regard to case.
func trimWord(text, word string) string {
	if first, rest := cut(text); strings.EqualFold(strings.Trim(first, trimmed), word) {
		return rest
	}
	return text
}
