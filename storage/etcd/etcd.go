// Package etcd is the storage engine on a cluster of etcd, for high
// availability: an Engine of package storage whose Open returns when this process
// has been elected the only writer.
//
// A process that is not elected yet is a standby: it is still inside Open. The
// one that is elected holds a key with a lease. Every Commit is one transaction
// that etcd carries out only while that very key exists, so a process that was
// paused or cut off for longer than its lease can write nothing any more, whatever
// it believes itself.
//
// The engine repeats no commit, and it does not go on after one whose outcome is
// not known. Below its prefix are the records, the candidates for the election,
// and one key that says in which form the records are; it touches nothing else.
package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/stormbell/stormbell/storage"
)

// Options say where the cluster is and who this process is.
type Options struct {
	Endpoints []string // HOST:PORT each; at least one
	Prefix    string   // begins with a slash and does not end in one; what is below it is the store
	TLS       TLS
	Username  string // empty: without
	Password  string

	// Lease is how long a writer that gives no sign of life is waited for: whole
	// seconds, from MinLease to MaxLease. 0: DefaultLease.
	Lease time.Duration

	// Address is where this process can be reached. It is published as long as the
	// process is a candidate or the writer.
	Address string

	// Waiting is told, while Open waits, who the writer is, or why nobody can be
	// elected, at every change. Nil: nobody wants to know.
	Waiting func(Standing)

	// AtOnce makes Open fail with a HeldError where it would stand by.
	AtOnce bool
}

// Standing is what a process that stands by waits for.
type Standing struct {
	Holder  string // the address that the writer has published; empty: nobody is
	Trouble error  // why the cluster cannot be asked; nil: it can
}

// HeldError is that another process is the writer.
type HeldError struct{ Holder string }

// Error says who.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the store is used by the process at %s", e.Holder)
}

// What a lease may be.
const (
	DefaultLease = 10 * time.Second
	MinLease     = 2 * time.Second // etcd grants no shorter one with its default ticks
	MaxLease     = 5 * time.Minute
)

// MaxPrefix is the greatest length of a prefix in bytes. It stands before each
// key of a commit, whose size is limited.
const MaxPrefix = 48

// Engine is a storage.Engine on a cluster.
type Engine struct {
	o       Options
	client  *clientv3.Client
	session *concurrency.Session
	fence   clientv3.Cmp // holds as long as this process is the writer
	told    string       // what Waiting was told last

	mu       sync.Mutex
	revision int64 // a revision that has everything committed
	commits  int   // begun
	busy     bool  // one is under way
	cache    cache
}

// Open connects to the cluster and returns when this process is the writer, or
// with the reason why it cannot be one. It waits for a cluster that does not
// answer. The context ends the waiting; the engine outlives it.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	if o.Waiting == nil {
		o.Waiting = func(Standing) {}
	}
	if err := o.valid(); err != nil {
		return nil, err
	}
	e := &Engine{o: o, cache: newCache()}
	err := e.lead(ctx)
	if err != nil && e.client != nil {
		err = errors.Join(err, e.client.Close())
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// valid says what is wrong with the options.
func (o Options) valid() error {
	switch err := CheckPrefix(o.Prefix); {
	case err != nil:
		return err
	case len(o.Endpoints) == 0:
		return errors.New("open store: no member of the cluster is named")
	case o.Lease < MinLease || o.Lease > MaxLease || o.Lease%time.Second != 0:
		return fmt.Errorf("open store: a lease of %v; use whole seconds, from %v to %v", o.Lease, MinLease, MaxLease)
	}
	return nil
}

// CheckPrefix says why a prefix cannot be a store's.
func CheckPrefix(prefix string) error {
	if len(prefix) > MaxPrefix {
		return fmt.Errorf("the prefix has %d bytes; use at most %d", len(prefix), MaxPrefix)
	}
	parts := strings.Split(prefix, "/")
	if parts[0] != "" || len(parts) < 2 {
		return fmt.Errorf("the prefix %q does not begin with a slash", prefix)
	}
	for _, part := range parts[1:] {
		// With these two, one store could lie within the records of another.
		if part == "" || part == "records" || part == "election" {
			return fmt.Errorf("the prefix %q cannot be used; none of its parts may be empty, records or election", prefix)
		}
	}
	return nil
}

// The keys below the prefix.
func (o Options) records() string   { return o.Prefix + "/records/" }
func (o Options) election() string  { return o.Prefix + "/election/" }
func (o Options) formatKey() string { return o.Prefix + "/format" }

// patience is how long one request to the cluster may take. Electing a new leader
// takes etcd a second or two with its default ticks, and a commit that was on its way
// to the old one is never answered.
func (o Options) patience() time.Duration { return max(o.Lease*3/10, time.Second) }

// Lost returns a channel that is closed when this process is no longer the writer,
// or cannot know that it is.
func (e *Engine) Lost() <-chan struct{} { return e.session.Done() }

// Close stops being the writer, at once for those who stand by.
func (e *Engine) Close() error {
	err := e.resign(e.session)
	if err != nil {
		err = fmt.Errorf("close store: another process has to wait until the lease of %v ends: %w", e.o.Lease, err)
	}
	return errors.Join(err, e.client.Close())
}

// saw notes a revision that has everything committed so far.
func (e *Engine) saw(revision int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.revision = max(e.revision, revision)
}

var _ storage.Engine = (*Engine)(nil)
