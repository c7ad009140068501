package chat

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
)

// tryWays sends whoever asks a test by each of their ways.
func (s *Slack) tryWays(ctx context.Context, c desk.Caller) reply {
	t, err := s.desk.TryWays(ctx, c, c.Actor)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	var ways []string
	for _, w := range t.Ways {
		ways = append(ways, w.Via)
	}
	return ephemeral("A test is on its way to you by " + strings.Join(ways, ", ") + ". A direct message says which arrived.")
}

// tryout is the test by Slack itself.
func (s *Slack) tryout(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	const text = "This is a test of your pages by Slack. Nothing is wrong."
	o, err := s.tellPerson(ctx, j, message{text: text, blocks: []slack.Block{section(text)}})
	if err == nil {
		o.Level = desk.Delivered
	}
	return o, err
}
