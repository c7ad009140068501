package postmortem

import (
	"fmt"
	"time"

	"github.com/stormbell/stormbell/incident"
)

func (f *facts) times(d Document) Section {
	s := Section{ID: "times", Title: "Times and changes", Source: Record}
	table := &Table{Head: []string{"Time", "From", "To", "Took"}}
	for _, m := range d.Measures {
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
	at := f.clock.list(f.i.Declared)
	for _, e := range d.Timeline {
		if change(e.Kind) {
			s.List = append(s.List, item(e, at))
		}
	}
	return s
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
	at := f.clock.list(f.i.Declared)
	for _, q := range incident.Questions() {
		if e, ok := f.firstNote(q.Kind); ok {
			s.List = append(s.List, Item{Lead: string(q.Kind), Text: at(e.At) + ", " + e.Who + "\n" + e.Text})
			continue
		}
		s.Questions = append(s.Questions, Question{ID: "note_" + string(q.Kind), Text: string(q.Kind) + ": " + q.Ask, Hint: "could know: " + q.Who})
	}
	return s
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
