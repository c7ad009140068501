// Package backup keeps copies of the store in a folder. Its noun is the [Keeper],
// which takes one on a schedule: under another name first, proven to be whole, and
// only then under its own. It removes its own oldest ones, never the last that is
// sound, and nothing that it has not written. What goes wrong is recorded at the desk,
// which tells the operators.
//
// It does not know what a store is: it is handed how one is copied and how a copy is
// proven. Neither may hold up a page, and it waits for both in a goroutine of its own.
package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
)

// Options are what a keeper is told once.
type Options struct {
	Folder string
	Every  time.Duration
	Keep   int // copies; at least 1

	Desk *desk.Desk

	// Write makes a copy at path, where nothing is. Prove reads it from beginning to
	// end and makes it durable: an error means that it is no copy, and faults that the
	// store has them, too.
	Write func(ctx context.Context, path string) error
	Prove func(ctx context.Context, path string) (faults int, err error)

	// Beside copies into the folder what belongs to the store and lies beside it. An error
	// says in words that go on a sentence what could not be. Nil: nothing does.
	Beside func(ctx context.Context, folder string) error

	Size func() (int64, error)              // of the store, in bytes; nil: it is not known
	Free func(folder string) (int64, error) // what is left on the folder's disk; nil: it is not known
	Log  zerolog.Logger
}

const (
	// afterStart is how long a start has the disk for itself.
	afterStart = time.Minute
	// againAfter is how long after a copy that failed it is tried again, at most.
	againAfter = 5 * time.Minute
	// lookEvery is how often the clock is looked at: timers do not count while the
	// machine sleeps, and the clock may be set.
	lookEvery = time.Minute
	// spare is what a copy leaves on the disk, which may be the store's.
	spare = 64 << 20
)

// Keeper takes copies. It is the only one that writes into the folder under the name
// of its store.
type Keeper struct {
	o       Options
	failing atomic.Bool
	said    string // what the log was told last
}

// New returns a keeper.
func New(o Options) *Keeper { return &Keeper{o: o} }

// Failing reports whether the copy that was due last could not be taken, or is not
// sound.
func (k *Keeper) Failing() bool { return k.failing.Load() }

// Run takes copies until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	next := k.first(ctx, time.Now())
	for ctx.Err() == nil {
		now := time.Now().Round(0)
		if next.Sub(now) > k.o.Every { // the clock was set back
			next = now
		}
		if wait := next.Sub(now); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(min(wait, lookEvery)):
			}
			continue
		}
		next = now.Add(k.take(ctx))
	}
	return nil
}

// first is when the first copy is due: as if the process had run all the time.
func (k *Keeper) first(ctx context.Context, now time.Time) time.Time {
	now = now.Round(0)
	soon := now.Add(afterStart)
	known, err := k.o.Desk.Backup(ctx)
	if err != nil || known.Trouble != "" {
		return soon
	}
	copies, err := list(k.o.Folder, known.Store)
	if err != nil || len(copies) == 0 || copies[0].at.After(now) {
		return soon
	}
	if due := copies[0].at.Add(k.o.Every); due.After(soon) {
		return due
	}
	return soon
}

// take takes a copy, says what came of it, and returns after how long the next one is
// due.
func (k *Keeper) take(ctx context.Context) time.Duration {
	name, err := k.copy(ctx)
	if ctx.Err() != nil {
		return againAfter
	}
	k.failing.Store(err != nil)
	if err == nil {
		k.said = ""
		k.o.Log.Info().Str("copy", name).Msg("the store is backed up")
		if err := k.o.Desk.BackupDone(ctx, k.o.Folder); err != nil {
			k.o.Log.Warn().Err(err).Msg("that the store is backed up is not recorded")
		}
		return k.o.Every
	}
	why := explain(k.o.Folder, err)
	if text := why.words; text != k.said {
		k.said = text
		k.o.Log.Error().Str("why", text).Msg("the store could not be backed up; it is tried again")
	}
	if err := k.o.Desk.BackupFailed(ctx, why.kind, why.words); err != nil {
		k.o.Log.Warn().Err(err).Msg("that the store could not be backed up is not recorded, so nobody is told yet")
	}
	if why.kind == faulty || why.kind == beside {
		return k.o.Every // there is a copy; more of them would only push out those before
	}
	return min(k.o.Every, againAfter)
}

// copy takes one copy and returns its name. Afterwards there is a whole one, or
// nothing.
func (k *Keeper) copy(ctx context.Context) (string, error) {
	known, err := k.o.Desk.Backup(ctx)
	if err != nil {
		return "", err
	}
	if err := k.folder(known); err != nil {
		return "", err
	}
	copies, err := list(k.o.Folder, known.Store)
	if err != nil {
		return "", err
	}
	if err := tidy(k.o.Folder, known.Store); err != nil {
		return "", err
	}
	if err := k.room(copies); err != nil {
		return "", err
	}
	last := 0
	if len(copies) > 0 {
		last = copies[0].number
	}
	if known, err = k.o.Desk.BackupBegins(ctx, last); err != nil {
		return "", err
	}
	return k.write(ctx, known)
}

// write makes the copy that has begun, proves it, and gives it its name.
func (k *Keeper) write(ctx context.Context, known desk.Backup) (string, error) {
	c := Copy{store: known.Store, number: known.Number, at: time.Now()}
	half := filepath.Join(k.o.Folder, c.half())
	defer os.Remove(half) // gone by now, if all went well
	if err := k.o.Write(ctx, half); err != nil {
		return "", err
	}
	faults, err := k.o.Prove(ctx, half)
	if err != nil {
		return "", err
	}
	c.faulty = faults > 0
	whole := filepath.Join(k.o.Folder, c.Name())
	if _, err := os.Lstat(whole); !errors.Is(err, os.ErrNotExist) {
		return "", errors.Join(err, trouble{"taken", c.Name() + " is in " + k.o.Folder + " already, and is not overwritten"})
	}
	if err := os.Rename(half, whole); err != nil {
		return "", err
	}
	if err := syncFolder(k.o.Folder); err != nil {
		return "", err
	}
	if err := rotate(k.o.Folder, known.Store, k.o.Keep); err != nil {
		return "", err
	}
	if faults > 0 {
		return "", trouble{faulty, fmt.Sprintf("its records do not fit each other (stormbell fsck names %d of them); the copy is kept as %s, and the last sound one is not removed", faults, c.Name())}
	}
	if k.o.Beside == nil {
		return c.Name(), nil
	}
	if err := k.o.Beside(ctx, k.o.Folder); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", trouble{beside, "the copy " + c.Name() + " is whole, but " + err.Error()}
	}
	return c.Name(), nil
}

// folder sees to it that there is a folder. One that was there before is not made
// again: it may be a disk that is not mounted, and what is written in its place would
// fill another one.
func (k *Keeper) folder(known desk.Backup) error {
	info, err := os.Stat(k.o.Folder)
	switch {
	case errors.Is(err, os.ErrNotExist) && known.Folder != k.o.Folder:
		return os.MkdirAll(k.o.Folder, 0o700)
	case err != nil:
		return err
	case !info.IsDir():
		return trouble{"folder", k.o.Folder + " is no folder"}
	}
	return nil
}

// room refuses a copy that would fill the disk. Where the size of the store is not known it
// is taken to be that of the last copy.
func (k *Keeper) room(copies []Copy) error {
	if k.o.Size != nil {
		if size, err := k.o.Size(); err == nil {
			return room(k.o.Folder, size, k.o.Free)
		}
	}
	return room(k.o.Folder, sizeOf(k.o.Folder, copies), k.o.Free)
}

// room refuses what takes so many bytes of a folder's disk, if it leaves too little; 0: how
// many is not known. Where it is not known what is free either, it is tried.
func room(folder string, size int64, free func(folder string) (int64, error)) error {
	if free == nil {
		return nil
	}
	left, err := free(folder)
	if err != nil || left >= size+spare {
		return nil
	}
	needs := ""
	if size > 0 {
		needs = fmt.Sprintf("needs %d MiB and ", size>>20+1)
	}
	return trouble{"full", fmt.Sprintf("there is no room in %s: a copy %sleaves 64 MiB, and %d MiB are free", folder, needs, left>>20)}
}

// sizeOf is how many bytes the first of the copies takes; 0: there is none, or nobody can say.
func sizeOf(folder string, copies []Copy) int64 {
	if len(copies) == 0 {
		return 0
	}
	info, err := os.Stat(filepath.Join(folder, copies[0].Name()))
	if err != nil {
		return 0
	}
	return info.Size()
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such thing
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
