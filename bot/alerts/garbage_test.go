package alerts

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// TestMain lets garbage wait: many stores are opened here, each in a few megabytes, and
// collecting after each doubling of that took a quarter of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// tries makes rapid draw so many times in a test that is not parallel.
func tries(t *testing.T, n int) {
	t.Helper()
	was := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", was) })
}
