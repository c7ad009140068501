package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestNothingToSnooze: the refusal says what happened, and what it tells people to do
// works.
func TestNothingToSnooze(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		snooze := func() error {
			_, err := x.Snooze(background(), Caller{Actor: ada}, 1, time.Hour, "")
			return err
		}
		x.declare(incident.Declaration{Severity: incident.Sev4})
		refused(t, snooze(), "INC-1 is sev4, for which nobody is paged, so there is nothing to snooze.")
		refused(t, snooze(), "raise the severity: sev2 INC-1")
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.act(ada, 1, Act{Verb: SetSeverity, Severity: incident.Sev1, Text: "worse than it looked"})
		refused(t, snooze(), "Ada Okafor acknowledged it when its severity paged nobody, and it was raised to sev1 since.")
		refused(t, snooze(), "unack INC-1, and then snooze it")
		if _, err := x.Unacknowledge(background(), Caller{Actor: ada}, 1); err != nil {
			t.Fatal(err)
		}
		if err := snooze(); err != nil {
			t.Errorf("Snooze() after what the refusal says = %v, want no error", err)
		}
	})
}
