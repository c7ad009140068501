package wire

import (
	"context"
	"errors"
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
// their order. It takes everything at once, and a lane waits for no other one: who
// is behind a slow commit must not decide who else is answered late.
type intake struct {
	c       *Client
	handler Handler
	do      func(context.Context, received) // handle; a test may have its own
	cancel  context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex
	some    sync.Cond // a lane is in next, or stopped is true
	lanes   map[string][]received
	next    []string // lanes with an envelope that nobody is at, in the order of their turns
	waiting int
	stopped bool
}

// workers is how many envelopes are handled at the same time. What they do is
// wait for the disk together: commits are shared.
const workers = 64

// waitingMost is how many envelopes may wait. Beyond that the newest are dropped
// unacknowledged: Slack tells the person, and repeats events.
const waitingMost = 100_000

func newIntake(c *Client, h Handler) *intake {
	ctx, cancel := context.WithCancel(context.Background())
	in := &intake{c: c, handler: h, cancel: cancel, lanes: map[string][]received{}}
	in.do = in.handle
	in.some.L = &in.mu
	for range workers {
		in.working.Go(func() { in.work(ctx) })
	}
	return in
}

func (in *intake) add(e received) {
	switch err := in.put(in.handler.Lane(e.Envelope), e); err {
	case errFull:
		in.c.log.Error().Str("kind", e.Kind).Msg("too much is waiting; an envelope is left to Slack to repeat")
	case errStopping:
		in.c.log.Info().Str("kind", e.Kind).Msg("stopping; an envelope is left to Slack to repeat")
	}
}

// Why an envelope is not taken.
var (
	errFull     = errors.New("too much is waiting")
	errStopping = errors.New("the bot is stopping")
)

func (in *intake) put(lane string, e received) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.stopped:
		return errStopping
	case in.waiting >= waitingMost:
		return errFull
	}
	in.waiting++
	if _, busy := in.lanes[lane]; !busy {
		in.next = append(in.next, lane)
		in.some.Signal()
	}
	in.lanes[lane] = append(in.lanes[lane], e)
	return nil
}

// work handles the first envelope of the next lane, again and again, until
// everything is done that was taken before stop.
func (in *intake) work(ctx context.Context) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		for len(in.next) == 0 {
			if in.stopped && in.waiting == 0 {
				in.some.Broadcast()
				return
			}
			in.some.Wait()
		}
		lane := in.next[0]
		in.next = in.next[1:]
		e := in.lanes[lane][0]
		in.mu.Unlock()
		in.do(ctx, e)
		in.mu.Lock()
		in.waiting--
		if rest := in.lanes[lane][1:]; len(rest) > 0 {
			in.lanes[lane] = rest
			in.next = append(in.next, lane)
			in.some.Signal()
		} else {
			delete(in.lanes, lane)
		}
		if in.stopped && in.waiting == 0 {
			in.some.Broadcast()
		}
	}
}

// stop takes nothing more in, lets what was taken in be finished for at most
// that long, and ends the workers.
func (in *intake) stop(most time.Duration) {
	in.mu.Lock()
	in.stopped = true
	in.some.Broadcast()
	in.mu.Unlock()
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
