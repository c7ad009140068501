package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
)

// listed is the answer to a list of incidents.
type listed struct {
	Incidents []shown `json:"incidents"`
	// More is the last one that is shown where there are older ones: they are asked
	// for with before.
	More string `json:"more,omitempty"`
	// NotSearched are those whose notes could not be searched, since their archive files
	// cannot be read.
	NotSearched []string `json:"not_searched,omitempty"`
}

// list answers with the open incidents, the newest first, or with those that the
// query asks for.
func (s *Server) list(w http.ResponseWriter, r *http.Request, d *Parts) error {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return err
	}
	found, err := d.Search(r.Context(), viewer, q)
	if err != nil {
		return unprocessable(err)
	}
	out, list := listed{Incidents: []shown{}}, found.Incidents
	for _, n := range found.Unread {
		out.NotSearched = append(out.NotSearched, incident.Name(n))
	}
	for _, i := range list {
		out.Incidents = append(out.Incidents, show(i))
	}
	if found.More {
		out.More = list[len(list)-1].Name()
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// listParameters are what a list of incidents can be asked for.
var listParameters = []string{"all", "status", "service", "severity", "from", "to", "search", "limit", "before"}

// listMost is how many incidents one answer has at most, and listUsual unless
// somebody says how many.
const (
	listMost  = 1000
	listUsual = 100
)

// readQuery reads which incidents are asked for. A parameter that there is not is
// refused: the list would be another one than was meant.
func readQuery(v url.Values) (q desk.Query, err error) {
	for name := range v {
		if !slices.Contains(listParameters, name) {
			p := &problem{Status: http.StatusBadRequest, Why: "There is no parameter " + incident.Quoted(name) + ".", Next: "There are: " + strings.Join(listParameters, ", ") + "."}
			if near := incident.Nearest(name, listParameters); near != "" {
				p.Next = "Did you mean " + near + "?"
			}
			return q, p
		}
	}
	q.Service, q.Search = strings.TrimSpace(v.Get("service")), v.Get("search")
	if q.All, err = flag(v, "all"); err != nil {
		return q, err
	}
	if q.Limit, err = limit(v.Get("limit"), listUsual, listMost); err != nil {
		return q, err
	}
	if q.Statuses, err = statuses(values(v, "status")); err != nil {
		return q, err
	}
	if q.Severities, err = severities(values(v, "severity")); err != nil {
		return q, err
	}
	if text := v.Get("before"); text != "" {
		n, ok := incident.ParseName(text)
		if !ok {
			return q, &problem{Status: http.StatusBadRequest, Why: "before must name an incident, as in INC-41."}
		}
		q.Before = n
	}
	return q, readPeriod(v, &q)
}

func readPeriod(v url.Values, q *desk.Query) (err error) {
	for _, end := range []struct {
		name string
		at   *time.Time
	}{{"from", &q.From}, {"to", &q.To}} {
		if text := v.Get(end.name); text != "" {
			if *end.at, err = when(text, end.name); err != nil {
				return err
			}
		}
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return &problem{Status: http.StatusBadRequest, Why: "from must be before to."}
	}
	return nil
}

// values are those of a parameter that may be given several times, or as several
// words with commas between them.
func values(v url.Values, name string) []string {
	return strings.FieldsFunc(strings.Join(v[name], ","), func(r rune) bool { return r == ',' || r == ' ' })
}

// everyStatus is every status there is, in the order of an incident's life.
var everyStatus = []string{string(incident.Declared), string(incident.Investigating), string(incident.Mitigating), string(incident.Mitigated),
	string(incident.Resolved), string(incident.Closed), string(incident.Cancelled), string(incident.Merged)}

func statuses(words []string) (list []incident.Status, err error) {
	for _, word := range words {
		status, ok := incident.StatusWord(word)
		if lower := strings.ToLower(word); slices.Contains(everyStatus, lower) {
			status, ok = incident.Status(lower), true
		}
		if !ok {
			p := &problem{Status: http.StatusBadRequest, Why: "There is no status " + incident.Quoted(word) + ".", Next: "There are: " + strings.Join(everyStatus, ", ") + "."}
			if near := incident.Nearest(word, everyStatus); near != "" {
				p.Next = "Did you mean " + near + "?"
			}
			return nil, p
		}
		list = append(list, status)
	}
	return list, nil
}

func severities(words []string) (list []incident.Severity, err error) {
	for _, word := range words {
		is, ok := incident.ParseSeverity(word)
		if !ok {
			return nil, &problem{Status: http.StatusBadRequest, Why: "severity is " + incident.Quoted(word) + ".", Next: "It must be sev1, sev2, sev3 or sev4, and 1 is the worst."}
		}
		list = append(list, is)
	}
	return list, nil
}

// limit reads how many entries are wanted at most.
func limit(text string, usual, most int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &problem{Status: http.StatusBadRequest, Why: fmt.Sprintf("limit must be a number from 1 to %d.", most)}
	}
	return n, nil
}

// flag reads a query parameter that is set by its name alone, too.
func flag(v url.Values, name string) (bool, error) {
	text := v.Get(name)
	if text == "" {
		return v.Has(name), nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, &problem{Status: http.StatusBadRequest, Why: name + " must be true or false."}
	}
	return on, nil
}

// HistoryPage is a part of the roster's history.
type HistoryPage struct {
	History []oncall.Change `json:"history"`
	// More is the last version that is shown where there are older ones: they are
	// asked for with before.
	More int `json:"more,omitempty"`
}

// HistoryMost is how many changes of the roster are shown at most.
const HistoryMost = 10_000

// NewHistoryPage returns the changes older than the version before, of which 0 is
// none, at most limit of them. List is all of the history, the newest first.
func NewHistoryPage(list []oncall.Change, before, limit int) HistoryPage {
	p := HistoryPage{History: slices.DeleteFunc(slices.Clone(list), func(c oncall.Change) bool { return before > 0 && c.Version >= before })}
	if len(p.History) > limit {
		p.History = p.History[:limit]
		p.More = p.History[limit-1].Version
	}
	return p
}
