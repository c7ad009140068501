package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// postAnew posts in the channel for announcements, which has refused the message
// under the ID that it had: incidents are announced there, and it is told when
// nobody else can be reached.
func (s *Slack) postAnew(ctx context.Context, was string, j ledger.Job, m message, why error) (ledger.Message, error) {
	id, tell, err := s.reopen(ctx, was, j)
	switch {
	case err == nil:
		defer tell(ctx)
		return s.post(ctx, id, j, m)
	case errors.Is(err, wire.ErrNotArchived):
		// It may have been deleted, and is then made anew.
		s.wire.Forget(s.opt.AnnounceChannel)
		if id, err = s.wire.EnsureChannel(ctx, s.opt.AnnounceChannel); err == nil && id != was {
			return s.post(ctx, id, j, m)
		}
		fallthrough
	case wire.Code(err) != "":
		return ledger.Message{}, why // which says what people can do
	default:
		return ledger.Message{}, err
	}
}

// reopen opens the channel for announcements again, or finds another one in its
// place, and returns its ID. Whoever has something to say there says it first, and
// then lets people know.
func (s *Slack) reopen(ctx context.Context, was string, j ledger.Job) (id string, tell func(context.Context), err error) {
	r, err := s.wire.Reopen(ctx, s.opt.AnnounceChannel, was)
	if err != nil {
		s.log.Error().Str("channel", s.opt.AnnounceChannel).Str("error", err.Error()).
			Msg("the bot cannot post in the channel for announcements, and has no other in its place; unarchive it, invite the bot, or name another one in slack.announce_channel")
		return "", nil, err
	}
	return r.ID, func(ctx context.Context) {
		if r.Anew && s.firstToTell(r.ID) {
			s.tellReopened(ctx, was, r.ID, j)
		}
	}, nil
}

// firstToTell reports whether nobody has told of this channel in the last minute:
// several jobs find out at the same time.
func (s *Slack) firstToTell(id string) bool {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.reopened[id]) < time.Minute {
		return false
	}
	s.reopened[id] = now
	return true
}

// tellReopened says loudly that the channel for announcements is not what it was:
// in the channel, in the log, and to everybody who is on call. A substitute has
// nobody in it, so they are invited.
func (s *Slack) tellReopened(ctx context.Context, was, id string, j ledger.Job) {
	name := "#" + s.opt.AnnounceChannel
	if s.opt.AnnounceChannel == was { // given by its ID
		name = "<#" + was + ">"
	}
	text := name + " was archived. It is open again, because incidents are announced there and it is told when nobody can be reached. To use another channel, name it in `slack.announce_channel` and restart the bot."
	if id != was {
		text = name + " is archived and the bot cannot open it again. Incidents are announced in <#" + id + "> instead, which is also told when nobody can be reached. Unarchive " + name + " and invite the bot, or name another channel in `slack.announce_channel`, and restart the bot."
	}
	s.log.Error().Str("channel", s.opt.AnnounceChannel).Str("in_use", id).Bool("substitute", id != was).
		Msg("the channel for announcements was archived")
	people := s.watching(ctx, j)
	options := []slack.MsgOption{slack.MsgOptionText(text, false), slack.MsgOptionBlocks(section(":warning: " + text))}
	for _, to := range append([]string{id}, people...) {
		if id != was && to != id {
			if err := s.wire.Invite(ctx, id, to); err != nil && wire.Code(err) != "already_in_channel" {
				s.log.Warn().Str("error", err.Error()).Msg("somebody on call could not be invited where incidents are announced now")
			}
		}
		err := wire.Patiently(ctx, func() error { _, err := s.wire.Post(ctx, to, options...); return err })
		if err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("somebody could not be told where incidents are announced now")
		}
	}
}

// watchingMost is how many people are told of trouble with the bot itself.
const watchingMost = 20

// watching are the Slack users who should know of trouble with the bot itself:
// whoever is on call, and who declared the incident that the job is about.
func (s *Slack) watching(ctx context.Context, j ledger.Job) []string {
	var users []string
	add := func(a incident.Actor) {
		if id := s.people.Current().SlackOf(a); id != "" && !slices.Contains(users, id) && len(users) < watchingMost {
			users = append(users, id)
		}
	}
	if j.Incident > 0 {
		if b, err := s.desk.Brief(ctx, j.Incident); err == nil {
			add(b.Incident.DeclaredBy)
		}
	}
	now := time.Now()
	roster := s.people.Current().Roster
	for n := range roster.Rotations {
		for _, p := range roster.Rotations[n].At(now).People {
			add(incident.Person(p))
		}
	}
	return users
}

// openAgain sees to it that an incident that goes on has a channel, after people
// have archived it: it is opened again, or the incident moves to another one. It
// reports whether the channel can be used now.
func (s *Slack) openAgain(ctx context.Context, b desk.Brief) bool {
	if !b.Incident.Status.Active() || b.Artifacts.Channel == "" {
		return false
	}
	was, err := s.wire.Unarchive(ctx, b.Artifacts.Channel)
	if wire.Code(err) != "" {
		_, err, _ = s.moving.Do(b.Incident.Name(), func() (any, error) { return nil, s.move(ctx, b.Incident.Number, b.Artifacts.Channel) })
	}
	if err != nil {
		s.log.Error().Str("incident", b.Incident.Name()).Str("error", err.Error()).
			Msg("the channel of an incident that goes on was archived; it cannot be opened again, nor another one made")
		return false
	}
	if was {
		text := "This channel was archived while " + b.Incident.Name() + " goes on, so it was opened again. Resolve the incident first."
		if _, err := s.wire.Post(ctx, b.Artifacts.Channel, slack.MsgOptionText(text, false), slack.MsgOptionBlocks(section(text))); err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("a channel was not told that it was opened again")
		}
	}
	return true
}

// move makes another channel for an incident, unless it has left the old one already.
func (s *Slack) move(ctx context.Context, n int, was string) error {
	b, err := s.desk.Brief(ctx, n)
	if err != nil || b.Artifacts.Channel != was {
		return err
	}
	made, err := s.newChannel(ctx, b.Incident, b.Incident.Title)
	if err != nil {
		return err
	}
	return s.desk.MoveChannel(ctx, n, was, made.Channel, made.ChannelName)
}
