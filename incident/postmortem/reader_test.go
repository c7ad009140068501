package postmortem

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
)

// says reports each of the words that a document does not have.
func says(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the document does not say %q", w)
		}
	}
}

// saysNot reports each of the words that a document has all the same.
func saysNot(t *testing.T, text string, bad ...string) {
	t.Helper()
	for _, w := range bad {
		if strings.Contains(text, w) {
			t.Errorf("the document says %q", w)
		}
	}
}

// TestNothingIsSaidTwice: one mitigation is one line of the times, one person's answer one
// line of what went well, an open note one sentence.
func TestNothingIsSaidTwice(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Checkout is slow", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.log(paged(ada, "push", 1))
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	r.do(r.i.SetImpact(incident.ImpactSaid{Since: r.now.Add(-30 * time.Minute)}, ada, r.after(time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(9*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	text := New(r.i, r.events, shop(t)).Markdown()
	says(t, text, "| mitigated | declared", "Nobody has written yet what was seen first, where it was, how it comes about or what else happened when it began.",
		"when: What else happened when it began, at 12:32 UTC")
	saysNot(t, text, "| stable |", "Still open", "the notification to primary on-call (Checkout) was answered", "## Decisions\n\n##")
}

// TestWordsForTheHoursThatCount: a length of counted hours says so wherever it stands alone.
func TestWordsForTheHoursThatCount(t *testing.T) {
	ctx := shop(t)
	a := *ctx.Agreement
	a.Hours = "Monday to Friday from 08:00 to 18:00"
	a.Counted = func(from, to time.Time) time.Duration { return to.Sub(from) / 2 }
	ctx.Agreement = &a
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Checkout is slow", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(4*time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(16*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	d := New(r.i, r.events, ctx)
	says(t, d.Markdown(), "somebody was on it after 2 min of the hours that count", "10 min of the hours that count until the next word")
	if s := d.kept(); !slices.ContainsFunc(s, func(l string) bool { return strings.Contains(l, "of the hours that count") }) {
		t.Errorf("the short form says %q", s)
	}
}

// TestSeverityAndItsTargets: a target that is the sum of two says how it came about.
func TestSeverityAndItsTargets(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(4*time.Minute)))
	r.do(r.i.SetSeverity(incident.Sev1, "31% of orders fail", ada, r.after(24*time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(16*time.Minute)))
	says(t, New(r.i, r.events, shop(t)).Markdown(), "after 28 min, it became sev1: the targets of sev1 count from then on.")
}

// TestHowMany: what was written about the extent stands beside the question that asks for
// it; figures of machines do not.
func TestHowMany(t *testing.T) {
	for text, shown := range map[string]bool{
		"31% of orders fail":                                    true,
		"Login takes 8 s for a third of users":                  true,
		"Still working on it. About one in three orders fails.": true,
		"3 of 5 payments time out":                              true,
		"about 1,200 customers wrote to us":                     true,
		"the others at 95% memory":                              false,
		"Database pool: 40 in use, 55 waiting":                  false,
		"INC-6 had the same users":                              false,
		"two users are logged in on the test system":            false,
	} {
		r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev2}, cleo)
		r.do(r.i.Note("", text, ada, r.after(4*time.Minute)))
		d := New(r.i, r.events, shop(t))
		list := d.section("impact").List
		if got := len(list) > 0; got != shown {
			t.Errorf("%q: shown %t, want %t", text, got, shown)
		}
		if q, ok := d.Question("impact"); !ok || len(q.Answers) > 0 {
			t.Errorf("%q: whoever knows how many is asked no longer", text)
		}
	}
}

// TestWhatADocumentSaysAboutItself: of a document that is waived or published nothing is
// said to come that never will.
func TestWhatADocumentSaysAboutItself(t *testing.T) {
	ctx := shop(t)
	ctx.Told = []string{"#stakeholders"}
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev3}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(4*time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(16*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	d := New(r.i, r.events, ctx)
	says(t, d.Markdown(), `It is sent to \#stakeholders when it is published.`, "The permanent fix (INC-42-F1: ")
	text := d.Publish(1, "", r.now).Markdown()
	says(t, text, `This version goes to \#stakeholders.`)
	saysNot(t, text, "when it is published")
	r.do(r.i.Waive("known", ada, r.after(time.Minute)))
	text = New(r.i, r.events, ctx).Markdown()
	says(t, text, "It is sent to nobody: no post-mortem is written.")
	saysNot(t, text, "when it is published")
}

// TestPartOfAnother: of an incident that is told of elsewhere no empty heading stands there.
func TestPartOfAnother(t *testing.T) {
	i, events, ctx := part(t)
	text := New(i, events, ctx).Markdown()
	for _, s := range strings.Split(text, "\n## ")[1:] {
		if head, body, _ := strings.Cut(s, "\n"); strings.TrimSpace(body) == "" {
			t.Errorf("nothing stands below %q", head)
		}
	}
	saysNot(t, text, "At least two", "Nobody has written yet")
	saysNot(t, New(i, events, ctx).HTML(), "Where we were lucky")
}

// TestFirstLineSaysTheDay: where it lasted longer than a day, no time stands without one.
func TestFirstLineSaysTheDay(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev3}, cleo)
	r.do(r.i.Note("", "what: nothing answers", ada, r.after(time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(20*time.Hour)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	for _, s := range New(r.i, r.events, shop(t)).Sections {
		if len(s.List) > 0 && s.ID != "timeline" && s.ID != "notes" && !strings.Contains(s.List[0].Lead, " Mar") {
			t.Errorf("%s begins with %q", s.ID, s.List[0].Lead)
		}
	}
}

// TestDecisionInItsParts: objections that were written with a decision are no option of it.
func TestDecisionInItsParts(t *testing.T) {
	c := incident.ParseChoice("Roll back\nOptions: roll back; fix\nObjections: the fix could be quicker; kept as plan B")
	if len(c.Options) != 2 || c.Objections != "the fix could be quicker; kept as plan B" {
		t.Errorf("%+v", c)
	}
	if again := incident.ParseChoice(c.String()); again.Objections != c.Objections || len(again.Options) != 2 {
		t.Errorf("written and read again: %+v", again)
	}
}

// TestWhatWasTyped: the number of a step and how somebody was found are not said twice.
func TestWhatWasTyped(t *testing.T) {
	i, events, ctx := short(t)
	n := len(events)
	add := func(e incident.Event) {
		e.Seq, e.At, e.By = len(events)+1, events[n-1].At.Add(time.Minute), incident.Bot
		events = append(events, e)
	}
	add(incident.Event{Kind: incident.KindStep, Pass: 1, Step: 1, Text: "Step 1: Somebody as rotation:checkout-primary, who is asleep until the morning"})
	add(incident.Event{Kind: incident.KindPaged, Person: ada, Via: "voice", Reason: "by hand"})
	text := New(i, events, ctx).Markdown()
	says(t, text, "came to step 1 of the escalation\\\n  It asked Somebody, who is asleep until the morning")
	saysNot(t, text, "Step 1", "as rotation", "by hand")
}

func TestNightWords(t *testing.T) {
	for _, c := range []struct {
		n, of int
		want  string
	}{{0, 3, "; nobody was woken."}, {1, 1, ", at night."}, {2, 2, "; both were paged at night."}, {1, 2, "; one of them was paged at night."}, {3, 3, "; all of them were paged at night."}, {2, 4, "; 2 of them were paged at night."}} {
		if got := nightWords(c.n, c.of); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.n, c.of, got, c.want)
		}
	}
}

// TestQuestionsOfThoseWhoHaveLeft: what only somebody could know who cannot be asked any
// more is asked of whoever writes the document.
func TestQuestionsOfThoseWhoHaveLeft(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(4*time.Minute)))
	r.do(r.i.Note("", "where: the pool", ada, r.after(time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(16*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	d := New(r.i, r.events, shop(t))
	asked := func(d Document) bool {
		return slices.ContainsFunc(d.For(cleo, true), func(q Question) bool { return q.ID == Cue })
	}
	if asked(d) || !slices.Contains(d.Knowing(), ada) {
		t.Error("what ada could know is not asked of ada alone")
	}
	left := d.Reaching(func(a incident.Actor) bool { return a != ada })
	if !asked(left) || slices.Contains(left.Knowing(), ada) {
		t.Error("ada has left and is asked still")
	}
	if !slices.Contains(d.Knowing(), ada) {
		t.Error("the document itself was changed")
	}
}

// TestWordsInTables: on paper no word of a table is broken but one that fits into no column.
func TestWordsInTables(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(16*time.Minute)))
	r.do(r.i.Note("", "what: a-word-that-is-longer-than-any-column is no plain <b>word</b>", ada, r.after(time.Minute)))
	page := New(r.i, r.events, shop(t)).HTML()
	says(t, page, `<span class="long">a-word-that-is-longer-than-any-column</span> is no plain &lt;b&gt;word`, "th, td { overflow-wrap: break-word }", `<td dir="auto">permanent fix</td>`)
}

// TestAStrangerCanTell: what customers saw, what was promised and kept, who the responders
// were, what has to do with it and what helped stand where somebody looks who was not there.
func TestAStrangerCanTell(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Login is slow again", Service: "checkout", Severity: incident.Sev2}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	note := func(kind incident.NoteKind, text string) { r.do(r.i.Note(kind, text, ada, r.after(time.Minute))) }
	note(incident.What, "Same picture as INC-3 and INC-7-F1")
	note(incident.Update, "Every third login takes a minute.")
	r.do(r.i.Mitigate(ada, "workaround: mails are off", "checkout", r.after(9*time.Minute)))
	note(incident.Update, "Login is fast again.")
	note(incident.Update, "We keep watching.")
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	text := New(r.i, r.events, shop(t)).Markdown()
	says(t, text, "| Promise | kept |", "| Also named | INC-3 |", "| primary on-call (Checkout), responder |",
		" said: Every third login takes a minute.", " said: Login is fast again.", "Until then this stays in place, and is temporary:")
	saysNot(t, text, "said: We keep watching", "Responder B")
	r.do(r.i.FinishFollowUp(r.i.FollowUps[0].ID, "https://example.com/1", ada, r.after(time.Hour)))
	says(t, New(r.i, r.events, shop(t)).Markdown(), "This is what helped until then:")
}

// TestDaysOfWhatWasSaid: of what was said and written over several days each line has its day
// where it is not that of the one before, whatever of it is left out.
func TestDaysOfWhatWasSaid(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Errors", Service: "checkout", Severity: incident.Sev2}, cleo)
	note := func(kind incident.NoteKind, text string, after time.Duration) {
		r.do(r.i.Note(kind, text, ada, r.after(after)))
	}
	note(incident.What, "40 orders fail", time.Hour)
	note(incident.Update, "We are looking.", 22*time.Hour) // Thursday
	note(incident.What, "50 orders fail", time.Hour)
	note(incident.Update, "One.", 23*time.Hour) // Friday
	note(incident.Update, "Two.", time.Hour)
	note(incident.Update, "Three.", time.Hour)
	note(incident.Update, "Four.", time.Hour)
	note(incident.What, "60 orders fail", time.Hour)
	note(incident.What, "70 orders fail", time.Hour)
	var leads []string
	for _, it := range New(r.i, r.events, shop(t)).section("impact").List {
		leads = append(leads, it.Lead[:strings.Index(it.Lead, " (")]+" "+it.Text[strings.Index(it.Text, ": ")+2:])
	}
	want := []string{"Thu 5 Mar, 12:00 UTC We are looking.", "13:00 UTC 50 orders fail", "Fri 6 Mar, 13:00 UTC Two.", "14:00 UTC Three.", "15:00 UTC Four.", "16:00 UTC 60 orders fail", "17:00 UTC 70 orders fail"}
	if diff := cmp.Diff(want, leads); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
