package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
)

// contentMost is how much text a message shows at most. Slack refuses more than
// about 13,200 characters without saying how it counts (msg_blocks_too_long).
const contentMost = 9500

// cardMost is how many lines a card has at most, its heading among them: it is read
// on a phone. What has no room is behind More.
const cardMost = 12

// cardMessage is the summary in an incident's channel: the map and the
// flashlight, within a dozen lines.
func cardMessage(b desk.Brief, a around, n names) message {
	i := b.Incident
	m := message{text: headline(b) + " · " + string(i.Status)}
	facts := append(mapLines(b, n), a.facts()...)
	m.blocks = []slack.Block{header(headline(b)), section(strings.Join(facts, "\n"))}
	links, left := links(b.Service, a.now), cardMost-1-len(facts)
	if links != "" {
		left--
	}
	if i.Status.Active() {
		words := senderWords(b, a, n)
		if s := strings.Join(flashlight(b, a, 200).within(left-len(words)), "\n"); s != "" {
			m.blocks = append(m.blocks, section(s))
		}
		if len(words) > 0 {
			m.blocks = append(m.blocks, contextLine(strings.Join(words, "\n")))
		}
	}
	if links != "" {
		m.blocks = append(m.blocks, contextLine(links))
	}
	elements := withMitigated(i, answers(i))
	value := strconv.Itoa(i.Number)
	if i.Status.Active() {
		elements = append(elements, button(actEscalate, value, "Escalate", ""))
		if i.Test {
			elements = append(elements, button(actReal, value, "This is real", ""))
		}
		if i.Acked() {
			elements = append(elements, button(actUpdate, value, "Add update", ""), button(actCommand, value, "Take command", ""))
			if i.Holder(incident.Commander) != "" {
				elements = append(elements, button(actHandOver, value, "Hand over", ""))
			}
		}
		elements = append(elements, button(actMore, value, "More", ""))
	}
	m.blocks = append(m.blocks, row(i, append(elements, closeButton(i)...)...)...)
	return m
}

// senderMost is how many lines of the card the sender of an alert gets.
const senderMost = 5

// senderWords are what the sender of the one alert says, with its links: of several
// ones a message of their own tells that.
func senderWords(b desk.Brief, a around, n names) []string {
	if b.Incident.Alert == "" || a.tally.Total() > 1 {
		return nil
	}
	for k := len(b.Notes) - 1; k >= 0; k-- {
		if e := b.Notes[k]; !e.By.Human() && e.Text != "" {
			lines := strings.Split(at(e.At)+" "+clip(n.line(e), 900), "\n")
			return lines[:min(len(lines), senderMost)]
		}
	}
	return nil
}

// mapLines say what it is, whose, who is on it and since when it hurts.
func mapLines(b desk.Brief, n names) []string {
	i := b.Incident
	owner := "nobody owns it; set a team for the service in the roster"
	if b.Team.Name != "" {
		owner = esc(b.Team.Name)
	}
	lines := []string{
		fmt.Sprintf("*%s* · %s, %s · %s · %s", i.Status, i.Severity, i.Severity.Word(), clip(esc(b.ServiceName()), 200), clip(owner, 200)),
		clip(standing(b, n)+relatedWords(i), 700),
	}
	if sees := seen(i); sees != "" {
		lines = append(lines, "Customers see: "+clip(esc(sees), 300))
	}
	if roles := rolesLine(i, n); roles != "" {
		lines = append(lines, roles)
	}
	if next := nextPromise(b); next != "" {
		lines = append(lines, next)
	}
	return append(lines, impactLine(i))
}

// relatedWords are a sentence about the incidents that have to do with it; empty: none has.
func relatedWords(i incident.Incident) string {
	if names := i.RelatedNames(); names != "" {
		return " Related to " + names + "."
	}
	return ""
}

// impactLine says since when it hurts, or how long it did, and whom.
func impactLine(i incident.Incident) string {
	line := "Nobody was hit"
	switch n := len(i.Impact); {
	case i.Status == incident.Merged:
		line = "Its impact is counted in " + i.Whole()
	case n > 0 && i.Impact[n-1].End.IsZero():
		line = "Impact since " + at(i.Impact[n-1].Start)
	case n > 0:
		line = "Impact lasted " + long(i.Hurting(i.Updated))
	}
	if hit := i.Hit.Words(); hit != "" {
		line += " · " + clip(esc(hit), 300)
	}
	return line
}

// rolesLine says who holds which role; empty: nobody holds any.
func rolesLine(i incident.Incident, n names) string {
	var roles []incident.Role
	who := map[incident.Role][]incident.Actor{}
	for _, h := range i.Roles {
		if who[h.Role] == nil {
			roles = append(roles, h.Role)
		}
		who[h.Role] = append(who[h.Role], h.Who)
	}
	var parts []string
	for _, r := range roles {
		parts = append(parts, incident.Capital(esc(string(r)))+" "+n.all(lastFew(who[r])))
	}
	return clip(strings.Join(parts, " · "), 800)
}

// webLink reports whether an address can be opened in a browser.
func webLink(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

// links are the documents of the service. Addresses come from the roster, which a
// team reviews; they are shown, never fetched.
func links(s rotation.Service, now time.Time) string {
	var list []string
	left := 1900
	add := func(title string, l rotation.Link) {
		if !webLink(l.URL) {
			return
		}
		link := "<" + inLink.Replace(incident.Printable(l.URL)) + "|" + clip(strings.ReplaceAll(esc(title), "|", "/"), 100) + ">"
		if left -= length(link) + 3; left < 0 {
			return
		}
		list = append(list, link)
	}
	add("Runbook"+reviewed(s.Reviewed, now), s.Runbook)
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
	m := message{text: drillMark(i) + "Draft of the post-mortem of " + d.Name + ": " + esc(d.Title)}
	state := "draft"
	if !d.Sealed.IsZero() {
		m.text = drillMark(i) + "Post-mortem of " + d.Name + ": " + esc(d.Title)
		state = fmt.Sprintf("version %d", d.Version)
	}
	m.blocks = []slack.Block{header(drillMark(i) + "Post-mortem of " + d.Name + " (" + state + ")")}
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

// firstLines are as many of the first lines as fit within most characters; where
// that is not all of them, the last line says how many there are besides, and how
// to see them.
func firstLines(lines []string, most int, how string) string {
	end := func(k int) string {
		return "… and " + incident.Count(len(lines)-k, "more line", "more lines") + ". " + how
	}
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
