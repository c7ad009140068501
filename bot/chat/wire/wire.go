// Package wire is Slack as a network. A [Client] is one workspace: its Web API
// calls are made within Slack's rate limits, and what comes over its Socket Mode
// connections is handed to a [Handler] as an [Envelope] and acknowledged. It
// remembers the IDs of channels, and says whether Slack is heard at all.
//
// It is the only package that holds slack-go's client, whose interface changes
// often and which must be handled with care: its reconnects are slowed down, its
// events are always drained, and what it cannot parse is acknowledged by hand.
//
// It knows no incident, no person of the roster and no words of ours: what a
// message says and when it is sent is decided by its caller. It imports nothing
// else of this module.
package wire

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
	"golang.org/x/sync/singleflight"
)

// callTimeout bounds one Web API call. slack-go's own client would wait for ever.
const callTimeout = 15 * time.Second

// Options are what a client is told once, at its start.
type Options struct {
	AppToken, BotToken string
	APIURL             string // base of the Web API; empty: Slack's
	Log                zerolog.Logger

	// Silence is how long nothing may come over a socket, pings included, before it is
	// opened anew and what happened meanwhile counts as missed; zero: 30 seconds.
	Silence time.Duration

	// Dial opens connections in the place of the network's; tests join the bot
	// and a simulator in memory with it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Observe is told of every Web API call: its method, its outcome in a word,
	// and how long it took. Envelope is told of every envelope that came.
	Observe  func(method, result string, took time.Duration)
	Envelope func(kind string)
}

// Client is the connection to one workspace.
type Client struct {
	opt     Options
	log     zerolog.Logger
	api     *slack.Client
	web     *http.Client // for response_urls, which need no token
	methods *methods
	opens   *openThrottle
	dialer  *websocket.Dialer

	open     atomic.Int32 // sockets that are connected
	heard    atomic.Int64 // when a socket last heard something, in Unix nanoseconds
	badToken atomic.Pointer[string]

	listening *listening

	directory *directory
	making    singleflight.Group // of channels, by name

	mu   sync.Mutex
	self string // the bot's own user ID
	team string // the workspace's ID
}

// New returns a client. It does not connect.
func New(opt Options) *Client {
	opt.Silence = cmp.Or(opt.Silence, defaultSilence)
	c := &Client{opt: opt, log: opt.Log, methods: newMethods(), listening: newListening(opt.Silence)}
	c.directory = newDirectory(func(ctx context.Context, cursor string) ([]slack.Channel, string, error) {
		return c.listPage(ctx, cursor, false)
	})
	dial := opt.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: callTimeout,
		MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second,
	}
	c.opens = &openThrottle{next: limits(transport), observe: c.observe, lines: map[string]*openLine{}}
	c.web = &http.Client{Transport: transport, Timeout: callTimeout}
	c.api = opt.client(limits(transport))
	c.dialer = &websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second,
		WriteBufferSize: 32 << 10, // an answer in several fragments is lost (Slack does not join them)
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return heardConn{Conn: conn, silence: c.opt.Silence, heard: c.hear}, nil
		},
	}
	return c
}

// client returns slack-go's client over a transport.
func (opt Options) client(transport http.RoundTripper) *slack.Client {
	options := []slack.Option{
		slack.OptionHTTPClient(&http.Client{Transport: transport}),
		slack.OptionAppLevelToken(opt.AppToken),
		slack.OptionLog(stdlog.New(io.Discard, "", 0)), // it would print whole payloads
	}
	if opt.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(opt.APIURL, "/")+"/"))
	}
	return slack.New(opt.BotToken, options...)
}

func (c *Client) hear(t time.Time) {
	c.heard.Store(t.UnixNano())
	c.listening.heard(t)
}

// Heard returns when a socket last heard anything from Slack, pings included;
// the zero time when none ever did.
func (c *Client) Heard() time.Time {
	if n := c.heard.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// Silence returns [Options.Silence].
func (c *Client) Silence() time.Duration { return c.opt.Silence }

// Connected returns how many of the sockets are connected, as far as it has been
// noticed: one that has gone silent counts until it is renewed.
func (c *Client) Connected() int { return int(c.open.Load()) }

// Refused returns Slack's code when it does not take our tokens, else "".
func (c *Client) Refused() string {
	if code := c.badToken.Load(); code != nil {
		return *code
	}
	return ""
}

// Revoked notes that Slack has said, with this code, that it takes our tokens no
// longer.
func (c *Client) Revoked(code string) {
	if old := c.badToken.Swap(&code); old == nil || *old != code {
		c.log.Error().Str("error", code).Msg("Slack does not take the token; check slack.app_token and slack.bot_token")
	}
}

// Me returns the bot's own user ID as far as it is known, else "".
func (c *Client) Me() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}

// Self returns the bot's own user ID, asking Slack the first time.
func (c *Client) Self(ctx context.Context) (string, error) {
	if self := c.Me(); self != "" {
		return self, nil
	}
	var who *slack.AuthTestResponse
	err := c.call(ctx, "auth.test", func(ctx context.Context) (err error) {
		who, err = c.api.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	c.badToken.Store(nil)
	c.mu.Lock()
	c.self, c.team = who.UserID, who.TeamID
	c.mu.Unlock()
	c.log.Info().Str("team", who.Team).Str("user", who.User).Msg("Slack knows us")
	return who.UserID, nil
}

func (c *Client) observe(method, result string, took time.Duration) {
	if result != "ok" {
		c.log.Debug().Str("method", method).Str("result", result).Dur("took", took).Msg("slack call")
	}
	if c.opt.Observe != nil {
		c.opt.Observe(method, result, took)
	}
}
