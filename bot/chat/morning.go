package chat

import (
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

// morningLate is when it is not told any more what waits for somebody: it is for the
// working day. The desk has it told on the next one.
const morningLate = 3 * time.Hour

// morning tells a person, or a team in its channel, what waits for them after incidents.
// Without a channel of its own a team is told where incidents are announced.
func (s *Slack) morning(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	if ledger.Instant().Sub(j.Created) > morningLate {
		return desk.Outcome{Failed: "it came too late for the working day"}, nil
	}
	m := waitingMessage(t, s.followUpView())
	if len(m.blocks) == 0 {
		return desk.Outcome{}, nil // it was done, or put off, meanwhile
	}
	if j.Person != "" {
		return s.tellPerson(ctx, j, m)
	}
	team, _ := strings.CutPrefix(j.Target, "team:")
	return s.tellTeam(ctx, j, team, m)
}

// morningTitle is how much of a title is shown there.
const morningTitle = 200

// morningPart is one of the parts of a message in the morning, under its heading.
type morningPart struct {
	count  string // how much it is, as in "2 follow-ups"
	text   string // what a notification says where it is the only part
	blocks []slack.Block
}

// waitingMessage has all that waits for somebody; empty: nothing does.
func waitingMessage(t desk.Task, v followUpView) message {
	var parts []morningPart
	if len(t.Idle) > 0 {
		parts = append(parts, idlePart(t.Idle))
	}
	if len(t.Wanted) > 0 {
		parts = append(parts, reviewsPart(t.Wanted, v.zone))
	}
	if len(t.FollowUps) > 0 {
		parts = append(parts, v.part(t.FollowUps))
	}
	var m message
	var counts []string
	for _, p := range parts {
		m.text, counts = p.text, append(counts, p.count)
		m.blocks = append(m.blocks, p.blocks...)
	}
	if len(parts) > 1 {
		m.text = "Waiting for you: " + strings.Join(counts, ", ") + "."
	}
	if len(parts) > 0 && t.Job.Text != "" {
		m.blocks = append(m.blocks, contextLine(t.Job.Text))
	}
	return m
}
