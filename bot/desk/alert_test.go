package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

func firing(key string) alert.Alert {
	return alert.Alert{Key: key, Status: alert.Firing, Title: "p99 above 3 s", Severity: alert.Sev3, Service: "checkout", Source: "event"}
}

func over(key string) alert.Alert {
	a := firing(key)
	a.Status = alert.Over
	return a
}

// TestAlerts follows alerts through the life of an incident, step by step.
func TestAlerts(t *testing.T) {
	inBubble(t, func(x *fixture) {
		worse := firing("a")
		worse.Severity = alert.Sev1
		steps := []struct {
			name  string
			alert alert.Alert
			do    func()
			want  AlertResult
		}{
			{"an end without a beginning", over("a"), nil, AlertResult{0, alert.Suppressed}},
			{"the first", firing("a"), nil, AlertResult{1, alert.Opened}},
			{"again", firing("a"), nil, AlertResult{1, alert.Joined}},
			{"another key", firing("b"), nil, AlertResult{2, alert.Opened}},
			{"worse", worse, nil, AlertResult{1, alert.Joined}},
			{"over", over("a"), nil, AlertResult{1, alert.Ended}},
			{"over again", over("a"), nil, AlertResult{1, alert.Suppressed}},
			{"back", firing("a"), nil, AlertResult{1, alert.Joined}},
			{"after the merge: the whole", firing("b"), func() { x.act(ada, 2, Act{Verb: Merge, Into: 1}) }, AlertResult{1, alert.Joined}},
			{"the end of a part is not the whole's", over("b"), nil, AlertResult{1, alert.Ended}},
			{"after the end", firing("a"), func() { x.act(ada, 1, Act{Verb: Resolve}) }, AlertResult{3, alert.Opened}},
			{"the part after the end", firing("b"), nil, AlertResult{4, alert.Opened}},
		}
		for _, step := range steps {
			if step.do != nil {
				step.do()
			}
			got, err := x.Alert(background(), "monitor", step.alert)
			if err != nil || got != step.want {
				t.Errorf("%s: Alert() = %+v, %v; want %+v", step.name, got, err, step.want)
			}
		}
		i, events := x.folds(1)
		if i.Severity != incident.Sev1 || i.Highest != incident.Sev1 {
			t.Errorf("severity %s, want sev1 from the worse alert", i.Severity)
		}
		if i.AlertOver {
			t.Error("the incident's alert counts as over, since that of a part is")
		}
		if n := slices.IndexFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindAlertOver }); n < 0 {
			t.Error("the timeline does not say that the sender says it is over")
		}
	})
}

// TestRepeatKeepsWhatPeopleLowered: an alert that says again what it said before
// leaves the severity to people; one that says worse raises it.
func TestRepeatKeepsWhatPeopleLowered(t *testing.T) {
	inBubble(t, func(x *fixture) {
		a := firing("a")
		send := func(s incident.Severity) {
			a.Severity = alert.Severity(s)
			if _, err := x.Alert(background(), "monitor", a); err != nil {
				t.Fatal(err)
			}
		}
		is := func(when string, want incident.Severity) {
			if i, _ := x.folds(1); i.Severity != want {
				t.Errorf("%s: %s, want %s", when, i.Severity, want)
			}
		}
		send(incident.Sev2)
		x.act(ada, 1, Act{Verb: SetSeverity, Severity: incident.Sev3})
		send(incident.Sev2)
		is("a repeat", incident.Sev3)
		if _, err := x.Alert(background(), "monitor", over("a")); err != nil {
			t.Fatal(err)
		}
		send(incident.Sev2)
		is("over and back", incident.Sev3)
		send(incident.Sev1)
		is("worse than ever", incident.Sev1)
		x.act(ada, 1, Act{Verb: SetSeverity, Severity: incident.Sev4})
		send(incident.Sev2)
		send(incident.Sev1)
		is("no worse than before", incident.Sev4)

		err := x.db.Update(background(), func(tx *storage.Tx) error { // as an earlier version wrote it
			r, err := storage.Load[alertRecord](tx, alertKey("a"))
			r.Said = 0
			return errors.Join(err, storage.Save(tx, alertKey("a"), r))
		})
		if err != nil {
			t.Fatal(err)
		}
		send(incident.Sev1)
		is("after an upgrade", incident.Sev4)

		x.act(ada, 1, Act{Verb: Resolve})
		send(incident.Sev3)
		send(incident.Sev2)
		if i, _ := x.folds(2); i.Severity != incident.Sev2 {
			t.Errorf("the next incident: %s, want sev2: it begins anew", i.Severity)
		}
	})
}

// TestStormOfOneAlert sends the same alert ten thousand times.
func TestStormOfOneAlert(t *testing.T) {
	inBubble(t, func(x *fixture) {
		a := firing("a")
		a.Severity = alert.Sev2
		together(50, func(int) {
			for range 200 {
				if _, err := x.Alert(background(), "monitor", a); err != nil {
					t.Error(err)
				}
			}
		})
		_, events := x.folds(1)
		if list, _ := x.Active(background(), incident.Bot); len(list) != 1 || len(events) >= 20 {
			t.Errorf("%d incidents, %d events; want 1 and fewer than 20", len(list), len(events))
		}
		pages := slices.DeleteFunc(jobsInStore(x), func(j ledger.Job) bool { return j.Kind != ledger.Notify || j.Via != "slack" })
		if len(pages) != 1 {
			t.Errorf("%d pages, want 1", len(pages))
		}
	})
}

func TestAlertWithUnknownService(t *testing.T) {
	inBubble(t, func(x *fixture) {
		a := firing("a")
		a.Service = "chekout"
		a.Details = []alert.KV{{Key: "host", Value: strings.Repeat("<!channel>", 500)}}
		if _, err := x.Alert(background(), "monitor", a); err != nil {
			t.Fatal(err)
		}
		i, events := x.folds(1)
		if i.Service != "checkout" || !strings.Contains(texts(events), "Did you mean checkout?") {
			t.Errorf("service %q; the timeline says %s", i.Service, texts(events))
		}
		if i.DeclaredBy != "alert:monitor" {
			t.Errorf("declared by %q, want the sender", i.DeclaredBy)
		}
	})
}

func TestTwentyAlertsInAMinute(t *testing.T) {
	inBubble(t, func(x *fixture) {
		together(20, func(k int) { x.Alert(background(), "monitor", firing(fmt.Sprint(k))) })
		list, err := x.Active(background(), incident.Bot)
		if err != nil || len(list) != 20 || list[0].Number != 20 || list[19].Number != 1 {
			t.Errorf("Active() = %d incidents from %s on, %v; want 20, the newest first", len(list), list[0].Name(), err)
		}
		x.tick(time.Minute)
	})
}
