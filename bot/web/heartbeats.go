package web

import (
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
)

// shownBeat is a heartbeat in an answer.
type shownBeat struct {
	Name     string    `json:"name"`
	State    string    `json:"state"` // waiting, alive or missing
	Service  string    `json:"service,omitempty"`
	Severity string    `json:"severity"`
	Every    string    `json:"every"` // as in 24h0m0s
	Grace    string    `json:"grace"`
	Since    time.Time `json:"since,omitzero"` // since when it is expected
	Last     time.Time `json:"last,omitzero"`  // absent: it has never come
	Key      string    `json:"key,omitempty"`  // with which it came
	Due      time.Time `json:"due,omitzero"`   // when it is missing
	Missing  time.Time `json:"missing,omitzero"`
	Incident string    `json:"incident,omitempty"`
}

// listedBeats is the answer to which heartbeats there are.
type listedBeats struct {
	Heartbeats []shownBeat `json:"heartbeats"`
}

// heartbeats answers which signs of life the roster expects, and how they stand.
func (s *Server) heartbeats(w http.ResponseWriter, r *http.Request, d *Parts) error {
	if d.Alerts == nil {
		return &problem{Status: http.StatusNotFound, Why: "This process takes no alerts in, so it knows no heartbeat."}
	}
	list, err := d.Alerts.Heartbeats(r.Context())
	if err != nil {
		return err
	}
	out := []shownBeat{}
	for _, h := range list {
		out = append(out, newShownBeat(h))
	}
	writeJSON(w, http.StatusOK, listedBeats{Heartbeats: out})
	return nil
}

func newShownBeat(h alerts.Heartbeat) shownBeat {
	b := shownBeat{Name: h.Name, State: h.State, Service: h.Service, Severity: h.Severity, Every: h.Every.String(), Grace: h.Grace.String(),
		Since: h.Since, Last: h.Last, Key: h.By, Due: h.Due, Missing: h.Missing}
	if h.Incident > 0 {
		b.Incident = incident.Name(h.Incident)
	}
	return b
}
