package chat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// followUpView is what messages about follow-ups are made from.
type followUpView struct {
	names names
	team  func(id string) string
	goes  func(team string) []desk.Tracker // where its follow-ups can be opened; nil: nowhere
	now   time.Time
	zone  *time.Location // where the business is: a date is one of its days
}

func (s *Slack) followUpView() followUpView {
	roster := s.people.Current().Roster
	return followUpView{names: s.names(), now: time.Now(), zone: s.opt.Zone, goes: s.desk.TrackersFor, team: func(id string) string {
		if t, ok := roster.Team(id); ok {
			return t.Name
		}
		return id
	}}
}

// blocks show one follow-up, with what can be done to it.
func (v followUpView) blocks(f desk.ListedFollowUp) []slack.Block {
	blocks := []slack.Block{section(v.text(f))}
	if !f.Open() {
		return blocks
	}
	row := []slack.BlockElement{
		button(actFollowUpDone, f.ID, "Done", slack.StylePrimary),
		button(actFollowUpDate, f.ID, "New date", ""),
		button(actFollowUpDrop, f.ID, "Decided against", ""),
		button(actFollowUpGive, f.ID, "Give to …", ""),
	}
	return append(blocks, slack.NewActionBlock(followUpBlock+f.ID, append(row, v.exportButtons(f)...)...))
}

// followUpBlock begins the ID of the block of a follow-up's buttons.
const followUpBlock = "followup_"

// text is a follow-up in a few lines.
func (v followUpView) text(f desk.ListedFollowUp) string {
	i, n := f.Incident, v.names
	lines := []string{fmt.Sprintf("%s*%s* %s", drillMark(i), f.ID, clip(esc(f.Title), 200))}
	facts := []string{v.owner(f.FollowUp)}
	if f.Open() {
		facts = append(facts, incident.Capital(v.due(f.FollowUp)))
	}
	facts = append(facts, incident.Capital(f.KindWords()), fmt.Sprintf("%s (%s)", i.Name(), clip(esc(i.Title), 80)))
	lines = append(lines, strings.Join(facts, " · "))
	if line := exportLine(f.FollowUp); line != "" {
		lines = append(lines, line)
	}
	switch {
	case f.Raised != "" && f.Open():
		lines = append(lines, "*Raised:* "+clip(esc(f.Raised), 200))
	case !f.Open():
		lines = append(lines, fmt.Sprintf("%s by %s (%s): %s", incident.Capital(f.StateWords()), n.who(f.EndedBy), at(f.Ended), clip(esc(f.Outcome), 300)))
	}
	return strings.Join(lines, "\n")
}

// owner says who does a follow-up.
func (v followUpView) owner(f incident.FollowUp) string {
	team := clip(esc(v.team(f.Team)), 60)
	switch {
	case f.Owner != "" && team != "":
		return v.names.who(f.Owner) + ", " + team
	case f.Owner != "":
		return v.names.who(f.Owner)
	}
	return cmp.Or(team, "Nobody owns it")
}

// due says when a follow-up is due, as in "due in three days (Thu 24 Dec 2026)".
func (v followUpView) due(f incident.FollowUp) string {
	if f.Due.IsZero() {
		return "without a date"
	}
	day := incident.Day(f.Due, v.zone)
	switch days := incident.DaysUntil(f.Due, v.now, v.zone); {
	case days == 0:
		return "due today (" + day + ")"
	case days == 1:
		return "due tomorrow (" + day + ")"
	case days == -1:
		return "was due yesterday (" + day + ")"
	case days < 0:
		return fmt.Sprintf("was due %d days ago (%s)", -days, day)
	default:
		return fmt.Sprintf("due in %d days (%s)", days, day)
	}
}

// followUpsLead is the ID of the block that heads follow-ups.
const followUpsLead = "followups"

// part is what a message in the morning tells of what is still to be done.
func (v followUpView) part(list []desk.ListedFollowUp) morningPart {
	p := morningPart{count: incident.Count(len(list), "follow-up", "follow-ups"), text: v.lead(list), blocks: []slack.Block{v.head(list)}}
	for _, f := range list {
		p.blocks = append(p.blocks, v.blocks(f)...)
	}
	return p
}

// head is the heading of follow-ups, with what is left of them.
func (v followUpView) head(list []desk.ListedFollowUp) slack.Block {
	head := slack.NewSectionBlock(mrkdwn("*Follow-ups*\n"+v.lead(list)), nil, nil)
	head.BlockID = followUpsLead
	return head
}

// lead says which of the follow-ups is due when, and how many more are to be done.
func (v followUpView) lead(list []desk.ListedFollowUp) string {
	list = slices.DeleteFunc(slices.Clone(list), func(f desk.ListedFollowUp) bool { return !f.Open() })
	if len(list) == 0 {
		return "Nothing of this is left to do."
	}
	text := fmt.Sprintf("%s “%s” %s.", list[0].ID, clip(esc(list[0].Title), 200), v.isDue(list[0].FollowUp))
	if more := len(list) - 1; more > 0 {
		text += " " + incident.Count(more, "more is", "more are") + " still to be done."
	}
	return text
}

// again has blocks that show follow-ups say how these stand by now. What else is among
// the blocks stays.
func (v followUpView) again(blocks []slack.Block, find func(id string) (*desk.ListedFollowUp, error)) ([]slack.Block, error) {
	var list []desk.ListedFollowUp
	var shown []slack.Block
	for _, b := range blocks {
		shown = append(shown, b)
		id, ok := strings.CutPrefix(b.ID(), followUpBlock)
		if !ok || len(shown) < 2 {
			continue
		}
		f, err := find(id)
		if err != nil {
			return nil, err
		}
		if f != nil {
			list = append(list, *f)
			shown = append(shown[:len(shown)-2], v.blocks(*f)...) // its text and its buttons
		}
	}
	if k := slices.IndexFunc(shown, func(b slack.Block) bool { return b.ID() == followUpsLead }); k >= 0 {
		shown[k] = v.head(list)
	}
	return shown, nil
}

// isDue says when a follow-up is due, as the end of a sentence.
func (v followUpView) isDue(f incident.FollowUp) string {
	words := v.due(f)
	if strings.HasPrefix(words, "due") || strings.HasPrefix(words, "without") {
		return "is " + words
	}
	return words
}
