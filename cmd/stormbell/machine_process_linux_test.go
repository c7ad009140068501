//go:build machine

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func machineRounds(t *testing.T) int {
	s := os.Getenv("MACHINE_ROUNDS")
	if s == "" {
		return 5
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("MACHINE_ROUNDS=%s: not a number", s)
	}
	return n
}

// TestMachinePaused stops the program in the middle of alerts for longer than anything waits:
// senders, Slack's sockets, a notification. A second program does not take its store
// meanwhile. When it goes on, everything that was answered is there, once.
func TestMachinePaused(t *testing.T) {
	s := newStorm(t)
	s.start()
	ended := make(chan struct{})
	s.send(t, "first", ended)
	halted := make(chan struct{})
	go func() {
		defer close(halted)
		s.blow(t, 1<<40, func(n int64) string { return fmt.Sprint("paused-", n) }, ended)
	}()
	for s.answered() < 200 {
		time.Sleep(5 * time.Millisecond)
	}
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	before := s.answered()
	second := exec.Command(s.cmd.Args[0], s.cmd.Args[1:]...)
	second.Env = append(s.cmd.Env, "STORMBELL_HTTP_LISTEN="+freeAddress(t))
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "is in use by process "+strconv.Itoa(s.cmd.Process.Pid)) {
		t.Errorf("a second program on the store of one that is paused: %v, %s; want that it refuses and says whose it is", err, out)
	}
	time.Sleep(45 * time.Second)
	if now := s.answered(); now > before+64 { // what was answered before it stopped may be read after
		t.Errorf("%d alerts were answered by a program that is paused", now-before)
	}
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for s.readiness() != http.StatusOK {
		if time.Sleep(50 * time.Millisecond); time.Since(began) > time.Minute {
			t.Fatal("a minute after the pause it is not ready")
		}
	}
	t.Logf("after a pause of 45 s it is ready again after %v", time.Since(began))
	for enough := s.answered() + 200; s.answered() < enough; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 2*time.Minute {
			t.Fatal("no alert is taken after the pause")
		}
	}
	s.post(t, "/v1/incidents/INC-1/ack", `{"as":"ada"}`)
	close(ended)
	<-halted
	s.again()
	s.stands(t)
	t.Logf("%d alerts were answered, and are there", len(s.taken))
}

// TestMachineNoDescriptors takes the program the right to open files while it works: what it
// cannot take it does not answer, and it goes on by itself when it may again.
func TestMachineNoDescriptors(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Skip("prlimit is not installed, which sets the limits of a program that runs")
	}
	s := newStorm(t)
	s.start()
	ended := make(chan struct{})
	s.send(t, "first", ended)
	s.post(t, "/v1/incidents/INC-1/ack", `{"as":"ada"}`)
	limit := func(n int) {
		t.Helper()
		if out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.cmd.Process.Pid), fmt.Sprintf("--nofile=%d:", n)).CombinedOutput(); err != nil {
			t.Fatalf("prlimit: %v %s", err, out)
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	s.client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	limit(len(open) - 2) // the standard ones, the store, the sockets: nothing more
	halted := make(chan struct{})
	go func() {
		defer close(halted)
		s.blow(t, 1<<40, func(n int64) string { return fmt.Sprint("none-", n) }, ended)
	}()
	time.Sleep(20 * time.Second)
	during := s.answered()
	log, _ := os.ReadFile(s.log.Name())
	if !strings.Contains(string(log), "too many open files") {
		t.Error("the log does not say that there are too many open files")
	}
	limit(1024)
	began := time.Now()
	for enough := during + 200; s.answered() < enough; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("with descriptors again no alert is taken within a minute")
		}
	}
	t.Logf("without descriptors %d alerts were answered; with them again, 200 more within %v", during, time.Since(began))
	close(ended)
	<-halted
	s.again()
	s.stands(t)
}
