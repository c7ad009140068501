package alerts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/storage"
)

// SecretPrefix begins every secret that is made here, so that one that got into a
// log or a repository is recognised.
const SecretPrefix = "sbk_"

// Limits on keys.
const (
	DefaultOverlap = 24 * time.Hour // how long the old secret works after a rotation, where nobody says
	MaxOverlap     = 30 * 24 * time.Hour
	MaxSecret      = 512 // characters; what is longer is nobody's

	maxOld = 4 // old secrets of one key that work at once
	shown  = 8 // characters of a secret that may be shown
)

// Where a key is from.
const (
	FromConfig = "config" // http.integration_keys
	FromStore  = "store"  // made with Add
)

// Key is whom a secret lets in.
type Key struct {
	Name    string
	Service string // whose alerts it sends where they do not say; "" is the default service
}

// ConfigKey is a key of the configuration. Its name may be any word.
type ConfigKey struct {
	Name    string
	Secret  string
	Service string
}

// KeyInfo is what may be shown of a key.
type KeyInfo struct {
	Name     string
	Service  string
	Prefix   string    // how the secret begins; "" for one of the configuration that was not made here
	Made     time.Time // zero for a key of the configuration
	By       string    // who made it, likewise
	LastUse  time.Time // zero: never
	From     string    // FromConfig or FromStore
	OldUntil time.Time // until when an earlier secret works, too; zero: none does
}

// keyRecord is a key that was made with [Keys.Add].
type keyRecord struct {
	V       int         `json:"v"`
	Service string      `json:"service,omitempty"`
	Hash    string      `json:"hash"` // SHA-256 of the secret, in hexadecimal
	Prefix  string      `json:"prefix"`
	Made    time.Time   `json:"made"`
	By      string      `json:"by"`
	Rotated time.Time   `json:"rotated,omitzero"`
	Old     []oldSecret `json:"old,omitempty"`
}

// oldSecret works for some time after it was replaced.
type oldSecret struct {
	Hash  string    `json:"hash"`
	Until time.Time `json:"until"`
}

const keyPrefix = "key/"

// sum is the hash of a secret. Finding a key compares hashes alone, so how long it
// takes says nothing of a secret.
type sum [sha256.Size]byte

// known is a key in memory; rec is nil for one of the configuration.
type known struct {
	key    Key
	prefix string
	rec    *keyRecord
	used   *atomic.Int64 // Unix seconds of the last use; 0: never
	stored int64         // what the store has of it; under Keys.mu
}

// way is a secret that leads to a key.
type way struct {
	k     *known
	until time.Time // zero: for ever
}

// Keys are the keys of alert senders: those of the configuration and those made
// while the bot runs. Its methods may be called concurrently, and Find waits for
// none of them.
type Keys struct {
	l    *ledger.Ledger
	ways atomic.Pointer[map[sum]way]

	mu   sync.Mutex // one change at a time
	keys map[string]*known
}

// OpenKeys reads the keys of the store and adds those of the configuration. It
// refuses a key without a name or a secret, and a name or a secret that two keys
// have.
func OpenKeys(ctx context.Context, l *ledger.Ledger, config []ConfigKey) (*Keys, error) {
	k := &Keys{l: l, keys: map[string]*known{}}
	uses := map[string]time.Time{}
	err := l.View(ctx, func(tx *storage.Tx) error { return k.load(tx, uses) })
	if err != nil {
		return nil, fmt.Errorf("read integration keys: %w", err)
	}
	for n, c := range config {
		if c.Name == "" || c.Secret == "" || len(c.Secret) > MaxSecret {
			return nil, fmt.Errorf("http.integration_keys[%d]: its name or its secret is empty, or the secret is over %d characters", n, MaxSecret)
		}
		if c.Name == beatSender {
			return nil, fmt.Errorf("http.integration_keys[%d]: %q is the name of the bot's own watch over heartbeats; give the key another name", n, c.Name)
		}
		if had := k.keys[c.Name]; had != nil && had.rec == nil {
			return nil, fmt.Errorf("http.integration_keys[%d]: an earlier key has the name %q; give each its own name", n, c.Name)
		} else if had != nil {
			return nil, fmt.Errorf("http.integration_keys[%d]: there is a key %q already, which was made with `stormbell key add`; give the one in the configuration another name, or take it out", n, c.Name)
		}
		k.keys[c.Name] = &known{key: Key{c.Name, c.Service}, prefix: recognised(c.Secret), used: new(atomic.Int64)}
	}
	if err := k.first(config); err != nil {
		return nil, err
	}
	return k, k.begin(ctx, uses)
}

// load reads what is stored.
func (k *Keys) load(tx *storage.Tx, uses map[string]time.Time) error {
	var names []string
	for key := range tx.Scan(keyPrefix) {
		names = append(names, strings.TrimPrefix(key, keyPrefix))
	}
	for _, name := range names {
		r, _, err := ledger.Load[keyRecord](tx, keyPrefix+name)
		if err != nil {
			return err
		}
		k.keys[name] = &known{key: Key{name, r.Service}, prefix: r.Prefix, rec: &r, used: new(atomic.Int64)}
	}
	if err := loadUses(tx, uses); err != nil {
		return err
	}
	return tx.Err()
}

// first makes the map of secrets that Find reads.
func (k *Keys) first(config []ConfigKey) error {
	m := map[sum]way{}
	for n, c := range config {
		h := hashOf(c.Secret)
		if had, ok := m[h]; ok {
			return fmt.Errorf("http.integration_keys[%d]: it is the same as the key %q; take one of the two out", n, had.k.key.Name)
		}
		m[h] = way{k: k.keys[c.Name]}
	}
	for _, had := range k.keys {
		for h, w := range had.ways() {
			if other, ok := m[h]; ok {
				return fmt.Errorf("http.integration_keys: the key %q is the secret that `stormbell key add` made for %q; take it out of the configuration, it works without", other.k.key.Name, had.key.Name)
			}
			m[h] = w
		}
	}
	k.ways.Store(&m)
	return nil
}

// ways are the secrets of a key of the store.
func (n *known) ways() map[sum]way {
	m := map[sum]way{}
	if n.rec == nil {
		return m
	}
	add := func(hash string, until time.Time) {
		var h sum
		if b, err := hex.DecodeString(hash); err == nil && copy(h[:], b) == len(h) {
			m[h] = way{n, until}
		}
	}
	for _, old := range n.rec.Old {
		add(old.Hash, old.Until)
	}
	add(n.rec.Hash, time.Time{})
	return m
}

// Find says whom a secret lets in, and counts the use. It reads no store, takes no
// lock and makes nothing that stays.
func (k *Keys) Find(secret string) (Key, bool) {
	if secret == "" || len(secret) > MaxSecret {
		return Key{}, false
	}
	w, ok := (*k.ways.Load())[hashOf(secret)]
	if !ok {
		return Key{}, false
	}
	now := time.Now()
	if !w.until.IsZero() && !now.Before(w.until) {
		return Key{}, false
	}
	if at := now.Unix(); w.k.used.Load() < at {
		w.k.used.Store(at)
	}
	return w.k.key, true
}

// Empty reports whether there is no key at all.
func (k *Keys) Empty() bool { return len(*k.ways.Load()) == 0 }

func hashOf(secret string) sum {
	var room [MaxSecret]byte
	return sha256.Sum256(room[:copy(room[:], secret)])
}

// List returns every key, in the order of the names.
func (k *Keys) List(context.Context) []KeyInfo {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := ledger.Instant()
	var list []KeyInfo
	for _, name := range slices.Sorted(maps.Keys(k.keys)) {
		list = append(list, k.keys[name].info(now))
	}
	return list
}

// Named returns the key of a name. The error is an [incident.Refusal].
func (k *Keys) Named(name string) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if had := k.keys[name]; had != nil {
		return had.key, nil
	}
	return Key{}, incident.Refuse(k.near(name), "There is no key %s.", incident.Quoted(name))
}

func (n *known) info(now time.Time) KeyInfo {
	i := KeyInfo{Name: n.key.Name, Service: n.key.Service, Prefix: n.prefix, From: FromConfig}
	if at := n.used.Load(); at > 0 {
		i.LastUse = time.Unix(at, 0).UTC()
	}
	if n.rec == nil {
		return i
	}
	i.From, i.Made, i.By = FromStore, n.rec.Made, n.rec.By
	for _, old := range n.rec.Old {
		if old.Until.After(now) && old.Until.After(i.OldUntil) {
			i.OldUntil = old.Until
		}
	}
	return i
}

// recognised is how a secret that was made here begins; of any other nothing is
// shown.
func recognised(secret string) string {
	if strings.HasPrefix(secret, SecretPrefix) && len(secret) > 3*shown {
		return secret[:shown]
	}
	return ""
}

var keyName = pattern.New(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// Add makes a key and returns its secret, which is shown this once: only its hash
// is kept. Caller is who makes it. A name that is taken or none is refused with an
// [incident.Refusal].
func (k *Keys) Add(ctx context.Context, caller, name, service string) (secret string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !keyName.MatchString(name) {
		return "", incident.Refuse("Use small letters, digits and hyphens, at most 64, as in prometheus-eu.", "%s is no name for a key.", incident.Quoted(name))
	}
	if name == beatSender {
		return "", incident.Refuse("Choose another name, as in heartbeat-sender.", "%s is the name of the bot's own watch over heartbeats.", incident.Quoted(name))
	}
	if had := k.keys[name]; had != nil && had.rec == nil {
		return "", incident.Refuse("Choose another name.", "The configuration has a key %s.", incident.Quoted(name))
	} else if had != nil {
		return "", incident.Refuse("Choose another name, or rotate that one if its secret is lost.", "There is a key %s already.", incident.Quoted(name))
	}
	secret = newSecret()
	rec := &keyRecord{V: 1, Service: service, Hash: hexOf(secret), Prefix: secret[:shown], By: caller}
	return secret, k.save(ctx, caller, name, rec, func(now time.Time) { rec.Made = now })
}

// Rotate gives a key another secret. The old one works until the overlap ends, so
// that its sender can be changed without losing an alert; with an overlap of 0 it
// ends at once.
func (k *Keys) Rotate(ctx context.Context, caller, name string, overlap time.Duration) (secret string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	had, err := k.own(name)
	if err != nil {
		return "", err
	}
	if overlap < 0 || overlap > MaxOverlap {
		return "", incident.Refuse("Write it as in 24h.", "The overlap must be from 0 to %d days.", MaxOverlap/(24*time.Hour))
	}
	rec := *had.rec
	rec.Old = valid(rec.Old, ledger.Instant())
	if len(rec.Old) >= maxOld && overlap > 0 {
		return "", incident.Refuse("Wait for one of them to end, or rotate with an overlap of 0s, which ends all of them.", "The key %s has %d old secrets that still work.", incident.Quoted(name), len(rec.Old))
	}
	secret = newSecret()
	replaced := rec.Hash
	rec.Hash, rec.Prefix = hexOf(secret), secret[:shown]
	return secret, k.save(ctx, caller, name, &rec, func(now time.Time) {
		rec.Rotated = now
		if overlap == 0 {
			rec.Old = nil
			return
		}
		rec.Old = append(rec.Old, oldSecret{replaced, now.Add(overlap)})
	})
}

// Revoke ends a key at once, its old secrets too.
func (k *Keys) Revoke(ctx context.Context, caller, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.own(name); err != nil {
		return err
	}
	err := k.l.Update(ctx, ledger.Request{By: caller}, func(t *ledger.Tx) error {
		return errors.Join(t.Delete(keyPrefix+name), t.Delete(keyUsePrefix+name))
	})
	if err != nil {
		return fmt.Errorf("revoke key %s: %w", name, err)
	}
	k.replace(name, nil)
	return nil
}

// own returns a key of the store. The caller holds mu.
func (k *Keys) own(name string) (*known, error) {
	had := k.keys[name]
	switch {
	case had == nil:
		return nil, incident.Refuse(k.near(name), "There is no key %s.", incident.Quoted(name))
	case had.rec == nil:
		return nil, incident.Refuse("Change it in http.integration_keys, and start the bot again.", "The key %s is in the configuration.", incident.Quoted(name))
	}
	return had, nil
}

// near is the next step after a name that nobody has.
func (k *Keys) near(name string) string {
	if near := incident.Nearest(name, slices.Sorted(maps.Keys(k.keys))); near != "" {
		return "Perhaps you mean " + near + "."
	}
	return "`stormbell key list` shows them."
}

// save stores a key; dated is told the instant of the change. The caller holds mu.
func (k *Keys) save(ctx context.Context, caller, name string, rec *keyRecord, dated func(time.Time)) error {
	err := k.l.Update(ctx, ledger.Request{By: caller}, func(t *ledger.Tx) error {
		dated(t.Now)
		return t.Save(keyPrefix+name, rec)
	})
	if err != nil {
		return fmt.Errorf("save key %s: %w", name, err)
	}
	k.replace(name, rec)
	return nil
}

// replace makes a change known to Find; a nil record removes the key. The caller
// holds mu.
func (k *Keys) replace(name string, rec *keyRecord) {
	m := maps.Clone(*k.ways.Load())
	had := k.keys[name]
	if had != nil {
		maps.DeleteFunc(m, func(_ sum, w way) bool { return w.k == had })
	}
	delete(k.keys, name)
	if rec != nil {
		n := &known{key: Key{name, rec.Service}, prefix: rec.Prefix, rec: rec, used: new(atomic.Int64)}
		if had != nil {
			n.used, n.stored = had.used, had.stored
		}
		k.keys[name] = n
		maps.Copy(m, n.ways())
	}
	k.ways.Store(&m)
}

// valid returns the old secrets that still work.
func valid(old []oldSecret, now time.Time) []oldSecret {
	var list []oldSecret
	for _, o := range old {
		if o.Until.After(now) {
			list = append(list, o)
		}
	}
	return list
}

// newSecret makes a secret of 200 random bits.
func newSecret() string {
	var b [25]byte
	rand.Read(b[:]) // it never fails
	return SecretPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

func hexOf(secret string) string {
	h := hashOf(secret)
	return hex.EncodeToString(h[:])
}
