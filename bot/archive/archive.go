// Package archive keeps the records of incidents that ended long ago in files beside the
// store, one for each month, and has them read as if they were in the store.
//
// Its noun is the [Folder] of the files. A file is written whole under another name,
// proven, and put in the place of the one before; it is only read from then on. Which
// incident lies in which file the store says, in the record archived/N, and the file has
// the same record: a file of another day is not mistaken for the one that is meant.
//
// What is to be moved when is decided above. The package refuses to leave out of a file
// anything that the store says is in it, and removes no file.
package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// markPrefix begins the keys of the records that say which incidents are archived, and in
// which file.
const markPrefix = "archived/"

// mark is what is read of such a record.
type mark struct {
	File string `json:"file"`
}

// name is what a file is called: its month, a number from the second one of the month on, and
// what it is.
var name = pattern.New(`^[0-9]{4}-[0-9]{2}(\.[0-9]+)?\.archive$`)

// Folder is where the files are. Its methods may be called concurrently, but for Put.
type Folder struct {
	path string
	// some is whether an incident is archived: nothing is looked for in files otherwise.
	some atomic.Int32

	mu     sync.Mutex
	proven map[string]proof // the files as they were read from beginning to end

	reads atomic.Int32 // how often a file was read from beginning to end, or to where it is damaged

	step func(what string) error // called between two steps of Put; a test stops there

	OnOpen func() // called whenever a file was opened; nil: nothing is
}

// proof is how a file was when it was read from beginning to end, and what is wrong with it.
type proof struct {
	fs.FileInfo
	err error
}

const (
	unknown = iota
	none
	several
)

// At returns the folder at path, which need not exist yet.
func At(path string) *Folder {
	return &Folder{path: path, proven: map[string]proof{}, step: func(string) error { return nil }}
}

// Path returns where the folder is.
func (f *Folder) Path() string { return f.path }

// open opens a file of the folder, and reads it from beginning to end unless it is as it
// was when that was done last: one that is damaged is not read again by everybody who asks.
func (f *Folder) open(file string) (storage.Snapshot, error) {
	path := filepath.Join(f.path, file)
	info, err := os.Stat(path)
	if err != nil || f.path == "" {
		return nil, cmp.Or(err, fs.ErrNotExist)
	}
	if !info.Mode().IsRegular() { // a pipe would be waited for
		return nil, errors.New("is no file")
	}
	f.mu.Lock()
	was, known := f.proven[file]
	f.mu.Unlock()
	known = known && os.SameFile(was.FileInfo, info) && was.Size() == info.Size() && was.ModTime().Equal(info.ModTime()) && was.Mode() == info.Mode()
	if known && was.err != nil {
		return nil, was.err
	}
	if !known {
		f.reads.Add(1)
	}
	view, err := bolt.ReadFile(path, known)
	if f.OnOpen != nil {
		f.OnOpen()
	}
	if !known && !passing(err) {
		f.mu.Lock()
		f.proven[file] = proof{info, err}
		f.mu.Unlock()
	}
	return view, err
}

// passing reports whether a file may be read the next time although nobody changes it.
func passing(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// Put adds records to a file: those of incidents, each with all that it has and with its
// record archived/N, in the order of their keys. What was in the file of these incidents
// is replaced. Standing are the records archived/N that the store has for this file, by
// their keys: nothing is written unless all of them are in it. When Put returns nil, the
// file is on the disk and was read from beginning to end.
func (f *Folder) Put(ctx context.Context, file string, standing map[string][]byte, records []storage.Change) error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return f.trouble(file, err)
	}
	unlock, err := bolt.LockFolder(f.path)
	if err != nil {
		return f.trouble(file, err)
	}
	defer unlock()
	if err := f.tidy(file); err != nil {
		return f.trouble(file, err)
	}
	before, err := f.open(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(standing) == 0:
	case errors.Is(err, fs.ErrNotExist):
		return f.trouble(file, err)
	case err != nil:
		return f.trouble(file, fmt.Errorf("the one that is there %w", readable(err)))
	}
	if before != nil {
		defer before.Close()
	}
	for key, value := range standing {
		if there, err := before.Get(key); err != nil || !bytes.Equal(there, value) {
			return f.trouble(file, errors.New("an incident is not in it as the store says, so the file is of another day"))
		}
	}
	if before != nil {
		if err := foreign(before, records); err != nil {
			return f.trouble(file, err)
		}
	}
	half := filepath.Join(f.path, "."+file+".partial")
	err = f.write(ctx, half, file, before, records)
	if err != nil {
		return errors.Join(f.trouble(file, err), left(half))
	}
	f.some.Store(several)
	return nil
}

// foreign refuses records of an incident that a file has already, of another store: events
// are only ever added, so the first one of the same incident is the same.
func foreign(before storage.Snapshot, records []storage.Change) error {
	seen := ""
	for _, r := range records {
		n := numberIn(r.Key)
		if !strings.HasPrefix(r.Key, "event/") || n == seen {
			continue
		}
		seen = n
		if there, err := before.Get(r.Key); err == nil && !bytes.Equal(there, r.Value) {
			return errors.New("an incident in it has the number of another one, so another bot archives there as well; each needs a folder of its own")
		}
	}
	return nil
}

// left removes what is left of a file that was not finished.
func left(half string) error {
	if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tidy removes what a process left that was killed while it wrote the file.
func (f *Folder) tidy(file string) error {
	return left(filepath.Join(f.path, "."+file+".partial"))
}

func (f *Folder) write(ctx context.Context, half, file string, before storage.Snapshot, records []storage.Change) error {
	if err := f.step("begin"); err != nil {
		return err
	}
	err := bolt.WriteFile(half, func(put func(string, []byte) error) error { return merge(ctx, before, records, put) })
	if err != nil {
		return err
	}
	if err := f.step("written"); err != nil {
		return err
	}
	if err := proves(half, records); err != nil {
		return err
	}
	if err := f.step("proven"); err != nil {
		return err
	}
	if err := os.Rename(half, filepath.Join(f.path, file)); err != nil {
		return err
	}
	if err := f.step("named"); err != nil {
		return err
	}
	return bolt.SyncFolder(f.path)
}

// proves looks whether the records are in a file, byte for byte.
func proves(path string, records []storage.Change) error {
	view, err := bolt.ReadFile(path, true)
	if err != nil {
		return err
	}
	defer view.Close()
	for _, r := range records {
		if there, err := view.Get(r.Key); err != nil || !bytes.Equal(there, r.Value) {
			return errors.New("what was written is not in it as it was written")
		}
	}
	return nil
}

// merge puts what was in the file before together with the records that come to it.
func merge(ctx context.Context, before storage.Snapshot, records []storage.Change, put func(string, []byte) error) error {
	replaced := map[string]bool{}
	for _, r := range records {
		if n, ok := strings.CutPrefix(r.Key, markPrefix); ok {
			replaced[n] = true
		}
	}
	next := 0
	upTo := func(key string) error { // the new records before key
		for next < len(records) && (key == "" || records[next].Key < key) {
			if err := put(records[next].Key, records[next].Value); err != nil {
				return err
			}
			next++
		}
		return nil
	}
	if before != nil {
		var failed error
		err := before.Scan(storage.Range{}, func(key string, value []byte) bool {
			if failed = ctx.Err(); failed == nil && !replaced[numberIn(key)] {
				if failed = upTo(key); failed == nil {
					failed = put(key, value)
				}
			}
			return failed == nil
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
	}
	return upTo("")
}

// numberIn is the number of an incident in a key, as it stands there.
func numberIn(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	n, _, _ := strings.Cut(rest, "/")
	return n
}

// Size returns how many bytes a file has; 0: it is not there.
func (f *Folder) Size(file string) int64 {
	info, err := os.Stat(filepath.Join(f.path, file))
	if err != nil || f.path == "" || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// Sum is a file and what is in it.
type Sum struct {
	File      string
	Bytes     int64
	Incidents int
	Err       error // why it cannot be read
}

// List reads all files from beginning to end and says what is in each, in the order of
// their months. An error is why the folder cannot be read, as in "is no folder".
func (f *Folder) List(ctx context.Context) ([]Sum, error) {
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	var list []Sum
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list = append(list, f.sum(file))
	}
	return list, nil
}

// files returns their names in order; none where there is no folder yet. An error goes on
// after the folder's name.
func (f *Folder) files() (files []string, err error) {
	if is := f.wrong(); is != "" {
		return nil, errors.New(is)
	}
	entries, err := os.ReadDir(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if !name.MatchString(e.Name()) {
			continue
		}
		// One that is a link to a file on another disk is read like any other.
		if info, err := os.Stat(filepath.Join(f.path, e.Name())); err != nil || info.Mode().IsRegular() {
			files = append(files, e.Name())
		}
	}
	slices.Sort(files)
	if err != nil {
		err = readable(err)
	}
	return files, err
}

func (f *Folder) sum(file string) Sum {
	s := Sum{File: file}
	path := filepath.Join(f.path, file)
	if info, err := os.Stat(path); err == nil {
		s.Bytes = info.Size()
	}
	view, err := bolt.ReadFile(path, false)
	if err != nil {
		s.Err = readable(err)
		return s
	}
	defer view.Close()
	s.Err = view.Scan(storage.Prefix(markPrefix), func(string, []byte) bool { s.Incidents++; return true })
	return s
}

func readMark(value []byte) (m mark, err error) {
	err = json.Unmarshal(value, &m)
	if err == nil && !name.MatchString(m.File) {
		err = fmt.Errorf("%q is no archive file", m.File) // a name with a path in it must not lead anywhere
	}
	return m, err
}
