package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// find returns the entry with that number.
func find(entries []Entry, number int) (Entry, bool) {
	for _, n := range entries {
		if n.Seq == number {
			return n, true
		}
	}
	return Entry{}, false
}

// Object records what speaks against a decision, so that no idea is lost: anybody may,
// at any time. Number says which decision, counted from 1; 0 is the latest.
func (i Incident) Object(entries []Entry, number int, text string, by Actor, now time.Time) (Change, error) {
	text = CleanText(text)
	if text == "" {
		return Change{}, Refuse("Write what speaks against it, as in: object provider B has no capacity at noon.", "The objection is empty.")
	}
	if i.Status == Merged {
		return Change{}, i.over("objections belong there")
	}
	var to Entry
	most := 0
	for _, n := range entries {
		if n.Decision == 0 || n.Hidden {
			continue
		}
		if most = max(most, n.Decision); n.Decision == number || number == 0 && n.Decision == most {
			to = n
		}
	}
	switch {
	case most == 0:
		return Change{}, Refuse("To record one: decide TEXT. Anything else that speaks against something: note TEXT.", "Nothing has been decided in %s yet.", i.Name())
	case to.Seq == 0:
		return Change{}, Refuse(fmt.Sprintf("The latest is %d; `timeline decisions` lists them.", most), "%s has no decision %d.", i.Name(), number)
	}
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindObjection, Of: to.Seq, Count: to.Decision, Text: text}))
	c.do(RefreshNotes, RefreshCard)
	return c.change(), nil
}

// stays reports whether an event says how the incident came to stand as it does. That is
// no matter of what is shown, so it is neither hidden nor given another time; the words
// that somebody gave with it can be hidden.
func (e Event) stays() bool {
	if _, moves := leads[e.Kind]; moves || e.Edits() {
		return true
	}
	switch e.Kind {
	case KindDeclared, KindAcknowledged, KindSeverity, KindService, KindChannel, KindRole, KindHowCorrected, KindImpact:
		return true
	default:
		return false
	}
}

// wordsOnly is the Reason of a [KindHidden] by which the words of an entry are hidden, and
// not the entry.
const wordsOnly = "words"

// amendable returns an entry that people may hide or give another time: what they wrote,
// and what only tells. Of what stays, verb is refused, except that its words can be hidden.
func (i Incident) amendable(entries []Entry, number int, verb string) (Entry, error) {
	n, ok := find(entries, number)
	switch {
	case number == 0:
		return n, Refuse(fmt.Sprintf("As in: %s. `timeline` shows the numbers.", map[string]string{
			"hide": "hide 12 holds a customer's name", "retime": "retime 12 14:05 the deploy log says so"}[verb]), "Say which entry, by its number.")
	case !ok:
		return n, Refuse("`timeline` shows the numbers.", "%s has no entry %d: it has %d.", i.Name(), number, i.Events)
	case n.Hidden:
		return n, Refuse("", "Entry %d is shown no longer already.", number)
	}
	if n.stays() && (verb != "hide" || n.Edits() || n.Text == "" && n.Undo == "") {
		return n, Refuse("Add a note that says more.", "Entry %d says how %s came to stand as it does, so it stays as it is.", number, i.Name())
	}
	return n, nil
}

// Hide leaves an entry out of what is shown and of the document; of one that says how the
// incident came to stand as it does, the words. It stays in the store.
func (i Incident) Hide(entries []Entry, number int, reason string, by Actor, now time.Time) (Change, error) {
	n, err := i.amendable(entries, number, "hide")
	if err != nil {
		return Change{}, err
	}
	if reason = CleanText(reason); reason == "" {
		return Change{}, Refuse(fmt.Sprintf("As in: hide %d holds a customer's name.", number), "A reason is needed to hide entry %d.", number)
	}
	c := begin(i, by, now)
	e := Event{Kind: KindHidden, Of: number, Text: reason}
	if n.stays() {
		e.Reason = wordsOnly
	}
	c.add(e)
	c.do(RefreshNotes, RefreshCard, RefreshAnnounce)
	return c.change(), nil
}

// Retime says when an entry really was. What was entered, and when, stays in the store.
func (i Incident) Retime(entries []Entry, number int, at time.Time, reason string, by Actor, now time.Time) (Change, error) {
	if _, err := i.amendable(entries, number, "retime"); err != nil {
		return Change{}, err
	}
	if reason = CleanText(reason); reason == "" {
		return Change{}, Refuse(fmt.Sprintf("As in: retime %d 14:05 the deploy log says so.", number), "A reason is needed to set the time of entry %d.", number)
	}
	if at.After(now) {
		return Change{}, Refuse("Use a time that has been.", "That time has not come yet.")
	}
	c := begin(i, by, now)
	c.add(Event{Kind: KindRetimed, Of: number, Time: at.UTC(), Text: reason})
	c.do(RefreshNotes, RefreshCard)
	return c.change(), nil
}

// Withdraw takes a marked message back out of what is shown, since nobody marks it any
// more.
func (i Incident) Withdraw(number int, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.add(Event{Kind: KindWithdrawn, Of: number})
	c.do(RefreshNotes, RefreshCard)
	return c.change()
}

// Marked is a message that somebody marks for the timeline.
type Marked struct {
	Mark
	Author Actor // who wrote it; empty: nobody that is known
	Text   string
	At     time.Time // when it was written
}

// Marked enters a message with its own time and the words of whoever wrote it. One that
// has neither words nor files is not entered: then ok is false.
func (i Incident) Marked(m Marked, by Actor, now time.Time) (change Change, ok bool) {
	text := CleanText(m.Text)
	if text == "" && len(m.Files) == 0 || i.Status == Merged {
		return Change{}, false
	}
	kind := NoteKind("")
	if k, rest := ParseNote(text); k != "" && rest != "" {
		kind, text = k, rest
	}
	mark := m.Mark
	c := begin(i, by, now)
	c.add(Event{Kind: KindNote, Note: kind, Text: text, Person: m.Author, Time: m.At.UTC(), Mark: &mark})
	c.do(RefreshCard, RefreshNotes)
	return c.change(), true
}

// Help records that somebody pages people by hand, whom they named as what, and their
// words. The channel is told.
func (i Incident) Help(people []Actor, named, text string, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindHelp, Calls: people, Target: named, Text: CleanText(text)}))
	return c.change()
}

// AskedByHand reports whether a timeline says that somebody paged a person by hand.
func AskedByHand(events []Event, who Actor) bool {
	return slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindHelp && slices.Contains(e.Calls, who) })
}

// Unanswered reports whether a person was sent a page that got through, as far as is
// known, and that they have not answered since.
func Unanswered(events []Event, who Actor) bool {
	waits := 0
	for _, e := range events {
		switch {
		case e.Kind == KindPaged && e.Person == who:
			waits++
		case e.Kind == KindPageFailed && e.Person == who:
			waits = max(waits-1, 0)
		case e.Answers() && e.By == who:
			waits = 0
		}
	}
	return waits > 0
}

// Answers reports whether whoever did it has answered with it every page they had been
// sent: they acknowledged, or took a role beside somebody who had.
func (e Event) Answers() bool {
	return e.Kind == KindAcknowledged || e.Kind == KindAnsweredToo || e.Kind == KindRole && e.Person == e.By
}

// ParseWhen reads the instant that somebody names for an entry: 14:05, on the day in zone
// that brings it nearest to near and is not after now; or with its day, as in
// 2026-11-29 14:05.
func ParseWhen(s string, near, now time.Time, zone *time.Location) (time.Time, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if t, err := time.ParseInLocation("2006-01-02 15:04", s, zone); err == nil {
		return t, true
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(s)); err == nil {
		return t, true
	}
	var clock time.Time
	for _, layout := range []string{"15:04", "15.04", "3:04pm", "3pm", "15:04:05", "15h04"} {
		if t, err := time.Parse(layout, s); err == nil {
			clock = t
			break
		}
	}
	if clock.IsZero() {
		return time.Time{}, false
	}
	var best time.Time
	day := near.In(zone)
	for d := -1; d <= 1; d++ {
		t := time.Date(day.Year(), day.Month(), day.Day()+d, clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
		if !t.After(now) && (best.IsZero() || t.Sub(near).Abs() < best.Sub(near).Abs()) {
			best = t
		}
	}
	return best, !best.IsZero()
}

// Choice is a decision in its parts, as far as its words say them.
type Choice struct {
	Chosen  string
	Options []string // that were on the table
	Reason  string
	PlanB   string
	// Objections are those that were written down with the decision; [Entry.Objections] are
	// those that people added to it.
	Objections string
}

// choiceWords are the words that begin a part of a decision, before a colon.
var choiceWords = map[string]string{
	"options": "options", "option": "options", "alternatives": "options", "choice": "choice", "decision": "choice", "chosen": "choice",
	"reason": "reason", "because": "reason", "plan b": "plan b", "planb": "plan b", "otherwise": "plan b", "fallback": "plan b",
	"objection": "objections", "objections": "objections",
}

// ParseChoice reads the parts of a decision from its lines: what begins with "options:",
// "choice:", "reason:", "plan b:" or "objections:" is that part, with the lines below it; the rest is
// what was chosen. Options stand one a line, or with commas or semicolons between them.
func ParseChoice(text string) Choice {
	parts := map[string][]string{}
	part := "choice"
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if head, rest, ok := strings.Cut(line, ":"); ok && choiceWords[strings.ToLower(strings.TrimSpace(head))] != "" {
			part, line = choiceWords[strings.ToLower(strings.TrimSpace(head))], strings.TrimSpace(rest)
		}
		if line != "" {
			parts[part] = append(parts[part], line)
		}
	}
	all := func(part string) string { return strings.Join(parts[part], "\n") }
	c := Choice{Chosen: all("choice"), Reason: all("reason"), PlanB: all("plan b"), Objections: all("objections")}
	for _, line := range parts["options"] {
		for o := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ';' || r == ',' }) {
			if o = strings.TrimLeft(strings.TrimSpace(o), "-•* "); o != "" {
				c.Options = append(c.Options, o)
			}
		}
	}
	return c
}

// String writes a decision so that ParseChoice reads it again.
func (c Choice) String() string {
	lines := []string{c.Chosen}
	add := func(head, text string) {
		if text = strings.TrimSpace(text); text != "" {
			lines = append(lines, head+": "+text)
		}
	}
	add("options", strings.Join(c.Options, "; "))
	add("reason", c.Reason)
	add("plan b", c.PlanB)
	add("objections", c.Objections)
	return strings.Join(lines, "\n")
}
