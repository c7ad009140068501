package chat

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/incident"
)

// help says what can be done here.
func (s *Slack) help(first string) reply {
	blocks := []slack.Block{section(strings.TrimSpace(first + "\n*What can be done here*"))}
	blocks = append(blocks, helpBlocks(s.opt.Command, IncidentHelp())...)
	where := "In an incident's channel they act on it; anywhere else put its name after the word, as in `" + s.opt.Command + " ack INC-1`. " +
		"`" + s.opt.OncallCommand + " help` says what can be done about on call."
	return ephemeral("What can be done here: declare, ack, mitigate, resolve, note, timeline, list, show, help",
		append(blocks, contextLine(where),
			slack.NewActionBlock("help", button(actDeclare, "", "Declare an incident", slack.StyleDanger),
				button(actList, "", "Open incidents", ""), button(actOncall, "", "Who is on call", "")))...)
}

func (s *Slack) show(ctx context.Context, who incident.Actor, n int) reply {
	b, a, err := s.looked(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := cardMessage(b, a, s.names())
	events, err := s.desk.Noted(ctx, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	if text := s.names().open(b, incident.Open(incident.Entries(events))); text != "" {
		m.blocks = append(m.blocks, contextLine(text))
	}
	if b.Artifacts.Channel != "" {
		m.blocks = append(m.blocks, contextLine("<#"+b.Artifacts.Channel+">"))
	}
	return ephemeral(m.text, m.blocks...)
}

func (s *Slack) postmortem(ctx context.Context, who incident.Actor, n int) reply {
	d, err := s.desk.Postmortem(ctx, who, n, s.opt.Zone)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	i, _, err := s.desk.Timeline(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := postmortemMessage(i, d)
	whole := contextLine("This is the short form. `stormbell postmortem " + i.Name() + "` prints the whole document.")
	return ephemeral(m.text, append(m.blocks, whole)...)
}
