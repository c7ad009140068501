package etcdtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/etcd"
)

// asHolder makes the test binary open the store and commit as fast as it can.
const asHolder = "ETCDTEST_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(asMember) != "" {
		exit(runMember(os.Args[1]))
	}
	if text := os.Getenv(asHolder); text != "" {
		exit(hold(text))
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runMember(text string) error {
	var m Member
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	return m.Run()
}

// held is the part of the options that a holder is told.
type held struct {
	Endpoints       []string
	Prefix, Address string
	Lease           time.Duration
}

// hold writes a record for each number from 1 on, and prints those that are
// committed, until a commit fails. The error is its last line.
func hold(text string) error {
	var h held
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return err
	}
	o := etcd.Options{Endpoints: h.Endpoints, Prefix: h.Prefix, Lease: h.Lease, Address: h.Address}
	e, err := etcd.Open(context.Background(), o)
	if err != nil {
		return err
	}
	fmt.Println("writer")
	for n := 1; ; n++ {
		err := e.Commit(context.Background(), []storage.Change{{Key: fmt.Sprintf("n/%s/%06d", o.Address, n), Value: []byte(o.Address)}})
		if err != nil {
			fmt.Println("failed", err)
			return nil
		}
		fmt.Println("wrote", n)
		time.Sleep(5 * time.Millisecond)
	}
}

// holder is a process that holds the store.
type holder struct {
	cmd   *exec.Cmd
	lines chan string
}

func startHolder(t *testing.T, o etcd.Options) *holder {
	t.Helper()
	text, err := json.Marshal(held{o.Endpoints, o.Prefix, o.Address, o.Lease})
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: exec.Command(os.Args[0]), lines: make(chan string, 100_000)}
	h.cmd.Env = append(os.Environ(), asHolder+"="+string(text))
	h.cmd.Stderr = os.Stderr
	out, err := h.cmd.StdoutPipe()
	if err == nil {
		err = h.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(h.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			h.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		h.cmd.Process.Kill()
		<-done
		h.cmd.Wait()
	})
	return h
}

func (h *holder) signal(s syscall.Signal) { _ = h.cmd.Process.Signal(s) }

// await returns the next line that begins with the word, and what came before.
func (h *holder) await(t *testing.T, word string, most time.Duration) (line string, before []string) {
	t.Helper()
	late := time.After(most)
	for {
		select {
		case line, open := <-h.lines:
			if !open {
				t.Fatalf("the process ended without saying %q; its last words: %q", word, before[max(0, len(before)-3):])
			}
			if strings.HasPrefix(line, word) {
				return line, before
			}
			before = append(before, line)
		case <-late:
			t.Fatalf("the process did not say %q within %v; its last words: %q", word, most, before[max(0, len(before)-3):])
		}
	}
}
