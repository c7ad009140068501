package bot

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestHeartbeat: the bot beats while it can page by some way, and is silent when
// it can by none.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	longLife(t)
	withWays(t, "", func(r *rig, p *providers) {
		var beats atomic.Int32
		line := slacksim.NewListener()
		server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) })}
		go server.Serve(line)
		ctx, cancel := context.WithCancel(r.t.Context())
		heard := time.Now
		h := &dispatch.Heartbeat{URL: "http://watch.test/ping/secret", Every: time.Minute, Log: r.log,
			Able: dispatch.Able(r.ledger, r.desk, r.ways, r.reach, func() time.Time { return heard() }),
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
		for _, via := range []string{"push", "sms", "voice", "webhook"} {
			p.breaks(via, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		}
		for range 7 { // as many failures as open a breaker for eight minutes
			if _, err := r.desk.TestPages(ctx, desk.Caller{Actor: "person:ada"}, "person:ada"); err != nil {
				t.Fatal(err)
			}
			r.pass(5 * time.Second)
		}
		before = beats.Load()
		r.pass(5 * time.Minute)
		if n := beats.Load() - before; n != 0 {
			t.Errorf("%d beats while nothing gets through, want none", n)
		}
		for _, via := range []string{"push", "sms", "voice", "webhook"} {
			p.breaks(via, nil)
		}
		r.pass(10 * time.Minute)
		if n := beats.Load() - before; n < 4 {
			t.Errorf("%d beats in the ten minutes after that, want them again", n)
		}
		r.command("eve", "general", "declare search is down again service:search")
		if err := r.desk.CheckEscalations(ctx, time.Now().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "has been due since") {
			t.Errorf("CheckEscalations an hour from now = %v, want that an escalation is stuck", err)
		}
	})
}
