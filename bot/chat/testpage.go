package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
)

// testPages sends whoever asks a test by each of their contact methods.
func (s *Slack) testPages(ctx context.Context, c desk.Caller) reply {
	t, err := s.desk.TestPages(ctx, c, c.Actor)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	var methods []string
	for _, m := range t.Methods {
		methods = append(methods, m.Via)
	}
	text := "A test is on its way to you by " + strings.Join(methods, ", ") + ". A direct message says which arrived."
	if _, id := c.Actor.Split(); slices.Contains(methods, "push") {
		if address := s.desk.PushAddress(id); address != "" {
			text += "\nFor pushes, subscribe to this in the ntfy app: " + esc(address) + "\nShow it to nobody: whoever knows it can read your pages and answer them."
		}
	}
	return ephemeral(text)
}

// testPage is the test by Slack itself.
func (s *Slack) testPage(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	const text = "This is a test of your pages by Slack. Nothing is wrong."
	o, err := s.tellPerson(ctx, t.Job, message{text: text, blocks: []slack.Block{section(text)}})
	if err == nil {
		o.Level = desk.Delivered
	}
	return o, err
}
