package chat

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// The actions of buttons. An action that concerns an incident has its number as
// its value.
const (
	actAck       = "ack"
	actAckAll    = "ack_all" // the value is the names of the incidents, with commas
	actOthers    = "others"  // open the form for those without buttons; the value is their numbers, with commas
	actResolve   = "resolve"
	actEscalate  = "escalate"
	actCommand   = "command"      // take command
	actMore      = "more"         // what the card has no room for
	actTakeOffer = "take_offer"   // take command that was offered; the value is the number and to whom
	actUpdate    = "update"       // open the form for an update
	actDeclare   = "declare"      // open the form; the value is the title
	actDeclared  = "declare_text" // declare at once what was typed; the value is the text
	actMeant     = "meant"        // do what was typed with a mistake; the value is the text without it
	actList      = "list"
	actOncall    = "oncall"
	actChannel   = "channel" // make a channel for an incident that has none
	actSame      = "same"    // it is part of another one; the value is both numbers
	actJoin      = "join"    // into the channel of an incident; the value is its number and, behind it, what was typed
)

// message is what is posted or put in the place of what was posted: the blocks,
// and the text for notifications and screen readers. Both are mrkdwn in which
// all foreign text is escaped.
type message struct {
	text   string
	blocks []slack.Block

	discreet bool // nothing that goes with it may name an incident
}

// noticeMost is how long the text of a message is at most. Slack refuses an edit
// with more than 4,000, and counts bytes by one measurement; a notification
// shows far less.
const noticeMost = 1000

func (m message) notice() string { return clip(m.text, noticeMost) }

func mrkdwn(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: s, Verbatim: true}
}

// plainText is text in which nothing is markup. Slack wants it escaped all the
// same.
func plainText(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: s}
}

func section(s string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(clip(s, 3000)), nil, nil)
}

func contextLine(s string) slack.Block {
	return slack.NewContextBlock("", mrkdwn(clip(s, 2000)))
}

// header is a heading. Whether Slack counts its 150 characters as code points or
// as UTF-16 units is not known; emoji are two of the latter.
func header(s string) slack.Block {
	s = clip(s, 150)
	for most := 149; len(utf16.Encode([]rune(s))) > 150; most-- {
		s = clip(s, most)
	}
	return slack.NewHeaderBlock(plainText(s))
}

func button(action, value, label string, style slack.Style) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, value, plainText(label))
	b.Style = style
	return b
}

// row is a line of buttons about an incident; none when there are none.
func row(i incident.Incident, elements ...slack.BlockElement) []slack.Block {
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("incident_"+strconv.Itoa(i.Number), elements...)}
}

// answers are the buttons of a page: nothing that has been done already.
func answers(i incident.Incident) []slack.BlockElement {
	var elements []slack.BlockElement
	value := strconv.Itoa(i.Number)
	if i.Status.Active() && !i.Acked() {
		elements = append(elements, button(actAck, value, "Acknowledge", slack.StylePrimary))
	}
	if i.Status.Active() {
		elements = append(elements, button(actResolve, value, "Resolve", ""))
	}
	return elements
}

// endedWords ends a sentence with what was said as it was cancelled.
func endedWords(b desk.Brief) string {
	text := strings.Join(strings.Fields(b.Ended.Text), " ")
	if text == "" {
		return "."
	}
	return ": " + clip(esc(strings.TrimRight(text, ".")), 300) + "."
}

// standing says in a line how an incident stands: who is on it, or that nobody is.
func standing(b desk.Brief, n names) string {
	i := b.Incident
	switch {
	case i.Status == incident.Merged:
		return "Part of " + i.Whole() + "."
	case i.Status == incident.Cancelled && i.Outcome != "":
		return "Ended as a " + i.Outcome.Words() + endedWords(b)
	case i.Status == incident.Cancelled:
		return "Cancelled: it was no incident" + endedWords(b)
	case i.Status == incident.Resolved, i.Status == incident.Closed:
		s := "Resolved " + at(i.Resolved) + "."
		if i.AcknowledgedBy != "" {
			s = n.onIt(i) + " " + s
		}
		return s
	case i.Acked():
		return n.onIt(i)
	case i.Exhausted:
		s := ":rotating_light: Nobody has answered, and nobody is paged any more."
		if i.Asking {
			s += " It was acknowledged by " + n.who(i.AcknowledgedBy) + " (" + at(i.Since) + ")."
		}
		return s
	}
	s := "Nobody is on it yet."
	if i.Asking { // the acknowledgement holds, but is not enough
		s = strings.TrimSuffix(n.onIt(i), ".") + ", but people are being paged again."
	}
	if b.Paging {
		s += n.paged("Paged: ", b)
	}
	return s
}

// paged says who is paged, after that word, and who is not yet.
func (n names) paged(word string, b desk.Brief) string {
	now := slices.DeleteFunc(slices.Clone(b.Asked), func(a incident.Actor) bool {
		return slices.ContainsFunc(b.Later, func(l desk.Later) bool { return l.Person == a })
	})
	s := ""
	if len(now) > 0 {
		s = " " + word + n.all(lastFew(now))
		if more := len(now) - fewPaged; more > 0 {
			s += fmt.Sprintf(" and %d more", more)
		}
		s += "."
	}
	for k, l := range b.Later {
		if k == fewPaged {
			s += fmt.Sprintf(" %d more will be paged later.", len(b.Later)-k)
			break
		}
		s += " " + n.who(l.Person) + " will be paged (" + at(l.At) + ")."
	}
	return s
}

// onIt says who is on it, since when.
func (n names) onIt(i incident.Incident) string {
	return "Acknowledged by " + n.who(i.AcknowledgedBy) + " (" + at(i.Since) + ")."
}

// fewPaged is how many of those who were paged are named.
const fewPaged = 5

// lastFew returns the last of them, the latest first.
func lastFew(actors []incident.Actor) []incident.Actor {
	few := slices.Clone(actors[max(0, len(actors)-fewPaged):])
	slices.Reverse(few)
	return few
}

// pageMessage is what wakes somebody: what is broken, since when, and the
// buttons. It fits on a phone. A private incident tells a channel that is not its
// own no more than that somebody is needed.
func pageMessage(b desk.Brief, ask desk.Prompt, n names) message {
	i := b.Incident
	if i.Private && ask.Person == "" && (ask.Message.Channel == "" || ask.Message.Channel != b.Artifacts.Channel) {
		return privateCall(i)
	}
	if to, ok := b.Artifacts.MovedSince(ask); ok {
		return movedPage(b, to, n)
	}
	m := message{text: headline(b)}
	if !i.Status.Active() || i.Acked() && ask.Why == "" { // nobody need be woken by its words
		m.text = drillMark(i) + i.Name() + ": " + string(i.Status)
	}
	head := fmt.Sprintf("%s%s *%s · %s · %s*\n%s", drillMark(i), i.Marks(), i.Name(), i.Severity, clip(esc(b.ServiceName()), 200), esc(i.Title))
	m.blocks = []slack.Block{section(head)}
	if why := cmp.Or(ask.Why, b.Again); why != "" {
		m.blocks = append(m.blocks, section(quote(why, 1500)))
	}
	if i.Says != "" {
		m.blocks = append(m.blocks, section(esc(i.Says)))
	}
	facts := []string{"Declared by " + n.who(i.DeclaredBy) + ", " + at(i.Declared)}
	if b.Artifacts.Channel != "" {
		facts = append(facts, "<#"+b.Artifacts.Channel+">")
	}
	if ask.Resort {
		facts = append(facts, "You are paged as the last resort")
	}
	m.blocks = append(m.blocks, section(standing(b, n)), contextLine(strings.Join(facts, " · ")))
	if i.Status.Active() {
		m.blocks = append(m.blocks, runbook(b)...)
	}
	elements := answers(i)
	if ask.Why == "" { // whoever is asked by a colleague is asked for help
		elements = withNotOurs(i, elements)
	}
	m.blocks = append(m.blocks, row(i, elements...)...)
	return m
}

// runbook is where it stands what to do, as a line of its own, since an address is
// shown whole.
func runbook(b desk.Brief) []slack.Block {
	lines := linkLines([]alert.Link{{URL: b.Runbook(), Text: "Runbook"}}, 2900)
	if len(lines) == 0 {
		return nil
	}
	return []slack.Block{section(lines[0])}
}

// privateCall asks a channel for somebody without saying what for, nor whom else.
func privateCall(i incident.Incident) message {
	s := "A private incident needs somebody: nobody who was asked has answered yet. Please look whether you have a direct message about it. " +
		"Operators see it with `stormbell incident list`."
	if i.Acked() || !i.Status.Active() {
		s = "A private incident needed somebody. Nothing is needed here any more."
	}
	return message{text: s, blocks: []slack.Block{section(s)}, discreet: true}
}

// announcement is the line for everybody.
func announcement(b desk.Brief, n names) message {
	i := b.Incident
	where := ""
	if b.Artifacts.Channel != "" {
		where = "\n<#" + b.Artifacts.Channel + ">"
	}
	s := fmt.Sprintf("%s%s *%s · %s · %s* · %s\n%s%s", drillMark(i), i.Marks(), i.Name(), i.Severity, clip(esc(b.ServiceName()), 200), i.Status, esc(i.Title), where)
	m := message{
		text:   headline(b) + " · " + string(i.Status),
		blocks: []slack.Block{section(s), contextLine(since(i) + standing(b, n))},
	}
	if u := b.Update; u.Seq > 0 {
		m.blocks = append(m.blocks, contextLine("Update ("+at(u.At)+"): "+clip(esc(u.Text), 1000)))
	}
	if i.NoChannel && i.Status.Active() {
		elements := answers(i)
		m.blocks = append(m.blocks, row(i, append(elements, button(actChannel, strconv.Itoa(i.Number), "Open a channel", ""))...)...)
	}
	return m
}

// since says of an incident that is over when it began: it may never have been seen
// while it was open.
func since(i incident.Incident) string {
	if i.Status.Active() {
		return ""
	}
	return "Declared " + at(i.Declared) + ". "
}

// purpose is the channel's purpose, within Slack's 250 characters.
func purpose(b desk.Brief) string {
	return clip(esc(drillMark(b.Incident)+"Work on "+b.Incident.Name()+", "+short(b.ServiceName(), 100)+". Pin a message, or react to it with :pushpin:, and it is in the timeline."), 250)
}

// saidMessage tells an event in the channel, with a button where one is of use.
func saidMessage(b desk.Brief, e incident.Event, n names) message {
	if e.Kind == incident.KindWatched {
		return watched(b, e)
	}
	s := drillMark(b.Incident) + n.said(b.Incident, e)
	if e.Kind == incident.KindService {
		s = drillMark(b.Incident) + n.moved(b, e)
	}
	m := message{text: s, blocks: []slack.Block{section(s)}}
	i, value := b.Incident, strconv.Itoa(b.Incident.Number)
	switch {
	case !i.Status.Active():
	case e.Kind == incident.KindAlertOver && i.AlertOver:
		m.blocks = append(m.blocks, row(i, button(actResolve, value, "Resolve", slack.StylePrimary))...)
	case e.Kind == incident.KindSilent && i.Holder(incident.Commander) == e.Person:
		m.blocks = append(m.blocks, row(i, button(actCommand, value, "Take command", slack.StylePrimary))...)
	case e.Kind == incident.KindOffered && i.StillOffers(e):
		m.blocks = append(m.blocks, row(i, button(actTakeOffer, value+" "+string(e.Person), "Take command", slack.StylePrimary))...)
	case e.Kind == incident.KindLapsed || e.Kind == incident.KindGivenBack || e.Kind == incident.KindReopened,
		e.Kind == incident.KindAlert, e.Kind == incident.KindAlertJoined:
		m.blocks = append(m.blocks, row(i, answers(i)...)...)
	case e.Kind == incident.KindMitigated && e.Assumed && i.HowAssumed:
		m.blocks = append(m.blocks, howRow(i))
	case e.Kind == incident.KindRelated:
		m.blocks = append(m.blocks, row(i, button(actSame, value+" "+strconv.Itoa(e.Into), "It is the same", ""))...)
	}
	return m
}
