package slacksim

import (
	"math"
	"time"
)

// bucket counts one method's calls, or one method's in one channel.
type bucket struct {
	left float64
	seen time.Time
}

// overLimit is how long the caller must wait; 0 lets the call pass. A tier is
// a number of calls per minute, with as many in a burst (times RateBurst):
// Slack keeps its bursts secret.
func (w *Workspace) overLimit(c *call) time.Duration {
	if !w.opts.RateLimits || c.m.tier == 0 {
		return 0
	}
	key, rate := c.http.URL.Path, float64(c.m.tier)/60
	full := math.Max(1, float64(c.m.tier)*w.opts.RateBurst)
	if c.m.perRoom {
		key += " " + c.str("channel")
		full = math.Max(1, 5*w.opts.RateBurst) // "1 per second, short bursts tolerated"
	}
	now := w.now()
	b := w.buckets[key]
	if b == nil {
		b = &bucket{left: full, seen: now}
		w.buckets[key] = b
	}
	b.left = math.Min(full, b.left+now.Sub(b.seen).Seconds()*rate)
	b.seen = now
	if b.left < 1 {
		return time.Duration((1 - b.left) / rate * float64(time.Second))
	}
	b.left--
	return 0
}
