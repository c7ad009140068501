package blameless

import (
	_ "embed"
	"fmt"
	"strings"
)

// The grammar says how people are judged in words that no list holds: in other
// inflections, with other words of the same class, in the passive. Its file
// tells what its lines mean.
//
//go:embed blameless_grammar.txt
var grammarFile string

// grammar is the classes of words and the patterns made of them.
type grammar struct {
	classes map[string]map[string]bool
	present map[string]bool                  // verbs as they stand in the present
	starts  map[string][]*pattern            // by the words that they can begin with
	leave   map[string]map[string][]*pattern // by rule and word: what is none of its business after all
	only    map[string]conditions            // of rules that do not hold of anything
	rules   []string                         // that have patterns
	bits    map[string]uint64                // of each word, the classes that it is in
}

// conditions say of what a rule holds.
type conditions struct {
	people      bool // of people only
	deeds       bool // of people and what they do
	acts        bool // not of what a machine would have done by itself
	unexplained bool // not where a cause follows that is nobody
	past        bool // only where something past is told
	asked       bool // in a question too
}

// pattern is a line of the grammar.
type pattern struct {
	rule     string
	elements []element
	anyway   bool // it holds also where it is denied
	first    bool // it begins the sentence
}

// element is one place of a pattern.
type element struct {
	words    map[string]bool
	optional bool
	gap      int    // up to so many words of any kind, beyond a comma only if more than six
	who      string // of whom the word must be said: p a person, u a person or nobody, s a signal to people, n denied; m a machine
	person   bool   // somebody, in as many words as it takes
	done     bool   // a past participle
	noun     bool   // a word with which a noun phrase goes on
}

func parseGrammar(file string) (*grammar, error) {
	g := &grammar{classes: map[string]map[string]bool{"verb": {}}, present: map[string]bool{}, starts: map[string][]*pattern{},
		leave: map[string]map[string][]*pattern{}, only: map[string]conditions{}}
	rule := ""
	for n, line := range strings.Split(file, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "":
		case line[0] == '@' && strings.Contains(line, " = "):
			name, words, _ := strings.Cut(line[1:], " = ")
			err = g.class(name, words)
		case line[0] == '[':
			rule = g.header(strings.Trim(line, "[]"))
			g.rules = append(g.rules, rule)
		default:
			err = g.pattern(rule, line)
		}
		if err != nil {
			return nil, fmt.Errorf("grammar line %d: %v", n+1, err)
		}
	}
	g.bits = map[string]uint64{}
	for n, name := range classNames {
		if g.classes[name] == nil {
			return nil, fmt.Errorf("the grammar has no class %s", name)
		}
		for w := range g.classes[name] {
			g.bits[w] |= 1 << n
		}
	}
	return g, nil
}

// header notes for what a rule holds, and returns its name.
func (g *grammar) header(line string) string {
	var c conditions
	for _, o := range []struct {
		words string
		is    *bool
	}{
		{" also asked", &c.asked}, {" in the past", &c.past}, {" unless explained", &c.unexplained},
		{" of acts", &c.acts}, {" of people", &c.people}, {" of deeds", &c.deeds},
	} {
		line, *o.is = strings.CutSuffix(line, o.words)
	}
	g.only[line] = c
	return line
}

// class adds words to a class.
func (g *grammar) class(name, words string) error {
	if g.classes[name] == nil {
		g.classes[name] = map[string]bool{}
	}
	for _, w := range strings.Fields(words) {
		set, err := g.words(w)
		if err != nil {
			return err
		}
		for w := range set {
			g.classes[name][w] = true
		}
	}
	return nil
}

// words returns what one name stands for: a class, a verb in its forms, a noun
// in singular and plural, or the word itself.
func (g *grammar) words(w string) (map[string]bool, error) {
	set := map[string]bool{}
	if w == "" {
		return nil, fmt.Errorf("an empty word")
	}
	switch last := w[len(w)-1]; {
	case w == "<NAME>":
		set[nameToken] = true
	case w[0] == '@':
		if g.classes[w[1:]] == nil {
			return nil, fmt.Errorf("no class %s", w)
		}
		return g.classes[w[1:]], nil
	case last == '~':
		verb := w[:len(w)-1]
		for _, f := range forms(verb) {
			set[f] = true
			g.classes["verb"][f] = true
		}
		g.present[verb], g.present[thirdPerson(verb)] = true, true
	case last == '+':
		set[w[:len(w)-1]], set[plural(w[:len(w)-1])] = true, true
	default:
		set[w] = true
	}
	return set, nil
}

func (g *grammar) pattern(rule, line string) error {
	p := &pattern{rule: rule}
	leave := false
	for _, f := range strings.Fields(line) {
		switch {
		case f == "-" && len(p.elements) == 0:
			leave, p.anyway = true, true
			continue
		case f == "!":
			p.anyway = true
			continue
		case f == "^":
			p.first = true
			continue
		}
		e, err := g.element(f)
		if err != nil {
			return err
		}
		p.elements = append(p.elements, e)
	}
	if len(p.elements) == 0 {
		return fmt.Errorf("a pattern of nothing")
	}
	into := g.starts
	if leave {
		if g.leave[rule] == nil {
			g.leave[rule] = map[string][]*pattern{}
		}
		into = g.leave[rule]
	}
	if len(p.elements) > 1 && p.elements[0].optional {
		return fmt.Errorf("a pattern cannot begin with what may be absent")
	}
	if len(p.elements[0].words) == 0 {
		return fmt.Errorf("a pattern begins with a word: with anything else it is never looked for")
	}
	for w := range p.elements[0].words {
		into[w] = append(into[w], p)
	}
	return nil
}

func (g *grammar) element(f string) (element, error) {
	e := element{words: map[string]bool{}}
	if f == "@participle" {
		e.done = true
		return e, nil
	}
	if f == "@noun" {
		e.noun = true
		return e, nil
	}
	if n, ok := strings.CutPrefix(f, ".."); ok {
		_, err := fmt.Sscan(n, &e.gap)
		return e, err
	}
	if who, rest, ok := strings.Cut(f, ":"); ok && rest != "" && strings.Trim(who, "pusnmh") == "" && who != "" {
		e.who, f = who, rest
	}
	f, e.optional = strings.CutSuffix(f, "?")
	for _, w := range strings.Split(f, "|") {
		if w == "<P>" {
			e.person = true
			continue
		}
		set, err := g.words(w)
		if err != nil {
			return e, err
		}
		if len(e.words) == 0 && w[0] == '@' && !strings.Contains(f, "|") {
			e.words = set
			break
		}
		for w := range set {
			e.words[w] = true
		}
	}
	return e, nil
}

// match is where a pattern was found, in tokens, and of whom it speaks.
type match struct {
	pattern    *pattern
	start, end int
	named      bool
}

// read finds the patterns in a sentence.
func (r *reading) read() []match {
	var out []match
	for i := range r.t {
		for _, p := range r.g.starts[r.word(i)] {
			if p.first && i > 0 {
				continue
			}
			m, ok := r.match(p, i)
			if ok && !r.told(m.start) && !r.ofOther(p.rule, m) && !r.left(p.rule, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// match tries a pattern at token i.
func (r *reading) match(p *pattern, i int) (match, bool) {
	m := match{pattern: p, start: i, end: i}
	ok := r.rest(p.elements, i, &m) && (p.anyway || !r.denied(i))
	return m, ok
}

// left reports whether a finding of a rule is none after all.
func (r *reading) left(rule string, m match) bool {
	leave := r.g.leave[rule]
	for i := max(0, m.start-6); leave != nil && i < min(m.end+1, len(r.t)); i++ {
		for _, p := range leave[r.word(i)] {
			if p.first && i > 0 {
				continue
			}
			if not, ok := r.match(p, i); ok && not.end > m.start {
				return true
			}
		}
	}
	return false
}

// isNone reports whether what a listed rule found, in bytes, is none after all:
// the grammar excepts it, a machine does it, or a judgement is denied.
func (r *reading) isNone(rule string, judges bool, start, end int) bool {
	var m match
	m.start, m.end = r.within(start, end)
	return r.told(m.start) || r.compound(m, end) || r.ofOther(rule, m) || r.left(rule, m) || judges && r.denied(m.start)
}

// mechanical reports whether who does it has no will of its own. What people do,
// such as a review, is no machine.
func (r *reading) mechanical(d doer) bool {
	return d.kind == machine && d.head >= 0 && !r.is(d.head, cActivity)
}

// within returns the tokens of a stretch in bytes.
func (r *reading) within(start, end int) (int, int) {
	from, to := len(r.t), 0
	for i, t := range r.t {
		if t.end > start && t.start < end {
			from, to = min(from, i), i+1
		}
	}
	return from, to
}

// ofOne reports whether what is said in some tokens is said of one person, by
// name or by what fits nobody else.
func (r *reading) ofOne(from, to int) bool {
	for i := from; i < to; i++ {
		if (r.is(i, cVerb) || i == from) && r.doer(i).named {
			return true
		}
	}
	return false
}

// rest matches elements from token i on. Adverbs may stand before each but the
// first.
func (r *reading) rest(es []element, i int, m *match) bool {
	if len(es) == 0 {
		m.end = max(m.end, i)
		return true
	}
	e := es[0]
	switch {
	case e.gap > 0:
		for n := 0; n <= e.gap; n++ {
			if r.rest(es[1:], i+n, m) {
				return true
			}
			if w := r.word(i + n); w == "" || w == ";" || w == "." || w == "," && e.gap <= 6 {
				return false
			}
		}
		return false
	case e.person:
		d, end := r.nounPhrase(i)
		if end > i && d.kind == human && r.rest(es[1:], end, m) {
			m.named = m.named || d.named
			return true
		}
	}
	for n := 0; n <= 2; n++ { // adverbs on the way
		if i+n >= len(r.t) {
			break
		}
		if e.words[r.word(i+n)] || e.done && r.participle(i+n) && r.word(i+n) != "been" || e.noun && r.nounAt(i+n) {
			if d, ok := r.holds(e, i+n); ok && r.rest(es[1:], i+n+1, m) {
				m.named = m.named || d.named
				if d.from >= 0 && d.from < m.start {
					m.start = d.from
				}
				return true
			}
		}
		if i == m.start || !r.adverb(i+n) {
			break
		}
	}
	return e.optional && r.rest(es[1:], i, m)
}

// holds reports whether a word is said of whom its element asks for.
func (r *reading) holds(e element, i int) (doer, bool) {
	if e.who == "" {
		return doer{from: -1}, true
	}
	d := r.doer(i)
	if e.who == "m" {
		return d, r.mechanical(d)
	}
	denied := strings.Contains(e.who, "n")
	if d.no != denied || d.open {
		return d, false
	}
	switch {
	case d.kind == human:
		return d, e.who != "hn"
	case d.kind == unsaid && strings.Contains(e.who, "h"):
		return d, d.toPeople
	case d.kind == unsaid && strings.Contains(e.who, "u"):
		return d, true
	case d.kind == unsaid && strings.Contains(e.who, "s"):
		return d, r.is(d.head, cSignal)
	}
	return d, false
}

// denied reports whether what begins at token i is denied: not careless, no
// negligence, none of them was.
func (r *reading) denied(i int) bool {
	for k := i - 1; k >= 0 && i-k <= 5; k-- {
		w := r.word(k)
		if w == "," || w == ";" || w == ":" || w == "but" || w == "and" || r.is(k, cSubordinate) && !(w == "that" && r.is(k-1, cThink)) {
			return false
		}
		if r.is(k, cNobody) {
			return r.is(i-1, cBe) || i-k <= 2 // nobody was careless, nobody acted rashly
		}
		if r.is(k, cNot) || w == "no" || w == "without" && i-k <= 2 || w == "rather" {
			return w != "not" || r.word(k+1) != "only"
		}
	}
	return false
}

// nounAt reports whether a word can belong to a noun phrase: it is none of those that hold
// sentences together, and no adverb.
func (r *reading) nounAt(i int) bool {
	return r.word(i) != "" && !r.is(i, cBoundary) && !r.adverb(i)
}

// participle reports whether a word can be one, after to have or to be.
func (r *reading) participle(i int) bool {
	w := r.word(i)
	return r.is(i, cParticiple) || len(w) > 4 && strings.HasSuffix(w, "ed") && w != "need" && w != "speed" && w != "seed" && w != "indeed"
}
