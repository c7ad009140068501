package desk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// twinsWithin is how long the same words of the same person are the same incident:
// who taps twice on a phone does not have two.
const twinsWithin = 10 * time.Second

// likeMost is among how many of the newest open incidents one like a new one is looked
// for: a storm of alerts must not delay the answer to a person.
const likeMost = 40

// Declare opens an incident. An unknown service does not stop it: the one that the
// title names is taken, or the default one, and the answer and the timeline say so.
func (d *Desk) Declare(ctx context.Context, c Caller, decl incident.Declaration) (Answer, error) {
	return d.act(ctx, c, 0, func(w *work) error { return w.declare(decl) })
}

// DeclareOnce is Declare for what is typed by hand: the same words from the same person
// within ten seconds are the same incident, and the answer is that one, as long as it
// is open.
func (d *Desk) DeclareOnce(ctx context.Context, c Caller, decl incident.Declaration) (Answer, error) {
	return d.act(ctx, c, 0, func(w *work) error {
		what, err := twin(c, decl)
		if err != nil {
			return err
		}
		n, seen, err := w.SeenAs(what, twinsWithin)
		if err != nil {
			return err
		}
		if seen {
			if err := w.open(n); err != nil {
				return err
			}
			if w.twin = w.inc.Status.Active(); w.twin {
				return nil
			}
			w.inc, w.artifacts, w.found = incident.Incident{}, Artifacts{}, Artifacts{}
		}
		if err := w.declare(decl); err != nil {
			return err
		}
		return w.RememberAs(what, w.inc.Number)
	})
}

// twin names a declaration by who says it in which words.
func twin(c Caller, decl incident.Declaration) (string, error) {
	decl.Title = strings.ToLower(strings.Join(strings.Fields(decl.Title), " "))
	b, err := json.Marshal(decl)
	return "declared\x00" + string(c.Actor) + "\x00" + string(b), err
}

func (w *work) declare(decl incident.Declaration) error {
	if err := w.may(incident.DoDeclare); err != nil {
		return err
	}
	w.chooseService(&decl)
	n, err := w.nextNumber()
	if err != nil {
		return err
	}
	w.artifacts.ChannelGivenUp = w.artifacts.ChannelGivenUp || decl.NoChannel
	change, err := incident.Declare(n, decl, w.caller.Actor, w.Now)
	if err != nil {
		return err
	}
	if _, whole := incident.CleanTitle(decl.Title); whole != "" {
		w.notes = append(w.notes, "The title was long; all of it is the first note.")
	}
	if err := w.apply(change); err != nil {
		return err
	}
	for _, note := range w.notes {
		if err := w.remark(note); err != nil {
			return err
		}
	}
	return w.findOwner()
}

// chooseService decides whose the incident is: the service that was named, else the
// one that the title names, else the one whose business function it is, else the
// default.
func (w *work) chooseService(decl *incident.Declaration) {
	asked := decl.Service
	if asked != "" {
		if id, ok := w.who.FindService(asked); ok {
			decl.Service = id
			return
		}
	}
	named, several := w.who.Roster.Mentioned(decl.Title)
	switch f := w.withFunction(decl.Function); {
	case named != nil:
		decl.Service, decl.ServiceBy = named.ID, incident.ByWords
	case f != nil:
		decl.Service, decl.ServiceBy = f.ID, incident.ByFunction
	default:
		decl.Service, decl.ServiceBy = w.who.Roster.Defaults.Service, incident.ByDefault
		if decl.Service == "" {
			decl.ServiceBy = ""
		}
	}
	went := " It went to " + w.who.ServiceName(decl.Service) + "."
	switch {
	case asked != "":
		w.notes = append(w.notes, w.who.NoService(asked).Error()+went)
	case named == nil && len(several) > 1:
		var names []string
		for _, s := range several {
			names = append(names, s.Name)
		}
		w.notes = append(w.notes, "The title names several services: "+incident.FirstOf(names, 5)+"."+went)
	}
}

// withFunction returns the one service that has a business function.
func (w *work) withFunction(function string) *rotation.Service {
	function = strings.TrimSpace(function)
	var found *rotation.Service
	for n, s := range w.who.Roster.Services {
		if function == "" || !slices.ContainsFunc(s.Functions, func(f string) bool { return strings.EqualFold(f, function) }) {
			continue
		}
		if found != nil {
			return nil
		}
		found = &w.who.Roster.Services[n]
	}
	return found
}

// findOwner opens the follow-up that an incident of a service without an owner has: the
// page goes to the fallback today, and must not go there the next time.
func (w *work) findOwner() error {
	s, ok := w.service(w.inc.Service)
	if !ok || w.inc.Test {
		return nil
	}
	if _, owned := w.who.Roster.Team(s.Team); owned {
		return nil
	}
	return w.apply(w.inc.FindOwner(s.Name, w.caller.Actor, w.Now))
}

// Like returns the open incident that is most likely the same as i, of those that
// viewer may see and of the newest.
func (d *Desk) Like(ctx context.Context, viewer incident.Actor, i incident.Incident) (like incident.Incident, ok bool, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		var open []incident.Incident
		for o, err := range openIncidents(tx) {
			if err != nil {
				return err
			}
			if len(open) == likeMost {
				break
			}
			if d.sees(o, viewer) {
				open = append(open, o)
			}
		}
		like, ok = incident.Alike(i, open)
		return nil
	})
	return like, ok, err
}
