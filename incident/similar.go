package incident

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Trait is what an incident is compared by with others.
type Trait struct {
	Number   int
	Service  string
	Function string // the business function, in lower case
	Symptom  Symptom
	Declared time.Time
	Over     bool     // mitigated once, or over: something has helped
	Words    []string // of the title, see [Words]
}

// TraitOf returns what i is compared by. Drills, what was no incident and parts of
// other ones have nothing to teach: ok is false.
func TraitOf(i Incident) (t Trait, ok bool) {
	if i.Test || i.Status == Cancelled || i.Status == Merged {
		return Trait{}, false
	}
	over := !i.Mitigated.IsZero() || !i.Resolved.IsZero()
	return Trait{Number: i.Number, Service: i.Service, Function: strings.ToLower(i.Function), Symptom: i.Symptom,
		Declared: i.Declared, Over: over, Words: Words(i.Title)}, true
}

// Words returns the words of a text that tell something, in lower case, each once
// and in order, without the ending of a plural.
func Words(text string) []string {
	var list []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		if len(w) > 4 {
			w = strings.TrimSuffix(w, "s")
		}
		if len([]rune(w)) > 2 && !slices.Contains(emptyWords, w) {
			list = append(list, w)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// emptyWords stand in titles of any kind.
var emptyWords = []string{"the", "and", "for", "are", "was", "has", "have", "again", "with", "from", "after", "since", "all", "some", "not",
	"our", "this", "that", "there", "when", "into", "down", "slow", "slowly", "error", "failing", "fail", "fails", "failed", "broken", "alert", "incident", "test"}

// What makes two incidents alike. A shared service alone does not, nor with the same
// symptom: most incidents of a small company are of a few services, and slow.
const (
	sameService  = 2
	sameFunction = 2
	sameSymptom  = 1
	sharedWord   = 2
	alikeFrom    = 4
)

// Precedents returns the numbers of those in past that have something to say about the
// incident of t, the most alike first and of these the latest, at most so many. What
// is not over yet has not helped anybody.
func Precedents(t Trait, past []Trait, most int) []int {
	type hit struct{ score, number int }
	var hits []hit
	for _, p := range past {
		if p.Number == t.Number || !p.Over || p.Declared.After(t.Declared) {
			continue
		}
		if s := t.score(p); s >= alikeFrom {
			hits = append(hits, hit{s, p.Number})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.score != b.score {
			return b.score - a.score
		}
		return b.number - a.number
	})
	var list []int
	for _, h := range hits[:min(most, len(hits))] {
		list = append(list, h.number)
	}
	return list
}

// score counts what two incidents share. Both lists of words are sorted.
func (t Trait) score(p Trait) int {
	s := 0
	if t.Service != "" && t.Service == p.Service {
		s += sameService
	}
	if t.Function != "" && t.Function == p.Function {
		s += sameFunction
	}
	if t.Symptom != "" && t.Symptom == p.Symptom {
		s += sameSymptom
	}
	for a, b := 0, 0; a < len(t.Words) && b < len(p.Words); {
		switch c := strings.Compare(t.Words[a], p.Words[b]); {
		case c == 0:
			s += sharedWord
			a, b = a+1, b+1
		case c < 0:
			a++
		default:
			b++
		}
	}
	return s
}
