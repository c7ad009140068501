package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const march = "2026-03.archive"

// shop is a store with its folder of archive files.
type shop struct {
	*Folder
	t  *testing.T
	db *storage.DB
}

func newShop(t *testing.T) *shop {
	t.Helper()
	dir := t.TempDir()
	engine, err := bolt.Open(filepath.Join(dir, "stormbell.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{At(filepath.Join(dir, "archive")), t, storage.New(engine)}
	s.db.Through(s.Through)
	t.Cleanup(func() { s.db.Close() })
	return s
}

// records are all that an incident has in a file.
func records(n, events int, what string) []storage.Change {
	number := fmt.Sprintf("%06d", n)
	list := []storage.Change{{Key: markPrefix + number, Value: fmt.Appendf(nil, `{"v":1,"file":"%s","sha256":"%s"}`, march, what)}}
	for k := range events {
		list = append(list, storage.Change{Key: fmt.Sprintf("event/%s/%06d", number, k+1), Value: fmt.Appendf(nil, "%s %d of %d", what, k+1, n)})
	}
	return append(list, storage.Change{Key: "incident/" + number, Value: []byte(what)})
}

// oneInMarch is a store with two events of INC-1 in the file of March.
func oneInMarch(t *testing.T) (s *shop, one []storage.Change) {
	t.Helper()
	s, one = newShop(t), records(1, 2, "one")
	if err := s.Put(t.Context(), march, nil, one); err != nil {
		t.Fatal(err)
	}
	s.mark(one...)
	return s, one
}

// mark has the store know that incidents are archived.
func (s *shop) mark(list ...storage.Change) {
	s.t.Helper()
	err := s.db.Update(s.t.Context(), func(tx *storage.Tx) error {
		for _, c := range list {
			if strings.HasPrefix(c.Key, markPrefix) {
				if err := tx.Put(c.Key, c.Value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// events reads the timeline of an incident, from its beginning or its end.
func (s *shop) events(n int, back bool) (list []string, err error) {
	prefix := fmt.Sprintf("event/%06d/", n)
	err = s.db.View(s.t.Context(), func(tx *storage.Tx) error {
		scan := tx.Scan
		if back {
			scan = tx.ScanBack
		}
		for _, value := range scan(prefix) {
			list = append(list, string(value))
		}
		return nil
	})
	return list, err
}

func sorted(list ...[]storage.Change) []storage.Change {
	all := slices.Concat(list...)
	slices.SortFunc(all, func(a, b storage.Change) int { return strings.Compare(a.Key, b.Key) })
	return all
}

func standing(list ...storage.Change) map[string][]byte {
	marks := map[string][]byte{}
	for _, c := range list {
		if strings.HasPrefix(c.Key, markPrefix) {
			marks[c.Key] = c.Value
		}
	}
	return marks
}

// TestJoined: what the store has of an archived incident is read together with what lies in
// the file, forwards and backwards, each record once.
func TestJoined(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	list := records(7, 3, "one")
	if err := s.Put(t.Context(), march, nil, list); err != nil {
		t.Fatal(err)
	}
	s.mark(list...)
	want := []string{"one 1 of 7", "one 2 of 7", "one 3 of 7"}
	look := func(want []string) {
		t.Helper()
		got, err := s.events(7, false)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("forwards (-want +got):\n%s%v", diff, err)
		}
		back := slices.Clone(want)
		slices.Reverse(back)
		if got, err = s.events(7, true); !slices.Equal(got, back) || err != nil {
			t.Errorf("backwards: %q, %v", got, err)
		}
	}
	look(want)
	err := s.db.Update(t.Context(), func(tx *storage.Tx) error {
		return errors.Join(tx.Put("event/000007/000004", []byte("later")), tx.Put("event/000007/000002", []byte("near")),
			tx.Put("event/000008/000001", []byte("another")))
	})
	if err != nil {
		t.Fatal(err)
	}
	look([]string{"one 1 of 7", "near", "one 3 of 7", "later"})
	err = s.db.View(t.Context(), func(tx *storage.Tx) error {
		v, err := tx.Get("event/000007/000003")
		if string(v) != "one 3 of 7" || err != nil {
			t.Errorf("Get() = %q, %v", v, err)
		}
		if _, err := tx.Get("event/000007/000009"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get() of what is nowhere = %v", err)
		}
		for key := range tx.Scan("incident/") {
			t.Errorf("%s is read out of the file", key)
		}
		n := 0
		for range tx.Scan("event/") {
			n++
		}
		if n != 3 {
			t.Errorf("over all incidents %d records are read, want the 3 of the store", n)
		}
		for range tx.Scan("event/000007/") {
			return nil // a reader that stops early
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPutKeepsWhatIsThere: a file is added to, and what it had of an incident is replaced.
func TestPutKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	one, two := records(1, 2, "one"), records(2, 70, strings.Repeat("two", 40_000))
	for _, c := range []struct{ put, stands []storage.Change }{{one, nil}, {two, one}, {records(9, 5, "nine"), two}, {records(9, 1, "nine"), sorted(one, two)}} {
		if err := s.Put(t.Context(), march, standing(c.stands...), sorted(c.put)); err != nil {
			t.Fatal(err)
		}
		s.mark(c.put...)
	}
	for n, want := range map[int]int{1: 2, 2: 70, 9: 1} {
		if got, err := s.events(n, false); len(got) != want || err != nil {
			t.Errorf("INC-%d has %d events, %v; want %d", n, len(got), err, want)
		}
	}
	files, err := s.List(t.Context())
	if err != nil || len(files) != 1 || files[0].Incidents != 3 || files[0].Err != nil {
		t.Errorf("List() = %+v, %v", files, err)
	}
	before, _ := os.ReadFile(filepath.Join(s.Path(), march))
	refused(t, s.Put(t.Context(), march, standing(records(5, 1, "five")...), records(6, 1, "six")), "an incident is not in it as the store says")
	if after, _ := os.ReadFile(filepath.Join(s.Path(), march)); !slices.Equal(before, after) {
		t.Error("the file has changed")
	}
}

// TestStopped: wherever Put is stopped, the file is the old one or the new one, whole, and the
// next Put goes on.
func TestStopped(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"begin", "written", "proven", "named"} {
		for _, c := range []struct {
			name string
			err  error
		}{{"killed", errKill}, {"full", syscall.ENOSPC}} {
			t.Run(c.name+" at "+at, func(t *testing.T) {
				t.Parallel()
				s := newShop(t)
				one, two := records(1, 2, "one"), records(2, 3, "two")
				if err := s.Put(t.Context(), march, nil, one); err != nil {
					t.Fatal(err)
				}
				s.mark(one...)
				s.step = func(what string) error {
					if what == at {
						if c.err == errKill {
							panic(c.err)
						}
						return c.err
					}
					return nil
				}
				err := killed(func() error { return s.Put(t.Context(), march, standing(one...), two) })
				if !errors.Is(err, c.err) {
					t.Fatalf("Put() = %v", err)
				}
				if c.err == syscall.ENOSPC {
					refused(t, err, "the disk of "+s.Path()+" is full")
				}
				s.step = func(string) error { return nil }
				again := At(s.Path()) // another process
				s.db.Through(again.Through)
				if got, err := s.events(1, false); len(got) != 2 || err != nil {
					t.Errorf("INC-1: %q, %v", got, err)
				}
				if err := again.Put(t.Context(), march, standing(one...), two); err != nil {
					t.Fatal(err)
				}
				s.mark(two...)
				for n, want := range map[int]int{1: 2, 2: 3} {
					if got, err := s.events(n, false); len(got) != want || err != nil {
						t.Errorf("INC-%d: %q, %v", n, got, err)
					}
				}
				if entries, _ := os.ReadDir(s.Path()); len(entries) != 1 {
					t.Errorf("the folder has %v", entries)
				}
			})
		}
	}
}

var errKill = errors.New("killed")

// killed calls f, which may end in the middle as a killed process does.
func killed(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	return f()
}

// TestUnreadable: a file that is missing, damaged, cut short, of another day or open to
// everybody is named, and so is the incident; nothing else is the worse for it.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(path string) error
		words string
	}{
		"missing": {os.Remove, "It lies in the archive file 2026-03.archive, which is not in "},
		"damaged": {func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			at := strings.LastIndex(string(b), "one 2 of 1")
			b[at]++
			return os.WriteFile(path, b, 0o600)
		}, "is damaged: "},
		"cut short": {func(path string) error { return os.Truncate(path, 9000) }, "is damaged: it ends too early"},
		"empty":     {func(path string) error { return os.Truncate(path, 0) }, "is empty"},
		"no store":  {func(path string) error { return os.WriteFile(path, make([]byte, 1<<16), 0o600) }, "is not a Stormbell store"},
		"public":    {func(path string) error { return os.Chmod(path, 0o644) }, "can be used by every user of this machine"},
		"a folder":  {func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "2026-03.archive"},
		"of another day": {func(path string) error {
			other := At(filepath.Join(filepath.Dir(path), "other"))
			err := other.Put(t.Context(), march, nil, records(1, 1, "old"))
			return errors.Join(err, os.Rename(filepath.Join(other.path, march), path))
		}, "the file is of another day"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, one := oneInMarch(t)
			if _, err := s.events(1, false); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(filepath.Join(s.Path(), march)); err != nil {
				t.Fatal(err)
			}
			_, err := s.events(1, false)
			refused(t, err, "The timeline of INC-1 cannot be read. ")
			refused(t, err, c.words)
			err = s.db.View(t.Context(), func(tx *storage.Tx) error {
				refused(t, tx.Reachable("event/000001/"), c.words)
				if err := tx.Reachable("event/000002/"); err != nil {
					t.Errorf("Reachable() of one that is not archived = %v", err)
				}
				return tx.Err()
			})
			if err != nil {
				t.Error(err)
			}
			if err := s.Put(t.Context(), march, standing(one...), records(2, 1, "two")); err == nil {
				t.Error("Put() into such a file is not refused")
			}
		})
	}
}

func refused(t *testing.T, err error, words string) {
	t.Helper()
	var r *incident.Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Error(), words) {
		t.Errorf("error %v, want a refusal with %q", err, words)
	}
}

// TestMarksLeadNowhereElse: a name in the store is no path.
func TestMarksLeadNowhereElse(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.mark(storage.Change{Key: "archived/000001", Value: []byte(`{"v":1,"file":"../stormbell.db"}`)})
	s.db.Through(At(s.Path()).Through) // another process
	if _, err := s.events(1, false); err == nil || !strings.Contains(err.Error(), `"../stormbell.db" is no archive file`) {
		t.Errorf("error %v", err)
	}
}

// TestCopyTo: copies are proven, made once, and nothing is removed.
func TestCopyTo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	to := filepath.Join(t.TempDir(), "archive")
	if copied, err := s.CopyTo(t.Context(), to); len(copied) > 0 || err != nil {
		t.Errorf("of nothing: %q, %v", copied, err)
	}
	one := records(1, 2, "one")
	if err := s.Put(t.Context(), march, nil, one); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if copied, err := s.CopyTo(t.Context(), to); len(copied) != want || err != nil {
			t.Errorf("copied %q, %v; want %d", copied, err, want)
		}
	}
	if err := s.Put(t.Context(), march, standing(one...), records(2, 1, "two")); err != nil {
		t.Fatal(err)
	}
	if copied, err := s.CopyTo(t.Context(), to); len(copied) != 1 || err != nil {
		t.Errorf("copied %q, %v", copied, err)
	}
	files, err := At(to).List(t.Context())
	if err != nil || len(files) != 1 || files[0].Incidents != 2 {
		t.Errorf("there are %+v, %v", files, err)
	}
	if info, err := os.Stat(filepath.Join(to, march)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Truncate(filepath.Join(s.Path(), march), 9000); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CopyTo(t.Context(), to); err == nil {
		t.Error("a damaged file is copied")
	}
	if files, _ := At(to).List(t.Context()); len(files) != 1 || files[0].Err != nil {
		t.Errorf("the good copy is gone: %+v", files)
	}
}

// TestCopyKeepsTheWholeOne: a file of an earlier day that was put back does not take the place
// of its copy, which has more; one that is a link is copied like any other.
func TestCopyKeepsTheWholeOne(t *testing.T) {
	s := newShop(t)
	one, two := records(1, 3, "a"), records(2, 3, "b")
	put := func(of *Folder, list ...[]storage.Change) {
		t.Helper()
		if err := of.Put(t.Context(), march, nil, sorted(list...)); err != nil {
			t.Fatal(err)
		}
	}
	put(s.Folder, one, two)
	to := filepath.Join(t.TempDir(), "copies")
	if _, err := s.CopyTo(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	earlier := At(t.TempDir())
	put(earlier, one)
	path := filepath.Join(s.Path(), march)
	if err := errors.Join(os.Remove(path), os.Symlink(filepath.Join(earlier.Path(), march), path)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CopyTo(t.Context(), to); err == nil || !strings.Contains(err.Error(), "it lacks an incident that the copy") {
		t.Errorf("CopyTo() = %v, want that one is not in the file", err)
	}
	list, err := At(to).List(t.Context())
	if err != nil || len(list) != 1 || list[0].Incidents != 2 {
		t.Errorf("the copy is %+v, %v", list, err)
	}
	put(earlier, two)
	if copied, err := s.CopyTo(t.Context(), to); err != nil || len(copied) != 1 {
		t.Errorf("CopyTo() of a link to the whole one = %v, %v", copied, err)
	}
}
