package chat

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// ownWord is a word of its own in a declaration: it says something about the
// incident and does not belong to the title.
type ownWord struct {
	severity incident.Severity
	service  string
	private  bool
	drill    bool
	plain    bool   // it could as well be a word of a title: "drill", "critical"
	doubt    string // what was read otherwise than typed
}

// declaration takes the words of their own out of what was typed. They are the last
// words of a line, in any order; a severity and a service, which nobody can take
// for a word of a title, may stand anywhere in the first line. What is "private" or
// "drill" anywhere but at the end is a word of the title: "private network is down".
// Lines after the first one are details.
func (c *Command) declaration() {
	var title string
	var details []string
	for line := range strings.SplitSeq(unquote(c.Text), "\n") {
		if title == "" {
			title = c.titleLine(line)
			continue
		}
		if words, found := c.lastWords(line, true); found {
			if line = strings.Join(words, " "); line == "" {
				continue
			}
		}
		details = append(details, line)
	}
	c.Text, c.Details = title, strings.TrimSpace(strings.Join(details, "\n"))
}

// titleLine takes the words of their own off a line that has the title.
func (c *Command) titleLine(line string) string {
	words, _ := c.lastWords(line, false)
	var title []string
	for n := 0; n < len(words); n++ {
		f, took := flagAt(words[n:])
		switch {
		case took == 0 || f.plain || f.private || f.drill,
			f.severity > 0 && c.Severity > 0, f.service != "" && c.Service != "":
			title = append(title, words[n])
		default:
			c.take(f)
			n += took - 1
		}
	}
	text := strings.TrimRight(unquote(strings.Join(title, " ")), ",;") // "checkout is slow, sev2"
	return strings.TrimLeft(text, " -‐‑‒–—―−:,;•")                     // "— checkout is slow", ": checkout is slow"
}

// lastWords takes the words of their own off the end of a line and returns those
// before them. In a line of details, which is prose, words that could be prose count
// only beside one that could not, or where there are no others.
func (c *Command) lastWords(line string, prose bool) (before []string, found bool) {
	words := apart(strings.Fields(line))
	var flags []ownWord
	certain := false
	end := len(words)
	for end > 0 {
		f, took := flagBefore(words[:end])
		if took == 0 || f.plain && denied(words[:end-took], f) {
			break
		}
		flags = append(flags, f)
		certain = certain || !f.plain
		if f.plain && said(words[:end-took]) {
			break // "this is a drill": the word belongs to the title as well
		}
		end -= took
	}
	if len(flags) == 0 || prose && !certain && end > 0 {
		return words, false
	}
	for _, f := range slices.Backward(flags) {
		c.take(f)
	}
	return words[:end], true
}

// take notes what a word of its own says. Of two severities the worse one holds.
func (c *Command) take(f ownWord) {
	switch {
	case f.severity > 0 && c.Severity > 0 && f.severity != c.Severity:
		c.Severity = min(c.Severity, f.severity)
		c.Doubts = append(c.Doubts, "Two severities were typed; the worse one is taken.")
	case f.severity > 0:
		c.Severity = f.severity
	case f.service != "" && c.Service != "" && !strings.EqualFold(f.service, c.Service):
		c.Doubts = append(c.Doubts, "Two services were typed; "+f.service+" was not taken.")
	case f.service != "":
		c.Service = f.service
	}
	if f.doubt != "" {
		c.Doubts = append(c.Doubts, f.doubt)
	}
	c.Private, c.Test = c.Private || f.private, c.Test || f.drill
}

// flagBefore reads the word of its own, of one or two words, with which words end.
func flagBefore(words []string) (f ownWord, took int) {
	for took := min(2, len(words)); took > 0; took-- {
		if f, n := flagAt(words[len(words)-took:]); n == took {
			return f, took
		}
	}
	return ownWord{}, 0
}

// flagAt reads the word of its own with which words begin, and returns how many
// words it has.
func flagAt(words []string) (f ownWord, took int) {
	raw := strings.TrimLeft(words[0], "-‐‑‒–—―−") // what phones make of two hyphens, too
	dash := raw != words[0]
	word := strings.Trim(strings.ToLower(raw), trimmed)
	if sev, doubt := severityFlag(word); sev > 0 || doubt != "" {
		return ownWord{severity: sev, doubt: doubt}, 1
	}
	switch word {
	case "private":
		return ownWord{private: true, plain: !dash}, 1
	case "drill":
		return ownWord{drill: true, plain: !dash}, 1
	case "critical", "crit", "major", "minor":
		sev, _ := incident.ParseSeverity(word)
		return ownWord{severity: sev, plain: !dash}, 1
	}
	id := serviceID(raw)
	switch {
	case id != raw && strings.Trim(id, trimmed) != "":
		return ownWord{service: strings.Trim(id, trimmed)}, 1
	case len(words) < 2:
		return ownWord{}, 0
	case word == "service" && (id != raw || dash): // "service: checkout", "--service checkout"
		if id = strings.Trim(words[1], trimmed); id != "" {
			return ownWord{service: id}, 2
		}
	case word == "sev" || word == "severity" || word == "priority":
		if sev, doubt := severityFlag("sev" + strings.Trim(strings.ToLower(words[1]), trimmed)); sev > 0 {
			return ownWord{severity: sev, doubt: doubt}, 2
		}
	}
	return ownWord{}, 0
}

// severityFlag reads sev1, SEV-1, p1, severity:1 and what of other scales can only be a
// severity. A scale that begins at 0 has its worst there, one that ends at 5 its least.
func severityFlag(word string) (sev incident.Severity, doubt string) {
	if sev, ok := ownSeverity(word); ok {
		return sev, ""
	}
	digit, ok := scaled(word)
	switch {
	case !ok:
		return 0, ""
	case digit == '0':
		return incident.Sev1, "“" + word + "” is taken as sev1, the worst here."
	case digit == '5':
		return incident.Sev4, "“" + word + "” is taken as sev4, the least here."
	default:
		return 0, "There is no severity “" + word + "”: 1 is the worst, 4 the least."
	}
}

// ownSeverity reads sev1 … sev4 and p1 … p4, and nothing that could be a word of a
// title.
func ownSeverity(word string) (incident.Severity, bool) {
	if digit, ok := scaled(word); ok && digit >= '1' && digit <= '4' {
		return incident.Severity(digit - '0'), true
	}
	return 0, false
}

// scaled reads the digit of a severity on anybody's scale.
func scaled(word string) (digit byte, ok bool) {
	word = dashes.Replace(strings.Trim(strings.ToLower(word), trimmed))
	for _, prefix := range []string{"severity", "priority", "sev"} {
		if rest, ok := strings.CutPrefix(word, prefix); ok {
			if rest = strings.TrimLeft(rest, "-_:="); len(rest) == 1 && rest[0] >= '0' && rest[0] <= '9' {
				return rest[0], true
			}
			return 0, false
		}
	}
	if len(word) == 2 && word[0] == 'p' && word[1] >= '0' && word[1] <= '5' { // as alert tools call it
		return word[1], true
	}
	return 0, false
}

// serviceID is what names a service, with or without "service:" before it.
func serviceID(word string) string {
	lower := strings.ToLower(word)
	for _, prefix := range []string{"service:", "service="} {
		if strings.HasPrefix(lower, prefix) {
			return word[len(prefix):]
		}
	}
	return word
}

// apart takes words of their own apart that stand together: "sev1,private".
func apart(words []string) []string {
	var list []string
	for _, w := range words {
		pieces := strings.FieldsFunc(w, func(r rune) bool { return r == ',' || r == ';' })
		flags := len(pieces) > 1
		for _, p := range pieces {
			_, took := flagAt([]string{p})
			flags = flags && took == 1
		}
		if flags {
			list = append(list, pieces...)
		} else {
			list = append(list, w)
		}
	}
	return list
}

// denied reports whether the words before one that could be prose say that it is:
// "not a drill", "not critical", "since the drill".
func denied(before []string, f ownWord) bool {
	word := func(back int) string {
		if len(before) < back {
			return ""
		}
		return strings.Trim(strings.ToLower(before[len(before)-back]), trimmed)
	}
	last := word(1)
	if slices.Contains([]string{"a", "an", "the", "at", "all", "very", "so", "that", "yet", "really", "even"}, last) && last != "" {
		if f.drill && (last == "the" || last == "that") {
			return true
		}
		last = word(2)
	}
	switch {
	case slices.Contains([]string{"not", "no", "never", "non", "less", "longer", "without"}, last),
		strings.HasSuffix(last, "n't"), strings.HasSuffix(last, "n’t"):
		return true
	default:
		return f.drill && slices.Contains([]string{"our", "last", "since", "after", "during", "before", "from", "by"}, last)
	}
}

// said reports whether words end as a sentence whose last word is still to come.
func said(before []string) bool {
	if len(before) == 0 {
		return false
	}
	return slices.Contains([]string{"is", "are", "was", "were", "be", "a", "an", "as", "very", "now", "getting", "became"},
		strings.Trim(strings.ToLower(before[len(before)-1]), trimmed))
}
