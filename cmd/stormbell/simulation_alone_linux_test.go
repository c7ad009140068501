package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// What package syscall does not name.
const (
	auxRandom       = 25         // of an auxiliary vector: 16 bytes of chance that the kernel hands to a program
	traceExitKill   = 0x100000   // of ptrace: a child ends with whoever traces it
	waitAlsoThreads = 0x40000000 // of wait4
	addressesStay   = 0x40000    // of personality: a program lies at the same addresses each time
	scheduleBatch   = 3          // a thread that is woken does not push away the one that wakes it
)

// runAlone runs a command of this program so that it goes the same way each time, to the
// letter. In Go it is chance which timer of an instant is first, which case of a select
// goes on and in which order a map is gone through: all of it comes from 16 bytes that the
// kernel hands to a program, and these are made of the seed. The runtime also has a thread
// that takes the processor from a goroutine after 10 ms: it is not let go. Both is done as
// a debugger does it. Where that is not allowed, the error is errNotTraced, and commands
// after that run as any other.
func runAlone(cmd *exec.Cmd, seed uint64) error {
	if notTraced.Load() {
		return cmd.Run()
	}
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // whoever starts a child traces it; the thread ends with this function
		ended <- runTraced(cmd, seed)
	}()
	return <-ended
}

func runTraced(cmd *exec.Cmd, seed uint64) error {
	holdThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		notTraced.Store(true)
		return fmt.Errorf("%w: %w", errNotTraced, err)
	}
	pid := cmd.Process.Pid
	watch, err := withoutChance(pid, seed)
	if err != nil {
		notTraced.Store(true)
		return errors.Join(fmt.Errorf("%w: %w", errNotTraced, err), cmd.Process.Kill(), cmd.Wait())
	}
	var status syscall.WaitStatus
	for range 2 { // it has stopped, and it has ended
		if _, err := syscall.Wait4(watch, &status, waitAlsoThreads, nil); err != nil {
			break
		}
	}
	return cmd.Wait()
}

// withoutChance takes chance out of a process that is about to begin, and lets it go. It
// returns the thread that is not let go.
func withoutChance(pid int, seed uint64) (watch int, err error) {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return 0, err
	}
	aux, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return 0, err
	}
	chance := binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, seed+1), 0x5707)
	for ; len(aux) >= 16; aux = aux[16:] { // on machines of 64 bits
		if binary.NativeEndian.Uint64(aux) == auxRandom {
			if _, err := syscall.PtracePokeData(pid, uintptr(binary.NativeEndian.Uint64(aux[8:])), chance); err != nil {
				return 0, err
			}
		}
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE|traceExitKill); err != nil {
		return 0, err
	}
	// The watch is the first thread that the runtime starts.
	for signal := 0; status.TrapCause() != syscall.PTRACE_EVENT_CLONE; signal = int(status.StopSignal()) {
		if err := syscall.PtraceCont(pid, signal); err != nil {
			return 0, err
		}
		if _, err := syscall.Wait4(pid, &status, waitAlsoThreads, nil); err != nil {
			return 0, err
		}
		if !status.Stopped() {
			return 0, errors.New("it ended before it began")
		}
	}
	id, err := syscall.PtraceGetEventMsg(pid)
	if err != nil {
		return 0, err
	}
	return int(id), syscall.PtraceDetach(pid)
}

// firstProcessor counts children, which take turns at the processors.
var firstProcessor atomic.Int64

// processors are a thread's, one bit each.
type processors [16]uint64

func (p *processors) call(number uintptr) bool {
	_, _, failed := syscall.RawSyscall(number, 0, unsafe.Sizeof(*p), uintptr(unsafe.Pointer(p)))
	return failed == 0
}

// holdThread lets a child of this thread begin on one processor, on which its threads take
// turns, and at the same addresses each time. What is not allowed is left out: then the
// child sees that it has begun in another way, and is started again.
func holdThread() {
	var may, one processors
	if may.call(syscall.SYS_SCHED_GETAFFINITY) {
		turn := int(firstProcessor.Add(1))
		var list []int
		for k := range len(may) * 64 {
			if may[k/64]&(1<<(k%64)) != 0 {
				list = append(list, k)
			}
		}
		k := list[turn%len(list)]
		one[k/64] = 1 << (k % 64)
		one.call(syscall.SYS_SCHED_SETAFFINITY)
	}
	var priority int32
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, scheduleBatch, uintptr(unsafe.Pointer(&priority)))
	_, _, _ = syscall.RawSyscall(syscall.SYS_PERSONALITY, addressesStay, 0, 0)
}

// leaveThread lets this thread run on any processor again, once the program has begun.
func leaveThread() {
	var all processors
	for k := range all {
		all[k] = ^uint64(0)
	}
	all.call(syscall.SYS_SCHED_SETAFFINITY)
	var priority int32
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, 0, uintptr(unsafe.Pointer(&priority)))
}

// threads is how many this process has.
func threads() int {
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	return len(list)
}
