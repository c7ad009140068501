package chat

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// actKeepOpen says that an incident is not forgotten; the value is its number.
const actKeepOpen = "keep_open"

// idleLate is after what time it is not asked any more that day.
const idleLate = 6 * time.Hour

// askIdle asks somebody what is to become of the incidents in which nothing happens.
func (s *Slack) askIdle(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if len(t.Idle) == 0 || time.Since(t.Job.Created) > idleLate {
		return desk.Outcome{}, nil
	}
	return s.tellPerson(ctx, t.Job, idleMessage(t.Idle))
}

// idleMessage states of each since when nothing was heard, and offers the next step.
func idleMessage(list []incident.Incident) message {
	head := "Nothing has happened in this incident for a while."
	if len(list) > 1 {
		head = fmt.Sprintf("Nothing has happened in these %d incidents for a while.", len(list))
	}
	m := message{text: head, blocks: []slack.Block{section(head)}}
	if len(list) == 1 {
		m.text = list[0].Name() + ": nothing has happened for a while. It is " + string(list[0].Status) + "."
	}
	left := contentMost
	for _, i := range list {
		since := i.Mitigated
		if i.Status == incident.Resolved {
			since = i.Resolved
		}
		where := ""
		if i.Channel != "" {
			where = " <#" + i.Channel + ">"
		}
		text := fmt.Sprintf("%s *%s · %s* · %s since %s\n%s%s", i.Marks(), i.Name(), i.Severity, i.Status, at(since), clip(esc(i.Title), 300), where)
		if left -= length(text); left < 0 {
			break
		}
		value := strconv.Itoa(i.Number)
		next := button(actResolve, value, "Resolve", slack.StylePrimary)
		if i.Status == incident.Resolved {
			next = button(actClose, value, "Close", slack.StylePrimary)
		}
		m.blocks = append(m.blocks, section(text))
		m.blocks = append(m.blocks, row(i, next, button(actKeepOpen, value, "Not yet", ""))...)
	}
	return m
}

// keepOpen is the button that says that an incident is not forgotten.
func (s *Slack) keepOpen(ctx context.Context, c desk.Caller, value string) answer {
	n, _ := strconv.Atoi(value) // 0, which is no incident, is refused
	a, err := s.desk.KeepOpen(ctx, c, n)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(a.Incident.Name()+" stays "+string(a.Incident.Status)+". You are asked again when nothing has happened for a while."))
}
