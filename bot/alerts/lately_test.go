package alerts

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestLately: what was taken in within the second is known, and nothing is known for more
// than three.
func TestLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lately
		added := map[string]time.Time{}
		for n := range 400 {
			id := strconv.Itoa(n)
			l.add("am", id)
			added[id] = time.Now()
			time.Sleep(time.Duration(n*n%97) * 13 * time.Millisecond)
			if n%50 == 0 {
				time.Sleep(time.Minute)
			}
			for id, at := range added {
				switch age := time.Since(at); {
				case age < seenEvery && !l.has("am", id):
					t.Errorf("alert %s is not known after %v", id, age)
				case age > 3*seenEvery && l.has("am", id):
					t.Errorf("alert %s is still known after %v", id, age)
				}
			}
			if l.has("grafana", id) {
				t.Errorf("alert %s of another sender is known", id)
			}
		}
	})
}

// TestRepeatsOfASecond: what comes again within the second it was taken in, alone or with
// others, costs no commit; later it is noted once that it was seen.
func TestRepeatsOfASecond(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("am", firing("a"))
		r.take("am", firing("b"), firing("c"))
		before := r.n
		for _, id := range []string{"a", "b", "c", "a"} {
			if got := r.take("am", firing(id))[0]; got.Incident != 1 {
				t.Errorf("the repeated alert %s is of incident %d, want 1", id, got.Incident)
			}
			time.Sleep(seenEvery / 5)
		}
		if r.n != before {
			t.Errorf("%d commits for repeats within the second, want none", r.n-before)
		}
		time.Sleep(seenEvery)
		r.take("am", firing("a"))
		r.take("am", firing("a"))
		if r.n != before+1 {
			t.Errorf("%d commits for two repeats a second later, want one", r.n-before)
		}
	})
}
