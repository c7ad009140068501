package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// shownFollowUp is a follow-up as scripts read it.
type shownFollowUp struct {
	incident.FollowUp
	State         string `json:"state"` // open, done or dropped
	Incident      string `json:"incident"`
	IncidentTitle string `json:"incident_title"`
	Service       string `json:"service,omitempty"`
	Overdue       bool   `json:"overdue,omitempty"`
	OwnerName     string `json:"owner_name,omitempty"`
	EndedByName   string `json:"ended_by_name,omitempty"`
}

func showFollowUp(d *Parts, f desk.ListedFollowUp, now time.Time) shownFollowUp {
	v := shownFollowUp{FollowUp: f.FollowUp, State: string(f.State), Incident: f.Incident.Name(), IncidentTitle: f.Incident.Title,
		Service: f.Incident.Service, Overdue: f.Overdue(now)}
	if f.Open() {
		v.State = "open"
	}
	if f.Owner != "" {
		v.OwnerName = d.People.Current().DisplayName(f.Owner)
	}
	if f.EndedBy != "" {
		v.EndedByName = d.People.Current().DisplayName(f.EndedBy)
	}
	return v
}

// listedFollowUps is the answer to a list of follow-ups.
type listedFollowUps struct {
	FollowUps []shownFollowUp `json:"follow_ups"`
	// More is the last one that is shown where there are more: they are asked for
	// with before.
	More string `json:"more,omitempty"`
}

// listFollowUps answers with the open follow-ups, or with those that the query asks for.
func (s *Server) listFollowUps(w http.ResponseWriter, r *http.Request, d *Parts) error {
	q, err := readFollowUpQuery(r.URL.Query(), d)
	if err != nil {
		return err
	}
	list, more, err := d.FollowUps(r.Context(), viewer, q)
	if err != nil {
		return unprocessable(err)
	}
	out := listedFollowUps{FollowUps: []shownFollowUp{}}
	now := time.Now()
	for _, f := range list {
		out.FollowUps = append(out.FollowUps, showFollowUp(d, f, now))
	}
	if more {
		out.More = list[len(list)-1].ID
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

var followUpParameters = []string{"incident", "team", "person", "overdue", "all", "limit", "before"}

// readFollowUpQuery reads which follow-ups are asked for. A parameter that there is not
// is refused: the list would be another one than was meant.
func readFollowUpQuery(v url.Values, d *Parts) (q desk.FollowUpQuery, err error) {
	for name := range v {
		if !slices.Contains(followUpParameters, name) {
			return q, &problem{Status: http.StatusBadRequest, Why: "There is no parameter " + incident.Quoted(name) + ".", Next: "There are: " + strings.Join(followUpParameters, ", ") + "."}
		}
	}
	q.Team, q.Before = strings.TrimSpace(v.Get("team")), v.Get("before")
	if q.All, err = flag(v, "all"); err != nil {
		return q, err
	}
	if q.Overdue, err = flag(v, "overdue"); err != nil {
		return q, &problem{Status: http.StatusBadRequest, Why: "overdue must be true or false."}
	}
	if q.Limit, err = limit(v.Get("limit"), listUsual, listMost); err != nil {
		return q, err
	}
	if text := v.Get("incident"); text != "" {
		n, ok := incident.ParseName(text)
		if !ok {
			return q, &problem{Status: http.StatusBadRequest, Why: "incident must name one, as in INC-41."}
		}
		q.Incident = n
	}
	if text := v.Get("person"); text != "" {
		q.Person, err = d.People.Current().Named(strings.TrimPrefix(text, "@"))
		return q, unprocessable(err)
	}
	return q, nil
}

// followUp answers with one follow-up.
func (s *Server) followUp(w http.ResponseWriter, r *http.Request, d *Parts) error {
	f, err := d.FollowUp(r.Context(), viewer, r.PathValue("name"))
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, showFollowUp(d, f, time.Now()))
	return nil
}

// followUpDeed is the body of an act on a follow-up.
type followUpDeed struct {
	As     string `json:"as"`
	Text   string `json:"text"`   // done: a link or a sentence; drop, date: the reason
	Due    string `json:"due"`    // date: the day, as in 2026-12-24
	Person string `json:"person"` // owner: by ID or name
	Team   string `json:"team"`   // owner: by ID or name, where it is no person
}

// followUpVerbs are the acts on a follow-up, as they stand in addresses.
var followUpVerbs = []string{string(desk.FinishTask), string(desk.DropTask), string(desk.DateTask), string(desk.GiveTask)}

// FollowUpVerbs returns what POST /v1/followups/{name}/{verb} understands.
func FollowUpVerbs() []string { return slices.Clone(followUpVerbs) }

// doneFollowUp is the answer to an act on a follow-up.
type doneFollowUp struct {
	FollowUp shownFollowUp `json:"follow_up"`
	Repeated bool          `json:"repeated"` // it had been done before, with the same Idempotency-Key
}

// actOnFollowUp finishes a follow-up, drops it, gives it another date or owner.
func (s *Server) actOnFollowUp(w http.ResponseWriter, r *http.Request, d *Parts) error {
	verb, name := r.PathValue("verb"), r.PathValue("name")
	if !slices.Contains(followUpVerbs, verb) {
		return &problem{Status: http.StatusNotFound, Why: "There is no act " + incident.Quoted(verb) + " on a follow-up.", Next: "There are: " + strings.Join(followUpVerbs, ", ") + "."}
	}
	var body followUpDeed
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	c, err := caller(r, d, body.As)
	if err != nil {
		return err
	}
	act, err := body.act(desk.Verb(verb), d, s.zone)
	if err != nil {
		return err
	}
	a, f, err := d.DoFollowUp(r.Context(), c, name, act)
	s.acted("followup_"+act.Verb, c, a, err)
	var refusal *incident.Refusal
	if errors.As(err, &refusal) {
		p := &problem{Status: http.StatusConflict}
		p.Why, p.Next = s.words(refusal)
		if _, err := d.FollowUp(r.Context(), c.Actor, name); errors.As(err, &refusal) {
			p.Status = http.StatusNotFound
		} else if act.Verb != desk.GiveTask && incident.CleanText(act.Text) == "" || act.Verb == desk.GiveTask && act.Person == "" {
			p.Status = http.StatusUnprocessableEntity
		}
		return p
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, doneFollowUp{FollowUp: showFollowUp(d, desk.ListedFollowUp{FollowUp: f, Incident: a.Incident}, time.Now()), Repeated: a.Repeated})
	return nil
}

// act reads what the verb needs.
func (b followUpDeed) act(verb desk.Verb, d *Parts, zone *time.Location) (desk.FollowUpAct, error) {
	a := desk.FollowUpAct{Verb: verb, Text: b.Text, Team: b.Team}
	switch verb {
	case desk.DateTask:
		var err error
		if a.Due, err = incident.DayOf(b.Due, time.Now(), zone); err != nil {
			return a, unprocessable(err)
		}
	case desk.GiveTask:
		if (b.Person == "") == (b.Team == "") {
			return a, invalid("person", "or team is needed, and one of them is enough")
		}
		if b.Person != "" {
			who, err := d.People.Current().Named(strings.TrimPrefix(b.Person, "@"))
			if err != nil {
				return a, unprocessable(err)
			}
			a.Person = who
		}
	}
	return a, nil
}
