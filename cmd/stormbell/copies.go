package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/backup"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// openCopies returns what takes copies of the store by itself; nil: nothing does.
func (p *program) openCopies(c *configs.Config, log zerolog.Logger) *backup.Keeper {
	if c.Backup.Folder == "" {
		return nil
	}
	o := backup.Options{Folder: c.Backup.Folder, Every: c.Backup.Every, Keep: c.Backup.Keep, Desk: p.desk,
		Write: p.writeCopy, Prove: proveCopy, Beside: p.copyArchive, Free: bolt.FreeIn, Log: log.With().Str("part", "backup").Logger()}
	if p.space != nil {
		o.Size = p.space.Size
	}
	return backup.New(o)
}

// backupEvery is how often a copy is taken by itself; 0: none is.
func backupEvery(b configs.Backup) time.Duration {
	if b.Folder == "" {
		return 0
	}
	return b.Every
}

// writeCopy writes what is in the store as a file of bolt, wherever the store is.
func (p *program) writeCopy(ctx context.Context, path string) error {
	if p.onFile != nil {
		return written(path, func(f *os.File) error {
			_, err := p.onFile.Backup(&gently{ctx: ctx, to: f})
			return err
		})
	}
	return mirrored(ctx, p.db, path)
}

// mirrored fills a new file with what is in the store.
func mirrored(ctx context.Context, from *storage.DB, path string) error {
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		return err
	}
	file := storage.New(engine)
	_, err = storage.Mirror(ctx, from, file, ledger.MigrationKey)
	return errors.Join(err, file.Close())
}

// proveCopy reads a copy from beginning to end: first that it is whole, every page, every
// checksum and their sum, then that its records fit each other. It marks the file as a
// copy and makes it durable.
func proveCopy(ctx context.Context, path string) (faults int, err error) {
	x, err := examineMarked(ctx, path, 0, archive.Unread, gentle(ctx)) // the files are proven as they are copied
	if err != nil {
		return 0, err
	}
	return len(x.Faults) + x.More, nil
}

// examineMarked marks a file as a copy, and examines it. After is the number of an incident
// that was declared meanwhile; 0: none is known of. Through reads what lies in archive files.
func examineMarked(ctx context.Context, path string, after int, through func(storage.Snapshot) storage.Snapshot, rest func() error) (x desk.Examined, err error) {
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		return x, err
	}
	db := storage.New(engine)
	db.Through(through)
	err = cmp.Or(ledger.CheckComplete(ctx, db), ledger.MarkCopy(ctx, db, after))
	if err == nil {
		x, err = examineDB(ctx, db, rest)
	}
	return x, errors.Join(err, db.Close(), synced(path))
}

// examineDB looks whether the records of a store fit each other.
func examineDB(ctx context.Context, db *storage.DB, rest func() error) (x desk.Examined, err error) {
	err = db.View(ctx, func(tx *storage.Tx) (err error) {
		x, err = alerts.Examine(tx, rest)
		return err
	})
	return x, err
}

// synced makes a file durable.
func synced(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

const (
	// gentleBytes are written before the disk is waited for: what piles up there, a
	// commit would have to wait for.
	gentleBytes = 4 << 20
	// gentleTime is worked before as much is rested.
	gentleTime = 20 * time.Millisecond
)

// gently writes to a file in a way that leaves half of the disk's time to others. It
// stops when ctx ends.
type gently struct {
	ctx   context.Context
	to    *os.File
	since int // bytes that the disk was not waited for
	began time.Time
}

// Write is a part of [io.Writer].
func (g *gently) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		if g.since == 0 {
			g.began = time.Now()
		}
		var m int
		m, err = g.to.Write(b[n:min(len(b), n+gentleBytes-g.since)])
		n, g.since = n+m, g.since+m
		if err == nil && g.since >= gentleBytes {
			g.since = 0
			err = errors.Join(g.to.Sync(), pause(g.ctx, time.Since(g.began)))
		}
	}
	return n, err
}

// gentle returns a function that rests as long as was worked since it rested last, and
// says when to stop.
func gentle(ctx context.Context) func() error {
	began := time.Now()
	return func() error {
		worked := time.Since(began)
		if worked < gentleTime {
			return ctx.Err()
		}
		err := pause(ctx, worked)
		began = time.Now()
		return err
	}
}

func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	return ctx.Err()
}

var _ io.Writer = (*gently)(nil)
