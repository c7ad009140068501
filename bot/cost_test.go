package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// count has the store of r count its commits, from its start.
func (r *rig) count() *counting {
	engine := &counting{}
	r.wrap = func(e storage.Engine) storage.Engine {
		engine.Engine = e
		return engine
	}
	return engine
}

// counting is an engine that remembers what each commit has written, but for until when
// Slack was heard.
type counting struct {
	storage.Engine

	mu      sync.Mutex
	commits []commit
}

type commit struct {
	at      time.Time
	changes []storage.Change
}

func (c *counting) Commit(ctx context.Context, changes []storage.Change) error {
	counted := slices.DeleteFunc(slices.Clone(changes), func(c storage.Change) bool { return c.Key == "slack/heard" })
	if len(counted) > 0 {
		c.mu.Lock()
		c.commits = append(c.commits, commit{time.Now(), counted})
		c.mu.Unlock()
	}
	return c.Engine.Commit(ctx, changes)
}

// Limits hands on what the engine takes at once.
func (c *counting) Limits() storage.Limits {
	return c.Engine.(interface{ Limits() storage.Limits }).Limits()
}

// take returns the commits since the last call.
func (c *counting) take() []commit {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.commits
	c.commits = nil
	return taken
}

const pairRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada}
policies:
  - id: payments
    steps:
      - {notify: [person:ada, person:bob], wait: 2h}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// What one alert may cost, by day as at night. Until when Slack was heard is not counted:
// it is kept every few minutes, whatever happens.
const (
	commitsMost = 8
	changesMost = 35
)

// TestCostOfAnAlert counts what one alert makes the store do that opens an
// incident and pages two people in Slack, until nothing more happens: the channel,
// the card, the announcement and the invitations are all there. With -v it lists
// every key of every commit.
func TestCostOfAnAlert(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		when  string
		after time.Duration // the midnight of a Saturday
	}{
		{"by day", 58 * time.Hour},
		{"at night", time.Minute},
	} {
		t.Run(tt.when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { costOfAnAlert(t, tt.after) })
		})
	}
}

func costOfAnAlert(t *testing.T, after time.Duration) {
	r := newRig(t, slacksim.Options{ConnectionLife: 1000 * time.Hour})
	r.roster = pairRoster
	engine := r.count()
	defer r.close()
	r.start()
	r.fault(slacksim.Fault{Method: "*", Latency: roundTrip})
	r.pass(after)
	engine.take()

	start := time.Now()
	a := alert.Alert{Key: "disk", Status: alert.Firing, Title: "the disk is full", Severity: alert.Sev1, Source: "event"}
	if _, err := r.alert(r.t.Context(), a); err != nil {
		t.Fatal(err)
	}
	r.pass(30 * time.Minute) // nobody answers, and the next step is far away
	commits := engine.take()

	for _, user := range []string{"U0ADA", "U0BOB"} {
		if len(r.dm(user)) != 1 {
			t.Errorf("%s has %d messages, want one page", user, len(r.dm(user)))
		}
	}
	i := pieces{name: "INC-1", channel: "inc-1-the-disk-is-full", paged: []string{"U0ADA", "U0BOB"}, members: []string{"U0ADA", "U0BOB"}}
	for _, what := range i.kinds() {
		if !r.there(what, i) {
			t.Errorf("the incident has no %s", what)
		}
	}
	changes := 0
	for n, c := range commits {
		changes += len(c.changes)
		t.Logf("commit %d after %s: %s", n+1, c.at.Sub(start), written(c.changes))
	}
	t.Logf("%d commits, %d changes", len(commits), changes)
	if len(commits) > commitsMost || changes > changesMost {
		t.Errorf("one alert cost %d commits and %d changes, want at most %d and %d; -v lists them", len(commits), changes, commitsMost, changesMost)
	}
}

// TestCostOfAnAck counts the commits until somebody who acknowledges by a command or by
// the button in the channel, where nothing has shown yet that they are, has their answer:
// they wait for each.
func TestCostOfAnAck(t *testing.T) {
	t.Parallel()
	for _, private := range []string{"", " private"} {
		t.Run("declared"+private, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slacksim.Options{ConnectionLife: 1000 * time.Hour})
				engine := r.count()
				defer r.close()
				r.start()
				for n, ack := range []func(c slacksim.Channel){
					func(c slacksim.Channel) { r.command("ada", c.ID, "ack") },
					func(c slacksim.Channel) { r.press("ada", c.ID, r.find(c.Messages, "Acknowledge"), "Acknowledge") },
				} {
					r.command("eve", "general", fmt.Sprintf("declare checkout is slow %d%s", n+1, private))
					r.pass(time.Minute)
					c := r.channel(fmt.Sprintf("inc-%d-checkout-is-slow-%d", n+1, n+1))
					engine.take()
					ack(c)
					if i, _ := r.fold(n + 1); !i.Acked() {
						t.Fatalf("INC-%d is not acknowledged", n+1)
					}
					answered := 0
					for _, c := range engine.take() {
						t.Logf("%s", written(c.changes))
						answered++
						if slices.ContainsFunc(c.changes, func(c storage.Change) bool { return strings.HasPrefix(c.Key, "event/") }) {
							break
						}
					}
					if answered != 1 {
						t.Errorf("INC-%d was acknowledged in commit %d, want the first", n+1, answered)
					}
				}
			})
		})
	}
}

// written lists the keys of changes, with the size of what is put.
func written(changes []storage.Change) string {
	var b strings.Builder
	for _, c := range changes {
		if c.Delete {
			fmt.Fprintf(&b, "\n  -%s", c.Key)
		} else {
			fmt.Fprintf(&b, "\n  +%s (%d bytes)", c.Key, len(c.Value))
		}
	}
	return b.String()
}
