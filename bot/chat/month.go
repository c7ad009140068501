package chat

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident/report/chart"
)

// month tells everybody what was kept of an agreement. It is whole without its picture.
func (s *Slack) month(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	text := clip(esc(t.Job.Text), 2900)
	return s.tellTeam(ctx, t.Job, "", message{text: text, blocks: []slack.Block{section(text)}})
}

// monthPicture shares the picture of a month. Its name carries the agreement and the month,
// so that the same one is recognised.
func (s *Slack) monthPicture(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	m := t.Month
	picture, err := chart.Month(m.Title(), m.Incidents, m.Kept)
	if err != nil {
		return desk.Outcome{Failed: "it could not be drawn"}, nil
	}
	id, err := s.channel(ctx, s.opt.AnnounceChannel)
	if err != nil {
		return desk.Outcome{}, err
	}
	name := m.Agreement + "-" + t.Job.Text + ".png"
	if t.Job.Doubtful {
		if there, err := s.hasFile(ctx, id, name); err != nil || there {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, s.wire.Upload(ctx, id, wire.File{Name: name, Title: m.Title(), Alt: short(m.AltWords(), 1000), Content: string(picture)})
}
