package web

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// topic signs as Amazon SNS does, and answers its addresses.
type topic struct {
	key     *rsa.PrivateKey
	cert    []byte
	fetched atomic.Int64
	last    atomic.Pointer[string] // the address that was called last
	down    atomic.Bool
}

const (
	certURL      = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
	subscribeURL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:alarms&Token=TOKEN"
)

func newTopic(t *testing.T) *topic {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &topic{key: key, cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// RoundTrip answers in Amazon's place.
func (p *topic) RoundTrip(r *http.Request) (*http.Response, error) {
	address := r.URL.String()
	p.last.Store(&address)
	p.fetched.Add(1)
	if p.down.Load() {
		return nil, errors.New("no route to host")
	}
	resp := &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader("<ok/>")), Request: r, Header: http.Header{}}
	if strings.HasSuffix(address, ".pem") {
		resp.Body = io.NopCloser(strings.NewReader(string(p.cert)))
	}
	return resp, nil
}

// message returns a signed message of that type.
func (p *topic) message(t *testing.T, kind, text string) map[string]string {
	t.Helper()
	m := map[string]string{
		"Type": kind, "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-west-1:1:alarms", "Message": text,
		"Timestamp": "2026-11-22T10:00:00.000Z", "SignatureVersion": "2", "SigningCertURL": certURL,
	}
	names := []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
	if kind != "Notification" {
		m["Token"], m["SubscribeURL"] = "TOKEN", subscribeURL
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "\n" + m[name] + "\n")
	}
	sum := sha256.Sum256([]byte(b.String()))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return m
}

func encode(t *testing.T, m map[string]string) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSNS(t *testing.T) {
	p := newTopic(t)
	w := newWorld(t, func(o *Options) { o.Client = &http.Client{Transport: p} })
	sns := func(m map[string]string) request {
		return post("/v1/sns?key="+senderKey, encode(t, m)).with("Content-Type", "text/plain; charset=UTF-8")
	}
	w.want(t, sns(p.message(t, "SubscriptionConfirmation", "confirm")), 200, nil)
	if last := p.last.Load(); last == nil || *last != subscribeURL {
		t.Errorf("confirming a subscription called %v, want %s", last, subscribeURL)
	}
	alarm := p.message(t, "Notification", `{"AlarmName":"Queue is long","NewStateValue":"ALARM","AlarmArn":"arn:alarm:1"}`)
	var got accepted
	before := p.fetched.Load()
	for range 3 {
		w.want(t, sns(alarm), 202, &got)
	}
	if got.Incident != "INC-1" || got.Result != "joined" || p.fetched.Load() != before {
		t.Errorf("an alarm sent three times = %+v after %d more fetches; want it to join INC-1, the certificate kept", got, p.fetched.Load()-before)
	}
	w.want(t, sns(p.message(t, "UnsubscribeConfirmation", "bye")), 200, nil)
	if last := p.last.Load(); *last != subscribeURL {
		t.Errorf("the end of a subscription called %s", *last)
	}
}

func TestSNSRefuses(t *testing.T) {
	p, stranger := newTopic(t), newTopic(t)
	w := newWorld(t, func(o *Options) { o.Client = &http.Client{Transport: p} })
	change := func(name, value string) string {
		m := p.message(t, "Notification", "disk is full")
		m[name] = value
		return encode(t, m)
	}
	elsewhere := p.message(t, "SubscriptionConfirmation", "confirm")
	elsewhere["SubscribeURL"] = "http://169.254.169.254/latest/meta-data/"
	tests := []struct {
		name, body string
		status     int
		says       string
	}{
		{"changed", change("Message", "disk is fine"), 403, "signature"},
		{"signed by a stranger", encode(t, stranger.message(t, "Notification", "x")), 403, "signature"},
		{"certificate elsewhere", change("SigningCertURL", "https://evil.example/SimpleNotificationService-1.pem"), 403, "SigningCertURL"},
		{"certificate on a like host", change("SigningCertURL", "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem"), 403, "SigningCertURL"},
		{"confirmation elsewhere", encode(t, elsewhere), 403, "signature"},
		{"no envelope", `{"title":"x"}`, 400, "Type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := p.fetched.Load()
			if body := w.want(t, post("/v1/sns?key="+senderKey, test.body), test.status, nil); !strings.Contains(body, test.says) {
				t.Errorf("POST /v1/sns %.80s = %s; want it to say %q", test.body, body, test.says)
			}
			if last := p.last.Load(); p.fetched.Load() != before && *last != certURL {
				t.Errorf("POST /v1/sns %.80s made a call to %s", test.body, *last)
			}
		})
	}
	w.want(t, post("/v1/sns", change("Message", "x")), 401, nil)
	if log := w.log.String(); strings.Contains(log, "TOKEN") {
		t.Errorf("the log has a token: %s", log)
	}
}

// TestSNSWithoutAmazon holds that a certificate that does not come is a reason
// to send the message again, and leaks nothing.
func TestSNSWithoutAmazon(t *testing.T) {
	p := newTopic(t)
	p.down.Store(true)
	w := newWorld(t, func(o *Options) { o.Client = &http.Client{Transport: p} })
	r := post("/v1/sns?key="+senderKey, encode(t, p.message(t, "Notification", "disk is full")))
	w.want(t, r, 503, nil)
	p.down.Store(false)
	w.want(t, r, 202, nil)
	p.down.Store(true)
	w.want(t, post("/v1/sns?key="+senderKey, encode(t, p.message(t, "SubscriptionConfirmation", "x"))), 503, nil)
	if log := w.log.String(); strings.Contains(log, "TOKEN") {
		t.Errorf("the log has the token of a subscription: %s", log)
	}
}
