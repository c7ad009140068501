package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

// TestFolderIsNone: whatever is in the place of the folder, and wherever a link leads, it is
// said in words what is there and what helps. Nothing is written, nothing that the store has
// is forgotten, and when the folder is back everything is read.
func TestFolderIsNone(t *testing.T) {
	t.Parallel()
	away := func(p string) error { return os.Rename(p, p+".away") }
	for name, c := range map[string]struct {
		spoil         func(path string) error
		reads, writes string // FOLDER is where it is
	}{
		"a file":          {func(p string) error { return errors.Join(away(p), os.WriteFile(p, []byte("x"), 0o600)) }, ", and FOLDER is no folder. Set `archive.folder`", "into FOLDER, which is no folder."},
		"a dangling link": {func(p string) error { return errors.Join(away(p), os.Symlink(p+".nowhere", p)) }, ", and FOLDER is a link that leads nowhere. Set", "into FOLDER, which is a link that leads nowhere."},
		"a circle":        {func(p string) error { return errors.Join(away(p), os.Symlink(p, p)) }, ", and FOLDER is a link that leads nowhere. Set", "into FOLDER, which is a link that leads nowhere."},
		"nothing":         {away, ", which is not in FOLDER. Put the file there from a copy, or set `archive.folder` to where it is.", "is not in FOLDER, and the store has incidents in it;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, one := oneInMarch(t)
			if err := c.spoil(s.Path()); err != nil {
				t.Fatal(err)
			}
			_, err := s.events(1, false)
			refused(t, err, strings.ReplaceAll(c.reads, "FOLDER", s.Path()))
			refused(t, s.Put(t.Context(), march, standing(one...), records(2, 1, "two")), strings.ReplaceAll(c.writes, "FOLDER", s.Path()))
			if err := errors.Join(os.RemoveAll(s.Path()), os.Rename(s.Path()+".away", s.Path())); err != nil {
				t.Fatal(err)
			}
			if got, err := s.events(1, false); len(got) != 2 || err != nil {
				t.Errorf("when it is back: %q, %v", got, err)
			}
		})
	}
}

// TestFolderIsALink: a link to a folder is one, and what is read and written goes there.
func TestFolderIsALink(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	there := t.TempDir()
	if err := os.Symlink(there, s.Path()); err != nil {
		t.Fatal(err)
	}
	one := records(1, 2, "one")
	if err := s.Put(t.Context(), march, nil, one); err != nil {
		t.Fatal(err)
	}
	s.mark(one...)
	got, err := s.events(1, false)
	files, _ := At(there).List(t.Context())
	if len(got) != 2 || err != nil || len(files) != 1 || files[0].Incidents != 1 {
		t.Errorf("%q, %v; there are %+v", got, err, files)
	}
}

// TestWhyUnreadable: why a file cannot be read is said without the words of the system, with
// what helps against just that.
func TestWhyUnreadable(t *testing.T) {
	t.Parallel()
	f := At(t.TempDir())
	path := filepath.Join(f.Path(), march)
	for _, c := range []struct {
		err   error
		words string
	}{
		{&fs.PathError{Op: "stat", Path: path, Err: syscall.EACCES}, "which may not be read by this user. Let the user who runs the bot read the file and its folder."},
		{errors.New("may not be read by this user"), "which may not be read by this user. Let the user who runs the bot read the file and its folder."},
		{errors.New("can be used by every user of this machine (mode 0644), and holds phone numbers"), "and holds phone numbers. Run `chmod 600` on it."},
		{&fs.PathError{Op: "stat", Path: path, Err: syscall.EIO}, "which cannot be read: input/output error. Put the file there from a copy"},
		{&fs.PathError{Op: "open", Path: path, Err: syscall.EMFILE}, "too many files are open. Try again."},
		{errors.New("is damaged: it ends too early"), "which is damaged: it ends too early. Put the file there from a copy"},
	} {
		err := f.unreadable("000001", march, c.err)
		refused(t, err, c.words)
		if strings.Contains(err.Error(), path) {
			t.Errorf("the path stands there twice: %v", err)
		}
	}
	refused(t, At("").unreadable("000001", march, fs.ErrNotExist), "Set `archive.folder` to where it is.")
}

// TestCopiesOfTheOthers: one file that cannot be copied keeps none of the others from it, and
// each that cannot be is named.
func TestCopiesOfTheOthers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for n, file := range []string{"2026-01.archive", "2026-02.archive", "2026-03.archive", "2026-04.archive"} {
		if err := s.Put(t.Context(), file, nil, records(n+1, 1, "one")); err != nil {
			t.Fatal(err)
		}
	}
	gone := filepath.Join(s.Path(), "2026-03.archive")
	if err := errors.Join(os.Truncate(filepath.Join(s.Path(), "2026-01.archive"), 9000), os.Remove(gone), os.Symlink(gone+".nowhere", gone)); err != nil {
		t.Fatal(err)
	}
	copied, err := s.CopyTo(t.Context(), t.TempDir())
	if len(copied) != 2 || err == nil || !strings.Contains(err.Error(), "2026-01.archive") || !strings.Contains(err.Error(), "2026-03.archive") {
		t.Errorf("copied %q, %v", copied, err)
	}
}

// TestBotsInOneFolder: two bots whose folders are one, by a link, lose nothing: what is not
// put into a file stays where it was, and each reads its own.
func TestBotsInOneFolder(t *testing.T) {
	t.Parallel()
	a, b := newShop(t), newShop(t)
	if err := os.Symlink(a.Path(), b.Path()); err != nil {
		t.Fatal(err)
	}
	put := func(s *shop, what string, n int, stands ...storage.Change) error {
		list := records(n, 2, what)
		err := s.Put(t.Context(), march, standing(stands...), list)
		if err == nil {
			s.mark(list...)
		}
		return err
	}
	if err := errors.Join(put(a, "a", 1), put(b, "b", 2)); err != nil {
		t.Fatal(err)
	}
	refused(t, put(b, "b", 1, records(2, 2, "b")...), "an incident in it has the number of another one")
	refused(t, put(a, "a", 2, records(1, 2, "a")...), "an incident in it has the number of another one")
	for s, want := range map[*shop]string{a: "a 1 of 1", b: "b 1 of 2"} {
		n := 1
		if s == b {
			n = 2
		}
		if got, err := s.events(n, false); len(got) != 2 || got[0] != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}

// TestManyFilesInOneView: whoever goes over what lies in one file, and meanwhile asks for what
// lies in more files than are open at a time, reads all of it.
func TestManyFilesInOneView(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const files = 2*openMost + 1
	for n := range files {
		file := fmt.Sprintf("20%02d-01.archive", n+1)
		list := records(n+1, 3, "one")
		list[0].Value = fmt.Appendf(nil, `{"v":1,"file":%q}`, file)
		if err := s.Put(t.Context(), file, nil, list); err != nil {
			t.Fatal(err)
		}
		s.mark(list[0])
	}
	seen := 0
	err := s.db.View(t.Context(), func(tx *storage.Tx) error {
		for range tx.Scan("event/000001/") {
			for n := range files {
				for range tx.Scan(fmt.Sprintf("event/%06d/", n+1)) {
					seen++
				}
			}
		}
		return tx.Err()
	})
	if err != nil || seen != 3*3*files {
		t.Errorf("%d records are read, %v; want %d", seen, err, 3*3*files)
	}
}
