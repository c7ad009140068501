package web

import (
	"net/http"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// tried is the answer about a test of somebody's ways.
type tried struct {
	desk.TestPage
	Over  bool     `json:"over"` // nothing is under way any more
	Words []string `json:"words"`
}

func newTried(t desk.TestPage) tried { return tried{t, t.Over(), append([]string{}, t.Words()...)} }

// tryoutOf is the body that asks for a test.
type tryoutOf struct {
	As     string `json:"as"`
	Person string `json:"person"` // an ID of the roster
}

// tryWays sends a person of the roster a test by each of their ways.
func (s *Server) tryWays(w http.ResponseWriter, r *http.Request, d *Parts) error {
	var body tryoutOf
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	p, ok := d.People.Current().Roster.Person(strings.TrimPrefix(body.Person, "@"))
	if !ok {
		return invalid("person", "must be the ID of somebody in the roster")
	}
	c, err := caller(r, d, body.As)
	if err != nil {
		return err
	}
	t, err := d.TestPages(r.Context(), c, incident.Person(p.ID))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, newTried(t))
	return nil
}

// tried answers what came of a test.
func (s *Server) tried(w http.ResponseWriter, r *http.Request, d *Parts) error {
	t, err := d.TestPageOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, newTried(t))
	return nil
}

// pushTopic is where one person subscribes to their pushes.
type pushTopic struct {
	Person  string `json:"person"`
	Address string `json:"address"`
}

// listedTopics is the answer to where people subscribe.
type listedTopics struct {
	Topics []pushTopic `json:"topics"`
}

// topics answers with the topics of everybody in the roster, or of ?person= alone.
func (s *Server) topics(w http.ResponseWriter, r *http.Request, d *Parts) error {
	person := strings.TrimPrefix(r.URL.Query().Get("person"), "@")
	if _, ok := d.People.Current().Roster.Person(person); person != "" && !ok {
		return invalid("person", "must be the ID of somebody in the roster")
	}
	list := []pushTopic{}
	for _, p := range d.People.Current().Roster.People {
		address := d.PushAddress(p.ID)
		if address == "" {
			return &problem{Status: http.StatusNotFound, Why: "There are no pushes.", Next: "Set notify.ntfy.url in the configuration."}
		}
		if person == "" || person == p.ID {
			list = append(list, pushTopic{p.ID, address})
		}
	}
	writeJSON(w, http.StatusOK, listedTopics{Topics: list})
	return nil
}
