package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// copyKey is the record that makes a store known as a copy of another one. What happened
// to that one since, the copy does not know: numbers that it gave are not given again.
const copyKey = "copy"

// copyRecord says when it was made.
type copyRecord struct {
	V  int       `json:"v"`
	At time.Time `json:"at"`

	// After is a number up to which incidents were declared meanwhile; 0: it is not known.
	After int `json:"after,omitempty"`
}

// MarkCopy makes a store known as a copy, if it is not. After is a number up to which
// incidents were declared since it was made; 0: it is not known.
func MarkCopy(ctx context.Context, db *storage.DB, after int) error {
	return db.Update(ctx, func(tx *storage.Tx) error {
		r, ok, err := Load[copyRecord](tx, copyKey)
		if err != nil || ok && after <= r.After {
			return err
		}
		if !ok {
			r = copyRecord{V: 1, At: Instant()}
		}
		r.After = after
		return storage.Save(tx, copyKey, r)
	})
}

// Copied reports whether the store is a copy on which no bot has worked before, and the
// number up to which incidents are known to have been declared since it was made; 0: none
// is. Whoever gives numbers leaves out some when it opens, and then [Ledger.Settle] is
// called.
func (l *Ledger) Copied() (copied bool, after int) { return l.copied.V > 0, l.copied.After }

// Settle ends that the store is a copy.
func (l *Ledger) Settle(ctx context.Context) error {
	if copied, _ := l.Copied(); !copied {
		return nil
	}
	return l.db.Update(ctx, func(tx *storage.Tx) error { return tx.Delete(copyKey) })
}

// loadCopied looks whether the store is a copy, and leaves out numbers of jobs.
func (l *Ledger) loadCopied(ctx context.Context) error {
	err := l.db.View(ctx, func(tx *storage.Tx) (err error) {
		l.copied, _, err = Load[copyRecord](tx, copyKey)
		return err
	})
	if copied, _ := l.Copied(); err != nil || !copied {
		return err
	}
	return l.db.Update(ctx, func(tx *storage.Tx) error { return LeaveOut(tx, apartKey, JobsLeftOut) })
}

// JobsLeftOut is how many numbers of jobs are left out when a copy is put to work: more
// than there are in the time from one copy to the next. A job's number is a part of what
// a message in Slack is recognised by, so two with the same would be taken for one.
const JobsLeftOut = 10_000

// LeaveOut has a key counted further, as if so many had been counted.
func LeaveOut(tx *storage.Tx, key string, n int) error {
	r, err := storage.Load[countRecord](tx, key)
	if errors.Is(err, storage.ErrNotFound) {
		r, err = countRecord{}, nil
	}
	if err != nil {
		return err
	}
	return storage.Save(tx, key, countRecord{V: 1, Count: r.Count + n})
}
