package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Access is `access:` of the configuration: of each right who has it. A right that is
// not in it has its default. Each entry is `everybody`, `involved` (whoever is in the
// incident's channel, on call for it, of the owning team, or involved in it),
// `person:ID`, `team:ID`, `group:HANDLE` or `channel:NAME`.
type Access map[incident.Right][]string

// The entries that name nobody by name.
const (
	accessEverybody = "everybody"
	accessInvolved  = "involved"
)

// deeds says of the verbs that not everybody may do what they are.
var deeds = map[Verb]incident.Deed{
	Resolve: incident.DoResolve, Close: incident.DoClose, Cancel: incident.DoCancel, Merge: incident.DoMerge,
	NearMiss: incident.DoCancel, FalseAlarm: incident.DoCancel, Hide: incident.DoHide, PublishDocument: incident.DoClose,
}

// deed is what an act is, as far as it matters who may.
func (w *work) deed(a Act) incident.Deed {
	if d, ok := deeds[a.Verb]; ok {
		return d
	}
	if a.Verb == SetSeverity && a.Severity > w.inc.Severity {
		return incident.DoLower
	}
	return incident.DoWork
}

// may refuses what the caller has no right to, with what would help.
func (w *work) may(d incident.Deed) error {
	v := incident.May(d, w.standing(w.Now))
	if v == incident.Allowed {
		return nil
	}
	return w.d.refuse(v, d, w.inc)
}

// May refuses a deed that concerns no incident to somebody who has no right to it.
func (d *Desk) May(c Caller, deed incident.Deed) error {
	s := d.standing(c.Actor)
	s.Operator = s.Operator || c.Through == incident.ThroughAdmin
	if v := incident.May(deed, s); v != incident.Allowed {
		return d.refuse(v, deed, incident.Incident{})
	}
	return nil
}

// MayAct refuses an act on incident n to somebody who has no right to it, before they
// fill in a form for it. The act itself asks again.
func (d *Desk) MayAct(ctx context.Context, c Caller, n int, a Act) error {
	return d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		w := &work{d: d, who: d.oncall.Current(), caller: c}
		if w.inc, err = d.visible(tx, c.Actor, n); err != nil {
			return err
		}
		if w.artifacts, err = loadArtifacts(tx, n); err != nil {
			return err
		}
		w.arrive()
		deed := w.deed(a)
		if v := incident.May(deed, w.standing(ledger.Instant())); v != incident.Allowed {
			return d.refuse(v, deed, w.inc)
		}
		return nil
	})
}

// refuse says why somebody may not do something, and who may.
func (d *Desk) refuse(v incident.Verdict, deed incident.Deed, i incident.Incident) error {
	what := string(deed)
	switch {
	case deed == incident.DoDeclare:
		what = "declare an incident"
	case i.Number > 0 && deed != incident.DoWork:
		what += " " + i.Name()
	}
	switch v {
	case incident.ForOutsider:
		return refusal("Tell somebody of this workspace, who can.", "Guests and people of other workspaces can only read what they were invited to.")
	case incident.TooFar:
		r := incident.Refuse("Join its channel, and do it again.",
			"To %s you must be in its channel, on call for it, of the team that owns it, or involved in it.", what)
		if r.Join = i.Number; i.Channel == "" {
			r.Next, r.Join = "It has no channel; acknowledge it first: `ack "+i.Name()+"`.", 0
		}
		return r
	default:
		right := incident.RightOf(deed)
		next := "Ask whoever runs Stormbell."
		if list := d.opt.Access[right]; len(list) > 0 {
			next = "Those who may: " + strings.Join(list, ", ") + "."
		}
		return refusal(next, "You may not %s: the configuration (access.%s) says who may.", what, right)
	}
}

// standing is what is known of the caller, with regard to the incident.
func (w *work) standing(now time.Time) incident.Standing {
	s := w.d.standing(w.caller.Actor)
	if s.Operator = s.Operator || w.caller.Through == incident.ThroughAdmin; !s.Operator && !s.Outsider {
		s.Near = w.near(w.caller.Actor, now)
	}
	return s
}

// standing is what is known of somebody without regard to an incident.
func (d *Desk) standing(who incident.Actor) incident.Standing {
	kind, _ := who.Split()
	if kind != "person" && kind != "slack" {
		return incident.Standing{Operator: true} // the program, a sender of alerts, or the admin token
	}
	s := incident.Standing{Outsider: d.outsider(who), Listed: map[incident.Right]incident.Listed{}}
	for right, list := range d.opt.Access {
		s.Listed[right] = d.listed(list, who)
	}
	return s
}

// near reports whether somebody is near the incident: in its channel, on call for it,
// of the owning team, or involved.
func (w *work) near(who incident.Actor, now time.Time) bool {
	if w.inc.Number == 0 {
		return false
	}
	if w.inc.Concerns(who) {
		return true
	}
	if user := w.who.SlackOf(who); user != "" && w.artifacts.inside(user) {
		return true
	}
	kind, id := who.Split()
	if kind != "person" {
		return false
	}
	if t, ok := w.who.Roster.TeamOf(w.inc.Service); ok && (t.Lead == id || slices.Contains(t.Members, id)) {
		return true
	}
	for _, step := range w.anyPolicy().Steps {
		if slices.Contains(w.who.Targeted(step.Notify, now), id) {
			return true
		}
	}
	return false
}

// listed says how a list of the configuration treats somebody.
func (d *Desk) listed(list []string, who incident.Actor) incident.Listed {
	result := incident.NotNamed
	for _, entry := range list {
		switch {
		case d.isOf(entry, who):
			return incident.Named
		case entry == accessInvolved:
			result = incident.NearOnly
		}
	}
	return result
}

// isOf reports whether an entry of the configuration means somebody.
func (d *Desk) isOf(entry string, who incident.Actor) bool {
	people := d.oncall.Current()
	kind, name, _ := strings.Cut(entry, ":")
	user := people.SlackOf(who)
	_, id := who.Split()
	switch kind {
	case accessEverybody:
		return true
	case "person":
		return who == incident.Person(name) || user != "" && user == name
	case "team":
		t, ok := people.Roster.Team(name)
		return ok && who == incident.Person(id) && (t.Lead == id || slices.Contains(t.Members, id))
	case "group":
		return user != "" && slices.Contains(d.slack.load().Groups[strings.ToLower(strings.TrimPrefix(name, "@"))], user)
	case "channel":
		return user != "" && slices.Contains(d.slack.load().Channels[strings.TrimPrefix(name, "#")], user)
	default:
		return false
	}
}

// outsider reports whether somebody is a guest, or of another workspace. Whom the
// roster knows is one of ours, whatever Slack calls them.
func (d *Desk) outsider(who incident.Actor) bool {
	kind, id := who.Split()
	return kind == "slack" && d.slack.load().outside(id)
}

// Guest reports whether somebody is a guest, or of another workspace: they read what they
// were invited to, and nothing of what else there is.
func (d *Desk) Guest(who incident.Actor) bool { return d.outsider(who) }

// sees is the one filter for what somebody may know of. The program itself may see
// all, and so may who has the admin token; a guest only what they were invited to.
func (d *Desk) sees(i incident.Incident, who incident.Actor) bool {
	kind, _ := who.Split()
	switch {
	case kind == "admin", who == incident.Bot, i.Concerns(who):
		return true
	case d.outsider(who):
		return false
	case !i.Private:
		return true
	default:
		return (kind == "person" || kind == "slack") && incident.May(incident.DoSeePrivate, d.standing(who)) == incident.Allowed
	}
}

// named are the user groups, or the channels, that the configuration gives rights to,
// as it writes them.
func (a Access) named(kind string) []string {
	var list []string
	for _, entries := range a {
		for _, e := range entries {
			if k, name, ok := strings.Cut(e, ":"); ok && k == kind && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return list
}

// AccessGroups returns the user groups that the configuration gives rights to, by
// handle or ID.
func (d *Desk) AccessGroups() []string { return d.opt.Access.named("group") }

// AccessChannels returns the channels that the configuration gives rights to, by name
// or ID.
func (d *Desk) AccessChannels() []string { return d.opt.Access.named("channel") }
