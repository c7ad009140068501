package bot

import (
	"context"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

// verify has the rest of a large store read while work goes on. A damaged one is told of as
// loudly as can be, and used on: whoever must be paged is not in the damaged part, or else
// paging says so itself, and a bot that has stopped pages nobody.
func (opt Options) verify(ctx context.Context) error {
	opt.Log.Info().Msg("the store is large: its records are read while work goes on")
	err := opt.Verify(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		opt.Log.Info().Msg("every record of the store was read: it is whole")
		return nil
	}
	opt.Log.Error().Err(err).Msg("a part of the store's file is damaged; work goes on, and what lies in that part cannot be read or changed")
	text := "A part of the store's file is damaged. Paging goes on, and what lies in that part cannot be read or changed. " +
		"At a quiet moment stop the bot and put the last sound copy back with `stormbell restore`. The log says what is wrong."
	if err := opt.Desk.Alarm(ctx, text); err != nil && ctx.Err() == nil {
		opt.Log.Error().Err(err).Msg("the announcement channel could not be told that the store is damaged")
	}
	return nil
}

// tellAlarms passes on to the operators what the store has for them.
func (opt Options) tellAlarms(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case text := <-opt.Alarms:
			if err := opt.Desk.Alarm(ctx, text); err != nil && ctx.Err() == nil {
				opt.Log.Error().Err(err).Msg("the announcement channel could not be told what the store says")
			}
		}
	}
}

// damagedTold is how many damaged records the operators are told of one by one; the log has
// all of them.
const damagedTold = 10

// tellDamaged tells the operators of each record that somebody finds to be damaged, one of
// each incident.
func (opt Options) tellDamaged(ctx context.Context) error {
	found := make(chan string, 1000)
	opt.Ledger.WhenDamaged(func(key string) {
		select {
		case found <- key:
		default: // the store is lost, and was told of often enough
		}
	})
	told := map[int]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case key := <-found:
			opt.Log.Error().Str("record", key).Msg("a record of the store is damaged; work goes on without it")
			if opt.Damaged != nil {
				opt.Damaged()
			}
			n := ledger.IncidentOf(key)
			if told[n] && n > 0 || len(told) >= damagedTold {
				continue
			}
			told[n] = true
			if err := opt.Desk.Alarm(ctx, desk.DamagedText(key)); err != nil && ctx.Err() == nil {
				opt.Log.Error().Err(err).Msg("the announcement channel could not be told that a record is damaged")
			}
		}
	}
}
