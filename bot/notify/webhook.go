package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Webhook posts each message as JSON to one address, signed as the Standard
// Webhooks specification (1.0) says: receivers find a verifier in every
// language. The repetition of a message has the same webhook-id.
type Webhook struct {
	URL string
	// Secrets sign; with several, while a key is being changed, there are as many
	// signatures. Those that begin with whsec_ are base64, others are used as
	// they are. With none the call is not signed.
	Secrets   []Secret
	Transport http.RoundTripper // nil: the default
}

const webhook = "webhook"

// webhookBody is what is posted. Fields may be added, never renamed.
type webhookBody struct {
	Type      string      `json:"type"` // "page", or "news": a page asks for nothing any more
	Timestamp time.Time   `json:"timestamp"`
	Data      webhookPage `json:"data"`
}

type webhookPage struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Urgency string `json:"urgency"` // "high" or "low"
	URL     string `json:"url,omitempty"`
	AckURL  string `json:"ack_url,omitempty"`
	Runbook string `json:"runbook_url,omitempty"`
}

// Send posts the message. Any status of success is a receipt, whatever the
// body says; its ID is the message's own.
func (w *Webhook) Send(ctx context.Context, m Message) (Receipt, error) {
	if _, err := under(webhook, w.URL); err != nil {
		return Receipt{}, err
	}
	now := time.Now()
	page := webhookPage{m.ID, m.To, m.Subject, m.Text, "low", m.URL, m.AckURL, m.Runbook}
	if m.Urgency == High {
		page.Urgency = "high"
	}
	kind := "page"
	if m.News {
		kind = "news"
	}
	body, err := json.Marshal(webhookBody{kind, now.UTC(), page})
	if err != nil {
		return Receipt{}, refused(webhook, "the message cannot be written as JSON")
	}
	req, err := http.NewRequest(http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return Receipt{}, misconfigured(webhook, "the configured address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", m.ID)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	var signatures []string
	for _, secret := range w.Secrets {
		key, err := signingKey(secret)
		if err != nil {
			return Receipt{}, err
		}
		signatures = append(signatures, sign(key, m.ID, now, body))
	}
	if len(signatures) > 0 {
		req.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	}
	a, err := do(ctx, w.Transport, webhook, req)
	if err != nil {
		return Receipt{}, err
	}
	if !a.ok() {
		return Receipt{}, statusError(webhook, a)
	}
	return Receipt{ID: m.ID, Level: Accepted}, nil
}

// sign returns one signature: Standard Webhooks, version 1.
func sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signingKey returns the bytes of a configured secret.
func signingKey(s Secret) ([]byte, error) {
	encoded, ok := strings.CutPrefix(string(s), "whsec_")
	if !ok {
		return []byte(s), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, misconfigured(webhook, "the secret begins with whsec_, but what follows is not base64")
	}
	return key, nil
}
