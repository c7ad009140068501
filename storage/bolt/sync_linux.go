package bolt

import (
	"os"
	"syscall"
)

// syncData makes durable what was written to a file, and of what the file system knows of it
// only what is needed to read it.
func syncData(f journalFile) error {
	file, ok := f.(*os.File)
	if !ok {
		return f.Sync()
	}
	for {
		if err := syscall.Fdatasync(int(file.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
