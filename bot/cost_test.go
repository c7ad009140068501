package bot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// counting is an engine that remembers what each commit has written.
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
	c.mu.Lock()
	c.commits = append(c.commits, commit{time.Now(), changes})
	c.mu.Unlock()
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

// What one alert may cost; two of the changes are until when Slack was heard, and two plan
// the morning of the two who are paged at night, which is done once for each night.
const (
	commitsMost = 8
	changesMost = 40
)

// TestCostOfAnAlert counts what one alert makes the store do that opens an
// incident and pages two people in Slack, until nothing more happens: the channel,
// the card, the announcement and the invitations are all there. With -v it lists
// every key of every commit.
func TestCostOfAnAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{PingInterval: 25 * time.Second, ConnectionLife: 1000 * time.Hour})
		r.roster = pairRoster
		var engine *counting
		r.wrap = func(e storage.Engine) storage.Engine {
			engine = &counting{Engine: e}
			return engine
		}
		defer r.close()
		r.start()
		r.fault(slacksim.Fault{Method: "*", Latency: roundTrip})
		r.pass(time.Minute)
		engine.take()

		start := time.Now()
		a := alert.Alert{Key: "disk", Status: alert.Firing, Title: "the disk is full", Severity: alert.Sev1, Source: "event"}
		if _, err := r.alert(t.Context(), a); err != nil {
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
	})
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
