package postmortem

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
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
	s.Table, s.List = f.intervals(d), f.written(d)
	if len(d.Impact) > 1 {
		add(fmt.Sprintf("Together %s, in %d stretches.", Span(f.hurting()), len(d.Impact)))
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

// sized is a share or a number of customers, or of what they do.
var sized = pattern.New(`(?i)(?:\b\d[\d.,]* ?%|\b\d[\d.,]*|\b(?:a|one) (?:half|third|quarter|fifth|tenth)|\bhalf|\b(?:one|two|three|four|\d+) (?:in|of|out of) (?:two|three|four|five|six|eight|ten|twenty|\d+))` +
	` (?:(?:of|the|all|our|active) ){0,3}(?:customers?|users?|visitors?|buyers?|accounts?|tenants?|orders?|payments?|purchases?|checkouts?|baskets?|log-?ins?|sign-?ups?|sessions?|refunds?|bookings?)\b`)

// maxSizes is how many of the things that were written about the extent are shown, and
// maxTold how many updates.
const (
	maxSizes = 3
	maxTold  = 4
)

// written are what tells somebody who was not there what customers saw: what was written
// about how many it hit, which is no answer to that question, but what whoever answers it
// begins with; and the updates.
func (f *facts) written(d Document) []Item {
	told := f.updates(d)
	if f.answered("impact") || len(f.i.Hit.Who) > 0 && f.i.Hit.Count > 0 {
		return items(told, f.list())
	}
	list := f.sizes(d)
	for n, x := range told {
		if !slices.ContainsFunc(list, func(o quoted) bool { return o.n == x.n }) {
			list = append(list, told[n])
		}
	}
	slices.SortFunc(list, func(a, b quoted) int { return a.n - b.n })
	return items(list, f.list())
}

// quoted is what somebody wrote or said, and the number of its entry in the timeline.
type quoted struct {
	n    int
	at   time.Time
	text string
}

// items shows the instants of what is left and in order: the day stands where it is not that
// of the one before.
func items(list []quoted, at func(time.Time) string) (all []Item) {
	for _, q := range list {
		all = append(all, Item{Lead: at(q.at), Text: q.text})
	}
	return all
}

// updates are those up to the first one that says that customers are fine again: of
// many, the first and the latest ones.
func (f *facts) updates(d Document) []quoted {
	is := map[int]bool{}
	for _, e := range f.events {
		is[e.Seq] = e.Kind == incident.KindNote && e.Note == incident.Update && e.By.Human()
	}
	var list []quoted
	for n, e := range d.Timeline {
		if !is[e.Seq] {
			continue
		}
		list = append(list, quoted{n, e.At, e.Who + " said: " + strings.TrimSpace(e.Text)})
		if over := f.i.Mitigated; !over.IsZero() && e.At.After(over) {
			break
		}
	}
	if more := len(list) - maxTold; more > 0 {
		list = slices.Delete(list, 1, 1+more)
	}
	return list
}

// sizes are what was written about how many it hit while it lasted, the latest ones.
func (f *facts) sizes(d Document) []quoted {
	var list []quoted
	for n, e := range d.Timeline {
		if e.Kind != incident.KindNote && e.Kind != incident.KindSeverity && e.Kind != incident.KindDeclared {
			continue
		}
		for line := range strings.Lines(e.Text) {
			if line = strings.TrimSpace(line); sized.MatchString(line) {
				list = append(list, quoted{n, e.At, e.Who + " wrote: " + line})
				break
			}
		}
	}
	return list[max(0, len(list)-maxSizes):]
}
