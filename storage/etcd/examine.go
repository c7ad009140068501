package etcd

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Examination is how a cluster is, for its operator.
type Examination struct {
	Members []Member      // those that Options name, in that order
	Others  []string      // addresses of the cluster's members that Options do not name
	Took    time.Duration // a transaction that changes nothing: the median of three
	Trouble error         // why there was none; nil: there was
	Holder  string        // the address of the writer; empty: nobody is
}

// Member is one member of the cluster.
type Member struct {
	Endpoint string
	Trouble  error // why it cannot be asked; nil: it can
	Version  string
	Leads    bool
	Size     int64    // of its file, in bytes
	Quota    int64    // what that may be; 0: it does not say
	Alarms   []string // in etcd's words, as NOSPACE
}

// Examine looks at the cluster. Nothing is changed.
func Examine(ctx context.Context, o Options) (Examination, error) {
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	x := Examination{Members: make([]Member, len(o.Endpoints))}
	client, err := o.dial()
	if err != nil {
		return x, err
	}
	defer client.Close()
	var all sync.WaitGroup
	for i, endpoint := range o.Endpoints {
		all.Go(func() { x.Members[i] = o.examine(ctx, client, endpoint) })
	}
	all.Wait()
	e := &Engine{o: o, client: client}
	if x.Took, x.Trouble = e.time(ctx); x.Trouble != nil {
		x.Trouble = o.diagnose(ctx, x.Trouble)
		return x, nil
	}
	first, err := e.oldest(ctx)
	if err != nil {
		return x, err
	}
	if len(first.Kvs) > 0 {
		x.Holder = string(first.Kvs[0].Value)
	}
	x.Others = o.others(ctx, client)
	return x, nil
}

func (o Options) examine(ctx context.Context, client *clientv3.Client, endpoint string) Member {
	m := Member{Endpoint: endpoint}
	asking, cancel := context.WithTimeout(ctx, o.patience())
	defer cancel()
	s, err := client.Status(asking, o.url(endpoint))
	if err != nil {
		m.Trouble = err
		if protection, bad := o.TLS.config(); bad == nil { // its words are often only that its time is over
			m.Trouble = cmp.Or(knock(ctx, endpoint, protection), err)
		}
		return m
	}
	m.Version, m.Leads, m.Size, m.Quota = s.Version, s.Leader == s.Header.MemberId && s.Leader != 0, s.DbSize, s.DbSizeQuota
	for _, e := range s.Errors {
		if _, alarm, ok := strings.Cut(e, "alarm:"); ok {
			m.Alarms = append(m.Alarms, strings.Fields(alarm)[0])
		}
	}
	return m
}

// time measures what a commit costs, by one that changes nothing.
func (e *Engine) time(ctx context.Context) (time.Duration, error) {
	var took []time.Duration
	for range 3 {
		ctx, cancel := context.WithTimeout(ctx, e.o.patience())
		at := time.Now()
		_, err := e.client.Delete(ctx, e.o.election()+"none")
		cancel()
		if err != nil {
			return 0, err
		}
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	return took[1], nil
}

// others returns the members that nobody has named. A user may not be allowed to ask;
// then there are none.
func (o Options) others(ctx context.Context, client *clientv3.Client) (list []string) {
	ctx, cancel := context.WithTimeout(ctx, o.patience())
	defer cancel()
	all, err := client.MemberList(ctx)
	if err != nil {
		return nil
	}
	for _, m := range all.Members {
		for _, u := range m.ClientURLs {
			_, address, _ := strings.Cut(u, "://")
			if !slices.Contains(o.Endpoints, address) {
				list = append(list, address)
			}
		}
	}
	return list
}
