package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
	"github.com/stormbell/stormbell/storage/etcd"
)

func migrateCommand(p process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "migrate FROM TO [--config FILE] [--json]",
		Short: "Move a store from a file to a cluster, or back",
		Long: "Copies every record from one store into another one and compares the two. A store is\n" +
			"written as in the configuration: bolt:PATH or etcd:HOST:PORT,HOST:PORT/PREFIX. TO must\n" +
			"be empty, and no bot may use either. What was interrupted goes on when the same command\n" +
			"is given again. FROM stays as it is; start no bot on it any more.\n\n" +
			"--config names where the keys under etcd are, for a cluster with TLS or users.\n",
		Args: exactly("FROM", "TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := m.read(cmd, p.Env, args); err != nil {
				return err
			}
			r, err := m.run(cmd.Context())
			if err != nil {
				return err
			}
			if m.json {
				return printJSON(p.Out, r)
			}
			if _, err := fmt.Fprintf(p.Out, "%s has the %d records of %s (%d bytes, SHA-256 %s); %d were written now.\nTo use it, set store: %s and start the bot. Start no bot on the old store any more.\n",
				r.To, r.Records, r.From, r.Bytes, r.SHA256, r.Copied, r.To); err != nil || r.Archived == 0 {
				return err
			}
			_, err = fmt.Fprintf(p.Out, "%s archived. %s\n", incident.Count(r.Archived, "incident is", "incidents are"), m.filesStay())
			return err
		},
	}
	configFlag(cmd, &m.config)
	cmd.Flags().BoolVar(&m.json, "json", false, "one line of JSON")
	return cmd
}

// migration moves one store to another.
type migration struct {
	config   string
	json     bool
	from, to configs.Store
	etcd     configs.Etcd
	archive  string // the folder of the archive files; empty: there is none
}

// migrated is what came of it.
type migrated struct {
	From string `json:"from"`
	To   string `json:"to"`
	storage.Digest
	Copied  int  `json:"copied"`  // records that were not the same before
	GoingOn bool `json:"resumed"` // an earlier run had begun

	Archived int `json:"archived,omitempty"` // incidents of which the archive files have the most
}

func (m *migration) read(cmd *cobra.Command, env, args []string) (err error) {
	for i, at := range []*configs.Store{&m.from, &m.to} {
		if *at, err = configs.ParseStore(args[i]); err != nil {
			return wrong(cmd, err.Error())
		}
		if at.Engine == "bolt" {
			if at.Path, err = filepath.Abs(at.Path); err != nil {
				return err
			}
		}
	}
	if m.from.Engine == "etcd" || m.to.Engine == "etcd" {
		c, err := configs.Load(m.config, env)
		var problems configs.Problems
		if errors.As(err, &problems) {
			err = nil
			if present := problems.Present(); len(present) > 0 {
				err = present
			}
		}
		if err != nil {
			return err
		}
		m.etcd = c.Etcd
	}
	return nil
}

// filesStay says how the archive files are found by a bot on the new store.
func (m *migration) filesStay() string {
	folder := func(s configs.Store) string { return (&configs.Config{Store: s}).ArchiveFolder() }
	switch was := folder(m.from); was {
	case "":
		return "The archive files stay where they are: set archive.folder to their folder, which every machine with a bot must have."
	case folder(m.to):
		return "The archive files stay where they are, and the bot finds them there."
	default:
		return "The archive files stay where they are. Set archive.folder to " + was + " unless it names another folder already; every machine with a bot must have that folder."
	}
}

func (m *migration) run(ctx context.Context) (r migrated, err error) {
	r.From, r.To = m.from.String(), m.to.String()
	if same(m.from, m.to) {
		return r, errors.New("FROM and TO are the same store")
	}
	if m.from.Engine == "bolt" {
		if _, err := os.Stat(m.from.Path); err != nil {
			return r, fmt.Errorf("there is no store at %s", m.from.Path)
		}
	}
	from, err := m.open(ctx, m.from)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := ledger.CheckComplete(ctx, from); err != nil {
		return r, fmt.Errorf("%s cannot be moved: %w", r.From, err)
	}
	to, err := m.open(ctx, m.to)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	err = m.move(ctx, from, to, &r)
	return r, err
}

// move copies and compares.
func (m *migration) move(ctx context.Context, from, to *storage.DB, r *migrated) (err error) {
	r.GoingOn, err = ledger.BeginMigration(ctx, to, r.From)
	var full *ledger.NotEmptyError
	switch {
	case errors.As(err, &full):
		return fmt.Errorf("%s is not empty, and nothing in it is overwritten; name another file or another prefix", r.To)
	case err != nil:
		return fmt.Errorf("%s cannot be filled: %w", r.To, err)
	}
	r.Copied, err = storage.Mirror(ctx, from, to, ledger.MigrationKey)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %d records; to go on, give the same command again", r.Copied)
	}
	if err != nil {
		return fmt.Errorf("broken off after %d records: %w; to go on, give the same command again", r.Copied, err)
	}
	if r.Digest, err = storage.DigestOf(ctx, from, ledger.MigrationKey); err != nil {
		return err
	}
	there, err := storage.DigestOf(ctx, to, ledger.MigrationKey)
	if err != nil {
		return err
	}
	if there != r.Digest {
		return fmt.Errorf("the two stores differ: %s has %d records (SHA-256 %s), %s has %d (SHA-256 %s); give the same command again, and if that does not mend it, report it",
			r.From, r.Records, r.SHA256, r.To, there.Records, there.SHA256)
	}
	if r.Archived, err = desk.CountArchived(ctx, from); err != nil {
		return err
	}
	return ledger.EndMigration(ctx, to)
}

// open opens a store that nobody else may use meanwhile.
func (m *migration) open(ctx context.Context, s configs.Store) (*storage.DB, error) {
	if s.Engine == "bolt" {
		engine, err := bolt.Open(s.Path, bolt.Options{})
		if err != nil {
			return nil, err
		}
		return storage.New(engine), nil
	}
	o := onCluster(s, m.etcd)
	o.Address, o.AtOnce = "stormbell migrate", true
	engine, err := etcd.Open(ctx, o)
	var held *etcd.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("%s is used by the bot at %s; stop all bots that use it, and try again", s, held.Holder)
	}
	if err != nil {
		return nil, err
	}
	return storage.New(engine), nil
}

// same reports whether two stores are one.
func same(a, b configs.Store) bool {
	if a.Engine != b.Engine {
		return false
	}
	if a.Engine == "bolt" {
		one, err1 := os.Stat(a.Path)
		two, err2 := os.Stat(b.Path)
		return a.Path == b.Path || err1 == nil && err2 == nil && os.SameFile(one, two)
	}
	member := func(e string) bool { return strings.Contains(","+strings.Join(b.Endpoints, ",")+",", ","+e+",") }
	for _, e := range a.Endpoints {
		if a.Prefix == b.Prefix && member(e) {
			return true
		}
	}
	return false
}
