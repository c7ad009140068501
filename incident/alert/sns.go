package alert

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // SNS signature version 1, which is the default of a topic
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// Envelope is a message of Amazon SNS to an HTTP endpoint.
// Source: Amazon SNS, "Parsing Amazon SNS message formats".
type Envelope struct {
	Type             string // Notification, SubscriptionConfirmation or UnsubscribeConfirmation
	MessageID        string // the same for each delivery of the same message
	TopicARN         string
	Subject          string // may be empty
	Message          string
	Timestamp        string
	Token            string // confirmations only
	SubscribeURL     string // confirmations only; fetch it only when SubscribeURLAllowed
	SignatureVersion string
	Signature        string
	SigningCertURL   string // fetch it only when SigningCertURLAllowed

	hasSubject bool // an empty subject is signed, an absent one is not
}

// The types of an [Envelope].
const (
	SNSNotification = "Notification"
	SNSSubscribe    = "SubscriptionConfirmation"
	SNSUnsubscribe  = "UnsubscribeConfirmation"
)

// ParseSNS reads an envelope. It is not to be trusted before [Envelope.Verify].
// The error is a [Problems].
func ParseSNS(body []byte) (Envelope, error) {
	n, _, err := checked(body)
	if err != nil {
		return Envelope{}, err
	}
	if n.kind() != isObject {
		return Envelope{}, refuse("body", "is %s; a JSON object is expected", n.kind())
	}
	text := func(name string) string { return n.get(name).text() }
	e := Envelope{
		Type: text("Type"), MessageID: text("MessageId"), TopicARN: text("TopicArn"), Subject: text("Subject"),
		Message: text("Message"), Timestamp: text("Timestamp"), Token: text("Token"), SubscribeURL: text("SubscribeURL"),
		SignatureVersion: text("SignatureVersion"), Signature: text("Signature"), SigningCertURL: text("SigningCertURL"),
		hasSubject: n.get("Subject").kind() == isString,
	}
	need := []struct{ name, value string }{
		{"MessageId", e.MessageID}, {"TopicArn", e.TopicARN}, {"Timestamp", e.Timestamp},
		{"Signature", e.Signature}, {"SigningCertURL", e.SigningCertURL},
	}
	var p Problems
	switch e.Type {
	case SNSNotification:
	case SNSSubscribe, SNSUnsubscribe:
		need = append(need, struct{ name, value string }{"Token", e.Token}, struct{ name, value string }{"SubscribeURL", e.SubscribeURL})
	default:
		p = refuse("Type", "is %q; it must be %s, %s or %s", cut(line(e.Type), 40), SNSNotification, SNSSubscribe, SNSUnsubscribe)
	}
	for _, x := range need {
		if x.value == "" {
			p = append(p, Problem{x.name, "is missing"})
		}
	}
	if len(p) > 0 {
		return Envelope{}, p
	}
	return e, nil
}

// snsHost begins every address of SNS. The region is matched by its whole shape,
// because a bucket that somebody named sns is served from a host that differs in
// nothing else: sns.s3-eu-west-1.amazonaws.com.
const snsHost = `^https://sns\.[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(\.cn)?/`

var (
	certURL      = pattern.New(snsHost + `SimpleNotificationService-[0-9a-f]{16,128}\.pem$`)
	subscribeURL = pattern.New(snsHost + `\?Action=ConfirmSubscription&TopicArn=[A-Za-z0-9:%._-]{1,600}&Token=[A-Za-z0-9%._-]{1,600}$`)
)

// SigningCertURLAllowed reports whether a certificate may be fetched from url:
// over https, from an SNS host of Amazon, under the name they use. Anything
// else would let a sender vouch for itself, or make us call what we should not.
func SigningCertURLAllowed(url string) bool { return certURL.MatchString(url) }

// SubscribeURLAllowed reports whether url may be called to confirm a subscription.
func SubscribeURLAllowed(url string) bool { return subscribeURL.MatchString(url) }

// ErrSignature is matched by errors of [Envelope.Verify].
var ErrSignature = errors.New("signature does not hold")

// Verify checks the envelope against the certificate, in PEM, that was fetched
// from its SigningCertURL: that the URL is Amazon's, that the certificate holds
// now, and that it signed every part of the message that matters.
func (e Envelope) Verify(certificate []byte, now time.Time) error {
	if !SigningCertURLAllowed(e.SigningCertURL) {
		return fmt.Errorf("verify SNS message: certificate is not at an address of SNS: %w", ErrSignature)
	}
	key, err := publicKey(certificate, now)
	if err != nil {
		return fmt.Errorf("verify SNS message: %v: %w", err, ErrSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		return fmt.Errorf("verify SNS message: signature is not base64: %w", ErrSignature)
	}
	text := []byte(e.signed())
	switch e.SignatureVersion {
	case "1":
		sum := sha1.Sum(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		err = fmt.Errorf("version %q is not known", cut(e.SignatureVersion, 20))
	}
	if err != nil {
		return fmt.Errorf("verify SNS message: %v: %w", err, ErrSignature)
	}
	return nil
}

func publicKey(certificate []byte, now time.Time) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("certificate is not PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return nil, errors.New("certificate is out of date")
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("certificate holds no RSA key")
	}
	return key, nil
}

// signed returns the text that SNS signs: names and values in this order, each
// on a line of its own.
func (e Envelope) signed() string {
	var b strings.Builder
	add := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	add("Message", e.Message)
	add("MessageId", e.MessageID)
	if e.Type == SNSNotification {
		if e.hasSubject {
			add("Subject", e.Subject)
		}
	} else {
		add("SubscribeURL", e.SubscribeURL)
	}
	add("Timestamp", e.Timestamp)
	if e.Type != SNSNotification {
		add("Token", e.Token)
	}
	add("TopicArn", e.TopicARN)
	add("Type", e.Type)
	return b.String()
}
