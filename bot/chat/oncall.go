package chat

import (
	"fmt"
	"slices"
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
	roster, now, n := s.people.Current().Roster, time.Now(), s.names()
	if len(roster.Rotations) == 0 {
		return ephemeral("There is no rotation yet. The roster file says who is on call; see `roster` in the configuration.")
	}
	var lines, gone []string
	for i := range roster.Rotations {
		r := &roster.Rotations[i]
		if team == "" || team == "who" || strings.EqualFold(r.Team, team) || strings.EqualFold(r.ID, team) || strings.EqualFold(teamName(roster, r.Team), team) {
			lines = append(lines, rotationLine(r, roster, n, now))
			gone = append(gone, s.goneOf(r, now)...)
		}
	}
	if len(lines) == 0 {
		return s.noTeam(roster, team)
	}
	var blocks []slack.Block
	if warned := s.goneWords(gone); warned != "" {
		blocks = append(blocks, section(warned))
	}
	for k, part := range parts(strings.Join(lines, "\n"), 2900) {
		if k == 4 {
			blocks = append(blocks, contextLine("There are more. `"+s.opt.OncallCommand+" TEAM` shows one team."))
			break
		}
		blocks = append(blocks, section(part))
	}
	if wanted := wantedLine(roster, n, now); wanted != "" {
		blocks = append(blocks, contextLine(wanted))
	}
	return ephemeral("Who is on call", blocks...)
}

// goneOf are the people whom a rotation has on call now and whose account is deactivated.
func (s *Slack) goneOf(r *rotation.Rotation, now time.Time) []string {
	return slices.DeleteFunc(slices.Clone(r.At(now).People), func(p string) bool { return !s.gone(p) })
}

// goneWords warn of people who are on call and cannot be told anything in Slack; empty:
// everybody can.
func (s *Slack) goneWords(people []string) string {
	return clip(strings.Join(s.viewNow().goneLines(people), "\n"), 2900)
}

// noTeam answers a name that no team and no rotation has, with the nearest one.
func (s *Slack) noTeam(r *rotation.Roster, typed string) reply {
	var known, teams []string
	for _, t := range r.Teams {
		known, teams = append(known, t.ID, t.Name), append(teams, t.ID)
	}
	for _, x := range r.Rotations {
		known = append(known, x.ID)
	}
	for word := range oncallWords {
		known = append(known, word)
	}
	text := "There is no team “" + clip(esc(typed), 60) + "”."
	if near := incident.Nearest(typed, known); near != "" {
		return ephemeral(text + " Did you mean `" + s.opt.OncallCommand + " " + esc(near) + "`?")
	}
	return ephemeral(text + " Teams: " + esc(incident.FirstOf(teams, 20)) + ". `" + s.opt.OncallCommand + " help` says what else there is.")
}

// wantedLine names the shifts for which somebody is still wanted.
func wantedLine(r *rotation.Roster, n names, now time.Time) string {
	var lines []string
	for _, x := range r.Rotations {
		for _, w := range x.Swaps {
			if w.Status == rotation.SwapOpen && w.Start.After(now) {
				lines = append(lines, fmt.Sprintf("Wanted: somebody for %s in *%s*, %s to %s", n.people([]string{w.Person}), esc(x.ID), at(w.Start), at(w.End)))
			}
		}
	}
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("And %d more.", more))
	}
	return strings.Join(lines, "\n")
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
	line := fmt.Sprintf("*%s*", esc(r.ID))
	if r.Team != "" {
		line += " (" + esc(teamName(roster, r.Team)) + ")"
	}
	line += ": " + who
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
