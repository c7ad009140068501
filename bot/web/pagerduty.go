package web

import (
	"net/http"
)

// event is an answer of the PagerDuty Events API v2.
type event struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	DedupKey string   `json:"dedup_key,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

// eventV1 is an answer of version 1.
type eventV1 struct {
	IncidentKey string `json:"incident_key"`
	Message     string `json:"message"`
	Status      string `json:"status"`
}

// The dialects of PagerDuty.
// Source: PagerDuty/developer-docs, docs/events-API-v2 and docs/events-API-v1.
var (
	pagerDuty = dialect{
		taken: func(w http.ResponseWriter, got *receipt) {
			writeJSON(w, http.StatusAccepted, event{Status: "success", Message: "Event processed", DedupKey: got.dedupKey()})
		},
		refused: func(w http.ResponseWriter, _ *receipt, p *problem) { writeProblem(w, p, eventError(p)) },
	}
	pagerDutyChange = dialect{
		taken: func(w http.ResponseWriter, _ *receipt) {
			writeJSON(w, http.StatusAccepted, event{Status: "success", Message: "Change event processed"})
		},
		refused: pagerDuty.refused,
	}
	pagerDutyV1 = dialect{
		taken: func(w http.ResponseWriter, got *receipt) {
			writeJSON(w, http.StatusOK, eventV1{Status: "success", Message: "Event processed", IncidentKey: got.dedupKey()})
		},
		refused: pagerDuty.refused,
	}
)

// dedupKey is the key of the event, which was made where the sender sent none.
func (got *receipt) dedupKey() string {
	if len(got.taken) == 0 {
		return ""
	}
	return got.taken[0].Key
}

// eventError says in PagerDuty's words what is wrong.
func eventError(p *problem) event {
	e := event{Status: "error", Message: p.Error()}
	switch p.Status {
	case http.StatusBadRequest:
		e = event{Status: "invalid event", Message: "Event object is invalid", Errors: []string{p.Why}}
	case http.StatusUnauthorized:
		e = event{Status: "invalid key", Message: p.Why, Errors: []string{p.Next}}
	case http.StatusTooManyRequests, http.StatusForbidden:
		e.Status = "throttle exceeded"
	}
	for n, f := range p.Fields {
		if n == 0 {
			e.Errors = nil
		}
		e.Errors = append(e.Errors, f.Field+": "+f.Reason)
	}
	return e
}
