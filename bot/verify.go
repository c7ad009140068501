package bot

import "context"

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
