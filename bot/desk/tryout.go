package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Tryout is a test of every way by which a person is paged.
type Tryout struct {
	ID     string         `json:"id"`
	Person incident.Actor `json:"person"`
	At     time.Time      `json:"at"`
	Ways   []TriedWay     `json:"ways"`
}

// TriedWay is one way of a [Tryout] and what came of it.
type TriedWay struct {
	Via    string        `json:"via"`
	Result string        `json:"result,omitempty"` // accepted, delivered, seen or failed; empty while it is under way
	Cause  string        `json:"cause,omitempty"`  // of a failure
	After  time.Duration `json:"after,omitempty"`  // how long it took
}

// Over reports whether nothing is under way any more.
func (t Tryout) Over() bool {
	return !slices.ContainsFunc(t.Ways, func(w TriedWay) bool { return w.Result == "" })
}

// Words says what came of it, one line for each way.
func (t Tryout) Words() []string {
	var lines []string
	for _, w := range t.Ways {
		line := w.Via + ": " + cmp.Or(w.Result, "under way")
		if w.After > 0 {
			line += " after " + w.After.Round(100*time.Millisecond).String()
		}
		if w.Cause != "" {
			line += ", " + w.Cause
		}
		lines = append(lines, line)
	}
	return lines
}

// tryoutRecord is a tryout as it is stored.
type tryoutRecord struct {
	V int `json:"v"`
	Tryout
}

func tryoutKey(id string) string { return "tryout/" + id }

// keepTryout is how long a tryout can be asked for.
const keepTryout = 24 * time.Hour

// TryWays sends a person a test by each of their ways, and tells them in Slack
// which arrived.
func (d *Desk) TryWays(ctx context.Context, c Caller, person incident.Actor) (Tryout, error) {
	var t Tryout
	_, err := d.act(ctx, c, 0, func(w *work) error {
		kind, id := person.Split()
		ways := w.ways(id)
		if kind != "person" || len(ways) == 0 {
			return refusal("Ask for a name with slack, email or phone to be put there.", "The roster does not say how %s is reached.", w.who.display(person))
		}
		name := make([]byte, 6)
		rand.Read(name)
		t = Tryout{ID: hex.EncodeToString(name), Person: person, At: w.now}
		for _, via := range ways {
			t.Ways = append(t.Ways, TriedWay{Via: via})
			if _, err := w.asideJob(Job{Kind: JobTry, Person: person, Via: via, Target: t.ID}); err != nil {
				return err
			}
		}
		w.due = true
		return errors.Join(storage.Save(w.tx, tryoutKey(t.ID), tryoutRecord{1, t}), w.tx.Put(dueKey(w.now.Add(keepTryout), "tryout/"+t.ID), nil))
	})
	return t, err
}

// TriedWays returns a tryout as it stands.
func (d *Desk) TriedWays(ctx context.Context, id string) (Tryout, error) {
	var r tryoutRecord
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		r, err = storage.Load[tryoutRecord](tx, tryoutKey(id))
		return err
	})
	if errors.Is(err, storage.ErrNotFound) {
		return Tryout{}, refusal("A test is remembered for a day.", "There is no test %q.", id)
	}
	return r.Tryout, err
}

// tried records what came of one way. With the last one the person is told.
func (w *work) tried(j Job, o Outcome) error {
	r, err := storage.Load[tryoutRecord](w.tx, tryoutKey(j.Target))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for k := range r.Ways {
		if way := &r.Ways[k]; way.Via == j.Via {
			way.Result, way.Cause, way.After = cmp.Or(string(o.Level), "accepted"), o.Failed, w.now.Sub(r.At)
			if o.Failed != "" {
				way.Result = "failed"
			}
		}
	}
	if err := storage.Save(w.tx, tryoutKey(j.Target), r); err != nil || !r.Over() {
		return err
	}
	text := "Your test of " + r.At.Format("15:04 UTC") + ":\n" + strings.Join(r.Words(), "\n")
	_, err = w.asideJob(Job{Kind: JobAlarm, Person: r.Person, Text: text})
	return err
}

// forgetTryout removes a tryout that is old.
func (d *Desk) forgetTryout(ctx context.Context, key string) error {
	id := key[strings.LastIndexByte(key, '/')+1:]
	err := d.db.Update(ctx, func(tx *storage.Tx) error {
		return errors.Join(tx.Delete(key), tx.Delete(tryoutKey(id)))
	})
	if err != nil {
		return fmt.Errorf("forget test %s: %w", id, err)
	}
	return nil
}
