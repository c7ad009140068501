package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// What is here is for files of records that are written once, whole, and from then on
// only read. They have the form of a store, so every record has its checksum, and the file
// the sum of all.

// batchBytes is how much of such a file is written in one transaction of bbolt's.
const batchBytes = 4 << 20

// WriteFile makes a file at path, where nothing is, of the records that fill puts, in the
// order of their keys. It is on the disk and was read from beginning to end when WriteFile
// returns nil; otherwise there is no file.
func WriteFile(path string, fill func(put func(key string, value []byte) error) error) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}()
	if err := fillFile(path, fill); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = verify(f, info.Size(), Options{})
	}
	return err
}

func fillFile(path string, records func(put func(key string, value []byte) error) error) (err error) {
	defer recovered(&err)
	if err := fill(path, Options{Unsynced: true}); err != nil {
		return err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: 1, NoSync: true, NoGrowSync: true, NoFreelistSync: true, FreelistType: bolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return err
	}
	db.AllocSize = 0 // the file grows by what is needed
	var batch []storage.Change
	size := 0
	flush := func() error {
		err := db.Update(func(tx *bolt.Tx) error { return apply(tx, batch, nil) })
		batch, size = batch[:0], 0
		return err
	}
	err = records(func(key string, value []byte) error {
		batch, size = append(batch, storage.Change{Key: key, Value: value}), size+len(key)+len(value)
		if size < batchBytes {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return errors.Join(err, db.Close())
}

// ReadFile opens what [WriteFile] has written as one view, and closes it with that. It
// reads the file from beginning to end beforehand, unless verified says that somebody has
// done so since it was written. An error says why it cannot be read, without its path.
func ReadFile(path string, verified bool) (s storage.Snapshot, err error) {
	defer recovered(&err)
	open := func(name string, _ int, _ os.FileMode) (*os.File, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		if err := checkFile(f, verified); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 1, NoStatistics: true, OpenFile: open})
	if err != nil {
		return nil, causeOf(err)
	}
	view, err := (&Engine{path: path, db: db}).Snapshot(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &file{view.(*snapshot), db}, nil
}

func checkFile(f *os.File, verified bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := checkMode(info, func(string) {}); err != nil || verified {
		return err
	}
	_, err = verify(f, info.Size(), Options{})
	return err
}

// causeOf is why a file cannot be read, in words without its path.
func causeOf(err error) error {
	var r refusal
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return err
	case errors.As(err, &r):
		return errors.New(r.cause)
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this user")
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// file is a view of a whole file, which is closed with it.
type file struct {
	*snapshot
	db *bolt.DB
}

// Close releases the view and the file.
func (f *file) Close() error { return errors.Join(f.snapshot.Close(), f.db.Close()) }

// ErrLocked is that another process has a folder locked.
var ErrLocked = errInUse

// LockFolder takes a folder for whoever writes into it, until unlock is called or the process
// ends; [ErrLocked] if somebody else has it. On systems where a folder cannot be locked
// everybody gets it.
func LockFolder(path string) (unlock func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// SyncFolder makes durable what was created, renamed or removed in a folder.
func SyncFolder(path string) error { return syncDir(path) }
