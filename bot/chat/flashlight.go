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
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// around is what the card of an incident says besides it: of its alerts, of its
// service, and of the past. All of it comes from the store and the roster, so that a
// card needs nothing that may be down.
type around struct {
	now     time.Time
	tally   alert.Tally
	quiet   []string              // what holds alerts of the service back, a line each
	changes []alert.Change        // of the service within the last day, the newest first
	cues    []desk.CueOf          // what made somebody look at the right place in earlier incidents of the service
	alike   []desk.Helped         // incidents of the past that are like it
	needs   []string              // services that this one depends on, by name
	needed  []string              // services that depend on this one
	promise string                // what was agreed about the service, in words
	fixes   []desk.ListedFollowUp // permanent fixes of the service that are still to be made, the oldest first
}

// without is what is said to guests: nothing of other incidents, to which they were not
// invited.
func (a around) without(i incident.Incident) around {
	a.alike, a.cues = nil, nil
	a.fixes = slices.DeleteFunc(slices.Clone(a.fixes), func(f desk.ListedFollowUp) bool { return f.Incident.Number != i.Number })
	return a
}

// around reads what the card says besides the incident.
func (s *Slack) around(ctx context.Context, b desk.Brief) (a around, err error) {
	a.now = time.Now()
	if b.Incident.Alert != "" {
		if a.tally, err = s.room.Tally(ctx, b.Incident.Number); err != nil {
			return a, err
		}
	}
	if a.fixes, err = s.inPlace(ctx, b.Incident); err != nil {
		return a, err
	}
	if !b.Incident.Status.Active() {
		return a, nil
	}
	if a.quiet, err = s.quietLines(ctx, b); err != nil {
		return a, err
	}
	if a.changes, err = s.room.Recent(ctx, b.Incident.Service); err != nil {
		return a, err
	}
	a.needs, a.needed, a.promise = surroundings(s.people.Current().Roster, b.Service)
	if a.cues, err = s.desk.Cues(ctx, b.Incident.Service, b.Incident.Number, cuesMost); err != nil {
		return a, err
	}
	a.alike, err = s.desk.Alike(ctx, incident.Bot, b.Incident.Number, alikeMost)
	return a, err
}

// cuesMost is how many cues of earlier incidents are shown.
const cuesMost = 2

// alikeMost is how many incidents of the past are shown behind More.
const alikeMost = 3

// surroundings returns which services one needs and which need it, by name, and what
// was agreed about it.
func surroundings(r *rotation.Roster, s rotation.Service) (needs, needed []string, promise string) {
	for _, id := range s.DependsOn {
		if other, ok := r.Service(id); ok {
			needs = append(needs, other.Name)
		}
	}
	for _, other := range r.Services {
		if s.ID != "" && slices.Contains(other.DependsOn, s.ID) {
			needed = append(needed, other.Name)
		}
	}
	for _, g := range r.Agreements {
		if g.ID == s.Agreement {
			promise = g.Words
		}
	}
	return needs, needed, promise
}

// facts are the lines about alerts, and about what is temporary.
func (a around) facts() []string {
	var lines []string
	if t := a.tally; t.Total() > 1 || t.Total() == 1 && t.Firing == 0 {
		lines = append(lines, "Alerts: "+tallyWords(t))
	}
	if badge := inPlaceLine(a.fixes); badge != "" {
		lines = append(lines, badge)
	}
	switch len(a.quiet) {
	case 0:
	case 1:
		lines = append(lines, a.quiet[0])
	default:
		lines = append(lines, fmt.Sprintf("%s (and %d more)", a.quiet[0], len(a.quiet)-1))
	}
	return lines
}

// torch is what the service's owners wrote down on a quiet day, and what the past
// says: groups of lines, of which a card shows as many as it has room for.
type torch struct {
	groups [torchGroups]torchGroup
}

type torchGroup struct {
	title string
	lines []string
}

// The groups, in the order in which they stand.
const (
	steps = iota
	looks
	alike
	changes
	dependencies
	torchGroups
)

// torchOrder is which group gets the next line of a card that is short of room: the
// safest first step before where to look, and what helped last time before the second.
var torchOrder = []int{steps, alike, looks, changes, steps, steps, looks, dependencies, looks, changes}

func flashlight(b desk.Brief, a around, most int) *torch {
	t := &torch{}
	each := func(list []string) []string {
		var lines []string
		for _, l := range list {
			lines = append(lines, clip(esc(l), most))
		}
		return lines
	}
	t.groups[steps] = torchGroup{title: "Safe first steps", lines: each(b.Service.QuickActions)}
	t.groups[looks] = torchGroup{title: "Look here first", lines: append(cueLines(a.cues, most), each(b.Service.FirstLooks)...)}
	t.groups[alike] = torchGroup{title: "Seen before", lines: alikeLines(a.alike, most)}
	t.groups[changes] = torchGroup{title: "Changed lately", lines: changeLines(a.changes)}
	t.groups[dependencies] = torchGroup{title: "Around it", lines: dependencyLines(a)}
	return t
}

// within returns the lines that most lines have room for, each group with its title.
func (t *torch) within(most int) []string {
	var shown [torchGroups]int
	for _, g := range torchOrder {
		if most > 0 && shown[g] < len(t.groups[g].lines) {
			shown[g]++
			most--
		}
	}
	var lines []string
	for g, group := range t.groups {
		for k, l := range group.lines[:shown[g]] {
			if k == 0 {
				l = "*" + group.title + ":* " + l
			} else {
				l = "• " + l
			}
			lines = append(lines, l)
		}
	}
	return lines
}

// cueLines are what experienced people looked at, with the incident in which they did.
func cueLines(list []desk.CueOf, most int) []string {
	var lines []string
	for _, c := range list {
		lines = append(lines, clip(esc(strings.ReplaceAll(c.Text, "\n", " ")), most)+" ("+incident.Name(c.Incident)+")")
	}
	return lines
}

func alikeLines(list []desk.Helped, most int) []string {
	var lines []string
	for _, h := range list {
		i := h.Incident
		line := fmt.Sprintf("%s %s (%s)", i.Name(), clip(esc(i.Title), 100), at(i.Declared))
		switch {
		case h.Text != "" && i.How != "":
			line += ": " + string(i.How) + ", " + clip(esc(h.Text), most)
		case h.Text != "":
			line += ": " + clip(esc(h.Text), most)
		case i.How != "":
			line += ": " + string(i.How) + " helped"
		}
		lines = append(lines, line)
	}
	return lines
}

func changeLines(list []alert.Change) []string {
	var lines []string
	for _, c := range list {
		line := at(c.At) + " " + clip(esc(c.Title), 200)
		for _, l := range linkLines(c.Links, 300) {
			line += " " + l
		}
		lines = append(lines, line)
	}
	return lines
}

func dependencyLines(a around) []string {
	var parts []string
	if len(a.needs) > 0 {
		parts = append(parts, "needs "+esc(incident.FirstOf(a.needs, 5)))
	}
	if len(a.needed) > 0 {
		parts = append(parts, "is needed by "+esc(incident.FirstOf(a.needed, 5)))
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{clip(strings.Join(parts, ", "), 300)}
}

// reviewDays is after how many days without a review a runbook's age is shown.
const reviewDays = 180

// reviewed says how old a runbook is, where it is past its review. day is
// YYYY-MM-DD or empty.
func reviewed(day string, now time.Time) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil || now.IsZero() {
		return ""
	}
	days := int(now.Sub(t) / (24 * time.Hour))
	if days <= reviewDays {
		return ""
	}
	return fmt.Sprintf(" (last reviewed %d days ago)", days)
}

// looked reads an incident as somebody may see it, with what is around it.
func (s *Slack) looked(ctx context.Context, who incident.Actor, n int) (b desk.Brief, a around, err error) {
	if b, err = s.desk.Show(ctx, who, n); err == nil {
		a, err = s.around(ctx, b)
	}
	if s.desk.Guest(who) {
		a = a.without(b.Incident)
	}
	return b, a, err
}

// more shows one person everything that the card had no room for.
func (s *Slack) more(ctx context.Context, who incident.Actor, n int) reply {
	b, a, err := s.looked(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := moreMessage(b, a, isGuest(b, who), s.names(), s.opt.Command)
	return ephemeral(m.text, m.blocks...)
}

// isGuest reports whether somebody is not of the team that owns the service.
func isGuest(b desk.Brief, who incident.Actor) bool {
	kind, id := who.Split()
	return b.Team.ID != "" && (kind != "person" || !slices.Contains(b.Team.Members, id) && b.Team.Lead != id)
}

func moreMessage(b desk.Brief, a around, guest bool, n names, command string) message {
	i := b.Incident
	m := message{text: "More about " + i.Name(), blocks: []slack.Block{section("*" + esc(i.Name()+" · "+i.Title) + "*")}}
	left := contentMost
	add := func(title string, lines []string) {
		if len(lines) == 0 || left < 500 {
			return
		}
		text := "*" + title + "*\n• " + strings.Join(lines, "\n• ")
		left -= length(text)
		m.blocks = append(m.blocks, section(text))
	}
	if guest {
		m.blocks = append(m.blocks, section(guestWords(b, command)))
	}
	if i.Outcome != "" {
		add("Outcome", []string{incident.Capital(i.Outcome.Words()) + endedWords(b)})
	}
	if names := i.RelatedNames(); names != "" {
		add("Related", []string{names})
	}
	for _, g := range flashlight(b, a, 700).groups {
		add(g.title, g.lines)
	}
	if a.promise != "" {
		add("Agreed", []string{clip(esc(a.promise), 500)})
	}
	add("Held back", a.quiet)
	var notes []string
	for _, e := range b.Notes {
		notes = append(notes, at(e.At)+" "+clip(n.line(e), 600))
	}
	add("Latest notes", notes)
	if links := links(b.Service, a.now); links != "" {
		m.blocks = append(m.blocks, contextLine(links))
	}
	if len(m.blocks) == 1 {
		m.blocks = append(m.blocks, contextLine("There is nothing more. What helps others here, such as safe first steps and where to look, stands with the service in the roster."))
	}
	m.blocks = append(m.blocks, slack.NewActionBlock("more_"+strconv.Itoa(i.Number), button(actImpact, strconv.Itoa(i.Number), "Impact…", "")))
	return m
}

// guestWords say to somebody who did not build it how far they need go alone.
func guestWords(b desk.Brief, command string) string {
	s := "You are not of " + esc(b.Team.Name) + ", which owns this. "
	if len(b.Service.QuickActions) > 0 {
		s += "The safe first steps are yours to take; beyond these, "
	} else {
		s += "No safe first steps are written down; "
	}
	return s + "ask them: `" + command + " page " + b.Incident.Name() + " " + esc(b.Service.ID) + "`."
}
