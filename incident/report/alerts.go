package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// AlertSeen is what is kept of one alert, as far as figures go.
type AlertSeen struct {
	ID       string // the sender's own key
	Sender   string // the name of its integration key
	Service  string
	Title    string
	Incident int    // 0: none
	Does     string // incident, page, count, heartbeat or suppressed: what it did last
	Held     bool   // a silence or a maintenance holds it back
	Firing   bool
	Times    int // how often it has begun to fire since it was first seen
	Last     time.Time
}

// Alerts is the report of what alerts asked of people.
type Alerts struct {
	Head
	Seen     AlertLine   `json:"all"`
	Services []AlertLine `json:"services"` // by ID
	Senders  []AlertLine `json:"senders"`  // by name
	Often    []Often     `json:"most_often"`
}

// AlertLine counts the alerts that were last seen in the period, each once however often it
// fired.
type AlertLine struct {
	Service   string `json:"service,omitempty"`
	Sender    string `json:"sender,omitempty"`
	Alerts    int    `json:"alerts"`
	Firing    int    `json:"firing"` // still
	Opened    int    `json:"opened_an_incident"`
	Joined    int    `json:"joined_an_incident"`
	Counted   int    `json:"only_counted"`
	HeldBack  int    `json:"held_back"`        // by a silence or a maintenance
	Incidents int    `json:"incidents"`        // of the period that an alert opened
	Nothing   int    `json:"nothing_to_do"`    // of these, those that were cancelled or a false alarm
	Again     int    `json:"again_within_day"` // of these, those of the same title as one on the day before
}

// Often is an alert that fired often.
type Often struct {
	Title    string `json:"title"`
	Sender   string `json:"sender"`
	Service  string `json:"service,omitempty"`
	Times    int    `json:"times_since_first_seen"`
	Incident string `json:"incident,omitempty"`
}

// oftenMost is how many alerts are named that fired often.
const oftenMost = 10

// AlertsOf makes the report of what alerts asked of people. Those of drills and signs of
// life are left out; the titles of private incidents' are not shown.
func AlertsOf(d Data, seen []AlertSeen) Alerts {
	out := Alerts{Head: HeadOf(d), Often: []Often{}}
	services, senders := map[string]*AlertLine{}, map[string]*AlertLine{}
	lines := func(service, sender string) []*AlertLine {
		service = cmp.Or(service, Unsaid)
		if services[service] == nil {
			services[service] = &AlertLine{Service: service}
		}
		if senders[sender] == nil {
			senders[sender] = &AlertLine{Sender: sender}
		}
		return []*AlertLine{&out.Seen, services[service], senders[sender]}
	}
	of := map[int]incident.Incident{}
	for _, i := range d.Earlier {
		of[i.Number] = i
	}
	for _, a := range seen {
		if a.Does == "heartbeat" || a.Last.Before(d.From) || !a.Last.Before(d.To) {
			continue
		}
		for _, l := range lines(a.Service, a.Sender) {
			l.alert(a, of[a.Incident])
		}
		if i, known := of[a.Incident]; a.Times > 1 && (a.Incident == 0 || known && !i.Private) {
			out.Often = append(out.Often, often(a))
		}
	}
	timelines := timelinesOf(d.Cases)
	for n, c := range d.Cases {
		if kind, sender := c.Incident.DeclaredBy.Split(); kind == "alert" && !c.Incident.Test {
			for _, l := range lines(c.Incident.Service, sender) {
				l.incident(c.Incident, repeats(timelines[:n], c.Incident))
			}
		}
	}
	out.Services = listed(services, func(l AlertLine) string { return l.Service })
	out.Senders = listed(senders, func(l AlertLine) string { return l.Sender })
	slices.SortStableFunc(out.Often, func(a, b Often) int { return cmp.Or(cmp.Compare(b.Times, a.Times), strings.Compare(a.Title, b.Title)) })
	out.Often = out.Often[:min(len(out.Often), oftenMost)]
	return out
}

// alert counts an alert that belongs to an incident, if it belongs to one.
func (l *AlertLine) alert(a AlertSeen, i incident.Incident) {
	l.Alerts++
	l.Firing += one(a.Firing)
	switch {
	case a.Held || a.Does == "suppressed":
		l.HeldBack++
	case i.Alert == a.ID && i.DeclaredBy == incident.Actor("alert:"+a.Sender):
		l.Opened++
	case a.Incident > 0:
		l.Joined++
	default:
		l.Counted++
	}
}

func (l *AlertLine) incident(i incident.Incident, again bool) {
	l.Incidents++
	w := why(i)
	l.Nothing += one(w == "cancelled" || w == "false alarm")
	l.Again += one(again)
}

func often(a AlertSeen) Often {
	o := Often{Title: a.Title, Sender: a.Sender, Service: a.Service, Times: a.Times}
	if a.Incident > 0 {
		o.Incident = incident.Name(a.Incident)
	}
	return o
}

func listed(of map[string]*AlertLine, name func(AlertLine) string) []AlertLine {
	list := []AlertLine{}
	for _, l := range of {
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b AlertLine) int { return strings.Compare(name(a), name(b)) })
	return list
}
