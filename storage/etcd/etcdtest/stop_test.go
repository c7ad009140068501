package etcdtest

import (
	"syscall"
	"testing"
	"time"
)

// TestStoppedWithoutCluster stops the bot that does the work while no member of the cluster
// answers, and something that was declared waits for them: it ends within the ten seconds that
// are promised, however long the lease is.
func TestStoppedWithoutCluster(t *testing.T) {
	t.Parallel()
	for _, lease := range []string{"10s", "60s"} {
		t.Run(lease, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			one := p.bots[0]
			one.env = []string{"STORMBELL_ETCD_LEASE=" + lease}
			one.start()
			one.ready(slack)
			name := one.declare("Before")
			if name == "" {
				t.Fatalf("nothing is acknowledged; the log ends with %s", one.tail())
			}
			for i := range p.Members {
				p.Signal(i, syscall.SIGSTOP)
			}
			waits := make(chan string)
			go func() { waits <- one.declare("Meanwhile") }()
			time.Sleep(200 * time.Millisecond) // it is on its way
			one.signal(syscall.SIGTERM)
			began := time.Now()
			code := one.exit(time.Minute)
			took := time.Since(began)
			t.Logf("a bot with a lease of %s ended after %v with %d", lease, took, code)
			if took > 10*time.Second {
				t.Errorf("the bot that was stopped took %v to end, want at most 10 s; its log ends with %s", took, one.tail())
			}
			if got := <-waits; got != "" {
				t.Errorf("%s was acknowledged without a cluster", got)
			}
		})
	}
}
