// Package alert reads what alert senders post and decides what an alert means.
// Its noun is the [Alert]: one thing that fires or is over, whatever sender it
// came from. [Decide] says to which incident it belongs.
//
// The package is pure. It fetches nothing, not even the certificate that signs
// a message, and it never drops an alert because of a word that the sender
// could not know: what it had to guess stands in Alert.Notes. It refuses a body
// that it cannot read, with the name of the field and the reason.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident"
)

// Status says whether an alert fires or is over.
type Status string

// The statuses. Acknowledged is what only the PagerDuty Events API can say: the
// sender has seen that somebody is on it.
const (
	Firing       Status = "firing"
	Resolved     Status = "resolved"
	Acknowledged Status = "acknowledged"
)

// Alert is one alert as a sender reported it. Its text is plain and comes from
// outside: whoever shows it escapes it.
type Alert struct {
	Key      string            `json:"key"`    // says that two alerts are the same; never empty, at most MaxKey characters
	Status   Status            `json:"status"` //
	Title    string            `json:"title"`  // one line; empty only when resolved
	Severity incident.Severity `json:"severity"`
	Service  string            `json:"service,omitempty"` // as the sender calls it; may be unknown or empty
	Details  []KV              `json:"details,omitempty"` // in the sender's order
	Links    []Link            `json:"links,omitempty"`   // http and https only
	Source   string            `json:"source"`            // which kind of sender: event, alertmanager, grafana, pagerduty, sns
	Notes    []string          `json:"notes,omitempty"`   // what was guessed or left out, in words, for the timeline
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

// Text returns the alert's details as lines, for the first note of an incident.
func (a Alert) Text() string {
	var b strings.Builder
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

// note adds something that a person should know about how the alert was read.
func (a *Alert) note(s string) { a.Notes = append(a.Notes, s) }

// detail adds a detail, if there is anything in it and room for it.
func (a *Alert) detail(key, value string) {
	if value == "" || len(a.Details) >= MaxDetails {
		return
	}
	a.Details = append(a.Details, KV{Key: cut(line(key), MaxKey), Value: cut(value, MaxValue)})
}

// link adds a link, if it is one that a person may follow. Anything but http
// and https, such as javascript:, is left out.
func (a *Alert) link(url, text string) {
	url = strings.TrimSpace(url)
	lower := strings.ToLower(url)
	if !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") ||
		strings.ContainsAny(url, " \t\r\n<>\"|") || len(a.Links) >= MaxLinks || len(url) > MaxValue {
		return
	}
	a.Links = append(a.Links, Link{URL: url, Text: cut(line(text), MaxKey)})
}

// severity reads the sender's word. A word that is not known means the default,
// and a note says so.
func (a *Alert) severity(word string) {
	a.Severity = incident.DefaultSeverity
	if word = line(word); word == "" {
		return
	}
	if s, ok := incident.ParseSeverity(word); ok {
		a.Severity = s
		return
	}
	a.note("The sender's severity " + strconv.Quote(cut(word, 40)) + " is not known here; taken as " + a.Severity.String() + ".")
}

// finish gives the alert a key where the sender sent none, and keeps a long one
// within the limit without making two different ones equal.
func (a *Alert) finish() {
	a.Title = cut(line(a.Title), MaxTitle)
	a.Service = line(a.Service)
	a.Key = line(a.Key)
	if a.Key == "" {
		a.Key = Fingerprint(a.Service, a.Title)
	}
	if utf8.RuneCountInString(a.Key) > MaxKey {
		a.Key = string([]rune(a.Key)[:MaxKey-25]) + "-" + Fingerprint(a.Key)
	}
}

// line folds white space and drops control characters, so that s fits where
// one line is meant.
func line(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)), " ")
}

// cut shortens s to at most most characters, visibly.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
