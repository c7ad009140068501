package alert

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"
)

// signer signs envelopes as SNS does, with a certificate of its own.
type signer struct {
	key         *rsa.PrivateKey
	certificate []byte
}

var signedAt = time.Date(2026, 3, 4, 13, 2, 11, 0, time.UTC)

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"},
		NotBefore: signedAt.Add(-time.Hour), NotAfter: signedAt.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (s signer) sign(t *testing.T, e Envelope, text string) Envelope {
	t.Helper()
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(text))
	digest := sum[:]
	if e.SignatureVersion == "1" {
		old := sha1.Sum([]byte(text))
		hash, digest = crypto.SHA1, old[:]
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, digest)
	if err != nil {
		t.Fatal(err)
	}
	e.Signature = base64.StdEncoding.EncodeToString(sig)
	return e
}

func envelope(t *testing.T, file string) Envelope {
	t.Helper()
	body, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseSNS(body)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// signedText is written out here, not taken from the code under test.
// Source: Amazon SNS, "Verifying the signatures of Amazon SNS messages".
func signedText(e Envelope) string {
	if e.Type == SNSNotification {
		s := "Message\n" + e.Message + "\nMessageId\n" + e.MessageID + "\n"
		if e.Subject != "" {
			s += "Subject\n" + e.Subject + "\n"
		}
		return s + "Timestamp\n" + e.Timestamp + "\nTopicArn\n" + e.TopicARN + "\nType\n" + e.Type + "\n"
	}
	return "Message\n" + e.Message + "\nMessageId\n" + e.MessageID + "\nSubscribeURL\n" + e.SubscribeURL +
		"\nTimestamp\n" + e.Timestamp + "\nToken\n" + e.Token + "\nTopicArn\n" + e.TopicARN + "\nType\n" + e.Type + "\n"
}

func TestVerify(t *testing.T) {
	s := newSigner(t)
	for _, file := range []string{"sns_alarm.json", "sns_text.json", "sns_subscribe.json"} {
		for _, version := range []string{"1", "2"} {
			e := envelope(t, file)
			e.SignatureVersion = version
			e = s.sign(t, e, signedText(e))
			if err := e.Verify(s.certificate, signedAt); err != nil {
				t.Errorf("Verify(%s, version %s) = %v", file, version, err)
			}
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	good := envelope(t, "sns_alarm.json")
	good = s.sign(t, good, signedText(good))
	confirm := envelope(t, "sns_subscribe.json")
	confirm = s.sign(t, confirm, signedText(confirm))
	tests := []struct {
		name  string
		start Envelope
		spoil func(*Envelope, *[]byte, *time.Time)
	}{
		{"another message", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.Message += " " }},
		{"another subject", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.Subject = "OK" }},
		{"another topic", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.TopicARN += "x" }},
		{"another time", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.Timestamp = "2026-03-05T13:02:11.456Z" }},
		{"another place to confirm", confirm, func(e *Envelope, _ *[]byte, _ *time.Time) { e.SubscribeURL += "&x=1" }},
		{"another token", confirm, func(e *Envelope, _ *[]byte, _ *time.Time) { e.Token = "x" }},
		{"another version", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.SignatureVersion = "2" }},
		{"version of the future", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.SignatureVersion = "3" }},
		{"no base64", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.Signature = "%" }},
		{"somebody else's certificate", good, func(_ *Envelope, c *[]byte, _ *time.Time) { *c = other.certificate }},
		{"no certificate", good, func(_ *Envelope, c *[]byte, _ *time.Time) { *c = []byte("x") }},
		{"certificate of yesterday", good, func(_ *Envelope, _ *[]byte, now *time.Time) { *now = now.Add(2 * time.Hour) }},
		{"certificate of tomorrow", good, func(_ *Envelope, _ *[]byte, now *time.Time) { *now = now.Add(-2 * time.Hour) }},
		{"certificate from elsewhere", good, func(e *Envelope, _ *[]byte, _ *time.Time) { e.SigningCertURL = "https://evil.example/x.pem" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, certificate, now := test.start, s.certificate, signedAt
			test.spoil(&e, &certificate, &now)
			if err := e.Verify(certificate, now); !errors.Is(err, ErrSignature) {
				t.Errorf("Verify = %v, want ErrSignature", err)
			}
		})
	}
}

func TestURLsOfSNS(t *testing.T) {
	const cert = "SimpleNotificationService-01d088a6f77103d0fe307c0069e40ed6.pem"
	tests := []struct {
		url             string
		cert, subscribe bool
	}{
		{"https://sns.eu-central-1.amazonaws.com/" + cert, true, false},
		{"https://sns.cn-north-1.amazonaws.com.cn/" + cert, true, false},
		{"http://sns.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com.evil.example/" + cert, false, false},
		{"https://evil.example/sns.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com@evil.example/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com:8443/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/" + cert + "?x=1", false, false},
		{"https://sns.eu-central-1.amazonaws.com/../" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/" + cert + "\n", false, false},
		{"https://sns.us-gov-west-1.amazonaws.com/" + cert, true, false},
		{"https://sns.ap-southeast-5.amazonaws.com/" + cert, true, false},
		// a bucket of S3, or a load balancer, that somebody named sns
		{"https://sns.s3.amazonaws.com/" + cert, false, false},
		{"https://sns.s3-eu-west-1.amazonaws.com/" + cert, false, false},
		{"https://sns.s3.eu-west-1.amazonaws.com/" + cert, false, false},
		{"https://sns.s3-accelerate.amazonaws.com/" + cert, false, false},
		{"https://sns.s3-website-us-east-1.amazonaws.com/" + cert, false, false},
		{"https://sns.s3-us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:1:t&Token=23", false, false},
		{"https://sns.s3-fips-us-gov-west-1.amazonaws.com/" + cert, false, false},
		{"https://sns.elb.amazonaws.com/" + cert, false, false},
		{"https://sns.execute-api.amazonaws.com/" + cert, false, false},
		{"https://sns.amazonaws.com/" + cert, false, false},
		{"https://eu-central-1.sns.amazonaws.com/" + cert, false, false},
		{"https://sns.x.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com.tw/" + cert, false, false},
		{"https://sns.eu-central-1xamazonaws.com/" + cert, false, false},
		{"https://SNS.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://user@sns.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com:443/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com./" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/" + cert + "#x", false, false},
		{"https://sns.eu-central-1.amazonaws.com//" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/x/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/%2e%2e/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-.pem", false, false},
		{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-zz.pem", false, false},
		{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-ab.pem.txt", false, false},
		{" https://sns.eu-central-1.amazonaws.com/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com\\@evil.example/" + cert, false, false},
		{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn=x&Token=23", false, false},
		{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=23&Endpoint=y", false, false},
		{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x", false, false},
		{"https://sns.eu-central-1.amazonaws.com/x?Action=ConfirmSubscription&TopicArn=x&Token=23", false, false},
		{"https://sns.eu-central-1.amazonaws.com:8443/?Action=ConfirmSubscription&TopicArn=x&Token=23", false, false},
		{"https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription&TopicArn=arn:aws-cn:sns:cn-north-1:1:t&Token=23", false, true},
		{"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3At.fifo&Token=23", false, true},
		{"https://s3.eu-central-1.amazonaws.com/" + cert, false, false},
		{"", false, false},
		{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:1:t&Token=23", false, true},
		{"https://sns.eu-central-1.amazonaws.com/?Action=DeleteTopic&TopicArn=x", false, false},
		{"https://evil.example/?Action=ConfirmSubscription&TopicArn=x", false, false},
	}
	for _, test := range tests {
		if got := SigningCertURLAllowed(test.url); got != test.cert {
			t.Errorf("SigningCertURLAllowed(%q) = %v, want %v", test.url, got, test.cert)
		}
		if got := SubscribeURLAllowed(test.url); got != test.subscribe {
			t.Errorf("SubscribeURLAllowed(%q) = %v, want %v", test.url, got, test.subscribe)
		}
	}
}

func TestParseSNSRefuses(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no envelope", `{"title":"x"}`, `Type: is ""; it must be Notification, SubscriptionConfirmation or UnsubscribeConfirmation; ` +
			"MessageId: is missing; TopicArn: is missing; Timestamp: is missing; Signature: is missing; SigningCertURL: is missing"},
		{"no token", `{"Type":"SubscriptionConfirmation","MessageId":"m","TopicArn":"t","Timestamp":"t","Signature":"s","SigningCertURL":"u","SubscribeURL":"u"}`,
			"Token: is missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseSNS([]byte(test.body)); err == nil || err.Error() != test.want {
				t.Errorf("ParseSNS(%s) = %v, want %s", test.body, err, test.want)
			}
		})
	}
}
