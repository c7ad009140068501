package oncall

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/rotation"
)

// olderRoster has everything that earlier versions let pass and that is refused
// today.
const olderRoster = `
people:   # reviewed in May
  - {id: ada, name: "a\u0007da", slack: U0ADA}
  - {id: bob, name: "LONG", slack: U0BOB}
  - {id: cleo, name: "  ", slack: U0BOB, time_zone: US/Pacific-New, pager: 7}
teams:
  - id: t
    channel: #pay
    members: [ada, eve]
  - {id: empty, members: []}
rotations:
  - id: r
    time_zone: UTC
    layers: [{id: w, people: [ada], start: 1999-12-27T09:00, every: {weeks: 1}}]
policies:
  - {id: p, steps: [{notify: [person:ada, rotation:gone], wait: 0s}], last_resort: [team:empty]}
  - {id: q, steps: [{notify: [person:ada], wait: 5m}], last_resort: [rotation:r]}
services:
  - {id: s, policy: p, depends_on: [s]}
  - {id: nobody}
`

// TestOlderRoster starts on a store whose roster an earlier version had let pass.
// It holds, people act on it, and only a whole roster has to be valid.
func TestOlderRoster(t *testing.T) {
	text := strings.Replace(olderRoster, "LONG", strings.Repeat("b", 300), 1)
	if _, err := rotation.Parse("r.yaml", []byte(text)); err == nil || strings.Count(err.Error(), "\n") < 10 {
		t.Fatalf("Parse() = %v, want all of it refused", err)
	}
	withRoster(t, weekly(1), func(x *fixture) {
		piece, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error { return t.Put(rosterKey(1, 0), piece) }); err != nil {
			t.Fatal(err)
		}
		x.reopen()
		found := x.Current().Roster.Problems()
		if len(found) < 11 {
			t.Errorf("problems that are told: %v", found)
		}
		now := time.Now()
		o := rotation.Override{Kind: rotation.Set, People: []string{"bob"}, Start: now, End: now.Add(time.Hour)}
		if _, err := x.Override(background(), Caller{Actor: "person:ada"}, "r", o); err != nil {
			t.Fatalf("Override() = %v", err)
		}
		if _, err := x.AskSwap(background(), Caller{Actor: "person:ada"}, SwapRequest{Rotation: "r",
			Swap: rotation.Swap{Person: "ada", With: "bob", Start: now.Add(day), End: now.Add(2 * day)}}); err != nil {
			t.Fatalf("AskSwap() = %v", err)
		}
		x.reopen()
		ticked(t, x)
		who, _ := x.Current().Roster.Rotation("r")
		if got := who.People(now.Add(time.Minute)); len(got) != 1 || got[0] != "bob" {
			t.Errorf("after the override %v are on call, want bob", got)
		}
		if got := x.Current().Roster.Problems(); len(got) != len(found) {
			t.Errorf("after two changes there are %d problems, want the %d from before:\n%v", len(got), len(found), got)
		}
		if _, err := x.rosterOf(background(), 1); err != nil {
			t.Errorf("version 1 cannot be read: %v", err)
		}
		export, err := x.RosterText(background(), x.RosterVersion())
		if err != nil || !strings.Contains(string(export), "# reviewed in May") {
			t.Errorf("the text has lost its comments (%v):\n%s", err, export)
		}
		if _, err := x.Apply(background(), Caller{}, Application{Roster: x.Current().Roster, Text: []byte(text)}); err == nil {
			t.Error("a whole roster with these problems was applied")
		}
	})
}
