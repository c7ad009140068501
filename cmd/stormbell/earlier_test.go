package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestStoreOfEarlierVersion opens a store as the version of November 2026 left it
// when it was killed during an outage of Slack, and sees that everything in it
// goes on: see testdata/earlier/2026-11/README.md. It looks from outside only, over
// HTTP, by the command line and at what stands in Slack.
func TestStoreOfEarlierVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := openEarlier(t)
		defer e.close()
		e.records()
		e.roster()
		e.onCall()
		e.joins()
		e.until(friday("13:59:20")) // Slack answers again
		e.outage()
		e.jobsAreDone()
		e.together()
		e.heldPages()
		e.answers()
		e.alerts()
		e.until(friday("14:39:30"))
		e.waits()
		e.until(friday("14:41:00"))
		e.snoozed()
		e.postmortems()
		e.records() // nothing of the past has changed
		e.saturday()
		e.sunday()
		e.monday()
		e.tuesday()
		e.weekly()
		e.stop()
		e.keys()
		for _, f := range examined(t, e.store).Faults {
			t.Errorf("after a week: %s: %s", f.Key, f.What)
		}
	})
}

// keys sees that every key which is left in the store is of a kind that is listed.
func (e *earlier) keys() {
	e.t.Helper()
	engine, err := bolt.Open(e.store, bolt.Options{})
	if err != nil {
		e.t.Fatal(err)
	}
	defer engine.Close()
	kinds := map[string]bool{}
	err = storage.New(engine).View(e.t.Context(), func(tx *storage.Tx) error {
		for key := range tx.Scan("") {
			f, ok := ledger.FamilyOf(key)
			if !ok {
				e.t.Errorf("the key %q is of no family that ledger.Families lists", key)
			}
			kinds[f.Key] = true
		}
		return nil
	})
	if err != nil || len(kinds) < 25 {
		e.t.Errorf("the store has keys of %d kinds, %v; want them to be many", len(kinds), err)
	}
}

// earlier is a town with the store of an earlier version in it.
type earlier struct {
	*town
	dir string // of what that version left
}

// friday is an instant of the day on which the store was left, at 13:57:12.
func friday(clock string) time.Time {
	at, err := time.Parse(time.RFC3339, "2026-11-27T"+clock+"Z")
	if err != nil {
		panic(err) // a mistake in this file
	}
	return at
}

func openEarlier(t *testing.T) *earlier {
	t.Helper()
	time.Sleep(time.Until(friday("13:57:13"))) // a bubble begins in the year 2000
	dir := filepath.Join("testdata", "earlier", "2026-11")
	sim, err := slacksim.Restore(slacksim.Options{Manifest: configs.Default().Slack.Manifest()}, bytes.NewReader(unpack(t, dir, "workspace.json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "stormbell.db")
	write(t, store, string(unpack(t, dir, "store.db.gz")))
	e := &earlier{town: newTown(t, sim, store), dir: dir}
	e.meddle()
	e.start()
	e.until(friday("13:57:15"))
	return e
}

// meddle puts somebody into the team's user group who is not on call, with the
// program's own token.
func (e *earlier) meddle() {
	e.t.Helper()
	group := e.sim.State().Groups[0]
	e.asBot("usergroups.users.update", url.Values{"usergroup": {group.ID}, "users": {"U0EVE"}})
	if got := e.sim.State().Groups[0].Users; !slices.Equal(got, []string{"U0EVE"}) {
		e.t.Fatalf("the user group has %q, want Eve", got)
	}
}

func unpack(t *testing.T, dir, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

// left reads what the earlier version said of its own store.
func (e *earlier) left(name string) string {
	e.t.Helper()
	data, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return string(data)
}

// event is an entry of a timeline over HTTP.
type event struct {
	Seq                    int
	At                     time.Time
	Kind, By, Via, Person  string
	Text, Words, Title, To string
}

func (e *earlier) timeline(name string) []event {
	e.t.Helper()
	var got struct{ Timeline []event }
	e.call("GET", "/v1/incidents/"+name+"/timeline", "", &got)
	return got.Timeline
}

// tells reports whether an event after the restart has all of the words.
func (e *earlier) tells(name string, words ...string) bool {
	e.t.Helper()
	return slices.ContainsFunc(e.timeline(name), func(v event) bool {
		return !v.At.Before(friday("13:57:13")) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(v.Words, w) })
	})
}

// status is what the list of all incidents says of one.
func (e *earlier) status(name string) string {
	e.t.Helper()
	return e.list()[name].Status
}

type listed struct {
	Name, Title, Status, Severity, Service string
	AcknowledgedBy                         string `json:"acknowledged_by"`
	MergedInto                             int    `json:"merged_into"`
	Private, Test                          bool
}

func (e *earlier) list() map[string]listed {
	e.t.Helper()
	var got struct{ Incidents []listed }
	e.call("GET", "/v1/incidents?all=1", "", &got)
	all := map[string]listed{}
	for _, i := range got.Incidents {
		all[i.Name] = i
	}
	return all
}

// records: every timeline begins as it was left, and so does the state of what
// nobody has touched since.
func (e *earlier) records() {
	e.t.Helper()
	var was strings.Builder
	for n := 1; n <= 25; n++ {
		name := fmt.Sprintf("INC-%d", n)
		for _, v := range e.timeline(name) {
			if strings.Contains("\n"+e.left("timelines.txt"), fmt.Sprintf("\n%s %d ", name, v.Seq)) {
				line := fmt.Sprintf("%s %d %s %s %s %s %s", name, v.Seq, v.At.UTC().Format(time.RFC3339), v.Kind, v.By, v.Via, v.Person)
				was.WriteString(strings.TrimRight(line, " ") + "\n")
			}
		}
	}
	if diff := cmp.Diff(e.left("timelines.txt"), was.String()); diff != "" {
		e.t.Errorf("the timelines as they were left (-want +got):\n%s", diff)
	}
	got := e.list()
	for _, want := range []listed{
		{Name: "INC-1", Title: "cards are declined at checkout", Status: "closed", Severity: "sev2", Service: "checkout", AcknowledgedBy: "person:ada"},
		{Name: "INC-2", Title: "Disk is nearly full", Status: "resolved", Severity: "sev3", Service: "batch"},
		{Name: "INC-3", Title: "checkout shows prices twice", Status: "cancelled", Severity: "sev3", Service: "checkout"},
		{Name: "INC-4", Title: "find answers slowly", Status: "merged", Severity: "sev2", Service: "stock", MergedInto: 5},
		{Name: "INC-5", Title: "find is slow for everybody", Status: "mitigated", Severity: "sev2", Service: "find"},
		{Name: "INC-6", Title: "a customer list was mailed out", Status: "investigating", Severity: "sev3", Service: "stock", AcknowledgedBy: "person:fay", Private: true},
		{Name: "INC-7", Title: "try the emergency shutdown", Status: "investigating", Severity: "sev2", Service: "stock", AcknowledgedBy: "person:fay", Test: true},
		{Name: "INC-8", Title: "images load slowly", Status: "resolved", Severity: "sev2", Service: "stock", AcknowledgedBy: "person:fay"},
		{Name: "INC-10", Title: "nightly figures are missing", Status: "declared", Severity: "sev2", Service: "batch"},
		{Name: "INC-14", Title: "stock counts differ by one", Status: "declared", Severity: "sev2", Service: "stock"},
		{Name: "INC-15", Title: "refunds wait for an hour", Status: "investigating", Severity: "sev1", Service: "stock", AcknowledgedBy: "person:fay"},
		{Name: "INC-18", Title: "mails are sent twice", Status: "resolved", Severity: "sev2", Service: "stock", AcknowledgedBy: "person:fay"},
	} {
		if diff := cmp.Diff(want, got[want.Name]); diff != "" {
			e.t.Errorf("%s (-want +got):\n%s", want.Name, diff)
		}
	}
}

// roster: it holds as it was left, and so does every version before it.
func (e *earlier) roster() {
	e.t.Helper()
	want, err := rotation.Parse("the roster that was left", []byte(e.left("roster.yaml")))
	if err != nil {
		e.t.Fatal(err)
	}
	got, err := rotation.Parse("the roster that holds", e.call("GET", "/v1/roster", "", nil))
	if err != nil {
		e.t.Fatal(err)
	}
	if !want.Equal(got) {
		e.t.Errorf("the roster that holds (-want +got):\n%s", cmp.Diff(e.left("roster.yaml"), string(e.call("GET", "/v1/roster", "", nil))))
	}
	var log struct {
		History []struct {
			Version             int
			Kind, By, Why, What string
		}
	}
	e.call("GET", "/v1/roster/history", "", &log)
	var kinds []string
	for _, c := range log.History {
		text := e.call("GET", fmt.Sprintf("/v1/roster?version=%d", c.Version), "", nil)
		if _, err := rotation.Parse("version", text); err != nil {
			e.t.Errorf("version %d of the roster: %v", c.Version, err)
		}
		kinds = append(kinds, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", c.Version, c.Kind, c.By, c.Why)))
	}
	wantKinds := []string{"11 swapped person:bob", "10 override person:ada a journey", "9 applied person:cleo a clearer name",
		"8 asked person:bob", "7 asked person:ada moving house", "6 swapped person:cleo", "5 asked person:bob a course", "4 away person:cleo",
		"3 override person:cleo release day", "2 override person:ada a wedding", "1 applied bot the first roster"}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		e.t.Errorf("the history of the roster (-want +got):\n%s", diff)
	}
}

// onCall asks the command line who is on call, by the roster as it is exported.
func (e *earlier) onCall() {
	e.t.Helper()
	file := filepath.Join(e.t.TempDir(), "roster.yaml")
	write(e.t, file, string(e.call("GET", "/v1/roster", "", nil)))
	for _, c := range []struct{ rotation, at, want string }{
		{"payments-primary", "2026-11-27T13:57:15Z", "ada"},
		{"payments-primary", "2026-11-28T13:00:00Z", "bob"}, // the override because of the wedding
		{"payments-primary", "2026-11-29T13:00:00Z", "bob"}, // and because of the journey
		{"payments-primary", "2026-11-30T09:00:00Z", "cleo"},
		{"payments-primary", "2026-12-04T09:00:00Z", "bob"}, // nobody has agreed yet
		{"payments-primary", "2026-12-08T09:00:00Z", "bob"}, // agreed a moment before the end
		{"payments-office", "2026-11-27T13:57:15Z", "bob,cleo"},
		{"payments-office", "2026-11-27T20:00:00Z", ""},
	} {
		var out, talk bytes.Buffer
		args := []string{"oncall", "who", "--roster", file, "--rotation", c.rotation, "--at", c.at, "--json"}
		if code := run(e.t.Context(), args, process{In: strings.NewReader(""), Out: &out, Err: &talk}); code != exitOK {
			e.t.Fatalf("run(%q) = %d: %s", args, code, talk.String())
		}
		var who []struct {
			OnCall []string `json:"on_call"`
		}
		if err := json.Unmarshal(out.Bytes(), &who); err != nil || len(who) != 1 {
			e.t.Fatalf("run(%q): %s, %v", args, out.String(), err)
		}
		if got := strings.Join(who[0].OnCall, ","); got != c.want {
			e.t.Errorf("on call in %s at %s: %q, want %q", c.rotation, c.at, got, c.want)
		}
	}
}

// once checks that a channel shows the words in one message.
func (e *earlier) once(channel string, words ...string) slacksim.Message {
	e.t.Helper()
	c, ok := e.sim.State().Channel(channel)
	return e.onlyOne(c, ok, channel, words)
}

// toldOnce checks that somebody's direct messages show the words in one message.
func (e *earlier) toldOnce(user string, words ...string) slacksim.Message {
	e.t.Helper()
	c, ok := e.sim.State().DM(user, e.sim.BotUserID())
	return e.onlyOne(c, ok, "direct messages of "+user, words)
}

func (e *earlier) onlyOne(c slacksim.Channel, ok bool, where string, words []string) slacksim.Message {
	e.t.Helper()
	found := showing(c, words...)
	if !ok || len(found) != 1 {
		e.t.Errorf("%s (there: %v) shows %q in %d messages, want 1", where, ok, words, len(found))
		return slacksim.Message{}
	}
	return found[0]
}
