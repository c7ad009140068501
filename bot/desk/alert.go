package desk

import (
	"context"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// AlertResult is what became of an alert.
type AlertResult struct {
	Incident int // 0 when the alert concerns none
	Result   alert.Result
}

// alertRecord is what is known under a dedup key.
type alertRecord struct {
	V        int         `json:"v"`
	Incident int         `json:"incident"`
	Known    alert.Known `json:"known"`
	Last     time.Time   `json:"last"`

	// Said is the worst severity that the alert has had in its incident; 0 in the
	// records of earlier versions.
	Said incident.Severity `json:"said,omitempty"`
}

// Alert takes in an alert from the sender with that name. An alert whose dedup
// key has an open incident joins it; otherwise it opens one. A sender that says
// it is over resolves nothing: that is offered to people.
func (d *Desk) Alert(ctx context.Context, source string, a alert.Alert) (AlertResult, error) {
	var result AlertResult
	_, err := d.act(ctx, Caller{Actor: incident.Actor("alert:" + source)}, 0, func(w *work) error {
		r, _, err := ledger.Load[alertRecord](w.Tx.Tx, alertKey(a.Key))
		if err != nil {
			return err
		}
		if r.Incident > 0 {
			if err := w.openWhole(r.Incident); err != nil {
				return err
			}
		}
		r.Known.Open = r.Incident > 0 && w.inc.Status.Active()
		decision := alert.Decide(a.Status, r.Known)
		said := r.Said
		switch {
		case decision.Result == alert.Opened:
			said = 0
		case said == 0:
			said = w.inc.Highest // it is not known, and no more than that
		}
		if err := w.follow(a, decision, said); err != nil {
			return err
		}
		if sev := a.Severity.Incident(); a.Severity != alert.Unknown && (said == 0 || sev < said) {
			said = sev
		}
		n := w.inc.Number
		if w.inc.Private { // it was merged into that one, which the sender need not know
			n = r.Incident
		}
		result = AlertResult{Incident: n, Result: decision.Result}
		if decision.Result == alert.Suppressed {
			return nil
		}
		return w.Save(alertKey(a.Key),
			alertRecord{V: 1, Incident: n, Known: decision.After, Last: w.Now, Said: said})
	})
	return result, err
}

// openWhole opens the incident, or the one that it is a part of: an alert whose
// incident was merged belongs to the other one.
func (w *work) openWhole(n int) error {
	for range 10 { // a circle cannot be made, yet must not hang
		if err := w.open(n); err != nil {
			return err
		}
		if n = w.inc.MergedInto; n == 0 {
			break
		}
	}
	return nil
}

// follow does to incidents what was decided of the alert. said is the worst severity
// that it has had before.
func (w *work) follow(a alert.Alert, d alert.Decision, said incident.Severity) error {
	switch d.Result {
	case alert.Opened:
		w.inc, w.artifacts, w.found = incident.Incident{}, Artifacts{}, Artifacts{}
		return w.declare(incident.Declaration{
			Title: a.Title, Severity: a.Severity.Incident(), Service: a.Service, Details: a.Text(), Alert: a.Key,
		})
	case alert.Joined:
		if d.Write {
			if err := w.apply(w.inc.AlertAgain(a.Title, d.After.Fired, w.caller.Actor, w.Now)); err != nil {
				return err
			}
		}
		return w.worse(a, said)
	case alert.Ended:
		if d.Write && a.Key == w.inc.Alert { // that of a merged one is not the whole
			return w.apply(w.inc.AlertCleared(a.Text(), w.caller.Actor, w.Now))
		}
	}
	return nil
}

// worse raises the severity to the alert's, when that is worse than what the same
// alert has said before: a repeat must not undo what a person has lowered. It is
// never lowered by a sender.
func (w *work) worse(a alert.Alert, said incident.Severity) error {
	if a.Severity == alert.Unknown || a.Severity.Incident() >= w.inc.Severity || a.Severity.Incident() >= said {
		return nil
	}
	change, err := w.inc.SetSeverity(a.Severity.Incident(), "the alert fired with it", w.caller.Actor, w.Now)
	if err != nil {
		return err
	}
	return w.apply(change)
}
