package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// followUpsLate is when a reminder of follow-ups is not sent any more: it is for the
// working day. The desk has it sent on the next one.
const followUpsLate = 3 * time.Hour

// remindOfFollowUps reminds a person, or a team in its channel, of what is still to be
// done. Without a channel of its own a team is told where incidents are announced.
func (s *Slack) remindOfFollowUps(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	if time.Since(j.Created) > followUpsLate {
		return desk.Outcome{Failed: "it came too late for the working day"}, nil
	}
	if len(t.FollowUps) == 0 {
		return desk.Outcome{}, nil // it was done, or put off, meanwhile
	}
	team, _ := strings.CutPrefix(j.Target, "team:")
	m := s.followUpsMessage(t.FollowUps)
	if j.Person != "" {
		return s.tellPerson(ctx, j, m)
	}
	name, err := s.teamChannel(ctx, team)
	if err != nil {
		return desk.Outcome{}, err
	}
	if j.Doubtful {
		id, err := s.channel(ctx, name)
		if err != nil {
			return desk.Outcome{}, err
		}
		if found, err := s.findJob(ctx, id, j); err != nil || found.TS != "" {
			return desk.Outcome{Message: found}, err
		}
	}
	posted, err := s.postIn(ctx, name, j, m)
	if code := wire.Code(err); code != "" && name != s.opt.AnnounceChannel {
		s.log.Warn().Str("team", team).Str("error", code).Msg("a team's channel takes no message; the channel for announcements gets it")
		posted, err = s.postIn(ctx, s.opt.AnnounceChannel, j, m)
	}
	return desk.Outcome{Message: posted}, err
}

// followUpsMessage is the message about what is still to be done, or was lately.
func (s *Slack) followUpsMessage(list []desk.ListedFollowUp) message {
	open := 0
	var m message
	for _, f := range list {
		if f.Open() {
			if open++; open == 1 {
				m.text = fmt.Sprintf("%s “%s” %s.", f.ID, clip(esc(f.Title), 200), isDue(f.FollowUp, time.Now(), s.opt.Zone))
			}
		}
		m.blocks = append(m.blocks, s.followUpBlocks(f)...)
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
func isDue(f incident.FollowUp, now time.Time, zone *time.Location) string {
	words := dueWords(f, now, zone)
	if strings.HasPrefix(words, "due") || strings.HasPrefix(words, "without") {
		return "is " + words
	}
	return words
}
