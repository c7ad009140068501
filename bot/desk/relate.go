package desk

import (
	"slices"

	"github.com/stormbell/stormbell/incident"
)

// relate says of both incidents that they have to do with each other. A public one
// does not name a private one.
func (w *work) relate(a Act) (incident.Change, error) {
	seen, err := w.d.visible(w.Tx.Tx, w.caller.Actor, a.Into)
	if err != nil {
		return incident.Change{}, err
	}
	if seen.Private && !w.inc.Private {
		return incident.Change{}, refusal("Say it the other way round: related "+w.inc.Name()+" in the private one.",
			"%s is public and must not name a private incident.", w.inc.Name())
	}
	change, err := w.inc.Relate(a.Into, a.Text, w.caller.Actor, w.Now)
	if err != nil || w.inc.Private || slices.Contains(seen.Related, w.inc.Number) {
		return change, err
	}
	other := &work{Tx: w.Tx, d: w.d, who: w.who, caller: w.caller}
	if err := other.open(a.Into); err != nil {
		return incident.Change{}, err
	}
	back, err := other.inc.Relate(w.inc.Number, a.Text, w.caller.Actor, w.Now)
	if err != nil {
		return incident.Change{}, err
	}
	if err := other.apply(back); err != nil {
		return incident.Change{}, err
	}
	return change, other.saveArtifacts()
}
