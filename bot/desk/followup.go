package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
)

// The verbs of a [FollowUpAct].
const (
	FinishTask Verb = "done"
	DropTask   Verb = "drop"
	DateTask   Verb = "date"
	GiveTask   Verb = "owner"
)

// FollowUpAct is something that somebody does to a follow-up.
type FollowUpAct struct {
	Verb   Verb
	Text   string         // FinishTask: a link or a sentence; DropTask, DateTask: the reason
	Due    time.Time      // DateTask: the new date
	Person incident.Actor // GiveTask: to whom; empty: to Team
	Team   string         // GiveTask: by ID or name

	Fit func(incident.FollowUp) error // of a form: refuses what does not fit the follow-up as it is by now; nil: nothing
}

// DoFollowUp acts on the follow-up of that name, INC-4-F1 as people may write it. What
// its incident has come to does not matter: of a closed one there is still work to
// finish. A refusal is an *incident.Refusal.
func (d *Desk) DoFollowUp(ctx context.Context, c Caller, name string, a FollowUpAct) (Answer, incident.FollowUp, error) {
	id, n, ok := incident.ParseFollowUp(name)
	if !ok {
		return Answer{}, incident.FollowUp{}, noFollowUp(name)
	}
	answer, err := d.act(ctx, c, n, func(w *work) error {
		change, err := w.decideFollowUp(id, a)
		if err != nil {
			return err
		}
		if err := w.apply(w.quietly(change)); err != nil {
			return err
		}
		f, _ := w.inc.FollowUp(id)
		if a.Verb == GiveTask {
			return w.tellOwner(f)
		}
		return nil
	})
	f, _ := answer.Incident.FollowUp(id)
	return answer, f, err
}

func noFollowUp(name string) error {
	short, _ := incident.CleanTitle(name)
	return refusal("A follow-up is named like INC-4-F1; `followups all` shows those that there are.", "%s is not the name of a follow-up.", incident.Quoted(short))
}

func (w *work) decideFollowUp(id string, a FollowUpAct) (incident.Change, error) {
	by, now := w.caller.Actor, w.Now
	if f, ok := w.inc.FollowUp(id); ok && a.Fit != nil {
		if err := a.Fit(f); err != nil {
			return incident.Change{}, err
		}
	}
	switch a.Verb {
	case FinishTask:
		return w.inc.FinishFollowUp(id, a.Text, by, now)
	case DropTask:
		return w.inc.DropFollowUp(id, a.Text, by, now)
	case DateTask:
		return w.inc.DateFollowUp(id, a.Due, a.Text, by, now)
	case GiveTask:
		team, err := w.taker(a.Person, a.Team)
		if err != nil {
			return incident.Change{}, err
		}
		return w.inc.GiveFollowUp(id, a.Person, team, by, now)
	default:
		return incident.Change{}, fmt.Errorf("act %q on %s: no such verb", a.Verb, id)
	}
}

// quietly keeps a change from being told in a channel that nobody works in any more.
func (w *work) quietly(c incident.Change) incident.Change {
	if w.inc.Status == incident.Closed || w.inc.Status == incident.Cancelled || w.inc.Status == incident.Merged {
		c.Effects = nil
	}
	return c
}

// taker checks who gets a follow-up, and returns the team's ID.
func (w *work) taker(who incident.Actor, team string) (string, error) {
	if who != "" {
		return "", w.mayBeNamed(who)
	}
	t, ok := w.who.FindTeam(team)
	if !ok {
		return "", noTeam(w, team)
	}
	return t.ID, nil
}

// mayBeNamed refuses to give somebody a part in an incident that they cannot see: it would
// show it to them. Whoever wants that invites them, which is in the record, or pages them.
func (w *work) mayBeNamed(who incident.Actor) error {
	switch {
	case who == w.caller.Actor, !who.Human(), w.d.sees(w.inc, who):
		return nil
	case w.inc.Private:
		return refusal("Invite them into its channel first.", "%s cannot see %s, which is private.", w.who.DisplayName(who), w.inc.Name())
	default:
		return refusal("Invite them into its channel first, or name somebody of this workspace.", "%s is a guest and cannot see %s.", w.who.DisplayName(who), w.inc.Name())
	}
}

func noTeam(w *work, team string) error {
	if strings.TrimSpace(team) == "" {
		return refusal("As in: @ada, or team:payments.", "Say to whom.")
	}
	var ids []string
	for _, t := range w.who.Roster.Teams {
		ids = append(ids, t.ID)
	}
	next := "There are: " + incident.FirstOf(ids, 12) + "."
	if near := incident.Nearest(strings.ToLower(team), ids); near != "" {
		next = "Did you mean " + near + "?"
	}
	return refusal(next, "There is no team %s.", incident.Quoted(team))
}

// OpenFollowUp adds something to do after incident n. Its owner is the team of the
// incident's service, unless f names a team or a person, who is told. The same words of the
// same person just before are the same one, whose answer is a twin.
func (d *Desk) OpenFollowUp(ctx context.Context, c Caller, n int, f incident.FollowUp) (Answer, incident.FollowUp, error) {
	var made string
	answer, err := d.act(ctx, c, n, func(w *work) (err error) {
		if f.Owner != "" || f.Team != "" {
			team, err := w.taker(f.Owner, f.Team)
			if err != nil {
				return err
			}
			f.Team = team
		}
		if f.Team == "" {
			f.Team = w.owner()
		}
		title, _ := incident.CleanTitle(f.Title)
		if w.twin, err = w.justBefore(twinsWithin, func(e incident.Event) bool {
			is := e.Kind == incident.KindFollowUp && e.FollowUp.Title == title && e.FollowUp.Team == f.Team && e.FollowUp.Owner == f.Owner
			if is {
				made = e.FollowUp.ID
			}
			return is
		}); err != nil || w.twin {
			return err
		}
		change, err := w.inc.OpenFollowUp(f, w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		if err := w.apply(w.quietly(change)); err != nil {
			return err
		}
		if err := w.tellOwner(w.inc.FollowUps[len(w.inc.FollowUps)-1]); err != nil {
			return err
		}
		return w.progress(Note)
	})
	if err != nil || len(answer.Incident.FollowUps) == 0 {
		return answer, incident.FollowUp{}, err
	}
	if twin, ok := answer.Incident.FollowUp(made); ok {
		return answer, twin, nil
	}
	return answer, answer.Incident.FollowUps[len(answer.Incident.FollowUps)-1], nil
}

// tellOwner tells somebody that a follow-up is theirs now, unless they took it
// themselves. Who works on the incident hears of it at once, anybody else in the
// morning.
func (w *work) tellOwner(f incident.FollowUp) error {
	if f.Owner == "" || f.Owner == w.caller.Actor || !f.Owner.Human() {
		return nil
	}
	j := ledger.Job{Kind: ledger.Given, Person: string(f.Owner), Seq: w.inc.Events}
	if at := incident.Daytime(w.Now, w.zoneOf(f.Owner)); at.After(w.Now) && !(w.inc.Status.Active() && w.inc.Concerns(f.Owner)) {
		j.NotBefore = at
	}
	return w.job(j)
}

// zoneOf is the time zone of a person, or the business's.
func (w *work) zoneOf(a incident.Actor) *time.Location { return zoneIn(w.who, a, w.d.opt.Zone) }

func zoneIn(who *oncall.Directory, a incident.Actor, business *time.Location) *time.Location {
	kind, id := a.Split()
	if p, ok := who.Roster.Person(id); ok && kind == "person" && p.TimeZone != "" {
		return who.Roster.Location(id)
	}
	return business
}
