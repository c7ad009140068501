package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// TestLife follows alerts through the life of incidents, step by step.
func TestLife(t *testing.T) {
	inBubble(t, "", func(r *room) {
		worse := firing("a")
		worse.Severity = alert.Sev1
		elsewhere := func(key string) alert.Alert { a := firing(key); a.Service = "edge"; return a }
		ended := func(a alert.Alert) alert.Alert { a.Status = alert.Over; return a }
		steps := []struct {
			name     string
			do       func()
			alert    alert.Alert
			incident int
			result   alert.Result
		}{
			{"an end without a beginning", nil, over("a"), 0, alert.Suppressed},
			{"the first", nil, firing("a"), 1, alert.Opened},
			{"again", nil, firing("a"), 1, alert.Joined},
			{"another of its service", nil, firing("b"), 1, alert.Joined},
			{"another of another service", nil, elsewhere("c"), 2, alert.Opened},
			{"worse", nil, worse, 1, alert.Joined},
			{"over", nil, over("a"), 1, alert.Ended},
			{"over again", nil, over("a"), 0, alert.Suppressed},
			{"back", nil, firing("a"), 1, alert.Joined},
			{"after the merge: the whole", func() { r.act(ada, 2, desk.Act{Verb: desk.Merge, Into: 1}) }, elsewhere("c"), 1, alert.Joined},
			{"of the part", nil, ended(elsewhere("c")), 1, alert.Ended},
			{"soon after the end", func() { r.act(ada, 1, desk.Act{Verb: desk.Resolve}) }, firing("a"), 1, alert.Joined},
			{"long after the end", func() { r.act(ada, 1, desk.Act{Verb: desk.Resolve}); r.pass(time.Hour) }, firing("a"), 3, alert.Opened},
			{"a new one joins what is open now", nil, firing("d"), 3, alert.Joined},
			{"long after the last one of the group", func() { r.pass(20 * time.Minute) }, firing("e"), 4, alert.Opened},
		}
		for _, s := range steps {
			if s.do != nil {
				s.do()
			}
			got := r.take("monitor", s.alert)[0]
			if got.Incident != s.incident || got.Result != s.result {
				t.Errorf("%s: INC-%d %s; want INC-%d %s", s.name, got.Incident, got.Result, s.incident, s.result)
			}
			time.Sleep(2 * time.Second)
		}
		if i, _ := r.folds(1); i.Highest != incident.Sev1 {
			t.Errorf("the highest severity is %s, want sev1 from the worse alert", i.Highest)
		}
		if _, events := r.folds(3); !strings.Contains(texts(events), "The same alert was INC-1 before (resolved).") {
			t.Errorf("the new incident does not name the earlier one:\n%s", texts(events))
		}
	})
}

// TestTwoOwners holds that the alerts of one body are routed one by one: two services
// in one group of a sender page two owners.
func TestTwoOwners(t *testing.T) {
	inBubble(t, "", func(r *room) {
		edge := firing("b")
		edge.Service = "edge"
		taken := r.take("alertmanager", firing("a"), edge)
		if taken[0].Incident == taken[1].Incident {
			t.Fatalf("both are INC-%d", taken[0].Incident)
		}
		if got := append(r.notifications(taken[0].Incident), r.notifications(taken[1].Incident)...); !slices.Equal(got, []string{string(ada), string(bob)}) {
			t.Errorf("paged %q, want Ada for Checkout and Bob for the edge", got)
		}
		if _, events := r.folds(2); !strings.Contains(texts(events), "began at the same time") {
			t.Errorf("the second does not name the first:\n%s", texts(events))
		}
	})
}

// TestSameKeyOfTwoSenders: two senders use the same key, and do not know of each other.
func TestSameKeyOfTwoSenders(t *testing.T) {
	inBubble(t, "", func(r *room) {
		other := firing("1")
		other.Service = "edge"
		r.take("nagios", firing("1"))
		r.take("zabbix", other)
		if got := r.take("zabbix", over("1")); got[0].Incident != 2 {
			t.Errorf("the end of the second's is INC-%d's", got[0].Incident)
		}
		r.tallies(1, 1, 0)
		r.tallies(2, 0, 1)
	})
}

// TestAsks holds when an alert that joins asks somebody who has acknowledged, or who
// is still asked.
func TestAsks(t *testing.T) {
	worst := firing("b")
	worst.Severity = alert.Sev1
	worse := firing("a")
	worse.Severity, worse.Started = alert.Sev1, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	ack := func(r *room) { r.act(ada, 1, desk.Act{Verb: desk.Acknowledge}) }
	for _, test := range []struct {
		name  string
		do    func(*room)
		alert alert.Alert
		pages int
		why   string
		also  func(*testing.T, incident.Incident)
	}{
		{"another one while nobody has answered", nil, firing("b"), 0, "", nil},
		{"another one after the acknowledgement", ack, firing("b"), 0, "", nil},
		{"the worst so far after the acknowledgement", ack, worst, 1, "An alert of sev1 fires, the worst so far", nil},
		{"it fires again after all were over", func(r *room) { ack(r); r.take("m", over("a")) }, firing("a"), 1, "An alert fires again after all were over",
			func(t *testing.T, i incident.Incident) {
				if i.AlertOver {
					t.Error("it still counts as over")
				}
			}},
		{"another one after all were over", func(r *room) { ack(r); r.take("m", over("a")) }, firing("b"), 1, "An alert fires again after all were over", nil},
		{"another one after it was mitigated", func(r *room) { ack(r); r.act(ada, 1, desk.Act{Verb: desk.Mitigate, Text: "rollback"}) }, firing("b"), 1, "An alert fires after it was mitigated",
			func(t *testing.T, i incident.Incident) {
				if i.Status != incident.Investigating || len(i.Impact) != 2 {
					t.Errorf("%s with %d intervals of impact; want investigating, the second", i.Status, len(i.Impact))
				}
			}},
		{"a reminder after it was mitigated", func(r *room) { ack(r); r.act(ada, 1, desk.Act{Verb: desk.Mitigate, Text: "rollback"}) }, firing("a"), 0, "", nil},
		{"another one when nobody answered at all", func(r *room) { r.pass(13 * time.Minute) }, firing("b"), 1, "Another alert fires, and nobody has answered yet", nil},
		{"it fires again after a resolve", func(r *room) {
			ack(r)
			r.take("m", over("a"))
			r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		}, firing("a"), 1, "the alert fires again", func(t *testing.T, i incident.Incident) {
			if i.Status != incident.Investigating {
				t.Errorf("it is %s", i.Status)
			}
		}},
		{"it is worse after a resolve", func(r *room) {
			ack(r)
			r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		}, worse, 1, "the alert still fires, and is worse", func(t *testing.T, i incident.Incident) {
			if i.Status != incident.Investigating || i.Severity != incident.Sev1 {
				t.Errorf("it is %s, %s; want investigating, sev1", i.Status, i.Severity)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, "", func(r *room) {
				r.take("m", firing("a"))
				time.Sleep(time.Second)
				if test.do != nil {
					test.do(r)
				}
				time.Sleep(2 * time.Second)
				before := len(r.notifications(1))
				if got := r.take("m", test.alert)[0]; got.Incident != 1 {
					t.Fatalf("it belongs to INC-%d", got.Incident)
				}
				if pages := len(r.notifications(1)) - before; pages != test.pages {
					t.Errorf("%d notifications, want %d", pages, test.pages)
				}
				i, events := r.folds(1)
				if !strings.Contains(texts(events), test.why) {
					t.Errorf("the timeline does not say %q:\n%s", test.why, texts(events))
				}
				b, err := r.desk.Brief(r.t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				if asks := test.pages > 0 && !i.Acked(); strings.Contains(b.Again, test.alert.Title) != asks {
					t.Errorf("what is paged says %q beside the title; it must name %q: %t", b.Again, test.alert.Title, asks)
				}
				if test.also != nil {
					test.also(t, i)
				}
			})
		})
	}
}

// TestRepeatKeepsWhatPeopleLowered: an alert that says again what it said before
// leaves the severity to people; one that says worse raises it.
func TestRepeatKeepsWhatPeopleLowered(t *testing.T) {
	inBubble(t, "", func(r *room) {
		send := func(s alert.Severity) { a := firing("a"); a.Severity = s; r.take("m", a); time.Sleep(2 * time.Second) }
		is := func(when string, want incident.Severity) {
			t.Helper()
			if i, _ := r.folds(1); i.Severity != want {
				t.Errorf("%s: %s, want %s", when, i.Severity, want)
			}
		}
		send(alert.Sev2)
		r.act(ada, 1, desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev3})
		send(alert.Sev2)
		is("a repeat", incident.Sev3)
		r.take("m", over("a"))
		send(alert.Sev2)
		is("over and back", incident.Sev3)
		send(alert.Sev1)
		is("worse than ever", incident.Sev1)
		r.act(ada, 1, desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev4})
		send(alert.Sev2)
		send(alert.Sev1)
		is("no worse than before", incident.Sev4)
	})
}

// TestPartialEnd: of a group that a sender reports together half is over. The incident
// is offered to be resolved when all are.
func TestPartialEnd(t *testing.T) {
	inBubble(t, "", func(r *room) {
		var fires, half, rest []alert.Alert
		for k := range 50 {
			fires = append(fires, firing(fmt.Sprint(k)))
			if k < 25 {
				half = append(half, over(fmt.Sprint(k)))
			} else {
				rest = append(rest, over(fmt.Sprint(k)))
			}
		}
		r.take("m", fires...)
		r.take("m", half...)
		r.tallies(1, 25, 25)
		if i, events := r.folds(1); i.AlertOver {
			t.Errorf("it counts as over with 25 of 50 firing:\n%s", texts(events))
		}
		r.take("m", rest...)
		r.tallies(1, 0, 50)
		if i, events := r.folds(1); !i.AlertOver || !strings.Contains(texts(events), "All 50 alerts are over.") {
			t.Errorf("it does not count as over:\n%s", texts(events))
		}
	})
}

// TestReminders: the same alert with the same start is no event, whatever people have
// done meanwhile.
func TestReminders(t *testing.T) {
	inBubble(t, "", func(r *room) {
		a := firing("a")
		a.Started = time.Now().UTC()
		r.take("m", a)
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		before, _ := r.folds(1)
		for range 20 {
			r.pass(time.Minute)
			r.take("m", a)
		}
		if after, events := r.folds(1); after.Events != before.Events {
			t.Errorf("reminders have made events:\n%s", texts(events[before.Events:]))
		}
		v, err := r.Of(r.t.Context(), 1)
		if err != nil || len(v.Alerts) != 1 || time.Since(v.Alerts[0].Last) > time.Second || v.Alerts[0].Count != 1 {
			t.Errorf("the alert is %+v, %v; want it seen just now, once", v.Alerts, err)
		}
		r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		r.pass(time.Minute)
		if got := r.take("m", a)[0]; got.Incident != 1 || len(r.active()) != 0 {
			t.Errorf("a reminder of what people have resolved a minute ago: %+v, open %v", got, r.active())
		}
		r.pass(time.Hour)
		if got := r.take("m", a)[0]; got.Incident != 2 || got.Result != alert.Opened {
			t.Errorf("it still fires an hour later: %+v; want that somebody is asked", got)
		}
	})
}

// TestFlapping: one that comes and goes all day asks ever more rarely while somebody
// is on it, and its timeline stays short.
func TestFlapping(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"))
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		before := len(r.notifications(1))
		for range 100 {
			time.Sleep(30 * time.Second)
			r.take("m", over("a"))
			time.Sleep(30 * time.Second)
			r.take("m", firing("a"))
		}
		if n := len(r.notifications(1)) - before; n < 3 || n > 6 {
			t.Errorf("%d notifications of one that came back a hundred times, want 3 to 6", n)
		}
		if i, _ := r.folds(1); i.AlertOver || i.Events > 40 {
			t.Errorf("%d events, over %t", i.Events, i.AlertOver)
		}
		r.tallies(1, 1, 0)
	})
}

// TestFlappingEnds: one that came and went, and then stays away, is offered to be
// resolved all the same, once.
func TestFlappingEnds(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"))
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		for range 5 {
			time.Sleep(30 * time.Second)
			r.take("m", over("a"))
			time.Sleep(30 * time.Second)
			r.take("m", firing("a"))
		}
		r.take("m", over("a"))
		offers := func() int {
			_, events := r.folds(1)
			return strings.Count(texts(events), string(incident.KindAlertOver)+":")
		}
		before := offers()
		r.pass(14 * time.Minute)
		if offers() != before {
			t.Error("it is offered before it has stayed away for a while")
		}
		r.pass(25 * time.Minute)
		if i, events := r.folds(1); !i.AlertOver || offers() != before+1 {
			t.Errorf("over %t, %d offers more; want one:\n%s", i.AlertOver, offers()-before, texts(events))
		}
	})
}

// TestResolves: where the roster says so, an incident is resolved when its alerts have
// been over for a while, and not if one is back before.
func TestResolves(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.apply(sampleRoster + "alerts: {over: {do: resolve, after: 10m}}\n")
		r.take("m", firing("a"), firing("b"))
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		r.take("m", over("a"), over("b"))
		r.pass(9 * time.Minute)
		r.take("m", firing("b"))
		r.pass(5 * time.Minute)
		if len(r.active()) != 1 {
			t.Fatal("it is resolved while an alert fires")
		}
		r.take("m", over("b"))
		r.pass(9 * time.Minute)
		if len(r.active()) != 1 {
			t.Fatal("it is resolved too soon")
		}
		r.pass(2 * time.Minute)
		if i, events := r.folds(1); i.Status != incident.Resolved {
			t.Errorf("it is %s:\n%s", i.Status, texts(events))
		}
	})
}

// TestAcknowledgedBySender: a sender says that somebody is on it.
func TestAcknowledgedBySender(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("pagerduty", firing("a"))
		ack := firing("a")
		ack.Status = alert.Acknowledged
		r.take("pagerduty", ack)
		if i, _ := r.folds(1); i.AcknowledgedBy != "alert:pagerduty" || len(i.Roles) != 0 {
			t.Errorf("acknowledged by %q with the roles %v; want the sender, without a role", i.AcknowledgedBy, i.Roles)
		}
		before := len(r.notifications(1))
		r.pass(12 * time.Minute)
		i, events := r.folds(1)
		if n := len(r.notifications(1)); n != before || i.AcknowledgedBy == "" {
			t.Errorf("%d notifications after the acknowledgement, acknowledged by %q:\n%s", n-before, i.AcknowledgedBy, texts(events))
		}
	})
}

// TestQuietPage: an alert of sev4 opens no channel and pages by day, once.
func TestQuietPage(t *testing.T) {
	inBubble(t, "", func(r *room) { // it is midnight
		a := firing("a")
		a.Severity = alert.Sev4
		r.take("m", a)
		if i, _ := r.folds(1); !i.NoChannel || i.Severity != incident.Sev4 {
			t.Errorf("a channel %t, %s; want a sev4 without one", !i.NoChannel, i.Severity)
		}
		r.pass(8 * time.Hour)
		if got := r.notifications(1); len(got) != 0 {
			t.Errorf("at night it has paged %v", got)
		}
		r.pass(12 * time.Hour)
		// Nothing confirms in this test that it was delivered, so the last resort is told too.
		if got := r.notifications(1); !slices.Equal(got, []string{string(ada), "incidents"}) {
			t.Errorf("by day it has paged %v, want Ada, once", got)
		}
	})
}

// TestAcknowledgedInPart: whoever is on the lesser of two alerts, at its sender, is not
// on the worse one, for which people are still asked.
func TestAcknowledgedInPart(t *testing.T) {
	inBubble(t, "", func(r *room) {
		worse, lesser := firing("worse"), firing("lesser")
		worse.Severity, lesser.Severity = alert.Sev1, alert.Sev3
		r.take("alertmanager", worse)
		r.take("pagerduty", lesser)
		ack := alert.Alert{Key: "lesser", Status: alert.Acknowledged}
		r.take("pagerduty", ack)
		r.take("pagerduty", ack)
		i, events := r.folds(1)
		if i.Acked() {
			t.Errorf("acknowledged by %q although a sev1 fires of which that sender knows nothing", i.AcknowledgedBy)
		}
		want := "pagerduty says that somebody is on “" + lesser.Title + "”. A worse alert fires, so people are still asked."
		if n := strings.Count(texts(events), want); n != 1 {
			t.Errorf("%q is said %d times, want once:\n%s", want, n, texts(events))
		}
		worse.Status = alert.Acknowledged
		r.take("alertmanager", worse)
		if i, _ := r.folds(1); !i.Acked() {
			t.Error("not acknowledged although its worst alert is")
		}
	})
}

// TestStorms: ten thousand equal alerts, and ten thousand different ones of one service.
func TestStorms(t *testing.T) {
	for _, test := range []struct {
		name string
		key  func(int) string
		size int
	}{
		{"equal", func(int) string { return "a" }, 1},
		{"different", func(k int) string { return fmt.Sprint(k) }, 2000},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, "", func(r *room) {
				together(50, func(k int) {
					for n := range 40 {
						r.take("m", firing(test.key(40*k+n)))
					}
				})
				if open := r.active(); len(open) != 1 {
					t.Fatalf("%d incidents", len(open))
				}
				if i, events := r.folds(1); i.Events >= 20 {
					t.Errorf("%d events, want fewer than 20:\n%s", i.Events, texts(events))
				}
				if pages := r.notifications(1); len(pages) != 1 {
					t.Errorf("%d pages, want one", len(pages))
				}
				r.tallies(1, test.size, 0)
			})
		})
	}
}

// TestLargeBody: a body of a thousand alerts of a hundred services is taken in whole.
func TestLargeBody(t *testing.T) {
	services := "\n"
	for k := range 100 {
		services += fmt.Sprintf("  - {id: s%d, kind: service, team: payments, policy: payments}\n", k)
	}
	inBubble(t, "", func(r *room) {
		r.apply(strings.Replace(sampleRoster, "defaults:", services[1:]+"defaults:", 1))
		var list []alert.Alert
		for k := range 1000 {
			a := firing(fmt.Sprint(k))
			a.Service = fmt.Sprintf("s%d", k%100)
			list = append(list, a)
		}
		r.take("m", list...)
		if open := r.active(); len(open) != 100 {
			t.Fatalf("%d incidents, want one for each service", len(open))
		}
		for _, n := range r.active() {
			r.tallies(n, 10, 0)
		}
	})
}

// TestResolvesByItself: where the roster says so, an incident is resolved when its
// alerts have been over for a while, and not when one fires again meanwhile.
func TestResolvesByItself(t *testing.T) {
	inBubble(t, "\nalerts: {over: {do: resolve, after: 10m}}\n", func(r *room) {
		r.take("m", firing("a"), firing("b"))
		r.take("m", over("a"), over("b"))
		r.pass(9 * time.Minute)
		r.take("m", firing("b"))
		r.pass(20 * time.Minute)
		if open := r.active(); len(open) != 1 {
			t.Fatalf("open: %v; one alert fires", open)
		}
		r.take("m", over("b"))
		r.pass(9 * time.Minute)
		if open := r.active(); len(open) != 1 {
			t.Fatalf("open: %v; it has been over for nine minutes", open)
		}
		r.reopen()
		r.pass(2 * time.Minute)
		if i, _ := r.folds(1); i.Status != incident.Resolved {
			t.Errorf("it is %s after ten minutes of quiet", i.Status)
		}
	})
}

// TestGroups: what is one incident is what the roster groups by.
func TestGroups(t *testing.T) {
	with := func(key, cluster string) alert.Alert {
		a := firing(key)
		a.Labels = []alert.KV{{Key: "cluster", Value: cluster}}
		return a
	}
	inBubble(t, "\nalerts: {group: {by: [cluster], window: 5m, most: 12m}}\n", func(r *room) {
		got := []int{}
		add := func(a alert.Alert) { got = append(got, r.take("m", a)[0].Incident) }
		add(with("a", "eu"))
		add(with("b", "us"))
		add(with("c", "eu"))
		r.pass(4 * time.Minute)
		add(with("d", "eu")) // each new one keeps it open
		r.pass(4 * time.Minute)
		add(with("e", "eu"))
		r.pass(6 * time.Minute)
		add(with("f", "eu")) // the window has passed
		r.pass(4 * time.Minute)
		add(with("g", "eu"))
		r.pass(4 * time.Minute)
		add(with("h", "eu"))
		r.pass(4*time.Minute + time.Second)
		add(with("i", "eu")) // within the window, but the episode is over
		if want := []int{1, 2, 1, 1, 1, 3, 3, 3, 4}; !slices.Equal(got, want) {
			t.Errorf("the alerts went to %v, want %v", got, want)
		}
	})
}

// TestKeysOfTheRoster: what a key says holds where its sender says nothing.
func TestKeysOfTheRoster(t *testing.T) {
	inBubble(t, "\nalerts: {keys: {edge-only: {service: edge, severity: sev1}}}\n", func(r *room) {
		a := alert.Alert{Key: "a", Status: alert.Firing, Title: "slow", Source: "event"}
		r.take("edge-only", a)
		if i, _ := r.folds(1); i.Service != "edge" || i.Severity != incident.Sev1 {
			t.Errorf("it is %s of %s, want sev1 of the edge", i.Severity, i.Service)
		}
		r.take("another", a)
		if i, _ := r.folds(2); i.Service != "checkout" || i.Severity != incident.Sev2 || !i.Assumed {
			t.Errorf("it is %s of %s, assumed: %t; want an assumed sev2 of checkout", i.Severity, i.Service, i.Assumed)
		}
	})
}

// TestChanges: a change of a service stands in the timelines of its open incidents.
func TestChanges(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"))
		change := alert.Change{Title: "Deployed checkout 4.2.1", Service: "checkout", Source: "pagerduty", Links: []alert.Link{{URL: "https://ci.example/42"}}}
		if _, err := r.Take(r.t.Context(), Key{Name: "ci"}, alert.Body{Changes: []alert.Change{change}}); err != nil {
			t.Fatal(err)
		}
		if _, events := r.folds(1); !strings.Contains(texts(events), "Changed: Deployed checkout 4.2.1 https://ci.example/42") {
			t.Errorf("the timeline does not tell of the change:\n%s", texts(events))
		}
		recent, err := r.Recent(r.t.Context(), "checkout")
		if err != nil || len(recent) != 1 || recent[0].Title != change.Title {
			t.Errorf("recent changes are %+v, %v", recent, err)
		}
	})
}

// TestForgotten: alerts are removed some time after their end, and figures keep how
// many there were.
func TestForgotten(t *testing.T) {
	inBubble(t, "", func(r *room) {
		for k := range 60 {
			r.take("m", firing(fmt.Sprint(k)))
		}
		for k := range 60 {
			r.take("m", over(fmt.Sprint(k)))
		}
		r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		r.pass(100 * 24 * time.Hour)
		v, err := r.Of(r.t.Context(), 1)
		if err != nil || len(v.Alerts) != 0 {
			t.Errorf("%d alerts are left after a hundred days, %v", len(v.Alerts), err)
		}
		err = r.db.View(r.t.Context(), func(tx *storage.Tx) error {
			for _, value := range tx.Scan("alertcount/2000-01/") {
				if !strings.Contains(string(value), `"alerts":60,"fired":60`) {
					t.Errorf("figures keep %s", value)
				}
				return nil
			}
			t.Error("figures keep nothing")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if v.Tally.Over != 60 {
			t.Errorf("the incident does not know any more how many alerts it had: %+v", v.Tally)
		}
		if got := r.take("m", firing("7"))[0]; got.Incident != 2 || got.Result != alert.Opened {
			t.Errorf("one that was forgotten fires: %+v", got)
		}
	})
}

// TestParts: the alerts of an incident that is a part of another one count in the
// whole, and leave with it.
func TestParts(t *testing.T) {
	inBubble(t, "", func(r *room) {
		edge := firing("b")
		edge.Service = "edge"
		r.take("m", firing("a"), edge)
		r.take("m", over("a"))
		if i, _ := r.folds(1); !i.AlertOver {
			t.Fatal("INC-1, whose only alert is over, does not count as over")
		}
		r.act(ada, 2, desk.Act{Verb: desk.Merge, Into: 1})
		if i, _ := r.folds(1); i.AlertOver {
			t.Error("INC-1 counts as over while an alert of its part fires")
		}
		r.tallies(1, 1, 1)
		edge.Status = alert.Over
		r.take("m", edge)
		r.tallies(1, 0, 2)
		if i, _ := r.folds(1); !i.AlertOver {
			t.Error("INC-1 does not count as over although all alerts are")
		}
		edge.Status = alert.Firing
		r.take("m", edge)
		r.tallies(1, 1, 1)
		r.act(ada, 2, desk.Act{Verb: desk.Reopen, Text: "it is not the same"})
		r.tallies(1, 0, 1)
		r.tallies(2, 1, 0)
	})
}

// TestTwiceInABody: an alert that a body says to fire and to be over is over, and the
// incident says so.
func TestTwiceInABody(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"))
		r.take("m", over("a"))
		r.take("m", firing("a"), over("a"))
		r.tallies(1, 0, 1)
		if i, events := r.folds(1); !i.AlertOver {
			t.Errorf("INC-1 does not count as over:\n%s", texts(events))
		}
	})
}

// TestOpenedAgain: what an alert opens again does not count as over.
func TestOpenedAgain(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"))
		r.take("m", over("a"))
		r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		time.Sleep(time.Minute)
		r.take("m", firing("a"))
		if i, _ := r.folds(1); i.AlertOver || !i.Status.Active() {
			t.Errorf("INC-1 is %s, and counts as over: %v", i.Status, i.AlertOver)
		}
	})
}

// TestLeaves: an alert that opens another incident is counted there only.
func TestLeaves(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("m", firing("a"), firing("b"))
		r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		r.pass(2 * time.Hour)
		r.take("m", firing("a"))
		r.tallies(1, 1, 0)
		r.tallies(2, 1, 0)
	})
}

// TestBeganAtTheSameTime: of what began within a minute those of other services are named,
// before a restart and after it.
func TestBeganAtTheSameTime(t *testing.T) {
	inBubble(t, "alerts: {group: {by: [title]}}\n", func(r *room) {
		open := func(service string) int {
			in := firing(fmt.Sprint("a", len(r.active())))
			in.Service = service
			return r.take("prom", in)[0].Incident
		}
		names := func(n int) (list []string) {
			_, events := r.folds(n)
			for _, of := range []string{"INC-1", "INC-2", "INC-3", "INC-4", "INC-5"} {
				for _, e := range events {
					if strings.Contains(e.Text, "began at the same time") && strings.Contains(e.Text, of) {
						list = append(list, of)
					}
				}
			}
			return list
		}
		want := func(n int, of ...string) {
			t.Helper()
			if got := names(n); !slices.Equal(got, of) {
				t.Errorf("INC-%d names %v, want %v", n, got, of)
			}
		}
		want(open("checkout"))
		want(open("checkout"))
		want(open("edge"), "INC-1", "INC-2")
		want(open("checkout"), "INC-3")
		r.reopen()
		want(open("edge"), "INC-1", "INC-2", "INC-4")
		time.Sleep(2 * togetherWithin)
		want(open("checkout"))
	})
}
