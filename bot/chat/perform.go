package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
)

// Perform carries out one job. A *desk.Retry means that it is worth trying
// again; an Outcome with Failed means that it is not.
func (s *Slack) Perform(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	ctx = wire.WithRank(ctx, j.Priority())
	var b desk.Brief
	var o desk.Outcome
	var err error
	if isAside(j.Kind) {
		o, err = s.aside(ctx, j)
	} else if b, err = s.desk.Brief(ctx, j.Incident); err == nil {
		o, err = s.perform(ctx, j, b)
		if j.NeedsChannel() && !j.DoesWithout() && wire.Code(err) == "is_archived" && s.openAgain(ctx, b) {
			if b, err = s.desk.Brief(ctx, j.Incident); err == nil {
				o, err = s.perform(ctx, j, b)
			}
		}
	}
	if code := wire.Code(err); code != "" {
		return desk.Outcome{Failed: inWords(code)}, nil
	}
	if again := (*wire.Retry)(nil); errors.As(err, &again) {
		err = &desk.Retry{After: again.After, Doubtful: again.Doubtful, Cause: again.Cause}
	}
	return o, err
}

func (s *Slack) perform(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	switch j.Kind {
	case desk.JobPage:
		return s.page(ctx, j, b)
	case desk.JobBell:
		return desk.Outcome{}, nil // the time has come
	case desk.JobTogether:
		return s.refreshTogether(ctx, j)
	case desk.JobPageChannel:
		return s.pageChannel(ctx, j, b)
	case desk.JobAsks:
		return desk.Outcome{}, s.refreshAsks(ctx, b)
	case desk.JobStray:
		return s.findStrays(ctx, j)
	case desk.JobChannel:
		return s.makeChannel(ctx, j, b)
	case desk.JobAnswer:
		return desk.Outcome{}, s.answerCaller(ctx, j, b)
	case desk.JobCard:
		return s.keep(ctx, j, in(b.Papers.Channel, b.Papers.Card), cardMessage(b, s.names()))
	case desk.JobPin:
		return desk.Outcome{}, s.wire.Pin(ctx, wire.Message(j.Message))
	case desk.JobInvite:
		return s.invite(ctx, b)
	case desk.JobAnnounce:
		return s.announce(ctx, j, b)
	case desk.JobTopic:
		return desk.Outcome{}, s.setTopic(ctx, b)
	case desk.JobPurpose:
		return desk.Outcome{}, s.setPurpose(ctx, j, b)
	case desk.JobSay:
		return s.say(ctx, j, b)
	case desk.JobPostmortem:
		return s.postPostmortem(ctx, j, b)
	case desk.JobPostmortemFile:
		return s.uploadPostmortem(ctx, j, b)
	default:
		return desk.Outcome{}, fmt.Errorf("job %s: nobody carries it out", j.Kind)
	}
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
	default:
		return "Slack refused it (" + code + ")"
	}
}

// answerCaller tells whoever declared it where the channel is.
func (s *Slack) answerCaller(ctx context.Context, j desk.Job, b desk.Brief) error {
	text := fmt.Sprintf("*%s* has its channel: <#%s>", b.Incident.Name(), b.Papers.Channel)
	if b.Papers.Channel == "" {
		text = fmt.Sprintf("*%s* is open and paged, but has no channel yet: %s", b.Incident.Name(), esc(b.Papers.ChannelError))
	}
	return s.respond(ctx, j.ReplyURL, ephemeral(text))
}

// announce keeps the line in the announcement channel.
func (s *Slack) announce(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	m := announcement(b, s.names())
	at := b.Papers.Announcement
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
		case !errors.Is(lost, wire.ErrNotArchived):
			return desk.Outcome{}, err
		}
	}
	posted, err := s.postIn(ctx, s.opt.AnnounceChannel, j, m)
	return desk.Outcome{Message: posted}, err
}

// say tells an event in the channel, once.
func (s *Slack) say(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	e, err := s.desk.Event(ctx, j.Incident, j.Seq)
	if err != nil {
		return desk.Outcome{}, err
	}
	o, err := s.once(ctx, j, b.Papers.Channel, saidMessage(b, e, s.names()))
	o.Seen = b.Incident.Events
	return o, err
}
