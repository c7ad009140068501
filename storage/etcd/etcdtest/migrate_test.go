package etcdtest

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
	"github.com/stormbell/stormbell/storage/etcd"
)

// stormbell runs the real program and returns what it says, and whether it failed.
func stormbell(t testing.TB, args ...string) (out string, failed bool) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(path, args...).CombinedOutput()
	return string(text), err != nil
}

func boltDB(t *testing.T, path string) *storage.DB {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	return storage.New(engine)
}

// TestMigrate: there and back, broken off in the middle, and what is refused.
func TestMigrate(t *testing.T) {
	t.Parallel()
	const records = 1000
	c := start(t, 1)
	o := options(c)
	dir := t.TempDir()
	file, back := filepath.Join(dir, "one.db"), filepath.Join(dir, "back.db")
	db := boltDB(t, file)
	for n := 0; n < records; n += 100 {
		err := db.Update(ctx, func(tx *storage.Tx) error {
			for k := n; k < n+100; k++ {
				if err := tx.Put(fmt.Sprintf("n/%06d", k), []byte(strings.Repeat("x", k*5))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	from, to := "bolt:"+file, "etcd:"+strings.Join(c.Endpoints, ",")+o.Prefix

	// While a bot uses either, nothing is moved.
	if out, failed := stormbell(t, "migrate", from, to); !failed || !strings.Contains(out, "one.db") {
		t.Errorf("migrate from a store in use = %s", out)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	e := open(t, o)
	if out, failed := stormbell(t, "migrate", from, to); !failed || !strings.Contains(out, "is used by the bot at one:1; stop all bots that use it") {
		t.Errorf("migrate to a store in use = %s", out)
	}

	// What an earlier run has begun is no store to work on, and is gone on with: some
	// records are there, one is not as it should be, and one should not be there.
	began := storage.New(e)
	if _, err := ledger.BeginMigration(ctx, began, from); err != nil {
		t.Fatal(err)
	}
	err := began.Update(ctx, func(tx *storage.Tx) error {
		for k := range 50 {
			if err := tx.Put(fmt.Sprintf("n/%06d", k), []byte(strings.Repeat("x", k*5))); err != nil {
				return err
			}
		}
		if err := tx.Put("n/000010", []byte("otherwise")); err != nil {
			return err
		}
		return tx.Put("m/none", nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := began.Close(); err != nil {
		t.Fatal(err)
	}
	if out, failed := stormbell(t, "migrate", to, "bolt:"+back); !failed || !strings.Contains(out, "unfinished migration from "+from) {
		t.Errorf("migrate from an unfinished migration = %s", out)
	}
	if err := boltDB(t, back).Close(); err != nil {
		t.Fatal(err)
	}
	if out, failed := stormbell(t, "migrate", "bolt:"+back, to); !failed || !strings.Contains(out, "unfinished migration from "+from) {
		t.Errorf("migrate from elsewhere into an unfinished migration = %s", out)
	}
	there := moved(t, from, to)
	if there.Records != records || there.Copied != records-49+1 || !there.Resumed {
		t.Errorf("migrate = %+v, want %d records, %d of them written now, resumed", there, records, records-49+1)
	}

	// And back, into a new file.
	again := filepath.Join(dir, "again.db")
	here := moved(t, to, "bolt:"+again)
	if here.SHA256 != there.SHA256 || here.Records != records || here.Copied != records || here.Resumed {
		t.Errorf("migrate back = %+v, want what came: %+v", here, there)
	}
	if out, failed := stormbell(t, "migrate", from, to); !failed || !strings.Contains(out, "is not empty") {
		t.Errorf("migrate into a full store = %s", out)
	}
	one := boltDB(t, file)
	defer one.Close()
	two := boltDB(t, again)
	defer two.Close()
	d1, err1 := storage.DigestOf(ctx, one, "")
	d2, err2 := storage.DigestOf(ctx, two, "")
	if d1 != d2 || err1 != nil || err2 != nil {
		t.Errorf("there and back: %+v, %v and %+v, %v", d1, err1, d2, err2)
	}
}

type movement struct {
	Records, Copied int
	SHA256          string
	Resumed         bool
}

func moved(t *testing.T, from, to string) (m movement) {
	t.Helper()
	out, failed := stormbell(t, "migrate", "--json", from, to)
	if err := json.Unmarshal([]byte(out), &m); failed || err != nil {
		t.Fatalf("migrate = %s, %v", out, err)
	}
	return m
}

// TestExamine: a cluster in order, one with a member missing, one that is full, and one
// without a majority.
func TestExamine(t *testing.T) {
	t.Parallel()
	c := start(t, 3)
	o := options(c)
	x, err := etcd.Examine(ctx, o)
	leaders := 0
	for _, m := range x.Members {
		if m.Leads {
			leaders++
		}
		if m.Trouble != nil || !strings.HasPrefix(m.Version, "3.") || m.Size == 0 || len(m.Alarms) != 0 {
			t.Errorf("member of a cluster in order: %+v", m)
		}
	}
	if err != nil || leaders != 1 || x.Trouble != nil || x.Took <= 0 || x.Holder != "" || len(x.Others) != 0 {
		t.Errorf("Examine() of a cluster in order = %+v, %v", x, err)
	}
	open(t, o)
	few := o
	few.Endpoints = o.Endpoints[:2]
	if x, err := etcd.Examine(ctx, few); err != nil || x.Holder != "one:1" || len(x.Others) != 1 || x.Others[0] != o.Endpoints[2] {
		t.Errorf("Examine() with a member not named = %+v, %v; want the holder one:1 and the third as another one", x, err)
	}
	c.Signal(0, syscall.SIGKILL)
	c.Leader(t) // which may take the others a moment
	if x, err := etcd.Examine(ctx, o); err != nil || x.Trouble != nil || x.Members[0].Trouble == nil || x.Members[0].Trouble.Error() != "connection refused" || x.Members[1].Trouble != nil {
		t.Errorf("Examine() without the first member = %+v, %v", x, err)
	}
	c.Signal(1, syscall.SIGKILL)
	if x, err := etcd.Examine(ctx, o); err != nil || x.Trouble == nil {
		t.Errorf("Examine() without a majority = %+v, %v; want trouble", x, err)
	}
}
