package oncall

import (
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// ahead is how far ahead a change of the schedule is told.
const ahead = 90 * 24 * time.Hour

// announceBatch is how many rotations are compared, and announceNotices how many
// notices are stored, in one transaction.
const (
	announceBatch   = 200
	announceNotices = 30
)

// announceRecord says how far the people concerned have been told of a change.
// The notices of a batch of rotations are made in an order that does not change,
// so that after a crash it goes on with the next one.
type announceRecord struct {
	V        int       `json:"v"`
	At       time.Time `json:"at"`
	Was      int       `json:"was"`      // the version before
	Rotation int       `json:"rotation"` // batches before this position are done
	Told     int       `json:"told"`     // notices of the batch that are stored
}

func announceName(version int) string { return "announce/" + ledger.Number(version) }

// rosterChanged commits what follows from every change of the roster: the people
// concerned hear of it, and hand-overs, gaps and user groups are looked at anew.
func (w *work) rosterChanged(r rosterRecord, was *Directory) error {
	if was.Version > 0 {
		a := announceRecord{V: 1, At: w.Now, Was: was.Version}
		if err := w.Save(announceName(r.Version), a); err != nil {
			return err
		}
		if err := w.Wake(announceName(r.Version), w.Now); err != nil {
			return err
		}
	}
	if r.Kind == ChangeApplied {
		if err := w.swapsApplied(was.Roster); err != nil {
			return err
		}
	}
	if err := w.Save("handover", handoverRecord{V: 1, Through: w.Now}); err != nil {
		return err
	}
	if _, on, err := w.Due("gaps"); err != nil {
		return err
	} else if !on {
		if err := w.Wake("gaps", w.Now); err != nil {
			return err
		}
	}
	return errFirst(w.Wake("handover", w.Now), w.Wake("groups", w.Now), w.Wake("forget", w.Now.Add(forgetAfter)))
}

// tickAnnounce tells some of the people concerned of the change that made a
// version, and goes on at once while there are more.
func (o *Roster) tickAnnounce(ctx context.Context, version int, now time.Time) error {
	name := announceName(version)
	var a announceRecord
	var ok bool
	err := o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		a, ok, err = ledger.Load[announceRecord](tx, name)
		return err
	})
	if err != nil {
		return err
	}
	if !ok {
		return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error { return w.Sleep(name) })
	}
	log, err := o.change(ctx, version)
	if err != nil {
		return err
	}
	old, err := o.rosterOf(ctx, a.Was)
	if err != nil {
		return err
	}
	new, err := o.rosterOf(ctx, version)
	if err != nil {
		return err
	}
	notices := newComparison(old, new, a.At).notices(a.Rotation, log)
	few := notices[min(a.Told, len(notices)):min(a.Told+announceNotices, len(notices))]
	a.Told += len(few)
	if a.Told >= len(notices) {
		a.Rotation, a.Told = a.Rotation+announceBatch, 0
	}
	return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		for _, n := range few {
			if err := w.tell(n); err != nil {
				return err
			}
		}
		if a.Rotation < len(new.Rotations)+len(old.Rotations) {
			return errFirst(w.Save(name, a), w.again(name, now))
		}
		return errFirst(w.Tx.Delete(name), w.Sleep(name))
	})
}

// again makes the pager look at name once more after what else is due.
func (w *work) again(name string, now time.Time) error {
	return w.Wake(name, now.Add(time.Millisecond))
}

func errFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// comparison is two rosters, compared from an instant on.
type comparison struct {
	old, new *rotation.Roster
	from     time.Time
}

func newComparison(old, new *rotation.Roster, from time.Time) comparison {
	return comparison{old, new, from}
}

// notices returns what is to be told of a batch of rotations: each team in one
// notice, each person in one.
func (c comparison) notices(start int, log Change) []Notice {
	teams, people := map[string]*Notice{}, map[string]*Notice{}
	for _, id := range c.batch(start) {
		before, after := c.final(c.old, id), c.final(c.new, id)
		if sameSchedule(before, after) {
			continue
		}
		team := c.team(id)
		if teams[team] == nil {
			teams[team] = &Notice{Kind: NoticeChanged, Team: team, By: log.By, What: log.What, Why: log.Why}
		}
		teams[team].Changed = append(teams[team].Changed, id)
		for _, person := range everybody(before, after) {
			a, b := nextShift(before, person), nextShift(after, person)
			if a == b {
				continue
			}
			if people[person] == nil {
				people[person] = &Notice{Kind: NoticeMoved, To: person, By: log.By, What: log.What, Why: log.Why}
			}
			people[person].Moves = append(people[person].Moves, Move{id, a, b})
		}
	}
	var list []Notice
	for _, m := range []map[string]*Notice{people, teams} {
		for _, key := range sortedKeys(m) {
			list = append(list, *m[key])
		}
	}
	return list
}

func sortedKeys[T any](m map[string]T) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// batch returns the rotations at the positions from start on: those of the new
// roster, then those that only the old one has.
func (c comparison) batch(start int) []string {
	var ids []string
	for n := start; n < start+announceBatch; n++ {
		switch k := n - len(c.new.Rotations); {
		case k < 0:
			ids = append(ids, c.new.Rotations[n].ID)
		case k < len(c.old.Rotations):
			if _, kept := c.new.Rotation(c.old.Rotations[k].ID); !kept {
				ids = append(ids, c.old.Rotations[k].ID)
			}
		}
	}
	return ids
}

func (c comparison) team(id string) string {
	r, ok := c.new.Rotation(id)
	if !ok {
		r, ok = c.old.Rotation(id)
	}
	if !ok {
		return ""
	}
	return r.Team
}

// final is the schedule of a rotation ahead; nobody where there is no such one.
func (c comparison) final(r *rotation.Roster, id string) []rotation.Segment {
	rot, ok := r.Rotation(id)
	if !ok {
		return []rotation.Segment{{Start: c.from, End: c.from.Add(ahead)}}
	}
	return rot.Final(c.from, c.from.Add(ahead))
}

// sameSchedule reports whether the same people are on call at all times.
func sameSchedule(a, b []rotation.Segment) bool {
	return slices.EqualFunc(a, b, func(x, y rotation.Segment) bool {
		return x.Start.Equal(y.Start) && x.End.Equal(y.End) && slices.Equal(x.People, y.People)
	})
}

func everybody(lists ...[]rotation.Segment) []string {
	var people []string
	for _, list := range lists {
		for _, s := range list {
			people = append(people, s.People...)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// nextShift is somebody's first shift in a schedule; the zero Span where they
// have none. One that goes on at the end of the schedule is open.
func nextShift(list []rotation.Segment, person string) Span {
	var s Span
	for n, seg := range list {
		if !slices.Contains(seg.People, person) {
			if !s.Start.IsZero() {
				return s
			}
			continue
		}
		if s.Start.IsZero() {
			s.Start = seg.Start.UTC()
		}
		s.End = seg.End.UTC()
		if n == len(list)-1 {
			s.End = time.Time{}
		}
	}
	return s
}
