//go:build unix

package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// The tests here run this test binary again as another process, which finds in
// the environment what to do with which store.
const (
	childDoes  = "STORMBELL_TEST_CHILD"
	childStore = "STORMBELL_TEST_STORE"
)

// journaling, behind what a child does, has it do so with a journal.
const journaling = "+journal"

var withJournal bool

func TestMain(m *testing.M) {
	does, path := os.Getenv(childDoes), os.Getenv(childStore)
	does, withJournal = strings.CutSuffix(does, journaling)
	children := map[string]func(string) error{"hold": hold, "count": count, "boast": boast, "fill": fill}
	if child, ok := children[does]; ok {
		if err := child(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child starts another process on the store at path.
func child(t *testing.T, does, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childDoes+"="+does, childStore+"="+path)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // an error means that it has ended
		cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// hold opens the store and keeps it until the process is killed.
func hold(path string) error {
	if _, err := bolt.Open(path, bolt.Options{}); err != nil {
		return err
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin) // ends with the test
	return err
}

func TestSecondProcessIsToldWho(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	cmd, out := child(t, "hold", path)
	if !out.Scan() || out.Text() != "open" {
		t.Fatalf("child says %q, want open", out.Text())
	}
	_, err := bolt.Open(path, bolt.Options{})
	want := fmt.Sprintf("store %s is in use by process %d; stop that one first", path, cmd.Process.Pid)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open() of a store another process has = %v, want %q", err, want)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if _, err := os.Stat(path + ".holder"); err != nil {
		t.Fatalf("holder note of the killed process: %v, want it left behind", err)
	}
	e := open(t, path)
	defer e.Close()
	want = fmt.Sprintf("in use by process %d;", os.Getpid())
	if _, err := bolt.Open(path, bolt.Options{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open() after the holder was killed and we have it = %v, want %q", err, want)
	}
}

const counters = 8

// step is one numbered Update of a counter: two records that belong together.
func step(c, n int) func(*storage.Tx) error {
	return func(tx *storage.Tx) error {
		return errors.Join(
			tx.Put(fmt.Sprintf("a/%d/%06d", c, n), []byte(strings.Repeat("x", n%700))),
			tx.Put(fmt.Sprintf("b/%d/%06d", c, n), nil))
	}
}

// count runs counters side by side, from where they were, and prints each step
// once Update has acknowledged it.
func count(path string) error {
	return counting(path, func(db *storage.DB, c, n int) error {
		err := db.Update(context.Background(), step(c, n))
		fmt.Printf("%d %d\n", c, n)
		return err
	})
}

// boast does the same, but prints before the commit: what a test that finds
// nothing missing would have to be blind to.
func boast(path string) error {
	return counting(path, func(db *storage.DB, c, n int) error {
		return db.Update(context.Background(), func(tx *storage.Tx) error {
			fmt.Printf("%d %d\n", c, n)
			return step(c, n)(tx)
		})
	})
}

func counting(path string, next func(db *storage.DB, c, n int) error) error {
	e, err := bolt.Open(path, bolt.Options{Journal: withJournal})
	if err != nil {
		return err
	}
	db := storage.New(e)
	from, err := steps(db)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for c := range counters {
		go func() {
			for n := from[c]; ; n++ {
				if err := next(db, c, n); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// steps returns how many steps of each counter are stored, or what is wrong
// with them: a hole, or half a step.
func steps(db *storage.DB) (n [counters]int, err error) {
	err = db.View(context.Background(), func(tx *storage.Tx) error {
		for key := range tx.Scan("a/") {
			var c, i int
			if _, err := fmt.Sscanf(key, "a/%d/%d", &c, &i); err != nil {
				return err
			}
			if i != n[c] {
				return fmt.Errorf("counter %d: step %d follows %d", c, i, n[c]-1)
			}
			if _, err := tx.Get(fmt.Sprintf("b/%d/%06d", c, i)); err != nil {
				return fmt.Errorf("counter %d: step %d is there by half", c, i)
			}
			n[c]++
		}
		halves := 0
		for range tx.Scan("b/") {
			halves++
		}
		for _, k := range n {
			halves -= k
		}
		if halves != 0 {
			return fmt.Errorf("%d steps are there by their second half", halves)
		}
		return nil
	})
	return n, err
}

// killed lets a child count, kills it after some lines, and returns the last
// step that each counter has printed, from 1.
func killed(t *testing.T, does, path string, lines int) (last [counters]int) {
	t.Helper()
	cmd, out := child(t, does, path)
	for i := 0; out.Scan(); i++ {
		var c, n int
		if _, err := fmt.Sscan(out.Text(), &c, &n); err != nil {
			t.Fatalf("child says %q", out.Text())
		}
		last[c] = n + 1
		if i == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait()
	return last
}

// missing opens the store and counts the acknowledged steps that are not there.
func missing(t *testing.T, path string, acknowledged [counters]int) int {
	t.Helper()
	db := storage.New(open(t, path))
	defer db.Close()
	there, err := steps(db)
	if err != nil {
		t.Fatalf("store after kill: %v", err)
	}
	n := 0
	for c, want := range acknowledged {
		n += max(0, want-there[c])
	}
	return n
}

func TestKilledAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	rounds := 12
	switch {
	case os.Getenv("EVERY_CASE") != "":
		rounds = 48
	case testing.Short():
		rounds = 5
	}
	for round := range rounds {
		lines := rand.IntN(800)
		last := killed(t, []string{"count", "count" + journaling}[round%2], path, lines)
		if n := missing(t, path, last); n > 0 {
			t.Fatalf("round %d, killed after %d lines: %d acknowledged steps are missing", round, lines, n)
		}
	}
}

// TestKilledControl shows that TestKilledAtAnyMoment would see a loss.
func TestKilledControl(t *testing.T) {
	for _, does := range []string{"boast", "boast" + journaling} {
		if !loses(t, does) {
			t.Errorf("%s: a store that acknowledges too early lost nothing in 50 rounds, so this test cannot see losses", does)
		}
	}
}

func loses(t *testing.T, does string) bool {
	path := filepath.Join(t.TempDir(), "store.db")
	for range 50 {
		if missing(t, path, killed(t, does, path, 20)) > 0 {
			return true
		}
	}
	return false
}

// fill stores records until the file may grow no further, looks at what still
// works, and goes on when there is room again.
func fill(path string) error {
	e, err := bolt.Open(path, bolt.Options{Journal: withJournal})
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	tight := limit
	tight.Cur = 4 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		return err
	}
	db := storage.New(e)
	n := 0
	add := func() error {
		err := db.Update(context.Background(), func(tx *storage.Tx) error {
			return tx.Put(fmt.Sprintf("k/%04d", n), make([]byte, 20_000))
		})
		if err == nil {
			n++
		}
		return err
	}
	for err == nil && n < 1000 {
		err = add()
	}
	fmt.Printf("full: %v\n", err)
	if err := errors.Join(stored(db, n), only("again while full", add(), syscall.EFBIG), stored(db, n)); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := errors.Join(add(), stored(db, n), db.Close()); err != nil {
		return err
	}
	fmt.Printf("stored: %d\n", n)
	return nil
}

// only returns an error unless err is want.
func only(what string, err, want error) error {
	if err == nil || !strings.Contains(err.Error(), want.Error()) {
		return fmt.Errorf("%s: %v, want %v", what, err, want)
	}
	return nil
}

// stored returns an error unless there are n records.
func stored(db *storage.DB, n int) error {
	got := 0
	err := db.View(context.Background(), func(tx *storage.Tx) error {
		for range tx.Scan("") {
			got++
		}
		return nil
	})
	if err == nil && got != n {
		err = fmt.Errorf("%d records, want %d", got, n)
	}
	return err
}

func TestFullDisk(t *testing.T) {
	for _, does := range []string{"fill", "fill" + journaling} {
		t.Run(does, func(t *testing.T) { fullDisk(t, does) })
	}
}

func fullDisk(t *testing.T, does string) {
	path := filepath.Join(t.TempDir(), "store.db")
	cmd, out := child(t, does, path)
	var said []string
	for out.Scan() {
		said = append(said, out.Text())
	}
	if err := cmd.Wait(); err != nil || len(said) != 2 || !strings.HasPrefix(said[0], "full: commit: ") ||
		!strings.Contains(said[0], syscall.EFBIG.Error()) {
		t.Fatalf("child says %q, %v, want a commit refused for size, and success later", said, err)
	}
	db := storage.New(open(t, path))
	defer db.Close()
	var n int
	if _, err := fmt.Sscanf(said[1], "stored: %d", &n); err != nil || n < 10 {
		t.Fatalf("child says %q, want stored and a number", said[1])
	}
	if err := stored(db, n); err != nil {
		t.Errorf("store after it was full: %v", err)
	}
}
