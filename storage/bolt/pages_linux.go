package bolt

import (
	"os"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// forgetPages takes the file's pages out of this process's memory. Opening
// touches all of them, and they would count as resident until the process
// ends; they stay in the system's cache. A failure costs nothing but memory.
func forgetPages(db *bolt.DB) {
	info, err := os.Stat(db.Path())
	if err != nil {
		return
	}
	// Data is the start of the mapping, which is at least as long as the file.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, db.Info().Data, uintptr(info.Size()), syscall.MADV_DONTNEED)
}
