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
// rosters as they held then and the pages in the timelines. What lies ahead is
// counted by the roster that holds now.
func (d *Desk) OncallReport(ctx context.Context, from, to time.Time) (report.OnCall, error) {
	switch {
	case !from.Before(to):
		return report.OnCall{}, refusal("Swap them, or correct the one that is wrong.", "The end of the period is not after its start.")
	case to.Sub(from) > MostReport:
		return report.OnCall{}, refusal("Ask for less at once.", "Figures are made for at most 400 days.")
	}
	held, err := d.held(ctx, from, to)
	if err != nil {
		return report.OnCall{}, err
	}
	timelines, err := d.timelines(ctx, from, to)
	if err != nil {
		return report.OnCall{}, err
	}
	who := d.people.Load()
	return report.Of(report.Period{
		From: from.UTC(), To: to.UTC(), Rosters: held, Pages: report.PagesOf(timelines, who.duty), Holidays: who.holidays,
	}), nil
}

// held returns the versions of the roster that held within [from, to).
func (d *Desk) held(ctx context.Context, from, to time.Time) ([]report.Held, error) {
	history, err := d.History(ctx, 0)
	if err != nil {
		return nil, err
	}
	slices.Reverse(history)
	var list []report.Held
	for n, c := range history {
		end := to
		if n+1 < len(history) {
			end = history[n+1].At
		}
		begin := later(c.At, from)
		if n == 0 {
			begin = from // who was on call before the first version is what it says
		}
		if !begin.Before(end) || !begin.Before(to) {
			continue
		}
		r, err := d.rosterOf(ctx, c.Version)
		if err != nil {
			return nil, err
		}
		list = append(list, report.Held{From: begin, To: end, Roster: r})
	}
	return list, nil
}

// timelines reads the incidents that can have had a page within [from, to), in
// the order of their numbers.
func (d *Desk) timelines(ctx context.Context, from, to time.Time) ([]report.Timeline, error) {
	var list []report.Timeline
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if !r.Declared.Before(to) || r.Updated.Before(from.Add(-24*time.Hour)) {
				continue // a day more, to see what is repeated
			}
			t := report.Timeline{Incident: r.Incident}
			for key, value := range tx.Scan(eventPrefix(r.Number)) {
				e, err := readEvent(key, value)
				if err != nil {
					return err
				}
				if e.Kind == incident.KindPaged || e.Kind == incident.KindAcknowledged {
					t.Events = append(t.Events, e)
				}
			}
			list = append(list, t)
		}
		return nil
	})
	return list, err
}

// duty returns the rotations that the first step of a service's policy asks.
func (w *directory) duty(service string) []string {
	p, ok := w.roster.PolicyOf(service)
	if !ok || len(p.Steps) == 0 {
		return nil
	}
	var ids []string
	for _, t := range p.Steps[0].Notify {
		if t.Kind == rotation.TargetRotation {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// holidays returns the holidays of the agreements whose coverage is in the zone of
// a person: the roster has no other calendar of an office.
func (w *directory) holidays(person string) []string {
	p, ok := w.roster.Person(person)
	if !ok {
		return nil
	}
	var days []string
	for _, a := range w.roster.Agreements {
		if a.Coverage != nil && a.Coverage.TimeZone == p.TimeZone {
			days = append(days, a.Coverage.Holidays...)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// lookBack is how many incidents are looked through for who was woken.
const lookBack = 200

// Woken returns who acknowledged something between 22:00 and 08:00 of their own
// clock within [from, to), and when the last time was, as far as it left less than
// eleven hours until to.
func (d *Desk) Woken(ctx context.Context, from, to time.Time) (map[string]time.Time, error) {
	who, last := d.people.Load(), map[string]time.Time{}
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		seen := 0
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if seen++; seen > lookBack {
				break
			}
			if r.Test || r.Updated.Before(from) || r.AcknowledgedBy == "" {
				continue
			}
			kind, id := r.AcknowledgedBy.Split()
			at := r.Acknowledged
			local := rotation.LocalOf(at, who.roster.Location(id)) % aDay
			asleep := local >= 22*3600 || local < 8*3600
			if kind == "person" && asleep && !at.Before(from) && at.Before(to) && to.Sub(at) < enoughRest {
				last[id] = later(last[id], at)
			}
		}
		return nil
	})
	return last, err
}

// enoughRest is the daily rest of EU directive 2003/88/EC.
const enoughRest = 11 * time.Hour
