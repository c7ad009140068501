package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// Ntfy sends push notifications through an ntfy server, one's own or a public
// one. A person's address is a topic. Whoever knows a topic on a server
// without access rules reads along.
//
// With a ReplyTopic the button Acknowledge works without a public address: it
// makes the phone publish the AckCode there, and Replies reads it.
type Ntfy struct {
	URL        string // the server, e.g. https://ntfy.sh
	Token      Secret // an access token, "" for none
	ReplyTopic string // where answers go; "" for none
	// ReplyToken lets phones publish to ReplyTopic where the server wants a
	// token. Phones get to see it, so it should be able to do nothing else.
	ReplyToken Secret
	Transport  http.RoundTripper // nil: the default
}

const push = "push"

// ntfy's limits: a longer message becomes an attachment, which no lock screen
// shows. ntfy: publishing, limitations.
const (
	ntfyText  = 3500 // bytes of 4096; JSON and other servers' settings want some room
	ntfyTitle = 250  // bytes; not limited by the server, but no phone shows more

	// The whole of a message as JSON may have 8,192 bytes: a longer address than that of
	// a button has no room beside a text of the greatest length.
	ntfyAddress     = 3000 // bytes as JSON writes it
	ntfyAddressRead = 300  // bytes of an address that stands in the text as well
)

type ntfyMessage struct {
	Topic      string       `json:"topic"`
	SequenceID string       `json:"sequence_id,omitempty"` // since ntfy 2.16; older ones ignore it
	Title      string       `json:"title"`
	Message    string       `json:"message"`
	Priority   int          `json:"priority"` // 1 to 5
	Tags       []string     `json:"tags,omitempty"`
	Click      string       `json:"click,omitempty"`
	Actions    []ntfyAction `json:"actions,omitempty"` // at most three
}

type ntfyAction struct {
	Action  string            `json:"action"`
	Label   string            `json:"label"`
	URL     string            `json:"url"`
	Method  string            `json:"method,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Clear   bool              `json:"clear"`
}

// ntfyEvent is what the server says about a message: when it takes it on, and
// when it is read back.
type ntfyEvent struct {
	ID      string `json:"id"`
	Time    int64  `json:"time"`
	Event   string `json:"event"`
	Topic   string `json:"topic"`
	Message string `json:"message"`
}

// Send publishes the message. ntfy does not report delivery, so the receipt
// stays at Accepted.
func (n *Ntfy) Send(ctx context.Context, m Message) (Receipt, error) {
	if !topicName.MatchString(m.To) {
		return Receipt{}, refused(push, "the person's topic is none: letters, digits, - and _, at most 64")
	}
	address, err := under(push, n.URL)
	if err != nil {
		return Receipt{}, err
	}
	body, err := json.Marshal(n.message(m))
	if err != nil {
		return Receipt{}, refused(push, "the message cannot be written as JSON")
	}
	a, err := n.call(ctx, http.MethodPost, address, body)
	if err != nil {
		return Receipt{}, err
	}
	if !a.ok() {
		return Receipt{}, ntfyError(a)
	}
	var got ntfyEvent
	if !a.decode(&got) || got.ID == "" || got.Event != "message" || got.Topic != m.To {
		return Receipt{}, unavailable(push, "the server reports success, but not as an ntfy server does")
	}
	return Receipt{ID: got.ID, Level: Accepted}, nil
}

func (n *Ntfy) message(m Message) ntfyMessage {
	text := m.Text
	if text == "" { // the server would put "triggered"
		text = m.Subject
	}
	out := ntfyMessage{
		Topic: m.To, SequenceID: sequenceID(m.ID), Click: m.URL,
		Title:    shorten(oneLine(m.Subject), ntfyTitle, byteLen),
		Message:  withRunbook(text, m.Runbook),
		Priority: 3,
	}
	switch {
	case m.News:
		out.Priority = 1 // no sound, no vibration; it replaces what was on the screen
	case m.Urgency == High:
		out.Priority, out.Tags = 5, []string{"rotating_light"}
	}
	if ack, ok := n.acknowledge(m); ok {
		out.Actions = append(out.Actions, ack)
	}
	if written, _ := json.Marshal(m.Runbook); m.Runbook != "" && len(written) <= ntfyAddress {
		out.Actions = append(out.Actions, ntfyAction{Action: "view", Label: "Runbook", URL: m.Runbook})
	}
	if m.URL != "" {
		out.Actions = append(out.Actions, ntfyAction{Action: "view", Label: "Open", URL: m.URL})
	}
	return out
}

// withRunbook is the text with the address of the runbook below it, where that is short
// enough to be read; the button has the others.
func withRunbook(text, runbook string) string {
	if runbook == "" || len(runbook) > ntfyAddressRead {
		return shorten(text, ntfyText, byteLen)
	}
	line := "\nRunbook: " + runbook
	return shorten(text, ntfyText-len(line), byteLen) + line
}

// acknowledge returns the button, by way of our address or else of a topic.
func (n *Ntfy) acknowledge(m Message) (ntfyAction, bool) {
	ack := ntfyAction{Action: "http", Label: "Acknowledge", Method: http.MethodPost, Clear: true}
	if m.AckURL != "" {
		ack.URL = m.AckURL
		return ack, true
	}
	if m.AckCode == "" || n.ReplyTopic == "" {
		return ack, false
	}
	topic, err := under(push, n.URL, n.ReplyTopic)
	if err != nil {
		return ack, false // Send has found it good
	}
	ack.URL, ack.Body = topic, m.AckCode
	if n.ReplyToken != "" {
		ack.Headers = map[string]string{"Authorization": "Bearer " + string(n.ReplyToken)}
	}
	return ack, true
}

// Replies reads what phones have published to ReplyTopic. The server keeps it
// for a while (12 hours by default).
func (n *Ntfy) Replies(ctx context.Context, since time.Time) ([]Reply, error) {
	address, err := under(push, n.URL, n.ReplyTopic, "json")
	if err != nil {
		return nil, err
	}
	query := url.Values{"poll": {"1"}, "since": {strconv.FormatInt(since.Unix(), 10)}}
	a, err := n.call(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, ntfyError(a)
	}
	var out []Reply
	for s := bufio.NewScanner(bytes.NewReader(a.body)); s.Scan(); {
		var e ntfyEvent
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			if len(a.body) >= bodyLimit {
				break // the line on which reading was stopped
			}
			return nil, unavailable(push, "the server answers, but not as an ntfy server does")
		}
		if e.Event == "message" {
			out = append(out, Reply{ID: e.ID, Text: strings.TrimSpace(e.Message), At: time.Unix(e.Time, 0)})
		}
	}
	return out, nil
}

// Check returns nil when the server is there and healthy. It sends nothing.
func (n *Ntfy) Check(ctx context.Context) error {
	address, err := under(push, n.URL, "v1", "health")
	if err != nil {
		return err
	}
	a, err := n.call(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if !a.ok() {
		return ntfyError(a)
	}
	var health struct{ Healthy bool }
	if !a.decode(&health) || !health.Healthy {
		return unavailable(push, "the server does not say that it is a healthy ntfy server")
	}
	return nil
}

func (n *Ntfy) call(ctx context.Context, method, address string, body []byte) (answer, error) {
	req, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, misconfigured(push, "the configured address cannot be used")
	}
	if n.Token != "" {
		req.Header.Set("Authorization", "Bearer "+string(n.Token))
	}
	return do(ctx, n.Transport, push, req)
}

// ntfyError reads the server's refusal. A forbidden topic (403) is one
// person's affair, unlike a token that is unknown (401).
func ntfyError(a answer) error {
	switch a.status {
	case http.StatusForbidden:
		return refused(push, "our token may not use the person's topic (403)")
	case http.StatusInsufficientStorage:
		return unavailable(push, "the server has no room left (507)")
	}
	return statusError(push, a)
}

// topicName is ntfy's rule for topics and sequence IDs alike.
var topicName = pattern.New(`^[-_A-Za-z0-9]{1,64}$`)

// sequenceID returns an ID that ntfy accepts: the same message repeated
// replaces itself on the phone.
func sequenceID(id string) string {
	if id == "" || topicName.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

func byteLen(s string) int { return len(s) }
