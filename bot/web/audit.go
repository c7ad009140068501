package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// auditParameters are what the audit can be asked for.
var auditParameters = []string{"incident", "person", "from", "to", "limit", "before"}

// listedAudit is the answer to who did or read what.
type listedAudit struct {
	Audit []desk.Audited `json:"audit"`
	// More is what before goes on from, where there is more.
	More string `json:"more,omitempty"`
}

// audit answers with who did or read what.
func (s *Server) audit(w http.ResponseWriter, r *http.Request, d *Parts) error {
	v := r.URL.Query()
	for name := range v {
		if !slices.Contains(auditParameters, name) {
			return &problem{Status: http.StatusBadRequest, Why: "There is no parameter " + incident.Quoted(name) + ".", Next: "There are: " + strings.Join(auditParameters, ", ") + "."}
		}
	}
	var period desk.Query
	if err := readPeriod(v, &period); err != nil {
		return err
	}
	q := desk.AuditQuery{Person: strings.TrimPrefix(strings.TrimSpace(v.Get("person")), "@"), From: period.From, To: period.To, Before: v.Get("before")}
	var err error
	if q.Limit, err = limit(v.Get("limit"), listUsual, listMost); err != nil {
		return err
	}
	if name := v.Get("incident"); name != "" {
		n, ok := incident.ParseName(name)
		if !ok {
			return &problem{Status: http.StatusBadRequest, Why: "incident must name one, as in INC-12."}
		}
		q.Incident = n
	}
	list, more, err := d.Audit(r.Context(), q)
	if err != nil {
		return unprocessable(err)
	}
	if list == nil {
		list = []desk.Audited{}
	}
	writeJSON(w, http.StatusOK, listedAudit{Audit: list, More: more})
	return nil
}
