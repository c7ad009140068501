//go:build machine

package main

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests whose names begin with TestMachine put the real program on a machine with a fault.
// They want root, or say in a sentence why they were passed over; `.ci/machine` runs all of
// them. They wait in real time.

// asRoot passes a test over that cannot do to the machine what it must.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount file systems and start programs as other users")
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody have mounts of their own: %v %s", err, out)
	}
}

// inMounts starts the program in a shell that has mounts of its own: what it mounts and
// remounts is gone with it, and nobody else sees it. The shell is root, and has the folder of
// the data in DATA.
func inMounts(script, program, data string) func(args ...string) *exec.Cmd {
	return func(args ...string) *exec.Cmd {
		cmd := exec.Command("unshare", append([]string{"-m", "sh", "-ec", "mount --make-rprivate /; " + script, program}, args...)...)
		cmd.Env = append(os.Environ(), "DATA="+data)
		return cmd
	}
}

// onlyData leaves nothing that can be written but DATA, and starts the program as a user
// who has no rights.
const onlyData = `
mount --bind "$DATA" "$DATA"
cut -d ' ' -f 5 /proc/self/mountinfo | while read -r at; do
  [ "$at" = "$DATA" ] || mount -o remount,bind,ro "$at" 2>/dev/null || true
done
for at in / /tmp /var/tmp "$(dirname "$DATA")"; do
  if touch "$at/.stormbell-test" 2>/dev/null; then echo "$at can be written" >&2; exit 97; fi
done
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$0" "$@"
`

// TestMachineOrdinaryUser runs the program as somebody who may do nothing, on a machine of
// which only the folder of the store can be written: it takes alerts, pages, makes a copy and
// stops as anywhere else.
func TestMachineOrdinaryUser(t *testing.T) {
	asRoot(t)
	l := newLab(t)
	folder := filepath.Dir(l.config)
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	program := buildProgram(t)
	own(t, folder)
	for _, above := range []string{filepath.Dir(folder), filepath.Dir(program)} { // where tests have their folders, others see nothing
		if err := os.Chmod(above, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	l.exec = inMounts(onlyData, program, data)
	l.env = []string{"DATA=" + data, "STORMBELL_STORE=bolt:" + data + "/stormbell.db"}
	l.begin(t)

	status, err := os.ReadFile("/proc/" + l.pid(program) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t65534\t65534\t65534\t65534\n", "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("the program runs as somebody else: no %q in\n%s", want, status)
		}
	}
	seen, err := l.sim.As("elif").Command("general", "/incident", "declare payments fail sev1 service:checkout")
	if err != nil || seen.Error != "" {
		t.Fatalf("declare = %+v, %v", seen, err)
	}
	l.settled(t, "INC-1", "payments-fail")
	copied := l.exec("backup", "--config", l.config, data+"/copy.db")
	copied.Env = append(os.Environ(), l.env...)
	if out, err := copied.CombinedOutput(); err != nil {
		t.Errorf("backup: %v\n%s", err, out)
	}
	l.stops(t, program)
	left, err := os.ReadDir(data)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v; want the store and its copy", left, err)
	}
}

// begin starts the program, and fails soon if it does not become ready.
func (l *lab) begin(t *testing.T) {
	t.Helper()
	l.spawn()
	for began := time.Now(); l.readiness() != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("the program was not ready within 30 seconds")
		}
	}
}

// readiness is the status of the program's answer to /readyz, and 0 where it does not answer.
func (l *lab) readiness() int {
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + l.http + "/readyz")
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// own gives a folder and all in it to the user without rights.
func own(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, 65534, 65534)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pid is the process of the program itself, which a shell has become.
func (l *lab) pid(program string) string {
	l.t.Helper()
	pids, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range pids {
		if at, err := os.Readlink(exe); err == nil && at == program {
			return filepath.Base(filepath.Dir(exe))
		}
	}
	l.t.Fatalf("no process runs %s", program)
	return ""
}

// stops asks the program to stop, which must end well within what is promised.
func (l *lab) stops(t *testing.T, program string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil { // the shell has become the program
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program that was stopped ends with %v", err)
		}
	case <-ctx.Done():
		t.Errorf("the program did not stop")
	}
	l.cmd = nil
}
