package etcd

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormbell/stormbell/storage"
)

// Commit applies the changes in one transaction, if this process is still the
// writer. What the cluster refuses has changed nothing; of what it does not answer
// nobody knows.
func (e *Engine) Commit(ctx context.Context, changes []storage.Change) error {
	e.begin()
	revision, err := e.commit(ctx, changes)
	e.end(changes, revision, err)
	return err
}

func (e *Engine) commit(ctx context.Context, changes []storage.Change) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	// Should it have lost, it learns to whom: the answer costs nothing else.
	holder := clientv3.OpGet(e.o.election(), clientv3.WithFirstCreate()...)
	r, err := e.client.Txn(ctx).If(e.fence).Then(e.operations(changes)...).Else(holder).Commit()
	switch {
	case err != nil && refused(err):
		return 0, fmt.Errorf("commit: %w", err)
	case err != nil:
		return 0, fmt.Errorf("commit: %w (%w)", err, storage.ErrUnknown)
	case r.Succeeded:
		return r.Header.Revision, nil
	}
	if first := r.Responses[0].GetResponseRange(); len(first.Kvs) > 0 {
		return 0, fmt.Errorf("commit: %w, which is the one at %s", storage.ErrLost, first.Kvs[0].Value)
	}
	return 0, fmt.Errorf("commit: %w", storage.ErrLost)
}

func (e *Engine) operations(changes []storage.Change) []clientv3.Op {
	ops := make([]clientv3.Op, len(changes))
	for i, c := range changes {
		key := e.o.records() + c.Key
		if c.Delete {
			ops[i] = clientv3.OpDelete(key)
		} else {
			ops[i] = clientv3.OpPut(key, string(c.Value))
		}
	}
	return ops
}

// begin notes that a commit is under way.
func (e *Engine) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.commits++
	e.busy = true
}

// end notes that it is over, and what holds since. Where that is not known, nothing is.
func (e *Engine) end(changes []storage.Change, revision int64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = false
	switch {
	case err == nil:
		e.revision = max(e.revision, revision)
		e.cache.changed(e.o.records(), changes, revision)
	case errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrLost):
		e.cache.clear()
	}
}
