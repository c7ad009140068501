package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// The holder note beside the store says which process has it. It is only ever
// read when the lock is found taken, so one left behind by a killed process
// does no harm; it is believed only as far as it can be checked.

func holderPath(path string) string { return path + ".holder" }

// writeHolder notes this process as the store's holder.
func writeHolder(path string) error {
	host, _ := os.Hostname()
	return os.WriteFile(holderPath(path), fmt.Appendf(nil, "%d %s\n", os.Getpid(), host), 0o600)
}

func removeHolder(path string) { os.Remove(holderPath(path)) }

// holder describes the process that has the store at path.
func holder(path string) string {
	const unknown = "another process"
	note, err := os.ReadFile(holderPath(path))
	if err != nil {
		return unknown
	}
	number, host, _ := strings.Cut(strings.TrimSpace(string(note)), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return unknown
	}
	if here, _ := os.Hostname(); here != host {
		return fmt.Sprintf("process %d on %s", pid, host)
	}
	if !alive(pid) {
		return unknown
	}
	return fmt.Sprintf("process %d", pid)
}

// alive reports whether a process with this number runs here.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	if runtime.GOOS == "windows" {
		return true // there FindProcess has already looked
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// HeldBy describes the process of this machine that had the store at path open and still
// lives; empty: there is none. It is for when the file itself was moved away.
func HeldBy(path string) string {
	who := holder(path)
	if !strings.HasPrefix(who, "process ") || strings.Contains(who, " on ") || who == fmt.Sprintf("process %d", os.Getpid()) {
		return "" // in a container every process has the same number
	}
	return who
}
