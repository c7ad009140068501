package etcd_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage/etcd"
)

// The tests with a cluster are in etcdtest, a module of its own.

func TestCheckPrefix(t *testing.T) {
	for _, good := range []string{"/stormbell", "/a/b", "/" + strings.Repeat("p", etcd.MaxPrefix-1)} {
		if err := etcd.CheckPrefix(good); err != nil {
			t.Errorf("CheckPrefix(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{"", "/", "x", "/x/", "/x//y", "/x/records", "/election/x", "/" + strings.Repeat("p", etcd.MaxPrefix)} {
		if err := etcd.CheckPrefix(bad); err == nil {
			t.Errorf("CheckPrefix(%q) = nil, want an error", bad)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]etcd.Options{
		"no member":        {Prefix: "/x"},
		"no prefix":        {Endpoints: []string{"127.0.0.1:1"}},
		"short lease":      {Endpoints: []string{"127.0.0.1:1"}, Prefix: "/x", Lease: time.Second},
		"half a second":    {Endpoints: []string{"127.0.0.1:1"}, Prefix: "/x", Lease: 2500 * time.Millisecond},
		"no such CA":       {Endpoints: []string{"127.0.0.1:1"}, Prefix: "/x", TLS: etcd.TLS{CA: "none.pem"}},
		"a key without CA": {Endpoints: []string{"127.0.0.1:1"}, Prefix: "/x", TLS: etcd.TLS{Cert: "c.pem", Key: "k.pem"}},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if _, err := etcd.Open(ctx, o); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: Open() = %v, want a refusal at once", name, err)
		}
		cancel()
	}
}

// TestNoCluster: a cluster that cannot be asked is waited for, with the reason. Each opening
// waits through a request to it, on the network's clock, so they wait at the same time.
func TestNoCluster(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	o := etcd.Options{Endpoints: []string{closed}, Prefix: "/x", Lease: etcd.MinLease}
	t.Run("waiting", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		o := o
		o.Waiting = func(s etcd.Standing) {
			if s.Trouble == nil || !strings.Contains(s.Trouble.Error(), closed+": ") || !strings.Contains(s.Trouble.Error(), "refused") {
				t.Errorf("told %+v, want why %s cannot be reached", s, closed)
			}
			cancel()
		}
		if _, err := etcd.Open(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("Open() = %v, want context.Canceled", err)
		}
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		o := o
		o.AtOnce = true
		if _, err := etcd.Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("Open() at once = %v, want why the cluster cannot be reached", err)
		}
	})
}
