//go:build machine

package bolt_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// happening is one thing that a process has done to a file of its store, or said.
type happening struct {
	file string // how its name ends, behind that of the store
	data []byte // written at
	at   int64
	size int64 // cut or grown to; -1: not
	sync bool  // what was done before is on the disk
	said string
}

// What strace says of the calls, with the paths behind the descriptors.
var (
	callOf     = regexp.MustCompile(`^(\d+) +(.*)$`)
	unfinished = regexp.MustCompile(`^(.*) <unfinished \.\.\.>$`)
	resumed    = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
	wrote      = regexp.MustCompile(`^pwrite64\(\d+<([^>]*)>, "((?:\\x[0-9a-f]{2})*)", \d+, (\d+)\) += (\d+)$`)
	resized    = regexp.MustCompile(`^ftruncate\(\d+<([^>]*)>, (\d+)\) += 0$`)
	synced     = regexp.MustCompile(`^(?:fdatasync|fsync)\(\d+<([^>]*)>\) += 0$`)
	says       = regexp.MustCompile(`^write\(1<[^>]*>, "((?:\\x[0-9a-f]{2})*)", \d+\) += \d+$`)
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b := make([]byte, 0, len(s)/4)
	for i := 0; i < len(s); i += 4 {
		n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, byte(n))
	}
	return b
}

// traced lets a child work on a store until it has said some lines, and returns all that it
// did to its files, in order.
func traced(t *testing.T, does, path string, lines int) (list []happening) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-y", "-xx", "-s", "10000000", "-e", "trace=pwrite64,ftruncate,fdatasync,fsync,write", "-e", "signal=none", "-o", trace, self)
	cmd.Env = append(os.Environ(), childDoes+"="+does, childStore+"="+path, "GODEBUG=asyncpreemptoff=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	for i := 0; i < lines && s.Scan(); i++ {
	}
	_ = exec.Command("sh", "-c", fmt.Sprintf("kill -9 $(cat /proc/%d/task/*/children)", cmd.Process.Pid)).Run()
	for s.Scan() {
	}
	_ = cmd.Wait() // it was killed
	text, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	begun := map[string]string{}
	for all := bufio.NewReaderSize(text, 1<<20); ; {
		line, err := all.ReadString('\n')
		if err != nil {
			break
		}
		m := callOf.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		call := m[2]
		if u := unfinished.FindStringSubmatch(call); u != nil {
			begun[m[1]] = u[1]
			continue
		}
		if r := resumed.FindStringSubmatch(call); r != nil {
			call = begun[m[1]] + r[1]
		}
		if h, ok := happens(t, call, path); ok {
			list = append(list, h)
		}
	}
	return list
}

// happens reads one call.
func happens(t *testing.T, call, path string) (happening, bool) {
	t.Helper()
	own := func(name string) (string, bool) { return strings.CutPrefix(plainPath(t, name), path) }
	if m := wrote.FindStringSubmatch(call); m != nil {
		at, _ := strconv.ParseInt(m[3], 10, 64)
		end, ok := own(m[1])
		return happening{file: end, data: unhex(t, m[2]), at: at, size: -1}, ok
	}
	if m := resized.FindStringSubmatch(call); m != nil {
		size, _ := strconv.ParseInt(m[2], 10, 64)
		end, ok := own(m[1])
		return happening{file: end, size: size}, ok
	}
	if m := synced.FindStringSubmatch(call); m != nil {
		end, ok := own(m[1])
		return happening{file: end, size: -1, sync: true}, ok
	}
	if m := says.FindStringSubmatch(call); m != nil {
		return happening{size: -1, said: string(unhex(t, m[1]))}, true
	}
	return happening{}, false
}

// plainPath is a path as strace writes it, in hexadecimal or not.
func plainPath(t *testing.T, name string) string {
	if strings.HasPrefix(name, `\x`) {
		return string(unhex(t, name))
	}
	return name
}

// disk is what a file has on the disk.
type disk []byte

// do puts a change on the disk; of what is written the sectors for which keep says so.
func (d disk) do(h happening, keep func() bool) disk {
	if h.size >= 0 {
		if !keep() {
			return d
		}
		return append(d[:min(int64(len(d)), h.size):min(int64(len(d)), h.size)], make([]byte, max(0, h.size-int64(len(d))))...)
	}
	const sector = 512
	for from := 0; from < len(h.data); from += sector {
		if !keep() {
			continue
		}
		part := h.data[from:min(len(h.data), from+sector)]
		end := h.at + int64(from+len(part))
		if end > int64(len(d)) {
			d = append(d, make([]byte, end-int64(len(d)))...)
		}
		copy(d[h.at+int64(from):], part)
	}
	return d
}

// cuts cuts the power after many of the happenings, and counts the steps that were
// acknowledged and are not there. Of what was not synced, the disk has nothing, all of it, or
// some sectors.
func cuts(t *testing.T, base []byte, list []happening, every int) (n, lost int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cut.db")
	safe := map[string]disk{"": bytes.Clone(base)}
	pending := map[string][]happening{} // by file
	ends := map[string]bool{"": true}
	var acknowledged [counters]int
	all := func() bool { return true }
	for k, h := range list {
		switch {
		case h.sync:
			for _, p := range pending[h.file] {
				safe[h.file] = safe[h.file].do(p, all)
			}
			delete(pending, h.file)
		case h.said != "":
			for line := range strings.Lines(h.said) {
				var c, i int
				if _, err := fmt.Sscan(line, &c, &i); err == nil {
					acknowledged[c] = i + 1
				}
			}
		default:
			ends[h.file] = true
			pending[h.file] = append(pending[h.file], h)
		}
		if k%every != 0 {
			continue
		}
		for name, keep := range map[string]func() bool{"nothing": func() bool { return false }, "all": all,
			"half": func() bool { return rand.N(2) == 0 }, "most": func() bool { return rand.N(10) > 0 }} {
			for end := range ends {
				d := disk(bytes.Clone(safe[end]))
				for _, p := range pending[end] {
					d = d.do(p, keep)
				}
				if err := os.WriteFile(path+end, d, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			n++
			lost += after(t, path, acknowledged, fmt.Sprintf("cut after call %d, with %s of what was not synced", k, name))
		}
	}
	return n, lost
}

// after opens what a cut has left, and counts what is missing.
func after(t *testing.T, path string, acknowledged [counters]int, when string) (lost int) {
	t.Helper()
	e, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatalf("%s: Open() = %v", when, err)
	}
	db := storage.New(e)
	defer db.Close()
	there, err := steps(db)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	for c, want := range acknowledged {
		lost += max(0, want-there[c])
	}
	return lost
}

// TestMachinePowerCut records every write and every sync of a store that works, and then cuts
// the power again and again: what was synced is there, and of the rest whatever the disk liked.
// The store opens, and everything that was acknowledged is in it. A store that acknowledges too
// early is seen to lose.
func TestMachinePowerCut(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed, by which the calls are recorded")
	}
	for does, loses := range map[string]bool{"count": false, "boast": true, "count" + journaling: false, "boast" + journaling: true} {
		t.Run(does, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			e := open(t, path)
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			base, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			list := traced(t, does, path, 2000)
			syncs := 0
			for _, h := range list {
				if h.sync {
					syncs++
				}
			}
			if syncs < 20 {
				t.Fatalf("%d syncs among %d calls: they were not recorded", syncs, len(list))
			}
			n, lost := cuts(t, base, list, max(1, len(list)/500))
			t.Logf("%d calls, %d of them syncs; %d cuts, %d acknowledged steps are missing", len(list), syncs, n, lost)
			if (lost > 0) != loses {
				t.Errorf("%d acknowledged steps are missing after %d cuts", lost, n)
			}
		})
	}
}
