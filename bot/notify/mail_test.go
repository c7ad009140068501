package notify

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// mailServer is a small SMTP server. It answers each command as RFC 5321 says
// unless the test has another answer for it; "-" as an answer is to say
// nothing for ever, "cut" to close the connection.
type mailServer struct {
	t        *testing.T
	cert     *tls.Certificate // for STARTTLS and Implicit; nil: no encryption
	implicit bool
	login    bool              // insist on PLAIN with the test's secret
	answers  map[string]string // by the command's first word; "greeting" and "." (the end of the mail) too

	mu    sync.Mutex
	mails []string // all that was accepted, with the envelope in front
	tls   bool     // the last mail came encrypted
}

type mailSession struct {
	*mailServer
	conn     net.Conn
	in       *bufio.Reader
	from, to string
	signedIn bool
}

// serve takes connections until the network is closed.
func (s *mailServer) serve(m *memory) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := m.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer conn.Close()
			if s.implicit {
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*s.cert}})
			}
			session := &mailSession{mailServer: s, conn: conn, in: bufio.NewReader(conn)}
			for ok := session.say("greeting", "220 mail.example ESMTP"); ok; {
				line, err := session.in.ReadString('\n')
				ok = err == nil && session.command(strings.TrimRight(line, "\r\n"))
			}
		})
	}
}

// say answers, and reports whether to go on.
func (s *mailSession) say(to, text string) bool {
	if other, ok := s.answers[to]; ok {
		text = other
	}
	switch text {
	case "-":
		io.Copy(io.Discard, s.conn)
		return false
	case "cut":
		return false
	}
	_, err := fmt.Fprintf(s.conn, "%s\r\n", text)
	return err == nil && !strings.HasPrefix(text, "221")
}

func (s *mailSession) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	_, encrypted := s.conn.(*tls.Conn)
	switch verb {
	case "EHLO":
		return s.say(verb, s.extensions(encrypted))
	case "STARTTLS":
		if !s.say(verb, "220 go ahead") {
			return false
		}
		s.conn = tls.Server(s.conn, &tls.Config{Certificates: []tls.Certificate{*s.cert}})
		s.in = bufio.NewReader(s.conn)
		return true
	case "AUTH":
		want := "PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00bell\x00"+aToken))
		if s.signedIn = rest == want; !s.signedIn {
			return s.say(verb, "535 5.7.8 wrong: "+rest)
		}
		return s.say(verb, "235 welcome")
	case "MAIL":
		if s.login && !s.signedIn {
			return s.say(verb, "530 5.7.0 sign in first")
		}
		s.from = rest
		return s.say(verb, "250 ok")
	case "RCPT":
		s.to = rest
		return s.say(verb, "250 ok")
	case "DATA":
		return s.data(encrypted)
	case "QUIT":
		return s.say(verb, "221 bye")
	}
	return s.say(verb, "250 ok")
}

func (s *mailSession) extensions(encrypted bool) string {
	out := "250-mail.example\r\n250-8BITMIME\r\n"
	if s.cert != nil && !encrypted {
		out += "250-STARTTLS\r\n"
	}
	if s.login {
		out += "250-AUTH PLAIN LOGIN\r\n"
	}
	return out + "250 ENHANCEDSTATUSCODES"
}

func (s *mailSession) data(encrypted bool) bool {
	if !s.say("DATA", "354 go on") {
		return false
	}
	if strings.HasPrefix(s.answers["DATA"], "5") || strings.HasPrefix(s.answers["DATA"], "4") {
		return true
	}
	text := ""
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text += strings.TrimPrefix(line, ".")
	}
	if a := s.answers["."]; a == "" || a[0] == '2' {
		s.mu.Lock()
		s.mails = append(s.mails, s.from+"\n"+s.to+"\n"+text)
		s.tls = encrypted
		s.mu.Unlock()
	}
	return s.say(".", "250 2.0.0 queued")
}

// mailWorld runs f in a bubble with a server.
func mailWorld(t *testing.T, s *mailServer, f func(t *testing.T, m *Mail)) {
	t.Helper()
	cert, roots := certificate(t)
	if s.cert == nil && !s.noTLS() {
		s.cert = cert
	}
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		network := newMemory()
		var wg sync.WaitGroup
		wg.Go(func() { s.serve(network) })
		defer wg.Wait()
		defer network.Close()
		f(t, &Mail{Address: "mail.example:587", From: "Stormbell <bell@shop.example>", Dial: network.dial, Roots: roots})
	})
}

// noTLS reports whether the test wants a server without encryption.
func (s *mailServer) noTLS() bool { return s.answers["STARTTLS"] == "none" }

// certificate makes one for mail.example, valid in a bubble's year 2000.
func certificate(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mail.example"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// read parses an accepted mail.
func read(t *testing.T, accepted string) (header netmail.Header, subject, plain, page string) {
	t.Helper()
	parts := strings.SplitN(accepted, "\n", 3)
	m, err := netmail.ReadMessage(strings.NewReader(parts[2]))
	if err != nil {
		t.Fatalf("mail %q: %v", accepted, err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, strings.ReplaceAll(string(b), "\r\n", "\n"))
	}
	if len(bodies) != 2 {
		t.Fatalf("the mail has %d bodies, want one as plain text and one as HTML: %q", len(bodies), bodies)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, subject, bodies[0], bodies[1]
}

func TestMail(t *testing.T) {
	s := &mailServer{login: true}
	mailWorld(t, s, func(t *testing.T, m *Mail) {
		m.Username, m.Password = "bell", aToken
		msg := page(aMailbox)
		msg.Subject, msg.AckURL = "sev1 shop: Zahlung für \U0001F525 steht", "https://bell.example/ack/1"
		got, err := m.Send(t.Context(), msg)
		id := sequenceID(msg.ID) + "@shop.example"
		if err != nil || got != (Receipt{id, Accepted}) {
			t.Fatalf("Send() = %+v, %v, want %s, accepted", got, err, id)
		}
		if len(s.mails) != 1 || !s.tls || !strings.HasPrefix(s.mails[0], "FROM:<bell@shop.example>") || !strings.Contains(s.mails[0], "\nTO:<"+aMailbox+">") {
			t.Fatalf("accepted %q, encrypted %v, want one mail to the person", s.mails, s.tls)
		}
		header, subject, body, html := read(t, s.mails[0])
		if !strings.Contains(html, `href="`+msg.AckURL+`"`) || !strings.Contains(html, msg.Subject) {
			t.Errorf("as HTML: %s, want the subject and a link to acknowledge", html)
		}
		want := msg.Subject + "\n" + msg.Text + "\n\nAcknowledge: " + msg.AckURL + "\nRead more: " + msg.URL + "\n"
		if subject != msg.Subject || body != want {
			t.Errorf("subject %q, body %q, want %q, %q", subject, body, msg.Subject, want)
		}
		for name, want := range map[string]string{"Message-Id": "<" + id + ">", "Auto-Submitted": "auto-generated", "Importance": "urgent"} {
			if got := header.Get(name); got != want {
				t.Errorf("header %s = %q, want %q", name, got, want)
			}
		}
		if err := m.Check(t.Context()); err != nil || len(s.mails) != 1 {
			t.Errorf("Check() = %v, with %d mails sent, want nil and none", err, len(s.mails)-1)
		}
	})
}

func TestMailImplicitTLS(t *testing.T) {
	s := &mailServer{implicit: true, login: true}
	mailWorld(t, s, func(t *testing.T, m *Mail) {
		m.Security, m.Username, m.Password = Implicit, "bell", aToken
		if _, err := m.Send(t.Context(), page(aMailbox)); err != nil || len(s.mails) != 1 || !s.tls {
			t.Errorf("Send() = %v, %d mails, encrypted %v", err, len(s.mails), s.tls)
		}
	})
}

func TestMailUnencrypted(t *testing.T) {
	s := &mailServer{answers: map[string]string{"STARTTLS": "none"}}
	mailWorld(t, s, func(t *testing.T, m *Mail) {
		var e *Error
		if _, err := m.Send(t.Context(), page(aMailbox)); !errors.As(err, &e) || e.Kind != Misconfigured || !strings.Contains(e.Cause, "no encryption") {
			t.Errorf("Send() through a server without encryption = %v, want Misconfigured", err)
		}
		m.Security = Open
		if _, err := m.Send(t.Context(), page(aMailbox)); err != nil || len(s.mails) != 1 {
			t.Errorf("Send() without encryption where that is wanted = %v, %d mails", err, len(s.mails))
		}
		s.login, m.Username, m.Password = true, "bell", aToken
		if _, err := m.Send(t.Context(), page(aMailbox)); !errors.As(err, &e) || e.Kind != Misconfigured || len(s.mails) != 1 {
			t.Errorf("Send() of a password without encryption = %v, want Misconfigured", err)
		}
	})
}

func TestMailFaults(t *testing.T) {
	leaky := " <" + aMailbox + "> " + aText
	for _, tt := range []struct {
		name    string
		answers map[string]string
		kind    Kind
		cause   string
		took    time.Duration
	}{
		{"busy", map[string]string{"greeting": "421 too busy" + leaky}, Unavailable, "takes nothing on just now (421)", 0},
		{"greeting hangs", map[string]string{"greeting": "-"}, Unavailable, "no answer within 20 seconds", Timeout},
		{"hello hangs", map[string]string{"EHLO": "-"}, Unavailable, "no answer within 20 seconds", Timeout},
		{"end of mail hangs", map[string]string{".": "-"}, Unavailable, "no answer within 20 seconds", Timeout},
		{"cut at once", map[string]string{"greeting": "cut"}, Unavailable, "connection was cut", 0},
		{"cut in the middle", map[string]string{"RCPT": "cut"}, Unavailable, "connection was cut", 0},
		{"cut at the end", map[string]string{".": "cut"}, Unavailable, "connection was cut", 0},
		{"greylisted", map[string]string{"RCPT": "450 4.7.1 try again" + leaky}, Unavailable, "just now (450)", 0},
		{"unknown person", map[string]string{"RCPT": "550 5.1.1 no such user" + leaky}, Refused, "the person's address (550)", 0},
		{"sender refused", map[string]string{"MAIL": "553 5.7.1 not your address" + leaky}, Misconfigured, "refuses us (553)", 0},
		{"wrong password", map[string]string{"AUTH": "535 5.7.8 wrong " + aToken}, Misconfigured, "refuses our credentials (535)", 0},
		{"taken for spam", map[string]string{".": "554 5.7.1 spam" + leaky}, Refused, "refuses the message or the person's address (554)", 0},
		{"full", map[string]string{".": "452 4.2.2 mailbox full" + leaky}, Unavailable, "just now (452)", 0},
		{"no SMTP", map[string]string{"greeting": "HTTP/1.1 200 OK" + leaky}, Unavailable, "does not answer as it should", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mailWorld(t, &mailServer{login: true, answers: tt.answers}, func(t *testing.T, m *Mail) {
				m.Username, m.Password = "bell", aToken
				start := time.Now()
				got, err := m.Send(t.Context(), page(aMailbox))
				var e *Error
				if !errors.As(err, &e) || e.Way != email || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.cause) {
					t.Fatalf("Send() = %+v, %v, want %v, %q", got, err, tt.kind, tt.cause)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("Send() took %v, want %v", took, tt.took)
				}
				if l := leaks(err); l != nil {
					t.Errorf("Send() = %v, which gives away %q", err, l)
				}
			})
		})
	}
}

// TestMailTakenOn: what goes wrong after the server has the mail is no failure,
// or it would be sent again.
func TestMailTakenOn(t *testing.T) {
	for verb, answer := range map[string]string{"RSET": "500 what?", "QUIT": "cut"} {
		s := &mailServer{answers: map[string]string{verb: answer}}
		mailWorld(t, s, func(t *testing.T, m *Mail) {
			if got, err := m.Send(t.Context(), page(aMailbox)); err != nil || len(s.mails) != 1 {
				t.Errorf("%s answered %q: Send() = %+v, %v with %d mails, want nil and one", verb, answer, got, err, len(s.mails))
			}
		})
	}
}

func TestMailStranger(t *testing.T) {
	s := &mailServer{}
	mailWorld(t, s, func(t *testing.T, m *Mail) {
		_, m.Roots = certificate(t) // other authorities
		var e *Error
		if _, err := m.Send(t.Context(), page(aMailbox)); !errors.As(err, &e) || !strings.Contains(e.Cause, "certificate is not trusted") {
			t.Errorf("Send() to a server with an unknown certificate = %v", err)
		}
		m.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "mail.example"}
		}
		if _, err := m.Send(t.Context(), page(aMailbox)); !errors.As(err, &e) || !strings.Contains(e.Cause, "name cannot be resolved") {
			t.Errorf("Send() to a name that does not exist = %v", err)
		}
		for _, to := range []string{"", "ana", "ana@", aMailbox + "\r\nRCPT TO:<x@y.example>", "a@b.example, c@d.example"} {
			if _, err := m.Send(t.Context(), page(to)); !errors.As(err, &e) || e.Kind != Refused {
				t.Errorf("Send() to %q = %v, want Refused", to, err)
			}
		}
		for _, broken := range []Mail{{Address: "mail.example", From: m.From}, {Address: "mail.example:x", From: m.From}, {Address: m.Address, From: "nobody"}} {
			if _, err := broken.Send(t.Context(), page(aMailbox)); !errors.As(err, &e) || e.Kind != Misconfigured {
				t.Errorf("Send() with the configuration %+v = %v, want Misconfigured", broken, err)
			}
		}
	})
}

func TestMailCancelled(t *testing.T) {
	mailWorld(t, &mailServer{answers: map[string]string{"DATA": "-"}}, func(t *testing.T, m *Mail) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := m.Send(ctx, page(aMailbox))
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != time.Second || leaks(err) != nil {
			t.Errorf("Send() cancelled = %v after %v, want context.Canceled after 1s", err, took)
		}
	})
}

// TestMailInjection puts header lines into what people type.
func TestMailInjection(t *testing.T) {
	s := &mailServer{}
	mailWorld(t, s, func(t *testing.T, m *Mail) {
		msg := Message{ID: "x\r\nBcc: evil@y.example", To: aMailbox, Subject: "a\r\nBcc: evil@y.example\r\n\r\nhello", Text: ".\r\n.\r\nQUIT\r\n<img src=x>" + strings.Repeat("\U0001F525", 4000)}
		if _, err := m.Send(t.Context(), msg); err != nil || len(s.mails) != 1 {
			t.Fatalf("Send() = %v, %d mails", err, len(s.mails))
		}
		header, subject, body, html := read(t, s.mails[0])
		if strings.Contains(html, "<img") {
			t.Errorf("as HTML: %s, want what was typed as text", html)
		}
		if header.Get("Bcc") != "" || subject != "a Bcc: evil@y.example hello" || !strings.Contains(body, "QUIT") || strings.Count(body, "\U0001F525") != 4000 {
			t.Errorf("header %v, subject %q, want the text as text", header, subject)
		}
	})
}
