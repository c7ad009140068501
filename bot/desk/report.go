package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// MostReport is the longest period that figures are made for.
const MostReport = 400 * 24 * time.Hour

// OncallReport returns the figures of being on call during [from, to), by the
// rosters as they held then and the pages in the timelines that viewer may see. What lies ahead is
// counted by the roster that holds now.
func (d *Desk) OncallReport(ctx context.Context, viewer incident.Actor, from, to time.Time) (report.OnCall, error) {
	if err := period(from, to); err != nil {
		return report.OnCall{}, err
	}
	rosters, err := d.oncall.InForce(ctx, from, to)
	if err != nil {
		return report.OnCall{}, err
	}
	var held []report.Held
	for _, r := range rosters {
		held = append(held, report.Held{From: r.From, To: r.To, Roster: r.Roster})
	}
	timelines, unread, err := d.timelines(ctx, viewer, from, to)
	if err != nil {
		return report.OnCall{}, err
	}
	who := d.oncall.Current()
	figures := report.Of(report.Period{
		From: from.UTC(), To: to.UTC(), Rosters: held, Pages: report.PagesOf(timelines, who.FirstAsked), Acts: report.ActsOf(timelines), Holidays: who.Holidays,
	})
	declared := slices.DeleteFunc(timelines, func(t report.Timeline) bool { return t.Incident.Declared.Before(from) })
	var list []incident.Incident
	for _, t := range declared {
		list = append(list, t.Incident)
	}
	counts, first := report.CountsOf(list), report.FirstPagesOf(declared, func(service string) string {
		if s, ok := who.Roster.Service(service); ok {
			return s.Team
		}
		return ""
	})
	figures.Incidents, figures.FirstPages, figures.Unread = &counts, &first, unread
	err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		figures.Reminders, err = nags(tx, from, to)
		return err
	})
	return figures, err
}

// timelines reads the incidents that viewer may see and that can have had a page
// within [from, to), in the order of their numbers, and names those whose timelines cannot
// be read.
func (d *Desk) timelines(ctx context.Context, viewer incident.Actor, from, to time.Time) (list []report.Timeline, unread []string, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if !d.sees(r.Incident, viewer) || !r.Declared.Before(to) || r.Updated.Before(from.Add(-24*time.Hour)) {
				continue // a day more, to see what is repeated
			}
			if tx.Reachable(eventPrefix(r.Number)) != nil {
				unread = append(unread, r.Name())
				continue
			}
			t := report.Timeline{Incident: r.Incident}
			for key, value := range tx.Scan(eventPrefix(r.Number)) {
				e, err := readEvent(key, value)
				if err != nil {
					return err
				}
				switch e.Kind {
				case incident.KindPaged, incident.KindPageFailed, incident.KindAcknowledged, incident.KindAnsweredToo, incident.KindRole, incident.KindDeclared, incident.KindService:
					t.Events = append(t.Events, e)
				default:
					if e.By.Human() { // they were awake
						t.Events = append(t.Events, e)
					}
				}
			}
			list = append(list, t)
		}
		return tx.Err()
	})
	return list, unread, err
}

// lookBack is how many incidents from before a night are looked through for who was woken
// in it.
const lookBack = 200

// Woken returns who acknowledged something between 22:00 and 08:00 of their own
// clock within [from, to), and when the last time was, as far as it left less than
// eleven hours until to. Everybody reads it, so private incidents do not count.
func (d *Desk) Woken(ctx context.Context, from, to time.Time) (map[string]time.Time, error) {
	who, last := d.oncall.Current(), map[string]time.Time{}
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		seen := 0
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if r.Declared.Before(from) {
				seen++
			}
			if seen > lookBack {
				break
			}
			if r.Test || r.Private || r.Updated.Before(from) || r.AcknowledgedBy == "" {
				continue
			}
			kind, id := r.AcknowledgedBy.Split()
			at := r.Acknowledged
			local := rotation.LocalOf(at, who.Roster.Location(id)) % (24 * 3600)
			asleep := local >= 22*3600 || local < 8*3600
			if kind == "person" && asleep && !at.Before(from) && at.Before(to) && to.Sub(at) < enoughRest {
				if at.After(last[id]) {
					last[id] = at
				}
			}
		}
		return nil
	})
	return last, err
}

// enoughRest is the daily rest of EU directive 2003/88/EC.
const enoughRest = 11 * time.Hour
