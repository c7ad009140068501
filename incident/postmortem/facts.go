package postmortem

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// facts is the record while the document is made from it.
type facts struct {
	i      incident.Incident
	events []incident.Event
	ctx    Context
	clock  clock
	cast   *cast

	entries []incident.Entry // what is shown, in the order of their own times; set by timeline
	said    map[int]Entry    // the same as the document says them, by their numbers
	answers []incident.Event // to the questions of the document
}

func newFacts(i incident.Incident, events []incident.Event, ctx Context) *facts {
	c := newClock(ctx.Zone)
	events = incident.Unhidden(events)
	return &facts{i: i, events: events, ctx: ctx, clock: c, cast: newCast(i, events, ctx, c),
		answers: incident.AnswersOf(incident.Readable(events))}
}

// A service or a team that the roster does not have is a word that somebody typed.
func (f *facts) service(id string) string { return or(plain(f.ctx.Services[id]), f.cast.clean(id)) }

func (f *facts) team(id string) string { return or(plain(f.ctx.Teams[id]), f.cast.clean(id)) }

// Measure is a duration between two moments of the timeline. One of them that
// the record does not hold leaves Took at zero and says in Missing what is not known.
type Measure struct {
	Name    string `json:"name"`
	From    Moment `json:"from"`
	To      Moment `json:"to,omitzero"`
	Took    Span   `json:"took"`
	Missing string `json:"missing,omitempty"`
}

// Moment is an instant and the event that it is taken from.
type Moment struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
	Seq  int       `json:"seq,omitempty"` // zero: the incident says so, no event of its own
}

// measures are detection, first acknowledgement, first mitigation, the mitigation that
// held, and resolution, each with its two events.
func (f *facts) measures() []Measure {
	m := f.moments()
	declared := Moment{What: "declared", At: f.i.Declared, Seq: m.declared}
	asked := declared // a page that is put off until the morning is not a slow answer
	if m.paged.Seq > 0 && (m.acked.Seq == 0 || m.paged.Seq < m.acked.Seq) {
		asked = m.paged
	}
	return []Measure{
		f.detected(declared),
		measure("first acknowledged", asked, m.acked, "nobody has acknowledged it"),
		measure("first mitigated", declared, m.mitigated, "not mitigated"),
		measure("stable", declared, m.stable, "not mitigated"),
		measure("resolved", declared, m.resolved, "not resolved"),
	}
}

// moments are what durations are measured between. Those that have not come are zero.
type moments struct {
	declared                                  int
	paged, acked, mitigated, stable, resolved Moment
}

func (f *facts) moments() moments {
	var ms moments
	for _, e := range f.events {
		m := Moment{What: string(e.Kind), At: e.At, Seq: e.Seq}
		switch e.Kind {
		case incident.KindDeclared:
			ms.declared = e.Seq
		case incident.KindPaged:
			ms.paged = ms.paged.or(m)
		case incident.KindAcknowledged:
			if e.By.Human() {
				ms.acked = ms.acked.or(m)
			}
		case incident.KindMitigated:
			ms.mitigated, ms.stable = ms.mitigated.or(m), m
		case incident.KindInvestigate, incident.KindMitigating, incident.KindReopened:
			ms.stable = Moment{}
		case incident.KindResolved:
			if e.How != "" {
				ms.mitigated = ms.mitigated.or(m)
			}
			ms.stable, ms.resolved = ms.stable.or(m), m
		}
	}
	return ms
}

// or returns the moment, or another one where it has not come.
func (m Moment) or(other Moment) Moment {
	if m.Seq > 0 {
		return m
	}
	return other
}

// detected is the time from the beginning of the impact to the declaration. An
// impact that begins with the declaration says that nobody recorded when it began.
func (f *facts) detected(declared Moment) Measure {
	m := Measure{Name: "detected", To: declared}
	began := f.began()
	if began.IsZero() {
		m.From = Moment{What: "impact began"}
		m.Missing = "when the impact began is not in the timeline"
		return m
	}
	m.From = Moment{What: "impact began", At: began}
	m.Took = Span(f.i.Declared.Sub(m.From.At))
	return m
}

func measure(name string, from, to Moment, missing string) Measure {
	m := Measure{Name: name, From: from, To: to}
	if to.At.IsZero() {
		m.Missing = missing
		return m
	}
	m.Took = Span(to.At.Sub(from.At))
	return m
}

// Entry is a line of the timeline: when, who by role, what in our words, and
// the text that was typed, as typed but for names.
type Entry struct {
	Seq  int           `json:"seq"`
	At   time.Time     `json:"at"`
	Who  string        `json:"who"`
	Kind incident.Kind `json:"kind"`
	What string        `json:"what"`
	Text string        `json:"text,omitempty"`
}

// timeline says every event, people being called as they were at that point, and leaves
// out what is hidden. It stands in the order of the entries' own times.
func (f *facts) timeline() []Entry {
	f.said = make(map[int]Entry, len(f.events))
	f.cast.open = nil
	wording := f.wording()
	for _, e := range f.events {
		s := wording.Sentence(e)
		who := e.By
		if e.Mark != nil && e.Person != "" {
			who = e.Person // whose words they are
		}
		f.said[e.Seq] = Entry{
			Seq:  e.Seq,
			At:   e.At,
			Who:  f.cast.doing(who),
			Kind: e.Kind,
			What: s.Did,
			Text: f.typed(e, s),
		}
		f.cast.follow(e)
	}
	f.entries = incident.Shown(incident.Entries(f.events))
	entries := make([]Entry, 0, len(f.entries))
	for _, n := range f.entries {
		if writing(n.Kind) {
			continue
		}
		e := f.said[n.Seq]
		if e.At = n.At; n.Set {
			e.What += " (time set by hand)"
		}
		f.said[n.Seq] = e
		entries = append(entries, e)
	}
	return entries
}

// writing reports whether a kind is about the document itself: what was answered stands
// with its question.
func writing(k incident.Kind) bool {
	return k == incident.KindAnswered || k == incident.KindInReview || k == incident.KindPublished || k == incident.KindSent
}

// Page is one page that went out.
type Page struct {
	To       string    `json:"to"`
	Via      string    `json:"via,omitempty"`
	Sent     time.Time `json:"sent"`
	Answered time.Time `json:"answered,omitzero"` // by the one who was paged; zero: no answer
	Delay    Span      `json:"delay,omitempty"`
	Band     string    `json:"band"`           // working, early, evening, night or weekend, where that person lives
	Lost     bool      `json:"lost,omitempty"` // it is known not to have got through
	Reason   string    `json:"reason,omitempty"`
	who      incident.Actor
	target   string
}

// pages returns every page with its answer. Whoever acknowledges, or takes a role while
// somebody else is on it already, answers all the pages that they had been sent until
// then and not answered before.
func (f *facts) pages() []Page {
	var pages []Page
	waiting := map[incident.Actor][]int{}
	for _, e := range f.events {
		switch e.Kind {
		case incident.KindPaged:
			p := Page{To: f.paged(e), Via: plain(incident.MethodWords(e.Via)), Sent: e.At, Reason: f.cast.clean(e.Reason), who: e.Person, target: e.Target}
			if e.Person != "" {
				p.Band = band(e.At.In(f.zoneOf(e.Person)))
				waiting[e.Person] = append(waiting[e.Person], len(pages))
			}
			pages = append(pages, p)
		case incident.KindPageFailed:
			lose(pages, e)
		case incident.KindAcknowledged, incident.KindAnsweredToo, incident.KindRole:
			if !e.Answers() {
				continue // somebody else gave them the role
			}
			for _, n := range waiting[e.By] {
				if !pages[n].Lost {
					pages[n].Answered, pages[n].Delay = e.At, Span(e.At.Sub(pages[n].Sent))
				}
			}
			delete(waiting, e.By)
		}
	}
	return pages
}

// lose marks the latest page that e says did not get through.
func lose(pages []Page, e incident.Event) {
	for n := len(pages) - 1; n >= 0; n-- {
		p := &pages[n]
		if p.who == e.Person && p.target == e.Target && (e.Via == "" || p.Via == plain(incident.MethodWords(e.Via))) {
			p.Lost = true
			return
		}
	}
}

func (f *facts) zoneOf(a incident.Actor) *time.Location {
	if z := f.ctx.People[a].Zone; z != nil {
		return z
	}
	return f.clock.zone
}

// band says what part of somebody's week t is, by their own wall clock.
func band(t time.Time) string {
	switch h := t.Hour(); {
	case h >= 22 || h < 7:
		return "night"
	case t.Weekday() == time.Saturday || t.Weekday() == time.Sunday:
		return "weekend"
	case h < 8:
		return "early"
	case h < 18:
		return "working"
	default:
		return "evening"
	}
}

// woken counts the people whom a page reached at night.
func woken(pages []Page) int {
	who := map[incident.Actor]bool{}
	for _, p := range pages {
		if p.Band == "night" && p.who != "" && !p.Lost {
			who[p.who] = true
		}
	}
	return len(who)
}

// due says whether the document is asked for, and by when: by the highest
// severity, and at severity 3 by what the incident did to people and promises.
func (f *facts) due(pages []Page, promises []Promise) Due {
	if f.i.Status == incident.Cancelled || f.i.Status == incident.Merged {
		return Due{Because: "the incident was " + string(f.i.Status)}
	}
	var d Due
	draft, publish := 0, 0
	switch f.i.Highest {
	case incident.Sev1:
		d, draft, publish = Due{Required: true, Because: "sev1"}, 3, 5
	case incident.Sev2:
		d, draft, publish = Due{Required: true, Because: "sev2"}, 5, 10
	case incident.Sev3:
		d, draft, publish = sev3(pages, promises), 10, 15
	default:
		d = Due{Because: "sev4: a few lines are welcome"}
	}
	if d.Required && !f.i.Mitigated.IsZero() {
		d.Draft = f.i.Mitigated.AddDate(0, 0, draft)
		d.Publish = workingDays(f.i.Mitigated.In(f.clock.zone), publish)
	}
	return d
}

func sev3(pages []Page, promises []Promise) Due {
	for _, p := range promises {
		if p.State == Missed {
			return Due{Required: true, Because: "sev3 and a promise was not kept"}
		}
	}
	if n := woken(pages); n > 0 {
		return Due{Required: true, Because: "sev3 and " + incident.Count(n, "person was", "people were") + " woken"}
	}
	return Due{Because: "sev3: required if it happens again within 30 days"}
}

// workingDays returns the instant n days from Monday to Friday after t.
func workingDays(t time.Time, n int) time.Time {
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			n--
		}
	}
	return t
}
