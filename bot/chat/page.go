package chat

import (
	"context"
	"errors"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

const noSlackUser = "this person's Slack user is not known; add `slack` or `email` in the roster"

// page wakes somebody by a direct message, in one call: Slack opens the
// conversation when it is given a user. A page that may have left before is
// sent again, since a repeated one is cheaper than a lost one; then the earlier
// one is looked for, so that it too can be told what became of it.
func (s *Slack) page(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, b := t.Job, t.Brief
	user, err := s.userOf(ctx, incident.Actor(j.Person))
	if err != nil {
		return desk.Outcome{}, err
	}
	if user == "" {
		return desk.Outcome{Failed: noSlackUser}, nil
	}
	if j.Digest > 0 {
		return s.join(ctx, t, user)
	}
	ask := desk.Prompt{Person: incident.Actor(j.Person), Resort: j.Resort, Why: j.Text, Job: j.Number}
	posted, err := s.toPerson(ctx, user, j, pageMessage(b, ask, s.names()))
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// toPerson posts a direct message. The conversation is opened first where the
// workspace wants it so.
func (s *Slack) toPerson(ctx context.Context, user string, j ledger.Job, m message) (ledger.Message, error) {
	posted, err := s.post(ctx, user, j, m)
	if code := wire.Code(err); code != "channel_not_found" && code != "not_in_channel" {
		return posted, err
	}
	dm, err := s.wire.OpenDM(ctx, user)
	if err != nil {
		return ledger.Message{}, err
	}
	return s.post(ctx, dm, j, m)
}

// findCopies looks for pages of which an earlier try left no record: they have
// buttons too. The conversation is the one of the page that was sent since, or
// of the person or channel that the lost one was meant for.
func (s *Slack) findCopies(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	where := j.Message.Channel
	var err error
	switch {
	case where != "":
	case j.Person != "":
		user := s.people.Current().SlackOf(incident.Actor(j.Person))
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
	if j.Digest > 0 {
		return s.findDigests(ctx, t, where)
	}
	found, err := s.find(ctx, where, func(x ledger.Job) bool {
		return x.Digest == 0 && x.Incident == j.Incident && (x.Kind == ledger.Notify || x.Kind == ledger.NotifyChannel)
	})
	return desk.Outcome{More: found}, err
}

// pageChannel asks in a channel that a policy names.
func (s *Slack) pageChannel(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, b := t.Job, t.Brief
	ask := desk.Prompt{Resort: j.Resort, Job: j.Number}
	m := pageMessage(b, ask, s.names())
	posted, err := s.postIn(ctx, j.Target, j, m)
	if wire.Code(err) != "" && b.Artifacts.Channel != "" { // then at least those who are there
		ask.Message.Channel = b.Artifacts.Channel
		m = pageMessage(b, ask, s.names())
		posted, err = s.post(ctx, b.Artifacts.Channel, j, m)
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// refreshPrompts makes every message that asked for something say what became of
// it.
func (s *Slack) refreshPrompts(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	var trouble error
	for n, p := range t.Prompts {
		m := pageMessage(t.Brief, p, s.names())
		if p.Seq > 0 {
			m = saidMessage(t.Brief, t.Told[n], s.names())
		}
		err := s.edit(ctx, p.Message, m)
		var again *wire.Retry
		if errors.As(err, &again) {
			trouble = err // the others first
		}
		if again != nil && again.After > 0 {
			break // the method is held or its budget is spent: for the others too
		}
	}
	return desk.Outcome{}, trouble
}
