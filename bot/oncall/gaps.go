package oncall

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// gapDays is how far ahead gaps are told.
const gapDays = 30

// Gaps are told on working days at half past nine, or later on the same day when
// nothing could be told then.
const (
	gapsFrom = 9*3600 + 30*60 // seconds after midnight in the zone of the business
	gapsTo   = 17 * 3600
	aDay     = 24 * 3600
)

// gapsBatch is how many rotations are looked at in one transaction. Each may have a
// team of its own, which makes three records.
const gapsBatch = 30

// gapsRecord is what was told of a rotation's gaps.
type gapsRecord struct {
	V       int      `json:"v"`
	Told    []Span   `json:"told,omitempty"`    // those that are not over
	Regular []string `json:"regular,omitempty"` // forms of those that come every week
}

// gapsRun says how far today's look has come.
type gapsRun struct {
	V        int `json:"v"`
	Rotation int `json:"rotation"` // rotations before this position are done
}

// tickGaps tells each team, once a working day, when nobody will be on call in
// the coming 30 days: what was not told before, and what is today. A gap that
// comes every week, like the nights of an office rotation, is told once.
func (o *Roster) tickGaps(ctx context.Context, now time.Time) error {
	who := o.current.Load()
	return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		run, _, err := ledger.Load[gapsRun](w.Tx.Tx, "gapsrun")
		if err != nil {
			return err
		}
		next := nextMorning(o.zone(), now)
		if run.Rotation == 0 && !gapsTime(o.zone(), now) {
			return w.Wake("gaps", next)
		}
		end := min(run.Rotation+gapsBatch, len(who.Roster.Rotations))
		teams := map[string]*Notice{}
		for i := min(run.Rotation, end); i < end; i++ {
			if err := w.gapsOf(&who.Roster.Rotations[i], next, teams); err != nil {
				return err
			}
		}
		for _, team := range sortedKeys(teams) {
			if err := w.tell(*teams[team]); err != nil {
				return err
			}
		}
		if end < len(who.Roster.Rotations) {
			return errFirst(w.Save("gapsrun", gapsRun{V: 1, Rotation: end}), w.again("gaps", now))
		}
		return errFirst(w.Tx.Delete("gapsrun"), w.Wake("gaps", next))
	})
}

// gapsTime reports whether gaps may be told at t.
func gapsTime(zone *time.Location, t time.Time) bool {
	local := rotation.LocalOf(t, zone)
	second := local % aDay
	return workday(local) && second >= gapsFrom && second < gapsTo
}

// workday reports whether the date is a Monday to a Friday; 1 January 1970 was a
// Thursday.
func workday(l rotation.Local) bool {
	n := (int64(l)/aDay + 4) % 7
	return n != 0 && n != 6
}

// nextMorning is the next instant after t at which gaps are told.
func nextMorning(zone *time.Location, t time.Time) time.Time {
	midnight := rotation.LocalOf(t, zone) / aDay * aDay
	for n := midnight; ; n += aDay {
		if at := rotation.Instant(zone, n+gapsFrom); workday(n) && at.After(t) {
			return at
		}
	}
}

// gapsOf adds the gaps of a rotation to the notice of its team, and remembers
// that they were told. What begins before until is today's.
func (w *work) gapsOf(r *rotation.Rotation, until time.Time, teams map[string]*Notice) error {
	key := "gaps/" + r.ID
	old, _, err := ledger.Load[gapsRecord](w.Tx.Tx, key)
	if err != nil {
		return err
	}
	rec := gapsRecord{V: 1}
	for _, s := range r.Gaps(w.Now, w.Now.Add(gapDays*24*time.Hour)) {
		g := Gap{Rotation: r.ID, Span: whole(r, s)}
		form := gapForm(r, g)
		g.Regular = regular(r, g)
		g.Known = slices.ContainsFunc(old.Told, func(t Span) bool { return t.End.Equal(g.End) && !t.Start.After(g.Start) })
		if g.Regular {
			g.Known = g.Known || slices.Contains(old.Regular, form) || slices.Contains(rec.Regular, form)
			if !slices.Contains(rec.Regular, form) {
				rec.Regular = append(rec.Regular, form)
			}
		}
		rec.Told = append(rec.Told, g.Span)
		if g.Known && (g.Regular || !g.Start.Before(until)) {
			continue
		}
		if teams[r.Team] == nil {
			teams[r.Team] = &Notice{Kind: NoticeGaps, Team: r.Team, At: until}
		}
		teams[r.Team].Gaps = append(teams[r.Team].Gaps, g)
	}
	if len(rec.Told) == 0 {
		if len(old.Told) == 0 {
			return nil
		}
		return w.Tx.Delete(key)
	}
	return w.Save(key, rec)
}

// whole is a gap in its full length, also where it was cut to the days looked at:
// otherwise it would look like another one every day.
func whole(r *rotation.Rotation, s rotation.Segment) Span {
	g := Span{Start: s.Start.UTC()}
	if at := r.At(s.Start); !at.Since.IsZero() {
		g.Start = at.Since.UTC()
	}
	if end, ok := r.NextChange(s.Start); ok {
		g.End = end.UTC()
	}
	return g
}

// gapForm is what gaps that come every week have in common.
func gapForm(r *rotation.Rotation, g Gap) string {
	zone := zoneOf(r)
	start := rotation.LocalOf(g.Start, zone)
	return fmt.Sprintf("%d+%d", int64(start)%(7*aDay), int64(rotation.LocalOf(g.End, zone)-start))
}

// regular reports whether there was the like of the gap a week before.
func regular(r *rotation.Rotation, g Gap) bool {
	if g.End.IsZero() {
		return false
	}
	zone := zoneOf(r)
	start := rotation.Instant(zone, rotation.LocalOf(g.Start, zone)-7*aDay)
	end := rotation.Instant(zone, rotation.LocalOf(g.End, zone)-7*aDay)
	return len(r.People(start)) == 0 && len(r.People(end)) > 0 && len(r.Gaps(start, end)) == 1
}

// zoneOf is the zone of a rotation.
func zoneOf(r *rotation.Rotation) *time.Location {
	loc, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return time.UTC // a roster that was read has only zones that exist
	}
	return loc
}
