package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage/bolt"
)

func backupCommand(p process) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "backup --config FILE OUT",
		Short: "A consistent copy of the store, while the bot runs or not",
		Long: "Writes a copy of the store to the file OUT. The file must not exist yet, and only\n" +
			"you can read it. If the bot is running, it makes the copy, over HTTP with the admin\n" +
			"token; otherwise the store is read directly. The copy is read from beginning to end\n" +
			"before it gets its name.\n\n" +
			"With backup.folder in the configuration the bot takes copies by itself.\n",
		Args: exactly("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := (&operatorFlags{config: config}).configuration(cmd, p.Env)
			if err != nil {
				return err
			}
			return backupTo(cmd.Context(), p, c, config, args[0])
		},
	}
	configFlag(cmd, &config)
	return cmd
}

// backupTo writes a copy under another name, proves it, and gives it its own.
func backupTo(ctx context.Context, p process, c *configs.Config, config, out string) error {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s exists and is not overwritten; name another file", out)
	}
	half := out + ".partial"
	os.Remove(half) // of one that was killed
	defer os.Remove(half)
	err := written(half, func(f *os.File) error {
		_, err := copyStore(ctx, c, config, f, true)
		return err
	})
	if err != nil {
		return err
	}
	x, err := examineMarked(ctx, half, 0, archive.Unread, ctx.Err)
	if err != nil {
		return fmt.Errorf("the copy is not whole and was removed: %v", strings.ReplaceAll(err.Error(), absolute(half), out))
	}
	info, err := os.Stat(half)
	if err != nil {
		return err
	}
	if err := giveName(half, out); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.Out, "%s: %d bytes\n", out, info.Size()); err != nil {
		return err
	}
	if x.Archived > 0 {
		if _, err := fmt.Fprintf(p.Out, "%s archived: copy the folder %s as well\n", incident.Count(x.Archived, "incident of it is", "incidents of it are"), c.ArchiveFolder()); err != nil {
			return err
		}
	}
	if n := len(x.Faults) + x.More; n > 0 {
		return fmt.Errorf("the copy is whole, but the store that it is of has %s; stormbell fsck %s names them", incident.Count(n, "fault", "faults"), out)
	}
	return nil
}

// giveName gives a file a name that nothing has, durably.
func giveName(from, to string) error {
	err := os.Link(from, to) // which, unlike Rename, replaces nothing
	switch {
	case err == nil:
		err = os.Remove(from)
	case errors.Is(err, os.ErrExist):
		return fmt.Errorf("%s exists and is not overwritten", to)
	default:
		err = os.Rename(from, to) // a file system without links
	}
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// absolute is a path as the store names it in what it says.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// written makes a file that only its owner can read, and removes it again when
// f fails: half a copy must not look like a whole one.
func written(path string, f func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists and is not overwritten; name another file", path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, plainFile(err))
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

// copyStore copies the store through the running bot, or else directly. The bot takes what is
// kept for a backup.
func copyStore(ctx context.Context, c *configs.Config, config string, w io.Writer, kept bool) (int64, error) {
	noBot := errors.New("http.admin_token is not set, so a running bot cannot be asked")
	if c.HTTP.AdminToken.Reveal() != "" {
		o, err := (&operatorFlags{config: config}).operatorOf(c)
		if err != nil {
			return 0, err
		}
		n, err := o.copyStore(ctx, w, kept)
		absent := (*absentError)(nil)
		if !errors.As(err, &absent) {
			return n, err
		}
		noBot = fmt.Errorf("nothing answers at %s", absent.address)
	}
	if c.Store.Engine != "bolt" {
		return 0, fmt.Errorf("%v, and the store is a cluster, which only a running bot copies; start the bot, or use stormbell migrate", noBot)
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

func (o *operator) copyStore(ctx context.Context, w io.Writer, kept bool) (int64, error) {
	path := "/v1/backup"
	if !kept {
		path += "?kept=false"
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.address+path, nil)
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

// plainFile takes the operation and the path off an error about a file, which the sentence
// around it says already.
func plainFile(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}
