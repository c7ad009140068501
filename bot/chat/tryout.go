package chat

import (
	"context"
	"slices"
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
	text := "A test is on its way to you by " + strings.Join(ways, ", ") + ". A direct message says which arrived."
	if _, id := c.Actor.Split(); slices.Contains(ways, "push") {
		if address := s.desk.PushAddress(id); address != "" {
			text += "\nFor pushes, subscribe to this in the ntfy app: " + esc(address) + "\nShow it to nobody: whoever knows it can read your pages and answer them."
		}
	}
	return ephemeral(text)
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
