package chat

import (
	"cmp"
	"fmt"
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

// message is the one about what is still to be done, or was lately.
func (v followUpView) message(list []desk.ListedFollowUp) message {
	open := 0
	var m message
	for _, f := range list {
		if f.Open() {
			if open++; open == 1 {
				m.text = fmt.Sprintf("%s “%s” %s.", f.ID, clip(esc(f.Title), 200), v.isDue(f.FollowUp))
			}
		}
		m.blocks = append(m.blocks, v.blocks(f)...)
	}
	switch {
	case open == 0:
		m.text = "Nothing of this is left to do."
	case open > 1:
		m.text += fmt.Sprintf(" %d more are still to be done.", open-1)
	}
	m.blocks = append([]slack.Block{section(m.text)}, m.blocks...)
	return m
}

// isDue says when a follow-up is due, as the end of a sentence.
func (v followUpView) isDue(f incident.FollowUp) string {
	words := v.due(f)
	if strings.HasPrefix(words, "due") || strings.HasPrefix(words, "without") {
		return "is " + words
	}
	return words
}
