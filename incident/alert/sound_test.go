package alert

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// sound fails where an alert breaks what the type promises.
func sound(t *testing.T, body []byte, a Alert, err error) {
	t.Helper()
	body = body[:min(len(body), 300)]
	if err != nil {
		if p, ok := err.(Problems); !ok || len(p) == 0 {
			t.Errorf("%q: error is %T %v, want Problems", body, err, err)
		}
		return
	}
	long := func(s string, most int) bool { return utf8.RuneCountInString(s) > most }
	switch {
	case a.Key == "" || long(a.Key, MaxKey):
		t.Errorf("%q: key %q", body, a.Key)
	case a.Status != Firing && a.Status != Over && a.Status != Acknowledged && a.Status != None:
		t.Errorf("%q: status %q", body, a.Status)
	case a.Status == Firing && a.Title == "" || long(a.Title, MaxTitle) || strings.ContainsAny(a.Title, "\n\r\t\x00"):
		t.Errorf("%q: fires with the title %.100q", body, a.Title)
	case long(a.Summary, MaxValue):
		t.Errorf("%q: a summary of %d bytes", body, len(a.Summary))
	case a.Severity < Unknown || a.Severity > SeverityNone:
		t.Errorf("%q: severity %d", body, a.Severity)
	case len(a.Details)+len(a.Labels) > MaxDetails || len(a.Links) > MaxLinks || len(a.Notes) > 50 || len(a.Hints) > 10:
		t.Errorf("%q: %d labels, %d details, %d links, %d notes, %d hints", body, len(a.Labels), len(a.Details), len(a.Links), len(a.Notes), len(a.Hints))
	case a.Source == "":
		t.Errorf("%q: no source", body)
	}
	texts := append([]string{a.Key, a.Title, a.Summary, a.Service}, append(a.Hints, a.Notes...)...)
	for _, kv := range append(a.Labels[:len(a.Labels):len(a.Labels)], a.Details...) {
		if texts = append(texts, kv.Key, kv.Value); long(kv.Value, MaxValue) || long(kv.Key, MaxKey) || kv.Value == "" {
			t.Errorf("%q: %.50q has %d bytes", body, kv.Key, len(kv.Value))
		}
	}
	for _, l := range a.Links {
		if texts = append(texts, l.URL, l.Text); !web(l.URL) || strings.ContainsAny(l.URL, " \n<>\"|") {
			t.Errorf("%q: link %q", body, l.URL)
		}
	}
	for _, s := range texts {
		if !utf8.ValidString(s) {
			t.Errorf("%q: %.100q is not UTF-8", body, s)
		}
	}
}
