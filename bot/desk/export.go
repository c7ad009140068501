package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Tracker is a place where follow-ups can be opened as issues.
type Tracker struct {
	Name     string   // in the configuration
	Provider string   // as people call it: GitHub
	Teams    []string // whose follow-ups go there; none: those of the teams that no tracker names
	Always   bool     // permanent fixes are opened there by themselves
}

// exportsSettle is how long a permanent fix waits before it is opened at a tracker by
// itself: how something was mitigated is often corrected just after.
const exportsSettle = 10 * time.Minute

// TrackersFor returns where the follow-ups of a team can be opened, in the order of the
// configuration.
func (d *Desk) TrackersFor(team string) []Tracker {
	of := func(named bool) []Tracker {
		var list []Tracker
		for _, t := range d.opt.Trackers {
			if named && team != "" && slices.Contains(t.Teams, team) || !named && len(t.Teams) == 0 {
				list = append(list, t)
			}
		}
		return list
	}
	if named := of(true); len(named) > 0 {
		return named
	}
	return of(false)
}

// tracker returns the tracker of that name.
func (d *Desk) tracker(name string) (Tracker, bool) {
	n := slices.IndexFunc(d.opt.Trackers, func(t Tracker) bool { return t.Name == name })
	if n < 0 {
		return Tracker{}, false
	}
	return d.opt.Trackers[n], true
}

// Export asks for the follow-up of that name to be opened at a tracker; empty: the first
// one for its team. It is opened once, however often that is asked for. What the answer
// notes says where it goes. A refusal is an *incident.Refusal.
func (d *Desk) Export(ctx context.Context, c Caller, name, tracker string) (Answer, error) {
	id, n, ok := incident.ParseFollowUp(name)
	if !ok {
		short, _ := incident.CleanTitle(name)
		return Answer{}, refusal("A follow-up is named like INC-4-F1.", "%s is not the name of a follow-up.", incident.Quoted(short))
	}
	return d.act(ctx, c, n, func(w *work) error {
		f, err := w.inc.MayExport(id)
		if err != nil {
			return err
		}
		to, err := w.goesTo(f, tracker)
		if err != nil {
			return err
		}
		if waits, err := w.exportWaits(id); err != nil {
			return err
		} else if waits {
			w.notes = append(w.notes, id+" is being opened in "+to.Provider+" already.")
			return nil
		}
		w.notes = append(w.notes, id+" is being opened in "+to.Provider+".")
		return w.job(ledger.Job{Kind: ledger.Export, Target: id, Via: to.Name, Person: string(w.caller.Actor)})
	})
}

// goesTo returns the tracker of that name if the follow-up can be opened there; empty:
// the first one for its team.
func (w *work) goesTo(f incident.FollowUp, name string) (Tracker, error) {
	choice := w.d.TrackersFor(f.Team)
	if len(w.d.opt.Trackers) == 0 {
		return Tracker{}, refusal("Whoever runs Stormbell sets them up with trackers in the configuration.", "There is no tracker to open %s in.", f.ID)
	}
	var names []string
	for _, t := range choice {
		if name == "" || strings.EqualFold(t.Name, name) || strings.EqualFold(t.Provider, name) {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return Tracker{}, refusal("Give it to another team, or have trackers in the configuration changed.", "No tracker takes the follow-ups of team %s.", f.Team)
	}
	return Tracker{}, refusal("There are: "+strings.Join(names, ", ")+".", "There is no tracker %s for %s.", incident.Quoted(name), f.ID)
}

// exportWaits reports whether somebody has asked for the follow-up to be opened, which
// has not been done yet. One that waits by itself does not count: it may wait long.
func (w *work) exportWaits(id string) (bool, error) {
	for _, value := range w.Scan(ledger.OutboxPrefix(w.inc.Number)) {
		j, err := readJob(value)
		if err != nil {
			return false, err
		}
		if j.Kind == ledger.Export && j.Target == id && j.Person != "" {
			return true, nil
		}
	}
	return false, nil
}

// exports asks for what is opened at a tracker by itself: permanent fixes, where the
// configuration says so. What is private goes nowhere unless somebody says so, and of
// a drill nothing real is left.
func (w *work) exports(c incident.Change) error {
	if w.inc.Private || w.inc.Test {
		return nil
	}
	for _, e := range c.Events {
		if e.Kind != incident.KindFollowUp && e.Kind != incident.KindFollowUpAgain || e.FollowUp.Kind != incident.PermanentFix {
			continue
		}
		for _, t := range w.d.TrackersFor(e.FollowUp.Team) {
			if !t.Always || e.FollowUp.Export != (incident.Export{}) {
				continue
			}
			j := ledger.Job{Kind: ledger.Export, Target: e.FollowUp.ID, Via: t.Name, NotBefore: w.Now.Add(exportsSettle)}
			if err := w.job(j); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// exportable reports whether a follow-up is still to be opened at a tracker.
func exportable(j ledger.Job, i incident.Incident) bool {
	_, err := i.MayExport(j.Target)
	return err == nil && (j.Person != "" || !i.Private && !i.Test)
}

// exported records where a follow-up was opened.
func (w *work) exported(j ledger.Job, e incident.Export) error {
	by := incident.Actor(j.Person)
	if by == "" {
		by = incident.Bot
	}
	change, err := w.inc.ExportFollowUp(j.Target, e, by, w.Now)
	if isRefusal(err) { // it was recorded before
		return nil
	}
	if err != nil {
		return err
	}
	told := len(change.Effects) > 0 && w.artifacts.Channel != "" && w.worksOn()
	if !w.worksOn() {
		change.Effects = nil
	}
	if err := w.apply(change); err != nil || told {
		return err
	}
	return w.tellAsker(j, j.Target+" is open in "+e.Provider+": "+e.Named())
}

// worksOn reports whether anybody may still look into the incident's channel.
func (w *work) worksOn() bool {
	return w.inc.Status != incident.Closed && w.inc.Status != incident.Cancelled && w.inc.Status != incident.Merged
}

// tellAsker tells whoever asked for a job something, if it was a person.
func (w *work) tellAsker(j ledger.Job, text string) error {
	if !w.inSlack(incident.Actor(j.Person)) {
		return nil
	}
	_, err := w.AddApart(ledger.Job{Kind: ledger.Alarm, Person: j.Person, Text: text})
	return err
}

// notExported says that a follow-up could not be opened: to whoever asked, otherwise in
// the timeline alone.
func (w *work) notExported(j ledger.Job, o Outcome) error {
	place := j.Via
	if t, ok := w.d.tracker(j.Via); ok {
		place = t.Provider
	}
	text := "Could not open " + j.Target + " in " + place + ": " + strings.TrimSuffix(o.Failed, ".") + "."
	return errors.Join(w.remark(text), w.tellAsker(j, text+" Once that is mended, open it again from the list of follow-ups."))
}
