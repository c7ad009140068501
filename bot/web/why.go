package web

import (
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident/escalation"
)

// explained is the answer of why: the explanation, and the same in words.
type explained struct {
	escalation.Explanation
	Words []string `json:"words"`
}

// why answers why people were paged about an incident, and others were not.
func (s *Server) why(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	x, err := d.Why(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	show := func(t time.Time) string { return t.In(s.zone).Format("Jan 2 15:04:05 MST") }
	writeJSON(w, http.StatusOK, explained{x, append([]string{}, d.WhyWords(x, desk.Words{Time: show})...)})
	return nil
}
