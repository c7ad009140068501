package blameless

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// The rules are data. The first file holds the phrases; the second widens them
// to other inflections, orders and synonyms, and narrows what of the first hits
// too much.
var (
	//go:embed blameless_phrases.json
	phrasesFile []byte
	//go:embed blameless_variants.json
	variantsFile []byte
)

// phrases is one file of rules.
type phrases struct {
	Macros     map[string]string                    `json:"macros"`
	Masks      map[string]string                    `json:"masks"`
	Categories map[string]struct{ Question string } `json:"categories"`
	Rules      []*rule                              `json:"rules"`
	// Not are patterns for matches that are none after all, by rule; under the
	// name "person" for every rule in whose match a person may stand. They see
	// the sentence with the match between « and ».
	Not   map[string][]string `json:"not"`
	Traps []trap              `json:"false_positive_traps"`
}

type trap struct {
	Text    string   `json:"text"`
	MustNot []string `json:"must_not_flag"`
}

// rule is one phrase with everything that is said about it.
type rule struct {
	ID             string   `json:"id"`
	Category       string   `json:"category"`
	Pattern        string   `json:"pattern"`
	Severity       string   `json:"severity"`
	Subject        string   `json:"subject"`
	Suggestion     string   `json:"suggestion"`
	Exceptions     []string `json:"exceptions"`
	SectionsExempt []string `json:"sections_exempt"`
	Alternative    struct {
		Before string `json:"before"`
		After  string `json:"after"`
	} `json:"alternative"`
	More []string `json:"more"` // further wording that the rule must find

	question string
	re       *regexp.Regexp
	except   []*regexp.Regexp // of the sentence
	not      []*regexp.Regexp // of the sentence with the match marked
}

// matches returns where the rule matches in a sentence, in bytes: its group, if
// it has one, for a pattern that must see a word more than it means.
func (u *rule) matches(text string) [][]int {
	found := u.re.FindAllStringSubmatchIndex(text, 4)
	if len(found) == 0 {
		return nil
	}
	for n, m := range found {
		if len(m) > 2 && m[2] >= 0 {
			m = m[2:]
		}
		found[n] = m[:2]
	}
	for _, e := range u.except {
		if e.MatchString(text) {
			return nil
		}
	}
	return slices.DeleteFunc(found, func(m []int) bool {
		if len(u.not) == 0 {
			return false
		}
		marked := text[:m[0]] + "«" + text[m[0]:m[1]] + "»" + text[m[1]:]
		return slices.ContainsFunc(u.not, func(n *regexp.Regexp) bool { return n.MatchString(marked) })
	})
}

// ruleset is all rules, ready to read.
type ruleset struct {
	rules       []*rule
	categories  []string
	masks       []*regexp.Regexp
	named       *regexp.Regexp
	namedBefore *regexp.Regexp
	namedAfter  *regexp.Regexp
	byName      *rule             // what is said of a name beside any verdict
	always      []int             // rules for which no word is known that a match must hold
	words       map[string][]word // by their first three bytes
}

// word is one that a match of some rules must hold, or another of its kind.
type word struct {
	text  string
	rules []int
}

// compiled returns the rules. They are compiled when the first text is read:
// most commands of the program read none.
var compiled = sync.OnceValue(func() *ruleset {
	r, err := compile(phrasesFile, variantsFile)
	if err != nil {
		panic(err) // the files are part of the program; a test reads them
	}
	return r
})

func compile(files ...[]byte) (*ruleset, error) {
	all := phrases{Macros: map[string]string{}, Masks: map[string]string{}, Not: map[string][]string{}}
	questions := map[string]string{}
	for _, f := range files {
		var p phrases
		if err := json.Unmarshal(f, &p); err != nil {
			return nil, fmt.Errorf("read phrases: %v", err)
		}
		for k, v := range p.Macros {
			all.Macros[k] = v
		}
		for k, v := range p.Masks {
			all.Masks[k] = v
		}
		for k, v := range p.Not {
			all.Not[k] = append(all.Not[k], v...)
		}
		for k, v := range p.Categories {
			questions[k] = v.Question
		}
		all.Rules = append(all.Rules, p.Rules...)
	}
	all.Macros["NAME"] = nameToken
	r := &ruleset{rules: all.Rules, words: map[string][]word{}}
	r.categories = []string{"blame", "counterfactual", "hindsight", "human_error", "absolute", namedPerson}
	if err := r.compileMasks(all.Masks); err != nil {
		return nil, err
	}
	for n, u := range r.rules {
		u.question = questions[u.Category]
		if err := u.compile(all); err != nil {
			return nil, err
		}
		if u.ID == "np.name_negverb" {
			r.byName = u
		}
		r.index(n, u)
	}
	return r, r.compileNamed(all)
}

// compileMasks keeps the order in which masks are laid: what is code is not an
// address, and what is an address holds no quote.
func (r *ruleset) compileMasks(masks map[string]string) error {
	for _, name := range []string{"fenced_code", "inline_code", "url", "email", "quote_line", "double_quoted"} {
		re, err := regexp.Compile(masks[name])
		if err != nil {
			return fmt.Errorf("mask %s: %v", name, err)
		}
		r.masks = append(r.masks, re)
	}
	return nil
}

func (r *ruleset) compileNamed(p phrases) error {
	for _, c := range []struct {
		into  **regexp.Regexp
		macro string
	}{{&r.named, "NAMED"}, {&r.namedBefore, "NAMED_BEFORE"}, {&r.namedAfter, "NAMED_AFTER"}} {
		re, err := regexp.Compile("(?i)" + p.expand(p.Macros[c.macro]))
		if err != nil {
			return fmt.Errorf("macro %s: %v", c.macro, err)
		}
		*c.into = re
	}
	return nil
}

func (u *rule) compile(p phrases) error {
	var err error
	if u.re, err = regexp.Compile("(?i)" + p.expand(u.Pattern)); err != nil {
		return fmt.Errorf("rule %s: %v", u.ID, err)
	}
	not := p.Not[u.ID]
	if strings.Contains(u.Pattern, "{{P") {
		not = append(slices.Clip(not), p.Not["person"]...)
	}
	for _, list := range []struct {
		from []string
		into *[]*regexp.Regexp
	}{{u.Exceptions, &u.except}, {not, &u.not}} {
		for _, e := range list.from {
			re, err := regexp.Compile("(?i)" + p.expand(e))
			if err != nil {
				return fmt.Errorf("exception of rule %s: %v", u.ID, err)
			}
			*list.into = append(*list.into, re)
		}
	}
	return nil
}

// expand replaces {{MACRO}}s, also those inside macros.
func (p phrases) expand(s string) string {
	for strings.Contains(s, "{{") {
		before, rest, _ := strings.Cut(s, "{{")
		name, after, ok := strings.Cut(rest, "}}")
		m, known := p.Macros[name]
		if !ok || !known {
			return before + "[" // does not compile, and the rule is named then
		}
		s = before + m + after
	}
	return s
}

// index notes which words a match of rule n must hold one of. Two hundred rules
// over every sentence would take seconds; looking for words first leaves a few.
func (r *ruleset) index(n int, u *rule) {
	re, err := syntax.Parse(u.re.String(), syntax.Perl)
	if err != nil {
		r.always = append(r.always, n)
		return
	}
	need := required(re)
	if shortest(need) < 3 {
		r.always = append(r.always, n)
		return
	}
	for _, w := range need {
		key := w[:3]
		at := slices.IndexFunc(r.words[key], func(o word) bool { return o.text == w })
		if at < 0 {
			at = len(r.words[key])
			r.words[key] = append(r.words[key], word{text: w})
		}
		r.words[key][at].rules = append(r.words[key][at].rules, n)
	}
}

// required returns strings, in small letters, of which every match holds one;
// nil when nothing is known.
func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			need := required(sub)
			if need == nil {
				return nil
			}
			all = append(all, need...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if need := required(sub); better(need, best) {
				best = need
			}
		}
		return best
	}
	return nil
}

// better reports whether strings a tell more than b: longer ones, then fewer.
func better(a, b []string) bool {
	la, lb := min(shortest(a), 5), min(shortest(b), 5)
	if la != lb {
		return la > lb
	}
	return len(a) < len(b)
}

func shortest(s []string) int {
	if len(s) == 0 {
		return 0
	}
	n := len(s[0])
	for _, e := range s {
		n = min(n, len(e))
	}
	return n
}

// candidates returns the rules that can match a sentence, in their order.
func (r *ruleset) candidates(text string) []int {
	text = strings.ToLower(text)
	found := slices.Clone(r.always)
	for i := 0; i+3 <= len(text); i++ {
		for _, w := range r.words[text[i:i+3]] {
			if strings.HasPrefix(text[i:], w.text) {
				found = append(found, w.rules...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
