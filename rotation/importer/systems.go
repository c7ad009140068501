package importer

import (
	"maps"
	"slices"
)

// system is one that a company can move away from.
type system struct {
	name string // as the command has it

	// signs are keys that only its answers have, the clearest first. They tell an
	// export of this system that was given for one of another.
	signs []string

	// take puts what a document holds on the shelves, and reports whether it is one of
	// the system's at all. Users go on the shelf "user", schedules on "schedule".
	take func(*reading, *document) bool

	// build makes a roster of the shelves.
	build func(*building)

	// read makes a roster of files that are not JSON; take and build are not asked then.
	read func(*system, []File, Options) (*Result, error)

	users, schedules string // where users and schedules come from, for an export without
}

// systems are all of them, by name.
var systems = map[string]*system{
	goalert.name:   &goalert,
	grafana.name:   &grafana,
	opsgenie.name:  &opsgenie,
	pagerduty.name: &pagerduty,
}

// Systems returns the names of the systems that can be moved from.
func Systems() []string { return slices.Sorted(maps.Keys(systems)) }

// Detect returns the system that an export is of, by what its files hold; false where
// they hold nothing of any.
func Detect(files []File) (string, bool) {
	best, most := "", 0
	if slices.ContainsFunc(files, isCalendar) {
		return calendars, true
	}
	for _, name := range Systems() {
		r := newReading(systems[name])
		for _, f := range files {
			if f.Refused == nil {
				r.file(f)
			}
		}
		held := 0
		for _, s := range r.shelves {
			held += len(s.order)
		}
		if held > most {
			best, most = name, held
		}
	}
	return best, most > 0
}
