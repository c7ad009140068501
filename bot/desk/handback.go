package desk

import (
	"context"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
)

// Unacknowledge gives an incident back: the step of its escalation that found
// somebody runs again, now (P10).
func (d *Desk) Unacknowledge(ctx context.Context, c Caller, n int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		change, err := w.inc.Unacknowledge("People are paged again.", w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		if err := w.apply(change); err != nil {
			return err
		}
		r, err := w.escalation()
		if err != nil {
			return err
		}
		if !r.open() || r.Page.State != escalation.Acknowledged {
			return w.startEscalation()
		}
		p, err := r.Page.Unack(w.Now)
		if err != nil {
			return err
		}
		return w.step(r, p)
	})
}

// The shortest and the longest silence that can be asked for.
const (
	MinSnooze = time.Minute
	MaxSnooze = 24 * time.Hour
)

// Snooze is silence for a while, then the escalation starts again (P11). Whoever
// is on it stays until then. The reason may be empty.
func (d *Desk) Snooze(ctx context.Context, c Caller, n int, length time.Duration, reason string) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		if err := w.goesOn("Nobody is paged for it."); err != nil {
			return err
		}
		if length < MinSnooze || length > MaxSnooze {
			return refusal("As in: snooze 15m, or: snooze 2h.", "A snooze lasts from a minute to a day.")
		}
		r, err := w.escalation()
		if err != nil {
			return err
		}
		if !r.open() {
			return w.nothingToSnooze()
		}
		until := w.Now.Add(length)
		p, err := r.Page.Snooze(until, w.Now)
		if err != nil {
			return err
		}
		if err := w.takeBack(); err != nil {
			return err
		}
		told := "Nobody is paged until " + w.clock(until) + ". Then the escalation starts again."
		if reason = strings.Join(strings.Fields(incident.CleanText(reason)), " "); reason != "" {
			told += " The reason: " + strings.TrimSuffix(reason, ".") + "."
		}
		if err := w.said(told); err != nil {
			return err
		}
		return w.keepEscalation(r, p)
	})
}

// nothingToSnooze says why nobody is being paged, and how that is changed.
func (w *work) nothingToSnooze() error {
	name, sev := w.inc.Name(), w.inc.Severity
	switch none := escalation.UrgencyOf(sev) == escalation.None; {
	case none:
		return refusal("Nothing will be asked of anybody. To have somebody paged, raise the severity: sev2 "+name+".",
			"%s is %s, for which nobody is paged, so there is nothing to snooze.", name, sev)
	case w.inc.Acked():
		return refusal("To be asked again later: unack "+name+", and then snooze it.",
			"Nobody is being paged for %s, so there is nothing to snooze: %s acknowledged it when its severity paged nobody, and it was raised to %s since.",
			name, w.who.DisplayName(w.inc.AcknowledgedBy), sev)
	default:
		return refusal("To have somebody paged: escalate "+name+".", "Nobody is being paged for %s, so there is nothing to snooze.", name)
	}
}

// Reassign asks one person of the roster and nobody else. Without an answer in
// five minutes the escalation starts again (P12).
func (d *Desk) Reassign(ctx context.Context, c Caller, n int, who incident.Actor) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		if err := w.goesOn("There is nothing to reassign."); err != nil {
			return err
		}
		kind, id := who.Split()
		if kind != "person" || len(w.who.Methods(id)) == 0 {
			return refusal("Add them to the roster, or page them in Slack: page @ada.", "The roster does not say how to reach %s.", w.who.DisplayName(who))
		}
		r, err := w.escalation()
		if err != nil {
			return err
		}
		if !r.open() {
			return refusal("To page one person: page @ada.", "Nobody is being paged for %s, so there is nothing to reassign.", w.inc.Name())
		}
		p, err := r.Page.Reassign(id, w.Now)
		if err != nil {
			return err
		}
		if err := w.takeBack(); err != nil {
			return err
		}
		text := "Reassigned to " + w.who.DisplayName(who) + ". If they do not answer within five minutes, the escalation starts again."
		if w.inc.AcknowledgedBy == "" {
			err = w.said(text)
		} else {
			var change incident.Change
			if change, err = w.inc.Unacknowledge(text, w.caller.Actor, w.Now); err == nil {
				err = w.apply(change)
			}
		}
		if err != nil {
			return err
		}
		return w.step(r, p)
	})
}

// goesOn refuses an incident that is over.
func (w *work) goesOn(so string) error {
	if w.inc.Status.Active() {
		return nil
	}
	return refusal("If the trouble is back: reopen, with a reason.", "%s is %s. %s", w.inc.Name(), w.inc.Status, so)
}

// said records what somebody did about the paging, and tells it in the channel.
func (w *work) said(text string) error {
	change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: incident.Capital(w.whoActs()) + ": " + text})
	change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
	return w.apply(change)
}

// clock shows an instant in the zone of the business, as of now.
func (w *work) clock(t time.Time) string { return incident.Clock(t, w.Now, w.d.opt.Zone) }
