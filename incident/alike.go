package incident

import (
	"strings"
	"unicode"
)

// Alike returns the one of others that is most likely the same as i: open, of the
// same kind (a drill is not like an incident), and alike in service, business
// function and the words of the title. A private incident is like none, so that a
// question about it tells nobody of it. Of several equally alike ones the first is
// returned.
//
// The words count for as much as they have in common of all that both have; the same
// service or function tips the scales, another function against it.
func Alike(i Incident, others []Incident) (Incident, bool) {
	const enough = 0.5
	best, most := Incident{}, enough
	mine := tellingWords(i.Title)
	for _, o := range others {
		if o.Number == i.Number || !o.Status.Active() || o.Private || i.Private || o.Test != i.Test {
			continue
		}
		alike := inCommon(mine, tellingWords(o.Title))
		if i.Service != "" && i.Service == o.Service && i.ServiceBy != ByDefault && o.ServiceBy != ByDefault {
			alike += 0.3
		}
		switch {
		case i.Function == "" || o.Function == "":
		case strings.EqualFold(i.Function, o.Function):
			alike += 0.3
		default:
			alike -= 0.3
		}
		if i.Symptom != "" && i.Symptom == o.Symptom {
			alike += 0.1
		}
		if alike > most || best.Number == 0 && alike >= enough {
			best, most = o, alike
		}
	}
	return best, best.Number > 0
}

// inCommon is the share of words that both have, from 0 to 1.
func inCommon(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// tellingWords are the words of a title that say what it is about, each in one form.
func tellingWords(title string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if same, ok := sameWords[w]; ok {
			w = same
		}
		for _, end := range []string{"ing", "ed", "es", "s"} {
			if stem, ok := strings.CutSuffix(w, end); ok && len(stem) > 3 {
				w = stem
				break
			}
		}
		if w != "" {
			words[w] = true
		}
	}
	return words
}

// sameWords are words that people use for the same thing, and those that say nothing.
var sameWords = map[string]string{
	"unavailable": "down", "outage": "down", "dead": "down", "unreachable": "down", "offline": "down",
	"latency": "slow", "lagging": "slow", "slowly": "slow", "sluggish": "slow",
	"error": "fail", "errors": "fail", "erroring": "fail", "failure": "fail", "failures": "fail", "broken": "fail", "500s": "fail", "500": "fail", "5xx": "fail",
	"a": "", "an": "", "the": "", "is": "", "are": "", "be": "", "of": "", "for": "", "in": "", "on": "", "at": "", "to": "",
	"and": "", "or": "", "since": "", "with": "", "we": "", "our": "", "it": "", "some": "", "all": "", "again": "",
}
