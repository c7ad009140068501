package incident

import (
	"slices"
	"testing"
	"time"
)

// history is an incident with its timeline.
type history struct {
	t      *testing.T
	i      Incident
	events []Event
}

func (h *history) does(c Change, err error) {
	h.t.Helper()
	h.i, h.events = does(h.t, c, err), append(h.events, c.Events...)
}

func historyOf(t *testing.T, s Severity) *history {
	t.Helper()
	h := &history{t: t}
	c, err := Declare(1, Declaration{Title: "card payments fail", Severity: s, Service: "checkout"}, eve, start)
	h.does(c, err)
	h.does(h.i.Acknowledge(ada, minute(1)))
	return h
}

// TestWatchOf reads from timelines until when what is mitigated is watched.
func TestWatchOf(t *testing.T) {
	tests := []struct {
		name  string
		sev   Severity
		then  func(h *history)
		until time.Time // zero: nobody is asked
		over  bool
	}{
		{"sev1", Sev1, func(*history) {}, minute(70), false},
		{"sev2", Sev2, func(*history) {}, minute(40), false},
		{"sev3", Sev3, func(*history) {}, minute(25), false},
		{"sev4", Sev4, func(*history) {}, time.Time{}, false},
		{"raised meanwhile", Sev3, func(h *history) { h.does(h.i.SetSeverity(Sev1, "", ada, minute(12))) }, minute(70), false},
		{"lowered meanwhile", Sev1, func(h *history) { h.does(h.i.SetSeverity(Sev2, "", ada, minute(12))) }, minute(70), false},
		{"lowered to sev4", Sev1, func(h *history) { h.does(h.i.SetSeverity(Sev4, "", ada, minute(12))) }, time.Time{}, false},
		{"corrected", Sev2, func(h *history) { h.does(h.i.Mitigate(ada, "restart", "", minute(20))) }, minute(40), false},
		{"over", Sev2, func(h *history) { h.does(h.i.Watched(minute(40)), nil) }, minute(40), true},
		{"longer", Sev2, func(h *history) {
			h.does(h.i.Watched(minute(40)), nil)
			h.does(h.i.WatchMore(h.i.Events, WatchOf(h.events), ada, minute(45)))
		}, minute(75), false},
		{"back", Sev2, func(h *history) { h.does(h.i.Investigate(ada, "it is back", minute(20))) }, time.Time{}, false},
		{"mitigated twice", Sev2, func(h *history) {
			h.does(h.i.Mitigating(ada, "it is back", minute(20)))
			h.does(h.i.Mitigate(ada, "restart", "", minute(30)))
		}, minute(60), false},
		{"resolved", Sev2, func(h *history) { h.does(h.i.Resolve(ada, "", minute(20))) }, time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := historyOf(t, tt.sev)
			h.does(h.i.Mitigate(ada, "rollback", "", minute(10)))
			tt.then(h)
			w := WatchOf(h.events)
			if !w.Until.Equal(tt.until) || (w.Asked > 0) != tt.over {
				t.Errorf("watched until %v, over %v; want %v, %v", w.Until, w.Asked > 0, tt.until, tt.over)
			}
			if want := map[bool]time.Time{false: tt.until}[tt.over]; !w.Due().Equal(want) {
				t.Errorf("asked %v, want %v", w.Due(), want)
			}
		})
	}
}

func TestWatchMoreIsAskedOnce(t *testing.T) {
	h := historyOf(t, Sev2)
	h.does(h.i.Mitigate(ada, "rollback", "", minute(10)))
	h.does(h.i.Watched(minute(40)), nil)
	asked := h.i.Events
	h.does(h.i.WatchMore(asked, WatchOf(h.events), ada, minute(41)))
	if _, err := h.i.WatchMore(asked, WatchOf(h.events), ada, minute(41)); !refuses(err) {
		t.Errorf("pressed twice: %v, want a refusal", err)
	}
	h.does(h.i.Watched(minute(71)), nil)
	if _, err := h.i.WatchMore(asked, WatchOf(h.events), ada, minute(72)); !refuses(err) {
		t.Errorf("on an older message: %v, want a refusal", err)
	}
	h.does(h.i.Resolve(ada, "", minute(75)))
	if _, err := h.i.WatchMore(h.i.Events, WatchOf(h.events), ada, minute(76)); !refuses(err) {
		t.Errorf("of what is resolved: %v, want a refusal", err)
	}
}

func TestBackToMitigatingTakesAReason(t *testing.T) {
	h := historyOf(t, Sev2)
	h.does(h.i.Mitigate(ada, "rollback", "", minute(10)))
	if _, err := h.i.Mitigating(ada, "", minute(20)); !refuses(err) {
		t.Errorf("without a reason: %v, want a refusal", err)
	}
	h.does(h.i.Mitigating(ada, "rolling back further", minute(20)))
	if len(h.i.Impact) != 2 || !h.i.Impact[1].Start.Equal(minute(20)) {
		t.Errorf("impact %v; want a second interval", h.i.Impact)
	}
}

// TestS05ReliefListsEveryAction reads from a timeline what was changed, how it is undone
// and what is still temporary.
func TestS05ReliefListsEveryAction(t *testing.T) {
	h := historyOf(t, Sev2)
	h.does(h.i.Note(What, "error rate at 12 %", ada, minute(2)))
	h.does(h.i.Note(HowNote, "the pool is empty after each deploy", ada, minute(3)))
	h.does(h.i.Note(HowNote, "said by mistake", ada, minute(3)))
	hidden := h.i.Events
	h.does(h.i.Note(Decision, "roll back, keep the data", ada, minute(4)))
	h.does(h.i.Mitigating(ada, "rolling back to 430", minute(5)))
	h.does(h.i.MitigateBy(ada, Mitigation{How: Rollback, Text: "to 430", Undo: "deploy 431"}, minute(10)))
	h.does(h.i.MitigateBy(ada, Mitigation{Undo: "deploy 431 with the flag off"}, minute(11)))
	h.does(h.i.Investigate(ada, "it is back", minute(20)))
	h.does(h.i.MitigateBy(ada, Mitigation{How: Restart, Text: "the pool", Undo: "nothing to undo"}, minute(30)))
	h.does(h.i.Record(minute(31), Event{Kind: KindHidden, Of: hidden, Text: "wrong incident"}), nil)
	r := h.i.ReliefOf(h.events)
	var got []string
	for _, n := range r.Changed {
		got = append(got, n.Text)
	}
	want := []string{"the pool is empty after each deploy", "roll back, keep the data", "rolling back to 430", "to 430", "", "it is back", "the pool"}
	if !slices.Equal(got, want) {
		t.Errorf("changed %q, want %q", got, want)
	}
	if want := []string{"deploy 431 with the flag off", "nothing to undo"}; !slices.Equal(r.Undo, want) {
		t.Errorf("undo %q, want %q", r.Undo, want)
	}
	h.does(h.i.MitigateBy(ada, Mitigation{Undo: "log in with hunter2"}, minute(32)))
	secret := slices.IndexFunc(h.events, func(e Event) bool { return e.Undo == "log in with hunter2" })
	h.does(h.i.Hide(Entries(h.events), h.events[secret].Seq, "a password", ada, minute(33)))
	if r := h.i.ReliefOf(h.events); slices.Contains(r.Undo, "log in with hunter2") {
		t.Errorf("undo has what was hidden: %q", r.Undo)
	}
	if len(r.Temporary) != 1 || r.Temporary[0].ID != "INC-1-F1" {
		t.Errorf("temporary %v, want INC-1-F1 alone", r.Temporary)
	}
	h.does(h.i.FinishFollowUp("INC-1-F1", "https://git.example/change/431", ada, minute(40)))
	if r := h.i.ReliefOf(h.events); len(r.Temporary) != 0 || len(r.Ended) != 1 {
		t.Errorf("after it is done: temporary %v, ended %v", r.Temporary, r.Ended)
	}
}
