// Package bolt is the storage engine on one file, the default: an Engine of
// package storage on bbolt.
//
// Open makes sure that the file is Stormbell's own, whole, of a version this
// program knows, private, and used by nobody else, and otherwise refuses with
// words that say what to do. It never overwrites a file it does not
// understand. A file is read through once before it is used, so damage is
// found at start and not in the middle of an incident. Of a file larger than
// Options.WholeUpTo the records are read afterwards, by Verify, while work goes on.
//
// Commits are durable, unless Options.Unsynced says otherwise: bbolt syncs twice
// for each. Deleting records gives
// their space back to the store, not to the disk.
package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/stormbell/stormbell/storage"
)

// Options are the rarely needed choices of Open; the zero value is right for
// nearly everybody.
type Options struct {
	// UseOlderHeader accepts a file of whose two header pages the newer one is
	// damaged. The last commit before the damage is missing then.
	UseOlderHeader bool

	// Unsynced makes commits wait for no disk: they outlive the program, but not a
	// crash of the machine, which can damage the file. It is for stores that are
	// thrown away, as in tests.
	Unsynced bool

	// Journal makes commits durable in a journal beside the file, which takes one
	// sync in the place of two, and carries them over into the file later. It is for
	// whoever has the file open for long. Without it, what a journal was left with is
	// carried over all the same. It stands in the folder of the file itself, so a file that is
	// mounted without its folder has none. With Unsynced it is ignored.
	Journal bool

	// WithoutJournal opens a file as it was when its journal was carried over last, for whoever
	// has that no more. What was confirmed since, a few seconds of it, is missing then; of a
	// commit that was being carried over a part can be there.
	WithoutJournal bool

	half   int64 // the size of each of the files of the journal in bytes; 0: journalHalf
	atOnce int   // 0: carryAtOnce

	// WholeUpTo is how many bytes a file may have for all of it to be read before
	// Open returns, which takes about a second for each gigabyte. Of a larger one only
	// what leads to the records is read, and who opens it is to call [Engine.Verify]. 0:
	// every file is read, however large.
	WholeUpTo int64

	// Warn is told in plain words what is not as it should be, though no reason
	// to refuse. Nil means that nobody wants to know.
	Warn func(text string)

	// Alarm is told in plain words what somebody has to see to while the store is open. It
	// may commit into the store. Nil: Warn is told.
	Alarm func(text string)
}

// Engine is a storage.Engine on a file. The process that has it open is the
// only one that can.
type Engine struct {
	path    string
	beside  string // path without links: where the journal is
	db      *bolt.DB
	file    *os.File    // that db has open
	headers int64       // of which so many bytes are needed for anything else
	info    fs.FileInfo // of the file as it was opened
	o       Options     // Warn and Alarm are there

	touched   atomic.Int64 // about how many bytes of the file were gone over since it was looked what is resident
	unread    atomic.Int64 // bytes of files that were resident when the file's were let go of
	mayReside int64        // bytes of the file that may be resident

	atOnce int // how many changes are carried over in one commit; 0: carryAtOnce

	older bool // the newer of the two header pages is damaged

	carrier *carrier // writes commits into a journal first; nil: there is none

	aside *aside // reads what Open has not read; nil: it has read everything
}

const (
	// mapSize is how much address space is set aside for the file. Beyond it,
	// growing has to wait for all open views. It costs neither memory nor disk.
	mapSize = 1 << 30
	// growStep is by how much the file grows, sparsely, when it is full.
	growStep = 1 << 20
	// fillPercent is how full a page is left when it is split. Most records are
	// appended at the end of their kind, where bbolt's half would waste the rest.
	fillPercent = 0.8
)

// Open opens the store at path, and creates it, with its folder, when nothing
// is there. It returns at once when another process has it.
func Open(path string, o Options) (*Engine, error) {
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Alarm == nil {
		o.Alarm = o.Warn
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := ensure(path, o); err != nil {
		return nil, explain(path, err)
	}
	e := &Engine{path: path, o: o, atOnce: o.atOnce, mayReside: mayReside}
	if e.beside, err = filepath.EvalSymlinks(path); err != nil {
		e.beside = path // there are folders on Windows of which it knows nothing
	}
	if err := e.openFile(o); err != nil {
		return nil, explain(path, err)
	}
	if err := e.takeOver(o); err != nil {
		return nil, explain(path, errors.Join(err, e.db.Close()))
	}
	if o.Journal && !o.Unsynced && e.carrier == nil {
		err := e.startJournal(cmp.Or(o.half, journalHalf))
		if errors.Is(err, storage.ErrUnknown) {
			return nil, explain(path, errors.Join(err, e.db.Close()))
		}
		if err != nil {
			o.Warn(fmt.Sprintf("store %s: there is no journal, so commits take longer: %v", path, err))
		}
	}
	if err := writeHolder(path); err != nil {
		o.Warn(fmt.Sprintf("store %s: a second process could not be told who holds the store: %v", path, err))
	}
	return e, nil
}

// ensure creates an empty store at path when nothing is there. It is written
// and synced under another name first: bbolt cannot open what a crash leaves
// of a half-written one.
func ensure(path string, o Options) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(fill(f.Name(), o), syncFile(f, o), f.Close()); err != nil {
		return err
	}
	// Link, unlike Rename, does not replace what another process has put there
	// in the meantime; that one is as good as ours.
	err = os.Link(f.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(f.Name(), path) // a file system without links
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if o.Unsynced {
		return nil
	}
	return syncDir(dir)
}

func syncFile(f *os.File, o Options) error {
	if o.Unsynced {
		return nil
	}
	return f.Sync()
}

// fill makes an empty store of the empty file at path.
func fill(path string, o Options) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: o.Unsynced, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(metaBucket))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(recordsBucket)); err != nil {
			return err
		}
		return errors.Join(
			meta.Put([]byte(schemaKey), []byte(strconv.Itoa(schema))),
			meta.Put([]byte(tallyKey), tally{}.encode()))
	})
	return errors.Join(err, db.Close())
}

// openFile locks the file, reads it, and only then lets bbolt at it.
func (e *Engine) openFile(o Options) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// Should bbolt see damage where verify saw none, it panics.
		if p := recover(); p != nil {
			err = damaged("%v", p)
		}
	}()
	opts := &bolt.Options{
		Timeout: 1, // one attempt at the lock, no waiting
		// After much deleting, rewriting the list of free pages with every commit
		// makes commits thirty times slower. See keepFree for how Open does without.
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
		NoStatistics:   true,
		OpenFile:       func(name string, _ int, _ os.FileMode) (*os.File, error) { return e.openChecked(name, o) },
		NoSync:         o.Unsynced,
		NoGrowSync:     o.Unsynced,
	}
	if runtime.GOOS != "windows" && strconv.IntSize == 64 { // Windows would make the file that large
		opts.InitialMmapSize = mapSize
	}
	db, err := bolt.Open(e.path, 0o600, opts)
	if err != nil {
		return err
	}
	db.AllocSize = growStep
	if tx, err := db.Begin(false); err == nil {
		e.forget(tx) // without a list of free pages, opening has touched them all
		_ = tx.Rollback()
	}
	e.db, e.headers = db, 2*int64(db.Info().PageSize)
	return nil
}

// openChecked opens and locks an existing file and verifies it, as far as it is to be
// read now.
func (e *Engine) openChecked(path string, o Options) (_ *os.File, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkMode(info, o.Warn); err != nil {
		return nil, err
	}
	// The same lock that bbolt takes a moment later on the same descriptor, so
	// that nobody writes while the file is being verified.
	if err := lock(f); err != nil {
		return nil, err
	}
	e.file, e.info = f, info
	if err := e.read(f, info.Size(), o); err != nil {
		return nil, err
	}
	return f, nil
}

// read reads the file as far as it is to be read before it is used.
func (e *Engine) read(f *os.File, size int64, o Options) error {
	var to storeFile = f
	if o.Unsynced {
		to = unsynced{f}
	}
	if o.WholeUpTo > 0 && size > o.WholeUpTo {
		c, err := skimFile(f, size, o, func(at int64, n int) { readSoon(f, at, n) })
		if err != nil {
			return err
		}
		e.older = !c.meta.both
		listed, err := c.keepFree(to)
		if listed {
			e.aside = &aside{file: f, room: sliceBytes}
			return nil
		}
		o.Warn(fmt.Sprintf("store %s: the list of free pages could not be written, so all of the file is read first: %v", e.path, err))
	}
	c, err := verify(f, size, o)
	if err != nil {
		return err
	}
	if e.older = !c.meta.both; c.meta.end < listFrom {
		return nil
	}
	if _, err := c.keepFree(to); err != nil {
		o.Warn(fmt.Sprintf("store %s: the list of free pages could not be written, so the start takes longer: %v", e.path, err))
	}
	return nil
}

// unsynced is a file for which nobody waits.
type unsynced struct{ *os.File }

func (unsynced) Sync() error { return nil }

// checkMode refuses what is no file or open to everybody.
func checkMode(info fs.FileInfo, warn func(string)) error {
	if !info.Mode().IsRegular() {
		return refuse("is not a file", "name the file in which the store is to be kept")
	}
	if runtime.GOOS == "windows" {
		return nil // its permissions are elsewhere
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o007 != 0:
		return refuse(fmt.Sprintf("can be used by every user of this machine (mode %04o), and holds phone numbers", mode), "run: chmod 600 FILE")
	case mode&0o070 != 0:
		warn(fmt.Sprintf("store %s: can be used by its group (mode %04o); if that is not wanted, run: chmod 600 on it", info.Name(), mode))
	}
	return nil
}

func checkSchema(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return refuse(fmt.Sprintf("has the schema version %.20q, which makes no sense", text), "restore a backup")
	}
	if n > schemaJournal {
		return refuse(fmt.Sprintf("was written by a newer Stormbell (schema %d; this one knows schema %d)", n, schemaJournal),
			"install the newer version, or restore the backup made before the upgrade")
	}
	return nil
}

// Limits makes a *Engine tell storage.New that many closures may share one
// commit. The file itself has no limit; this one bounds how long the first of
// them waits.
func (e *Engine) Limits() storage.Limits {
	return storage.Limits{Changes: 2048, Bytes: 16 << 20}
}

// Snapshot returns a view of everything committed.
func (e *Engine) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		turns := uint64(0)
		if e.carrier != nil {
			turns = e.carrier.pending.exchanged()
		}
		s, err := e.view()
		if err != nil {
			return nil, fmt.Errorf("read store: %w", closedAs(err))
		}
		if e.carrier == nil {
			return s, nil
		}
		// What was pending when the view began may be in it or not; if it moved meanwhile, it
		// could be in neither.
		if o, ok := e.carrier.pending.over(s, turns); ok {
			return o, nil
		}
		_ = s.tx.Rollback()
	}
}

// view returns a view of the file.
func (e *Engine) view() (_ *snapshot, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var tx *bolt.Tx
	defer func() {
		if p := recover(); p != nil {
			letGo(tx)
			err = fmt.Errorf("file damaged: %v", p)
		}
	}()
	if tx, err = e.begin(false); err != nil {
		return nil, err
	}
	return &snapshot{engine: e, tx: tx, records: tx.Bucket([]byte(recordsBucket))}, nil
}

// begin begins a transaction of bbolt's. One that faulted on its headers would keep the locks of
// bbolt for ever.
func (e *Engine) begin(writes bool) (*bolt.Tx, error) {
	if info, err := e.file.Stat(); err == nil && info.Size() < e.headers {
		return nil, errShort
	}
	return e.db.Begin(writes)
}

// errShort is that the file has lost its headers while it was open.
var errShort = errors.New("its file was cut short while the bot has it open; stop the bot, move the file away and put the last sound copy back")

// Backup writes a copy of the store as of now to w, while work goes on, and
// returns its size. While it runs the file grows with each commit, so w should
// be a local file and not a slow reader. The copy is a store that Open takes.
func (e *Engine) Backup(w io.Writer) (int64, error) {
	var tx *bolt.Tx
	begin := func() (err error) {
		tx, err = e.begin(false)
		return closedAs(err)
	}
	err := error(nil)
	if e.carrier != nil {
		err = e.carrier.alone(begin)
	} else {
		err = begin()
	}
	if tx != nil {
		defer tx.Rollback()
	}
	if err != nil {
		return 0, fmt.Errorf("back up store: %w", err)
	}
	n, err := tx.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("back up store: %w", err)
	}
	return n, nil
}

// Size returns the size of the file in bytes. It never shrinks.
func (e *Engine) Size() (int64, error) {
	info, err := os.Stat(e.path)
	if err != nil {
		return 0, fmt.Errorf("size of store: %w", err)
	}
	return info.Size(), nil
}

// Close releases the file. It waits for open views.
func (e *Engine) Close() error {
	removeHolder(e.path)
	var err error
	if e.carrier != nil {
		err = e.carrier.close()
	}
	if err := errors.Join(err, e.db.Close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// closedAs translates bbolt's word for a closed file.
func closedAs(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return storage.ErrClosed
	}
	return err
}
