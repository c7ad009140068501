package postmortem

import (
	"strings"

	"github.com/stormbell/stormbell/incident"
)

func (f *facts) decisions() Section {
	s := Section{ID: "decisions", Title: "Decisions", Source: Record}
	at := f.list()
	options := true
	for _, n := range f.entries {
		if n.Decision == 0 {
			continue
		}
		e := f.said[n.Seq]
		text, named := f.choice(e)
		options = options && named
		for _, o := range n.Objections {
			text += "\nObjection of " + f.said[o.Seq].Who + ": " + f.said[o.Seq].Text
		}
		if after := f.outcome(n.Event); after != "" {
			text += "\nWhat followed: " + after
		}
		s.List = append(s.List, Item{Lead: at(e.At), Text: text})
	}
	if len(s.List) == 0 {
		s.Lines = []string{"No decision was recorded."}
		return s
	}
	s.Questions = []Question{{ID: "decision_screen", Text: "What was on the screen when this was decided?"}}
	if !options {
		s.Questions = append(s.Questions, Question{ID: "decision_options", Text: "Which other options were on the table, and what spoke for them?"})
	}
	return s
}

// outcome says what the record has next after a decision that could have come of it:
// customers were fine again, the trouble came back, or something else was decided first.
func (f *facts) outcome(decision incident.Event) string {
	for _, e := range f.events {
		if e.Seq <= decision.Seq {
			continue
		}
		took := Span(e.At.Sub(decision.At)).String()
		switch {
		case e.Decides():
			return "another decision " + took + " later"
		case e.Kind == incident.KindMitigated, e.Kind == incident.KindResolved && e.How != "":
			return "customers were fine again " + took + " later, " + howWords(e.How, e.Assumed)
		case e.Kind == incident.KindReopened, e.Kind == incident.KindResolved, e.Kind == incident.KindCancelled:
			return ""
		}
	}
	return ""
}

// choice shows a decision in its parts, and reports whether it names its options.
func (f *facts) choice(e Entry) (text string, options bool) {
	c := incident.ParseChoice(e.Text)
	if len(c.Options) == 0 && c.Reason == "" && c.PlanB == "" {
		return e.Who + "\n" + e.Text, false
	}
	text = e.Who
	add := func(head, part string) {
		if part != "" {
			text += "\n" + head + part
		}
	}
	add("", c.Chosen)
	add("Options: ", strings.Join(c.Options, "; "))
	add("Reason: ", c.Reason)
	add("Plan B: ", c.PlanB)
	add("Objections: ", c.Objections)
	return text, len(c.Options) > 0
}
