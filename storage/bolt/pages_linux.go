package bolt

import (
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// forgetPages takes the file's pages out of this process's memory, where they
// would count as resident until the process ends; they stay in the system's
// cache, and other readers get them back from there. A failure costs nothing
// but memory.
func forgetPages(tx *bolt.Tx) {
	// While tx is open the mapping stays where it is, and it is never shorter than
	// the part of the file that is in use.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
}
