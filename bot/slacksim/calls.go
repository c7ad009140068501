package slacksim

import (
	"encoding/json"
	"strconv"
	"time"
)

// Call is one entry of the workspace's record: a Web API call (api), a frame
// to or from the app (frame_out, frame_in), a connection made or ended (link),
// an upload, download or response_url post (http), or a judgement that belongs
// to none of them (verdict).
type Call struct {
	N          int               `json:"n"` // counts from 1
	At         time.Time         `json:"at"`
	Kind       string            `json:"kind"`
	Method     string            `json:"method,omitempty"` // API method, frame type, or path
	Args       map[string]string `json:"args,omitempty"`   // without the token
	Status     int               `json:"status,omitempty"` // HTTP
	Error      string            `json:"error,omitempty"`  // Slack's code
	Problems   []string          `json:"problems,omitempty"`
	Answer     json.RawMessage   `json:"answer,omitempty"`
	Took       time.Duration     `json:"took,omitempty"` // nanoseconds
	Conn       int               `json:"conn,omitempty"`
	EnvelopeID string            `json:"envelope_id,omitempty"`
	Attempt    int               `json:"retry_attempt,omitempty"`
	Verdict    string            `json:"verdict,omitempty"` // in words, where the code does not say it
}

// Calls are the kept entries after number since, oldest first; 0 is all.
func (w *Workspace) Calls(since int) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.callSeq - len(w.calls) // number of the newest forgotten entry
	skip := min(max(since-first, 0), len(w.calls))
	return append([]Call{}, w.calls[skip:]...)
}

// note adds to the record and wakes the watchers.
func (w *Workspace) note(c Call) {
	w.callSeq++
	c.N, c.At = w.callSeq, w.now()
	w.calls = append(w.calls, c)
	if over := len(w.calls) - w.opts.KeepCalls; over > w.opts.KeepCalls/4 {
		w.calls = append([]Call{}, w.calls[over:]...)
	}
	w.changed()
}

// clipJSON keeps a frame's text in the record; what is not JSON is quoted.
func clipJSON(data []byte) json.RawMessage {
	if json.Valid(data) {
		return append(json.RawMessage{}, data...)
	}
	return mustJSON(string(data))
}

func itoa(n int) string { return strconv.Itoa(n) }
