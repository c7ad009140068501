package names

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// language is a family of languages in Latin letters that put endings to names. Its
// endings are looked for only in a text that is written in one of them: anywhere else
// Carla is no form of Carl, but somebody else.
type language struct {
	letters string   // in no word of another language but names
	tails   []string // with which words of no other language end
	words   []string // that hardly any other language has
	// endings are without accents, each with what stands in its place in the name itself.
	endings map[string][]string
	// restores returns what else a name may be without its ending: Mark is Marek.
	restores func(stem string) []string
}

var languages = sync.OnceValue(func() []*language {
	return []*language{
		{ // Polish, Czech, Slovak, Slovene, Croatian
			letters: "ąęłśźżćńěřůďťňčšžđ",
			words:   strings.Fields("sie jest przez oraz zostal zostala bylo byla tylko juz jsme jsou jsem byl byli bylo nebo protoze smo nije bilo bila kako sto"),
			endings: ends(`a:,o,e u:,a,o owi:,o ovi:,o em:,o iem: ie:,a e:,a,o y:a i:a, o:a ou:a om:,o,a oj:a a:a ej:a,i iej:a
			ego:i,y iego:i emu:i,y iemu:i im:i ym:y eho:y iho:i ze: rze:r,ra ce:ka dze:ga cie:t,ta dzie:d,da re:ra uv:`),
			restores: func(stem string) []string {
				last := len(stem) - 1
				if last < 2 || vowel(stem[last]) || vowel(stem[last-1]) {
					return nil
				}
				return []string{stem[:last] + "e" + stem[last:], stem[:last] + "a" + stem[last:]}
			},
		},
		{ // Finnish, Estonian
			tails: strings.Fields("ää öö llä ssä stä ttä ltä nä"),
			words: strings.Fields("etta oli mutta myos koska sitten jalkeen ennen joka hanen han ovat eivat siis kanssa oleme oli aga siis pole"),
			endings: ends(`n: a: lla: lle: lta: ssa: sta: ksi: na: tta: an: en: in: ga: le: st: lt:
			in:, ia:, illa:, ille:, ilta:, issa:, ista:, iin:, sen:nen sta:nen ta:nen selle:nen sella:nen selta:nen sessa:nen sesta:nen seen:nen sena:nen seksi:nen`),
			restores: func(stem string) []string { // Pekka is Pekan, Matti is Matin
				last := len(stem) - 1
				if last < 2 || !vowel(stem[last]) || !strings.ContainsRune("kpt", rune(stem[last-1])) {
					return nil
				}
				return []string{stem[:last] + stem[last-1:last] + stem[last:]}
			},
		},
		{ // Hungarian
			letters: "őű",
			words:   strings.Fields("hogy nem volt mert egy aki amikor ezert szerint utan meg csak"),
			endings: ends(`nak: nek: t: at: et: ot: val: vel: hoz: hez: ban: ben: bol: tol: rol: ra: re: ert: nal: nel: e: al: el:`),
			restores: func(stem string) []string { // Gábor is Gáborral
				if last := len(stem) - 1; last > 2 && stem[last] == stem[last-1] {
					return []string{stem[:last]}
				}
				return nil
			},
		},
		{ // Lithuanian, Latvian
			letters: "ėųįņļģķ",
			words:   strings.Fields("buvo nebuvo kad bet nes tai yra vai bija netika tika par kas"),
			endings: ends(`o:as,a ui:as,us a:as,a u:as,us,is io:is iui:is i:is iu:is aus:us os:a ai:a oje:a es:e ei:e as:a am:s,is`),
		},
	}
})

// ends reads endings: what a name has, a colon, and what it has without an ending.
func ends(s string) map[string][]string {
	m := map[string][]string{}
	for _, f := range strings.Fields(s) {
		ending, instead, _ := strings.Cut(f, ":")
		m[ending] = append(m[ending], strings.Split(instead, ",")...)
	}
	return m
}

func vowel(c byte) bool { return strings.IndexByte("aeiouy", c) >= 0 }

// languageWords are the words of each family, with its number.
var languageWords = sync.OnceValue(func() map[string][]int {
	m := map[string][]int{}
	for k, l := range languages() {
		for _, w := range l.words {
			m[w] = append(m[w], k)
		}
	}
	return m
})

// languageOf returns the family of languages that a text is written in, if it puts endings
// to names: by letters and words that hardly any other language has. Words with a capital
// do not count, since a name in a text says nothing about its language.
func languageOf(s string, toks []token) *language {
	points := make([]int, len(languages()))
	var seen []string
	for _, t := range toks {
		if t.script != spaced || !t.small {
			continue
		}
		of := languageWords()[t.forms[0]]
		word := s[t.start:t.end]
		if len(of) == 0 && isASCII(word) || slices.Contains(seen, t.forms[0]) {
			continue
		}
		seen = append(seen, t.forms[0])
		for k, l := range languages() {
			switch {
			case strings.ContainsAny(word, l.letters) || slices.ContainsFunc(l.tails, func(end string) bool { return strings.HasSuffix(word, end) }):
				points[k] += 2
			case slices.Contains(of, k):
				points[k]++
			}
		}
	}
	if k := slices.Index(points, slices.Max(points)); points[k] > 1 {
		return languages()[k]
	}
	return nil
}

// without returns what a word may be without the ending of a case; least is how many
// letters of it must be left.
func (l *language) without(word string, least int) (list []string) {
	for cut := min(5, utf8.RuneCountInString(word)-least, len(word)-1); cut > 0; cut-- { // of Petře first ře, then e
		stem, ending := word[:len(word)-cut], word[len(word)-cut:]
		instead, ok := l.endings[ending]
		if !ok {
			continue
		}
		for _, n := range instead {
			if utf8.RuneCountInString(stem+n) >= 3 {
				list = append(list, stem+n)
			}
			if n == "" && l.restores != nil {
				list = append(list, l.restores(stem)...)
			}
		}
	}
	return list
}
