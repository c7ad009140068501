package blameless

import "strings"

// ofOther reports whether a match of a rule is none of what the rule holds of.
func (r *reading) ofOther(rule string, m match) bool {
	only := r.g.only[rule]
	return !only.asked && r.asks() || only.past && !r.past() ||
		only.people && r.ofMachine(m) || only.deeds && r.ofThing(m) || only.acts && r.acts(m) || only.unexplained && r.explained(m)
}

// compound reports whether what ends at a byte goes on behind a hyphen: what ends in
// -proof or -looking is called so, not judged.
func (r *reading) compound(m match, end int) bool {
	last := m.end - 1
	if last < m.start || last >= len(r.t) {
		return false
	}
	w := r.t[last]
	on := len(w.text) - (w.end - end) // how much of the word is matched
	return w.end > end && on > 0 && w.text[on] == '-'
}

// told reports whether what begins at token i is what a message says, behind a colon.
func (r *reading) told(i int) bool {
	for k := min(i, len(r.t)) - 1; k > 0; k-- {
		if r.word(k) == ":" {
			return r.is(k-1, cSays)
		}
	}
	return false
}

// anybody reports whether a sentence speaks of a person or of what people do. A
// judgement that no list holds, in a sentence without either, is a guess: a hint.
func (r *reading) anybody() bool {
	for i := range r.t {
		if r.is(i, cPerson) || r.is(i, cNewcomer) || r.is(i, cBare) || r.is(i, cPossessive) && r.word(i) != "its" || r.word(i) == nameToken || r.is(i, cDeed) || r.is(i, cActivity) || r.word(i) == "ours" {
			return true
		}
	}
	return false
}

// asks reports whether the sentence is a question that looks for facts or for ways.
// One that asks who looks for somebody.
func (r *reading) asks() bool {
	return r.word(len(r.t)-1) == "?" && (r.word(0) != "who" || !r.past())
}

// explained reports whether the sentence goes on with what made it happen, and
// that is nobody: the wrong host, because two share a name.
func (r *reading) explained(m match) bool {
	for k := m.end; k < len(r.t) && k < m.end+14; k++ {
		start := k + 1
		switch w := r.word(k); {
		case w == ";":
			return false
		case w == ":": // its axis begins at 90
			d, end := r.nounPhrase(start)
			return end > start && d.kind != human && !r.is(d.head, cFaultN)
		case w == "because":
		case (w == "as" || w == "since") && r.word(k-1) == ",":
		case w == "due" && r.word(k+1) == "to":
			start++
		case w == "caused" && r.word(k+1) == "by" && r.is(k-1, cBe):
			start++
		default:
			continue
		}
		if r.word(start) == "of" {
			start++
		}
		d, end := r.nounPhrase(start)
		if d.kind == human { // he was on a train, nobody had the key
			return r.is(end, cBe) || r.is(end, cHave)
		}
		return end > start && !r.is(d.head, cFaultN)
	}
	return false
}

// ofThing reports whether a verdict is passed on a thing: the adjective stands
// before it or is said of it, the adverb with a verb that it is the subject of.
// A typo is no thing, nor is a rollout.
func (r *reading) ofThing(m match) bool {
	last := max(m.start, m.end-1)
	if m.end-m.start > 2 || r.is(last, cDeed) || r.is(last, cFaultN) {
		return false
	}
	if w := r.word(last); strings.HasSuffix(w, "ly") && !r.is(last, cNotAdverb) {
		k := last + 1
		if !r.nounAt(k) {
			k = last - 1 // retries recklessly
		}
		return k >= 0 && r.mechanical(r.doer(k))
	}
	if k := r.headAfter(last + 1); k > last {
		return r.thing(k)
	}
	d := r.subject(last, 0)
	return d.head >= 0 && d.kind != human && !d.toPeople && (r.is(last-1, cBe) || r.is(last-2, cBe)) && r.thing(d.head)
}

// headAfter returns the last word of the noun phrase that begins at token i, or i-1.
func (r *reading) headAfter(i int) int {
	k := i
	for k < len(r.t) && k-i < 4 && r.nounAt(k) && !(k > i && r.is(k, cVerb) && !r.is(k, cDeed)) {
		k++
	}
	return k - 1
}

// thing reports whether a noun is neither somebody nor what somebody does.
func (r *reading) thing(i int) bool {
	return !r.is(i, cPerson) && r.word(i) != nameToken && !r.is(i, cBare) && !r.is(i, cActivity) && !r.is(i, cFaultN) && !r.is(i, cDeed) && !r.is(i, cNewcomer) && !r.is(i, cPronoun)
}

// past reports whether a sentence tells of something past. Who judges does: what is said
// in the present is a rule, a plan or a fact about a machine.
func (r *reading) past() bool {
	for i, t := range r.t {
		if (pasts[t.text] || strings.HasSuffix(t.text, "ed") && len(t.text) > 4) && !r.is(i-1, cBe) && !r.is(i-1, cArticle) {
			return true
		}
	}
	return false
}

// acts reports whether what would, could or should have been done is what a machine would
// have done by itself, and not a check that people left out.
func (r *reading) acts(m match) bool {
	modal := -1
	for i := m.start; i < min(m.end+2, len(r.t)); i++ {
		switch {
		case r.is(i, cModal):
			modal = i
		case modal >= 0 && r.participle(i) && r.word(i) != "been" && r.word(i) != "had":
			if r.is(i, cAverted) {
				return false
			}
			d := r.doer(i)
			if d.kind == unsaid && r.group(i).be { // a passive: only people test, replace and prevent
				return d.head >= 0 && !d.toPeople && r.thing(d.head) && !r.is(d.head, cSignal) && !r.is(i, cDuty)
			}
			if !r.group(i).be {
				d = r.nominal(modal-1, 0)
			}
			return r.mechanical(d) && !(r.is(d.head, cCheck) && r.word(modal) != "should")
		}
	}
	return false
}

// ofMachine reports whether the first verb of a match is said of a machine.
func (r *reading) ofMachine(m match) bool {
	for i := m.start; i < m.end; i++ {
		if r.is(i, cVerb) && !r.nounHere(i) {
			return r.mechanical(r.doer(i))
		}
	}
	return false
}

// nounHere reports whether a word that can be a verb is a noun where it stands: a
// mess, its feet, in time.
func (r *reading) nounHere(i int) bool {
	return r.is(i-1, cArticle) && !r.is(i-1, cPronoun) || r.is(i-1, cPossessive) || r.is(i-1, cPreposition) && r.word(i-1) != "to" && !strings.HasSuffix(r.word(i), "ing")
}
