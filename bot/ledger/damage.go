package ledger

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stormbell/stormbell/storage"
)

// A large store is used on although a record of it is damaged, see
// docs/decisions/0017. What goes over the records of many incidents goes past such a one,
// or one byte would end the start, each tick and every list. What is asked for by its key
// is an error, unless it can be done without.

// spare begin the keys of records that are taken for missing where they are damaged: the
// next write makes them anew, or at worst somebody is told twice, asked again, or has to
// type a code once more.
var spare = []string{
	"outbox/", "stale/", "wake/", "seen/", "forget/", "setaside/", "due/", "health", "folded", "followups",
	"ask/", "mark/", "read/", "promise/", "idle/", "followup/", "exported/", "cue/", "tracker/", "tryout/", "grant/", "codes/",
	"window/", "way/", "gather/", "together/", "turn/", "reminded/", "nags/", "night/", "week/", "month/", "woken/",
	"slack/gap", "slack/heard", "homes", "backup", "archiving", "workspace",
	"alert/", "alerts/", "alertgroup/", "alertcount/", "member/", "held/", "change/", "beat/", "beats", "keyuse/",
	"link/", "announce/", "handover", "gaps/", "gapsrun", "group/", "groups",
}

// whole begin the keys of records that are read as one: where one is damaged, so are all.
// A timeline without an event would be another one.
var whole = append([]string{"roster/", "version/"}, Archived...)

// indexes begin the keys that lead to an incident. They lead past one whose own record is
// damaged.
var indexes = []string{"open/", "part/", "promise/", "idle/", "review/", "followup/", "exported/"}

func begins(key string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// damage is the records that were found to be damaged, by whoever read them.
type damage struct {
	some  atomic.Bool
	mu    sync.Mutex
	found map[string]*storage.DamagedError
	told  func(key string)
}

// WhenDamaged has f told once of each record that is found to be damaged, and of those
// that were already. F must not wait: somebody reads meanwhile.
func (l *Ledger) WhenDamaged(f func(key string)) {
	d := &l.damage
	d.mu.Lock()
	d.told = f
	var keys []string
	for key := range d.found {
		keys = append(keys, key)
	}
	d.mu.Unlock()
	slices.Sort(keys)
	for _, key := range keys {
		f(key)
	}
}

// SomeDamaged reports whether any record was found to be damaged.
func (l *Ledger) SomeDamaged() bool { return l.damage.some.Load() }

// HighestDamaged is the highest number of an incident whose record was found to be
// damaged: it is taken, although nothing goes over it. 0: there is none.
func (l *Ledger) HighestDamaged() (n int) {
	l.damage.each("incident/", func(e *storage.DamagedError) { n = max(n, LastNumber(e.Key)) })
	return n
}

func (d *damage) note(e *storage.DamagedError) {
	d.mu.Lock()
	_, known := d.found[e.Key]
	if !known {
		if d.found == nil {
			d.found = map[string]*storage.DamagedError{}
		}
		d.found[e.Key] = e
		d.some.Store(true)
	}
	told := d.told
	d.mu.Unlock()
	if !known && told != nil {
		told(e.Key)
	}
}

// count is how many records were found to be damaged.
func (d *damage) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.found)
}

func (d *damage) each(prefix string, f func(*storage.DamagedError)) {
	if !d.some.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, e := range d.found {
		if strings.HasPrefix(key, prefix) {
			f(e)
		}
	}
}

// hides reports whether a key leads to an incident whose own record is damaged.
func (d *damage) hides(key string) bool {
	if !d.some.Load() || !begins(key, indexes) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, part := range strings.Split(key, "/")[1:] {
		if _, ok := d.found["incident/"+part]; ok {
			return true
		}
	}
	return false
}

// through has every transaction read past what is damaged.
func (d *damage) through(live storage.Snapshot) storage.Snapshot { return &past{live, d} }

// past is a view in which nobody is stopped by a damaged record that concerns something
// else.
type past struct {
	storage.Snapshot
	d *damage
}

// Get is a part of [storage.Snapshot].
func (p *past) Get(key string) ([]byte, error) {
	value, err := p.Snapshot.Get(key)
	if broken := (*storage.DamagedError)(nil); errors.As(err, &broken) {
		p.d.note(broken)
		if begins(key, spare) {
			return nil, storage.ErrNotFound
		}
	}
	return value, err
}

// Scan is a part of [storage.Snapshot].
func (p *past) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	strict := r.End != "" && begins(r.Start, whole) && strings.Count(r.Start, "/") > 1 // of one incident, or one version
	return storage.ScanPast(p.Snapshot, r, func(key string, value []byte) bool {
		return p.d.hides(key) || each(key, value)
	}, func(broken *storage.DamagedError) bool {
		p.d.note(broken)
		return !strict
	})
}

// Reachable is for [storage.Tx.Reachable].
func (p *past) Reachable(prefix string) (err error) {
	var keys []string
	p.d.each(prefix, func(e *storage.DamagedError) { keys = append(keys, e.Key) })
	for _, key := range keys { // unless it was written anew since
		if _, failed := p.Snapshot.Get(key); failed != nil && !errors.Is(failed, storage.ErrNotFound) {
			err = failed
		}
	}
	if below, ok := p.Snapshot.(interface{ Reachable(prefix string) error }); ok && err == nil {
		return below.Reachable(prefix)
	}
	return err
}

// IncidentOf returns the number of the incident to which a key belongs; 0: to none.
func IncidentOf(key string) int {
	f, ok := FamilyOf(key)
	if !ok {
		return 0
	}
	parts := strings.Split(key, "/")
	for k, p := range strings.Split(f.Key, "/") {
		if p == "N" && k < len(parts) {
			n, err := strconv.Atoi(parts[k])
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
