package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// FollowUpQuery says which follow-ups are listed. Its zero value lists all open ones.
type FollowUpQuery struct {
	Incident int            // only those of this one; 0: any
	Team     string         // only of this team, by ID or name
	Person   incident.Actor // only what this person does
	Overdue  bool           // only open ones whose date is over
	All      bool           // those that are done or were decided against, too
	Before   string         // go on behind this one, the last that was shown
	Limit    int            // at most so many; 0: all
	Shown    bool           // somebody wanted to see them: of private incidents that is in the audit
}

// ListedFollowUp is a follow-up with its incident.
type ListedFollowUp struct {
	incident.FollowUp
	Incident incident.Incident
}

// FollowUps returns the follow-ups that viewer may see and q asks for, and whether there
// are more than q's limit lets through. Open ones come in the order of their dates, the
// earliest first; with q.All the newest incident comes first.
func (d *Desk) FollowUps(ctx context.Context, viewer incident.Actor, q FollowUpQuery) (list []ListedFollowUp, more bool, err error) {
	if q.Team != "" {
		t, ok := d.oncall.Current().FindTeam(q.Team)
		if !ok {
			return nil, false, noTeam(&work{who: d.oncall.Current()}, q.Team)
		}
		q.Team = t.ID
	}
	now := ledger.Instant()
	err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if q.Incident > 0 {
			if _, err := d.visible(tx, viewer, q.Incident); err != nil {
				return err
			}
		}
		if list, err = d.followUps(tx, viewer, q, now); err != nil {
			return err
		}
		list, err = d.behind(tx, viewer, list, q)
		return err
	})
	if q.Limit > 0 && len(list) > q.Limit {
		list, more = list[:q.Limit], true
	}
	for _, l := range list {
		if !q.Shown {
			break
		}
		if err = errors.Join(err, d.read(ctx, l.Incident, viewer)); err != nil {
			return nil, false, err // what cannot be recorded is not shown
		}
	}
	return list, more, err
}

// followUps are all that q asks for, in their order.
func (d *Desk) followUps(tx *storage.Tx, viewer incident.Actor, q FollowUpQuery, now time.Time) ([]ListedFollowUp, error) {
	var list []ListedFollowUp
	take := func(i incident.Incident) {
		if !d.sees(i, viewer) {
			return
		}
		for _, f := range i.FollowUps {
			if q.takes(i, f, now) {
				list = append(list, ListedFollowUp{f, i})
			}
		}
	}
	if q.All {
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return nil, fmt.Errorf("read %s: %v", key, err)
			}
			take(r.Incident)
		}
		return list, nil
	}
	last := 0
	err := eachOpen(tx, func(n, _ int, _ followUpRecord) error {
		if n == last || q.Incident > 0 && n != q.Incident {
			return nil
		}
		last = n
		i, err := loadIncident(tx, n)
		if err == nil {
			take(i)
		}
		return err
	})
	slices.SortStableFunc(list, compareDue)
	return list, err
}

// takes reports whether q asks for a follow-up.
func (q FollowUpQuery) takes(i incident.Incident, f incident.FollowUp, now time.Time) bool {
	return (q.Incident == 0 || q.Incident == i.Number) && (q.All || f.Open()) && (!q.Overdue || f.Overdue(now)) &&
		(q.Team == "" || f.Team == q.Team) && (q.Person == "" || f.Owner == q.Person)
}

// compareDue puts what matters more than others first, and then what is due first; what
// has no date comes last.
func compareDue(a, b ListedFollowUp) int {
	if a.Raised != "" != (b.Raised != "") {
		if a.Raised != "" {
			return -1
		}
		return 1
	}
	if a.Due.IsZero() != b.Due.IsZero() {
		if a.Due.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Incident.Number, b.Incident.Number))
}

// behind cuts off what was shown already. Where the last one that was shown is not in
// the list any more, its place is.
func (d *Desk) behind(tx *storage.Tx, viewer incident.Actor, list []ListedFollowUp, q FollowUpQuery) ([]ListedFollowUp, error) {
	if q.Before == "" {
		return list, nil
	}
	id, n, ok := incident.ParseFollowUp(q.Before)
	if !ok {
		return nil, noFollowUp(q.Before)
	}
	at := slices.IndexFunc(list, func(l ListedFollowUp) bool { return l.ID == id })
	if at >= 0 {
		return list[at+1:], nil
	}
	i, err := d.visible(tx, viewer, n)
	f, found := i.FollowUp(id)
	if err != nil || !found {
		return nil, refusal("Begin the list anew.", "There is no follow-up %s to go on from.", id)
	}
	shown := ListedFollowUp{f, i}
	at = slices.IndexFunc(list, func(l ListedFollowUp) bool {
		if q.All {
			return l.Incident.Number < n
		}
		return compareDue(l, shown) > 0
	})
	if at < 0 {
		return nil, nil
	}
	return list[at:], nil
}

// FollowUp returns one follow-up by its name, if viewer may see its incident.
func (d *Desk) FollowUp(ctx context.Context, viewer incident.Actor, name string) (ListedFollowUp, error) {
	id, n, ok := incident.ParseFollowUp(name)
	if !ok {
		return ListedFollowUp{}, noFollowUp(name)
	}
	b, err := d.Show(ctx, viewer, n)
	if err != nil {
		return ListedFollowUp{}, err
	}
	f, found := b.Incident.FollowUp(id)
	if !found {
		return ListedFollowUp{}, refusal("`followups all` shows those that there are.", "There is no follow-up %s.", id)
	}
	return ListedFollowUp{f, b.Incident}, nil
}

// OpenFixes returns the permanent fixes of a service that are still to be made, the one
// that is due first first: as long as there is one, something temporary is in place in
// it, since the incident's Mitigated. Those of private incidents and of drills are left
// out, since everybody reads what is said of a service.
func (d *Desk) OpenFixes(ctx context.Context, service string) (list []ListedFollowUp, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		list, err = openFixes(tx, service)
		return err
	})
	return list, err
}

func openFixes(tx *storage.Tx, service string) ([]ListedFollowUp, error) {
	var list []ListedFollowUp
	err := eachOpen(tx, func(n, k int, r followUpRecord) error {
		if r.Kind != incident.PermanentFix || r.Service != service || service == "" || r.Unlisted {
			return nil
		}
		i, err := loadIncident(tx, n)
		if err == nil && k <= len(i.FollowUps) && i.FollowUps[k-1].Open() {
			list = append(list, ListedFollowUp{i.FollowUps[k-1], i})
		}
		return err
	})
	slices.SortStableFunc(list, compareDue)
	return list, err
}
