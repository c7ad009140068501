package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram is the variable with which this test binary is the program itself.
const asProgram = "TEST_AS_STORMBELL"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
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
// the scripts have one command: `exits N ARGUMENTS…` runs stormbell, wants the
// exit code N, and wants one line of complaint and no result when N is 2.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
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
