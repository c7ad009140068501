package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Performers returns who carries out what goes by Slack, by kind of job.
func (s *Slack) Performers() map[ledger.Kind]dispatch.Performer {
	performers := map[ledger.Kind]dispatch.Performer{
		ledger.Notify:         s.page,
		ledger.NotifyChannel:  s.pageChannel,
		ledger.Digest:         s.refreshDigest,
		ledger.DigestDue:      s.digestDue,
		ledger.Prompts:        s.refreshPrompts,
		ledger.FindCopies:     s.findCopies,
		ledger.Channel:        s.makeChannel,
		ledger.Answer:         s.answerCaller,
		ledger.Card:           s.card,
		ledger.Invite:         s.invite,
		ledger.Announce:       s.announce,
		ledger.Alerts:         s.alerts,
		ledger.Notes:          s.notes,
		ledger.Relief:         s.relief,
		ledger.ReliefPast:     s.reliefPast,
		ledger.Mark:           s.readMark,
		ledger.File:           s.keepFile,
		ledger.ReadBack:       s.readBack,
		ledger.Missed:         s.tellMissed,
		ledger.Topic:          s.setTopic,
		ledger.Purpose:        s.setPurpose,
		ledger.Bookmarks:      s.bookmark,
		ledger.Say:            s.say,
		ledger.Meanwhile:      s.meanwhile,
		ledger.Postmortem:     s.postPostmortem,
		ledger.PostmortemFile: s.uploadPostmortem,
		ledger.Canvas:         s.canvas,
		ledger.Notice:         s.tell,
		ledger.Swap:           s.refreshSwap,
		ledger.Shadow:         s.tellShadow,
		ledger.Alarm:          s.alarm,
		ledger.TestPage:       s.testPage,
		ledger.Given:          s.tellGiven,
		ledger.Rest:           s.rest,
		ledger.Week:           s.week,
		ledger.WeekPicture:    s.weekPicture,
		ledger.Month:          s.month,
		ledger.MonthPicture:   s.monthPicture,
		ledger.Morning:        s.morning,
		ledger.FollowUps:      s.morning,
		ledger.Idle:           s.morning, // of an earlier version, as the next one
		ledger.Reviews:        s.morning,
		ledger.Groups:         s.keepGroups,
		ledger.Quiet:          s.announceQuiet,
		ledger.Nag:            s.remind,
		ledger.Tell:           s.tellRole,
		ledger.Inform:         s.informStakeholder,
		ledger.Published:      s.tellPublished,
	}
	for kind, p := range performers {
		performers[kind] = s.judged(p)
	}
	return performers
}

// judged says what a performer's error means for the outbox: Slack's own code is a
// failure that will stay, and what the network is to blame for is tried again. Where
// the incident's channel was archived, it is opened again or another one is taken,
// and the job is done there.
func (s *Slack) judged(p dispatch.Performer) dispatch.Performer {
	return func(ctx context.Context, t desk.Task) (desk.Outcome, error) {
		ctx = wire.WithRank(ctx, rankOf(t))
		o, err := p(ctx, t)
		row := t.Job.Kind.Row()
		if row.NeedsChannel && !row.Without && wire.Code(err) == "is_archived" && s.openAgain(ctx, t.Brief) {
			doubtful := t.Job.Doubtful
			t, err = s.desk.Begin(ctx, t.Job, ledger.Instant())
			switch {
			case err == nil && t.Needless: // it was taken back, or recorded, while the channel was opened
				return desk.Outcome{}, nil
			case err == nil:
				t.Job.Doubtful = doubtful
				o, err = p(ctx, t)
			}
		}
		if code := wire.Code(err); code != "" {
			return desk.Outcome{Failed: inWords(code)}, nil
		}
		if again := (*wire.Retry)(nil); errors.As(err, &again) {
			err = &desk.Retry{After: again.After, Doubtful: again.Doubtful, Words: again.Words, Cause: again.Cause}
		}
		return o, err
	}
}

// rankOf is the rank of the calls that a job makes: by its priority, and within that
// by what the incident matters as of now, so that the worst does not wait for its turn
// behind hundreds of others. What asks somebody has rank 0; behind what people wait
// for, such as a form, all the rest.
func rankOf(t desk.Task) int {
	if t.Job.Priority() == 0 {
		return 0
	}
	rank := 2 + t.Job.Priority()*incident.Ranks
	if t.Job.Incident > 0 {
		rank += t.Incident.Rank()
	}
	return rank
}

// digestDue does nothing: the time has come, and a refresh follows.
func (s *Slack) digestDue(context.Context, desk.Task) (desk.Outcome, error) {
	return desk.Outcome{}, nil
}

// card keeps the summary card in the incident's channel, pinned.
func (s *Slack) card(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	a, err := s.around(ctx, t.Brief)
	if err != nil {
		return desk.Outcome{}, err
	}
	if slices.ContainsFunc(t.Artifacts.Present, func(user string) bool { return s.desk.Guest(s.people.Current().Actor(user)) }) {
		a = a.without(t.Incident)
	}
	o, err := s.keep(ctx, t.Job, in(t.Artifacts.Channel, t.Artifacts.Card), cardMessage(t.Brief, a, s.names()))
	if err != nil || o.Message == t.Artifacts.Card && !t.Job.Doubtful {
		return o, err
	}
	if err := s.wire.Pin(ctx, wire.Message(o.Message)); err != nil {
		if again := (*wire.Retry)(nil); errors.As(err, &again) {
			again.Doubtful = true // the card stands, and is found again by its metadata
			return desk.Outcome{}, again
		}
		if wire.Code(err) == "" {
			return desk.Outcome{}, err
		}
		s.log.Warn().Str("incident", t.Incident.Name()).Str("error", wire.Code(err)).Msg("the summary card could not be pinned")
	}
	return o, nil
}

// inWords says one of Slack's codes to a person who must mend it.
func inWords(code string) string {
	switch code {
	case "missing_scope":
		return "the app lacks a scope; install it again from `stormbell manifest` (missing_scope)"
	case "is_archived":
		return "the channel is archived (is_archived)"
	case "channel_not_found", "not_in_channel":
		return "the bot is not in that channel; invite it (" + code + ")"
	case "name_taken":
		return "a channel of that name exists that the bot cannot use; invite the bot to it, or open it again if it is archived (name_taken)"
	case "restricted_action", "cannot_create_channel":
		return "the workspace does not let the bot do that; an admin can allow it (" + code + ")"
	case "user_not_found", "users_not_found":
		return "Slack knows no such user (" + code + ")"
	case "user_disabled":
		return "their Slack account is deactivated (" + code + ")"
	default:
		return "Slack refused it (" + code + ")"
	}
}

// answerCaller tells whoever declared it where the channel is.
func (s *Slack) answerCaller(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	b := t.Brief
	if strings.HasPrefix(t.Job.ReplyURL, homeAddress) {
		return desk.Outcome{}, nil // the Home tab shows the incident with its channel
	}
	text := fmt.Sprintf("%s*%s* has its channel: <#%s>", drillMark(b.Incident), b.Incident.Name(), b.Artifacts.Channel)
	if b.Artifacts.Channel == "" {
		text = fmt.Sprintf("%s*%s* is open, but it has no channel yet: %s", drillMark(b.Incident), b.Incident.Name(), esc(b.Artifacts.ChannelError))
	}
	return desk.Outcome{}, s.respond(ctx, t.Job.ReplyURL, ephemeral(text))
}

// announce keeps the line in the announcement channel.
func (s *Slack) announce(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, b := t.Job, t.Brief
	m := announcement(b, s.names())
	at := b.Artifacts.Announcement
	if at.TS == "" && j.Doubtful {
		var err error
		if at.Channel, err = s.wire.EnsureChannel(ctx, s.opt.AnnounceChannel); err != nil {
			return desk.Outcome{}, err
		}
	}
	if at.Channel != "" {
		o, err := s.keep(ctx, j, at, m)
		if !unusable[wire.Code(err)] {
			return o, err
		}
		id, tell, lost := s.reopen(ctx, at.Channel, j)
		switch {
		case lost == nil:
			defer tell(ctx)
			if id == at.Channel {
				return s.keep(ctx, j, at, m)
			}
		case wire.Code(lost) != "":
			return desk.Outcome{}, err // which says what people can do
		case !errors.Is(lost, wire.ErrNotArchived):
			return desk.Outcome{}, lost // it is tried again
		}
	}
	posted, err := s.postIn(ctx, s.opt.AnnounceChannel, j, m)
	return desk.Outcome{Message: posted}, err
}

// say tells an event in the channel, once. A line that is late is told with its time,
// among what else happened.
func (s *Slack) say(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.TooLate(ledger.Instant()) {
		return s.sayLate(ctx, t)
	}
	o, err := s.once(ctx, t.Job, t.Artifacts.Channel, saidMessage(t.Brief, t.Event, s.names()))
	o.Seen = t.Incident.Events
	return o, err
}
