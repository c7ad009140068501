package page

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Phone is what reaches people outside Slack.
type Phone struct {
	// Items are all messages and calls so far, oldest first.
	Items func() []PhoneItem
	// Press is a person's pressing a key of an item. It may be nil where items have no keys.
	Press func(item, key string) error
	// Watch signals that items changed, until ctx ends; it may be nil, then the page sees them at the next change of
	// the workspace.
	Watch func(ctx context.Context) <-chan struct{}
}

// PhoneItem is one push, text or call.
type PhoneItem struct {
	ID   string    // names it for Press
	To   string    // user ID or handle
	Via  string    // push, sms, voice, email or webhook
	Text string    // what is shown or spoken
	Keys []Key     // what can be answered
	Note string    // what became of it, such as "acknowledged" or "no answer"
	Over bool      // the keys no longer do anything
	At   time.Time // when it arrived, by the workspace's clock
}

// Key is one possible answer, such as 4 for Acknowledge.
type Key struct {
	Key   string `json:"key"`
	Label string `json:"label"`
}

// ring is a PhoneItem on its way to the page.
type ring struct {
	ID   string  `json:"id"`
	To   string  `json:"to"`
	Via  string  `json:"via"`
	Text string  `json:"text"`
	Keys []Key   `json:"keys"`
	Note string  `json:"note,omitempty"`
	Over bool    `json:"over,omitempty"`
	At   float64 `json:"at"`
}

// rings are the phone's items; nil where there is no phone.
func (s *server) rings() []ring {
	if s.opts.Phone == nil {
		return nil
	}
	out := []ring{}
	for _, i := range s.opts.Phone.Items() {
		out = append(out, ring{ID: i.ID, To: i.To, Via: i.Via, Text: i.Text, Keys: i.Keys, Note: i.Note, Over: i.Over, At: seconds(i.At)})
	}
	return out
}

func (s *server) pressKey(rw http.ResponseWriter, r *http.Request) {
	var body struct{ ID, Key string }
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<16)).Decode(&body); err != nil {
		answer(rw, http.StatusBadRequest, problem{"phone: the body is not {\"id\":…,\"key\":…}"})
		return
	}
	if s.opts.Phone == nil || s.opts.Phone.Press == nil {
		answer(rw, http.StatusNotFound, problem{"phone: there is none here"})
		return
	}
	if err := s.opts.Phone.Press(body.ID, body.Key); err != nil {
		answer(rw, http.StatusBadRequest, problem{"phone: " + err.Error()})
		return
	}
	answer(rw, http.StatusOK, struct{}{})
}
