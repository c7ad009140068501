package chat

import (
	"context"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/chat/wire"
)

// lateAfter is how old something written to the bot may be that Slack delivers once
// more: what is older may not be wanted any more.
const lateAfter = 90 * time.Second

// noteHeard is how often it is looked whether to record until when Slack was heard,
// though nothing else is.
const noteHeard = 5 * time.Minute

// listen has what was missed read back whenever Slack is heard again, and keeps until
// when it was, until ctx ends.
func (s *Slack) listen(ctx context.Context) error {
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			gap, err := s.wire.Missed(ctx)
			if err != nil {
				return
			}
			if s.readBackSince(ctx, gap) { // before that, what is recorded must stay as it is
				s.desk.Hears(s.wire.Listened)
			}
		}
	})
	defer reading.Wait()
	for passed(ctx, noteHeard) {
		s.keepHeard(ctx, false)
	}
	s.keepHeard(context.WithoutCancel(ctx), true)
	return nil
}

// keepHeard records until when Slack was heard.
func (s *Slack) keepHeard(ctx context.Context, last bool) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.desk.KeepHeard(ctx, last); err != nil && ctx.Err() == nil && !last {
		s.log.Warn().Err(err).Msg("it could not be recorded until when Slack was heard")
	}
}

// readBackSince has a gap read back, and reports whether that is durable. The first one of
// a process begins where an earlier process heard Slack last; of a new store there is
// nothing to read.
func (s *Slack) readBackSince(ctx context.Context, gap wire.Gap) bool {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.readBackOnce(ctx, gap)
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		s.log.Error().Err(err).Msg("what was missed cannot be read back yet; trying again")
		if !passed(ctx, wait) {
			return false
		}
	}
}

func (s *Slack) readBackOnce(ctx context.Context, gap wire.Gap) error {
	if gap.From.IsZero() {
		at, err := s.desk.Heard(ctx)
		if err != nil || at.IsZero() || gap.To.Sub(at) < s.wire.Silence() {
			return err
		}
		gap.From = at
	}
	s.deaf.mu.Lock()
	s.deaf.Gap = gap
	s.deaf.mu.Unlock()
	read, left, err := s.desk.ReadBack(ctx, gap.From, gap.To)
	if err == nil {
		s.log.Info().Time("from", gap.From).Time("to", gap.To).Int("incidents", read).Int("left_out", left).
			Msg("Slack was not heard; what was missed is read back")
	}
	return err
}

// wasDeaf returns the time around an instant in which Slack was not heard; the zero gap
// where none is known.
func (s *Slack) wasDeaf(at time.Time) wire.Gap {
	s.deaf.mu.Lock()
	defer s.deaf.mu.Unlock()
	if at.Before(s.deaf.From.Add(-time.Minute)) || at.After(s.deaf.To.Add(time.Minute)) {
		return wire.Gap{}
	}
	return s.deaf.Gap
}
