package bot

import (
	"strings"
	"testing"
	"time"
)

// shadowRoster has dan, whom Slack does not know, and eve shadow whoever is on call,
// and cleo shadow bob, who is not.
var shadowRoster = strings.Replace(strings.Replace(rosterText, "teams:", `  - {id: eve, name: Eve Long, slack: U0EVE}
  - {id: dan, name: Dan Ray, slack: U0GONE}
teams:`, 1), "policies:", `    shadows:
      - {person: dan, start: 1999-12-01T00:00:00Z, end: 2000-02-01T00:00:00Z}
      - {person: eve, start: 1999-12-01T00:00:00Z, end: 2000-02-01T00:00:00Z}
      - {person: cleo, of: bob, start: 1999-12-01T00:00:00Z, end: 2000-02-01T00:00:00Z}
policies:`, 1)

// TestShadows are told after the page, who is responsible, without a button; one who
// cannot be told delays nothing, and neither is anybody paged in their place.
func TestShadows(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, shadowRoster, func(r *rig) {
		t := r.t
		r.command("bob", "general", "declare card payments fail sev1")
		r.pass(20 * time.Second)
		page := r.find(r.dm("U0ADA"), "card payments fail")
		got := r.find(r.dm("U0EVE"), "<@U0ADA> is responsible")
		if len(r.dm("U0EVE")) != 1 || strings.Contains(string(got.Blocks), "button") || !shows(got, "card payments fail") || !shows(got, "#"+r.channel("inc-1-card-payments-fail").ID) {
			t.Errorf("eve, who shadows ada, got %s", list(r.dm("U0EVE")))
		}
		if got.TS < page.TS {
			t.Errorf("the copy (%s) left before the page (%s)", got.TS, page.TS)
		}
		if got := r.dm("U0CLEO"); len(got) != 0 {
			t.Errorf("cleo, who shadows bob, was told that ada is paged: %s", list(got))
		}
		r.command("ada", "general", "ack INC-1")
		r.pass(20 * time.Minute) // later somebody would be paged because nothing is heard from ada
		i, events := r.fold(1)
		for _, e := range events {
			if e.Person != "" && e.Person != "person:ada" {
				t.Errorf("the timeline has %s of %s, want shadows to have no part in it", e.Kind, e.Person)
			}
		}
		if len(r.dm("U0EVE")) != 1 || len(i.Involved) != 2 {
			t.Errorf("eve got %d messages, involved are %v; want the one copy, and bob and ada alone", len(r.dm("U0EVE")), i.Involved)
		}
		r.command("bob", "general", "declare secret leaked sev1 private")
		r.pass(20 * time.Second)
		if len(r.dm("U0EVE")) != 1 {
			t.Errorf("a shadow was told of a private incident: %s", list(r.dm("U0EVE")))
		}
	})
}
