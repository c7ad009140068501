package oncall

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// groupsEvery is how often user groups are compared with who is on call, besides
// at every hand-over and change; groupsOff is how long they are let be where the
// workspace does not allow it.
const (
	groupsEvery = 15 * time.Minute
	groupsOff   = 24 * time.Hour
)

// Group is a team's user group as it should be.
type Group struct {
	Team     string
	Handle   string
	Members  []string // Slack user IDs, sorted; empty when nobody is on call
	Unlinked []string // people who are on call and have no Slack user
}

// Groups returns the user groups that the roster asks for, as they should be
// now. A group is whoever would be paged first: the union of the team's rotations
// that stand on the step with which a policy begins now, or of all its rotations
// where none does. Shadows are not in it.
func (o *Roster) Groups() []Group {
	who, now := o.current.Load(), ledger.Instant()
	first := map[string]bool{}
	for _, p := range who.Roster.Policies {
		step, _ := p.First(now)
		for _, target := range step.Notify {
			first[target.ID] = first[target.ID] || target.Kind == rotation.TargetRotation
		}
	}
	var groups []Group
	for _, t := range who.Roster.Teams {
		if t.SlackGroup != "" {
			groups = append(groups, who.group(t, first, now))
		}
	}
	return groups
}

func (w *Directory) group(t rotation.Team, first map[string]bool, now time.Time) Group {
	g := Group{Team: t.ID, Handle: t.SlackGroup}
	rotations := w.Roster.RotationsOf(t.ID)
	if slices.ContainsFunc(rotations, func(r *rotation.Rotation) bool { return first[r.ID] }) {
		rotations = slices.DeleteFunc(rotations, func(r *rotation.Rotation) bool { return !first[r.ID] })
	}
	for _, r := range rotations {
		for _, p := range r.People(now) {
			if slack := w.Slack(p); slack != "" {
				g.Members = append(g.Members, slack)
			} else {
				g.Unlinked = append(g.Unlinked, p)
			}
		}
	}
	slices.Sort(g.Members)
	slices.Sort(g.Unlinked)
	g.Members, g.Unlinked = slices.Compact(g.Members), slices.Compact(g.Unlinked)
	return g
}

// groupsRecord says that the workspace does not allow it.
type groupsRecord struct {
	V   int       `json:"v"`
	Off string    `json:"off,omitempty"` // why, in Slack's word
	At  time.Time `json:"at,omitzero"`
}

// tickGroups asks for the user groups to be compared.
func (o *Roster) tickGroups(ctx context.Context, now time.Time) error {
	wanted := slices.ContainsFunc(o.Current().Roster.Teams, func(t rotation.Team) bool { return t.SlackGroup != "" })
	return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		if !wanted {
			return w.Wake("groups", now.Add(groupsOff))
		}
		r, _, err := ledger.Load[groupsRecord](w.Tx.Tx, "groups")
		if err != nil {
			return err
		}
		if until := r.At.Add(groupsOff); r.Off != "" && now.Before(until) && !r.At.After(now) { // else the clock was ahead then
			return w.Wake("groups", until)
		}
		if _, err := w.AddApart(ledger.Job{Kind: ledger.Groups}); err != nil {
			return err
		}
		return w.Wake("groups", now.Add(groupsEvery))
	})
}

// GroupsOff records that the workspace does not let the bot keep user groups. It
// is tried again a day later, and said each time: at most once a day.
func (o *Roster) GroupsOff(ctx context.Context, code, words string) error {
	return o.update(ctx, Caller{Actor: incident.Bot}, time.Time{}, func(w *work) error {
		if err := w.Save("groups", groupsRecord{V: 1, Off: code, At: w.Now}); err != nil {
			return err
		}
		return w.tell(Notice{Kind: NoticeGroup, Text: words})
	})
}

// groupRecord is what is known of a team's user group.
type groupRecord struct {
	V        int      `json:"v"`
	Set      []string `json:"set,omitempty"`      // what it was made by us
	Stale    bool     `json:"stale,omitempty"`    // it was said that nobody is on call
	Unlinked []string `json:"unlinked,omitempty"` // it was said that they cannot be in it
	Missing  bool     `json:"missing,omitempty"`  // it was said that there is no such group
	Shared   bool     `json:"shared,omitempty"`   // it was said that somebody else changes it
}

// GroupSeen is what a look at a user group brought.
type GroupSeen struct {
	Group   Group
	Missing bool     // Slack knows no such group
	Before  []string // who was in it, sorted
	After   []string // who is in it now, sorted
}

// GroupSeen records a look at a user group, and tells the team, once each, what
// keeps it from being right.
func (o *Roster) GroupSeen(ctx context.Context, s GroupSeen) error {
	return o.update(ctx, Caller{Actor: incident.Bot}, time.Time{}, func(w *work) error {
		key := "group/" + s.Group.Team
		old, _, err := ledger.Load[groupRecord](w.Tx.Tx, key)
		if err != nil {
			return err
		}
		r := groupRecord{V: 1, Set: s.After, Shared: old.Shared, Missing: s.Missing, Unlinked: s.Group.Unlinked,
			Stale: !s.Missing && len(s.Group.Members) == 0}
		var words []string
		say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
		name := "@" + s.Group.Handle
		if r.Missing && !old.Missing {
			say("There is no user group %s. Make it in Slack, or remove slack_group of %s from the roster.", name, s.Group.Team)
		}
		if r.Stale && !old.Stale {
			say("Nobody is on call, so %s keeps the people who were on call last.", name)
		}
		if left := slices.DeleteFunc(slices.Clone(r.Unlinked), func(p string) bool { return slices.Contains(old.Unlinked, p) }); len(left) > 0 {
			say("On call, but not in %s, since their Slack user is not known or may not be in a group: %s. Look at slack or email in the roster, and whether they are a guest or deactivated.", name, strings.Join(left, ", "))
		}
		if len(old.Set) > 0 && !s.Missing && !slices.Equal(old.Set, s.Before) && !slices.Equal(s.Before, s.After) && !old.Shared {
			r.Shared = true
			say("Somebody else changes %s too. It is kept equal to who is on call; use another group for other people.", name)
		}
		if len(words) > 0 {
			if err := w.tell(Notice{Kind: NoticeGroup, Team: s.Group.Team, Text: strings.Join(words, "\n")}); err != nil {
				return err
			}
		}
		if equalGroup(r, old) {
			return nil
		}
		return w.Save(key, r)
	})
}

func equalGroup(a, b groupRecord) bool {
	return a.V == b.V && a.Stale == b.Stale && a.Missing == b.Missing && a.Shared == b.Shared &&
		slices.Equal(a.Set, b.Set) && slices.Equal(a.Unlinked, b.Unlinked)
}
