package desk

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/names"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Postmortem returns the document of incident n as it stands: the latest version that was
// published, or else the draft.
func (d *Desk) Postmortem(ctx context.Context, viewer incident.Actor, n int, zone *time.Location) (postmortem.Document, error) {
	b, err := d.Show(ctx, viewer, n)
	if err != nil {
		return postmortem.Document{}, err
	}
	if b.Incident.Postmortem.Version > 0 {
		f, err := d.Published(ctx, viewer, n, 0)
		return f.Document, err
	}
	return d.Draft(ctx, viewer, n, zone)
}

// Draft returns the document of incident n as its timeline has it by now, whatever was
// published of it.
func (d *Desk) Draft(ctx context.Context, viewer incident.Actor, n int, zone *time.Location) (postmortem.Document, error) {
	i, events, err := d.Timeline(ctx, viewer, n)
	if err != nil {
		return postmortem.Document{}, err
	}
	past, err := d.around(ctx, i)
	if err != nil {
		return postmortem.Document{}, err
	}
	there := func(a incident.Actor) bool { return !d.Deactivated(a) }
	return postmortem.New(i, events, documentContext(d.oncall.Current(), past, i, zone)).Reaching(there).In(d.form(i)), nil
}

// Form is a form of the post-mortem for some incidents.
type Form struct {
	Severity incident.Severity // the highest that it has been; zero: any
	Service  string            // by ID; empty: any
	Template *postmortem.Template
}

// form is that of an incident; nil: the usual one.
func (d *Desk) form(i incident.Incident) *postmortem.Template {
	for _, f := range d.opt.Forms {
		if (f.Severity == 0 || f.Severity == i.Highest) && (f.Service == "" || f.Service == i.Service) {
			return f.Template
		}
	}
	return nil
}

// Document is the post-mortem of the task's incident: as it was published, or else the
// draft.
func (t Task) Document(zone *time.Location) postmortem.Document {
	if t.Frozen != nil {
		return t.Frozen.Document
	}
	return postmortem.New(t.Incident, t.Timeline, documentContext(t.People, t.around, t.Incident, zone)).In(t.Form)
}

// around is what a document needs besides the timeline and the roster that holds: the
// rosters that held while the incident lasted, since who has left since was there; and the
// incidents of the past that are like it.
type around struct {
	rosters []oncall.InForce
	alike   []Helped
}

// alikeMost is how many incidents of the past a document names.
const alikeMost = 3

func (d *Desk) around(ctx context.Context, i incident.Incident) (a around, err error) {
	if a.rosters, err = d.oncall.InForce(ctx, i.Declared, i.Updated.Add(1)); err != nil {
		return a, err
	}
	// The document stands in the channel, and a guest there has not been invited to those.
	if guest, err := d.guestIn(ctx, i.Number); err != nil || guest {
		return a, err
	}
	a.alike, err = d.Alike(ctx, incident.Bot, i.Number, alikeMost)
	return a, err
}

// guestIn reports whether a guest is in the channel of an incident.
func (d *Desk) guestIn(ctx context.Context, n int) (found bool, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		a, err := loadArtifacts(tx, n)
		found = slices.ContainsFunc(a.Present, func(user string) bool { return d.outsider(d.oncall.Current().Actor(user)) })
		return err
	})
	return found, err
}

// NamesSomebody reports whether a text names a person of the roster that holds.
func NamesSomebody(w *oncall.Directory, text string) bool {
	var everybody names.Set
	for _, p := range w.Roster.People {
		everybody.Add(p.ID, []string{p.Name, p.ID, w.SlackIn(&p)})
	}
	return len(everybody.Find(text)) > 0
}

// documentContext is what the rosters know about an incident, for its document: the
// one that holds now, and before it those that held then, since people are what they
// were then.
func documentContext(w *oncall.Directory, past around, i incident.Incident, zone *time.Location) postmortem.Context {
	c := postmortem.Context{
		Services: map[string]string{}, Teams: map[string]string{}, Zone: zone,
		People: map[incident.Actor]postmortem.Person{},
	}
	then := w.Roster
	if len(past.rosters) > 0 {
		then = past.rosters[0].Roster
	}
	for _, h := range past.alike {
		c.Alike = append(c.Alike, postmortem.Precedent{Name: h.Incident.Name(), Title: h.Incident.Title, How: h.Incident.How, Text: h.Text})
	}
	for _, held := range past.rosters {
		known(c, w, held.Roster)
	}
	known(c, w, w.Roster)
	s, ok := then.Service(i.Service)
	if !ok {
		then = w.Roster
		if s, ok = then.Service(i.Service); !ok {
			return c
		}
	}
	c.Owner = s.Team
	c.Told = interestedWords(then, s.Stakeholders)
	label(then, c, s, i.Declared)
	if a, ok := then.Agreement(s.Agreement); ok {
		c.Agreement = agreement(a)
	}
	return c
}

// known adds what one roster knows to what earlier ones knew. A person keeps every name
// that they ever had; of all else the latest word counts.
func known(c postmortem.Context, w *oncall.Directory, r *rotation.Roster) {
	for _, s := range r.Services {
		c.Services[s.ID] = s.Name
	}
	for _, t := range r.Teams {
		c.Teams[t.ID] = t.Name
	}
	for _, p := range r.People {
		person := c.People[incident.Person(p.ID)]
		mail, _, _ := strings.Cut(p.Email, "@")
		if c.Services[mail] != "" || c.Teams[mail] != "" {
			mail = "" // payments@ is a team's mailbox, and payments is no name
		}
		for _, name := range []string{p.Name, p.ID, mail, w.SlackIn(&p)} {
			if name != "" && !slices.Contains(person.Names, name) {
				person.Names = append(person.Names, name)
			}
		}
		if p.TimeZone != "" {
			person.Zone = r.Location(p.ID)
		}
		person.Junior = p.Level == rotation.Junior
		c.People[incident.Person(p.ID)] = person
	}
}

// interestedWords names who is told of a document: channels and teams by their names,
// people as such.
func interestedWords(r *rotation.Roster, targets []rotation.Target) []string {
	var list []string
	people := 0
	for _, t := range targets {
		switch t.Kind {
		case rotation.TargetChannel:
			list = append(list, "#"+t.ID)
		case rotation.TargetTeam:
			if team, ok := r.Team(t.ID); ok {
				list = append(list, "the team "+team.Name)
			}
		default:
			people++
		}
	}
	if people > 0 {
		list = append(list, incident.Count(people, "person with an interest", "people with an interest"))
	}
	return list
}

// label says of the people on call at the declaration what they were.
func label(r *rotation.Roster, c postmortem.Context, s *rotation.Service, at time.Time) {
	policy, ok := r.Policy(cmp.Or(s.Policy, r.Defaults.Policy))
	if !ok {
		return
	}
	places, place := []string{"primary", "secondary", "third"}, 0
	for _, step := range policy.Steps {
		for _, t := range step.Notify {
			rot, ok := r.Rotation(t.ID)
			if t.Kind != rotation.TargetRotation || !ok || place == len(places) {
				continue
			}
			for _, id := range rot.People(at) {
				if p := c.People[incident.Person(id)]; p.Label == "" {
					p.Label = places[place] + " on-call (" + cmp.Or(c.Teams[s.Team], s.Name) + ")"
					c.People[incident.Person(id)] = p
				}
			}
			place++
		}
	}
}

func agreement(a *rotation.Agreement) *postmortem.Agreement {
	targets := map[incident.Severity]postmortem.Target{}
	for name, t := range a.Targets {
		if sev, ok := incident.ParseSeverity(name); ok {
			targets[sev] = postmortem.Target{Acknowledge: t.Acknowledge, Update: t.Update, Restore: t.Restore}
		}
	}
	return &postmortem.Agreement{Words: strings.TrimSpace(a.Words), Hours: a.Coverage.Words(), Targets: targets, Counted: a.Coverage.Counted}
}
