package chat

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
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
		length, reason, ok := lasting(cmd.Text)
		if !ok {
			return ephemeral("Say how long, as in: " + s.opt.Command + " snooze 15m, or: " + s.opt.Command + " snooze 2 hours. A reason may follow.")
		}
		a, err = s.desk.Snooze(ctx, c, n, length, reason)
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

// lasting reads how long something is to last, as people type it, and the reason that
// follows: 15m, 2 h, for 30 minutes, 1 h 30 min they sleep. A number that stands by itself
// is minutes.
func lasting(text string) (length time.Duration, reason string, ok bool) {
	words := strings.Fields(text)
	if len(words) > 1 && strings.EqualFold(words[0], "for") {
		words = words[1:]
	}
	if len(words) == 1 {
		if n, err := strconv.ParseUint(strings.TrimSuffix(words[0], "."), 10, 14); err == nil {
			return time.Duration(n) * time.Minute, "", true
		}
	}
	length, n := howLong(words)
	if n == 0 {
		return 0, "", false
	}
	if words = words[n:]; len(words) > 1 && words[0][0] >= '0' && words[0][0] <= '9' {
		more, n := howLong(words)
		length, words = length+more, words[n:]
	}
	return length, strings.Join(reasonOf(words), " "), true
}
