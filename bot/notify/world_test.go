package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a network in memory, on which one server listens. Unlike sockets
// it lets a bubble's clock go on while somebody waits for a byte.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory {
	return &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.conns <- far:
		return near, nil
	case <-m.closed:
		return nil, errors.New("refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// world runs f in a bubble with a transport on which handler answers every
// request, whatever host it is for.
func world(t *testing.T, handler http.HandlerFunc, f func(t *testing.T, transport *http.Transport)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		server := &http.Server{Handler: handler}
		var wg sync.WaitGroup
		wg.Go(func() { server.Serve(m) })
		transport := &http.Transport{DialContext: m.dial, DialTLSContext: m.dial} // no encryption in memory
		defer func() {
			transport.CloseIdleConnections()
			server.Close()
			m.Close()
			wg.Wait()
		}()
		f(t, transport)
	})
}

// The secrets and addresses of the tests, none of which may be seen in an
// error.
const (
	aToken   = "tk_SecretSecretSecret"
	aNumber  = "+4915112345678"
	aTopic   = "stormbell-ana-zxcvbnm"
	aMailbox = "ana.hidden@shop.example"
	anSID    = "AC0123456789abcdef0123456789abcdef"
	aText    = "disk full on db-7, planted text"
)

// planted is what no error may contain.
var planted = []string{aToken, aNumber, aNumber[1:], aTopic, aMailbox, "ana.hidden", anSID, aText, "planted"}

// page is the message that the tests send.
func page(to string) Message {
	return Message{ID: "page/000042/3", To: to, Subject: "sev1 shop: card payments fail", Text: aText, Urgency: High,
		URL: "https://bell.shop.example/i/42", AckCode: "A42"}
}

// senders returns every HTTP way, with the message for it and what its
// provider says when all is well.
func senders(rt http.RoundTripper) map[string]struct {
	Sender
	to   string
	good string
} {
	account := Twilio{API: "https://api.twilio.example", SID: anSID, AuthToken: aToken, From: "+15005550006", Transport: rt}
	type row = struct {
		Sender
		to   string
		good string
	}
	return map[string]row{
		push:    {&Ntfy{URL: "https://ntfy.example", Token: aToken, Transport: rt}, aTopic, `{"id":"hwQ2YpKdmg","time":1635528741,"event":"message","topic":"` + aTopic + `"}`},
		sms:     {&SMS{account}, aNumber, `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null}`},
		voice:   {&Voice{Twilio: account}, aNumber, `{"sid":"CA0123456789abcdef0123456789abcdef","status":"queued"}`},
		webhook: {&Webhook{URL: "https://hooks.example/in?key=" + aToken, Secrets: []Secret{aToken}, Transport: rt}, "ana", `anything`},
	}
}

// say answers every request with a status and a body.
func say(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hang reads the request and answers nothing until the other side gives up.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// cut closes the connection in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	buf.WriteString("HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"sid\":")
	buf.Flush()
	conn.Close()
}

// garble answers with something that is no HTTP and repeats what it was sent.
func garble(w http.ResponseWriter, r *http.Request) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	buf.WriteString("550 " + aNumber + " " + aText + " " + aToken + "\r\n\r\n")
	buf.Flush()
	conn.Close()
}

// trickle sends one byte a second for ever.
func trickle(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
		}
	}
}
