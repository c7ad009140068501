package storage_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/storagetest"
)

var ctx = context.Background()

func TestContract(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storagetest.Open {
		e := &storage.MemEngine{}
		return func() storage.Engine { return e }
	})
}

// TestContractOnStrictEngine runs the contract where a commit carries no more
// than one closure may change.
func TestContractOnStrictEngine(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storagetest.Open {
		e := &storage.MemEngine{Max: storage.Limits{Changes: storage.MaxChanges, Bytes: storage.MaxBytes}}
		return func() storage.Engine { return e }
	})
}

// put is a closure that stores an empty value under each key.
func put(keys ...string) func(*storage.Tx) error {
	return func(tx *storage.Tx) error {
		for _, k := range keys {
			if err := tx.Put(k, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

// behind starts a commit of the key "first" that takes the engine's Delay, and
// returns once it is under way, so that Updates started now share the next one.
func behind(t *testing.T, wg *sync.WaitGroup, db *storage.DB) {
	wg.Go(func() {
		if err := db.Update(ctx, put("first")); err != nil {
			t.Errorf("Update(first) = %v, want nil", err)
		}
	})
	synctest.Wait()
}

// commits lists the keys of each commit.
func commits(e *storage.MemEngine) []string {
	var out []string
	for _, c := range e.Commits {
		var keys []string
		for _, change := range c {
			keys = append(keys, change.Key)
		}
		out = append(out, strings.Join(keys, " "))
	}
	return out
}

func TestUpdatesShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		start := time.Now()
		var wg sync.WaitGroup
		behind(t, &wg, db)
		for i := range 50 {
			wg.Go(func() {
				if err := db.Update(ctx, put(fmt.Sprintf("k%02d", i))); err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
				if took := time.Since(start); took != 2*time.Second {
					t.Errorf("Update(%d) returned after %v, want 2s: its commit waits for the first one's", i, took)
				}
			})
		}
		wg.Wait()
		if len(e.Commits) != 2 || len(e.Commits[1]) != 50 {
			t.Errorf("commits = %q, want the first key and then the 50 others", commits(e))
		}
	})
}

// TestWatchIsToldOfEveryCommit: how long it took, how many shared it, and that it failed.
func TestWatchIsToldOfEveryCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		var got []storage.Commit
		db.Watch(func(c storage.Commit) { got = append(got, c) })
		var wg sync.WaitGroup
		behind(t, &wg, db)
		for i := range 50 {
			wg.Go(func() {
				if err := db.Update(ctx, put(fmt.Sprintf("k%02d", i))); err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
			})
		}
		wg.Wait()
		if err := db.Update(ctx, func(*storage.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		want := []storage.Commit{{Took: time.Second, Updates: 1}, {Took: time.Second, Updates: 50}}
		if !slices.Equal(got, want) {
			t.Errorf("told of %v, want %v: an Update that changes nothing is no commit", got, want)
		}
		full := errors.New("no space left on device")
		e.Fail = func(int, []storage.Change) error { return full }
		if err := db.Update(ctx, put("more")); err == nil || len(got) != 3 || got[2].Err != full {
			t.Errorf("Update() on a full disk = %v, told of %v; want the failure in both", err, got)
		}
	})
}

func TestViewDoesNotWaitForACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storage.New(&storage.MemEngine{Delay: time.Hour})
		var wg sync.WaitGroup
		behind(t, &wg, db)
		start := time.Now()
		err := db.View(ctx, func(tx *storage.Tx) error {
			if _, err := tx.Get("first"); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("View during a commit: Get(first) = %v, want ErrNotFound", err)
			}
			return nil
		})
		if took := time.Since(start); err != nil || took != 0 {
			t.Errorf("View() during a commit = %v after %v, want nil at once", err, took)
		}
		wg.Wait()
	})
}

// TestClosuresSeeThoseBeforeThem lets ten closures in one commit each look at
// everything and add a key.
func TestClosuresSeeThoseBeforeThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storage.New(&storage.MemEngine{Delay: time.Second})
		var wg sync.WaitGroup
		behind(t, &wg, db)
		for i := range 10 {
			wg.Go(func() {
				err := db.Update(ctx, func(tx *storage.Tx) error {
					var got []string
					for k := range tx.Scan("n/") {
						got = append(got, k)
					}
					var want []string
					for n := range i {
						want = append(want, fmt.Sprintf("n/%d", n))
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("closure %d sees (-want +got):\n%s", i, diff)
					}
					return tx.Put(fmt.Sprintf("n/%d", i), nil)
				})
				if err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
			})
			synctest.Wait() // in line, in this order
		}
		wg.Wait()
	})
}

func TestFailingClosuresLeaveNothing(t *testing.T) {
	no := errors.New("no")
	tests := []struct {
		name string
		f    func(*storage.Tx) error
		want error // what Update returns; nil when it does not return
	}{
		{"error", func(tx *storage.Tx) error { return errors.Join(tx.Put("bad", nil), no) }, no},
		{"swallowed error", func(tx *storage.Tx) error { tx.Put("bad", make([]byte, storage.MaxBytes)); return nil }, storage.ErrTooLarge},
		{"panic", func(tx *storage.Tx) error { tx.Put("bad", nil); panic("oh") }, nil},
		{"goroutine ended", func(tx *storage.Tx) error { tx.Put("bad", nil); runtime.Goexit(); return nil }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &storage.MemEngine{Delay: time.Second}
				db := storage.New(e)
				var wg sync.WaitGroup
				behind(t, &wg, db)
				good := func(key string) {
					wg.Go(func() {
						if err := db.Update(ctx, put(key)); err != nil {
							t.Errorf("Update(%s) beside a failing closure = %v, want nil", key, err)
						}
					})
					synctest.Wait()
				}
				good("a")
				wg.Go(func() {
					defer func() {
						if p := recover(); (p != nil) != (tt.name == "panic") {
							t.Errorf("panic in the caller = %v", p)
						}
					}()
					if err := db.Update(ctx, tt.f); tt.want == nil || !errors.Is(err, tt.want) {
						t.Errorf("Update() = %v, want %v", err, tt.want)
					}
				})
				synctest.Wait()
				good("b")
				wg.Wait()
				if diff := cmp.Diff([]string{"first", "a b"}, commits(e)); diff != "" {
					t.Errorf("commits (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestAlone covers failures with nobody else in line, who would commit.
func TestAlone(t *testing.T) {
	e := &storage.MemEngine{}
	db := storage.New(e)
	func() {
		defer func() {
			if p := recover(); p != "oh" {
				t.Errorf("panic in the caller = %v, want oh", p)
			}
		}()
		db.Update(ctx, func(tx *storage.Tx) error { tx.Put("bad", nil); panic("oh") })
	}()
	if err := db.Update(ctx, func(*storage.Tx) error { return nil }); err != nil {
		t.Errorf("Update() without changes = %v, want nil", err)
	}
	if err := db.Update(ctx, put("a")); err != nil {
		t.Errorf("Update() after a panic = %v, want nil", err)
	}
	if diff := cmp.Diff([]string{"a"}, commits(e)); diff != "" {
		t.Errorf("commits (-want +got):\n%s", diff)
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

func TestFailedCommitFailsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full, no := errors.New("disk full"), errors.New("no")
		e := &storage.MemEngine{Delay: time.Second, Fail: func(n int, _ []storage.Change) error {
			if n == 2 {
				return full
			}
			return nil
		}}
		db := storage.New(e)
		var wg sync.WaitGroup
		behind(t, &wg, db)
		for name, f := range map[string]func(*storage.Tx) error{
			"a": put("a"), "b": put("b"),
			// These have no changes of their own, but have judged by changes that
			// will never be: their word must not get out.
			"reader":  func(*storage.Tx) error { return nil },
			"refuser": func(*storage.Tx) error { return no },
		} {
			wg.Go(func() {
				if err := db.Update(ctx, f); !errors.Is(err, full) {
					t.Errorf("Update(%s) in a failed commit = %v, want %v", name, err, full)
				}
			})
		}
		wg.Wait()
		if err := db.Update(ctx, put("c")); err != nil {
			t.Errorf("Update() after a failed commit = %v, want nil", err)
		}
		select {
		case <-db.Lost():
			t.Error("Lost() is closed after a clean refusal")
		default:
		}
		err := db.View(ctx, func(tx *storage.Tx) error {
			if _, err := tx.Get("a"); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("Get(a) after its commit failed = %v, want ErrNotFound", err)
			}
			_, err := tx.Get("c")
			return err
		})
		if err != nil {
			t.Errorf("View() = %v, want nil", err)
		}
	})
}

func TestUnknownOutcomeEndsEverything(t *testing.T) {
	for _, sentinel := range []error{storage.ErrUnknown, storage.ErrLost} {
		t.Run(sentinel.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &storage.MemEngine{Delay: time.Second, Fail: func(n int, _ []storage.Change) error {
					if n == 2 {
						return fmt.Errorf("commit: timeout: %w", sentinel)
					}
					return nil
				}}
				db := storage.New(e)
				var wg sync.WaitGroup
				behind(t, &wg, db)
				for range 3 {
					wg.Go(func() {
						if err := db.Update(ctx, put("a")); !errors.Is(err, sentinel) {
							t.Errorf("Update() in the commit = %v, want %v", err, sentinel)
						}
					})
				}
				time.Sleep(1500 * time.Millisecond) // the second commit is under way
				never := func(*storage.Tx) error { t.Error("closure ran after the store was lost"); return nil }
				wg.Go(func() {
					if err := db.Update(ctx, never); !errors.Is(err, storage.ErrLost) {
						t.Errorf("Update() in line behind it = %v, want ErrLost", err)
					}
				})
				<-db.Lost()
				wg.Wait()
				if err := db.View(ctx, never); !errors.Is(err, storage.ErrLost) {
					t.Errorf("View() afterwards = %v, want ErrLost", err)
				}
				if err := db.Update(ctx, never); !errors.Is(err, storage.ErrLost) {
					t.Errorf("Update() afterwards = %v, want ErrLost", err)
				}
				if len(e.Commits) != 2 {
					t.Errorf("commits = %q, want no third", commits(e))
				}
				if err := db.Close(); err != nil {
					t.Errorf("Close() = %v, want nil", err)
				}
			})
		})
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		var wg sync.WaitGroup
		behind(t, &wg, db)
		start := time.Now()
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		for i := range 3 {
			wg.Go(func() {
				if i != 1 {
					if err := db.Update(ctx, put(fmt.Sprint(i))); err != nil {
						t.Errorf("Update(%d) = %v, want nil", i, err)
					}
					return
				}
				err := db.Update(short, func(*storage.Tx) error { t.Error("closure ran although cancelled"); return nil })
				if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 300*time.Millisecond {
					t.Errorf("Update() cancelled in line = %v after %v, want DeadlineExceeded after 300ms", err, took)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"first", "0 2"}, commits(e)); diff != "" {
			t.Errorf("commits (-want +got):\n%s", diff)
		}
	})
}

// TestCancelledAtItsTurn cancels callers at the instant their turn comes, many
// times: whichever wins, the line must move on.
func TestCancelledAtItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Millisecond}
		db := storage.New(e)
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() {
				c, cancel := context.WithTimeout(ctx, time.Duration(i%8)*time.Millisecond)
				defer cancel()
				err := db.Update(c, put(fmt.Sprint(i)))
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Update(%d) = %v", i, err)
				}
			})
			if i%10 == 0 {
				time.Sleep(500 * time.Microsecond)
			}
		}
		wg.Wait()
		if err := db.Update(ctx, put("last")); err != nil {
			t.Errorf("Update() after all = %v, want nil", err)
		}
	})
}

func TestCommitStaysWithinTheEnginesLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second, Max: storage.Limits{Changes: 128, Bytes: storage.MaxBytes}}
		db := storage.New(e)
		var wg sync.WaitGroup
		behind(t, &wg, db)
		const n, each = 30, 10
		for i := range n {
			wg.Go(func() {
				var keys []string
				for k := range each {
					keys = append(keys, fmt.Sprintf("%02d/%d", i, k))
				}
				err := db.Update(ctx, func(tx *storage.Tx) error {
					seen := 0
					for range tx.Scan("") {
						seen++
					}
					if want := 1 + i*each; seen != want {
						t.Errorf("closure %d sees %d records, want %d", i, seen, want)
					}
					return put(keys...)(tx)
				})
				if err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		var sizes []int
		for _, c := range e.Commits {
			sizes = append(sizes, len(c))
		}
		if want := []int{1, 120, 120, 60}; !slices.Equal(sizes, want) {
			t.Errorf("changes in each commit = %v, want %v", sizes, want)
		}
	})
}

// TestBytesLimit does the same with a few large values.
func TestBytesLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second, Max: storage.Limits{Changes: 128, Bytes: storage.MaxBytes}}
		db := storage.New(e)
		var wg sync.WaitGroup
		behind(t, &wg, db)
		for i := range 5 {
			wg.Go(func() {
				err := db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(fmt.Sprint(i), make([]byte, 700<<10)) })
				if err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"first", "0 1", "2 3", "4"}, commits(e)); diff != "" {
			t.Errorf("commits (-want +got):\n%s", diff)
		}
	})
}

// TestFlood has many more closures in line than a group takes, nearly none of
// which changes anything: the first must not wait for the last.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		var wg sync.WaitGroup
		behind(t, &wg, db)
		var took []time.Duration
		var mu sync.Mutex
		start := time.Now()
		for i := range 2000 {
			wg.Go(func() {
				err := db.Update(ctx, func(tx *storage.Tx) error {
					if i%10 == 0 {
						return tx.Put(fmt.Sprint(i), nil)
					}
					return nil
				})
				if err != nil {
					t.Errorf("Update(%d) = %v, want nil", i, err)
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			})
		}
		wg.Wait()
		slices.Sort(took)
		if took[0] != 2*time.Second || took[1999] != 5*time.Second || len(e.Commits) != 5 {
			t.Errorf("2000 closures took %v to %v in %d commits, want 2s to 5s in 5", took[0], took[1999], len(e.Commits))
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		start := time.Now()
		var wg sync.WaitGroup
		behind(t, &wg, db)
		wg.Go(func() {
			err := db.View(ctx, func(*storage.Tx) error { time.Sleep(3 * time.Second); return nil })
			if err != nil {
				t.Errorf("View() = %v, want nil", err)
			}
		})
		for range 2 {
			wg.Go(func() {
				if err := db.Update(ctx, put("late")); !errors.Is(err, storage.ErrClosed) {
					t.Errorf("Update() in line at Close = %v, want ErrClosed", err)
				}
			})
			synctest.Wait()
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("Close() returned after %v, want 3s: when the View has ended", took)
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"first"}, commits(e)); diff != "" {
			t.Errorf("commits (-want +got):\n%s", diff)
		}
	})
}
