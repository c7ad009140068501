package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// peer is a Slack that says whatever a test writes down, frame by frame: what no
// workspace would let a person cause.
type peer struct {
	t    *testing.T
	line *slacksim.Listener

	mu    sync.Mutex
	conns []*websocket.Conn
	acks  map[string]string // envelope ID → payload
	opens int
}

func (w *peer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/apps.connections.open"):
		w.mu.Lock()
		w.opens++
		w.mu.Unlock()
		fmt.Fprint(rw, `{"ok":true,"url":"ws://slack.test/link?ticket=1"}`)
	case r.URL.Path == "/link":
		w.link(rw, r)
	default:
		fmt.Fprint(rw, `{"ok":true,"user_id":"U0BOT","channel":{"id":"C0NEW"},"channels":[],"ts":"1700000000.000100"}`)
	}
}

func (w *peer) link(rw http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	c, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, c)
	w.mu.Unlock()
	c.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"}}`))
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				c.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
			}
		}
	}()
	defer close(stop)
	for {
		_, raw, err := c.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := json.Unmarshal(raw, &ack); err != nil {
			w.t.Errorf("the bot sends %s, which is no JSON: %v", raw, err)
		}
		w.mu.Lock()
		if _, twice := w.acks[ack.ID]; twice {
			w.t.Errorf("%s was acknowledged twice", ack.ID)
		}
		w.acks[ack.ID] = string(ack.Payload)
		w.mu.Unlock()
	}
}

// say writes a frame on one of the connections.
func (w *peer) say(frame string) {
	w.mu.Lock()
	c := w.conns[0]
	w.mu.Unlock()
	c.WriteMessage(websocket.TextMessage, []byte(frame))
}

// onPeer runs f with a bot on such a Slack.
func onPeer(t *testing.T, f func(*peer, *Slack)) {
	synctest.Test(t, func(t *testing.T) {
		w := &peer{t: t, line: slacksim.NewListener(), acks: map[string]string{}}
		server := &http.Server{Handler: w}
		go server.Serve(w.line)
		engine, err := bolt.Open(filepath.Join(t.TempDir(), "stormbell.db"), bolt.Options{Unsynced: true})
		if err != nil {
			t.Fatal(err)
		}
		db := storage.New(engine)
		l, err := ledger.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		people, err := oncall.Open(t.Context(), l, oncall.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := desk.Open(t.Context(), l, people, desk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		room, err := alerts.Open(t.Context(), l, people, d, alerts.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := New(d, people, room, Options{AppToken: "xapp-1", BotToken: "xoxb-1", APIURL: "http://slack.test/api/", Log: zerolog.Nop(),
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return w.line.Dial(ctx) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		f(w, s)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want no error", err)
		}
		db.Close()
		w.line.Close()
		server.Close()
		synctest.Wait()
	})
}

// TestOddFrames sends what the bot cannot know or understand. What has an envelope
// is acknowledged, or Slack would repeat it for ever; nothing ends the socket.
func TestOddFrames(t *testing.T) {
	command := func(id, more string) string {
		return `{"envelope_id":"` + id + `","type":"slash_commands","accepts_response_payload":true,"payload":{"command":"/incident","user_id":"U1","channel_id":"C1"` + more + `}}`
	}
	frames := map[string]string{ // by envelope ID
		"unknown-event":       `{"envelope_id":"unknown-event","type":"events_api","payload":{"type":"event_callback","event_id":"Ev1","event":{"type":"brand_new_event","x":1}}}`,
		"no-inner-event":      `{"envelope_id":"no-inner-event","type":"events_api","payload":{"type":"app_rate_limited","minute_rate_limited":1}}`,
		"odd-inner-event":     `{"envelope_id":"odd-inner-event","type":"events_api","payload":{"type":"event_callback","event":{"type":"message","blocks":7,"user":{"a":1}}}}`,
		"unknown-type":        `{"envelope_id":"unknown-type","type":"hologram","payload":{"a":1}}`,
		"no-payload":          `{"envelope_id":"no-payload","type":"interactive"}`,
		"null-payload":        `{"envelope_id":"null-payload","type":"slash_commands","payload":null}`,
		"a-list":              `{"envelope_id":"a-list","type":"interactive","payload":[1,2]}`,
		"unknown-interaction": `{"envelope_id":"unknown-interaction","type":"interactive","payload":{"type":"telepathy","user":{"id":"U1"}}}`,
		"unknown-button":      `{"envelope_id":"unknown-button","type":"interactive","payload":{"type":"block_actions","user":{"id":"U1"},"actions":[{"type":"button","action_id":"what","value":"1"}]}}`,
		"no-actions":          `{"envelope_id":"no-actions","type":"interactive","payload":{"type":"block_actions","user":{"id":"U1"},"actions":[]}}`,
		"odd-value":           `{"envelope_id":"odd-value","type":"interactive","payload":{"type":"block_actions","user":{"id":"U1"},"actions":[{"type":"button","action_id":"ack","value":"99999999999999999999"}]}}`,
		"negative":            `{"envelope_id":"negative","type":"interactive","payload":{"type":"block_actions","user":{"id":"U1"},"actions":[{"type":"button","action_id":"resolve","value":"-1"}]}}`,
		"unknown-form":        `{"envelope_id":"unknown-form","type":"interactive","payload":{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","callback_id":"what"}}}`,
		"form-without-state":  `{"envelope_id":"form-without-state","type":"interactive","payload":{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V2","callback_id":"resolve","private_metadata":"{"}}}`,
		"unknown-shortcut":    `{"envelope_id":"unknown-shortcut","type":"interactive","payload":{"type":"shortcut","callback_id":"what","user":{"id":"U1"}}}`,
		"no-message":          `{"envelope_id":"no-message","type":"interactive","payload":{"type":"message_action","callback_id":"add_to_timeline","user":{"id":"U1"},"channel":{"id":"C1"}}}`,
		"bare-command":        command("bare-command", ``),
		"other-command":       `{"envelope_id":"other-command","type":"slash_commands","payload":{"command":"/other","text":"declare x","user_id":"U1"}}`,
		"command-and-nul":     command("command-and-nul", `,"text":"declare a\u0000b \ud83d"`),
		"grid-string":         command("grid-string", `,"text":"list","is_enterprise_install":"false"`),
		"grid-null":           command("grid-null", `,"text":"list","is_enterprise_install":null`),
		"long-command":        command("long-command", `,"text":"declare `+strings.Repeat("🔥", 4000)+`"`),
		"long-mistake":        command("long-mistake", `,"text":"frobnicate `+strings.Repeat("&amp;", 4000)+`"`),
	}
	onPeer(t, func(w *peer, s *Slack) {
		for _, frame := range frames {
			w.say(frame)
		}
		w.say(`{"envelope_id":`)  // cut off
		w.say(`[]`)               // no object
		w.say(`"disconnect"`)     // no object either
		w.say(`{"type":"hello"}`) // once more
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for id := range frames {
			payload, ok := w.acks[id]
			if !ok {
				t.Errorf("%s was not acknowledged", id)
			}
			if len(payload) > 20_000 {
				t.Errorf("%s was answered with %d bytes, which Slack drops", id, len(payload))
			}
		}
		if w.opens != 2 {
			t.Errorf("%d connections were asked for, want the first two: nothing of this ends one", w.opens)
		}
		w.say(command("after", `,"text":"list"`))
		time.Sleep(time.Second)
		synctest.Wait()
		if !strings.Contains(w.acks["after"], "INC-") {
			t.Errorf("after all that the list is %q", w.acks["after"])
		}
	})
}

// TestNeedlessAfterReopening: a job that was done or taken back while its channel was
// opened again is not carried out once more.
func TestNeedlessAfterReopening(t *testing.T) {
	onPeer(t, func(_ *peer, s *Slack) {
		calls := 0
		perform := s.judged(func(context.Context, desk.Task) (desk.Outcome, error) {
			calls++
			return desk.Outcome{}, slack.SlackErrorResponse{Err: "is_archived"}
		})
		task := desk.Task{Job: ledger.Job{Kind: ledger.Say, Number: 7}} // it is not in the store: somebody has recorded it
		task.Incident.Status, task.Artifacts.Channel = incident.Investigating, "C0NEW"
		if o, err := perform(context.Background(), task); err != nil || o.Failed != "" || calls != 1 {
			t.Errorf("performed %d times, %+v, %v; want once and no failure", calls, o, err)
		}
	})
}
