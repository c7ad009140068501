package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/stormbell/stormbell/bot/alerts"
)

// secretHash is what is kept of a secret.
type secretHash [sha256.Size]byte

func hashSecret(s string) secretHash { return sha256.Sum256([]byte(s)) }

// holds reports whether s is the secret, in a time that says nothing about it.
// Nothing is the secret of the zero hash.
func (h secretHash) holds(s string) bool {
	is := hashSecret(s)
	return subtle.ConstantTimeCompare(h[:], is[:]) == 1
}

// maxHeld is how many bytes of bodies with one key are in memory at once: a sender
// gone wild fills its own share.
const maxHeld = 4 * MaxBody

// allowance is what one key may use.
type allowance struct {
	limit    *rate.Limiter
	held     atomic.Int64 // bytes
	arriving atomic.Int64 // bodies that are being read
}

// arrives counts a body that begins to be read, and reports whether one more may: at
// most half of the connections are for the bodies of one key, so that senders which
// dawdle with it do not keep those with another key out. If not, it is not counted.
func (a *allowance) arrives(connections int) bool {
	if a.arriving.Add(1) <= int64(connections+1)/2 {
		return true
	}
	a.arriving.Add(-1)
	return false
}

// hold counts bytes of bodies, and reports whether there is room for them; if not,
// they are not counted.
func (a *allowance) hold(n int64) bool {
	if a.held.Add(n) <= maxHeld {
		return true
	}
	a.held.Add(-n)
	return false
}

// sender is an alert sender that was let in.
type sender struct {
	alerts.Key
	*allowance
	*Parts
	secret string
	a      *address
}

// still refuses a sender whose key was taken back while its body came.
func (k sender) still() error {
	if _, ok := k.Keys.Find(k.secret); !ok {
		return unauthorized(k.secret, anIntegrationKey, k.a.how())
	}
	return nil
}

// allowed returns the allowance of a key. There are as many as keys that were used.
func (s *Server) allowed(name string) *allowance {
	if a, ok := s.allowances.Load(name); ok {
		return a.(*allowance)
	}
	a, _ := s.allowances.LoadOrStore(name, &allowance{limit: rate.NewLimiter(rate.Limit(s.rate), 2*s.rate)})
	return a.(*allowance)
}

// admit finds whose key a secret is and counts the request against its rate. One
// that is nobody's takes no lock, and nothing of it stays.
func (s *Server) admit(r *http.Request, secret string, a *address) (sender, error) {
	d, err := s.leading()
	if err != nil {
		return sender{}, err
	}
	if d.Keys == nil || d.Keys.Empty() {
		return sender{}, &problem{Status: http.StatusUnauthorized, Why: "No sender is let in: there are no integration keys.",
			Next: "Make one with `stormbell key add NAME`, or set http.integration_keys in the configuration."}
	}
	key, ok := d.Keys.Find(secret)
	if !ok {
		return sender{}, unauthorized(secret, anIntegrationKey, a.how())
	}
	k := sender{key, s.allowed(key.Name), d, secret, a}
	if !k.limit.Allow() {
		return k, a.tooMany("Too many alerts with this key.")
	}
	s.connections.letIn(r)
	return k, nil
}

// tooMany refuses what is too much for one key.
func (a *address) tooMany(why string) *problem {
	return &problem{Status: a.over, RetryAfter: 1, Why: why, Next: "Send it again in a second."}
}

// unauthorized refuses a missing or wrong secret, and says how the address takes
// the right one.
func unauthorized(secret, what, how string) *problem {
	p := &problem{Status: http.StatusUnauthorized, Why: "The key is not known.", Next: "It must be " + what + ", " + how + "."}
	if secret == "" {
		p.Why = "There is no key."
		p.Next = "Send " + what + ", " + how + "."
	}
	return p
}

const anIntegrationKey = "an integration key"

const inBearer = "in the header Authorization: Bearer KEY"

// bearer returns the secret of the Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// presented returns a sender's secret beside the body: of the header, in the scheme
// that the sender has, or of the query for senders that can set no header. Basic
// authentication has it as the password, or as the user where there is no password.
func presented(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch secret = strings.TrimSpace(secret); {
	case strings.EqualFold(scheme, "Bearer"), strings.EqualFold(scheme, "GenieKey"):
		if secret != "" {
			return secret
		}
	case strings.EqualFold(scheme, "Basic"):
		user, password, _ := r.BasicAuth()
		if password != "" {
			return password
		}
		if user != "" {
			return user
		}
	}
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get("key")
}
