package alert

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDecide(t *testing.T) {
	open := Known{Open: true, Fired: 1}
	over := Known{Open: true, Fired: 1, Ended: 1, Over: true}
	tests := []struct {
		name   string
		status Status
		known  Known
		want   Decision
	}{
		{"the first", Firing, Known{}, Decision{Opened, Known{Open: true, Fired: 1}, false}},
		{"after an incident that is closed", Firing, Known{Fired: 9, Ended: 2, Over: true}, Decision{Opened, Known{Open: true, Fired: 1}, false}},
		{"the second", Firing, open, Decision{Joined, Known{Open: true, Fired: 2}, true}},
		{"the third", Firing, Known{Open: true, Fired: 2}, Decision{Joined, Known{Open: true, Fired: 3}, false}},
		{"the hundredth", Firing, Known{Open: true, Fired: 99}, Decision{Joined, Known{Open: true, Fired: 100}, true}},
		{"back after it was over", Firing, Known{Open: true, Fired: 4, Ended: 1, Over: true}, Decision{Joined, Known{Open: true, Fired: 5, Ended: 1}, true}},
		{"over", Over, open, Decision{Ended, over, true}},
		{"over twice", Over, over, Decision{Suppressed, over, false}},
		{"over for the fourth time", Over, Known{Open: true, Fired: 4, Ended: 3}, Decision{Ended, Known{Open: true, Fired: 4, Ended: 4}, false}},
		{"over without an incident", Over, Known{}, Decision{Suppressed, Known{}, false}},
		{"acknowledged by the sender", Acknowledged, open, Decision{Suppressed, open, false}},
		{"acknowledged by the sender without an incident", Acknowledged, Known{}, Decision{Suppressed, Known{}, false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Decide(test.status, test.known); got != test.want {
				t.Errorf("Decide(%s, %+v) = %+v, want %+v", test.status, test.known, got, test.want)
			}
		})
	}
}

// Whatever order alerts come in, the timeline stays short, and it never says
// that an alert is over while its sender says that it fires.
func TestDecideKeepsTheTimelineShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends := rapid.IntRange(0, 100).Draw(t, "percentage of ends")
		seed := rapid.SliceOfN(rapid.IntRange(0, 99), 200, 200).Draw(t, "order")
		k, written, saysOver := Known{}, 0, false
		for n := range 10_000 {
			s := Firing
			if seed[n%len(seed)] < ends {
				s = Over
			}
			d := Decide(s, k)
			if k = d.After; d.Write {
				written++
				saysOver = s == Over
			}
			if s == Firing && saysOver {
				t.Fatalf("after %d alerts the timeline says over, the sender says firing", n+1)
			}
		}
		if written >= 20 {
			t.Fatalf("%d%% ends: %d entries for 10,000 alerts, want fewer than 20", ends, written)
		}
	})
}
