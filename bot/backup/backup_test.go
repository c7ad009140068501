package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// place is a keeper with a desk and a folder, in a bubble. What it copies is a word.
type place struct {
	*Keeper
	t      *testing.T
	led    *ledger.Ledger
	folder string
	stop   func()

	mu     sync.Mutex // what follows is changed while copies are taken
	fails  error      // of writing
	apart  error      // of what is beside the store
	bad    error      // of proving
	faults int
	free   int64
}

func inBubble(t *testing.T, keep int, f func(*place)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		engine, err := bolt.Open(filepath.Join(dir, "stormbell.db"), bolt.Options{Unsynced: true})
		if err != nil {
			t.Fatal(err)
		}
		db := storage.New(engine)
		defer db.Close()
		p := &place{t: t, folder: filepath.Join(dir, "copies"), free: 1 << 40, stop: func() {}}
		if p.led, err = ledger.Open(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		people, err := oncall.Open(t.Context(), p.led, oncall.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := desk.Open(t.Context(), p.led, people, desk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p.Keeper = New(Options{Folder: p.folder, Every: time.Hour, Keep: keep, Desk: d, Log: zerolog.Nop(),
			Write: func(_ context.Context, path string) error {
				p.mu.Lock()
				defer p.mu.Unlock()
				return errors.Join(os.WriteFile(path, []byte("a copy"), 0o600), p.fails)
			},
			Prove: func(context.Context, string) (int, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.faults, p.bad
			},
			Size: func() (int64, error) { return 1 << 20, nil },
			Free: func(string) (int64, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.free, nil
			},
		})
		defer func() { p.stop() }()
		f(p)
	})
}

// start begins to take copies; stop ends it.
func (p *place) start() {
	p.stop()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := p.Run(ctx); err != nil {
			p.t.Error(err)
		}
	}()
	p.stop = func() { cancel(); <-ended; p.stop = func() {} }
}

// change changes what the keeper meets.
func (p *place) change(f func(*place) error) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := f(p); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// names are what is in the folder, without the word that the store's copies share.
func (p *place) names() []string {
	p.t.Helper()
	entries, err := os.ReadDir(p.folder)
	if err != nil {
		p.t.Fatal(err)
	}
	known := p.known()
	var list []string
	for _, e := range entries {
		list = append(list, strings.Replace(e.Name(), known.Store, "X", 1))
	}
	return list
}

func (p *place) known() desk.Backup {
	p.t.Helper()
	known, err := p.o.Desk.Backup(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return known
}

// told are the words for the operators since the last look.
func (p *place) told() (list []string) {
	for _, j := range p.led.Take() {
		if j.Kind == ledger.Alarm {
			list = append(list, j.Text)
		}
	}
	return list
}

func (p *place) has(want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.names()); diff != "" {
		p.t.Errorf("the folder at %s (-want +got):\n%s", time.Now().UTC(), diff)
	}
}

// TestSchedule: a copy a minute after the start, then one an hour, of which three are
// kept; a restart changes neither the rhythm nor the count.
func TestSchedule(t *testing.T) {
	t.Parallel()
	inBubble(t, 3, func(p *place) {
		p.start()
		p.pass(59 * time.Second)
		if _, err := os.Stat(p.folder); err == nil {
			t.Error("there is a copy while the start needs the disk")
		}
		p.pass(time.Second)
		p.has("stormbell-X-000001-20000101T000100Z.db")
		if info, err := os.Stat(p.folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v, %v; want it for nobody else", info.Mode(), err)
		}
		p.pass(3 * time.Hour)
		three := []string{"stormbell-X-000002-20000101T010100Z.db", "stormbell-X-000003-20000101T020100Z.db", "stormbell-X-000004-20000101T030100Z.db"}
		p.has(three...)
		p.stop()
		p.pass(10 * time.Minute)
		p.start()
		p.pass(30 * time.Minute)
		p.has(three...)
		p.pass(20 * time.Minute)
		p.has(append(three[1:], "stormbell-X-000005-20000101T040100Z.db")...)
		p.stop()
		p.pass(24 * time.Hour)
		p.start()
		p.pass(time.Minute)
		p.has(append(three[2:], "stormbell-X-000005-20000101T040100Z.db", "stormbell-X-000006-20000102T040200Z.db")...)
		if known := p.known(); !known.At.Equal(time.Now()) || known.Trouble != "" || p.Failing() {
			t.Errorf("known of it: %+v, failing %v", known, p.Failing())
		}
		if told := p.told(); len(told) > 0 {
			t.Errorf("the operators are told %q", told)
		}
	})
}

// TestOnlyItsOwn: nothing is removed that the keeper has not written, and what a crash
// has left of its own is.
func TestOnlyItsOwn(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(p *place) {
		p.start()
		p.pass(time.Minute)
		p.stop()
		store := p.known().Store
		mine := func(name string) string { return strings.Replace(name, "X", store, 1) }
		left := []string{
			"stormbell.db", "stormbell-X-000001-20000101T000100Z.db.gz", "copy of stormbell-X-000001-20000101T000100Z.db",
			"stormbell-0badcafe-000001-20000101T000100Z.db", ".stormbell-0badcafe-000001.partial",
			"stormbell-X-1-20000101T000100Z.db", "stormbell-X-000001-20009901T000100Z.db",
		}
		for _, name := range append(left, ".stormbell-X-000002.partial", ".stormbell-X-000002.partial.holder") {
			if err := os.WriteFile(filepath.Join(p.folder, mine(name)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		link, folder := "stormbell-X-000000-20000101T000000Z.db", "stormbell-X-000000-20000101T000001Z.db"
		if err := errors.Join(os.Symlink(filepath.Join(p.folder, "stormbell.db"), filepath.Join(p.folder, mine(link))), os.Mkdir(filepath.Join(p.folder, mine(folder)), 0o700)); err != nil {
			t.Fatal(err)
		}
		p.start()
		p.pass(2 * time.Hour)
		want := append(left, link, folder, "stormbell-X-000003-20000101T020100Z.db")
		slices.Sort(want)
		got := p.names()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the folder (-want +got):\n%s", diff)
		}
	})
}

// TestClockSetBack: copies that seem to be of tomorrow put nothing off, and are the ones
// that go.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(p *place) {
		if _, err := p.o.Desk.BackupBegins(p.t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(p.folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"000007-20990101T000000Z", "000008-20990101T010000Z"} {
			if err := os.WriteFile(filepath.Join(p.folder, "stormbell-"+p.known().Store+"-"+name+".db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p.start()
		p.pass(time.Minute)
		p.has("stormbell-X-000008-20990101T010000Z.db", "stormbell-X-000009-20000101T000100Z.db")
		p.pass(time.Hour)
		p.has("stormbell-X-000009-20000101T000100Z.db", "stormbell-X-000010-20000101T010100Z.db")
	})
}

// TestRoomForTheLast: where nobody knows how large the store is, as on a cluster, the next copy
// needs as much room as the last one.
func TestRoomForTheLast(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(p *place) {
		p.o.Size = nil
		p.free = spare - 1
		p.start()
		p.pass(2 * time.Minute)
		if known := p.known(); !strings.Contains(known.Trouble, "there is no room in ") {
			t.Errorf("the first one, with less than is left: %+v", known)
		}
		p.change(func(p *place) error { p.free = spare; return nil })
		p.pass(2 * time.Hour)
		copies := p.names()
		p.change(func(p *place) error { p.free = spare + int64(len("a copy")) - 1; return nil })
		p.pass(2 * time.Hour)
		p.has(copies...)
		if known := p.known(); !strings.Contains(known.Trouble, "there is no room in ") {
			t.Errorf("with less than the last one needs: %+v", known)
		}
		p.change(func(p *place) error { p.free++; return nil })
		p.pass(time.Hour)
		if known := p.known(); known.Trouble != "" {
			t.Errorf("with as much: %+v", known)
		}
	})
}

// TestTrouble: whatever is in the way is said once, nothing is left half done, no copy is
// removed for it, and it is said when it works again.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		make  func(*place) error
		mend  func(*place) error
		words string
	}{
		{"no room", func(p *place) error { p.free = 60 << 20; return nil }, func(p *place) error { p.free = 1 << 30; return nil }, "there is no room in "},
		{"a full disk", func(p *place) error { p.fails = &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}; return nil }, func(p *place) error { p.fails = nil; return nil }, "there is no room left in "},
		{"a read-only disk", func(p *place) error { p.fails = syscall.EROFS; return nil }, func(p *place) error { p.fails = nil; return nil }, "is on a read-only disk"},
		{"no right", func(p *place) error { p.fails = os.ErrPermission; return nil }, func(p *place) error { p.fails = nil; return nil }, "may not write into"},
		{"the folder is gone", func(p *place) error { return os.Rename(p.folder, p.folder+".away") }, func(p *place) error { return os.Rename(p.folder+".away", p.folder) }, "is not there any more"},
		{"the folder goes meanwhile", func(p *place) error {
			p.bad = os.ErrNotExist
			return os.Rename(p.folder, p.folder+".away")
		}, func(p *place) error { p.bad = nil; return os.Rename(p.folder+".away", p.folder) }, "is not there any more"},
		{"a file in its place", func(p *place) error {
			return errors.Join(os.Rename(p.folder, p.folder+".away"), os.WriteFile(p.folder, nil, 0o600))
		}, func(p *place) error {
			return errors.Join(os.Remove(p.folder), os.Rename(p.folder+".away", p.folder))
		}, "is no folder"},
		{"a copy that is not whole", func(p *place) error { p.bad = errors.New("page 7 is used twice"); return nil }, func(p *place) error { p.bad = nil; return nil }, "page 7 is used twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(p *place) {
				p.start()
				p.pass(2 * time.Hour)
				two := p.names()
				p.change(c.make)
				p.pass(3 * time.Hour)
				if told := p.told(); len(told) != 1 || !strings.Contains(told[0], c.words) || !strings.Contains(told[0], "The last copy is of 1 January, 01:01 UTC.") {
					t.Errorf("the operators are told %q, want once %q", told, c.words)
				}
				if known := p.known(); !strings.Contains(known.Trouble, c.words) || !p.Failing() || known.Since.IsZero() {
					t.Errorf("known of it: %+v, failing %v", known, p.Failing())
				}
				p.start() // which must not tell it again
				p.pass(30 * time.Minute)
				p.change(c.mend)
				p.has(two...)
				p.pass(5 * time.Minute)
				if told := p.told(); len(told) != 1 || told[0] != "The store is backed up again." {
					t.Errorf("the operators are told %q, want that it works", told)
				}
				if known := p.known(); known.Trouble != "" || p.Failing() || len(p.names()) != 2 || p.names()[0] != two[1] {
					t.Errorf("known of it: %+v, failing %v, the folder has %q", known, p.Failing(), p.names())
				}
			})
		})
	}
}

// TestFaultyStore: a copy of a store whose records do not fit each other is better than
// none, and pushes out no last one that is sound.
func TestFaultyStore(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(p *place) {
		p.start()
		p.pass(2 * time.Hour)
		p.change(func(p *place) error { p.faults = 3; return nil })
		p.pass(5 * time.Hour)
		p.has("stormbell-X-000002-20000101T010100Z.db", "stormbell-X-000006-20000101T050100Z.faulty.db", "stormbell-X-000007-20000101T060100Z.faulty.db")
		if told := p.told(); len(told) != 1 || !strings.Contains(told[0], "fsck") {
			t.Errorf("the operators are told %q", told)
		}
		if known := p.known(); !p.Failing() || known.At.Hour() != 1 {
			t.Errorf("known of it: %+v, failing %v; want that the last sound one counts", known, p.Failing())
		}
		p.change(func(p *place) error { p.faults = 0; return nil })
		p.pass(2 * time.Hour)
		p.has("stormbell-X-000008-20000101T070100Z.db", "stormbell-X-000009-20000101T080100Z.db")
	})
}

// TestStops: a copy under way does not hold up the end, and leaves nothing.
func TestStops(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(p *place) {
		write := p.o.Write
		p.o.Write = func(ctx context.Context, path string) error {
			if err := write(ctx, path); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		}
		p.start()
		p.pass(10 * time.Minute)
		p.has(".stormbell-X-000001.partial")
		p.stop()
		p.has()
		if known := p.known(); known.Trouble != "" || len(p.told()) > 0 {
			t.Errorf("known of it: %+v; want no trouble", known)
		}
	})
}

// TestNewer names the newest sound copy that is newer than another one.
// TestBeside: what lies beside the store is copied after each copy of it. Where that fails, the
// copy stands, the operators are told once, and no more copies are taken for that.
func TestBeside(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(p *place) {
		took := 0
		p.o.Beside = func(_ context.Context, folder string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if entries, err := os.ReadDir(folder); err != nil || len(entries) == 0 {
				p.t.Errorf("before there is a copy: %v", err)
			}
			took++
			return p.apart
		}
		p.start()
		p.pass(2 * time.Hour)
		p.change(func(p *place) error { p.apart = errors.New("the archive files could not be copied"); return nil })
		p.pass(3 * time.Hour)
		if told := p.told(); len(told) != 1 || !strings.Contains(told[0], "is whole, but the archive files could not be copied") {
			t.Errorf("the operators are told %q", told)
		}
		p.has("stormbell-X-000004-20000101T030100Z.db", "stormbell-X-000005-20000101T040100Z.db")
		if !p.Failing() || took != 5 {
			t.Errorf("failing %v, copied %d times", p.Failing(), took)
		}
		p.change(func(p *place) error { p.apart = nil; return nil })
		p.pass(time.Hour)
		if told := p.told(); p.Failing() || len(told) != 1 {
			t.Errorf("failing %v, told %q", p.Failing(), told)
		}
	})
}

func TestNewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const one, two, three, other = "stormbell-00000001-000001-20260101T000000Z.db", "stormbell-00000001-000002-20260101T010000Z.db",
		"stormbell-00000001-000003-20260101T010000Z.faulty.db", "stormbell-00000002-000009-20260101T010000Z.db"
	for _, name := range []string{one, two, three, other} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{filepath.Join(dir, one): two, two: "", "somewhere/" + three: "", "copy.db": "", other: ""} {
		if got := Newer(dir, path); got != want {
			t.Errorf("Newer(%s) = %q, want %q", path, got, want)
		}
	}
	if got := Newer(filepath.Join(dir, "none"), one); got != "" {
		t.Errorf("Newer() in no folder = %q", got)
	}
}
