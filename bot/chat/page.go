package chat

import (
	"context"
	"errors"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
)

const noSlackUser = "nobody knows this person's Slack user; add `slack` or `email` in the roster"

// page wakes somebody by a direct message, in one call: Slack opens the
// conversation when it is given a user. A page that may have left before is
// sent again, since a repeated one is cheaper than a lost one; then the earlier
// one is looked for, so that it too can be told what became of it.
func (s *Slack) page(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	user, err := s.userOf(ctx, j.Person)
	if err != nil {
		return desk.Outcome{}, err
	}
	if user == "" {
		return desk.Outcome{Failed: noSlackUser}, nil
	}
	if j.Together > 0 {
		return s.join(ctx, j, user)
	}
	ask := desk.Ask{Person: j.Person, Resort: j.Resort, Why: j.Text}
	posted, err := s.toPerson(ctx, user, j, pageMessage(b, ask, s.names()))
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// toPerson posts a direct message. The conversation is opened first where the
// workspace wants it so.
func (s *Slack) toPerson(ctx context.Context, user string, j desk.Job, m message) (desk.Message, error) {
	posted, err := s.post(ctx, user, j, m)
	if code := wire.Code(err); code != "channel_not_found" && code != "not_in_channel" {
		return posted, err
	}
	dm, err := s.wire.OpenDM(ctx, user)
	if err != nil {
		return desk.Message{}, err
	}
	return s.post(ctx, dm, j, m)
}

// findStrays looks for pages of which an earlier try left no record: they have
// buttons too. The conversation is the one of the page that was sent since, or
// of the person or channel that the lost one was meant for.
func (s *Slack) findStrays(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	where := j.Message.Channel
	var err error
	switch {
	case where != "":
	case j.Person != "":
		user := s.desk.SlackID(j.Person)
		if user == "" {
			return desk.Outcome{}, nil // nothing can have been sent
		}
		where, err = s.wire.OpenDM(ctx, user)
	default:
		where, err = s.wire.FindChannel(ctx, j.Target)
	}
	if err != nil || where == "" {
		return desk.Outcome{}, err
	}
	if j.Together > 0 {
		return s.findCopies(ctx, j, where)
	}
	found, err := s.find(ctx, where, func(x desk.Job) bool {
		return x.Together == 0 && x.Incident == j.Incident && (x.Kind == desk.JobPage || x.Kind == desk.JobPageChannel)
	})
	return desk.Outcome{More: found}, err
}

// pageChannel asks in a channel that a policy names.
func (s *Slack) pageChannel(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	ask := desk.Ask{Resort: j.Resort}
	m := pageMessage(b, ask, s.names())
	posted, err := s.postIn(ctx, j.Target, j, m)
	if wire.Code(err) != "" && b.Papers.Channel != "" { // then at least those who are there
		posted, err = s.post(ctx, b.Papers.Channel, j, m)
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// refreshAsks makes every message that asked for an acknowledgement say what
// became of it.
func (s *Slack) refreshAsks(ctx context.Context, b desk.Brief) error {
	asks, err := s.desk.Asks(ctx, b.Incident.Number)
	if err != nil {
		return err
	}
	var trouble error
	for _, ask := range asks {
		if ask.Together > 0 {
			continue // it has a job of its own
		}
		err := s.refreshAsk(ctx, b, ask)
		var again *wire.Retry
		if errors.As(err, &again) {
			trouble = err // the others first
		}
		if again != nil && again.After > 0 {
			break // the method is held or its budget is spent: for the others too
		}
	}
	return trouble
}

func (s *Slack) refreshAsk(ctx context.Context, b desk.Brief, ask desk.Ask) error {
	m := pageMessage(b, ask, s.names())
	if ask.Seq > 0 {
		e, err := s.desk.Event(ctx, b.Incident.Number, ask.Seq)
		if err != nil {
			return err
		}
		m = saidMessage(b, e, s.names())
	}
	return s.edit(ctx, ask.Message, m)
}
