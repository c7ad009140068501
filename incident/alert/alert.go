// Package alert reads what alert senders post and decides what an alert means.
// Its noun is the [Alert]: one thing that fires or is over, whatever sender it
// came from. [Read] splits a body into its alerts, since a sender groups for its
// own sake; [Decide] says to which incident each belongs.
//
// The package is pure. It fetches nothing, not even the certificate that signs
// a message, and it never drops an alert because of a word that the sender
// could not know: what it had to guess stands in Alert.Notes. It refuses a body
// that it cannot read, with the name of the field and the reason.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident"
)

// Status says whether an alert fires or is over.
type Status string

// The statuses.
const (
	Firing       Status = "firing"
	Over         Status = "over"
	Acknowledged Status = "acknowledged" // the sender has seen that somebody is on it; PagerDuty and Opsgenie
	None         Status = "none"         // it says neither: a note, no data for an alarm that waits
)

// Severity is how bad a sender says that it is. Unlike an incident's it can be
// unknown, and it can be none: something to count, for which nobody is asked.
type Severity int8

// The severities. Those of incidents have their numbers.
const (
	Unknown      Severity = 0
	Sev1         Severity = 1
	Sev2         Severity = 2
	Sev3         Severity = 3
	Sev4         Severity = 4
	SeverityNone Severity = 5
)

// Incident returns the severity of an incident that the alert opens: nothing said
// counts as [incident.DefaultSeverity]. That of none is [incident.Sev4], for the
// routes that want an incident all the same.
func (s Severity) Incident() incident.Severity {
	switch s {
	case Unknown:
		return incident.DefaultSeverity
	case SeverityNone:
		return incident.Sev4
	default:
		return incident.Severity(s)
	}
}

// String returns sev1 … sev4, none or unknown.
func (s Severity) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case SeverityNone:
		return "none"
	default:
		return incident.Severity(s).String()
	}
}

// Alert is one alert as a sender reported it. Its text is plain and comes from
// outside: whoever shows it escapes it.
type Alert struct {
	// Key says that two alerts of one integration key are the same: the sender's
	// fingerprint or dedup key. Never empty, at most MaxKey characters.
	Key  string `json:"key"`
	Made bool   `json:"made,omitempty"` // the sender sent no key, so nothing of it can be its end

	Status   Status   `json:"status"`
	Title    string   `json:"title"`             // one line; empty only where the sender says nothing, as in an end
	Summary  string   `json:"summary,omitempty"` // its own summary, description, reason, where the title does not hold it whole
	Severity Severity `json:"severity"`
	Service  string   `json:"service,omitempty"` // as the sender calls it; may be unknown or empty
	Hints    []string `json:"hints,omitempty"`   // words that are a service only where one has exactly that name
	Labels   []KV     `json:"labels,omitempty"`  // by the sender's names, in its order; what routes and groups look at
	Details  []KV     `json:"details,omitempty"` // what else it says, in its order
	Links    []Link   `json:"links,omitempty"`   // http and https only, never cut

	// Started is when it began, as far as the sender says so. The same alert with
	// the same start is a reminder.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"` // when it was over, likewise

	Source string   `json:"source"`          // which kind of sender, such as alertmanager
	Notes  []string `json:"notes,omitempty"` // what was guessed or left out, in words, for the timeline
}

// Label returns the value of a label, "" where there is none.
func (a Alert) Label(name string) string {
	for _, l := range a.Labels {
		if l.Key == name {
			return l.Value
		}
	}
	return ""
}

// Body is what a sender has posted: its alerts one by one, however it grouped them.
type Body struct {
	Alerts  []Alert
	Left    int      // alerts beyond MaxAlerts, which were counted and no more
	Notes   []string // what the whole of it says, such as how many alerts the sender left out
	Changes []Change // no alerts, but what was changed in a service
}

// Change is something that somebody changed, such as a deployment: no alert, and
// often the reason of one.
type Change struct {
	Title   string    `json:"title"` // one line
	Service string    `json:"service,omitempty"`
	Hints   []string  `json:"hints,omitempty"`
	At      time.Time `json:"at,omitzero"` // zero: the sender does not say
	Source  string    `json:"source"`
	Details []KV      `json:"details,omitempty"`
	Links   []Link    `json:"links,omitempty"`
}

// KV is a detail.
type KV struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Link is an address with the words for it, which may be empty.
type Link struct {
	URL  string `json:"url"`
	Text string `json:"text,omitempty"`
}

// Limits on what an alert holds. What is over them is cut or left out with a
// note, except where a parser says otherwise.
const (
	MaxKey     = 255  // characters of a dedup key; PagerDuty: Events API v2
	MaxTitle   = 1024 // characters of a title; PagerDuty: payload.summary
	MaxValue   = 3000 // characters of a detail; a Slack text object holds as much
	MaxDetails = 1000 // details of one alert
	MaxLinks   = 50
	MaxAlerts  = 1000 // alerts in one body
)

// Fingerprint returns a short name for parts that is the same for the same
// parts and, in practice, different for different ones.
func Fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// The length keeps ("ab", "c") and ("a", "bc") apart.
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// shownOtherwise are labels that say what an incident shows anyway, or only how its
// sender groups.
var shownOtherwise = []string{"service", "severity", "group_key"}

// Text returns what the sender says besides the title as lines, for the first note of
// an incident: its summary, the labels, details and links.
func (a Alert) Text() string {
	var b strings.Builder
	if a.Summary != "" {
		b.WriteString(a.Summary + "\n")
	}
	for _, l := range a.Labels {
		if !slices.Contains(shownOtherwise, l.Key) {
			b.WriteString(l.Key + " = " + l.Value + "\n")
		}
	}
	for _, d := range a.Details {
		b.WriteString(d.Key + " = " + d.Value + "\n")
	}
	for _, l := range a.Links {
		b.WriteString(strings.TrimSpace(l.Text+" "+l.URL) + "\n")
	}
	for _, n := range a.Notes {
		b.WriteString(n + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// line folds white space and drops control characters, so that s fits where
// one line is meant.
func line(s string) string {
	if isLine(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			gap = b.Len() > 0
		case unicode.IsControl(r):
		default:
			if gap {
				b.WriteByte(' ')
				gap = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isLine reports whether s is one line of plain ASCII already, as nearly all are.
func isLine(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7F || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// cut shortens s to at most most characters, visibly.
func cut(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	at := 0
	for range most - 1 {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return s[:at] + "…"
}
