package incident

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits on text from outside, in characters.
const (
	MaxTitle = 120
	MaxText  = 3000 // a note; a Slack text object holds as much
)

// CleanTitle makes one line of s: white space is folded, control characters
// and those that reverse the direction of text are dropped. A title in which
// nothing can be seen is empty. One that is longer than MaxTitle is cut at a
// word, and whole is then all of it, within MaxText; otherwise whole is empty.
func CleanTitle(s string) (title, whole string) {
	if len(s) <= MaxTitle && plain(s) {
		return s, ""
	}
	return cleanTitle(s)
}

// Quoted shows people a word that somebody typed, as one line and as it was typed, within
// reason.
func Quoted(s string) string {
	short, _ := CleanTitle(s)
	if short == "" {
		short = "…"
	}
	return `"` + short + `"`
}

// plain reports whether there is nothing to clean in a title, as in most.
func plain(s string) bool {
	blank := true // the one before
	for n := range len(s) {
		switch c := s[n]; {
		case c == ' ' && blank, c < ' ', c > '~':
			return false
		default:
			blank = c == ' '
		}
	}
	return !blank
}

func cleanTitle(s string) (title, whole string) {
	s = strings.Join(strings.Fields(strip(s, false)), " ")
	if strings.IndexFunc(s, visible) < 0 {
		return "", ""
	}
	if utf8.RuneCountInString(s) <= MaxTitle {
		return s, ""
	}
	cut := string([]rune(s)[:MaxTitle-1])
	if space := strings.LastIndexByte(cut, ' '); space > len(cut)/2 {
		cut = cut[:space]
	}
	cut = strings.TrimRight(cut, " \u200D\uFE0F") // half of a composed emoji shows as a box
	return cut + "…", CleanText(s)
}

// blanks are letters and signs that are drawn as nothing: the fillers of Korean, and Braille
// without a dot.
const blanks = "\u115F\u1160\u3164\uFFA0\u2800"

// visible reports whether a character shows by itself.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && !strings.ContainsRune(blanks, r)
}

// CleanText keeps the lines of s and drops control characters and those that
// reverse the direction of text. A text in which nothing can be seen is empty.
// More than MaxText characters are cut, visibly.
func CleanText(s string) string {
	s = strings.TrimSpace(strip(s, true))
	if strings.IndexFunc(s, visible) < 0 {
		return ""
	}
	if utf8.RuneCountInString(s) <= MaxText {
		return s
	}
	left := utf8.RuneCountInString(s) - MaxText + 40
	return string([]rune(s)[:MaxText-40]) + "… (" + strconv.Itoa(left) + " more characters)"
}

// Printable drops from s what must never reach a reader: control characters but
// line ends, broken UTF-8, and marks that reverse the direction of text. What
// people enter is stored clean; this is for text that comes another way.
func Printable(s string) string { return strip(s, true) }

// FirstOf lists the first of some names, at most most of them, and says how many
// there are besides.
func FirstOf(names []string, most int) string {
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
}

// and joins names as a sentence does.
func and(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// Capital begins a sentence with a capital letter.
func Capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 || first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

// strip drops what must never reach a reader: invalid UTF-8, control
// characters, and the explicit direction marks with which a text can pretend
// to say something else. Letters of right-to-left scripts are not touched.
func strip(s string, lines bool) string {
	s = strings.ToValidUTF8(lineEnds.Replace(s), "\uFFFD")
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case r < firstMark || !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
			marks = 0
		case !unicode.Is(unicode.Cf, r):
			if marks++; marks > maxMarks {
				return -1
			}
		}
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', r == '\u200E', r == '\u200F', r == '\u061C', r == '\uFEFF':
			return -1
		case r == '\uFFFE', r == '\uFFFF': // no characters: no XML, and so no picture, can have them
			return -1
		case unicode.IsControl(r):
			return -1
		default:
			return r
		}
	}, s)
}

// maxMarks is how many marks a letter may carry. No script has more, and many dozens on one
// letter cover the lines above and below. firstMark is the first of them all.
const (
	maxMarks  = 8
	firstMark = '\u0300'
)

// lineEnds makes one line end of each that there is. Left as they are, those of Unicode end
// a line for some readers and not for others: what stands behind would look like ours.
var lineEnds = strings.NewReplacer("\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// plainLetters writes the Latin letters of Europe's languages as Slack's
// channel names can hold them.
var plainLetters = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "o", "å", "a", "œ", "oe",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c", "ď", "d", "đ", "d",
	"è", "e", "é", "e", "ê", "e", "ë", "e", "ę", "e", "ě", "e", "ì", "i", "í", "i", "î", "i", "ï", "i",
	"ł", "l", "ñ", "n", "ń", "n", "ň", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ő", "o", "ř", "r",
	"ś", "s", "š", "s", "ť", "t", "ù", "u", "ú", "u", "û", "u", "ů", "u", "ű", "u", "ý", "y", "ź", "z", "ż", "z", "ž", "z",
)

// MaxChannelName is Slack's limit, in characters.
const MaxChannelName = 80

// ChannelName returns the name of an incident's channel: inc-N-words-of-the-title
// in lower-case letters, digits and hyphens (Slack: conversations.create). With
// clash above 0 that number is appended, for a name that is taken. A title
// without a usable letter leaves inc-N.
func ChannelName(n int, title string, clash int) string {
	end := ""
	if clash > 0 {
		end = "-" + strconv.Itoa(clash)
	}
	var b strings.Builder
	b.WriteString("inc-" + strconv.Itoa(n))
	gap := true
	for _, r := range plainLetters.Replace(strings.ToLower(title)) {
		if b.Len()+len(end)+1 >= MaxChannelName {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if gap {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			gap = false
		case r == '\'' || r == '’':
			// don't stays one word
		default:
			gap = true
		}
	}
	return strings.TrimRight(b.String(), "-") + end
}

// Clock shows an instant to somebody in zone who reads it at now: the minute
// alone while it is the same day there, and with its day otherwise.
func Clock(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04 MST")
	}
	return t.Format("Mon 2 Jan 15:04 MST")
}
