package slacksim

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	stateWaiting = iota
	stateAcked
	stateLate
)

// keptEnvelopes is how many finished envelopes are remembered, to name a late
// or repeated acknowledgement and to deliver one again.
const keptEnvelopes = 1000

// envelope is one frame to the app that wants an acknowledgement.
type envelope struct {
	id      string
	kind    string // events_api, slash_commands, interactive
	payload json.RawMessage
	accepts bool // the acknowledgement may carry an answer
	attempt int
	reason  string
	event   *event // nil for commands and interactions
	conn    *conn
	state   int
	timer   *appointment
	reply   chan ack // one place; commands and interactions only
}

// ack is what the app answered.
type ack struct {
	payload json.RawMessage // nil when it was only acknowledged
	lost    string          // why there is none: operation_timeout, dispatch_failed
}

func (e *envelope) frame() json.RawMessage {
	f := object{"envelope_id": e.id, "type": e.kind, "accepts_response_payload": e.accepts, "payload": e.payload}
	if e.kind == "events_api" {
		f["retry_attempt"], f["retry_reason"] = e.attempt, e.reason
	}
	return mustJSON(f)
}

// transmit queues e on c and remembers it.
func (w *Workspace) transmit(c *conn, e *envelope) {
	e.conn = c
	w.envelopes.put(e.id, e, func(old *envelope) bool {
		return len(w.envelopes.order) > keptEnvelopes && old.state != stateWaiting
	})
	c.push(frame{data: e.frame(), envelope: e.id, kind: e.kind, attempt: e.attempt})
}

// dispatch sends a command or an interaction over a connection picked at
// random; build is given that connection's base URL. nil means that nobody is
// connected. The caller holds the lock, and after letting it go calls await.
func (w *Workspace) dispatch(kind string, accepts bool, build func(base string) object) *envelope {
	c := w.pick()
	if c == nil {
		return nil
	}
	e := &envelope{id: w.uuid(), kind: kind, accepts: accepts, reply: make(chan ack, 1)}
	e.payload = mustJSON(build(c.base))
	w.transmit(c, e)
	return e
}

// await waits for the acknowledgement of e, three seconds at most.
func (w *Workspace) await(e *envelope) ack {
	if e == nil {
		return ack{lost: "dispatch_failed"}
	}
	timer := time.NewTimer(ackWait)
	defer timer.Stop()
	select {
	case a := <-e.reply:
		return a
	case <-w.done:
		return ack{lost: "dispatch_failed"}
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.state == stateAcked { // it came between the timer and the lock
		return <-e.reply
	}
	e.state = stateLate
	return ack{lost: "operation_timeout"}
}

// receive judges a text frame from the app; the verdict goes into the record.
func (w *Workspace) receive(c *conn, data []byte, fragmented bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var f struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	note := Call{Kind: "frame_in", Conn: c.id, Answer: clipJSON(data)}
	err := json.Unmarshal(data, &f)
	note.EnvelopeID = f.EnvelopeID
	e := w.envelopes.at(f.EnvelopeID)
	switch {
	case fragmented:
		note.Verdict = "ignored: fragmented frames are not put together"
	case len(data) >= maxAckBytes:
		note.Verdict = "ignored: acknowledgement of 20 KiB or more"
	case err != nil:
		note.Verdict = "ignored: not JSON"
	case e == nil:
		note.Verdict = "ignored: unknown envelope_id"
	case e.state == stateAcked:
		note.Verdict = "ignored: acknowledged before"
	case e.state == stateLate:
		note.Verdict = "ignored: too late"
	case e.conn != c && w.opts.AckOnlyWhereDelivered:
		note.Verdict = "ignored: came over another connection"
	case w.loseAcks > 0:
		w.loseAcks--
		note.Verdict = "ignored: fault lose_acks"
	default:
		note.Verdict = w.acknowledge(e, f.Payload)
	}
	w.note(note)
}

func (w *Workspace) acknowledge(e *envelope, payload json.RawMessage) string {
	e.state = stateAcked
	w.agenda.cancel(e.timer)
	if string(payload) == "null" {
		payload = nil
	}
	verdict := "acknowledged"
	if payload != nil && !e.accepts && string(payload) != "{}" {
		payload, verdict = nil, "acknowledged; its payload is ignored for this kind"
	}
	if e.reply != nil {
		e.reply <- ack{payload: payload}
	}
	return verdict
}

// again delivers a known envelope a second time, unchanged.
func (w *Workspace) again(id string) error {
	e, c := w.envelopes.at(id), w.pick()
	if e == nil {
		return fmt.Errorf("redeliver %s: unknown envelope_id", id)
	}
	if c == nil {
		return fmt.Errorf("redeliver %s: nobody is connected", id)
	}
	c.push(frame{data: e.frame(), envelope: e.id, kind: e.kind, attempt: e.attempt})
	return nil
}
