//go:build peer

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

const (
	peerKey    = "integration-key-of-the-peer"
	peerRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: fay, name: Fay Lind, slack: U0FAY}
teams:
  - {id: payments, name: Payments, members: [ada], lead: ada}
  - {id: search, name: Search, members: [fay], lead: fay}
policies:
  - {id: payments, acknowledge_timeout: 30m, steps: [{notify: [person:ada], wait: 30m}], last_resort: [person:ada]}
  - {id: search, acknowledge_timeout: 30m, steps: [{notify: [person:fay], wait: 30m}], last_resort: [person:fay]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: find, name: Find, kind: product, team: search, policy: search}
defaults: {service: checkout, policy: payments}
`
)

// TestAlertmanagerPeer has a real Alertmanager, named by the variable ALERTMANAGER,
// send to the real program. How it groups is its own business: what people see is the
// same for all three ways.
func TestAlertmanagerPeer(t *testing.T) {
	program := os.Getenv("ALERTMANAGER")
	if program == "" {
		t.Fatal("set ALERTMANAGER to the path of the program alertmanager; .ci/alertmanager builds it")
	}
	t.Setenv("STORMBELL_HTTP_INTEGRATION_KEYS", peerKey)
	for name, by := range map[string]string{"all in one group": "", "by the name of the alert": "group_by: [alertname], ", "each alone": "group_by: ['...'], "} {
		t.Run(name, func(t *testing.T) {
			p := newPeerLab(t, program, by)
			for _, act := range []struct {
				name string
				do   func(*testing.T, *peerLab)
			}{
				{"alerts of two services fire", peersFire}, {"another joins", peerJoins}, {"one is over", peerPartlyOver}, {"it reminds", peerReminds},
				{"all are over", peersOver}, {"one fires again", peerAgain}, {"the bot is killed", peerBotKilled}, {"it starts again", peerRestarts},
				{"the end", peersEnd},
			} {
				if !t.Run(act.name, func(t *testing.T) { act.do(t, p) }) {
					return // what follows builds on it
				}
			}
		})
	}
}

// peerLab is a lab to which an Alertmanager sends.
type peerLab struct {
	*lab
	program, dir, address string
	process               *exec.Cmd
	started               map[string]time.Time // of what fires, by instance

	mu     sync.Mutex
	bodies []string // that were taken
	failed int      // deliveries that were not
}

func newPeerLab(t *testing.T, program, by string) *peerLab {
	t.Helper()
	p := &peerLab{lab: newLabWith(t, []byte(peerRoster), ""), program: program, dir: t.TempDir(), address: freeAddress(t), started: map[string]time.Time{}}
	p.sim.ClearFaults()
	p.start()
	between := httptest.NewServer(p.between(t))
	t.Cleanup(between.Close)
	write(t, filepath.Join(p.dir, "alertmanager.yml"), fmt.Sprintf(`
route: {receiver: stormbell, %sgroup_wait: 200ms, group_interval: 500ms, repeat_interval: 2s}
receivers:
  - name: stormbell
    webhook_configs: [{url: '%s/v1/alertmanager', send_resolved: true, http_config: {authorization: {credentials: %s}}}]
`, by, between.URL, peerKey))
	p.startPeer(t)
	t.Cleanup(func() { p.stopPeer(t) })
	return p
}

// between hands deliveries on to the program, and keeps what was taken.
func (p *peerLab) between(t *testing.T) http.Handler {
	to, err := url.Parse("http://" + p.http)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // Alertmanager has gone
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got := httptest.NewRecorder()
		proxy.ServeHTTP(got, r)
		p.mu.Lock()
		if got.Code == http.StatusAccepted {
			p.bodies = append(p.bodies, string(body))
		} else {
			p.failed++
		}
		p.mu.Unlock()
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes()) // to an Alertmanager that may have gone
	})
}

// deliveries returns how many bodies with an alert of an instance were taken, and how
// many in all were not.
func (p *peerLab) deliveries(instance string) (taken, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.bodies {
		if strings.Contains(b, `"instance":"`+instance+`"`) {
			taken++
		}
	}
	return taken, p.failed
}

func (p *peerLab) startPeer(t *testing.T) {
	t.Helper()
	p.process = exec.Command(p.program, "--config.file="+filepath.Join(p.dir, "alertmanager.yml"), "--storage.path="+filepath.Join(p.dir, "data"),
		"--web.listen-address="+p.address, "--cluster.listen-address=", "--log.level=error")
	p.process.Stderr = p.log
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	p.await(t, func() string {
		resp, err := http.Get("http://" + p.address + "/-/ready")
		if err != nil {
			return "Alertmanager is not ready: " + err.Error()
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return "Alertmanager is not ready: " + resp.Status
		}
		return ""
	})
}

// stopPeer ends Alertmanager in order: it writes what it has sent on its disk.
func (p *peerLab) stopPeer(t *testing.T) {
	t.Helper()
	if p.process == nil {
		return
	}
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := p.process.Wait(); err != nil {
		t.Errorf("Alertmanager ended: %v", err)
	}
	p.process = nil
}

// await waits until missing returns nothing.
func (p *peerLab) await(t *testing.T, missing func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		what := missing()
		if what == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// sends posts alerts to Alertmanager as Prometheus does. An instance is a letter for
// its service and a number; one that begins with a dash is over.
func (p *peerLab) sends(t *testing.T, instances ...string) {
	t.Helper()
	type posted struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		EndsAt      time.Time         `json:"endsAt,omitzero"`
	}
	var list []posted
	for _, instance := range instances {
		instance, over := strings.CutPrefix(instance, "-")
		service := map[byte]string{'c': "checkout", 'f': "find"}[instance[0]]
		if p.started[instance].IsZero() {
			p.started[instance] = time.Now()
		}
		a := posted{Labels: map[string]string{"alertname": "Slow", "instance": instance, "service": service, "severity": "critical"},
			Annotations: map[string]string{"summary": instance + " is slow"}, StartsAt: p.started[instance]}
		if over {
			a.EndsAt = time.Now()
			delete(p.started, instance)
		}
		list = append(list, a)
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://"+p.address+"/api/v2/alerts", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		t.Fatalf("Alertmanager answered %s: %s", resp.Status, answer)
	}
}

// of returns the incident of a service, "" where there is none. There is never more
// than one.
func (p *peerLab) of(t *testing.T, service string) string {
	t.Helper()
	var list struct {
		Incidents []struct{ Name, Service string } `json:"incidents"`
	}
	p.get(t, "/v1/incidents?all=1", &list)
	name := ""
	for _, i := range list.Incidents {
		if i.Service == service {
			if name != "" {
				t.Fatalf("%s has two incidents: %+v", service, list.Incidents)
			}
			name = i.Name
		}
	}
	return name
}

// channel returns the channel of an incident, the zero one where there is none.
func (p *peerLab) channel(name string) slacksim.Channel {
	for _, c := range p.sim.State().Channels {
		if strings.HasPrefix(c.Name, strings.ToLower(name)+"-") {
			return c
		}
	}
	return slacksim.Channel{}
}

// standsAs says what is missing until the alerts of an incident are these, by the
// record and by the message in its channel.
func (p *peerLab) standsAs(t *testing.T, name, digest string, instances ...string) string {
	t.Helper()
	var got struct {
		Alerts []struct{ Status, Service, Title string } `json:"alerts"`
	}
	p.get(t, "/v1/alerts?incident="+name, &got)
	left := map[string]bool{}
	for _, instance := range instances {
		left[instance] = true
	}
	for _, a := range got.Alerts {
		instance, _, _ := strings.Cut(a.Title, " ")
		if a.Status != "firing" {
			instance = "-" + instance
		}
		if !left[instance] {
			return fmt.Sprintf("%s has %s, want %v", name, instance, instances)
		}
		delete(left, instance)
	}
	if len(left) > 0 {
		return fmt.Sprintf("%s has no %v", name, left)
	}
	if digest == "" {
		return ""
	}
	var digests []string
	for _, m := range p.channel(name).Messages {
		if strings.Contains(string(m.Blocks), `"Show all"`) {
			digests = append(digests, m.Text)
		}
	}
	if want := name + ": " + digest; len(digests) != 1 || digests[0] != want {
		return fmt.Sprintf("the messages about the alerts are %q, want one: %q", digests, want)
	}
	return ""
}

// pages counts what a person was sent about an incident.
func (p *peerLab) pages(user, name string) int {
	n := 0
	for _, c := range p.sim.State().Channels {
		if !c.IsIM || !strings.Contains(strings.Join(c.Members, " "), user) {
			continue
		}
		for _, m := range c.Messages {
			if strings.Contains(string(m.Blocks), name+" ") || strings.Contains(string(m.Blocks), name+"*") {
				n++
			}
		}
	}
	return n
}

// offers returns how many messages of an incident's channel say that all is over, and
// how many of them offer to resolve it.
func (p *peerLab) offers(name string) (said, offered int) {
	for _, m := range p.channel(name).Messages {
		if text := string(m.Blocks); strings.Contains(text, "So say their senders.") {
			said++
			if strings.Contains(text, `"Resolve"`) {
				offered++
			}
		}
	}
	return said, offered
}

// quiet says how much people have seen of both incidents, to compare.
func (p *peerLab) quiet(t *testing.T) string {
	t.Helper()
	s := ""
	for _, service := range []string{"checkout", "find"} {
		name := p.of(t, service)
		var got struct{ Timeline []struct{ Words string } }
		p.get(t, "/v1/incidents/"+name+"/timeline", &got)
		messages := 0
		for _, m := range p.channel(name).Messages {
			if m.Subtype == "" { // Slack's own lines, as of a topic that was set, come late
				messages++
			}
		}
		s += fmt.Sprintf("%s: %d messages, %d pages, timeline:\n", name, messages, p.pages("U0ADA", name)+p.pages("U0FAY", name))
		for _, e := range got.Timeline {
			s += "  " + e.Words + "\n"
		}
	}
	return s
}

// atRest waits until nothing has changed for a while, and returns what people saw.
func (p *peerLab) atRest(t *testing.T) string {
	t.Helper()
	seen, since := p.quiet(t), time.Now()
	p.await(t, func() string {
		if now := p.quiet(t); now != seen {
			seen, since = now, time.Now()
		}
		if time.Since(since) < time.Second {
			return "people do not come to rest: " + seen
		}
		return ""
	})
	return seen
}

func peersFire(t *testing.T, p *peerLab) {
	p.sends(t, "c1", "c2", "f1")
	p.await(t, func() string {
		checkout, find := p.of(t, "checkout"), p.of(t, "find")
		if checkout == "" || find == "" {
			return fmt.Sprintf("the incidents are %q of checkout and %q of find", checkout, find)
		}
		if p.pages("U0ADA", checkout) == 0 || p.pages("U0FAY", find) == 0 {
			return "the owners are not paged"
		}
		if missing := p.standsAs(t, checkout, "2 alerts fire", "c1", "c2"); missing != "" {
			return missing
		}
		return p.standsAs(t, find, "", "f1")
	})
	seen := p.atRest(t)
	checkout, find := p.of(t, "checkout"), p.of(t, "find")
	if p.pages("U0FAY", checkout) > 0 || p.pages("U0ADA", find) > 0 || p.pages("U0ADA", checkout) != 1 || p.pages("U0FAY", find) != 1 {
		t.Errorf("each owner must have one page, of the own service:\n%s", seen)
	}
	p.post(t, "/v1/incidents/"+checkout+"/ack", `{"as":"ada"}`)
}

func peerJoins(t *testing.T, p *peerLab) {
	before := p.pages("U0ADA", p.of(t, "checkout"))
	p.sends(t, "c3")
	p.await(t, func() string { return p.standsAs(t, p.of(t, "checkout"), "3 alerts fire", "c1", "c2", "c3") })
	p.atRest(t)
	if after := p.pages("U0ADA", p.of(t, "checkout")); after != before {
		t.Errorf("ada, who is on it, was paged %d times because an alert joined", after-before)
	}
}

func peerPartlyOver(t *testing.T, p *peerLab) {
	p.sends(t, "-c1")
	p.await(t, func() string { return p.standsAs(t, p.of(t, "checkout"), "2 firing, 1 over", "-c1", "c2", "c3") })
	if said, _ := p.offers(p.of(t, "checkout")); said > 0 {
		t.Error("it is offered to resolve while two alerts fire")
	}
}

// peerReminds waits for several reminders, of which nobody sees anything.
func peerReminds(t *testing.T, p *peerLab) {
	before := p.atRest(t)
	p.reminded(t, "c2", "f1")
	if after := p.atRest(t); after != before {
		t.Errorf("reminders were seen; before:\n%s\nafter:\n%s", before, after)
	}
}

// reminded waits until each instance was sent three more times.
func (p *peerLab) reminded(t *testing.T, instances ...string) {
	t.Helper()
	from := map[string]int{}
	for _, instance := range instances {
		from[instance], _ = p.deliveries(instance)
	}
	p.await(t, func() string {
		for _, instance := range instances {
			if now, _ := p.deliveries(instance); now < from[instance]+3 {
				return fmt.Sprintf("%d reminders of %s", now-from[instance], instance)
			}
		}
		return ""
	})
}

func peersOver(t *testing.T, p *peerLab) {
	p.sends(t, "-c2", "-c3")
	p.offered(t, 1)
	if missing := p.standsAs(t, p.of(t, "find"), "", "f1"); missing != "" {
		t.Errorf("the other service: %s", missing)
	}
	if said, _ := p.offers(p.of(t, "find")); said > 0 {
		t.Error("the other service's incident is called over")
	}
}

// offered waits until it was said so often that all of checkout's alerts are over, and
// once offered to resolve it.
func (p *peerLab) offered(t *testing.T, times int) {
	t.Helper()
	p.await(t, func() string {
		if said, offered := p.offers(p.of(t, "checkout")); said != times || offered != 1 {
			return fmt.Sprintf("it was said %d times that all is over, %d messages offer to resolve; want %d and 1", said, offered, times)
		}
		return p.standsAs(t, p.of(t, "checkout"), "All 3 alerts are over", "-c1", "-c2", "-c3")
	})
}

func peerAgain(t *testing.T, p *peerLab) {
	before := p.pages("U0ADA", p.of(t, "checkout"))
	p.sends(t, "c2")
	p.await(t, func() string {
		name := p.of(t, "checkout")
		if _, offered := p.offers(name); offered > 0 {
			return "the offer to resolve still stands"
		}
		if after := p.pages("U0ADA", name); after == before {
			return "ada was not paged again"
		}
		return p.standsAs(t, name, "1 firing, 2 over", "-c1", "c2", "-c3")
	})
	p.atRest(t)
	if after := p.pages("U0ADA", p.of(t, "checkout")); after != before+1 {
		t.Errorf("ada was paged %d times because an alert fires again, want once", after-before)
	}
}

// peerBotKilled kills the program, has an alert fire that cannot be delivered, and
// starts it again.
func peerBotKilled(t *testing.T, p *peerLab) {
	pages := p.pages("U0FAY", p.of(t, "find"))
	_, failed := p.deliveries("")
	p.kill()
	p.sends(t, "f2")
	p.await(t, func() string {
		if _, now := p.deliveries(""); now == failed {
			return "Alertmanager has tried nothing while the bot was away"
		}
		return ""
	})
	p.start()
	p.await(t, func() string { return p.standsAs(t, p.of(t, "find"), "2 alerts fire", "f1", "f2") })
	p.atRest(t)
	if now := p.pages("U0FAY", p.of(t, "find")); now != pages {
		t.Errorf("fay, who is being asked, was paged %d more times", now-pages)
	}
}

// peerRestarts restarts Alertmanager. It has forgotten its alerts, until Prometheus
// sends them again.
func peerRestarts(t *testing.T, p *peerLab) {
	before := p.atRest(t)
	p.stopPeer(t)
	p.startPeer(t)
	p.sends(t, "c2", "f1", "f2")
	p.reminded(t, "c2", "f1", "f2")
	if after := p.atRest(t); after != before {
		t.Errorf("its restart was seen; before:\n%s\nafter:\n%s", before, after)
	}
}

func peersEnd(t *testing.T, p *peerLab) {
	p.sends(t, "-c2", "-f1", "-f2")
	p.offered(t, 2)
	p.await(t, func() string {
		if said, offered := p.offers(p.of(t, "find")); said != 1 || offered != 1 {
			return fmt.Sprintf("find: it was said %d times that all is over, %d messages offer to resolve; want 1 and 1", said, offered)
		}
		return p.standsAs(t, p.of(t, "find"), "All 2 alerts are over", "-f1", "-f2")
	})
}
