package chat

import (
	"context"
	"strconv"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/pattern"
)

// ofIncident is what the channel of an incident is called, see [incident.ChannelName].
var ofIncident = pattern.New(`^inc-([1-9][0-9]{0,7})(-|$)`)

// learnNumbers looks, once after a copy of the store was put back, which numbers of
// incidents stand in Slack: none of them is given again.
func (s *Slack) learnNumbers(ctx context.Context) error {
	unsure, err := s.desk.NumbersUnsure(ctx)
	if err != nil || !unsure {
		return err
	}
	self, err := s.wire.Self(ctx)
	if err != nil {
		return err
	}
	highest := 0
	err = s.wire.EachChannel(wire.WithRank(ctx, behindAll), func(c wire.Channel) {
		if m := ofIncident.FindStringSubmatch(c.Name); m != nil && c.Creator == self {
			n, _ := strconv.Atoi(m[1]) // which the pattern sees to
			highest = max(highest, n)
		}
	})
	if err != nil {
		return err
	}
	s.log.Info().Int("highest", highest).Msg("the numbers of incidents in Slack are known; new ones are above them")
	return s.desk.NumbersSeen(ctx, highest)
}
