package rotation

import (
	"slices"
	"time"
)

// Rates are what an hour on call is paid, in the smallest unit of the currency.
type Rates struct {
	Business, WeekdayOff, Weekend, Holiday int64
}

// PayLine is one person's time of one kind in a draft.
type PayLine struct {
	Person  string
	Kind    string // business, weekday_off, weekend or holiday
	Minutes int
	Rate    int64 // an hour
	Amount  int64 // Minutes at Rate, rounded half up once, here
}

// PayDraft is what somebody checks before anything is paid.
type PayDraft struct {
	From, To time.Time
	Rates    func(person string) Rates // by whatever the company pays by
	Desk     func(person string) Desk
	Twice    bool // somebody in two rotations at once is paid for both
}

// Lines drafts the pay for being on call in rotations, one line for each person
// and kind of hour that has any, by person.
func (p PayDraft) Lines(rotations []*Rotation) []PayLine {
	shifts := map[string][][]Stretch{}
	var people []string
	for _, r := range rotations {
		for _, s := range r.Served(p.From, p.To) {
			if len(s.Shifts) == 0 {
				continue
			}
			if shifts[s.Person] == nil {
				people = append(people, s.Person)
			}
			shifts[s.Person] = append(shifts[s.Person], s.Shifts)
		}
	}
	slices.Sort(people)
	var lines []PayLine
	for _, person := range people {
		lines = append(lines, p.person(person, shifts[person])...)
	}
	return lines
}

func (p PayDraft) person(person string, shifts [][]Stretch) []PayLine {
	if !p.Twice {
		shifts = [][]Stretch{slices.Concat(shifts...)}
	}
	var m Minutes
	for _, s := range shifts {
		x := p.Desk(person).Minutes(s)
		m = Minutes{m.Business + x.Business, m.WeekdayOff + x.WeekdayOff, m.Weekend + x.Weekend, m.Holiday + x.Holiday}
	}
	r := p.Rates(person)
	var lines []PayLine
	add := func(kind string, minutes int, rate int64) {
		if minutes > 0 {
			lines = append(lines, PayLine{person, kind, minutes, rate, (int64(minutes)*rate + 30) / 60})
		}
	}
	add("business", m.Business, r.Business)
	add("weekday_off", m.WeekdayOff, r.WeekdayOff)
	add("weekend", m.Weekend, r.Weekend)
	add("holiday", m.Holiday, r.Holiday)
	return lines
}

// PayChange is a line that differs from an earlier draft of the same time.
type PayChange struct {
	Person, Kind  string
	Before, After int // minutes
}

// PayChanges compares two drafts, as when an override for a past week was
// recorded late.
func PayChanges(before, after []PayLine) []PayChange {
	type key struct{ person, kind string }
	old := make(map[key]int, len(before))
	for _, l := range before {
		old[key{l.Person, l.Kind}] = l.Minutes
	}
	var list []PayChange
	for _, l := range after {
		k := key{l.Person, l.Kind}
		if old[k] != l.Minutes {
			list = append(list, PayChange{l.Person, l.Kind, old[k], l.Minutes})
		}
		delete(old, k)
	}
	for _, l := range before {
		if n, gone := old[key{l.Person, l.Kind}]; gone {
			list = append(list, PayChange{l.Person, l.Kind, n, 0})
		}
	}
	return list
}
