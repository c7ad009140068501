package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// quieting is the body that makes a silence or a maintenance.
type quieting struct {
	As      string     `json:"as"`
	Match   labelWords `json:"match"`   // silence
	Service string     `json:"service"` // maintenance
	From    *time.Time `json:"from"`
	Until   *time.Time `json:"until"`
	For     string     `json:"for"`
	Reason  string     `json:"reason"`
}

// labelWords are labels with their values, in the order of their names.
type labelWords []rotation.Matcher

// UnmarshalJSON reads an object of strings.
func (l *labelWords) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for _, label := range slices.Sorted(maps.Keys(m)) {
		*l = append(*l, rotation.Matcher{Label: label, Value: m[label]})
	}
	return nil
}

// shownQuiet is a silence or a maintenance as it is answered.
type shownQuiet struct {
	alerts.Quiet
	Match     map[string]string `json:"match,omitempty"`
	State     string            `json:"state"` // planned, in force or over
	Names     string            `json:"by_name,omitempty"`
	EndedName string            `json:"ended_by_name,omitempty"`
	Incidents []string          `json:"incidents,omitempty"`
}

func shownOf(d *Parts, q alerts.Quiet, now time.Time) shownQuiet {
	v := shownQuiet{Quiet: q, State: q.State(now), Names: q.ByWord}
	if q.By != "" {
		v.Names = d.People.Current().DisplayName(q.By)
	}
	if q.EndedBy != "" {
		v.EndedName = d.People.Current().DisplayName(q.EndedBy)
	}
	for _, m := range q.Match {
		if v.Match == nil {
			v.Match = map[string]string{}
		}
		v.Match[m.Key] = m.Value
	}
	for _, n := range q.Incidents {
		v.Incidents = append(v.Incidents, incident.Name(n))
	}
	return v
}

// quietPlural is what a list is called, by the kind of what is in it.
var quietPlural = map[alerts.QuietKind]string{alerts.Silence: "silences", alerts.Maintenance: "maintenance"}

// listedSilences and listedMaintenance are the answers to which there are.
type (
	listedSilences struct {
		Silences []shownQuiet `json:"silences"`
	}
	listedMaintenance struct {
		Maintenance []shownQuiet `json:"maintenance"`
	}
)

// listQuiet answers with the silences, or the maintenance.
func (s *Server) listQuiet(kind alerts.QuietKind) func(http.ResponseWriter, *http.Request, *Parts) error {
	return func(w http.ResponseWriter, r *http.Request, d *Parts) error {
		list, err := d.Alerts.Quiets(r.Context(), r.URL.Query().Get("all") == "true")
		if err != nil {
			return err
		}
		now, shown := time.Now(), []shownQuiet{}
		for _, q := range list {
			if q.Kind == kind {
				shown = append(shown, shownOf(d, q, now))
			}
		}
		if kind == alerts.Silence {
			writeJSON(w, http.StatusOK, listedSilences{shown})
		} else {
			writeJSON(w, http.StatusOK, listedMaintenance{shown})
		}
		return nil
	}
}

// makeQuiet makes one.
func (s *Server) makeQuiet(kind alerts.QuietKind) func(http.ResponseWriter, *http.Request, *Parts) error {
	return func(w http.ResponseWriter, r *http.Request, d *Parts) error {
		var body quieting
		if err := readJSON(w, r, &body); err != nil {
			return err
		}
		switch {
		case kind == alerts.Silence && body.Service != "":
			return invalid("service", "is of a maintenance; a silence has match, as in {\"service\": \"checkout\"}")
		case kind == alerts.Maintenance && len(body.Match) > 0:
			return invalid("match", "is of a silence; a maintenance has service")
		}
		from, until, err := body.times(time.Now())
		if err != nil {
			return err
		}
		c, err := caller(r, d, body.As)
		if err != nil {
			return err
		}
		var q alerts.Quiet
		if kind == alerts.Silence {
			q, err = d.Alerts.Silence(r.Context(), c, body.Match, from, until, body.Reason)
		} else {
			q, err = d.Alerts.Maintain(r.Context(), c, body.Service, from, until, body.Reason)
		}
		s.acted(desk.Verb(kind), c, desk.Answer{}, err)
		if err != nil {
			return s.quietRefused(err, http.StatusUnprocessableEntity)
		}
		w.Header().Set("Location", "/v1/"+quietPlural[kind]+"/"+q.ID)
		writeJSON(w, http.StatusCreated, shownOf(d, q, time.Now()))
		return nil
	}
}

// times are from when and until when; zero where that is not said.
func (b quieting) times(now time.Time) (from, until time.Time, err error) {
	if b.From != nil {
		from = *b.From
	}
	switch {
	case b.Until != nil && b.For != "":
		return from, until, invalid("until", "and for were both given; one of them is enough")
	case b.Until != nil:
		return from, *b.Until, nil
	case b.For == "":
		return from, until, nil
	}
	length, ok := alerts.Length(b.For)
	if !ok {
		return from, until, invalid("for", "must say how long, as in 30m, 2h or 1d")
	}
	if from.After(now) {
		return from, from.Add(length), nil
	}
	return from, now.Add(length), nil
}

// quietRefused makes a refusal an answer with that status.
func (s *Server) quietRefused(err error, status int) error {
	var refusal *incident.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	p := &problem{Status: status}
	p.Why, p.Next = s.words(refusal)
	return p
}

// endQuiet ends one now.
func (s *Server) endQuiet(kind alerts.QuietKind) func(http.ResponseWriter, *http.Request, *Parts) error {
	return func(w http.ResponseWriter, r *http.Request, d *Parts) error {
		id := strings.ToLower(r.PathValue("id"))
		list, err := d.Alerts.Quiets(r.Context(), true)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(q alerts.Quiet) bool { return q.Kind == kind && q.ID == id }) {
			return &problem{Status: http.StatusNotFound, Why: "There is no " + string(kind) + " " + incident.Quoted(id) + "."}
		}
		c, err := caller(r, d, r.URL.Query().Get("as"))
		if err != nil {
			return err
		}
		q, err := d.Alerts.EndQuiet(r.Context(), c, id)
		s.acted("end_"+desk.Verb(kind), c, desk.Answer{}, err)
		if err != nil {
			return s.quietRefused(err, http.StatusConflict)
		}
		writeJSON(w, http.StatusOK, shownOf(d, q, time.Now()))
		return nil
	}
}
