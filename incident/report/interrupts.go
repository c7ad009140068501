package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Interrupt is one time that somebody was interrupted: pages for one incident within an
// hour, and pages for any within a minute of the one before, are one.
type Interrupt struct {
	At        time.Time
	Person    string
	Incidents []int
	Service   string // of the first incident
	Local     time.Time
	Band      string // of the day, see [BandOf]
	Night     bool   // on the clock of the person, as are the next three
	Weekend   bool
	Holiday   bool
	Week      string // by ISO 8601, as in 2026-W41
}

// Hurts reports whether it was at night, at a weekend or on a holiday.
func (x Interrupt) Hurts() bool { return x.Night || x.Weekend || x.Holiday }

// Within what time pages are one interrupt.
const (
	sameIncident = time.Hour
	anyIncident  = time.Minute
)

// The bands of the day in which a page comes, on the clock of whoever gets it.
const (
	BandNight   = "night"   // 22:00 to 07:00, of any day
	BandHoliday = "holiday" //
	BandWeekend = "weekend"
	BandEarly   = "early"   // 07:00 to 08:00
	BandWorking = "working" // to 18:00
	BandEvening = "evening" // to 22:00
)

// Bands are all of them, in the order in which they are shown.
func Bands() []string {
	return []string{BandWorking, BandEarly, BandEvening, BandNight, BandWeekend, BandHoliday}
}

// BandOf says in which band of the day an instant is, by the zone's rules of that date.
func BandOf(t time.Time, d rotation.Desk) string {
	x := placed(t, d)
	return x.Band
}

// placed is an interrupt at an instant, as far as the clock and the calendar say.
func placed(t time.Time, d rotation.Desk) Interrupt {
	zone := d.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := t.In(zone)
	year, week := local.ISOWeek()
	x := Interrupt{At: t, Local: local, Week: fmt.Sprintf("%d-W%02d", year, week)}
	x.Night = local.Hour() >= 22 || local.Hour() < 7
	x.Weekend = local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	x.Holiday = slices.Contains(d.Holidays, local.Format(time.DateOnly))
	switch h := local.Hour(); {
	case x.Night:
		x.Band = BandNight
	case x.Holiday:
		x.Band = BandHoliday
	case x.Weekend:
		x.Band = BandWeekend
	case h < 8:
		x.Band = BandEarly
	case h < 18:
		x.Band = BandWorking
	default:
		x.Band = BandEvening
	}
	return x
}

// Interrupts counts pages as people feel them, in the order of their times. Pages by
// methods that interrupt nobody are left out. Desk is where and when a person works.
func Interrupts(pages []Page, desk func(person string) rotation.Desk) []Interrupt {
	pages = slices.DeleteFunc(slices.Clone(pages), func(p Page) bool { return p.Quiet })
	slices.SortStableFunc(pages, func(a, b Page) int { return a.At.Compare(b.At) })
	var list []Interrupt
	type key struct {
		person   string
		incident int
	}
	last, of := map[string]time.Time{}, map[key]int{} // a person's last page; the interrupt of a person and an incident
	latest := map[string]int{}                        // a person's last interrupt
	for _, p := range pages {
		k := key{p.Person, p.Incident}
		at, seen := of[k]
		switch {
		case seen && p.At.Sub(list[at].At) < sameIncident:
		case !last[p.Person].IsZero() && p.At.Sub(last[p.Person]) <= anyIncident:
			at = latest[p.Person]
		default:
			at = len(list)
			x := placed(p.At, desk(p.Person))
			x.Person, x.Service = p.Person, p.Service
			list = append(list, x)
		}
		if !slices.Contains(list[at].Incidents, p.Incident) {
			list[at].Incidents = append(list[at].Incidents, p.Incident)
		}
		of[k], latest[p.Person], last[p.Person] = at, at, p.At
	}
	return list
}

// Burden is how often somebody, or a service, interrupted or was interrupted.
type Burden struct {
	Interrupts int `json:"interrupts"`
	Night      int `json:"night"`
	Weekend    int `json:"weekend"`
	Hurts      int `json:"night_or_weekend"` // or on a holiday
}

func (b *Burden) add(x Interrupt) {
	b.Interrupts++
	b.Night += one(x.Night)
	b.Weekend += one(x.Weekend)
	b.Hurts += one(x.Hurts())
}

// BurdenOf adds interrupts up.
func BurdenOf(list []Interrupt) Burden {
	var b Burden
	for _, x := range list {
		b.add(x)
	}
	return b
}

// WeekBurden is the burden of one person in one week.
type WeekBurden struct {
	Week string `json:"iso_week"`
	Burden
	Nights int `json:"nights"` // with an interrupt; each is of the week in which it had its first
}

// WeeksOf adds the interrupts of one person up by week, the earliest first. A week without
// any is not there.
func WeeksOf(list []Interrupt, person string) []WeekBurden {
	weeks := []WeekBurden{}
	counted := map[string]bool{} // the nights, by the day on which they begin
	for _, x := range list {
		if x.Person != person {
			continue
		}
		k := slices.IndexFunc(weeks, func(w WeekBurden) bool { return w.Week == x.Week })
		if k < 0 {
			k, weeks = len(weeks), append(weeks, WeekBurden{Week: x.Week})
		}
		weeks[k].add(x)
		if night := x.Local.Add(-7 * time.Hour).Format(time.DateOnly); x.Night && !counted[night] {
			counted[night] = true
			weeks[k].Nights++
		}
	}
	slices.SortFunc(weeks, func(a, b WeekBurden) int { return cmp.Compare(a.Week, b.Week) })
	return weeks
}

// Disturbance is how often people were interrupted because of a service.
type Disturbance struct {
	Service string
	Times   int
	Hurt    int // of Times, see [Interrupt.Hurts]
}

// Words say it, as in "Payments 3, of these 1 at night, at a weekend or on a holiday".
func (d Disturbance) Words() string {
	s := fmt.Sprintf("%s %d", d.Service, d.Times)
	if d.Hurt > 0 {
		s += fmt.Sprintf(", of these %d at night, at a weekend or on a holiday", d.Hurt)
	}
	return s
}

// Disturbances count interrupts by the services of their incidents, most first. One that
// was for several services counts for each.
func Disturbances(list []Interrupt, service map[int]string) []Disturbance {
	var all []Disturbance
	for _, x := range list {
		var names []string
		for _, n := range x.Incidents {
			if name := service[n]; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		for _, name := range names {
			k := slices.IndexFunc(all, func(d Disturbance) bool { return d.Service == name })
			if k < 0 {
				k, all = len(all), append(all, Disturbance{Service: name})
			}
			all[k].Times++
			if x.Hurts() {
				all[k].Hurt++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Disturbance) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Service, b.Service))
	})
	return all
}
