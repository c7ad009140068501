package bolt

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// readSoon tells the system that a part of a file is read next. It begins to read it, and
// nobody waits. A failure costs nothing but time.
func readSoon(f *os.File, at int64, n int) {
	_ = unix.Fadvise(int(f.Fd()), at, int64(n), unix.FADV_WILLNEED)
}

// residentFiles returns how many bytes of files this process has mapped and touched, the
// program's own among them; 0 when the system does not say.
func residentFiles() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text)) // the third: pages of files
	if len(fields) < 3 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[2], 10, 64)
	return pages * int64(os.Getpagesize())
}

// forgetPages takes the file's pages out of this process's memory, where they
// would count as resident until the process ends; they stay in the system's
// cache, and other readers get them back from there. A failure costs nothing
// but memory.
func forgetPages(tx *bolt.Tx) {
	// While tx is open the mapping stays where it is, and it is never shorter than
	// the part of the file that is in use.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
}
