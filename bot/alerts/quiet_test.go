package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

var byAda = desk.Caller{Actor: ada}

func matching(pairs ...string) []rotation.Matcher {
	var list []rotation.Matcher
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, rotation.Matcher{Label: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// silence makes a silence for so long from now on.
func (r *room) silence(d time.Duration, pairs ...string) Quiet {
	r.t.Helper()
	q, err := r.Silence(r.t.Context(), byAda, matching(pairs...), time.Time{}, time.Now().Add(d), "disk swap")
	if err != nil {
		r.t.Fatalf("Silence() = %v", err)
	}
	return q
}

func (r *room) maintain(service string, d time.Duration) Quiet {
	r.t.Helper()
	q, err := r.Maintain(r.t.Context(), byAda, service, time.Time{}, time.Now().Add(d), "database upgrade")
	if err != nil {
		r.t.Fatalf("Maintain() = %v", err)
	}
	return q
}

// quietNamed returns how one stands, also when it is over.
func (r *room) quietNamed(id string) Quiet {
	r.t.Helper()
	list, err := r.Quiets(r.t.Context(), true)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, q := range list {
		if q.ID == id {
			return q
		}
	}
	r.t.Fatalf("no silence or maintenance %s in %v", id, list)
	return Quiet{}
}

// held returns how many alerts stand in the index of what is held back.
func (r *room) held() int {
	r.t.Helper()
	n := 0
	if err := r.db.View(r.t.Context(), func(tx *storage.Tx) error {
		for range tx.Scan("held/") {
			n++
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// announced returns how often an announcement is to be posted or edited.
func (r *room) announced() int {
	r.t.Helper()
	jobs, err := r.ledger.Unfinished(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, j := range jobs {
		if j.Kind == ledger.Quiet {
			n++
		}
	}
	return n
}

func labelled(key string, pairs ...string) alert.Alert {
	a := firing(key)
	for i := 0; i < len(pairs); i += 2 {
		a.Labels = append(a.Labels, alert.KV{Key: pairs[i], Value: pairs[i+1]})
	}
	return a
}

func TestSilenceHoldsBackAndLetsGo(t *testing.T) {
	inBubble(t, "", func(r *room) {
		q := r.silence(2*time.Hour, "instance", "/db-.*/")
		if q.ID != "s1" {
			t.Errorf("the first silence is %q, want s1", q.ID)
		}
		r.pass(time.Minute)
		if n := r.announced(); n != 0 {
			t.Errorf("%d announcements of a silence that held back nothing, want none", n)
		}
		taken := r.take("am", labelled("a", "instance", "db-7"), labelled("b", "instance", "db-8"), labelled("c", "instance", "web-1"))
		if taken[0].Result != alert.Suppressed || taken[1].Result != alert.Suppressed || taken[2].Result != alert.Opened {
			t.Fatalf("taken %v, want the first two suppressed and the third opened", taken)
		}
		if n := r.announced(); n != 1 {
			t.Errorf("%d announcements, want one when it holds back its first", n)
		}
		r.take("am", labelled("a", "instance", "db-7")) // a reminder
		r.pass(time.Minute)
		if got := r.quietNamed("s1"); got.Held != 2 || r.held() != 2 {
			t.Errorf("held %d, in the index %d, want 2 and 2", got.Held, r.held())
		}
		over := labelled("b", "instance", "db-8")
		over.Status = alert.Over
		r.take("am", over)
		if r.held() != 1 {
			t.Errorf("%d in the index after one is over, want 1", r.held())
		}
		r.reopen()
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		r.act(ada, 1, desk.Act{Verb: desk.Resolve})
		r.act(ada, 1, desk.Act{Verb: desk.Close, Text: "anyway it is over"})
		r.pass(2 * time.Hour)
		if got := r.active(); !slices.Equal(got, []int{2}) {
			t.Fatalf("open after the silence: %v, want INC-2 for the alert that still fires", got)
		}
		if got := r.notifications(2); len(got) == 0 {
			t.Error("nobody is paged for the alert that still fires")
		}
		if got := r.quietNamed("s1"); got.Fired != 1 || !slices.Equal(got.Incidents, []int{2}) || r.held() != 0 {
			t.Errorf("at its end: fired %d in %v, %d in the index; want 1 in [2], 0", got.Fired, got.Incidents, r.held())
		}
		r.tallies(2, 1, 0)
		r.folds(2)
		if list, _ := r.Quiets(r.t.Context(), false); len(list) != 0 {
			t.Errorf("in force after its end: %v", list)
		}
		r.act(ada, 2, desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev4}) // of which nobody promises a word each hour
		r.pass(31 * 24 * time.Hour)
		if list, _ := r.Quiets(r.t.Context(), true); len(list) != 0 {
			t.Errorf("a month later it is still kept: %v", list)
		}
	})
}

func TestMaintenanceInAnOpenIncident(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("am", firing("a"), firing("b"))
		r.act(ada, 1, desk.Act{Verb: desk.Acknowledge})
		r.take("am", over("a"))
		r.maintain("Checkout", time.Hour)
		r.pass(time.Second)
		_, events := r.folds(1)
		if s := texts(events); !strings.Contains(s, "Maintenance of Checkout until") || !strings.Contains(s, "by Ada Okafor: database upgrade") {
			t.Errorf("the incident does not hear of the maintenance:\n%s", s)
		}
		if n := r.announced(); n != 1 {
			t.Errorf("%d announcements at the start, want 1", n)
		}
		// One comes and goes while it holds: nothing of it is counted twice.
		for range 3 {
			r.take("am", firing("a"))
			r.pass(time.Minute)
			r.take("am", over("a"))
			r.pass(time.Minute)
		}
		if v, _ := r.Of(r.t.Context(), 1); v.Tally.Firing != 1 || v.Tally.Over != 1 {
			t.Errorf("the tally is %+v, want 1 firing, 1 over", v.Tally)
		}
		// One that was counted there goes on being counted, and ends there.
		r.take("am", firing("b"))
		r.take("am", over("b"))
		if v, _ := r.Of(r.t.Context(), 1); v.Tally.Firing != 0 || v.Tally.Over != 2 {
			t.Errorf("the tally is %+v, want 0 firing, 2 over", v.Tally)
		}
		r.take("am", firing("a"))
		before := len(r.notifications(1))
		r.pass(time.Hour)
		r.tallies(1, 1, 1)
		if after := len(r.notifications(1)); after == before {
			t.Error("nobody is asked although an alert fires after all were over")
		}
		_, events = r.folds(1)
		if s := texts(events); !strings.Contains(s, "Maintenance of Checkout is over") || !strings.Contains(s, "1 still fires") {
			t.Errorf("the incident does not hear of the end:\n%s", s)
		}
	})
}

func TestEndEarly(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.maintain("checkout", time.Hour)
		r.silence(3*time.Hour, "service", "checkout")
		r.pass(time.Second)
		r.take("am", firing("a"))
		if r.quietNamed("s1").Held != 1 || r.quietNamed("m1").Held != 0 {
			t.Error("the one that ends later does not count the alert")
		}
		if _, err := r.EndQuiet(r.t.Context(), desk.Caller{Actor: bob}, " S1 "); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Second)
		if len(r.active()) != 0 || r.quietNamed("m1").Held != 1 || r.held() != 1 {
			t.Errorf("open %v, held by the maintenance %d, index %d; want none, 1, 1", r.active(), r.quietNamed("m1").Held, r.held())
		}
		if q := r.quietNamed("s1"); q.EndedBy != bob || q.Fired != 0 {
			t.Errorf("ended by %q with %d that fire, want bob and 0", q.EndedBy, q.Fired)
		}
		if _, err := r.EndQuiet(r.t.Context(), desk.Caller{Actor: bob}, "m1"); err != nil {
			t.Fatal(err)
		}
		// Even before anything that follows from the end was done.
		if taken := r.take("am", firing("z")); taken[0].Result == alert.Suppressed {
			t.Error("an alert after the end is held back")
		}
		r.pass(time.Second)
		r.tallies(1, 2, 0)
		if _, err := r.EndQuiet(r.t.Context(), desk.Caller{Actor: bob}, "m1"); err == nil || !strings.Contains(err.Error(), "over since") {
			t.Errorf("ended twice: %v", err)
		}
		if _, err := r.EndQuiet(r.t.Context(), desk.Caller{Actor: bob}, "s9"); err == nil || !strings.Contains(err.Error(), `no silence or maintenance "s9"`) {
			t.Errorf("ended what does not exist: %v", err)
		}
	})
}

func TestQuietIsRefused(t *testing.T) {
	inBubble(t, "", func(r *room) {
		now := time.Now()
		any := matching("instance", "db-7")
		for _, c := range []struct {
			match       []rotation.Matcher
			service     string
			from, until time.Time
			want        string
		}{
			{any, "", time.Time{}, time.Time{}, "needs an end"},
			{any, "", time.Time{}, now.Add(-time.Minute), "in the past"},
			{any, "", now.Add(2 * time.Hour), now.Add(time.Hour), "not after the start"},
			{any, "", time.Time{}, now.Add(30*24*time.Hour + time.Minute), "more than 30 days"},
			{nil, "", time.Time{}, now.Add(time.Hour), "matches nothing"},
			{matching("instance", "/db-(/"), "", time.Time{}, now.Add(time.Hour), "cannot be read"},
			{matching(" ", "x"), "", time.Time{}, now.Add(time.Hour), "label is missing"},
			{nil, "chekout", time.Time{}, now.Add(time.Hour), "Did you mean checkout?"},
			{nil, "edge", time.Time{}, now.Add(31 * 24 * time.Hour), "more than 30 days"},
		} {
			var err error
			if c.service != "" {
				_, err = r.Maintain(r.t.Context(), byAda, c.service, c.from, c.until, "")
			} else {
				_, err = r.Silence(r.t.Context(), byAda, c.match, c.from, c.until, "")
			}
			var refusal *incident.Refusal
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v %s until %v: %v, want a refusal with %q", c.match, c.service, c.until, err, c.want)
			}
		}
		if list, _ := r.Quiets(r.t.Context(), true); len(list) != 0 {
			t.Errorf("something was made all the same: %v", list)
		}
		twice := desk.Caller{Actor: ada, Key: "the same"}
		one, err1 := r.Silence(r.t.Context(), twice, any, time.Time{}, now.Add(time.Hour), "")
		two, err2 := r.Silence(r.t.Context(), twice, any, time.Time{}, now.Add(time.Hour), "")
		if err1 != nil || err2 != nil || one.ID != two.ID {
			t.Errorf("the same request made %s (%v) and %s (%v), want one", one.ID, err1, two.ID, err2)
		}
	})
}

func TestPlannedMaintenance(t *testing.T) {
	inBubble(t, "", func(r *room) {
		now := time.Now()
		if _, err := r.Maintain(r.t.Context(), byAda, "checkout", now.Add(time.Hour), now.Add(2*time.Hour), ""); err != nil {
			t.Fatal(err)
		}
		r.pass(30 * time.Minute)
		if taken := r.take("am", firing("a")); taken[0].Result != alert.Opened || r.announced() != 0 {
			t.Errorf("before it begins: %v, %d announcements; want opened and none", taken, r.announced())
		}
		r.pass(time.Hour)
		if taken := r.take("am", firing("b")); taken[0].Result != alert.Suppressed || r.announced() != 1 {
			t.Errorf("while it lasts: %v, %d announcements; want suppressed and one", taken, r.announced())
		}
	})
}

// TestPeopleAreNotSilenced declares a sev1 of a service in maintenance: what a person
// says is never held back.
func TestPeopleAreNotSilenced(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.maintain("checkout", time.Hour)
		r.silence(time.Hour, "title", "/.*/")
		r.pass(time.Second)
		a, err := r.desk.Declare(r.t.Context(), desk.Caller{Actor: bob}, incident.Declaration{Title: "No payment goes through", Severity: incident.Sev1, Service: "checkout"})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.notifications(a.Incident.Number); len(got) == 0 {
			t.Error("nobody is paged for a sev1 that a person declared")
		}
	})
}

// TestManyHeldBack lets more go at once than one transaction holds, of two senders.
func TestManyHeldBack(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.maintain("checkout", time.Hour)
		var one, two []alert.Alert
		for n := range 150 {
			one = append(one, firing(fmt.Sprint("one", n)))
			two = append(two, firing(fmt.Sprint("two", n)))
		}
		worst := firing("worst")
		worst.Severity = alert.Sev1
		r.take("am", append(one, worst)...)
		r.take("grafana", two...)
		if len(r.active()) != 0 || r.held() != 301 {
			t.Fatalf("open %v, held %d; want none and 301", r.active(), r.held())
		}
		r.pass(time.Hour)
		r.pass(10 * time.Second)
		r.tallies(1, 301, 0)
		i, _ := r.folds(1)
		if q := r.quietNamed("m1"); q.Fired != 301 || r.held() != 0 || len(r.active()) != 1 || i.Severity != incident.Sev1 || i.Title != worst.Title {
			t.Errorf("%d let go, %d left, open %v, %s %q; want 301, 0, one, sev1 %q", q.Fired, r.held(), r.active(), i.Severity, i.Title, worst.Title)
		}
		if got := r.notifications(1); len(got) != 1 {
			t.Errorf("%d notifications, want one: %v", len(got), got)
		}
	})
}

func TestRosterSilence(t *testing.T) {
	inBubble(t, "", func(r *room) {
		until := func(d time.Duration) string {
			return "\nalerts:\n  silences: [{match: {instance: db-7}, from: 1999-12-31T00:00:00Z, until: " + time.Now().UTC().Add(d).Format(time.RFC3339) + ", reason: disk swap, by: ada}]\n"
		}
		r.apply(sampleRoster + until(time.Hour))
		r.pass(time.Second)
		list, err := r.Quiets(r.t.Context(), false)
		if err != nil || len(list) != 1 || !list[0].Roster || list[0].What() != "{instance: db-7}" {
			t.Fatalf("listed %v (%v), want the roster's", list, err)
		}
		id := list[0].ID
		if _, err := r.EndQuiet(r.t.Context(), byAda, id); err == nil || !strings.Contains(err.Error(), "is in the roster") {
			t.Errorf("ended from outside the roster: %v", err)
		}
		r.take("am", labelled("a", "instance", "db-7"), labelled("b", "instance", "db-7"))
		if q := r.quietNamed(id); q.Held != 2 || r.announced() != 1 {
			t.Errorf("held %d, %d announcements; want 2 and 1", q.Held, r.announced())
		}
		r.apply(sampleRoster + until(2*time.Hour)) // it is extended
		r.reopen()
		r.pass(90 * time.Minute)
		if len(r.active()) != 0 || r.quietNamed(id).Held != 2 {
			t.Errorf("open %v before the new end, held %d", r.active(), r.quietNamed(id).Held)
		}
		r.apply(sampleRoster) // it is taken out
		r.pass(time.Second)
		r.tallies(1, 2, 0)
		if q := r.quietNamed(id); q.EndedBy != incident.Bot || q.Fired != 2 {
			t.Errorf("ended by %q, fired %d; want the bot and 2", q.EndedBy, q.Fired)
		}
	})
}

// TestEndWhileDown has the end come while nothing runs: what was held back is taken up
// at the start.
func TestEndWhileDown(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.maintain("checkout", time.Hour)
		r.pass(time.Second)
		r.take("am", firing("a"))
		time.Sleep(3 * time.Hour) // no tick
		r.reopen()
		r.pass(time.Second)
		r.tallies(1, 1, 0)
		if q := r.quietNamed("m1"); q.Fired != 1 || r.held() != 0 || len(r.notifications(1)) == 0 {
			t.Errorf("fired %d, %d left, paged %v; want 1, 0, somebody", q.Fired, r.held(), r.notifications(1))
		}
	})
}

// TestRosterChangedWhileDown has the roster change where no room of alerts hears of it,
// and bring back what was over.
func TestRosterChangedWhileDown(t *testing.T) {
	inBubble(t, "", func(r *room) {
		written := func(d time.Duration) string {
			return sampleRoster + "\nalerts:\n  maintenance: [{service: checkout, from: 1999-12-31T00:00:00Z, until: " + time.Now().UTC().Add(d).Format(time.RFC3339) + "}]\n"
		}
		other, err := oncall.Open(r.t.Context(), r.ledger, oncall.Options{})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := rotation.Parse("roster.yaml", []byte(written(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		if err := other.ApplyRoster(r.t.Context(), parsed, incident.Bot, ""); err != nil {
			t.Fatal(err)
		}
		r.reopen()
		r.pass(time.Second)
		list, _ := r.Quiets(r.t.Context(), false)
		if len(list) != 1 || r.announced() != 1 {
			t.Fatalf("listed %v, %d announcements; want the roster's and one", list, r.announced())
		}
		r.pass(2 * time.Hour)
		r.apply(written(time.Hour))
		r.pass(time.Second)
		if taken := r.take("am", firing("a")); taken[0].Result != alert.Suppressed || r.quietNamed(list[0].ID).Held != 1 {
			t.Errorf("after it is back: %v, held %d; want suppressed and 1", taken, r.quietNamed(list[0].ID).Held)
		}
		r.pass(2 * time.Hour)
		r.tallies(1, 1, 0)
	})
}

func TestLength(t *testing.T) {
	for word, want := range map[string]time.Duration{"30m": 30 * time.Minute, "2h": 2 * time.Hour, "1d": 24 * time.Hour,
		"1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "90min": 90 * time.Minute, "2H": 2 * time.Hour} {
		if got, ok := Length(word); !ok || got != want {
			t.Errorf("Length(%q) = %v, %t; want %v", word, got, ok, want)
		}
	}
	for _, word := range []string{"", "2", "h", "-2h", "d", "0m", "tomorrow", "-1d", "99999d"} {
		if got, ok := Length(word); ok {
			t.Errorf("Length(%q) = %v, want none", word, got)
		}
	}
}
