package chat

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"runtime/debug"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// ackWithin is how long after its arrival an envelope may wait for its turn in the
// store before it is answered with an apology: Slack shows the person an error
// after three seconds. One that waited longer in the queue still gets actAtLeast.
const (
	ackWithin  = 2500 * time.Millisecond
	actAtLeast = 500 * time.Millisecond
	sendWithin = 5 * time.Second // for the acknowledgement, while a socket is being renewed
)

// socket is one Socket Mode connection, over all its renewals.
type socket struct {
	client *socketmode.Client
	failed chan struct{} // holds a token when it could not be opened
}

// drain takes everything off one socket, always, and at once: slack-go stops
// for good when nobody reads its channel. The work is done by the intake.
func (s *Slack) drain(ctx context.Context, name string, sock *socket, in *intake) error {
	connected := false
	defer func() {
		if connected {
			s.up.Add(-1)
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-sock.client.Events:
			switch e.Type {
			case socketmode.EventTypeConnecting:
				if connected {
					connected = false
					s.up.Add(-1)
					s.log.Info().Str("socket", name).Msg("socket is being renewed")
				}
			case socketmode.EventTypeConnected:
				connected = true
				s.up.Add(1)
				s.badToken.Store(nil)
				s.opens.connected(name, time.Now())
				s.log.Info().Str("socket", name).Msg("socket is open")
			case socketmode.EventTypeConnectionError:
				if c, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
					s.log.Warn().Str("socket", name).Str("error", plainOpen(c.ErrorObj)).Msg("socket does not open")
					sock.fail(c.ErrorObj)
				}
			default:
				s.take(sock.client, in, e)
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
	if code := slackCode(err); code != "" {
		return code
	}
	return plain(err)
}

// envelope is something that came over a socket and must be acknowledged.
type envelope struct {
	id     string
	came   time.Time
	kind   string // slash_commands, interactive, events_api
	lane   string // envelopes of one lane are handled in their order
	client *socketmode.Client

	command     *slack.SlashCommand
	interaction *slack.InteractionCallback
	event       *slackevents.EventsAPIEvent
}

// take turns an event of slack-go into an envelope for the intake.
func (s *Slack) take(client *socketmode.Client, in *intake, e socketmode.Event) {
	env := envelope{client: client, kind: string(e.Type), came: time.Now()}
	if e.Request != nil {
		env.id = e.Request.EnvelopeID
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		env.command, env.lane = &data, commandLane(&data)
	case slack.InteractionCallback:
		env.interaction, env.lane = &data, data.User.ID
	case slackevents.EventsAPIEvent:
		env.event, env.lane = &data, env.id
	case *socketmode.ErrorBadMessage:
		env.id = unparsed(data)
		s.log.Warn().Str("envelope", env.id).Msg("an envelope that cannot be read is acknowledged and dropped")
	}
	if env.id == "" {
		return // hello, and what slack-go says of itself
	}
	if s.opt.Envelope != nil {
		s.opt.Envelope(env.kind)
	}
	in.add(env)
}

// commandLane keeps what one person does in its order. A new incident depends on
// nothing before it.
func commandLane(c *slack.SlashCommand) string {
	if Parse(c.Text).Word == "declare" {
		return c.TriggerID
	}
	return c.UserID
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

// intake handles envelopes on a fixed number of workers, those of one lane in
// their order. Its queues take everything at once.
type intake struct {
	s       *Slack
	queues  []*queue
	working sync.WaitGroup
	cancel  context.CancelFunc
}

// workers is how many envelopes are handled at the same time. What they do is
// wait for the disk together: commits are shared.
const workers = 64

// queueMost is how many envelopes may wait for one worker. Beyond that the
// newest are dropped unacknowledged: Slack tells the person, and repeats events.
const queueMost = 2000

func newIntake(s *Slack) *intake {
	ctx, cancel := context.WithCancel(context.Background())
	in := &intake{s: s, cancel: cancel}
	for range workers {
		q := &queue{ready: make(chan struct{}, 1)}
		in.queues = append(in.queues, q)
		in.working.Go(func() { q.work(ctx, in.handle) })
	}
	return in
}

func (in *intake) add(e envelope) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.lane)) // never fails
	switch err := in.queues[h.Sum32()%workers].put(e); err {
	case errFull:
		in.s.log.Error().Str("kind", e.kind).Msg("too much is waiting; an envelope is left to Slack to repeat")
	case errStopping:
		in.s.log.Info().Str("kind", e.kind).Msg("stopping; an envelope is left to Slack to repeat")
	}
}

// stop takes nothing more in, lets what was taken in be finished for at most
// that long, and ends the workers.
func (in *intake) stop(most time.Duration) {
	for _, q := range in.queues {
		q.close()
	}
	finished := make(chan struct{})
	go func() {
		in.working.Wait()
		close(finished)
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-finished:
	case <-timer.C:
	}
	in.cancel()
	<-finished
}

// queue is one worker's unhandled envelopes.
type queue struct {
	mu     sync.Mutex
	items  []envelope
	closed bool
	ready  chan struct{}
}

// Why a queue does not take an envelope.
var (
	errFull     = errors.New("the queue is full")
	errStopping = errors.New("the bot is stopping")
)

func (q *queue) put(e envelope) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errStopping
	}
	if len(q.items) >= queueMost {
		return errFull
	}
	q.items = append(q.items, e)
	q.wake()
	return nil
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

func (q *queue) work(ctx context.Context, handle func(context.Context, envelope)) {
	for {
		q.mu.Lock()
		items, closed := q.items, q.closed
		q.items = nil
		q.mu.Unlock()
		for _, e := range items {
			handle(ctx, e)
		}
		if closed && len(items) == 0 {
			return
		}
		if len(items) == 0 {
			<-q.ready
		}
	}
}

// handle answers one envelope, and acknowledges it only after what it asked for
// has committed. What takes the network comes after that, beside the queue: the
// trigger of a form lives three seconds from the press.
func (in *intake) handle(ctx context.Context, e envelope) {
	a := in.answer(ctx, e)
	sending, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	in.s.ack(sending, e, a.payload)
	if a.after == nil {
		return
	}
	in.working.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		defer in.recovered(e, nil)
		a.after(ctx)
	})
}

// answer does what an envelope asks for. A mistake of ours in it must not end the
// bot, nor be repeated by Slack for ever.
func (in *intake) answer(ctx context.Context, e envelope) (a answer) {
	defer in.recovered(e, &a)
	left := max(ackWithin-time.Since(e.came), actAtLeast)
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	switch {
	case e.command != nil:
		return in.s.command(ctx, *e.command)
	case e.interaction != nil:
		return in.s.interact(ctx, *e.interaction)
	case e.event != nil:
		return in.s.happened(ctx, *e.event)
	default:
		return answer{}
	}
}

// recovered ends a panic in what an envelope asked for, with an apology where an
// answer can be given.
func (in *intake) recovered(e envelope, a *answer) {
	r := recover()
	if r == nil {
		return
	}
	in.s.log.Error().Interface("panic", r).Bytes("stack", debug.Stack()).Str("kind", e.kind).Msg("an envelope could not be handled")
	if a != nil && e.command != nil {
		a.payload = ephemeral("That did not work, and the mistake is ours. It is in the bot's log.")
	}
}

// ack acknowledges an envelope, with an answer or without. An answer that Slack
// would silently drop for its size is replaced by a short one.
func (s *Slack) ack(ctx context.Context, e envelope, payload any) {
	err := e.client.AckCtx(ctx, e.id, payload)
	if err != nil && ctx.Err() == nil && payload != nil {
		err = e.client.AckCtx(ctx, e.id, ephemeral("The answer is too long to show here. Look at one incident at a time."))
	}
	if err != nil {
		s.log.Warn().Str("kind", e.kind).Str("error", plain(err)).Msg("an acknowledgement was not sent")
	}
}
