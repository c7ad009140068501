package postmortem

import (
	"fmt"

	"github.com/stormbell/stormbell/incident"
)

// The sections below are for people. The record offers facts and questions; it
// never answers. Neither "why" nor "who" occurs in a question: the one asks for
// a defence, the other for somebody to defend himself.

// factors asks for the conditions that were needed together. What the record
// holds becomes a question, not an answer.
func (f *facts) factors(d Document) Section {
	s := Section{ID: "factors", Title: "Contributing factors", Source: People}
	s.Lines = []string{"At least two, as conditions: several were needed together."}
	s.Asks = []Ask{
		{Question: "Which conditions were needed for this to happen?"},
		{Question: "Which conditions made it last as long as it did?"},
	}
	offer := func(fact string) {
		s.Asks = append(s.Asks, Ask{Question: fact + ": was that a factor?"})
	}
	for _, e := range f.events {
		switch e.Kind {
		case incident.KindService:
			offer("at " + f.clock.at(e.At) + " the incident was moved to " + or(f.service(e.Service), "no service"))
		case incident.KindReopened:
			offer("at " + f.clock.at(e.At) + " the trouble was back")
		case incident.KindExhausted:
			offer("at " + f.clock.at(e.At) + " nobody had answered any step of the escalation")
		}
		if len(s.Asks) >= maxOffers {
			return s
		}
	}
	if n := lost(d.Pages); n > 0 {
		offer(count(n, "notification", "notifications") + " failed")
	}
	return s
}

// maxOffers keeps what the record offers readable, however long the incident was.
const maxOffers = 8

func lost(pages []Page) int {
	n := 0
	for _, p := range pages {
		if p.Lost {
			n++
		}
	}
	return n
}

func (f *facts) wentWell(d Document) Section {
	s := Section{ID: "went_well", Title: "What went well", Source: People}
	for _, p := range d.Promises {
		if p.State == Met {
			s.Lines = append(s.Lines, fmt.Sprintf("From the timeline: %s after %s, %s agreed.", p.What, p.Used, p.Target))
		}
	}
	for _, p := range d.Pages {
		if !p.Answered.IsZero() {
			s.Lines = append(s.Lines, fmt.Sprintf("From the timeline: the notification to %s was answered after %s.", p.To, p.Delay))
			break
		}
	}
	s.Asks = []Ask{{Question: "What went better than last time?"}, {Question: "What helped, and can be kept?"}}
	return s
}

func (f *facts) wentHard(d Document) Section {
	s := Section{ID: "went_badly", Title: "What made it hard", Source: People}
	for _, p := range d.Promises {
		if p.State == Missed {
			s.Lines = append(s.Lines, fmt.Sprintf("From the timeline: %s after %s, %s agreed.", p.What, p.Used, p.Target))
		}
	}
	unanswered := 0
	for _, p := range d.Pages {
		if p.Answered.IsZero() {
			unanswered++
		}
	}
	if unanswered > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("From the timeline: %d of %s had no answer.",
			unanswered, count(len(d.Pages), "notification", "notifications")))
	}
	moved := 0
	for _, e := range f.events {
		if e.Kind == incident.KindService {
			moved++
		}
	}
	if moved > 0 {
		s.Lines = append(s.Lines, "From the timeline: moved to another service "+count(moved, "time", "times")+".")
	}
	s.Asks = []Ask{{Question: "What was harder than it needed to be?"}}
	return s
}

func lucky() Section {
	return Section{ID: "lucky", Title: "Where we were lucky", Source: People,
		Asks: []Ask{{Question: "Where were we lucky?", Hint: "what would have made it worse belongs here"}}}
}

func (f *facts) nowAndLater() Section {
	s := Section{ID: "now_later", Title: "Now and later", Source: Both}
	at := f.clock.list(f.i.Declared)
	for _, e := range f.events {
		if e.Kind == incident.KindMitigated {
			text := f.wording().Sentence(e).Did
			if said := f.cast.clean(e.Text); said != "" {
				text += "\n" + said
			}
			s.List = append(s.List, Item{Lead: at(e.At), Text: text})
		}
	}
	if fix, ok := f.permanentFix(); ok {
		s.Lines = append(s.Lines, "The permanent fix is "+plain(fix.ID)+", due on "+f.clock.date(fix.Due)+".")
	}
	s.Asks = []Ask{
		{Question: "What is temporary now, and how is it undone?"},
		{Question: "Is that enough until the permanent fix is done?"},
	}
	return s
}

func (f *facts) followUps() Section {
	s := Section{ID: "action_items", Title: "Follow-ups", Source: Both}
	if len(f.i.FollowUps) > 0 {
		s.Table = &Table{Head: []string{"Name", "Kind", "What", "Team", "Due"}}
	}
	for _, u := range f.i.FollowUps {
		due := "no date"
		if !u.Due.IsZero() {
			due = f.clock.date(u.Due)
		}
		s.Table.Rows = append(s.Table.Rows, []string{
			plain(u.ID), plain(u.KindWords()), f.cast.clean(u.Title), or(f.team(u.Team), "no team"), due,
		})
	}
	s.Asks = []Ask{
		{Question: "What else follows, which team has it, until when, and how can one tell that it is done?"},
		{Question: "What do we accept as it is, and for which reason?"},
	}
	return s
}

func lessons() Section {
	return Section{ID: "lessons", Title: "Lessons", Source: People, Asks: []Ask{
		{Question: "What would help someone in their first week?"},
		{Question: "What made you look there?", Hint: "for someone experienced: the cue that is in no runbook"},
	}}
}

// openQuestions lists which of the four kinds of notes nobody has written.
func (f *facts) openQuestions(Document) Section {
	s := Section{ID: "open", Title: "Open questions", Source: People}
	for _, q := range incident.Open(f.entries) {
		s.Lines = append(s.Lines, "Still open: "+string(q.Kind)+".")
	}
	s.Asks = []Ask{{Question: "What is still not understood?"}}
	return s
}

func cause() Section {
	return Section{ID: "cause", Title: "Cause in plain words", Source: People, Asks: []Ask{
		{Question: "What came together, in up to three sentences that a customer understands?"},
		{Question: "To which stakeholders was it sent, and when?"},
	}}
}
