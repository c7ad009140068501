package bot

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestHomeOfArchived: of a private incident that lies in an archive file and goes on again, the
// Home tab shows as much to whoever is involved as of one in the store, and nothing to others.
func TestHomeOfArchived(t *testing.T) {
	t.Parallel()
	guest := slacksim.Person{ID: "U0GUS", Name: "gus", RealName: "Gus Fry", Guest: true}
	inBubble(t, slacksim.Options{People: []slacksim.Person{guest}}, func(r *rig) {
		r.stop()
		r.shelf = archive.At(filepath.Join(t.TempDir(), "archive"))
		r.start()
		ada := desk.Caller{Actor: incident.Person("ada")}
		do := func(a desk.Act) {
			t.Helper()
			if _, err := r.desk.Do(r.t.Context(), ada, 1, a); err != nil {
				t.Fatalf("%s: %v", a.Verb, err)
			}
			r.pass(10 * time.Second)
		}
		r.command("ada", "general", "declare zebra keys leaked private sev1")
		r.pass(time.Minute)
		do(desk.Act{Verb: desk.Acknowledge})
		do(desk.Act{Verb: desk.Resolve, How: incident.Fix, Text: "caught"})
		do(desk.Act{Verb: desk.Waive, Text: "a test"})
		do(desk.Act{Verb: desk.Close, Text: "anyway a test"})
		r.pass(time.Minute)
		r.stop()
		time.Sleep(367 * 24 * time.Hour)
		r.start()
		moved, err := r.desk.Archive(r.t.Context(), time.Now(), false, func() error { return nil })
		if err != nil || moved.Incidents != 1 {
			t.Fatalf("archived are %+v, %v", moved, err)
		}
		users := []string{"ada", "bob", "eve", "gus"}
		look := func(what string, adas ...string) {
			t.Helper()
			for _, user := range users {
				r.openHome(user)
				if user == "ada" {
					r.homesAre(user, adas...)
					continue
				}
				r.homesAre(user, "-zebra", "-okapi", "-INC-1", "-inc-1", "-quagga")
			}
			if t.Failed() {
				t.Logf("that was %s", what)
			}
		}
		look("archived", "-zebra")
		if _, _, err := r.desk.OpenFollowUp(r.t.Context(), ada, 1, incident.FollowUp{Title: "find the okapi", Owner: ada.Actor}); err != nil {
			t.Fatal(err)
		}
		look("with a follow-up", "*INC-1-F1* find the okapi · zebra keys leaked")
		do(desk.Act{Verb: desk.Reopen, Text: "the quagga is back"})
		r.pass(time.Minute)
		look("reopened", "zebra keys leaked", "find the okapi")
		do(desk.Act{Verb: desk.Cancel, Text: "it was none"})
	})
}
