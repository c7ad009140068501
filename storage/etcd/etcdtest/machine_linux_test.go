//go:build machine

package etcdtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// insideNetwork says that the test runs in a network of its own.
const insideNetwork = "ETCDTEST_NETWORK"

// The addresses on the bridge of that network.
const bridge = "10.99.0.1"

var hosts = map[string]string{"m1": "10.99.0.11", "m2": "10.99.0.12", "m3": "10.99.0.13", "b1": "10.99.0.21", "b2": "10.99.0.22"}

// TestMachineMembers has three members and two bots, each in a network of its own on one
// bridge, and kills, pauses and cuts off one after another, while alerts are declared at both
// bots: there are never two writers, and nothing that was acknowledged is lost.
func TestMachineMembers(t *testing.T) {
	if os.Getenv(insideNetwork) == "" {
		if os.Geteuid() != 0 {
			t.Skip("only root may have networks of its own")
		}
		if out, err := exec.Command("unshare", "-n", "-m", "true").CombinedOutput(); err != nil {
			t.Skipf("this machine lets nobody have a network of their own: %v %s", err, out)
		}
		cmd := exec.Command("unshare", "-n", "-m", os.Args[0], "-test.run=^TestMachineMembers$", "-test.v", "-test.timeout=20m")
		cmd.Env = append(os.Environ(), insideNetwork+"=yes")
		out, err := cmd.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "_test.go:") || err != nil {
				t.Log(strings.TrimSpace(line))
			}
		}
		if err != nil {
			t.Error(err)
		}
		return
	}
	n := newNetwork(t)
	members(t, n)
}

// network is hosts on a bridge.
type network struct{ t *testing.T }

func newNetwork(t *testing.T) *network {
	n := &network{t}
	n.sh("mount --make-rprivate / && mkdir -p /run/netns && mount -t tmpfs none /run/netns")
	n.sh("ip link set lo up && ip link add br0 type bridge && ip addr add " + bridge + "/24 dev br0 && ip link set br0 up")
	for host, address := range hosts {
		n.sh(strings.NewReplacer("HOST", host, "ADDRESS", address).Replace(
			"ip netns add HOST && ip link add v-HOST type veth peer name eth0 netns HOST && ip link set v-HOST master br0 up && " +
				"ip -n HOST link set lo up && ip -n HOST addr add ADDRESS/24 dev eth0 && ip -n HOST link set eth0 up"))
	}
	return n
}

func (n *network) sh(script string) {
	n.t.Helper()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// cut takes a host off the network, or puts it back.
func (n *network) cut(host string, off bool) {
	n.t.Helper()
	n.sh("ip link set v-" + host + map[bool]string{true: " down", false: " up"}[off])
}

// apart keeps a host from the members alone, or lets it reach them again.
func (n *network) apart(host string, off bool) {
	n.t.Helper()
	for _, m := range []string{"m1", "m2", "m3"} {
		n.sh("ip -n " + host + " route " + map[bool]string{true: "add", false: "del"}[off] + " blackhole " + hosts[m] + "/32")
	}
}

// pairOn is a pair on the network.
func pairOn(t *testing.T, n *network) *pair {
	t.Helper()
	var all []Member
	dir := t.TempDir()
	for _, name := range []string{"m1", "m2", "m3"} {
		all = append(all, Member{Name: name, Dir: filepath.Join(dir, name), Client: hosts[name] + ":2379", Peer: hosts[name] + ":2380"})
	}
	for i := range all {
		all[i].Cluster = cluster(all)
	}
	inHost := []string{"sh", "-c", `exec ip netns exec "$(expr "$1" : '.*"Name":"\([^"]*\)"')" "$0" "$1"`, os.Args[0]}
	c := Start(t, inHost, 3, func(m *Member) {
		for i := range all {
			if all[i].Name == m.Name {
				*m = all[i]
			}
		}
	})
	for i := range all {
		c.Endpoints[i] = all[i].Client
	}
	return newPairAt(t, place{cluster: c, slack: bridge + ":0", bots: []string{hosts["b1"] + ":8080", hosts["b2"] + ":8080"}, lease: lease,
		in: [2][]string{{"ip", "netns", "exec", "b1"}, {"ip", "netns", "exec", "b2"}}})
}

// kept starts a bot again whenever it ends, as its supervisor does, until stop is called.
func (b *process) kept(t *testing.T) (stop func()) {
	b.start()
	done, ended := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	go func() {
		defer close(ended)
		for {
			mu.Lock()
			gone := b.ended
			mu.Unlock()
			select {
			case <-done:
				return
			case <-gone:
			}
			select {
			case <-done:
				return
			case <-time.After(time.Second):
			}
			mu.Lock()
			b.start()
			mu.Unlock()
		}
	}()
	return func() { close(done); <-ended }
}

// told is what was acknowledged, by which bot.
type told struct {
	mu    sync.Mutex
	names []string
	last  time.Time
	most  time.Duration // between two acknowledgements
}

// goOn declares at both bots until stop is called.
func (p *pair) goOn() (*told, func()) {
	x := &told{last: time.Now()}
	done := make(chan struct{})
	var all sync.WaitGroup
	for i, b := range p.bots {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-time.After(150 * time.Millisecond):
				}
				if name := b.declare(fmt.Sprintf("Number %d at bot %d", n, i)); name != "" {
					x.mu.Lock()
					x.names = append(x.names, name)
					x.most, x.last = max(x.most, time.Since(x.last)), time.Now()
					x.mu.Unlock()
				}
			}
		})
	}
	return x, func() { close(done); all.Wait() }
}

func (x *told) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.names)
}

// more waits until more was acknowledged.
func (x *told) more(t *testing.T, after string) {
	t.Helper()
	x.mu.Lock()
	before, began := len(x.names), time.Now()
	x.mu.Unlock()
	for x.count() < before+3 {
		if time.Since(began) > 90*time.Second {
			t.Fatalf("%s: nothing was acknowledged within 90 s", after)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%s: three more were acknowledged within %v", after, time.Since(began).Round(10*time.Millisecond))
}

// writer is the bot that does the work, by its place.
func (p *pair) writer(t *testing.T) int {
	t.Helper()
	for began := time.Now(); time.Since(began) < 90*time.Second; time.Sleep(50 * time.Millisecond) {
		for i, b := range p.bots {
			if status, _, _ := b.ask("GET", "/readyz?exclude=slack", ""); status == http.StatusOK {
				return i
			}
		}
	}
	t.Fatal("no bot does the work")
	return 0
}

func members(t *testing.T, n *network) {
	p := pairOn(t, n)
	defer p.bots[0].kept(t)()
	p.bots[0].ready(slack)
	defer p.bots[1].kept(t)()
	x, stop := p.goOn()
	x.more(t, "at the start")
	name := func(i int) string { return p.Members[i].Name }
	bot := func(i int) string { return []string{"b1", "b2"}[i] }
	follower := func() int { return (p.Leader(t) + 1) % 3 }
	step := func(what string, off, on func()) {
		off()
		x.more(t, what)
		time.Sleep(lease) // so that it is noticed by everybody
		on()
		x.more(t, what+", and back")
	}
	i := follower()
	step("a member that follows is killed", func() { p.Signal(i, syscall.SIGKILL) }, func() { p.Restart(t, i) })
	i = p.Leader(t)
	step("the member that leads is killed", func() { p.Signal(i, syscall.SIGKILL) }, func() { p.Restart(t, i) })
	i = follower()
	step("a member that follows is paused", func() { p.Signal(i, syscall.SIGSTOP) }, func() { p.Signal(i, syscall.SIGCONT) })
	i = p.Leader(t)
	step("the member that leads is paused", func() { p.Signal(i, syscall.SIGSTOP) }, func() { p.Signal(i, syscall.SIGCONT) })
	i = follower()
	step("a member that follows is cut off", func() { n.cut(name(i), true) }, func() { n.cut(name(i), false) })
	i = p.Leader(t)
	step("the member that leads is cut off", func() { n.cut(name(i), true) }, func() { n.cut(name(i), false) })
	i = p.writer(t)
	step("the bot that writes is cut off", func() { n.cut(bot(i), true) }, func() { n.cut(bot(i), false) })
	i = p.writer(t)
	step("the bot that writes is cut off from the members alone", func() { n.apart(bot(i), true) }, func() { n.apart(bot(i), false) })
	i = 1 - p.writer(t)
	step("the bot that stands by is cut off", func() { n.cut(bot(i), true) }, func() { n.cut(bot(i), false) })
	i = p.writer(t)
	step("the bot that writes is paused", func() { p.bots[i].signal(syscall.SIGSTOP) }, func() { p.bots[i].signal(syscall.SIGCONT) })
	i = p.writer(t)
	step("the bot that writes is killed", func() { p.bots[i].signal(syscall.SIGKILL) }, func() {}) // it is started again by itself

	// Two of three: nothing can be acknowledged, and both bots say so; then it goes on.
	n.cut("m1", true)
	n.cut("m2", true)
	time.Sleep(2 * lease)
	before := x.count()
	time.Sleep(2 * lease)
	if after := x.count(); after != before {
		t.Errorf("%d were acknowledged without two of three members", after-before)
	}
	for _, b := range p.bots {
		if status, answer, _ := b.ask("GET", "/readyz", ""); status == http.StatusOK {
			t.Errorf("%s is ready without two of three members: %s", b.address, answer)
		}
	}
	n.cut("m1", false)
	n.cut("m2", false)
	x.more(t, "two of three members were cut off, and are back")
	stop()
	p.everythingThere(t, x.names)
	t.Logf("%d were acknowledged; the longest time without was %v", len(x.names), x.most.Round(10*time.Millisecond))
}
