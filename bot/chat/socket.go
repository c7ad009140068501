package chat

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// ackWithin is how long an act may take before it is answered with an apology:
// Slack shows the person an error after three seconds.
const ackWithin = 2500 * time.Millisecond

// drain takes everything off one socket, always, and at once: slack-go stops
// for good when nobody reads its channel. The work is done by the intake.
func (s *Slack) drain(ctx context.Context, name string, client *socketmode.Client, in *intake) error {
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
		case e := <-client.Events:
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
				}
			default:
				s.take(client, in, e)
			}
		}
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
	kind   string // slash_commands, interactive, events_api
	lane   string // envelopes of one lane are handled in their order
	client *socketmode.Client

	command     *slack.SlashCommand
	interaction *slack.InteractionCallback
	event       *slackevents.EventsAPIEvent
}

// take turns an event of slack-go into an envelope for the intake.
func (s *Slack) take(client *socketmode.Client, in *intake, e socketmode.Event) {
	env := envelope{client: client, kind: string(e.Type)}
	if e.Request != nil {
		env.id = e.Request.EnvelopeID
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		env.command, env.lane = &data, data.ChannelID
	case slack.InteractionCallback:
		env.interaction, env.lane = &data, interactionLane(&data)
	case slackevents.EventsAPIEvent:
		env.event, env.lane = &data, "events"
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

// interactionLane keeps what is pressed in one place in its order.
func interactionLane(i *slack.InteractionCallback) string {
	if i.Channel.ID != "" {
		return i.Channel.ID
	}
	return i.User.ID
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
	if !in.queues[h.Sum32()%workers].put(e) {
		in.s.log.Error().Str("kind", e.kind).Msg("too much is waiting; an envelope is left to Slack to repeat")
	}
}

// stop lets the workers finish what was taken in, and ends them.
func (in *intake) stop() {
	for _, q := range in.queues {
		q.close()
	}
	in.working.Wait()
	in.cancel()
}

// queue is one worker's unhandled envelopes.
type queue struct {
	mu     sync.Mutex
	items  []envelope
	closed bool
	ready  chan struct{}
}

func (q *queue) put(e envelope) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items) >= queueMost {
		return false
	}
	q.items = append(q.items, e)
	q.wake()
	return true
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
// trigger of a form lives three seconds from the press. A mistake of ours in it
// must not end the bot.
func (in *intake) handle(ctx context.Context, e envelope) {
	s := in.s
	defer func() {
		if r := recover(); r != nil {
			s.log.Error().Interface("panic", r).Str("kind", e.kind).Msg("an envelope could not be handled")
		}
	}()
	within, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	var a answer
	switch {
	case e.command != nil:
		a = s.command(within, *e.command)
	case e.interaction != nil:
		a = s.interact(within, *e.interaction)
	}
	s.ack(within, e, a.payload)
	if a.after != nil {
		in.working.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			a.after(ctx)
		})
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
		s.log.Warn().Str("kind", e.kind).Str("error", err.Error()).Msg("an acknowledgement was not sent")
	}
}
