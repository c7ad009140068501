package bot

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// roundTrip is how long Slack takes for each call in the tests of figures.
const roundTrip = 200 * time.Millisecond

// TestRoundTrips holds the figures for one declaration: the page is the first
// write and is there within one round trip, all the papers within four. In a
// bubble only what is waited for takes time, so the figures are exact.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.fault(slacksim.Fault{Method: "*", Latency: roundTrip})
		before, start := r.last(), time.Now()
		r.command("eve", "general", "declare card payments fail sev1")
		var page, papers time.Duration
		i := pieces{name: "INC-1", channel: "inc-1-card-payments-fail", paged: []string{"U0ADA"}, members: []string{"U0EVE", "U0ADA"}}
		want := map[string]bool{}
		for _, what := range i.kinds() {
			want[what] = true
		}
		for len(want) > 0 && time.Since(start) < 5*time.Second {
			r.pass(5 * time.Millisecond)
			for what := range want {
				if !r.there(what, i) {
					continue
				}
				delete(want, what)
				papers = time.Since(start)
				if what == "page" {
					page = papers
				}
			}
		}
		t.Logf("page after %s, all papers after %s", page, papers)
		if most := roundTrip + 50*time.Millisecond; page > most || len(want) > 0 {
			t.Errorf("the page was there after %s, want at most %s", page, most)
		}
		if most := 4*roundTrip + 200*time.Millisecond; papers > most || len(want) > 0 {
			t.Errorf("all papers were there after %s (missing: %v), want at most %s", papers, want, most)
		}
		for _, c := range r.sim.Calls(before) {
			if c.Kind == "api" {
				if c.Method != "chat.postMessage" || c.Args["channel"] != "U0ADA" {
					t.Errorf("the first call is %s to %q, want the page", c.Method, c.Args["channel"])
				}
				break
			}
		}
	})
}

// pieces are what of an incident is to be seen in Slack.
type pieces struct {
	name    string   // of the incident
	channel string   // the name of its channel
	paged   []string // user IDs
	members []string // of the channel, user IDs
}

func (pieces) kinds() []string {
	return []string{"page", "channel", "card", "invitations", "announcement"}
}

// there reports whether a piece of an incident can be seen in Slack.
func (r *rig) there(what string, i pieces) bool {
	r.t.Helper()
	if what == "page" {
		return !slices.ContainsFunc(i.paged, func(user string) bool { return len(r.dm(user)) == 0 })
	}
	c, ok := r.sim.State().Channel(i.channel)
	if !ok {
		return false
	}
	switch what {
	case "channel":
		return true
	case "card":
		return len(r.marked(c.Messages, "card", i.name)) > 0
	case "invitations":
		return !slices.ContainsFunc(i.members, func(user string) bool { return !slices.Contains(c.Members, user) })
	default:
		lines := r.marked(r.channel("incidents").Messages, "announce", i.name)
		return len(lines) > 0 && shows(lines[0], c.ID)
	}
}

// TestFiveHundredCommands types five hundred commands at once, under the race detector a
// hundred: each is answered, nothing is lost, and numbers have no hole. How long it takes is
// in BenchmarkCommands.
func TestFiveHundredCommands(t *testing.T) {
	t.Parallel()
	many := 500
	if testing.Short() {
		many = 100
	}
	inBubble(t, slacksim.Options{KeepCalls: 100_000}, func(r *rig) {
		seen := make([]slacksim.Seen, many)
		var all sync.WaitGroup
		for n := range seen {
			all.Go(func() {
				seen[n], _ = r.sim.As([]string{"eve", "ada", "bob"}[n%3]).Command("general", "/incident", fmt.Sprintf("declare thing %d is slow sev4", n))
			})
		}
		all.Wait()
		for n, s := range seen {
			if s.Error != "" || !strings.Contains(s.Text, fmt.Sprintf("thing %d is slow", n)) {
				t.Fatalf("command %d: answered %+v", n, s)
			}
		}
		active, err := r.desk.Active(r.t.Context(), incident.Bot)
		if err != nil || len(active) != many || active[0].Number != many {
			t.Errorf("%d incidents up to %s, %v; want %d up to INC-%d", len(active), active[0].Name(), err, many, many)
		}
	})
}

// TestManyAtOnce opens 25 incidents by alerts at once, or 250 with EVERY_CASE=1, while Slack limits
// calls: whoever is on call is told of all, every incident gets its channel, and
// Slack is not asked in vain.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	many := cases(250, 25, 25)
	inBubble(t, slacksim.Options{KeepCalls: 200_000, RateLimits: true, RateBurst: 1}, func(r *rig) {
		r.apply(r.roster + "alerts: {group: {by: [title]}}\n")
		before := r.last()
		var all sync.WaitGroup
		for k := range 64 {
			all.Go(func() {
				for n := k; n < many; n += 64 {
					a := alert.Alert{Key: fmt.Sprint(n), Status: alert.Firing, Title: fmt.Sprintf("host %d is down", n), Severity: alert.Sev1, Source: "event"}
					if _, err := r.alert(r.t.Context(), a); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		r.pass(30 * time.Second)
		for k := range many {
			if _, err := r.sim.As("ada").Command("general", "/incident", fmt.Sprint("ack INC-", k+1)); err != nil {
				t.Fatal(err)
			}
		}
		r.pass(90 * time.Minute)
		channels := map[int]int{}
		for _, c := range r.sim.State().Channels {
			var k int
			if _, err := fmt.Sscanf(c.Name, "inc-%d-", &k); err == nil {
				channels[k]++
			}
		}
		active, err := r.desk.Active(r.t.Context(), incident.Bot)
		if err != nil || len(active) != many {
			t.Fatalf("%d incidents, %v; want %d", len(active), err, many)
		}
		for _, i := range active {
			if channels[i.Number] != 1 || i.Channel == "" {
				t.Fatalf("%s has %d channels, and is recorded with %q", i.Name(), channels[i.Number], i.Channel)
			}
		}
		calls, limited := 0, 0
		for _, c := range r.sim.Calls(before) {
			if c.Kind == "api" {
				calls++
				if c.Status == 429 {
					limited++
				}
			}
		}
		t.Logf("%d calls, %d of them limited", calls, limited)
		if limited > calls/50 {
			t.Errorf("%d of %d calls were limited, want hardly any: the bot knows the limits", limited, calls)
		}
		left, err := r.ledger.Unfinished(r.t.Context())
		if err != nil || len(left) > 0 {
			t.Errorf("%d jobs are left after an hour and a half, %v", len(left), err)
		}
	})
}

// TestDayOnCall lives through a day: an incident every two hours, by people and by
// alerts, some answered, some escalated, all resolved.
func TestDayOnCall(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{ConnectionLife: 5 * time.Hour}, func(r *rig) {
		for hour := 0; hour < 24; hour += 2 {
			n := hour/2 + 1
			if hour%4 == 0 {
				r.command("eve", "general", fmt.Sprintf("declare thing %d is slow", n))
			} else if _, err := r.alert(r.t.Context(), alert.Alert{Key: fmt.Sprint(n), Status: alert.Firing, Title: "p99", Severity: alert.Sev2, Source: "event"}); err != nil {
				t.Fatal(err)
			}
			r.pass(time.Duration(hour) * time.Minute) // ever later: at last nobody but the last resort is left
			who := []string{"ada", "cleo", "bob"}[n%3]
			r.command(who, "general", fmt.Sprintf("ack INC-%d", n))
			r.pass(20 * time.Minute)
			r.command(who, "general", fmt.Sprintf("mitigate INC-%d rollback", n))
			r.command(who, "general", fmt.Sprintf("resolve INC-%d", n))
			r.pass(2*time.Hour - 20*time.Minute - time.Duration(hour)*time.Minute)
		}
		if active, _ := r.desk.Active(r.t.Context(), incident.Bot); len(active) != 0 {
			t.Errorf("%d incidents are open at the end of the day", len(active))
		}
		for n := 1; n <= 12; n++ {
			r.fold(n)
		}
		left, err := r.ledger.Unfinished(r.t.Context())
		if err != nil || len(left) > 0 {
			t.Errorf("%d jobs are left at the end of the day, %v", len(left), err)
		}
		for _, c := range r.sim.State().Channels {
			for _, m := range c.Messages {
				if shows(m, `"action_id":"ack"`) {
					t.Errorf("a message in %s still offers Acknowledge: %s", c.Name, m.Text)
				}
			}
		}
	})
}
