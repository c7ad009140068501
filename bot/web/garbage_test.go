package web

import (
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestPercentFor(t *testing.T) {
	for _, tt := range []struct {
		live, floor uint64
		want        int
	}{
		{0, garbageFloor, 800}, {3 << 20, garbageFloor, 400}, {4 << 20, garbageFloor, 300}, {5 << 20, garbageFloor, 200},
		{6 << 20, garbageFloor, 150}, {8 << 20, garbageFloor, 100}, {1 << 40, garbageFloor, 100},
		{3 << 20, garbageFlood, 800}, {8 << 20, garbageFlood, 400}, {12 << 20, garbageFlood, 300}, {20 << 20, garbageFlood, 100}, {1 << 40, garbageFlood, 100},
	} {
		if got := percentFor(tt.live, tt.floor); got != tt.want {
			t.Errorf("percentFor(%d, %d) = %d, want %d", tt.live, tt.floor, got, tt.want)
		}
	}
}

// TestGarbageWaitsLongerInAFlood: how often a heap is collected follows from how soon it
// was collected again.
func TestGarbageWaitsLongerInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{percent: 100}
		floor := func(after time.Duration) uint64 {
			time.Sleep(after)
			return p.floor()
		}
		for n, tt := range []struct {
			after time.Duration
			want  uint64
		}{{0, garbageFloor}, {floodEvery, garbageFloor}, {floodEvery - 1, garbageFlood}, {20 * time.Millisecond, garbageFlood}, {time.Minute, garbageFloor}} {
			if got := floor(tt.after); got != tt.want {
				t.Errorf("collection %d, after %v: the floor is %d, want %d", n, tt.after, got, tt.want)
			}
		}
	})
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
