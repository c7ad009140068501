package postmortem

import (
	"fmt"

	"github.com/stormbell/stormbell/incident"
)

// ForPublic returns the version for readers outside. It is made anew from what the program
// itself knows (times, severities, what was agreed) and from the words that were said to
// the public; no other text that somebody typed is in it, not even the title. The people,
// the decisions, the notifications, the lessons and the open questions are left out.
func (d Document) ForPublic() Document {
	p := Document{
		Name: d.Name, Title: d.outside(), Status: d.Status, State: d.State, Version: d.Version, Sealed: d.Sealed, Severity: d.Severity, Highest: d.Highest,
		Symptom: d.Symptom, Service: d.Service, Outcome: d.Outcome, Test: d.Test, Public: true, SeenBy: d.SeenBy, Impact: d.Impact,
		Measures: d.Measures, Promises: d.Promises, Changes: d.Changes,
	}
	for _, e := range d.Timeline {
		if e.Kind == incident.KindPublic {
			p.Timeline = append(p.Timeline, Entry{Seq: e.Seq, At: e.At, Who: "update", Kind: e.Kind, What: "told the public", Text: e.Text})
		}
	}
	p.Sections = []Section{p.publicHead(), p.publicSummary(), p.publicImpact(), p.publicPromise(), p.publicTimes(), p.publicLog()}
	return p
}

// outside is the title in words of the program.
func (d Document) outside() string {
	return or(d.Service, "A service") + " " + had(d.Symptom)
}

func (d Document) publicHead() Section {
	rows := [][]string{{"Incident", string(d.Status)}, {"Severity", d.Highest}, {"Service", or(d.Service, "nobody said")}}
	if len(d.Changes) > 0 {
		rows = append(rows, []string{"Declared", newClock(nil).full(d.Changes[0].At)})
	}
	if d.Version > 0 {
		rows = append(rows, []string{"Version", fmt.Sprint(d.Version)})
	}
	return Section{ID: "head", Title: "Head", Source: Record, Table: &Table{Head: []string{"What", "Value"}, Rows: rows}}
}

func (d Document) publicSummary() Section {
	line := d.outside() + "."
	if len(d.Changes) > 0 {
		line = "On " + newClock(nil).date(d.Changes[0].At) + ", " + line
	}
	if h := d.hurting(); h.Known {
		line += " Customers were affected for " + h.String() + "."
	}
	return Section{ID: "summary", Title: "Summary", Source: Record, Lines: []string{line}}
}

func (d Document) publicImpact() Section {
	s := Section{ID: "impact", Title: "Impact", Source: Record}
	if len(d.Impact) == 0 {
		s.Lines = []string{"No customers were affected."}
		return s
	}
	s.Table = &Table{Head: []string{"From", "Until", "Length"}}
	c := newClock(nil)
	for _, v := range d.Impact {
		if v.End.IsZero() {
			s.Table.Rows = append(s.Table.Rows, []string{c.full(v.Start), "it lasts", ""})
			continue
		}
		s.Table.Rows = append(s.Table.Rows, []string{c.full(v.Start), c.full(v.End), Span(v.End.Sub(v.Start)).String()})
	}
	return s
}

func (d Document) publicPromise() Section {
	s := Section{ID: "promise", Title: "Promise", Source: Record}
	if len(d.Promises) == 0 {
		s.Lines = []string{"Nothing was agreed for this service."}
		return s
	}
	s.Table = &Table{Head: []string{"Promise", "Target", "Used", "Result"}}
	for _, p := range d.Promises {
		s.Table.Rows = append(s.Table.Rows, []string{or(promiseWords[p.What], p.What), p.Target.String(), p.Used.String(), string(p.State)})
	}
	return s
}

func (d Document) publicTimes() Section {
	s := Section{ID: "times", Title: "Times and changes", Source: Record, Table: &Table{Head: []string{"Time", "Took"}}}
	for _, m := range d.Measures {
		if m.Missing == "" {
			s.Table.Rows = append(s.Table.Rows, []string{m.Name, m.Took.String()})
		}
	}
	c := newClock(nil)
	for _, x := range d.Changes {
		s.List = append(s.List, Item{Lead: c.full(x.At), Text: string(x.Status) + ", " + x.Severity})
	}
	return s
}

func (d Document) publicLog() Section {
	s := Section{ID: "timeline", Title: "What was said to the public", Source: Record}
	c := newClock(nil)
	for _, e := range d.Timeline {
		s.List = append(s.List, Item{Lead: c.full(e.At), Text: e.Text})
	}
	if len(s.List) == 0 {
		s.Lines = []string{"Nothing was said to the public."}
	}
	return s
}
