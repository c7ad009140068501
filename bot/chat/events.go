package chat

import (
	"context"

	"github.com/slack-go/slack/slackevents"
)

// happened handles an event. Whatever is not of use here is acknowledged like
// the rest, or Slack would repeat it.
func (s *Slack) happened(ctx context.Context, e slackevents.EventsAPIEvent, again bool) answer {
	switch event := e.InnerEvent.Data.(type) {
	case *slackevents.AppHomeOpenedEvent:
		if event.Tab != "home" {
			return answer{}
		}
		return answer{after: func(ctx context.Context) { s.openedHome(ctx, event.User) }}
	case *slackevents.PinAddedEvent:
		return s.pinned(ctx, event)
	case *slackevents.ReactionAddedEvent:
		return s.reacted(ctx, event)
	case *slackevents.PinRemovedEvent:
		return s.unpinned(ctx, event)
	case *slackevents.ReactionRemovedEvent:
		return s.unreacted(ctx, event)
	case *slackevents.AppMentionEvent:
		if event.BotID == "" {
			return s.typed(ctx, writing{event.User, event.Channel, event.TimeStamp, event.Text, false, again})
		}
	case *slackevents.MessageEvent:
		if event.ChannelType == "im" && written(event.SubType) && event.BotID == "" {
			return s.typed(ctx, writing{event.User, event.Channel, event.TimeStamp, event.Text, true, again})
		}
	case *slackevents.ChannelUnarchiveEvent, *slackevents.GroupUnarchiveEvent:
		s.wire.Forget(s.opt.AnnounceChannel) // it may be that one, in whose place another stands
	case *slackevents.MemberJoinedChannelEvent:
		return s.cameIn(ctx, event)
	case *slackevents.MemberLeftChannelEvent:
		return s.wentOut(ctx, event)
	case *slackevents.TeamJoinEvent, *slackevents.UserChangeEvent:
		return s.guestOrNot(ctx, event)
	case *slackevents.TokensRevokedEvent:
		s.wire.Revoked("token_revoked")
	case *slackevents.AppUninstalledEvent:
		s.wire.Revoked("app_uninstalled")
	}
	return answer{}
}
