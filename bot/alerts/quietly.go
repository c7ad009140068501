package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// bite is what a silence or a maintenance does to the alerts of one transaction.
type bite struct {
	quiet    Quiet // as it is known where it has no record yet
	held     int
	services []string
}

// holder returns what holds an alert back: of a silence and a maintenance the one that
// ends later, so that the alert does not change hands.
func (t *taking) holder(v alert.Verdict) Quiet {
	s, m := v.Silence, v.Maintenance
	if s != nil && (m == nil || s.Until.After(m.Until)) {
		for i := range t.quiet.Silences {
			if s == &t.quiet.Silences[i] {
				return Quiet{Kind: Silence, ID: strings.TrimPrefix(t.quiet.silences[i], "silence/"), Until: s.Until}
			}
		}
		return rosterSilence(*s)
	}
	for i := range t.quiet.Maintenance {
		if m == &t.quiet.Maintenance[i] {
			return Quiet{Kind: Maintenance, ID: strings.TrimPrefix(t.quiet.maintenances[i], "maintenance/"), Until: m.Until}
		}
	}
	return rosterMaintenance(*m)
}

// heldKey is the index by which an alert is found that is held back, the worst first.
func heldKey(holder string, sev alert.Severity, key string) string {
	return heldPrefix(holder) + strconv.Itoa(int(sev.Incident())) + "-" + key[len("alert/"):]
}

func heldPrefix(holder string) string { return "held/" + holder + "/" }

// hold records what holds an alert back, after it was kept.
func (t *taking) hold(key string, was Alert, said sent, v alert.Verdict, d alert.Decision) error {
	if !d.After.Held && was.HeldBy == "" {
		return nil
	}
	r, _, err := ledger.Load[Alert](t.tx, key)
	if err != nil {
		return err
	}
	if d.After.Held && d.After.Status == alert.Firing && v.Does == alert.DoesSuppressed {
		h := t.holder(v)
		r.HeldBy, r.Sent = h.key(), &said
		if r.HeldBy != was.HeldBy {
			t.bites(h, v.Service)
		}
	}
	if !d.After.Held {
		r.HeldBy, r.Sent = "", nil
	}
	if was.HeldBy != "" && (was.HeldBy != r.HeldBy || was.Severity != r.Severity) {
		if err := t.ledger.Delete(heldKey(was.HeldBy, was.Severity, key)); err != nil {
			return err
		}
	}
	if r.HeldBy != "" && (was.HeldBy != r.HeldBy || was.Severity != r.Severity) {
		if err := t.ledger.Put(heldKey(r.HeldBy, r.Severity, key), nil); err != nil {
			return err
		}
	}
	return t.save(key, r)
}

// bites counts an alert that is held back.
func (t *taking) bites(h Quiet, service string) {
	b := t.held[h.key()]
	if b == nil {
		b = &bite{quiet: h}
		t.held[h.key()] = b
	}
	b.held++
	if service != "" && !slices.Contains(b.services, service) {
		b.services = append(b.services, service)
	}
}

// servicesMost and incidentsMost are how many are remembered of each.
const (
	servicesMost  = 10
	incidentsMost = 5
)

// closeBites records what was held back, and has people told where it is the first of a
// silence.
func (t *taking) closeBites() error {
	for _, key := range sorted(t.held) {
		b := t.held[key]
		r, ok, err := ledger.Load[quietRecord](t.tx, key)
		if err != nil {
			return err
		}
		if !ok { // a roster that was applied this moment
			r = quietRecord{V: 1, Quiet: b.quiet}
			r.Made = t.now
			if err := t.ledger.Wake(key, r.Until); err != nil {
				return err
			}
		}
		r.Held += b.held
		bitten := !r.Told
		for _, s := range b.services {
			if r.Kind == Silence && len(r.Services) < servicesMost && !slices.Contains(r.Services, s) {
				r.Services = append(r.Services, s)
				bitten = true
			}
		}
		if bitten {
			r.Told = true
			if err := tellQuiet(t.ledger, t.desk, r, t.a.begins(r.Quiet), b.services); err != nil {
				return err
			}
		}
		if err := t.ledger.Save(key, r); err != nil {
			return err
		}
	}
	return nil
}

// toldMost is how many open incidents of a service hear of it, so that a transaction
// stays small. The card of every one shows it.
const toldMost = 3

// tellQuiet has the announcement made or brought up to date, and tells the open
// incidents of the services.
func tellQuiet(tx *ledger.Tx, x *desk.Within, r quietRecord, text string, services []string) error {
	if _, err := tx.AddApart(ledger.Job{Kind: ledger.Quiet, Target: r.key()}); err != nil {
		return err
	}
	for _, s := range services {
		open, err := x.OpenOf(s)
		if err != nil {
			return err
		}
		for _, n := range open[max(0, len(open)-toldMost):] {
			if err := cmp.Or(x.Remark(n, text, true), x.RefreshCard(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// begins and ends say it in plain words.
func (a *Alerts) begins(q Quiet) string {
	text := "A silence of " + q.What() + " holds alerts back"
	if q.Kind == Maintenance {
		text = "Maintenance of " + a.oncall.Current().ServiceName(q.Service)
	}
	return text + " until " + incident.Clock(q.Until, ledger.Instant(), a.opt.Zone) + a.because(q) + "."
}

func (a *Alerts) ends(q Quiet) string {
	text := "The silence of " + q.What()
	if q.Kind == Maintenance {
		text = "Maintenance of " + a.oncall.Current().ServiceName(q.Service)
	}
	text += " is over"
	if q.EndedBy.Human() || q.EndedBy == oncall.CommandLine {
		text += ", ended by " + a.oncall.Current().DisplayName(q.EndedBy)
	}
	return text + ". " + q.Outcome()
}

// Outcome says what it has held back, in a sentence.
func (q Quiet) Outcome() string {
	switch {
	case q.Held == 0:
		return "It held back no alert."
	case q.Fired == 0:
		return fmt.Sprintf("It held back %s; none still fires.", counted(q.Held))
	}
	verb := "fires and counts"
	if q.Fired > 1 {
		verb = "fire and count"
	}
	text := fmt.Sprintf("It held back %s; %d still %s from now on", counted(q.Held), q.Fired, verb)
	var names []string
	for _, n := range q.Incidents {
		names = append(names, incident.Name(n))
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return text + "."
}

func counted(n int) string { return incident.Count(n, "alert", "alerts") }

func (a *Alerts) because(q Quiet) string {
	text := ""
	if who := a.who(q); who != "" {
		text = ", by " + who
	}
	if q.Reason != "" {
		text += ": " + strings.TrimSuffix(q.Reason, ".")
	}
	return text
}

// tickHeld does what is due of a silence or a maintenance: its start, and its end with
// the alerts that it held back, some at a time.
func (a *Alerts) tickHeld(ctx context.Context, name string, now time.Time) error {
	return a.ledger.Update(ctx, ledger.Request{At: now}, func(tx *ledger.Tx) error {
		r, ok, err := ledger.Load[quietRecord](tx.Tx, name)
		switch {
		case err != nil:
			return err
		case !ok:
			return tx.Sleep(name)
		case !r.Done.IsZero():
			return forgetQuiet(tx, r, now)
		case now.Before(r.From) && now.Before(r.Until):
			return tx.Wake(name, r.From)
		case now.Before(r.Until):
			return cmp.Or(a.begin(tx, r), tx.Wake(name, r.Until))
		}
		more, err := a.release(tx, &r)
		if err != nil {
			return err
		}
		if more {
			return cmp.Or(tx.Save(name, r), tx.Wake(name, now))
		}
		a.changedQuiet(ctx, tx)
		return cmp.Or(a.finish(tx, r), tx.Wake(name, now.Add(keepQuiet)))
	})
}

// keepQuiet is how long it can be looked up what was held back.
const keepQuiet = 30 * 24 * time.Hour

func forgetQuiet(tx *ledger.Tx, r quietRecord, now time.Time) error {
	if at := r.Done.Add(keepQuiet); now.Before(at) {
		return tx.Wake(r.key(), at)
	}
	return cmp.Or(tx.Delete(r.key()), tx.Sleep(r.key()))
}

// begin tells of the start of a maintenance; a silence is told of when it bites.
func (a *Alerts) begin(tx *ledger.Tx, r quietRecord) error {
	if r.Begun {
		return nil
	}
	r.Begun = true
	if r.Kind == Maintenance && !r.Told {
		r.Told = true
		x := a.desk.Within(tx, desk.Caller{Actor: incident.Bot})
		if err := cmp.Or(tellQuiet(tx, x, r, a.begins(r.Quiet), []string{r.Service}), x.Close()); err != nil {
			return err
		}
	}
	return tx.Save(r.key(), r)
}

// finish tells of the end.
func (a *Alerts) finish(tx *ledger.Tx, r quietRecord) error {
	r.Done = tx.Now
	if r.Told {
		services := r.Services
		if r.Kind == Maintenance {
			services = []string{r.Service}
		}
		x := a.desk.Within(tx, desk.Caller{Actor: incident.Bot})
		if err := cmp.Or(tellQuiet(tx, x, r, a.ends(r.Quiet), services), x.Close()); err != nil {
			return err
		}
	}
	return tx.Save(r.key(), r)
}

// release takes some of the alerts that were held back as if they came in now, the
// worst first; more says that there may be others. Those of one sender go together,
// since their incidents know who acts.
func (a *Alerts) release(tx *ledger.Tx, r *quietRecord) (more bool, err error) {
	held, err := heldBack(tx.Tx, r.key())
	if err != nil || len(held) == 0 {
		return false, err
	}
	t := a.taking(tx, Key{Name: held[0].Sender}, alert.Body{})
	for n, h := range held {
		if h.Sender != held[0].Sender {
			continue
		}
		if n > 0 && !t.room(tx) {
			break
		}
		taken, err := t.one(h.again())
		if err != nil {
			return false, err
		}
		after, _, err := ledger.Load[Alert](tx.Tx, alertKey(h.Sender, h.ID))
		if err != nil {
			return false, err
		}
		if after.HeldBy == r.key() {
			return false, fmt.Errorf("%s is over and still holds back an alert", r.key())
		}
		if after.HeldBy != "" {
			continue // something else holds it back now
		}
		r.Fired++
		if taken.Incident > 0 && len(r.Incidents) < incidentsMost && !slices.Contains(r.Incidents, taken.Incident) && t.public(taken.Incident) {
			r.Incidents = append(r.Incidents, taken.Incident)
		}
	}
	return true, t.close()
}

// public reports whether everybody may know of an incident.
func (t *taking) public(n int) bool {
	i, err := t.desk.Whole(n)
	return err == nil && !i.Private
}

// releaseAtOnce is how many alerts one transaction looks at.
const releaseAtOnce = 60

// heldBack returns alerts that something holds back, the worst first.
func heldBack(tx *storage.Tx, holder string) ([]Alert, error) {
	var list []Alert
	prefix := heldPrefix(holder)
	for key := range tx.Scan(prefix) {
		_, hash, _ := strings.Cut(strings.TrimPrefix(key, prefix), "-")
		r, ok, err := ledger.Load[Alert](tx, "alert/"+hash)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, r)
		}
		if len(list) == releaseAtOnce {
			break
		}
	}
	return list, nil
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
