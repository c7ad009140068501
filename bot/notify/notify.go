// Package notify reaches people besides Slack: push (ntfy), text message and
// call (Twilio), mail (SMTP), and a signed webhook for everything else.
//
// Its nouns are Message, what a person is to be told, and Sender, one way to
// tell it. A Sender makes one attempt, within 20 seconds, and says truthfully
// what came of it: a Receipt for what the provider has taken on, or an *Error
// that says whether trying again makes sense and whose fault it was. Two
// plain things decide what to do with that: a Breaker takes a broken provider
// out, CheckPhone reads numbers.
//
// It refuses to retry by itself (attempts belong in a store), to follow a
// redirect to another place, to believe a success it cannot read, and to put
// a person's address, a text or a secret into an error. It knows nothing of
// incidents. Every provider is reached by outgoing calls only; answers can be
// polled, so no public address is needed.
package notify

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Timeout is how long one attempt may take. After that the next way is better
// than waiting.
const Timeout = 20 * time.Second

// Urgency is how loudly a message arrives.
type Urgency int

// Low is for what can wait until somebody looks; High wakes people.
const (
	Low Urgency = iota
	High
)

// Message is what one person is told. Text is plain: it is escaped for each
// provider where that is needed, and cut where it is too long.
type Message struct {
	// ID is the same whenever the same message is sent again. Where a provider
	// can use it, a repetition replaces the first instead of standing beside it.
	ID string
	// To is the way's own kind of address: a topic, a number, a mail address, or
	// for a webhook whatever its receiver knows people by.
	To      string
	Subject string // one line
	Text    string // more lines; may be empty
	Urgency Urgency

	// News tells that something asks for nothing any more, unlike a page.
	News bool

	// URL is where to read more, or "".
	URL string
	// Runbook is where it stands what to do, or "": an address, which goes whole or not
	// at all.
	Runbook string
	// AckURL acknowledges when it is opened (by people, in a browser) or POSTed
	// to (by a button), or is "". It needs an address that phones can reach.
	AckURL string
	// AckCode acknowledges when it is sent back as an answer (see Replies), or is
	// "". It works without any public address.
	AckCode string
	// KeyURL is where the telephone provider reports the key pressed in a call
	// (see Voice.Pressed), or "". It needs a public address.
	KeyURL string
}

// Level is how far a message is known to have come.
type Level int

// The levels. That somebody has answered is nothing a provider knows.
const (
	Accepted  Level = iota // the provider has taken it on
	Delivered              // it has reached the person's device or mailbox
	Seen                   // the person has opened it
)

// String returns the level as a word.
func (l Level) String() string {
	switch l {
	case Accepted:
		return "accepted"
	case Delivered:
		return "delivered"
	case Seen:
		return "seen"
	}
	return fmt.Sprintf("Level(%d)", int(l))
}

// Receipt is a provider's word that it has the message.
type Receipt struct {
	ID    string // the provider's name for the message, for Poll and for asking them
	Level Level
}

// Sender is one way to reach people.
type Sender interface {
	// Send makes one attempt. A nil error means that the provider has taken the
	// message on, not that anybody has it. Any other outcome is an *Error, or
	// the cause of ctx being done. After an error with Retryable the message may
	// yet arrive: sending it again may repeat it, never lose it.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Poller is a Sender whose provider can be asked what has become of a message.
type Poller interface {
	// Poll returns the level that the message with a Receipt's ID has reached by
	// now. An *Error of kind Refused means that it will never arrive.
	Poll(ctx context.Context, id string) (Receipt, error)
}

// Listener is a Sender to which people can answer.
type Listener interface {
	// Replies returns the answers since then, the oldest first. Some may be from
	// a little earlier, so that none is missed: the ID tells them apart.
	Replies(ctx context.Context, since time.Time) ([]Reply, error)
}

// Reply is a person's answer.
type Reply struct {
	ID   string
	From string // the number it came from; "" for push, where the code alone tells
	Text string // trimmed
	At   time.Time
}

// Secret is a text that prints as ***.
type Secret string

// String returns ***, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for JSON and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Mask returns an address with nearly everything hidden: enough to tell two of
// one person's apart in a log, too little to use.
func Mask(to string) string {
	if name, host, ok := strings.Cut(to, "@"); ok {
		return clip(name, 1) + "…@" + host
	}
	if r := []rune(to); len(r) > 6 {
		return string(r[:2]) + "…" + string(r[len(r)-2:])
	}
	return "…"
}

// lines joins what is not empty, one part a line.
func lines(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}

// clip cuts s to n characters.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// shorten cuts s to at most max, measured by size, and marks the cut with an
// ellipsis. The size of a text is the sum of its characters' sizes.
func shorten(s string, max int, size func(string) int) string {
	if size(s) <= max {
		return s
	}
	total := size("…")
	for i, r := range s {
		if total += size(string(r)); total > max {
			return strings.TrimSpace(s[:i]) + "…"
		}
	}
	return s
}

// oneLine replaces line breaks and other control characters by spaces.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
