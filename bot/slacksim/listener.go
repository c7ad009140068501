package slacksim

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is what one direction of an in-memory connection holds before a
// writer waits: enough that two sides that both write first do not lock.
const pipeBuffer = 256 << 10

// Listener is an in-memory net.Listener: Dial on one side, Accept on the
// other, no operating system between them. Waiting on it is durable blocking
// in the sense of testing/synctest, so a whole server and its clients can live
// in a bubble.
type Listener struct {
	backlog chan net.Conn
	done    chan struct{}
	once    sync.Once
}

// NewListener makes a listener that is open until Close.
func NewListener() *Listener {
	return &Listener{backlog: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next Dial; after Close it answers net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.backlog:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close refuses further connections; those that exist live on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr is a name that says it is not a network.
func (l *Listener) Addr() net.Addr { return memAddr{} }

// Dial connects to whoever accepts. It ends early with the context's error or,
// after Close, with net.ErrClosed.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	near, far := newConnPair()
	select {
	case l.backlog <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memAddr struct{}

func (memAddr) Network() string { return "memory" }
func (memAddr) String() string  { return "127.0.0.1:80" }

// memConn is one end of a buffered in-memory connection.
type memConn struct {
	in, out *stream
}

func newConnPair() (a, b net.Conn) {
	x, y := newStream(), newStream()
	return &memConn{in: x, out: y}, &memConn{in: y, out: x}
}

func (c *memConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *memConn) LocalAddr() net.Addr         { return memAddr{} }
func (c *memConn) RemoteAddr() net.Addr        { return memAddr{} }

func (c *memConn) Close() error {
	c.out.shut(io.EOF)         // the peer reads what is left, then the end
	c.in.shut(net.ErrClosed)   // nobody will read here again
	c.in.drop()                // and the peer's writes fail at once
	c.SetDeadline(time.Time{}) // no timer outlives the connection
	return nil
}

func (c *memConn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *memConn) SetReadDeadline(t time.Time) error { c.in.setDeadline(&c.in.readBy, t); return nil }
func (c *memConn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}

// stream is one direction: a bounded buffer with deadlines at both ends.
type stream struct {
	mu      sync.Mutex
	turn    *sync.Cond
	buf     []byte
	end     error // set once: what a reader gets when the buffer is empty
	gone    bool  // the reader closed
	readBy  deadline
	writeBy deadline
}

type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newStream() *stream {
	s := &stream{}
	s.turn = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(s.buf) > 0:
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			s.turn.Broadcast()
			return n, nil
		case s.end != nil:
			return 0, s.end
		case len(p) == 0:
			return 0, nil
		}
		s.turn.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written := 0
	for {
		switch {
		case s.gone:
			return written, io.ErrClosedPipe
		case s.end != nil:
			return written, net.ErrClosed
		case s.writeBy.passed():
			return written, os.ErrDeadlineExceeded
		}
		if room := pipeBuffer - len(s.buf); room > 0 {
			n := min(room, len(p)-written)
			s.buf = append(s.buf, p[written:written+n]...)
			written += n
			s.turn.Broadcast()
		}
		if written == len(p) {
			return written, nil
		}
		s.turn.Wait()
	}
}

func (s *stream) shut(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = err
	}
	s.turn.Broadcast()
}

func (s *stream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone, s.buf = true, nil
	s.turn.Broadcast()
}

func (s *stream) setDeadline(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		// The lock orders the broadcast after a waiter that just looked at the clock.
		d.timer = time.AfterFunc(wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.turn.Broadcast()
		})
	}
	s.turn.Broadcast()
}
