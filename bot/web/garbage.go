package web

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// How large the heap may be, in bytes, before garbage is collected: that of a quiet
// process, and of one that makes much garbage.
const (
	garbageFloor = 16 << 20
	garbageFlood = 48 << 20
)

// floodEvery is how soon a collection follows the one before where much garbage is made.
const floodEvery = time.Second

// LetGarbageWait has the garbage of a small process wait until its heap has 16 MiB, and
// in a flood of alerts 48. What is alive of a bot is a few MiB, and in a flood to collect at
// each doubling of that, 50 times a second, takes a quarter of the processor time. A larger
// heap is collected as usual, and so is one of which the environment says how. It is for a
// process that serves, and lasts until stop is called.
func LetGarbageWait() (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	p := &pace{percent: 100}
	p.set()
	return func() {
		p.stopped.Store(true)
		debug.SetGCPercent(100)
	}
}

// pace is how often garbage is collected.
type pace struct {
	percent int
	last    time.Time // when it was set
	stopped atomic.Bool
}

// mark is found to be garbage by the next collection, after which the pace is set anew.
type mark struct{ _ *mark } // with a pointer: what has none may be collected late

func (p *pace) set() {
	if p.stopped.Load() {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if now := percentFor(live[0].Value.Uint64(), p.floor()); now != p.percent {
		p.percent = now
		debug.SetGCPercent(now)
	}
	runtime.AddCleanup(new(mark), (*pace).set, p)
}

// floor returns how large the heap may be from this collection until the next.
func (p *pace) floor() uint64 {
	now := time.Now()
	defer func() { p.last = now }()
	if now.Sub(p.last) < floodEvery {
		return garbageFlood
	}
	return garbageFloor
}

// percentFor returns by how much a heap of which so many bytes are alive may grow, as
// GOGC says it. It goes in steps, since to set it stops the process for a moment. More
// than 800 need not be said: with that a heap of next to nothing may grow to 32 MiB.
func percentFor(live, floor uint64) int {
	for _, percent := range []int{800, 400, 300, 200, 150} {
		if live*uint64(100+percent)/100 <= floor {
			return percent
		}
	}
	return 100
}
