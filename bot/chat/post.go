package chat

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// mark is the metadata by which a message of ours is recognised.
const mark = "stormbell_job"

// post posts a message that carries the job's key. One whose blocks Slack does
// not take goes without them: plain words are better than nothing.
func (s *Slack) post(ctx context.Context, channel string, j ledger.Job, m message) (ledger.Message, error) {
	posted, err := s.send(ctx, channel, j, m)
	if code := wire.Code(err); refusedBlocks[code] {
		s.log.Error().Str("kind", string(j.Kind)).Str("error", code).Msg("Slack does not take the blocks of a message; it goes as plain words")
		words := message{text: m.text, discreet: m.discreet}
		if !m.discreet {
			words.text += s.withoutButtons(j)
		}
		posted, err = s.send(ctx, channel, j, words)
	}
	if err == nil {
		s.remember(posted, m)
	}
	return posted, err
}

// refusedBlocks are Slack's codes for blocks that it does not take.
var refusedBlocks = map[string]bool{"invalid_blocks": true, "invalid_blocks_format": true, "msg_blocks_too_long": true, "invalid_attachments": true}

// withoutButtons says how a page without its buttons is answered.
func (s *Slack) withoutButtons(j ledger.Job) string {
	switch {
	case j.Digest > 0:
		return "\nTo acknowledge, for each: `" + s.opt.Command + " ack INC-…`"
	case j.Kind != ledger.Notify && j.Kind != ledger.NotifyChannel:
		return ""
	}
	return "\nTo acknowledge: `" + s.opt.Command + " ack " + incident.Name(j.Incident) + "`"
}

// send makes the one call that posts a message.
func (s *Slack) send(ctx context.Context, channel string, j ledger.Job, m message) (ledger.Message, error) {
	payload := map[string]any{"incident": incident.Name(j.Incident), "kind": string(j.Kind), "job": j.Key()}
	if m.discreet { // other apps can read it
		payload = map[string]any{"kind": string(j.Kind), "job": ledger.Hash(j.Key())}
	}
	if j.Kind == ledger.Quiet || j.Kind == ledger.Notes {
		payload["target"] = j.Target
	}
	if j.Digest > 0 {
		payload["together"], payload["person"] = strconv.Itoa(j.Digest), j.Person
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(m.notice(), false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: mark, EventPayload: payload}),
	}
	if len(m.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(m.blocks...))
	}
	posted, err := s.wire.Post(ctx, channel, options...)
	return ledger.Message(posted), err
}

// edit makes a message of ours show m. One that shows it already is left alone.
func (s *Slack) edit(ctx context.Context, at ledger.Message, m message) error {
	s.mu.Lock()
	same := s.shown[at] == digest(m)
	s.mu.Unlock()
	if same {
		return nil
	}
	err := s.wire.Update(ctx, wire.Message(at), slack.MsgOptionText(m.notice(), false), slack.MsgOptionBlocks(m.blocks...))
	if err == nil {
		s.remember(at, m)
	}
	return err
}

// remember notes what a message shows, for a while.
func (s *Slack) remember(at ledger.Message, m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) > rememberMost {
		clear(s.shown) // then some edits are made once more
	}
	s.shown[at] = digest(m)
}

// rememberMost is how many messages are known by what they show.
const rememberMost = 5000

func digest(m message) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%s\n", m.text)
	for _, b := range m.blocks {
		writeJSON(h, b)
	}
	return string(h.Sum(nil))
}

// keep posts a message the first time and edits it from then on; at is where it
// stands, or only the channel where it is to stand. A message that people have
// deleted is posted anew.
func (s *Slack) keep(ctx context.Context, j ledger.Job, at ledger.Message, m message) (desk.Outcome, error) {
	return s.keepNew(ctx, j, at, nil, m)
}

// keepNew is keep beside earlier messages of the kind, which are none of it any more.
func (s *Slack) keepNew(ctx context.Context, j ledger.Job, at ledger.Message, earlier []ledger.Message, m message) (desk.Outcome, error) {
	if at.TS == "" && j.Doubtful {
		found, err := s.find(ctx, at.Channel, func(x ledger.Job) bool {
			return x.Kind == j.Kind && x.Incident == j.Incident && (j.Kind != ledger.Quiet && j.Kind != ledger.Notes || x.Target == j.Target)
		})
		if err != nil {
			return desk.Outcome{}, err
		}
		found = slices.DeleteFunc(found, func(m ledger.Message) bool { return slices.Contains(earlier, m) })
		if len(found) > 0 {
			at = found[0]
		}
	}
	if at.TS != "" {
		err := s.edit(ctx, at, m)
		if code := wire.Code(err); code != "message_not_found" && code != "cant_update_message" {
			return desk.Outcome{Message: at}, err
		}
	}
	posted, err := s.post(ctx, at.Channel, j, m)
	return desk.Outcome{Message: posted}, err
}

// in is a message where it stands, or a place for it in a channel.
func in(channel string, m ledger.Message) ledger.Message {
	if m.TS == "" {
		m.Channel = channel
	}
	return m
}

// find looks through a channel's latest messages for ours that match, the
// oldest first.
func (s *Slack) find(ctx context.Context, channel string, match func(ledger.Job) bool) ([]ledger.Message, error) {
	messages, err := s.wire.History(ctx, channel)
	if err != nil {
		return nil, err
	}
	var found []ledger.Message
	for _, m := range messages {
		if m.Metadata.EventType != mark {
			continue
		}
		word := func(k string) string { v, _ := m.Metadata.EventPayload[k].(string); return v }
		n, _ := incident.ParseName(word("incident"))
		j := ledger.Job{Incident: n, Kind: ledger.Kind(word("kind"))}
		j.Number, _ = strconv.Atoi(word("job")[strings.LastIndexByte(word("job"), '/')+1:])
		j.Digest, _ = strconv.Atoi(word("together"))
		j.Person, j.Target = word("person"), word("target")
		if match(j) {
			found = append(found, ledger.Message{Channel: channel, TS: m.Timestamp})
		}
	}
	slices.Reverse(found)
	return found, nil
}

// once posts a message unless this very job has posted it before.
func (s *Slack) once(ctx context.Context, j ledger.Job, channel string, m message) (desk.Outcome, error) {
	if j.Doubtful {
		found, err := s.find(ctx, channel, func(x ledger.Job) bool { return x.Key() == j.Key() && x.Kind == j.Kind })
		if err != nil || len(found) > 0 {
			return desk.Outcome{Message: firstOf(found)}, err
		}
	}
	posted, err := s.post(ctx, channel, j, m)
	return desk.Outcome{Message: posted}, err
}

func firstOf(m []ledger.Message) ledger.Message {
	if len(m) == 0 {
		return ledger.Message{}
	}
	return m[0]
}
