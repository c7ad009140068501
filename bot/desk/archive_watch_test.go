package desk

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// alarms are what the operators were told, that waits to be sent.
func (x *fixture) alarms() (list []string) {
	x.t.Helper()
	x.view(func(key string, value []byte) {
		if strings.HasPrefix(key, "outbox/") && strings.Contains(string(value), "rchive") {
			list = append(list, string(value))
		}
	})
	return list
}

// noFolder puts a file in the place of the folder of the archive.
func (x *fixture) noFolder() {
	x.t.Helper()
	if err := os.WriteFile(x.shelf.Path(), []byte("no folder"), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

// archival is what is known of the archive.
func (x *fixture) archival() Archival {
	x.t.Helper()
	a, err := x.Archival(background())
	if err != nil {
		x.t.Fatal(err)
	}
	return a
}

// keeping has the archive kept until the function that it returns is called. What was told
// is counted.
func (x *fixture) keeping(told *int) (end func()) {
	ctx, cancel := context.WithCancel(background())
	ended := make(chan error, 1)
	go func() {
		ended <- x.KeepArchiving(ctx, func() func() error { return ctx.Err }, func(ArchiveFiles) {}, func(Archived, error) { *told++ })
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			x.t.Errorf("it ended with %v", err)
		}
	}
}

// TestArchivalIsKnown: when it was done last, what waits, which file cannot be read. The
// operators are told once of what is in the way, and when it is not any more.
func TestArchivalIsKnown(t *testing.T) {
	t.Parallel()
	withArchive(t, 1, func(x *fixture) {
		time.Sleep(year)
		a := x.archival()
		if a.After != year || !a.Last.IsZero() || a.From.IsZero() || a.Late(a.From.Add(time.Hour)) {
			x.t.Errorf("at first: %+v", a)
		}
		x.noFolder()
		told := 0
		end := x.keeping(&told)
		defer func() { end() }()
		day := func() {
			if err := x.tickArchive(background(), archiveName, time.Now()); err != nil {
				x.t.Fatal(err)
			}
			synctest.Wait()
			time.Sleep(24 * time.Hour)
		}
		day()
		day()
		a = x.archival()
		if !strings.Contains(a.Trouble, "could not be written into "+x.shelf.Path()) || a.Waiting == 0 || !a.Late(time.Now().Add(100*time.Hour)) || told != 2 {
			x.t.Errorf("with a file in the place of the folder: %+v; %d runs", a, told)
		}
		if list := x.alarms(); len(list) != 1 || !strings.Contains(list[0], x.shelf.Path()) {
			x.t.Errorf("the operators are told %q", list)
		}
		end()
		x.reopen() // who was told knows it after a start
		end = x.keeping(&told)
		day()
		if list := x.alarms(); len(list) != 1 {
			x.t.Errorf("the operators are told %q", list)
		}
		if err := os.Remove(x.shelf.Path()); err != nil {
			x.t.Fatal(err)
		}
		waited := a.Waiting
		day()
		a = x.archival()
		if a.Trouble != "" || a.Waiting != 0 || a.Files.Incidents != waited || a.Files.Bytes == 0 || a.Late(time.Now()) {
			x.t.Errorf("when it works: %+v", a)
		}
		if list := x.alarms(); len(list) != 2 || !strings.Contains(list[1], "archived again") {
			x.t.Errorf("the operators are told %q", list)
		}
		files, err := os.ReadDir(x.shelf.Path())
		if err != nil || len(files) != a.Files.Files {
			x.t.Fatalf("%d files, %v, and it says %d", len(files), err, a.Files.Files)
		}
		path := x.shelf.Path() + "/" + files[0].Name()
		if err := os.Rename(path, path+".away"); err != nil {
			x.t.Fatal(err)
		}
		time.Sleep(LookEvery)
		synctest.Wait()
		a = x.archival()
		if len(a.Files.Unread) != 1 || a.Files.Unread[0].File != files[0].Name() || !strings.Contains(a.Files.Unread[0].Why, "is not in") {
			x.t.Errorf("without a file: %+v", a.Files)
		}
		day()
		if list := x.alarms(); len(list) != 3 || !strings.Contains(list[2], files[0].Name()) {
			x.t.Errorf("the operators are told %q", list)
		}
		if err := os.Rename(path+".away", path); err != nil {
			x.t.Fatal(err)
		}
		x.told.ArchiveAfter = 0
		end()
		x.reopen()
		end = x.keeping(&told)
		synctest.Wait()
		if a = x.archival(); a.After != 0 || a.Trouble != "" || a.Late(time.Now().Add(year)) || a.Files.Incidents != waited {
			x.t.Errorf("when none are archived any more: %+v", a)
		}
	})
}

// TestArchivedByHandIsKnown: who archives by hand is told by the answer alone, and what came
// of it is known.
func TestArchivedByHandIsKnown(t *testing.T) {
	t.Parallel()
	withArchive(t, 1, func(x *fixture) {
		time.Sleep(year)
		x.noFolder()
		rest := func() error { return nil }
		if _, err := x.Archive(background(), time.Now(), true, rest); err != nil || x.archival().Last != (time.Time{}) {
			x.t.Errorf("dry: %+v, %v", x.archival(), err)
		}
		_, err := x.Archive(background(), time.Now(), false, rest)
		refused(x.t, err, x.shelf.Path())
		if a := x.archival(); a.Trouble == "" || a.Waiting == 0 || !a.Last.IsZero() || len(x.alarms()) != 0 {
			x.t.Errorf("%+v, and the operators are told %q", a, x.alarms())
		}
		ctx, cancel := context.WithCancel(background())
		cancel()
		if _, err := x.Archive(ctx, time.Now(), false, ctx.Err); !errors.Is(err, context.Canceled) || x.archival().Waiting == 0 {
			x.t.Errorf("broken off: %v, %+v", err, x.archival())
		}
		if err := os.Remove(x.shelf.Path()); err != nil {
			x.t.Fatal(err)
		}
		x.archived()
		if a := x.archival(); a.Trouble != "" || a.Waiting != 0 || !a.Last.Equal(time.Now()) {
			x.t.Errorf("%+v", a)
		}
	})
}

// TestArchiveIsNotMounted: where none of the files is that the store names, the folder is
// another one, or its disk is not mounted. Nothing is moved there, nor is a folder made: when
// the disk is back, what was written in its place would be hidden.
func TestArchiveIsNotMounted(t *testing.T) {
	t.Parallel()
	withArchive(t, 1, func(x *fixture) {
		time.Sleep(year)
		x.archived()
		x.unarchive(x.closedOne()) // there is more to move
		was, folder := len(x.records("event/")), x.shelf.Path()
		if err := os.Rename(folder, folder+".away"); err != nil {
			x.t.Fatal(err)
		}
		look := func(what string) {
			x.t.Helper()
			_, err := x.Archive(background(), time.Now(), false, func() error { return nil })
			refused(x.t, err, "that the store names is in "+folder)
			if left, _ := os.ReadDir(folder); len(left) > 0 || len(x.records("event/")) != was || x.archival().Waiting == 0 {
				x.t.Errorf("%s: %v is in the folder, %d of %d events in the store; %+v", what, left, len(x.records("event/")), was, x.archival())
			}
		}
		look("without a folder")
		if _, err := os.Stat(folder); err == nil {
			x.t.Error("the folder was made")
		}
		if err := os.Mkdir(folder, 0o700); err != nil {
			x.t.Fatal(err)
		}
		look("with an empty one")
		if err := errors.Join(os.Remove(folder), os.Rename(folder+".away", folder)); err != nil {
			x.t.Fatal(err)
		}
		if r := x.archived(); r.Incidents == 0 || r.Waiting > 0 {
			x.t.Errorf("when it is back: %+v", r)
		}
	})
}
