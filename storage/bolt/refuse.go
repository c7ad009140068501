package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// refusal is why a file cannot be the store, and what to do about it. FILE in
// the cure stands for the path.
type refusal struct{ cause, cure string }

func (r refusal) Error() string { return r.cause + "; " + r.cure }

func refuse(cause, cure string) error { return refusal{cause, cure} }

var (
	errInUse   = errors.New("in use")
	errForeign = refuse("is not a Stormbell store", "name another file; this one is left as it is")
)

// damaged is the refusal of a file whose content contradicts itself.
func damaged(format string, args ...any) error {
	return refuse("is damaged: "+fmt.Sprintf(format, args...), "restore a backup; the file is left as it is")
}

// explain says in plain words why the store at path cannot be opened.
func explain(path string, err error) error {
	var r refusal
	switch {
	case errors.As(err, &r):
		return fmt.Errorf("store %s %s; %s", path, r.cause, strings.ReplaceAll(r.cure, "FILE", path))
	case errors.Is(err, errInUse), errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("store %s is in use by %s; stop that one first, or give this one a store of its own", path, holder(path))
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("store %s is a folder; name a file in it", path)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("store %s: a part of that path is not a folder: %w", path, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("store %s is on a read-only disk; remount it for writing, or name another place: %w", path, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("store %s: the disk is full: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("store %s: this user may not write there; give it the file and its folder: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("store %s leads nowhere (a dangling link?): %w", path, err)
	}
	return fmt.Errorf("open store %s: %w", path, err)
}
