package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/configs"
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

// standby returns how the store is opened by a process that may have to stand by:
// whoever asks it is told who the writer is, and so is the log.
func (p *program) standby(c *configs.Config, log zerolog.Logger) etcd.Options {
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
		log.Info().Str("writer", cmp.Or(s.Holder, "a process without an address")).Str("http", "http://"+p.address).Msg("standing by")
	}
	return o
}
