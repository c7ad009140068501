package bot

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// stormRoster has fifty services besides those of the rig.
func stormRoster() string {
	var b strings.Builder
	for n := range 50 {
		fmt.Fprintf(&b, "  - {id: svc-%d, name: Service %d, kind: service, team: payments, policy: payments}\n", n, n)
	}
	roster := strings.Replace(rosterText, "defaults:", b.String()+"defaults:", 1)
	return roster + "alerts: {group: {by: [title]}}\n"
}

// admin is the command line, and whoever acts by HTTP.
var admin = desk.Caller{Actor: "admin:cli"}

// made are the incidents for which channels were made since a call, in order.
func (r *rig) made(since int) (numbers []int, at []time.Time) {
	for _, c := range r.sim.Calls(since) {
		var n int
		if c.Kind != "api" || c.Method != "conversations.create" || c.Status == 429 || c.Error != "" {
			continue
		}
		if _, err := fmt.Sscanf(c.Args["name"], "inc-%d-", &n); err == nil {
			numbers, at = append(numbers, n), append(at, c.At)
		}
	}
	return numbers, at
}

// TestWorstFirst: five hundred alerts of fifty services open as many incidents in a
// minute, far more than Slack makes channels for. The sev1 that comes last has its
// channel, its card and its announcement within ten seconds, what changes meanwhile changes its place, and of
// the others nobody waits for ever.
func TestWorstFirst(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	const many = 500
	inBubble(t, slacksim.Options{KeepCalls: 300_000, RateLimits: true, RateBurst: 1}, func(r *rig) {
		r.apply(stormRoster())
		before := r.last()
		var all sync.WaitGroup
		for k := range 50 {
			all.Go(func() {
				for n := range many / 50 {
					time.Sleep(6 * time.Second)
					a := alert.Alert{Key: fmt.Sprint(k, "-", n), Status: alert.Firing, Title: fmt.Sprintf("host %d of %d is down", n, k),
						Severity: []alert.Severity{alert.Sev3, alert.Sev2}[n%2], Service: fmt.Sprint("svc-", k), Source: "event"}
					if _, err := r.alert(r.t.Context(), a); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		r.pass(1100 * time.Millisecond) // between two channels
		start := time.Now()
		last, err := r.alert(r.t.Context(), alert.Alert{Key: "last", Status: alert.Firing, Title: "Card payments fail", Severity: alert.Sev1, Service: "search", Source: "event"})
		if err != nil || last.Incident != many+1 {
			t.Fatalf("the last is %+v, %v; want INC-%d", last, err, many+1)
		}
		r.pass(10 * time.Second)
		b, err := r.desk.Brief(r.t.Context(), last.Incident)
		if err != nil || b.Artifacts.Channel == "" || b.Artifacts.Card.TS == "" || b.Artifacts.Announcement.TS == "" {
			t.Errorf("ten seconds after the sev1 it has %+v, %v; want a channel, a card and an announcement", b.Artifacts, err)
		}
		if numbers, at := r.made(before); slices.Contains(numbers, last.Incident) {
			t.Logf("channel after %s, as number %d", at[slices.Index(numbers, last.Incident)].Sub(start), slices.Index(numbers, last.Incident)+1)
		}
		// One that is resolved while it waits goes behind, one that turns worse goes ahead.
		if _, err := r.desk.Do(r.t.Context(), admin, 400, desk.Act{Verb: desk.Resolve}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.desk.Do(r.t.Context(), admin, 450, desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev1}); err != nil {
			t.Fatal(err)
		}
		from := r.last()
		r.pass(10 * time.Second)
		if numbers, _ := r.made(from); len(numbers) < 3 || !slices.Contains(numbers[:2], 450) {
			t.Errorf("after INC-450 became a sev1, channels are made for %v, want it among the first two", numbers)
		}
		r.pass(3 * time.Minute)
		numbers, _ := r.made(before)
		t.Logf("%d channels after more than four minutes", len(numbers))
		active, err := r.desk.Active(r.t.Context(), incident.Bot)
		if err != nil {
			t.Fatal(err)
		}
		severity := map[int]incident.Severity{}
		for _, i := range active {
			severity[i.Number] = i.Severity
		}
		sev3 := 0
		for _, n := range numbers[25:] { // the first are made before there is a queue
			if severity[n] == incident.Sev3 {
				sev3++
			}
			if n == 400 {
				t.Error("INC-400 was resolved, and had its channel before others that are open")
			}
		}
		if share := sev3 * 100 / len(numbers[25:]); share > 20 || share < 5 {
			t.Errorf("%d %% of the channels were for a sev3, want some, but the sev2 first", share)
		}
	})
}
