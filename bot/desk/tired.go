package desk

import (
	"errors"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// tiredDue is when the commander is offered to hand over, once in each span; zero: not.
// What is only watched for longer than it must be asks nothing of anybody.
func (w *work) tiredDue(r promiseRecord, events []incident.Event) time.Time {
	if !w.inc.Status.Hurting() && w.watchDue(events).IsZero() || w.inc.Offer.Open() {
		return time.Time{}
	}
	who, since := w.inc.CommandSpan(events)
	if who == "" || r.Tired.Equal(since) {
		return time.Time{}
	}
	return incident.Tired(since, w.zoneOf(who))
}

// offerRest offers the commander to hand over, privately.
func (w *work) offerRest(r *promiseRecord, events []incident.Event) error {
	at := w.tiredDue(*r, events)
	if at.IsZero() || at.After(w.Now) {
		return nil
	}
	who, since := w.inc.CommandSpan(events)
	r.Tired = since
	return errors.Join(w.tell(who, ledger.TellTired, 0), w.nagHere(report.Nags{About: report.AboutRest, Role: incident.Commander, Sent: 1}))
}
