package incident

import (
	"strings"
	"testing"
	"time"
)

// documentedIncident is one that was resolved a minute ago, with a follow-up that has a team and a
// date.
func documentedIncident(t *testing.T) (Incident, time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	i := declared(t, now, Sev1)
	i = must(t)(i.MitigateBy("person:ada", Mitigation{How: Rollback, Team: "payments"}, now.Add(time.Minute)))
	i = must(t)(i.Resolve("person:ada", "", now.Add(2*time.Minute)))
	return i, now.Add(3 * time.Minute)
}

func declared(t *testing.T, now time.Time, sev Severity) Incident {
	t.Helper()
	return must(t)(Declare(12, Declaration{Title: "Card payments fail", Severity: sev, Service: "payments"}, "person:ada", now))
}

func must(t *testing.T) func(Change, error) Incident {
	return func(c Change, err error) Incident {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c.Incident
	}
}

func wantRefusal(t *testing.T, err error, parts ...string) {
	t.Helper()
	if _, ok := err.(*Refusal); !ok {
		t.Fatalf("%v is no refusal", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// TestPostmortemStates goes through all of them, with what is refused on the way.
func TestPostmortemStates(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	i := declared(t, now, Sev1)
	if got := i.PostmortemState(); got != PostmortemNone {
		t.Errorf("while it hurts: %s", got)
	}
	_, err := i.Answer("cause", "a certificate", 0, "person:ada", now)
	wantRefusal(t, err, "waits", "note")

	i, now = documentedIncident(t)
	if got := i.PostmortemState(); got != PostmortemDraft {
		t.Errorf("resolved: %s", got)
	}
	i = must(t)(i.ToReview("", "person:ada", now))
	if got := i.PostmortemState(); got != PostmortemInReview {
		t.Errorf("in review: %s", got)
	}
	_, err = i.ToReview("", "person:bob", now)
	wantRefusal(t, err, "in review already")
	i = must(t)(i.PublishPostmortem(Publication{Sum: "aa", Cause: true}, Record{}, "person:ada", now))
	if got := i.PostmortemState(); got != PostmortemPublished || i.Postmortem.Version != 1 {
		t.Errorf("published: %s, version %d", got, i.Postmortem.Version)
	}
	_, err = i.PublishPostmortem(Publication{Sum: "aa", Cause: true, Same: true, Reason: "x"}, Record{}, "person:ada", now)
	wantRefusal(t, err, "Nothing has changed")
	_, err = i.PublishPostmortem(Publication{Sum: "bb", Cause: true}, Record{}, "person:ada", now)
	wantRefusal(t, err, "what is corrected")
	i = must(t)(i.PublishPostmortem(Publication{Sum: "bb", Cause: true, Reason: "the number was wrong"}, Record{}, "person:ada", now))
	if i.Postmortem.Version != 2 || i.Postmortem.Sum != "bb" {
		t.Errorf("corrected: %+v", i.Postmortem)
	}

	i, now = documentedIncident(t)
	i = must(t)(i.Waive("it is the same as INC-4", "person:ada", now))
	if got := i.PostmortemState(); got != PostmortemWaived {
		t.Errorf("waived: %s", got)
	}
	i = must(t)(i.Review("person:bob", "person:bob", now))
	if got := i.PostmortemState(); got != PostmortemDraft {
		t.Errorf("somebody writes it after all: %s", got)
	}
}

// TestS06CauseInPlainWords: a post-mortem is not published without the cause in plain words,
// nor without follow-ups that somebody does until a date.
func TestS06CauseInPlainWords(t *testing.T) {
	i, now := documentedIncident(t)
	_, err := i.PublishPostmortem(Publication{Sum: "aa"}, Record{}, "person:ada", now)
	wantRefusal(t, err, "cause in plain words", "postmortem answer cause")
	i.FollowUps[0].Team, i.FollowUps[0].Due = "", time.Time{}
	_, err = i.PublishPostmortem(Publication{Sum: "aa", Cause: true}, Record{}, "person:ada", now)
	wantRefusal(t, err, "INC-12-F1 has no team", "INC-12-F1 has no date")
	i.FollowUps = nil
	_, err = i.PublishPostmortem(Publication{Sum: "aa", Cause: true}, Record{}, "person:ada", now)
	wantRefusal(t, err, "there is no follow-up")
	must(t)(i.PublishPostmortem(Publication{Sum: "aa", Cause: true}, Record{NoFollowUps: "the provider has mended it"}, "person:ada", now))
}

// TestAnswersStand: of each person the latest answer to a question holds, an empty one
// takes it back, and the answers of others stay.
func TestAnswersStand(t *testing.T) {
	i, now := documentedIncident(t)
	var events []Event
	say := func(by Actor, question, text string, before int) {
		t.Helper()
		c, err := i.Answer(question, text, before, by, now)
		if err != nil {
			t.Fatal(err)
		}
		i, events = c.Incident, append(events, c.Events...)
	}
	say("person:ada", "lucky", "it was early", 0)
	say("person:bob", "lucky", "few were awake", 0)
	say("person:ada", "lucky", "it was a Monday", events[0].Seq)
	say("person:bob", "cause", "a certificate", 0)
	say("person:bob", "cause", "", events[3].Seq)
	var got []string
	for _, e := range AnswersOf(events) {
		got = append(got, string(e.By)+" "+e.Question+": "+e.Text)
	}
	if want := "person:ada lucky: it was a Monday|person:bob lucky: few were awake"; strings.Join(got, "|") != want {
		t.Errorf("answers %q, want %q", strings.Join(got, "|"), want)
	}
	_, err := i.Answer("cause", " ", 0, "person:ada", now)
	wantRefusal(t, err, "empty")
}

// TestReviewAt: the mornings on which whoever writes it is reminded, never on a weekend.
func TestReviewAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	since, draft, publish := at("2026-11-27 22:00"), at("2026-11-30 22:00"), at("2026-12-04 22:00") // a Friday
	var last time.Time
	for _, want := range []string{"2026-11-30 09:30", "2026-12-02 09:30", "2026-12-04 09:30", "2026-12-11 09:30", "2026-12-18 09:30"} {
		got := ReviewAt(since, draft, publish, last, berlin)
		if !got.Equal(at(want)) {
			t.Fatalf("after %s: %s, want %s", last.In(berlin), got.In(berlin), want)
		}
		last = got
	}
	if got := ReviewAt(since, time.Time{}, time.Time{}, at("2026-11-30 09:30"), berlin); !got.Equal(at("2026-12-07 09:30")) {
		t.Errorf("without dates, a week later: %s", got.In(berlin))
	}
}

// TestWaivedOrPublished: what is published is not waived any more, and of what is waived no
// review is asked for.
func TestWaivedOrPublished(t *testing.T) {
	i, now := documentedIncident(t)
	published := must(t)(i.PublishPostmortem(Publication{Sum: "aa", Cause: true}, Record{}, "person:ada", now))
	_, err := published.Waive("it is the same as INC-4", "person:ada", now)
	wantRefusal(t, err, "is published")

	waived := must(t)(i.Waive("it is the same as INC-4", "person:ada", now))
	_, err = waived.ToReview("", "person:ada", now)
	wantRefusal(t, err, "waived", "postmortem owner")
}
