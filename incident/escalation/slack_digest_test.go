package escalation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
)

func TestGathering(t *testing.T) {
	type ask struct {
		at       int // seconds
		number   int
		severity incident.Severity
	}
	tests := []struct {
		name string
		asks []ask
		want string // incident:place/message
	}{
		{"one", []ask{{0, 1, 2}}, "1:alone/0"},
		{"the second rings, the third joins it", []ask{{0, 1, 2}, {5, 2, 2}, {6, 3, 3}, {59, 4, 2}}, "1:alone/0 2:begins/1 3:joins/1 4:joins/1"},
		{"the minute ends as the next begins", []ask{{0, 1, 2}, {60, 2, 2}, {61, 3, 2}}, "1:alone/0 2:alone/0 3:begins/1"},
		{"a minute is counted from its first page", []ask{{0, 1, 2}, {50, 2, 2}, {61, 3, 2}, {62, 4, 2}, {63, 5, 2}},
			"1:alone/0 2:begins/1 3:alone/1 4:begins/2 5:joins/2"},
		{"what is worse rings by itself", []ask{{0, 1, 3}, {1, 2, 3}, {2, 3, 1}, {3, 4, 2}, {4, 5, 1}},
			"1:alone/0 2:begins/1 3:alone/1 4:joins/1 5:joins/1"},
		{"worse than what rang alone, not than what joined", []ask{{0, 1, 2}, {1, 2, 3}, {2, 3, 2}}, "1:alone/0 2:begins/1 3:joins/1"},
		{"an incident that asks again", []ask{{0, 1, 2}, {1, 2, 2}, {2, 3, 2}, {3, 1, 2}, {4, 2, 2}, {5, 3, 2}},
			"1:alone/0 2:begins/1 3:joins/1 1:alone/1 2:alone/1 3:alone/1"},
		{"the clock was set back", []ask{{7200, 1, 2}, {0, 2, 2}, {1, 3, 2}}, "1:alone/0 2:alone/0 3:begins/1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var g SlackDigest
			var got []string
			for _, a := range test.asks {
				var place Place
				g, place = g.Add(a.number, a.severity, time.Unix(int64(a.at), 0))
				got = append(got, fmt.Sprintf("%d:%s/%d", a.number, place, g.Number))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestGatheringProperties: every page has its place, a message is about no more
// than it can carry and about no incident twice, what joins quietly is rung for
// within the minute, and a person is rung a few times a minute whatever comes.
func TestGatheringProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g SlackDigest
		now := time.Unix(1_700_000_000, 0).UTC()
		shared := map[int][]int{}
		var rings []time.Time // of pages that do not ask again
		for n := range rapid.IntRange(1, 400).Draw(t, "pages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			before, kept := g, slices.Clone(g.Joined)
			next, place := g.Add(n, incident.Severity(rapid.IntRange(1, 3).Draw(t, "severity")), now)
			if !slices.Equal(before.Joined, kept) {
				t.Fatalf("Add changed its receiver: %v", before)
			}
			g = next
			switch place {
			case Alone, Begins:
				rings = append(rings, now)
			case Joins:
				if g.Until.Before(now) || g.Until.Sub(now) > time.Minute {
					t.Fatalf("page %d joined at %v, to be rung for at %v", n, now, g.Until)
				}
				if len(before.Joined) == 1 {
					rings = append(rings, g.Until)
				}
			default:
				t.Fatalf("page %d has no place: %q", n, place)
			}
			if place != Alone {
				shared[g.Number] = append(shared[g.Number], n)
			}
			b, err := json.Marshal(g)
			var back SlackDigest
			if err != nil || json.Unmarshal(b, &back) != nil || !cmp.Equal(back, g) {
				t.Fatalf("a round trip makes %+v of %+v (%v)", back, g, err)
			}
		}
		for number, list := range shared {
			if len(list) > digestMost {
				t.Fatalf("message %d is about %d incidents", number, len(list))
			}
		}
		// In one minute: the first, two worse ones, the shared message and its
		// second ring; a stretch of a minute touches two of those minutes.
		slices.SortFunc(rings, time.Time.Compare)
		for i := range rings {
			within := 0
			for _, at := range rings[i:] {
				if at.Sub(rings[i]) < time.Minute {
					within++
				}
			}
			if most := 2 * 5; within > most {
				t.Fatalf("%d rings within a minute", within)
			}
		}
	})
}
