package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// rotten is an engine that has damaged records.
type rotten struct {
	storage.Engine
	mu      sync.Mutex
	is      map[string]bool
	commits int
}

func (e *rotten) over(below storage.Engine) storage.Engine { e.Engine = below; return e }

// Commit makes sound again what it replaces.
func (e *rotten) Commit(ctx context.Context, changes []storage.Change) error {
	e.mu.Lock()
	e.commits++
	for _, c := range changes {
		delete(e.is, c.Key)
	}
	e.mu.Unlock()
	return e.Engine.Commit(ctx, changes)
}

func (e *rotten) counted() int { e.mu.Lock(); defer e.mu.Unlock(); return e.commits }

func (e *rotten) broken(key string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.is[key] {
		return &storage.DamagedError{Key: key, Cause: errors.New("checksum does not match")}
	}
	return nil
}

func (e *rotten) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := e.Engine.Snapshot(ctx)
	return rottenView{s, e}, err
}

type rottenView struct {
	storage.Snapshot
	e *rotten
}

func (v rottenView) Get(key string) ([]byte, error) {
	if err := v.e.broken(key); err != nil {
		return nil, err
	}
	return v.Snapshot.Get(key)
}

func (v rottenView) Scan(r storage.Range, each func(string, []byte) bool) error {
	return v.ScanPast(r, each, func(*storage.DamagedError) bool { return false })
}

func (v rottenView) ScanPast(r storage.Range, each func(string, []byte) bool, damaged func(*storage.DamagedError) bool) error {
	var failed error
	err := v.Snapshot.Scan(r, func(key string, value []byte) bool {
		if broken, ok := v.e.broken(key).(*storage.DamagedError); ok {
			if damaged(broken) {
				return true
			}
			failed = broken
			return false
		}
		return each(key, value)
	})
	return errors.Join(failed, err)
}

// keys are those of all records.
func (r *rig) keys() (list []string) {
	r.t.Helper()
	e, db := r.opened()
	defer db.Close()
	s, err := e.Snapshot(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	if err := s.Scan(storage.Range{}, func(key string, _ []byte) bool { list = append(list, key); return true }); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// someDamage runs a bot with an incident that is being paged for, one of an alert and one that has ended,
// and starts it again on the store with the record of that number damaged.
func someDamage(t *testing.T, which int, f func(r *rig, disk *rotten, key string)) (keys []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		disk := &rotten{is: map[string]bool{}}
		r.wrap = disk.over
		r.start()
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		if _, err := r.alert(r.t.Context(), alert.Alert{Key: "pool", Status: alert.Firing, Title: "The pool is full", Severity: alert.Sev2, Service: "search", Source: "event"}); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.command("eve", "general", "declare it is slow")
		r.pass(time.Minute)
		r.command("ada", "general", "resolve INC-3 it was a test")
		r.pass(90 * time.Second)
		r.stop()
		keys = r.keys()
		if which < 0 {
			r.close()
			return
		}
		key := keys[which]
		disk.is[key] = true
		r.start()
		f(r, disk, key)
		r.stop()
		r.line.Close()
		r.sim.Close()
		r.server.Close()
	})
	return keys
}

// TestOneRecordDamaged damages a record of six kinds, or with EVERY_CASE=1 each record of the store. The bot starts, pages for what
// is declared and what alerts say, does not spin, and whoever acts on what is damaged is told
// so in plain words.
func TestOneRecordDamaged(t *testing.T) {
	t.Parallel()
	longLife(t)
	keys := someDamage(t, -1, nil)
	tried, usual := map[string]int{}, []string{"incident/N", "papers/N", "alert/HASH", "gather/PERSON", "followups", "wake/NAME"}
	for k, key := range keys {
		family, _ := ledger.FamilyOf(key)
		if strings.HasPrefix(key, "roster/") || strings.HasPrefix(key, "version/") {
			continue // nothing pages without it
		}
		if tried[family.Key]++; !everyCase && (tried[family.Key] > 1 || !slices.Contains(usual, family.Key)) {
			continue
		}
		t.Run(strings.ReplaceAll(key, "/", "_"), func(t *testing.T) {
			t.Parallel()
			someDamage(t, k, func(r *rig, disk *rotten, key string) {
				t.Logf("%s", key)
				seen := r.command("eve", "general", "declare nobody can log in service:search")
				r.pass(10 * time.Second)
				if !strings.Contains(seen.Text, "INC-") {
					t.Errorf("declared: %s", seen.Text)
				}
				if all := append(r.dm("U0ADA"), r.dm("U0BOB")...); !strings.Contains(list(all), "nobody can log in") {
					t.Errorf("nobody is paged for the new one")
				}
				for _, a := range []string{"pool", "fan"} {
					taken, err := r.alert(context.WithoutCancel(r.t.Context()), alert.Alert{Key: a, Status: alert.Firing, Title: "The " + a + " is full", Severity: alert.Sev2, Service: "search", Source: "event"})
					if err != nil || taken.Incident == 0 {
						t.Errorf("alert %s: %+v, %v", a, taken, err)
					}
				}
				for _, text := range []string{"list", "search slow", "note INC-1 x", "ack INC-1", "ack INC-2", "show INC-3", "reopen INC-3 it is back"} {
					seen := r.command("ada", "general", text)
					r.pass(time.Second)
					if strings.Contains(seen.Text, "Reference") || strings.Contains(seen.Text, "did not work") {
						t.Errorf("%s: %s", text, seen.Text)
					}
				}
				if strings.HasPrefix(key, "papers/000001") {
					page := r.marked(r.dm("U0ADA"), "page", "INC-1")
					seen, err := r.sim.As("ada").Press(slacksim.Press{Channel: mustDM(r, "U0ADA"), TS: page[len(page)-1].TS, Label: "Acknowledge"})
					r.pass(time.Second)
					if said := fmt.Sprint(r.sim.State().Whispers["U0ADA"]); err != nil || !strings.Contains(said, "A record of INC-1 (papers/000001) in the store is damaged") {
						t.Errorf("Acknowledge: %+v, %v", seen, err)
					}
				}
				r.pass(time.Minute)
				before := disk.counted()
				r.pass(10 * time.Minute)
				if n := disk.counted() - before; n > 300 {
					t.Errorf("%d commits in ten minutes", n)
				}
				r.pass(time.Duration(cases(26, 2, 2)) * time.Hour)
				if n := incidentNumber(key); n > 0 && disk.broken(key) != nil && len(r.channel("incidents").Messages) > 0 {
					if said := list(r.channel("incidents").Messages); !strings.Contains(said, "in the store is damaged") && strings.HasPrefix(key, "incident/") {
						t.Errorf("the operators are not told")
					}
				}
			})
		})
	}
}

func incidentNumber(key string) (n int) {
	for _, p := range strings.Split(key, "/") {
		if _, err := fmt.Sscanf(p, "%06d", &n); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

// opened opens the store of a bot that has stopped.
func (r *rig) opened() (storage.Engine, *storage.DB) {
	r.t.Helper()
	e, err := bolt.Open(r.path, bolt.Options{Unsynced: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return e, storage.New(e)
}

// TestAlarmOfTheStore: what the store has for the operators they are told, once.
func TestAlarmOfTheStore(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.alarms = make(chan string, 1)
		r.stop()
		r.start()
		r.alarms <- "The journal was removed."
		r.pass(time.Minute)
		told := 0
		for _, m := range r.channel("incidents").Messages {
			if shows(m, "The journal was removed.") {
				told++
			}
		}
		if told != 1 {
			r.t.Errorf("the operators are told %d times", told)
		}
	})
}
