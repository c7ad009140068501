package postmortem

import (
	"bytes"
	"encoding/json"
	"time"
)

// The values of a [View]. Each is null in JSON where it is not known, and none of them
// acts as markup when a template prints it.

// Text is a text that somebody typed or that the record says.
type Text string

// String returns the text for Markdown: nothing of it acts.
func (t Text) String() string { return escapeBlock(string(t), "") }

// Plain returns the text as it is.
func (t Text) Plain() string { return string(t) }

// Line returns the text on one line, for Markdown.
func (t Text) Line() string { return escapeLine(string(t)) }

// MarshalJSON writes the text as it is.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Instant is a point in time.
type Instant struct{ time.Time }

// String returns the minute in UTC, or nothing where it is not known.
func (i Instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.UTC().Format("2006-01-02 15:04 UTC")
}

// MarshalJSON writes the instant in UTC, as RFC 3339 does.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(i.UTC().Format(time.RFC3339))
}

// Length is how long something took.
type Length struct {
	d     time.Duration
	Known bool
}

func lengthOf(s Span, known bool) Length { return Length{time.Duration(s), known} }

// String returns the length in its two largest units: 1 h 41 min.
func (l Length) String() string {
	if !l.Known {
		return ""
	}
	return Span(l.d).String()
}

// Seconds returns the length in whole seconds.
func (l Length) Seconds() int64 { return int64(l.d / time.Second) }

// MarshalJSON writes the seconds.
func (l Length) MarshalJSON() ([]byte, error) {
	if !l.Known {
		return []byte("null"), nil
	}
	return json.Marshal(l.Seconds())
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Length) UnmarshalJSON(b []byte) error {
	if *l = (Length{}); bytes.Equal(b, []byte("null")) {
		return nil
	}
	var seconds int64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	*l = Length{time.Duration(seconds) * time.Second, true}
	return nil
}
