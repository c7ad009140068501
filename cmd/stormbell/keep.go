package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// gatherChanges is how long changes are gathered before they are kept. The
// bot's store is never much ahead of the workspace, whatever ends both.
const gatherChanges = 25 * time.Millisecond

// keeper keeps a simulated workspace in a file, as it changes.
type keeper struct {
	sim  *slacksim.Workspace
	path string
	log  zerolog.Logger
	stop context.CancelFunc
	done chan struct{}
}

// keepWorkspace begins to keep a workspace in the file at path.
func keepWorkspace(sim *slacksim.Workspace, path string, log zerolog.Logger) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{sim: sim, path: path, log: log, stop: stop, done: make(chan struct{})}
	go k.run(ctx)
	return k
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	troubled := false
	for range k.sim.Watch(ctx) {
		select {
		case <-time.After(gatherChanges):
		case <-ctx.Done():
			return
		}
		err := writeWorkspace(k.sim, k.path)
		if err != nil && !troubled { // said once, not at every change
			k.log.Error().Err(err).Msg("the workspace could not be saved")
		}
		troubled = err != nil
	}
}

// close keeps the workspace once more and stops.
func (k *keeper) close() error {
	k.stop()
	<-k.done
	return writeWorkspace(k.sim, k.path)
}

// writeWorkspace writes a workspace to the file at path. It holds tokens: only
// its owner may read it.
func writeWorkspace(sim *slacksim.Workspace, path string) error {
	if err := replaceFile(path, 0o600, sim.Save); err != nil {
		return fmt.Errorf("cannot save the workspace in %s: %v", path, err)
	}
	return nil
}

// replaceFile writes a file beside the one at path and puts it in its place, so
// that there is always a whole one: the old one, or the new one.
func replaceFile(path string, mode fs.FileMode, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readWorkspace makes the workspace that is kept at path, or a new one where
// there is none.
func readWorkspace(path string, opt slacksim.Options) (*slacksim.Workspace, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return slacksim.New(opt)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the workspace: %v; check the path", err)
	}
	defer f.Close()
	sim, err := slacksim.Restore(opt, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %v; remove the file to begin anew, or name another folder with --data", path, err)
	}
	return sim, nil
}
