package oncall

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Leads are how long before a shift the incoming person hears of it.
const (
	leadDay     = 24 * time.Hour
	leadQuarter = 15 * time.Minute
)

// handoverBatch is how many rotations are handed over in one transaction, so
// that ten thousand on a Monday morning neither exceed its limits nor hold up a
// page.
const handoverBatch = 8

// handoverRecord says how far hand-overs have been told: everything before
// Through, and of that instant the rotations up to After in the order of names.
// Moving it on is a part of the transaction that tells them, so none is told
// twice and none is left out, wherever the process dies.
type handoverRecord struct {
	V       int       `json:"v"`
	Through time.Time `json:"through"`
	After   string    `json:"after,omitempty"`
}

// turn is an instant at which something is to be told about a rotation: a
// hand-over, or a day or a quarter of an hour before one.
type turn struct {
	at       time.Time
	rotation *rotation.Rotation
}

func (a turn) before(b turn) bool {
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.rotation.ID < b.rotation.ID
}

// watch is the next turn of every rotation, the earliest first. It can be made
// anew from the roster and the handoverRecord at any time. Its lock is held while
// hand-overs are told and while a roster takes the place of another.
type watch struct {
	mu      sync.Mutex
	version int // of the roster; 0: it is to be made anew
	from    handoverRecord
	turns   turnHeap
}

type turnHeap []turn

// Len, Less, Swap, Push and Pop are for container/heap.
func (h turnHeap) Len() int           { return len(h) }
func (h turnHeap) Less(i, j int) bool { return h[i].before(h[j]) }
func (h turnHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends a turn.
func (h *turnHeap) Push(x any) { *h = append(*h, x.(turn)) }

// Pop removes the last turn.
func (h *turnHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// reset makes the watch for a roster, beginning after from.
func (v *watch) reset(who *Directory, from handoverRecord) {
	v.version, v.from, v.turns = who.Version, from, nil
	for i := range who.Roster.Rotations {
		r := &who.Roster.Rotations[i]
		after := from.Through
		if r.ID > from.After && from.After != "" {
			after = after.Add(-1) // it has not had its turn at that instant
		}
		if t, ok := nextTurn(r, after); ok {
			v.turns = append(v.turns, t)
		}
	}
	heap.Init(&v.turns)
}

// nextTurn is the next instant after t at which something is to be told.
func nextTurn(r *rotation.Rotation, t time.Time) (turn, bool) {
	var next time.Time
	for c, ok := r.NextChange(t); ok; c, ok = r.NextChange(c) {
		for _, lead := range []time.Duration{leadDay, leadQuarter, 0} {
			if at := c.Add(-lead); at.After(t) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		if c.Add(-leadDay).After(t) {
			break // whatever comes later has later turns
		}
	}
	return turn{next, r}, !next.IsZero()
}

// handOver tells every hand-over up to now. The caller holds the watch's lock.
func (o *Roster) handOver(ctx context.Context, now time.Time) error {
	for {
		more, err := o.handOverSome(ctx, now)
		if err != nil || !more {
			return err
		}
	}
}

// handOverSome tells some of the hand-overs up to now, the earliest first, and
// plans when to go on. The caller holds the watch's lock.
func (o *Roster) handOverSome(ctx context.Context, now time.Time) (more bool, err error) {
	v, who := &o.watch, o.current.Load()
	if err := o.look(ctx, who, now); err != nil {
		return false, err
	}
	var batch []turn
	for len(batch) < handoverBatch && len(v.turns) > 0 && !v.turns[0].at.After(now) {
		t := heap.Pop(&v.turns).(turn)
		batch = append(batch, t)
		if next, ok := nextTurn(t.rotation, t.at); ok {
			heap.Push(&v.turns, next)
		}
	}
	from := v.from
	if n := len(batch); n > 0 {
		from = handoverRecord{V: 1, Through: batch[n-1].at, After: batch[n-1].rotation.ID}
	}
	next := now.Add(handoverMost) // a rotation may change beyond the horizon of what is computed
	if len(v.turns) > 0 {
		next = later(v.turns[0].at, now.Add(time.Millisecond)) // not at once: what else is due comes in between
	}
	v.version = 0 // until it is known that what was told is stored
	err = o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		for _, t := range batch {
			if err := w.turned(t); err != nil {
				return err
			}
		}
		if err := w.Save("handover", from); err != nil {
			return err
		}
		return w.Wake("handover", next)
	})
	if err != nil {
		return false, err
	}
	v.version, v.from = who.Version, from
	return len(v.turns) > 0 && !v.turns[0].at.After(now), nil
}

// look makes the watch fit the roster and the record. The first time, what was
// before now is nobody's business.
func (o *Roster) look(ctx context.Context, who *Directory, now time.Time) error {
	v := &o.watch
	from := handoverRecord{V: 1, Through: now}
	err := o.ledger.View(ctx, func(tx *storage.Tx) error {
		r, err := storage.Load[handoverRecord](tx, "handover")
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err == nil && !r.Through.After(now.Add(leadDay)) { // else the clock was far ahead when it was written
			from = r
		}
		return err
	})
	if err != nil {
		return err
	}
	same := v.from.Through.Equal(from.Through) && v.from.After == from.After
	if v.version == 0 || v.version != who.Version || !same {
		v.reset(who, from)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// turned tells what is to be told of a rotation at one instant. Of several
// hand-overs that were missed only the last one is told.
func (w *work) turned(t turn) error {
	r := t.rotation
	if handsOver(r, t.at) {
		if team, ok := w.who.Roster.Team(r.Team); ok && team.SlackGroup != "" {
			if err := w.Wake("groups", w.Now); err != nil {
				return err
			}
		}
		next, ok := r.NextChange(t.at)
		if !ok || next.After(w.Now) {
			if err := w.tell(Notice{Kind: NoticeHandover, Team: r.Team, Rotation: r.ID, At: t.at}); err != nil {
				return err
			}
		}
	}
	for _, lead := range []time.Duration{leadDay, leadQuarter} {
		at := t.at.Add(lead)
		if !at.After(w.Now) || !handsOver(r, at) {
			continue
		}
		for _, person := range incoming(r, at, lead) {
			if err := w.tell(Notice{Kind: NoticeSoon, To: person, Team: r.Team, Rotation: r.ID, At: at}); err != nil {
				return err
			}
		}
	}
	return nil
}

// handsOver reports whether other people are on call from t than just before.
func handsOver(r *rotation.Rotation, t time.Time) bool {
	return !slices.Equal(r.People(t.Add(-1)), r.People(t))
}

// incoming is who comes at t. A day ahead nobody is told who has been on call
// within that day: who takes every other night knows.
func incoming(r *rotation.Rotation, t time.Time, lead time.Duration) []string {
	before := r.People(t.Add(-1))
	if lead == leadDay {
		for _, s := range r.Final(t.Add(-leadDay), t) {
			before = append(before, s.People...)
		}
	}
	return slices.DeleteFunc(slices.Clone(r.People(t)), func(p string) bool { return slices.Contains(before, p) })
}
