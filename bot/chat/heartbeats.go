package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/alerts"
)

// heartbeats answers which signs of life the roster expects, and how they stand.
func (s *Slack) heartbeats(ctx context.Context) reply {
	list, err := s.room.Heartbeats(ctx)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	return ephemeral("Heartbeats", sections(heartbeatsText(list))...)
}

// heartbeatsMost is how many heartbeats are shown: those that are missing, then those
// that are due the soonest.
const heartbeatsMost = 20

func heartbeatsText(list []alerts.Heartbeat) string {
	if len(list) == 0 {
		return "The roster expects no heartbeat. Its section `heartbeats` makes one: what falls silent then pages."
	}
	slices.SortStableFunc(list, func(a, b alerts.Heartbeat) int {
		if a.State != b.State && (a.State == alerts.BeatMissing || b.State == alerts.BeatMissing) {
			if a.State == alerts.BeatMissing {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Name, b.Name))
	})
	var lines []string
	for _, h := range list[:min(len(list), heartbeatsMost)] {
		last := "has never come"
		if !h.Last.IsZero() {
			last = "came " + at(h.Last)
		}
		line := fmt.Sprintf("*%s* · %s", clip(esc(h.Name), 80), last)
		switch {
		case h.State == alerts.BeatMissing:
			line = ":red_circle: " + line + ", missing since " + at(h.Missing)
		case !h.Due.IsZero():
			line += ", due by " + at(h.Due)
		}
		lines = append(lines, line)
	}
	if rest := len(list) - heartbeatsMost; rest > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more; `stormbell heartbeat list` shows all.", rest))
	}
	return strings.Join(lines, "\n")
}
