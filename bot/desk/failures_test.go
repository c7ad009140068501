package desk_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
)

// TestFailures: a cause is written once a minute, with how often it came again, and
// everybody gets the reference under which it stands.
func TestFailures(t *testing.T) {
	var f desk.Failures
	now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	full := func(n int) error { return fmt.Errorf("save incident/%d: %w", n, syscall.ENOSPC) }
	first, write := f.Failed(full(0), now)
	if !write || len(first) != 8 {
		t.Fatalf("the first = %q, %v; want that it is written", first, write)
	}
	for n := range 500 {
		if ref, write := f.Failed(full(n), now.Add(time.Duration(n)*100*time.Millisecond)); write || ref != first {
			t.Fatalf("the same again = %q, %v; want %q, which is not written again", ref, write, first)
		}
	}
	if ref, write := f.Failed(errors.New("another cause"), now); !write || ref == first {
		t.Errorf("another cause = %q, %v; want that it is written by itself", ref, write)
	}
	if list := f.Repeated(now.Add(59 * time.Second)); len(list) != 0 {
		t.Errorf("before the minute is over: %v", list)
	}
	list := f.Repeated(now.Add(time.Minute))
	if len(list) != 1 || list[0].Again != 500 || list[0].Reference != first || !errors.Is(list[0].Err, syscall.ENOSPC) {
		t.Errorf("after the minute: %+v; want the full disk, 500 times again", list)
	}
	if ref, write := f.Failed(full(0), now.Add(time.Minute)); !write || ref == first {
		t.Errorf("in the next minute = %q, %v; want that it is written again", ref, write)
	}
	for n := range 1000 { // never more than it keeps
		if _, write := f.Failed(fmt.Errorf("cause %d", n), now); !write {
			t.Fatalf("cause %d is not written", n)
		}
	}
	if n := len(f.Repeated(now.Add(time.Hour))); n != 0 {
		t.Errorf("%d causes came again, want none", n)
	}
}
