package escalation

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// TestClockSet: waits move with the clock, and what belongs to the time of day
// stays on it.
func TestClockSet(t *testing.T) {
	at := func(clock string) time.Time {
		d, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	step := Escalation{State: Triggered, Urgency: High, Pass: 1, Rung: 1, Running: true, StepAt: at("12:00"), Wake: at("12:05"),
		Policy: rotation.Policy{Steps: []rotation.Step{{Wait: 5 * time.Minute}}},
		Rings: []Ring{{Person: "ada", Pending: []Pending{{Via: "sms", At: at("12:03"), After: 3 * time.Minute, Reason: ByRule}},
			Receipts: []Receipt{{Key: "k", Until: at("12:01")}, {Key: "done"}}}}}
	got, moved := step.ClockSet(-time.Hour)
	switch {
	case !moved, !got.StepAt.Equal(at("11:00")), !got.Wake.Equal(at("11:05")), !got.Rings[0].Pending[0].At.Equal(at("11:03")),
		!got.Rings[0].Receipts[0].Until.Equal(at("11:01")), !got.Rings[0].Receipts[1].Until.IsZero():
		t.Errorf("an hour back it is %+v, %t; want every wait an hour earlier", got, moved)
	case !step.Wake.Equal(at("12:05")), !step.Rings[0].Pending[0].At.Equal(at("12:03")):
		t.Errorf("the receiver was changed: %+v", step)
	}

	hours := Escalation{State: Triggered, Urgency: High, Pass: 1, Rung: 1, Cause: StepHours, Wake: at("20:00")}
	if got, _ := hours.ClockSet(time.Hour); !got.Wake.Equal(at("20:00")) {
		t.Errorf("the hours of a step begin at %s, want 20:00 on the clock as before", got.Wake)
	}
	low := Escalation{State: Triggered, Urgency: Low, Pass: 1, Rung: 1, Running: true, StepAt: at("03:00"), RaiseAt: at("09:00"),
		Rings: []Ring{
			{Person: "sleeps", Pending: []Pending{{Via: "slack", At: at("08:00"), Reason: ByRule}, {Via: "push", At: at("08:10"), After: 10 * time.Minute, Reason: ByRule}}},
			{Person: "wakes", Pending: []Pending{{Via: "push", At: at("03:10"), After: 10 * time.Minute, Reason: ByRule}}},
			{Person: "failed", Pending: []Pending{{Via: "push", At: at("03:01"), Reason: ByFailure}}},
		}}
	got, _ = low.ClockSet(-time.Hour)
	for _, want := range []struct {
		what string
		got  time.Time
		at   string
	}{
		{"support hours", got.RaiseAt, "09:00"},
		{"whoever sleeps", got.Rings[0].Pending[0].At, "08:00"},
		{"their second way", got.Rings[0].Pending[1].At, "08:10"},
		{"whoever is awake", got.Rings[1].Pending[0].At, "02:10"},
		{"a way in the place of another", got.Rings[2].Pending[0].At, "02:01"},
	} {
		if !want.got.Equal(at(want.at)) {
			t.Errorf("%s: %s, want %s", want.what, want.got.Format("15:04"), want.at)
		}
	}
	// Three days ahead for a while: what belongs to the time of day comes that many days sooner.
	const back = -(3*24*time.Hour + 5*time.Hour)
	got, _ = low.ClockSet(back)
	if !got.RaiseAt.Equal(at("09:00").AddDate(0, 0, -3)) || !got.Rings[0].Pending[1].At.Equal(at("08:10").AddDate(0, 0, -3)) || !got.Rings[1].Pending[0].At.Equal(at("03:10").Add(back)) {
		t.Errorf("three days and five hours back it is %+v", got)
	}
	if got, _ := hours.ClockSet(back); !got.Wake.Equal(at("20:00").AddDate(0, 0, -3)) {
		t.Errorf("the hours of a step begin at %s, want three days sooner", got.Wake)
	}
	if _, moved := (Escalation{State: Resolved}).ClockSet(time.Hour); moved {
		t.Error("an escalation that is over was moved")
	}
}
