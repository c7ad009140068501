package chat

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
)

// The actions of buttons. An action that concerns an incident has its number as
// its value.
const (
	actAck      = "ack"
	actResolve  = "resolve"
	actDeclare  = "declare"      // open the form; the value is the title
	actDeclared = "declare_text" // declare at once what was typed; the value is the text
	actList     = "list"
	actOncall   = "oncall"
)

// message is what is posted or put in the place of what was posted: the blocks,
// and the text for notifications and screen readers.
type message struct {
	text   string
	blocks []slack.Block
}

func mrkdwn(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: s, Verbatim: true}
}

func plainText(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: s}
}

func section(s string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(clip(s, 3000)), nil, nil)
}

func contextLine(s string) slack.Block {
	return slack.NewContextBlock("", mrkdwn(clip(s, 2000)))
}

func button(action, value, label string, style slack.Style) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, value, plainText(label))
	b.Style = style
	return b
}

// buttons are what can be done from where an incident is shown: nothing that
// has been done already.
func buttons(b desk.Brief) []slack.Block {
	i, value := b.Incident, strconv.Itoa(b.Incident.Number)
	var elements []slack.BlockElement
	if i.Status.Active() && !i.Acked() {
		elements = append(elements, button(actAck, value, "Acknowledge", slack.StylePrimary))
	}
	if i.Status.Active() {
		elements = append(elements, button(actResolve, value, "Resolve", ""))
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("incident_"+value, elements...)}
}

// standing says in a line how an incident stands: who is on it, or that nobody is.
func standing(b desk.Brief, n names) string {
	i := b.Incident
	switch {
	case i.Status == incident.Merged:
		return "Part of " + incident.Name(i.MergedInto) + "."
	case i.Status == incident.Cancelled:
		return "Cancelled: it was no incident."
	case i.Status == incident.Resolved, i.Status == incident.Closed:
		s := "Resolved at " + at(i.Resolved) + "."
		if i.AcknowledgedBy != "" {
			s = "Acknowledged by " + n.who(i.AcknowledgedBy) + " at " + clock(i.Acknowledged) + ". " + s
		}
		return s
	case i.Acked():
		return "Acknowledged by " + n.who(i.AcknowledgedBy) + " at " + clock(i.Acknowledged) + "."
	case i.Exhausted:
		return ":rotating_light: Nobody has answered, and nobody is paged any more."
	case b.Paging && len(b.Asked) > 0:
		return "Nobody is on it yet. Paged: " + n.all(lastFew(b.Asked)) + "."
	default:
		return "Nobody is on it yet."
	}
}

func lastFew(actors []incident.Actor) []incident.Actor {
	var few []incident.Actor
	for n := len(actors) - 1; n >= 0 && len(few) < 5; n-- {
		seen := false
		for _, a := range few {
			seen = seen || a == actors[n]
		}
		if !seen {
			few = append(few, actors[n])
		}
	}
	return few
}

// pageMessage is what wakes somebody: what is broken, since when, and the
// buttons. It fits on a phone.
func pageMessage(b desk.Brief, ask desk.Ask, n names) message {
	i := b.Incident
	m := message{text: headline(b)}
	head := fmt.Sprintf("*%s · %s · %s*\n%s", i.Name(), i.Severity, esc(serviceName(b)), esc(i.Title))
	if i.Test {
		head = "*TEST* " + head
	}
	if ask.Over {
		m.text = i.Name() + ": the alert is over"
		m.blocks = []slack.Block{section("The alert's sender says that it is over. " + overNext(i))}
		if i.Status.Active() {
			m.blocks = append(m.blocks, slack.NewActionBlock("incident_"+strconv.Itoa(i.Number),
				button(actResolve, strconv.Itoa(i.Number), "Resolve", slack.StylePrimary)))
		}
		return m
	}
	if i.Acked() || !i.Status.Active() {
		m.text = i.Name() + ": " + string(i.Status)
	}
	m.blocks = []slack.Block{section(head), section(standing(b, n))}
	var facts []string
	facts = append(facts, "Declared by "+n.who(i.DeclaredBy)+" at "+at(i.Declared))
	if b.Papers.Channel != "" {
		facts = append(facts, "<#"+b.Papers.Channel+">")
	}
	if ask.Resort {
		facts = append(facts, "You are told as the last resort")
	}
	m.blocks = append(m.blocks, contextLine(strings.Join(facts, " · ")))
	m.blocks = append(m.blocks, buttons(b)...)
	return m
}

func overNext(i incident.Incident) string {
	if i.Status.Active() {
		return "If customers are fine, resolve it."
	}
	return i.Name() + " is " + string(i.Status) + "."
}

func serviceName(b desk.Brief) string {
	if b.Service.Name != "" {
		return b.Service.Name
	}
	if b.Incident.Service != "" {
		return b.Incident.Service
	}
	return "no service"
}

// cardMessage is the summary in an incident's channel: the map and the
// flashlight, within a dozen lines.
func cardMessage(b desk.Brief, n names) message {
	i := b.Incident
	m := message{text: headline(b) + " · " + string(i.Status)}
	m.blocks = []slack.Block{
		slack.NewHeaderBlock(plainText(clip(headline(b), 150))),
		slack.NewSectionBlock(nil, fields(b, n), nil),
		section(standing(b, n)),
	}
	if s := flashlight(b.Service); s != "" && i.Status.Active() {
		m.blocks = append(m.blocks, section(s))
	}
	for _, note := range b.Notes {
		m.blocks = append(m.blocks, contextLine(clock(note.At)+" "+clip(n.line(note), 600)))
	}
	if links := links(b.Service); links != "" {
		m.blocks = append(m.blocks, contextLine(links))
	}
	m.blocks = append(m.blocks, buttons(b)...)
	return m
}

func fields(b desk.Brief, n names) []*slack.TextBlockObject {
	i := b.Incident
	owner := "nobody: give the service a team"
	if b.Team.Name != "" {
		owner = esc(b.Team.Name)
	}
	list := []*slack.TextBlockObject{
		mrkdwn("*Status*\n" + string(i.Status)),
		mrkdwn("*Severity*\n" + i.Severity.String() + ", " + i.Severity.Word()),
		mrkdwn("*Service*\n" + clip(esc(serviceName(b)), 500)),
		mrkdwn("*Owner*\n" + clip(owner, 500)),
	}
	if c := i.Holder(incident.Commander); c != "" {
		list = append(list, mrkdwn("*Commander*\n"+n.who(c)))
	}
	since := "*Impact since*\n" + at(i.Impact[len(i.Impact)-1].Start)
	if !i.Status.Hurting() {
		since = "*Impact lasted*\n" + long(i.Hurting(i.Updated))
	}
	return append(list, mrkdwn(since))
}

// flashlight is what to do first and where to look, as the service's owners
// wrote it down on a quiet day.
func flashlight(s rotation.Service) string {
	var b strings.Builder
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		b.WriteString("*" + title + "*\n")
		for n, l := range lines {
			if n < 3 {
				b.WriteString("• " + clip(esc(l), 300) + "\n")
			}
		}
	}
	list("Safe first steps", s.QuickActions)
	list("Look here first", s.FirstLooks)
	return strings.TrimSpace(b.String())
}

// links are the papers of the service. Addresses come from the roster, which a
// team reviews; they are shown, never fetched.
func links(s rotation.Service) string {
	var list []string
	add := func(title string, l rotation.Link) {
		if strings.HasPrefix(l.URL, "https://") || strings.HasPrefix(l.URL, "http://") {
			list = append(list, "<"+strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C").Replace(l.URL)+"|"+clip(esc(title), 100)+">")
		}
	}
	add("Runbook", s.Runbook)
	for _, l := range append(s.Dashboards, s.Documents...) {
		if len(list) < 8 {
			add(l.Title, l)
		}
	}
	return strings.Join(list, " · ")
}

// announcement is the line for everybody.
func announcement(b desk.Brief, n names) message {
	i := b.Incident
	where := ""
	if b.Papers.Channel != "" {
		where = "\n<#" + b.Papers.Channel + ">"
	}
	s := fmt.Sprintf("*%s · %s · %s* · %s\n%s%s", i.Name(), i.Severity, esc(serviceName(b)), i.Status, esc(i.Title), where)
	return message{
		text:   headline(b) + " · " + string(i.Status),
		blocks: []slack.Block{section(s), contextLine(standing(b, n))},
	}
}

// topic is the channel's topic, within Slack's 250 characters.
func topic(b desk.Brief) string {
	i := b.Incident
	return clip(esc(fmt.Sprintf("%s · %s · %s", i.Severity, i.Status, i.Title)), 250)
}

// purpose is the channel's purpose, within Slack's 250 characters.
func purpose(b desk.Brief) string {
	return clip(esc("Work on "+b.Incident.Name()+", "+serviceName(b)+". Everything that is done here becomes its timeline."), 250)
}

// saidMessage tells an event in the channel.
func saidMessage(b desk.Brief, e incident.Event, n names) message {
	if e.Kind == incident.KindAlertOver {
		return pageMessage(b, desk.Ask{Over: true}, n)
	}
	s := n.said(b.Incident, e)
	return message{text: clip(s, 3000), blocks: []slack.Block{section(s)}}
}

// postmortemMessage is the document in short, for the channel.
func postmortemMessage(i incident.Incident, d postmortem.Document) message {
	m := message{text: "Draft of the post-mortem of " + i.Name() + ": " + i.Title}
	m.blocks = []slack.Block{slack.NewHeaderBlock(plainText(clip("Post-mortem of "+i.Name()+" (draft)", 150)))}
	for _, s := range d.Summary() {
		var b strings.Builder
		b.WriteString("*" + esc(s.Title) + "*")
		for _, l := range s.Lines {
			b.WriteString("\n• " + esc(l))
		}
		m.blocks = append(m.blocks, section(b.String()))
	}
	m.blocks = append(m.blocks, contextLine("The whole document follows as a file. Sections that only people can fill are left open."))
	return m
}

// listMessage shows the open incidents.
func listMessage(active []incident.Incident, n names, command string) string {
	if len(active) == 0 {
		return "No incident is open. To open one: `" + command + " declare` and a few words."
	}
	var b strings.Builder
	for k, i := range active {
		if k == 20 {
			fmt.Fprintf(&b, "… and %d more.", len(active)-k)
			break
		}
		where, who := "", "nobody is on it yet"
		if i.Channel != "" {
			where = " <#" + i.Channel + ">"
		}
		if i.Acked() {
			who = n.who(i.AcknowledgedBy)
		}
		fmt.Fprintf(&b, "*%s* · %s · %s · %s%s (%s)\n", i.Name(), i.Severity, i.Status, clip(esc(i.Title), 150), where, who)
	}
	return strings.TrimSpace(b.String())
}

// timelineText shows the end of a timeline, within most characters.
func timelineText(i incident.Incident, events []incident.Event, n names, most int) string {
	head := fmt.Sprintf("*%s · %s · %s*\n", i.Name(), i.Status, esc(i.Title))
	var lines []string
	left := most - len(head)
	for k := len(events) - 1; k >= 0; k-- {
		line := clock(events[k].At) + " " + clip(n.line(events[k]), 400)
		if left -= len(line) + 1; left < 60 {
			lines = append([]string{fmt.Sprintf("… %d earlier entries", k+1)}, lines...)
			break
		}
		lines = append([]string{line}, lines...)
	}
	return head + strings.Join(lines, "\n")
}
