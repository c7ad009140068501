package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html/template"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"sync"

	"github.com/wneessen/go-mail"
)

// Mail sends through a mail server. A person's address is a mail address.
type Mail struct {
	Address  string // HOST:PORT
	Username string // "" to send without signing in
	Password Secret
	From     string // an address, or "Name <address>"
	Security Security
	// Dial opens connections; nil for the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are the authorities trusted to certify the server; nil for the system's.
	Roots *x509.CertPool
}

// Security is how the connection to a mail server is protected.
type Security int

// The kinds of protection. Without any, a password is sent only to this
// machine itself.
const (
	StartTLS Security = iota // encryption begins after a greeting, and is insisted on (usual port 587)
	Implicit                 // encrypted from the first byte (usual port 465)
	Open                     // not encrypted: for a relay on this machine
)

const email = "email"

// Send hands the message to the mail server. The receipt's ID is the mail's
// Message-ID, which is the same for the same message.
func (m *Mail) Send(ctx context.Context, msg Message) (Receipt, error) {
	to, err := netmail.ParseAddress(msg.To)
	if err != nil || strings.ContainsAny(msg.To, "\r\n") {
		return Receipt{}, refused(email, "the person's mail address is none")
	}
	letter, id, err := m.letter(msg, to.Address)
	if err != nil {
		return Receipt{}, err
	}
	err = m.session(ctx, func(c *mail.Client) error { return c.Send(letter) })
	if err != nil && !letter.IsDelivered() { // an error after the server has taken it on is none
		return Receipt{}, err
	}
	return Receipt{ID: id, Level: Accepted}, nil
}

// Check returns nil when the server is there and lets us sign in. It sends
// nothing.
func (m *Mail) Check(ctx context.Context) error {
	return m.session(ctx, func(*mail.Client) error { return nil })
}

// letter writes the mail.
func (m *Mail) letter(msg Message, to string) (letter *mail.Msg, id string, err error) {
	from, err := netmail.ParseAddress(m.From)
	if err != nil {
		return nil, "", misconfigured(email, "the configured sender is no mail address")
	}
	domain := from.Address[strings.LastIndex(from.Address, "@")+1:]
	id = sequenceID(msg.ID) + "@" + domain
	letter = mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.From(m.From), letter.To(to)); err != nil {
		return nil, "", refused(email, "the person's mail address is none")
	}
	letter.SetMessageIDWithValue(id)
	letter.SetDate()
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	if msg.Urgency == High {
		letter.SetImportance(mail.ImportanceUrgent)
	}
	ack, more, runbook := "", "", ""
	if msg.AckURL != "" {
		ack = "Acknowledge: " + msg.AckURL
	}
	if msg.URL != "" {
		more = "Read more: " + msg.URL
	}
	if msg.Runbook != "" {
		runbook = "Runbook: " + msg.Runbook
	}
	letter.Subject(shorten(oneLine(msg.Subject), 250, byteLen))
	letter.SetBodyString(mail.TypeTextPlain, lines(msg.Subject, msg.Text)+"\n\n"+lines(ack, runbook, more)+"\n")
	if err := letter.AddAlternativeHTMLTemplate(mailPage(), msg); err != nil {
		return nil, "", refused(email, "the message cannot be written as HTML")
	}
	return letter, id, nil
}

// mailPage is a mail for programs that show HTML. Nothing in it is fetched from
// anywhere, and the template escapes what others have written.
var mailPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><body style="font-family:sans-serif;line-height:1.4">
<h2 style="font-size:1.1em">{{.Subject}}</h2>
{{with .Text}}<p style="white-space:pre-line">{{.}}</p>{{end}}
{{with .AckURL}}<p><a href="{{.}}" style="background:#1a7f4b;color:#fff;padding:.6em 1.2em;border-radius:4px;text-decoration:none">Acknowledge</a></p>{{end}}
{{with .Runbook}}<p><a href="{{.}}">Runbook</a></p>{{end}}
{{with .URL}}<p><a href="{{.}}">Read more</a></p>{{end}}
</body></html>
`))
})

// session signs in, calls f, and ends the connection.
func (m *Mail) session(ctx context.Context, f func(*mail.Client) error) error {
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	c, err := m.client(limited)
	if err != nil {
		return err
	}
	if err = c.DialWithContext(limited); err == nil {
		err = f(c)
		c.Close() // what matters is over by now
	}
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil:
		return broken(ctx, email, limited.Err())
	}
	return explainMail(err)
}

// client sets up a session that ends with ctx.
func (m *Mail) client(ctx context.Context) (*mail.Client, error) {
	host, portText, err := net.SplitHostPort(m.Address)
	port, err2 := strconv.Atoi(portText)
	if err != nil || err2 != nil {
		return nil, misconfigured(email, "the configured mail server is not HOST:PORT")
	}
	// The session's context ends it in time; the library's own time-outs, which
	// begin anew with every step, are only not to be in the way.
	opts := []mail.Option{mail.WithPort(port), mail.WithTimeout(2 * Timeout), mail.WithoutNoop(), mail.WithTLSConfig(m.tls(host)),
		mail.WithDialContextFunc(m.dial(ctx, host))}
	switch m.Security {
	case Implicit:
		opts = append(opts, mail.WithSSL())
	case Open:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.Username != "" {
		// Of these, the library sends PLAIN and LOGIN only where they are encrypted.
		opts = append(opts, mail.WithUsername(m.Username), mail.WithPassword(string(m.Password)),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	c, err := mail.NewClient(host, opts...)
	if err != nil {
		return nil, misconfigured(email, "the mail configuration cannot be used")
	}
	return c, nil
}

func (m *Mail) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
}

// dial opens connections that are closed when the session is done. The context
// that the library hands to the function ends with the greeting.
func (m *Mail) dial(session context.Context, host string) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		open := m.Dial
		if open == nil {
			open = new(net.Dialer).DialContext
		}
		conn, err := open(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(session, func() { conn.Close() }) // once more, when all went well
		if m.Security != Implicit {
			return conn, nil
		}
		secure := tls.Client(conn, m.tls(host))
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// explainMail reads the failure of a session. Servers' texts repeat the
// person's address, so only their codes are passed on.
func explainMail(err error) error {
	code, recipient := 0, false
	var send *mail.SendError
	var proto *textproto.Error
	switch {
	case errors.As(err, &send):
		code, recipient = send.ErrorCode(), send.Reason == mail.ErrSMTPRcptTo || send.Reason == mail.ErrSMTPDataClose
	case errors.As(err, &proto):
		code = proto.Code
	case strings.Contains(err.Error(), "STARTTLS"):
		return misconfigured(email, "the mail server offers no encryption, without which nothing is sent")
	case strings.Contains(err.Error(), "AUTH"), strings.Contains(err.Error(), "unencrypted"):
		return misconfigured(email, "the mail server does not let us sign in this way")
	}
	at := fmt.Sprintf(" (%d)", code)
	switch {
	case code >= 400 && code < 500:
		return unavailable(email, "the mail server takes nothing on just now"+at)
	case code == 530 || code == 534 || code == 535 || code == 538:
		return misconfigured(email, "the mail server refuses our credentials"+at)
	case code >= 500 && recipient:
		return refused(email, "the mail server refuses the message or the person's address"+at)
	case code >= 500:
		return misconfigured(email, "the mail server refuses us"+at)
	}
	if send != nil { // it hides its cause
		return unavailable(email, "the connection was cut")
	}
	return unavailable(email, networkCause(err))
}
