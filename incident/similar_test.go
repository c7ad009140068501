package incident

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestS22SimilarIncidents: the card of a second incident names the first one of its
// kind, not every one of its service.
func TestS22SimilarIncidents(t *testing.T) {
	start := time.Date(2026, 9, 9, 9, 14, 0, 0, time.UTC)
	titles := []struct{ title, service string }{
		1:  {"Search answers slowly for filter queries", "search"},
		2:  {"Card payments fail for one network", "payments"},
		3:  {"Shop unreachable after a gateway config push", "edge-gateway"},
		4:  {"Stock levels are hours old", "inventory-feed"},
		5:  {"Errors at place-order after a release", "checkout"},
		6:  {"Login is slow", "storefront-web"},
		7:  {"Login is slow again", "storefront-web"},
		8:  {"Payment error alert without payment errors", "payments"},
		9:  {"Gateway nodes stop responding in the hour of the clock change", "edge-gateway"},
		10: {"Customers charged twice", "payments"},
		11: {"Refund requests pile up", "payments"},
	}
	var past []Trait
	for n, row := range titles {
		if n == 0 {
			continue
		}
		past = append(past, Trait{Number: n, Service: row.service, Declared: start.Add(time.Duration(n) * time.Hour), Over: true, Words: Words(row.title)})
	}
	cases := []struct {
		of   int
		want []int
	}{
		{7, []int{6}},
		{9, []int{3}},
		{8, []int{2}},
		{10, nil},
		{5, nil},
		{6, nil}, // INC-7 came later
	}
	for _, c := range cases {
		if got := Precedents(past[c.of-1], past, 2); !slices.Equal(got, c.want) {
			t.Errorf("Precedents(INC-%d %q) = %v, want %v", c.of, titles[c.of].title, got, c.want)
		}
	}
	open := past[6]
	open.Number, open.Over, open.Declared = 12, false, open.Declared.Add(time.Hour)
	if got := Precedents(open, append(past, open), 5); !slices.Equal(got, []int{7, 6}) {
		t.Errorf("Alike of a third = %v, want the latest first, and not itself", got)
	}
}

// BenchmarkPrecedents looks among ten thousand.
func BenchmarkPrecedents(b *testing.B) {
	var past []Trait
	for n := range 10_000 {
		past = append(past, Trait{Number: n + 1, Service: fmt.Sprint("service ", n%50), Over: true,
			Words: Words(fmt.Sprintf("Card payments fail for network %d in region %d", n%97, n%13))})
	}
	of := past[len(past)-1]
	for b.Loop() {
		if len(Precedents(of, past, 2)) != 2 {
			b.Fatal("nothing is alike")
		}
	}
}
