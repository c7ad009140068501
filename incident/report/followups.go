package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// FollowUps is the report of what was to be done after incidents, as it stood at the end
// of the period.
type FollowUps struct {
	Head
	Opened         Tally      `json:"opened"` // in the period
	PermanentFixes Tally      `json:"permanent_fixes"`
	Due            DueOf      `json:"due"`  // whose date was in the period
	StillOpen      []OpenItem `json:"open"` // at its end, the oldest first
	Overdue        []string   `json:"overdue"`
	Dropped        []Dropped  `json:"decided_against"` // in the period
}

// Tally is how many there are, and how they stand.
type Tally struct {
	Total   int `json:"total"`
	Done    int `json:"done"`
	Open    int `json:"open"`
	Dropped int `json:"decided_against"`
}

func (t *Tally) add(f incident.FollowUp, end time.Time) {
	t.Total++
	switch {
	case f.Open() || !f.Ended.Before(end):
		t.Open++
	case f.State == incident.Dropped:
		t.Dropped++
	default:
		t.Done++
	}
}

// DueOf says whether what was due was done by its date.
type DueOf struct {
	Of      int `json:"of"`
	InTime  int `json:"done_in_time"`
	Late    int `json:"done_late"`
	NotDone int `json:"not_done"`
}

// OpenItem is a follow-up that was still to be done.
type OpenItem struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"`
	Title   string     `json:"title,omitempty"` // of a private incident it is left out
	Team    string     `json:"team,omitempty"`
	Service string     `json:"service,omitempty"`
	Opened  time.Time  `json:"opened"`
	Age     int        `json:"age_days"`
	Due     *time.Time `json:"due"`
	Overdue bool       `json:"overdue"`
	Raised  string     `json:"raised,omitempty"` // why it matters more than others
}

// Dropped is a follow-up that was decided against.
type Dropped struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"` // of a private incident it is left out
}

// FollowUpsOf makes the report of what was to be done. Those of incidents that are not
// counted are among them, since they are to be done all the same; those of drills are not.
func FollowUpsOf(d Data) FollowUps {
	r := FollowUps{Head: HeadOf(d), StillOpen: []OpenItem{}, Overdue: []string{}, Dropped: []Dropped{}}
	for _, i := range d.Earlier {
		if i.Test {
			continue
		}
		for _, f := range i.FollowUps {
			r.add(d, f, i)
		}
	}
	slices.SortStableFunc(r.StillOpen, func(a, b OpenItem) int { return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(a.ID, b.ID)) })
	return r
}

func (r *FollowUps) add(d Data, f incident.FollowUp, i incident.Incident) {
	opened, within := openedAt(f, i), func(t time.Time) bool { return !t.Before(d.From) && t.Before(d.To) }
	if within(opened) {
		r.Opened.add(f, d.To)
		if f.Kind == incident.PermanentFix {
			r.PermanentFixes.add(f, d.To)
		}
	}
	ended := !f.Open() && f.Ended.Before(d.To)
	dropped := ended && f.State == incident.Dropped
	if within(f.Due) && !(dropped && !f.Ended.After(f.Due)) { // what was decided against before is not due
		r.Due.Of++
		switch {
		case !ended || dropped:
			r.Due.NotDone++
		case f.Ended.After(f.Due):
			r.Due.Late++
		default:
			r.Due.InTime++
		}
	}
	if dropped && within(f.Ended) {
		x := Dropped{ID: f.ID, Reason: f.Outcome}
		if i.Private {
			x.Reason = ""
		}
		r.Dropped = append(r.Dropped, x)
	}
	if standsAt(f, i, d.To) {
		x := openItem(f, i, d.To)
		r.StillOpen = append(r.StillOpen, x)
		if x.Overdue {
			r.Overdue = append(r.Overdue, x.ID)
		}
	}
}

func openItem(f incident.FollowUp, i incident.Incident, at time.Time) OpenItem {
	opened := openedAt(f, i)
	x := OpenItem{ID: f.ID, Kind: f.Kind, Title: f.Title, Team: f.Team, Service: i.Service, Opened: opened.UTC(),
		Age: int(at.Sub(opened) / (24 * time.Hour)), Raised: f.Raised}
	if i.Private {
		x.Title, x.Raised = "", ""
	}
	if !f.Due.IsZero() {
		x.Due, x.Overdue = new(f.Due.UTC()), f.Due.Before(at)
	}
	return x
}
