package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// parser reads the body of one kind of sender.
type parser func(body []byte) (alert.Alert, error)

// alerts takes in alerts of the senders that put their key beside the body;
// over is the status for one request too many. The key is looked at before the
// body is read, and the sender is answered when the alert is stored.
func (s *Server) alerts(parse parser, over int) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		k, err := s.admit(r, presented(r), over)
		if err != nil {
			return err
		}
		body, err := readBody(w, r)
		if err != nil {
			return err
		}
		a, err := parse(body)
		if err != nil {
			return err
		}
		result, err := s.take(r.Context(), k, a)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusAccepted, newAccepted(a, result))
		return nil
	})
}

// take stores an alert.
func (s *Server) take(ctx context.Context, k sender, a alert.Alert) (alerts.Taken, error) {
	d, err := s.leading()
	if err != nil {
		return alerts.Taken{}, err
	}
	taken, err := d.Alerts.Take(ctx, alerts.Key{Name: k.name}, alert.Body{Alerts: []alert.Alert{a}})
	var result alerts.Taken
	if len(taken) > 0 {
		result = taken[0]
	}
	var refusal *incident.Refusal
	if errors.As(err, &refusal) {
		// A title of nothing but invisible signs: the body is at fault.
		s.metrics.Alert(k.name, a.Source, "refused")
		return result, alert.Problems{{Field: "title", Reason: refusal.Why}}
	}
	if err != nil {
		s.metrics.Alert(k.name, a.Source, "failed")
		return result, err
	}
	s.metrics.Alert(k.name, a.Source, string(result.Result))
	return result, nil
}

// event is an answer of the PagerDuty Events API v2.
type event struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	DedupKey string   `json:"dedup_key,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

// enqueue takes in events of the PagerDuty Events API v2 and answers in its
// words. The key is in the body, so the body is read first.
func (s *Server) enqueue(w http.ResponseWriter, r *http.Request) {
	key, err := s.enqueued(w, r)
	if err == nil {
		writeJSON(w, http.StatusAccepted, event{Status: "success", Message: "Event processed", DedupKey: key})
		return
	}
	p := s.explain(r, err)
	e := event{Status: "error", Message: p.Error()}
	switch p.Status {
	case http.StatusBadRequest:
		e = event{Status: "invalid event", Message: "Event object is invalid", Errors: []string{p.Why}}
	case http.StatusUnauthorized:
		e = event{Status: "invalid key", Message: p.Why, Errors: []string{"routing_key: " + p.Next}}
	case http.StatusTooManyRequests:
		e.Status = "throttle exceeded"
	}
	for n, f := range p.Fields {
		if n == 0 {
			e.Errors = nil
		}
		e.Errors = append(e.Errors, f.Field+": "+f.Reason)
	}
	writeProblem(w, p, e)
}

const (
	maxStrangers = 256 // bodies of senders whose key is not known yet, read at once
	strangerWait = 5 * time.Second
)

// readStranger reads a body before it is known who sends it: only so many at
// once, so that they cannot fill the memory.
func (s *Server) readStranger(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	patience := time.NewTimer(strangerWait)
	defer patience.Stop()
	select {
	case s.strangers <- struct{}{}:
		defer func() { <-s.strangers }()
		return readBody(w, r)
	case <-patience.C:
	case <-r.Context().Done():
	}
	return nil, &problem{Status: http.StatusServiceUnavailable, RetryAfter: 5, Why: "Too many events at once.", Next: "Send it again in some seconds."}
}

// enqueued stores the event and returns its dedup key.
func (s *Server) enqueued(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := s.readStranger(w, r)
	if err != nil {
		return "", err
	}
	a, secret, err := alert.ParsePagerDuty(body)
	if err != nil && secret == "" {
		return "", err // a body without a readable key has other problems first
	}
	k, refused := s.admit(r, secret, http.StatusTooManyRequests)
	if refused != nil {
		return "", refused
	}
	if err != nil {
		return "", err
	}
	if _, err := s.take(r.Context(), k, a); err != nil {
		return "", err
	}
	return a.Key, nil
}
