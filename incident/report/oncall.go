package report

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// OnCall is the figures of a period.
type OnCall struct {
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	People    []Person   `json:"people"`    // who was on call or paged, by ID
	Rotations []Rotation `json:"rotations"` // by ID

	// Of the incidents that were declared in that time, and of reminders on its days in UTC.
	// Where only one person or rotation is asked for, there are none of these.
	Incidents  *Counts     `json:"incidents,omitempty"`
	FirstPages *FirstPages `json:"first_pages,omitempty"`
	Reminders  []Nags      `json:"reminders,omitempty"`

	// Unread are the incidents of that time whose archive files cannot be read: what they
	// asked of people is not counted.
	Unread []string `json:"unread,omitempty"`
}

// Person is what being on call asked of one person, on their own clock.
type Person struct {
	ID       string `json:"person"`
	TimeZone string `json:"time_zone"`

	// Minutes on call, each once, however many rotations had the person.
	Business   int `json:"business_minutes"`
	WeekdayOff int `json:"weekday_off_minutes"`
	Weekend    int `json:"weekend_minutes"`
	Holiday    int `json:"holiday_minutes"`
	Gained     int `json:"gained_minutes"` // by overrides and swaps
	Lost       int `json:"lost_minutes"`
	Share      int `json:"share_percent"` // of the period, rounded

	Interruptions  int `json:"interruptions"` // see [Interrupts]
	InBusiness     int `json:"interruptions_business"`
	InOff          int `json:"interruptions_off"`
	InSleep        int `json:"interruptions_sleep"`
	Nights         int `json:"nights_disturbed"`
	LongestRun     int `json:"nights_in_a_row"`
	DisturbedHours int `json:"disturbed_hours"`
	Awake          int `json:"awake_minutes"` // at night, from the first page to the last thing that they did
	WeekendsPaged  int `json:"weekends_paged"`
	WeekendsOnCall int `json:"weekends_on_call"`

	Weeks []WeekBurden `json:"weeks"`       // with an interrupt in them
	Rests []Rest       `json:"short_rests"` // nights after which less than eleven hours were left
	Load  float64      `json:"load_hours"`  // time and interruptions, weighted

	Pages      int `json:"pages"`
	OwnAnswers int `json:"answered_by_self"`
	Others     int `json:"answered_by_others"`
	Unanswered int `json:"unanswered"`
	Nothing    int `json:"nothing_to_do"`
	Repeated   int `json:"repeated_within_a_day"`
	LastResort int `json:"as_last_resort"` // nobody was on call, or nobody came
}

// Rest is a night after which too little of it was left.
type Rest struct {
	Ack   time.Time `json:"last_acknowledgement"`
	Hours float64   `json:"hours"` // until the next shift or the next business morning
}

// Rotation is how a schedule held. It names nobody.
type Rotation struct {
	ID          string  `json:"rotation"`
	Team        string  `json:"team,omitempty"`
	Coverage    int     `json:"coverage_percent"` // rounded down: 100 is no gap
	Gaps        int     `json:"gaps"`
	GapMinutes  int     `json:"gap_minutes"`
	Pages       int     `json:"pages"`
	PagesPer12h float64 `json:"pages_per_12_hours"` // more than 2 is too many (Google: SRE book, being on-call)
	Worst12h    int     `json:"most_pages_within_12_hours"`
	Incidents12 int     `json:"most_incidents_within_12_hours"` // for which it was paged, however often
	People      int     `json:"people"`                         // who were in its lists
	MostShare   int     `json:"most_share_percent"`             // of the time that one person was on call; above 25 is much
	Balance     int     `json:"balance_percent"`                // 100: load is equal, scaled by the time in the lists
	Peak        float64 `json:"largest_by_average"`             // the largest load by the average
	Repeated    int     `json:"repeated_in_a_day"`              // pages
	Unattended  int     `json:"pages_in_a_gap"`                 // as the last resort while nobody was on call
	Answered    int     `json:"answered_by_on_call"`            // pages answered by the person paged
}

// Of returns the figures of a period.
func Of(p Period) OnCall {
	c := newCount(p)
	out := OnCall{From: p.From, To: p.To, People: []Person{}, Rotations: []Rotation{}}
	for _, id := range c.people() {
		out.People = append(out.People, c.person(id))
	}
	for _, id := range c.rotations() {
		out.Rotations = append(out.Rotations, c.rotation(id))
	}
	return out
}

// count is a period in the shapes that figures are made from.
type count struct {
	Period
	shifts map[string]map[string][]rotation.Stretch // by person and rotation
	gained map[string]time.Duration
	lost   map[string]time.Duration
	gaps   map[string][]rotation.Stretch
	held   map[string]time.Duration            // how long a rotation existed
	listed map[string]map[string]time.Duration // by rotation and person
	team   map[string]string
	pages  map[string][]Page // by person, in order
}

func newCount(p Period) *count {
	c := &count{Period: p, shifts: map[string]map[string][]rotation.Stretch{}, gained: map[string]time.Duration{},
		lost: map[string]time.Duration{}, gaps: map[string][]rotation.Stretch{}, held: map[string]time.Duration{},
		listed: map[string]map[string]time.Duration{}, team: map[string]string{}, pages: map[string][]Page{}}
	for _, h := range p.Rosters {
		from, to := later(h.From, p.From), earlier(h.To, p.To)
		for i := range h.Roster.Rotations {
			if from.Before(to) {
				c.schedule(&h.Roster.Rotations[i], from, to)
			}
		}
	}
	for _, page := range p.Pages {
		if !page.At.Before(p.From) && page.At.Before(p.To) {
			c.pages[page.Person] = append(c.pages[page.Person], page)
		}
	}
	for _, list := range c.pages {
		slices.SortStableFunc(list, func(a, b Page) int { return a.At.Compare(b.At) })
	}
	return c
}

// schedule adds a rotation as it held during [from, to).
func (c *count) schedule(r *rotation.Rotation, from, to time.Time) {
	c.held[r.ID] += to.Sub(from)
	c.team[r.ID] = r.Team
	for _, s := range r.Served(from, to) {
		if c.shifts[s.Person] == nil {
			c.shifts[s.Person] = map[string][]rotation.Stretch{}
		}
		c.shifts[s.Person][r.ID] = append(c.shifts[s.Person][r.ID], s.Shifts...)
		c.gained[s.Person] += s.Gained
		c.lost[s.Person] += s.Lost
	}
	for _, g := range r.Gaps(from, to) {
		list := c.gaps[r.ID]
		if n := len(list); n > 0 && list[n-1].End.Equal(g.Start) {
			list[n-1].End = g.End // a change of the roster cuts no gap in two
		} else {
			list = append(list, rotation.Stretch{Start: g.Start, End: g.End})
		}
		c.gaps[r.ID] = list
	}
	if c.listed[r.ID] == nil {
		c.listed[r.ID] = map[string]time.Duration{}
	}
	for _, part := range partsOf(r, from, to) {
		for _, person := range listedAt(r, part.Start) {
			c.listed[r.ID][person] += part.End.Sub(part.Start)
		}
	}
}

// partsOf cuts [from, to) where an edit changes a list.
func partsOf(r *rotation.Rotation, from, to time.Time) []rotation.Stretch {
	edges := []time.Time{from, to}
	for _, l := range r.Layers {
		for _, e := range l.Edits {
			if e.At.After(from) && e.At.Before(to) {
				edges = append(edges, e.At)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	var parts []rotation.Stretch
	for i := range edges[1:] {
		parts = append(parts, rotation.Stretch{Start: edges[i], End: edges[i+1]})
	}
	return parts
}

// listedAt is who is in the lists of a rotation at t.
func listedAt(r *rotation.Rotation, t time.Time) []string {
	var people []string
	for _, l := range r.Layers {
		slots, since := l.People, time.Time{}
		for _, e := range l.Edits {
			if e.People != nil && !e.At.After(t) && !e.At.Before(since) {
				slots, since = e.People, e.At
			}
		}
		for _, s := range slots {
			people = append(people, s...)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

func (c *count) people() []string {
	var ids []string
	for id := range c.shifts {
		ids = append(ids, id)
	}
	for id := range c.pages {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (c *count) rotations() []string {
	var ids []string
	for id := range c.held {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// desk is where and when somebody works, by the last roster that knew them.
func (c *count) desk(person string) rotation.Desk {
	d := rotation.Desk{Zone: time.UTC}
	for _, h := range c.Rosters {
		if _, ok := h.Roster.Person(person); ok {
			d.Zone = h.Roster.Location(person)
		}
	}
	if c.Holidays != nil {
		d.Holidays = c.Holidays(person)
	}
	return d
}

func (c *count) person(id string) Person {
	d := c.desk(id)
	var shifts []rotation.Stretch
	for _, list := range c.shifts[id] {
		shifts = append(shifts, list...)
	}
	slices.SortFunc(shifts, func(a, b rotation.Stretch) int { return a.Start.Compare(b.Start) })
	m, x := d.Minutes(shifts), d.Interruptions(loud(c.pages[id]))
	list := Interrupts(c.pages[id], func(string) rotation.Desk { return d })
	felt := d.Interruptions(instants(list))
	p := Person{ID: id, TimeZone: d.Zone.String(), Business: m.Business, WeekdayOff: m.WeekdayOff, Weekend: m.Weekend, Holiday: m.Holiday,
		Gained: int(c.gained[id].Minutes()), Lost: int(c.lost[id].Minutes()), Share: percent(float64(m.Total()), c.To.Sub(c.From).Minutes()),
		Interruptions: felt.Count, InBusiness: felt.Business, InOff: felt.Off, InSleep: felt.Sleep, Weeks: WeeksOf(list, id), Nights: x.Nights, LongestRun: x.LongestRun,
		DisturbedHours: x.DisturbedHours, Awake: int(awake(d.Zone, c.pages[id], c.Acts[id]).Round(time.Minute).Minutes()), WeekendsPaged: x.WeekendsTouched, WeekendsOnCall: weekends(d.Zone, shifts),
		Rests: rests(d, c.pages[id], shifts), Load: round(rotation.DefaultWeights().Load(m, felt)), Pages: len(c.pages[id])}
	for _, page := range c.pages[id] {
		switch {
		case page.Answered.IsZero():
			p.Unanswered++
		case page.AnsweredBy == id:
			p.OwnAnswers++
		default:
			p.Others++
		}
		p.Nothing += one(page.Nothing)
		p.Repeated += one(page.Again)
		p.LastResort += one(page.Resort)
	}
	return p
}

// instants are when interrupts began.
func instants(list []Interrupt) []time.Time {
	var at []time.Time
	for _, x := range list {
		at = append(at, x.At)
	}
	return at
}

// loud is when pages interrupted.
func loud(pages []Page) []time.Time {
	var list []time.Time
	for _, p := range pages {
		if !p.Quiet {
			list = append(list, p.At)
		}
	}
	return list
}

func (c *count) rotation(id string) Rotation {
	r := Rotation{ID: id, Team: c.team[id], Gaps: len(c.gaps[id]), People: len(c.listed[id])}
	var gap time.Duration
	for _, g := range c.gaps[id] {
		gap += g.End.Sub(g.Start)
	}
	r.GapMinutes = int(gap.Minutes())
	r.Coverage = int(math.Floor(100 * (c.held[id] - gap).Seconds() / c.held[id].Seconds()))
	load, listed := map[string]float64{}, map[string]float64{}
	for person, in := range c.listed[id] {
		listed[person] = in.Seconds() / c.held[id].Seconds()
		load[person] = c.load(person, id)
	}
	for person, by := range c.shifts {
		total := time.Duration(0)
		for _, s := range by[id] {
			total += s.End.Sub(s.Start)
		}
		r.MostShare = max(r.MostShare, percent(total.Seconds(), c.held[id].Seconds()))
		if _, in := load[person]; !in && total > 0 {
			load[person] = c.load(person, id) // a stand-in from outside of the lists
		}
	}
	f := rotation.FairnessOf(load, listed)
	r.Balance, r.Peak = f.Balance, round(f.Peak)
	c.paged(&r)
	return r
}

// load is what a rotation asked of somebody.
func (c *count) load(person, id string) float64 {
	d := c.desk(person)
	pages := slices.DeleteFunc(slices.Clone(c.pages[person]), func(p Page) bool { return p.Rotation != id })
	felt := instants(Interrupts(pages, func(string) rotation.Desk { return d }))
	return rotation.DefaultWeights().Load(d.Minutes(c.shifts[person][id]), d.Interruptions(felt))
}

// paged counts the pages of a rotation.
func (c *count) paged(r *Rotation) {
	var times []time.Time
	first := map[int]time.Time{} // the first page for each incident
	for person, list := range c.pages {
		for _, p := range list {
			if p.Resort && slices.Contains(p.Duty, r.ID) && c.gapAt(r.ID, p.At) {
				r.Unattended++
			}
			if p.Rotation != r.ID {
				continue
			}
			r.Pages++
			r.Repeated += one(p.Again)
			r.Answered += one(p.AnsweredBy == person)
			times = append(times, p.At)
			if at, ok := first[p.Incident]; !p.Quiet && (!ok || p.At.Before(at)) {
				first[p.Incident] = p.At
			}
		}
	}
	r.Worst12h, r.Incidents12 = within12h(times), within12h(slices.Collect(maps.Values(first)))
	r.PagesPer12h = round(float64(r.Pages) / (c.held[r.ID].Hours() / 12))
}

// within12h is how many instants lie within twelve hours, at most.
func within12h(times []time.Time) (most int) {
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for n, t := range times {
		for t.Sub(times[first]) >= 12*time.Hour {
			first++
		}
		most = max(most, n-first+1)
	}
	return most
}

func (c *count) gapAt(id string, t time.Time) bool {
	return slices.ContainsFunc(c.gaps[id], func(g rotation.Stretch) bool { return !t.Before(g.Start) && t.Before(g.End) })
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func percent(part, whole float64) int {
	if whole == 0 {
		return 0
	}
	return int(math.Round(100 * part / whole))
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

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

// Pay drafts what being on call is worth, one line for each person and kind of
// hour that has any: minutes as counted, at rates an hour in the smallest unit of
// the currency. Somebody in two rotations at once is paid once.
func (o OnCall) Pay(rates rotation.Rates) []rotation.PayLine {
	lines := []rotation.PayLine{}
	for _, p := range o.People {
		for _, k := range []struct {
			kind    string
			minutes int
			rate    int64
		}{
			{"business", p.Business, rates.Business}, {"weekday_off", p.WeekdayOff, rates.WeekdayOff},
			{"weekend", p.Weekend, rates.Weekend}, {"holiday", p.Holiday, rates.Holiday},
		} {
			if k.minutes > 0 {
				lines = append(lines, rotation.PayLine{Person: p.ID, Kind: k.kind, Minutes: k.minutes, Rate: k.rate, Amount: (int64(k.minutes)*k.rate + 30) / 60})
			}
		}
	}
	return lines
}

// Only returns the figures of one person, of one rotation, or of both, where the
// names are not empty. An unknown name leaves an empty list.
func (o OnCall) Only(person, rot string) OnCall {
	if person != "" || rot != "" {
		o.Incidents, o.FirstPages, o.Reminders = nil, nil, nil
	}
	if person != "" {
		o.People = slices.DeleteFunc(slices.Clone(o.People), func(p Person) bool { return p.ID != person })
		if rot == "" {
			o.Rotations = []Rotation{}
		}
	}
	if rot != "" {
		o.Rotations = slices.DeleteFunc(slices.Clone(o.Rotations), func(r Rotation) bool { return r.ID != rot })
		if person == "" {
			o.People = []Person{}
		}
	}
	return o
}
