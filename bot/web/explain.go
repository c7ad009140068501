package web

import (
	"net/http"
	"strings"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// testAlert says what the body of a sender means and where it would go. Nothing of it
// is stored.
func (s *Server) testAlert(w http.ResponseWriter, r *http.Request, d *Parts) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	read, err := ReadAs(d.People.Current().Roster, q.Get("as"), body)
	if err != nil {
		return err
	}
	k, err := keyNamed(d, q.Get("key"))
	if err != nil {
		return err
	}
	x, err := d.Alerts.Test(r.Context(), k, read)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}

// keyNamed finds the key with which a body would come. One that only the roster speaks
// of is yet to be made.
func keyNamed(d *Parts, name string) (alerts.Key, error) {
	k := alerts.Key{Name: name}
	if name == "" || d.Keys == nil {
		return k, nil
	}
	made, err := d.Keys.Named(name)
	if err == nil {
		return made, nil
	}
	if _, ok := d.People.Current().Roster.Alerts.Keys[name]; ok {
		return k, nil
	}
	return k, missing(err)
}

// explainAlerts says why the alerts of ?incident=INC-N are where they are.
func (s *Server) explainAlerts(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, ok := incident.ParseName(r.URL.Query().Get("incident"))
	if !ok {
		return &problem{Status: http.StatusBadRequest, Why: "The request names no incident.", Next: "Add ?incident=INC-1."}
	}
	x, err := d.Alerts.Explain(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}

// ReadAs reads a body that somebody has at hand as that of a sender: one of those
// that [alert.Guess] names, or webhook/NAME for a mapping of the roster. Empty is a
// guess. The error is an [alert.Problems].
func ReadAs(roster *rotation.Roster, as string, body []byte) (alert.Body, error) {
	request := alert.Request{Body: body, Sender: alert.Sender(as)}
	name, mapped := strings.CutPrefix(as, "webhook/")
	switch {
	case as == "events": // as the address has it
		request.Sender = alert.SenderEvent
	case as == "":
		sender, err := alert.Guess(body)
		if err != nil {
			return alert.Body{}, err
		}
		request.Sender = sender
	case mapped:
		m, ok := roster.Alerts.Mappings[name]
		if !ok {
			return alert.Body{}, alert.Problems{{Field: "as", Reason: "the roster's alerts.mappings has no " + name}}
		}
		compiled, err := alert.CompileMapping(m)
		if err != nil {
			return alert.Body{}, err
		}
		request.Sender, request.Mapping = alert.SenderWebhook, compiled
	}
	return alert.Read(request)
}
