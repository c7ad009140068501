package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// tell posts a notice, once, to the person or the team it is for.
func (s *Slack) tell(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, n := t.Job, t.Notice
	v, err := s.oncallView(ctx, n, t.Swap)
	if err != nil {
		return desk.Outcome{}, err
	}
	m, ok := v.notice(n)
	if !ok {
		return desk.Outcome{}, nil // what it was about is no more
	}
	if j.Person != "" {
		return s.tellPerson(ctx, j, m)
	}
	return s.tellTeam(ctx, j, n.Team, m)
}

func (s *Slack) tellPerson(ctx context.Context, j ledger.Job, m message) (desk.Outcome, error) {
	user := s.people.Current().SlackOf(incident.Actor(j.Person))
	if user == "" {
		return desk.Outcome{}, nil // they left the roster meanwhile
	}
	if j.Doubtful {
		dm, err := s.wire.OpenDM(ctx, user)
		if err != nil {
			return desk.Outcome{}, err
		}
		if found, err := s.findJob(ctx, dm, j); err != nil || found.TS != "" {
			return desk.Outcome{Message: found}, err
		}
	}
	posted, err := s.post(ctx, user, j, m)
	return desk.Outcome{Message: posted}, err
}

// findJob finds the message that this very job has posted before.
func (s *Slack) findJob(ctx context.Context, channel string, j ledger.Job) (ledger.Message, error) {
	found, err := s.find(ctx, channel, func(x ledger.Job) bool { return x.Kind == j.Kind && x.Number == j.Number })
	return firstOf(found), err
}

// teamChannels are the channels in which a team may be told, the best first: the
// one in the roster, then #team-ID.
func teamChannels(t *rotation.Team) []string {
	names := []string{"team-" + t.ID}
	if t.Channel != "" {
		names = append([]string{t.Channel}, names...)
	}
	return names
}

// teamChannel names the channel in which a team is told: the first of its own that
// there is, else the one for announcements.
func (s *Slack) teamChannel(ctx context.Context, team string) (string, error) {
	t, ok := s.people.Current().Roster.Team(team)
	if !ok {
		return s.opt.AnnounceChannel, nil
	}
	for _, name := range teamChannels(t) {
		id, err := s.wire.FindChannel(ctx, name)
		if err != nil || id != "" {
			return name, err
		}
	}
	return s.opt.AnnounceChannel, nil
}

// refreshSwap makes every message about a swap say how it stands.
func (s *Slack) refreshSwap(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	v := s.viewNow()
	m := v.swapMessage(t.Swap, swapStands)
	for _, at := range t.Swap.Messages {
		err := s.edit(ctx, at, m)
		var again *wire.Retry
		if errors.As(err, &again) {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, nil
}

// swapTarget reads what names a swap, as in swap/primary/000003 or primary/3.
func swapTarget(s string) (rot string, seq int) {
	rot, number, _ := strings.Cut(strings.TrimPrefix(s, "swap/"), "/")
	fmt.Sscanf(number, "%d", &seq)
	return rot, seq
}

// viewNow is what messages about on call are made from.
func (s *Slack) viewNow() oncallView {
	return oncallView{roster: s.people.Current().Roster, names: s.names(), now: time.Now().UTC(), command: s.opt.OncallCommand, gone: s.gone}
}

// oncallView adds what a notice needs besides the roster.
func (s *Slack) oncallView(ctx context.Context, n oncall.Notice, swap oncall.Swap) (oncallView, error) {
	v := s.viewNow()
	var err error
	switch n.Kind {
	case oncall.NoticeHandover:
		if v.open, err = s.openOf(ctx, n.Team); err == nil {
			v.woken, err = s.desk.Woken(ctx, n.At.Add(-24*time.Hour), n.At)
		}
	case oncall.NoticeSwap, oncall.NoticeOutcome:
		v.swap = swap
		if v.swap.With == "" {
			v.load, err = s.loads(ctx, v.now)
		}
	}
	return v, err
}

// loadDays is over how many days load is compared when a stand-in is looked for.
const loadDays = 90

// loads is what the last ninety days of on call asked of people, in weighted hours.
func (s *Slack) loads(ctx context.Context, now time.Time) (map[string]float64, error) {
	figures, err := s.desk.OncallReport(ctx, incident.SlackUser(""), now.Add(-loadDays*24*time.Hour), now)
	load := make(map[string]float64, len(figures.People))
	for _, p := range figures.People {
		load[p.ID] = p.Load
	}
	return load, err
}

// openOf returns the open incidents of a team's services that everybody may see.
func (s *Slack) openOf(ctx context.Context, team string) ([]incident.Incident, error) {
	active, err := s.desk.Active(ctx, incident.Bot)
	roster := s.people.Current().Roster
	return slices.DeleteFunc(active, func(i incident.Incident) bool {
		t, ok := roster.TeamOf(i.Service)
		return i.Private || i.Test || !ok || t.ID != team
	}), err
}

// groupsRefused are Slack's codes for a workspace in which a bot may not keep
// user groups; only people can mend them.
var groupsRefused = map[string]string{
	"plan_upgrade_required": "the workspace's plan has no user groups",
	"paid_teams_only":       "the workspace's plan has no user groups",
	"permission_denied":     "the workspace lets only admins change user groups; an admin can allow it for everybody",
	"missing_scope":         "the app lacks a scope; install it again from `stormbell manifest`",
}

// keepGroups makes the user groups equal to who is on call. A group is changed
// only when it differs, and never emptied, which Slack does not allow anyway.
func (s *Slack) keepGroups(ctx context.Context, _ desk.Task) (desk.Outcome, error) {
	wanted := s.people.Groups()
	if len(wanted) == 0 {
		return desk.Outcome{}, nil
	}
	groups, err := s.wire.Groups(ctx)
	if err != nil {
		return desk.Outcome{}, s.groupsOff(ctx, err)
	}
	for _, want := range wanted {
		seen := oncall.GroupSeen{Group: want, Missing: true}
		for _, g := range groups {
			if !strings.EqualFold(g.Handle, want.Handle) {
				continue
			}
			seen.Missing, seen.Before = false, slices.Sorted(slices.Values(g.Users))
			seen.After = seen.Before
			if len(want.Members) > 0 && !slices.Equal(want.Members, seen.Before) {
				if err := s.fillGroup(ctx, g.ID, &seen); err != nil {
					return desk.Outcome{}, s.groupsOff(ctx, err)
				}
			}
		}
		if err := s.people.GroupSeen(ctx, seen); err != nil {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, nil
}

// fillGroup makes a group what it should be. Whoever Slack does not let into one,
// such as somebody deactivated or a guest, does not keep the others out.
func (s *Slack) fillGroup(ctx context.Context, id string, seen *oncall.GroupSeen) error {
	users := seen.Group.Members
	err := s.wire.SetGroup(ctx, id, users)
	if wire.Code(err) == "invalid_users" {
		users = slices.DeleteFunc(slices.Clone(users), func(u string) bool {
			info, err := s.wire.User(ctx, u)
			out := wire.Code(err) != "" || err == nil && (info.Deleted || info.IsBot || info.IsRestricted)
			if out {
				_, person := s.people.Current().Actor(u).Split()
				seen.Group.Unlinked = append(seen.Group.Unlinked, person)
			}
			return out
		})
		slices.Sort(seen.Group.Unlinked)
		seen.Group.Members = users
		if len(users) == 0 || slices.Equal(users, seen.Before) {
			return nil
		}
		err = s.wire.SetGroup(ctx, id, users)
	}
	if err == nil {
		seen.After = users
	}
	return err
}

// groupsOff lets user groups be where the workspace does not allow them, with one
// plain line.
func (s *Slack) groupsOff(ctx context.Context, err error) error {
	code := wire.Code(err)
	why, ok := groupsRefused[code]
	if !ok {
		return err
	}
	s.log.Warn().Str("error", code).Msg("user groups are not kept: " + why)
	words := "User groups cannot be kept equal to who is on call: " + why + " (" + code + "). It is tried again in a day; without slack_group in the roster this line does not come."
	return s.people.GroupsOff(ctx, code, words)
}

// zoneFresh is how long a zone is taken for true before Slack is asked again.
const zoneFresh = time.Hour

// knownZone is the time zone of a Slack user without asking anybody: the one that
// Slack has told last, else the one of the roster.
func (s *Slack) knownZone(user string) *time.Location {
	s.zones.mu.Lock()
	defer s.zones.mu.Unlock()
	if z, ok := s.zones.of[user]; ok {
		return z.zone
	}
	return s.rosterZone(user)
}

// askZone is knownZone after asking Slack, where that was not done in the last hour.
func (s *Slack) askZone(ctx context.Context, user string) *time.Location {
	now := time.Now()
	s.zones.mu.Lock()
	z, ok := s.zones.of[user]
	s.zones.mu.Unlock()
	if ok && now.Sub(z.at) < zoneFresh {
		return z.zone
	}
	info, err := s.wire.User(ctx, user)
	if err != nil {
		return s.knownZone(user)
	}
	zone := s.rosterZone(user)
	if loc, err := time.LoadLocation(info.TZ); err == nil && info.TZ != "" {
		zone = loc
	}
	s.zones.mu.Lock()
	defer s.zones.mu.Unlock()
	if s.zones.of == nil || len(s.zones.of) > 10_000 {
		s.zones.of = map[string]userZone{}
	}
	s.zones.of[user] = userZone{zone, now}
	return zone
}

// rosterZone is the zone that the roster gives a Slack user; else the business's.
func (s *Slack) rosterZone(user string) *time.Location {
	kind, id := s.people.Current().Actor(user).Split()
	if p, ok := s.people.Current().Roster.Person(id); ok && kind == "person" && p.TimeZone != "" {
		return s.people.Current().Roster.Location(id)
	}
	return s.opt.Zone
}

type userZone struct {
	zone *time.Location
	at   time.Time
}

// userZones are the zones of people, as Slack told them.
type userZones struct {
	mu sync.Mutex
	of map[string]userZone
}

// personName is a person's name in plain text.
func personName(r *rotation.Roster, id string) string {
	if p, ok := r.Person(id); ok && p.Name != "" {
		return p.Name
	}
	return id
}
