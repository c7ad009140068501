package alerts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// How many changes a transaction must have left for one more alert: roomFor for one that
// opens an incident with a page for each of a team, and roomToClose for each incident
// that alerts have joined.
const (
	roomFor     = 48
	roomToClose = 8
)

// Take takes in what a sender has posted with one of its keys. When it returns, every
// alert is durable; where it fails, those before are. The answers are in the order of
// the body.
func (a *Alerts) Take(ctx context.Context, k Key, b alert.Body) ([]Taken, error) {
	taken, err := a.takeBody(ctx, k, b)
	// What belongs to an incident a record of which is damaged is taken without it once
	// that is known.
	for range damagedMost {
		if broken := (*storage.DamagedError)(nil); !errors.As(err, &broken) {
			break
		}
		taken, err = a.takeBody(ctx, k, b)
	}
	return taken, err
}

// damagedMost is how many damaged records a body may run into.
const damagedMost = 4

func (a *Alerts) takeBody(ctx context.Context, k Key, b alert.Body) ([]Taken, error) {
	taken := make([]Taken, len(b.Alerts))
	if err := named(b.Alerts); err != nil {
		return taken, err
	}
	order := inOrder(b.Alerts)
	order, err := a.repeats(ctx, k, b, order, taken)
	switch {
	case err != nil:
	case len(order) == 1:
		taken[order[0]], err = a.takeOne(ctx, k, b)
	default:
		err = a.takeAll(ctx, k, b, order, taken)
	}
	if err != nil {
		return taken, err
	}
	for _, at := range order {
		a.lately.add(k.Name, b.Alerts[at].Key)
	}
	return taken, a.changes(ctx, k, b.Changes)
}

// takeAlone takes in a body of one alert in a transaction of its own.
func (a *Alerts) takeAlone(ctx context.Context, k Key, b alert.Body) (Taken, error) {
	taken := make([]Taken, 1)
	err := a.takeAll(ctx, k, b, []int{0}, taken)
	return taken[0], err
}

// takeAll takes in the alerts of a body in that order, in as few transactions as hold
// them.
func (a *Alerts) takeAll(ctx context.Context, k Key, b alert.Body, order []int, taken []Taken) error {
	for len(order) > 0 {
		var done int
		err := a.ledger.Update(ctx, ledger.Request{By: k.actor()}, func(tx *ledger.Tx) error {
			t := a.taking(tx, k, b)
			for done = 0; done < len(order) && (done == 0 || t.room(tx)); done++ {
				at := order[done]
				var err error
				if taken[at], err = t.one(b.Alerts[at]); err != nil {
					return err
				}
			}
			return t.close()
		})
		if err != nil {
			return err
		}
		order = order[done:]
	}
	return nil
}

// named sees to it that every alert that fires has a title that can be seen. It refuses
// one that comes alone without.
func named(list []alert.Alert) error {
	for n := range list {
		a := &list[n]
		title, _ := incident.CleanTitle(a.Title)
		switch {
		case a.Status != alert.Firing || title != "":
		case len(list) == 1:
			return incident.Refuse("Say in a few words what is wrong.", "The title has no sign that can be seen.")
		default:
			a.Title = "An alert without a title, " + a.Key
		}
	}
	return nil
}

// room reports whether the transaction holds one more alert.
func (t *taking) room(tx *ledger.Tx) bool {
	return tx.Changes()+roomToClose*(len(t.touched)+len(t.held)) < storage.MaxChanges-roomFor
}

// actor is who acts where an alert does something.
func (k Key) actor() string { return "alert:" + k.Name }

// inOrder returns the positions of alerts in the order in which they are taken: what
// fires before what is over, or a group would seem to be over that is not, and the
// worst first, so that it is what an incident is opened for.
func inOrder(list []alert.Alert) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		a, b := list[x], list[y]
		if f, g := a.Status == alert.Firing, b.Status == alert.Firing; f != g {
			if f {
				return -1
			}
			return 1
		}
		if a.Status != alert.Firing {
			return 0
		}
		return cmp.Compare(a.Severity.Incident(), b.Severity.Incident())
	})
	return order
}

// seenEvery is how finely it is kept when an alert was last seen.
const seenEvery = time.Second

// repeats answers what is known already and needs no commit: reminders of alerts that
// were seen within this second. It returns the positions of the others.
func (a *Alerts) repeats(ctx context.Context, k Key, b alert.Body, order []int, taken []Taken) ([]int, error) {
	if len(b.Alerts) > 1 || len(b.Alerts) == 0 || b.Alerts[0].Status != alert.Firing {
		return order, nil
	}
	if !a.lately.has(k.Name, b.Alerts[0].Key) && !a.beats.byRoute(a.oncall.Current()) {
		return order, nil
	}
	now := ledger.Instant()
	repeated := false
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		t := &taking{a: a, tx: tx, now: now, who: a.oncall.Current(), quiet: a.quiet.Load(), key: k}
		in := b.Alerts[0]
		r, _, err := ledger.Load[Alert](tx, alertKey(k.Name, in.Key)) // of what an earlier version knew, nothing is a repeat
		if err != nil {
			return err
		}
		if a.beats.byRoute(t.who) && !r.Firing() {
			if h := t.route(in).Heartbeat; h != nil {
				if repeated = a.beats.fresh(h.Name, k.Name); repeated {
					taken[0] = beaten(in)
				}
				return nil
			}
		}
		if r.V == 0 || now.Sub(r.Last) >= seenEvery || now.Before(r.Last) {
			return err
		}
		if r.Incident > 0 && a.desk.Damaged(tx, r.Incident) {
			return nil
		}
		v := t.route(in)
		var own alert.Standing // a repeat has nothing to do with other alerts, nor with who is asked
		if r.Incident > 0 {
			if own.Incident, err = t.whole(r.Incident); err != nil {
				return err
			}
		}
		d := alert.Decide(severed(v, in), v.Does, r.Known, own, alert.Standing{}, t.again(), now)
		if repeated = d.Step == alert.Repeat && d.After == r.Known; repeated {
			taken[0] = Taken{Key: in.Key, Incident: r.Incident, Result: d.Result, Does: string(v.Does)}
		}
		return nil
	})
	if repeated {
		return nil, err
	}
	return order, err
}

// changes writes what was changed in a service into the timelines of its open
// incidents.
func (a *Alerts) changes(ctx context.Context, k Key, list []alert.Change) error {
	for _, c := range list {
		if err := a.change(ctx, k, c); err != nil {
			return err
		}
	}
	return nil
}
