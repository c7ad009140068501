package alerts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// box is a store that counts its commits, and can be told to refuse them.
type box struct {
	storage.Engine
	commits atomic.Int64
	full    atomic.Bool
}

func (b *box) Commit(ctx context.Context, changes []storage.Change) error {
	if b.full.Load() {
		return errors.New("no space left on device")
	}
	b.commits.Add(1)
	return b.Engine.Commit(ctx, changes)
}

func newBox(t testing.TB) (*box, *ledger.Ledger) {
	t.Helper()
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &box{Engine: engine}
	db := storage.New(b)
	t.Cleanup(func() { db.Close() })
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return b, l
}

func openKeys(t testing.TB, l *ledger.Ledger, config ...ConfigKey) *Keys {
	t.Helper()
	k, err := OpenKeys(t.Context(), l, config)
	if err != nil {
		t.Fatalf("OpenKeys(%d of the configuration) = %v", len(config), err)
	}
	return k
}

func mustAdd(t testing.TB, k *Keys, name, service string) string {
	t.Helper()
	secret, err := k.Add(t.Context(), "person:ada", name, service)
	if err != nil {
		t.Fatalf("Add(%q) = %v", name, err)
	}
	return secret
}

// finds fails unless the secret leads to the key; "" is nobody's.
func finds(t *testing.T, k *Keys, secret, want string) {
	t.Helper()
	got, ok := k.Find(secret)
	if got.Name != want || ok != (want != "") {
		t.Errorf("Find(%.8s…) = %+v, %v; want the key %q", secret, got, ok, want)
	}
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := newBox(t)
		k := openKeys(t, l, ConfigKey{Name: "Old One", Secret: "from-the-configuration", Service: "search"})
		began := ledger.Instant()
		first := mustAdd(t, k, "prometheus", "checkout")
		if !strings.HasPrefix(first, SecretPrefix) || len(first) != len(SecretPrefix)+40 || strings.ToLower(first) != first {
			t.Errorf("the secret is %q; want %s and 40 small letters and digits", first, SecretPrefix)
		}
		finds(t, k, first, "prometheus")
		finds(t, k, "from-the-configuration", "Old One")
		for _, wrong := range []string{"", first[:len(first)-1], first + "a", strings.ToUpper(first), SecretPrefix, "Old One", strings.Repeat("x", MaxSecret+1)} {
			finds(t, k, wrong, "")
		}
		if key, _ := k.Find(first); key.Service != "checkout" {
			t.Errorf("the service of the key is %q, want checkout", key.Service)
		}
		want := []KeyInfo{
			{Name: "Old One", Service: "search", From: FromConfig, LastUse: began},
			{Name: "prometheus", Service: "checkout", Prefix: first[:8], Made: began, By: "person:ada", From: FromStore, LastUse: began},
		}
		for n := range want {
			want[n].LastUse = want[n].LastUse.Truncate(time.Second)
		}
		if diff := cmp.Diff(want, k.List(t.Context())); diff != "" {
			t.Errorf("List() differs (-want +got):\n%s", diff)
		}

		// Another process opens the same store: the secret still works.
		finds(t, openKeys(t, l), first, "prometheus")
		err := l.View(t.Context(), func(tx *storage.Tx) error {
			for key, value := range tx.Scan("") {
				if strings.Contains(string(value), first) || strings.Contains(key, first) {
					t.Errorf("the store holds the secret, in %s", key)
				}
				if _, ok := ledger.FamilyOf(key); !ok {
					t.Errorf("the key %s of the store is in no family", key)
				}
			}
			return tx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := newBox(t)
		k := openKeys(t, l)
		ended := running(t, k)
		first := mustAdd(t, k, "grafana", "")
		second, err := k.Rotate(t.Context(), "person:bob", "grafana", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		until := ledger.Instant().Add(time.Hour)
		// The answer got lost, and it is done again: the sender still has the first.
		third, err := k.Rotate(t.Context(), "person:bob", "grafana", 2*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{first, second, third} {
			finds(t, k, secret, "grafana")
			finds(t, openKeys(t, l), secret, "grafana")
		}
		if got := k.List(t.Context())[0]; got.Prefix != third[:8] || !got.OldUntil.Equal(until.Add(time.Hour)) {
			t.Errorf("List() = %+v; want the prefix of the newest secret, and the old ones until %v", got, until.Add(time.Hour))
		}
		time.Sleep(time.Hour - time.Nanosecond)
		finds(t, k, first, "grafana")
		time.Sleep(time.Nanosecond)
		finds(t, k, first, "")
		finds(t, k, second, "grafana")
		finds(t, openKeys(t, l), first, "")
		time.Sleep(2 * time.Hour)
		finds(t, k, second, "")
		finds(t, k, third, "grafana")
		if got := k.List(t.Context())[0]; !got.OldUntil.IsZero() {
			t.Errorf("after the overlap List() = %+v; want no old secret", got)
		}
		ended()
		if r := k.keys["grafana"].rec; len(r.Old) > 0 || len(*k.ways.Load()) != 1 {
			t.Errorf("after the overlap %d old secrets and %d ways are kept, want 0 and 1", len(r.Old), len(*k.ways.Load()))
		}

		fourth, err := k.Rotate(t.Context(), "person:bob", "grafana", 0)
		if err != nil {
			t.Fatal(err)
		}
		finds(t, k, third, "")
		finds(t, k, fourth, "grafana")
		for range maxOld {
			if _, err := k.Rotate(t.Context(), "person:bob", "grafana", time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, "Rotate, once more", func() error { _, err := k.Rotate(t.Context(), "x", "grafana", time.Hour); return err }, "old secrets that still work")
		finds(t, k, fourth, "grafana")
	})
}

// running stores uses until it is ended.
func running(t *testing.T, k *Keys) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() {
		if err := k.Run(ctx, func(err error) { t.Error(err) }); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); run.Wait() }
}

func TestRevoke(t *testing.T) {
	_, l := newBox(t)
	k := openKeys(t, l)
	secret := mustAdd(t, k, "pagerduty", "")
	other := mustAdd(t, k, "other", "")
	if _, err := k.Rotate(t.Context(), "person:ada", "pagerduty", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := k.Revoke(t.Context(), "person:ada", "pagerduty"); err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Keys{k, openKeys(t, l)} {
		finds(t, k, secret, "")
		finds(t, k, other, "other")
		if n := len(k.List(t.Context())); n != 1 {
			t.Errorf("List() has %d keys after one of two was revoked", n)
		}
	}
	again := mustAdd(t, k, "pagerduty", "") // the name is free
	finds(t, k, again, "pagerduty")
	finds(t, k, secret, "")
}

// refused fails unless f is refused in these words, with a next step.
func refused(t *testing.T, what string, f func() error, words string) {
	t.Helper()
	err := f()
	var r *incident.Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Error(), words) || r.Next == "" {
		t.Errorf("%s = %v; want a refusal with %q and a next step", what, err, words)
	}
}

func TestKeysRefuse(t *testing.T) {
	b, l := newBox(t)
	k := openKeys(t, l, ConfigKey{Name: "from-config", Secret: "secret-of-the-configuration"})
	secret := mustAdd(t, k, "prometheus", "")
	before := b.commits.Load()
	for _, name := range []string{"", "Prometheus", "a b", "a/b", "-a", "a-", "ä", "a\x00", strings.Repeat("a", 65), "<!channel>"} {
		refused(t, fmt.Sprintf("Add(%q)", name), func() error { _, err := k.Add(t.Context(), "x", name, ""); return err }, "is no name for a key")
	}
	for _, c := range []struct{ name, words string }{{"prometheus", "There is a key"}, {"from-config", "The configuration has a key"}} {
		refused(t, "Add("+c.name+")", func() error { _, err := k.Add(t.Context(), "x", c.name, ""); return err }, c.words)
	}
	for _, c := range []struct{ name, words string }{{"prometeus", "Perhaps you mean prometheus"}, {"zzz", "stormbell key list"}, {"from-config", "http.integration_keys"}, {"", "There is no key"}} {
		refused(t, "Rotate("+c.name+")", func() error { _, err := k.Rotate(t.Context(), "x", c.name, time.Hour); return err }, c.words)
		refused(t, "Revoke("+c.name+")", func() error { return k.Revoke(t.Context(), "x", c.name) }, c.words)
	}
	for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
		refused(t, "Rotate for "+overlap.String(), func() error { _, err := k.Rotate(t.Context(), "x", "prometheus", overlap); return err }, "overlap")
	}
	if got := b.commits.Load() - before; got != 0 {
		t.Errorf("refusals made %d commits", got)
	}

	b.full.Store(true)
	if got, err := k.Add(t.Context(), "x", "late", ""); err == nil {
		t.Errorf("Add on a full disk = %q, nil", got)
	}
	if _, err := k.Rotate(t.Context(), "x", "prometheus", 0); err == nil {
		t.Error("Rotate on a full disk = nil")
	}
	if err := k.Revoke(t.Context(), "x", "prometheus"); err == nil {
		t.Error("Revoke on a full disk = nil")
	}
	b.full.Store(false)
	finds(t, k, secret, "prometheus")
	if n := len(k.List(t.Context())); n != 2 {
		t.Errorf("after what the disk refused there are %d keys, want 2", n)
	}
}

func TestOpenKeysRefuses(t *testing.T) {
	_, l := newBox(t)
	made := mustAdd(t, openKeys(t, l), "prometheus", "")
	for _, c := range []struct {
		name   string
		config []ConfigKey
		says   string
	}{
		{"no name", []ConfigKey{{Secret: "x"}}, "integration_keys[0]"},
		{"no secret", []ConfigKey{{Name: "a", Secret: "x"}, {Name: "b"}}, "integration_keys[1]"},
		{"too long", []ConfigKey{{Name: "a", Secret: strings.Repeat("x", MaxSecret+1)}}, "over 512"},
		{"a name twice", []ConfigKey{{Name: "a", Secret: "x"}, {Name: "a", Secret: "y"}}, `the name "a"`},
		{"a secret twice", []ConfigKey{{Name: "a", Secret: "x"}, {Name: "b", Secret: "x"}}, `the same as the key "a"`},
		{"a name of the store", []ConfigKey{{Name: "prometheus", Secret: "x"}}, "stormbell key add"},
		{"a secret of the store", []ConfigKey{{Name: "b", Secret: made}}, `made for "prometheus"`},
	} {
		k, err := OpenKeys(t.Context(), l, c.config)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), made) {
			t.Errorf("%s: OpenKeys() = %v, %v; want an error with %q and without the secret", c.name, k, err, c.says)
		}
	}
}

// TestLastUse holds that uses are stored seldom, together, and on nobody's way.
func TestLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newBox(t)
		k := openKeys(t, l, ConfigKey{Name: "configured", Secret: "secret"})
		var secrets []string
		for n := range 5 {
			secrets = append(secrets, mustAdd(t, k, fmt.Sprintf("key-%d", n), ""))
		}
		end := running(t, k)
		before := b.commits.Load()
		for range 59 * 100 {
			time.Sleep(10 * time.Millisecond)
			for _, secret := range secrets[1:] {
				finds(t, k, secret, "key-"+fmt.Sprint(1+indexOf(secrets[1:], secret)))
			}
			finds(t, k, "secret", "configured")
		}
		if got := b.commits.Load() - before; got != 0 {
			t.Errorf("%d commits in the first minute of uses, want none", got)
		}
		time.Sleep(2 * time.Second)
		if got := b.commits.Load() - before; got != 1 {
			t.Errorf("%d commits after a minute, want one for all keys", got)
		}
		time.Sleep(time.Hour)
		if got := b.commits.Load() - before; got != 1 {
			t.Errorf("%d commits after an hour without a use, want no further one", got)
		}
		last := time.Now()
		finds(t, k, secrets[0], "key-0")
		end() // what is not stored yet is stored at the end
		for _, i := range openKeys(t, l, ConfigKey{Name: "configured", Secret: "secret"}).List(t.Context()) {
			if i.LastUse.IsZero() || i.Name == "key-0" && i.LastUse.Unix() != last.Unix() {
				t.Errorf("after another start %s was used last at %v", i.Name, i.LastUse)
			}
		}

		openKeys(t, l) // without that of the configuration
		if again := openKeys(t, l, ConfigKey{Name: "configured", Secret: "secret"}).List(t.Context())[0]; !again.LastUse.IsZero() {
			t.Errorf("a key that was gone from the configuration is remembered: %+v", again)
		}
	})
}

func indexOf(list []string, s string) int {
	for n, e := range list {
		if e == s {
			return n
		}
	}
	return -1
}

// TestUseOnAFullDisk holds that uses are stored when there is room again.
func TestUseOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newBox(t)
		k := openKeys(t, l)
		secret := mustAdd(t, k, "a", "")
		var complaints atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = k.Run(ctx, func(error) { complaints.Add(1) }) })
		finds(t, k, secret, "a")
		b.full.Store(true)
		time.Sleep(time.Minute + time.Second)
		b.full.Store(false)
		time.Sleep(time.Minute)
		cancel()
		run.Wait()
		if got := complaints.Load(); got != 1 {
			t.Errorf("%d complaints of a disk that was full once, want 1", got)
		}
		if openKeys(t, l).List(t.Context())[0].LastUse.IsZero() {
			t.Error("the use was not stored when there was room again")
		}
	})
}

// TestFindWhileChanging looks keys up while others are made, rotated and revoked.
func TestFindWhileChanging(t *testing.T) {
	_, l := newBox(t)
	k := openKeys(t, l)
	secret := mustAdd(t, k, "steady", "")
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, ok := k.Find(secret); !ok {
					t.Error("a key that nobody touched was not found")
					return
				}
				k.Find("wrong")
				k.List(t.Context())
			}
		})
	}
	for n := range 20 {
		name := fmt.Sprintf("k%d", n)
		made := mustAdd(t, k, name, "")
		if _, err := k.Rotate(t.Context(), "x", name, time.Hour); err != nil {
			t.Error(err)
		}
		if _, ok := k.Find(made); !ok {
			t.Errorf("the old secret of %s is not found", name)
		}
		if err := k.Revoke(t.Context(), "x", name); err != nil {
			t.Error(err)
		}
		if _, ok := k.Find(made); ok {
			t.Errorf("the secret of %s is found after it was revoked", name)
		}
	}
	close(stop)
	all.Wait()
}

// TestFindMakesNothing holds that secrets, right, wrong and long, cost no memory.
func TestFindMakesNothing(t *testing.T) {
	_, l := newBox(t)
	k := openKeys(t, l)
	for _, secret := range []string{mustAdd(t, k, "a", ""), "wrong", strings.Repeat("x", MaxSecret), strings.Repeat("x", 1<<20)} {
		if got := testing.AllocsPerRun(100, func() { k.Find(secret) }); got != 0 {
			t.Errorf("Find of a secret with %d characters makes %v allocations, want none", len(secret), got)
		}
	}
}
