package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The actions of the Home tab.
const (
	actTestPage = "test_page"
	actWorse    = "home_worse" // the value is the page of open incidents, counted from 0
	actLess     = "home_less"
)

// What the Home tab has room for: Slack takes 100 blocks, and an incident with buttons
// needs two.
const (
	homeOwn   = 8  // incidents of the reader's own
	homeRows  = 15 // others on a page
	homeParts = 6  // sections of people on call
	homeLines = 12 // shifts, and follow-ups
	homeNotes = 8  // blocks of what a press led to
)

// home is what the Home tab of somebody shows.
type home struct {
	reader    incident.Actor
	active    []incident.Incident   // that its reader may see
	followUps []desk.ListedFollowUp // of the reader's own, that are open
	page      int                   // of other people's open incidents, from 0
	note      []slack.Block         // what the last press led to
	outsider  bool                  // a guest, who reads only
	health    []string              // lines about the bot; for admins only
	gone      string                // a warning of people on call whose account is deactivated; empty: there are none

	roster *rotation.Roster
	names  names
	now    time.Time
	opt    Options
}

// homeView is the Home tab: what needs the reader, what is open, the worst first, the
// reader's follow-ups and shifts, who is on call, and how the bot is.
func homeView(h home) slack.HomeTabViewRequest {
	blocks := append([]slack.Block{}, h.note...)
	blocks = append(blocks, h.actions()...)
	blocks = append(blocks, h.incidents()...)
	blocks = append(blocks, h.owed()...)
	if !h.outsider {
		blocks = append(blocks, h.shifts()...)
		blocks = append(blocks, h.onCall()...)
	}
	if len(h.health) > 0 {
		blocks = append(append(blocks, header("How the bot is")), sectionsOf(h.health)...)
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: append(blocks, h.asOf())}}
}

// asOf says how old the view is. It is the last block.
func (h home) asOf() slack.Block {
	return contextLine("As of " + at(h.now) + ". It is kept up to date for an hour after you opened it.")
}

// person is the reader's ID in the roster; empty where they are not in it.
func (h home) person() string {
	if kind, id := h.reader.Split(); kind == "person" {
		return id
	}
	return ""
}

func (h home) actions() []slack.Block {
	if h.outsider {
		return nil
	}
	elements := []slack.BlockElement{button(actDeclare, "", "Declare an incident", slack.StyleDanger)}
	if h.person() != "" {
		elements = append(elements, button(actTestPage, "", "Test my page", ""))
	}
	return []slack.Block{slack.NewActionBlock("home", elements...)}
}

// incidents are the reader's own, and then those of others.
func (h home) incidents() []slack.Block {
	var own, others []incident.Incident
	for _, i := range worstFirst(h.active) {
		if h.part(i) != "" {
			own = append(own, i)
		} else {
			others = append(others, i)
		}
	}
	var blocks []slack.Block
	if len(own) > 0 {
		blocks = append(blocks, header("Yours"))
		for _, i := range own[:min(len(own), homeOwn)] {
			blocks = append(blocks, h.incident(i)...)
		}
		if len(own) > homeOwn {
			blocks = append(blocks, contextLine(fmt.Sprintf("And %d more of yours, less bad: `%s list mine`.", len(own)-homeOwn, h.opt.Command)))
		}
	}
	title := "Open incidents"
	if len(own) > 0 {
		title = "Other open incidents"
	}
	blocks = append(blocks, header(title))
	if len(others) == 0 {
		return append(blocks, section(h.calm(len(own))))
	}
	pages := (len(others) + homeRows - 1) / homeRows
	page := min(max(h.page, 0), pages-1)
	for _, i := range others[page*homeRows : min(len(others), (page+1)*homeRows)] {
		blocks = append(blocks, h.incident(i)...)
	}
	return append(blocks, turnHome(page, pages, len(others))...)
}

// calm says that nothing else is open.
func (h home) calm(own int) string {
	switch {
	case h.outsider:
		return "No incident that you were invited to is open."
	case own > 0:
		return "No other incident is open."
	default:
		return "No incident is open. To open one, press the button above, or type `" + h.opt.Command + " declare` and a few words."
	}
}

// turnHome says which page of the open incidents is shown, and leads to the others.
func turnHome(page, pages, all int) []slack.Block {
	if pages == 1 {
		return nil
	}
	var elements []slack.BlockElement
	if page > 0 {
		elements = append(elements, button(actWorse, strconv.Itoa(page-1), "Worse ones", ""))
	}
	if page < pages-1 {
		elements = append(elements, button(actLess, strconv.Itoa(page+1), "More of them", ""))
	}
	return []slack.Block{contextLine(fmt.Sprintf("Page %d of %d, %d open incidents, the worst first.", page+1, pages, all)),
		slack.NewActionBlock("home_pages", elements...)}
}

// part says what an incident has to do with the reader; empty: it is others' work.
func (h home) part(i incident.Incident) string {
	if i.AcknowledgedBy == h.reader && !i.Asking {
		return "You are on it"
	}
	for _, r := range i.Roles {
		if r.Who == h.reader {
			return "You are its " + esc(string(r.Role))
		}
	}
	if slices.Contains(i.Called, h.reader) && !i.Acked() {
		return "You were paged for it, and nobody is on it"
	}
	return ""
}

// incident is one of the open incidents with its buttons.
func (h home) incident(i incident.Incident) []slack.Block {
	text := h.names.listLine(i)
	if part := h.part(i); part != "" {
		text += "\n" + part + "."
	}
	blocks := []slack.Block{section(text)}
	if h.outsider {
		return blocks
	}
	elements := withMitigated(i, answers(i))
	if i.Channel == "" && i.NoChannel {
		elements = append(elements, button(actChannel, strconv.Itoa(i.Number), "Open a channel", ""))
	}
	return append(blocks, row(i, elements...)...)
}

// owed lists the reader's follow-ups, the earliest due first.
func (h home) owed() []slack.Block {
	if len(h.followUps) == 0 {
		return nil
	}
	var lines []string
	for _, f := range h.followUps[:min(len(h.followUps), homeLines)] {
		line := "*" + f.ID + "* " + clip(esc(f.Title), 150)
		line += " · " + clip(esc(f.Incident.Title), 80)
		switch {
		case f.Overdue(h.now):
			line += " · :warning: was due " + incident.Day(f.Due, h.opt.Zone)
		case !f.Due.IsZero():
			line += " · due " + incident.Day(f.Due, h.opt.Zone)
		}
		lines = append(lines, line)
	}
	if more := len(h.followUps) - homeLines; more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", more))
	}
	return append([]slack.Block{header("Your follow-ups")}, sectionsOf(lines)...)
}

// shifts are when the reader is on call.
func (h home) shifts() []slack.Block {
	person := h.person()
	if person == "" {
		return nil
	}
	lines := shiftLines(h.roster, person, h.now, homeLines)
	if len(lines) == 0 {
		return nil
	}
	return append([]slack.Block{header("Your shifts")}, sectionsOf(lines)...)
}

// shiftLines says when somebody is on call within [shiftsAhead], a line each.
func shiftLines(r *rotation.Roster, person string, now time.Time, most int) []string {
	shifts := slices.DeleteFunc(oncall.Conflicts(r, person, now, now.Add(shiftsAhead)), func(g oncall.Gap) bool { return !g.End.After(now) })
	slices.SortStableFunc(shifts, func(a, b oncall.Gap) int { return a.Start.Compare(b.Start) })
	var lines []string
	for _, g := range shifts[:min(len(shifts), most)] {
		until := "until " + at(g.End)
		if !g.End.Before(now.Add(shiftsAhead)) {
			until = "for the next 90 days at least"
		}
		if g.Start.After(now) {
			lines = append(lines, fmt.Sprintf("*%s* from %s %s", esc(g.Rotation), at(g.Start), until))
		} else {
			lines = append(lines, fmt.Sprintf("*%s* now, %s", esc(g.Rotation), until))
		}
	}
	if more := len(shifts) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more within 90 days.", more))
	}
	return lines
}

// onCall says who is on call now.
func (h home) onCall() []slack.Block {
	var lines []string
	for n := range h.roster.Rotations {
		lines = append(lines, rotationLine(&h.roster.Rotations[n], h.roster, h.names, h.now))
	}
	if len(lines) == 0 {
		lines = []string{"There is no rotation yet."}
	}
	blocks := []slack.Block{header("On call")}
	if h.gone != "" {
		blocks = append(blocks, section(h.gone))
	}
	for n, part := range parts(strings.Join(lines, "\n"), 2900) {
		if n == homeParts {
			return append(blocks, contextLine("There are more. `"+h.opt.OncallCommand+" TEAM` shows one team."))
		}
		blocks = append(blocks, section(part))
	}
	return blocks
}
