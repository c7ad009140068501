package bolt

import (
	"sync"

	"github.com/google/btree"

	"github.com/stormbell/stormbell/storage"
)

// tree holds the latest change of each key, in the order of the keys.
type tree = btree.BTreeG[storage.Change]

func newTree() *tree {
	return btree.NewG(32, func(a, b storage.Change) bool { return a.Key < b.Key })
}

// pending is what is durable in the journal and not in the file yet.
type pending struct {
	mu    sync.Mutex
	upper *tree  // what came since the journal has turned last
	views *int   // how many views have it as it is now
	lower *tree  // what is being carried over; nil: nothing is
	turns uint64 // how often one of the two was exchanged
}

func newPending() pending { return pending{upper: newTree(), views: new(int)} }

// add takes in a commit. Views that are open keep what they
// have; most commits meet none, and need copy nothing.
func (p *pending) add(changes []storage.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *p.views > 0 {
		p.upper, p.views = p.upper.Clone(), new(int)
	}
	for _, c := range changes {
		p.upper.ReplaceOrInsert(c)
	}
}

// over lays what is pending at this moment over a view, if nothing was exchanged since turns.
func (p *pending) over(s *snapshot, turns uint64) (*over, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turns != turns {
		return nil, false
	}
	o := &over{snapshot: s, p: p, lower: p.lower}
	if p.upper.Len() > 0 {
		o.upper, o.views = p.upper, p.views
		*o.views++
	}
	return o, true
}

func (p *pending) exchanged() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns
}

// exchange has views that are being made begin again.
func (p *pending) exchange() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns++
}

// lay makes what is pending the lower part, and reports whether anything is. What comes now
// is apart from it.
func (p *pending) lay() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.upper.Len() == 0 {
		return false
	}
	p.lower, p.upper, p.views = p.upper, newTree(), new(int)
	p.turns++
	return true
}

// lowerPart returns the lower part in the order of its keys; nil: there is none.
func (p *pending) lowerPart() []storage.Change {
	p.mu.Lock()
	lower := p.lower
	p.mu.Unlock()
	if lower == nil {
		return nil
	}
	list := make([]storage.Change, 0, lower.Len())
	lower.Ascend(func(c storage.Change) bool {
		list = append(list, c)
		return true
	})
	return list
}

// done says that it is in the file.
func (p *pending) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lower = nil
	p.turns++
}

// over is a view of the file with what is pending laid over it.
type over struct {
	*snapshot
	p            *pending
	upper, lower *tree
	views        *int // among which it is counted; nil: it has no upper part
}

func (o *over) Close() error {
	if o.views != nil {
		o.p.mu.Lock()
		*o.views--
		o.p.mu.Unlock()
		o.views = nil
	}
	return o.snapshot.Close()
}

// change returns what is pending of a key.
func (o *over) change(key string) (storage.Change, bool) {
	for _, t := range []*tree{o.upper, o.lower} {
		if t == nil {
			continue
		}
		if c, ok := t.Get(storage.Change{Key: key}); ok {
			return c, true
		}
	}
	return storage.Change{}, false
}

func (o *over) Get(key string) ([]byte, error) {
	c, ok := o.change(key)
	switch {
	case !ok:
		return o.snapshot.Get(key)
	case c.Delete:
		return nil, storage.ErrNotFound
	}
	return append([]byte{}, c.Value...), nil
}

func (o *over) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	return o.ScanPast(r, each, func(*storage.DamagedError) bool { return false })
}

// ScanPast is for [storage.ScanPast]. A record that is damaged in the file is none where what is
// pending replaces it.
func (o *over) ScanPast(r storage.Range, each func(key string, value []byte) bool, damaged func(*storage.DamagedError) bool) error {
	m := &merging{r: r, each: each, damaged: damaged, upper: walk{t: o.upper, r: r}, lower: walk{t: o.lower, r: r}}
	err := o.snapshot.ScanPast(r, m.record, m.broken)
	if err == nil && m.stopped == nil {
		m.rest()
	}
	if m.stopped != nil {
		return m.stopped.cause()
	}
	return err
}

// merging gives out what is pending between the records of the file.
type merging struct {
	r            storage.Range
	each         func(key string, value []byte) bool
	damaged      func(*storage.DamagedError) bool
	upper, lower walk
	held         *storage.DamagedError // was met and not told yet
	stopped      *stop                 // nil: the scan goes on
}

// stop is why a scan ended early: its caller has had enough, or does not go on past damage.
type stop struct{ damage *storage.DamagedError }

func (s *stop) cause() error {
	if s.damage == nil {
		return nil
	}
	return s.damage
}

// before reports whether one key comes before another one in the order of the scan.
func (m *merging) before(a, b string) bool {
	if m.r.Reverse {
		return a > b
	}
	return a < b
}

// record takes a record of the file, and reports whether the scan goes on.
func (m *merging) record(key string, value []byte) bool {
	if !m.tell(key) {
		return false
	}
	replaced := m.upTo(key)
	if m.stopped == nil && !replaced && !m.each(key, value) {
		m.stopped = &stop{}
	}
	return m.stopped == nil
}

// broken takes a record of the file that is damaged. Its key may be what was damaged, so it
// waits for the next one, which tells whether it is in order.
func (m *merging) broken(d *storage.DamagedError) bool {
	if !m.tell(d.Key) {
		return false
	}
	m.held = d
	return true
}

// tell tells of the damaged record before next, unless what is pending replaces it, and
// reports whether the scan goes on.
func (m *merging) tell(next string) bool {
	return m.tellHeld(func(key string) bool { return m.before(key, next) })
}

func (m *merging) tellHeld(inOrder func(key string) bool) bool {
	d := m.held
	if d == nil {
		return true
	}
	m.held = nil
	if m.r.Contains(d.Key) && inOrder(d.Key) {
		if replaced := m.upTo(d.Key); replaced || m.stopped != nil {
			return m.stopped == nil
		}
	}
	if !m.damaged(d) {
		m.stopped = &stop{d}
	}
	return m.stopped == nil
}

// next returns the next change that is pending, without taking it.
func (m *merging) next() (storage.Change, bool) {
	u, inUpper := m.upper.peek()
	l, inLower := m.lower.peek()
	switch {
	case !inUpper:
		return l, inLower
	case !inLower || m.before(u.Key, l.Key):
		return u, true
	case u.Key == l.Key:
		m.lower.skip()
		return u, true
	}
	return l, true
}

func (m *merging) take(key string) {
	if u, ok := m.upper.peek(); ok && u.Key == key {
		m.upper.skip()
		return
	}
	m.lower.skip()
}

// give gives out one, and reports whether the scan goes on.
func (m *merging) give(c storage.Change) bool {
	m.take(c.Key)
	if !c.Delete && !m.each(c.Key, append([]byte{}, c.Value...)) {
		m.stopped = &stop{}
	}
	return m.stopped == nil
}

// upTo gives out what comes before a record of the file and in its place, and reports
// whether it is replaced.
func (m *merging) upTo(key string) (replaced bool) {
	for {
		c, ok := m.next()
		if !ok || m.before(key, c.Key) {
			return false
		}
		if !m.give(c) || c.Key == key {
			return c.Key == key
		}
	}
}

// rest gives out what comes after the last record of the file.
func (m *merging) rest() {
	if !m.tellHeld(func(string) bool { return true }) {
		return
	}
	for c, ok := m.next(); ok && m.give(c); c, ok = m.next() {
	}
}

// walkStep is how many changes a walk fetches at a time: most scans end after a few.
const walkStep = 8

// walk goes over the changes of a tree in r.
type walk struct {
	t       *tree
	r       storage.Range
	fetched []storage.Change
	ended   bool
}

func (w *walk) peek() (storage.Change, bool) {
	if len(w.fetched) == 0 && !w.ended {
		w.fetch()
	}
	if len(w.fetched) == 0 {
		return storage.Change{}, false
	}
	return w.fetched[0], true
}

func (w *walk) skip() { w.fetched = w.fetched[1:] }

func (w *walk) fetch() {
	if w.t == nil {
		w.ended = true
		return
	}
	take := func(c storage.Change) bool {
		if w.r.Reverse && w.r.End != "" && c.Key >= w.r.End {
			return true // the end itself is not in the range
		}
		if !w.r.Contains(c.Key) {
			return false
		}
		w.fetched = append(w.fetched, c)
		return len(w.fetched) < walkStep
	}
	switch {
	case !w.r.Reverse:
		w.t.AscendGreaterOrEqual(storage.Change{Key: w.r.Start}, take)
	case w.r.End == "":
		w.t.Descend(take)
	default:
		w.t.DescendLessOrEqual(storage.Change{Key: w.r.End}, take)
	}
	if len(w.fetched) < walkStep {
		w.ended = true
		return
	}
	if last := w.fetched[walkStep-1].Key; w.r.Reverse {
		w.r.End = last
	} else {
		w.r.Start = last + "\x00"
	}
}
