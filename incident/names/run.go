package names

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// runName is a name in a script that writes words without spaces, or with
// particles joined to them.
type runName struct {
	letters []string
	who     string
	whole   bool // a full name: no other word is likely to hold it
}

// letter is one letter of such a script with its marks.
type letter struct {
	start, end int
	folded     string
	script     script
}

// letters returns the letters of s in scripts that are not spaced; between
// two stretches of them stands an empty one.
func letters(s string) []letter {
	var list []letter
	for i, r := range s {
		size := utf8.RuneLen(r)
		if size < 0 {
			continue
		}
		last := len(list) - 1
		switch sc := scriptOf(r); {
		case last >= 0 && list[last].folded != "" && inner(r) && list[last].end == i:
			list[last].end = i + size
			list[last].folded = fold(s[list[last].start : i+size])
		case sc != spaced && (unicode.IsLetter(r) || r == 'ー' || r == '々'):
			list = append(list, letter{i, i + size, fold(string(r)), sc})
		case last >= 0 && list[last].folded != "":
			list = append(list, letter{})
		}
	}
	return list
}

// addRuns makes a name in such a script known: as a whole, by the parts that spaces
// divide, and of a name without spaces by what is usually the given name.
func (n *Set) addRuns(who, full string) {
	parts := strings.Fields(strings.ReplaceAll(full, "・", " "))
	joined := n.run(who, strings.Join(parts, ""), true)
	for _, p := range parts {
		if len(parts) > 1 {
			n.run(who, p, false)
		}
	}
	if len(parts) != 1 || len(joined) < 3 || len(joined) > 4 || joined[0].script != han && joined[0].script != hangul {
		return
	}
	cut := len(joined) - 2 // 金敏洙 is 敏洙, 山田花子 is 山田 and 花子
	n.run(who, full[joined[cut].start:], false)
	if cut == 2 {
		n.run(who, full[:joined[cut].start], false)
	}
}

func (n *Set) run(who, s string, whole bool) []letter {
	list := letters(s)
	if len(list) == 0 || slices.ContainsFunc(list, func(l letter) bool { return l.folded == "" }) {
		return nil
	}
	m := runName{who: who, whole: whole}
	for _, l := range list {
		m.letters = append(m.letters, l.folded)
	}
	known := n.runs[m.letters[0]]
	known = append(known, m)
	slices.SortStableFunc(known, func(a, b runName) int { return len(b.letters) - len(a.letters) })
	n.runs[m.letters[0]] = known
	return list
}

// findRuns takes the names in such scripts.
func (n *Set) findRuns(t *text) {
	if len(n.runs) == 0 {
		return
	}
	list := letters(t.s)
	for k := 0; k < len(list); k++ {
		for _, m := range n.runs[list[k].folded] {
			if end := k + len(m.letters); end <= len(list) && m.at(list, k) && m.apart(t.s, list, k, end) {
				t.span(list[k].start, list[end-1].end, m.who)
				k = end - 1
				break
			}
		}
	}
}

func (m runName) at(list []letter, k int) bool {
	for j, want := range m.letters {
		if list[k+j].folded != want || j > 0 && list[k+j].start != list[k+j-1].end {
			return false
		}
	}
	return true
}

var (
	// honorifics follow a name, and hardly anything else.
	honorifics = strings.Fields("さん さま 様 氏 くん 君 ちゃん 先生 先輩 部長 课长 课長 经理 老师 先 님 씨")
	// particles of Japanese and Korean that follow a name at once.
	particlesJa = strings.Fields("は が を に の と も へ で や か から まで より")
	particlesKo = strings.Fields("은 는 이 가 을 를 의 에 께 한 와 과 도 만 으 로 랑 야 아 군 양 처 부 까 라 님 씨 및")
)

// apart reports whether the letters from k to before end are a word, and not torn out of
// one, as far as that can be told where nothing divides words.
func (m runName) apart(s string, list []letter, k, end int) bool {
	first, last := list[k], list[end-1]
	before, after := script(-1), script(-1)
	if k > 0 && list[k-1].folded != "" && list[k-1].end == first.start {
		before = list[k-1].script
	}
	if end < len(list) && list[end].folded != "" && list[end].start == last.end {
		after = list[end].script
	}
	rest := s[last.end:]
	follows := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(rest, p) })
	}
	titled := follows(honorifics)
	switch last.script {
	case han:
		return titled || len(m.letters) > 2 || len(m.letters) == 2 && (m.whole || before != han || after != han)
	case hangul:
		return len(m.letters) > 1 && before != hangul && (after != hangul || titled || follows(particlesKo))
	case katakana:
		return len(m.letters) > 1 && before != first.script && after != katakana
	case hiragana:
		return len(m.letters) > 1 && before != first.script && (after != hiragana || titled || follows(particlesJa))
	default:
		return len(m.letters) > 2
	}
}
