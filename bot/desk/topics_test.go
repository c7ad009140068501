package desk

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// topicsOf opens a desk on the file at path and returns the topics of two people
// and the address of the first, as they are after that start.
func topicsOf(t *testing.T, path string, push Push) (ada, bob, address string) {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	people, err := oncall.Open(t.Context(), l, oncall.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), l, people, Options{Push: push})
	if err != nil {
		t.Fatal(err)
	}
	return d.PushTopic("ada"), d.PushTopic("bob"), d.PushAddress("ada")
}

// TestTopicsCannotBeGuessed: where the operator named no topic, each person's is
// their own, the same after a restart, and another one with another store.
func TestTopicsCannotBeGuessed(t *testing.T) {
	path, push := filepath.Join(t.TempDir(), "stormbell.db"), Push{Server: "https://ntfy.example.com"}
	shape := regexp.MustCompile("^stormbell-[a-z2-7]{26}$")
	ada, bob, address := topicsOf(t, path, push)
	if !shape.MatchString(ada) || !shape.MatchString(bob) || ada == bob {
		t.Errorf("topics of ada and bob: %s, %s; want two that match %s", ada, bob, shape)
	}
	if want := "https://ntfy.example.com/" + ada; address != want {
		t.Errorf("address of ada's topic = %s, want %s", address, want)
	}
	if again, _, _ := topicsOf(t, path, push); again != ada {
		t.Errorf("ada's topic after a restart = %s, want %s", again, ada)
	}
	if other, _, _ := topicsOf(t, filepath.Join(t.TempDir(), "other.db"), push); other == ada {
		t.Errorf("another store gives ada the same topic %s: it depends on no secret", other)
	}
	if named, _, _ := topicsOf(t, path, Push{Server: push.Server, Topic: "k3v9x2m8q1z7w4h6-{person}"}); named != "k3v9x2m8q1z7w4h6-ada" {
		t.Errorf("ada's topic where the operator named one = %s, want k3v9x2m8q1z7w4h6-ada", named)
	}
	if none, _, address := topicsOf(t, path, Push{}); none != "" || address != "" {
		t.Errorf("without pushes ada's topic is %q at %q, want none", none, address)
	}
}
