package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/backup"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage/bolt"
)

func restoreCommand(p process) *cobra.Command {
	var config, after string
	var withoutJournal bool
	cmd := &cobra.Command{
		Use:   "restore --config FILE FROM [--after INC-N] [--without-journal]",
		Short: "Put a copy of the store back",
		Long: "Puts the copy FROM in the place that the configuration names for the store. Nothing\n" +
			"is overwritten: stop the bot and move the old store away first. The copy is read\n" +
			"completely before it is used, and a damaged one is refused. Into a cluster of etcd a\n" +
			"copy goes by stormbell migrate.\n\n" +
			"What was declared after the copy was made, it does not know. At least a hundred\n" +
			"numbers are left out for that, and the bot looks in Slack whether there were more.\n" +
			"--after names the last incident, if you know it.\n\n" +
			"FROM can be the store of a bot that was killed, too. Then what is in the journal beside\n" +
			"it comes with it. Where that is lost, --without-journal goes on without what was\n" +
			"confirmed in the last seconds.\n",
		Args: exactly("FROM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			last := 0
			if after != "" {
				n, ok := incident.ParseName(after)
				if !ok {
					return wrong(cmd, fmt.Sprintf("--after: %q is no incident; write it as INC-7", after))
				}
				last = n
			}
			c, err := (&operatorFlags{config: config}).configuration(cmd, p.Env)
			if err != nil {
				return err
			}
			x, err := restore(cmd.Context(), c, args[0], last, withoutJournal)
			if err != nil {
				return err
			}
			return printRestored(p, c, args[0], x)
		},
	}
	configFlag(cmd, &config)
	cmd.Flags().BoolVar(&withoutJournal, "without-journal", false, "do without what only a journal that is lost had")
	cmd.Flags().StringVar(&after, "after", "", "the last incident that was declared, as `INC-N`")
	return cmd
}

func printRestored(p process, c *configs.Config, from string, x desk.Examined) error {
	fmt.Fprintf(p.Out, "%s is the store now, with %s; start the bot with stormbell run\n", c.Store.Path, incident.Count(x.Incidents, "incident", "incidents"))
	missing := 0
	for _, f := range x.Faults {
		if strings.HasPrefix(f.Key, "archived/") {
			missing++
		}
	}
	if missing > 0 {
		fmt.Fprintf(p.Out, "The archive files of %s cannot be read in %s; put them there from a copy.\n", incident.Count(missing, "incident", "incidents"), c.ArchiveFolder())
	}
	if n := len(x.Faults) + x.More - missing; n > 0 {
		fmt.Fprintf(p.Out, "It has %s, which the store had when it was copied; stormbell fsck %s names them.\n", incident.Count(n, "fault", "faults"), from)
	}
	if newer := backup.Newer(c.Backup.Folder, from); newer != "" {
		fmt.Fprintf(p.Out, "There is a newer copy: %s\n", filepath.Join(c.Backup.Folder, newer))
	}
	return nil
}

// restore puts a copy in the place of a store that is not there. After, if it is known,
// is the number of the last incident that was declared. WithoutJournal: what only a journal has
// is given up.
func restore(ctx context.Context, c *configs.Config, from string, after int, withoutJournal bool) (x desk.Examined, err error) {
	if c.Store.Engine != "bolt" {
		return x, fmt.Errorf("the store is a cluster; to put the copy there: stormbell migrate bolt:%s %s", from, c.Store)
	}
	if _, err := os.Lstat(c.Store.Path); err == nil {
		if journal := bolt.Journal(c.Store.Path); journal != nil {
			return x, fmt.Errorf("there is a store at %s; stop the bot and move it away first, and with it what is in %s", c.Store.Path, strings.Join(journal, " and "))
		}
		return x, fmt.Errorf("there is a store at %s; stop the bot and move it away first", c.Store.Path)
	}
	if who := bolt.HeldBy(c.Store.Path); who != "" {
		return x, fmt.Errorf("%s had the store open that was at %s, still lives, and would go on with that one; stop it first, or remove %s.holder if it is no bot", who, c.Store.Path, c.Store.Path)
	}
	if err := os.MkdirAll(filepath.Dir(c.Store.Path), 0o700); err != nil {
		return x, fmt.Errorf("cannot make the folder of %s: %v", c.Store.Path, plainFile(err))
	}
	trial := c.Store.Path + ".restoring"
	if strings.HasPrefix(absolute(from), absolute(trial)) {
		return x, fmt.Errorf("%s has a name that a copy gets while it is put back; give it another one first", from)
	}
	removeTrial(trial) // of one that was killed
	defer removeTrial(trial)
	if err := takeCopy(ctx, from, trial, withoutJournal); err != nil {
		return x, err
	}
	x, err = examineMarked(ctx, trial, after, archive.At(c.ArchiveFolder()).Through, ctx.Err)
	if err != nil {
		return x, fmt.Errorf("%s cannot be used: %s", from, plainTrial(err, from, trial))
	}
	return x, giveName(trial, c.Store.Path)
}

// removeTrial removes what is left of a copy that was tried.
func removeTrial(path string) {
	for _, name := range append(bolt.Journal(path), path) {
		os.Remove(name)
	}
}

// takeCopy copies a file and its journal, if it has one, and puts together what they hold.
func takeCopy(ctx context.Context, from, to string, withoutJournal bool) error {
	if err := copyFile(ctx, from, to); err != nil {
		return err
	}
	at := from
	if real, err := filepath.EvalSymlinks(from); err == nil {
		at = real // that is where its journal is
	}
	if !withoutJournal {
		for _, name := range bolt.Journal(at) {
			if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
				continue // a pipe would be waited for; that the journal is missing is said where it is needed
			}
			if err := copyFile(ctx, name, to+strings.TrimPrefix(filepath.Base(name), filepath.Base(at))); err != nil {
				return err
			}
		}
	}
	engine, err := bolt.Open(to, bolt.Options{Unsynced: true, WithoutJournal: withoutJournal})
	if err != nil {
		return fmt.Errorf("%s cannot be used: %s", from, strings.ReplaceAll(plainTrial(err, from, to), "MOVED", from))
	}
	return engine.Close()
}

// plainTrial says what is wrong with a copy as of the file of which it is one.
func plainTrial(err error, from, trial string) string {
	text := strings.ReplaceAll(err.Error(), "store "+absolute(trial)+" ", "it ")
	return strings.ReplaceAll(text, filepath.Base(trial)+".", filepath.Base(from)+".")
}

// copyFile copies a file that is not changed meanwhile.
func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot read %s: %v", from, plainFile(err))
	}
	defer in.Close()
	return written(to, func(f *os.File) error {
		_, err := io.Copy(f, in)
		return cmp.Or(err, ctx.Err())
	})
}
