package alerts

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage wait: many stores are opened here, each in a few megabytes, and
// collecting after each doubling of that took a quarter of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
