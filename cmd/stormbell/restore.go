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
	cmd := &cobra.Command{
		Use:   "restore --config FILE FROM [--after INC-N]",
		Short: "Put a copy of the store back",
		Long: "Puts the copy FROM in the place that the configuration names for the store. Nothing\n" +
			"is overwritten: stop the bot and move the old store away first. The copy is read\n" +
			"completely before it is used, and a damaged one is refused. Into a cluster of etcd a\n" +
			"copy goes by stormbell migrate.\n\n" +
			"What was declared after the copy was made, it does not know. At least a hundred\n" +
			"numbers are left out for that, and the bot looks in Slack whether there were more.\n" +
			"--after names the last incident, if you know it.\n",
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
			x, err := restore(cmd.Context(), c, args[0], last)
			if err != nil {
				return err
			}
			return printRestored(p, c, args[0], x)
		},
	}
	configFlag(cmd, &config)
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
// is the number of the last incident that was declared.
func restore(ctx context.Context, c *configs.Config, from string, after int) (x desk.Examined, err error) {
	if c.Store.Engine != "bolt" {
		return x, fmt.Errorf("the store is a cluster; to put the copy there: stormbell migrate bolt:%s %s", from, c.Store)
	}
	if _, err := os.Lstat(c.Store.Path); err == nil {
		return x, fmt.Errorf("there is a store at %s; stop the bot and move it away first", c.Store.Path)
	}
	if who := bolt.HeldBy(c.Store.Path); who != "" {
		return x, fmt.Errorf("%s had the store open that was at %s, still lives, and would go on with that one; stop it first, or remove %s.holder if it is no bot", who, c.Store.Path, c.Store.Path)
	}
	if err := os.MkdirAll(filepath.Dir(c.Store.Path), 0o700); err != nil {
		return x, fmt.Errorf("cannot make the folder of %s: %v", c.Store.Path, plainFile(err))
	}
	trial := c.Store.Path + ".restoring"
	os.Remove(trial) // of one that was killed
	defer os.Remove(trial)
	if err := copyFile(ctx, from, trial); err != nil {
		return x, err
	}
	x, err = examineMarked(ctx, trial, after, archive.At(c.ArchiveFolder()).Through, ctx.Err)
	if err != nil {
		return x, fmt.Errorf("%s cannot be used: %s", from, strings.ReplaceAll(err.Error(), "store "+absolute(trial)+" ", "it "))
	}
	return x, giveName(trial, c.Store.Path)
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
