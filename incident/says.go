package incident

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what a page carries of an alert. A sentence is cut; an address is whole or
// not there at all.
const (
	MaxSays    = 300  // characters
	MaxRunbook = 4096 // bytes
)

// FirstSentence is the first sentence of what somebody wrote, on one line and of at
// most MaxSays characters; empty where nothing can be seen. It ends where the first
// line does, or before that at a full stop, a question or an exclamation mark after
// which another sentence begins. An address is never cut: what has no room for it ends
// before it.
func FirstSentence(s string) string {
	for line := range strings.Lines(strip(s, true)) {
		line = strings.Join(strings.Fields(line), " ")
		if strings.IndexFunc(line, visible) < 0 {
			continue
		}
		return fitted(line[:sentenceEnd(line)], MaxSays)
	}
	return ""
}

// sentenceEnd is where the first sentence of a line ends. A stop is the end of one only
// before a space and the beginning of another, so that neither "4.2 s", "e.g. this" nor
// an address is cut in two.
func sentenceEnd(s string) int {
	for at, r := range s {
		if !strings.ContainsRune(".!?。！？", r) {
			continue
		}
		end := at + utf8.RuneLen(r)
		if strings.ContainsRune("。！？", r) {
			return end
		}
		next, ok := strings.CutPrefix(s[end:], " ")
		if first, _ := utf8.DecodeRuneInString(next); ok && !unicode.IsLower(first) && !unicode.IsDigit(first) {
			return end
		}
	}
	return len(s)
}

// fitted shortens one line to at most most characters, visibly and at a word, so that
// no address is cut in two. A word that is longer than that and no address is cut.
func fitted(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	cut := string([]rune(s)[:most-1])
	space := strings.LastIndexByte(cut, ' ')
	if s[len(cut)] == ' ' {
		space = len(cut)
	}
	if space > len(cut)/2 || space >= 0 && strings.Contains(s[space:], "://") {
		cut = cut[:space]
	} else if strings.Contains(cut, "://") && space < 0 {
		return ""
	}
	if cut = strings.TrimRight(cut, " \u200D\uFE0F"); cut == "" {
		return ""
	}
	return cut + "…"
}

// WebAddress returns s as it is if it is an address that a person may follow, of at
// most MaxRunbook bytes: http or https, with nothing in it that could end the link or
// pretend to be another one. Anything else is "".
func WebAddress(s string) string {
	s = strings.TrimSpace(s)
	rest, ok := cutScheme(s)
	if !ok || rest == "" || len(s) > MaxRunbook || strip(s, false) != s || strings.ContainsAny(s, "<>\"|\\`") ||
		strings.ContainsFunc(s, unicode.IsSpace) {
		return ""
	}
	return s
}

func cutScheme(s string) (rest string, ok bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return s[len(scheme):], true
		}
	}
	return "", false
}
