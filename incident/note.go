package incident

import "strings"

// emptyKind returns the kind of a note of which only the kind was written: "what:".
func emptyKind(text string) string {
	word, ok := strings.CutSuffix(strings.TrimSpace(strings.ToLower(text)), ":")
	if kind, _ := ParseNote(word + ": x"); ok && kind != "" {
		return string(kind)
	}
	return ""
}
