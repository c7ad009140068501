package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestOperatorScripts runs the commands that act through a running bot, with one
// in this process. The scripts have, besides testscript's own:
//
//	bot [ROSTER]     an HTTP server of the bot on a loopback port; writes stormbell.yaml for it
//	stranger         a server that is not Stormbell, for the same file
//	nobody           nothing listens where the file says
//	exits N ARGS…    as in TestScripts
func TestOperatorScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/operator",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bot": scriptBot, "stranger": scriptStranger, "nobody": scriptNobody, "exits": scriptExits,
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N ARGUMENTS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var out, talk bytes.Buffer
	got := run(context.Background(), args[1:], process{Env: []string{"STORMBELL_HTTP_ADMIN_TOKEN=" + ts.Getenv("STORMBELL_HTTP_ADMIN_TOKEN")}, In: strings.NewReader(""), Out: &out, Err: &talk})
	ts.Check(errors.Join(copied(ts.Stdout(), &out), copied(ts.Stderr(), &talk)))
	if got != want {
		ts.Fatalf("stormbell %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func copied(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}

const scriptToken = "operator-token-for-tests"

// configure writes a configuration for a bot at the address.
func configure(ts *testscript.TestScript, address string) {
	ts.Setenv("ADDRESS", address)
	text := fmt.Sprintf("http: {listen: %q, admin_token: %s}\nbusiness_time_zone: Europe/Berlin\n", address, scriptToken)
	ts.Check(os.WriteFile(ts.MkAbs("stormbell.yaml"), []byte(text), 0o600))
}

func scriptBot(ts *testscript.TestScript, _ bool, args []string) {
	engine, err := bolt.Open(filepath.Join(ts.MkAbs("."), "store.db"), bolt.Options{})
	ts.Check(err)
	db := storage.New(engine)
	push := desk.Push{Server: ts.Getenv("PUSH"), Topic: ts.Getenv("TOPIC")}
	l, err := ledger.Open(context.Background(), db)
	ts.Check(err)
	d, people, err := openPartsOn(context.Background(), l, desk.Options{Push: push})
	ts.Check(err)
	keys, err := alerts.OpenKeys(context.Background(), l, []alerts.ConfigKey{{Name: "from-config", Secret: "configured-key-for-tests"}})
	ts.Check(err)
	room, err := alerts.Open(context.Background(), l, people, d, alerts.Options{})
	ts.Check(err)
	if len(args) > 0 {
		roster, err := rotation.Parse(args[0], []byte(ts.ReadFile(args[0])))
		ts.Check(err)
		ts.Check(people.ApplyRoster(context.Background(), roster, incident.Bot, "test"))
	}
	server, err := web.New(web.Options{Desk: d, People: people, Alerts: room, Keys: keys, AdminToken: scriptToken, Log: zerolog.Nop(), Version: "test"})
	ts.Check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	hs, ended := server.NewHTTPServer(), make(chan struct{})
	go func() {
		defer close(ended)
		hs.Serve(listener)
	}()
	ts.Defer(func() {
		hs.Close()
		<-ended
		db.Close()
	})
	configure(ts, listener.Addr().String())
}

func scriptStranger(ts *testscript.TestScript, _ bool, _ []string) {
	s := httptest.NewServer(http.NotFoundHandler())
	ts.Defer(s.Close)
	configure(ts, s.Listener.Addr().String())
}

func scriptNobody(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	configure(ts, l.Addr().String())
}

// TestLostAnswer cuts the connection after the act was done: it is asked for
// again, and done once.
func TestLostAnswer(t *testing.T) {
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Idempotency-Key"))
		if len(seen) == 1 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"incident":{"name":"INC-1","severity":"sev2","status":"declared","title":"x"},"repeated":true}`)
	}))
	defer s.Close()
	o := &operator{address: s.Listener.Addr().String(), client: s.Client()}
	answer, err := o.post(t.Context(), "/v1/incidents", map[string]string{"title": "x"})
	if err != nil || !strings.Contains(string(answer), "INC-1") {
		t.Errorf("post with an answer that got lost = %s, %v; want that of the second try", answer, err)
	}
	if len(seen) != 2 || seen[0] != seen[1] || seen[0] == "" {
		t.Errorf("keys of the two tries: %q; want one key twice", seen)
	}
}

// TestNoAnswerAtAll holds that a lost answer is tried again once and then told.
func TestNoAnswerAtAll(t *testing.T) {
	var tries atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		tries.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	o := &operator{address: s.Listener.Addr().String(), client: s.Client()}
	_, err := o.post(t.Context(), "/v1/incidents", map[string]string{"title": "x"})
	if err == nil || !strings.Contains(err.Error(), "it may have been done") || tries.Load() != 2 {
		t.Errorf("post without an answer = %v after %d tries; want it to say that it may have been done, after 2", err, tries.Load())
	}
}

func TestReachable(t *testing.T) {
	tests := []struct{ listen, want, err string }{
		{"127.0.0.1:8080", "127.0.0.1:8080", ""},
		{":8080", "127.0.0.1:8080", ""},
		{"0.0.0.0:8080", "127.0.0.1:8080", ""},
		{"[::]:8080", "[::1]:8080", ""},
		{"bot.internal:80", "bot.internal:80", ""},
		{"127.0.0.1:0", "", "port 0"},
		{"8080", "", "not an address"},
	}
	for _, test := range tests {
		got, err := reachable(test.listen)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("reachable(%q) = %q, %v; want %q, error with %q", test.listen, got, err, test.want, test.err)
		}
	}
}

// openParts opens the parts of a bot over a store.
func openParts(ctx context.Context, db *storage.DB, opt desk.Options) (*desk.Desk, *oncall.Roster, error) {
	l, err := ledger.Open(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	return openPartsOn(ctx, l, opt)
}

// openPartsOn opens them over a ledger.
func openPartsOn(ctx context.Context, l *ledger.Ledger, opt desk.Options) (*desk.Desk, *oncall.Roster, error) {
	people, err := oncall.Open(ctx, l, oncall.Options{})
	if err != nil {
		return nil, nil, err
	}
	d, err := desk.Open(ctx, l, people, opt)
	return d, people, err
}
