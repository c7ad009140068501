package chat

import (
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// happened handles an event. Whatever is not of use here is acknowledged like
// the rest, or Slack would repeat it.
func (s *Slack) happened(ctx context.Context, e slackevents.EventsAPIEvent, again bool) answer {
	switch event := e.InnerEvent.Data.(type) {
	case *slackevents.AppHomeOpenedEvent:
		if event.Tab != "home" {
			return answer{}
		}
		return answer{after: func(ctx context.Context) { s.publishHome(ctx, event.User) }}
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
		if event.ChannelType == "im" && event.SubType == "" && event.BotID == "" {
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

// publishHome shows somebody the Home tab as it is now.
func (s *Slack) publishHome(ctx context.Context, user string) {
	active, err := s.desk.Active(ctx, s.people.Current().Actor(user))
	if err == nil {
		view := homeView(home{active: active, roster: s.people.Current().Roster, names: s.names(), now: time.Now(), command: s.opt.Command})
		err = s.wire.PublishView(ctx, user, view)
	}
	if err != nil {
		s.log.Warn().Str("error", err.Error()).Msg("a Home tab could not be shown")
	}
}

// home is what the Home tab shows.
type home struct {
	active  []incident.Incident // that its reader may see
	roster  *rotation.Roster
	names   names
	now     time.Time
	command string
}

// homeView is the Home tab: what is open, who is on call, and a way to declare.
func homeView(h home) slack.HomeTabViewRequest {
	blocks := []slack.Block{
		slack.NewActionBlock("home", button(actDeclare, "", "Declare an incident", slack.StyleDanger)),
		header("Open incidents"),
	}
	blocks = append(blocks, sections(listText(h.active, h.names, h.command))...)
	var lines []string
	for n := range h.roster.Rotations {
		lines = append(lines, rotationLine(&h.roster.Rotations[n], h.roster, h.names, h.now))
	}
	if len(lines) == 0 {
		lines = []string{"There is no rotation yet."}
	}
	blocks = append(blocks, header("On call"))
	for n, part := range parts(strings.Join(lines, "\n"), 2900) {
		if n == homeParts {
			blocks = append(blocks, contextLine("There are more."))
			break
		}
		blocks = append(blocks, section(part))
	}
	blocks = append(blocks, contextLine("As of "+at(h.now)+". Open the tab again for the latest."))
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

// homeParts is how many sections of people on call the Home tab has at most.
const homeParts = 10
