package bolt

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
)

var (
	modelSeeds = flag.Int("seeds", 8, "how many seeds TestJournalModel plays")
	modelFirst = flag.Uint64("seed", 1, "the first of them")
)

// TestJournalModel plays stores through many lives: commits of every size, backups, what time
// does, faults of the journal's disk, and ends of every kind, killed at each step of carrying
// over and of closing among them. After every opening there is what was confirmed and nothing
// else, and no file that nobody needs.
func TestJournalModel(t *testing.T) {
	seeds := *modelSeeds
	switch {
	case seeds > 0:
	case os.Getenv("EVERY_CASE") != "":
		seeds = 40
	default:
		seeds = 3
	}
	for seed := *modelFirst; seed < *modelFirst+uint64(seeds); seed++ {
		m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 77)), path: filepath.Join(t.TempDir(), "store.db"), want: map[string]string{}}
		for life := 0; life < 15 && !t.Failed(); life++ {
			m.begin()
			m.live()
			m.end()
		}
		if t.Failed() {
			t.Fatalf("seed %d\n%s", seed, strings.Join(m.trace, "\n"))
		}
	}
}

type model struct {
	t      *testing.T
	rng    *rand.Rand
	path   string
	e      *Engine
	faults bool
	count  int               // of commits
	want   map[string]string // what was confirmed
	maybe  map[string]string // and with the one commit of which nothing is known; nil: there is none
	trace  []string
}

func (m *model) log(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf(format, args...))
}

// oneIn reports true once in n times.
func (m *model) oneIn(n int) bool { return m.rng.IntN(n) == 0 }

// faulty is a file whose disk is full at times, and fails at times.
type faulty struct {
	*os.File
	m *model
}

func (f faulty) WriteAt(p []byte, at int64) (int, error) {
	if f.m.faults && f.m.oneIn(7) {
		n := f.m.rng.IntN(len(p)/512+1) * 512
		n, _ = f.File.WriteAt(p[:min(n, len(p))], at)
		return n, syscall.ENOSPC
	}
	return f.File.WriteAt(p, at)
}

func (f faulty) Sync() error {
	if f.m.faults && f.m.oneIn(100) {
		return errDisk
	}
	return nil // nobody waits for a disk here
}

func (m *model) begin() {
	o := Options{Journal: !m.oneIn(5), half: int64(2+m.rng.IntN(5)) * blockSize, atOnce: 3 + m.rng.IntN(6), Unsynced: m.oneIn(8)}
	var err error
	if m.e, err = Open(m.path, o); err != nil {
		m.t.Fatalf("refused: %v\n%s", err, strings.Join(m.trace, "\n"))
	}
	files := 0
	m.faults = false
	if c := m.e.carrier; c != nil {
		files, m.faults = 2, m.oneIn(3)
		for n, f := range c.journal.files {
			c.journal.files[n] = faulty{f.(*os.File), m}
		}
		m.log("open %+v: goes on in %d at %d behind %d", o, c.journal.now, c.journal.at/blockSize, c.journal.last)
	}
	if left := Journal(m.path); len(left) != files {
		m.t.Errorf("%d files of journals, want %d", len(left), files)
	}
	m.check()
}

func (m *model) check() {
	got := all(m.t, m.e, storage.Range{})
	if m.maybe != nil && maps.Equal(got, m.maybe) {
		m.want = m.maybe
	}
	m.maybe = nil
	if diff := cmp.Diff(m.want, got); diff != "" {
		m.t.Errorf("(-want +got):\n%s", diff)
	}
	if got := all(m.t, m.e, storage.Range{Reverse: true}); !maps.Equal(got, m.want) {
		m.t.Errorf("in reverse there are %d records, want %d", len(got), len(m.want))
	}
}

// changes returns what a commit does, and what there is with it.
func (m *model) changes() (list []storage.Change, after map[string]string) {
	m.count++
	after = maps.Clone(m.want)
	for range 1 + m.rng.IntN(4) + m.rng.IntN(2)*m.rng.IntN(15) {
		c := storage.Change{Key: fmt.Sprint("k", m.rng.IntN(40))}
		if c.Delete = m.oneIn(5); c.Delete {
			delete(after, c.Key)
		} else {
			size := m.rng.IntN(300)
			if m.oneIn(12) {
				size = m.rng.IntN(30000)
			}
			c.Value = fmt.Appendf(nil, "%d/%s", m.count, strings.Repeat("v", size))
			after[c.Key] = string(c.Value)
		}
		list = append(list, c)
	}
	return list, after
}

func (m *model) live() {
	for range m.rng.IntN(20) {
		c := m.e.carrier
		switch what := m.rng.IntN(12); {
		case what == 0:
			if _, err := m.e.Backup(io.Discard); err != nil {
				m.t.Errorf("Backup() = %v", err)
			}
			m.log("backup")
		case what == 1 && c != nil: // as after a while
			c.mu.Lock()
			m.log("turn: %v", c.turn())
			c.mu.Unlock()
		case what == 2:
			m.check()
		case what == 3 && c != nil:
			m.renewed()
		default:
			list, after := m.changes()
			err := m.e.Commit(context.Background(), list)
			m.log("commit %d: %v", m.count, err)
			switch {
			case err == nil:
				m.want = after
			case errors.Is(err, storage.ErrUnknown):
				m.maybe = after
				return
			case !m.faults:
				m.t.Errorf("Commit() = %v", err)
			}
		}
	}
}

func (m *model) end() {
	m.faults = false
	c, how := m.e.carrier, m.rng.IntN(8)
	m.log("end %d", how)
	switch {
	case c == nil, how < 2 && c.isBroken() == nil:
		if err := m.e.Close(); err != nil {
			m.t.Errorf("Close() = %v", err)
		}
		if left := Journal(m.path); left != nil {
			m.t.Errorf("left: %v", left)
		}
		return
	case c.isBroken() == nil:
		c.mu.Lock()
		m.dying(how)
		c.mu.Unlock()
	}
	m.kill()
}

// dying does a part of what a store does, before it is killed.
func (m *model) dying(how int) {
	c := m.e.carrier
	switch how {
	case 2, 3:
		m.torn()
	case 4: // while something was carried over
		_ = c.turn()
		c.carrying.Lock()
		if list := c.pending.lowerPart(); len(list) > m.e.atOnce && c.e.commitTree(list[:m.e.atOnce], nil) != nil {
			m.t.Error("a part was not carried over")
		}
		killed := errors.New("killed")
		c.broken.CompareAndSwap(nil, &killed)
		c.carrying.Unlock()
	case 5: // while it stopped
		if err := c.standAlone(); err != nil {
			m.t.Error(err)
		}
		for n := range m.rng.IntN(3) {
			os.Remove(journalPath(m.path, c.journal.id, n))
		}
	case 7: // while another journal took the place of one that was removed
		m.spoil()
		m.renewedIn()
	case 6: // long after the last commit
		if err := c.settle(); err != nil {
			m.t.Error(err)
		}
	}
}

// spoil takes files of the journal away, or others come into their place.
func (m *model) spoil() {
	for half := range 2 {
		name := journalPath(m.path, m.e.carrier.journal.id, half)
		switch m.rng.IntN(5) {
		case 0:
			os.Remove(name)
		case 1:
			_ = os.Truncate(name, int64(m.rng.IntN(2*blockSize))) // there may be none
		case 2:
			if os.Remove(name) == nil && os.WriteFile(name, make([]byte, m.rng.Int64N(m.e.carrier.half+1)), 0o600) != nil { // what is longer stays, and is told
				m.t.Error("nothing is in its place")
			}
		}
	}
}

// renewed is as after a while, when somebody has taken the journal away.
func (m *model) renewed() {
	c := m.e.carrier
	faults := m.faults
	m.faults = false
	m.spoil()
	c.mu.Lock()
	id := c.journal.id
	said := c.look()
	c.mu.Unlock()
	m.log("looked: %q", said)
	if c.isBroken() == nil && (c.gone || c.journal.half == 0 || id != c.journal.id) != (said != "") && c.told != "renewed" {
		m.t.Errorf("of %x, now %x, it says %q", id, c.journal.id, said)
	}
	m.faults = faults
}

// renewedIn does so up to a step, at which the process is killed.
func (m *model) renewedIn() {
	c, killed := m.e.carrier, errors.New("killed")
	last := []string{"alone", "removed", "named", "begun"}[m.rng.IntN(4)]
	m.log("killed in another journal: %s", last)
	c.step = func(what string) error {
		if what == last {
			return killed
		}
		return nil
	}
	c.begin = func(path string, id journalID, half int64) (*journal, error) {
		for n := range m.rng.IntN(3) {
			if os.WriteFile(journalPath(path, id, n), make([]byte, m.rng.Int64N(half+1)), 0o600) != nil {
				m.t.Error("a file could not be made")
			}
		}
		return nil, killed
	}
	_ = c.replace()
}

// torn leaves a commit of which some sectors were written.
func (m *model) torn() {
	c := m.e.carrier
	list, after := m.changes()
	if room(list) > c.journal.half {
		return
	}
	entry := c.journal.encode(list)
	if !c.journal.fits(entry) {
		_ = c.turn()
	}
	if err := c.need(); err != nil {
		m.t.Error(err)
	}
	for at := 0; at < len(entry); at += 512 {
		if !m.oneIn(4) {
			_, _ = c.journal.files[c.journal.now].WriteAt(entry[at:at+512], c.journal.at+int64(at))
		}
	}
	m.maybe = after
}

// kill ends the engine with nothing done, as far as the files are concerned.
func (m *model) kill() {
	if c := m.e.carrier; c != nil {
		killed := errors.New("killed")
		c.broken.CompareAndSwap(nil, &killed)
		close(c.ending)
		c.running.Wait()
		c.once.Do(func() { c.closed = c.journal.close() })
	}
	m.e.db.Close()
}
