package chat

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// pushpin is the reaction that marks a message for the timeline.
const pushpin = "pushpin"

// The ways in which a message is marked. A pin is everybody's; a reaction and the use of
// the shortcut are those of a user.
const wayPin = "pin"

func wayReaction(user string) string { return "reaction:" + user }

func wayShortcut(user string) string { return "shortcut:" + user }

// pinned puts a message that somebody pins in an incident's channel into its timeline.
// What the bot pins, and what it wrote, is there already.
func (s *Slack) pinned(ctx context.Context, e *slackevents.PinAddedEvent) answer {
	m := e.Item.Message
	if m == nil || s.ours(e.User) || s.ours(m.User) {
		return answer{}
	}
	s.mark(ctx, marker{e.User, e.EventTimestamp}, desk.Marking{Message: ledger.Message{Channel: e.Channel, TS: m.Timestamp}, Way: wayPin, When: writtenAt(e.EventTimestamp),
		Author: s.people.Current().Actor(m.User), Text: named(tidy(m.Text), s.nameOf)})
	return answer{}
}

// reacted does the same for a message that is marked with a pushpin.
func (s *Slack) reacted(ctx context.Context, e *slackevents.ReactionAddedEvent) answer {
	if e.Reaction != pushpin || e.Item.Type != "message" || s.ours(e.User) || s.ours(e.ItemUser) {
		return answer{}
	}
	s.mark(ctx, marker{e.User, e.EventTimestamp}, desk.Marking{Message: ledger.Message{Channel: e.Item.Channel, TS: e.Item.Timestamp}, Way: wayReaction(e.User), When: writtenAt(e.EventTimestamp)})
	return answer{}
}

// unpinned and unreacted take a mark off again.
func (s *Slack) unpinned(ctx context.Context, e *slackevents.PinRemovedEvent) answer {
	if m := e.Item.Message; m != nil {
		s.unmark(ctx, marker{e.User, e.EventTimestamp}, ledger.Message{Channel: e.Channel, TS: m.Timestamp}, wayPin)
	}
	return answer{}
}

func (s *Slack) unreacted(ctx context.Context, e *slackevents.ReactionRemovedEvent) answer {
	if e.Reaction == pushpin && e.Item.Type == "message" {
		s.unmark(ctx, marker{e.User, e.EventTimestamp}, ledger.Message{Channel: e.Item.Channel, TS: e.Item.Timestamp}, wayReaction(e.User))
	}
	return answer{}
}

// marker is who set or took off a mark, and when, by which a second delivery is known.
type marker struct{ user, at string }

func (s *Slack) mark(ctx context.Context, by marker, m desk.Marking) {
	if err := s.setMark(ctx, by, m); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("a marked message is not in the timeline")
	}
}

func (s *Slack) setMark(ctx context.Context, by marker, m desk.Marking) error {
	s.here(ctx, desk.Visit{Channel: m.Message.Channel, User: by.user, Acts: true})
	n, ok, err := s.desk.InChannel(ctx, m.Message.Channel)
	if err == nil && ok {
		c := desk.Caller{Actor: s.people.Current().Actor(by.user), Channel: m.Message.Channel}
		if by.at != "" {
			c.Key = key("mark", by.at, by.user, m.Message.Channel, m.Message.TS, m.Way)
		}
		_, err = s.desk.Mark(ctx, c, n, m)
	}
	return err
}

func (s *Slack) unmark(ctx context.Context, by marker, m ledger.Message, way string) {
	n, ok, err := s.desk.InChannel(ctx, m.Channel)
	if err == nil && ok {
		c := desk.Caller{Actor: s.people.Current().Actor(by.user)}
		if by.at != "" {
			c.Key = key("unmark", by.at, by.user, m.Channel, m.TS, way)
		}
		_, err = s.desk.Unmark(ctx, c, n, m, way, writtenAt(by.at))
	}
	if err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("a message that is marked no longer is still in the timeline")
	}
}

// marked adds a message to the timeline that somebody chose the shortcut on.
func (s *Slack) marked(ctx context.Context, i slack.InteractionCallback) answer {
	caller := desk.Caller{Actor: s.people.Current().Actor(i.User.ID), Key: key("mark", i.TriggerID, i.User.ID, i.Channel.ID, i.Message.Timestamp), ReplyURL: i.ResponseURL}
	n, ok, err := s.desk.InChannel(ctx, i.Channel.ID)
	switch {
	case err == nil && !ok:
		err = refuse("Do it in the incident's channel.", "This is not an incident's channel.")
	case err == nil && s.ours(i.Message.User):
		err = refuse("", "The bot wrote this itself: what it says is in the timeline already.")
	case err == nil:
		_, err = s.desk.Mark(ctx, caller, n, desk.Marking{Message: ledger.Message{Channel: i.Channel.ID, TS: i.Message.Timestamp}, Way: wayShortcut(i.User.ID),
			Author: s.people.Current().Actor(i.Message.User), Text: named(tidy(i.Message.Text), s.nameOf)})
	}
	if err != nil {
		return s.told(caller, ephemeral(s.trouble(err)))
	}
	return s.told(caller, ephemeral("Added to the timeline of "+incident.Name(n)+", at the time at which it was written."))
}

// filesMost is how many files of a marked message are named.
const filesMost = 20

// readMark reads a marked message.
func (s *Slack) readMark(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	m, err := s.wire.Read(ctx, wire.Message(t.Job.Message))
	switch {
	case err != nil:
		return desk.Outcome{}, err
	case m == nil:
		return desk.Outcome{Failed: "it is not there any more"}, nil
	}
	marked := incident.Marked{Text: named(tidy(m.Text), s.nameOf), At: writtenAt(m.Timestamp)}
	if m.User != "" {
		marked.Author = s.people.Current().Actor(m.User)
	} else if m.Username != "" {
		marked.Text = m.Username + ": " + marked.Text
	}
	for _, f := range m.Files[:min(len(m.Files), filesMost)] {
		name, _ := incident.CleanTitle(cmp.Or(f.Name, f.Title, "without a name"))
		marked.Files = append(marked.Files, incident.File{ID: f.ID, Name: name, Link: incident.WebAddress(f.Permalink), Type: f.Mimetype, Size: f.Size})
	}
	return desk.Outcome{Marked: &marked}, nil
}

// writtenAt is the instant of a message, which its ts is (Slack: seconds and
// microseconds).
func writtenAt(ts string) time.Time {
	sec, frac, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil {
		return time.Time{}
	}
	us, _ := strconv.ParseInt(frac, 10, 64) // without it the second is good enough
	return time.Unix(s, us*1000).UTC()
}

// markLane keeps the marks that are set on a message and taken off it in their order.
func markLane(event any) string {
	pin := func(channel string, i slackevents.Item) string {
		if i.Message == nil {
			return ""
		}
		return "mark " + channel + i.Message.Timestamp
	}
	switch e := event.(type) {
	case *slackevents.PinAddedEvent:
		return pin(e.Channel, e.Item)
	case *slackevents.PinRemovedEvent:
		return pin(e.Channel, e.Item)
	case *slackevents.ReactionAddedEvent:
		return "mark " + e.Item.Channel + e.Item.Timestamp
	case *slackevents.ReactionRemovedEvent:
		return "mark " + e.Item.Channel + e.Item.Timestamp
	default:
		return ""
	}
}
