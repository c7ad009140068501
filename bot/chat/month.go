package chat

import (
	"context"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/report/chart"
)

// month tells everybody what was kept of an agreement. It is whole without its picture.
func (s *Slack) month(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	return s.tellTeam(ctx, t.Job, "", regularMessage(t.Job.Text))
}

// monthPicture shares the picture of a month. Its name carries the agreement and the month,
// so that the same one is recognised.
func (s *Slack) monthPicture(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	m := t.Month
	picture, err := chart.Month(m.Title(), m.Incidents, m.Kept)
	if err != nil {
		return desk.Outcome{Failed: "it could not be drawn"}, nil
	}
	return desk.Outcome{}, s.share(ctx, t.Job, s.opt.AnnounceChannel, wire.File{Name: m.Agreement + "-" + t.Job.Text + ".png",
		Title: m.Title(), Alt: short(m.AltWords(), 1000), Content: string(picture)})
}

// weekPicture shares the picture of a team's week, where the team reads the words.
func (s *Slack) weekPicture(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	w := t.Week
	picture, err := chart.Week(w.Title(), w.Disturbances)
	if err != nil {
		return desk.Outcome{Failed: "it could not be drawn"}, nil
	}
	channel, err := s.teamChannel(ctx, t.Job.Target)
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{}, s.share(ctx, t.Job, channel, wire.File{Name: t.Job.Target + "-week-" + t.Job.Text + ".png",
		Title: w.Title(), Alt: short(w.AltWords(), 1000), Content: string(picture)})
}

// share shares a file in a channel, once: by its name it is found again.
func (s *Slack) share(ctx context.Context, j ledger.Job, channel string, f wire.File) error {
	id, err := s.channel(ctx, channel)
	if err != nil {
		return err
	}
	if j.Doubtful {
		if there, err := s.hasFile(ctx, id, f.Name); err != nil || there {
			return err
		}
	}
	return s.wire.Upload(ctx, id, f)
}
