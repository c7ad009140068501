package desk

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// A channel that stands long after its incident began, because Slack was away or had no
// room for it, is told first what happened until then: everything in order with its
// times, notes too. The lines that waited for it say the same one by one and without
// the times, so they are needless, except those whose button is still of use.

// channelLate is how long after the declaration a channel stands late, meanwhileSoon
// how long after it what happens still belongs to the declaration.
const (
	channelLate   = time.Minute
	meanwhileSoon = 10 * time.Second
)

// tellMeanwhile has the new channel told what happened before it stood, if it is late
// and there is something to tell.
func (w *work) tellMeanwhile() error {
	if w.Now.Sub(w.inc.Declared) <= channelLate {
		return nil
	}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil || !slices.ContainsFunc(events, func(e incident.Event) bool { return w.meanwhile(e) }) {
		return err
	}
	w.artifacts.Told = w.inc.Events
	return w.job(ledger.Job{Kind: ledger.Meanwhile, Seq: w.inc.Events})
}

// meanwhile reports whether an event is something that happened since the declaration.
// What the program remarks, such as that there is no channel yet, is alone no history.
func (w *work) meanwhile(e incident.Event) bool {
	switch e.Kind {
	case incident.KindDeclared, incident.KindChannel, incident.KindReceipt, incident.KindRemark:
		return false
	default:
		return e.At.Sub(w.inc.Declared) > meanwhileSoon
	}
}

// Meanwhile are the events of the task's incident that its channel is told when it is
// late, the oldest first.
func (t Task) Meanwhile() []incident.Event {
	return slices.DeleteFunc(slices.Clone(t.Timeline), func(e incident.Event) bool {
		return e.Seq > t.Job.Seq || e.Kind == incident.KindChannel || e.Kind == incident.KindReceipt
	})
}

// told reports whether what a job says has been told with all that happened before the
// channel stood.
func told(tx *storage.Tx, j ledger.Job, i incident.Incident, a Artifacts) bool {
	return j.Kind == ledger.Say && j.Seq <= a.Told && !(i.Status.Active() && carriesButton(tx, i.Number, j.Seq))
}
