//go:build machine

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// onDisk is a storm whose store is on a file system of its own, to which alerts come all the
// time.
type onDisk struct {
	*storm
	t       *testing.T
	program string
	at      string // where the file system is mounted
	image   string // of a file system on a file; empty: it is in memory
	ended   chan struct{}
}

// newOnDisk mounts a file system of so many MiB, on a file, or in memory, and starts the program on it.
func newOnDisk(t *testing.T, mib int, onFile bool) *onDisk {
	t.Helper()
	asRoot(t)
	d := &onDisk{storm: newStorm(t), t: t, program: buildProgram(t), at: filepath.Join(t.TempDir(), "disk"), ended: make(chan struct{})}
	if err := os.Mkdir(d.at, 0o700); err != nil {
		t.Fatal(err)
	}
	if onFile {
		d.image = filepath.Join(t.TempDir(), "image")
		d.sh("truncate -s %dM %s && mkfs.ext4 -q %s", mib, d.image, d.image)
		d.sh("mount -o loop %s %s", d.image, d.at)
	} else {
		d.sh("mount -t tmpfs -o size=%dM none %s", mib, d.at)
	}
	t.Cleanup(func() {
		d.kill()
		_ = exec.Command("umount", "-l", d.at).Run() // a test that failed may have it unmounted
	})
	d.exec = func(args ...string) *exec.Cmd { return exec.Command(d.program, args...) }
	d.env = append(d.env, "STORMBELL_STORE=bolt:"+d.at+"/stormbell.db")
	d.begin(t)
	d.send(t, "first", d.ended)
	d.post(t, "/v1/incidents/INC-1/ack", `{"as":"ada"}`)
	return d
}

func (d *onDisk) sh(script string, args ...any) {
	d.t.Helper()
	if out, err := exec.Command("sh", "-ec", fmt.Sprintf(script, args...)).CombinedOutput(); err != nil {
		d.t.Fatalf(script+": %v\n%s", append(args, err, out)...)
	}
}

// reboot mounts the file system anew.
func (d *onDisk) reboot() {
	d.t.Helper()
	for began := time.Now(); exec.Command("umount", d.at).Run() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			d.t.Fatal("the file system cannot be unmounted")
		}
	}
	d.sh("mount -o loop %s %s", d.image, d.at)
}

// blows lets alerts come until halts is called: each sender tries until its alert is taken.
func (d *onDisk) blows(name string) (halts func()) {
	ended := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { d.blow(d.t, 1<<40, func(n int64) string { return fmt.Sprintf("%s-%d", name, n) }, ended) })
	return func() { close(ended); all.Wait() }
}

// taking waits until so many more alerts were answered.
func (d *onDisk) taking(more int64) {
	d.t.Helper()
	enough := d.answered() + more
	for began := time.Now(); d.answered() < enough; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			d.t.Fatalf("only %d of %d alerts were taken within a minute", d.answered(), enough)
		}
	}
}

// refusal sends an alert until it is refused, and returns the answer.
func (d *onDisk) refusal() string {
	d.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(10 * time.Millisecond) {
		q, err := http.NewRequest("POST", "http://"+d.http+"/v1/events", strings.NewReader(`{"title":"another","service":"checkout"}`))
		if err != nil {
			d.t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+stormKey)
		resp, err := d.client.Do(q)
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Retry-After"), " ", string(text))
		}
	}
	d.t.Fatal("alerts are taken all the same")
	return ""
}

// says runs a command of the program and returns what it prints.
func (d *onDisk) says(args ...string) string {
	cmd := d.exec(args...)
	cmd.Env = append(os.Environ(), d.env...)
	out, _ := cmd.CombinedOutput() // it says what is wrong, and fails
	return string(out)
}

// unready waits until the program says that it cannot store, and returns how.
func (d *onDisk) unready() string {
	d.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get("http://" + d.http + "/readyz")
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			return string(text)
		}
	}
	d.t.Fatal("/readyz says that all is well")
	return ""
}

// tail is the end of the log from an offset on.
func (d *onDisk) tail(from int64) string {
	text, _ := os.ReadFile(d.log.Name())
	return string(text[min(from, int64(len(text))):])
}

// whole starts the program anew and checks that all is there that was answered.
func (d *onDisk) whole() {
	d.t.Helper()
	d.kill()
	d.begin(d.t)
	d.storm.stands(d.t)
	d.t.Logf("%d alerts were answered, and are there", d.answered())
}

// TestMachineFullDisk fills the disk while alerts come: they are refused with words, what was
// answered is there, the program says what is wrong wherever it is asked, and goes on by itself
// when there is room.
func TestMachineFullDisk(t *testing.T) {
	d := newOnDisk(t, 160, false) // more than the alerts of a minute take
	halts := d.blows("full")
	d.taking(200)
	d.sh("dd if=/dev/zero of=%s/filler bs=64k 2>/dev/null || true", d.at)
	refused := d.refusal()
	ready, doctor := d.unready(), d.says("doctor", "--config", d.config)
	t.Logf("full: an alert is answered %s", refused)
	t.Logf("full: /readyz says %s", ready)
	if !strings.HasPrefix(refused, "503") || !strings.Contains(ready, "the store takes no writes") || !strings.Contains(doctor, "is not ready") {
		t.Errorf("the words are not plain; doctor says\n%s", doctor)
	}
	if log := d.tail(0); !strings.Contains(log, "no space left on device") {
		t.Error("the log does not say that there is no space")
	}
	d.sh("rm %s/filler", d.at)
	began := time.Now()
	for d.readiness() != http.StatusOK {
		if time.Sleep(50 * time.Millisecond); time.Since(began) > time.Minute {
			t.Fatal("with room again it is not ready within a minute")
		}
	}
	t.Logf("with room again it is ready after %v", time.Since(began))
	d.taking(200)
	halts()
	d.whole()
}

// TestMachineReadOnlyDisk makes the disk read-only under the program, as systems do after an
// error: it refuses, or ends with words; on a disk that can be written again all is there.
func TestMachineReadOnlyDisk(t *testing.T) {
	d := newOnDisk(t, 64, true)
	halts := d.blows("ro")
	d.taking(200)
	d.sh("mount -o remount,abort %s", d.at) // what ext4 does with errors=remount-ro
	refused := d.refusal()
	ready := d.unready()
	t.Logf("read-only: an alert is answered %s", refused)
	t.Logf("read-only: /readyz says %s", ready)
	if !strings.HasPrefix(refused, "503") || !strings.Contains(ready, "the store takes no writes") {
		t.Error("the words are not plain")
	}
	halts()
	d.kill()
	began := int64(len(d.tail(0)))
	d.spawn()
	if err := d.cmd.Wait(); err == nil {
		t.Error("the program starts on a disk that it cannot write")
	}
	d.cmd = nil
	t.Logf("started on it: %s", d.tail(began))
	if said := d.tail(began); !strings.Contains(said, "read-only") || strings.Contains(said, "panic") {
		t.Errorf("started on a read-only disk it says %q, want that it is read-only", said)
	}
	d.reboot()
	d.begin(t)
	d.whole()
}

// powerOff is EXT4_IOC_SHUTDOWN, with the log of the file system not written either: what is
// not on the disk by now never comes there.
func powerOff(t *testing.T, at string) {
	t.Helper()
	f, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flag := uint32(2)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), 0x8004587D, uintptr(unsafe.Pointer(&flag))); errno != 0 {
		t.Skipf("this system cannot cut a file system off from its disk: %v", errno)
	}
}

// TestMachinePowerOff cuts the power of the real program's disk at random moments while alerts
// come: whatever was answered is there, every time. MACHINE_ROUNDS says how often, 5 times if
// it does not.
func TestMachinePowerOff(t *testing.T) {
	d := newOnDisk(t, 128, true)
	for range machineRounds(t) {
		halts := d.blows(fmt.Sprint("cut-", d.answered()))
		d.taking(100)
		powerOff(t, d.at)
		d.kill()
		halts()
		d.reboot()
		d.begin(t)
	}
	d.whole()
}
