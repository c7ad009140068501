package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// inWorkspace runs f with a client of a simulated workspace.
func inWorkspace(t *testing.T, opt slacksim.Options, f func(*testing.T, *slacksim.Workspace, *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim, err := slacksim.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		line := slacksim.NewListener()
		server := &http.Server{Handler: sim}
		go server.Serve(line)
		c := New(Options{AppToken: sim.AppToken(), BotToken: sim.BotToken(), APIURL: "http://slack.test/api/", Log: zerolog.Nop(),
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return line.Dial(ctx) }})
		f(t, sim, c)
		sim.Close()
		line.Close()
		server.Close()
		synctest.Wait()
	})
}

// calls counts the calls of a method.
func calls(sim *slacksim.Workspace, method string) int {
	n := 0
	for _, c := range sim.Calls(0) {
		if c.Kind == "api" && c.Method == method {
			n++
		}
	}
	return n
}

// manyChannels are more than two pages of conversations.list.
func manyChannels() slacksim.Options {
	var opt slacksim.Options
	for n := range 2000 {
		opt.Channels = append(opt.Channels, fmt.Sprintf("c%04d", n))
	}
	return opt
}

// TestOneWalk looks for many names at the same time: the list is read once for all
// of them, and not again for those that are not in it.
func TestOneWalk(t *testing.T) {
	inWorkspace(t, manyChannels(), func(t *testing.T, sim *slacksim.Workspace, c *Client) {
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				there, err := c.FindChannel(t.Context(), fmt.Sprintf("c%04d", 100*n))
				if err != nil || there == "" {
					t.Errorf("FindChannel(c%04d) = %q, %v; want its ID", 100*n, there, err)
				}
				absent, err := c.FindChannel(t.Context(), fmt.Sprintf("absent-%d", n))
				if err != nil || absent != "" {
					t.Errorf("FindChannel(absent-%d) = %q, %v; want none", n, absent, err)
				}
			})
		}
		all.Wait()
		one := 3
		if n := calls(sim, "conversations.list"); n > 2*one {
			t.Errorf("the list was read with %d calls for 40 names, want at most %d: once, and once more for those asked for when it was nearly through", n, 2*one)
		}
		before := calls(sim, "conversations.list")
		for n := range 20 {
			if id, err := c.FindChannel(t.Context(), fmt.Sprintf("absent-%d", n)); err != nil || id != "" {
				t.Errorf("FindChannel(absent-%d) = %q, %v; want none", n, id, err)
			}
		}
		if n := calls(sim, "conversations.list") - before; n != 0 {
			t.Errorf("%d calls for names that were just not found, want none", n)
		}
		time.Sleep(absentFor + time.Second)
		if _, err := c.FindChannel(t.Context(), "absent-0"); err != nil || calls(sim, "conversations.list") != before+one {
			t.Errorf("a while later the list was read with %d calls (%v), want %d: it may have been made meanwhile", calls(sim, "conversations.list")-before, err, one)
		}
	})
}

// TestNamesAtOnce asks for several names in one go, which is one reading.
func TestNamesAtOnce(t *testing.T) {
	inWorkspace(t, manyChannels(), func(t *testing.T, sim *slacksim.Workspace, c *Client) {
		ids, err := c.FindChannels(t.Context(), "c0001", "#C1999", "absent")
		if err != nil || ids["c0001"] == "" || ids["c1999"] == "" || len(ids) != 2 {
			t.Errorf("FindChannels() = %v, %v; want the two that exist", ids, err)
		}
		if n := calls(sim, "conversations.list"); n != 3 {
			t.Errorf("%d calls, want 3: one for each page", n)
		}
	})
}

// TestTakenMeanwhile makes a channel that somebody else has made since it was
// looked for in vain: theirs is used.
func TestTakenMeanwhile(t *testing.T) {
	opt := slacksim.Options{People: []slacksim.Person{{ID: "U0EVE", Name: "eve"}}}
	inWorkspace(t, opt, func(t *testing.T, sim *slacksim.Workspace, c *Client) {
		if id, err := c.FindChannel(t.Context(), "talk"); id != "" || err != nil {
			t.Fatalf("FindChannel() = %q, %v; want none yet", id, err)
		}
		theirs, err := sim.As("eve").Create("talk", slacksim.Public)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := c.EnsureChannel(t.Context(), "talk"); err != nil || id != theirs {
			t.Errorf("EnsureChannel() = %q, %v; want %s, which eve has made", id, err, theirs)
		}
	})
}

// TestWalkCutShort ends the search of whoever began to read the list: the others
// go on.
func TestWalkCutShort(t *testing.T) {
	inWorkspace(t, manyChannels(), func(t *testing.T, sim *slacksim.Workspace, c *Client) {
		if err := sim.Fault(slacksim.Fault{Method: "conversations.list", Latency: time.Second}); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.FindChannel(short, "absent"); err == nil {
				t.Error("the search that was cut short says nothing of it")
			}
		})
		time.Sleep(100 * time.Millisecond)
		all.Go(func() {
			if id, err := c.FindChannel(t.Context(), "c1999"); err != nil || id == "" {
				t.Errorf("FindChannel() = %q, %v; want what it looked for", id, err)
			}
		})
		all.Wait()
	})
}
