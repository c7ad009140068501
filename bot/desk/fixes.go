package desk

import (
	"context"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// FixesInPlace returns [Desk.OpenFixes] of every service that has one, by its ID.
func (d *Desk) FixesInPlace(ctx context.Context) (of map[string][]ListedFollowUp, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		of, err = fixesInPlace(tx)
		return err
	})
	return of, err
}

func fixesInPlace(tx *storage.Tx) (map[string][]ListedFollowUp, error) {
	of := map[string][]ListedFollowUp{}
	err := eachOpen(tx, func(n, k int, r followUpRecord) error {
		if r.Kind != incident.PermanentFix || r.Unlisted {
			return nil
		}
		i, err := loadIncident(tx, n)
		if err == nil && k <= len(i.FollowUps) && i.FollowUps[k-1].Open() {
			of[r.Service] = append(of[r.Service], ListedFollowUp{i.FollowUps[k-1], i})
		}
		return err
	})
	for _, list := range of {
		slices.SortStableFunc(list, compareDue)
	}
	return of, err
}

// shownMost is how many cards of other incidents one transaction brings up to date.
const shownMost = 20

// fixesMoved brings the cards of the other open incidents of the service up to date when
// something temporary was put in place, or is gone.
func (w *work) fixesMoved(c incident.Change) error {
	moved := slices.ContainsFunc(c.Events, func(e incident.Event) bool {
		if e.FollowUp == nil || e.FollowUp.Kind != incident.PermanentFix {
			return false
		}
		switch e.Kind {
		case incident.KindFollowUp, incident.KindFollowUpDone, incident.KindFollowUpDropped, incident.KindFollowUpAgain, incident.KindFollowUpDate,
			incident.KindFollowUpRaised:
			return true
		}
		return false
	})
	if !moved || w.inc.Private || w.inc.Test || w.inc.Service == "" {
		return nil
	}
	seen := 0
	for key := range w.Scan("open/") {
		n := ledger.LastNumber(key)
		if n == w.inc.Number {
			continue
		}
		other, err := loadIncident(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		if other.Service != w.inc.Service || other.Channel == "" {
			continue
		}
		if err := w.Refresh(n, ledger.Card); err != nil {
			return err
		}
		if seen++; seen == shownMost {
			break
		}
	}
	return nil
}
