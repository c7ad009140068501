package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// join makes a page part of the message that it shares with others, with all
// that have come for that message meanwhile: by an edit while it is to ring again
// at the end of the minute, or else by posting it, which rings. What cannot be
// edited now is posted.
func (s *Slack) join(ctx context.Context, task desk.Task, user string) (desk.Outcome, error) {
	j, t, briefs := task.Job, task.Digest, task.Digested
	p, ok := t.Page(j.Incident)
	if !ok {
		return desk.Outcome{}, &desk.Retry{Cause: errors.New("withdrawn meanwhile")}
	}
	o := desk.Outcome{Remark: desk.InOneMessage(briefs)}
	if !t.Shows(j.Incident) {
		var err error
		if t, err = s.put(ctx, j, t.For(user), briefs); err != nil {
			return desk.Outcome{}, err
		}
		o.Digest = &t
		p, _ = t.Page(j.Incident)
	}
	o.Message, o.Seen = t.Messages[len(t.Messages)-1], p.Shown
	return o, nil
}

// put makes a message about several incidents show all of its own.
func (s *Slack) put(ctx context.Context, j ledger.Job, t desk.Digest, briefs []desk.Brief) (desk.Digest, error) {
	m := digestMessage(briefs, t, s.names())
	if !t.Quiet(ledger.Instant()) {
		return s.ring(ctx, j, t, m, briefs)
	}
	// An edit is no more urgent than other edits: it keeps to their budget, which
	// gathers what comes meanwhile, and gives up when the message is to ring.
	t, edited, err := s.editAll(wire.WithRank(ctx, 1), t, m)
	var again *wire.Retry
	switch {
	case edited:
		return t.Showing(briefs, false), nil
	case errors.As(err, &again):
		return t, &desk.Retry{After: min(again.After, t.Until.Sub(ledger.Instant())), Cause: again.Cause}
	default: // it stands nowhere any more
		return s.ring(ctx, j, t, m, briefs)
	}
}

// ring posts the message once more.
func (s *Slack) ring(ctx context.Context, j ledger.Job, t desk.Digest, m message, briefs []desk.Brief) (desk.Digest, error) {
	at, err := s.toPerson(ctx, t.User, j, m)
	if err != nil {
		return t, err
	}
	return t.At(at).Showing(briefs, true), nil
}

// refreshDigest makes a message about several incidents show what holds,
// wherever it stands. When its minute is over it rings for what has joined it
// since it rang, if any of that still needs the person.
func (s *Slack) refreshDigest(ctx context.Context, task desk.Task) (desk.Outcome, error) {
	j, t, briefs := task.Job, task.Digest, task.Digested
	m := digestMessage(briefs, t, s.names())
	if !t.Rings(briefs, ledger.Instant()) {
		t, _, err := s.editAll(ctx, t, m)
		o := desk.Outcome{Digest: &t}
		if again := (*wire.Retry)(nil); errors.As(err, &again) {
			o.Later = max(again.After, refreshAgain) // pages of this lane must not wait for it
		}
		return o, nil
	}
	user, err := s.userOf(ctx, incident.Actor(j.Person))
	if err != nil {
		return desk.Outcome{}, err
	}
	why := noSlackUser
	if user != "" {
		rung, err := s.ring(wire.WithRank(ctx, 0), j, t.For(user), m, briefs) // it is a page
		if err == nil {
			return desk.Outcome{Message: rung.Messages[len(rung.Messages)-1], Digest: &rung}, nil
		}
		code := wire.Code(err)
		if code == "" {
			return desk.Outcome{}, err
		}
		why = inWords(code)
	}
	return desk.Outcome{Failed: why, Digest: &t}, nil
}

// findDigests looks for further places of a message about several incidents, of
// which an earlier try left no record.
func (s *Slack) findDigests(ctx context.Context, task desk.Task, where string) (desk.Outcome, error) {
	j := task.Job
	found, err := s.find(ctx, where, func(x ledger.Job) bool { return x.Digest == j.Digest && x.Person == j.Person })
	if err != nil || len(found) == 0 {
		return desk.Outcome{}, err
	}
	t := task.Digest.At(found...)
	return desk.Outcome{Digest: &t}, nil
}

// refreshAgain is when a message that could not be edited is edited again, if
// Slack does not say.
const refreshAgain = 5 * time.Second

// gone are Slack's codes for a message that will never be edited again.
var gone = map[string]bool{"message_not_found": true, "cant_update_message": true, "edit_window_closed": true,
	"channel_not_found": true, "not_in_channel": true, "is_archived": true}

// editAll makes the message show m wherever it stands, and reports whether it did
// so anywhere. Places that are gone are left out of what it returns. One that
// cannot be edited holds up no other; an error is worth another try.
func (s *Slack) editAll(ctx context.Context, t desk.Digest, m message) (left desk.Digest, edited bool, trouble error) {
	places := t.Messages
	t.Messages = nil
	for _, at := range places {
		err := s.edit(ctx, at, m)
		code := wire.Code(err)
		if gone[code] {
			t.Gone = append(t.Gone, at)
		} else {
			t.Messages = append(t.Messages, at)
		}
		switch {
		case err == nil:
			edited = true
		case code != "":
			s.log.Warn().Str("error", code).Msg("a message about several incidents could not be edited")
		default:
			trouble = err
		}
	}
	return t, edited, trouble
}

// asks reports whether an incident needs somebody to acknowledge it.
func asks(i incident.Incident) bool { return i.Status.Active() && !i.Acked() }

// digestInFull is how many incidents of a message have lines of their own at
// most: each is two blocks of the 50 that Slack takes, one with the line and one
// with its buttons. digestRoom is how many characters all lines may have: a
// message whose blocks have much more than 10,000 in all is refused.
const (
	digestInFull = 20
	digestRoom   = 5400
)

// digestMessage wakes somebody for several incidents: those that need them
// come first, the worst before the others. Each has the buttons that are still of
// use, as in a message of its own, and one button acknowledges all.
func digestMessage(briefs []desk.Brief, t desk.Digest, n names) message {
	var asking, done []desk.Brief
	for _, b := range briefs {
		if _, moved := t.MovedSince(b); asks(b.Incident) && !moved {
			asking = append(asking, b)
		} else {
			done = append(done, b)
		}
	}
	slices.SortStableFunc(asking, func(a, b desk.Brief) int { return cmp.Compare(a.Incident.Severity, b.Incident.Severity) })
	m := message{text: digestNotice(asking)}
	m.blocks = []slack.Block{section("*" + digestHead(asking) + "*")}
	left, room := digestInFull, digestRoom
	var others []desk.Brief
	for _, part := range []struct {
		briefs []desk.Brief
		rest   string
	}{{asking, "And "}, {done, "Acknowledged or over: "}} {
		more := part.briefs
		for ; len(more) > 0 && left > 0; left-- {
			text := digestLine(more[0], t, n)
			if room -= length(text); room < 0 {
				left = 0
				break
			}
			m.blocks = append(m.blocks, section(text))
			if _, moved := t.MovedSince(more[0]); !moved {
				m.blocks = append(m.blocks, row(more[0].Incident, answers(more[0].Incident)...)...)
			}
			more = more[1:]
		}
		if len(more) > 0 {
			m.blocks = append(m.blocks, section(part.rest+strings.Join(namesOf(more), ", ")+"."))
			others = append(others, more...)
		}
	}
	var all []slack.BlockElement
	if len(asking) > 1 {
		label := fmt.Sprintf("Acknowledge all %d", len(asking))
		all = append(all, button(actAckAll, strings.Join(namesOf(asking), ","), label, slack.StylePrimary))
	}
	var every []incident.Incident
	for _, b := range briefs {
		every = append(every, b.Incident)
	}
	if all = append(append(all, othersButton(others)...), severalButton(every)...); len(all) > 0 {
		m.blocks = append(m.blocks, slack.NewActionBlock("together", all...))
	}
	return m
}

func digestHead(asking []desk.Brief) string {
	switch len(asking) {
	case 0:
		return "None of these needs you any more."
	case 1:
		return asking[0].Incident.Name() + " needs you."
	default:
		return fmt.Sprintf("%d incidents need you.", len(asking))
	}
}

// digestNotice is what a phone shows of the message: the worst incident, which
// comes first, and which there are.
func digestNotice(asking []desk.Brief) string {
	if len(asking) < 2 {
		if len(asking) == 1 {
			return headline(asking[0])
		}
		return digestHead(nil)
	}
	return fmt.Sprintf("%d incidents need you, the worst %s. All: %s", len(asking), headline(asking[0]), incident.FirstOf(namesOf(asking), 20))
}

// digestLine is one incident of the message.
func digestLine(b desk.Brief, t desk.Digest, n names) string {
	i := b.Incident
	b.Paging = false // whoever else was paged for each of them is too much here
	facts := []string{strings.TrimSuffix(standing(b, n), ".")}
	if to, ok := t.MovedSince(b); ok {
		facts[0] = strings.TrimSuffix(n.movedTo(i, to), ".")
	}
	if b.Artifacts.Channel != "" {
		facts = append(facts, "<#"+b.Artifacts.Channel+">")
	}
	if p, _ := t.Page(i.Number); p.Resort {
		facts = append(facts, "You are paged as the last resort")
	}
	title := clip(esc(i.Title), 250)
	if b.Again != "" {
		title += "\n" + quote(b.Again, 250)
	}
	return clip(fmt.Sprintf("%s *%s · %s · %s*\n%s\n%s", i.Marks(), i.Name(), i.Severity, clip(esc(b.ServiceName()), 100), title, strings.Join(facts, " · ")), 1000)
}

func namesOf(briefs []desk.Brief) []string {
	list := make([]string, 0, len(briefs))
	for _, b := range briefs {
		list = append(list, b.Incident.Name())
	}
	return list
}

// ackAll acknowledges exactly the incidents that the button named: one that has
// come since is none of them. What the presser did not get is said. What cannot be
// committed before Slack wants to hear of the press is done right after.
func (s *Slack) ackAll(ctx context.Context, c desk.Caller, value string) answer {
	list := strings.Split(value, ",")
	return s.each(ctx, c, list, desk.Act{Verb: desk.Acknowledge})
}

// each does the same to each of the incidents, as ackAll does.
func (s *Slack) each(ctx context.Context, c desk.Caller, list []string, act desk.Act) answer {
	refused, late := s.forEach(ctx, c, list, s.doing(act))
	if len(late) == 0 && len(refused) == 0 {
		return answer{} // seen in the message that has the button
	}
	return answer{after: func(ctx context.Context) {
		more, late := s.forEach(ctx, c, late, s.doing(act))
		refused := append(refused, more...)
		if len(late) > 0 {
			refused = append(refused, "That did not work for "+strings.Join(late, ", ")+". Please try again.")
		}
		const most = 10
		if more := len(refused) - most; more > 0 {
			refused = append(refused[:most], fmt.Sprintf("And %d more.", more))
		}
		if len(refused) > 0 {
			s.told(c, ephemeral(strings.Join(refused, "\n"))).after(ctx)
		}
	}}
}

// doing does an act to an incident.
func (s *Slack) doing(act desk.Act) func(context.Context, desk.Caller, int) error {
	return func(ctx context.Context, c desk.Caller, n int) error {
		_, err := s.desk.Do(ctx, c, n, act)
		return err
	}
}

// forEach does the same to each of the incidents, and returns why some were refused,
// and those for which there was no time.
func (s *Slack) forEach(ctx context.Context, c desk.Caller, list []string, do func(context.Context, desk.Caller, int) error) (refused, late []string) {
	trouble := make([]error, len(list))
	var all errgroup.Group
	all.SetLimit(32) // commits made together are one
	for at, name := range list {
		n, _ := incident.ParseName(name) // 0, which is no incident, is refused
		own := c
		if c.Key != "" {
			own.Key = key(c.Key, name)
		}
		all.Go(func() error {
			trouble[at] = do(ctx, own, n)
			return nil
		})
	}
	_ = all.Wait() // none of them returns an error
	for at, err := range trouble {
		var r *incident.Refusal
		switch {
		case err == nil, errors.As(err, &r) && r.Who == c.Actor: // who has it already need not hear it
		case ctx.Err() != nil:
			late = append(late, list[at])
		default:
			refused = append(refused, s.trouble(err))
		}
	}
	return refused, late
}
