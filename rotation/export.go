package rotation

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/stormbell/stormbell/pattern"
)

// Export returns the roster as the file that [Parse] reads: every entry in its
// order, every key in the order of the documentation, what is not said left out.
// Exporting what was parsed from an export changes no byte.
func (r *Roster) Export() []byte {
	var w writer
	section(&w, "people", r.People, (*writer).person)
	section(&w, "teams", r.Teams, (*writer).team)
	section(&w, "rotations", r.Rotations, (*writer).rotation)
	section(&w, "policies", r.Policies, (*writer).policy)
	section(&w, "services", r.Services, (*writer).service)
	section(&w, "agreements", r.Agreements, (*writer).agreement)
	if r.Defaults != (Defaults{}) {
		w.gap()
		w.line(0, "defaults:")
		w.text(2, "service", r.Defaults.Service)
		w.text(2, "policy", r.Defaults.Policy)
	}
	w.alerts(&r.Alerts)
	section(&w, "heartbeats", r.Heartbeats, (*writer).heartbeat)
	if w.b.Len() == 0 {
		return []byte("people: []\n") // an empty file is refused, being a slip more often than meant
	}
	return []byte(w.b.String())
}

// Equal reports whether r and o say the same; what was computed from them does
// not count.
func (r *Roster) Equal(o *Roster) bool {
	if r == nil || o == nil {
		return r == o
	}
	return string(r.Export()) == string(o.Export())
}

// writer writes YAML: blocks for entries, one line for small things.
type writer struct {
	b     strings.Builder
	first bool // the next key opens a list item, so it carries the dash
}

func section[T any](w *writer, name string, list []T, write func(*writer, *T)) {
	if len(list) == 0 {
		return
	}
	w.gap()
	w.line(0, name+":")
	for i := range list {
		w.first = true
		write(w, &list[i])
	}
}

func (w *writer) gap() {
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
}

// line writes s at the indent; the first line of a list item begins with a dash
// two columns to the left.
func (w *writer) line(indent int, s string) {
	if w.first {
		w.b.WriteString(strings.Repeat(" ", indent-2) + "- " + s + "\n")
		w.first = false
		return
	}
	w.b.WriteString(strings.Repeat(" ", indent) + s + "\n")
}

func (w *writer) text(indent int, key, value string) {
	if value != "" {
		w.line(indent, key+": "+scalar(value))
	}
}

// raw writes a value that is YAML already.
func (w *writer) raw(indent int, key, value string) {
	if value != "" {
		w.line(indent, key+": "+value)
	}
}

var (
	plainForm = pattern.New(`^[\pL\pN_](?:[\pL\pN _./@+()-]*[\pL\pN_.)])?$`)
	plainURL  = pattern.New(`^https?://[A-Za-z0-9._~/%=&+-]+$`)
	plainPair = pattern.New(`^(?:person|rotation|team|channel):[A-Za-z0-9._-]+$`)
)

// words that YAML readers take for something else than text; times and numbers
// are read as written by ours and need no quotes.
var notText = map[string]bool{"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// scalar quotes s where it must be.
func scalar(s string) string {
	plain := plainForm.MatchString(s) || plainURL.MatchString(s) || plainPair.MatchString(s)
	if plain && !notText[strings.ToLower(s)] {
		return s
	}
	return quoted(s)
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == ' ' || unicode.IsGraphic(c) && c != '\u00a0' && c != '\ufeff' && !unicode.Is(unicode.Zs, c):
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, c)
		default:
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// flow is a list in brackets, or empty for none.
func flow(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return brackets(list)
}

func brackets(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = scalar(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// pairs builds a one-line block of keys.
type pairs struct{ list []string }

func (p *pairs) raw(key, value string) {
	if value != "" {
		p.list = append(p.list, key+": "+value)
	}
}

func (p *pairs) text(key, value string) {
	if value != "" {
		p.raw(key, scalar(value))
	}
}

func (p *pairs) String() string { return "{" + strings.Join(p.list, ", ") + "}" }

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// DurationText is Go's form without the parts at its end that are zero: 5m, not 5m0s. It is
// how the roster writes a duration.
func DurationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func optionalDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return DurationText(d)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func targetsText(targets []Target) string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.String()
	}
	return flow(list)
}

func daysText(days []time.Weekday) string {
	list := make([]string, len(days))
	for i, d := range days {
		list[i] = dayNames[d]
	}
	return flow(list)
}

// slotsText is the turns of a layer, an empty list included.
func slotsText(slots []Slot) string {
	list := make([]string, len(slots))
	for i, s := range slots {
		switch len(s) {
		case 0:
			list[i] = "null"
		case 1:
			list[i] = scalar(s[0])
		default:
			list[i] = brackets(s)
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}
