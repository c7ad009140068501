package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/slacksim"
)

func TestKeptWorkspace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "workspace.json")
	people := slacksim.Options{People: []slacksim.Person{{Name: "ada"}}}
	sim, err := readWorkspace(path, people)
	if err != nil {
		t.Fatal(err)
	}
	k := keepWorkspace(sim, path, zerolog.Nop())
	if _, err := sim.As("ada").Message("general", "kept", ""); err != nil {
		t.Fatal(err)
	}
	sim.Close() // as when the server ends first
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file = %v, %v; want it for its owner only: it holds tokens", info.Mode(), err)
	}
	again, err := readWorkspace(path, people)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if c, _ := again.State().Channel("general"); !onScreen(c.Messages, "kept") {
		t.Errorf("read again, general holds %+v", c.Messages)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".workspace-*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// TestKeptWorkspaceIsWhole: what cannot be written leaves what was, and what
// cannot be read says how to go on.
func TestKeptWorkspaceIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "workspace.json")
	write(t, path, "{half")
	if _, err := readWorkspace(path, slacksim.Options{}); err == nil || !strings.Contains(err.Error(), "remove the file to begin anew") {
		t.Errorf("reading half a file = %v, want how to mend it", err)
	}
	sim, err := slacksim.New(slacksim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	gone := filepath.Join(t.TempDir(), "gone", "workspace.json")
	if err := writeWorkspace(sim, gone); err == nil || !strings.Contains(err.Error(), "cannot save the workspace") {
		t.Errorf("writing to no folder = %v, want an error", err)
	}
}

// TestDemoKilled kills the demonstration with SIGKILL while an incident is open
// and starts it again in the same folder: bot and workspace go on together.
func TestDemoKilled(t *testing.T) {
	t.Parallel()
	dir, page := t.TempDir(), freeAddress(t)
	connected := func(st slacksim.State) bool { return st.Sockets > 0 }
	first := startDemo(t, dir, page)
	awaitState(t, page, "the bot", connected)
	declare := fmt.Sprintf(`{"user":"elif","channel":"general","command":"/incident","text":%q}`, "declare kept through a kill sev1 service:payments")
	postJSON(t, "http://"+page+"/control/command", declare)
	before := awaitState(t, page, "the card", func(st slacksim.State) bool { return len(incidentRoom(st).Pins) == 1 })
	// What is on the disk may be a moment behind what was seen.
	kept := filepath.Join(dir, "workspace.json")
	awaitState(t, page, "the file", func(slacksim.State) bool {
		sim, err := readWorkspace(kept, slacksim.Options{})
		if err != nil {
			return false
		}
		defer sim.Close()
		return len(incidentRoom(sim.State()).Pins) == 1
	})
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed: its error says so

	second := startDemo(t, dir, page)
	after := awaitState(t, page, "the bot", connected)
	was, is := incidentRoom(before), incidentRoom(after)
	// Whoever was being invited may have come since.
	gone := slices.ContainsFunc(was.Members, func(id string) bool { return !slices.Contains(is.Members, id) })
	if is.ID != was.ID || gone {
		t.Errorf("after the kill the incident's channel is %s with %q, want %s with %q at least", is.ID, is.Members, was.ID, was.Members)
	}
	postJSON(t, "http://"+page+"/control/command", fmt.Sprintf(`{"user":"elif","channel":%q,"command":"/incident","text":"resolve it was nothing"}`, is.ID))
	awaitState(t, page, "the resolution", func(st slacksim.State) bool { return onScreen(incidentRoom(st).Messages, "Resolved.") })

	// Another one cannot take the folder away from it.
	other := exec.Command(os.Args[0], "demo", "--data", dir, "--listen", "127.0.0.1:0", "--play", "--speed", "0")
	other.Env = append(os.Environ(), asProgram+"=1")
	if said, err := other.CombinedOutput(); err == nil || !strings.Contains(string(said), "is in use by process") {
		t.Errorf("a second demonstration in the same folder: %v, %s; want it to say who uses the store", err, said)
	}

	// Asked to end, it ends in order, and all of it is kept.
	if err := errors.Join(second.Process.Signal(os.Interrupt), second.Wait()); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	sim, err := readWorkspace(kept, slacksim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	if !onScreen(incidentRoom(sim.State()).Messages, "Resolved.") {
		t.Error("what was seen last is not kept")
	}
}

func incidentRoom(st slacksim.State) slacksim.Channel {
	for _, c := range st.Channels {
		if strings.HasPrefix(c.Name, "inc-") {
			return c
		}
	}
	return slacksim.Channel{}
}

// startDemo runs the demonstration in a process of its own, which ends with the
// test.
func startDemo(t *testing.T, dir, listen string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "demo", "--data", dir, "--listen", listen)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

func postJSON(t *testing.T, address, body string) {
	t.Helper()
	resp, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("POST %s %s = %d", address, body, resp.StatusCode)
	}
}

// awaitState asks a workspace for its state until something is there.
func awaitState(t *testing.T, page, what string, there func(slacksim.State) bool) slacksim.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		var st slacksim.State
		if err := readJSON("http://"+page+"/control/state", &st); err == nil && there(st) {
			return st
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

func readJSON(address string, into any) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}
