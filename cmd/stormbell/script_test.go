package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram is the variable with which this test binary is the program itself, and asPart
// the one with which it runs one page or one script.
const (
	asProgram = "TEST_AS_STORMBELL"
	asPart    = "TEST_ONE_PART"
)

// apart is that this process runs one page or one script.
var apart = os.Getenv(asPart) != ""

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	if apart { // the program is already there beside it
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

// tryApart runs a test in a process of its own, and fails as it does, with what it says. That
// process has one folder to be in, and the variables besides.
func tryApart(t *testing.T, variables ...string) {
	t.Helper()
	var levels []string
	for level := range strings.SplitSeq(t.Name(), "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(level)+"$")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", strings.Join(levels, "/"))
	cmd.Env = append(append(os.Environ(), asPart+"=1"), variables...)
	said, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "--- PASS: "+t.Name()+" ") {
		t.Errorf("%v\n%s", err, said)
	}
}

const scripts = "testdata/script"

// storePlayed is the variable that names the folder with the store for `played`.
const storePlayed = "TEST_STORE_PLAYED"

// TestScripts runs the whole program as its users do, each script in a process of its own.
// Besides testscript's own, the scripts have two commands: `exits N ARGUMENTS…` runs
// stormbell, wants the exit code N, and wants one line of complaint and no result when N is
// 2; `played FOLDER` puts there what the first play of a demonstration keeps, which is played
// once for all scripts. What `exits` runs has no process of its own, which takes longer to
// start than most commands last, and nothing on its standard input; `exec stormbell` has both.
func TestScripts(t *testing.T) {
	if apart {
		runScripts(t)
		return
	}
	t.Parallel()
	store := sync.OnceValues(func() (string, error) { return playedStore(t) })
	files, err := filepath.Glob(scripts + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte("\nplayed ")) {
				tryApart(t)
				return
			}
			played, err := store()
			if err != nil {
				t.Fatal(err)
			}
			tryApart(t, storePlayed+"="+played)
		})
	}
}

// runScripts runs the scripts that the command line chooses.
func runScripts(t *testing.T) {
	t.Helper()
	folder, err := filepath.Abs(scripts)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[folderOfScripts{}] = folder
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "played": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 1 {
				ts.Fatalf("usage: played FOLDER")
			}
			ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(os.Getenv(storePlayed))))
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
	ts.Check(os.Chdir(ts.MkAbs(".")))
	var result, complaint strings.Builder
	got := run(context.Background(), args[1:], process{Env: environment(ts), In: strings.NewReader(""),
		Out: io.MultiWriter(&result, ts.Stdout()), Err: io.MultiWriter(&complaint, ts.Stderr())})
	if got != want {
		ts.Fatalf("stormbell %s: exit code %d, want %d\n%s%s", strings.Join(args[1:], " "), got, want, &result, &complaint)
	}
	if want == exitUsage && (strings.Count(complaint.String(), "\n") != 1 || !strings.Contains(complaint.String(), "--help") || result.Len() > 0) {
		ts.Fatalf("stormbell %s: want one line of complaint that names --help, and no result\n%s%s", strings.Join(args[1:], " "), &result, &complaint)
	}
}

var setInScript = regexp.MustCompile(`(?m)^env ([A-Z_]+)=`)

// environment is what the variables of a script are now: testscript tells of one whose name
// is known.
func environment(ts *testscript.TestScript) (list []string) {
	text, err := os.ReadFile(filepath.Join(ts.Value(folderOfScripts{}).(string), ts.Name()+".txtar"))
	ts.Check(err)
	for _, m := range setInScript.FindAllSubmatch(text, -1) {
		if name := string(m[1]); ts.Getenv(name) != "" {
			list = append(list, name+"="+ts.Getenv(name))
		}
	}
	return list
}

// folderOfScripts is by what a script knows where it is from.
type folderOfScripts struct{}
