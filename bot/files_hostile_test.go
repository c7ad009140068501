package bot

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// stored lists the keys of the store with one of prefixes.
func (r *rig) stored(prefixes ...string) (keys []string) {
	r.t.Helper()
	r.stop()
	defer r.start()
	engine, err := bolt.Open(r.path, bolt.Options{Unsynced: true})
	if err != nil {
		r.t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	err = db.View(r.t.Context(), func(tx *storage.Tx) error {
		for _, p := range prefixes {
			for key := range tx.Scan(p) {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

// TestFilesWithdrawnMeanwhile: a file whose mark is taken off while it is still to be
// fetched, or is being stored, is not in the store afterwards.
func TestFilesWithdrawnMeanwhile(t *testing.T) {
	t.Parallel()
	for _, fault := range []slacksim.Fault{{Method: "files.info", Status: 503, Times: 4}, {Method: "files.info", Latency: 8 * time.Second}} {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			r.stop()
			r.files = desk.Files{Each: 3 << 20, All: 5 << 20}
			r.start()
			r.command("eve", "general", "declare search is slow service:search")
			r.pass(10 * time.Second)
			room := r.incidentChannel(1)
			r.fault(fault)
			m := r.shares("eve", room, "the dump", slacksim.File{Name: "customers.csv", Content: bytes.Repeat([]byte("x"), 2<<20)})
			r.pass(5 * time.Second)
			if _, events := r.fold(1); !strings.Contains(texts(events), "the dump") {
				t.Fatalf("%+v: the message is not entered yet", fault)
			}
			r.ok(r.sim.As("eve").Unpin(room, m.TS))
			r.pass(10 * time.Minute)
			r.unfinished()
			if got := r.stored("file/", "filepart/"); len(got) != 0 {
				t.Errorf("%+v: withdrawn, and the store has %v", fault, got)
			}
		})
	}
}
