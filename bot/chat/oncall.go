package chat

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// oncall answers /oncall: who is on call now, until when, and who is next; for
// everybody, or for one team.
func (s *Slack) oncall(text string) reply {
	team := strings.ToLower(strings.TrimSpace(tidy(text)))
	roster, now, n := s.desk.Roster(), time.Now(), s.names()
	var lines []string
	for _, r := range roster.Rotations {
		if team == "" || team == "who" || strings.EqualFold(r.Team, team) || strings.EqualFold(r.ID, team) || strings.EqualFold(teamName(roster, r.Team), team) {
			lines = append(lines, rotationLine(&r, roster, n, now))
		}
	}
	switch {
	case len(roster.Rotations) == 0:
		return ephemeral("There is no rotation yet. The roster file says who is on call; see `roster` in the configuration.")
	case len(lines) == 0:
		var teams []string
		for _, t := range roster.Teams {
			teams = append(teams, t.ID)
		}
		return ephemeral("There is no team “" + clip(esc(team), 60) + "”. Teams: " + esc(strings.Join(teams, ", ")) + ".")
	}
	var blocks []slack.Block
	for _, part := range parts(strings.Join(lines, "\n"), 2900) {
		if len(blocks) < 3 {
			blocks = append(blocks, section(part))
		}
	}
	return ephemeral("Who is on call", blocks...)
}

func teamName(r *rotation.Roster, id string) string {
	if t, ok := r.Team(id); ok {
		return t.Name
	}
	return id
}

// rotationLine says of one rotation who is on call, until when, and who is next.
func rotationLine(r *rotation.Rotation, roster *rotation.Roster, n names, now time.Time) string {
	c := r.At(now)
	who := ":warning: nobody"
	if len(c.People) > 0 {
		who = n.people(c.People)
	}
	line := fmt.Sprintf("*%s* (%s): %s", esc(r.ID), esc(teamName(roster, r.Team)), who)
	if len(c.Shadows) > 0 {
		line += ", shadow " + n.people(c.Shadows)
	}
	if c.Until.IsZero() {
		return line
	}
	next := "nobody"
	if people := r.People(c.Until); len(people) > 0 {
		next = n.people(people)
	}
	return line + " until " + at(c.Until) + ", then " + next
}

func (n names) people(ids []string) string {
	var actors []incident.Actor
	for _, id := range ids {
		actors = append(actors, incident.Person(id))
	}
	return n.all(actors)
}
