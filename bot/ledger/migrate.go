package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// duePrefix is where earlier versions kept wake-ups: due/INSTANT/NAME, in the
// order of the instants. Of two for a name the later one was left behind.
const duePrefix = "due/"

// migrateMost is how many are rewritten in one transaction.
const migrateMost = 50

// migrate rewrites what an earlier version left: its wake-ups, and the refreshes
// that were records of their own. It may be cut short at any point and goes on
// with the next start.
func (l *Ledger) migrate(ctx context.Context) error {
	if err := l.rewrite(ctx, duePrefix, func(t *Tx, key string, _ []byte) (bool, error) {
		return true, migrateDue(t.Tx, key)
	}); err != nil {
		return err
	}
	if err := l.rewrite(ctx, setAsidePrefix, takeUp); err != nil {
		return err
	}
	return l.rewrite(ctx, outboxPrefix, migrateRefresh)
}

// takeUp puts a job back into the outbox that an older version kept for this one.
func takeUp(t *Tx, key string, value []byte) (bool, error) {
	var r setAsideRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return false, fmt.Errorf("read %s: %v", key, err)
	}
	if !r.Newer || !r.Job.Kind.Known() {
		return false, nil
	}
	return true, errors.Join(t.Delete(key), storage.Save(t.Tx, r.Job.Key(), r.Job))
}

// rewrite calls f for every key with a prefix, some in each transaction. f reports
// whether it changed anything.
func (l *Ledger) rewrite(ctx context.Context, prefix string, f func(t *Tx, key string, value []byte) (bool, error)) error {
	for from := prefix; from != ""; {
		next := ""
		err := l.db.Update(ctx, func(tx *storage.Tx) error {
			t, n := &Tx{Tx: tx, Now: Instant()}, 0
			for key, value := range tx.ScanFrom(prefix, from) {
				if n >= migrateMost {
					next = key
					return nil
				}
				changed, err := f(t, key, value)
				if err != nil {
					return err
				}
				if changed {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// migrateRefresh makes a mark of a job that refreshes an artifact. Pinning is a
// part of posting the card now.
func migrateRefresh(t *Tx, key string, value []byte) (bool, error) {
	var j Job
	if err := json.Unmarshal(value, &j); err != nil {
		return false, fmt.Errorf("read %s: %v", key, err)
	}
	switch {
	case j.Kind == "pin":
		j.Kind = Card
	case !j.Kind.Row().Marked:
		return false, nil
	}
	return true, errors.Join(t.Delete(key), t.Refresh(j.Incident, j.Kind))
}

func migrateDue(tx *storage.Tx, key string) error {
	stamp, name, _ := strings.Cut(strings.TrimPrefix(key, duePrefix), "/")
	due, err := time.Parse(instantForm, stamp)
	if err != nil {
		return tx.Delete(key) // it was never looked at
	}
	name = strings.TrimPrefix(name, "roster/")
	if rest, ok := strings.CutPrefix(name, "page/"); ok {
		name = "escalation/" + rest
	}
	_, ok, err := DueIn(tx, name)
	if err != nil {
		return err
	}
	if !ok {
		err = storage.Save(tx, wakePrefix+name, wakeRecord{V: 1, Due: due.UTC()})
	}
	return errors.Join(err, tx.Delete(key))
}
