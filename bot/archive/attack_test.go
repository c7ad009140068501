package archive

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestTwoStoresInOneFolder: what another store has put into a file is not replaced by an
// incident that has the same number by chance. One that was archived, and is again since a
// copy of the store was put back, is.
func TestTwoStoresInOneFolder(t *testing.T) {
	t.Parallel()
	s, _ := oneInMarch(t)
	refused(t, At(s.Path()).Put(t.Context(), march, nil, records(1, 3, "another one")), "an incident in it has the number of another one")
	if got, err := s.events(1, false); len(got) != 2 || err != nil {
		t.Errorf("INC-1: %q, %v", got, err)
	}
	if err := At(s.Path()).Put(t.Context(), march, nil, records(1, 3, "one")); err != nil {
		t.Errorf("a copy of the store of an earlier day: %v", err)
	}
}

// TestTwoProcessesInOneFolder: what one process has read of a file is what it writes into its
// place. Another one waits, or it would take what came in between along.
func TestTwoProcessesInOneFolder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	one, two := records(1, 2, "one"), records(2, 2, "two")
	var other error
	s.step = func(what string) error {
		if what == "written" {
			other = At(s.Path()).Put(t.Context(), march, nil, two)
		}
		return nil
	}
	if err := s.Put(t.Context(), march, nil, one); err != nil {
		t.Fatal(err)
	}
	s.mark(one...)
	refused(t, other, "another process writes into "+s.Path())
	s.step = func(string) error { return nil }
	if err := At(s.Path()).Put(t.Context(), march, nil, two); err != nil {
		t.Fatal(err)
	}
	s.mark(two...)
	for n := range 2 {
		if got, err := s.events(n+1, false); len(got) != 2 || err != nil {
			t.Errorf("INC-%d: %q, %v", n+1, got, err)
		}
	}
}

// TestSpoiltIsReadOnce: a file that is damaged is read to the damaged place once, however many
// ask for what lies in it; and again when it is another one.
func TestSpoiltIsReadOnce(t *testing.T) {
	t.Parallel()
	s, _ := oneInMarch(t)
	path := filepath.Join(s.Path(), march)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.ReplaceAll(whole, []byte("one 1 of 1"), []byte("one 1 of 7"))
	if err := errors.Join(os.Remove(path), os.WriteFile(path, spoilt, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := s.events(1, false); err == nil {
			t.Fatal("it is read")
		}
	}
	if n := s.reads.Load(); n != 1 {
		t.Errorf("the damaged file was read %d times", n)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, whole, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, err := s.events(1, false); len(got) != 2 || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if n := s.reads.Load(); n != 2 {
		t.Errorf("the files were read %d times", n)
	}
}
