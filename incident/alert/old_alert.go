package alert

import (
	"github.com/stormbell/stormbell/incident"
	"strconv"
	"strings"
	"unicode/utf8"
)

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
	a.Severity = Unknown
	if word = line(word); word == "" {
		return
	}
	if s, ok := incident.ParseSeverity(word); ok {
		a.Severity = Severity(s)
		return
	}
	a.note("The sender's severity " + strconv.Quote(cut(word, 40)) + " is not known here; taken as " + incident.DefaultSeverity.String() + ".")
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
