package web

import (
	"net/http"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// ownAddress is that of calls without an alert.
var ownAddress = &address{sender: alert.SenderEvent, over: http.StatusTooManyRequests, dialect: own}

// heard is the answer to a sign of life.
type heard struct {
	Heartbeat string `json:"heartbeat"`
	Result    string `json:"result"` // heard
}

// heartbeat takes a sign of life in.
func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if err := s.beat(r, ownAddress); err != nil {
		p := s.explain(r, err)
		writeProblem(w, p, p)
		return
	}
	writeJSON(w, http.StatusAccepted, heard{Heartbeat: name, Result: "heard"})
}

// ping does the same in the words of Opsgenie's Heartbeat API.
func (s *Server) ping(w http.ResponseWriter, r *http.Request) {
	got := &receipt{id: requestID(), began: time.Now(), r: r}
	if err := s.beat(r, opsgenieAddress); err != nil {
		opsgenieRefused(w, got, s.explain(r, err))
		return
	}
	writeJSON(w, http.StatusAccepted, got.opsgenie(opsgenieAnswer{Result: "PONG - Heartbeat received"}))
}

// beat lets the sender in and notes the sign of life. What stands in a body is of no
// interest, so none is read.
func (s *Server) beat(r *http.Request, a *address) error {
	k, err := s.admit(r, presented(r), a)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	known, err := k.Intake.Beat(r.Context(), k.Key, name)
	if err != nil {
		return err
	}
	if !known {
		next := "Add it to heartbeats in the roster, or correct the name."
		if near := incident.Nearest(name, k.Alerts.HeartbeatNames()); near != "" {
			next = "Did you mean " + near + "? Otherwise add it to heartbeats in the roster."
		}
		return &problem{Status: http.StatusNotFound, Why: "There is no heartbeat " + incident.Quoted(name) + ".", Next: next}
	}
	return nil
}
