package chat

import (
	"context"
	"strconv"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// handBack does what concerns who is paged: give it back, be silent for a
// while, ask somebody else.
func (s *Slack) handBack(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	done := ""
	var a desk.Answer
	var err error
	switch cmd.Word {
	case "unack":
		a, err = s.desk.Unacknowledge(ctx, c, n)
		done = incident.Name(n) + " is not acknowledged any more. " + whoIsPaged(a.Incident)
	case "snooze":
		length, ok := lasting(cmd.Text)
		if !ok {
			return ephemeral("Say how long, as in: " + s.opt.Command + " snooze 15m, or: " + s.opt.Command + " snooze 2 hours.")
		}
		a, err = s.desk.Snooze(ctx, c, n, length)
		done = "Nobody is paged for " + incident.Name(n) + " for " + long(length) + "."
	case "reassign":
		var who incident.Actor
		if who, err = s.meant(cmd); err != nil {
			break
		}
		if who == "" {
			return ephemeral("Say to whom, as in: " + s.opt.Command + " reassign @ada.")
		}
		a, err = s.desk.Reassign(ctx, c, n, who)
		done = incident.Name(n) + " is reassigned to " + s.names().who(who) + ", who is being paged."
	}
	if err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral(drillMark(a.Incident) + done)
}

var lastingForm = pattern.New(`^(?i:for\s+)?(\d{1,4})\s*(?i:(m|min|mins|minute|minutes|h|hr|hrs|hour|hours)?)\.?$`)

// lasting reads how long something is to last, as people type it: 15m, 2 h,
// for 30 minutes. A number by itself is minutes.
func lasting(text string) (time.Duration, bool) {
	m := lastingForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // of at most four digits: cannot fail
	if m[2] != "" && (m[2][0] == 'h' || m[2][0] == 'H') {
		return time.Duration(n) * time.Hour, true
	}
	return time.Duration(n) * time.Minute, true
}
