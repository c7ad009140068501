package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

// Limits on those who have shown no key yet, because it is in the body.
const (
	maxStranger  = 600_000  // bytes of one; PagerDuty takes 512 kB
	maxStrangers = 16 << 20 // bytes of all of them
	strangerWait = 5 * time.Second
	unpacker     = 48 << 10 // bytes that unpacking a body takes
)

// strangers is the memory of those whose key is looked for in their bodies. When it
// is full, whoever holds much for long is thrown out: a sender with a key is in and
// out of it within a blink.
type strangers struct {
	mu   sync.Mutex
	held int
	all  map[*stranger]bool
}

// stranger is one of them.
type stranger struct {
	pool *strangers
	in   *inflow
	came time.Time
	held int
	out  bool // thrown out

	buf  []byte
	room int // of rooms: the size of buf
}

// rooms are the sizes in which strangers get memory, which is used again.
var rooms = [...]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, maxStranger + 1}

var spareRooms [len(rooms)]sync.Pool

func roomOf(n int) []byte {
	if b, ok := spareRooms[n].Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, rooms[n])
}

// errThrownOut is what a stranger is told who was in the way.
var errThrownOut = &problem{Status: http.StatusServiceUnavailable, RetryAfter: 2, Why: "Too many send without a key that is known.",
	Next: "Send it again. With the key in the header Authorization: Bearer KEY, or as the first field of the body, it waits for nobody."}

// enter lets a stranger in who may stay for strangerWait.
func (p *strangers) enter(in *inflow) *stranger {
	g := &stranger{pool: p, in: in, came: time.Now(), room: -1}
	in.patience(strangerWait)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[g] = true
	return g
}

// leave gives back what the stranger holds. Afterwards nobody ends its reading.
func (g *stranger) leave() {
	g.pool.mu.Lock()
	delete(g.pool.all, g)
	g.pool.held -= g.held
	g.held = 0
	g.pool.mu.Unlock()
	g.give()
}

func (g *stranger) give() {
	if g.room >= 0 {
		b := g.buf
		spareRooms[g.room].Put(&b)
	}
	g.buf, g.room = nil, -1
}

// take makes n more bytes the stranger's, if need be by throwing others out, or
// reports that it must go itself.
func (g *stranger) take(n int) bool {
	p := g.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for !g.out && p.held+n > maxStrangers {
		p.throwOut(time.Now())
	}
	if g.out {
		return false
	}
	g.held += n
	p.held += n
	return true
}

// throwOut ends the stranger who weighs most. The caller holds mu.
func (p *strangers) throwOut(now time.Time) {
	var worst *stranger
	most := -1.0
	for g := range p.all {
		if w := g.weight(now); w > most {
			worst, most = g, w
		}
	}
	if worst == nil {
		return
	}
	worst.out = true
	delete(p.all, worst)
	p.held -= worst.held
	worst.held = 0
	worst.in.patience(-time.Second) // it may be waiting for more
}

// weight says how much a stranger is in the way. Time counts more than size: a
// large body of a sender of ours comes fast, many small ones can be held for long.
func (g *stranger) weight(now time.Time) float64 {
	age := now.Sub(g.came).Seconds()
	return float64(g.held) * age * age
}

// gone reports whether the stranger was thrown out.
func (g *stranger) gone() bool {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	return g.out
}

// grow makes room for more of the body.
func (g *stranger) grow() error {
	if g.room == len(rooms)-1 {
		return &problem{Status: http.StatusRequestEntityTooLarge, Why: "There is no key within the first " + strconv.Itoa(maxStranger) + " bytes of the body.",
			Next: "Send it in the header Authorization: Bearer KEY, or as the first field of the body."}
	}
	next := g.room + 1
	had := 0
	if g.room >= 0 {
		had = rooms[g.room]
	}
	if !g.take(rooms[next] - had) {
		return errThrownOut
	}
	larger := append(roomOf(next), g.buf...)
	g.give()
	g.buf, g.room = larger, next
	return nil
}

// Read reads more of the body and keeps it; see [alert.SecretIn].
func (g *stranger) Read(b []byte) (int, error) {
	if len(g.buf) == cap(g.buf) || g.room < 0 {
		if err := g.grow(); err != nil {
			return 0, err
		}
	}
	n, err := g.in.Read(g.buf[len(g.buf):min(cap(g.buf), len(g.buf)+len(b))])
	copy(b, g.buf[len(g.buf):len(g.buf)+n])
	g.buf = g.buf[:len(g.buf)+n]
	if err != nil && err != io.EOF && g.gone() {
		err = errThrownOut
	}
	return n, err
}

// letInByBody reads as much of a body as it takes to find the key in it, and the
// rest only when somebody has that key. What it returns is held by the sender.
func (s *Server) letInByBody(w http.ResponseWriter, r *http.Request, a *address) (k sender, body []byte, err error) {
	defer func() {
		if err != nil {
			w.Header().Set("Connection", "close") // what is left of the body is not waited for
		}
	}()
	in, err := inflowOf(w, r, MaxBody)
	if err != nil {
		return sender{}, nil, err
	}
	g := s.strangers.enter(in)
	defer g.leave()
	if in.packed && !g.take(unpacker) {
		return sender{}, nil, errThrownOut
	}
	secret, err := alert.SecretIn(a.sender, g)
	if err != nil {
		return sender{}, nil, keyless(in, a, err)
	}
	if k, err = s.admit(r, secret, a); err != nil {
		return k, nil, err
	}
	if !g.stays() {
		return k, nil, errThrownOut
	}
	body, err = in.grown(g.buf, k.hold)
	g.leave()
	if err == nil {
		body, err = s.rest(k, in, body)
	}
	return k, body, err
}

// stays ends that the stranger can be thrown out: it is none any more.
func (g *stranger) stays() bool {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	delete(g.pool.all, g)
	return !g.out
}

// keyless says why no key was found in a body.
func keyless(in *inflow, a *address, err error) error {
	var p *problem
	var list alert.Problems
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &list) && list[0].Field == alert.SecretField(a.sender):
		return unauthorized("", anIntegrationKey, a.how())
	case errors.As(err, &list):
		return list
	default:
		return in.broken(err)
	}
}
