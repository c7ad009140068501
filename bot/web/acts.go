package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// severity is a severity in a body: "sev1", "critical", "1" or 1.
type severity struct {
	is   incident.Severity
	said string
}

// UnmarshalJSON reads a string or a number. A word that is no severity is kept,
// to be refused with words.
func (s *severity) UnmarshalJSON(b []byte) error {
	if s.said = string(b); s.said == "null" {
		s.said = ""
	}
	var text string
	if json.Unmarshal(b, &text) == nil {
		s.said = text
	}
	s.is, _ = incident.ParseSeverity(s.said)
	return nil
}

// problem refuses a word that is no severity.
func (s severity) problem() error {
	if s.said == "" || s.is != 0 {
		return nil
	}
	return invalid("severity", "is "+incident.Quoted(s.said)+"; it must be sev1, sev2, sev3 or sev4, and 1 is the worst")
}

// invalid refuses a field of a body that can be read but not followed.
func invalid(name, reason string) *problem {
	return &problem{Status: http.StatusUnprocessableEntity, Why: name + " " + reason + ".", Fields: []field{{name, reason}}}
}

// declaration is the body of POST /v1/incidents.
type declaration struct {
	As       string   `json:"as"`
	Title    string   `json:"title"`
	Severity severity `json:"severity"`
	Service  string   `json:"service"`
	Details  string   `json:"details"`
	Private  bool     `json:"private"`
	Test     bool     `json:"test"`     // a drill
	Symptom  string   `json:"symptom"`  // what customers see: slow, erroring, unavailable, partial, wrong_data, security
	Function string   `json:"function"` // the business function that is hit
}

// symptoms lists what customers may see, for whoever sent another word.
func symptoms() string {
	var list []string
	for _, s := range incident.Symptoms() {
		list = append(list, string(s))
	}
	return strings.Join(list, ", ")
}

func (s *Server) declare(w http.ResponseWriter, r *http.Request, d *Parts) error {
	var body declaration
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if err := body.Severity.problem(); err != nil {
		return err
	}
	symptom, known := incident.ParseSymptom(body.Symptom)
	if body.Symptom != "" && !known {
		return invalid("symptom", "is "+incident.Quoted(body.Symptom)+"; it must be one of "+symptoms())
	}
	c, err := caller(r, d, body.As)
	if err != nil {
		return err
	}
	a, err := d.Declare(r.Context(), c, incident.Declaration{
		Title: body.Title, Severity: body.Severity.is, Service: body.Service, Symptom: symptom, Function: body.Function,
		Details: body.Details, Private: body.Private, Test: body.Test,
	})
	s.acted("declare", c, a, err)
	var refusal *incident.Refusal
	if errors.As(err, &refusal) {
		p := &problem{Status: http.StatusUnprocessableEntity}
		p.Why, p.Next = s.words(refusal)
		return p
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/incidents/"+a.Incident.Name())
	status := http.StatusCreated
	if a.Repeated {
		status = http.StatusOK
	}
	writeJSON(w, status, newDone(a))
	return nil
}

// deed is the body of an act on an incident. Which fields an act reads, its
// verb says; every one reads As.
type deed struct {
	As       string   `json:"as"`
	Text     string   `json:"text"`
	Kind     string   `json:"kind"`     // note: what, where, how, when, decision, update, task
	Severity severity `json:"severity"` // sev
	Service  string   `json:"service"`  // service
	Role     string   `json:"role"`     // role
	Person   string   `json:"person"`   // role, reassign: an ID of the roster
	For      string   `json:"for"`      // snooze: how long, as in 15m
	Into     string   `json:"into"`     // duplicate: INC-N
	Entry    int      `json:"entry"`    // hide, retime: the number of the entry; object: of the decision, 0 the latest
	At       string   `json:"at"`       // retime: when it was, as in 14:05 or 2026-11-29T14:05:00Z
	How      string   `json:"how"`      // mitigate, resolve: rollback, restart, failover, flag, workaround or fix
	Undo     string   `json:"undo"`     // mitigate: how what was changed is undone
	Since    string   `json:"since"`    // impact: when it began, as at
	Until    string   `json:"until"`    // impact: when it was over, as at
	None     bool     `json:"none"`     // impact: nobody was hit
	Function string   `json:"function"` // impact: what they cannot do
	Who      []string `json:"who"`      // impact: end_users, customers, partners, staff
	Count    int      `json:"count"`    // impact: how many
	Source   string   `json:"source"`   // impact: where the count is from
	Seen     string   `json:"seen"`     // impact: who saw it first
	Question string   `json:"question"` // postmortem-answer: the ID of the question
}

// The acts that are no [desk.Act]: they concern who is paged.
const (
	escalate desk.Verb = "escalate"
	unack    desk.Verb = "unack"
	snooze   desk.Verb = "snooze"
	reassign desk.Verb = "reassign"
)

// verbs are the acts, as they stand in addresses.
var verbs = [...]desk.Verb{
	desk.Acknowledge, desk.Investigate, desk.Mitigating, desk.Mitigate, desk.Resolve, desk.Close, desk.Reopen,
	desk.Cancel, desk.NearMiss, desk.FalseAlarm, desk.Merge, desk.Relate, desk.Note, desk.Repeat, desk.Publish, desk.Object,
	desk.Hide, desk.Retime, desk.SetImpact, desk.SetSeverity, desk.Rename, desk.Reroute, desk.TakeRole, desk.Accept, desk.NoFollowUps, desk.Review, desk.Waive, desk.Reply, desk.ToReview, desk.PublishDocument, desk.Real, desk.Drill, escalate, unack, snooze, reassign,
}

func (s *Server) act(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	verb := desk.Verb(r.PathValue("verb"))
	if !slices.Contains(verbs[:], verb) {
		return noVerb(verb)
	}
	var body deed
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	c, err := caller(r, d, body.As)
	if err != nil {
		return err
	}
	act, err := body.act(verb, d, c.Actor)
	if err != nil {
		return err
	}
	a, err := body.do(r.Context(), d, c, aimed{n, act})
	s.acted(verb, c, a, err)
	if err != nil {
		return s.refused(r.Context(), d, c, refused{n, act, err})
	}
	writeJSON(w, http.StatusOK, newDone(a))
	return nil
}

// aimed is an act and the incident that it is to be done to.
type aimed struct {
	incident int
	act      desk.Act
}

func (b deed) do(ctx context.Context, d *Parts, c desk.Caller, to aimed) (desk.Answer, error) {
	switch to.act.Verb {
	case escalate:
		return d.Escalate(ctx, c, to.incident)
	case unack:
		return d.Unacknowledge(ctx, c, to.incident)
	case snooze:
		length, err := time.ParseDuration(strings.TrimSpace(b.For))
		if err != nil {
			return desk.Answer{}, invalid("for", "must say how long, as in 15m or 2h")
		}
		return d.Snooze(ctx, c, to.incident, length, b.Text)
	case reassign:
		p, ok := d.People.Current().Roster.Person(strings.TrimPrefix(b.Person, "@"))
		if !ok {
			return desk.Answer{}, invalid("person", "must be the ID of somebody in the roster")
		}
		return d.Reassign(ctx, c, to.incident, incident.Person(p.ID))
	default:
		return d.Do(ctx, c, to.incident, to.act)
	}
}

func noVerb(verb desk.Verb) error {
	words := Verbs()
	p := &problem{Status: http.StatusNotFound, Why: "There is no act " + incident.Quoted(string(verb)) + ".", Next: "There are: " + strings.Join(words, ", ") + "."}
	if near := incident.Nearest(string(verb), words); near != "" {
		p.Next = "Did you mean " + near + "?"
	}
	return p
}

// act reads what the verb needs.
func (b deed) act(verb desk.Verb, d *Parts, by incident.Actor) (desk.Act, error) {
	a := desk.Act{Verb: verb, Text: b.Text, Severity: b.Severity.is, Service: b.Service, Entry: b.Entry, When: b.At, Question: b.Question}
	switch verb {
	case desk.SetSeverity:
		if b.Severity.said == "" {
			return a, invalid("severity", "is missing; it must be sev1, sev2, sev3 or sev4, and 1 is the worst")
		}
		return a, b.Severity.problem()
	case desk.Reroute:
		if strings.TrimSpace(b.Service) == "" {
			return a, invalid("service", "is missing; name the one it belongs to")
		}
	case desk.Merge, desk.Relate:
		into, ok := incident.ParseName(b.Into)
		if !ok {
			return a, invalid("into", "must name the other incident, as in INC-12")
		}
		a.Into = into
	case desk.Note:
		a.Note = incident.NoteKind(strings.ToLower(b.Kind))
		kinds := []incident.NoteKind{"", incident.What, incident.Where, incident.HowNote, incident.When, incident.Decision, incident.Update, incident.Task}
		if !slices.Contains(kinds, a.Note) {
			return a, invalid("kind", "must be what, where, how, when, decision, update or task")
		}
	case desk.TakeRole:
		return b.role(a, d, by)
	case desk.Mitigate, desk.Resolve:
		a.How, a.Undo = incident.How(strings.ToLower(strings.TrimSpace(b.How))), b.Undo
		if a.How != "" && !slices.Contains(incident.Hows, a.How) {
			return a, invalid("how", "must be rollback, restart, failover, flag, workaround or fix")
		}
	case desk.SetImpact:
		return b.impact(a)
	case desk.Review:
		p, ok := d.People.Current().Roster.Person(strings.TrimPrefix(b.Person, "@"))
		if !ok {
			return a, invalid("person", "must be the ID of somebody in the roster")
		}
		a.Person = incident.Person(p.ID)
	}
	return a, nil
}

// impact reads what is known of the impact.
func (b deed) impact(a desk.Act) (desk.Act, error) {
	a.Impact = desk.Impact{Since: b.Since, Until: b.Until, None: b.None, Function: b.Function}
	if b.Seen != "" {
		by, ok := incident.ParseSeen(b.Seen)
		if !ok {
			return a, invalid("seen", "must be alert, staff or customers")
		}
		a.Impact.Seen = by
	}
	if len(b.Who) == 0 && b.Count == 0 {
		return a, nil
	}
	h := incident.Hit{Count: b.Count, Source: b.Source}
	for _, word := range b.Who {
		who, ok := incident.ParseAudience(word)
		if !ok {
			return a, invalid("who", "has "+incident.Quoted(word)+"; it must be of end_users, customers, partners, staff")
		}
		h.Who = append(h.Who, who)
	}
	a.Impact.Hit = &h
	return a, nil
}

// role reads who takes which role. An operator at a terminal takes none: a
// role is for somebody who can be asked.
func (b deed) role(a desk.Act, d *Parts, by incident.Actor) (desk.Act, error) {
	a.Role = incident.Role(strings.ToLower(b.Role))
	if !slices.Contains([]incident.Role{incident.Commander, incident.Responder, incident.Communicator, incident.Shadow}, a.Role) {
		return a, invalid("role", "must be commander, responder, communicator or shadow")
	}
	kind, _ := by.Split()
	p, known := d.People.Current().Roster.Person(strings.TrimPrefix(b.Person, "@"))
	switch {
	case known:
		a.Person = incident.Person(p.ID)
	case b.Person != "" || kind == "admin":
		return a, invalid("person", "must be the ID of somebody in the roster")
	}
	return a, nil
}

// refused is an act that was not done.
type refused struct {
	incident int
	act      desk.Act
	err      error
}

// refused says whether the incident does not exist (404), the body asked for
// something that no incident can do (422), or this one cannot now (409).
func (s *Server) refused(ctx context.Context, d *Parts, c desk.Caller, f refused) error {
	var refusal *incident.Refusal
	if !errors.As(f.err, &refusal) {
		return f.err
	}
	p := &problem{Status: http.StatusConflict}
	p.Why, p.Next = s.words(refusal)
	switch {
	case !exists(ctx, d, c.Actor, f.incident):
		p.Status = http.StatusNotFound
	case f.lacks(ctx, d, c.Actor):
		p.Status = http.StatusUnprocessableEntity
	}
	return p
}

// lacks reports whether the act can be done to no incident, as it stands.
func (f refused) lacks(ctx context.Context, d *Parts, by incident.Actor) bool {
	switch f.act.Verb {
	case desk.Hide, desk.Retime:
		return f.act.Entry <= 0 || incident.CleanText(f.act.Text) == ""
	case desk.Note, desk.Reopen, desk.Rename, desk.Object, desk.NearMiss, desk.FalseAlarm, desk.Publish, desk.Accept, desk.NoFollowUps, desk.Waive:
		return incident.CleanText(f.act.Text) == ""
	case desk.Reply:
		return strings.TrimSpace(f.act.Question) == ""
	case desk.SetImpact:
		return !f.act.Impact.Said()
	case desk.Merge, desk.Relate:
		return f.act.Into == f.incident || !exists(ctx, d, by, f.act.Into)
	case desk.Reroute:
		return !slices.ContainsFunc(d.People.Current().Roster.Services, func(s rotation.Service) bool {
			asked := strings.TrimSpace(f.act.Service)
			return strings.EqualFold(s.ID, asked) || strings.EqualFold(s.Name, asked)
		})
	default:
		return false
	}
}

// exists reports whether there is an incident n that who may see. When it cannot
// be told there is one.
func exists(ctx context.Context, d *Parts, who incident.Actor, n int) bool {
	_, err := d.Show(ctx, who, n)
	var refusal *incident.Refusal
	return !errors.As(err, &refusal)
}

// acted counts and logs what somebody asked for; what they wrote is not logged.
func (s *Server) acted(verb desk.Verb, c desk.Caller, a desk.Answer, err error) {
	var refusal *incident.Refusal
	outcome := "done"
	switch {
	case errors.As(err, &refusal):
		outcome = "refused"
	case err != nil:
		outcome = "failed"
	case a.Repeated:
		outcome = "repeated"
	}
	s.metrics.Act("http", string(verb), outcome)
	e := s.log.Info().Str("act", string(verb)).Str("by", string(c.Actor)).Str("outcome", outcome)
	if a.Incident.Number > 0 {
		e = e.Str("incident", a.Incident.Name())
	}
	e.Msg("act over HTTP")
}
