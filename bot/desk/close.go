package desk

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Ending is what closing an incident needs: the incident, and what is missing.
type Ending struct {
	Brief
	Record incident.Record
	Gaps   []incident.Gap
}

// Ending returns what incident n lacks before it can be closed.
func (d *Desk) Ending(ctx context.Context, viewer incident.Actor, n int) (Ending, error) {
	b, err := d.Show(ctx, viewer, n)
	if err != nil {
		return Ending{}, err
	}
	e := Ending{Brief: b}
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		events, err := timeline(tx, n)
		e.Record = incident.RecordOf(events)
		return err
	})
	e.Record.Interested = len(b.Service.Stakeholders) > 0
	e.Gaps = b.Incident.Missing(e.Record)
	return e, err
}

// ending reads what the end of the incident needs, as of now.
func (w *work) ending() (incident.Record, error) {
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	r := incident.RecordOf(events)
	if s, ok := w.service(w.inc.Service); ok {
		r.Interested = len(s.Stakeholders) > 0
	}
	return r, err
}

// close closes the incident, or refuses with what is missing.
func (w *work) close(a Act) (incident.Change, error) {
	r, err := w.ending()
	if err != nil {
		return incident.Change{}, err
	}
	return w.inc.CloseBy(r, a.Text, w.caller.Actor, w.Now)
}

// conclude carries out what is said for the end.
func (w *work) conclude(a Act) (incident.Change, error) {
	i, by, now := w.inc, w.caller.Actor, w.Now
	switch a.Verb {
	case Accept:
		return i.AcceptMiss(a.Text, by, now)
	case NoFollowUps:
		return i.NeedsNoFollowUp(a.Text, by, now)
	case Waive:
		return i.Waive(a.Text, by, now)
	default:
		who := a.Person
		if who == "" {
			who = by
		}
		if err := w.mayBeNamed(who); err != nil {
			return incident.Change{}, err
		}
		return i.Review(who, by, now)
	}
}

// Closure is what somebody says in one go when they close an incident. What is empty is
// left as it is.
type Closure struct {
	How         incident.How
	Public      string
	Update      string
	Reviewer    incident.Actor
	Waive       string
	Task        string // something that is to be done yet
	NoFollowUps string
	Accept      string
	Until       string // when the impact was over, as it was typed
	Zone        *time.Location
	Teams       map[string]string    // of follow-ups that have none, by their names
	Dates       map[string]time.Time // and the dates of those that have none
	Anyway      string               // close it whatever is missing then, for this reason
	Text        string
}

// CloseWith records what is said and closes incident n, or does nothing of it.
func (d *Desk) CloseWith(ctx context.Context, c Caller, n int, x Closure) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		for _, a := range x.acts() {
			if err := w.do(a); err != nil {
				return err
			}
		}
		if err := w.owned(x); err != nil {
			return err
		}
		if x.Task != "" {
			f := incident.FollowUp{Title: x.Task}
			if f.Team = w.owner(); f.Team == "" {
				f.Owner = w.caller.Actor
			}
			change, err := w.inc.OpenFollowUp(f, w.caller.Actor, w.Now)
			if err != nil {
				return err
			}
			if err := w.apply(change); err != nil {
				return err
			}
		}
		return w.do(Act{Verb: Close, Text: x.words()})
	})
}

// owned gives follow-ups the teams and the dates that they lack.
func (w *work) owned(x Closure) error {
	var acts []FollowUpAct
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(x.Teams)) {
		acts, ids = append(acts, FollowUpAct{Verb: GiveTask, Team: x.Teams[id]}), append(ids, id)
	}
	for _, id := range slices.Sorted(maps.Keys(x.Dates)) {
		acts, ids = append(acts, FollowUpAct{Verb: DateTask, Due: x.Dates[id]}), append(ids, id)
	}
	for k, a := range acts {
		change, err := w.decideFollowUp(ids[k], a)
		if err != nil {
			return err
		}
		if err := w.apply(change); err != nil {
			return err
		}
	}
	return nil
}

func (x Closure) words() string {
	if x.Anyway != "" {
		return "anyway " + x.Anyway
	}
	return x.Text
}

// acts are the acts before the last one.
func (x Closure) acts() []Act {
	var list []Act
	add := func(said bool, a Act) {
		if said {
			list = append(list, a)
		}
	}
	add(x.Until != "", Act{Verb: SetImpact, Impact: Impact{Until: x.Until}, Zone: x.Zone})
	add(x.How != "", Act{Verb: Mitigate, How: x.How})
	add(x.Public != "", Act{Verb: Publish, Text: x.Public})
	add(x.Update != "", Act{Verb: Note, Note: incident.Update, Text: x.Update})
	add(x.Reviewer != "", Act{Verb: Review, Person: x.Reviewer})
	add(x.Waive != "" && x.Reviewer == "", Act{Verb: Waive, Text: x.Waive})
	add(x.NoFollowUps != "" && x.Task == "", Act{Verb: NoFollowUps, Text: x.NoFollowUps})
	add(x.Accept != "", Act{Verb: Accept, Text: x.Accept})
	return list
}
