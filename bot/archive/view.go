package archive

import (
	"bytes"
	"errors"
	"strings"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// Through has what is in the files read as if it were in the store, for [storage.DB.Through].
// What the store itself has of a record counts: an incident that is archived and goes on
// has its new entries there.
func (f *Folder) Through(live storage.Snapshot) storage.Snapshot {
	if f.empty(live) {
		return live
	}
	return &view{Snapshot: live, f: f, open: map[string]*opened{}}
}

// empty reports whether no incident is archived. What cannot be read is said by whoever
// reads it.
func (f *Folder) empty(live storage.Snapshot) bool {
	if f.some.Load() == unknown {
		found := false
		err := live.Scan(storage.Prefix(markPrefix), func(string, []byte) bool { found = true; return false })
		if err != nil || found {
			f.some.Store(several)
		} else {
			f.some.CompareAndSwap(unknown, none)
		}
	}
	return f.some.Load() == none
}

// Unread has nothing read in files: what is asked for in one is not reachable, and whoever
// asks is told so by [storage.ErrUnread].
func Unread(live storage.Snapshot) storage.Snapshot { return &unread{live} }

type unread struct{ storage.Snapshot }

// Reachable is for [storage.Tx.Reachable].
func (u *unread) Reachable(prefix string) error {
	if n, ok := archivable(prefix); ok {
		if _, err := u.Get(markPrefix + n); err == nil {
			return storage.ErrUnread
		}
	}
	return nil
}

// view is a snapshot of the store together with the files as they are needed.
type view struct {
	storage.Snapshot
	f    *Folder
	open map[string]*opened
	uses int // counts up
}

// opened is a file that was opened, or cannot be.
type opened struct {
	view storage.Snapshot
	err  error
	used int // when it was used last
	busy int // how many go over it
}

// openMost is how many files one reader has open at a time, unless it goes over more: years of
// them, by several readers, are more than a process may open.
const openMost = 8

// opens returns a file, and closes the one that was used longest ago where there are many.
func (v *view) opens(file string) (*opened, error) {
	v.uses++
	o := v.open[file]
	if o == nil {
		if err := v.makeRoom(); err != nil {
			return nil, err
		}
		o = &opened{}
		o.view, o.err = v.f.open(file)
		v.open[file] = o
	}
	o.used = v.uses
	return o, nil
}

func (v *view) makeRoom() error {
	count, oldest := 0, ""
	for file, o := range v.open {
		if o.view == nil {
			continue
		}
		if count++; o.busy == 0 && (oldest == "" || o.used < v.open[oldest].used) {
			oldest = file
		}
	}
	if count < openMost || oldest == "" {
		return nil
	}
	o := v.open[oldest]
	delete(v.open, oldest)
	return o.view.Close()
}

// archivable returns the number of the incident in a key, as it stands there, if such a
// record may lie in a file.
func archivable(key string) (n string, ok bool) {
	for _, family := range ledger.Archived {
		if rest, ok := strings.CutPrefix(key, family); ok {
			n, _, ok := strings.Cut(rest, "/")
			return n, ok && n != ""
		}
	}
	return "", false
}

// file returns the file in which incident n lies; nil: in none.
func (v *view) file(n string) (*opened, error) {
	value, err := v.Snapshot.Get(markPrefix + n)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := readMark(value)
	if err != nil {
		return nil, err
	}
	o, err := v.opens(m.File)
	if err != nil {
		return nil, err
	}
	if o.err != nil {
		return nil, v.f.unreadable(n, m.File, o.err)
	}
	if there, err := o.view.Get(markPrefix + n); err != nil || !bytes.Equal(there, value) {
		return nil, refuse(n, backFromCopy, "It is to be in the archive file "+m.File+" in "+v.f.path+", and that one does not have it: the file is of another day.")
	}
	return o, nil
}

// Reachable is for [storage.Tx.Reachable].
func (v *view) Reachable(prefix string) error {
	if below, ok := v.Snapshot.(interface{ Reachable(prefix string) error }); ok {
		if err := below.Reachable(prefix); err != nil {
			return err
		}
	}
	n, ok := archivable(prefix)
	if !ok {
		return nil
	}
	_, err := v.file(n)
	return err
}

// Get is a part of [storage.Snapshot].
func (v *view) Get(key string) ([]byte, error) {
	value, err := v.Snapshot.Get(key)
	if !errors.Is(err, storage.ErrNotFound) {
		return value, err
	}
	n, ok := archivable(key)
	if !ok {
		return nil, err
	}
	file, failed := v.file(n)
	switch {
	case failed != nil:
		return nil, failed
	case file == nil:
		return nil, err
	}
	return file.view.Get(key)
}

// Scan is a part of [storage.Snapshot]. Only a range within one incident has what lies in
// a file: what goes over all of them goes over the store.
func (v *view) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	n, ok := archivable(r.Start)
	if !ok || !within(r) {
		return v.Snapshot.Scan(r, each)
	}
	file, err := v.file(n)
	if err != nil {
		return err
	}
	if file == nil {
		return v.Snapshot.Scan(r, each)
	}
	file.busy++ // whoever goes over it may ask for what lies in others meanwhile
	defer func() { file.busy-- }()
	var own []storage.Change // little or nothing: what came later
	if err := v.Snapshot.Scan(r, func(key string, value []byte) bool {
		own = append(own, storage.Change{Key: key, Value: value})
		return true
	}); err != nil {
		return err
	}
	return joined(file.view, own, r, each)
}

// joined goes over a file with the store's own records in their places.
func joined(file storage.Snapshot, own []storage.Change, r storage.Range, each func(key string, value []byte) bool) error {
	stopped := false
	before := func(key string) bool { // the own records before key; "" is the end
		for len(own) > 0 && (key == "" || own[0].Key != key && (own[0].Key < key) != r.Reverse) {
			c := own[0]
			own = own[1:]
			if stopped = !each(c.Key, c.Value); stopped {
				return false
			}
		}
		return true
	}
	err := file.Scan(r, func(key string, value []byte) bool {
		if !before(key) {
			return false
		}
		if len(own) > 0 && own[0].Key == key {
			value, own = own[0].Value, own[1:]
		}
		stopped = !each(key, value)
		return !stopped
	})
	if err == nil && !stopped {
		before("")
	}
	return err
}

// within reports whether a range lies within one incident.
func within(r storage.Range) bool {
	family, rest, _ := strings.Cut(r.Start, "/")
	n, _, _ := strings.Cut(rest, "/")
	end := storage.Prefix(family + "/" + n + "/").End
	return r.End != "" && r.End <= end
}

// Close releases the view and the files.
func (v *view) Close() error {
	err := v.Snapshot.Close()
	for _, o := range v.open {
		if o.view != nil {
			err = errors.Join(err, o.view.Close())
		}
	}
	return err
}
