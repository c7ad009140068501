package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	stdlog "log"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/errgroup"
)

// sockets is how many Socket Mode connections are kept, of the ten that Slack
// allows an app: while one is being renewed the other one hears.
const sockets = 2

// drainWithin is how long what was taken in may take when the bot stops, and
// flushWithin how long the last acknowledgements have to leave.
const (
	drainWithin = 2500 * time.Millisecond
	flushWithin = 100 * time.Millisecond
)

// Run keeps the sockets open and hands what comes to the handler, until ctx ends.
// Everything that was taken in is finished before it returns, and acknowledged:
// the sockets live as long as that takes.
func (c *Client) Run(ctx context.Context, h Handler) error {
	open, shut := context.WithCancel(context.WithoutCancel(ctx))
	defer shut()
	var g errgroup.Group
	intake := newIntake(c, h)
	for n := range sockets {
		name := string(rune('a' + n))
		api := c.opt.client(c.opens.throttled(name))
		client := socketmode.New(api, socketmode.OptionDialer(c.dialer), socketmode.OptionPingInterval(c.opt.Silence),
			socketmode.OptionLog(stdlog.New(io.Discard, "", 0)), socketmode.OptionReadLimit(4<<20))
		sock := &socket{client: client, failed: make(chan struct{}, 1)}
		g.Go(func() error { return c.keepOpen(open, name, sock) })
		g.Go(func() error { return c.drain(open, name, sock, intake) })
	}
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
func (c *Client) keepOpen(ctx context.Context, name string, sock *socket) error {
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
			c.Revoked(code)
		} else {
			c.log.Error().Str("socket", name).Str("error", Plain(err)).Msg("socket ended; trying again in a minute")
		}
		if pause(ctx, time.Minute) != nil {
			return nil
		}
	}
}

// socket is one Socket Mode connection, over all its renewals.
type socket struct {
	client *socketmode.Client
	failed chan struct{} // holds a token when it could not be opened
}

// drain takes everything off one socket, always, and at once: slack-go stops
// for good when nobody reads its channel. The work is done by the intake.
func (c *Client) drain(ctx context.Context, name string, sock *socket, in *intake) error {
	connected := false
	note := func(now bool) {
		if now != connected {
			c.open.Add(map[bool]int32{true: 1, false: -1}[now])
			if now {
				c.listening.opened(time.Now())
			} else {
				c.listening.closed()
			}
		}
		connected = now
	}
	defer note(false)
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-sock.client.Events:
			switch e.Type {
			case socketmode.EventTypeConnecting:
				if connected {
					note(false)
					c.log.Info().Str("socket", name).Msg("socket is being renewed")
				}
			case socketmode.EventTypeConnected:
				note(true)
				c.badToken.Store(nil)
				c.opens.connected(name, time.Now())
				c.log.Info().Str("socket", name).Msg("socket is open")
			case socketmode.EventTypeConnectionError:
				if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
					c.log.Warn().Str("socket", name).Str("error", plainOpen(failed.ErrorObj)).Msg("socket does not open")
					sock.fail(failed.ErrorObj)
				}
			default:
				c.take(sock.client, in, e)
			}
		}
	}
}

// fail makes slack-go begin anew, unless Slack has said how long to wait, or it is
// our own ending of the try before that it complains about.
func (s *socket) fail(err error) {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) || errors.Is(err, context.Canceled) {
		return
	}
	select {
	case s.failed <- struct{}{}:
	default:
	}
}

// plainOpen says why a socket does not open, without its ticket.
func plainOpen(err error) string {
	if err == nil {
		return ""
	}
	if code := Code(err); code != "" {
		return code
	}
	return Plain(err)
}

// Envelope is something that came over a socket and must be acknowledged. One of
// the last three is set, or none where it cannot be read.
type Envelope struct {
	ID    string
	Came  time.Time
	Kind  string // slash_commands, interactive, events_api
	Again bool   // Slack delivers it once more, since it was not acknowledged before

	Command     *slack.SlashCommand
	Interaction *slack.InteractionCallback
	Event       *slackevents.EventsAPIEvent
}

// Answer is what acknowledges an envelope, and what is done right after the
// acknowledgement.
type Answer struct {
	Payload any // what the person sees at once; nil: nothing
	After   func(context.Context)
}

// Handler is who handles the envelopes.
type Handler struct {
	// Lane names the queue of an envelope: those of one lane are handled in their
	// order, one after another. An empty name is as good as any other.
	Lane func(Envelope) string
	// Handle does what an envelope asks for. Its context ends before Slack shows the
	// person an error.
	Handle func(context.Context, Envelope) Answer
	// Broken answers a command whose handling has panicked, TooLong is sent in the
	// place of an answer that Slack would drop for its size.
	Broken, TooLong any
}

// received is an envelope and the socket that it is acknowledged on.
type received struct {
	Envelope
	client *socketmode.Client
}

// take turns an event of slack-go into an envelope for the intake.
func (c *Client) take(client *socketmode.Client, in *intake, e socketmode.Event) {
	env := Envelope{Kind: string(e.Type), Came: time.Now()}
	if e.Request != nil {
		env.ID, env.Again = e.Request.EnvelopeID, e.Request.RetryAttempt > 0
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		env.Command = &data
	case slack.InteractionCallback:
		env.Interaction = &data
	case slackevents.EventsAPIEvent:
		env.Event = &data
	case *socketmode.ErrorBadMessage:
		env.ID = unparsed(data)
		c.log.Warn().Str("envelope", env.ID).Msg("an envelope that cannot be read is acknowledged and dropped")
	}
	if env.ID == "" {
		return // hello, and what slack-go says of itself
	}
	if c.opt.Envelope != nil {
		c.opt.Envelope(env.Kind)
	}
	in.add(received{env, client})
}

// unparsed returns the ID of an envelope that slack-go could not parse, so that
// it can be acknowledged all the same: Slack would repeat it for ever.
func unparsed(bad *socketmode.ErrorBadMessage) string {
	var head struct {
		ID string `json:"envelope_id"`
	}
	_ = json.Unmarshal(bad.Message, &head) // without an ID there is nothing to acknowledge
	return head.ID
}
