package postmortem

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// answered is an incident with all that a record can have, whose questions two people have
// answered, and which is published and was told.
func answered(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-10-05T22:50:00Z", incident.Declaration{Title: "Card payments fail for one network", Service: "checkout", Severity: incident.Sev1,
		Symptom: incident.Partial, Function: "card payments"}, cleo)
	r.log(paged(ada, "push", 1), paged(bob, "voice", 1))
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	r.do(r.i.TakeRole(incident.Responder, bob, bob, r.after(time.Minute)))
	r.do(r.i.SetImpact(incident.ImpactSaid{Since: r.now.Add(-20 * time.Minute), Seen: incident.SeenByCustomers,
		Hit: &incident.Hit{Who: []incident.Audience{incident.Customers}, Count: 1200, Source: "the orders dashboard"}}, ada, r.now))
	r.do(r.i.Note("", "where: the handshake with provider A", bob, r.after(3*time.Minute)))
	r.do(r.i.Note(incident.Decision, "Route to provider B\noptions: route to B; add the root\nreason: quickest\nplan b: add the root", ada, r.after(4*time.Minute)))
	r.do(r.i.TakeRole(incident.Commander, bob, ada, r.after(time.Minute)))
	r.do(r.i.TakeRole(incident.Commander, bob, bob, r.after(2*time.Minute)))
	r.do(r.i.MitigateBy(bob, incident.Mitigation{How: incident.Failover, Text: "PAY_ROUTE is B", Undo: "set PAY_ROUTE to A", Team: "checkout"}, r.after(20*time.Minute)))
	r.do(r.i.OpenFollowUp(incident.FollowUp{Title: "Check both handshakes daily", Kind: "detect", Team: "checkout"}, bob, r.after(time.Minute)))
	r.do(r.i.Resolve(bob, "", r.after(time.Hour)))
	r.do(r.i.FinishFollowUp("INC-42-F2", "https://git.example/change/9", ada, r.after(24*time.Hour)))
	r.do(r.i.Review(cleo, cleo, r.after(time.Hour)))
	for _, a := range []struct {
		by             incident.Actor
		question, text string
	}{
		{cleo, "factors", "The list of roots is a file in the image\nThe provider's notice went to a mailbox without readers"},
		{bob, Cue, "Refused handshakes without a request before them"},
		{ada, "lucky", "It began at night"}, {bob, "lucky", "Provider B had room"},
		{cleo, Cause, "A payment provider changed its certificates, and our list did not know the new one."},
	} {
		r.do(r.i.Answer(a.question, a.text, 0, a.by, r.after(5*time.Minute)))
	}
	r.do(r.i.PublishPostmortem(incident.Publication{Sum: "aa", Cause: true}, incident.Record{}, cleo, r.after(time.Minute)))
	r.do(r.i.Sent(1, "", "channel:stakeholders-finance", "", r.now), nil)
	r.do(r.i.Sent(1, ada, "", "no message can be sent to them", r.now), nil)
	ctx := shop(t)
	ctx.Alike = []Precedent{{Name: "INC-6", Title: "Cards of one network are declined", How: incident.Failover, Text: "to provider B, said Bob Marsh"}, {Name: "INC-3", Title: "Payments are slow"}}
	ctx.Told = []string{"#stakeholders-finance", "1 person with an interest"}
	return r.i, r.events, ctx
}

// nearMiss is what nearly happened.
func nearMiss(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "A certificate ends tonight", Service: "edge", Severity: incident.Sev3}, cleo)
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	r.do(r.i.EndAs(incident.NearMiss, "renewed in time", ada, r.after(time.Hour)))
	r.do(r.i.Answer("lucky", "somebody looked at the calendar", 0, ada, r.after(time.Hour)))
	return r.i, r.events, shop(t)
}

// part is a part of another incident.
func part(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Two people want a refund", Service: "checkout"}, cleo)
	r.do(r.i.Merge(incident.Incident{Number: 7}, "the same refunds", cleo, r.after(10*time.Minute)))
	return r.i, r.events, shop(t)
}

// machine matches words of the program, and targets as the roster writes them.
var machine = regexp.MustCompile(`\b[a-z]+_[a-z_]+\b|\b(rotation|team|service|person|policy|channel):\w`)

// TestNoWordsOfTheMachine: the documents have none, whatever happened. What people typed
// may have any.
func TestNoWordsOfTheMachine(t *testing.T) {
	for _, c := range cases {
		i, events, ctx := c.play(t)
		for _, form := range []string{New(i, events, ctx).Markdown(), New(i, events, ctx).Publish(1, "", time.Unix(0, 0)).Markdown()} {
			if found := machine.FindAllString(strings.ReplaceAll(form, `\_`, "_"), -1); found != nil {
				t.Errorf("%s: %q", c.name, found)
			}
		}
	}
}

// TestNoMinutesOfWhatHurtNobody: no impact is counted where there was none, or where it is
// counted with another incident, and nothing is asked about a part.
func TestNoMinutesOfWhatHurtNobody(t *testing.T) {
	for name, play := range map[string]func(*testing.T) (incident.Incident, []incident.Event, Context){"near miss": nearMiss, "part": part} {
		i, events, ctx := play(t)
		d := New(i, events, ctx)
		if len(d.Impact) > 0 || d.section("impact").Table != nil || d.section("promise").Table != nil {
			t.Errorf("%s: it has impact %v and promises %v", name, d.Impact, d.section("promise").Table)
		}
		if questions := d.Questions(); (len(questions) == 0) != (name == "part") {
			t.Errorf("%s: it asks %v", name, questions)
		}
		for _, q := range d.Questions() {
			if q.Asked {
				t.Errorf("%s: %s must be answered", name, q.ID)
			}
		}
	}
	i, events, ctx := part(t)
	if text := New(i, events, ctx).Markdown(); !strings.Contains(text, "part of INC-7") || !strings.Contains(text, "counted with INC-7") {
		t.Errorf("a part does not lead to the whole:\n%s", text)
	}
}

// TestFewQuestions: the severity, the length and what is missing say what is asked, and
// nobody is asked more than five in one go.
func TestFewQuestions(t *testing.T) {
	asked := func(play func(*testing.T) (incident.Incident, []incident.Event, Context)) string {
		i, events, ctx := play(t)
		var ids []string
		for _, q := range New(i, events, ctx).Questions() {
			if q.Asked && len(q.Answers) == 0 {
				ids = append(ids, q.ID)
			}
		}
		return strings.Join(ids, " ")
	}
	for name, c := range map[string]struct {
		play func(*testing.T) (incident.Incident, []incident.Event, Context)
		want string
	}{
		"short sev2":    {short, "impact note_where note_how note_when factors cause"},
		"answered sev1": {answered, "note_what note_how note_when decision_screen harder"},
		"near miss":     {nearMiss, ""},
		"sev3":          {clockChange, ""},
	} {
		if got := asked(c.play); got != c.want {
			t.Errorf("%s: asked %q, want %q", name, got, c.want)
		}
	}
	i, events, ctx := long(t)
	for _, who := range []incident.Actor{ada, bob, cleo} {
		if n := len(New(i, events, ctx).For(who, true)); n > askedMost {
			t.Errorf("%s is asked %d questions in one go", who, n)
		}
	}
}

// TestPublishedTextStands: a later version changes nothing of an earlier one.
func TestPublishedTextStands(t *testing.T) {
	i, events, ctx := answered(t)
	draft := New(i, events, ctx)
	d := draft.Publish(1, "", time.Date(2026, 10, 8, 9, 0, 0, 0, time.UTC))
	before := d.Markdown()
	if strings.Contains(before, "an answer is welcome") {
		t.Error("what nobody was asked stands in it")
	}
	if !strings.Contains(before, "version 1, published on 8 October 2026, 09:00 UTC") {
		t.Error("it does not say which version it is")
	}
	draft.Publish(2, "the number", time.Now())
	if d.Markdown() != before {
		t.Error("a later version changes an earlier one")
	}
}

// TestSummaryReads: in the short form what was written with an event stands after a colon,
// the cause is there once somebody has said it, and sections with a comma are told apart.
func TestSummaryReads(t *testing.T) {
	i, events, ctx := answered(t)
	var b strings.Builder
	for _, s := range New(i, events, ctx).Summary() {
		b.WriteString(s.Title + "\n" + strings.Join(s.Lines, "\n") + "\n")
	}
	for _, want := range []string{
		"mitigated it with a failover: PAY_ROUTE is B; to undo it: set PAY_ROUTE to A\n",
		"declared a sev1 incident for Checkout: Card payments fail for one network\n",
		"Cause in plain words\nA payment provider changed its certificates, and our list did not know the new one.\n",
		"5 questions: What, where, how, when; Decisions; What made it hard\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the short form does not have %q:\n%s", want, b.String())
		}
	}
}
