package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// Intake takes in what senders post. It is the alerts' room of the bot.
type Intake interface {
	// Take stores the alerts of a body, and says of each what became of it. What it
	// returns without an error is durable.
	Take(context.Context, alerts.Key, alert.Body) ([]alerts.Taken, error)

	// Beat notes a sign of life; known is whether the roster has a heartbeat of that
	// name. What it returns without an error is durable.
	Beat(ctx context.Context, k alerts.Key, name string) (known bool, err error)

	// Mapping returns the mapping of the roster by which /v1/webhook/NAME is read.
	Mapping(name string) (m *alert.Compiled, known bool)
}

// address is how senders of one kind are served.
type address struct {
	sender alert.Sender
	over   int // status for one request too many
	dialect
}

// dialect is how one kind of API answers. Each function answers in full.
type dialect struct {
	taken   func(w http.ResponseWriter, got *receipt)
	refused func(w http.ResponseWriter, got *receipt, p *problem)
}

// how says how the address takes a key.
func (a *address) how() string {
	switch field := alert.SecretField(a.sender); {
	case field != "":
		return "as " + field + " in the body, or " + inBearer
	case a.refused != nil && isOpsgenie(a.sender):
		return "in the header Authorization: GenieKey KEY"
	default:
		return inBearer + ", as the password of basic authentication, or as ?key=KEY in the address"
	}
}

// receipt is a request of a sender and what became of it.
type receipt struct {
	id    string // of the request
	began time.Time
	r     *http.Request
	key   alerts.Key
	body  alert.Body
	taken []alerts.Taken
}

// from serves senders of one kind. They are answered when their alerts are stored.
func (s *Server) from(a *address) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := &receipt{id: requestID(), began: time.Now(), r: r}
		if err := s.receive(w, r, a, got); err != nil {
			a.refused(w, got, s.explain(r, err))
			return
		}
		a.taken(w, got)
	}
}

// requestID makes the name of a request, in the form of a UUID, which some clients
// insist on.
func requestID() string {
	const hex = "0123456789abcdef"
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	out := make([]byte, 0, 36)
	for n, c := range b {
		if n == 4 || n == 6 || n == 8 || n == 10 {
			out = append(out, '-')
		}
		out = append(out, hex[c>>4], hex[c&15])
	}
	return string(out)
}

// receive lets a sender in, reads what it posts, and stores it.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, a *address, got *receipt) error {
	k, text, err := s.letIn(w, r, a)
	if err != nil {
		return err
	}
	defer k.hold(-int64(cap(text)))
	got.key = k.Key
	q := alert.Request{Sender: a.sender, Body: text, ContentType: r.Header.Get("Content-Type"), Nonce: got.id}
	switch {
	case isOpsgenie(a.sender):
		q.ID, q.IDType = r.PathValue("id"), r.URL.Query().Get("identifierType")
	case a.sender == alert.SenderWebhook:
		if q.Mapping, err = k.mapping(r.PathValue("name")); err != nil {
			return err
		}
	}
	if got.body, err = alert.Read(q); err != nil {
		return err
	}
	got.taken, err = s.take(r.Context(), k, a.sender, got.body)
	return err
}

// letIn finds whose a request is, and reads its body when it is somebody's. A key
// that is beside the body is looked at before the body is. What it returns is held by
// the sender, by its capacity.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, a *address) (sender, []byte, error) {
	secret := presented(r)
	if secret == "" && alert.SecretField(a.sender) != "" {
		return s.letInByBody(w, r, a)
	}
	k, err := s.admit(r, secret, a)
	if err != nil {
		return k, nil, err
	}
	in, err := inflowOf(w, r, MaxBody)
	if err != nil {
		return k, nil, err
	}
	body, err := s.rest(k, in, nil)
	return k, body, err
}

// rest reads what is left of a sender's body, the beginning of which is held already,
// and looks whether its key still holds.
func (s *Server) rest(k sender, in *inflow, begun []byte) ([]byte, error) {
	if !k.arrives(s.connections.limit) {
		k.hold(-int64(cap(begun)))
		return nil, k.a.tooMany("Too many bodies with this key arrive at once.")
	}
	defer k.arriving.Add(-1)
	body, err := in.all(begun, k.hold)
	if err != nil {
		return nil, err
	}
	if err := k.still(); err != nil {
		k.hold(-int64(cap(body)))
		return nil, err
	}
	return body, nil
}

// mapping returns how a webhook is read.
func (k sender) mapping(name string) (*alert.Compiled, error) {
	if m, ok := k.Intake.Mapping(name); ok {
		return m, nil
	}
	return nil, &problem{Status: http.StatusNotFound, Why: "There is no mapping " + incident.Quoted(name) + ".",
		Next: "Add it to alerts.mappings in the roster; it says what of the body is the title, the key and the status."}
}

// take stores alerts.
func (s *Server) take(ctx context.Context, k sender, from alert.Sender, b alert.Body) ([]alerts.Taken, error) {
	taken, err := k.Intake.Take(ctx, k.Key, b)
	var refusal *incident.Refusal
	if errors.As(err, &refusal) {
		// A title of nothing but invisible signs: the body is at fault.
		s.metrics.Alert(k.Name, string(from), "refused")
		return taken, alert.Problems{{Field: "title", Reason: refusal.Why}}
	}
	if err != nil {
		s.metrics.Alert(k.Name, string(from), "failed")
		return taken, err
	}
	for _, t := range taken {
		s.metrics.Alert(k.Name, string(from), string(t.Result))
	}
	return taken, nil
}

// own is how Stormbell's own addresses answer.
var own = dialect{
	taken:   func(w http.ResponseWriter, got *receipt) { writeJSON(w, http.StatusAccepted, newAccepted(got)) },
	refused: func(w http.ResponseWriter, _ *receipt, p *problem) { writeProblem(w, p, p) },
}

// accepted is the answer to alerts.
type accepted struct {
	Incident string    `json:"incident,omitempty"` // INC-N of the worst; missing when it concerns none
	Result   string    `json:"result"`             // opened, joined, resolved or suppressed, of the worst
	DedupKey string    `json:"dedup_key,omitempty"`
	Alerts   []outcome `json:"alerts,omitempty"` // each of them, where there are several
	Notes    []string  `json:"notes,omitempty"`  // what was guessed or left out
}

// outcome is what became of one of several alerts.
type outcome struct {
	Key      string `json:"key"`
	Incident string `json:"incident,omitempty"`
	Result   string `json:"result"`
	Does     string `json:"does"`
}

func newAccepted(got *receipt) accepted {
	out := accepted{Result: string(alert.Suppressed), Notes: got.body.Notes}
	if w := worst(got.body.Alerts, got.taken); w >= 0 {
		t := got.taken[w]
		out.Result, out.DedupKey, out.Incident = string(t.Result), t.Key, incidentName(t.Incident)
	}
	if len(got.taken) == 1 && len(got.body.Alerts) == 1 {
		out.Notes = append(out.Notes, got.body.Alerts[0].Notes...)
		return out
	}
	for _, t := range got.taken {
		out.Alerts = append(out.Alerts, outcome{t.Key, incidentName(t.Incident), string(t.Result), string(t.Does)})
	}
	return out
}

// incidentName is INC-N, or "" for no incident.
func incidentName(n int) string {
	if n == 0 {
		return ""
	}
	return incident.Name(n)
}

// worst returns the position of the alert that matters most, the first of several:
// what fires before what does not, then the worst severity; -1 where there is none.
func worst(list []alert.Alert, taken []alerts.Taken) int {
	best := -1
	for n := range min(len(list), len(taken)) {
		if best < 0 {
			best = n
			continue
		}
		a, b := list[n], list[best]
		switch firing := a.Status == alert.Firing; {
		case firing != (b.Status == alert.Firing):
			if firing {
				best = n
			}
		case a.Severity.Incident() < b.Severity.Incident():
			best = n
		}
	}
	return best
}
