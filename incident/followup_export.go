package incident

import (
	"strings"
	"time"
)

// Export is the issue at a tracker in which a follow-up is worked on. Its zero value is
// none.
type Export struct {
	Tracker  string `json:"tracker,omitempty"`  // its name in the configuration
	Provider string `json:"provider,omitempty"` // as people call it: GitHub
	Key      string `json:"key,omitempty"`      // as people there call the issue: octo/app#12
	ID       string `json:"id,omitempty"`       // by which the tracker is asked, where that is not Key
	URL      string `json:"url,omitempty"`      // of its page; empty where none is known
}

// Link is where the issue is found: its page, or its name where there is none.
func (e Export) Link() string { return or(e.URL, e.Key) }

// Named is the name with its page.
func (e Export) Named() string { return strings.TrimSpace(e.Key + " " + e.URL) }

// MayExport returns the follow-up of that name if it can be opened at a tracker: it is
// still to be done, and it is at none.
func (i Incident) MayExport(id string) (FollowUp, error) {
	f, err := i.openOne(id)
	if err == nil && f.Export != (Export{}) {
		err = Refuse("", "%s is in %s already: %s", id, f.Export.Provider, f.Export.Link())
	}
	return f, err
}

// ExportFollowUp says that a follow-up is at a tracker. It may be over by now: the
// issue is there all the same.
func (i Incident) ExportFollowUp(id string, e Export, by Actor, now time.Time) (Change, error) {
	f, ok := i.FollowUp(id)
	switch {
	case !ok:
		return Change{}, Refuse("", "There is no follow-up %s.", id)
	case f.Export != (Export{}):
		return Change{}, Refuse("", "%s is in %s already: %s", id, f.Export.Provider, f.Export.Link())
	}
	f.Export = e
	return i.changeFollowUp(Event{Kind: KindFollowUpExport, FollowUp: &f}, by, now), nil
}

// ClosedThere says that the issue of a follow-up is closed at its tracker: it is done,
// or decided against for the reason that is given there.
func (i Incident) ClosedThere(id string, dropped bool, reason string, now time.Time) (Change, error) {
	f, err := i.openOne(id)
	if err != nil {
		return Change{}, err
	}
	if !dropped {
		return i.FinishFollowUp(id, f.Export.Link(), Bot, now)
	}
	return i.DropFollowUp(id, "Closed in "+f.Export.Provider+" as "+or(reason, "decided against")+": "+f.Export.Link(), Bot, now)
}
