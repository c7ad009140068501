//go:build unix

package web

import "syscall"

// openFiles returns how many files this process may open, or 0 if nobody knows.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
