package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// NoticeKind says what a [Notice] tells.
type NoticeKind string

// The kinds of notices.
const (
	NoticeHandover NoticeKind = "handover" // to the team: other people are on call in Rotation from At
	NoticeSoon     NoticeKind = "soon"     // to a person: their shift in Rotation begins At
	NoticeChanged  NoticeKind = "changed"  // to the team: who will be on call in Rotations has changed
	NoticeMoved    NoticeKind = "moved"    // to a person: their next shifts moved
	NoticeGaps     NoticeKind = "gaps"     // to the team: nobody is on call during Gaps
	NoticeSwap     NoticeKind = "swap"     // the swap Seq of Rotation wants an answer
	NoticeOutcome  NoticeKind = "outcome"  // to a person: what became of the swap Seq of Rotation
	NoticeAway     NoticeKind = "away"     // to the team and the person: Person is on call in Gaps and away
	NoticeGroup    NoticeKind = "group"    // to the team: Text about its user group
)

// Notice is something about on call that a person or a team is told once. It
// holds what happened; who is on call at its instants is read when it is told.
type Notice struct {
	V        int            `json:"v"`
	Kind     NoticeKind     `json:"kind"`
	Made     time.Time      `json:"made"`
	To       string         `json:"to,omitempty"`   // person; empty: the team
	Team     string         `json:"team,omitempty"` // empty: the announcement channel
	Rotation string         `json:"rotation,omitempty"`
	Seq      int            `json:"seq,omitempty"`
	At       time.Time      `json:"at,omitzero"`
	Person   string         `json:"person,omitempty"`
	By       incident.Actor `json:"by,omitempty"`
	What     string         `json:"what,omitempty"`
	Why      string         `json:"why,omitempty"`
	Again    bool           `json:"again,omitempty"` // it reminds of what was told before
	Moves    []Move         `json:"moves,omitempty"`
	Gaps     []Gap          `json:"gaps,omitempty"`
	Changed  []string       `json:"changed,omitempty"` // rotations
	Text     string         `json:"text,omitempty"`
}

// Span is the half-open time [Start, End); the zero Span is none.
type Span struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"` // zero: open
}

// Move is somebody's next shift in a rotation, before and after a change.
type Move struct {
	Rotation string `json:"rotation"`
	Before   Span   `json:"before"`
	After    Span   `json:"after"`
}

// Gap is a time of a rotation that somebody should look at.
type Gap struct {
	Rotation string `json:"rotation"`
	Span
	Known   bool `json:"known,omitempty"`   // it was told on an earlier day
	Regular bool `json:"regular,omitempty"` // there is the like of it every week
}

//	notice/000017                    Notice, until it is told; its job has the same number
//	wake/NAME                        wakeRecord: when the pager looks at NAME
//	due/INSTANT/roster/NAME          (index) the same, in order
//	version/000007                   rosterRecord: who made a version of the roster, when and why
//	handover                         handoverRecord
//	gaps/ROTATION                    gapsRecord: the gaps that were told
//	group/TEAM                       groupRecord: what is known of a team's user group
//	swap/ROTATION/000003             swapRecord: what of a swap stands in Slack

func noticeKey(n int) string { return "notice/" + number(n) }

// asideJob commits a job that concerns no incident.
func (w *work) asideJob(j Job) (int, error) {
	last, err := storage.Load[turnRecord](w.tx, asideKey)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return 0, err
	}
	last.V, last.Count = 1, last.Count+1
	if err := storage.Save(w.tx, asideKey, last); err != nil {
		return 0, err
	}
	j.V, j.Number, j.Created = 1, last.Count, w.now
	if err := storage.Save(w.tx, j.Key(), j); err != nil {
		return 0, err
	}
	w.jobs = append(w.jobs, j)
	return j.Number, nil
}

// tell commits a notice and the job that tells it. Somebody without a Slack user
// cannot be told, and is not waited for.
func (w *work) tell(n Notice) error {
	j := Job{Kind: JobNotice, Target: n.Team}
	if n.To != "" {
		if w.who.slack(n.To) == "" {
			return nil
		}
		j.Person, j.Target = incident.Person(n.To), ""
	}
	k, err := w.asideJob(j)
	if err != nil {
		return err
	}
	n.V, n.Made = 1, w.now
	return storage.Save(w.tx, noticeKey(k), n)
}

// Notice returns what a job of kind [JobNotice] tells.
func (d *Desk) Notice(ctx context.Context, j Job) (Notice, error) {
	var n Notice
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		n, err = storage.Load[Notice](tx, noticeKey(j.Number))
		return err
	})
	return n, err
}

// told forgets a notice that was told, or that cannot be. The messages that ask
// for an answer are remembered, to be mended when it comes.
func (w *work) told(j Job, o Outcome) error {
	if j.Kind != JobNotice {
		return nil
	}
	n, err := storage.Load[Notice](w.tx, noticeKey(j.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if n.Kind == NoticeSwap && o.Message.TS != "" {
		if err := w.swapAsked(n, o.Message); err != nil {
			return err
		}
	}
	return w.tx.Delete(noticeKey(j.Number))
}

type wakeRecord struct {
	V   int       `json:"v"`
	Due time.Time `json:"due"`
}

// wake makes the pager look at name at that instant and no other; the zero time
// means never.
func (w *work) wake(name string, at time.Time) error {
	key, what := "wake/"+name, "roster/"+name
	old, err := storage.Load[wakeRecord](w.tx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err == nil {
		if old.Due.Equal(at) {
			return nil
		}
		if err := w.tx.Delete(dueKey(old.Due, what)); err != nil {
			return err
		}
	}
	w.due = true
	if at.IsZero() {
		return w.tx.Delete(key)
	}
	if err := w.tx.Put(dueKey(at, what), nil); err != nil {
		return err
	}
	return storage.Save(w.tx, key, wakeRecord{V: 1, Due: at.UTC()})
}

// awake reports whether the pager is to look at name.
func (w *work) awake(name string) (bool, error) {
	_, err := w.tx.Get("wake/" + name)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// meant reports whether the pager is to look at name at the instant of the key. A
// key that says so and is not is removed, so that the pager does not turn on it.
func (d *Desk) meant(ctx context.Context, key, name string) (meant bool, err error) {
	at, _ := dueAt(key)
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		r, err := storage.Load[wakeRecord](tx, "wake/"+name)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		meant = err == nil && r.Due.Equal(at)
		return err
	})
	if err == nil && !meant {
		err = d.db.Update(ctx, func(tx *storage.Tx) error { return tx.Delete(key) })
	}
	return meant, err
}

// tickRoster does what is due about on call.
func (d *Desk) tickRoster(ctx context.Context, key string, now time.Time) error {
	now = now.UTC().Round(0)
	_, name, _ := strings.Cut(key, "/roster/")
	if meant, err := d.meant(ctx, key, name); err != nil || !meant {
		return err
	}
	what, rest, _ := strings.Cut(name, "/")
	switch what {
	case "handover":
		d.watch.mu.Lock()
		defer d.watch.mu.Unlock()
		_, err := d.handOverSome(ctx, now)
		return err
	case "gaps":
		return d.tickGaps(ctx, now)
	case "groups":
		return d.tickGroups(ctx, now)
	case "announce":
		return d.tickAnnounce(ctx, lastNumber(name), now)
	case "swap":
		rotation, _, _ := strings.Cut(rest, "/")
		return d.tickSwap(ctx, rotation, lastNumber(name), now)
	default:
		return fmt.Errorf("due %s: nobody does that", key)
	}
}

// startRoster makes sure that the pager looks at everything about on call.
func (d *Desk) startRoster(ctx context.Context, now time.Time) error {
	if !d.HasRoster() {
		return nil
	}
	w, err := d.aside(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		for _, name := range []string{"handover", "gaps", "groups"} {
			on, err := w.awake(name)
			if err != nil {
				return err
			}
			if !on {
				if err := w.wake(name, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		d.committed(w)
	}
	return err
}
