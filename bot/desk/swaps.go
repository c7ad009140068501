package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// swapsAtOnce is how many requests an applied roster asks or takes back in its
// transaction, which is all that anybody will ever have open.
const swapsAtOnce = 15

// swapsApplied goes over the requests that an applied roster has lost or brought:
// what asked for an answer says so, and what nobody was asked yet is asked.
func (w *work) swapsApplied(was *rotation.Roster) error {
	lost, brought := openSwaps(was, w.who.roster), openSwaps(w.who.roster, was)
	for _, name := range lost[:min(len(lost), swapsAtOnce)] {
		if err := w.wake(name.key(), w.now); err != nil {
			return err
		}
	}
	for _, name := range brought[:min(len(brought), swapsAtOnce)] {
		s, _ := swapOf(w.who.roster, name.rotation, name.seq)
		if !begins(s).After(w.now) {
			continue
		}
		err := errFirst(
			storage.Save(w.tx, name.key(), swapRecord{V: 1, By: w.caller.Actor, At: w.now}),
			w.tell(w.swapNotice(name.rotation, s)), w.wake(name.key(), nextLook(s, w.now)))
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
func (d *Desk) tickSwap(ctx context.Context, rot string, seq int, now time.Time) error {
	name := swapName(rot, seq)
	s, ok := swapOf(d.Roster(), rot, seq)
	if ok && s.Status == rotation.SwapOpen && now.After(begins(s)) {
		return d.expireSwap(ctx, rot, s, now)
	}
	w, err := d.aside(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		if !ok || s.Status != rotation.SwapOpen {
			if _, err := w.asideJob(Job{Kind: JobSwap, Target: name}); err != nil {
				return err
			}
			return w.wake(name, time.Time{})
		}
		if at := escalation.Daytime().Next(w.reader(rot, s), now); at.After(now) {
			if at.After(begins(s)) {
				at = begins(s).Add(time.Second)
			}
			return w.wake(name, at)
		}
		n := w.swapNotice(rot, s)
		n.Again = true
		return errFirst(w.tell(n), w.wake(name, nextLook(s, now)))
	})
	if err == nil {
		d.committed(w)
	}
	return err
}

// reader is the zone of whoever is asked: a person, or the rotation's team.
func (w *work) reader(rot string, s rotation.Swap) *time.Location {
	if s.With != "" {
		return w.who.roster.Location(s.With)
	}
	if x, ok := w.who.roster.Rotation(rot); ok {
		return zoneOf(x)
	}
	return time.UTC
}

// expireSwap ends a swap that nobody agreed to in time. While somebody applies a
// roster it waits: the pager must not stand still for that.
func (d *Desk) expireSwap(ctx context.Context, rot string, s rotation.Swap, now time.Time) error {
	if !d.applying.TryLock() {
		w, err := d.aside(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
			return w.wake(swapName(rot, s.Seq), now.Add(time.Second))
		})
		if err == nil {
			d.committed(w)
		}
		return err
	}
	defer d.applying.Unlock()
	_, err := d.changeLocked(ctx, change{
		caller: Caller{Actor: incident.Bot},
		log:    RosterChange{Kind: ChangeExpired, Rotation: rot, What: fmt.Sprintf("nobody agreed to take over from %s", s.Person)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			next, _ := r.ExpireSwaps(now)
			return rotation.Change{Roster: next, Rotation: rot, Seq: s.Seq}, nil
		},
		with: func(w *work, made rotation.Change) error {
			for i := range made.Roster.Rotations {
				x := &made.Roster.Rotations[i]
				for _, e := range x.Swaps {
					old, ok := swapOf(d.Roster(), x.ID, e.Seq)
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
