package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
)

// TestRestoreGivesNoNumberTwice: a copy of an hour ago is put back in a workspace in which
// the incidents of that hour stand. None of their numbers is given again, also where there
// were more of them than are left out, and everything works across the gap.
func TestRestoreGivesNoNumberTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(friday("14:00:00")))
		sim, err := slacksim.New(slacksim.Options{Seed: 1, Manifest: configs.Default().Slack.Manifest(), People: []slacksim.Person{{ID: "U0ADA", Name: "Ada Okafor"}}})
		if err != nil {
			t.Fatal(err)
		}
		w := newTown(t, sim, filepath.Join(t.TempDir(), "stormbell.db"))
		defer w.close()
		w.copies = configs.Backup{Folder: filepath.Join(t.TempDir(), "copies"), Every: time.Hour, Keep: 9}
		w.start()
		declare := func(title string) string {
			t.Helper()
			var got struct{ Incident struct{ Name string } }
			answer := w.call("POST", "/v1/incidents", `{"title": "`+title+`", "severity": "sev3"}`, nil)
			if err := json.Unmarshal(answer, &got); err != nil || got.Incident.Name == "" {
				t.Fatalf("declared %q: %s, %v", title, answer, err)
			}
			w.pass(10 * time.Second)
			return got.Incident.Name
		}
		declare("cards are declined")
		w.pass(time.Minute)
		copies, err := filepath.Glob(filepath.Join(w.copies.Folder, "stormbell-*.db"))
		if err != nil || len(copies) != 1 {
			t.Fatalf("the copies are %q, %v; want one", copies, err)
		}
		for name, want := range map[string]os.FileMode{w.copies.Folder: 0o700, copies[0]: 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has the mode %v, %v; want %04o", name, info.Mode(), err, want)
			}
		}
		if got := declare("find is slow"); got != "INC-2" {
			t.Fatalf("after the copy %s is declared, want INC-2", got)
		}
		w.call("POST", "/v1/incidents/INC-1/resolve", `{"text": "as it was before"}`, nil)
		for n := range 3 {
			w.call("POST", "/v1/incidents/INC-1/reopen", fmt.Sprintf(`{"text": "once more, %d"}`, n), nil)
			w.call("POST", "/v1/incidents/INC-1/resolve", fmt.Sprintf(`{"text": "over, %d"}`, n), nil)
			w.pass(time.Minute)
		}
		w.pass(30 * time.Minute)

		putBack := func() {
			t.Helper()
			if w.stop != nil {
				w.stop()
			}
			if err := os.Remove(w.store); err != nil {
				t.Fatal(err)
			}
			if _, err := restore(t.Context(), w.config(), copies[0], 0, false); err != nil {
				t.Fatal(err)
			}
		}
		putBack()
		w.start()
		w.pass(time.Minute)
		if got := declare("find is slow"); got != "INC-200" {
			t.Errorf("after the restore %s is declared, want INC-200", got)
		}
		for _, name := range []string{"inc-2-find-is-slow", "inc-200-find-is-slow"} {
			if c, ok := sim.State().Channel(name); !ok || len(showing(c, "INC-"+strings.Split(name, "-")[1]+" ·")) != 1 {
				t.Errorf("#%s (there: %v) has not one summary", name, ok)
			}
		}
		if _, result := w.alert(`{"dedup_key": "errors", "title": "Errors", "severity": "warning"}`); result != "opened" {
			t.Errorf("an alert after the restore: %s", result)
		}
		// What stands in Slack from before is not taken for what is said now.
		w.call("POST", "/v1/incidents/INC-1/sev", `{"severity": "sev2", "text": "it is more"}`, nil)
		w.pass(time.Minute)
		if err := sim.Fault(slacksim.Fault{Method: "chat.postMessage", Status: http.StatusServiceUnavailable}); err != nil {
			t.Fatal(err)
		}
		w.call("POST", "/v1/incidents/INC-1/resolve", `{"text": "as it is now"}`, nil)
		w.stop()
		sim.ClearFaults()
		w.start() // which looks what was posted already
		w.pass(time.Minute)
		if c, ok := sim.State().Channel("inc-1-cards-are-declined"); !ok || len(showing(c, "Resolved.", "as it was before")) != 1 || len(showing(c, "Resolved.", "as it is now")) != 1 {
			t.Errorf("the channel of INC-1 (there: %v) does not show both ends once", ok)
		}
		if found := string(w.call("GET", "/v1/incidents?all=true&search=slow", "", nil)); !strings.Contains(found, `"INC-200"`) {
			t.Errorf("a search across the gap finds %s", found)
		}
		if got := declare("it goes on"); got != "INC-202" {
			t.Errorf("then %s is declared, want INC-202", got)
		}

		// As if the bot had declared many more meanwhile, and somebody had a channel of theirs.
		w.asBot("conversations.create", url.Values{"name": {"inc-431-it-was-a-long-night"}})
		if _, err := sim.As("U0ADA").Create("inc-999-chips", slacksim.Public); err != nil {
			t.Fatal(err)
		}
		putBack()
		w.start()
		w.pass(time.Minute)
		if got := declare("the day after"); got != "INC-432" {
			t.Errorf("after the second restore %s is declared, want INC-432", got)
		}
		w.stop()
		if names := w.listCopies(); len(names) != 1 {
			t.Errorf("the copies are %q", names)
		}
	})
}

// listCopies are the names in the folder of copies.
func (w *town) listCopies() []string {
	w.t.Helper()
	entries, err := os.ReadDir(w.copies.Folder)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// asBot calls Slack with the program's own token, beside it.
func (w *town) asBot(method string, args url.Values) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://slack.test/api/"+method, strings.NewReader(args.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+w.sim.BotToken())
	resp, err := (&http.Transport{DialContext: w.dial, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
}
