package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// inPlace are the permanent fixes that are still to be made for the service of an
// incident: its own too, as soon as it does not hurt.
func (s *Slack) inPlace(ctx context.Context, i incident.Incident) ([]desk.ListedFollowUp, error) {
	if i.Service == "" {
		return nil, nil
	}
	fixes, err := s.desk.OpenFixes(ctx, i.Service)
	return slices.DeleteFunc(fixes, func(f desk.ListedFollowUp) bool { return f.Incident.Number == i.Number && i.Status.Hurting() }), err
}

const inPlaceSince = "Workaround in place since "

// inPlaceLine says since when a workaround is in place; empty: there is none.
func inPlaceLine(fixes []desk.ListedFollowUp) string {
	if len(fixes) == 0 {
		return ""
	}
	f := fixes[0]
	since := f.Incident.Mitigated
	if since.IsZero() { // somebody opened the follow-up by hand
		since = f.Opened
	}
	s := inPlaceSince + day(since) + " (" + f.Incident.Name() + ", fix " + esc(f.ID)
	if !f.Due.IsZero() {
		s += " due " + day(f.Due)
	}
	s += ")"
	if more := len(fixes) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	if f.Raised != "" {
		s += ". *Raised:* " + clip(esc(f.Raised), 200)
	}
	return s
}

// inPlaceLines are the services of a team, or of all, that run with a workaround, a line
// each.
func (s *Slack) inPlaceLines(ctx context.Context, team string) string {
	of, err := s.desk.FixesInPlace(ctx)
	if err != nil {
		s.log.Warn().Str("error", err.Error()).Msg("it could not be read which workarounds are in place")
		return ""
	}
	var lines []string
	roster := s.people.Current().Roster
	for k := range roster.Services {
		v := &roster.Services[k]
		if len(of[v.ID]) == 0 || team != "" && !strings.EqualFold(v.Team, team) && !strings.EqualFold(teamName(roster, v.Team), team) {
			continue
		}
		lines = append(lines, clip(esc(v.Name), 100)+": w"+strings.TrimPrefix(inPlaceLine(of[v.ID]), "W"))
	}
	return firstLines(lines, 1800, "`"+s.opt.Command+" followups` lists the fixes.")
}

// oncallNow says who is on call, and which of the services run with a workaround: to guests
// not, since that names incidents to which they were not invited.
func (s *Slack) oncallNow(ctx context.Context, c desk.Caller, typed string) reply {
	r := s.oncall(typed)
	if s.desk.May(c, incident.DoWork) != nil {
		return r
	}
	if team := strings.ToLower(tidy(typed)); r.Blocks != nil {
		if text := s.inPlaceLines(ctx, strings.TrimPrefix(team, "who")); text != "" {
			r.Blocks.BlockSet = append(r.Blocks.BlockSet, contextLine(text))
		}
	}
	return r
}
