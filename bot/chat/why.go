package chat

import (
	"context"

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
	lines = append([]string{"*Who was paged, and why, for " + incident.Name(n) + "?*"}, lines...)
	text := firstLines(lines, 8000, "`stormbell oncall why "+incident.Name(n)+"` prints all.")
	return ephemeral("Who was paged, and why, for "+incident.Name(n), sections(text)...)
}
