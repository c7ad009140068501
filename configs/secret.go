package configs

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

// masked is what a set secret looks like to every reader but Reveal.
const masked = "***"

// Secret is a value that must not be read by accident: every way of printing or
// encoding one yields *** (nothing at all when it is empty). The zero Secret is
// empty. Only [Secret.Reveal] gives the text.
//
// The text sits behind a pointer because fmt cannot call methods on unexported
// fields of other structs: printing such a struct shows an address.
type Secret struct{ text *string }

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text itself, for the one place that must send it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether both hold the same text, in a time that does not depend
// on where they differ.
func (s Secret) Equal(other Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String returns ***, or nothing when the secret is empty.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return masked
}

// GoString returns ***, so that %#v is safe as well.
func (s Secret) GoString() string { return s.String() }

// Format writes *** whatever the verb, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns ***: no encoder writes the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// UnmarshalText takes the text as it is. It never fails.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
