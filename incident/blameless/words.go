package blameless

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word or a mark of a sentence, in small letters, with its place in
// the sentence's text. What is written together but read as two words is two
// tokens: didn't is did and not.
type token struct {
	text       string
	start, end int
}

// tokens splits a sentence's text into words and marks.
func tokens(text string) []token {
	out := make([]token, 0, len(text)/5+4)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == ' ' || r == '\n' {
			i += size
			continue
		}
		end := i + size
		if wordPart(r) {
			for end < len(text) {
				next, n := utf8.DecodeRuneInString(text[end:])
				if !wordPart(next) && !(next == '\'' || next == '-' || next == '.' || next == ':') {
					break
				}
				if !wordPart(next) {
					after, _ := utf8.DecodeRuneInString(text[end+n:])
					if !wordPart(after) {
						break
					}
				}
				end += n
			}
		}
		out = contraction(out, strings.ToLower(text[i:end]), i, end)
		i = end
	}
	return joined(out)
}

func wordPart(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '%' }

// short are the endings that stand for a word of their own.
var short = []struct{ ending, word string }{
	{"n't", "not"}, {"'ve", "have"}, {"'re", "are"}, {"'m", "am"}, {"'ll", "will"}, {"'d", "'d"}, {"'s", "'s"},
}

// whole are words written as one, or written wrong so often that they are words.
var whole = map[string][2]string{
	"cannot": {"can", "not"}, "shoulda": {"should", "have"}, "coulda": {"could", "have"}, "woulda": {"would", "have"},
	"mighta": {"might", "have"}, "didnt": {"did", "not"}, "dont": {"do", "not"}, "doesnt": {"does", "not"},
	"wasnt": {"was", "not"}, "werent": {"were", "not"}, "isnt": {"is", "not"}, "hasnt": {"has", "not"},
	"hadnt": {"had", "not"}, "couldnt": {"could", "not"}, "shouldnt": {"should", "not"}, "wouldnt": {"would", "not"},
	"shouldve": {"should", "have"}, "couldve": {"could", "have"}, "wouldve": {"would", "have"}, "mustve": {"must", "have"},
}

// contraction appends a word, or the words that it is written together from.
func contraction(out []token, w string, start, end int) []token {
	if two, ok := whole[w]; ok {
		cut := start + (end-start)/2
		return append(out, token{two[0], start, cut}, token{two[1], cut, end})
	}
	if len(w) != end-start || !strings.Contains(w, "'") {
		return append(out, token{w, start, end})
	}
	for _, s := range short {
		stem, ok := strings.CutSuffix(w, s.ending)
		if !ok || stem == "" {
			continue
		}
		cut := start + len(stem)
		switch {
		case s.ending != "n't":
			out = contraction(out, stem, start, cut)
		case stem == "ca" || stem == "wo" || stem == "sha":
			out = append(out, token{map[string]string{"ca": "can", "wo": "will", "sha": "shall"}[stem], start, cut})
		default:
			out = append(out, token{stem, start, cut})
		}
		return append(out, token{s.word, cut, end})
	}
	if stem, ok := strings.CutSuffix(w, "'"); ok && stem != "" { // the engineers'
		return append(out, token{stem, start, end - 1}, token{"'s", end - 1, end})
	}
	return append(out, token{w, start, end})
}

// together are pairs that are one word to the reader.
var together = map[[2]string]string{
	{"on", "call"}: "on-call", {"on", "duty"}: "on-duty", {"on", "shift"}: "on-duty", {"on", "watch"}: "on-duty",
	{"in", "charge"}: "in-charge", {"team", "lead"}: "team-lead", {"tech", "lead"}: "tech-lead", {"team", "member"}: "team-member",
	{"team", "members"}: "team-members", {"staff", "member"}: "team-member", {"staff", "members"}: "team-members", {"crew", "member"}: "team-member",
	{"shift", "lead"}: "team-lead", {"incident", "lead"}: "team-lead", {"on-call", "lead"}: "team-lead", {"no", "one"}: "nobody", {"each", "other"}: "themselves",
}

var countable = map[string]bool{"person": true, "engineer": true, "team": true, "screen": true, "tool": true, "place": true, "thing": true, "cause": true, "factor": true, "change": true, "team's": true}

func joined(in []token) []token {
	out := in[:0]
	for i := 0; i < len(in); i++ {
		t := in[i]
		if i+1 < len(in) {
			if w, ok := together[[2]string{t.text, in[i+1].text}]; ok {
				// "No one person" speaks of a number, not of nobody.
				if w != "nobody" || i+2 >= len(in) || !countable[in[i+2].text] {
					t.text, t.end = w, in[i+1].end
					i++
				}
			}
		}
		out = append(out, t)
	}
	return out
}

// forms returns a verb in all its forms: itself, third person, past, participle
// and gerund. Rules name the verb; which form stands in a sentence is no matter
// to them. Making the forms is exact where a stemmer is not: to a stemmer
// careful, care and careless are one word.
func forms(verb string) []string {
	head, rest, _ := strings.Cut(verb, "-")
	if rest != "" && !irregularVerb(verb) { // a verb with a hyphen bends at its end: double-check
		var out []string
		for _, f := range forms(rest) {
			out = append(out, head+"-"+f)
		}
		return out
	}
	out := []string{verb, thirdPerson(verb), gerund(verb)}
	if irregular := irregulars[verb]; irregular != "" {
		return append(out, strings.Fields(irregular)...)
	}
	return append(out, past(verb))
}

func irregularVerb(v string) bool { return irregulars[v] != "" }

func thirdPerson(v string) string {
	switch {
	case v == "have":
		return "has"
	case hasAnySuffix(v, "s", "sh", "ch", "x", "z", "do", "go"):
		return v + "es"
	case endsInConsonantY(v):
		return v[:len(v)-1] + "ies"
	}
	return v + "s"
}

func gerund(v string) string {
	switch {
	case strings.HasSuffix(v, "ie"):
		return v[:len(v)-2] + "ying"
	case strings.HasSuffix(v, "e") && !hasAnySuffix(v, "ee", "oe", "be"):
		return v[:len(v)-1] + "ing"
	case doubles(v):
		return v + v[len(v)-1:] + "ing"
	}
	return v + "ing"
}

func past(v string) string {
	switch {
	case strings.HasSuffix(v, "e"):
		return v + "d"
	case endsInConsonantY(v):
		return v[:len(v)-1] + "ied"
	case doubles(v):
		return v + v[len(v)-1:] + "ed"
	}
	return v + "ed"
}

func endsInConsonantY(v string) bool {
	return len(v) > 1 && v[len(v)-1] == 'y' && !vowel(v[len(v)-2])
}

// doubles reports whether the last letter is doubled before -ing and -ed: one
// vowel and one consonant at the end of a single syllable, or a known word.
func doubles(v string) bool {
	n := len(v)
	if n < 3 || vowel(v[n-1]) || strings.IndexByte("wxyh", v[n-1]) >= 0 || !vowel(v[n-2]) || vowel(v[n-3]) {
		return false
	}
	if hasAnySuffix(v, "commit", "admit", "permit", "omit", "forget", "upset", "refer", "prefer", "occur", "regret", "misstep", "bungle", "rebut", "abet", "plug") {
		return true
	}
	syllables := 0
	for i := range n {
		if vowel(v[i]) && (i == 0 || !vowel(v[i-1])) {
			syllables++
		}
	}
	return syllables == 1
}

func vowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

// irregulars are the past and the participle of verbs that do not end in -ed.
var irregulars = func() map[string]string {
	m := map[string]string{}
	for _, line := range strings.Split(`be am is are was were been being;bear bore borne;become became;begin began begun;bend bent;bet bet;bite bit bitten;blow blew blown
break broke broken;bring brought;build built;burn burned burnt;buy bought;catch caught;choose chose chosen;come came;cost cost;cut cut;deal dealt;dig dug;do did done
draw drew drawn;drive drove driven;eat ate eaten;fall fell fallen;feel felt;fight fought;find found;fly flew flown;forget forgot forgotten;foresee foresaw foreseen
freeze froze frozen;get got gotten;give gave given;go went gone;hang hung;have had;hear heard;hide hid hidden;hit hit;hold held;hurt hurt;keep kept;know knew known
lay laid;lead led;learn learned learnt;leave left;let let;lie lay lain lying;light lit;lose lost;make made;mean meant;meet met;misread misread;mistake mistook mistaken
misspell misspelled misspelt;misunderstand misunderstood;oversee oversaw overseen;oversleep overslept;overwrite overwrote overwritten;pay paid;put put;quit quit;read read
rebuild rebuilt;reset reset;ride rode ridden;ring rang rung;rise rose risen;run ran;say said;see saw seen;sell sold;send sent;set set;shake shook shaken;shoot shot
show showed shown;shut shut;sink sank sunk;sit sat;sleep slept;slide slid;speak spoke spoken;spend spent;spill spilled spilt;spin spun;split split;spread spread
stand stood;steal stole stolen;stick stuck;strike struck;sweep swept;swing swung;swear swore sworn;take took taken;teach taught;tear tore torn;tell told;think thought
throw threw thrown;understand understood;undo undid undone;wake woke woken;wear wore worn;win won;withdraw withdrew withdrawn;write wrote written;mishear misheard
grow grew grown;leap leapt;forbid forbade forbidden;cling clung;creep crept;flee fled;feed fed;sting stung;untie untied;overdo overdid overdone;forgo forwent forgone;outsource outsourced;blow-up blew-up;withhold withheld;misjudge misjudged`, "\n") {
		for _, verb := range strings.Split(line, ";") {
			v, rest, _ := strings.Cut(verb, " ")
			m[v] = rest
		}
	}
	return m
}()

// pasts are the forms of those verbs that stand for what is past.
var pasts = func() map[string]bool {
	m := map[string]bool{}
	for verb, forms := range irregulars {
		for _, f := range strings.Fields(forms) {
			m[f] = f != verb && !strings.HasSuffix(f, "ing")
		}
	}
	for _, present := range []string{"am", "is", "are"} {
		delete(m, present)
	}
	return m
}()

// plural is the usual plural of a noun.
func plural(n string) string { return thirdPerson(n) }
