package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// ours reports whether a user is the bot, as far as it knows itself by now.
func (s *Slack) ours(user string) bool {
	return user != "" && user == s.wire.Me()
}

// refusalOr is an error in words for a log: a refusal's own, else only its kind,
// since its text may hold what somebody wrote.
func refusalOr(err error) string {
	if r, ok := errors.AsType[*incident.Refusal](err); ok {
		return r.Why
	}
	return wire.Plain(err)
}

// writing is what somebody wrote to the bot.
type writing struct {
	user, channel, ts, text string
	direct                  bool // in a direct message
	again                   bool // Slack delivers it once more
}

// written reports whether a message of that subtype is what somebody wrote: alone, with
// files, in a thread and shown in the channel too, or about themselves. The others tell
// what was done to a message or a channel.
func written(subtype string) bool {
	return slices.Contains([]string{"", "file_share", "thread_broadcast", "me_message"}, subtype)
}

// key is by which it is known whether it was dealt with.
func (w writing) key() string { return key("wrote", w.ts, w.user, w.channel) }

// typed answers what somebody writes to the bot: in direct messages as a
// command, so that "ack" answers a page; elsewhere with what it understands.
// What comes late, or was answered before, is not carried out.
func (s *Slack) typed(ctx context.Context, w writing) answer {
	if w.user == "" || s.ours(w.user) {
		return answer{}
	}
	if done, err := s.desk.WasWritten(ctx, w.key()); err == nil && done {
		return answer{}
	}
	if w.again && time.Since(writtenAt(w.ts)) > lateAfter {
		s.missed(ctx, w, s.wasDeaf(writtenAt(w.ts)))
		return answer{}
	}
	r := s.help("")
	if w.direct {
		r = s.typedCommand(ctx, w.user, w.ts, w.text)
	}
	if err := s.desk.Wrote(ctx, w.key()); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("it is not recorded that somebody who wrote to the bot is answered")
	}
	return answer{after: func(ctx context.Context) {
		var blocks []slack.Block
		if r.Blocks != nil {
			blocks = r.Blocks.BlockSet
		}
		options := []slack.MsgOption{slack.MsgOptionText(r.Text, false), slack.MsgOptionBlocks(blocks...)}
		err := wire.Patiently(ctx, func() (err error) {
			if w.direct {
				_, err = s.wire.Post(ctx, w.channel, options...)
			} else {
				err = s.wire.PostEphemeral(ctx, w.channel, w.user, options...)
			}
			return err
		})
		if err != nil {
			s.log.Warn().Str("error", wire.Plain(err)).Msg("somebody who wrote to the bot was not answered")
		}
	}}
}

// typedCommand carries out what was written to the bot, if it is about one
// incident. "ack" without a name means the one page that waits for an answer.
func (s *Slack) typedCommand(ctx context.Context, user, ts, text string) reply {
	cmd, who := Parse(text), s.people.Current().Actor(user)
	switch cmd.Word {
	case "list":
		return s.list(ctx, who, cmd.Text, 0)
	case "search":
		return s.search(ctx, who, cmd.Text, 0)
	case "silence", "maintenance", "silences":
		return s.quietTyped(ctx, desk.Caller{Actor: who, Key: key("typed", ts, user)}, Parse(unlinked(text)), user)
	case "followups":
		return s.followUpsCommand(ctx, who, cmd, "")
	case "export":
		return s.exportCommand(ctx, desk.Caller{Actor: who, Key: key("typed", ts, user)}, cmd, "")
	case "done", "drop", "date", "give":
		return s.followUpCommand(ctx, desk.Caller{Actor: who, Key: key("typed", ts, user)}, cmd, "")
	case "", "help", "declare": // a form needs a command or a button
		return s.help("")
	}
	if cmd.Word == "ack" && cmd.Incident == 0 {
		active, err := s.desk.Active(ctx, who)
		if err != nil {
			return ephemeral(s.trouble(err))
		}
		active = slices.DeleteFunc(active, func(i incident.Incident) bool { return i.Acked() || !slices.Contains(i.Called, who) })
		if len(active) == 1 {
			cmd.Incident = active[0].Number
		}
	}
	n, err := s.which(ctx, who, cmd, "")
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	return s.onAll(ctx, desk.Caller{Actor: who, Key: key("typed", ts, user)}, cmd, n)
}
