package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// TestWeekly: once a week whoever is on call is paged as a test and must answer;
// the team hears how it went. The bubble begins on a Saturday.
func TestWeekly(t *testing.T) {
	t.Parallel()
	longLife(t)
	withWays(t, "", func(r *rig, p *providers) {
		r.stop()
		r.world.weekly = desk.Weekly{Day: time.Monday, Clock: "10:00"}
		r.roster = strings.Replace(waysRoster, "policies:", `rotations:
  - id: primary
    team: payments
    time_zone: UTC
    layers:
      - {id: both, people: [ada], start: 1999-12-27T09:00, every: {weeks: 1}}
  - id: second
    team: payments
    time_zone: UTC
    layers:
      - {id: both, people: [bob], start: 1999-12-27T09:00, every: {weeks: 1}}
policies:`, 1)
		r.path += "2"
		r.start()
		r.pass(2*24*time.Hour + 9*time.Hour)
		if n := len(p.taken("", "")); n != 0 {
			t.Fatalf("%d messages before Monday at 10", n)
		}
		r.pass(time.Hour + time.Minute)
		r.find(r.dm("U0ADA"), "Weekly test of your pages")
		sms := p.taken("sms", "0002")
		if len(sms) != 1 || !strings.HasPrefix(sms[0].Text, "DRILL INC-") {
			t.Fatalf("bob's text messages: %+v, want the test", sms)
		}
		p.reply("+4915100000002", codeOf(p.taken("sms", "0002")[0]))
		r.pass(2 * time.Hour)
		told := r.channel("incidents").Messages
		r.find(told, "Weekly test: Bob Stone answered after")
		r.find(told, "Weekly test: Ada Okafor did not answer within an hour (INC-")
		for _, c := range r.sim.State().Channels {
			if strings.HasPrefix(c.Name, "inc-") {
				t.Errorf("a test made the channel %s", c.Name)
			}
		}
		for n := 1; n <= 2; n++ {
			if i, _ := r.fold(n); i.Status != incident.Cancelled || !i.Test {
				t.Errorf("%s is %s, test %v; want a test that is over", i.Name(), i.Status, i.Test)
			}
		}
		n := len(p.sent)
		r.pass(5 * 24 * time.Hour)
		if len(p.sent) != n {
			t.Errorf("%d messages during the week, want none", len(p.sent)-n)
		}
		r.pass(2 * 24 * time.Hour)
		r.fold(4) // the next week's
	})
}
