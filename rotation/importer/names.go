package importer

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/stormbell/stormbell/rotation"
)

// most is how long a name may be in a roster, mostID an ID.
const (
	most   = 200
	mostID = 80
)

// letters are those that are written with others where there are no accents.
var letters = map[rune]string{'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h"}

// slug is a name in lower case ASCII, everything else a dash; empty where nothing is
// left of it.
func slug(name string) string {
	var b strings.Builder
	dash := false
	for _, c := range norm.NFC.String(strings.ToLower(name)) {
		s, known := letters[c]
		if !known {
			s = norm.NFD.String(string(c))
		}
		for _, c := range s {
			switch {
			case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
				if dash && b.Len() > 0 {
					b.WriteByte('-')
				}
				dash = false
				b.WriteRune(c)
			case !unicode.Is(unicode.Mn, c):
				dash = true
			}
		}
		if b.Len() > mostID {
			break
		}
	}
	return strings.TrimRight(cut(b.String(), mostID), "-")
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// id is an ID made of a name that nothing else of its kind has; the second one gets
// -2, in the order of the source.
func (b *building) id(kind, name string) string {
	base := slug(name)
	if base == "" {
		base = kind
		switch kind {
		case "person": // a word of Stormbell's own
			base = "user"
		case "key":
			base = "sender"
		}
	}
	used := b.ids[kind]
	if used == nil {
		used = map[string]int{}
		b.ids[kind] = used
	}
	if kind == "person" && rotation.Reserved(base) && used[base] == 0 {
		used[base] = 1 // a word of Stormbell's own
	}
	used[base]++
	if n := used[base]; n > 1 {
		for id := ""; ; n++ {
			suffix := "-" + strconv.Itoa(n)
			if id = cut(base, mostID-len(suffix)) + suffix; used[id] == 0 {
				used[base], used[id] = n, 1
				return id
			}
		}
	}
	return base
}

// unseen reports whether a character does something else than be seen.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff' || r == unicode.ReplacementChar
}

// oneLine is text without what cannot be seen, so that it stays one line and does
// nothing to a terminal.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unseen(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// clean is a name of the export as the report has it: one line, and not too long.
func clean(s string) string {
	s = strings.TrimSpace(oneLine(s))
	if r := []rune(s); len(r) > 100 {
		s = string(r[:99]) + "…"
	}
	return s
}

// name is a name as the roster can have it; what had to be changed is reported.
func (b *building) name(at, entry, name string) string {
	s := strings.TrimSpace(oneLine(name))
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	if s != strings.TrimSpace(name) {
		b.differs(at, entry, "the name is too long or has characters that cannot be seen", "see whether what is left of it says enough")
	}
	return s
}
