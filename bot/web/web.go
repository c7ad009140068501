// Package web is Stormbell over HTTP: alerts come in, operators act without
// Slack, and whoever watches the process asks how it is. Its noun is the
// [Server]; [Metrics] is what it and the rest of the program count.
//
// A request is judged here only as far as HTTP goes: who sends it, how large
// and how frequent it is, whether it can be read. What it means is decided by
// bot/desk. The package answers 2xx only to what is stored, never puts a key, a
// token or a body into a log line, follows no address that came with a request
// (but Amazon's, to verify a message of SNS), and serves nothing across origins.
package web

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
)

// Options are what a server is told once, at its start.
type Options struct {
	Desk       *desk.Desk                     // nil: the process stands by until [Server.Lead]
	People     *oncall.Roster                 // of the same process
	AdminToken string                         // empty: admin calls are refused
	Keys       *alerts.Keys                   // of alert senders, likewise; nil: alerts are refused
	Alerts     *alerts.Alerts                 // likewise
	Intake     Intake                         // takes what senders post; nil: Alerts
	Rate       int                            // alerts a second from each key; 0: DefaultRate
	Heard      func() time.Time               // when the last frame came from Slack; zero: none has. Nil: not a matter of readiness
	Refused    func() string                  // Slack's word when it does not take our token, else ""; nil: it always does
	Backup     func(io.Writer) (int64, error) // writes a copy of the store; nil: it cannot be copied
	Metrics    *Metrics                       // nil: the server makes its own
	Log        zerolog.Logger
	Version    string
	Zone       *time.Location // of the business, for times in words; nil: UTC
	Phone      Phone          // reads the keys that people press in calls; its zero value: there are no calls
	Client     *http.Client   // fetches the certificates of SNS; nil: one that follows no redirects
	Most       int            // connections open at once; 0: half of the files that the process may open
}

// Limits on what comes in.
const (
	MaxBody      = 16 << 20 // bytes of a body of alerts, packed or unpacked
	maxAdminBody = 1 << 20

	// DefaultRate is how many alerts a second one key may send; twice as many
	// may come at once. It is several times what the store of a small machine
	// commits, so that it stops a sender gone wild but never 64 at full speed.
	DefaultRate = 20_000
)

// Server answers HTTP requests. Its methods may be called concurrently.
type Server struct {
	desk     atomic.Pointer[Parts] // nil while standing by
	stopping atomic.Bool
	admin    secretHash // of the admin token; zero when there is none
	metrics  *Metrics
	holder   atomic.Pointer[string]      // address of the writer, while standing by; nil: nobody is known to be
	saw      atomic.Pointer[archiveSeen] // how the archive files are, while standing by; nil: it is not known
	looked   atomic.Pointer[copies]      // whether copies could be taken, while standing by; nil: it is not known
	probe    writeProbe
	early    desk.Failures // before there is a desk
	log      zerolog.Logger
	version  string
	zone     *time.Location
	amazon   *amazon
	handler  http.Handler

	description func() []byte // of every route; made when it is asked for first

	rate        int      // alerts a second from each key
	allowances  sync.Map // *allowance of a key, by its name
	strangers   *strangers
	processed   *processed
	quiet       *quiet
	connections *connections
}

// New returns a server.
func New(o Options) (*Server, error) {
	s := &Server{
		metrics: o.Metrics, log: o.Log, version: o.Version, zone: o.Zone, amazon: newAmazon(o.Client),
		rate: o.Rate, strangers: &strangers{all: map[*stranger]bool{}}, processed: newProcessed(), quiet: newQuiet(),
	}
	if s.rate <= 0 {
		s.rate = DefaultRate
	}
	if o.AdminToken != "" {
		s.admin = hashSecret(o.AdminToken)
	}
	if o.Most <= 0 {
		o.Most = allowedConnections(openFiles())
	}
	s.connections = newConnections(o.Most, o.Log)
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.metrics == nil {
		s.metrics = NewMetrics(o.Version)
	}
	s.metrics.watch(s)
	if o.Desk != nil {
		s.Lead(Parts{Desk: o.Desk, People: o.People, Keys: o.Keys, Alerts: o.Alerts, Intake: o.Intake,
			Heard: o.Heard, Refused: o.Refused, Backup: o.Backup, Phone: o.Phone})
	}
	s.description = sync.OnceValue(func() []byte {
		text, err := json.Marshal(Description(s.version))
		if err != nil {
			panic(err) // it is made of strings and numbers
		}
		return append(text, '\n')
	})
	s.handler = tidy(s.observe(s.drain(s.routes())))
	return s, nil
}

// Handler returns the handler of all routes.
func (s *Server) Handler() http.Handler { return s.handler }

// Parts are what the process acts with once it is the writer.
type Parts struct {
	*desk.Desk
	People *oncall.Roster
	Keys   *alerts.Keys // nil: alerts are refused
	Alerts *alerts.Alerts
	Intake Intake // nil: Alerts

	// As in [Options].
	Heard   func() time.Time
	Refused func() string
	Backup  func(io.Writer) (int64, error)
	Phone   Phone

	Damaged  func() bool // whether the store's file was found damaged; nil: nobody knows
	Schedule Schedule    // on which the store is copied by itself

	ArchiveFolder string // where the archive files are; empty: nowhere
}

// Schedule is how the store is copied by itself.
type Schedule struct {
	Folder string // empty: it is not
	Every  time.Duration
	Keep   int
}

// Lead ends standing by: p are the parts of the process that has become the
// writer.
func (s *Server) Lead(p Parts) {
	if p.Intake == nil {
		p.Intake = p.Alerts
	}
	if p.Refused == nil {
		p.Refused = func() string { return "" }
	}
	s.desk.Store(&p)
}

// HeldBy says at which address the writer is, while this process stands by; empty:
// nobody is known to be the writer.
func (s *Server) HeldBy(address string) { s.holder.Store(&address) }

// heldBy returns that address.
func (s *Server) heldBy() string {
	if a := s.holder.Load(); a != nil {
		return *a
	}
	return ""
}

// Stop makes every new request but those for health and metrics be answered
// 503. Requests under way are finished; whoever stops the process waits for them
// with [http.Server.Shutdown].
func (s *Server) Stop() { s.stopping.Store(true) }

// NewHTTPServer returns the server of the program, and of tests, that answers
// with Handler. Its limits fit what comes in: nobody holds a connection by
// sending slowly, and nobody keeps others out, or pages from leaving, by holding
// many. The caller serves and shuts it down.
func (s *Server) NewHTTPServer() *http.Server {
	return &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerWait,
		ReadTimeout:       headerWait + bodyWait, // counts from the header's beginning; longer for a sender that was let in, as long as its body keeps coming
		WriteTimeout:      answerWait,            // counts from the header's end, or from the end of a sender's body: it holds a slow disk
		IdleTimeout:       75 * time.Second,      // longer than balancers keep theirs (60 s), or they would send into one that is just being closed
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(s.log.With().Str("from", "http").Logger(), "", 0),
		ConnState:         s.connections.watch,
		ConnContext:       withConnection,
	}
}

// standby is what a process that stands by answers to everything but questions about
// itself.
func (s *Server) standby() *problem {
	p := &problem{Status: http.StatusServiceUnavailable, RetryAfter: 1, Holder: s.heldBy(),
		Why: "This process stands by; no other one is known to do the work.", Next: "Send it again."}
	if p.Holder != "" {
		p.Why, p.Next = "This process stands by; the one at "+p.Holder+" does the work.", "Send it to that one, or again."
	}
	return p
}

// leading returns the desk, or why there is none.
func (s *Server) leading() (*Parts, error) {
	if d := s.desk.Load(); d != nil {
		return d, nil
	}
	return nil, s.standby()
}
