package chat

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/incident"
)

// moment stands for an instant until the rest of a line is escaped.
var moment = regexp.MustCompile("\x00(\\d+)\x00")

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
	show := func(t time.Time) string { return fmt.Sprintf("\x00%d\x00", t.Unix()) }
	text := "*Why was who paged for " + incident.Name(n) + "?*\n" + esc(strings.Join(s.desk.WhyWords(x, show), "\n"))
	text = moment.ReplaceAllStringFunc(text, func(m string) string {
		unix, _ := strconv.ParseInt(strings.Trim(m, "\x00"), 10, 64) // only digits: cannot fail
		return clock(time.Unix(unix, 0))
	})
	var blocks []slack.Block
	for _, part := range parts(clip(text, 8000), 2900) {
		blocks = append(blocks, section(part))
	}
	return ephemeral("Why was who paged for "+incident.Name(n), blocks...)
}
