package chat

import (
	"context"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// actKeepOpen says that an incident is not forgotten; the value is its number.
const actKeepOpen = "keep_open"

// idlePart states of each since when nothing was heard, and offers the next step.
func idlePart(list []incident.Incident) morningPart {
	p := morningPart{count: incident.Count(len(list), "incident", "incidents")}
	p.text = "Nothing has happened in this incident for a while."
	if len(list) > 1 {
		p.text = fmt.Sprintf("Nothing has happened in these %d incidents for a while.", len(list))
	}
	p.blocks = []slack.Block{section("*Incidents*\n" + p.text)}
	if len(list) == 1 {
		p.text = list[0].Name() + ": nothing has happened for a while. It is " + string(list[0].Status) + "."
	}
	for _, i := range list {
		since := i.Mitigated
		if i.Status == incident.Resolved {
			since = i.Resolved
		}
		where := ""
		if i.Channel != "" {
			where = " <#" + i.Channel + ">"
		}
		value := strconv.Itoa(i.Number)
		next := button(actResolve, value, "Resolve", slack.StylePrimary)
		if i.Status == incident.Resolved {
			next = button(actClose, value, "Close", slack.StylePrimary)
		}
		p.blocks = append(p.blocks, section(fmt.Sprintf("%s *%s · %s* · %s since %s\n%s%s", i.Marks(), i.Name(), i.Severity, i.Status, at(since), clip(esc(i.Title), morningTitle), where)))
		p.blocks = append(p.blocks, row(i, next, button(actKeepOpen, value, "Not yet", ""))...)
	}
	return p
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
