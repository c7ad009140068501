package chat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// clashes is how many names are tried for a channel.
const clashes = 20

// makeChannel makes the incident's channel, or adopts the one that an earlier
// try made: ours by name, creator and age, and no other incident's.
func (s *Slack) makeChannel(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Artifacts.Channel != "" {
		return desk.Outcome{Channel: t.Artifacts.Channel, ChannelName: t.Incident.ChannelName}, nil
	}
	return s.newChannel(ctx, t.Incident, t.Job.Text)
}

func (s *Slack) newChannel(ctx context.Context, i incident.Incident, title string) (desk.Outcome, error) {
	for clash := range clashes {
		if clash == 1 {
			continue // the second of a name is number 2
		}
		name := incident.ChannelName(i.Number, title, clash)
		made, err := s.wire.CreateChannel(ctx, name, i.Private)
		switch code := wire.Code(err); {
		case err == nil:
			return desk.Outcome{Channel: made.ID, ChannelName: made.Name}, nil
		case code == "name_taken":
			id, err := s.adopt(ctx, i, name)
			if err != nil || id != "" {
				return desk.Outcome{Channel: id, ChannelName: name}, err
			}
		case strings.HasPrefix(code, "invalid_name") && title != "":
			title = "" // Slack's rules are stricter than we know
		case code != "":
			// Only people can mend this; they may do so while the incident lasts.
			return desk.Outcome{}, &desk.Retry{After: mendedWithin, Alone: true, Words: inWords(code), Cause: errors.New(inWords(code))}
		default:
			return desk.Outcome{}, err
		}
	}
	taken := "all names for its channel are taken"
	return desk.Outcome{}, &desk.Retry{After: mendedWithin, Alone: true, Words: taken, Cause: errors.New(taken)}
}

// mendedWithin is how often a channel is tried that only people can make possible.
const mendedWithin = 2 * time.Minute

// clockSkew is how much Slack's clock may differ from ours.
const clockSkew = 2 * time.Minute

// adopt returns the channel of that name if an earlier try made it for this
// incident, or "".
func (s *Slack) adopt(ctx context.Context, i incident.Incident, name string) (string, error) {
	self, err := s.wire.Self(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.wire.LookUp(ctx, name)
	if wire.Code(err) != "" {
		return "", nil // it cannot be seen, so another name is taken
	}
	if err != nil || c == nil || c.Creator != self {
		return "", err
	}
	if c.Created.Before(i.Declared.Add(-clockSkew)) {
		return "", nil
	}
	if _, taken, err := s.desk.InChannel(ctx, c.ID); err != nil || taken {
		return "", err
	}
	return c.ID, nil
}

// invitesMost is how many people one call invites (Slack: conversations.invite).
const invitesMost = 100

// invite brings everybody who belongs there into the channel, in one call for a
// hundred; when Slack refuses one of them, one after another.
func (s *Slack) invite(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	b := t.Brief
	var users []string
	for _, a := range b.Belongs {
		if id := s.people.Current().SlackOf(a); id != "" && !slices.Contains(b.Artifacts.Invited, id) && !slices.Contains(b.Artifacts.Present, id) && !slices.Contains(users, id) {
			users = append(users, id)
		}
	}
	o := desk.Outcome{}
	for part := range slices.Chunk(users, invitesMost) {
		err := s.wire.Invite(ctx, b.Artifacts.Channel, part...)
		if wire.Code(err) != "" && len(part) > 1 {
			err = s.inviteEach(ctx, b.Artifacts.Channel, part, &o)
		} else if wire.Code(err) != "" {
			s.uninvited(&o, part[0], err)
			err = nil
		}
		if err != nil {
			return desk.Outcome{}, err
		}
		o.Invited = append(o.Invited, part...)
	}
	return o, nil
}

// inviteEach invites people one by one, since Slack refuses all for one.
func (s *Slack) inviteEach(ctx context.Context, channel string, users []string, o *desk.Outcome) error {
	for _, u := range users {
		err := s.wire.Invite(ctx, channel, u)
		if err != nil && wire.Code(err) == "" {
			return err
		}
		s.uninvited(o, u, err)
	}
	return nil
}

// uninvited remarks who could not be invited. Who is there already is no trouble.
func (s *Slack) uninvited(o *desk.Outcome, user string, err error) {
	if c := wire.Code(err); c != "" && c != "already_in_channel" && c != "cant_invite_self" {
		o.Remark = strings.TrimSpace(o.Remark + " Could not invite " + s.nameOf(user) + ": " + inWords(c) + ".")
	}
}

// setTopic makes the channel's topic say how the incident stands. Slack posts a
// line for each setting, so one that stands there already is left alone.
func (s *Slack) setTopic(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	b := t.Brief
	want := topic(b, s.names(), s.opt.Zone)
	s.mu.Lock()
	stands, known := s.topics[b.Artifacts.Channel]
	s.mu.Unlock()
	if !known { // since the start
		sign, err := s.wire.ReadSign(ctx, b.Artifacts.Channel)
		if err != nil && wire.Code(err) == "" {
			return desk.Outcome{}, err
		}
		stands = sign.Topic
	}
	if !sameText(stands, want) {
		if err := s.wire.SetTopic(ctx, b.Artifacts.Channel, want); err != nil {
			return desk.Outcome{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.topics) > rememberMost {
		clear(s.topics)
	}
	s.topics[b.Artifacts.Channel] = want
	return desk.Outcome{}, nil
}

// setPurpose sets the channel's purpose, unless an earlier try has done so.
func (s *Slack) setPurpose(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	want := purpose(t.Brief)
	if t.Job.Doubtful {
		sign, err := s.wire.ReadSign(ctx, t.Artifacts.Channel)
		if err != nil || sameText(sign.Purpose, want) {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, s.wire.SetPurpose(ctx, t.Artifacts.Channel, want)
}

// slackLink is a link as Slack writes it when it finds an address in plain text.
var slackLink = pattern.New(`<(?:[^<>|]*\|)?([^<>|]*)>`)

// sameText reports whether Slack has written a text as what was sent: it makes
// links of the addresses in it.
func sameText(read, sent string) bool {
	return slackLink.ReplaceAllString(read, "$1") == slackLink.ReplaceAllString(sent, "$1")
}
