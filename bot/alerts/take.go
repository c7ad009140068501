package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// How many changes a transaction must have left for one more alert: roomFor for one that
// opens an incident with a page for each of a team, and roomToClose for each incident
// that alerts have joined.
const (
	roomFor     = 48
	roomToClose = 8
)

// Take takes in what a sender has posted with one of its keys. When it returns, every
// alert is durable; where it fails, those before are. The answers are in the order of
// the body.
func (a *Alerts) Take(ctx context.Context, k Key, b alert.Body) ([]Taken, error) {
	taken := make([]Taken, len(b.Alerts))
	if err := named(b.Alerts); err != nil {
		return taken, err
	}
	order := inOrder(b.Alerts)
	order, err := a.repeats(ctx, k, b, order, taken)
	if err != nil {
		return taken, err
	}
	for len(order) > 0 {
		var done int
		err := a.ledger.Update(ctx, ledger.Request{By: k.actor()}, func(tx *ledger.Tx) error {
			t := a.taking(tx, k, b)
			for done = 0; done < len(order) && (done == 0 || t.room(tx)); done++ {
				at := order[done]
				var err error
				if taken[at], err = t.one(b.Alerts[at]); err != nil {
					return err
				}
			}
			return t.close()
		})
		if err != nil {
			return taken, err
		}
		order = order[done:]
	}
	return taken, a.changes(ctx, k, b.Changes)
}

// named sees to it that every alert that fires has a title that can be seen. It refuses
// one that comes alone without.
func named(list []alert.Alert) error {
	for n := range list {
		a := &list[n]
		title, _ := incident.CleanTitle(a.Title)
		switch {
		case a.Status != alert.Firing || title != "":
		case len(list) == 1:
			return incident.Refuse("Say in a few words what is wrong.", "The title has no sign that can be seen.")
		default:
			a.Title = "An alert without a title, " + a.Key
		}
	}
	return nil
}

// room reports whether the transaction holds one more alert.
func (t *taking) room(tx *ledger.Tx) bool {
	return tx.Changes()+roomToClose*(len(t.touched)+len(t.held)) < storage.MaxChanges-roomFor
}

// actor is who acts where an alert does something.
func (k Key) actor() string { return "alert:" + k.Name }

// inOrder returns the positions of alerts in the order in which they are taken: what
// fires before what is over, or a group would seem to be over that is not, and the
// worst first, so that it is what an incident is opened for.
func inOrder(list []alert.Alert) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		a, b := list[x], list[y]
		if f, g := a.Status == alert.Firing, b.Status == alert.Firing; f != g {
			if f {
				return -1
			}
			return 1
		}
		if a.Status != alert.Firing {
			return 0
		}
		return cmp.Compare(a.Severity.Incident(), b.Severity.Incident())
	})
	return order
}

// seenEvery is how finely it is kept when an alert was last seen.
const seenEvery = time.Second

// repeats answers what is known already and needs no commit: reminders of alerts that
// were seen within this second. It returns the positions of the others.
func (a *Alerts) repeats(ctx context.Context, k Key, b alert.Body, order []int, taken []Taken) ([]int, error) {
	if len(b.Alerts) > 1 || len(b.Alerts) == 0 || b.Alerts[0].Status != alert.Firing {
		return order, nil
	}
	now := ledger.Instant()
	repeated := false
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		t := &taking{a: a, tx: tx, now: now, who: a.oncall.Current(), quiet: a.quiet.Load(), key: k}
		in := b.Alerts[0]
		r, err := load(tx, k.Name, in)
		if err != nil {
			return err
		}
		if a.beats.byRoute(t.who) && !r.Firing() {
			if h := t.route(in).Heartbeat; h != nil {
				if repeated = a.beats.fresh(h.Name, k.Name); repeated {
					taken[0] = beaten(in)
				}
				return nil
			}
		}
		if r.V == 0 || now.Sub(r.Last) >= seenEvery || now.Before(r.Last) {
			return err
		}
		v := t.route(in)
		var own alert.Standing // a repeat has nothing to do with other alerts, nor with who is asked
		if r.Incident > 0 {
			if own.Incident, err = t.whole(r.Incident); err != nil {
				return err
			}
		}
		d := alert.Decide(severed(v, in), v.Does, r.Known, own, alert.Standing{}, t.again(), now)
		if repeated = d.Step == alert.Repeat && d.After == r.Known; repeated {
			taken[0] = Taken{Key: in.Key, Incident: r.Incident, Result: d.Result, Does: string(v.Does)}
		}
		return nil
	})
	if repeated {
		return nil, err
	}
	return order, err
}

// taking is one transaction in which alerts are taken in.
type taking struct {
	a      *Alerts
	tx     *storage.Tx
	now    time.Time
	who    *oncall.Directory
	roster *rotation.Alerts // what it says about alerts, once it was asked
	quiet  *quietNow        // what holds alerts back besides the roster
	key    Key
	ours   bool // the alert is that a heartbeat is missing
	body   alert.Body

	// Only where something is written.
	ledger  *ledger.Tx
	desk    *desk.Within
	touched map[int]*touched
	held    map[string]*bite // by the silence or the maintenance
}

// touched is what the alerts of a transaction do to one incident, in sum.
type touched struct {
	tally   tallyRecord   // of all its alerts
	parts   map[int]*part // of those of each of its parts
	counted bool          // it is to be stored
	joining desk.Joining
	joined  bool
	noted   bool     // the notes on the body stand in its timeline
	stale   bool     // what shows its alerts shows less than holds
	notes   []string // on how its alerts were read
}

func (a *Alerts) taking(tx *ledger.Tx, k Key, b alert.Body) *taking {
	caller := desk.Caller{Actor: incident.Actor(k.actor())}
	return &taking{a: a, tx: tx.Tx, now: tx.Now, who: a.oncall.Current(), quiet: a.quiet.Load(), key: k, body: b,
		ledger: tx, desk: a.desk.Within(tx, caller), touched: map[int]*touched{}, held: map[string]*bite{}}
}

// whole returns an incident, or the one that it is a part of.
func (t *taking) whole(n int) (incident.Incident, error) {
	if t.desk != nil {
		return t.desk.Whole(n)
	}
	return t.a.desk.Whole(t.tx, n)
}

// standing returns how an incident stands, or the one that it is a part of.
func (t *taking) standing(n int) (s alert.Standing, err error) {
	if n == 0 {
		return s, nil
	}
	if s.Incident, err = t.whole(n); err != nil {
		return s, err
	}
	if t.desk != nil {
		s.Exhausted, err = t.desk.Exhausted(s.Incident.Number)
	} else {
		s.Exhausted, err = t.a.desk.Exhausted(t.tx, s.Incident.Number)
	}
	if err != nil {
		return s, err
	}
	tally, err := t.tally(s.Incident)
	s.Tally = tally.Tally
	return s, err
}

func (t *taking) tally(i incident.Incident) (tallyRecord, error) {
	if c, ok := t.touched[i.Number]; ok {
		return c.tally, nil
	}
	r, _, err := t.a.sum(t.tx, i)
	return r, err
}

// touch returns what is done to incident n.
func (t *taking) touch(n int) (*touched, error) {
	if c, ok := t.touched[n]; ok {
		return c, nil
	}
	i, err := t.desk.Whole(n)
	if err != nil {
		return nil, err
	}
	c := &touched{}
	t.touched[n] = c
	c.tally, c.parts, err = t.a.sum(t.tx, i)
	return c, err
}

// decide says what follows from one alert: what is known of it, what it is to us, and
// the episode that it may join.
func (t *taking) decide(in alert.Alert) (r Alert, v alert.Verdict, d alert.Decision, g groupRecord, err error) {
	if r, err = load(t.tx, t.key.Name, in); err != nil {
		return r, v, d, g, err
	}
	v = t.route(in)
	own, err := t.standing(r.Incident)
	if err != nil {
		return r, v, d, g, err
	}
	if g, err = t.group(in, v); err != nil {
		return r, v, d, g, err
	}
	var group alert.Standing
	if g.Incident > 0 && t.now.Before(g.Until) && g.Incident != own.Incident.Number {
		if group, err = t.standing(g.Incident); err != nil {
			return r, v, d, g, err
		}
	}
	return r, v, alert.Decide(severed(v, in), v.Does, r.Known, own, group, t.again(), t.now), g, nil
}

// one takes in one alert.
func (t *taking) one(in alert.Alert) (Taken, error) {
	r, v, d, g, err := t.decide(in)
	if err != nil {
		return Taken{}, err
	}
	if v.Heartbeat != nil {
		if in.Status != alert.Firing {
			return beaten(in), nil // that it is over is no sign of life
		}
		if err := t.beat(*v.Heartbeat); err != nil || !r.Firing() {
			return beaten(in), err
		}
		in.Status = alert.Over // as the alert that it was, before a route made it a heartbeat
		if r, v, d, g, err = t.decide(in); err != nil {
			return Taken{}, err
		}
	}
	if in.Status == alert.Acknowledged {
		in.Title = cmp.Or(in.Title, r.Title) // which says only whose it is
	}
	said := sent{Service: in.Service, Severity: in.Severity, Hints: in.Hints}
	in = severed(v, in)
	if d.Step == alert.Open {
		if d.Incident, err = t.open(in, v, d); err != nil {
			return Taken{}, err
		}
		d.After.Incident = d.Incident
	} else if err := t.follow(in, v, d); err != nil {
		return Taken{}, err
	} else if d.Step == alert.Join && t.touched[d.Incident].parts[r.Incident] == nil {
		d.After.Incident = d.Incident // but one of a part stays there
	}
	if err := t.keep(r, in, v, d, g); err != nil {
		return Taken{}, err
	}
	if err := t.hold(alertKey(t.key.Name, in.Key), r, said, v, d); err != nil {
		return Taken{}, err
	}
	return Taken{Key: in.Key, Incident: t.answered(r.Incident, d), Result: d.Result, Does: string(cmp.Or(d.After.Does, v.Does))}, nil
}

// beaten is what is answered to an alert that is a sign of life.
func beaten(in alert.Alert) Taken {
	return Taken{Key: in.Key, Result: alert.Suppressed, Does: string(alert.DoesHeartbeat)}
}

// answered is the incident of which the sender is told: not a private one into which
// that one was merged.
func (t *taking) answered(own int, d alert.Decision) int {
	if d.Result == alert.Suppressed {
		return 0
	}
	if i, err := t.desk.Whole(max(d.Incident, 1)); err == nil && i.Private && own > 0 {
		return own
	}
	return d.Incident
}

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
	c, err := t.touch(i.Number)
	if err != nil {
		return 0, err
	}
	c.tally = tallyRecord{V: 1, Tally: d.Tally, Stretch: t.now, Joined: 1}
	if err := t.noteBody(i.Number, c); err != nil {
		return 0, err
	}
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

// relate tells the new incident's channel which others began at the same time.
func (t *taking) relate(i incident.Incident) error {
	var others []incident.Incident
	for n := i.Number - 1; n > 0 && n >= i.Number-2*relatedMost && len(others) < relatedMost; n-- {
		o, err := t.a.desk.Whole(t.tx, n)
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
	return t.desk.Clear(d.Incident, cleared(d.Tally), d.Offer)
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

// keep records the alert, its group and its place in its incident. What holds it back is
// recorded by [taking.hold].
func (t *taking) keep(was Alert, in alert.Alert, v alert.Verdict, d alert.Decision, g groupRecord) error {
	key := alertKey(t.key.Name, in.Key)
	if d.Step == alert.Nothing && was.V == 0 && in.Status != alert.Firing {
		return nil // the end of what was never seen
	}
	r := was
	r.V, r.Known, r.Sender, r.ID, r.Last = 1, d.After, t.key.Name, in.Key, t.now
	if r.First.IsZero() {
		r.First = t.now
	}
	if in.Status == alert.Firing {
		r.Source, r.Title, r.Summary, r.Severity = in.Source, in.Title, in.Summary, in.Severity
		r.Labels, r.Details, r.Links = in.Labels, in.Details, in.Links
		r.Service, r.Route, r.Group, r.Why = v.Service, v.Route, v.Group, v.Why
	}
	if was.V > 0 && was.Incident > 0 && was.Incident != r.Incident {
		if err := t.leaves(was); err != nil {
			return err
		}
	}
	if err := t.ledger.Save(key, r); err != nil {
		return err
	}
	if was.V == 0 && was.Incident > 0 { // of an earlier version
		if err := t.ledger.Delete(earlierKey(in.Key)); err != nil {
			return err
		}
	}
	if r.Incident == 0 || in.Status != alert.Firing || d.Step == alert.Repeat {
		return nil
	}
	if was.Incident != r.Incident {
		if was.V > 0 && was.Incident > 0 {
			if err := t.ledger.Delete(memberKey(was.Incident, key)); err != nil {
				return err
			}
		}
	}
	if was.Incident != r.Incident && d.Step != alert.Open { // the first is found by its incident
		if err := t.ledger.Put(memberKey(r.Incident, key), nil); err != nil {
			return err
		}
	}
	return t.extend(v, r.Incident, g)
}

// group returns the episode that an alert that fires may join.
func (t *taking) group(in alert.Alert, v alert.Verdict) (groupRecord, error) {
	if in.Status != alert.Firing || !v.Does.Asks() {
		return groupRecord{}, nil
	}
	g, _, err := ledger.Load[groupRecord](t.tx, groupKey(v))
	return g, err
}

// coarse is how finely it is kept until when a group is open: in a storm each alert
// would write it anew.
const coarse = 10 * time.Second

// extend keeps the group of the incident open for a while longer.
func (t *taking) extend(v alert.Verdict, n int, g groupRecord) error {
	if g.Incident != n {
		g = groupRecord{V: 1, Incident: n, First: t.now}
	}
	until := t.now.Add(t.rules().Group.Window)
	if most := g.First.Add(t.rules().Group.Most); until.After(most) {
		until = most
	}
	if until.Sub(g.Until) < coarse && g.Until.After(t.now) {
		return nil
	}
	g.Until = until
	return t.ledger.Save(groupKey(v), g)
}

// changes writes what was changed in a service into the timelines of its open
// incidents.
func (a *Alerts) changes(ctx context.Context, k Key, list []alert.Change) error {
	for _, c := range list {
		if err := a.change(ctx, k, c); err != nil {
			return err
		}
	}
	return nil
}
