package postmortem

import (
	"fmt"

	"github.com/stormbell/stormbell/incident"
)

func (f *facts) people(d Document) Section {
	s := Section{ID: "people", Title: "People by role", Source: Record}
	if len(d.Roles) > 0 {
		s.Table = &Table{Head: []string{"Role", "From", "Until"}}
	}
	for _, r := range d.Roles {
		until := "the end"
		if !r.Until.IsZero() {
			until = f.clock.full(r.Until)
		}
		role := r.Label
		if r.Role == incident.Responder && role != f.cast.letter(r.who) {
			role += ", responder"
		}
		s.Table.Rows = append(s.Table.Rows, []string{role, f.clock.full(r.From), until})
	}
	s.Lines = []string{
		incident.Count(len(f.i.Involved), "person acted or was paged", "people acted or were paged") + nightWords(woken(d.Pages), len(f.i.Involved)),
	}
	s.List = f.offers()
	return s
}

func nightWords(n, of int) string {
	switch {
	case n == 0:
		return "; nobody was woken."
	case of == 1:
		return ", at night."
	case n == 2 && of == 2:
		return "; both were paged at night."
	case n == of:
		return "; all of them were paged at night."
	case n == 1:
		return "; one of them was paged at night."
	default:
		return fmt.Sprintf("; %d of them were paged at night.", n)
	}
}

// offers say of each offer of a role whether and when it was accepted.
func (f *facts) offers() []Item {
	var list []Item
	at := f.list()
	for n, e := range f.events {
		if e.Kind != incident.KindOffered {
			continue
		}
		text := "The role of " + plain(string(e.Role)) + " was offered to " + f.cast.label(e.Person)
		list = append(list, Item{Lead: at(e.At), Text: text + "; " + f.offerEnd(e, f.events[n+1:]) + "."})
	}
	return list
}

// offerEnd says what became of an offer, by what followed.
func (f *facts) offerEnd(offer incident.Event, after []incident.Event) string {
	for _, e := range after {
		if e.Role != offer.Role {
			continue
		}
		took := Span(e.At.Sub(offer.At)).String()
		switch {
		case e.Kind == incident.KindRole && e.Person == offer.Person:
			return "it was accepted after " + took
		case e.Kind == incident.KindOfferEnded && e.Reason == "declined":
			return "it was declined after " + took
		case e.Kind == incident.KindOfferEnded, e.Kind == incident.KindOffered, e.Kind == incident.KindRole:
			return "it ended unanswered after " + took
		}
	}
	return "nobody answered it"
}
