package incident

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// TestTired counts command by day and by night, also over a change of the clocks.
func TestTired(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	local := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, berlin) }
	tests := []struct {
		name        string
		since, want time.Time
	}{
		{"by day", local(6, 10, 0), local(6, 14, 0)},
		{"at night", local(6, 23, 30), local(7, 1, 30)},
		{"from the evening into the night", local(6, 21, 0), local(7, 0, 0)},
		{"late in the evening comes four hours first", local(6, 18, 30), local(6, 22, 30)},
		{"from the night into the day", local(6, 6, 0), local(6, 10, 0)},
		{"the hour that comes twice", local(25, 1, 30), local(25, 1, 30).Add(2 * time.Hour)},
	}
	for _, tt := range tests {
		if got := Tired(tt.since, berlin); !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got.In(berlin), tt.want)
		}
	}
}

func TestCommandSpanBeginsAnewWhenReopened(t *testing.T) {
	h := historyOf(t, Sev2)
	if who, since := h.i.CommandSpan(h.events); who != ada || !since.Equal(minute(1)) {
		t.Errorf("command of %s since %s, want ada since the acknowledgement", who, since)
	}
	h.does(h.i.Resolve(ada, "", minute(30)))
	h.does(h.i.Reopen(ada, "it is back", minute(600)))
	if _, since := h.i.CommandSpan(h.events); !since.Equal(minute(600)) {
		t.Errorf("since %s, want since it was reopened", since)
	}
}

// TestNight reads from timelines what a night asked of somebody.
func TestNight(t *testing.T) {
	from, to := start, start.Add(9*time.Hour)
	paged := func(m int, via string) Event {
		return Event{Kind: KindPaged, Person: ada, Via: via, At: minute(m), By: Bot}
	}
	did := func(m int, who Actor) Event { return Event{Kind: KindAcknowledged, By: who, At: minute(m)} }
	tests := []struct {
		name   string
		events []Event
		drill  bool
		want   Night
	}{
		{"nothing", nil, false, Night{}},
		{"only a mail", []Event{paged(1, "email")}, false, Night{}},
		{"answered the push", []Event{paged(1, "push"), did(2, ada), did(60, ada)}, false, Night{From: minute(1), To: minute(60)}},
		{"answered the call", []Event{paged(1, "push"), paged(3, "voice"), did(4, ada)}, false,
			Night{From: minute(1), To: minute(4), Missed: MissedPage{minute(1), minute(3)}}},
		{"never answered", []Event{paged(1, "push"), paged(3, "voice"), did(9, bob)}, false,
			Night{From: minute(1), Missed: MissedPage{minute(1), minute(3)}}},
		{"no call came", []Event{paged(1, "push"), did(9, bob)}, false, Night{From: minute(1), Missed: MissedPage{At: minute(1)}}},
		{"called at once", []Event{paged(1, "voice"), paged(1, "push"), did(2, ada)}, false, Night{From: minute(1), To: minute(2)}},
		{"a drill", []Event{paged(1, "push"), paged(3, "voice"), did(4, ada)}, true, Night{From: minute(1), To: minute(4)}},
		{"before and after the night", []Event{paged(-5, "push"), paged(9*60, "push")}, false, Night{}},
	}
	for _, tt := range tests {
		var n Night
		n.Add(tt.events, tt.drill, ada, from, to)
		if n != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, n, tt.want)
		}
	}
}
