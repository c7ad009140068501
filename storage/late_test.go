package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// slow is a record whose text is made when it is asked for.
type slow struct {
	text string
	err  error
	made int
}

func (s *slow) Text() ([]byte, error) {
	s.made++
	return []byte(s.text), s.err
}

// TestLate: whether the text of a record is made at once or later is seen by nobody.
func TestLate(t *testing.T) {
	key := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 1, 2, -1)
	rapid.Check(t, func(r *rapid.T) {
		db := New(&MemEngine{})
		model := map[string]string{}
		step := 0
		for range 3 {
			fails := rapid.Bool().Draw(r, "fails")
			within := maps.Clone(model)
			late := map[string]*slow{} // whose text nobody has asked for
			var replaced []*slow
			act := func(tx *Tx) {
				k := key.Draw(r, "key")
				settled := func(k string) {
					if s, ok := late[k]; ok && s.made != 1 {
						r.Fatalf("the text at %q was made %d times", k, s.made)
					}
					delete(late, k)
				}
				taken := func() {
					if s, ok := late[k]; ok {
						replaced = append(replaced, s)
					}
					delete(late, k)
				}
				step++
				switch what := rapid.SampledFrom([]string{"late", "late", "late", "put", "delete", "get", "scan"}).Draw(r, "what"); what {
				case "late":
					taken()
					late[k] = &slow{text: fmt.Sprint("late", step)}
					within[k] = late[k].text
					_ = tx.PutLate(k, late[k])
				case "put":
					taken()
					within[k] = fmt.Sprint("put", step)
					_ = tx.Put(k, []byte(within[k]))
				case "delete":
					taken()
					delete(within, k)
					_ = tx.Delete(k)
				case "get":
					v, err := tx.Get(k)
					if want, ok := within[k]; string(v) != want || errors.Is(err, ErrNotFound) == ok {
						r.Fatalf("Get(%q) = %q, %v, want %q", k, v, err, want)
					}
					settled(k)
				case "scan":
					got := map[string]string{}
					for k, v := range tx.Scan(k[:1]) {
						got[k] = string(v)
					}
					want := maps.Clone(within)
					maps.DeleteFunc(want, func(other, _ string) bool { return !strings.HasPrefix(other, k[:1]) })
					if diff := cmp.Diff(want, got); diff != "" {
						r.Fatalf("Scan(%q) (-want +got):\n%s", k[:1], diff)
					}
					for _, k := range slices.Collect(maps.Keys(got)) {
						settled(k)
					}
				}
				want, _ := tx.Late(k).(*slow)
				if late[k] != want {
					r.Fatalf("Late(%q) = %v, want %v", k, want, late[k])
				}
			}
			err := db.Update(context.Background(), func(tx *Tx) error {
				for range rapid.IntRange(0, 12).Draw(r, "acts") {
					act(tx)
				}
				if fails {
					return errors.New("discard")
				}
				return nil
			})
			if !fails {
				model = within
			}
			for _, s := range late {
				if want := map[bool]int{true: 0, false: 1}[fails]; s.made != want {
					r.Fatalf("at the end the text %q was made %d times, want %d", s.text, s.made, want)
				}
			}
			for _, s := range replaced {
				if s.made > 0 {
					r.Fatalf("the text %q was made, and nobody had asked for it", s.text)
				}
			}
			if (err != nil) != fails {
				r.Fatal(err)
			}
		}
		_ = db.View(context.Background(), func(tx *Tx) error {
			got := map[string]string{}
			for k, v := range tx.Scan("") {
				got[k] = string(v)
			}
			if diff := cmp.Diff(model, got); diff != "" {
				r.Fatalf("stored (-want +got):\n%s", diff)
			}
			return nil
		})
	})
}

// TestLateRefused: a text that cannot be made, or has no room, refuses the whole
// transaction, wherever it is found out.
func TestLateRefused(t *testing.T) {
	large := &slow{text: strings.Repeat("x", MaxBytes)}
	broken := &slow{err: errors.New("no text")}
	for name, c := range map[string]struct {
		record Late
		act    func(tx *Tx)
		want   string
	}{
		"too large, at the end": {large, func(*Tx) {}, ErrTooLarge.Error()},
		"too large, when read":  {large, func(tx *Tx) { _, _ = tx.Get("k") }, ErrTooLarge.Error()},
		"broken, at the end":    {broken, func(*Tx) {}, "no text"},
		"broken, in a scan":     {broken, func(tx *Tx) { tx.Scan("")(func(string, []byte) bool { return true }) }, "no text"},
	} {
		t.Run(name, func(t *testing.T) {
			db := New(&MemEngine{})
			err := db.Update(t.Context(), func(tx *Tx) error {
				if err := errors.Join(tx.Put("other", nil), tx.PutLate("k", c.record)); err != nil {
					return err
				}
				c.act(tx)
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Update() = %v, want %q", err, c.want)
			}
			_ = db.View(t.Context(), func(tx *Tx) error {
				for k := range tx.Scan("") {
					t.Errorf("%q is stored", k)
				}
				return nil
			})
		})
	}
	db := New(&MemEngine{})
	err := db.View(t.Context(), func(tx *Tx) error { return tx.PutLate("k", large) })
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("in a view: %v", err)
	}
}

// TestLateOfWhatIsOver: a record that was put late is neither given out nor made once its
// transaction is refused, or over; what is asked for then is answered as without it.
func TestLateOfWhatIsOver(t *testing.T) {
	db := New(&MemEngine{})
	refused, kept := &slow{text: "refused"}, &slow{text: "kept"}
	var over *Tx
	asked := func(tx *Tx, want error) {
		t.Helper()
		if l := tx.Late("k"); l != nil {
			t.Errorf("Late() = %v, want none", l)
		}
		_, err := tx.Get("k")
		if put := tx.PutLate("k", kept); !errors.Is(err, want) || !errors.Is(put, want) {
			t.Errorf("Get() = %v, PutLate() = %v, want %v", err, put, want)
		}
		for range tx.Scan("") {
			t.Error("a scan yields something")
		}
	}
	err := db.Update(t.Context(), func(tx *Tx) error {
		over = tx
		if err := tx.PutLate("k", refused); err != nil {
			return err
		}
		_ = tx.Put(strings.Repeat("x", MaxKey+1), nil)
		asked(tx, ErrTooLarge)
		return nil
	})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("Update() = %v", err)
	}
	asked(over, ErrClosed)
	discard := errors.New("discard")
	err = db.Update(t.Context(), func(tx *Tx) error {
		over = tx
		return errors.Join(tx.PutLate("k", refused), discard)
	})
	if !errors.Is(err, discard) {
		t.Errorf("Update() = %v", err)
	}
	asked(over, ErrClosed)
	if refused.made > 0 || kept.made > 0 {
		t.Errorf("texts were made %d and %d times that nothing stores", refused.made, kept.made)
	}
}
