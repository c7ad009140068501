package chat

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// why says why people were paged about an incident: the one that is named, or
// the one whose channel it is asked in.
func (s *Slack) why(ctx context.Context, who incident.Actor, channel, rest string) reply {
	word, _ := cut(rest)
	n, ok := incident.ParseName(word)
	if !ok {
		var err error
		if n, ok, err = s.desk.InChannel(ctx, channel); err != nil {
			return ephemeral(s.trouble(err))
		}
	}
	if !ok {
		return ephemeral("Say of which incident, as in: " + s.opt.OncallCommand + " why INC-1.")
	}
	x, err := s.desk.Why(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	lines := s.desk.WhyWords(x, desk.Words{Time: at, Text: esc})
	text := "*Why was who paged for " + incident.Name(n) + "?*\n" + strings.Join(lines, "\n")
	var blocks []slack.Block
	for _, part := range parts(clip(text, 8000), 2900) {
		blocks = append(blocks, section(part))
	}
	return ephemeral("Why was who paged for "+incident.Name(n), blocks...)
}
