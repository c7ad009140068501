package chat

import (
	"context"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
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
	m := s.followUpView().message(t.FollowUps)
	if j.Person != "" {
		return s.tellPerson(ctx, j, m)
	}
	return s.tellTeam(ctx, j, team, m)
}
