package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// reportUsual is the period of a report where none is named.
const reportUsual = 90 * 24 * time.Hour

// reportKinds are the reports, as they stand in addresses.
var reportKinds = []string{"incidents", "services", "alerts", "promises", "followups"}

// reportParameters are what a report can be asked for.
var reportParameters = []string{"from", "to", "mean"}

// report answers with figures over the incidents of ?from= to ?to=: how they went, or what
// else stands in the address.
func (s *Server) report(w http.ResponseWriter, r *http.Request, d *Parts) error {
	kind := r.PathValue("kind")
	if kind == "" {
		kind = reportKinds[0]
	}
	if !slices.Contains(reportKinds, kind) {
		return &problem{Status: http.StatusNotFound, Why: "There is no report " + incident.Quoted(kind) + ".", Next: "There are: " + strings.Join(reportKinds, ", ") + "."}
	}
	from, to, mean, err := readReport(r.URL.Query(), time.Now())
	if err != nil {
		return err
	}
	data, err := d.Figures(r.Context(), viewer, from, to)
	if err != nil {
		return unprocessable(err)
	}
	data.Mean = mean
	switch kind {
	case "services":
		writeJSON(w, http.StatusOK, report.ServicesOf(data))
	case "alerts":
		seen, err := d.Alerts.Seen(r.Context())
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, report.AlertsOf(data, seen))
	case "promises":
		writeJSON(w, http.StatusOK, report.PromisesOf(data))
	case "followups":
		writeJSON(w, http.StatusOK, report.FollowUpsOf(data))
	default:
		writeJSON(w, http.StatusOK, report.IncidentsOf(data))
	}
	return nil
}

// readReport reads the period of a report, which is the last 90 days unless one is named,
// and whether means are wanted.
func readReport(v url.Values, now time.Time) (from, to time.Time, mean report.Mean, err error) {
	for name := range v {
		if !slices.Contains(reportParameters, name) {
			p := &problem{Status: http.StatusBadRequest, Why: "There is no parameter " + incident.Quoted(name) + ".", Next: "There are: " + strings.Join(reportParameters, ", ") + "."}
			if near := incident.Nearest(name, reportParameters); near != "" {
				p.Next = "Did you mean " + near + "?"
			}
			return from, to, mean, p
		}
	}
	wanted, err := flag(v, "mean")
	if err != nil {
		return from, to, mean, err
	}
	if to = now.UTC(); v.Get("to") != "" {
		if to, err = when(v.Get("to"), "to"); err != nil {
			return from, to, mean, err
		}
	}
	if from = to.Add(-reportUsual); v.Get("from") != "" {
		from, err = when(v.Get("from"), "from")
	}
	return from, to, report.Mean(wanted), err
}
