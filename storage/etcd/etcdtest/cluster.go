package etcdtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Cluster is members that run as processes.
type Cluster struct {
	Endpoints []string
	Members   []Member

	command []string // runs a member; its JSON is the last argument
	mu      sync.Mutex
	running []*exec.Cmd // of each member; nil: it does not run
}

// Start starts n members, which end with the test. Command runs one of them, change is
// told of each before.
func Start(t testing.TB, command []string, n int, change func(*Member)) *Cluster {
	t.Helper()
	c := &Cluster{command: command, running: make([]*exec.Cmd, n)}
	ports := freePorts(t, 2*n)
	dir := t.TempDir()
	for i := range n {
		name := fmt.Sprintf("m%d", i+1)
		c.Members = append(c.Members, Member{Name: name, Dir: filepath.Join(dir, name), Client: ports[2*i], Peer: ports[2*i+1], NoSync: true})
		c.Endpoints = append(c.Endpoints, ports[2*i])
	}
	t.Cleanup(c.stop)
	var wg sync.WaitGroup
	for i := range n {
		c.Members[i].Cluster = cluster(c.Members)
		if change != nil {
			change(&c.Members[i])
		}
		wg.Go(func() { c.Restart(t, i) })
	}
	wg.Wait()
	return c
}

// freePorts finds addresses on loopback that nobody uses.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var list []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		list = append(list, l.Addr().String())
	}
	return list
}

// Restart starts member i, which does not run, and returns when it is ready.
func (c *Cluster) Restart(t testing.TB, i int) {
	t.Helper()
	text, err := json.Marshal(c.Members[i])
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(c.command[0], append(c.command[1:len(c.command):len(c.command)], string(text))...)
	cmd.Env = append(os.Environ(), asMember+"=yes")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.running[i] = cmd
	c.mu.Unlock()
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		t.Errorf("member %d says %q, %v; want ready", i, line, err)
	}
}

// asMember makes the test binary run a member.
const asMember = "ETCDTEST_MEMBER"

// Signal sends a signal to member i. A killed member has ended on return, and a paused one
// has come to a stop.
func (c *Cluster) Signal(i int, s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := c.running[i]
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(s)
	if s == syscall.SIGSTOP { // it is answered yet until its last thread has stopped
		_, _ = syscall.Wait4(cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
	}
	if s == syscall.SIGKILL {
		_ = cmd.Wait()
		c.running[i] = nil
	}
}

func (c *Cluster) stop() {
	for i := range c.running {
		c.Signal(i, syscall.SIGKILL)
	}
}

// Client returns a client of the whole cluster.
func (c *Cluster) Client(t testing.TB) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: c.Endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Leader returns which member leads the cluster.
func (c *Cluster) Leader(t testing.TB) int {
	t.Helper()
	client := c.Client(t)
	for range 50 {
		for i, endpoint := range c.Endpoints {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			s, err := client.Status(ctx, endpoint)
			cancel()
			if err == nil && s.Leader == s.Header.MemberId {
				return i
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no member leads the cluster")
	return 0
}
