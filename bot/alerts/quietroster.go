package alerts

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// rosterID names what is written in the roster: the same as long as what is held back,
// and from when on, stays the same.
func rosterID(what string, from time.Time) string {
	return "r" + alert.Fingerprint(what, from.UTC().Format(time.RFC3339))[:6]
}

func rosterSilence(s rotation.Silence) Quiet {
	q := Quiet{Kind: Silence, Roster: true, From: s.From.UTC(), Until: s.Until.UTC(), Reason: s.Reason, ByWord: s.By}
	for _, m := range s.Match {
		q.Match = append(q.Match, alert.KV{Key: m.Label, Value: m.Value})
	}
	q.ID = rosterID(s.Matching(), s.From)
	return q
}

func rosterMaintenance(m rotation.Maintenance) Quiet {
	return Quiet{Kind: Maintenance, ID: rosterID(m.Service, m.From), Roster: true, Service: m.Service,
		From: m.From.UTC(), Until: m.Until.UTC(), Reason: m.Reason, ByWord: m.By}
}

// inRoster is what the roster holds back, by key. Of two that differ in nothing but
// their end the later one counts.
func inRoster(r *rotation.Roster) map[string]Quiet {
	list := map[string]Quiet{}
	add := func(q Quiet) {
		if was, ok := list[q.key()]; !ok || was.Until.Before(q.Until) {
			list[q.key()] = q
		}
	}
	for _, s := range r.Alerts.Silences {
		add(rosterSilence(s))
	}
	for _, m := range r.Alerts.Maintenance {
		add(rosterMaintenance(m))
	}
	return list
}

// rosterWake is when the roster's silences are looked at.
const rosterWake = "silences"

// startRoster has the roster's silences looked at where a change of the roster was not
// seen, such as one that was made while the bot did not run.
func (a *Alerts) startRoster(ctx context.Context) error {
	if len(inRoster(a.oncall.Current().Roster)) == 0 {
		some := false
		err := a.ledger.View(ctx, func(tx *storage.Tx) error {
			list, err := loadQuiet(tx)
			some = slices.ContainsFunc(list, func(r quietRecord) bool { return r.Roster && r.Done.IsZero() })
			return err
		})
		if err != nil || !some {
			return err
		}
	}
	return a.ledger.Update(ctx, ledger.Request{}, func(tx *ledger.Tx) error { return tx.Wake(rosterWake, tx.Now) })
}

// rosterAtOnce is how many of the roster's are put in order in one transaction.
const rosterAtOnce = 30

// tickRoster makes what is kept of the roster's silences and maintenance agree with the
// roster that holds.
func (a *Alerts) tickRoster(ctx context.Context, name string, now time.Time) error {
	wanted := inRoster(a.oncall.Current().Roster)
	return a.ledger.Update(ctx, ledger.Request{At: now}, func(tx *ledger.Tx) error {
		list, err := loadQuiet(tx.Tx)
		if err != nil {
			return err
		}
		known := map[string]quietRecord{}
		for _, r := range list {
			if r.Roster {
				known[r.key()] = r
			}
		}
		left := rosterAtOnce
		for _, key := range sorted(wanted) {
			if r, ok := wants(wanted[key], known[key], now); ok && left > 0 {
				left--
				if err := cmp.Or(tx.Save(key, r), tx.Wake(key, now)); err != nil {
					return err
				}
			}
		}
		for _, key := range sorted(known) {
			r := known[key]
			if _, ok := wanted[key]; ok || !now.Before(r.Until) || left == 0 {
				continue
			}
			left--
			r.Until, r.EndedBy = now, incident.Bot
			if err := cmp.Or(tx.Save(key, r), tx.Wake(key, now)); err != nil {
				return err
			}
		}
		if left == 0 {
			return tx.Wake(name, now)
		}
		return tx.Sleep(name)
	})
}

// wants returns the record of what the roster holds back, and whether it is to be
// written.
func wants(q Quiet, r quietRecord, now time.Time) (quietRecord, bool) {
	switch {
	case r.V == 0 && !now.Before(q.Until):
		return r, false // over before anybody knew of it
	case r.V == 0:
		q.Made = now
		return quietRecord{V: 1, Quiet: q}, true
	case r.Until.Equal(q.Until) && r.Reason == q.Reason && r.ByWord == q.ByWord, !r.Done.IsZero() && !now.Before(q.Until):
		return r, false
	}
	r.Until, r.Reason, r.ByWord, r.EndedBy = q.Until, q.Reason, q.ByWord, ""
	if !r.Done.IsZero() { // it was over, and is extended or back
		r.Done, r.Begun, r.Told, r.Held, r.Fired, r.Incidents = time.Time{}, false, false, 0, 0, nil
		r.Message = ledger.Message{}
	}
	return r, true
}
