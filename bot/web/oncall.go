package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
)

// oncallFigures is the answer to GET /v1/oncall/report.
type oncallFigures struct {
	report.OnCall
	Pay []payLine `json:"pay"` // a draft: minutes at the rates that were asked for
}

type payLine struct {
	Person  string `json:"person"`
	Kind    string `json:"kind"` // business, weekday_off, weekend or holiday
	Minutes int    `json:"minutes"`
	Rate    int64  `json:"rate"` // an hour
	Amount  int64  `json:"amount"`
}

// oncallReport answers with the figures of ?from= to ?to=, in RFC 3339; of
// ?person= or ?rotation= alone; paid at ?rates=BUSINESS,WEEKDAY_OFF,WEEKEND,HOLIDAY,
// each an hour in the smallest unit of the currency.
func (s *Server) oncallReport(w http.ResponseWriter, r *http.Request, d *Parts) error {
	q := r.URL.Query()
	from, err := when(q.Get("from"), "from")
	if err != nil {
		return err
	}
	to, err := when(q.Get("to"), "to")
	if err != nil {
		return err
	}
	rates, err := readRates(q.Get("rates"))
	if err != nil {
		return err
	}
	figures, err := d.OncallReport(r.Context(), viewer, from, to)
	if err != nil {
		return err
	}
	if err := known(d.People.Current().Roster, figures, q.Get("person"), q.Get("rotation")); err != nil {
		return err
	}
	out := oncallFigures{OnCall: figures.Only(q.Get("person"), q.Get("rotation")), Pay: []payLine{}}
	for _, l := range out.OnCall.Pay(rates) {
		out.Pay = append(out.Pay, payLine(l))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// when reads an instant.
func when(text, name string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &problem{Status: http.StatusBadRequest, Why: name + " must be an instant like 2026-03-29T08:00:00Z."}
	}
	return t.UTC(), nil
}

// readRates reads four whole numbers; nothing is zeroes.
func readRates(text string) (rotation.Rates, error) {
	if text == "" {
		return rotation.Rates{}, nil
	}
	var n [4]int64
	parts := strings.Split(text, ",")
	bad := &problem{Status: http.StatusBadRequest, Why: "rates must be four whole numbers from 0, such as 0,500,800,1000: an hour of business, weekday off, weekend and holiday."}
	if len(parts) != len(n) {
		return rotation.Rates{}, bad
	}
	for i, p := range parts {
		v, err := strconv.ParseInt(strings.TrimSpace(p), 10, 32)
		if err != nil || v < 0 {
			return rotation.Rates{}, bad
		}
		n[i] = v
	}
	return rotation.Rates{Business: n[0], WeekdayOff: n[1], Weekend: n[2], Holiday: n[3]}, nil
}

// known refuses a person or a rotation that neither the roster nor the figures
// have: an empty answer to a typo would look like an idle one.
func known(r *rotation.Roster, f report.OnCall, person, rot string) error {
	if _, ok := r.Person(person); person != "" && !ok && len(f.Only(person, "").People) == 0 {
		return &problem{Status: http.StatusNotFound, Why: "Nobody called " + incident.Quoted(person) + " is in the roster, or was on call then."}
	}
	if _, ok := r.Rotation(rot); rot != "" && !ok && len(f.Only("", rot).Rotations) == 0 {
		return &problem{Status: http.StatusNotFound, Why: "There is no rotation " + incident.Quoted(rot) + ", and there was none then."}
	}
	return nil
}
