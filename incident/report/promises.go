package report

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// Promises is the report of what was promised and kept, by agreement.
type Promises struct {
	Head
	All        Kept   `json:"all"`
	Agreements []Kept `json:"agreements"` // by name; what is of none is not promised
}

// Kept is how many promises were kept, of how many.
type Kept struct {
	Agreement string `json:"agreement,omitempty"`
	Incidents Ratio  `json:"incidents"` // of which every promise was kept
	Ack       Ratio  `json:"acknowledge"`
	Update    Ratio  `json:"update"`
	Restore   Ratio  `json:"restore"`
	Open      int    `json:"open"` // incidents of which a promise is open still; they are not among the rest
	Misses    []Miss `json:"misses"`
}

// Ratio is so many of so many.
type Ratio struct {
	Of  int `json:"of"`
	Met int `json:"met"`
}

func (r *Ratio) add(met bool) {
	r.Of++
	r.Met += one(met)
}

// Miss is a promise that was not kept, and what follows from that.
type Miss struct {
	Incident  string   `json:"incident"`
	Promise   string   `json:"promise"` // acknowledge, update or restore
	Target    float64  `json:"target_minutes"`
	Used      float64  `json:"used_minutes"`
	Over      float64  `json:"over_minutes"`
	FollowUps []string `json:"follow_ups"`
	Accepted  string   `json:"accepted,omitempty"`
	Answered  bool     `json:"answered"` // a follow-up or an acceptance follows from it
}

// PromisesOf makes the report of what was promised and kept.
func PromisesOf(d Data) Promises {
	r := Promises{Head: HeadOf(d), All: Kept{Misses: []Miss{}}, Agreements: []Kept{}}
	for _, c := range d.Cases {
		if !c.counts() || len(c.Promises) == 0 {
			continue
		}
		k := slices.IndexFunc(r.Agreements, func(x Kept) bool { return x.Agreement == c.Agreement })
		if k < 0 {
			k = len(r.Agreements)
			r.Agreements = append(r.Agreements, Kept{Agreement: c.Agreement, Misses: []Miss{}})
		}
		r.All.add(c)
		r.Agreements[k].add(c)
	}
	slices.SortFunc(r.Agreements, func(a, b Kept) int { return strings.Compare(a.Agreement, b.Agreement) })
	return r
}

func (k *Kept) add(c Case) {
	all, open := true, false
	for _, p := range c.Promises {
		if p.State == Open {
			open = true
			continue
		}
		met := p.State == Met
		all = all && met
		switch p.What {
		case "acknowledge":
			k.Ack.add(met)
		case "update":
			k.Update.add(met)
		case "restore":
			k.Restore.add(met)
		}
		if !met {
			k.Misses = append(k.Misses, missOf(c, p))
		}
	}
	if open && all {
		k.Open++
		return
	}
	k.Incidents.add(all)
}

// missOf says what follows from a promise that was not kept. What a mitigation opens by
// itself does not follow from it.
func missOf(c Case, p Promise) Miss {
	m := Miss{Incident: c.Incident.Name(), Promise: p.What, Target: minutes(p.Target), Used: minutes(p.Used),
		Over: minutes(p.Used - p.Target), FollowUps: []string{}, Accepted: incident.RecordOf(c.Events).Accepted}
	for _, f := range c.Incident.FollowUps {
		if f.Kind != incident.PermanentFix {
			m.FollowUps = append(m.FollowUps, f.ID)
		}
	}
	m.Answered = len(m.FollowUps) > 0 || m.Accepted != ""
	return m
}

// Unanswered names the incidents of misses from which nothing follows, each once.
func Unanswered(list []Miss) []string {
	var names []string
	for _, m := range list {
		if !m.Answered && !slices.Contains(names, m.Incident) {
			names = append(names, m.Incident)
		}
	}
	return names
}
