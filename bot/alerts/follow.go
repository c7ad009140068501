package alerts

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// open opens an incident for an alert.
func (t *taking) open(in alert.Alert, v alert.Verdict, d alert.Decision) (int, error) {
	notes := slices.Clone(v.Notes)
	if d.Follows > 0 {
		if i, err := t.desk.Whole(d.Follows); err == nil && !i.Private {
			notes = append(notes, "The same alert was "+i.Name()+" before ("+string(i.Status)+").")
		}
	}
	i, err := t.desk.Declare(incident.Declaration{Title: in.Title, Severity: t.declared(in), Service: v.Service,
		Details: in.Text(), Alert: in.Key, Says: in.Summary, Runbook: in.Runbook(), NoChannel: v.Does == alert.DoesPage}, notes...)
	if err != nil {
		return 0, err
	}
	c := &touched{tally: tallyRecord{V: 1, Tally: d.Tally, Stretch: t.now, Joined: 1}}
	t.touched[i.Number] = c // it is new: nothing of it is to be looked up
	if err := t.noteBody(i.Number, c); err != nil {
		return 0, err
	}
	t.a.began[i.Number%beganMost] = began{i.Number, i.Service}
	return i.Number, t.relate(i)
}

// declared is the severity to declare: 0 where the sender has said nothing, so that
// it is known to be assumed.
func (t *taking) declared(in alert.Alert) incident.Severity {
	if in.Severity == alert.Unknown {
		return 0
	}
	return in.Severity.Incident()
}

// noteBody writes into the timeline what the whole of a body says, once.
func (t *taking) noteBody(n int, c *touched) error {
	if c.noted || len(t.body.Notes) == 0 {
		return nil
	}
	c.noted = true
	return t.desk.Remark(n, strings.Join(t.body.Notes, " "), false)
}

// togetherWithin is how long after one incident another one is taken to have begun
// at the same time, relatedMost how many are named.
const (
	togetherWithin = time.Minute
	relatedMost    = 3
)

// began is whose an incident was when an alert opened it. Nobody is told that one of the
// same service began at the same time, so it need not be read for that.
type began struct {
	incident int
	service  string
}

// beganMost is of how many incidents it is known.
const beganMost = 2*relatedMost + 2

// relate tells the new incident's channel which others began at the same time.
func (t *taking) relate(i incident.Incident) error {
	var others []incident.Incident
	for n := i.Number - 1; n > 0 && n >= i.Number-2*relatedMost && len(others) < relatedMost; n-- {
		if t.a.began[n%beganMost] == (began{n, i.Service}) {
			continue
		}
		o, err := t.a.desk.Whole(t.tx, n)
		if none := (*incident.Refusal)(nil); errors.As(err, &none) {
			break // there is none: numbers were left out when a copy of the store was put back
		}
		if err != nil {
			return err
		}
		if t.now.Sub(o.Declared) > togetherWithin {
			break
		}
		if o.Number == n && o.Status.Active() && !o.Private && !o.Test && o.Service != i.Service {
			others = append(others, o)
		}
	}
	return t.desk.Related(i.Number, others...)
}

// follow does to the incident what was decided; what alerts do together is summed up
// and done in close.
func (t *taking) follow(in alert.Alert, v alert.Verdict, d alert.Decision) error {
	switch d.Step {
	case alert.Nothing, alert.Repeat:
		return nil
	case alert.Ack:
		if err := t.desk.Acknowledge(d.Incident); err != nil {
			return err
		}
	case alert.AckOne:
		text := t.key.Name + " says that somebody is on “" + in.Title + "”. A worse alert fires, so people are still asked."
		if err := t.desk.Remark(d.Incident, text, true); err != nil {
			return err
		}
	case alert.Note:
		return t.desk.Note(d.Incident, strings.TrimSpace(cmp.Or(in.Summary, in.Title)))
	}
	c, err := t.touch(d.Incident)
	if err != nil {
		return err
	}
	c.count(d.After.Incident, d.Tally)
	c.stale = true
	switch d.Step {
	case alert.Again:
		if d.Raise != 0 {
			c.joined, c.joining.Raise, c.joining.Alerts = true, d.Raise, d.Tally.Total()
		}
		return t.desk.Reopen(d.Incident, in.Title, strings.ToLower(d.Ask[:1])+d.Ask[1:]+": "+in.Title, d.After.Count)
	case alert.Join:
		t.join(c, in, v, d)
		return t.noteBody(d.Incident, c)
	case alert.End:
		return t.end(c, d)
	default:
		return nil
	}
}

// entriesMost is how many entries of a timeline tell of each alert that joins; after
// that only those for which somebody is asked, and round numbers.
const entriesMost = 5

// join adds what an alert that fires does to its incident.
func (t *taking) join(c *touched, in alert.Alert, v alert.Verdict, d alert.Decision) {
	j := &c.joining
	isNew := d.After.Count <= 1 || d.After.Incident != d.Incident
	if t.now.Sub(c.tally.Stretch) >= t.rules().Storm.In || t.now.Before(c.tally.Stretch) {
		c.tally.Stretch, c.tally.Joined = t.now, 0
	}
	if c.tally.Joined++; c.tally.Joined >= t.rules().Storm.At {
		c.tally.Storm = c.tally.Stretch.Add(2 * t.rules().Storm.In)
	}
	told := c.tally.Said < entriesMost || round(d.Tally.Total()) && isNew
	if told && !c.joining.Told && d.Ask == "" {
		c.tally.Said++
	}
	if !c.joined || d.Ask != "" && j.Ask == "" || d.Raise != 0 && (j.Raise == 0 || d.Raise < j.Raise) {
		j.Title, j.Again = in.Title, 0
		if !isNew {
			j.Again = d.After.Count
		}
	}
	if told && isNew {
		for _, note := range append(slices.Clone(v.Notes), in.Notes...) {
			if len(c.notes) < entriesMost && !slices.Contains(c.notes, note) {
				c.notes = append(c.notes, note)
			}
		}
	}
	c.joined = true
	j.Alerts, j.Told = d.Tally.Total(), j.Told || told
	j.Ask = cmp.Or(j.Ask, d.Ask)
	j.Withdraw = j.Withdraw || d.Withdraw
	j.Channel = j.Channel || v.Does == alert.DoesIncident
	if d.Raise != 0 && (j.Raise == 0 || d.Raise < j.Raise) {
		j.Raise = d.Raise
	}
}

// round reports whether n is a number that is worth an entry: 10, 100, 1000 ….
func round(n int) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// end records that an alert is over, and what follows where it was the last.
func (t *taking) end(c *touched, d alert.Decision) error {
	if !d.Tally.Cleared || c.tally.Firing > 0 {
		return nil
	}
	over := t.rules().Over
	switch {
	case over.Action == rotation.OverResolve:
		return t.ledger.Wake(quietName(d.Incident), t.now.Add(over.After))
	case !d.Offer: // it comes and goes: people are told when it has stayed away for a while
		if err := t.ledger.Wake(quietName(d.Incident), t.now.Add(alert.Calm)); err != nil {
			return err
		}
	}
	if err := t.joined(d.Incident, c); err != nil { // or what fired before would take the offer back
		return err
	}
	text := cleared(d.Tally)
	if d.Offer && t.back != "" {
		text, t.back = strings.TrimSpace(t.back+" "+text), ""
	}
	return t.desk.Clear(d.Incident, text, d.Offer)
}

// joined does to incident n what the alerts that fire do together.
func (t *taking) joined(n int, c *touched) error {
	if !c.joined {
		return nil
	}
	j := c.joining
	c.joined, c.joining = false, desk.Joining{}
	return t.desk.Join(n, j)
}

// joinedAll is [taking.joined] of every incident.
func (t *taking) joinedAll() error {
	for _, n := range slices.Sorted(maps.Keys(t.touched)) {
		if err := t.joined(n, t.touched[n]); err != nil {
			return err
		}
	}
	return nil
}

// cleared says that all alerts are over, in words.
func cleared(t alert.Tally) string {
	if t.Total() == 1 {
		return ""
	}
	return fmt.Sprintf("All %d alerts are over.", t.Total())
}

// close does to each incident what its alerts do together.
func (t *taking) close() error {
	for _, n := range slices.Sorted(maps.Keys(t.touched)) {
		c := t.touched[n]
		if err := t.joined(n, c); err != nil {
			return err
		}
		for _, note := range c.notes {
			if err := t.desk.Remark(n, note, false); err != nil {
				return err
			}
		}
		if c.counted {
			if err := t.saveTally(n, c); err != nil {
				return err
			}
		}
		if c.stale {
			if err := t.refresh(n, c); err != nil {
				return err
			}
		}
	}
	if err := t.closeBites(); err != nil {
		return err
	}
	return t.desk.Close()
}

// stormy is how often the message about the alerts is edited in a storm at most.
const stormy = time.Minute

// refresh has the message about the alerts of an incident edited, in a storm once a
// minute.
func (t *taking) refresh(n int, c *touched) error {
	if t.now.Before(c.tally.Storm) {
		return t.desk.Refresh(n, stormy)
	}
	return t.desk.Refresh(n, 0)
}
