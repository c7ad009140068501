package etcd

import (
	"context"
	"errors"

	"github.com/stormbell/stormbell/storage"
)

// Reading connects to the cluster and returns the store as it is, for a process that is not the
// writer and does not want to be. It takes no commit; what is committed later it need not have.
func Reading(ctx context.Context, o Options) (storage.Engine, error) {
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	if err := o.valid(); err != nil {
		return nil, err
	}
	client, err := o.dial()
	if err != nil {
		return nil, err
	}
	e := &Engine{o: o, client: client, cache: newCache()}
	asking, cancel := context.WithTimeout(ctx, o.patience())
	defer cancel()
	got, err := client.Get(asking, o.formatKey())
	if err != nil {
		return nil, errors.Join(o.diagnose(ctx, err), client.Close())
	}
	e.saw(got.Header.Revision)
	return reader{e}, nil
}

// reader is an engine that only reads.
type reader struct{ e *Engine }

func (r reader) Snapshot(ctx context.Context) (storage.Snapshot, error) { return r.e.Snapshot(ctx) }

// Commit refuses: this process was not elected.
func (r reader) Commit(context.Context, []storage.Change) error { return storage.ErrReadOnly }

func (r reader) Close() error { return r.e.client.Close() }
