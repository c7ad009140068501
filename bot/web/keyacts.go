package web

import (
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
)

// shownKey is an integration key in an answer.
type shownKey struct {
	Name     string    `json:"name"`
	Service  string    `json:"service,omitempty"`
	Prefix   string    `json:"prefix,omitempty"`
	From     string    `json:"from"` // config or store
	Made     time.Time `json:"made,omitzero"`
	By       string    `json:"by,omitempty"`
	LastUse  time.Time `json:"last_use,omitzero"`
	OldUntil time.Time `json:"old_until,omitzero"` // until when an earlier secret works, too
	Secret   string    `json:"secret,omitempty"`   // only where it was just made
}

// listedKeys is the answer to which keys there are.
type listedKeys struct {
	Keys []shownKey `json:"keys"`
}

// keyChange is the body of what changes keys.
type keyChange struct {
	As      string `json:"as"`
	Name    string `json:"name"`    // of a new one
	Service string `json:"service"` // of a new one; empty: that of the alerts, or the default
	Overlap string `json:"overlap"` // rotate: how long the old secret works, as in 24h
}

// keys returns the keys, or why there can be none.
func (d *Parts) keys() (*alerts.Keys, error) {
	if d.Keys == nil {
		return nil, &problem{Status: http.StatusNotFound, Why: "This process has no integration keys."}
	}
	return d.Keys, nil
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request, d *Parts) error {
	keys, err := d.keys()
	if err != nil {
		return err
	}
	list := []shownKey{}
	for _, i := range keys.List(r.Context()) {
		list = append(list, newShownKey(i))
	}
	writeJSON(w, http.StatusOK, listedKeys{Keys: list})
	return nil
}

func newShownKey(i alerts.KeyInfo) shownKey {
	return shownKey{Name: i.Name, Service: i.Service, Prefix: i.Prefix, From: i.From, Made: i.Made, By: i.By, LastUse: i.LastUse, OldUntil: i.OldUntil}
}

// changed answers with a key as it is now.
func changed(w http.ResponseWriter, r *http.Request, keys *alerts.Keys, name, secret string, status int) error {
	out := shownKey{Name: name}
	for _, i := range keys.List(r.Context()) {
		if i.Name == name {
			out = newShownKey(i)
		}
	}
	out.Secret = secret
	writeJSON(w, status, out)
	return nil
}

// changes reads who changes which keys in which way.
func changes(w http.ResponseWriter, r *http.Request, d *Parts) (keys *alerts.Keys, body keyChange, who incident.Actor, err error) {
	if keys, err = d.keys(); err != nil {
		return keys, body, "", err
	}
	if err = readJSON(w, r, &body); err != nil {
		return keys, body, "", err
	}
	who, err = actor(d, body.As)
	return keys, body, who, err
}

func (s *Server) addKey(w http.ResponseWriter, r *http.Request, d *Parts) error {
	keys, body, who, err := changes(w, r, d)
	if err != nil {
		return err
	}
	if body.Service != "" {
		service, ok := d.People.Current().Roster.Service(body.Service)
		if !ok {
			return unknownService(d, body.Service)
		}
		body.Service = service.ID
	}
	secret, err := keys.Add(r.Context(), string(who), body.Name, body.Service)
	if err != nil {
		return err
	}
	s.log.Info().Str("key", body.Name).Str("by", string(who)).Msg("an integration key was made")
	return changed(w, r, keys, body.Name, secret, http.StatusCreated)
}

// unknownService refuses a service that the roster does not have.
func unknownService(d *Parts, said string) error {
	var known []string
	for _, s := range d.People.Current().Roster.Services {
		known = append(known, s.ID)
	}
	reason := "must be the ID of a service in the roster"
	if near := incident.Nearest(said, known); near != "" {
		reason += ", perhaps " + near
	}
	return invalid("service", reason)
}

func (s *Server) rotateKey(w http.ResponseWriter, r *http.Request, d *Parts) error {
	keys, body, who, err := changes(w, r, d)
	if err != nil {
		return err
	}
	overlap := alerts.DefaultOverlap
	if body.Overlap != "" {
		if overlap, err = time.ParseDuration(body.Overlap); err != nil {
			return invalid("overlap", "is "+incident.Quoted(body.Overlap)+"; write it as in 24h or 30m")
		}
	}
	name := r.PathValue("name")
	secret, err := keys.Rotate(r.Context(), string(who), name, overlap)
	if err != nil {
		return err
	}
	s.log.Info().Str("key", name).Str("by", string(who)).Msg("an integration key has another secret")
	return changed(w, r, keys, name, secret, http.StatusOK)
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, d *Parts) error {
	keys, _, who, err := changes(w, r, d)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if err := keys.Revoke(r.Context(), string(who), name); err != nil {
		return err
	}
	s.log.Info().Str("key", name).Str("by", string(who)).Msg("an integration key was revoked")
	return changed(w, r, keys, name, "", http.StatusOK)
}
