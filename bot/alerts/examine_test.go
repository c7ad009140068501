package alerts

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// TestExamineFindsWhatIsWrong does to the records of alerts, one thing at a time, what no
// version does, and looks that it is found, where it is.
func TestExamineFindsWhatIsWrong(t *testing.T) {
	const (
		first, second = "monitor\x00disk", "monitor\x00latency" // one has opened INC-1, the other has joined it
		held          = "monitor\x00held"
	)
	hash := ledger.Hash
	put := func(key, value string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error { return tx.Put(key, []byte(value)) }
	}
	remove := func(key string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			_, err := tx.Get(key)
			return errors.Join(err, tx.Delete(key))
		}
	}
	change := func(key, from, to string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			b, err := tx.Get(key)
			if err == nil && !strings.Contains(string(b), from) {
				err = errors.New(key + " has no " + from + ": " + string(b))
			}
			return errors.Join(err, tx.Put(key, []byte(strings.Replace(string(b), from, to, 1))))
		}
	}
	late := func(name string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			at, ok, err := ledger.DueIn(tx, name)
			if err == nil && !ok {
				err = errors.New(name + " is not planned")
			}
			return errors.Join(err, storage.Save(tx, "wake/"+name, map[string]any{"v": 1, "due": at.Add(3 * time.Hour)}))
		}
	}
	for _, tt := range []struct {
		name      string
		spoil     func(*storage.Tx) error
		key, what string
	}{
		{"an alert under another key", func(tx *storage.Tx) error {
			b, err := tx.Get("alert/" + hash(first))
			return errors.Join(err, tx.Put("alert/"+hash("nobody"), b))
		}, "alert/" + hash("nobody"), "would not find it: it is “disk” of monitor"},
		{"an alert that cannot be read", put("alert/"+hash(second), `{"v":"x"}`), "alert/" + hash(second), "cannot be read"},
		{"an alert of an incident that is not there", change("alert/"+hash(second), `"incident":1`, `"incident":7`), "alert/" + hash(second), "INC-7, which there is not"},
		{"an alert that its incident does not know", remove("member/000001/" + hash(second)), "member/000001/" + hash(second), "“latency” of monitor belongs to INC-1"},
		{"an index without an alert", put("member/000001/"+hash("nobody"), ""), "member/000001/" + hash("nobody"), "no such alert belongs to INC-1"},
		{"a wrong count", change("alerts/000001", `"firing":2`, `"firing":1`), "alerts/000001", "of INC-1 that as many fire: 1, and are over: 0. By the alerts it is 2 and 0"},
		{"no count", remove("alerts/000001"), "alerts/000001", "2 alerts belong to INC-1"},
		{"a count that cannot be read", put("alerts/000001", `[]`), "alerts/000001", "cannot be read"},
		{"a group of an incident that is not there", func(tx *storage.Tx) error {
			for key := range tx.Scan("alertgroup/") {
				return change(key, `"incident":1`, `"incident":8`)(tx)
			}
			return errors.New("there is no group")
		}, "alertgroup/", "join INC-8"},
		{"what is held back is not listed", func(tx *storage.Tx) error {
			for key := range tx.Scan("held/") {
				return tx.Delete(key)
			}
			return errors.New("nothing is held back")
		}, "held/silence/s1/", "holds back “held” of monitor"},
		{"what is listed is not held back", put("held/silence/s1/2-"+hash(first), ""), "held/silence/s1/2-" + hash(first), "silence/s1 does not hold back that alert"},
		{"a silence without an end", remove("wake/silence/s1"), "wake/silence/s1", "end is due"},
		{"a silence that ends too late", late("silence/s1"), "wake/silence/s1", "and nothing looks at it before"},
		{"a heartbeat that is missed too late", late("beat/sync"), "wake/beat/sync", "and nothing looks at it before"},
		{"a heartbeat that nobody waits for", remove("wake/beat/sync"), "wake/beat/sync", "waited for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, hourly, func(r *room) {
				r.take("monitor", firing("disk"))
				r.take("monitor", firing("latency"))
				r.silence(time.Hour, "host", "held")
				quiet := firing("held")
				quiet.Labels = []alert.KV{{Key: "host", Value: "held"}}
				r.take("monitor", quiet)
				if _, err := r.Beat(r.t.Context(), Key{Name: "monitor"}, "sync"); err != nil {
					t.Fatal(err)
				}
				if faults := r.faults(); len(faults) > 0 {
					t.Fatalf("before anything is spoilt: %+v", faults)
				}
				if err := r.db.Update(r.t.Context(), tt.spoil); err != nil {
					t.Fatal(err)
				}
				faults, hit := r.faults(), false
				for _, f := range faults {
					hit = hit || strings.HasPrefix(f.Key, tt.key) && strings.Contains(f.What, tt.what) && f.Mend != ""
				}
				if !hit {
					t.Errorf("found %+v, want %s: %s", faults, tt.key, tt.what)
				}
				r.odd = true
			})
		})
	}
}

// TestExamineStops: whoever examines a store says when it is enough.
func TestExamineStops(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("monitor", firing("disk"))
		enough := errors.New("enough")
		err := r.db.View(r.t.Context(), func(tx *storage.Tx) error {
			_, err := Examine(tx, func() error { return enough })
			return err
		})
		if !errors.Is(err, enough) {
			t.Errorf("Examine() = %v, want that it stops", err)
		}
	})
}

// TestAlertAfterNumbersLeftOut: an incident that follows a gap in the numbers is opened as
// any other.
func TestAlertAfterNumbersLeftOut(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("monitor", firing("disk"))
		if err := ledger.MarkCopy(r.t.Context(), r.db, 0); err != nil {
			t.Fatal(err)
		}
		r.reopen()
		if err := r.ledger.Settle(r.t.Context()); err != nil {
			t.Fatal(err)
		}
		other := firing("other")
		other.Service = "edge"
		if got := r.take("monitor", other)[0]; got.Incident != 200 {
			t.Errorf("Take() = %+v, want INC-200", got)
		}
		if q := r.silence(time.Hour, "host", "held"); q.ID != "s101" {
			t.Errorf("Silence() = %+v, want s101", q)
		}
		r.reopen() // which is no copy any more
		other.Key = "third"
		r.pass(3 * time.Hour)
		if got := r.take("monitor", other)[0]; got.Incident != 201 {
			t.Errorf("Take() later = %+v, want INC-201", got)
		}
	})
}
