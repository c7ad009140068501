package oncall

import (
	"context"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// swapsAtOnce is how many requests an applied roster asks or takes back in its
// transaction, which is all that anybody will ever have open.
const swapsAtOnce = 15

// swapsApplied goes over the requests that an applied roster has lost or brought:
// what asked for an answer says so, and what nobody was asked yet is asked.
func (w *work) swapsApplied(was *rotation.Roster) error {
	lost, brought := openSwaps(was, w.who.Roster), openSwaps(w.who.Roster, was)
	for _, name := range lost[:min(len(lost), swapsAtOnce)] {
		if err := w.Wake(name.key(), w.Now); err != nil {
			return err
		}
	}
	for _, name := range brought[:min(len(brought), swapsAtOnce)] {
		s, _ := swapOf(w.who.Roster, name.rotation, name.seq)
		if !begins(s).After(w.Now) {
			continue
		}
		err := errFirst(
			w.Save(name.key(), swapRecord{V: 1, By: w.by(), At: w.Now}),
			w.tell(w.swapNotice(name.rotation, s)), w.Wake(name.key(), nextLook(s, w.Now)))
		if err != nil {
			return err
		}
	}
	return nil
}

// swapID names a swap of a roster.
type swapID struct {
	rotation string
	seq      int
}

func (n swapID) key() string { return swapName(n.rotation, n.seq) }

// openSwaps are the open swaps of a roster that another one does not have.
func openSwaps(r, other *rotation.Roster) []swapID {
	var list []swapID
	for i := range r.Rotations {
		x := &r.Rotations[i]
		for _, s := range x.Swaps {
			o, ok := swapOf(other, x.ID, s.Seq)
			same := ok && o.Person == s.Person && o.Start.Equal(s.Start) && o.Status == s.Status
			if s.Status == rotation.SwapOpen && !same {
				list = append(list, swapID{x.ID, s.Seq})
			}
		}
	}
	return list
}

// tickSwap reminds of an open swap within the waking hours of whoever reads it,
// and ends one that has begun without an answer.
func (o *Roster) tickSwap(ctx context.Context, name string, now time.Time) error {
	rot, seq := ParseSwapName(name)
	s, ok := swapOf(o.Current().Roster, rot, seq)
	if ok && s.Status == rotation.SwapOpen && now.After(begins(s)) {
		return o.expireSwap(ctx, rot, s, now)
	}
	return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		if !ok || s.Status != rotation.SwapOpen {
			return w.swapOver(name, s)
		}
		if at := rotation.Daytime().Next(w.reader(rot, s), now); at.After(now) {
			if at.After(begins(s)) {
				at = begins(s).Add(time.Second)
			}
			return w.Wake(name, at)
		}
		n := w.swapNotice(rot, s)
		n.Again = true
		return errFirst(w.tell(n), w.Wake(name, nextLook(s, now)))
	})
}

// swapFor is how long the record of a swap is kept after the swap and its shifts are
// over. Until then its messages are mended when somebody takes it back.
const swapFor = 30 * 24 * time.Hour

// keepSwap plans when the record of a swap goes that is not open any more. The zero
// swap is one that the roster has no more.
func (w *work) keepSwap(name string, s rotation.Swap) error {
	r, ok, err := ledger.Load[swapRecord](w.Tx.Tx, name)
	if err != nil || !ok {
		return errFirst(err, w.Sleep(name))
	}
	r.Until = later(later(s.End, s.BackEnd), w.Now).Add(swapFor)
	return errFirst(w.Save(name, r), w.Wake(name, r.Until))
}

// swapOver looks at a swap that is not open any more: first what asked for an
// answer says so, and later its record goes.
func (w *work) swapOver(name string, s rotation.Swap) error {
	r, ok, err := ledger.Load[swapRecord](w.Tx.Tx, name)
	switch {
	case err != nil:
		return err
	case ok && !r.Until.IsZero() && !w.Now.Before(r.Until):
		return errFirst(w.Tx.Delete(name), w.Sleep(name))
	}
	if _, err := w.AddApart(ledger.Job{Kind: ledger.Swap, Target: name}); err != nil {
		return err
	}
	return w.keepSwap(name, s)
}

// reader is the zone of whoever is asked: a person, or the rotation's team.
func (w *work) reader(rot string, s rotation.Swap) *time.Location {
	if s.With != "" {
		return w.who.Roster.Location(s.With)
	}
	if x, ok := w.who.Roster.Rotation(rot); ok {
		return zoneOf(x)
	}
	return time.UTC
}

// expireSwap ends a swap that nobody agreed to in time. While somebody applies a
// roster it waits: the pager must not stand still for that.
func (o *Roster) expireSwap(ctx context.Context, rot string, s rotation.Swap, now time.Time) error {
	if !o.applying.TryLock() {
		return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
			return w.Wake(swapName(rot, s.Seq), now.Add(time.Second))
		})
	}
	defer o.applying.Unlock()
	_, err := o.changeLocked(ctx, change{
		caller: Caller{Actor: incident.Bot},
		log:    Change{Kind: ChangeExpired, Rotation: rot, What: fmt.Sprintf("nobody agreed to take over from %s", s.Person)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			next, _ := r.ExpireSwaps(now)
			return rotation.Change{Roster: next, Rotation: rot, Seq: s.Seq}, nil
		},
		with: func(w *work, made rotation.Change) error {
			for i := range made.Roster.Rotations {
				x := &made.Roster.Rotations[i]
				for _, e := range x.Swaps {
					old, ok := swapOf(o.Current().Roster, x.ID, e.Seq)
					if e.Status == rotation.SwapExpired && ok && old.Status == rotation.SwapOpen {
						if err := w.swapEnded(x.ID, e); err != nil {
							return err
						}
					}
				}
			}
			return nil
		},
	})
	return err
}
