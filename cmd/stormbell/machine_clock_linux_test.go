//go:build machine && amd64

package main

import (
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clockFile is the environment variable that has this test binary begin the program under a
// clock that can be set: by how many seconds it is wrong, the file of that name says.
const clockFile = "TEST_CLOCK_FILE"

func init() {
	if file := os.Getenv(clockFile); file != "" {
		runtime.LockOSThread() // the thread that begins a child traces it
		if err := underClock(file); err != nil {
			fmt.Fprintln(os.Stderr, "clock:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

const (
	auxVDSO         = 33   // of an auxiliary vector: where a program reads the clock without a call
	traceGood       = 0x80 // of a stop: it is at a call
	realtime        = 0    // of clock_gettime: the clock that can be set
	traceAllThreads = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE | traceExitKill
)

// underClock runs the program, as a debugger does it, and changes what every reading of the
// clock brings. Clocks that nobody can set go on as they are.
func underClock(file string) error {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, clockFile+"=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, 0, nil); err != nil {
		return err
	}
	if err := hideVDSO(cmd.Process.Pid); err != nil {
		return err
	}
	if err := syscall.PtraceSetOptions(cmd.Process.Pid, traceAllThreads); err != nil {
		return err
	}
	if err := syscall.PtraceSyscall(cmd.Process.Pid, 0); err != nil {
		return err
	}
	inCall := map[int]bool{}
	for {
		pid, err := syscall.Wait4(-1, &status, waitAlsoThreads, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case status.Exited() || status.Signaled():
			if pid == cmd.Process.Pid {
				return nil
			}
			continue
		case !status.Stopped():
			continue
		}
		signal := 0
		switch s := status.StopSignal(); {
		case s == syscall.SIGTRAP|traceGood:
			if inCall[pid] = !inCall[pid]; !inCall[pid] {
				if err := setReading(pid, file); err != nil {
					return err
				}
			}
		case s == syscall.SIGTRAP || s == syscall.SIGSTOP: // a thread was begun, or begins
		default:
			signal = int(s)
		}
		_ = syscall.PtraceSyscall(pid, signal) // a thread may have ended meanwhile
	}
}

// hideVDSO has a program that is about to begin read the clock by calls.
func hideVDSO(pid int) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(pid, &regs); err != nil {
		return err
	}
	word := func(at uintptr) uint64 {
		var b [8]byte
		_, _ = syscall.PtracePeekData(pid, at, b[:])
		return binary.NativeEndian.Uint64(b[:])
	}
	at := uintptr(regs.Rsp) + 8 // the number of arguments
	for range 2 {               // the arguments, and the environment
		for ; word(at) != 0; at += 8 {
		}
		at += 8
	}
	for ; word(at) != 0; at += 16 {
		if word(at) == auxVDSO {
			_, err := syscall.PtracePokeData(pid, at, binary.NativeEndian.AppendUint64(nil, 1)) // AT_IGNORE
			return err
		}
	}
	return fmt.Errorf("the system has told the program no way to read the clock without a call")
}

// setReading changes what a call brought that has read the clock.
func setReading(pid int, file string) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(pid, &regs); err != nil || regs.Orig_rax != syscall.SYS_CLOCK_GETTIME || regs.Rdi != realtime {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || seconds == 0 {
		return err
	}
	var b [8]byte
	if _, err := syscall.PtracePeekData(pid, uintptr(regs.Rsi), b[:]); err != nil {
		return err
	}
	now := int64(binary.NativeEndian.Uint64(b[:]))
	_, err = syscall.PtracePokeData(pid, uintptr(regs.Rsi), binary.NativeEndian.AppendUint64(nil, uint64(now+seconds)))
	return err
}

// TestMachineClock sets the clock of the real program back and ahead while nobody answers:
// the ladder goes on at its pace, nobody on it is passed over or asked in a flood, what was
// answered is there, in order, and the incident can be ended.
func TestMachineClock(t *testing.T) {
	probe := exec.Command(os.Args[0], "version")
	probe.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := probe.Start(); err != nil {
		t.Skipf("a program may not be traced here: %v", err)
	}
	_, _ = probe.Process.Kill(), probe.Wait()
	for _, set := range []time.Duration{-2 * time.Hour, 2 * time.Hour, 400 * 24 * time.Hour} {
		t.Run(set.String(), func(t *testing.T) {
			ntfy := &pushes{more: make(chan struct{}, 1)}
			server := httptest.NewServer(ntfy)
			defer server.Close()
			lab := newLabWith(t, []byte(climbers), "notify: {ntfy: {url: '"+server.URL+"', topic: 'stormbell-{person}'}}\n")
			file := filepath.Join(t.TempDir(), "clock")
			clock := func(d time.Duration) {
				t.Helper()
				write(t, file+".new", strconv.Itoa(int(d/time.Second)))
				if err := os.Rename(file+".new", file); err != nil {
					t.Fatal(err)
				}
			}
			clock(0)
			lab.env = append(lab.env, clockFile+"="+file)
			lab.start()
			name := lab.declare(t, "nobody answers", "checkout")
			ntfy.await(t, name, "stormbell-ada")
			clock(set)
			began := time.Now()
			for _, person := range []string{"bob", "cleo"} {
				ntfy.await(t, name, "stormbell-"+person)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("the ladder of seconds took %v after the clock was set", took)
			}
			if pages := ntfy.of(name); len(pages) > 12 {
				t.Errorf("%d pages: %+v", len(pages), pages)
			}
			lab.post(t, "/v1/incidents/"+name+"/ack", `{"as":"ada"}`)
			lab.post(t, "/v1/incidents/"+name+"/note", `{"as":"ada","text":"the clock was wrong"}`)
			clock(0)
			lab.post(t, "/v1/incidents/"+name+"/resolve", `{"as":"ada","text":"it was set right"}`)
			second := lab.declare(t, "the next one", "search")
			ntfy.await(t, second, "stormbell-fay")
			lab.post(t, "/v1/incidents/"+second+"/ack", `{"as":"fay"}`)
			var got struct {
				Timeline []struct {
					Seq  int
					At   time.Time
					Text string
				}
			}
			lab.get(t, "/v1/incidents/"+name+"/timeline", &got)
			for n, e := range got.Timeline {
				if e.Seq != n+1 {
					t.Errorf("entry %d has the number %d", n+1, e.Seq)
				}
				// A timeline does not go back: set back, it stands until the clock is there again.
				if e.Text == "the clock was wrong" && (time.Until(e.At)-max(set, 0)).Abs() > time.Minute {
					t.Errorf("what was written while the clock was set by %v has the time %v", set, e.At)
				}
			}
			t.Logf("%d entries, %d pages", len(got.Timeline), len(ntfy.of(name)))
			lab.kill()
			sound(t, lab)
		})
	}
}

// sound fails unless the store of a program that has been killed is sound.
func sound(t *testing.T, l *lab) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		cmd := exec.Command(os.Args[0], "fsck", "--config", l.config)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if !strings.Contains(string(out), "is in use by") || time.Since(began) > time.Minute {
			t.Fatalf("fsck: %v\n%s", err, out)
		}
	}
}
