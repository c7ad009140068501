package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// Services is the report of what services did to customers and to those on call.
type Services struct {
	Head
	Services []Service `json:"services"` // by ID: nothing is ranked
}

// Service is what one service did.
type Service struct {
	Service    string         `json:"service"`
	Team       string         `json:"team,omitempty"`
	Incidents  int            `json:"incidents"`
	BySeverity map[string]int `json:"by_highest_severity"`
	Impact     Spread         `json:"impact"`
	Mitigate   Spread         `json:"mitigate"`
	Burden
	NightPages []string   `json:"interrupted_at_night_by"` // incidents, each once
	FirstPages Ratio      `json:"first_page_reached_owner"`
	Reroutes   int        `json:"reroutes"`
	Fixes      []OpenItem `json:"open_permanent_fixes"`
	CameBack   []CameBack `json:"came_back"`
}

// ServicesOf makes the report by service: of each that had an incident, interrupted
// somebody, or has an open permanent fix.
func ServicesOf(d Data) Services {
	b := &byService{of: map[string]*Service{}, owner: d.Owner}
	parts, fixed := map[string][]Case{}, d.fixed()
	for _, c := range d.Cases {
		if c.counts() {
			x := b.get(c.Incident.Service)
			x.Incidents++
			x.BySeverity[c.Incident.Highest.String()]++
			x.Reroutes += c.Incident.Reroutes
			parts[x.Service] = append(parts[x.Service], c)
			for _, fix := range openFixesOf(fixed, &c.Incident) {
				x.CameBack = append(x.CameBack, CameBack{c.Incident.Name(), fix})
			}
		}
		if f := FirstPagesOf(timelinesOf([]Case{c}), d.Owner); f.Of > 0 {
			b.get(c.Incident.Service).FirstPages.add(f.Reached > 0)
		}
	}
	for _, x := range d.interrupts() {
		b.get(x.Service).interrupt(x)
	}
	for _, i := range d.Earlier {
		for _, f := range i.FollowUps {
			if f.Kind == incident.PermanentFix && !i.Test && standsAt(f, i, d.To) {
				x := b.get(i.Service)
				x.Fixes = append(x.Fixes, openItem(f, i, d.To))
			}
		}
	}
	out := Services{Head: HeadOf(d), Services: []Service{}}
	for id, x := range b.of {
		impact, _ := pointsOf(Impact, parts[id])
		mitigate, _ := pointsOf(Mitigate, parts[id])
		x.Impact, x.Mitigate = SpreadOf(impact, d.Mean), SpreadOf(mitigate, d.Mean)
		slices.SortFunc(x.Fixes, func(a, b OpenItem) int { return a.Opened.Compare(b.Opened) })
		out.Services = append(out.Services, *x)
	}
	slices.SortFunc(out.Services, func(a, b Service) int { return strings.Compare(a.Service, b.Service) })
	return out
}

// byService collects what services did.
type byService struct {
	of    map[string]*Service
	owner func(string) string
}

func (b *byService) get(id string) *Service {
	id = cmp.Or(id, Unsaid)
	if b.of[id] == nil {
		b.of[id] = &Service{Service: id, Team: b.owner(id), BySeverity: map[string]int{}, NightPages: []string{}, Fixes: []OpenItem{}, CameBack: []CameBack{}}
	}
	return b.of[id]
}

func (s *Service) interrupt(x Interrupt) {
	s.Burden.add(x)
	for _, n := range x.Incidents {
		if name := incident.Name(n); x.Night && !slices.Contains(s.NightPages, name) {
			s.NightPages = append(s.NightPages, name)
		}
	}
}
