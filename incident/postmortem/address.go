package postmortem

import "strings"

// maxAddress is how long an address may be that is shown as a link: whoever reads it must
// be able to see where it goes.
const maxAddress = 300

// stretch is a piece of a text: an address that may be a link, or anything else.
type stretch struct {
	Text    string
	Address bool
}

// parts cuts a text into addresses and what is between them. An address stands alone
// between spaces, but for the marks that surround one in a sentence; whatever else is
// typed around it or in it leaves it text.
func parts(s string) []stretch {
	if !strings.Contains(s, "://") { // most texts, and templates print many
		if s == "" {
			return nil
		}
		return []stretch{{Text: s}}
	}
	var list []stretch
	from := 0
	for at := 0; at < len(s); {
		end := at
		for end < len(s) && !blank(s[end]) {
			end++
		}
		if a, b := addressIn(s[at:end]); b > a {
			if at+a > from {
				list = append(list, stretch{Text: s[from : at+a]})
			}
			list = append(list, stretch{Text: s[at+a : at+b], Address: true})
			from = at + b
		}
		for at = end; at < len(s) && blank(s[at]); at++ {
		}
	}
	if from < len(s) {
		list = append(list, stretch{Text: s[from:]})
	}
	return list
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// addressIn returns where in a word without spaces an address begins and ends; 0, 0 where
// the word is none.
func addressIn(word string) (from, to int) {
	from = len(word) - len(strings.TrimLeft(word, `("'`))
	to = len(strings.TrimRight(word, `.,:;!?)"'`))
	if from >= to || !isAddress(word[from:to]) {
		return 0, 0
	}
	return from, to
}

// isAddress reports whether s is an address of the web that may be a link: http or https, a
// plain host, perhaps a port, and characters that mean nothing in Markdown, HTML or Slack.
// With a name and a password before the host, in another alphabet, or with anything that
// could end the link or begin something else it is none: it is shown as it was typed.
func isAddress(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	if !ok || len(s) > maxAddress {
		return false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, port, ported := strings.Cut(rest[:end], ":")
	if ported && (port == "" || len(port) > 5 || strings.Trim(port, digits) != "") {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, letterDigits+"-") != "" {
			return false
		}
	}
	for k := end; k < len(rest); k++ {
		switch c := rest[k]; {
		case c == '%':
			// What is encoded is not read for names, so only what needs encoding may be:
			// no letter, and nothing that is no character of its own.
			if k+2 >= len(rest) || !encodes(rest[k+1], rest[k+2]) {
				return false
			}
			k += 2
		case !strings.ContainsRune(letterDigits+"-._~/?#=&+,:", rune(c)):
			return false
		}
	}
	return true
}

const (
	digits       = "0123456789"
	letterDigits = digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// encodes reports whether two digits after a percent sign stand for a mark of ASCII, such
// as %2F for a slash.
func encodes(high, low byte) bool {
	const hex = "0123456789ABCDEF"
	h, l := strings.IndexByte(hex, upper(high)), strings.IndexByte(hex, upper(low))
	if h < 0 || l < 0 {
		return false
	}
	c := byte(h<<4 | l)
	return c > ' ' && c < 0x7F && !strings.ContainsRune(letterDigits, rune(c))
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
