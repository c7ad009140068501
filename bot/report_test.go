package bot

import (
	"context"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// TestReport shows each person their own figures, a lead how the rotation holds,
// and nobody a list of people.
func TestReport(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		r.pass(3 * time.Hour) // Saturday 03:00
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(6 * time.Hour)
		for _, tt := range []struct {
			user, text string
			want, hide []string
		}{
			{"ada", "report", []string{"Interrupted 1 time: 0 in business hours, 0 off, 1 asleep · 1 night, ", "1 page: 1 answered by you", "Interrupts by week, from its Monday on: 27 December: 1 (1 at night or on a day off)"}, []string{"U0BOB", "bob", "Your teams"}},
			{"bob", "report 1", []string{"You were not on call and were not paged."}, []string{"U0ADA", "ada"}},
			{"cleo", "report", []string{"*Your teams' rotations*", "*primary*: covered", "1 page, ", "2 people", "*Your teams' services*", "*Checkout*: 1 incident · 1 interrupt, 1 at night or on a day off"}, []string{"U0ADA", "U0BOB", "ada"}},
			{"eve", "report", []string{"you are not in it"}, nil},
			{"ada", "report 9999", []string{"from 1 to 400"}, nil},
		} {
			seen := r.oncall(tt.user, tt.text)
			if seen.Error != "" || strings.Contains(seen.Text, "figures of on call") {
				t.Errorf("/oncall %s by %s is acknowledged with %+v; want the figures after it", tt.text, tt.user, seen)
			}
			r.pass(time.Second)
			shown := seen.Text
			if shown == "" {
				shown = r.lastWhisper(tt.user)
			}
			shown = blockIDs.ReplaceAllString(shown, "") // "0fada" names nobody
			for _, w := range tt.want {
				if !strings.Contains(shown, w) {
					t.Errorf("/oncall %s by %s shows %s; want %q", tt.text, tt.user, shown, w)
				}
			}
			for _, w := range tt.hide {
				if strings.Contains(shown, w) {
					t.Errorf("/oncall %s by %s shows %s; it must not name %q", tt.text, tt.user, shown, w)
				}
			}
		}
	})
}

// blockIDs are random.
var blockIDs = regexp.MustCompile(`"block_id":"[0-9a-f]+",`)

// lastWhisper is what only the person was told last, text and blocks.
func (r *rig) lastWhisper(user string) string {
	r.t.Helper()
	list := r.sim.State().Whispers[userID(r, user)]
	if len(list) == 0 {
		r.t.Fatalf("%s was told nothing", user)
	}
	last := list[len(list)-1]
	return unescaped(last.Text + string(last.Blocks))
}

// slowToRead is an engine that can take its time for every look at it.
type slowToRead struct {
	storage.Engine
	by atomic.Int64
}

// Snapshot takes its time.
func (s *slowToRead) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	select {
	case <-time.After(time.Duration(s.by.Load())):
		return s.Engine.Snapshot(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSlowReport takes longer over the figures than Slack waits: the command is
// acknowledged all the same, the person hears that it goes on, and then how it
// ended.
func TestSlowReport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		every time.Duration
		want  string
	}{
		{"slow", 3 * time.Second, "Your figures of the last 90 days"},
		{"too slow", time.Minute, "That took too long just now. Please try again, or ask for fewer days"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, calm())
				store := &slowToRead{}
				r.wrap = func(e storage.Engine) storage.Engine {
					store.Engine = e
					return store
				}
				defer r.close()
				r.start()
				r.pass(time.Minute)
				store.by.Store(int64(tt.every))
				if seen := r.oncall("ada", "report"); seen.Error != "" || seen.Text != "" {
					t.Errorf("ada sees %+v, want nothing yet", seen)
				}
				r.pass(3 * time.Second)
				if got := r.lastWhisper("ada"); !strings.Contains(got, "Working it out") {
					t.Errorf("after three seconds ada is told %s", got)
				}
				r.pass(15 * time.Second)
				store.by.Store(0)
				if got := r.lastWhisper("ada"); !strings.Contains(got, tt.want) {
					t.Errorf("in the end ada is told %s, want %q", got, tt.want)
				}
			})
		})
	}
}
