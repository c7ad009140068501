package chat

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
)

// alarm tells the operators, a team or one person something about the bot itself.
func (s *Slack) alarm(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
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
	m := message{text: clip(text, 3000), blocks: []slack.Block{section(text)}}
	// Told twice is better than looked for among hundreds of messages each time
	// that Slack fails.
	posted, err := s.postIn(ctx, name, j, m)
	if wire.Code(err) == "" {
		return desk.Outcome{Message: posted}, err
	}
	// No channel takes it: whoever is on call is somebody.
	s.log.Error().Str("error", wire.Code(err)).Msg("no channel takes what the operators must know; people on call are told by direct message")
	told := false
	for _, user := range s.watching(ctx, j) {
		if _, dm := s.toPerson(ctx, user, j, m); dm != nil {
			s.log.Warn().Str("error", dm.Error()).Msg("somebody on call could not be told either")
			continue
		}
		told = true
	}
	if told {
		return desk.Outcome{}, nil
	}
	return desk.Outcome{}, err
}
