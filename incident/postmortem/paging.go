package postmortem

import (
	"fmt"

	"github.com/stormbell/stormbell/incident"
)

func (f *facts) paging(d Document) Section {
	s := Section{ID: "pages", Title: "Pages", Source: Record}
	if len(d.Pages) == 0 {
		s.Lines = []string{"Nobody was paged."}
		return s
	}
	s.Table = &Table{Head: []string{"To", "By", "Sent", "Answered", "Delay", "Hour there"}}
	for _, p := range d.Pages {
		answered, delay := "no answer", ""
		switch {
		case p.Lost:
			answered = "failed"
		case !p.Answered.IsZero():
			answered, delay = f.clock.list(p.Sent)(p.Answered), p.Delay.String()
		}
		s.Table.Rows = append(s.Table.Rows, []string{p.To, p.Via, f.clock.full(p.Sent), answered, delay, p.Band})
	}
	s.List = f.pageChanges()
	return s
}

// pageChanges are the steps of the escalation, the moves to other services and the pages
// that waited for a morning.
func (f *facts) pageChanges() []Item {
	var list []Item
	at := f.list()
	for _, e := range f.events {
		switch {
		case e.Kind == incident.KindStep && e.Step > 1 && e.Person == "":
			list = append(list, Item{Lead: at(e.At), Text: fmt.Sprintf("Nobody had answered: the escalation went on to step %d.", e.Step)})
		case e.Kind == incident.KindService && e.Was != "":
			list = append(list, Item{Lead: at(e.At), Text: "Moved from " + or(f.service(e.Was), "no service") + " to " + or(f.service(e.Service), "no service") + "."})
		case e.Kind == incident.KindExhausted:
			list = append(list, Item{Lead: at(e.At), Text: "Nobody had answered any step of the escalation."})
		}
		for _, sk := range e.Skipped {
			if sk.Person != "" && !sk.Until.IsZero() {
				list = append(list, Item{Lead: at(e.At), Text: "The page to " + f.cast.label(sk.Person) + " waited until " + f.clock.full(sk.Until) + "."})
			}
		}
	}
	return list
}
