package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/backup"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
	"github.com/stormbell/stormbell/storage/etcd"
)

// onCluster returns where a store on etcd is.
func onCluster(s configs.Store, e configs.Etcd) etcd.Options {
	return etcd.Options{Endpoints: s.Endpoints, Prefix: s.Prefix, Lease: e.Lease, Username: e.Username, Password: e.Password.Reveal(),
		TLS: etcd.TLS{CA: e.CA, Cert: e.Cert, Key: e.Key}}
}

// copyCluster writes what is in the store as a file that bolt opens: there is one form of
// backup, wherever the store is.
func (p *program) copyCluster(w io.Writer) (int64, error) {
	dir, err := os.MkdirTemp("", "stormbell-backup-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "copy.db")
	if err := mirrored(context.Background(), p.db, path); err != nil {
		return 0, err
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return io.Copy(w, file)
}

// openCluster returns when this process is the one that writes, and stands by until then.
func (p *program) openCluster(ctx context.Context, c *configs.Config, log zerolog.Logger) (storage.Engine, error) {
	p.copyStore = p.copyCluster
	changed := make(chan struct{}, 1)
	looking, stop := context.WithCancel(ctx)
	defer stop() // a large file may be under way, for which nobody waits now
	go p.lookStandingBy(looking, c, changed, log)
	engine, err := etcd.Open(ctx, p.standby(c, changed, log))
	if err != nil {
		return nil, err
	}
	p.standbys = engine.Standbys
	return engine, nil
}

// lookStandingBy looks, until ctx ends, whether this machine has the archive files that the store
// names, and a folder for copies of it, whenever somebody else became the writer, and now and then:
// what is missing here is to be known before it is needed.
func (p *program) lookStandingBy(ctx context.Context, c *configs.Config, changed <-chan struct{}, log zerolog.Logger) {
	shelf, tell := archive.At(c.ArchiveFolder()), tellUnread(log.With().Str("part", "archive").Logger())
	lookAtBackup := p.lookAtBackup(c.Backup.Folder, log.With().Str("part", "backup").Logger())
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-time.After(desk.LookEvery):
		}
		lookAtBackup()
		files, err := archiveOnCluster(ctx, onCluster(c.Store, c.Etcd), shelf)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			log.Warn().Err(err).Msg("standing by: which archive files there must be could not be read; it is tried again")
			continue
		}
		p.server.SawArchive(files, shelf.Path())
		tell(files)
	}
}

// lookAtBackup returns what looks whether the store could be backed up by this machine, and tells
// what has changed of that.
func (p *program) lookAtBackup(folder string, log zerolog.Logger) func() {
	told, since := "", time.Time{}
	return func() {
		if folder == "" {
			return
		}
		why := backup.Look(folder, bolt.FreeIn)
		switch {
		case why == told:
		case why == "":
			since = time.Time{}
			log.Info().Msg("standing by: this machine could back up the store again")
		default:
			if told == "" {
				since = time.Now().Round(0)
			}
			log.Warn().Str("why", why).Msg("standing by: this machine could not back up the store; mend that before it takes over")
		}
		told = why
		p.server.LookedAtBackup(folder, why, since)
	}
}

// archiveOnCluster looks at the archive files with no claim to be the writer.
func archiveOnCluster(ctx context.Context, o etcd.Options, shelf *archive.Folder) (desk.ArchiveFiles, error) {
	engine, err := etcd.Reading(ctx, o)
	if err != nil {
		return desk.ArchiveFiles{}, err
	}
	db := storage.New(engine)
	db.Through(shelf.Through)
	files, err := desk.LookAtArchive(ctx, db.View, shelf, gentle(ctx))
	return files, errors.Join(err, db.Close())
}

// standby returns how the store is opened by a process that may have to stand by:
// whoever asks it is told who the writer is, and so is the log. Changed gets a token then.
func (p *program) standby(c *configs.Config, changed chan<- struct{}, log zerolog.Logger) etcd.Options {
	machine, err := os.Hostname()
	if err != nil {
		machine = "localhost"
	}
	o := onCluster(c.Store, c.Etcd)
	o.Address = c.HTTP.Advertised(p.address, machine)
	o.Waiting = func(s etcd.Standing) {
		p.server.HeldBy(s.Holder)
		if s.Trouble != nil {
			log.Warn().Str("problem", s.Trouble.Error()).Msg("standing by: etcd cannot be asked; it is tried again every second")
			return
		}
		select {
		case changed <- struct{}{}:
		default:
		}
		log.Info().Str("writer", cmp.Or(s.Holder, "a process without an address")).Str("http", "http://"+p.address).Msg("standing by")
	}
	return o
}
