package bot

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// shared is a buffer that several goroutines write to.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// TestNothingIsGivenAway lets everything fail that can, with the log at its most
// talkative: it holds no number, no address, no token, no link, and neither do
// the timeline and what the operators are told.
func TestNothingIsGivenAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		var log shared
		r.log = zerolog.New(&log).Level(zerolog.TraceLevel)
		r.roster, r.world = waysRoster, newProviders()
		r.world.public = "https://bell.test"
		r.start()
		p := r.world
		for n, fault := range []http.HandlerFunc{
			nil,
			func(w http.ResponseWriter, q *http.Request) { // it repeats what it was sent
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, `{"code":21211,"message":"+4915100000001 `+twilioToken+` `+q.URL.String()+`"}`)
			},
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
			func(w http.ResponseWriter, _ *http.Request) {
				conn, _, _ := w.(http.Hijacker).Hijack()
				io.WriteString(conn, "+4915100000001 "+twilioToken+"\r\n\r\n")
				conn.Close()
			},
		} {
			for _, via := range []string{"push", "sms", "voice", "webhook"} {
				p.breaks(via, fault)
			}
			r.command("eve", "general", "declare something is down sev1")
			r.command("eve", "general", "declare search is down service:search")
			r.pass(30 * time.Minute)
			r.command("cleo", "general", "ack INC-"+string(rune('1'+2*n)))
			r.pass(time.Minute)
		}
		p.reply("+4915100000002", "999 "+twilioToken)
		r.pass(time.Hour)
		told := log.String()
		for _, m := range r.channel("incidents").Messages {
			told += m.Text + string(m.Blocks)
		}
		for n := 1; n <= 8; n++ {
			_, events := r.fold(n)
			for _, e := range events {
				told += e.Text + e.Reason + e.Rule + "\n"
			}
		}
		for _, secret := range []string{"4915100000", "ada@shop", twilioToken, twilioSID, "/ack/", "bell-ada", r.sim.BotToken(), r.sim.AppToken()} {
			if at := strings.Index(told, secret); at >= 0 {
				t.Errorf("%q is given away: …%s…", secret, told[max(0, at-150):min(len(told), at+100)])
			}
		}
		if !strings.Contains(told, "do not get through") {
			t.Error("the operators were told of nothing: the test has shown nothing")
		}
	})
}
