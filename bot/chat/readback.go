package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Limits of what is read of one incident's channel after an outage.
const (
	lookBefore = time.Hour // messages so much older than the outage may have been marked in it
	// clocksApart is how far the bot's clock may be ahead of Slack's: what was written so long
	// before the outage is looked at too. What was dealt with then is known.
	clocksApart = 2 * time.Minute
	looksMost   = 20 // marked messages that are older still, each of which is a call
)

// readBack reads what was missed in one incident's channel, or in somebody's direct
// messages. Whatever it finds is known by itself when it is found again.
func (s *Slack) readBack(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	self, err := s.wire.Self(ctx)
	if err != nil {
		return desk.Outcome{}, err
	}
	j := t.Job
	gap := wire.Gap{From: j.Since, To: j.Until}
	if j.Incident == 0 {
		return desk.Outcome{}, s.readDirect(ctx, j.Target, gap)
	}
	channel := t.Artifacts.Channel
	pins, err := s.wire.Pins(ctx, channel)
	pinsKnown := err == nil
	if err != nil && wire.Code(err) != "missing_scope" { // of pins, which an app may do without
		return desk.Outcome{}, err
	}
	messages, err := s.wire.Since(ctx, channel, gap.From.Add(-lookBefore), gap.From)
	if err != nil {
		return desk.Outcome{}, err
	}
	marks, err := s.desk.Marks(ctx, j.Incident)
	if err != nil {
		return desk.Outcome{}, err
	}
	b := &backReader{s: s, incident: j.Incident, channel: channel, gap: gap, marks: marks}
	if pinsKnown {
		b.pins(ctx, pins)
	}
	for k := range messages {
		m := &messages[k]
		b.reactions(ctx, m)
		if within(m, gap) && byPerson(m) && strings.Contains(m.Text, "<@"+self+">") {
			b.fails(s.miss(ctx, writing{user: m.User, channel: channel, ts: m.Timestamp, text: m.Text}, gap))
		}
	}
	if err := b.older(ctx); err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{}, b.failed
}

// readDirect answers what somebody wrote to the bot in direct messages.
func (s *Slack) readDirect(ctx context.Context, channel string, gap wire.Gap) error {
	messages, err := s.wire.Since(ctx, channel, gap.From.Add(-clocksApart), gap.From.Add(-clocksApart))
	if err != nil {
		return err
	}
	for k := range messages {
		if m := &messages[k]; within(m, gap) && byPerson(m) {
			if err := s.miss(ctx, writing{user: m.User, channel: channel, ts: m.Timestamp, text: m.Text, direct: true}, gap); err != nil {
				return err
			}
		}
	}
	return nil
}

// within reports whether a message was written while nothing was heard.
func within(m *slack.Message, gap wire.Gap) bool {
	at := writtenAt(m.Timestamp)
	return !at.Before(gap.From.Add(-clocksApart)) && !at.After(gap.To)
}

// byPerson reports whether somebody wrote a message themselves: a program did not, nor
// Slack.
func byPerson(m *slack.Message) bool { return m.User != "" && m.BotID == "" && written(m.SubType) }

// backReader finds what was marked in a channel while it was not heard, and what is
// marked no longer.
type backReader struct {
	s        *Slack
	incident int
	channel  string
	gap      wire.Gap
	marks    map[ledger.Message][]string // in which ways, as far as it was known
	seen     []string                    // messages whose reactions were read, by ts
	failed   error                       // the first that is no refusal: all of it is done again
}

// fails notes what came of one mark. What is refused stays so.
func (b *backReader) fails(err error) {
	if _, refused := errors.AsType[*incident.Refusal](err); err != nil && !refused && b.failed == nil {
		b.failed = err
	}
}

// pins marks what was pinned, and takes off the mark of what is not pinned any more.
func (b *backReader) pins(ctx context.Context, pins []wire.Pin) {
	var there []string
	for k := range pins {
		p := &pins[k]
		there = append(there, p.Message.Timestamp)
		if p.At.Add(time.Second).After(b.gap.From) && !b.s.ours(p.By) {
			b.mark(ctx, p.By, wayPin, &p.Message)
		}
	}
	for m, ways := range b.marks {
		if slices.Contains(ways, wayPin) && !slices.Contains(there, m.TS) {
			b.unmark(ctx, m, wayPin)
		}
	}
}

// reactions does the same for the pushpins on a message.
func (b *backReader) reactions(ctx context.Context, m *slack.Message) {
	b.seen = append(b.seen, m.Timestamp)
	var there []string
	for _, r := range m.Reactions {
		if r.Name != pushpin {
			continue
		}
		if r.Count > len(r.Users) { // Slack does not name everybody
			return
		}
		for _, user := range r.Users {
			there = append(there, wayReaction(user))
			if !b.s.ours(user) {
				b.mark(ctx, user, wayReaction(user), m)
			}
		}
	}
	at := ledger.Message{Channel: b.channel, TS: m.Timestamp}
	for _, way := range b.marks[at] {
		if strings.HasPrefix(way, wayReaction("")) && !slices.Contains(there, way) {
			b.unmark(ctx, at, way)
		}
	}
}

// older looks at messages that are marked with a pushpin and were not among those that
// were read, the newest first. One that is deleted stays.
func (b *backReader) older(ctx context.Context) error {
	var look []string
	for m, ways := range b.marks {
		if !slices.Contains(b.seen, m.TS) && slices.ContainsFunc(ways, func(w string) bool { return strings.HasPrefix(w, wayReaction("")) }) {
			look = append(look, m.TS)
		}
	}
	slices.Sort(look)
	slices.Reverse(look)
	for _, ts := range look[:min(len(look), looksMost)] {
		var m *slack.Message
		err := wire.Patiently(ctx, func() (err error) {
			m, err = b.s.wire.Read(ctx, wire.Message{Channel: b.channel, TS: ts})
			return err
		})
		switch {
		case err != nil && wire.Code(err) == "":
			return err
		case m != nil && err == nil:
			b.reactions(ctx, m)
		}
	}
	return nil
}

func (b *backReader) mark(ctx context.Context, user, way string, m *slack.Message) {
	if m.User != "" && b.s.ours(m.User) {
		return
	}
	marking := desk.Marking{Message: ledger.Message{Channel: b.channel, TS: m.Timestamp}, Way: way,
		Text: named(tidy(m.Text), b.s.nameOf), ReadBack: true, When: b.gap.To}
	if m.User != "" {
		marking.Author = b.s.people.Current().Actor(m.User)
	}
	b.fails(b.s.setMark(ctx, marker{user: user}, marking))
}

func (b *backReader) unmark(ctx context.Context, m ledger.Message, way string) {
	_, err := b.s.desk.Unmark(ctx, desk.Caller{Actor: incident.Bot}, b.incident, m, way, b.gap.To)
	b.fails(err)
}

// quotedMost is how many characters are kept of what was missed.
const quotedMost = 500

// missed has somebody told that what they wrote to the bot was not heard in time.
func (s *Slack) missed(ctx context.Context, w writing, gap wire.Gap) {
	if err := s.miss(ctx, w, gap); err != nil {
		s.log.Warn().Str("error", refusalOr(err)).Msg("somebody whose message came late is not answered")
	}
}

func (s *Slack) miss(ctx context.Context, w writing, gap wire.Gap) error {
	if w.user == "" || s.ours(w.user) {
		return nil
	}
	return s.desk.Missed(ctx, w.key(), desk.Miss{Message: ledger.Message{Channel: w.channel, TS: w.ts}, By: s.people.Current().Actor(w.user),
		Text: clip(tidy(unlinked(w.text)), quotedMost), Since: gap.From, Until: gap.To})
}

// tellMissed tells somebody that what they wrote was not heard in time.
func (s *Slack) tellMissed(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	l := tooLate{Job: j, direct: strings.HasPrefix(j.Target, "D"), zone: s.opt.Zone, command: s.opt.Command}
	_, l.user = incident.Actor(j.Person).Split()
	if user := s.people.Current().SlackOf(incident.Actor(j.Person)); user != "" {
		l.user = user
	}
	if cmd := Parse(j.Text); l.direct && cmd.Word == "ack" {
		active, err := s.desk.Active(ctx, incident.Actor(j.Person))
		if err != nil {
			return desk.Outcome{}, err
		}
		for _, i := range active {
			meant := cmd.Incident == i.Number || cmd.Incident == 0 && slices.Contains(i.Called, incident.Actor(j.Person))
			if meant && !i.Acked() {
				l.waiting = append(l.waiting, i)
			}
		}
	}
	return s.once(ctx, j, j.Target, l.message())
}

// lateButtons is how many incidents are offered to be acknowledged.
const lateButtons = 5

// tooLate is something written to the bot that it heard too late.
type tooLate struct {
	ledger.Job
	user    string // in Slack, who wrote it
	direct  bool
	zone    *time.Location
	command string
	waiting []incident.Incident // that it was about, and that nobody has acknowledged yet
}

// message says what was missed, and offers to acknowledge what still waits for it.
func (l tooLate) message() message {
	wrote := minute(writtenAt(l.Message.TS), l.zone)
	text := "Your message of " + wrote + " reached me only now. I have not acted on it."
	if !l.Until.IsZero() {
		text = fmt.Sprintf("I was not connected from %s to %s, and have not acted on what you wrote at %s.",
			minute(l.Since, l.zone), minute(l.Until, l.zone), wrote)
	}
	if !l.direct {
		text = "<@" + l.user + "> " + text
	}
	next := " If you still want it, write it again."
	switch {
	case len(l.waiting) > 0:
		next = " If you are on it, acknowledge it here."
	case !l.direct:
		next = " `" + l.command + " help` shows what works here."
	}
	m := message{text: text + next, blocks: []slack.Block{section(quoted(text+next, l.Text))}}
	for _, i := range l.waiting[:min(len(l.waiting), lateButtons)] {
		m.blocks = append(m.blocks, row(i, button(actAck, fmt.Sprint(i.Number), clip("Acknowledge "+i.Name(), 75), slack.StylePrimary))...)
	}
	return m
}
