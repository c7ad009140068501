package postmortem

import (
	"fmt"
	"time"

	"github.com/stormbell/stormbell/incident"
)

func (f *facts) times(d Document) Section {
	s := Section{ID: "times", Title: "Times and changes", Source: Record}
	table := &Table{Head: []string{"Time", "From", "To", "Took"}}
	for _, m := range d.shown() {
		if m.Missing != "" && !f.hurt() {
			continue // of what hit nobody there was nothing to mitigate or resolve
		}
		took := m.Took.String()
		if m.Missing != "" {
			took = m.Missing
		}
		table.Rows = append(table.Rows, []string{m.Name, f.moment(m.From), f.moment(m.To), took})
	}
	if len(table.Rows) > 0 {
		s.Table = table
	}
	at := f.list()
	for _, e := range d.Timeline {
		if change(e.Kind) {
			s.List = append(s.List, item(e, at))
		}
	}
	return s
}

// shown are the durations without those that say another one again: where the first
// mitigation held, it was the only one.
func (d Document) shown() []Measure {
	var list []Measure
	for _, m := range d.Measures {
		if k := len(list) - 1; m.Name == "stable" && k >= 0 && m.To == list[k].To {
			if list[k].Name = "mitigated"; m.Missing != "" {
				list[k].Name = "first mitigated"
			}
			continue
		}
		list = append(list, m)
	}
	return list
}

func (f *facts) moment(m Moment) string {
	switch {
	case m.At.IsZero():
		return "open"
	case m.Seq == 0:
		return m.What + ", " + f.clock.full(m.At)
	default:
		return fmt.Sprintf("%s, %s (event %d)", m.What, f.clock.full(m.At), m.Seq)
	}
}

// change reports whether a kind changes the status or the severity.
func change(k incident.Kind) bool {
	switch k {
	case incident.KindDeclared, incident.KindAcknowledged, incident.KindInvestigate, incident.KindMitigating,
		incident.KindMitigated, incident.KindResolved, incident.KindClosed, incident.KindReopened,
		incident.KindCancelled, incident.KindMerged, incident.KindSeverity, incident.KindHowCorrected:
		return true
	default:
		return false
	}
}

// item shows a timeline entry as a line of a list whose times are shown by at.
func item(e Entry, at func(time.Time) string) Item {
	text := e.Who + ": " + e.What
	if e.Text != "" {
		text += "\n" + e.Text
	}
	return Item{Lead: at(e.At), Text: text}
}

// log is the whole timeline. The date stands where a new day begins in UTC.
func (f *facts) log(d Document) Section {
	s := Section{ID: "timeline", Title: "Timeline", Source: Both}
	day := ""
	for _, e := range d.Timeline {
		it := item(e, f.clock.at)
		if today := e.At.UTC().Format(time.DateOnly); today != day {
			day, it.Lead = today, f.clock.full(e.At)
		}
		s.List = append(s.List, it)
	}
	if len(s.List) == 0 {
		s.Lines = []string{"The timeline is empty."}
	}
	if f.cast.replaced > 0 {
		s.Lines = []string{"Names in typed text are replaced by roles, in brackets."}
	}
	s.Questions = []Question{{ID: "graph", Text: "Which graph or link belongs beside which line?"}}
	return s
}

func (f *facts) fourNotes() Section {
	s := Section{ID: "notes", Title: "What, where, how, when", Source: Both}
	at := f.list()
	for _, q := range incident.Questions() {
		if e, ok := f.firstNote(q.Kind); ok {
			s.List = append(s.List, Item{Lead: string(q.Kind), Text: at(e.At) + ", " + e.Who + "\n" + e.Text})
			continue
		}
		s.Questions = append(s.Questions, Question{ID: "note_" + string(q.Kind), Text: string(q.Kind) + ": " + f.asks(q), Hint: "could know: " + q.Who})
	}
	return s
}

// asks is what a note of a kind would have answered, without what the record has anyway.
func (f *facts) asks(q incident.Question) string {
	if began := f.began(); q.Kind == incident.When && !began.IsZero() {
		return "What else happened when it began, at " + f.clock.at(began) + "?"
	}
	return q.Ask
}

// began is when the impact began, where somebody has said so.
func (f *facts) began() time.Time {
	if len(f.i.Impact) == 0 || !f.i.Impact[0].Start.Before(f.i.Declared) {
		return time.Time{}
	}
	return f.i.Impact[0].Start
}

// firstNote returns the first note of a kind.
func (f *facts) firstNote(k incident.NoteKind) (Entry, bool) {
	for _, n := range f.entries {
		if n.Kind == incident.KindNote && n.Note == k {
			return f.said[n.Seq], true
		}
	}
	return Entry{}, false
}
