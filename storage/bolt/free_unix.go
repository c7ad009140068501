//go:build darwin || freebsd || linux

package bolt

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// Free returns how many bytes the store can still grow by on its file system, as
// far as the system leaves them to this user.
func (e *Engine) Free() (int64, error) { return FreeIn(filepath.Dir(e.path)) }

// FreeIn returns how many bytes the file system of a folder leaves to this user.
func FreeIn(folder string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("space in %s: %w", folder, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
