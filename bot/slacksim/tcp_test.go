package slacksim

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// TestOverTCP is one round over the operating system's sockets, which the
// bubbles do without: connect, a command, its answer, the end.
func TestOverTCP(t *testing.T) {
	w, err := New(Options{People: []Person{{Name: "ada"}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	defer server.Close()
	defer w.Close()
	api := slack.New(w.BotToken(), slack.OptionAppLevelToken(w.AppToken()), slack.OptionAPIURL(server.URL+"/api/"))
	socket := socketmode.New(api)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // for a machine that is busy
	ended := make(chan error, 1)
	go func() { ended <- socket.RunContext(ctx) }()
	defer func() { cancel(); <-ended }()
	seen := make(chan Seen, 1)
	for {
		select {
		case e := <-socket.Events:
			switch e.Type {
			case socketmode.EventTypeHello:
				go func() {
					s, err := w.As("ada").Command("general", "/incident", "over tcp")
					if err != nil {
						s.Error = err.Error()
					}
					seen <- s
				}()
			case socketmode.EventTypeSlashCommand:
				socket.Ack(*e.Request, map[string]any{"text": "got " + e.Data.(slack.SlashCommand).Text})
			}
		case s := <-seen:
			if s.Text != "got over tcp" {
				t.Errorf("seen = %+v", s)
			}
			return
		case <-ctx.Done():
			t.Fatal("no answer within 20 s")
		}
	}
}

// BenchmarkPostMessage is what one chat.postMessage costs the workspace with
// slack-go on an in-memory listener and an app that hears its own messages.
func BenchmarkPostMessage(b *testing.B) {
	w, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	server := httptest.NewServer(w)
	defer server.Close()
	api := slack.New(w.BotToken(), slack.OptionAPIURL(server.URL+"/api/"))
	general := w.State().Channels[0].ID
	blocks := slack.MsgOptionBlocks(slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "*INC-1* database is down", false, false), nil, nil),
		slack.NewActionBlock("acts", slack.NewButtonBlockElement("ack", "1", slack.NewTextBlockObject("plain_text", "Acknowledge", false, false))))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := api.PostMessage(general, slack.MsgOptionText("INC-1", false), blocks); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommands is the rate of slash commands through one connection, each
// acknowledged at once.
func BenchmarkCommands(b *testing.B) {
	w, err := New(Options{People: []Person{{Name: "ada"}}})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	server := httptest.NewServer(w)
	defer server.Close()
	w.mu.Lock()
	w.tickets.put("t", &ticket{issued: w.now()}, func(*ticket) bool { return false })
	w.mu.Unlock()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+server.URL[4:]+"/link?ticket=t", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ws.Close()
	if _, _, err := ws.ReadMessage(); err != nil { // hello
		b.Fatal(err)
	}
	go func() {
		for {
			var f struct {
				ID string `json:"envelope_id"`
			}
			if ws.ReadJSON(&f) != nil {
				return
			}
			if f.ID != "" {
				ws.WriteJSON(object{"envelope_id": f.ID})
			}
		}
	}()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if seen, err := w.As("ada").Command("general", "/incident", "x"); err != nil || seen.Error != "" {
				b.Errorf("Command = %+v, %v", seen, err)
			}
		}
	})
}
