package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// The actions that show another page of a timeline. The value is the incident's number,
// the page, and the word that chooses entries.
const (
	actEarlier = "timeline_earlier"
	actLater   = "timeline_later"
)

// timelineRows is how many entries a page of a timeline has, entryMost how many
// characters one of them: an answer of 20 KiB would be lost.
const (
	timelineRows = 20
	entryMost    = 350
)

// zoneOf is where a person lives, as far as it is known.
func (s *Slack) zoneOf(a incident.Actor) *time.Location {
	return s.knownZone(s.people.Current().SlackOf(a))
}

// timelineView is a page of a timeline as somebody reads it.
type timelineView struct {
	incident incident.Incident
	entries  []incident.Entry // all that are shown
	filter   string           // the word that chose them; empty: all
	page     int              // counted from 1, the oldest; 0: the latest
	zone     *time.Location   // of the reader
	names    names
	open     string // which of the four kinds of notes are open, in words
}

// timeline shows a page of a timeline: the latest, unless another one is asked for.
func (s *Slack) timeline(ctx context.Context, who incident.Actor, n int, cmd Command) reply {
	i, events, err := s.desk.Timeline(ctx, who, n)
	if err != nil {
		return s.mistake(err, cmd)
	}
	all := incident.Shown(incident.Entries(events))
	chosen, word, err := incident.Filter(all, cmd.Text)
	if err != nil {
		return s.mistake(err, cmd)
	}
	b, err := s.desk.Show(ctx, who, n)
	if err != nil {
		return s.mistake(err, cmd)
	}
	m := timelineMessage(timelineView{incident: i, entries: chosen, filter: word, page: cmd.Number,
		zone: s.zoneOf(who), names: s.names(), open: s.names().open(b, incident.Open(all))})
	return ephemeral(m.text, m.blocks...)
}

// turned shows the page that a button leads to, in the place of the one that has it.
func (s *Slack) turned(ctx context.Context, c desk.Caller, value string) answer {
	parts := strings.SplitN(value, " ", 3)
	n, _ := strconv.Atoi(parts[0]) // 0, which is no incident, is refused
	cmd := Command{Word: "timeline"}
	if len(parts) == 3 {
		cmd.Number, _ = strconv.Atoi(parts[1])
		cmd.Text = parts[2]
	}
	r := s.timeline(ctx, c.Actor, n, cmd)
	r.Replaces = true
	return s.told(c, r)
}

// timelineMessage is one page. The day stands where it changes for the reader.
func timelineMessage(v timelineView) message {
	pages := max(1, (len(v.entries)+timelineRows-1)/timelineRows)
	page := v.page
	if page < 1 || page > pages {
		page = pages
	}
	i := v.incident
	head := fmt.Sprintf("*%s · %s · %s*", i.Name(), i.Status, esc(i.Title))
	if v.filter != "" {
		head += "\nOnly: " + v.filter
	}
	lines := []string{head}
	day := ""
	for _, e := range v.entries[(page-1)*timelineRows : min(page*timelineRows, len(v.entries))] {
		if today := e.At.In(v.zone).Format("Mon 2 Jan 2006"); today != day {
			day = today
			lines = append(lines, "*"+day+"*")
		}
		lines = append(lines, fmt.Sprintf("`%d` %s %s", e.Seq, minute(e.At, v.zone), clip(v.names.entry(e), entryMost)))
	}
	if len(v.entries) == 0 {
		lines = append(lines, "There is no such entry.")
	}
	m := message{text: "Timeline of " + i.Name(), blocks: sectionsOf(lines)}
	if v.open != "" {
		m.blocks = append(m.blocks, contextLine(v.open))
	}
	if pages > 1 {
		m.blocks = append(m.blocks, contextLine(fmt.Sprintf("Page %d of %d, %d entries. `stormbell incident show %s --json` has all of it.", page, pages, len(v.entries), i.Name())))
	}
	return m.turning(i, page, pages, v.filter)
}

// turning adds the buttons that lead to the pages beside this one.
func (m message) turning(i incident.Incident, page, pages int, filter string) message {
	var elements []slack.BlockElement
	to := func(action, label string, page int) {
		elements = append(elements, button(action, fmt.Sprintf("%d %d %s", i.Number, page, filter), label, ""))
	}
	if page > 1 {
		to(actEarlier, "Earlier", page-1)
	}
	if page < pages {
		to(actLater, "Later", page+1)
	}
	if len(elements) > 0 {
		m.blocks = append(m.blocks, slack.NewActionBlock("timeline", elements...))
	}
	return m
}

// minute shows the time of day where the reader is.
func minute(t time.Time, zone *time.Location) string {
	return fmt.Sprintf("<!date^%d^{time}|%s>", t.Unix(), t.In(zone).Format("15:04 MST"))
}

// open says which of the four kinds of notes nobody has written, and who could know.
func (n names) open(b desk.Brief, questions []incident.Question) string {
	if len(questions) == 0 {
		return ""
	}
	var list []string
	for _, q := range questions {
		list = append(list, "*"+string(q.Kind)+"* ("+n.couldKnow(b, q)+")")
	}
	return "Still open: " + strings.Join(list, ", ") + ". To answer: `note " + string(questions[0].Kind) + ": …`"
}

// couldKnow is who could answer one of the four questions, as far as the incident says.
func (n names) couldKnow(b desk.Brief, q incident.Question) string {
	var who []string
	i := b.Incident
	switch q.Kind {
	case incident.What:
		if i.DeclaredBy.Human() {
			who = append(who, n.who(i.DeclaredBy))
		}
	case incident.Where:
		for _, h := range i.Roles {
			if h.Role == incident.Responder && !slices.Contains(who, n.who(h.Who)) && len(who) < 3 {
				who = append(who, n.who(h.Who))
			}
		}
	case incident.HowNote:
		if b.Team.Name != "" {
			who = append(who, esc(b.Team.Name))
		}
	}
	if len(who) == 0 {
		return q.Who
	}
	return q.Who + ": " + strings.Join(who, ", ")
}

// entry reads what the words about entries need before their text: a number, a page, the
// time.
func (c *Command) entry() {
	word, rest := cut(c.Text)
	switch c.Word {
	case "timeline":
		fields := strings.Fields(strings.ToLower(c.Text))
		for k := 0; k < len(fields); k++ {
			if n, err := strconv.Atoi(fields[k]); err == nil && k > 0 && strings.Trim(fields[k-1], trimmed) == "page" {
				c.Number = n
				fields = slices.Delete(fields, k-1, k+1)
				break
			}
		}
		c.Text = strings.Trim(strings.Join(fields, " "), trimmed)
	default:
		n, err := strconv.Atoi(strings.Trim(word, trimmed+"#"))
		if err != nil || n <= 0 {
			return
		}
		if c.Number, c.Text = n, rest; c.Word == "retime" {
			c.When, c.Text = typedTime(rest)
		}
	}
}

// amended says what was done to an entry.
func amended(act desk.Act, i incident.Incident) string {
	switch act.Verb {
	case desk.Hide:
		return fmt.Sprintf("Entry %d of %s is shown no longer. It stays in the record.", act.Entry, i.Name())
	case desk.Retime:
		return fmt.Sprintf("Entry %d of %s stands at that time now.", act.Entry, i.Name())
	default:
		return "Your objection is recorded in " + i.Name() + ", beside the decision."
	}
}
