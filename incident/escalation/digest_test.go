package escalation

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type bundleCase struct {
	ID       string `json:"id"`
	Throttle int    `json:"throttle_s"`
	Requests []struct {
		At       int    `json:"at_s"`
		User     string `json:"user"`
		Via      string `json:"via"`
		Incident string `json:"incident"`
		Cancel   bool   `json:"cancel"`
	} `json:"requests"`
	Expect [][]any `json:"expect"`
}

func TestBundleVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []bundleCase
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("testdata/bundle.json: %d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			got := [][]any{}
			windows := map[[2]string]Digest{}
			second := func(s int) time.Time { return time.Unix(int64(s), 0) }
			throttle := time.Duration(c.Throttle) * time.Second
			send := func(s int, who [2]string, w Digest, incidents []string) {
				windows[who] = w
				if len(incidents) > 0 {
					list := []any{}
					for _, i := range incidents {
						list = append(list, i)
					}
					got = append(got, []any{float64(s), who[0], who[1], list})
				}
			}
			for s := range 1000 {
				for _, r := range c.Requests {
					who := [2]string{r.User, r.Via}
					if r.At == s && r.Cancel {
						windows[who] = windows[who].Drop(r.Incident)
					} else if r.At == s {
						w, incidents := windows[who].Add(r.Incident, second(s), throttle)
						send(s, who, w, incidents)
					}
				}
				for who, w := range windows {
					if at, ok := w.Due(); ok && !second(s).Before(at) {
						w, incidents := w.Flush(second(s), throttle)
						send(s, who, w, incidents)
					}
				}
			}
			if diff := cmp.Diff(c.Expect, got); diff != "" {
				t.Errorf("sends (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBundleLosesNothing: whatever is asked for and when, each incident not
// dropped leaves, no message repeats one, and messages keep their distance.
func TestBundleLosesNothing(t *testing.T) {
	const throttle = time.Minute
	rapid.Check(t, func(r *rapid.T) {
		var w Digest
		now := time.Unix(1_800_000_000, 0)
		var last time.Time
		owed := map[string]bool{}
		out := func(next Digest, send []string) {
			if len(send) > 0 {
				if !last.IsZero() && now.Sub(last) < throttle {
					r.Fatalf("two messages within %v", now.Sub(last))
				}
				last = now
			}
			for _, s := range send {
				if !owed[s] {
					r.Fatalf("sent %q, which nobody waits for", s)
				}
				delete(owed, s)
			}
			w = next
		}
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 50).Draw(r, "seconds")) * time.Second)
			id := rapid.SampledFrom([]string{"i1", "i2", "i3"}).Draw(r, "incident")
			before := slices.Clone(w.Waiting)
			old := w
			switch rapid.SampledFrom([]string{"add", "add", "drop", "flush"}).Draw(r, "what") {
			case "add":
				owed[id] = true
				out(w.Add(id, now, throttle))
			case "drop":
				delete(owed, id)
				w = w.Drop(id)
			case "flush":
				out(w.Flush(now, throttle))
			}
			if !slices.Equal(before, old.Waiting) {
				r.Fatalf("a method has changed the old window: %v, was %v", old.Waiting, before)
			}
		}
		if at, ok := w.Due(); ok {
			now = at
			out(w.Flush(now, throttle))
		}
		if len(owed) > 0 {
			r.Fatalf("never sent: %v", owed)
		}
	})
}

func TestThrottle(t *testing.T) {
	for _, c := range []struct {
		via    string
		recent int
		want   time.Duration
	}{
		{"push", 100, time.Minute}, {"email", 5, time.Minute}, {"sms", 4, time.Minute},
		{"sms", 5, 3 * time.Minute}, {"voice", 12, 3 * time.Minute},
	} {
		if got := Throttle(c.via, c.recent); got != c.want {
			t.Errorf("Throttle(%s, %d) = %v, want %v", c.via, c.recent, got, c.want)
		}
	}
}
