package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormbell/stormbell/storage"
)

// snapshot is the store at one revision. The writer knows which one has everything
// that is committed, so taking a snapshot asks nobody; and what a revision has is the
// same on every member that has it, so any of them may answer.
//
// etcd forgets old revisions, when and how its operator has chosen (compaction). As
// long as nothing was committed since, a later revision has the same records, and the
// snapshot goes on with that one. So it is only a reader that is overtaken by a
// commit and then by a compaction who can be told that the snapshot is gone.
type snapshot struct {
	e        *Engine
	ctx      context.Context
	revision int64
	commits  int  // begun when it was taken
	overlaps bool // a commit was under way then
	read     bool // something was
}

// Snapshot returns a view of everything committed.
func (e *Engine) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return &snapshot{e: e, ctx: ctx, revision: e.revision, commits: e.commits, overlaps: e.busy}, nil
}

func (s *snapshot) Get(key string) ([]byte, error) {
	key = s.e.o.records() + key
	kvs, ok := s.recall(s.e.cache.records, key)
	if !ok {
		r, err := s.ask(key)
		if err != nil {
			return nil, err
		}
		kvs = r.Kvs
		s.remember(s.e.cache.records, key, answer{kvs: kvs})
	}
	if len(kvs) == 0 {
		return nil, storage.ErrNotFound
	}
	return notNil(kvs[0].Value), nil
}

// recall returns an answer that is remembered and holds for the snapshot.
func (s *snapshot) recall(of map[string]answer, key string) ([]*mvccpb.KeyValue, bool) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	a, ok := of[key]
	if !ok || a.since > s.revision {
		return nil, false
	}
	s.read = true
	return a.kvs, true
}

// remember keeps an answer, unless something may have been committed since.
func (s *snapshot) remember(of map[string]answer, key string, a answer) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	if s.overlaps || s.e.commits != s.commits {
		return
	}
	a.since = s.revision
	s.e.cache.remember(of, key, a)
}

// notNil makes an empty value one that is there.
func notNil(value []byte) []byte { return append([]byte{}, value...) }

func (s *snapshot) Close() error { return nil }

// Pages of a scan: the first is small, for those who want one record, and the
// following grow as long as they are light.
const (
	firstPage = 16
	mostPage  = 4096
	lightPage = 256 << 10 // bytes
)

func (s *snapshot) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	base := s.e.o.records()
	from, to := base+r.Start, base+r.End
	if r.End == "" {
		to = clientv3.GetPrefixRangeEnd(base)
	}
	for limit := int64(firstPage); from < to; {
		page, err := s.page(from, to, limit, r.Reverse)
		if err != nil {
			return err
		}
		size := 0
		for _, kv := range page {
			size += len(kv.Key) + len(kv.Value)
			if !each(string(kv.Key[len(base):]), notNil(kv.Value)) {
				return nil
			}
		}
		if int64(len(page)) < limit {
			return nil
		}
		if last := string(page[len(page)-1].Key); r.Reverse {
			to = last
		} else {
			from = last + "\x00"
		}
		if size < lightPage {
			limit = min(4*limit, mostPage)
		} else {
			limit = max(limit/2, 1)
		}
	}
	return nil
}

// page returns at most limit records, in the direction of the scan.
func (s *snapshot) page(from, to string, limit int64, reverse bool) ([]*mvccpb.KeyValue, error) {
	name := pageKey(from, to, limit, reverse)
	if kvs, ok := s.recall(s.e.cache.pages, name); ok {
		return kvs, nil
	}
	kvs, err := s.fetch(from, to, limit, reverse)
	if err != nil {
		return nil, err
	}
	// What lies beyond a full page does not change it.
	if full := int64(len(kvs)) == limit; full && reverse {
		from = string(kvs[len(kvs)-1].Key)
	} else if full {
		to = string(kvs[len(kvs)-1].Key) + "\x00"
	}
	s.remember(s.e.cache.pages, name, answer{kvs: kvs, from: from, to: to})
	return kvs, nil
}

// fetch asks the cluster for a page.
func (s *snapshot) fetch(from, to string, limit int64, reverse bool) ([]*mvccpb.KeyValue, error) {
	if !reverse {
		r, err := s.ask(from, clientv3.WithRange(to), clientv3.WithLimit(limit))
		if err != nil {
			return nil, err
		}
		return r.Kvs, nil
	}
	// etcd answers from the end by reading all that there is and throwing most of it
	// away. Keys are in its memory and cost little; so first the keys, and then the
	// records between them.
	keys, err := s.ask(from, clientv3.WithRange(to), clientv3.WithLimit(limit), clientv3.WithKeysOnly(),
		clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
	if err != nil || len(keys.Kvs) == 0 {
		return nil, err
	}
	r, err := s.ask(string(keys.Kvs[len(keys.Kvs)-1].Key), clientv3.WithRange(to))
	if err != nil {
		return nil, err
	}
	slices.Reverse(r.Kvs)
	return r.Kvs, nil
}

// attempts is how often a read is tried: a member that is paused answers never, and
// the next attempt goes to another one.
const attempts = 4

// ask reads at the snapshot's revision.
func (s *snapshot) ask(key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	r, err := s.askAt(key, opts)
	if errors.Is(err, rpctypes.ErrCompacted) && s.follow() {
		r, err = s.askAt(key, opts)
	}
	switch {
	case errors.Is(err, rpctypes.ErrCompacted):
		return nil, fmt.Errorf("read store: etcd has thrown away (compacted) revision %d while it was being read; let it keep revisions for longer (--auto-compaction-retention): %w", s.revision, err)
	case err != nil:
		return nil, fmt.Errorf("read store: %w", err)
	}
	s.read = true
	return r, nil
}

func (s *snapshot) askAt(key string, opts []clientv3.OpOption) (r *clientv3.GetResponse, err error) {
	at := append([]clientv3.OpOption{clientv3.WithRev(s.revision)}, opts...)
	any := append([]clientv3.OpOption{clientv3.WithSerializable()}, at...)
	for n := range attempts {
		r, err = s.once(key, any)
		if errors.Is(err, rpctypes.ErrFutureRev) { // the member lags behind
			any = at
			r, err = s.once(key, any)
		}
		if s.ctx.Err() != nil || n == attempts-1 || !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return r, err
}

func (s *snapshot) once(key string, opts []clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(s.ctx, max(s.e.o.patience()/attempts, time.Second))
	defer cancel()
	return s.e.client.Get(ctx, key, opts...)
}

// follow moves the snapshot to a revision that is not forgotten, where that has the
// same records: nothing was read yet, or nothing was committed since.
func (s *snapshot) follow() bool {
	now, err := s.once(s.e.o.formatKey(), nil)
	if err != nil {
		return false
	}
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	overtaken := s.overlaps || s.e.commits != s.commits
	if s.read && overtaken {
		return false
	}
	s.revision, s.commits, s.overlaps = now.Header.Revision, s.e.commits, overtaken || s.e.busy
	s.e.revision = max(s.e.revision, s.revision)
	return true
}
