package desk

import (
	"context"

	"github.com/stormbell/stormbell/incident"
)

// MoveChannel gives an incident another channel in the place of was, which people
// have archived and which cannot be opened again. Everything that stands in a
// channel is asked for anew, and everybody is invited again. When the incident has
// moved already nothing happens.
func (d *Desk) MoveChannel(ctx context.Context, n int, was, channel, name string) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, n, func(w *work) error {
		if w.papers.Channel != was {
			return nil
		}
		w.papers.Card, w.papers.Invited = Message{}, nil
		if err := w.remark("The channel was archived and could not be opened again. The incident goes on in #" + name + "."); err != nil {
			return err
		}
		for _, j := range []Job{{Kind: JobCard}, {Kind: JobTopic}, {Kind: JobPurpose}, {Kind: JobInvite}} {
			if err := w.job(j); err != nil {
				return err
			}
		}
		return w.channelStands(Outcome{Channel: channel, ChannelName: name})
	})
	return err
}
