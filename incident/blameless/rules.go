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

// The rules are data: wording that is listed, each with what could stand there
// instead. The [grammar] widens them to what no list holds.
//
//go:embed blameless_phrases.json
var phrasesFile []byte

// phrases is the file of rules.
type phrases struct {
	Macros     map[string]string                    `json:"macros"`
	Masks      map[string]string                    `json:"masks"`
	Categories map[string]struct{ Question string } `json:"categories"`
	Rules      []*rule                              `json:"rules"`
	Traps      []trap                               `json:"false_positive_traps"`
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

	question string
	re       *regexp.Regexp
	except   []*regexp.Regexp // of the sentence
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
	return found
}

// ruleset is all rules, ready to read.
type ruleset struct {
	rules      []*rule
	byID       map[string]*rule
	grammar    *grammar
	categories []string
	masks      []*regexp.Regexp
	byName     *rule             // what is said of a name beside any verdict
	always     []int             // rules for which no word is known that a match must hold
	words      map[string][]word // by their first three bytes
}

// word is one that a match of some rules must hold, or another of its kind.
type word struct {
	text  string
	rules []int
}

// compiled returns the rules. They are compiled when the first text is read:
// most commands of the program read none.
var compiled = sync.OnceValue(func() *ruleset {
	r, err := compile(phrasesFile, grammarFile)
	if err != nil {
		panic(err) // the files are part of the program; a test reads them
	}
	return r
})

func compile(file []byte, grammar string) (*ruleset, error) {
	var p phrases
	if err := json.Unmarshal(file, &p); err != nil {
		return nil, fmt.Errorf("read phrases: %v", err)
	}
	p.Macros["NAME"] = nameToken
	r := &ruleset{rules: p.Rules, byID: map[string]*rule{}, words: map[string][]word{}}
	r.categories = []string{"blame", "counterfactual", "hindsight", "human_error", "absolute", namedPerson}
	if err := r.compileMasks(p.Masks); err != nil {
		return nil, err
	}
	for n, u := range r.rules {
		u.question = p.Categories[u.Category].Question
		if err := u.compile(p); err != nil {
			return nil, err
		}
		r.byID[u.ID] = u
		r.index(n, u)
	}
	r.byName = r.byID["np.name_negverb"]
	var err error
	r.grammar, err = parseGrammar(grammar)
	if err != nil {
		return nil, err
	}
	for _, rule := range r.grammar.rules {
		if r.byID[rule] == nil {
			return nil, fmt.Errorf("the grammar has patterns for %s, which is no rule", rule)
		}
	}
	return r, nil
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

func (u *rule) compile(p phrases) error {
	var err error
	if u.re, err = regexp.Compile("(?i)" + p.expand(u.Pattern)); err != nil {
		return fmt.Errorf("rule %s: %v", u.ID, err)
	}
	for _, e := range u.Exceptions {
		re, err := regexp.Compile("(?i)" + p.expand(e))
		if err != nil {
			return fmt.Errorf("exception of rule %s: %v", u.ID, err)
		}
		u.except = append(u.except, re)
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
