package dispatch

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stormbell/stormbell/bot/desk"
)

// gsm are the characters that a text message holds at 160 to a message, each
// counting as one (3GPP TS 23.038, basic set).
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// smsSigns writes signs that would halve what fits into a text message in
// others that do not.
var smsSigns = strings.NewReplacer("…", "...", "·", "-", "–", "-", "—", "-", "“", "\"", "”", "\"", "„", "\"", "’", "'", "‘", "'", "\u00A0", " ", "\t", " ",
	"[", "(", "]", ")", "{", "(", "}", ")", "~", "-", "^", "'", "\\", "/", "|", "/", "€", "EUR", "`", "'")

// gsmTwice are the characters of the same alphabet that count as two. They are kept
// where a sign cannot be written in another way: in an address.
const gsmTwice = "^{}\\[~]|€"

// smsUnits is how much room a text takes in text messages, in characters of the
// alphabet it needs, and whether that is the one of which more fit.
func smsUnits(s string) (n int, plain bool) {
	plain = true
	for _, r := range s {
		switch n++; {
		case strings.ContainsRune(gsm, r):
		case strings.ContainsRune(gsmTwice, r):
			n++
		default:
			plain = false
		}
	}
	if plain {
		return n, true
	}
	return len(utf16.Encode([]rune(s))), false
}

// A page that has more to say than its title takes up to three text messages, which a
// phone shows as one: of 153 characters each, or 67 where others than the basic ones
// are needed (3GPP TS 23.040, concatenated messages).
const (
	smsMost      = 3 * 153
	smsMostOther = 3 * 67
	smsHead      = 60 // what the first line keeps at least, beside an address
	smsSentence  = 30 // less of a sentence than that says nothing
)

// smsPage is a page as a text message, with that much room left in a single one beside
// what is needed to answer it: the title, then the service, what the sender says, cut
// where it must be, and the runbook, whole or not at all. Words of whoever asks come
// first. What has nothing to say but its title is one message.
func smsPage(b desk.Brief, words string, room int) (subject, text string) {
	i := b.Incident
	head := test(i) + i.Name() + " " + i.Severity.String() + " " + followed(words, " - ") + i.Title + " - " + b.ServiceName()
	says, runbook := i.Says, b.Runbook()
	if says == "" && runbook == "" {
		return smsLine(head, room), ""
	}
	head = smsSigns.Replace(strings.Join(strings.Fields(head), " "))
	says = smsSigns.Replace(says)
	answer := 160 - room
	if all := joined("\n", head, says, runbook); smsFits(all, room, answer) {
		return head, joined("\n", says, runbook)
	}
	left := smsMost - answer
	if _, plain := smsUnits(head + says + runbook); !plain {
		left = smsMostOther - answer
	}
	if n, _ := smsUnits(runbook); n > left-smsHead {
		runbook = ""
	}
	left -= smsCost(runbook)
	head = smsCut(head, min(left, 160))
	left -= smsCost(head)
	if n, _ := smsUnits(says); n > left {
		if says = smsCut(says, left-1); left < smsSentence {
			says = ""
		}
	}
	return head, joined("\n", says, runbook)
}

// smsFits reports whether a text fits into a single text message.
func smsFits(s string, room, answer int) bool {
	n, plain := smsUnits(s)
	if !plain {
		room = 70 - answer
	}
	return n <= room
}

// smsCost is what a line takes, with its end.
func smsCost(s string) int {
	if s == "" {
		return 0
	}
	n, _ := smsUnits(s)
	return n + 1
}

// smsCut shortens a line to that many characters as text messages count them, between
// two words and never within an address.
func smsCut(s string, most int) string {
	if n, _ := smsUnits(s); n <= most {
		return s
	}
	kept, left := "", most-3
	for _, r := range s {
		n, _ := smsUnits(string(r))
		if left -= n; left < 0 {
			break
		}
		kept += string(r)
	}
	if at := strings.LastIndexByte(kept, ' '); strings.Contains(kept[at+1:], "://") || at > len(kept)/2 {
		kept = kept[:max(at, 0)]
	}
	if kept = strings.TrimSpace(kept); kept == "" {
		return ""
	}
	return kept + "..."
}

// smsRoom is how many characters a text message has left beside what is needed
// to answer it.
func (w *Methods) smsRoom() int {
	if w.opt.PublicURL == "" {
		return 160 - len("\nReply 99999 to acknowledge.")
	}
	const token = 24
	return max(160-len("\n"+w.opt.PublicURL+"/ack/")-token, 60)
}

// smsLine makes s fit into one text message with that many characters left, or
// less where it has characters that take more room. Letters that only other
// scripts have are kept: a shorter message is better than an unreadable one.
func smsLine(s string, room int) string {
	s = smsSigns.Replace(strings.Join(strings.Fields(s), " "))
	if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(gsm, r) }) {
		room = room - 160 + 70 // all characters take twice the room then
	}
	room = max(room, 20)
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:room-3])) + "..."
}
