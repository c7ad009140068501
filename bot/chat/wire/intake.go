package wire

import (
	"context"
	"errors"
	"hash/fnv"
	"runtime/debug"
	"sync"
	"time"
)

// ackWithin is how long after its arrival an envelope may wait for its turn in the
// store before it is answered with an apology: Slack shows the person an error
// after three seconds. One that waited longer in the queue still gets actAtLeast.
const (
	ackWithin  = 2500 * time.Millisecond
	actAtLeast = 500 * time.Millisecond
	sendWithin = 5 * time.Second // for the acknowledgement, while a socket is being renewed
)

// intake handles envelopes on a fixed number of workers, those of one lane in
// their order. Its queues take everything at once.
type intake struct {
	c       *Client
	handler Handler
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

func newIntake(c *Client, h Handler) *intake {
	ctx, cancel := context.WithCancel(context.Background())
	in := &intake{c: c, handler: h, cancel: cancel}
	for range workers {
		q := &queue{ready: make(chan struct{}, 1)}
		in.queues = append(in.queues, q)
		in.working.Go(func() { q.work(ctx, in.handle) })
	}
	return in
}

func (in *intake) add(e received) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(in.handler.Lane(e.Envelope))) // never fails
	switch err := in.queues[h.Sum32()%workers].put(e); err {
	case errFull:
		in.c.log.Error().Str("kind", e.Kind).Msg("too much is waiting; an envelope is left to Slack to repeat")
	case errStopping:
		in.c.log.Info().Str("kind", e.Kind).Msg("stopping; an envelope is left to Slack to repeat")
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
	items  []received
	closed bool
	ready  chan struct{}
}

// Why a queue does not take an envelope.
var (
	errFull     = errors.New("the queue is full")
	errStopping = errors.New("the bot is stopping")
)

func (q *queue) put(e received) error {
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

func (q *queue) work(ctx context.Context, handle func(context.Context, received)) {
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

// handle answers one received, and acknowledges it only after what it asked for
// has committed. What takes the network comes after that, beside the queue: the
// trigger of a form lives three seconds from the press.
func (in *intake) handle(ctx context.Context, e received) {
	a := in.answer(ctx, e)
	sending, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	in.ack(sending, e, a.Payload)
	if a.After == nil {
		return
	}
	in.working.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		defer in.recovered(e, nil)
		a.After(ctx)
	})
}

// answer does what an envelope asks for. A mistake of ours in it must not end the
// bot, nor be repeated by Slack for ever.
func (in *intake) answer(ctx context.Context, e received) (a Answer) {
	defer in.recovered(e, &a)
	left := max(ackWithin-time.Since(e.Came), actAtLeast)
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	return in.handler.Handle(ctx, e.Envelope)
}

// recovered ends a panic in what an envelope asked for, with an apology where an
// answer can be given.
func (in *intake) recovered(e received, a *Answer) {
	r := recover()
	if r == nil {
		return
	}
	in.c.log.Error().Interface("panic", r).Bytes("stack", debug.Stack()).Str("kind", e.Kind).Msg("an envelope could not be handled")
	if a != nil && e.Command != nil {
		a.Payload = in.handler.Broken
	}
}

// ack acknowledges an envelope, with an answer or without. An answer that Slack
// would silently drop for its size is replaced by a short one.
func (in *intake) ack(ctx context.Context, e received, payload any) {
	err := e.client.AckCtx(ctx, e.ID, payload)
	if err != nil && ctx.Err() == nil && payload != nil {
		err = e.client.AckCtx(ctx, e.ID, in.handler.TooLong)
	}
	if err != nil {
		in.c.log.Warn().Str("kind", e.Kind).Str("error", Plain(err)).Msg("an acknowledgement was not sent")
	}
}
