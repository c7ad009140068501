package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

func (s *Slack) postPostmortem(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, b := t.Job, t.Brief
	m := wholeFollows(postmortemMessage(b.Incident, t.Document(s.opt.Zone)))
	m.blocks = append(m.blocks, row(b.Incident, reviewButtons(b.Incident)...)...)
	var o desk.Outcome
	err := s.orToResolver(ctx, j, b, func(channel string) (err error) {
		o, err = s.once(ctx, j, channel, m)
		return err
	})
	return o, err
}

// orToResolver puts the document into the incident's channel, or where that is of
// no use any more into the direct messages of whoever resolved it.
func (s *Slack) orToResolver(ctx context.Context, j ledger.Job, b desk.Brief, put func(channel string) error) error {
	err := put(b.Artifacts.Channel)
	user := s.people.Current().SlackOf(incident.Actor(j.Person))
	if !unusable[wire.Code(err)] || user == "" {
		return err
	}
	dm, failed := s.wire.OpenDM(ctx, user)
	if failed != nil {
		return failed
	}
	return put(dm)
}

// uploadPostmortem shares the whole document as a file, with the picture of the incident
// beside it. Their names carry the event it was drafted at, so that the same draft is
// recognised.
func (s *Slack) uploadPostmortem(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, b, d := t.Job, t.Brief, t.Document(s.opt.Zone)
	name := fmt.Sprintf("%s-post-mortem-%d", strings.ToLower(b.Incident.Name()), j.Seq)
	files := []wire.File{{Name: name + ".md", Title: "Post-mortem of " + b.Incident.Name(), Content: d.Markdown()}}
	if words := d.StripWords(); words != "" {
		files = append(files, wire.File{Name: name + ".png", Title: b.Incident.Name() + ": what happened when", Alt: words, Draw: func() (string, error) {
			var picture strings.Builder
			_, err := d.WriteStripPNG(&picture)
			return picture.String(), err
		}})
	}
	return desk.Outcome{}, s.orToResolver(ctx, j, b, func(channel string) error {
		if j.Doubtful {
			there, err := s.hasFile(ctx, channel, files[0].Name)
			if err != nil || there {
				return err
			}
		}
		return s.wire.Upload(ctx, channel, files...)
	})
}

func (s *Slack) hasFile(ctx context.Context, channel, name string) (bool, error) {
	messages, err := s.wire.History(ctx, channel)
	for _, m := range messages {
		for _, f := range m.Files {
			if f.Name == name {
				return true, nil
			}
		}
	}
	return false, err
}
