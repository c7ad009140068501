package postmortem

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// strip is the incident as a picture: rows of bars and marks on one axis of time.
type strip struct {
	Title, Says string
	Ticks       []tick
	Rows        []lane
	from, to    time.Time
}

// lane is what happened of one kind.
type lane struct {
	Name  string
	Bars  []stripBar
	Marks []stripMark
}

// stripBar is a stretch of time; From and To are parts of the axis, from 0 to 1.
type stripBar struct {
	From, To    float64
	Words, When string
	Short       string // what stands there where the words have no room; may be empty
	Kind        string // impact, status, sev1 … sev4, role
}

// stripMark is a moment.
type stripMark struct {
	At    float64
	Words string
	Kind  string // answered, waiting or lost
}

// tick is a time that stands at the axis.
type tick struct {
	At    float64
	Words string
}

// roleRows is how many roles the picture has room for; the document has them all.
const roleRows = 8

// strip lays the incident out, and reports whether there is anything to show.
func (d Document) strip() (strip, bool) {
	s := strip{Title: d.Name + ": what happened when"}
	if len(d.Changes) == 0 {
		return s, false
	}
	s.from, s.to = d.span()
	s.Rows = append(s.Rows, s.impact(d), s.changes(d, "Status", func(c Change) (string, string) { return string(c.Status), "status" }),
		s.changes(d, "Severity", func(c Change) (string, string) { return c.Severity, c.Severity }))
	s.Rows = append(s.Rows, s.roles(d)...)
	if pages := s.pages(d); len(pages.Marks) > 0 {
		s.Rows = append(s.Rows, pages)
	}
	s.Ticks = s.ticks()
	s.Says = fmt.Sprintf("From %s to %s: %s, %s, highest %s. The tables of the document say the same in words.",
		s.from.UTC().Format("2 January 2006 15:04"), s.to.UTC().Format("2 January 2006 15:04 UTC"),
		incident.Count(len(d.Impact), "stretch of impact", "stretches of impact"), incident.Count(len(d.Pages), "notification", "notifications"), d.Highest)
	return s, true
}

// span is from the first of what is shown until the incident was over, or until the last
// entry where it is not.
func (d Document) span() (from, to time.Time) {
	from = d.Changes[0].At
	over := false
	for _, c := range d.Changes {
		ends := c.Status == incident.Resolved || c.Status == incident.Cancelled || c.Status == incident.Merged
		if ends {
			to = c.At
		}
		over = ends || over && c.Status == incident.Closed
	}
	if !over {
		to = d.last()
	}
	for _, v := range d.Impact {
		if v.Start.Before(from) {
			from = v.Start
		}
		if v.End.After(to) {
			to = v.End
		}
	}
	if to.Sub(from) < time.Minute {
		to = from.Add(time.Minute)
	}
	return from, to
}

// bar is a stretch as a part of the axis; ok is false where none of it is on it.
func (s strip) bar(from, to time.Time, words, kind string) (b stripBar, ok bool) {
	if to.IsZero() || to.After(s.to) {
		to = s.to
	}
	if from.Before(s.from) {
		from = s.from
	}
	if !from.Before(to) {
		return b, false
	}
	return stripBar{From: s.part(from), To: s.part(to), Words: words, When: s.clock(from) + " to " + s.clock(to) + " UTC", Kind: kind}, true
}

func (s strip) part(t time.Time) float64 { return float64(t.Sub(s.from)) / float64(s.to.Sub(s.from)) }

func (s strip) clock(t time.Time) string {
	if s.to.Sub(s.from) > 20*time.Hour {
		return t.UTC().Format("2 Jan 15:04")
	}
	return t.UTC().Format("15:04")
}

func (s strip) impact(d Document) lane {
	r := lane{Name: "Impact"}
	for _, v := range d.Impact {
		if b, ok := s.bar(v.Start, v.End, "customers affected", "impact"); ok {
			b.Short = "affected"
			r.Bars = append(r.Bars, b)
		}
	}
	return r
}

// changes is a row of what holds from one change to the next.
func (s strip) changes(d Document, name string, of func(Change) (words, kind string)) lane {
	r := lane{Name: name}
	for k := 0; k < len(d.Changes); {
		words, kind := of(d.Changes[k])
		next := k + 1
		for next < len(d.Changes) {
			if w, _ := of(d.Changes[next]); w != words {
				break
			}
			next++
		}
		until := s.to
		if next < len(d.Changes) {
			until = d.Changes[next].At
		}
		if b, ok := s.bar(d.Changes[k].At, until, words, kind); ok {
			r.Bars = append(r.Bars, b)
		}
		k = next
	}
	return r
}

// roles has a row for each role, and for each person of those that several have at once.
func (s strip) roles(d Document) []lane {
	var list []lane
	for _, h := range d.Roles {
		b, ok := s.bar(h.From, h.Until, h.Label, "role")
		if !ok {
			continue
		}
		name := string(h.Role)
		if b.Short = name; h.Role == incident.Responder {
			name, b.Short = h.Label, ""
		}
		k := slices.IndexFunc(list, func(r lane) bool { return r.Name == name && r.Bars[len(r.Bars)-1].To <= b.From+1e-9 })
		switch {
		case k >= 0:
			list[k].Bars = append(list[k].Bars, b)
		case len(list) < roleRows:
			list = append(list, lane{Name: name, Bars: []stripBar{b}})
		}
	}
	return list
}

func (s strip) pages(d Document) lane {
	r := lane{Name: "Pages"}
	for _, p := range d.Pages {
		if p.Sent.Before(s.from) || p.Sent.After(s.to) {
			continue
		}
		m := stripMark{s.part(p.Sent), s.clock(p.Sent) + " UTC: " + p.To + ", ", "waiting"}
		switch {
		case p.Lost:
			m.Kind, m.Words = "lost", m.Words+"failed"
		case p.Answered.IsZero():
			m.Words += "no answer"
		default:
			m.Kind, m.Words = "answered", m.Words+"answered after "+p.Delay.String()
		}
		r.Marks = append(r.Marks, m)
	}
	return r
}

// ticks are at most nine round times.
func (s strip) ticks() []tick {
	steps := []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour}
	length := s.to.Sub(s.from)
	k := slices.IndexFunc(steps, func(d time.Duration) bool { return length/d < 8 })
	step := 7 * 24 * time.Hour * (1 + length/(7*24*time.Hour*8))
	if k >= 0 {
		step = cmp.Or(steps[k], step)
	}
	var list []tick
	for t := s.from.UTC().Truncate(step); !t.After(s.to); t = t.Add(step) {
		if !t.Before(s.from) {
			list = append(list, tick{s.part(t), s.clock(t)})
		}
	}
	return list
}
