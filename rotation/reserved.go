package rotation

import (
	"slices"
	"strings"
)

// reserved are the words by which the program names itself, a door into it, or
// everybody and nobody.
var reserved = []string{"admin", "alert", "all", "anybody", "anyone", "bot", "channel", "cli", "everybody", "everyone", "here",
	"nobody", "none", "person", "slack", "somebody", "someone", "stormbell", "system"}

// Reserved reports whether a word would be mistaken for something else where it is
// read as the ID of a person, as in "acknowledged by bot".
func Reserved(word string) bool { return slices.Contains(reserved, strings.ToLower(word)) }
