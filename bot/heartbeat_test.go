package bot

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestHeartbeat: the bot beats while it can page by some way, and is silent when
// it can by none.
func TestHeartbeat(t *testing.T) {
	withWays(t, "", func(r *rig, p *providers) {
		var beats atomic.Int32
		line := slacksim.NewListener()
		server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) })}
		go server.Serve(line)
		ctx, cancel := context.WithCancel(r.t.Context())
		heard := time.Now
		h := &Heartbeat{URL: "http://watch.test/ping/secret", Every: time.Minute, Log: r.log,
			Able: Able(r.desk, r.ways, r.reach, func() time.Time { return heard() }),
			Transport: &http.Transport{DisableKeepAlives: true,
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return line.Dial(ctx) }}}
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		defer func() {
			cancel()
			<-done
			server.Close()
			line.Close()
		}()
		r.pass(5*time.Minute + time.Second)
		if n := beats.Load(); n != 6 {
			t.Errorf("%d beats within five minutes, want 6", n)
		}

		r.command("eve", "general", "declare search is down service:search")
		r.pass(time.Minute)
		if err := r.sim.Fault(slacksim.Fault{Method: "*", Status: 503}); err != nil {
			t.Fatal(err)
		}
		r.command("eve", "general", "declare search is down still service:search")
		before := beats.Load()
		r.pass(10 * time.Minute)
		if n := beats.Load() - before; n != 10 {
			t.Errorf("%d beats within ten minutes without Slack but with other ways, want 10", n)
		}
		r.command("cleo", "general", "ack INC-1") // so that nothing is on its way
		r.command("cleo", "general", "ack INC-2")
		r.pass(10 * time.Minute) // nothing is on its way any more that could close one again
		r.ways.mu.Lock()
		for _, via := range []string{"push", "sms", "voice", "webhook"} {
			r.ways.breakers[via] = notify.Breaker{Failures: 3, Until: time.Now().Add(5*time.Minute + time.Second)}
		}
		r.ways.mu.Unlock()
		before = beats.Load()
		r.pass(5 * time.Minute)
		if n := beats.Load() - before; n != 0 {
			t.Errorf("%d beats within five minutes in which nothing gets through, want none", n)
		}
		r.pass(5 * time.Minute)
		if n := beats.Load() - before; n < 4 {
			t.Errorf("%d beats in the five minutes after that, want them again", n)
		}
		r.command("eve", "general", "declare search is down again service:search")
		if err := r.desk.CheckPaging(ctx, time.Now().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "has been due since") {
			t.Errorf("CheckPaging an hour from now = %v, want that an escalation is stuck", err)
		}
	})
}
