package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// keepSeen is how long a request is recognised. Slack repeats an event for up
// to a day when it could not deliver it (Events API, delayed events).
const keepSeen = 26 * time.Hour

// sweepEvery is how often requests that can no longer be repeated are removed,
// and sweepMost how many in one transaction.
const (
	sweepEvery = time.Hour
	sweepMost  = 50
)

// seenRecord is a request that was carried out.
type seenRecord struct {
	V        int       `json:"v"`
	Incident int       `json:"incident"` // 0: it concerned none
	At       time.Time `json:"at,omitzero"`
}

func seenKey(request string) string { return "seen/" + Hash(request) }
func forgetKey(at time.Time, request string) string {
	return "forget/" + InstantKey(at) + "/" + Hash(request)
}

// Hash makes a key of fixed length from text that others choose.
func Hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// Seen reports whether the request of the transaction was carried out before, and
// on which incident: 0 where it concerned none.
func (t *Tx) Seen() (incident int, seen bool, err error) {
	if t.key == "" {
		return 0, false, nil
	}
	r, err := storage.Load[seenRecord](t.Tx, seenKey(t.key))
	if errors.Is(err, storage.ErrNotFound) {
		return 0, false, nil
	}
	return r.Incident, err == nil, err
}

// Remember makes the request recognisable when it comes again.
func (t *Tx) Remember(incident int) error {
	if t.key == "" {
		return nil
	}
	if err := storage.Save(t.Tx, seenKey(t.key), seenRecord{V: 1, Incident: incident, At: t.Now}); err != nil {
		return err
	}
	return t.Put(forgetKey(t.Now.Add(keepSeen), t.key), nil)
}

// SeenAs reports whether something that is not one request, but means the same, such
// as the same words of the same person, was remembered within a time, and on which
// incident.
func (t *Tx) SeenAs(what string, within time.Duration) (incident int, seen bool, err error) {
	r, err := storage.Load[seenRecord](t.Tx, seenKey(what))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	}
	return r.Incident, t.Now.Sub(r.At).Abs() <= within, nil
}

// RememberAs makes something that means the same recognisable. It is forgotten with
// the requests of the hour.
func (t *Tx) RememberAs(what string, incident int) error {
	if err := storage.Save(t.Tx, seenKey(what), seenRecord{V: 1, Incident: incident, At: t.Now}); err != nil {
		return err
	}
	return t.Put(forgetKey(t.Now.Add(sweepEvery), what), nil)
}

// startSweeping makes sure that a sweep is to come.
func (l *Ledger) startSweeping(ctx context.Context) error {
	return l.Update(ctx, Request{}, func(t *Tx) error { return t.WakeRegularly("sweep", t.Now.Add(sweepEvery), sweepEvery) })
}

// sweep forgets requests that can no longer be repeated, some at a time, and
// comes back at once while there are more.
func (l *Ledger) sweep(ctx context.Context, _ string, now time.Time) error {
	return l.Update(ctx, Request{At: now}, func(t *Tx) error {
		gone, again := 0, now.Add(sweepEvery)
		until := "forget/" + InstantKey(now)
		for k := range t.Scan("forget/") {
			if k >= until {
				break
			}
			if gone++; gone > sweepMost {
				again = now.Add(time.Millisecond)
				break
			}
			if err := errors.Join(t.Delete(k), t.Delete("seen/"+k[strings.LastIndexByte(k, '/')+1:])); err != nil {
				return err
			}
		}
		return errors.Join(t.forgetSetAside(), t.Wake("sweep", again))
	})
}

// forgetSetAside removes jobs that were set aside long ago.
func (t *Tx) forgetSetAside() error {
	gone := 0
	for key, value := range t.Scan(setAsidePrefix) {
		var r setAsideRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		if t.Now.Sub(r.At) < setAsideFor {
			continue
		}
		if gone++; gone > sweepMost/2 {
			return nil
		}
		if err := t.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// WasSeen reports whether a request was carried out before.
func (l *Ledger) WasSeen(ctx context.Context, request string) (seen bool, err error) {
	err = l.db.View(ctx, func(tx *storage.Tx) error {
		_, seen, err = (&Tx{Tx: tx, key: request}).Seen()
		return err
	})
	return seen, err
}
