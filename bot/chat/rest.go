package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The actions of what somebody is asked after a night; the value is the day.
const (
	actStartLate  = "start_late"
	actStartUsual = "start_usual"
	actCallFirst  = "call_first"
	actKeepRules  = "keep_rules"
)

// rest tells somebody, or their team, what follows from a night.
func (s *Slack) rest(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	switch {
	case t.Rested.Done:
		return desk.Outcome{}, nil
	case t.Job.Target == desk.RestTeam:
		return s.tellTeam(ctx, t.Job, t.Job.Via, lateMessage(s.people.Current().DisplayName(incident.Actor(t.Job.Person)), t.Rested))
	case t.Job.Target == desk.RestLate:
		return s.tellPerson(ctx, t.Job, morningMessage(t.Rested))
	case t.Job.Target == desk.RestMissed:
		return s.tellPerson(ctx, t.Job, missedPageMessage(t.Rested))
	default:
		return desk.Outcome{Failed: "this version does not know how to say it"}, nil
	}
}

// week tells a team how its week on call was.
func (s *Slack) week(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	return s.tellTeam(ctx, t.Job, t.Job.Target, regularMessage(t.Job.Text))
}

// regularMessage is what a team or everybody is told from time to time. What it is about, up
// to the first colon, stands out.
func regularMessage(text string) message {
	text = clip(esc(text), 2900)
	shown := text
	if about, rest, ok := strings.Cut(text, ":"); ok && !strings.ContainsAny(about, "*\n") {
		shown = "*" + about + ":*" + rest
	}
	return message{text: text, blocks: []slack.Block{section(shown)}}
}

// tellTeam posts something to a team, once.
func (s *Slack) tellTeam(ctx context.Context, j ledger.Job, team string, m message) (desk.Outcome, error) {
	name, err := s.teamChannel(ctx, team)
	if err != nil {
		return desk.Outcome{}, err
	}
	if j.Doubtful {
		id, err := s.channel(ctx, name)
		if err != nil {
			return desk.Outcome{}, err
		}
		if found, err := s.findJob(ctx, id, j); err != nil || found.TS != "" {
			return desk.Outcome{Message: found}, err
		}
	}
	posted, err := s.postIn(ctx, name, j, m)
	if code := wire.Code(err); code != "" && name != s.opt.AnnounceChannel {
		s.log.Warn().Str("team", team).Str("error", code).Msg("a team's channel takes no message; the channel for announcements gets it")
		posted, err = s.postIn(ctx, s.opt.AnnounceChannel, j, m)
	}
	return desk.Outcome{Message: posted}, err
}

// hourOf shows an instant as a time of day in the reader's own time zone.
func hourOf(t time.Time, zone *time.Location) string {
	return fmt.Sprintf("<!date^%d^{time}|%s>", t.Unix(), t.In(zone).Format("15:04 MST"))
}

// morningMessage offers a late start to somebody who was woken.
func morningMessage(r desk.Rested) message {
	text := "You were paged at " + hourOf(r.From, r.Zone) + "."
	if long := r.To.Sub(r.From); long >= time.Minute {
		text = "You were up from " + hourOf(r.From, r.Zone) + " to " + hourOf(r.To, r.Zone) + "."
	}
	text += " Take the morning?"
	note := "Your team's channel reads that you were up on call and when you start, and nothing else. Reminders that can wait come on another day."
	return message{text: text, blocks: []slack.Block{section(text), contextLine(note), slack.NewActionBlock("rest_late",
		button(actStartLate, r.Day, "Start at "+r.Start.Format("15:04"), slack.StylePrimary), button(actStartUsual, r.Day, "No, thanks", ""))}}
}

// missedPageMessage asks whether a call is to come first.
func missedPageMessage(r desk.Rested) message {
	text := "The " + hourOf(r.Missed.At, r.Zone) + " page went out as a push"
	if r.Missed.Call.IsZero() {
		text += ", and no call followed."
	} else {
		text += " first, the call came " + after(r.Missed.Call.Sub(r.Missed.At)) + " later."
	}
	text += " Call first at night?"
	return message{text: text, blocks: []slack.Block{section(text), slack.NewActionBlock("rest_missed",
		button(actCallFirst, r.Day, "Yes", slack.StylePrimary), button(actKeepRules, r.Day, "Keep", ""))}}
}

// after says a short time in words.
func after(d time.Duration) string {
	switch m := int(d.Round(time.Minute) / time.Minute); {
	case m < 1:
		return "moments"
	case m == 1:
		return "a minute"
	default:
		return fmt.Sprintf("%d minutes", m)
	}
}

// lateMessage tells a team that somebody starts later. It says nothing of what kept them up.
func lateMessage(name string, r desk.Rested) message {
	text := esc(name) + " was up on call in the night and starts at " + hourOf(r.Start, r.Zone) + " today."
	return message{text: text, blocks: []slack.Block{section(text)}}
}

// pressedRest answers what somebody was asked after a night, in the place of the question.
func (s *Slack) pressedRest(ctx context.Context, c desk.Caller, action, day string) answer {
	var text string
	var err error
	switch action {
	case actStartLate:
		if _, err = s.desk.StartLate(ctx, c, day, true); err == nil {
			text = "Your team's channel reads that you start later today. Sleep well."
		}
	case actStartUsual:
		if _, err = s.desk.StartLate(ctx, c, day, false); err == nil {
			text = "All right. Nothing was posted."
		}
	case actCallFirst:
		text, err = s.callFirst(ctx, c)
	default:
		text, err = "Your rules stay as they are.", s.desk.KeepRules(ctx, c)
	}
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, reply{Text: text, Replaces: true})
}

// callFirst says which line of the roster has somebody called first. It is not changed by
// a button: the roster is reviewed, and the next one to be applied would undo it.
func (s *Slack) callFirst(ctx context.Context, c desk.Caller) (string, error) {
	_, id := c.Actor.Split()
	p, ok := s.people.Current().Roster.Person(id)
	if !ok {
		return "", refuse("", "You are not in the roster, so there are no rules of yours.")
	}
	return "Your rules stand in the roster, which is reviewed. With this line of yours a call comes first, by day too:\n```" +
		esc(rulesLine(p.Rules.High)) + "```\nWhoever keeps the roster puts it there, with `stormbell roster apply`.", s.desk.KeepRules(ctx, c)
}

// rulesLine is a person's rules as the roster writes them, with a call first.
func rulesLine(high []rotation.Rule) string {
	parts := []string{"{via: voice}"}
	for _, r := range high {
		switch {
		case r.Via == "voice":
		case r.After > 0:
			parts = append(parts, fmt.Sprintf("{via: %s, after: %s}", r.Via, rotation.DurationText(r.After)))
		default:
			parts = append(parts, "{via: "+r.Via+"}")
		}
	}
	return "rules: {high: [" + strings.Join(parts, ", ") + "]}"
}
