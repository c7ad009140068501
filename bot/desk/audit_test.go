package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestS33ReadingPrivateIsRecorded has people read a private incident: it is in nobody's
// list who does not belong to it, and the audit has an entry for each reader.
func TestS33ReadingPrivateIsRecorded(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.declare(incident.Declaration{Title: "Search is slow"})
		x.deliver()
		if err := x.Entered(background(), Visit{Channel: "CINC1", User: "U0ZOE", By: "U0EVE"}); err != nil {
			t.Fatal(err)
		}
		x.tick(time.Minute)
		start := time.Now()
		for _, who := range []incident.Actor{ada, zoe, mal, "admin:cli", zoe} {
			if _, err := x.Show(background(), who, 1); (err == nil) == (who == mal) {
				t.Errorf("%s reads: %v", who, err)
			}
			if _, err := x.Show(background(), who, 2); err != nil {
				t.Error(err)
			}
		}
		if list, _ := x.Active(background(), mal); len(list) != 1 {
			t.Errorf("mal sees %d incidents, want the public one", len(list))
		}
		x.tick(time.Hour)
		if _, _, err := x.Timeline(background(), zoe, 1); err != nil {
			t.Fatal(err)
		}
		words := func(q AuditQuery) []string {
			list, _, err := x.Audit(background(), q)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, e := range list {
				lines = append(lines, e.Incident+" "+e.Words)
			}
			return lines
		}
		want := []string{"INC-1 U0ZOE read it.", "INC-1 The command line read it.", "INC-1 U0ZOE read it.", "INC-1 Ada Okafor read it."}
		got := words(AuditQuery{Incident: 1, From: start})
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("read is %q, want %q", got, want)
		}
		if got := words(AuditQuery{Person: "U0ZOE"}); len(got) != 2 {
			t.Errorf("zoe did or read %q, want that she read it in two hours", got)
		}
		if got := words(AuditQuery{Person: "U0ADA", From: start}); len(got) != 1 || !strings.Contains(got[0], "Ada Okafor read") {
			t.Errorf("ada, by her ID in Slack: %q", got)
		}

		// Pages are parts of the whole, without a hole or a repetition.
		all := words(AuditQuery{})
		var paged []string
		for before := ""; ; {
			list, more, err := x.Audit(background(), AuditQuery{Limit: 2, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				paged = append(paged, e.Incident+" "+e.Words)
			}
			if before = more; more == "" {
				break
			}
		}
		if !slices.Equal(all, paged) || len(all) < 5 {
			t.Errorf("by pages %q, at once %q", paged, all)
		}
		_, _, err := x.Audit(background(), AuditQuery{Before: "yesterday"})
		refused(t, err, "is not where a page of the audit ended")

		if err := x.forgetReads(background(), time.Now().Add(keepReads+2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := words(AuditQuery{Person: "U0ZOE"}); len(got) != 0 {
			t.Errorf("after 13 months: %q, want that nothing is known of who read", got)
		}
	})
}
