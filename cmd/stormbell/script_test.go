package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram is the variable with which this test binary is the program itself.
const asProgram = "TEST_AS_STORMBELL"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	if os.Getenv(pageApart) != "" { // a page needs no program beside the test
		os.Exit(m.Run())
	}
	testscript.Main(waiting{m}, map[string]func(){"stormbell": main})
}

// waiting runs eight tests at a time where nobody said how many: most of them wait for other
// processes and for the messages that Slack admits in a second, not for the processor.
type waiting struct{ *testing.M }

func (w waiting) Run() int {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	return w.M.Run()
}

// TestScripts runs the whole program as its users do. Besides testscript's own,
// the scripts have two commands: `exits N ARGUMENTS…` runs stormbell, wants the
// exit code N, and wants one line of complaint and no result when N is 2; `played
// FOLDER` puts there what the first play of a demonstration keeps, which is played once
// for all scripts.
func TestScripts(t *testing.T) {
	t.Parallel()
	store := sync.OnceValues(func() (string, error) { return playedStore(t) })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GOGC", "400") // hundreds of programs start and end in a few megabytes: their garbage waits
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "played": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 1 {
				ts.Fatalf("usage: played FOLDER")
			}
			from, err := store()
			ts.Check(err)
			ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(from)))
			ts.Check(os.Chmod(filepath.Join(ts.MkAbs(args[0]), "stormbell.db"), 0o600))
		}},
	})
}

// playedStore plays the demonstration and returns the folder that it keeps.
func playedStore(t *testing.T) (string, error) {
	folder := filepath.Join(t.TempDir(), "kept")
	program := exec.CommandContext(t.Context(), os.Args[0], "demo", "--play", "--speed", "0", "--data", folder)
	program.Env = append(os.Environ(), asProgram+"=1")
	out, err := program.CombinedOutput()
	switch {
	case err != nil:
		return "", fmt.Errorf("%w\n%s", err, out)
	case !strings.Contains(string(out), "# INC-13: "):
		return "", fmt.Errorf("the first play is not of INC-13:\n%s", out)
	}
	return folder, nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits N ARGUMENTS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := exitOK
	var failed *exec.ExitError
	if err := ts.Exec("stormbell", args[1:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("stormbell %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
	complaint := ts.ReadFile("stderr")
	if want == exitUsage && (strings.Count(complaint, "\n") != 1 || !strings.Contains(complaint, "--help") || ts.ReadFile("stdout") != "") {
		ts.Fatalf("stormbell %s: want one line of complaint that names --help, and no result", strings.Join(args[1:], " "))
	}
}
