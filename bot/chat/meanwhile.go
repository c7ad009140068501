package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Limits of what a channel that is late is told, in characters. A message holds more
// (Slack: msg_blocks_too_long, about 13,200), but not where all of it is escaped.
const (
	meanwhileMost  = 9000
	meanwhileParts = 4
	meanwhileNote  = 1500
	meanwhileLine  = 500
)

// meanwhile tells the channel one part of what happened before it stood, and whether
// there are more.
func (s *Slack) meanwhile(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	what := "what happened before this channel stood"
	if t.Job.Pass > 0 {
		what = "what happened meanwhile, told late"
	}
	parts := meanwhileMessages(t.Incident, what, t.Meanwhile(), s.names(), s.opt.Command)
	if t.Job.Step >= len(parts) {
		return desk.Outcome{}, nil
	}
	o, err := s.once(ctx, t.Job, t.Artifacts.Channel, parts[t.Job.Step])
	o.Rest = t.Job.Step+1 < len(parts)
	return o, err
}

// sayLate has a line told with its time, unless it stands already.
func (s *Slack) sayLate(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Job.Doubtful {
		found, err := s.find(ctx, t.Artifacts.Channel, func(x ledger.Job) bool { return x.Key() == t.Job.Key() && x.Kind == t.Job.Kind })
		if err != nil || len(found) > 0 {
			return desk.Outcome{Message: firstOf(found), Seen: t.Incident.Events}, err
		}
	}
	return desk.Outcome{}, s.desk.TellLate(ctx, t.Job)
}

// meanwhileMessages are events in order with their times, in as many messages as it
// takes, up to meanwhileParts: of more the middle is left out.
func meanwhileMessages(i incident.Incident, what string, events []incident.Event, n names, command string) []message {
	head := drillMark(i) + "*" + incident.Capital(what) + "*"
	parts, size := [][]string{{head}}, length(head)
	for _, e := range events {
		most := meanwhileLine
		if e.Kind == incident.KindNote {
			most = meanwhileNote
		}
		line := "• " + at(e.At) + " " + clip(n.line(e), most)
		if size += length(line) + 1; size > meanwhileMost {
			parts, size = append(parts, nil), length(line)
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], line)
	}
	if over := len(parts) - meanwhileParts; over > 0 {
		left := 0
		for _, p := range parts[1 : 1+over] {
			left += len(p)
		}
		parts = append(parts[:1:1], parts[1+over:]...)
		parts[0] = append(parts[0], fmt.Sprintf("… %s left out here; `%s timeline %s` shows all.", incident.Count(left, "entry is", "entries are"), command, i.Name()))
	}
	var messages []message
	for _, lines := range parts {
		messages = append(messages, message{text: drillMark(i) + i.Name() + ": " + what, blocks: sectionsOf(lines)})
	}
	return messages
}

// sectionsOf puts lines into as few sections as hold them whole.
func sectionsOf(lines []string) []slack.Block {
	var blocks []slack.Block
	var b strings.Builder
	for _, line := range lines {
		if b.Len() > 0 && length(b.String())+1+length(line) > 2900 {
			blocks = append(blocks, section(b.String()))
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return append(blocks, section(b.String()))
}
