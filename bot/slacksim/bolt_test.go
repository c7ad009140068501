package slacksim

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// boltManifest declares what the app in testdata/bolt needs.
const boltManifest = `
display_information: {name: Orders}
features:
  app_home: {home_tab_enabled: true, messages_tab_enabled: true}
  bot_user: {display_name: orders}
  slash_commands: [{command: /order, description: Order something}]
  shortcuts:
    - {name: New order, type: global, callback_id: new_order, description: Order}
    - {name: Keep this, type: message, callback_id: keep, description: Keep a message}
oauth_config:
  scopes: {bot: [commands, "chat:write", "app_mentions:read", "channels:read", "channels:history", "files:write", "files:read"]}
settings:
  event_subscriptions: {bot_events: [app_home_opened, app_mention]}
  interactivity: {is_enabled: true}
  socket_mode_enabled: true
`

// TestBolt runs an app on Slack's own framework, in Node, against the workspace
// over real sockets: command, form with errors, update, push and clear, select,
// button, shortcuts, upload, Home tab, mention, and a reconnect.
func TestBolt(t *testing.T) {
	b := newBolt(t)
	ada := b.w.As("ada")

	seen := must(ada.Command("orders", "/order", "tea"))(t)
	if !seen.Ephemeral || seen.Text != "opening for tea" {
		t.Errorf("/order: seen %+v, want the ephemeral answer", seen)
	}
	form := b.view(t, "Order")
	options := must(ada.Suggest(Press{ViewID: form, ActionID: "city", Value: "ber"}))(t)
	if len(options) != 2 {
		t.Errorf("options for ber = %v, want Berlin and Bern", options)
	}
	answer := func(what string, city any) map[string]map[string]any {
		v := map[string]map[string]any{"what": {"value": what}}
		if city != nil {
			v["city"] = map[string]any{"city": city}
		}
		return v
	}
	got := must(ada.Submit(form, answer("nothing", nil)))(t)
	if got.Closed || got.Errors["what"] != "Say what you want." {
		t.Errorf("submit nothing = %+v, want the error at its field", got)
	}
	if got = must(ada.Submit(form, answer("again", nil)))(t); got.View == nil || viewTitle(got.View) != "Order again" {
		t.Errorf("submit again = %+v, want the form updated", got)
	}
	if got = must(ada.Submit(form, answer("more", nil)))(t); got.View == nil || viewTitle(got.View) != "More" {
		t.Fatalf("submit more = %+v, want a form pushed", got)
	}
	if n := len(b.w.State().Views["UADA"]); n != 2 {
		t.Errorf("views open = %d, want a stack of 2", n)
	}
	if got = must(ada.Submit(got.View.ID, answer("stop", nil)))(t); !got.Closed || got.View != nil {
		t.Errorf("submit stop = %+v, want everything closed", got)
	}

	must(ada.Command("orders", "/order", "coffee"))(t)
	if got = must(ada.Submit(b.view(t, "Order"), answer("coffee", object{"text": object{"type": "plain_text", "text": "Bern"}, "value": "bern"})))(t); !got.Closed {
		t.Errorf("submit coffee = %+v, want it closed", got)
	}
	posted := b.message(t, "ordered coffee for Bern")
	must(ada.Press(Press{Channel: "orders", TS: posted.TS, ActionID: "done"}))(t)
	b.message(t, "coffee is done")
	b.wait(t, "the ephemeral thanks", func(s State) bool {
		for _, e := range s.Whispers["UADA"] {
			if strings.Contains(e.Text, "thank you for coffee") {
				return true
			}
		}
		return false
	})

	must(ada.Shortcut(Shortcut{CallbackID: "new_order"}))(t)
	if err := ada.CloseView(b.view(t, "Short order"), Cross); err != nil {
		t.Error(err)
	}
	note := must(ada.Message("orders", "remember the milk", ""))(t)
	must(ada.Shortcut(Shortcut{CallbackID: "keep", Channel: "orders", TS: note.TS}))(t)
	b.wait(t, "the upload", func(s State) bool { return len(s.Files) == 1 && string(s.Files[0].Content) == "remember the milk" })

	if _, err := ada.OpenHome(); err != nil {
		t.Error(err)
	}
	b.wait(t, "the Home tab", func(s State) bool { return strings.Contains(string(s.Homes["UADA"].Blocks), "Welcome home") })

	for _, reason := range []string{"warning", "refresh_requested", "cut"} {
		opened := b.opened()
		if err := b.w.Fault(Fault{Socket: reason}); err != nil {
			t.Fatal(err)
		}
		b.wait(t, "a new socket after "+reason, func(s State) bool { return b.opened() > opened && s.Sockets > 0 })
		must(ada.Message("orders", "<@"+b.w.BotUserID()+"> after "+reason, ""))(t)
		b.message(t, "after "+reason)
	}
	for _, c := range b.w.Calls(0) {
		if c.Kind == "api" && c.Error != "" {
			t.Errorf("%s %v was answered %s %v", c.Method, c.Args, c.Error, c.Problems)
		}
	}
}

// bolt is the app in a process of its own.
type bolt struct{ w *Workspace }

func newBolt(t *testing.T) *bolt {
	t.Helper()
	modules, err := filepath.Abs("../../.ci/js/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "@slack", "bolt")); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Slack's JavaScript clients are not installed: npm install in .ci/js")
		}
		t.Skip("Slack's JavaScript clients are not installed; CI tries the workspace with them (npm install in .ci/js does here)")
	}
	w, err := New(Options{People: []Person{{ID: "UADA", Name: "ada"}}, Channels: []string{"orders"}, Manifest: []byte(boltManifest)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: w}
	go server.Serve(l)
	orders, _ := w.State().Channel("orders")
	script, err := os.ReadFile("testdata/bolt/app.cjs")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.cjs")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(script), "C0ORDERS", orders.ID)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	app := exec.CommandContext(ctx, "node", file)
	app.Env = append(os.Environ(), "NODE_PATH="+modules, "BOT_TOKEN="+w.BotToken(), "APP_TOKEN="+w.AppToken(), "API_URL=http://"+l.Addr().String()+"/api/")
	app.Stderr = os.Stderr
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = app.Wait() // killed
		w.Close()
		server.Close()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the app said %q, %v; want ready", line, err)
	}
	if err := w.As("ada").Invite("orders", w.BotUserID()); err != nil {
		t.Fatal(err)
	}
	return &bolt{w}
}

// wait waits until the workspace shows something.
func (b *bolt) wait(t *testing.T, what string, there func(State) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // for a machine that is busy
	defer cancel()
	changed := b.w.Watch(ctx)
	for !there(b.w.State()) {
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("not seen: %s; the last calls: %+v", what, lastCalls(b.w))
		}
	}
}

// opened counts how often the app has asked for a socket.
func (b *bolt) opened() int {
	n := 0
	for _, c := range b.w.Calls(0) {
		if c.Method == "apps.connections.open" {
			n++
		}
	}
	return n
}

// view waits for the modal with that title in front of Ada and returns its ID.
func (b *bolt) view(t *testing.T, title string) string {
	t.Helper()
	id := ""
	b.wait(t, "the form "+title, func(s State) bool {
		for _, v := range s.Views["UADA"] {
			if viewTitle(&v) == title {
				id = v.ID
			}
		}
		return id != ""
	})
	return id
}

func (b *bolt) message(t *testing.T, words string) Message {
	t.Helper()
	var found Message
	b.wait(t, "a message: "+words, func(s State) bool {
		c, _ := s.Channel("orders")
		for _, m := range c.Messages {
			if m.BotID != "" && strings.Contains(m.Text, words) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func viewTitle(v *View) string {
	var title struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(v.Title, &title) // a view without a title has none
	return title.Text
}

// lastCalls is what the app did last, for a failure.
func lastCalls(w *Workspace) []string {
	var list []string
	for _, c := range w.Calls(0) {
		if c.Kind == "api" {
			list = append(list, c.Method+" "+c.Args["text"]+" "+c.Error)
		}
	}
	return list[max(0, len(list)-4):]
}
