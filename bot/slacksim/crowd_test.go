package slacksim

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack/socketmode"
)

// TestFiveHundredCommandsInASecond: each is delivered once and answered.
func TestFiveHundredCommandsInASecond(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		got := map[string]int{}
		r.listen(func(e socketmode.Event) {
			if e.Type == socketmode.EventTypeSlashCommand {
				got[e.Request.EnvelopeID]++ // handled one at a time
				r.socket.Ack(*e.Request)
			}
		})
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 2 * time.Millisecond)
				if seen, err := r.w.As("ada").Command("general", "/incident", "x"); err != nil || seen.Error != "" {
					t.Errorf("command %d = %+v, %v", i, seen, err)
				}
			})
		}
		wg.Wait()
		if len(got) != 500 {
			t.Errorf("envelopes = %d, want 500", len(got))
		}
		for id, n := range got {
			if n != 1 {
				t.Errorf("envelope %s came %d times", id, n)
			}
		}
	})
}

// TestCrowd lets people, the app and faults do anything at once: the workspace
// must stay whole (the race detector looks on) and end when told to.
func TestCrowd(t *testing.T) {
	bubble(t, Options{Seed: 3}, func(t *testing.T, r *rig) {
		for range 3 {
			r.connect()
		}
		general := r.channelID("general")
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(i), 1))
				who := r.w.As([]string{"ada", "ben"}[i%2])
				for step := range 30 {
					time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
					switch rnd.IntN(9) {
					case 0:
						m, err := who.Message("general", fmt.Sprint(step), "")
						if err == nil {
							who.React("general", m.TS, "eyes")
						}
					case 1:
						r.api.PostMessage(general)
					case 2:
						who.Command("general", "/incident", "x")
					case 3:
						who.Create(fmt.Sprintf("c-%d-%d", i, step), ChannelKind(step%2))
					case 4:
						r.w.Fault(Fault{Method: "*", Status: 503, Latency: time.Second, Times: 1})
					case 5:
						r.w.Fault(Fault{Socket: socketFaults[rnd.IntN(len(socketFaults))]})
					case 6:
						r.w.Advance(time.Minute)
					case 7:
						r.w.ClearFaults()
					case 8:
						r.w.State()
						r.w.Calls(0)
					}
				}
			})
		}
		wg.Wait()
		s := r.w.State()
		for _, c := range s.Channels {
			last := ""
			for _, m := range c.Messages {
				if m.TS <= last {
					t.Errorf("channel %s: message %s after %s", c.Name, m.TS, last)
				}
				last = m.TS
			}
		}
	})
}
