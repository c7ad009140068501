package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// operator lets in whoever has the admin token. The token is taken from the
// header only: an address ends up in histories and logs.
func (s *Server) operator(f func(http.ResponseWriter, *http.Request, *Parts) error) http.Handler {
	return s.admitted(func(w http.ResponseWriter, r *http.Request) error {
		d, err := s.leading()
		if err != nil {
			return err
		}
		return f(w, r, d)
	})
}

// admitted is operator for what a process that stands by can answer, too.
func (s *Server) admitted(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.handle(func(http.ResponseWriter, *http.Request) error {
		return &problem{Status: http.StatusForbidden, Why: "A page of another site may not ask this."}
	}))
	return guard.Handler(s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if s.admin == (secretHash{}) {
			return &problem{Status: http.StatusForbidden, Why: "Admin calls are off.", Next: "Set http.admin_token in the configuration."}
		}
		if token := bearer(r); !s.admin.holds(token) {
			return unauthorized(token, "the admin token of the configuration", inBearer)
		}
		s.connections.letIn(r)
		return f(w, r)
	}))
}

// actor returns in whose name somebody acts: a person of the roster by ID or name,
// or nobody's. Any other word is refused: it would be on the incident, and could
// not be asked.
func actor(d *Parts, as string) (incident.Actor, error) {
	name := strings.TrimPrefix(strings.TrimSpace(as), "@")
	switch {
	case name == "":
		return oncall.CommandLine, nil
	case rotation.Reserved(name):
		return "", &problem{Status: http.StatusUnprocessableEntity, Why: "as: " + incident.Quoted(name) + " is a word of Stormbell's own.",
			Next: "Leave it out to act in nobody's name, or name a person of the roster.", Fields: []field{{"as", "is a word of Stormbell's own"}}}
	}
	who, err := d.People.Current().Named(name)
	var r *incident.Refusal
	if errors.As(err, &r) {
		return "", &problem{Status: http.StatusUnprocessableEntity, Why: r.Why, Next: strings.Replace(r.Next, "Name a person with @.", "Name a person by ID or name; without one, it is done in the name of the administrator.", 1),
			Fields: []field{{"as", "must be a person of the roster"}}}
	}
	return who, err
}

// viewer sees everything: who has the admin token has the store as well.
const viewer = oncall.CommandLine

func (s *Server) show(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	b, err := d.Show(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	_, events, err := d.Timeline(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, newSheet(d, b, events))
	return nil
}

// timeline is what has happened in one incident.
type timeline struct {
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	Timeline []entry `json:"timeline"`
}

func (s *Server) timeline(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	i, events, err := d.Timeline(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, timeline{Name: i.Name(), Title: i.Title, Timeline: entries(d, events)})
	return nil
}

// named reads the incident of the address.
func named(r *http.Request) (int, error) {
	name := r.PathValue("name")
	n, ok := incident.ParseName(name)
	if !ok {
		return 0, &problem{Status: http.StatusNotFound, Why: "An incident is named INC-N, as in /v1/incidents/INC-12."}
	}
	return n, nil
}

// missing makes a refusal of something that was only to be looked at a 404.
func missing(err error) error {
	var refusal *incident.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return &problem{Status: http.StatusNotFound, Why: refusal.Why, Next: refusal.Next}
}

// caller reads who asks for what, and how the request is recognised when it is
// repeated.
func caller(r *http.Request, d *Parts, as string) (desk.Caller, error) {
	var c desk.Caller
	var err error
	if c.Actor, err = actor(d, as); err != nil {
		return c, err
	}
	if kind, _ := c.Actor.Split(); kind == "person" {
		c.Through = incident.ThroughAdmin
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		return c, &problem{Status: http.StatusBadRequest, Why: "Idempotency-Key is over 255 characters."}
	}
	if key != "" {
		c.Key = "http " + r.URL.Path + " " + key // the same key for another act is another request
	}
	return c, nil
}

// readJSON reads a body into v; an empty one leaves v as it is. A field that v
// does not have is refused: a script that misspells one must hear of it.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return unreadable(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &problem{Status: http.StatusBadRequest, Why: "The body has more after the end of the object."}
	}
	return nil
}

// unreadable says in words why a body is not what it must be.
func unreadable(err error) error {
	p := &problem{Status: http.StatusBadRequest, Why: "The body must be a JSON object."}
	var kind *json.UnmarshalTypeError
	var unknown string
	if text, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		unknown, _ = strconv.Unquote(text)
	}
	switch {
	case unknown != "":
		p.Why, p.Fields = "There is no field "+strconv.Quote(unknown)+".", []field{{unknown, "is not known"}}
	case errors.As(err, &kind) && kind.Field != "":
		reason := "must be a " + strings.TrimSuffix(kind.Type.String(), "ean") + ", not a " + kind.Value
		p.Why, p.Fields = kind.Field+" "+reason+".", []field{{kind.Field, reason}}
	}
	return p
}
