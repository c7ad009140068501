package chat

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// answer is what acknowledges an envelope: what the person sees at once, and
// what is done right after the acknowledgement.
type answer struct {
	payload any
	after   func(context.Context)
}

// reply is a message that only the caller sees.
type reply struct {
	ResponseType string        `json:"response_type"`
	Text         string        `json:"text"`
	Blocks       *slack.Blocks `json:"blocks,omitempty"`
	Replaces     bool          `json:"-"` // it stands in the place of the message whose button was pressed
}

func ephemeral(text string, blocks ...slack.Block) reply {
	r := reply{ResponseType: slack.ResponseTypeEphemeral, Text: clip(text, 3500)}
	if len(blocks) > 0 {
		r.Blocks = &slack.Blocks{BlockSet: blocks}
	}
	return r
}

// trouble shows an error to a person: a refusal in its own words, anything else
// as a short apology with a reference that the log has too.
func (s *Slack) trouble(err error) string {
	var r *incident.Refusal
	if errors.As(desk.Plain(err), &r) {
		return s.names().refusal(r)
	}
	ref, write := s.desk.Failures.Failed(err, time.Now())
	if write {
		s.log.Error().Err(err).Str("reference", ref).Msg("an act could not be carried out")
	}
	return "That did not work, and nothing was recorded. Please try again. (Reference " + ref + ")"
}

// mistake answers a command that could not be carried out. What was typed is
// shown again where it was more than a word, so that it can be copied.
func (s *Slack) mistake(err error, cmd Command) reply {
	text := s.trouble(err)
	join := joinBlocks(err, cmd.Typed)
	switch {
	case cmd.Text == "" && cmd.Details == "" && len(join) == 0:
		return ephemeral(text)
	case cmd.Text == "" && cmd.Details == "":
		return ephemeral(text, append([]slack.Block{section(text)}, join...)...)
	}
	blocks := append([]slack.Block{section(text)}, join...)
	return ephemeral(text, append(append(blocks, contextLine("You typed:")), typedBlocks(s.opt.Command+" "+cmd.Typed)...)...)
}

// typedMost is how much of what somebody typed is shown again: an answer of
// 20 KiB or more would be lost.
const typedMost = 5500

// typedBlocks shows plain text as it was typed, in as many sections as it needs.
func typedBlocks(text string) []slack.Block {
	var blocks []slack.Block
	left := typedMost
	for rest := text; rest != "" && left > 0; {
		piece := rest
		for n := 2800; length(esc(piece)) > min(2800, left); n /= 2 {
			piece = plainPiece(rest, n)
		}
		if piece == "" {
			break
		}
		left -= length(esc(piece))
		blocks = append(blocks, section(quote(piece, 3000)))
		rest = strings.TrimLeft(rest[len(piece):], " ")
	}
	return blocks
}

// told answers a press: the acknowledgement of a press carries nothing, so the
// words go to its response_url.
func (s *Slack) told(c desk.Caller, r reply) answer {
	return answer{after: func(ctx context.Context) {
		if err := s.respond(ctx, c.ReplyURL, r); err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("a person could not be answered")
		}
	}}
}

// After patience somebody who waits is told that their answer is being worked out;
// replyTime is what is left at the end to send it.
const (
	patience  = 2 * time.Second
	replyTime = 3 * time.Second
)

// workedOut answers after the acknowledgement, for what may take longer than Slack
// waits for one.
func (s *Slack) workedOut(c desk.Caller, work func(context.Context) reply) answer {
	return answer{after: func(ctx context.Context) {
		said := make(chan struct{})
		wait := time.AfterFunc(patience, func() {
			defer close(said)
			s.told(c, ephemeral("Working it out…")).after(ctx)
		})
		working := ctx
		if end, limited := ctx.Deadline(); limited {
			var cancel context.CancelFunc
			working, cancel = context.WithDeadline(ctx, end.Add(-replyTime))
			defer cancel()
		}
		r := work(working)
		if !wait.Stop() {
			<-said // the one message must not overtake the other
		}
		s.told(c, r).after(ctx)
	}}
}
