package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// alive is the answer of /healthz.
type alive struct {
	Status  string `json:"status"` // alive
	Version string `json:"version"`
}

// healthz says that the process lives, whatever state it is in.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, alive{Status: "alive", Version: s.version})
}

// slackSilence is how long nothing may come from Slack. Slack pings the socket
// every few seconds.
const slackSilence = time.Minute

// readiness is the answer of /readyz.
type readiness struct {
	Ready   bool     `json:"ready"`
	Why     []string `json:"why,omitempty"`    // why it is not, a sentence each
	Holder  string   `json:"holder,omitempty"` // while it stands by: the address of the process that does the work
	Version string   `json:"version"`
	Checks  []check  `json:"checks"`
}

type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Says string `json:"says,omitempty"`
}

// readyz says whether this process does the work: 200 or 503. A check named in
// ?exclude=, as in ?exclude=slack, is shown but does not count: what routes
// alerts here must go on doing so while Slack is down.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	checks := s.checks(r.Context())
	excluded := strings.Split(strings.Join(r.URL.Query()["exclude"], ","), ",")
	out, status := readiness{Ready: true, Version: s.version, Checks: checks}, http.StatusOK
	for _, c := range checks {
		if !c.OK && !slices.Contains(excluded, c.Name) {
			out.Ready, status = false, http.StatusServiceUnavailable
			out.Why = append(out.Why, sentence(c.Says))
		}
	}
	if s.desk.Load() == nil {
		out.Holder = s.heldBy()
	}
	writeJSON(w, status, out)
}

// checks are what readiness consists of.
func (s *Server) checks(ctx context.Context) []check {
	now := time.Now()
	checks := []check{s.checkWriter()}
	d := s.desk.Load()
	if d == nil {
		return checks
	}
	checks = append(checks, s.checkRead(ctx, d), s.checkWrite(ctx, d, now))
	if d.Heard != nil {
		checks = append(checks, checkSlack(d.Heard(), now, d.Refused()))
	}
	return append(checks, checkRoster(d))
}

// sentence makes one of what a check says.
func sentence(says string) string {
	first, size := utf8.DecodeRuneInString(says)
	return string(unicode.ToUpper(first)) + says[size:] + "."
}

// checkRoster says whether anybody can be on call. A bot without a roster takes in the
// first one, so it is ready.
func checkRoster(d *Parts) check {
	c := check{Name: "roster", OK: true}
	if !d.People.HasRoster() {
		c.Says = "there is no roster: nobody is on call, and notifications go to the announcement channel"
	}
	return c
}

func (s *Server) checkWriter() check {
	switch {
	case s.stopping.Load():
		return check{Name: "writer", Says: "the process is stopping"}
	case s.desk.Load() == nil && s.heldBy() == "":
		return check{Name: "writer", Says: "this process stands by (standby), and no other one is known to be the writer; the log says why this one is not"}
	case s.desk.Load() == nil:
		return check{Name: "writer", Says: "this process stands by (standby): the one at " + s.heldBy() + " is the writer"}
	default:
		return check{Name: "writer", OK: true}
	}
}

func (s *Server) checkRead(ctx context.Context, d *Parts) check {
	if err := d.CheckRead(ctx); err != nil {
		return check{Name: "store_read", Says: "the store cannot be read; the log has the reason"}
	}
	return check{Name: "store_read", OK: true}
}

func (s *Server) checkWrite(ctx context.Context, d *Parts, now time.Time) check {
	was, is := s.probe.look(ctx, d.CheckWrite, now)
	if is != nil && was == nil {
		s.log.Error().Err(is).Msg("the store takes no writes")
	}
	if is == nil && was != nil {
		s.log.Info().Msg("the store takes writes")
	}
	if is != nil {
		return check{Name: "store_write", Says: "the store takes no writes; the log has the reason"}
	}
	return check{Name: "store_write", OK: true}
}

func checkSlack(heard, now time.Time, refused string) check {
	switch c := (check{Name: "slack"}); {
	case refused != "":
		c.Says = "Slack does not take our token (" + refused + "); check slack.app_token and slack.bot_token"
		return c
	case heard.IsZero():
		c.Says = "nothing has been heard from Slack yet"
		return c
	case now.Sub(heard) > slackSilence:
		c.Says = "nothing has been heard from Slack for " + since(heard, now)
		return c
	default:
		c.OK, c.Says = true, "heard "+since(heard, now)+" ago"
		return c
	}
}

const (
	probeHolds = 5 * time.Second // polling must not commit on every hit
	probeHangs = 5 * time.Second // a disk that does not answer for so long is refusing
)

// writeProbe remembers whether the store took a write a moment ago.
type writeProbe struct {
	turn  sync.Mutex   // held by the one request that tries
	began atomic.Int64 // when the try under way began, in Unix nanoseconds; 0: none
	last  atomic.Pointer[probed]
}

type probed struct {
	at  time.Time
	err error
}

type probeError string

func (e probeError) Error() string { return string(e) }

// look returns how the store was before this call and how it is now, trying a
// write when the last try is old. While another request tries, the last outcome
// is the answer, unless that try hangs.
func (p *writeProbe) look(ctx context.Context, try func(context.Context) error, now time.Time) (was, is error) {
	last := p.last.Load()
	if last == nil {
		last = &probed{}
	}
	if now.Sub(last.at) < probeHolds {
		return last.err, last.err
	}
	if !p.turn.TryLock() {
		if began := p.began.Load(); began > 0 && now.Sub(time.Unix(0, began)) > probeHangs {
			return last.err, probeError("a write has not ended for " + since(time.Unix(0, began), now))
		}
		if last.at.IsZero() {
			return nil, probeError("the first write is under way")
		}
		return last.err, last.err
	}
	defer p.turn.Unlock()
	p.began.Store(now.UnixNano())
	defer p.began.Store(0)
	// Who asks may hang up; the outcome is for those who ask next as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeHangs)
	defer cancel()
	err := try(ctx)
	p.last.Store(&probed{at: time.Now(), err: err})
	return last.err, err
}
