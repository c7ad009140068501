package alerts

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// beats is what memory holds of heartbeats, so that most beats cost no commit.
type beats struct {
	mu    sync.Mutex
	heard map[string]*heard
	order uint64  // of transactions, as they were decided
	away  absence // when the bot was away last, as far as it knows

	rules  map[string]rotation.Heartbeat // of the directory from
	routed bool                          // a route makes alerts heartbeats
	from   *oncall.Directory

	// clock is held while it is looked at whether the clock has jumped.
	clock sync.Mutex
	began time.Time     // with what the system counts besides the clock
	first time.Time     // by the clock, then
	shift time.Duration // by how much the clock has jumped since
	seen  time.Time     // when it was looked at last
}

// heard is when a heartbeat came last.
type heard struct {
	last   time.Time
	by     string
	kept   time.Time // the last one that is stored
	still  time.Duration
	period time.Duration
	due    time.Time // until then a beat needs no transaction; zero: each does
	order  uint64    // of the transaction that set it
}

// fresh takes in a beat of now that needs no transaction, since one that is about as new
// is stored; false where there is none.
func (b *beats) fresh(name, by string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	// The clock is read with the lock held: what comes after somebody was told that it
	// is due must not be taken for something that came before.
	h, now := b.heard[name], ledger.Instant()
	if h == nil || h.due.IsZero() || !now.Before(h.due) || now.Sub(h.kept).Abs() >= h.still {
		return false
	}
	if now.After(h.last) {
		h.last, h.by, h.due = now, by, now.Add(h.period)
	}
	return true
}

// unstored remembers a beat that the store has refused. Its sender is told so, but it is
// not missing when the store works again.
func (b *beats) unstored(name, by string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h, now := b.heard[name], ledger.Instant(); h != nil && now.After(h.last) {
		h.last, h.by = now, by
	}
}

// latest is the record with what memory knows to be newer.
func (b *beats) latest(name string, r beatRecord) beatRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.heard[name]; h != nil && h.last.After(r.Last) && !r.missing() {
		r.Last, r.By = h.last, h.by
	}
	return r
}

// decided counts a transaction that changes a heartbeat. It is called within it.
func (b *beats) decided() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order++
	return b.order
}

// keep takes over what a transaction has stored. Transactions that share a commit come
// here in any order.
func (b *beats) keep(name string, r beatRecord, order uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.heard[name]
	if h == nil {
		h = &heard{}
		b.heard[name] = h
	}
	if order < h.order {
		return
	}
	was := *h
	*h = heard{last: r.Last, by: r.By, kept: r.Last, still: r.stored(), period: r.Every + r.Grace, order: order}
	if r.missing() {
		return
	}
	h.due = r.due()
	if was.last.After(r.Last) && !was.due.IsZero() {
		h.last, h.by, h.due = was.last, was.by, was.last.Add(h.period)
	}
}

// drop forgets one that is out of the roster.
func (b *beats) drop(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.heard, name)
}

// of returns the heartbeat of that name in a roster.
func (b *beats) of(who *oncall.Directory, name string) (rotation.Heartbeat, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read(who)
	h, ok := b.rules[name]
	return h, ok
}

// byRoute reports whether a route of the roster makes alerts heartbeats.
func (b *beats) byRoute(who *oncall.Directory) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read(who)
	return b.routed
}

func (b *beats) read(who *oncall.Directory) {
	if b.from == who {
		return
	}
	b.rules, b.routed, b.from = map[string]rotation.Heartbeat{}, false, who
	for _, h := range who.Roster.HeartbeatRules() {
		b.rules[h.Name] = h
	}
	for i := range who.Roster.Alerts.Routes {
		b.routed = b.routed || who.Roster.Alerts.Routes[i].Does == rotation.DoesHeartbeat
	}
}

// Beat takes in a sign of life that was sent with a key. known reports whether the
// roster has a heartbeat of that name; [Alerts.HeartbeatNames] are those that it has.
// When it returns without an error, a beat that is no more than a tenth of the period
// older (of at least a second, at most a minute) is durable.
func (a *Alerts) Beat(ctx context.Context, k Key, name string) (known bool, err error) {
	if _, known = a.beats.of(a.oncall.Current(), name); !known {
		return false, nil
	}
	if a.beats.fresh(name, k.Name) {
		return true, nil
	}
	err = a.ledger.Update(ctx, ledger.Request{By: k.actor()}, func(tx *ledger.Tx) error {
		t := a.taking(tx, k, alert.Body{})
		h, ok := a.beats.of(t.who, name)
		if known = ok; !ok { // it was taken out meanwhile
			return nil
		}
		if err := t.beat(h); err != nil {
			return err
		}
		return t.close()
	})
	if err != nil {
		a.beats.unstored(name, k.Name)
	}
	return known, err
}

// HeartbeatNames are the heartbeats that the roster expects, in its order.
func (a *Alerts) HeartbeatNames() []string {
	var list []string
	for _, h := range a.oncall.Current().Roster.HeartbeatRules() {
		list = append(list, h.Name)
	}
	return list
}

// beat records a sign of life, and what follows where it was missed.
func (t *taking) beat(h rotation.Heartbeat) error {
	if t.a.beats.fresh(h.Name, t.key.Name) {
		return nil
	}
	was, ok, err := ledger.Load[beatRecord](t.tx, beatKey(h.Name))
	if err != nil {
		return err
	}
	if !ok {
		was = newBeat(h, t.now)
	}
	was = was.expects(h, t.now)
	if was.missing() {
		if err := t.returns(h, was); err != nil {
			return err
		}
	}
	r := beatRecord{V: 1, Since: was.Since, Every: was.Every, Grace: was.Grace, Last: t.now, By: t.key.Name}
	if err := t.keepBeat(h.Name, r); err != nil {
		return err
	}
	// The wake-up that is planned finds that it has come since. It is planned anew only
	// where it would be too late.
	due, planned, err := t.ledger.Due(beatKey(h.Name))
	if err != nil || planned && !was.missing() && !due.After(r.due()) {
		return err
	}
	return t.ledger.Wake(beatKey(h.Name), r.due())
}

// keepBeat stores the record of a heartbeat.
func (t *taking) keepBeat(name string, r beatRecord) error {
	order := t.a.beats.decided()
	t.ledger.After(func() { t.a.beats.keep(name, r, order) })
	return t.ledger.Save(beatKey(name), r)
}

// returns says in the incident that a missing heartbeat came, and ends its alert.
func (t *taking) returns(h rotation.Heartbeat, r beatRecord) error {
	return t.endBeat(h, r, r.returned(h.Name, t.now, t.a.opt.Zone))
}

// endBeat ends the alert that a heartbeat is missing. Why is said with the offer to resolve
// the incident, or else by itself.
func (t *taking) endBeat(h rotation.Heartbeat, r beatRecord, why string) error {
	t.back = why
	_, err := t.takeBeat(r.alert(h, true, absence{}, t.a.opt.Zone))
	told := t.back == ""
	t.back = ""
	if err != nil || told || r.Incident == 0 {
		return err
	}
	i, err := t.desk.Whole(r.Incident)
	if err != nil {
		return err
	}
	return t.desk.Remark(i.Number, why, i.Status.Active())
}

// takeBeat takes in the alert of a heartbeat as any other.
func (t *taking) takeBeat(in alert.Alert) (Taken, error) {
	key, ours := t.key, t.ours
	t.key, t.ours = beatsSend, true
	defer func() { t.key, t.ours = key, ours }()
	return t.one(in)
}

// tickBeat looks whether a heartbeat has come.
func (a *Alerts) tickBeat(ctx context.Context, name string, now time.Time) error {
	if err := a.awake(ctx, now); err != nil {
		return err
	}
	return a.ledger.Update(ctx, ledger.Request{By: beatsSend.actor(), At: now}, func(tx *ledger.Tx) error {
		t := a.taking(tx, beatsSend, alert.Body{})
		if err := t.judge(strings.TrimPrefix(name, beatPrefix)); err != nil {
			return err
		}
		return t.close()
	})
}

// judge looks at one heartbeat: it is new, or out of the roster, or it is missing, or
// it is looked at again when it will be.
func (t *taking) judge(name string) error {
	stored, ok, err := ledger.Load[beatRecord](t.tx, beatKey(name))
	if err != nil {
		return err
	}
	h, known := t.a.beats.of(t.who, name)
	if !known {
		return t.forgetBeat(name, stored)
	}
	r := stored
	if !ok {
		r = newBeat(h, t.now)
	}
	r = t.a.beats.latest(name, r).expects(h, t.now)
	wake := r.due()
	if r.missing() || !t.now.Before(wake) {
		if r, err = t.miss(h, r); err != nil {
			return err
		}
		wake = r.Next
	}
	if r != stored {
		if err := t.keepBeat(name, r); err != nil {
			return err
		}
	}
	return t.ledger.Wake(beatKey(name), wake)
}

// miss takes it in as an alert that a heartbeat is missing.
func (t *taking) miss(h rotation.Heartbeat, r beatRecord) (beatRecord, error) {
	if r.missing() && t.now.Before(r.Next) {
		return r, nil // something else than its time was the reason to look
	}
	if !r.missing() {
		r.Missing = t.now
	}
	taken, err := t.takeBeat(r.alert(h, false, t.a.beats.wasAway(r), t.a.opt.Zone))
	if err != nil {
		return r, err
	}
	if taken.Incident > 0 {
		r.Incident = taken.Incident
	}
	r.Does = alert.Does(taken.Does)
	r.Next = r.again(t.now)
	return r, nil
}

// forgetBeat removes what is known of a heartbeat that the roster has no more.
func (t *taking) forgetBeat(name string, r beatRecord) error {
	if r.missing() {
		h := rotation.Heartbeat{Name: name, Every: r.Every, Grace: r.Grace}
		if err := t.endBeat(h, r, "The roster does not expect "+name+" any more."); err != nil {
			return err
		}
	}
	t.ledger.After(func() { t.a.beats.drop(name) })
	if r.V > 0 {
		if err := t.ledger.Delete(beatKey(name)); err != nil {
			return err
		}
	}
	return t.ledger.Sleep(beatKey(name))
}
