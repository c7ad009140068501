package importer

import (
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Timelines returns who is on call in each rotation over [from, to), as the source has
// it: by its own rendering where the export holds one, otherwise by what was imported.
func (r *Result) Timelines(from, to time.Time) []rotation.Timeline {
	list := r.Roster.Timelines(from, to)
	for i, t := range list {
		for _, theirs := range r.Rendered {
			if theirs.Rotation == t.Rotation {
				list[i] = t.Under(theirs)
			}
		}
	}
	return list
}

// Reason is why a roster that was made of the export has other people in a stretch than
// the source, before the change those of the source; empty where it is not known. Either
// somebody changed the roster since, or what the report says of the rotation tells.
func (r *Result) Reason(s rotation.ShiftChange) string {
	x, ok := r.Roster.Rotation(s.Rotation)
	if !ok {
		return ""
	}
	imported := x.Final(s.Start, s.End)
	if len(imported) == 1 && slices.Equal(imported[0].People, s.Before) {
		return "the roster was changed since the import"
	}
	if loc, err := time.LoadLocation(x.TimeZone); err == nil && s.End.Sub(s.Start) <= time.Hour && changes(loc, s.Start.Add(-day), s.End.Add(day)) {
		return "the clocks change there"
	}
	return strings.Join(r.reasons(s.Rotation), "; ")
}

// reasons are what the report says about a rotation that can make it differ from the
// schedule in the source.
func (r *Result) reasons(id string) []string {
	var list []string
	for _, i := range r.Report.Items {
		about := i.at == "rotation "+id || strings.HasPrefix(i.at, "rotation "+id+"/") || i.Entry == r.entries[id] && i.Entry != ""
		if about && i.Level != LookAt && !i.rendered {
			list = append(list, i.What)
		}
	}
	return list
}
