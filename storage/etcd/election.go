package etcd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// Each candidate has a key with a lease of its own below the election's prefix, and
// whose key is the oldest is the writer. A key goes when its lease ends or its
// process resigns. Everybody else watches the oldest one.

// format is the form of what is below the prefix. A later one is refused.
const format = 1

// errGone is that the own key went while standing by: the process was paused or cut
// off. It begins anew, at the end of the queue.
var errGone = errors.New("the lease ended while waiting")

// refusal is why this process can never become the writer.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// lead returns when this process is the writer.
func (e *Engine) lead(ctx context.Context) error {
	for {
		err := e.campaign(ctx)
		var final refusal
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &final):
			return final.error
		case barred(err):
			return fmt.Errorf("open store: etcd does not let this process in: %w", err)
		case e.o.AtOnce:
			return fmt.Errorf("open store: etcd cannot be asked: %w", e.o.diagnose(ctx, err))
		case !errors.Is(err, errGone):
			e.tell(Standing{Trouble: e.o.diagnose(ctx, err)})
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// campaign makes this process a candidate and returns when it is the writer. When it
// fails, it leaves no candidate behind.
func (e *Engine) campaign(ctx context.Context) error {
	if e.client == nil {
		client, err := e.o.dial()
		if err != nil {
			return err
		}
		e.client = client
	}
	session, err := e.newSession(ctx)
	if err != nil {
		return err
	}
	err = e.campaignWith(ctx, session)
	if err == nil {
		e.session = session
		return nil
	}
	select {
	case <-session.Done():
		return errGone
	default:
		_ = e.resign(session) // or else it ends by itself
		return err
	}
}

// campaignWith is campaign with a lease. What it asks ends with that.
func (e *Engine) campaignWith(ctx context.Context, session *concurrency.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	defer func() { cancel(); <-ended }()
	go func() {
		defer close(ended)
		select {
		case <-session.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	key := e.o.election() + strconv.FormatInt(int64(session.Lease()), 16)
	created, err := e.stand(ctx, key, session.Lease())
	if err != nil {
		return err
	}
	if err := e.awaitTurn(ctx, key); err != nil {
		return err
	}
	e.fence = clientv3.Compare(clientv3.CreateRevision(key), "=", created)
	return e.checkFormat(ctx)
}

// tell tells what is waited for, unless that was told before.
func (e *Engine) tell(s Standing) {
	text := fmt.Sprint(s)
	if text == e.told {
		return
	}
	e.told = text
	e.o.Waiting(s)
}

// newSession gets a lease and keeps it alive.
func (e *Engine) newSession(ctx context.Context) (*concurrency.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	lease, err := e.client.Grant(ctx, int64(e.o.Lease/time.Second))
	if err != nil {
		return nil, err
	}
	return concurrency.NewSession(e.client, concurrency.WithLease(lease.ID))
}

// resign ends a session at once. Whoever does not hear of it waits until the lease
// ends. A request that was on its way to a member that died is never answered, so it
// is made more than once.
func (e *Engine) resign(s *concurrency.Session) (err error) {
	s.Orphan()
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, err = e.client.Revoke(ctx, s.Lease())
		cancel()
		if err == nil || errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return err
}

// stand makes the key and returns the revision at which it was made.
func (e *Engine) stand(ctx context.Context, key string, lease clientv3.LeaseID) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	put, err := e.client.Put(ctx, key, e.o.Address, clientv3.WithLease(lease))
	if err != nil {
		return 0, err
	}
	return put.Header.Revision, nil
}

// awaitTurn returns when the key is the oldest.
func (e *Engine) awaitTurn(ctx context.Context, key string) error {
	for {
		first, err := e.oldest(ctx)
		switch {
		case err != nil:
			return err
		case len(first.Kvs) == 0:
			return errGone
		case string(first.Kvs[0].Key) == key:
			return nil
		}
		holder := string(first.Kvs[0].Value)
		if e.o.AtOnce {
			return refusal{&HeldError{holder}}
		}
		e.tell(Standing{Holder: holder})
		if err := e.awaitEnd(ctx, string(first.Kvs[0].Key), first.Header.Revision); err != nil {
			return err
		}
	}
}

// oldest reads the key of the writer. It is asked of the cluster and not of one
// member.
func (e *Engine) oldest(ctx context.Context) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	return e.client.Get(ctx, e.o.election(), clientv3.WithFirstCreate()...)
}

// Standbys returns how many processes wait to take over from this one. One that died a
// moment ago counts until its lease has ended.
func (e *Engine) Standbys(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	all, err := e.client.Get(ctx, e.o.election(), clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return 0, err
	}
	return max(0, int(all.Count)-1), nil
}

// awaitEnd returns when the key is gone, or after a while, since a member that is
// paused tells nothing.
func (e *Engine) awaitEnd(ctx context.Context, key string, since int64) error {
	watching, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), e.o.Lease)
	defer cancel()
	for r := range e.client.Watch(watching, key, clientv3.WithRev(since+1), clientv3.WithFilterPut()) {
		if len(r.Events) > 0 || r.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

// checkFormat refuses what a later version has written, and marks what is new. What it
// reads has everything that earlier writers have committed.
func (e *Engine) checkFormat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.o.patience())
	defer cancel()
	key := e.o.formatKey()
	got, err := e.client.Get(ctx, key)
	if err != nil {
		return err
	}
	e.saw(got.Header.Revision)
	if len(got.Kvs) == 0 {
		put, err := e.client.Txn(ctx).If(e.fence).Then(clientv3.OpPut(key, strconv.Itoa(format))).Commit()
		if err == nil && !put.Succeeded {
			err = errGone
		}
		return err
	}
	text := got.Kvs[0].Value
	switch n, err := strconv.Atoi(string(text)); {
	case err != nil || n < 1:
		return refusal{fmt.Errorf("open store: %s says %.20q, which makes no sense; name another prefix", key, text)}
	case n > format:
		return refusal{fmt.Errorf("open store: it was written by a newer Stormbell (format %d; this one knows %d); install the newer version", n, format)}
	}
	return nil
}
