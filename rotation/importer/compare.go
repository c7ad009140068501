package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// stretch is a part of a schedule as the source renders it.
type stretch struct {
	start, end time.Time
	person     string // the ID in the roster; empty: nobody of it
}

// difference is a stretch for which the source and the roster name other people.
type difference struct {
	start, end   time.Time
	there, here  []string
	clocksChange bool // within a day of a change of the clocks, and no longer than an hour
}

// mostDifferences is how many of them are printed of one schedule.
const mostDifferences = 5

// rendered compares the rotation of a schedule with the source's own rendering of it,
// from the instant of the export on.
func (b *building) rendered(entry, id string, theirs []stretch) {
	r := b.rotation(id)
	if r == nil || len(theirs) == 0 {
		return
	}
	b.theirs = append(b.theirs, rotation.Timeline{Rotation: id, Segments: timeline(theirs, time.Time{})})
	checked, differences := compare(r, theirs, b.At)
	if checked.Stretches == 0 {
		b.lookAt(entry, "what the source rendered of it is over, so it was not compared", "export it again, with since and until ahead")
		return
	}
	b.report.Checked.Stretches += checked.Stretches
	b.report.Checked.Equal += checked.Equal
	for i, d := range differences {
		if i == mostDifferences {
			b.differs("", entry, fmt.Sprintf("%d more stretches are not as the source renders them", len(differences)-i), "mend the first ones, and import again")
			break
		}
		what := fmt.Sprintf("from %s to %s the source renders %s, and the roster has %s", instantWords(d.start), instantWords(d.end), nobody(d.there), nobody(d.here))
		if d.clocksChange {
			what += " (the clocks change there)"
		}
		b.report.add(Item{Level: Differs, Entry: entry, What: what, Mend: "see which is right", at: "rotation " + id, rendered: true})
	}
}

func nobody(people []string) string {
	if len(people) == 0 {
		return "nobody"
	}
	return strings.Join(people, ", ")
}

// compare lays a rotation beside a rendering of it. Each stretch of the rendering with
// the same people is equal or not; differences are the parts that are not.
func compare(r *rotation.Rotation, theirs []stretch, from time.Time) (Checked, []difference) {
	var checked Checked
	var differences []difference
	list := timeline(theirs, from)
	if len(list) == 0 {
		return checked, nil
	}
	loc, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	ours := r.Final(list[0].Start, list[len(list)-1].End)
	k := 0
	for _, s := range list {
		checked.Stretches++
		equal := true
		for k > 0 && (k == len(ours) || ours[k].Start.After(s.Start)) {
			k--
		}
		for ; k < len(ours) && ours[k].Start.Before(s.End); k++ {
			if !ours[k].End.After(s.Start) || slices.Equal(ours[k].People, s.People) {
				continue
			}
			equal = false
			d := difference{start: later(ours[k].Start, s.Start), end: earlier(ours[k].End, s.End), there: s.People, here: ours[k].People}
			d.clocksChange = d.end.Sub(d.start) <= time.Hour && changes(loc, d.start.Add(-day), d.end.Add(day))
			differences = append(differences, d)
		}
		if equal {
			checked.Equal++
		}
	}
	return checked, differences
}

// timeline is a rendering as stretches with the same people, gaps included, in order,
// from an instant on.
func timeline(theirs []stretch, from time.Time) []rotation.Segment {
	var edges []time.Time
	for _, s := range theirs {
		if s.start.Before(s.end) && s.end.After(from) {
			edges = append(edges, later(s.start, from), s.end)
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	sorted := slices.Clone(theirs)
	slices.SortStableFunc(sorted, func(a, b stretch) int { return a.start.Compare(b.start) })
	var list []rotation.Segment
	var running []stretch
	next := 0
	for i := 0; i+1 < len(edges); i++ {
		for ; next < len(sorted) && !sorted[next].start.After(edges[i]); next++ {
			running = append(running, sorted[next])
		}
		running = slices.DeleteFunc(running, func(s stretch) bool { return !s.end.After(edges[i]) })
		var people []string
		for _, s := range running {
			if s.person != "" {
				people = append(people, s.person)
			}
		}
		slices.Sort(people)
		people = slices.Compact(people)
		if n := len(list); n > 0 && slices.Equal(list[n-1].People, people) {
			list[n-1].End = edges[i+1]
			continue
		}
		list = append(list, rotation.Segment{Start: edges[i], End: edges[i+1], People: people})
	}
	return list
}

// changes reports whether the clocks of a zone change between two instants.
func changes(loc *time.Location, from, to time.Time) bool {
	_, a := from.In(loc).Zone()
	_, b := to.In(loc).Zone()
	return a != b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
