package slacksim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestHelloAndSingleUseTicket(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		url := r.ticketURL()
		p := r.connectTo(url)
		hello := p.last()
		info, _ := hello["connection_info"].(map[string]any)
		if hello["type"] != "hello" || hello["num_connections"] != 1.0 || info["app_id"] != r.w.AppID() {
			t.Errorf("first frame = %v, want hello of connection 1", hello)
		}
		if _, resp, err := r.dialer().Dial(url, nil); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("second use of a ticket: %v, %v; want a refusal", resp, err)
		}
		if second := r.connect().last(); second["num_connections"] != 2.0 {
			t.Errorf("second hello = %v, want num_connections 2", second)
		}
	})
}

func TestTicketExpires(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		url := r.ticketURL()
		time.Sleep(2 * time.Minute)
		if _, _, err := r.dialer().Dial(url, nil); err == nil {
			t.Error("a two minutes old ticket was accepted")
		}
	})
}

func TestOriginOfOtherSitesIsRefused(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		_, resp, err := r.dialer().Dial(r.ticketURL(), http.Header{"Origin": {"https://evil.example"}})
		if err == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("dial from another site = %v, %v; want 403", resp, err)
		}
	})
}

func TestEleventhConnection(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		for range 10 {
			r.connect()
		}
		extra := r.connect()
		if got := extra.kinds(); !slices.Equal(got, []string{"disconnect:too_many_websockets"}) {
			t.Errorf("eleventh connection heard %v", got)
		}
		synctest.Wait()
		if n := r.w.State().Sockets; n != 10 {
			t.Errorf("open connections = %d, want 10", n)
		}
	})
}

func TestEnvelopesAreSpreadOverConnections(t *testing.T) {
	bubble(t, Options{Seed: 7}, func(t *testing.T, r *rig) {
		var peers []*peer
		for range 3 {
			peers = append(peers, r.connect())
		}
		for range 60 {
			r.w.As("ada").Message("general", "hi", "")
		}
		for i, p := range peers {
			if n := len(p.frames()) - 1; n < 10 {
				t.Errorf("connection %d got %d of 60 events, want a fair share", i+1, n)
			}
		}
	})
}

func TestServerPings(t *testing.T) {
	bubble(t, Options{PingInterval: 7 * time.Second}, func(t *testing.T, r *rig) {
		p := r.connect()
		start := time.Now()
		time.Sleep(22 * time.Second)
		if got := p.pings(); len(got) != 3 || got[0].Sub(start) != 7*time.Second {
			t.Errorf("pings after 22 s = %v, want three, 7 s apart", got)
		}
	})
}

func TestPongEchoesBytes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		var echoed string
		p.ws.SetPongHandler(func(data string) error { echoed = data; return nil })
		p.ws.WriteControl(websocket.PingMessage, []byte("Ping from client (42)"), time.Now().Add(time.Second))
		synctest.Wait()
		if echoed != "Ping from client (42)" {
			t.Errorf("pong = %q, want the ping's bytes", echoed)
		}
	})
}

func TestConnectionIsRefreshed(t *testing.T) {
	for name, c := range map[string]struct {
		life  time.Duration
		query string
		warns time.Duration
	}{
		"an hour":          {0, "", time.Hour - 10*time.Second},
		"configured":       {time.Minute, "", 50 * time.Second},
		"debug reconnects": {0, "&debug_reconnects=true", 350 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{ConnectionLife: c.life}, func(t *testing.T, r *rig) {
				p := r.connectTo(r.ticketURL() + c.query)
				time.Sleep(c.warns - time.Second)
				if got := p.kinds(); !slices.Equal(got, []string{"hello"}) {
					t.Errorf("a second before the warning: %v", got)
				}
				time.Sleep(time.Second)
				if got := p.kinds(); !slices.Equal(got, []string{"hello", "disconnect:warning"}) {
					t.Errorf("at the warning: %v", got)
				}
				time.Sleep(10 * time.Second)
				if p.ended() == nil {
					t.Errorf("ten seconds after the warning the connection still lives")
				}
			})
		})
	}
}

func TestSocketFaults(t *testing.T) {
	for _, kind := range []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets", "cut", "silent"} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				if err := r.w.Fault(Fault{Socket: kind}); err != nil {
					t.Fatal(err)
				}
				got := p.kinds()[1:]
				want, wantEnd := []string{"disconnect:" + kind}, true
				switch kind {
				case "cut":
					want = nil
				case "silent":
					want, wantEnd = nil, false
				case "warning":
					wantEnd = false
				}
				if !slices.Equal(got, want) || (p.ended() != nil) != wantEnd {
					t.Errorf("heard %v, ended %v; want %v, ended %v", got, p.ended(), want, wantEnd)
				}
				if kind == "silent" {
					pings := len(p.pings())
					r.w.As("ada").Message("general", "x", "")
					time.Sleep(time.Minute)
					if got := p.kinds(); len(got) != 1 || len(p.pings()) != pings {
						t.Errorf("a silent connection said %v and pinged %d times", got, len(p.pings())-pings)
					}
					r.w.ClearFaults()
					time.Sleep(time.Minute)
					if len(p.pings()) == pings {
						t.Error("after the fault was cleared no ping came")
					}
				}
			})
		})
	}
}

func TestAckRules(t *testing.T) {
	big := strings.Repeat("x", maxAckBytes)
	for name, c := range map[string]struct {
		ack     func(p *peer, f map[string]any)
		error   string
		verdict string
	}{
		"plain": {func(p *peer, f map[string]any) { p.ack(f, object{"text": "yes"}) }, "", "acknowledged"},
		"20 KiB": {func(p *peer, f map[string]any) { p.ack(f, object{"text": big}) },
			"operation_timeout", "ignored: acknowledgement of 20 KiB or more"},
		"in pieces": {func(p *peer, f map[string]any) {
			whole := string(mustJSON(object{"envelope_id": f["envelope_id"]}))
			p.raw(0x01, whole[:10]) // text, not final
			p.raw(0x89, "ping")     // a control frame may come between
			p.raw(0x80, whole[10:]) // continuation, final
		}, "operation_timeout", "ignored: fragmented frames are not put together"},
		"not JSON": {func(p *peer, f map[string]any) { p.ws.WriteMessage(websocket.TextMessage, []byte("{")) },
			"operation_timeout", "ignored: not JSON"},
		"unknown": {func(p *peer, f map[string]any) { p.ack(map[string]any{"envelope_id": "nope"}, nil) },
			"operation_timeout", "ignored: unknown envelope_id"},
		"late": {func(p *peer, f map[string]any) { time.Sleep(ackWait + time.Second); p.ack(f, nil) },
			"operation_timeout", "ignored: too late"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				out := r.command("ada")
				c.ack(p, p.last())
				seen := <-out
				if seen.Error != c.error {
					t.Errorf("seen = %+v, want error %q", seen, c.error)
				}
				if got := r.verdicts(); !slices.Equal(got, []string{c.verdict}) {
					t.Errorf("verdicts = %q, want %q", got, c.verdict)
				}
			})
		})
	}
}

func TestFirstAckCounts(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		out := r.command("ada")
		f := p.last()
		p.ack(f, object{"text": "first"})
		p.ack(f, object{"text": "second"})
		if seen := <-out; seen.Text != "first" {
			t.Errorf("seen = %+v, want the first answer", seen)
		}
		if got := r.verdicts(); len(got) != 2 || got[1] != "ignored: acknowledged before" {
			t.Errorf("verdicts = %q", got)
		}
	})
}

func TestLostAckLooksLikeNone(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.w.Fault(Fault{LoseAcks: 1})
		for i, want := range []string{"operation_timeout", ""} {
			out := r.command("ada")
			p.ack(p.last(), nil)
			if seen := <-out; seen.Error != want {
				t.Errorf("command %d = %+v, want error %q", i+1, seen, want)
			}
		}
	})
}

func TestAckOverAnotherConnection(t *testing.T) {
	for name, c := range map[string]struct {
		strict bool
		error  string
	}{"counts": {false, ""}, "is ignored when strict": {true, "operation_timeout"}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{AckOnlyWhereDelivered: c.strict}, func(t *testing.T, r *rig) {
				a, b := r.connect(), r.connect()
				out := r.command("ada")
				if len(a.frames()) > 1 {
					b.ack(a.last(), nil)
				} else {
					a.ack(b.last(), nil)
				}
				if seen := <-out; seen.Error != c.error {
					t.Errorf("seen = %+v, want error %q", seen, c.error)
				}
			})
		})
	}
}

func TestEventsWhileNobodyIsConnected(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		r.w.As("ada").Message("general", "anyone?", "")
		time.Sleep(30 * time.Second)
		p := r.connect()
		if got := p.kinds(); !slices.Equal(got, []string{"hello"}) {
			t.Fatalf("on connecting: %v", got)
		}
		time.Sleep(31 * time.Second)
		f := p.last()
		if f["type"] != "events_api" || f["retry_attempt"] != 2.0 || f["retry_reason"] != "timeout" {
			t.Errorf("frame = %v, want the second retry", f)
		}
	})
}

func TestEventsAreGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		delayed bool
		after   time.Duration
		want    int
	}{"after three retries": {false, 48 * time.Hour, 4}, "hourly for a day when asked for": {true, 48 * time.Hour, 28}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{DelayedEvents: c.delayed, ConnectionLife: 1000 * time.Hour, PingInterval: time.Hour}, func(t *testing.T, r *rig) {
				p := r.connect()
				r.w.As("ada").Message("general", "x", "")
				time.Sleep(c.after)
				if got := len(p.kinds()) - 1; got != c.want {
					t.Errorf("deliveries = %d, want %d", got, c.want)
				}
			})
		})
	}
}

func TestRedelivery(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.w.As("ada").Message("general", "x", "")
		f := p.last()
		p.ack(f, nil)
		id := fmt.Sprint(f["envelope_id"])
		if err := r.w.Fault(Fault{Redeliver: id}); err != nil {
			t.Fatal(err)
		}
		if again := p.last(); len(p.frames()) != 3 || again["envelope_id"] != id {
			t.Errorf("frames = %d, last %v; want the same envelope once more", len(p.frames()), again)
		}
		if err := r.w.Fault(Fault{Redeliver: "nope"}); err == nil {
			t.Error("redelivering an unknown envelope was not refused")
		}
	})
}

func TestAdvanceBringsRetriesForward(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.w.As("ada").Message("general", "x", "")
		time.Sleep(7 * time.Second) // first delivery and the retry at once have failed
		if n := len(p.kinds()); n != 3 {
			t.Fatalf("frames = %d, want hello and two deliveries", n)
		}
		r.w.Advance(time.Minute)
		if n := len(p.kinds()); n != 4 {
			t.Errorf("frames after a minute was skipped = %d, want one more delivery", n)
		}
	})
}

func TestAdvanceDoesNotShortenTheThreeSeconds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		out := r.command("ada")
		r.w.Advance(10 * time.Minute)
		time.Sleep(2 * time.Second)
		p.ack(p.last(), nil)
		if seen := <-out; seen.Error != "" {
			t.Errorf("seen = %+v, want the acknowledgement to count", seen)
		}
	})
}

func TestDownAndUpAgain(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.w.Fault(Fault{Down: true})
		if p.ended() == nil {
			t.Error("the socket survived")
		}
		if _, err := r.api.AuthTest(); err == nil {
			t.Error("auth.test answered")
		}
		if seen, _ := r.w.As("ada").Command("general", "/incident", ""); seen.Error != "dispatch_failed" {
			t.Errorf("Command = %+v, want dispatch_failed", seen)
		}
		r.w.ClearFaults()
		if _, err := r.api.AuthTest(); err != nil {
			t.Errorf("auth.test after the end of the fault: %v", err)
		}
	})
}

func TestUninstall(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.w.Uninstall()
		want := []string{"hello", "events_api", "events_api", "disconnect:link_disabled"}
		if got := p.kinds(); !slices.Equal(got, want) {
			t.Errorf("frames = %v, want %v (tokens_revoked, app_uninstalled, then the end)", got, want)
		}
		r.want("auth.test", nil, "token_revoked")
	})
}

// TestCloseEndsEverything closes the workspace with connections open, an
// envelope unanswered, a latency being waited out and a watcher; the bubble
// fails when a goroutine is left.
func TestCloseEndsEverything(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		for range 3 {
			r.connect()
		}
		out := r.command("ada")
		watch := r.w.Watch(context.Background())
		r.w.Fault(Fault{Method: "auth.test", Latency: time.Hour})
		slow := make(chan error, 1)
		go func() { _, err := r.api.AuthTest(); slow <- err }()
		synctest.Wait()
		start := time.Now()
		r.w.Close()
		r.w.Close() // and twice is once
		if seen := <-out; seen.Error != "dispatch_failed" {
			t.Errorf("command during Close = %+v", seen)
		}
		if err := <-slow; err == nil {
			t.Error("a call during Close was answered")
		}
		for range watch {
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("Close took %v", d)
		}
		if _, err := r.w.As("ada").Message("general", "x", ""); err == nil {
			t.Error("acting in a closed workspace was not refused")
		}
	})
}
