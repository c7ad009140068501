package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

// sns takes in messages of Amazon SNS. The key says that the sender may, the
// signature that the message is what SNS sent. A subscription is confirmed at
// once: whoever made it knew the key.
func (s *Server) sns(w http.ResponseWriter, r *http.Request) error {
	got := &receipt{id: requestID(), began: time.Now(), r: r}
	k, body, err := s.letIn(w, r, snsAddress)
	if err != nil {
		return err
	}
	defer k.hold(-int64(cap(body)))
	e, err := alert.ParseSNS(body)
	if err != nil {
		return err
	}
	if err := s.amazon.verify(r.Context(), e, time.Now()); err != nil {
		return err
	}
	switch e.Type {
	case alert.SNSSubscribe:
		if err := s.amazon.confirm(r.Context(), e.SubscribeURL); err != nil {
			return err
		}
		s.log.Info().Str("key", k.Name).Str("topic", e.TopicARN).Msg("SNS subscription confirmed")
		writeJSON(w, http.StatusOK, subscription{"subscribed"})
		return nil
	case alert.SNSUnsubscribe:
		s.log.Warn().Str("key", k.Name).Str("topic", e.TopicARN).Msg("SNS subscription has ended; its alerts no longer come")
		writeJSON(w, http.StatusOK, subscription{"unsubscribed"})
		return nil
	}
	if got.body, err = alert.ReadSNS(e); err != nil {
		return err
	}
	if got.taken, err = s.take(r.Context(), k, alert.SenderSNS, got.body); err != nil {
		return err
	}
	own.taken(w, got)
	return nil
}

// subscription is the answer to one that begins or ends.
type subscription struct {
	Result string `json:"result"` // subscribed or unsubscribed
}

var snsAddress = &address{sender: alert.SenderSNS, over: http.StatusTooManyRequests, dialect: own}

const (
	maxCertificates = 16       // kept; SNS has one for each region and replaces it now and then
	maxCertificate  = 64 << 10 // bytes
)

// amazon fetches what the messages of SNS point to, from SNS alone.
type amazon struct {
	client *http.Client

	mu    sync.Mutex
	certs map[string][]byte // PEM by address
}

func newAmazon(c *http.Client) *amazon {
	if c == nil {
		c = &http.Client{
			Timeout:       8 * time.Second, // SNS waits 15 s for the answer
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &amazon{client: c, certs: map[string][]byte{}}
}

// verify checks the envelope's signature. A certificate that does not come is
// a reason to be sent the message again, a signature that does not hold is not.
func (a *amazon) verify(ctx context.Context, e alert.Envelope, now time.Time) error {
	if !alert.SigningCertURLAllowed(e.SigningCertURL) {
		return &problem{Status: http.StatusForbidden, Why: "SigningCertURL is not an address of SNS."}
	}
	cert, err := a.certificate(ctx, e.SigningCertURL)
	if err != nil {
		return err
	}
	if err := e.Verify(cert, now); errors.Is(err, alert.ErrSignature) {
		return &problem{Status: http.StatusForbidden, Why: "The signature of the message does not hold."}
	} else if err != nil {
		return err
	}
	return nil
}

func (a *amazon) certificate(ctx context.Context, url string) ([]byte, error) {
	a.mu.Lock()
	cert, ok := a.certs[url]
	a.mu.Unlock()
	if ok {
		return cert, nil
	}
	cert, err := a.fetch(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("fetch SNS certificate: %v", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.certs) >= maxCertificates {
		clear(a.certs)
	}
	a.certs[url] = cert
	return cert, nil
}

// confirm tells SNS that a subscription is wanted.
func (a *amazon) confirm(ctx context.Context, url string) error {
	if !alert.SubscribeURLAllowed(url) {
		return &problem{Status: http.StatusForbidden, Why: "SubscribeURL is not an address of SNS."}
	}
	if _, err := a.fetch(ctx, url); err != nil {
		// the address holds a token, which must not get into the log
		return errors.New("confirm SNS subscription: SNS did not accept it")
	}
	return nil
}

func (a *amazon) fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxCertificate))
}
