// Package chat is Slack, in and out. In: what people type, press and submit
// becomes one call of the desk each, and is acknowledged to Slack only when
// that call has committed. Out: the desk's jobs become Web API calls.
//
// It is the only package that knows slack-go, whose interface changes often and
// whose Socket Mode client must be handled with care: its reconnects are
// throttled, its events are always drained, what it cannot parse is
// acknowledged by hand, and its health is judged by what the socket has heard.
// The parser of commands and the builders of blocks are pure functions.
package chat

import (
	"cmp"
	"context"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Options are what the Slack side is told once, at its start.
type Options struct {
	AppToken, BotToken string
	APIURL             string         // base of the Web API, with its trailing slash; empty: Slack's
	Command            string         // "/incident"
	OncallCommand      string         // "/oncall"
	AnnounceChannel    string         // name or ID of the channel for announcements
	Zone               *time.Location // where the business is; nil: UTC
	Log                zerolog.Logger

	// Dial opens connections in the place of the network's; tests join the bot
	// and a simulator in memory with it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Observe is told of every Web API call: its method, its outcome in a word,
	// and how long it took. Envelope is told of every envelope that came.
	Observe  func(method, result string, took time.Duration)
	Envelope func(kind string)
}

// sockets is how many Socket Mode connections are kept, of the ten that Slack
// allows an app: while one is being renewed the other one hears.
const sockets = 2

// Slack is one workspace, seen from the bot.
type Slack struct {
	opt     Options
	log     zerolog.Logger
	desk    *desk.Desk
	api     *slack.Client
	web     *http.Client // for response_urls, which need no token
	methods *methods
	opens   *openThrottle
	dialer  *websocket.Dialer

	heard    atomic.Int64 // when a socket last heard something, in Unix nanoseconds
	up       atomic.Int32 // sockets that are connected
	badToken atomic.Pointer[string]

	mu       sync.Mutex
	self     string                  // the bot's own user ID
	channels map[string]string       // channel name → ID, as far as known
	shown    map[desk.Message]string // what a message of ours shows, as a hash
	topics   map[int]string          // the topic that an incident's channel has

	finding singleflight.Group // of channels, by name

	absent noChannel // channels that do not exist
	zones  userZones
}

// New returns the Slack side of the desk. It does not connect.
func New(d *desk.Desk, opt Options) *Slack {
	if opt.Command == "" {
		opt.Command = "/incident"
	}
	if opt.OncallCommand == "" {
		opt.OncallCommand = "/oncall"
	}
	opt.AnnounceChannel = cmp.Or(channelName(opt.AnnounceChannel), "incidents")
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	s := &Slack{
		opt: opt, log: opt.Log, desk: d, methods: newMethods(),
		channels: map[string]string{}, shown: map[desk.Message]string{}, topics: map[int]string{},
	}
	dial := opt.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: callTimeout,
		MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second,
	}
	s.opens = &openThrottle{next: limits(transport), lines: map[string]*openLine{}}
	s.web = &http.Client{Transport: transport, Timeout: callTimeout}
	s.api = s.client(limits(transport))
	s.dialer = &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second,
		WriteBufferSize: 32 << 10, // an answer in several fragments is lost (Slack does not join them)
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return heardConn{Conn: c, heard: s.hear}, nil
		},
	}
	return s
}

// client returns a Web API client over a transport.
func (s *Slack) client(transport http.RoundTripper) *slack.Client {
	options := []slack.Option{
		slack.OptionHTTPClient(&http.Client{Transport: transport}),
		slack.OptionAppLevelToken(s.opt.AppToken),
		slack.OptionLog(stdlog.New(io.Discard, "", 0)), // it would print whole payloads
	}
	if s.opt.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(s.opt.APIURL, "/")+"/"))
	}
	return slack.New(s.opt.BotToken, options...)
}

func (s *Slack) hear(t time.Time) { s.heard.Store(t.UnixNano()) }

// Heard returns when a socket last heard anything from Slack, pings included;
// the zero time when none ever did.
func (s *Slack) Heard() time.Time {
	if n := s.heard.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Refused returns Slack's code when it does not take our tokens, else "".
func (s *Slack) Refused() string {
	if code := s.badToken.Load(); code != nil {
		return *code
	}
	return ""
}

func (s *Slack) refused(code string) {
	if old := s.badToken.Swap(&code); old == nil || *old != code {
		s.log.Error().Str("error", code).Msg("Slack does not take the token; check slack.app_token and slack.bot_token")
	}
}

func (s *Slack) observe(method, result string, took time.Duration) {
	if result != "ok" {
		s.log.Debug().Str("method", method).Str("result", result).Dur("took", took).Msg("slack call")
	}
	if s.opt.Observe != nil {
		s.opt.Observe(method, result, took)
	}
}

// drainWithin is how long what was taken in may take when the bot stops, and
// flushWithin how long the last acknowledgements have to leave.
const (
	drainWithin = 2500 * time.Millisecond
	flushWithin = 100 * time.Millisecond
)

// Run keeps the sockets open and handles what comes, until ctx ends. Everything
// that was taken in is finished before it returns, and acknowledged: the sockets
// live as long as that takes.
func (s *Slack) Run(ctx context.Context) error {
	open, shut := context.WithCancel(context.WithoutCancel(ctx))
	defer shut()
	var g errgroup.Group
	intake := newIntake(s)
	for n := range sockets {
		name := string(rune('a' + n))
		api := s.client(s.opens.throttled(name))
		client := socketmode.New(api, socketmode.OptionDialer(s.dialer),
			socketmode.OptionLog(stdlog.New(io.Discard, "", 0)), socketmode.OptionReadLimit(4<<20))
		sock := &socket{client: client, failed: make(chan struct{}, 1)}
		g.Go(func() error { return s.keepOpen(open, name, sock) })
		g.Go(func() error { return s.drain(open, name, sock, intake) })
	}
	g.Go(func() error { return s.prepare(ctx) })
	<-ctx.Done()
	intake.stop(drainWithin)
	_ = pause(open, flushWithin) // nothing cuts it short
	shut()
	return g.Wait()
}

// keepOpen runs one socket for ever. slack-go returns when it was told to stop or
// the token is refused, which the operator may mend meanwhile. After any other
// failure it would try ever more rarely, up to five minutes apart: it is made to
// begin anew instead, at the pace of our own throttle.
func (s *Slack) keepOpen(ctx context.Context, name string, sock *socket) error {
	for {
		run, stop := context.WithCancel(ctx)
		var watching sync.WaitGroup
		watching.Go(func() {
			select {
			case <-sock.failed:
				stop()
			case <-run.Done():
			}
		})
		err := sock.client.RunContext(run)
		again := run.Err() != nil
		stop()
		watching.Wait()
		if ctx.Err() != nil {
			return nil
		}
		if again {
			continue
		}
		if code := err.Error(); locked[code] {
			s.refused(code)
		} else {
			s.log.Error().Str("socket", name).Str("error", plain(err)).Msg("socket ended; trying again in a minute")
		}
		if pause(ctx, time.Minute) != nil {
			return nil
		}
	}
}

// linkEvery is how often people of the roster whose Slack user is not known are
// looked for: the roster changes, and people join Slack.
const linkEvery = 15 * time.Minute

// prepare does at the start what makes the first incident quick: who we are,
// the announcement channel, and the Slack users of people known by mail
// address. Whatever fails here is done again when it is needed.
func (s *Slack) prepare(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.prepareOnce(ctx)
		if err == nil {
			break
		}
		s.log.Warn().Str("error", err.Error()).Msg("not everything is ready at Slack; trying again")
		if pause(ctx, wait) != nil {
			return nil
		}
	}
	for pause(ctx, linkEvery) == nil {
		if err := s.linkPeople(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn().Str("error", err.Error()).Msg("Slack users could not be looked for")
		}
	}
	return nil
}

func (s *Slack) prepareOnce(ctx context.Context) error {
	if _, err := s.botUser(ctx); err != nil {
		return err
	}
	if _, err := s.channel(ctx, s.opt.AnnounceChannel, true); err != nil {
		return err
	}
	return s.linkPeople(ctx)
}

// linkPeople finds the Slack users of people known by mail address only.
func (s *Slack) linkPeople(ctx context.Context) error {
	for _, p := range s.desk.Unlinked() {
		if _, err := s.link(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// link finds the Slack user of a person by mail address; "" when there is none.
func (s *Slack) link(ctx context.Context, p rotation.Person) (string, error) {
	var user *slack.User
	err := s.call(ctx, "users.lookupByEmail", func(ctx context.Context) (err error) {
		user, err = s.api.GetUserByEmailContext(ctx, p.Email)
		return err
	})
	if code := slackCode(err); code != "" {
		s.log.Warn().Str("person", p.ID).Str("error", code).Msg("no Slack user by the mail address in the roster")
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return user.ID, s.desk.Link(ctx, p, user.ID)
}

// userOf returns the Slack user of an actor, looked up now where it is not known
// yet; "" when there is none.
func (s *Slack) userOf(ctx context.Context, a incident.Actor) (string, error) {
	if id := s.desk.SlackID(a); id != "" {
		return id, nil
	}
	kind, id := a.Split()
	p, ok := s.desk.Roster().Person(id)
	if kind != "person" || !ok || p.Email == "" {
		return "", nil
	}
	return s.link(ctx, *p)
}

// botUser returns the bot's own user ID.
func (s *Slack) botUser(ctx context.Context) (string, error) {
	s.mu.Lock()
	self := s.self
	s.mu.Unlock()
	if self != "" {
		return self, nil
	}
	var who *slack.AuthTestResponse
	err := s.call(ctx, "auth.test", func(ctx context.Context) (err error) {
		who, err = s.api.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	s.badToken.Store(nil)
	s.mu.Lock()
	s.self = who.UserID
	s.mu.Unlock()
	s.log.Info().Str("team", who.Team).Str("user", who.User).Msg("Slack knows us")
	return who.UserID, nil
}
