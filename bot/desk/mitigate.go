package desk

import (
	"github.com/stormbell/stormbell/incident"
)

// mitigation is what an act says of how the impact ended. What it says in words that
// stand before a colon is taken off its text.
func (w *work) mitigation(a *Act) incident.Mitigation {
	if a.How == "" {
		a.How, a.Text = incident.ParseHow(a.Text)
	}
	return incident.Mitigation{How: a.How, Text: a.Text, Undo: a.Undo, Team: w.owner()}
}

// resolve resolves the incident. What was never mitigated is mitigated first, where it is
// said how; otherwise that is still to be asked, see [Answer.AskHow]. What senders say is
// over was mended by nobody that we know of.
func (w *work) resolve(a Act) (incident.Change, error) {
	by := w.caller.Actor
	if !w.inc.Status.Hurting() || !by.Human() {
		return w.inc.Resolve(by, a.Text, w.Now)
	}
	m := w.mitigation(&a)
	if m.How == "" {
		return w.inc.ResolveUnsaid(by, a.Text, m.Team, w.Now)
	}
	m.Text = "" // the line that says it is resolved has it
	change, err := w.inc.MitigateBy(by, m, w.Now)
	if err != nil {
		return incident.Change{}, err
	}
	if err := w.apply(change); err != nil {
		return incident.Change{}, err
	}
	return w.inc.Resolve(by, a.Text, w.Now)
}

// AskHow reports whether it is still to be asked how the incident was mitigated.
func (a Answer) AskHow() bool {
	return a.Incident.HowAssumed && !a.Incident.Test
}

// askHow tells the caller that it is still to be said how it was mitigated.
func (w *work) askHow(v Verb) {
	if (v == Mitigate || v == Resolve) && (Answer{Incident: w.inc}).AskHow() {
		w.notes = append(w.notes, "Nobody has said how, so it counts as a workaround. To say it: mitigate rollback, restart, failover, flag, workaround or fix.")
	}
}
