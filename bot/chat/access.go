package chat

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// behindAll is the rank of calls for which nobody waits.
const behindAll = 1000

// learnOutsiders asks Slack who is a guest, and whose account is deactivated.
func (s *Slack) learnOutsiders(ctx context.Context) error {
	outsiders, gone, err := s.wire.Outsiders(wire.WithRank(ctx, behindAll))
	if err != nil {
		return err
	}
	return s.desk.LearnWorkspace(ctx, func(w *desk.Workspace) { w.Outsiders, w.Gone = outsiders, gone })
}

// learn asks Slack who is in the user groups and channels that the configuration gives
// rights to. What cannot be learnt stays as it is known.
func (s *Slack) learn(ctx context.Context) error {
	ctx = wire.WithRank(ctx, behindAll)
	groups, groupsErr := s.groupsOf(ctx, s.desk.AccessGroups())
	channels, channelsErr := s.channelsOf(ctx, s.desk.AccessChannels())
	learned := s.desk.LearnWorkspace(ctx, func(w *desk.Workspace) {
		if groupsErr == nil {
			w.Groups = groups
		}
		if channelsErr == nil {
			w.Channels = channels
		}
	})
	return errors.Join(groupsErr, channelsErr, learned)
}

// groupsOf returns the members of user groups, by what names them.
func (s *Slack) groupsOf(ctx context.Context, names []string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	all, err := s.wire.Groups(ctx)
	if err != nil {
		return nil, err
	}
	members := map[string][]string{}
	for _, g := range all {
		for _, name := range []string{strings.ToLower(g.ID), strings.ToLower(g.Handle)} {
			members[name] = g.Users
		}
	}
	return members, nil
}

// channelsOf returns the members of channels, by what names them. The bot must be in
// a private one to know of it.
func (s *Slack) channelsOf(ctx context.Context, names []string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	ids, err := s.wire.FindChannels(ctx, names...)
	if err != nil {
		return nil, err
	}
	members := map[string][]string{}
	for _, name := range names {
		id, ok := ids[wire.ChannelName(name)]
		if !ok {
			s.log.Warn().Str("channel", name).Msg("the configuration gives rights to a channel that cannot be found")
			continue
		}
		if members[strings.TrimPrefix(name, "#")], err = s.wire.Members(ctx, id); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// cameIn records that somebody is in a channel now. Whom the bot brings there is
// involved already, and a commit for each would say nothing new.
func (s *Slack) cameIn(ctx context.Context, e *slackevents.MemberJoinedChannelEvent) answer {
	if s.ours(e.User) || s.ours(e.Inviter) {
		return answer{}
	}
	if err := s.desk.Entered(ctx, desk.Visit{Channel: e.Channel, User: e.User, By: e.Inviter}); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("somebody who came into a channel is not recorded")
	}
	return answer{}
}

// wentOut records that somebody is not in a channel any more.
func (s *Slack) wentOut(ctx context.Context, e *slackevents.MemberLeftChannelEvent) answer {
	if s.ours(e.User) {
		return answer{}
	}
	if err := s.desk.Left(ctx, desk.Visit{Channel: e.Channel, User: e.User}); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("somebody who left a channel is not recorded")
	}
	return answer{}
}

// guestOrNot records whether somebody who is new, or was changed, is a guest, or has an
// account no more.
func (s *Slack) guestOrNot(ctx context.Context, event any) answer {
	var user string
	var outside, gone bool
	switch e := event.(type) {
	case *slackevents.TeamJoinEvent:
		if e.User == nil {
			return answer{}
		}
		user, outside = e.User.ID, e.User.IsRestricted || e.User.IsUltraRestricted || e.User.IsStranger
	case *slackevents.UserChangeEvent:
		user, outside, gone = e.User.ID, e.User.IsRestricted || e.User.IsUltraRestricted, e.User.Deleted
	}
	err := s.desk.LearnWorkspace(ctx, func(w *desk.Workspace) {
		w.Outsiders, w.Gone = withOrWithout(w.Outsiders, user, outside), withOrWithout(w.Gone, user, gone)
	})
	if err != nil {
		s.log.Warn().Str("error", wire.Plain(err)).Msg("whether somebody is a guest is not recorded")
	}
	return answer{}
}

// gone reports whether the account of somebody in the roster is deactivated.
func (s *Slack) gone(person string) bool { return s.desk.Deactivated(incident.Person(person)) }

// withOrWithout returns the list with a user in it, or without.
func withOrWithout(list []string, user string, in bool) []string {
	list = slices.DeleteFunc(list, func(u string) bool { return u == user })
	if in {
		list = append(list, user)
	}
	return list
}

// here records what an act in an incident's channel shows: that whoever acts is in it.
// It is for the day when Slack's own event did not come. A button can be pressed by
// those who only look into a public channel, so that a press shows it of a private one.
func (s *Slack) here(ctx context.Context, v desk.Visit) {
	if v.Channel == "" || v.User == "" || s.ours(v.User) {
		return
	}
	if err := s.desk.Entered(ctx, v); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("somebody who is in a channel is not recorded")
	}
}

// joinBlocks are the button that lifts a refusal by joining the incident's channel.
// Behind the number it carries what was typed, to be done then.
func joinBlocks(err error, typed string) []slack.Block {
	r, ok := errors.AsType[*incident.Refusal](err)
	if !ok || r.Join == 0 {
		return nil
	}
	value, label := strconv.Itoa(r.Join), "Join the channel"
	if typed != "" && length(typed) < 1900 {
		value, label = value+" "+typed, "Join the channel, and do it"
	}
	return []slack.Block{slack.NewActionBlock("join", button(actJoin, value, label, slack.StylePrimary))}
}

// joinThen brings somebody into an incident's channel, and then does what they were
// refused because they were not in it.
func (s *Slack) joinThen(c desk.Caller, user, value string) answer {
	number, typed, _ := strings.Cut(value, " ")
	n, _ := strconv.Atoi(number) // 0, which is no incident, is refused
	return s.workedOut(c, func(ctx context.Context) reply {
		b, err := s.desk.Show(ctx, c.Actor, n)
		if err != nil {
			return ephemeral(s.trouble(err))
		}
		if b.Artifacts.Channel == "" {
			return ephemeral(b.Incident.Name() + " has no channel.")
		}
		err = wire.Patiently(ctx, func() error { return s.wire.Invite(ctx, b.Artifacts.Channel, user) })
		if code := wire.Code(err); code != "" && code != "already_in_channel" {
			return ephemeral("You could not be brought into <#" + b.Artifacts.Channel + ">: " + inWords(code) + ".")
		} else if code == "" && err != nil {
			return ephemeral("Slack does not answer. Join <#" + b.Artifacts.Channel + ">, and do it again.")
		}
		if err := s.desk.Entered(ctx, desk.Visit{Channel: b.Artifacts.Channel, User: user}); err != nil {
			return ephemeral(s.trouble(err))
		}
		if typed == "" {
			return ephemeral("You are in <#" + b.Artifacts.Channel + "> now. Do it again.")
		}
		return s.onIncident(ctx, c, Parse(typed), n)
	})
}
