package incident

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestClosingList says of incidents of each kind what they lack before they can be closed.
func TestClosingList(t *testing.T) {
	at := start.Add(time.Hour)
	whole := Incident{Number: 7, Status: Resolved, Severity: Sev1, Highest: Sev1, How: Rollback, Reviewer: ada, Resolved: at,
		Impact:    []Interval{{start, at}},
		FollowUps: []FollowUp{{ID: "INC-7-F1", Kind: PermanentFix, Team: "payments", Due: at}}}
	for name, c := range map[string]struct {
		change func(*Incident, *Record)
		want   []Item
	}{
		"nothing":              {func(*Incident, *Record) {}, nil},
		"the impact lasts":     {func(i *Incident, _ *Record) { i.Impact = []Interval{{Start: start}} }, []Item{ItemImpact}},
		"no impact":            {func(i *Incident, _ *Record) { i.Impact = nil }, nil},
		"nobody said how":      {func(i *Incident, _ *Record) { i.HowAssumed = true }, []Item{ItemHow}},
		"never mitigated":      {func(i *Incident, _ *Record) { i.How = "" }, []Item{ItemHow}},
		"the public waits":     {func(_ *Incident, r *Record) { r.Public = at.Add(-time.Minute) }, []Item{ItemPublic}},
		"the public knows":     {func(_ *Incident, r *Record) { r.Public = at }, nil},
		"no owner":             {func(i *Incident, _ *Record) { i.Reviewer = "" }, []Item{ItemReview}},
		"waived":               {func(i *Incident, _ *Record) { i.Reviewer, i.Waived = "", "the same as INC-4" }, nil},
		"no follow-up":         {func(i *Incident, _ *Record) { i.FollowUps = nil }, []Item{ItemFollowUps}},
		"none needed":          {func(i *Incident, r *Record) { i.FollowUps, r.NoFollowUps = nil, "it is mended" }, nil},
		"no team":              {func(i *Incident, _ *Record) { i.FollowUps = []FollowUp{{ID: "x", Due: at}} }, []Item{ItemFollowUps}},
		"a person":             {func(i *Incident, _ *Record) { i.FollowUps = []FollowUp{{ID: "x", Due: at, Owner: bob}} }, nil},
		"no date":              {func(i *Incident, _ *Record) { i.FollowUps = []FollowUp{{ID: "x", Team: "payments"}} }, []Item{ItemFollowUps}},
		"done without a date":  {func(i *Incident, _ *Record) { i.FollowUps = []FollowUp{{ID: "x", State: Done}} }, nil},
		"a promise was missed": {func(_ *Incident, r *Record) { r.Missed = []Promise{PromiseAck} }, []Item{ItemPromises}},
		"and accepted":         {func(_ *Incident, r *Record) { r.Missed, r.Accepted = []Promise{PromiseAck}, "all were down" }, nil},
		"and something is done": {func(i *Incident, r *Record) {
			r.Missed, i.FollowUps = []Promise{PromiseAck}, []FollowUp{{ID: "x", Kind: TaskKind, Team: "a", Due: at}}
		}, nil},
		"others wait":          {func(_ *Incident, r *Record) { r.Interested = true }, []Item{ItemStakeholders}},
		"others know":          {func(_ *Incident, r *Record) { r.Interested, r.Informed = true, at }, nil},
		"others need not know": {func(i *Incident, r *Record) { r.Interested, i.Private = true, true }, nil},
		"sev3": {func(i *Incident, _ *Record) {
			*i = Incident{Number: 7, Status: Resolved, Severity: Sev3, Highest: Sev3}
		}, nil},
		"sev4 that was sev2":          {func(i *Incident, _ *Record) { i.Severity, i.Highest, i.Reviewer = Sev4, Sev2, "" }, []Item{ItemReview}},
		"sev3 with a missed promise":  {func(i *Incident, r *Record) { i.Highest, i.Reviewer, r.Missed = Sev3, "", []Promise{PromiseUpdate} }, []Item{ItemReview, ItemPromises}},
		"a drill that is all missing": {func(i *Incident, _ *Record) { *i = Incident{Test: true, Status: Resolved, Highest: Sev1} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			i, r := whole, Record{}
			c.change(&i, &r)
			var got []Item
			for _, g := range i.Missing(r) {
				got = append(got, g.Item)
				if g.Says == "" || g.Mend == "" || strings.HasSuffix(g.Says, ".") {
					t.Errorf("the gap %+v is not said", g)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("missing %v, want %v", got, c.want)
			}
			_, err := i.CloseBy(r, "", ada, at)
			if (err != nil) != (len(c.want) > 0) {
				t.Errorf("CloseBy = %v with %v missing", err, c.want)
			}
			if _, err := i.CloseBy(r, "Anyway: it is late", ada, at); err != nil {
				t.Errorf("close anyway = %v", err)
			}
		})
	}
}

// TestCloseAnyway keeps what was missing, and the reason, which must be given.
func TestCloseAnyway(t *testing.T) {
	i := Incident{Number: 7, Status: Resolved, Highest: Sev1, How: Rollback, Events: 3}
	for _, words := range []string{"anyway", "anyway \u200b", "ANYWAY:"} {
		if _, err := i.CloseBy(Record{}, words, ada, start); err == nil || !strings.Contains(err.Error(), "Say in a sentence") {
			t.Errorf("%q: %v, want to be asked for a reason", words, err)
		}
	}
	c, err := i.CloseBy(Record{}, "anyway the rest is in the review", ada, start)
	if err != nil {
		t.Fatal(err)
	}
	e := c.Events[0]
	if e.Kind != KindClosed || e.Text != "the rest is in the review" || !slices.Equal(e.Left, []Item{ItemReview, ItemFollowUps}) {
		t.Errorf("the event is %+v", e)
	}
	if line, want := (Wording{}).Line(e), "ada closed it anyway, without an owner of the post-mortem, follow-ups with a team and a date: the rest is in the review"; line != want {
		t.Errorf("in words: %q, want %q", line, want)
	}
	if _, err := (Incident{Number: 7, Status: Mitigated, Highest: Sev1}).CloseBy(Record{}, "anyway now", ada, start); err == nil {
		t.Error("what is not resolved was closed")
	}
}

// TestS32AMissedPromiseEndsInAnAnswer takes only an answer that was given after the miss.
func TestS32AMissedPromiseEndsInAnAnswer(t *testing.T) {
	missed := Event{Kind: KindMissed, Promise: PromiseRestore}
	accepted := Event{Kind: KindMissAccepted, Text: "the provider was down"}
	for _, c := range []struct {
		events   []Event
		accepted bool
	}{
		{[]Event{missed}, false}, {[]Event{missed, accepted}, true}, {[]Event{accepted, missed}, false},
		{[]Event{missed, accepted, missed}, false}, {[]Event{missed, missed, accepted}, true},
	} {
		r := RecordOf(c.events)
		if len(r.Missed) != 1 || (r.Accepted != "") != c.accepted {
			t.Errorf("of %d events: %+v, want accepted %t", len(c.events), r, c.accepted)
		}
	}
}
