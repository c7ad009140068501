package alerts

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// modelStep is one thing that happens: a body of a sender, an act of somebody, or time
// that passes, and then perhaps a restart.
type modelStep struct {
	Sender int
	Body   []modelAlert
	Act    desk.Verb
	On     int // which incident, counted from the newest
	Into   int
	Pass   time.Duration
	Again  bool // the bot is started again
}

// modelAlert is an alert of a body. Start says what the sender says of its beginning.
type modelAlert struct {
	ID       int
	Status   alert.Status
	Severity alert.Severity
	Start    string // none, same, new
}

const modelSenders, modelAlerts = 3, 6

func drawStep(t *rapid.T) modelStep {
	s := modelStep{Pass: rapid.SampledFrom([]time.Duration{time.Second, time.Second, 20 * time.Second, 5 * time.Minute, 20 * time.Minute, 45 * time.Minute, 3 * time.Hour}).Draw(t, "pass")}
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind < 6:
		s.Sender = rapid.IntRange(0, modelSenders-1).Draw(t, "sender")
		s.Body = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) modelAlert {
			return modelAlert{
				ID:       rapid.IntRange(0, modelAlerts-1).Draw(t, "alert"),
				Status:   rapid.SampledFrom([]alert.Status{alert.Firing, alert.Firing, alert.Firing, alert.Over, alert.Over, alert.Acknowledged}).Draw(t, "status"),
				Severity: rapid.SampledFrom([]alert.Severity{alert.Unknown, alert.Sev1, alert.Sev2, alert.Sev2, alert.Sev3, alert.Sev4}).Draw(t, "severity"),
				Start:    rapid.SampledFrom([]string{"none", "same", "same", "new"}).Draw(t, "start"),
			}
		}), 1, 5).Draw(t, "body")
	case kind < 9:
		s.Act = rapid.SampledFrom([]desk.Verb{desk.Acknowledge, desk.Mitigate, desk.Resolve, desk.Resolve, desk.Close, desk.Reopen, desk.Cancel, desk.Merge}).Draw(t, "act")
		s.On, s.Into = rapid.IntRange(0, 3).Draw(t, "on"), rapid.IntRange(0, 3).Draw(t, "into")
	default:
		s.Again = true
	}
	return s
}

// TestAnything drives the room with bodies of three senders, acts of people, time and
// restarts, and compares it with a model that knows only what each sender said last.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 25).Draw(rt, "steps")
		var wrong error
		synctest.Test(t, func(t *testing.T) {
			m := &model{room: &room{t: t, path: filepath.Join(t.TempDir(), "stormbell.db")}, fires: map[string]bool{}, started: map[string]time.Time{}, said: map[string]alert.Severity{}}
			m.open()
			defer func() { m.db.Close() }()
			m.apply(sampleRoster)
			for n, s := range steps {
				if err := m.step(s); err != nil {
					wrong = fmt.Errorf("step %d, %+v: %w", n, s, err)
					return
				}
			}
		})
		if wrong != nil {
			rt.Fatal(wrong)
		}
	})
}

// model is what the senders have said last, of alerts by their sender and key.
type model struct {
	*room
	fires   map[string]bool // of each that has ever fired
	started map[string]time.Time
	said    map[string]alert.Severity // what it said in its last body
}

func (m *model) step(s modelStep) error {
	var err error
	switch {
	case s.Body != nil:
		err = m.body(s)
	case s.Act != "":
		err = m.person(s)
	case s.Again:
		m.reopen()
	}
	if err = errors.Join(err, m.holds()); err != nil {
		return err
	}
	m.pass(s.Pass)
	if faults := m.faults(); len(faults) > 0 {
		return fmt.Errorf("the store has a fault: %+v", faults[0])
	}
	return m.holds()
}

func (m *model) person(s modelStep) error {
	last, err := m.last()
	n, into := last-s.On, last-s.Into
	if err != nil || n < 1 {
		return err
	}
	a := desk.Act{Verb: s.Act, Text: "because", Into: max(into, 1)}
	_, err = m.desk.Do(m.t.Context(), desk.Caller{Actor: ada}, n, a)
	var refusal *incident.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	return err
}

// last is the number of the newest incident.
func (m *model) last() (int, error) {
	page, err := m.desk.Active(m.t.Context(), incident.Bot)
	n := 0
	for _, i := range page {
		n = max(n, i.Number)
	}
	for ; err == nil; n++ {
		if _, err := m.desk.Show(m.t.Context(), incident.Bot, n+1); err != nil {
			break
		}
	}
	return n, err
}

// body has a sender post one.
func (m *model) body(s modelStep) error {
	before, err := m.events()
	if err != nil {
		return err
	}
	sender := fmt.Sprintf("sender%d", s.Sender)
	var list []alert.Alert
	reminder := true // of what fires in an open incident, or is over
	for _, x := range s.Body {
		in := m.alert(sender, x)
		key := sender + "/" + in.Key
		reminder = reminder && m.reminds(sender, in)
		if in.Status == alert.Firing {
			m.said[key] = in.Severity
		}
		list = append(list, in)
	}
	for _, firing := range []bool{true, false} { // in this order they are taken
		for _, in := range list {
			key := sender + "/" + in.Key
			switch _, seen := m.fires[key]; {
			case firing && in.Status == alert.Firing:
				m.fires[key] = true
			case !firing && in.Status == alert.Over && seen:
				m.fires[key] = false
			}
		}
	}
	taken, err := m.Take(m.t.Context(), Key{Name: sender}, alert.Body{Alerts: list})
	if err != nil {
		return err
	}
	for n, got := range taken {
		if got.Key != list[n].Key {
			return fmt.Errorf("answer %d is of %s", n, got.Key)
		}
	}
	after, err := m.events()
	if err != nil {
		return err
	}
	for n, count := range after {
		if more := count - before[n]; reminder && more > 0 || more > 16 && before[n] > 0 {
			return fmt.Errorf("INC-%d has %d more events; a reminder: %v", n, more, reminder)
		}
	}
	return m.asked(sender, list)
}

// alert is an alert as its sender posts it.
func (m *model) alert(sender string, x modelAlert) alert.Alert {
	in := firing(fmt.Sprint(x.ID))
	key := sender + "/" + in.Key
	in.Status, in.Severity = x.Status, x.Severity
	if x.ID%2 == 1 {
		in.Service = "edge"
	}
	switch {
	case x.Start == "new" && x.Status == alert.Firing:
		m.started[key] = time.Now().UTC().Round(0)
		in.Started = m.started[key]
	case x.Start != "none":
		in.Started = m.started[key]
	}
	return in
}

// reminds reports whether an alert says nothing that its sender has not said before.
func (m *model) reminds(sender string, in alert.Alert) bool {
	r, err := m.record(sender, in)
	if err != nil || r.V == 0 {
		return in.Status != alert.Firing
	}
	if in.Status != alert.Firing {
		return !r.Firing()
	}
	i, err := m.whole(r.Incident)
	return err == nil && i.Status.Active() && r.Firing() && r.Started.Equal(in.Started) && m.said[sender+"/"+in.Key] == in.Severity
}

// asked says whether each alert of a body that fires, and asks, is one that people
// work on, or have just called over.
func (m *model) asked(sender string, list []alert.Alert) error {
	for _, in := range list {
		r, err := m.record(sender, in)
		if err != nil {
			return err
		}
		if r.V == 0 || !r.Firing() || !r.Does.Asks() || in.Status != alert.Firing {
			continue
		}
		i, err := m.whole(r.Incident)
		if err != nil {
			return fmt.Errorf("%s of %s fires, and is of INC-%d: %w", in.Key, sender, r.Incident, err)
		}
		ended := i.Resolved
		if ended.IsZero() {
			ended = i.Updated
		}
		if !i.Status.Active() && time.Since(ended) >= 30*time.Minute {
			return fmt.Errorf("%s of %s fires, and %s is %s since %s", in.Key, sender, i.Name(), i.Status, time.Since(ended))
		}
	}
	return nil
}

// holds says what does not hold of every incident.
func (m *model) holds() error {
	last, err := m.last()
	if err != nil {
		return err
	}
	in := map[string]int{} // the incident of each alert
	for n := 1; n <= last; n++ {
		i, err := m.whole(n)
		if err != nil {
			return err
		}
		v, err := m.Of(m.t.Context(), n)
		if err != nil {
			return err
		}
		firing, over := 0, 0
		for _, a := range v.Alerts {
			key := a.Sender + "/" + a.ID
			if other, twice := in[key]; twice && other != i.Number {
				return fmt.Errorf("%s is an alert of INC-%d and of %s", key, other, i.Name())
			}
			in[key] = i.Number
			if a.Firing() != m.fires[key] {
				return fmt.Errorf("%s: %s is %s, and fires: %v", i.Name(), key, a.Status, m.fires[key])
			}
			if a.Firing() {
				firing++
			} else {
				over++
			}
		}
		if v.Tally.Firing != firing || v.Tally.Over != over {
			return fmt.Errorf("%s: %d fire and %d are over by the tally, %d and %d by the alerts", i.Name(), v.Tally.Firing, v.Tally.Over, firing, over)
		}
		if firing > 0 && i.Status.Active() && (i.AlertOver || v.Tally.Cleared || v.Tally.Offered) {
			return fmt.Errorf("%s counts as over (%v, %v, %v) while %d alerts fire", i.Name(), i.AlertOver, v.Tally.Cleared, v.Tally.Offered, firing)
		}
		if i.Status.Active() && v.Tally.Offered && !i.AlertOver {
			return fmt.Errorf("%s does not show that all its alerts are over", i.Name())
		}
		m.folds(n)
	}
	for key, fires := range m.fires {
		if _, ok := in[key]; !ok && fires {
			return fmt.Errorf("%s fires, and is an alert of no incident", key)
		}
	}
	return nil
}

// events counts those of each incident.
func (m *model) events() (map[int]int, error) {
	last, err := m.last()
	counts := map[int]int{}
	for n := 1; n <= last && err == nil; n++ {
		var events []incident.Event
		_, events, err = m.desk.Timeline(m.t.Context(), incident.Bot, n)
		counts[n] = len(events)
	}
	return counts, err
}

func (m *model) record(sender string, in alert.Alert) (r Alert, err error) {
	err = m.ledger.View(m.t.Context(), func(tx *storage.Tx) error {
		r, err = m.load(tx, alertKey(sender, in.Key), in)
		return err
	})
	return r, err
}

// whole is an incident, or the one that it is a part of.
func (m *model) whole(n int) (i incident.Incident, err error) {
	err = m.ledger.View(m.t.Context(), func(tx *storage.Tx) error {
		i, err = m.desk.Whole(tx, n)
		return err
	})
	return i, err
}
