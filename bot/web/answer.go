package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// problem is what a caller is told who is not served.
type problem struct {
	Status     int     `json:"-"`
	RetryAfter int     `json:"-"` // seconds; 0: repeating it brings nothing
	Why        string  `json:"error"`
	Next       string  `json:"next,omitempty"`
	Fields     []field `json:"fields,omitempty"`
	Holder     string  `json:"holder,omitempty"`    // address of the process that does the work
	Reference  string  `json:"reference,omitempty"` // the log has the same
}

// field is what is wrong with one field of a body.
type field struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Error returns the problem in one line.
func (p *problem) Error() string { return strings.TrimSpace(p.Why + " " + p.Next) }

// handle turns f into a handler that answers f's error.
func (s *Server) handle(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			p := s.explain(r, err)
			writeProblem(w, p, p)
		}
	}
}

// explain turns any error into words for the caller. What is not meant for
// people is logged, and the caller gets the reference under which it stands.
func (s *Server) explain(r *http.Request, err error) *problem {
	var p *problem
	var problems alert.Problems
	var refusal *incident.Refusal
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &problems):
		p := &problem{Status: http.StatusBadRequest, Why: problems.Error()}
		for _, q := range problems {
			p.Fields = append(p.Fields, field{q.Field, q.Reason})
		}
		return p
	case errors.As(err, &refusal):
		p := &problem{Status: http.StatusConflict}
		p.Why, p.Next = s.words(refusal)
		return p
	}
	if errors.As(desk.Plain(err), &refusal) { // a record is damaged
		p := &problem{Status: http.StatusServiceUnavailable, RetryAfter: 60}
		p.Why, p.Next = s.words(refusal)
		return p
	}
	ref, write := s.failures().Failed(err, time.Now())
	if write {
		s.log.Error().Err(err).Str("reference", ref).Str("route", r.Pattern).Msg("request failed")
	}
	return &problem{Status: http.StatusServiceUnavailable, RetryAfter: 5, Reference: ref,
		Why: "It could not be done.", Next: "Send it again; the log has the reason under " + ref + "."}
}

// failures are those of the desk, or while there is none, of the server.
func (s *Server) failures() *desk.Failures {
	if d := s.desk.Load(); d != nil {
		return &d.Failures
	}
	return &s.early
}

// tellRepeated writes to the log how often each failure came again. It is called by
// every request, and so at least by whoever watches the bot.
func (s *Server) tellRepeated(now time.Time) {
	for _, f := range s.failures().Repeated(now) {
		s.log.Error().Err(f.Err).Str("reference", f.Reference).Int("again", f.Again).Msg("failed again for the same reason since")
	}
}

// words shows a refusal with the name and the time that belong in it.
func (s *Server) words(r *incident.Refusal) (why, next string) {
	who, when := "", incident.Clock(r.When, time.Now(), s.zone)
	if d := s.desk.Load(); d != nil && r.Who != "" {
		who = d.People.Current().DisplayName(r.Who)
	}
	show := func(text string) string {
		return (&incident.Refusal{Why: text}).Text(who, when)
	}
	return show(r.Why), show(r.Next)
}

// writeProblem answers with body, which is p or tells the same in the words of
// another protocol.
func writeProblem(w http.ResponseWriter, p *problem, body any) {
	h := w.Header()
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="stormbell"`)
		fallthrough
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout, http.StatusServiceUnavailable:
		h.Set("Connection", "close") // what is left of the body is not waited for
	}
	writeJSON(w, p.Status, body)
}

// writeJSON answers with v. An error in writing is the caller's loss: what was
// to be stored is stored, and it will be asked for again.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// since shows how long ago t was, to the second.
func since(t, now time.Time) string { return now.Sub(t).Round(time.Second).String() }
