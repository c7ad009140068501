//go:build darwin || freebsd || linux

package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// sameDisk returns an error where the folder of the file is on another file system: of a file
// that was mounted by itself it can be of a container, and gone at the next start.
func (e *Engine) sameDisk() error {
	file, err := os.Stat(e.beside)
	if err != nil {
		return err
	}
	folder, err := os.Stat(filepath.Dir(e.beside))
	if err != nil {
		return err
	}
	a, ok1 := file.Sys().(*syscall.Stat_t)
	b, ok2 := folder.Sys().(*syscall.Stat_t)
	if ok1 && ok2 && a.Dev != b.Dev {
		return errors.New("the file is on another file system than its folder; mount the folder in place of the file")
	}
	return nil
}
