package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage/bolt"
)

func backupCommand(p process) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "backup --config FILE OUT",
		Short: "A consistent copy of the store, while the bot runs or not",
		Long: "Writes a copy of the store to the file OUT. The file must not exist yet, and only\n" +
			"you can read it. If the bot is running, it makes the copy, over HTTP with the admin\n" +
			"token; otherwise the store is read directly.\n",
		Args: exactly("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := (&operatorFlags{config: config}).configuration(cmd, p.Env)
			if err != nil {
				return err
			}
			var n int64
			err = written(args[0], func(f *os.File) (err error) {
				n, err = copyStore(cmd.Context(), c, config, f)
				return err
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Out, "%s: %d bytes\n", args[0], n)
			return err
		},
	}
	configFlag(cmd, &config)
	return cmd
}

func restoreCommand(p process) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "restore --config FILE FROM",
		Short: "Put a copy of the store back",
		Long: "Puts the copy FROM in the place that the configuration names for the store. Nothing\n" +
			"is overwritten: stop the bot and move the old store away first. The copy is read\n" +
			"completely before it is used, and a damaged one is refused.\n",
		Args: exactly("FROM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := (&operatorFlags{config: config}).configuration(cmd, p.Env)
			if err != nil {
				return err
			}
			if err := restore(c, args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Out, "%s is the store now; start the bot with stormbell run\n", c.Store.Path)
			return err
		},
	}
	configFlag(cmd, &config)
	return cmd
}

// written makes a file that only its owner can read, and removes it again when
// f fails: half a copy must not look like a whole one.
func written(path string, f func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists and is not overwritten; name another file", path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %v", path, errors.Unwrap(err))
	}
	err = f(file)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err != nil {
		os.Remove(path)
	}
	return err
}

// copyStore copies the store through the running bot, or else directly.
func copyStore(ctx context.Context, c *configs.Config, config string, w io.Writer) (int64, error) {
	noBot := errors.New("http.admin_token is not set, so a running bot cannot be asked")
	if c.HTTP.AdminToken.Reveal() != "" {
		o, err := (&operatorFlags{config: config}).operatorOf(c)
		if err != nil {
			return 0, err
		}
		n, err := o.copyStore(ctx, w)
		absent := (*absentError)(nil)
		if !errors.As(err, &absent) {
			return n, err
		}
		noBot = fmt.Errorf("nothing answers at %s", absent.address)
	}
	if _, err := os.Stat(c.Store.Path); err != nil {
		return 0, fmt.Errorf("%v, and there is no store at %s", noBot, c.Store.Path)
	}
	engine, err := bolt.Open(c.Store.Path, bolt.Options{})
	if err != nil {
		return 0, fmt.Errorf("%v, and the store cannot be used: %v", noBot, err)
	}
	n, err := engine.Backup(w)
	return n, errors.Join(err, engine.Close())
}

func (o *operator) copyStore(ctx context.Context, w io.Writer) (int64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.address+"/v1/backup", nil)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %v", o.address, err)
	}
	q.Header.Set("Authorization", "Bearer "+o.token)
	resp, err := (&http.Client{}).Do(q) // a large store takes its time; Ctrl-C ends it
	if err != nil {
		return 0, o.unreached(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return 0, err
		}
		return 0, o.refused(resp, body)
	}
	n, err := io.Copy(w, resp.Body)
	if err != nil {
		return n, fmt.Errorf("the copy ended after %d bytes: %v; the log of the bot says why", n, plainly(err))
	}
	return n, nil
}

// restore puts a copy in the place of a store that is not there.
func restore(c *configs.Config, from string) error {
	if _, err := os.Stat(c.Store.Path); err == nil {
		return fmt.Errorf("there is a store at %s; stop the bot and move it away first", c.Store.Path)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot read %s: %v", from, errors.Unwrap(err))
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(c.Store.Path), 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of %s: %v", c.Store.Path, errors.Unwrap(err))
	}
	trial := c.Store.Path + ".restoring"
	err = written(trial, func(f *os.File) error {
		_, err := io.Copy(f, in)
		return err
	})
	if err != nil {
		return err
	}
	engine, err := bolt.Open(trial, bolt.Options{})
	if err == nil {
		err = engine.Close()
	}
	if err == nil {
		err = os.Rename(trial, c.Store.Path)
	}
	if err != nil {
		os.Remove(trial)
		return fmt.Errorf("%s cannot be used: %v", from, err)
	}
	return nil
}
