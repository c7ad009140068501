package wire

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLanesDoNotWait holds up one lane: all others are handled meanwhile, and the
// envelopes of each in their order.
func TestLanesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newIntake(nil, Handler{})
		held := make(chan struct{})
		var mu sync.Mutex
		done := map[string][]int{}
		in.do = func(_ context.Context, e received) {
			if e.Kind == "held" {
				<-held
			}
			time.Sleep(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			var n int
			_, _ = fmt.Sscan(e.ID, &n)
			done[e.Kind] = append(done[e.Kind], n)
		}
		const lanes, each = 1000, 3
		put := func(lane string, n int) {
			if err := in.put(lane, received{Envelope: Envelope{Kind: lane, ID: fmt.Sprint(n)}}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range each {
			put("held", n)
			for lane := range lanes {
				put(fmt.Sprint("lane ", lane), n)
			}
		}
		time.Sleep(time.Second)
		mu.Lock()
		if len(done) != lanes {
			t.Errorf("%d lanes were handled beside one that is held up, want %d", len(done), lanes)
		}
		mu.Unlock()
		close(held)
		in.stop(time.Minute)
		if err := in.put("late", received{}); err != errStopping {
			t.Errorf("put after stop = %v, want %v", err, errStopping)
		}
		if len(done) != lanes+1 {
			t.Errorf("%d lanes were handled in all, want %d", len(done), lanes+1)
		}
		for lane, got := range done {
			if want := []int{0, 1, 2}; !slices.Equal(got, want) {
				t.Errorf("%s was handled as %v, want %v", lane, got, want)
			}
		}
	})
}
