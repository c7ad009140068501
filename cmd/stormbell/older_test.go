package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// refusedToday is a roster that an earlier version let pass.
const refusedToday = `people: [{id: ada, name: "a\u0007da"}, {id: bob}]
rotations: [{id: r, time_zone: UTC, layers: [{id: l, people: [ada], start: 2026-01-05T09:00, every: {weeks: 1}}]}]
policies: [{id: p, steps: [{notify: [rotation:r], wait: 5m}], last_resort: [rotation:r]}]
`

// TestStartOnOlderRoster starts on a store and with a roster file that would be
// refused today: it starts, and says what is wrong. So does doctor.
func TestStartOnOlderRoster(t *testing.T) {
	dir := t.TempDir()
	store, file, config := filepath.Join(dir, "store.db"), filepath.Join(dir, "roster.yaml"), filepath.Join(dir, "stormbell.yaml")
	leaveOlderRoster(t, store)
	write(t, file, refusedToday)
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/roster" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, refusedToday)
	}))
	defer bot.Close()
	write(t, config, fmt.Sprintf("slack: {app_token: xapp-1-A-1-b, bot_token: xoxb-1-2-c, api_url: '%s/api/'}\nstore: 'bolt:%s'\nroster: %s\nhttp: {listen: '%s', admin_token: %s}\n",
		bot.URL, store, file, bot.Listener.Addr(), scriptToken))
	c, err := configs.Load(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP.Listen = "127.0.0.1:0"
	var log bytes.Buffer
	p, err := openProgram(t.Context(), c, zerolog.New(&log))
	if err != nil {
		t.Fatalf("openProgram() = %v", err)
	}
	if who := p.people.Current().Roster; len(who.Rotations) != 1 {
		t.Errorf("after the start there are %d rotations, want the one", len(who.Rotations))
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"cannot be seen", "last_resort names only rotations", "the roster file is not valid; the roster in the store holds"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the start does not say %q:\n%s", want, &log)
		}
	}
	var out bytes.Buffer
	run(t.Context(), []string{"doctor", "--config", config}, process{In: strings.NewReader(""), Out: &out, Err: &out})
	for _, want := range []string{"person ada: ", "cannot be seen", "policy p: last_resort names only rotations"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("doctor does not say %q:\n%s", want, &out)
		}
	}
}

// leaveOlderRoster makes a store whose roster is that one, as an earlier version
// left it.
func leaveOlderRoster(t *testing.T, path string) {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	_, people, err := openParts(t.Context(), db, desk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rotation.Parse("r.yaml", []byte("people: [{id: ada}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := people.ApplyRoster(t.Context(), r, incident.Bot, "test"); err != nil {
		t.Fatal(err)
	}
	piece, err := json.Marshal(refusedToday)
	if err != nil {
		t.Fatal(err)
	}
	key := "roster/" + ledger.Number(1) + "/000"
	err = db.Update(context.Background(), func(tx *storage.Tx) error {
		if _, err := tx.Get(key); err != nil {
			return err
		}
		return tx.Put(key, piece)
	})
	if err != nil {
		t.Fatal(err)
	}
}
