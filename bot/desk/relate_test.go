package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestS12Outcomes ends incidents as what they turned out to be, each with a reason, and
// says that two have to do with each other.
func TestS12Outcomes(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "Disk almost full"})
		x.declare(incident.Declaration{Title: "Probe fails"})
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.tick(time.Minute)
		_, err := x.Do(background(), Caller{Actor: ada}, 1, Act{Verb: NearMiss})
		refused(t, err, "Say in a few words what makes INC-1 a near miss")
		x.act(ada, 1, Act{Verb: Relate, Into: 2, Text: "the same disk"})
		_, err = x.Do(background(), Caller{Actor: ada}, 2, Act{Verb: Relate, Into: 1})
		refused(t, err, "are related already")
		_, err = x.Do(background(), Caller{Actor: eve}, 1, Act{Verb: Relate, Into: 3})
		refused(t, err, "must not name a private incident")
		_, err = x.Do(background(), Caller{Actor: mal}, 1, Act{Verb: FalseAlarm, Text: "no"})
		refused(t, err, "you must be in its channel")
		x.act(ada, 1, Act{Verb: NearMiss, Text: "found in time"})
		x.act(ada, 2, Act{Verb: FalseAlarm, Text: "the probe was wrong"})
		for n, want := range map[int]incident.Outcome{1: incident.NearMiss, 2: incident.FalseAlarm} {
			i, events := x.folds(n)
			last := events[len(events)-1]
			if i.Status != incident.Cancelled || i.Outcome != want || i.Hurting(time.Now()) != 0 || last.Text == "" {
				t.Errorf("INC-%d is %s, outcome %q, hurt %s: %+v", n, i.Status, i.Outcome, i.Hurting(time.Now()), last)
			}
			if len(i.Related) != 1 || i.Related[0] != 3-n {
				t.Errorf("INC-%d is related to %v", n, i.Related)
			}
		}
		x.act(ada, 1, Act{Verb: Reopen, Text: "it is full now"})
		if i, _ := x.folds(1); i.Outcome != "" || len(i.Impact) != 1 {
			t.Errorf("reopened, it is %q with impact %v", i.Outcome, i.Impact)
		}
	})
}
