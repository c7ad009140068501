package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
)

func fsckCommand(p process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "fsck [STORE] [--config FILE] [--json]",
		Short: "Prove that the records of a store fit each other",
		Long: "Reads a whole store, and looks whether every timeline is complete and makes the state\n" +
			"that is shown, whether everything is found where it belongs, whether what is due is\n" +
			"planned, and whether what was published is what it was. It says what is wrong and\n" +
			"what would put it right, and changes nothing.\n\n" +
			"STORE is a copy, or a store as in the configuration: bolt:PATH or\n" +
			"etcd:HOST:PORT,HOST:PORT/PREFIX. Without it, it is the store of the configuration:\n" +
			"the bot may run meanwhile and makes the copy that is read.\n\n" +
			"Archive files are read as well: those of archive.folder if --config is given, else those\n" +
			"in the folder archive beside STORE.\n",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong(cmd, fmt.Sprintf("%q is too much", args[1]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			x, name, err := examineStore(cmd, p, &m, args)
			if err != nil {
				return err
			}
			if m.json {
				err = printJSON(p.Out, x)
			} else {
				err = printExamined(p, name, x)
			}
			if n := len(x.Faults) + x.More; err == nil && n > 0 {
				err = fmt.Errorf("%s has %s; keep a copy of it before anything else, and report what stands above",
					name, incident.Count(n, "fault", "faults"))
			}
			return err
		},
	}
	configFlag(cmd, &m.config)
	cmd.Flags().BoolVar(&m.json, "json", false, "one line of JSON")
	return cmd
}

func printExamined(p process, name string, x desk.Examined) error {
	for _, f := range x.Faults {
		if _, err := fmt.Fprintf(p.Out, "%s: %s %s\n", f.Key, f.What, f.Mend); err != nil {
			return err
		}
	}
	if x.More > 0 {
		_, err := fmt.Fprintf(p.Out, "and %d more\n", x.More)
		return err
	}
	if len(x.Faults) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(p.Out, "%s is sound: %s, %s, %s\n", name, incident.Count(x.Records, "record", "records"),
		incident.Count(x.Incidents, "incident", "incidents"), incident.Count(x.Events, "event", "events"))
	if err == nil && x.Archived > 0 {
		_, err = fmt.Fprintf(p.Out, "%s archived, and the archive files are sound, too\n", incident.Count(x.Archived, "of the incidents is", "of the incidents are"))
	}
	return err
}

// examineStore examines the store that is named, or a copy of that of the configuration.
func examineStore(cmd *cobra.Command, p process, m *migration, args []string) (x desk.Examined, name string, err error) {
	ctx := cmd.Context()
	if len(args) == 0 {
		c, err := (&operatorFlags{config: m.config}).configuration(cmd, p.Env)
		if err != nil {
			return x, "", err
		}
		m.archive = c.ArchiveFolder()
		x, err = examineCopy(ctx, m, c)
		return x, c.Store.String(), err
	}
	name = args[0]
	if !strings.HasPrefix(name, "bolt:") && !strings.HasPrefix(name, "etcd:") {
		name = "bolt:" + name
	}
	if err := m.read(cmd, p.Env, []string{name, name}); err != nil {
		return x, name, err
	}
	if m.from.Engine == "bolt" {
		if _, err := os.Stat(m.from.Path); err != nil {
			return x, name, fmt.Errorf("there is no store at %s", m.from.Path)
		}
	}
	if m.from.Engine == "bolt" {
		m.archive = filepath.Join(filepath.Dir(m.from.Path), "archive")
	}
	if m.config != "" {
		c, err := (&operatorFlags{config: m.config}).configuration(cmd, p.Env)
		if err != nil {
			return x, name, err
		}
		m.archive = c.ArchiveFolder()
	}
	x, err = m.examine(ctx, m.from)
	return x, args[0], err
}

// examineCopy examines a copy, which is removed afterwards.
func examineCopy(ctx context.Context, m *migration, c *configs.Config) (x desk.Examined, err error) {
	folder, err := os.MkdirTemp("", "stormbell-fsck-")
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "copy.db")
	err = written(path, func(f *os.File) error {
		_, err := copyStore(ctx, c, m.config, f, false)
		return err
	})
	if err != nil {
		return x, err
	}
	return m.examine(ctx, configs.Store{Engine: "bolt", Path: path})
}

func (m *migration) examine(ctx context.Context, s configs.Store) (x desk.Examined, err error) {
	db, err := m.open(ctx, s)
	if err != nil {
		return x, err
	}
	folder := archive.At(m.archive)
	db.Through(folder.Through)
	x, err = examineDB(ctx, db, ctx.Err)
	if err = errors.Join(err, db.Close()); err != nil {
		return x, err
	}
	if err := m.examineFiles(ctx, folder, &x); ctx.Err() == nil && err != nil { // what else is wrong is said all the same
		x.Fault(m.archive, "Put the folder there, or set archive.folder to where it is.", "The folder of the archive files %v.", err)
	}
	return x, ctx.Err()
}

// examineFiles reads the archive files, those too that the store does not name.
func (m *migration) examineFiles(ctx context.Context, folder *archive.Folder, x *desk.Examined) error {
	if m.archive == "" {
		return nil
	}
	files, err := folder.List(ctx)
	for _, f := range files {
		if f.Err != nil {
			x.Fault(filepath.Join(m.archive, f.File), "Put the file there from a copy.", "The archive file cannot be read: it %v.", f.Err)
		}
	}
	return err
}
