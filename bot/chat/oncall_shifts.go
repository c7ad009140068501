package chat

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/rotation/calendar"
)

// shiftsMost is how many shifts or hand-overs are listed.
const shiftsMost = 20

// ownShifts shows when somebody is on call, and in which rotations they take turns.
func (s *Slack) ownShifts(who incident.Actor) reply {
	kind, id := who.Split()
	if kind != "person" {
		return ephemeral("You are not in the roster, so you have no shifts. `" + s.opt.OncallCommand + "` says who is on call.")
	}
	r, now := s.people.Current().Roster, time.Now()
	lines := []string{"*Your shifts*"}
	if shifts := shiftLines(r, id, now, shiftsMost); len(shifts) > 0 {
		lines = append(lines, shifts...)
	} else {
		lines = append(lines, "You are not on call within 90 days.")
	}
	if own := rotationsOf(r, id); len(own) > 0 {
		lines = append(lines, "*Your rotations*")
		for _, x := range own[:min(len(own), shiftsMost)] {
			lines = append(lines, rotationLine(x, r, s.names(), now))
		}
		if more := len(own) - shiftsMost; more > 0 {
			lines = append(lines, fmt.Sprintf("And %d more.", more))
		}
	}
	return ephemeral("Your shifts and rotations", sectionsOf(lines)...)
}

// rotationsOf are the rotations in which somebody takes turns.
func rotationsOf(r *rotation.Roster, person string) []*rotation.Rotation {
	var list []*rotation.Rotation
	for n := range r.Rotations {
		x := &r.Rotations[n]
		if slices.ContainsFunc(x.Layers, func(l rotation.Layer) bool {
			return slices.ContainsFunc(l.People, func(s rotation.Slot) bool { return slices.Contains(s, person) })
		}) {
			list = append(list, x)
		}
	}
	return list
}

// handOvers shows somebody's next shift, and when their rotations are handed over next;
// all rotations to whoever has none.
func (s *Slack) handOvers(who incident.Actor) reply {
	r, n, now := s.people.Current().Roster, s.names(), time.Now()
	if len(r.Rotations) == 0 {
		return ephemeral("There is no rotation yet. The roster file says who is on call; see `roster` in the configuration.")
	}
	var lines []string
	kind, id := who.Split()
	var list []*rotation.Rotation
	if kind == "person" {
		lines = append(lines, "*Your next shift*", nextShift(r, id, now))
		list = rotationsOf(r, id)
	}
	if len(list) == 0 {
		for k := range r.Rotations {
			list = append(list, &r.Rotations[k])
		}
	}
	lines = append(append(lines, "*Next hand-overs*"), handOverLines(list, n, now)...)
	return ephemeral("What comes next", sectionsOf(lines)...)
}

// nextShift is the first of somebody's shifts that has not begun.
func nextShift(r *rotation.Roster, person string, now time.Time) string {
	on := ""
	for _, line := range shiftLines(r, person, now, 1000) {
		if !strings.Contains(line, "* now, ") {
			return line + on
		}
		on = " (you are on call now, too)"
	}
	if on != "" {
		return "You are on call now, and not again within 90 days."
	}
	return "You are not on call within 90 days."
}

// handOverLines says when rotations are handed over next, the earliest first.
func handOverLines(list []*rotation.Rotation, n names, now time.Time) []string {
	type handOver struct {
		at   time.Time
		line string
	}
	var all []handOver
	never := 0
	for _, x := range list {
		t, ok := x.NextChange(now)
		if !ok {
			never++
			continue
		}
		to := ":warning: nobody"
		if people := x.People(t); len(people) > 0 {
			to = n.people(people)
		}
		all = append(all, handOver{t, fmt.Sprintf("%s *%s* to %s", at(t), esc(x.ID), to)})
	}
	slices.SortStableFunc(all, func(a, b handOver) int { return a.at.Compare(b.at) })
	var lines []string
	for _, h := range all[:min(len(all), shiftsMost)] {
		lines = append(lines, h.line)
	}
	if more := len(all) - shiftsMost; more > 0 {
		lines = append(lines, "And "+incident.Count(more, "more rotation", "more rotations")+".")
	}
	if never > 0 {
		lines = append(lines, "In "+incident.Count(never, "rotation", "rotations")+" nothing changes for the time being.")
	}
	return lines
}

// What a picture shows.
const (
	calendarWeeks = 2
	calendarRows  = 20 // rotations
	barsMost      = 9000
)

// calendar draws who is on call over two weeks. The picture goes into the direct messages,
// since a file cannot be shown to one person in a channel; where files cannot be uploaded,
// the answer has bars.
func (s *Slack) calendar(user string, c desk.Caller, typed string) answer {
	r := s.people.Current().Roster
	list := rotationsNamed(r, typed)
	switch {
	case len(r.Rotations) == 0:
		return answer{payload: ephemeral("There is no rotation yet. The roster file says who is on call; see `roster` in the configuration.")}
	case len(list) == 0:
		return answer{payload: s.noTeam(r, typed)}
	}
	left := ""
	if more := len(list) - calendarRows; more > 0 {
		list, left = list[:calendarRows], fmt.Sprintf(" It shows %d of %d rotations: `%s calendar TEAM` draws one team's.", calendarRows, calendarRows+more, s.opt.OncallCommand)
	}
	return s.workedOut(c, func(ctx context.Context) reply {
		now := time.Now()
		chart := calendar.New(r, calendar.Options{Rotations: list, From: now, Weeks: calendarWeeks, Zone: s.askZone(ctx, user)})
		err := s.sendPicture(ctx, user, chart, now)
		if err == nil {
			return ephemeral("The calendar of the next two weeks is in your direct messages with me." + gapsIn(chart) + left)
		}
		s.log.Warn().Str("error", wire.Plain(err)).Msg("a calendar could not be uploaded; it is shown as bars")
		return ephemeral("A picture could not be sent, so here are bars."+left, barBlocks(chart)...)
	})
}

// rotationsNamed are the rotations of a team, or the one with that ID; all for no word.
func rotationsNamed(r *rotation.Roster, typed string) []*rotation.Rotation {
	word := strings.TrimSpace(typed)
	var list []*rotation.Rotation
	for n := range r.Rotations {
		x := &r.Rotations[n]
		if word == "" || strings.EqualFold(x.ID, word) || x.Team != "" && (strings.EqualFold(x.Team, word) || strings.EqualFold(teamName(r, x.Team), word)) {
			list = append(list, x)
		}
	}
	return list
}

// gapsIn says how often nobody is on call.
func gapsIn(c calendar.Chart) string {
	switch n := c.Gaps(); n {
	case 0:
		return " Somebody is on call all the time."
	case 1:
		return " Once nobody is on call: that part has stripes."
	default:
		return fmt.Sprintf(" %d times nobody is on call: those parts have stripes.", n)
	}
}

func (s *Slack) sendPicture(ctx context.Context, user string, chart calendar.Chart, now time.Time) error {
	var b bytes.Buffer
	if err := chart.WritePNG(&b, now); err != nil {
		return err
	}
	return wire.Patiently(ctx, func() error {
		dm, err := s.wire.OpenDM(ctx, user)
		if err != nil {
			return err
		}
		return s.wire.Upload(ctx, dm, wire.File{Name: "on-call-" + now.In(chart.Zone).Format(time.DateOnly) + ".png", Title: "Who is on call",
			Alt: short(strings.Join(altLines(chart, now), ". "), 1000), Content: b.String()})
	})
}

// altLines say in words what the picture shows, for those who do not see it: who is on
// call, and who comes next.
func altLines(c calendar.Chart, now time.Time) []string {
	lines := []string{"Who is on call in the next two weeks"}
	for _, r := range c.Rows {
		var names []string
		for _, b := range r.Bars {
			if !b.End.After(now) || len(names) == 3 {
				continue
			}
			who := "nobody"
			for n, p := range b.People {
				if n == 0 {
					who = p.Name
				} else {
					who += " and " + p.Name
				}
			}
			names = append(names, who+" until "+b.End.In(c.Zone).Format("Mon 2 Jan 15:04"))
		}
		lines = append(lines, r.Rotation+": "+strings.Join(names, ", then "))
	}
	return lines
}

// barBlocks shows the chart as bars, a block for each week; what would make the answer too
// long is counted.
func barBlocks(c calendar.Chart) []slack.Block {
	var blocks []slack.Block
	left, cut := barsMost, 0
	for _, part := range parts(strings.TrimSpace(esc(c.Text())), 2900) {
		if left -= length(part); left < 0 {
			cut++
			continue
		}
		blocks = append(blocks, section("```"+part+"```"))
	}
	if cut > 0 {
		blocks = append(blocks, contextLine("There is more than fits here. `stormbell oncall calendar` draws all of it."))
	}
	return blocks
}
