package chat

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
)

// alarm tells the operators, a team or one person something about the bot itself.
func (s *Slack) alarm(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	if j.Person != "" {
		return s.tellPerson(ctx, j, message{text: clip(esc(j.Text), 3000), blocks: []slack.Block{section(esc(j.Text))}})
	}
	text, name := ":warning: "+esc(j.Text), s.opt.AnnounceChannel
	if j.Target != "" {
		var err error
		if name, err = s.teamChannel(ctx, j.Target); err != nil {
			return desk.Outcome{}, err
		}
		text = esc(j.Text)
	}
	id, err := s.channel(ctx, name)
	if err != nil {
		return desk.Outcome{}, err
	}
	// Told twice is better than looked for among hundreds of messages each time
	// that Slack fails.
	posted, err := s.post(ctx, id, j, message{text: clip(text, 3000), blocks: []slack.Block{section(text)}})
	return desk.Outcome{Message: posted}, err
}
