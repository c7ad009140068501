package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestAnswerToAPageByHand: whoever is asked for while somebody is on it already answers
// as a responder. Who was not asked is told who is on it.
func TestAnswerToAPageByHand(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(ada, 1, Act{Verb: Acknowledge})
		_, err := x.Do(background(), Caller{Actor: bob}, 1, Act{Verb: Acknowledge})
		refused(t, err, "already acknowledged")
		if _, err := x.Page(background(), Caller{Actor: ada}, 1, Call{Target: "bob"}); err != nil {
			t.Fatal(err)
		}
		_, err = x.Do(background(), Caller{Actor: eve}, 1, Act{Verb: Acknowledge})
		refused(t, err, "already acknowledged")
		x.tick(2 * time.Minute)
		x.reopen()
		x.act(bob, 1, Act{Verb: Acknowledge})
		i, _ := x.folds(1)
		if i.AcknowledgedBy != ada || !i.Has(incident.Responder, bob) || i.Holder(incident.Commander) != ada {
			t.Errorf("on it: %s, roles %v; want ada with command, and bob as a responder", i.AcknowledgedBy, i.Roles)
		}
		doc, err := x.Postmortem(background(), incident.Bot, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range doc.Pages {
			if p.Reason != "" && p.Answered.IsZero() {
				t.Errorf("the page %+v has no answer", p)
			}
		}
		_, err = x.Do(background(), Caller{Actor: bob}, 1, Act{Verb: Acknowledge})
		refused(t, err, "already acknowledged")
		x.act(ada, 1, Act{Verb: Resolve})
		_, err = x.Do(background(), Caller{Actor: bob}, 1, Act{Verb: Acknowledge})
		refused(t, err, "INC-1 is resolved")
	})
}

// TestMitigatedPagesNobodyAgain: nobody is woken because nothing happens in what is
// mitigated. Once it hurts again, whoever is on it has to be heard of again.
func TestMitigatedPagesNobodyAgain(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev2})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.tick(20 * time.Minute)
		x.act(ada, 1, Act{Verb: Mitigate, How: incident.Restart})
		x.pages()
		x.tick(5 * time.Minute)
		x.act(ada, 1, Act{Verb: Note, Text: "looks fine"})
		x.tick(8 * time.Hour)
		x.pagesAre("mitigated")
		x.reopen()
		x.tick(time.Hour)
		x.pagesAre("mitigated, after a restart")
		x.act(ada, 1, Act{Verb: Reopen, Text: "it is back"})
		x.tick(29 * time.Minute)
		x.pagesAre("reopened by whoever is on it")
		x.tick(2 * time.Minute)
		x.pagesAre("and nothing heard since", "ada by push", "ada by slack")
	})
}
