package web

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int
	}{{0, 400}, {3 << 20, 400}, {4 << 20, 300}, {5 << 20, 200}, {6 << 20, 150}, {8 << 20, 100}, {1 << 40, 100}} {
		if got := percentFor(tt.live); got != tt.want {
			t.Errorf("percentFor(%d) = %d, want %d", tt.live, got, tt.want)
		}
	}
}

// TestLargeHeapIsCollectedAsUsual: what is small waits, and what is large does not.
func TestLargeHeapIsCollectedAsUsual(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	defer LetGarbageWait()()
	large := make([]byte, 64<<20)
	wait := func(want int) {
		t.Helper()
		got := 0
		for range 500 {
			runtime.GC()
			got = debug.SetGCPercent(100)
			debug.SetGCPercent(got)
			if got == want {
				return
			}
			time.Sleep(10 * time.Millisecond) // the collector calls back when it likes
		}
		t.Errorf("GOGC is %d, want %d", got, want)
	}
	wait(100)
	runtime.KeepAlive(large)
}

func TestGarbageWaitsAsTheEnvironmentSays(t *testing.T) {
	t.Setenv("GOGC", "50")
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	defer LetGarbageWait()()
	if got := debug.SetGCPercent(50); got != 50 {
		t.Errorf("GOGC is %d, want the 50 that the environment says", got)
	}
}
