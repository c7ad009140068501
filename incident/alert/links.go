package alert

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxURL is how long an address may be, in bytes. Queries of dashboards are long.
const maxURL = 32 << 10

// inURL are characters that senders put into an address as they are, with what
// they are in one.
var inURL = strings.NewReplacer(" ", "%20", `"`, "%22", "<", "%3C", ">", "%3E", "|", "%7C", "\\", "%5C", "`", "%60")

// web reports whether s begins like an address that a person may follow.
func web(s string) bool {
	return len(s) > 8 && (strings.EqualFold(s[:8], "https://") || strings.EqualFold(s[:7], "http://"))
}

// address returns s as an address of the web, or "".
func address(s string) string {
	s = strings.TrimSpace(s)
	if !web(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		return ""
	}
	if strings.ContainsAny(s, " \"<>|\\`") {
		s = inURL.Replace(s)
	}
	return s
}

// link adds a link, whole, if it is one that a person may follow; anything but
// http and https, such as javascript:, is none. It reports whether it is one.
func (a *draft) link(url, text string) bool {
	if url = address(url); url == "" {
		return false
	}
	for n := range a.Links {
		if a.Links[n].URL == url {
			if a.Links[n].Text == "" {
				a.Links[n].Text = cut(line(text), MaxKey)
			}
			return true
		}
	}
	switch {
	case len(url) > maxURL:
		a.note(fmt.Sprintf("A link of %d characters is too long and was left out: it begins with %s", len(url), strings.ToValidUTF8(url[:80], "")))
	case len(a.Links) >= MaxLinks || !a.d.take(len(url)):
		a.left++
	default:
		a.Links = append(a.Links, Link{URL: url, Text: cut(line(text), MaxKey)})
	}
	return true
}

// nextURL returns where the first address in a text begins and ends, -1 where
// there is none. Punctuation behind it is the sentence's.
func nextURL(s string) (begin, end int) {
	for from := 0; ; {
		at := strings.Index(s[from:], "://")
		if at < 0 {
			return -1, -1
		}
		at += from
		from = at + 3
		switch {
		case at >= 5 && strings.EqualFold(s[at-5:at], "https"):
			begin = at - 5
		case at >= 4 && strings.EqualFold(s[at-4:at], "http"):
			begin = at - 4
		default:
			continue
		}
		end = begin + len(s[begin:])
		if stop := strings.IndexFunc(s[begin:], notInURL); stop >= 0 {
			end = begin + stop
		}
		end = begin + len(strings.TrimRight(s[begin:end], ".,;:!?)]}'*_"))
		if end > at+3 {
			return begin, end
		}
	}
}

func notInURL(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"|`\\", r)
}

// fit shortens a text to at most most characters, never in the middle of an
// address; addresses that are cut off with the end become links, so that they
// are not lost.
func (a *draft) fit(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	at := 0
	for range most - 1 {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	for from := 0; len(a.Links) < MaxLinks; {
		begin, end := nextURL(s[from:])
		if begin < 0 {
			break
		}
		begin, end = begin+from, end+from
		if from = end; end <= at {
			continue
		}
		at = min(at, begin)
		a.link(s[begin:end], linkText(s[:begin]))
	}
	return strings.TrimRight(s[:at], " \n\t") + "…"
}

// linkText returns the word for an address by what stands before it.
func linkText(before string) string {
	before = strings.ToLower(before[max(0, len(before)-24):])
	for _, name := range []string{"runbook", "playbook", "dashboard"} {
		if strings.Contains(before, name) {
			return strings.ToUpper(name[:1]) + name[1:]
		}
	}
	return ""
}

// named adds the addresses of a text that are called a runbook, playbook or
// dashboard there: people look for them among the links.
func (a *draft) named(s string) {
	for from := 0; len(a.Links) < MaxLinks; {
		begin, end := nextURL(s[from:])
		if begin < 0 {
			return
		}
		if text := linkText(s[from : from+begin]); text != "" {
			a.link(s[from+begin:from+end], text)
		}
		from += end
	}
}
