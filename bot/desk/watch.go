package desk

import (
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// watchDue is when whoever watches a mitigation is asked how it went; zero: not.
func (w *work) watchDue(events []incident.Event) time.Time {
	if w.inc.Status != incident.Mitigated {
		return time.Time{}
	}
	return incident.WatchOf(events).Due()
}

// watchOver records that the watch time is over, and asks whoever watches how it went,
// once.
func (w *work) watchOver(events []incident.Event) error {
	at := w.watchDue(events)
	if at.IsZero() || at.After(w.Now) {
		return nil
	}
	who := w.inc.Watches()
	if err := w.apply(w.inc.Watched(w.Now)); err != nil {
		return err
	}
	return w.tell(who, ledger.TellWatch, w.inc.Events)
}

// WatchMore has a mitigation watched for longer. asked is the event by which the caller
// was asked.
func (d *Desk) WatchMore(ctx context.Context, c Caller, n, asked int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		events, err := timeline(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		change, err := w.inc.WatchMore(asked, incident.WatchOf(events), w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		return w.apply(change)
	})
}

// reliefKinds are the events that change what the hand-over of a mitigation says.
var reliefKinds = []incident.Kind{
	incident.KindMitigated, incident.KindHowCorrected, incident.KindInvestigate, incident.KindMitigating, incident.KindReopened,
	incident.KindResolved, incident.KindClosed, incident.KindCancelled, incident.KindMerged, incident.KindHidden, incident.KindRetimed, incident.KindWithdrawn,
	incident.KindRole, incident.KindRoleLeft, incident.KindSeverity, incident.KindWatched, incident.KindWatchMore,
	incident.KindFollowUp, incident.KindFollowUpDone, incident.KindFollowUpDropped, incident.KindFollowUpAgain,
	incident.KindFollowUpDate, incident.KindFollowUpOwner, incident.KindFollowUpTitle,
}

// relieved brings the hand-over of a mitigation up to date after a change. There is one
// from the first mitigation on.
func (w *work) relieved(c incident.Change) error {
	if w.inc.Mitigated.IsZero() || w.artifacts.ChannelGivenUp {
		return nil
	}
	if slices.ContainsFunc(c.Events, func(e incident.Event) bool { return e.Kind == incident.KindMitigated }) {
		if err := w.supersedeRelief(); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(c.Events, func(e incident.Event) bool { return slices.Contains(reliefKinds, e.Kind) || e.Acts() }) {
		return w.refresh(ledger.Relief)
	}
	return nil
}

// supersedeRelief has another hand-over posted in the place of that of an earlier
// mitigation: it came back since, and what stands far above in the channel is not read.
func (w *work) supersedeRelief() error {
	was := w.artifacts.Relief
	if was.TS == "" {
		return nil
	}
	w.artifacts.Relief, w.artifacts.PastReliefs = ledger.Message{}, append(slices.Clip(w.artifacts.PastReliefs), was)
	return w.job(ledger.Job{Kind: ledger.ReliefPast, Message: was})
}

// reliefStands records where the hand-over is. A job that was under way brought one up to
// date that is superseded by now; the next one posts its own.
func (w *work) reliefStands(m ledger.Message) {
	if !slices.Contains(w.artifacts.PastReliefs, m) {
		w.artifacts.Relief = m
	}
}

// reliefWaited posts the hand-over in a channel that is late.
func (w *work) reliefWaited() error {
	if w.inc.Mitigated.IsZero() {
		return nil
	}
	return w.refresh(ledger.Relief)
}
