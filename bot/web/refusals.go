package web

import (
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// quiet keeps whoever is refused over and over from filling the log: of each address
// it lets one line a minute through, and of all addresses together as many as it has
// places. It takes no lock and never grows.
type quiet struct {
	seed  maphash.Seed
	place [128]atomic.Int64 // the last minute in which one of these addresses was written of
}

func newQuiet() *quiet { return &quiet{seed: maphash.MakeSeed()} }

// lets reports whether a refusal of the request may be written.
func (q *quiet) lets(r *http.Request, now time.Time) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	var h uint64
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && !ip.Is4In6() {
		b := ip.As16()
		h = maphash.Bytes(q.seed, b[:8]) // whoever has one such address has all of its network
	} else {
		h = maphash.String(q.seed, host)
	}
	last, minute := &q.place[h%uint64(len(q.place))], now.Unix()/60
	had := last.Load()
	return had != minute && last.CompareAndSwap(had, minute)
}

// refusing reports whether a status tells a caller no because of what it is, or of
// what others do, so that it can be had as often as somebody likes.
func refusing(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable:
		return true
	default:
		return false
	}
}
