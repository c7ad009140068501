package desk

import (
	"context"
	"errors"
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
// late, or the lines for it are, the oldest first. Of a channel that stood, the messages
// about notes have the notes.
func (t Task) Meanwhile() []incident.Event {
	return slices.DeleteFunc(incident.Readable(t.Timeline), func(e incident.Event) bool {
		return e.Seq > t.Job.Seq || e.Seq < t.Job.Pass || e.Kind == incident.KindChannel || e.Kind == incident.KindReceipt ||
			t.Job.Pass > 0 && (e.IsNoted() || e.Edits())
	})
}

// Where the lines for a channel that stands could not be said for long, they are told in
// the same way: a line without its time says a day later what is not true any more.

// sayLate is how old a line is that is not said by itself any more, and an update that a
// stakeholder gets no more if there is a later one.
const sayLate = 10 * time.Minute

// TooLate reports whether a line for a channel that stands has waited so long that it is
// told with its time, see [Desk.TellLate].
func (t Task) TooLate(now time.Time) bool {
	return late(t.Job, now) && t.Job.Seq > t.Artifacts.Told && !inSpans(t.Artifacts.Late, t.Job.Seq)
}

func inSpans(list []Span, seq int) bool {
	return slices.ContainsFunc(list, func(s Span) bool { return s.From <= seq && seq <= s.Upto })
}

// late reports whether a job has waited too long to be what it was.
func late(j ledger.Job, now time.Time) bool { return now.Sub(j.Created) > sayLate }

// TellLate has the channel told with one message what a line should have said, and all
// that happened since. The line itself is done with that.
func (d *Desk) TellLate(ctx context.Context, j ledger.Job) error {
	_, err := d.act(ctx, byBot, j.Incident, func(w *work) error {
		waits, err := ledger.Waits(w.Tx.Tx, j)
		if err != nil || !waits || inSpans(w.artifacts.Late, j.Seq) {
			return err
		}
		span := Span{From: j.Seq, Upto: w.inc.Events}
		w.artifacts.Late = append(slices.Clip(w.artifacts.Late), span)
		if err := errors.Join(w.Finish(j), w.job(ledger.Job{Kind: ledger.Meanwhile, Seq: span.Upto, Pass: span.From})); err != nil {
			return err
		}
		if !stillAsks(w.Tx.Tx, w.inc, j.Seq) {
			return nil
		}
		return w.job(ledger.Job{Kind: ledger.Say, Seq: j.Seq}) // for its button
	})
	return err
}

// told reports whether what a job says has been told with all that happened before the
// channel stood, or while Slack was away.
func told(tx *storage.Tx, j ledger.Job, i incident.Incident, a Artifacts) bool {
	if j.Kind != ledger.Say {
		return false
	}
	return (j.Seq <= a.Told || inSpans(a.Late, j.Seq)) && !stillAsks(tx, i, j.Seq)
}

// stillAsks reports whether the line about event seq has a button that is of use.
func stillAsks(tx *storage.Tx, i incident.Incident, seq int) bool {
	if !i.Status.Active() || !carriesButton(tx, i.Number, seq) {
		return false
	}
	e, err := loadEvent(tx, i.Number, seq)
	if err != nil {
		return false
	}
	switch e.Kind {
	case incident.KindOffered:
		return i.StillOffers(e)
	case incident.KindMitigated:
		return i.HowAssumed && !i.Status.Hurting()
	case incident.KindSilent:
		return i.Holder(incident.Commander) == e.Person
	case incident.KindWatched:
		events, err := timeline(tx, i.Number)
		return err == nil && i.Status == incident.Mitigated && incident.WatchOf(events).Asked == seq
	default:
		return true
	}
}
