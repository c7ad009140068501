package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// CopyTo copies into another folder the files that are not there as they are here, each
// under another name first, proven. It removes nothing there, and returns the names of
// those it has copied.
func (f *Folder) CopyTo(ctx context.Context, folder string) (copied []string, err error) {
	files, err := f.files()
	if err != nil {
		return nil, fmt.Errorf("%s %w", f.path, err)
	}
	if len(files) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	var failed []error
	for _, file := range files {
		done, err := copyNew(ctx, filepath.Join(f.path, file), filepath.Join(folder, file))
		if done {
			copied = append(copied, file)
		}
		if err != nil {
			failed = append(failed, err)
		}
		if len(failed) == copiesFailed || ctx.Err() != nil {
			break
		}
	}
	return copied, errors.Join(append(failed, bolt.SyncFolder(folder))...)
}

// copiesFailed is how many files may fail in one run: one that is damaged must not keep those
// after it from being copied, and a full disk fails them all.
const copiesFailed = 3

// copyNew copies a file that is not there as it is here, and reports whether it has.
func copyNew(ctx context.Context, from, to string) (done bool, err error) {
	info, err := os.Stat(from)
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(from), unprefixed(err))
	}
	if there, err := os.Stat(to); err == nil && there.Size() == info.Size() && there.ModTime().Equal(info.ModTime()) {
		return false, nil
	}
	err = copyFile(ctx, from, to, info.ModTime())
	return err == nil, err
}

func copyFile(ctx context.Context, from, to string, modified time.Time) (err error) {
	half := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".partial")
	if err := left(half); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(half, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, reader{ctx, in})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, left(half))
	}
	view, err := bolt.ReadFile(half, false)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", filepath.Base(from), err), left(half))
	}
	defer view.Close()
	if err := hasAll(view, to); err != nil {
		return errors.Join(err, left(half))
	}
	return errors.Join(os.Chtimes(half, modified, modified), os.Rename(half, to))
}

// hasAll refuses a file that lacks incidents which the copy has in whose place it would
// come: a file of an earlier day that was put back must not take the only whole one along.
func hasAll(view storage.Snapshot, copied string) error {
	was, err := bolt.ReadFile(copied, false)
	if err != nil {
		return nil // there is none, or it is worth nothing
	}
	defer was.Close()
	lacks := ""
	err = was.Scan(storage.Prefix(markPrefix), func(key string, _ []byte) bool {
		if _, err := view.Get(key); err != nil {
			lacks = key
		}
		return lacks == ""
	})
	if lacks != "" {
		return fmt.Errorf("%s: it lacks an incident that the copy %s has; put that one into the archive folder", filepath.Base(copied), copied)
	}
	return err
}

// reader stops when ctx ends.
type reader struct {
	ctx context.Context
	io.Reader
}

// Read is a part of [io.Reader].
func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
