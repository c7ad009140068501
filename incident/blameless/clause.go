package blameless

import "strings"

// doer is who does what a verb, or a noun such as failure, says.
type doer struct {
	kind     kind
	named    bool // one person, by name or by a description that fits nobody else
	from     int  // the first token of the words that say who, -1 for nobody said
	no       bool // it is denied: nobody, not, without
	toPeople bool // a passive whose subject is people
	open     bool // no fact: a condition, a proposal, an ability
	head     int  // the token of the subject, also where it is no person; -1 if none
}

type kind int

const (
	unsaid  kind = iota // a passive or a gerund without anybody
	human               // a person, a team, a pronoun
	machine             // anything else
)

// reading is a sentence as the grammar sees it.
type reading struct {
	g     *grammar
	t     []token
	class []uint64 // of each token, a bit for each class
	doers []doer   // of each token, once asked for
	known []bool
}

func (g *grammar) reading(text string) *reading {
	t := tokens(text)
	r := &reading{g: g, t: t, class: make([]uint64, len(t)), doers: make([]doer, len(t)), known: make([]bool, len(t))}
	for i := range t {
		r.class[i] = g.bits[t[i].text]
	}
	return r
}

func (r *reading) word(i int) string {
	if i < 0 || i >= len(r.t) {
		return ""
	}
	return r.t[i].text
}

func (r *reading) is(i int, c class) bool {
	return i >= 0 && i < len(r.class) && r.class[i]&(1<<c) != 0
}

// adverb reports whether a word may stand between a verb and what belongs to it.
func (r *reading) adverb(i int) bool {
	w := r.word(i)
	return r.is(i, cAdverb) || len(w) > 4 && strings.HasSuffix(w, "ly") && !r.is(i, cNotAdverb)
}

// boundary reports whether a noun phrase cannot go on over a token.
func (r *reading) boundary(i int) bool {
	w := r.word(i)
	return w == "" || r.is(i, cBoundary) || len(w) == 1 && !isAlnum(w[0])
}

func isAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80 }

// doer finds who does what the token i says.
func (r *reading) doer(i int) doer {
	if !r.known[i] {
		r.doers[i], r.known[i] = r.find(i), true
	}
	return r.doers[i]
}

func (r *reading) find(i int) doer {
	if d, ok := r.owner(i); ok {
		return d
	}
	if d, ok := r.agent(i); ok {
		d.no = d.no || r.passiveDenied(i)
		return d
	}
	return r.subject(i, 0)
}

// owner finds the person whose slip or failure a noun is: the engineer's, their.
// In "their routers failed" the routers have an owner, not the failing.
func (r *reading) owner(i int) (doer, bool) {
	if r.is(i, cNot) || r.adverb(i) {
		return doer{}, false // their balancer never: the never is nobody's
	}
	reach := 4
	if r.is(i, cVerb) && !r.is(i, cFaultN) {
		if !strings.HasSuffix(r.word(i), "ing") {
			return doer{}, false
		}
		reach = 1
	}
	for k := i - 1; k >= 0 && i-k <= reach; k-- {
		switch {
		case r.word(k) == "'s" && k > 0:
			if r.is(k-1, cPronoun) && !r.is(k-1, cAnyPerson) {
				return doer{}, false // it's, he's: is or has
			}
			d := r.phrase(k - 1)
			return d, true
		case r.is(k, cPossessive):
			return doer{kind: human, from: k, head: k}, true
		case r.boundary(k) || r.is(k, cArticle):
			return doer{}, false
		}
	}
	return doer{}, false
}

// agent finds by whom, of whom or on whose part something is done, to the right.
func (r *reading) agent(i int) (doer, bool) {
	noun := !r.is(i, cVerb) || r.is(i, cFaultN)
	for k := i + 1; k < len(r.t) && k-i <= 8; k++ {
		w := r.word(k)
		if w == "by" || w == "of" && k == i+1 && noun || w == "part" && r.word(k+1) == "of" || w == "from" && k == i+1 && noun {
			start := k + 1
			if w == "part" {
				start = k + 2
			}
			d, end := r.nounPhrase(start)
			if end > start && !r.is(end-1, cNoAgent) && !r.is(start, cNoAgent) {
				if d.kind == machine && w != "by" {
					return doer{}, false
				}
				return d, true
			}
			if w == "by" {
				return doer{}, false
			}
		}
		if w == "," || w == ";" || w == ":" || w == "(" || r.is(k, cSubordinate) || r.is(k, cAux) {
			break
		}
	}
	return doer{}, false
}

func (r *reading) passiveDenied(i int) bool {
	g := r.group(i)
	return g.no
}

// group is a verb with its auxiliaries: from is its first token.
type group struct {
	from    int
	no      bool
	be      bool // a form of to be or to get stands right before: passive or progressive
	modal   bool // will, would, can, should …
	have    bool
	to      bool // an infinitive
	present bool // do or does
}

// group walks left from a verb over what belongs to it.
func (r *reading) group(i int) group {
	g := group{from: i}
	for k := i - 1; k >= 0; k-- {
		w := r.word(k)
		switch {
		case r.is(k, cNot):
			g.no = true
		case r.is(k, cBe):
			g.be = g.be || !g.have
		case r.is(k, cHave) || w == "'d":
			g.have = true
		case r.is(k, cModal):
			g.modal = true
		case w == "do" || w == "does":
			g.present = true
		case w == "did":
		case w == "to" && k == g.from-1:
			g.to = true
		case w == "'s" && k+1 == g.from && !r.is(k-1, cPronoun):
			return g
		case w == "'s":
			g.be = true
		case r.adverb(k):
		default:
			return g
		}
		g.from = k
		if g.to {
			return g
		}
	}
	return g
}

// subject finds the subject of a verb.
func (r *reading) subject(i, depth int) doer {
	if depth > 4 {
		return doer{kind: machine, from: -1, head: -1}
	}
	g := r.group(i)
	w := r.word(i)
	ing := strings.HasSuffix(w, "ing") && !g.be
	var d doer
	switch {
	case g.to || ing && r.is(g.from-1, cCatenative):
		d = r.governor(g.from-1, depth)
	case ing:
		d = r.gerund(g.from, depth)
	default:
		d = r.nominal(g.from-1, depth)
	}
	passive := g.be && !strings.HasSuffix(w, "ing")
	d.no = g.no || d.no && !(passive && d.kind != human) // "no objection was raised" denies no duty
	if passive {                                         // it says nobody: its subject is what it was done to
		return doer{kind: unsaid, named: d.named, toPeople: d.kind == human, from: -1, head: d.head, no: d.no, open: g.modal && !g.have}
	}
	generic := r.word(d.head) == "you" && r.presentForm(w) // you need to: anybody, at any time
	d.open = d.open || generic || g.modal && !g.have || (g.present || r.presentForm(w) && !g.be && !g.have) && r.conditional(g.from-1)
	return d
}

func (r *reading) presentForm(w string) bool {
	return !strings.HasSuffix(w, "ed") && !strings.HasSuffix(w, "ing") && r.g.present[w]
}

// conditional reports whether the clause that ends at k begins with if or when.
func (r *reading) conditional(k int) bool {
	for ; k >= 0; k-- {
		if r.is(k, cCondition) {
			return true
		}
		if w := r.word(k); w == "," || w == ";" || w == ":" || w == "that" {
			return false
		}
	}
	return false
}

// governor finds the doer of an infinitive: that of the verb or noun before it.
func (r *reading) governor(k, depth int) doer {
	for k >= 0 && r.adverb(k) || r.is(k, cNot) && k > 0 {
		k--
	}
	if k < 0 || r.boundary(k) && !r.is(k, cVerb) {
		return doer{kind: machine, from: -1, head: -1}
	}
	if r.is(k, cFaultN) || r.is(k, cWill) {
		if d, ok := r.owner(k); ok {
			return d
		}
	}
	return r.subject(k, depth+1)
}

// gerund finds the doer of a clause such as "without asking": the subject of the
// clause that it hangs on.
func (r *reading) gerund(from, depth int) doer {
	before := r.word(from - 1)
	no := before == "without" || r.is(from-1, cNot)
	if before == "," && r.is(from, cOutcome) {
		return doer{kind: machine, from: -1, head: -1} // what came of it all, not what somebody did
	}
	if from == 0 || r.onlyLead(from) {
		for k := from; k < len(r.t); k++ {
			if r.word(k) == "," {
				if d, end := r.nounPhrase(k + 1); end > k+1 {
					d.no = no
					return d
				}
				break
			}
		}
		return doer{kind: unsaid, from: -1, head: -1, no: no}
	}
	if d, ok := r.endsIn(from - 1); ok { // the engineer ignoring the page
		d.no = no
		return d
	}
	d := r.first(from - 1)
	d.no = no
	return d
}

// onlyLead reports whether only a preposition stands before.
func (r *reading) onlyLead(from int) bool {
	return from == 1 && (r.is(0, cPreposition) || r.is(0, cNot) || r.is(0, cCondition) || r.is(0, cSubordinate))
}

// nominal finds the subject that ends at token k, or the one that a verb beyond
// and, who or a comma shares.
func (r *reading) nominal(k, depth int) doer {
	w := r.word(k)
	switch {
	case k < 0:
		return doer{kind: machine, from: -1, head: -1} // an order
	case w == "who" || w == "whoever":
		if d, ok := r.endsIn(skipComma(r, k-1)); ok {
			d.no = false // "nobody who was asked" denies something else
			return d
		}
		return doer{kind: human, from: k, head: k}
	case w == "that" || w == "which":
		if d, ok := r.endsIn(skipComma(r, k-1)); ok {
			return d
		}
		return doer{kind: machine, from: -1, head: -1}
	case w == ",":
		for p := k - 1; p > 0; p-- { // Ana, who was on call, ignored
			if r.word(p) == "," {
				if d, ok := r.endsIn(p - 1); ok {
					return d
				}
				break
			}
		}
		return r.first(k - 1)
	case w == "and" || w == "or" || w == "but" || w == "then" || w == "yet":
		return r.first(k - 1)
	}
	if d, ok := r.endsIn(k); ok {
		return d
	}
	return r.first(k)
}

func skipComma(r *reading, k int) int {
	if r.word(k) == "," {
		return k - 1
	}
	return k
}

// first finds the subject of the clause that holds token k: its first phrase.
func (r *reading) first(k int) doer {
	start := 0
	for p := k; p > 0; p-- {
		if w := r.word(p); w == ";" || w == ":" || r.is(p, cSubordinate) || r.is(p, cCondition) {
			start = p + 1
			break
		}
	}
	for p := start; p <= k; p++ {
		if d, end := r.nounPhrase(p); end > p {
			if d.kind == human || !r.is(p-1, cPreposition) {
				return d
			}
			p = end - 1
		}
	}
	return doer{kind: machine, from: -1, head: -1}
}

// endsIn reads the noun phrase that ends at token k.
func (r *reading) endsIn(k int) (doer, bool) {
	for k > 0 && (r.adverb(k) || r.word(k) == "himself" || r.word(k) == "themselves") {
		k--
	}
	if k < 0 || r.boundary(k) && !r.is(k, cPronoun) {
		return doer{}, false
	}
	return r.phrase(k), true
}

// phrase reads the noun phrase whose last token is k, over "of the" and "on the"
// to its head: in "the engineer on the night shift" that is the engineer.
func (r *reading) phrase(k int) doer {
	head, of := k, -1
	from := k
	for p := k; p >= 0; p-- {
		if r.is(p, cPronoun) && p != k {
			break
		}
		if r.is(p, cPreposition) {
			if p == 0 || r.boundary(p-1) && !r.is(p-1, cPronoun) || r.is(p-1, cVerb) && !r.is(p-1, cPerson) {
				break
			}
			if r.word(p) == "of" {
				of = head
			}
			head = p - 1
			from = head
			continue
		}
		if r.boundary(p) && !r.is(p, cPronoun) {
			break
		}
		from = p
		if r.is(p, cArticle) {
			if p > 0 && r.is(p-1, cPreposition) && p-2 >= 0 && !r.boundary(p-2) {
				continue
			}
			if p > 0 && (r.is(p-1, cQuantifier) || r.is(p-1, cNot)) {
				from = p - 1
			}
			break
		}
	}
	if of >= 0 && r.is(head, cQuantifier) {
		d := r.headed(of, from)
		d.no = d.no || r.is(head, cNobody)
		return d
	}
	return r.headed(head, from)
}

// headed judges a noun phrase by its head.
func (r *reading) headed(head, from int) doer {
	d := doer{kind: machine, from: from, head: head}
	if r.is(head, cProgram) && head > from && r.is(head-1, cSoftware) {
		return d // the backup agent
	}
	if r.is(head, cPerson) || r.word(head) == nameToken || r.is(head, cBare) && from == head {
		d.kind = human
	}
	for p := from; p <= head; p++ {
		if r.is(p, cNobody) || r.word(p) == "no" || r.is(p, cNot) {
			d.no = true
		}
		if r.is(p, cNewcomer) {
			d.named = d.kind == human && !strings.HasSuffix(r.word(head), "s")
		}
	}
	d.named = d.named || r.word(head) == nameToken || r.word(from) == nameToken && d.kind == human
	return d
}

// nounPhrase reads a noun phrase that begins at token i, and returns where it
// ends; i when none begins there.
func (r *reading) nounPhrase(i int) (doer, int) { return r.nounPhraseOf(i, 2) }

func (r *reading) nounPhraseOf(i, nested int) (doer, int) {
	k := i
	if w := r.word(i); w == "who" || w == "that" || w == "which" {
		return doer{}, i
	}
	for k < len(r.t) && k-i < 7 {
		if r.is(k, cPronoun) && k == i {
			d := r.headed(k, i)
			if r.is(k, cQuantifier) && r.word(k+1) == "of" && nested > 0 {
				if of, end := r.nounPhraseOf(k+2, nested-1); end > k+2 {
					of.no = of.no || d.no
					return of, end
				}
			}
			return d, k + 1
		}
		if r.is(k, cQuantifier) && r.word(k+1) == "of" && nested > 0 {
			if of, end := r.nounPhraseOf(k+2, nested-1); end > k+2 {
				of.no = of.no || r.is(k, cNobody)
				return of, end
			}
		}
		if k > i && (r.is(k, cArticle) || r.is(k, cPreposition) || r.is(k, cPronoun) || r.is(k, cVerb) && r.personBefore(i, k) || r.adverb(k)) {
			break
		}
		if r.boundary(k) && !r.is(k, cArticle) {
			break
		}
		k++
	}
	if k == i || k == i+1 && r.is(i, cArticle) {
		return doer{}, i
	}
	return r.headed(k-1, i), k
}

// personBefore reports whether the phrase from i to k may already be complete.
func (r *reading) personBefore(i, k int) bool { return r.is(k-1, cPerson) || r.word(k-1) == nameToken }
