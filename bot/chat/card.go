package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
)

// contentMost is how much text a message shows at most. Slack refuses more than
// about 13,200 characters without saying how it counts (msg_blocks_too_long).
const contentMost = 9500

// cardMessage is the summary in an incident's channel: the map and the
// flashlight, within a dozen lines.
func cardMessage(b desk.Brief, a around, n names) message {
	i := b.Incident
	m := message{text: headline(b) + " · " + string(i.Status)}
	m.blocks = []slack.Block{
		header(headline(b)),
		slack.NewSectionBlock(nil, fields(b, n), nil),
		section(standing(b, n)),
	}
	m.blocks = append(m.blocks, a.lines()...)
	if s := flashlight(b.Service); s != "" && i.Status.Active() {
		m.blocks = append(m.blocks, section(s))
	}
	for _, note := range b.Notes {
		m.blocks = append(m.blocks, contextLine(at(note.At)+" "+clip(n.line(note), 600)))
	}
	if links := links(b.Service); links != "" {
		m.blocks = append(m.blocks, contextLine(links))
	}
	elements := withMitigated(i, answers(i))
	if i.Status.Active() {
		value := strconv.Itoa(i.Number)
		elements = append(elements, button(actEscalate, value, "Escalate", ""))
		if i.Acked() {
			elements = append(elements, button(actUpdate, value, "Add update", ""), button(actCommand, value, "Take command", ""))
		}
	}
	m.blocks = append(m.blocks, row(i, elements...)...)
	return m
}

func fields(b desk.Brief, n names) []*slack.TextBlockObject {
	i := b.Incident
	owner := "nobody; set a team for the service in the roster"
	if b.Team.Name != "" {
		owner = esc(b.Team.Name)
	}
	list := []*slack.TextBlockObject{
		mrkdwn("*Status*\n" + string(i.Status)),
		mrkdwn("*Severity*\n" + i.Severity.String() + ", " + i.Severity.Word()),
		mrkdwn("*Service*\n" + clip(esc(b.ServiceName()), 500)),
		mrkdwn("*Owner*\n" + clip(owner, 500)),
	}
	if c := i.Holder(incident.Commander); c != "" {
		list = append(list, mrkdwn("*Commander*\n"+clip(n.who(c), 500)))
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
		for k, l := range lines {
			if k == 3 {
				fmt.Fprintf(&b, "• … and %d more in the roster\n", len(lines)-k)
				break
			}
			b.WriteString("• " + clip(esc(l), 300) + "\n")
		}
	}
	list("Safe first steps", s.QuickActions)
	list("Look here first", s.FirstLooks)
	return strings.TrimSpace(b.String())
}

// links are the documents of the service. Addresses come from the roster, which a
// team reviews; they are shown, never fetched.
func links(s rotation.Service) string {
	var list []string
	left := 1900
	add := func(title string, l rotation.Link) {
		if !strings.HasPrefix(l.URL, "https://") && !strings.HasPrefix(l.URL, "http://") {
			return
		}
		link := "<" + inLink.Replace(incident.Printable(l.URL)) + "|" + clip(strings.ReplaceAll(esc(title), "|", "/"), 100) + ">"
		if left -= length(link) + 3; left < 0 {
			return
		}
		list = append(list, link)
	}
	add("Runbook", s.Runbook)
	for _, l := range append(s.Dashboards[:len(s.Dashboards):len(s.Dashboards)], s.Documents...) {
		if len(list) < 8 && l.Title != "" {
			add(l.Title, l)
		}
	}
	return strings.Join(list, " · ")
}

// inLink keeps an address from ending the link that it stands in.
var inLink = strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20")

// postmortemMessage is the document in short, for the channel.
func postmortemMessage(i incident.Incident, d postmortem.Document) message {
	m := message{text: "Draft of the post-mortem of " + i.Name() + ": " + esc(i.Title)}
	m.blocks = []slack.Block{header("Post-mortem of " + i.Name() + " (draft)")}
	left := contentMost
	for _, s := range d.Summary() {
		var b strings.Builder
		b.WriteString("*" + esc(s.Title) + "*")
		for _, l := range s.Lines {
			b.WriteString("\n• " + esc(l))
		}
		text := clip(b.String(), min(3000, left))
		if left -= length(text); left < 200 || len(m.blocks) > 40 {
			break // the file has it all
		}
		m.blocks = append(m.blocks, section(text))
	}
	return m
}

// wholeFollows ends the post-mortem in short where the whole of it is posted too.
func wholeFollows(m message) message {
	m.blocks = append(m.blocks, contextLine("The whole document follows as a file. Questions that only people can answer are left open."))
	return m
}

// listText shows open incidents, a line each.
func listText(active []incident.Incident, n names, command string) string {
	if len(active) == 0 {
		return "No incident is open. To open one: `" + command + " declare` and a few words."
	}
	var lines []string
	for _, i := range active[:min(len(active), 20)] {
		where, who := "", "nobody is on it yet"
		if i.Channel != "" {
			where = " <#" + i.Channel + ">"
		}
		if i.AcknowledgedBy != "" {
			who = n.who(i.AcknowledgedBy)
		}
		if i.Asking {
			who += ", people are being paged again"
		}
		lines = append(lines, fmt.Sprintf("*%s* · %s · %s · %s%s (%s)", i.Name(), i.Severity, i.Status, clip(esc(i.Title), 150), where, who))
	}
	if rest := active[len(lines):]; len(rest) > 0 {
		var more []string
		for _, i := range rest {
			more = append(more, i.Name())
		}
		lines = append(lines, fmt.Sprintf("… and %d more: %s. `%s show %s` shows one.", len(rest), incident.FirstOf(more, 30), command, more[0]))
	}
	return strings.Join(lines, "\n")
}

// timelineText shows the end of a timeline, within most bytes.
func timelineText(i incident.Incident, events []incident.Event, n names, most int) string {
	head := fmt.Sprintf("*%s · %s · %s*\n", i.Name(), i.Status, esc(i.Title))
	var lines []string
	left := most - len(head)
	for k := len(events) - 1; k >= 0; k-- {
		line := at(events[k].At) + " " + clip(n.line(events[k]), 400)
		if left -= len(line) + 1; left < 120 {
			lines = append([]string{fmt.Sprintf("… %d earlier entries. `stormbell incident timeline %s` lists all.", k+1, i.Name())}, lines...)
			break
		}
		lines = append([]string{line}, lines...)
	}
	return head + strings.Join(lines, "\n")
}

// firstLines are as many of the first lines as fit within most characters; where
// that is not all of them, the last line says how many there are besides, and how
// to see them.
func firstLines(lines []string, most int, how string) string {
	end := func(k int) string { return fmt.Sprintf("… and %d more lines. %s", len(lines)-k, how) }
	room, fits := most-length(end(0))-1, 0
	for _, l := range lines {
		if room -= length(l) + 1; room < 0 {
			break
		}
		fits++
	}
	if all := strings.Join(lines, "\n"); length(all) <= most {
		return all
	}
	return strings.Join(append(slices.Clone(lines[:fits]), end(fits)), "\n")
}

// sections shows text in as many sections as it needs, cut at line ends.
func sections(text string) []slack.Block {
	var blocks []slack.Block
	for _, part := range parts(text, 2900) {
		blocks = append(blocks, section(part))
	}
	return blocks
}

// parts cuts text at line ends into pieces of at most most characters each, as
// long as no line alone is longer.
func parts(text string, most int) []string {
	var list []string
	piece := ""
	for line := range strings.SplitSeq(text, "\n") {
		if piece != "" && length(piece)+1+length(line) > most {
			list = append(list, piece)
			piece = ""
		}
		if piece != "" {
			piece += "\n"
		}
		piece += line
	}
	return append(list, piece)
}
