package wire

import (
	"context"
	"sync"
	"time"
)

// defaultSilence is what [Options.Silence] is for Slack. It pings every few seconds, and its
// own clients take half a minute without one for a dead connection; it repeats what it could
// not deliver at once, and a minute later: after less than this it comes by itself.
const defaultSilence = 30 * time.Second

// Gap is a time in which nothing came from Slack.
type Gap struct {
	From time.Time // when something came last; zero: nothing yet in this process
	To   time.Time // from when on it comes again
}

// listening knows since when something comes from Slack, and when nothing did. Times
// are those of the wall clock: a machine that sleeps hears nothing.
type listening struct {
	silence time.Duration // see [Options]

	mu     sync.Mutex
	open   int       // sockets that are connected
	last   time.Time // when something came last on one that is
	gap    Gap       // that nobody has taken yet
	missed bool      // there is one
	taken  time.Time // of one that somebody is at: when it began; zero: nobody is
	news   chan struct{}
}

func newListening(silence time.Duration) *listening {
	return &listening{silence: silence, news: make(chan struct{}, 1)}
}

// heard notes that bytes came. Without a connected socket they are those of one that is
// being opened, which may be refused.
func (l *listening) heard(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open > 0 {
		l.until(t)
	}
}

// opened and closed note that a socket is connected, and that it is not any more.
func (l *listening) opened(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.until(t)
}

func (l *listening) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
}

// until notes that something comes at t, and what was missed before.
func (l *listening) until(t time.Time) {
	t = t.Round(0)
	if l.last.IsZero() || t.Sub(l.last) >= l.silence {
		if !l.missed {
			l.gap.From = l.last
		}
		l.gap.To, l.missed = t, true
		select {
		case l.news <- struct{}{}:
		default:
		}
	}
	l.last = t
}

// Missed waits for a time in which nothing came, and returns it: when the first socket
// opens, the time before that. Several that nobody has asked for are one. To call it
// again says that what it returned before is dealt with. It ends with the context's error.
func (c *Client) Missed(ctx context.Context) (Gap, error) {
	l := c.listening
	for {
		l.mu.Lock()
		gap, missed := l.gap, l.missed
		l.missed, l.taken = false, time.Time{}
		if missed {
			l.taken = gap.From
		}
		l.mu.Unlock()
		if missed {
			return gap, nil
		}
		select {
		case <-l.news:
		case <-ctx.Done():
			return Gap{}, ctx.Err()
		}
	}
}

// Listened returns until when something came over a socket that is connected and nothing
// before that is still to be dealt with; the zero time when nothing ever came.
func (c *Client) Listened() time.Time {
	l := c.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.taken.IsZero():
		return l.taken
	case l.missed:
		return l.gap.From
	default:
		return l.last
	}
}
