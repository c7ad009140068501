package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/time/rate"
)

// Key lets one alert sender in. Two names may be used by the same sender while
// its key is being replaced.
type Key struct {
	Name   string // shown in timelines and logs
	Secret string
}

// secretHash is what is kept of a secret.
type secretHash [sha256.Size]byte

func hashSecret(s string) secretHash { return sha256.Sum256([]byte(s)) }

// holds reports whether s is the secret, in a time that says nothing about it.
// Nothing is the secret of the zero hash.
func (h secretHash) holds(s string) bool {
	is := hashSecret(s)
	return subtle.ConstantTimeCompare(h[:], is[:]) == 1
}

// sender is a key as the server keeps it.
type sender struct {
	name  string
	hash  secretHash
	limit *rate.Limiter
}

func newSenders(keys []Key, perSecond int) ([]sender, error) {
	if perSecond <= 0 {
		perSecond = DefaultRate
	}
	list := make([]sender, 0, len(keys))
	for n, k := range keys {
		if k.Name == "" || k.Secret == "" {
			return nil, fmt.Errorf("integration key %d: name or secret is empty", n+1)
		}
		list = append(list, sender{k.Name, hashSecret(k.Secret), rate.NewLimiter(rate.Limit(perSecond), 2*perSecond)})
	}
	return list, nil
}

// admit finds whose key a secret is and counts the request against its rate.
// All keys are looked at, so that the time taken does not say which one it is
// like. over is the status for one request too many.
func (s *Server) admit(r *http.Request, secret string, over int) (sender, error) {
	if len(s.keys) == 0 {
		return sender{}, &problem{Status: http.StatusUnauthorized, Why: "No sender is let in: there are no integration keys.",
			Next: "Set http.integration_keys in the configuration."}
	}
	is, found := hashSecret(secret), -1
	for n, k := range s.keys {
		if subtle.ConstantTimeCompare(k.hash[:], is[:]) == 1 {
			found = n
		}
	}
	if found < 0 {
		return sender{}, unauthorized(secret, "an integration key of the configuration")
	}
	k := s.keys[found]
	if !k.limit.Allow() {
		return k, &problem{Status: over, RetryAfter: 1, Why: "Too many alerts with this key.", Next: "Send it again in a second."}
	}
	s.connections.letIn(r)
	return k, nil
}

// unauthorized refuses a missing or wrong secret.
func unauthorized(secret, what string) *problem {
	p := &problem{Status: http.StatusUnauthorized, Why: "The key is not known.", Next: "It must be " + what + "."}
	if secret == "" {
		p.Why = "There is no key."
		p.Next = "Send " + what + " in the header Authorization: Bearer KEY."
	}
	return p
}

// bearer returns the secret of the Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// presented returns a sender's secret: of the header, or of the query for
// senders that can set no header.
func presented(r *http.Request) string {
	if secret := bearer(r); secret != "" {
		return secret
	}
	return r.URL.Query().Get("key")
}
