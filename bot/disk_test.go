package bot

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// full is an engine on a disk that can be full.
type full struct {
	storage.Engine
	is atomic.Bool
}

func (f *full) over(e storage.Engine) storage.Engine {
	f.Engine = e
	return f
}

// Commit refuses while the disk is full.
func (f *full) Commit(ctx context.Context, changes []storage.Change) error {
	if f.is.Load() {
		return errors.New("no space left on device")
	}
	return f.Engine.Commit(ctx, changes)
}

// TestDiskFull fills the disk right after a declaration: its page still goes out,
// once, although that cannot be recorded; what people do is refused with words;
// and all goes on when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		disk := &full{}
		r.wrap = disk.over
		defer r.close()
		r.start()
		r.fault(slacksim.Fault{Method: "chat.postMessage", Latency: time.Second, Times: 1})
		r.command("eve", "general", "declare checkout is down")
		disk.is.Store(true)
		r.pass(4 * time.Minute)
		if n := len(r.dm("U0ADA")); n != 1 {
			t.Errorf("ada has %d pages while the disk is full, want exactly the one", n)
		}
		seen := r.command("ada", "general", "ack INC-1")
		if !strings.Contains(seen.Text, "That did not work, and nothing was recorded") || seen.Error != "" {
			t.Errorf("ada sees %+v, want an apology", seen)
		}
		disk.is.Store(false)
		r.pass(2 * time.Minute) // what was tried meanwhile has used up a minute of Slack's patience
		r.acked(1)
		if n := len(r.marked(r.dm("U0ADA"), "page", "INC-1")); n != 1 {
			t.Errorf("ada has %d pages in the end, want one", n)
		}
	})
}

// TestAsleep wakes the pager after the machine has slept through a whole ladder:
// one step is due, and not all of them.
func TestAsleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		engine, err := bolt.Open(filepath.Join(t.TempDir(), "stormbell.db"), bolt.Options{Unsynced: true})
		if err != nil {
			t.Fatal(err)
		}
		db := storage.New(engine)
		defer db.Close()
		l, people, d, _ := parts(t, db, desk.Options{})
		roster, err := rotation.Parse("roster.yaml", []byte(rosterText))
		if err != nil {
			t.Fatal(err)
		}
		if err := people.ApplyRoster(t.Context(), roster, incident.Bot, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Declare(t.Context(), desk.Caller{Actor: "person:bob"}, incident.Declaration{Title: "checkout is down"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := l.Tick(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		i, events, err := d.Timeline(t.Context(), incident.Bot, 1)
		if err != nil || i.Exhausted || !strings.Contains(said(events), "the escalation goes on from here") {
			t.Errorf("after an hour asleep: ladder run out %t, %v; the timeline says %s", i.Exhausted, err, said(events))
		}
	})
}
