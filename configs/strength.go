package configs

import (
	"fmt"
	"slices"

	"github.com/stormbell/stormbell/pattern"
)

// A secret that the operator makes up must not be guessed by somebody who tries
// for as long as they like.
const (
	shortestSecret  = 16 // characters
	fewestDifferent = 6  // characters in it
)

const makeSecret = "make one with: openssl rand -hex 32"

// published are the secrets that stormbell.example.yaml shows: everybody knows
// them. A test holds the two together.
var published = []string{
	"xapp-your-app-level-token", "xoxb-your-bot-token", "make-a-long-random-one", "make-a-long-random-one-too",
	"another-long-random-one", "if-the-server-needs-one", "the-password", "the-auth-token", "signs-each-call",
	"something-that-nobody-can-guess", "a-token-of-the-bots-account",
}

// placeholderWord matches what people write where a secret is still to come.
var placeholderWord = pattern.New(`(?i)(^|[-_. ])(your|change[-_]?me|change[-_]?this|replace[-_]?me|replace[-_]?this|placeholder|example)($|[-_. ])|^<.*>$|\.\.\.|…`)

// isPlaceholder reports whether a text stands where a secret is still to come.
func isPlaceholder(text string) bool {
	return slices.Contains(published, text) || placeholderWord.MatchString(text)
}

// weakness says why a secret that the operator made up can be guessed, or "".
func weakness(s Secret) string {
	text := s.Reveal()
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	switch {
	case text == "":
		return ""
	case isPlaceholder(text):
		return "this is a placeholder, which everybody knows"
	case len(text) < shortestSecret:
		return fmt.Sprintf("it has only %s, so it can be guessed; it needs %d", characters(len(text)), shortestSecret)
	case len(different) < fewestDifferent:
		return "it repeats the same few characters, so it can be guessed"
	}
	return ""
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return itoa(n) + " characters"
}

// checkOwnSecret reports a secret that the operator makes up and that cannot be
// used, or that can be guessed.
func (l *loader) checkOwnSecret(key string, s Secret) {
	l.checkSecret(key, s)
	if weak := weakness(s); weak != "" && !l.broken(key) {
		l.report(key, weak, makeSecret)
	}
}

// checkGivenSecret reports a secret that somebody else hands out and that cannot
// be used, or that is none yet.
func (l *loader) checkGivenSecret(key string, s Secret) {
	l.checkSecret(key, s)
	l.checkGiven(key, s)
}

// checkGiven reports a placeholder.
func (l *loader) checkGiven(key string, s Secret) {
	if isPlaceholder(s.Reveal()) && !l.broken(key) {
		l.report(key, "this is a placeholder", "put the real one in its place, or take the key out")
	}
}
