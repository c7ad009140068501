package desk

import (
	"context"
	"errors"

	"github.com/stormbell/stormbell/bot/ledger"
)

// MoveChannel gives an incident another channel in the place of was, which people
// have archived and which cannot be opened again. Everything that stands in a
// channel is asked for anew, and everybody is invited again. When the incident has
// moved already nothing happens.
func (d *Desk) MoveChannel(ctx context.Context, n int, was, channel, name string) error {
	_, err := d.act(ctx, byBot, n, func(w *work) error {
		if w.artifacts.Channel != was {
			return nil
		}
		if w.artifacts.Alerts.TS != "" {
			if err := w.Refresh(n, ledger.Alerts); err != nil {
				return err
			}
		}
		w.artifacts.Card, w.artifacts.Alerts, w.artifacts.Notes, w.artifacts.Invited = ledger.Message{}, ledger.Message{}, nil, nil
		w.artifacts.Relief, w.artifacts.PastReliefs, w.artifacts.Postmortem = ledger.Message{}, nil, ledger.Message{}
		w.artifacts.Canvas = ""
		return errors.Join(
			w.remark("The channel was archived and could not be opened again. The incident goes on in #"+name+"."),
			w.channelStands(Outcome{Channel: channel, ChannelName: name}))
	})
	return err
}
