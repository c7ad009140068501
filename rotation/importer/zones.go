package importer

import (
	_ "embed"
	"strings"
	"sync"
	"time"
)

// railsZoneList is the names that Ruby on Rails has for zones, which old accounts of
// PagerDuty show, each with the IANA name.
//
//go:embed rails_zones.txt
var railsZoneList string

var railsZones = sync.OnceValue(func() map[string]string {
	zones := map[string]string{}
	for line := range strings.Lines(railsZoneList) {
		if name, iana, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			zones[name] = iana
		}
	}
	return zones
})

// zonesRead are the zones by name: each is read from the disk once, and not for each
// person who lives in it.
var zonesRead sync.Map

// zone is the IANA name of a zone of the export with its location; false where there
// is none of that name, or none was given.
func zone(name string) (string, *time.Location, bool) {
	name = strings.TrimSpace(name)
	if iana, ok := railsZones()[name]; ok {
		name = iana
	}
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "", "Local", "localtime", "posixrules", "posix", "right", "Factory":
		return "", nil, false
	}
	if loc, ok := zonesRead.Load(name); ok {
		return name, loc.(*time.Location), true
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return "", nil, false
	}
	zonesRead.Store(name, loc)
	return name, loc, true
}
