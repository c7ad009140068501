package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Data is what figures over several incidents are made from.
type Data struct {
	From, To time.Time // half open; incidents declared in it count
	Cases    []Case    // in the order of their numbers, also those that are left out

	// Before are the cases of the period of the same length before it.
	Before []Case
	// Unread are incidents of the period whose timelines cannot be read by now.
	Unread []incident.Incident
	// Earlier are all incidents that were declared before To, for what is still to be done.
	Earlier []incident.Incident

	Owner func(service string) string       // the team that runs a service; empty: nobody does
	Desk  func(person string) rotation.Desk // where and when a person works
	Duty  func(service string) []string     // the rotations that answer for a service
	Mean  Mean
}

// Head stands before every report: what it is about, and what it leaves out.
type Head struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Counts  Counts    `json:"counts"`
	LeftOut []LeftOut `json:"left_out"` // each incident that is not counted
}

// LeftOut is an incident that is not counted.
type LeftOut struct {
	Incident string `json:"incident"`
	Why      string `json:"why"` // cancelled, false alarm, near miss, merged, drill or Unread
}

// Unread is why an incident is left out whose archive file is missing or damaged.
const Unread = "archive file cannot be read"

// HeadOf says what figures are about.
func HeadOf(d Data) Head {
	h := Head{From: d.From.UTC(), To: d.To.UTC(), LeftOut: []LeftOut{}}
	var list []incident.Incident
	for _, c := range d.Cases {
		list = append(list, c.Incident)
		if w := why(c.Incident); w != "" {
			h.LeftOut = append(h.LeftOut, LeftOut{c.Incident.Name(), w})
		}
	}
	for _, i := range d.Unread {
		h.LeftOut = append(h.LeftOut, LeftOut{i.Name(), Unread})
	}
	h.Counts = CountsOf(list)
	return h
}

// Incidents is the report of how incidents went.
type Incidents struct {
	Head
	BySeverity  map[string]int     `json:"by_highest_severity"`
	BySymptom   map[string]int     `json:"by_symptom"`
	ByService   map[string]int     `json:"by_service"`
	FirstSeenBy map[string]int     `json:"first_seen_by"` // alert, staff or customers
	Durations   []Duration         `json:"durations"`
	FirstPages  FirstPages         `json:"first_pages"`
	Answers     []Answers          `json:"page_delays"`
	Interrupts  Burden             `json:"interrupts"`
	CameBack    []CameBack         `json:"came_back"`
	Learned     Learned            `json:"learned"`
	Minutes     map[string]float64 `json:"person_minutes_by_role"` // coarse: as long as a role was held
}

// Unsaid is the key of what nobody has said.
const Unsaid = "not said"

// Duration is one measure over the incidents of a period.
type Duration struct {
	Measure Measure `json:"measure"`
	Start   string  `json:"from_event"`
	End     string  `json:"to_event"`
	Spread
	Unknown []Unknown  `json:"not_counted"`
	Against Comparison `json:"against_the_period_before"`
}

// Unknown is an incident of which a duration is not known.
type Unknown struct {
	Incident string `json:"incident"`
	Why      string `json:"why"`
}

// Answers is how long answers to pages by one contact method took in one band of the day.
type Answers struct {
	Via        string    `json:"contact_method"`
	Band       string    `json:"band"`
	Pages      int       `json:"pages"`
	Unanswered int       `json:"unanswered"` // by the person who was paged
	Minutes    []float64 `json:"answered_after_minutes"`
}

// CameBack is an incident that began while the permanent fix of the same trouble was still
// to be done.
type CameBack struct {
	Incident string `json:"incident"`
	Fix      string `json:"open_permanent_fix"`
}

// Learned is what was written down so that others know it the next time. Whether they have
// read it the record does not say.
type Learned struct {
	Of        int `json:"of"`                       // incidents that count
	Published int `json:"post_mortems_published"`   // as they stand now
	Advice    int `json:"with_advice_for_starters"` // what would help somebody in their first week
	Cues      int `json:"with_a_cue"`               // what made somebody look at the right place: the next card of the service shows it
}

func (l *Learned) add(c Case) {
	l.Of++
	l.Published += one(c.Incident.Postmortem.Version > 0)
	l.Advice += one(slices.Contains(c.Answered, "first_week"))
	l.Cues += one(slices.Contains(c.Answered, "cue"))
}

// Words say it in one line.
func (l Learned) Words() string {
	if l.Of == 0 {
		return "nothing to learn from"
	}
	return fmt.Sprintf("of %s, %s published, %d with advice for somebody's first week, %d with a cue for the next time",
		incident.Count(l.Of, "incident", "incidents"), incident.Count(l.Published, "post-mortem", "post-mortems"), l.Advice, l.Cues)
}

// IncidentsOf makes the report of how incidents went.
func IncidentsOf(d Data) Incidents {
	r := Incidents{Head: HeadOf(d), BySeverity: map[string]int{}, BySymptom: map[string]int{}, ByService: map[string]int{},
		FirstSeenBy: map[string]int{}, CameBack: []CameBack{}, Minutes: map[string]float64{}, Answers: answersOf(d.Cases)}
	fixed := d.fixed()
	for _, c := range d.Cases {
		if !c.counts() {
			continue
		}
		i := c.Incident
		r.BySeverity[i.Highest.String()]++
		r.BySymptom[cmp.Or(string(i.Symptom), Unsaid)]++
		r.ByService[cmp.Or(i.Service, Unsaid)]++
		r.FirstSeenBy[cmp.Or(string(i.SeenBy()), Unsaid)]++
		r.Learned.add(c)
		for _, h := range c.Roles {
			r.Minutes[string(h.Role)] += minutes(h.For)
		}
		for _, fix := range openFixesOf(fixed, &i) {
			r.CameBack = append(r.CameBack, CameBack{i.Name(), fix})
		}
	}
	for _, m := range Measures() {
		r.Durations = append(r.Durations, durationOf(m, d))
	}
	r.FirstPages = FirstPagesOf(timelinesOf(d.Cases), d.Owner)
	r.Interrupts = BurdenOf(d.interrupts())
	return r
}

// durationOf takes one measure of the incidents that count.
func durationOf(m Measure, d Data) Duration {
	var out Duration
	out.Measure = m
	out.Start, out.End = m.Ends()
	var points []Point
	points, out.Unknown = pointsOf(m, d.Cases)
	before, _ := pointsOf(m, d.Before)
	out.Spread = SpreadOf(points, d.Mean)
	out.Against = Compare(SpreadOf(before, NoMean), out.Spread)
	return out
}

func pointsOf(m Measure, cases []Case) (points []Point, unknown []Unknown) {
	unknown = []Unknown{}
	for _, c := range cases {
		if !c.counts() {
			continue
		}
		switch t := c.Took[m]; {
		case t.Missing != "":
			unknown = append(unknown, Unknown{c.Incident.Name(), t.Missing})
		default:
			points = append(points, Point{c.Incident.Name(), minutes(t.Took), t.ByHand})
		}
	}
	return points, unknown
}

func timelinesOf(cases []Case) []Timeline {
	var list []Timeline
	for _, c := range cases {
		list = append(list, Timeline{c.Incident, c.Events})
	}
	return list
}

// interrupts are those of the period's incidents, drills left out.
func (d Data) interrupts() []Interrupt {
	return Interrupts(PagesOf(timelinesOf(d.Cases), d.Duty), d.Desk)
}

func answersOf(cases []Case) []Answers {
	list := []Answers{}
	for _, c := range cases {
		if c.Incident.Test {
			continue
		}
		for _, p := range c.Delays {
			k := slices.IndexFunc(list, func(a Answers) bool { return a.Via == p.Via && a.Band == p.Band })
			if k < 0 {
				k, list = len(list), append(list, Answers{Via: p.Via, Band: p.Band, Minutes: []float64{}})
			}
			list[k].Pages++
			if p.Answered {
				list[k].Minutes = append(list[k].Minutes, minutes(p.Took))
			} else {
				list[k].Unanswered++
			}
		}
	}
	for _, a := range list {
		slices.Sort(a.Minutes)
	}
	slices.SortFunc(list, func(a, b Answers) int {
		return cmp.Or(cmp.Compare(a.Via, b.Via), cmp.Compare(slices.Index(Bands(), a.Band), slices.Index(Bands(), b.Band)))
	})
	return list
}

// openFixesOf names the permanent fixes that were still to be done when an incident began
// and that are of the same trouble: people say that the two are related, or it is the same
// service with the same symptom or function.
func openFixesOf(fixed []*incident.Incident, i *incident.Incident) []string {
	var names []string
	for _, e := range fixed {
		if e.Number == i.Number || !e.Declared.Before(i.Declared) || !sameTrouble(e, i) {
			continue
		}
		for _, f := range e.FollowUps {
			if f.Kind == incident.PermanentFix && standsAt(f, *e, i.Declared) {
				names = append(names, f.ID)
			}
		}
	}
	return names
}

// fixed are the incidents that have a permanent fix, drills left out.
func (d Data) fixed() []*incident.Incident {
	var list []*incident.Incident
	for n := range d.Earlier {
		i := &d.Earlier[n]
		if !i.Test && slices.ContainsFunc(i.FollowUps, func(f incident.FollowUp) bool { return f.Kind == incident.PermanentFix }) {
			list = append(list, i)
		}
	}
	return list
}

func sameTrouble(a, b *incident.Incident) bool {
	if slices.Contains(a.Related, b.Number) || slices.Contains(b.Related, a.Number) {
		return true
	}
	return a.Service != "" && a.Service == b.Service &&
		(a.Symptom != "" && a.Symptom == b.Symptom || a.Function != "" && a.Function == b.Function)
}

// openedAt is when a follow-up was opened; versions until November 2026 did not say.
func openedAt(f incident.FollowUp, i incident.Incident) time.Time {
	switch {
	case !f.Opened.IsZero():
		return f.Opened
	case !i.Mitigated.IsZero():
		return i.Mitigated
	default:
		return i.Declared
	}
}

// standsAt reports whether a follow-up was opened before an instant and still to be done
// then.
func standsAt(f incident.FollowUp, i incident.Incident, at time.Time) bool {
	return openedAt(f, i).Before(at) && (f.Open() || !f.Ended.Before(at))
}
