package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	simulationSeeds    = flag.Int("seeds", 3, "how many seeds TestSimulation plays")
	simulationSeed     = flag.Uint64("seed", 1, "the first of them")
	simulationScript   = flag.String("script", "", "a file with a script that TestSimulation plays in the place of those of seeds")
	simulationMinimise = flag.Bool("minimise", false, "leave out steps of a script that fails as long as it still fails, and print what remains")
	simulationTwice    = flag.Bool("twice", false, "play each seed twice, and say how many went the same way to the letter")
	simulationTrace    = flag.Bool("trace", false, "print the script of each seed, and what happened")
	simulationPlayed   = flag.Bool("played", false, "play what stands on the standard input; TestSimulation starts itself so")
	simulationLog      = flag.Bool("program-log", false, "the program's own log of what TestSimulation plays, with -v")
)

// outcome is what a run has come to.
type outcome struct {
	Trace, Failures []string
	Threads         int  // with how many it began
	Otherwise       bool // it began with others than it was to, and played nothing
}

// simulate plays a script in a bubble of its own.
func simulate(t *testing.T, x script) (o outcome) {
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, x.Seed)
		s := newSimRun(t, x)
		defer func() {
			s.end()
			o = outcome{Trace: s.trace, Failures: s.failures}
		}()
		for _, step := range x.Steps {
			switch {
			case len(s.failures) > 0:
				return // what follows from it says nothing
			case s.process != nil:
				s.advance(step.After)
			case step.Verb == "begin":
				time.Sleep(step.After)
			default:
				continue
			}
			s.play(step)
			s.inTime()
		}
		if s.process != nil {
			s.settle()
			s.judge()
		}
	})
	return o
}

// TestSimulation plays the scripts of seeds: people, senders, faults, restarts and crashes
// between any two steps and at any commit or call, over hours of virtual time. After each
// it looks whether the invariants hold. Without flags it plays a few; a failing one is
// played again by -seed, to the letter, and -minimise makes it short.
func TestSimulation(t *testing.T) {
	if *simulationPlayed {
		playedAlone(t)
		return
	}
	if *simulationScript != "" {
		text, err := os.ReadFile(*simulationScript)
		if err != nil {
			t.Fatal(err)
		}
		x, err := parseScript(string(text))
		if err != nil {
			t.Fatal(err)
		}
		judged(t, x)
		return
	}
	begun := time.Now()
	var same atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for n := range uint64(*simulationSeeds) {
			seed := *simulationSeed + n
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				if judged(t, scriptOf(seed)) {
					same.Add(1)
				}
			})
		}
	})
	if *simulationTwice {
		fmt.Fprintf(os.Stderr, "%d of %d seeds went the same way twice\n", same.Load(), *simulationSeeds)
	}
	t.Logf("%d seeds in %s", *simulationSeeds, time.Since(begun).Round(time.Millisecond))
}

// judged plays one script and tells what is wrong. With -twice it reports whether it went
// the same way a second time.
func judged(t *testing.T, x script) (same bool) {
	o := played(t, x)
	if *simulationTrace {
		fmt.Fprintf(os.Stderr, "%s\n%s\n", x, strings.Join(o.Trace, "\n"))
	}
	if *simulationTwice {
		same = differs(x, o, played(t, x))
	}
	if len(o.Failures) == 0 {
		return same
	}
	if *simulationMinimise {
		x, o = minimised(t, x, o)
		t.Logf("the script that remains, which is played by -script FILE:\n%s", x)
	}
	for _, f := range o.Failures {
		t.Error(f)
	}
	t.Logf("to play it again: go test ./cmd/stormbell -run Simulation -seeds 1 -seed %d, with -trace to see what happened, and with -minimise to make it short", x.Seed)
	return same
}

// differs reports whether two runs of a script went the same way, and prints where they
// part.
func differs(x script, a, b outcome) bool {
	for n := range min(len(a.Trace), len(b.Trace)) {
		if a.Trace[n] != b.Trace[n] {
			fmt.Fprintf(os.Stderr, "seed %d parts at line %d of %d:\n  %.300s\n  %.300s\n", x.Seed, n, len(a.Trace), a.Trace[n], b.Trace[n])
			return false
		}
	}
	return len(a.Trace) == len(b.Trace)
}

// task is what a process of its own is to play.
type task struct {
	Threads int    // with how many threads it is to begin; 0: with any
	Script  string // empty: it only says how it has begun
}

// threadsFirst is how many threads a process has when it has begun and none of them was
// late: then the others are the same too, and take turns in the same way.
var threadsFirst = sync.OnceValue(func() int {
	least := 0
	for range 5 {
		if o, err := inProcess(task{}, 0); err == nil && (least == 0 || o.Threads < least) {
			least = o.Threads
		}
	}
	return least
})

// played plays a script in a process of its own: in this one others would be beside it,
// and what was before it would count.
func played(t *testing.T, x script) outcome {
	t.Helper()
	const tries = 30
	for try := 1; ; try++ {
		want := task{threadsFirst(), x.String()}
		if try == tries || notTraced.Load() {
			want.Threads = 0
		}
		o, err := inProcess(want, x.Seed)
		if err != nil {
			return outcome{Failures: []string{"runs: " + err.Error()}}
		}
		if !o.Otherwise {
			return o
		}
	}
}

// notTraced is set when it has turned out that a process may not be traced here.
var (
	notTraced    atomic.Bool
	errNotTraced = errors.New("a process cannot be traced")
)

// inProcess starts this program once more and returns what it says of a task.
func inProcess(what task, seed uint64) (o outcome, err error) {
	asked, err := json.Marshal(what)
	if err != nil {
		return o, err
	}
	says, said, err := os.Pipe()
	if err != nil {
		return o, err
	}
	defer says.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSimulation$", "-played", fmt.Sprint("-program-log=", *simulationLog), fmt.Sprint("-test.v=", *simulationLog))
	// One processor, on which goroutines take turns, and no garbage is collected. It knows
	// nothing of where it is, so that it is the same everywhere.
	cmd.Env = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=1500MiB", "TZ=UTC"}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = bytes.NewReader(asked), &out, &out, []*os.File{said}
	answer := make(chan error)
	go func() { answer <- json.NewDecoder(says).Decode(&o) }()
	err = runAlone(cmd, seed)
	said.Close()
	err = errors.Join(err, <-answer)
	if errors.Is(err, errNotTraced) {
		return inProcess(what, seed) // by chance
	}
	if err != nil {
		return o, fmt.Errorf("%w\n%s", err, out.String())
	}
	if *simulationLog {
		os.Stderr.Write(out.Bytes())
	}
	return o, nil
}

// playedAlone is the other end of inProcess.
func playedAlone(t *testing.T) {
	says := os.NewFile(3, "outcome")
	var what task
	if err := json.NewDecoder(os.Stdin).Decode(&what); err != nil {
		t.Fatal(err)
	}
	o := outcome{Threads: threads()}
	o.Otherwise = what.Threads != 0 && what.Threads != o.Threads
	if what.Script != "" && !o.Otherwise {
		x, err := parseScript(what.Script)
		if err != nil {
			t.Fatal(err)
		}
		leaveThread()
		o = simulate(t, x)
	}
	if err := json.NewEncoder(says).Encode(o); err != nil {
		t.Fatal(err)
	}
}

// minimised leaves out steps as long as the script fails by an invariant by which it has
// failed before: halves first, then ever smaller pieces, then single steps.
func minimised(t *testing.T, x script, o outcome) (script, outcome) {
	kinds := map[string]bool{}
	for _, f := range o.Failures {
		kind, _, _ := strings.Cut(f, ":")
		kinds[kind] = true
	}
	for size := len(x.Steps) / 2; size > 0; {
		smaller := false
		for at := 1; at < len(x.Steps); { // the first step starts the program
			y := x
			y.Steps = slices.Delete(slices.Clone(x.Steps), at, min(at+size, len(x.Steps)))
			tried := played(t, y)
			if slices.ContainsFunc(tried.Failures, func(f string) bool {
				kind, _, _ := strings.Cut(f, ":")
				return kinds[kind]
			}) {
				x, o, smaller = y, tried, true
				continue
			}
			at += size
		}
		if size > 1 || !smaller {
			size /= 2
		}
	}
	return x, o
}

// TestSimulationScripts: the script of a seed is the same to the letter each time, and can
// be read from its text.
func TestSimulationScripts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		text := scriptOf(seed).String()
		if again := scriptOf(seed).String(); again != text {
			t.Fatalf("seed %d makes two scripts:\n%s\n%s", seed, text, again)
		}
		read, err := parseScript(text)
		if err != nil || read.String() != text {
			t.Fatalf("seed %d: %v, the script\n%s\nis read as\n%s", seed, err, text, read)
		}
	}
}
