package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Figures gathers what figures over the incidents of [from, to) are made from, of those
// that viewer may see. The period of the same length before it is there to compare with.
func (d *Desk) Figures(ctx context.Context, viewer incident.Actor, from, to time.Time) (report.Data, error) {
	if err := period(from, to); err != nil {
		return report.Data{}, err
	}
	return d.figures(ctx, from, to, func(i incident.Incident) bool { return d.sees(i, viewer) })
}

// period refuses one that is none.
func period(from, to time.Time) error {
	switch {
	case !from.Before(to):
		return refusal("Swap them, or correct the one that is wrong.", "The end of the period is not after its start.")
	case to.Sub(from) > MostReport:
		return refusal("Ask for less at once.", "Figures are made for at most 400 days.")
	default:
		return nil
	}
}

func (d *Desk) figures(ctx context.Context, from, to time.Time, shown func(incident.Incident) bool) (report.Data, error) {
	who := d.oncall.Current()
	data := newFigures(who, d.opt.Zone, from, to)
	before := from.Add(from.Sub(to))
	var wanted []incident.Incident
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if !r.Declared.Before(to) || !shown(r.Incident) {
				continue
			}
			data.Earlier = append(data.Earlier, r.Incident)
			if !r.Declared.Before(before) {
				wanted = append(wanted, r.Incident)
			}
		}
		return tx.Err()
	})
	if err != nil {
		return data, err
	}
	for some := range slices.Chunk(wanted, figuresAtOnce) {
		timelines, unread, err := d.timelinesOf(ctx, some)
		if err != nil {
			return data, err
		}
		for _, t := range timelines { // the store is not held up meanwhile
			if c := caseOf(who, t, d.opt.Zone); t.Incident.Declared.Before(from) {
				data.Before = append(data.Before, c)
			} else {
				data.Cases = append(data.Cases, c)
			}
		}
		for _, i := range unread {
			if !i.Declared.Before(from) {
				data.Unread = append(data.Unread, i)
			}
		}
	}
	return data, nil
}

// figuresAtOnce is of how many incidents whole timelines are in memory at a time: of thousands
// they would be hundreds of megabytes.
const figuresAtOnce = 50

// timelinesOf reads the timelines of incidents as they were when their states were read, and
// returns those whose timelines cannot be read.
func (d *Desk) timelinesOf(ctx context.Context, list []incident.Incident) (whole []report.Timeline, unread []incident.Incident, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for _, i := range list {
			if tx.Reachable(eventPrefix(i.Number)) != nil {
				unread = append(unread, i)
				continue
			}
			events, err := timeline(tx, i.Number)
			if err != nil {
				return err
			}
			whole = append(whole, report.Timeline{Incident: i, Events: events[:min(len(events), i.Events)]})
		}
		return tx.Err()
	})
	return whole, unread, err
}

// newFigures is a period without incidents.
func newFigures(who *oncall.Directory, business *time.Location, from, to time.Time) report.Data {
	return report.Data{
		From: from.UTC(), To: to.UTC(), Duty: who.FirstAsked,
		Owner: func(service string) string {
			if s, ok := who.Roster.Service(service); ok {
				return s.Team
			}
			return ""
		},
		Desk: func(person string) rotation.Desk { return deskOf(who, person, business) },
	}
}

// deskOf is where and when somebody works.
func deskOf(who *oncall.Directory, person string, business *time.Location) rotation.Desk {
	return rotation.Desk{Zone: zoneIn(who, incident.Person(person), business), Holidays: who.Holidays(person)}
}

// measured says which measure of the document is which of the figures.
var measured = map[string]report.Measure{
	"detected": report.Detect, "first acknowledged": report.FirstAck, "first mitigated": report.Mitigate, "resolved": report.Resolve,
}

// caseOf reads out of the post-mortem what figures say of an incident.
func caseOf(who *oncall.Directory, t report.Timeline, zone *time.Location) report.Case {
	i := t.Incident
	ctx := documentContext(who, around{}, i, zone)
	for a, p := range ctx.People {
		p.Names = nil // figures show no text; to look for names in it took most of the time
		ctx.People[a] = p
	}
	doc := postmortem.New(i, t.Events, ctx)
	c := report.Case{Incident: i, Events: report.Needed(t.Events), Took: map[report.Measure]report.Took{report.Impact: impactTook(i)}}
	if s, ok := who.Roster.Service(i.Service); ok {
		c.Team = s.Team
		if a, ok := who.Roster.Agreement(s.Agreement); ok {
			c.Agreement = a.ID
		}
	}
	for _, m := range doc.Measures {
		if of, ok := measured[m.Name]; ok {
			c.Took[of] = report.Took{Took: time.Duration(m.Took), ByHand: of == report.Detect && i.ImpactBy != "", Missing: m.Missing}
		}
	}
	for _, p := range doc.Promises {
		c.Promises = append(c.Promises, report.Promise{What: p.What, Target: time.Duration(p.Target), Used: time.Duration(p.Used), State: report.PromiseState(p.State)})
	}
	for _, p := range doc.Pages {
		if p.Band != "" && !p.Lost {
			c.Delays = append(c.Delays, report.Delay{Via: cmp.Or(p.Via, "slack"), Band: p.Band, Took: time.Duration(p.Delay), Answered: !p.Answered.IsZero()})
		}
	}
	for _, s := range doc.Sections {
		for _, q := range s.Questions {
			if len(q.Answers) > 0 {
				c.Answered = append(c.Answered, q.ID)
			}
		}
	}
	for _, r := range doc.Roles {
		until := r.Until
		if until.IsZero() {
			until = cmp.Or(i.Resolved, i.Updated)
		}
		if until.After(r.From) {
			c.Roles = append(c.Roles, report.Holding{Role: r.Role, For: until.Sub(r.From)})
		}
	}
	return c
}

// impactTook is how long it hurt.
func impactTook(i incident.Incident) report.Took {
	t := report.Took{Took: i.Hurting(i.Updated), ByHand: i.ImpactBy != ""}
	switch n := len(i.Impact); {
	case i.ImpactNone():
		t.Missing = "nobody was hit"
	case n == 0:
		t.Missing = "when it hurt is not in the timeline"
	case i.Impact[n-1].End.IsZero():
		t.Missing = "it has not stopped"
	}
	return t
}
