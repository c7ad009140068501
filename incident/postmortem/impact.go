package postmortem

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// hurting is the impact until the last event: the record knows nothing later.
func (f *facts) hurting() time.Duration { return f.i.Hurting(f.i.Updated) }

// hurt reports whether minutes of impact are counted here at all: of what was no incident
// there are none, and those of a part are counted with the whole.
func (f *facts) hurt() bool {
	return f.i.Status != incident.Cancelled && f.i.Status != incident.Merged && !f.i.ImpactNone()
}

func (f *facts) impact(d Document) Section {
	s := Section{ID: "impact", Title: "Impact", Source: Both}
	add := func(line string) { s.Lines = append(s.Lines, line) }
	switch {
	case d.Whole != "":
		add("It is counted with " + d.Whole + ".")
	case d.Outcome != "":
		add("None: it was a " + d.Outcome.Words() + ".")
	case f.i.Status == incident.Cancelled:
		add("None: it was no incident.")
	case f.i.ImpactNone():
		add("Nobody was affected.")
	}
	if by := d.SeenBy.Words(); by != "" {
		add("First seen by " + by + ".")
	}
	if !f.hurt() {
		return s
	}
	if sees := seen(d.Symptom, d.Function); sees != "" {
		add("What customers saw: " + sees + ".")
	}
	if d.Hit != "" {
		add("Affected: " + d.Hit + ".")
	}
	s.Table = f.intervals(d)
	if len(d.Impact) > 1 {
		add("Together: " + Span(f.hurting()).String() + ".")
	}
	if d.Measures[0].Missing != "" {
		add("It is counted from the declaration: nobody has said whether it began earlier.")
	}
	text := "How many customers or orders were affected, and where does the number come from?"
	if len(f.i.Hit.Who) == 0 {
		text = "Which customers could not do what? How many, and where does the number come from?"
	}
	if len(f.i.Hit.Who) == 0 || f.i.Hit.Count == 0 {
		s.Questions = append(s.Questions, Question{ID: "impact", Text: text})
	}
	return s
}

// intervals are the stretches of impact as a table.
func (f *facts) intervals(d Document) *Table {
	t := &Table{Head: []string{"From", "Until", "Length"}}
	for _, v := range d.Impact {
		end, until := v.End, f.clock.full(v.End)
		if end.IsZero() {
			end, until = f.i.Updated, "still lasting"
		}
		t.Rows = append(t.Rows, []string{f.clock.full(v.Start), until, Span(end.Sub(v.Start)).String()})
	}
	return t
}
