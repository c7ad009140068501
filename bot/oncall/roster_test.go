package oncall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// long is a roster of people whose names are long, and some of which JSON writes
// six times as long.
func long(names string, people int) string {
	var b strings.Builder
	b.WriteString("people:\n")
	for k := range people {
		fmt.Fprintf(&b, "  - {id: p%05d, name: %q, slack: U%05d}\n", k, fmt.Sprintf("%d %s", k, strings.Repeat(names, 180/len(names))), k)
	}
	return b.String()
}

// TestLongRoster stores and reads a roster in many pieces, also one of characters
// that are long when they are stored.
func TestLongRoster(t *testing.T) {
	for _, names := range []string{"x", "&", "<", "ß", "🔥"} {
		withRoster(t, long(names, 1500), func(x *fixture) {
			want := x.Current().Roster
			x.reopen()
			if !want.Equal(x.Current().Roster) {
				t.Errorf("a roster of names in %q is another one when it is read again", names)
			}
		})
	}
}

// cutting is an engine that refuses everything from the n-th commit on.
type cutting struct {
	storage.Engine
	left int
}

var errCut = errors.New("the power is gone")

func (c *cutting) Commit(ctx context.Context, changes []storage.Change) error {
	if c.left--; c.left < 0 {
		return errCut
	}
	return c.Engine.Commit(ctx, changes)
}

// TestRosterCutShort cuts the power at each commit of a roster in pieces: the old
// one holds, and the next try succeeds.
func TestRosterCutShort(t *testing.T) {
	r, err := rotation.Parse("roster.yaml", []byte(long("x", 100)))
	if err != nil {
		t.Fatal(err)
	}
	for n, applied := 0, false; !applied; n++ {
		inBubble(t, func(x *fixture) {
			x.piece = 4 << 10
			before := x.Current().Roster
			power := &cutting{left: 1000}
			x.wrap = func(e storage.Engine) storage.Engine {
				power.Engine = e
				return power
			}
			x.reopen()
			power.left = n
			err := x.ApplyRoster(background(), r, incident.Bot, "")
			if applied = err == nil; applied {
				if n < 4 {
					t.Errorf("a roster in pieces took only %d commits", n)
				}
				return
			}
			if !errors.Is(err, errCut) {
				t.Fatalf("ApplyRoster() = %v, want %v", err, errCut)
			}
			x.wrap = nil
			x.reopen()
			if !before.Equal(x.Current().Roster) {
				t.Errorf("cut at commit %d: another roster than the old one holds", n+1)
			}
			if err := x.ApplyRoster(background(), r, incident.Bot, ""); err != nil || !r.Equal(x.Current().Roster) {
				t.Errorf("cut at commit %d: the next try = %v", n+1, err)
			}
		})
	}
}

// commented is a roster with comments, the rotation laid out as given.
func commented(rotation string) string {
	return "# Reviewed on Mondays.\npeople:\n  - {id: ada, name: Ada, slack: U1}   # until May\n  - {id: bob, name: Bob, slack: U2}\nrotations:\n" + rotation
}

// TestRosterKeepsComments: what is changed in Slack leaves the comments of the
// file that was applied; where that cannot be done, the text says so.
func TestRosterKeepsComments(t *testing.T) {
	layers := "layers: [{id: l, people: [ada, bob], start: 1999-01-04T09:00, every: {weeks: 1}}]"
	const alerts = "alerts: # of all senders\n  routes:\n    - {match: {a: /b.*/}, does: page} # by night\nheartbeats:\n  - {name: sync, every: 1m, grace: 5s} # hourly\n"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"a block", commented("  - id: r\n    time_zone: UTC\n    " + layers + "   # weekly\n"),
			[]string{"# Reviewed on Mondays.", "# until May", "# weekly"}},
		{"a list in brackets", commented("  [{id: r, time_zone: UTC, " + layers + "}]\n"),
			[]string{"# The comments of version 2 were lost in a change; `stormbell roster export --version 2` prints them."}},
		{"a block, and alerts", commented("  - id: r\n    time_zone: UTC\n    "+layers+"\n") + alerts,
			[]string{"# Reviewed on Mondays.", "# of all senders", "# by night", "- {match: {a: /b.*/}, does: page}", "# hourly"}},
		{"a list in brackets, and alerts", commented("  [{id: r, time_zone: UTC, "+layers+"}]\n") + alerts,
			[]string{"`stormbell roster export --version 2` prints them.", "- {match: {a: /b.*/}, does: page}", "- {name: sync, every: 1m, grace: 5s}"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withRoster(t, "people: [{id: ada, name: Ada}]\n", func(x *fixture) {
				r, err := rotation.Parse("roster.yaml", []byte(tt.text))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := x.Apply(x.t.Context(), Caller{}, Application{Roster: r, Text: []byte(tt.text)}); err != nil {
					t.Fatal(err)
				}
				now := time.Now()
				o := rotation.Override{Kind: rotation.Set, People: []string{"bob"}, Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)}
				if _, err := x.Override(x.t.Context(), Caller{Actor: "person:ada"}, "r", o); err != nil {
					t.Fatal(err)
				}
				x.reopen()
				got, err := x.RosterText(x.t.Context(), 3)
				if err != nil {
					t.Fatal(err)
				}
				for _, want := range append(tt.want, "set: [bob]") {
					if !strings.Contains(string(got), want) {
						t.Errorf("the text has no %q:\n%s", want, got)
					}
				}
				if was, err := x.RosterText(x.t.Context(), 2); err != nil || string(was) != tt.text {
					t.Errorf("version 2 = %q, %v; want what was applied", was, err)
				}
			})
		})
	}
}
