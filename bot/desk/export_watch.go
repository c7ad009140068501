package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

const (
	exportedPrefix = "exported/"
	exportsPrefix  = "exports/" // of wake-ups
	trackerPrefix  = "tracker/"
)

// How often a tracker is asked: every ten minutes, as long as something is open there;
// up to six hours apart while it does not answer.
const (
	pollEvery = 10 * time.Minute
	pollMost  = 6 * time.Hour
	watchMost = 24 * time.Hour // between two times at which a tracker is asked
	// pollLost is when it is asked again where no answer was recorded.
	pollLost = time.Hour
	// goneFor is how long an issue must not be to be seen before it is forgotten: a token
	// that was replaced sees nothing for a while.
	goneFor = 24 * time.Hour
)

// watchedOften is how many issues may be open at a tracker for it to be asked that
// often; with twice as many it is asked half as often.
const watchedOften = 200

// exportedRecord is an open follow-up that is at a tracker.
type exportedRecord struct {
	V       int       `json:"v"`
	Tracker string    `json:"tracker"`
	Key     string    `json:"key"`
	ID      string    `json:"id,omitempty"`
	Shut    bool      `json:"shut,omitempty"`   // the issue was closed when the follow-up was opened again
	Missing time.Time `json:"missing,omitzero"` // since when the issue is not to be seen
}

// trackerRecord is that a tracker does not answer.
type trackerRecord struct {
	V     int    `json:"v"`
	Fails int    `json:"fails"`
	Cause string `json:"cause"`
}

// Watched is an issue about which a tracker is asked, and what it answered.
type Watched struct {
	Incident int
	FollowUp string // its name
	Key, ID  string // of the issue
	Shut     bool   // it was closed before, and the follow-up opened again
	Missing  bool   // it was not to be seen the last time

	Closed, Dropped, Gone bool // as it is
	Reason                string
}

// Differs reports whether it stands otherwise than is known.
func (x Watched) Differs() bool { return x.Gone || x.Missing || x.Closed != x.Shut }

// exportedKey is the key of a follow-up in the index, by its name.
func exportedKey(id string) string {
	_, n, _ := incident.ParseFollowUp(id)
	k, _ := strconv.Atoi(id[strings.LastIndexByte(id, 'F')+1:])
	return exportedPrefix + ledger.Number(n) + "/" + ledger.Number(k)
}

func readJob(value []byte) (j ledger.Job, err error) {
	err = json.Unmarshal(value, &j)
	return j, err
}

// indexExports keeps the index of what is at a tracker and still to be done.
func (w *work) indexExports(old, new incident.Incident) error {
	for _, f := range new.FollowUps {
		before, _ := old.FollowUp(f.ID)
		watch, was := f.Open() && f.Export != (incident.Export{}), before.Open() && before.Export != (incident.Export{})
		var err error
		switch {
		case watch && !was:
			again := before.Export != (incident.Export{})
			r := exportedRecord{V: 1, Tracker: f.Export.Tracker, Key: f.Export.Key, ID: f.Export.ID, Shut: again}
			err = errors.Join(w.Save(exportedKey(f.ID), r), w.watch(f.Export.Tracker, pollEvery))
		case was && !watch:
			err = w.Delete(exportedKey(f.ID))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// watch plans that a tracker is asked, unless it is planned already.
func (w *work) watch(tracker string, after time.Duration) error {
	name := exportsPrefix + tracker
	return w.WakeRegularly(name, w.Now.Add(after), watchMost)
}

// watched returns what a tracker is to be asked about.
func watched(tx *storage.Tx, tracker string) ([]Watched, error) {
	var list []Watched
	for key, value := range tx.Scan(exportedPrefix) {
		var r exportedRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		if r.Tracker == tracker {
			of, _, _ := strings.Cut(strings.TrimPrefix(key, exportedPrefix), "/")
			n := ledger.LastNumber(of)
			list = append(list, Watched{Incident: n, FollowUp: incident.FollowUpName(n, ledger.LastNumber(key)), Key: r.Key, ID: r.ID, Shut: r.Shut, Missing: !r.Missing.IsZero()})
		}
	}
	return list, nil
}

// startExports sees to it that every tracker with something open is asked, also one
// that was not in the configuration for a while.
func (d *Desk) startExports(ctx context.Context) error {
	if len(d.opt.Trackers) == 0 {
		return nil
	}
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d}
		for _, tracker := range d.opt.Trackers {
			list, err := watched(t.Tx, tracker.Name)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				continue
			}
			if err := w.watch(tracker.Name, time.Minute); err != nil {
				return err
			}
		}
		return nil
	})
}

// tickExports has a tracker asked, if anything is open there.
func (d *Desk) tickExports(ctx context.Context, name string, now time.Time) error {
	_, err := d.actAt(ctx, byBot, now, 0, func(w *work) error {
		tracker := strings.TrimPrefix(name, exportsPrefix)
		list, err := watched(w.Tx.Tx, tracker)
		if _, known := d.tracker(tracker); err != nil || !known || len(list) == 0 {
			return errors.Join(err, w.Sleep(name))
		}
		if _, err := w.AddApart(ledger.Job{Kind: ledger.ExportPoll, Via: tracker}); err != nil {
			return err
		}
		return w.Wake(name, w.Now.Add(pollLost))
	})
	return err
}

// polledTracker plans when a tracker is asked next. One that does not answer is asked
// less and less often; what only its operators can mend is told them once.
func (w *work) polledTracker(j ledger.Job, o Outcome) error {
	key := trackerPrefix + j.Via
	list, err := watched(w.Tx.Tx, j.Via)
	if err != nil {
		return err
	}
	next := max(pollEvery*time.Duration(1+len(list)/watchedOften), o.Later)
	if o.Failed == "" {
		return errors.Join(w.Delete(key), w.Wake(exportsPrefix+j.Via, w.Now.Add(next)))
	}
	r, _, err := ledger.Load[trackerRecord](w.Tx.Tx, key)
	if err != nil {
		return err
	}
	r.V, r.Fails = 1, r.Fails+1
	next = max(next, min(pollEvery<<min(r.Fails-1, 10), pollMost))
	if o.Failed != r.Cause && r.Fails >= 3 {
		r.Cause = o.Failed
		text := "The tracker " + j.Via + " does not say what is closed there: " + o.Failed + ". Follow-ups that are open there stay open here until it does. `stormbell doctor` says more."
		if err := w.alarm(text); err != nil {
			return err
		}
	}
	return errors.Join(w.Save(key, r), w.Wake(exportsPrefix+j.Via, w.Now.Add(next)))
}

// closedThere does what follows from the answer of a tracker, issue by issue: each is
// another incident. What was done before is not done again.
func (d *Desk) closedThere(ctx context.Context, r Result) error {
	if r.Job.Kind != ledger.ExportPoll {
		return nil
	}
	for _, x := range r.Outcome.Closed {
		_, err := d.act(ctx, byBot, x.Incident, func(w *work) error { return w.standsThere(x) })
		if err != nil {
			return err
		}
	}
	return nil
}

// standsThere records how the issue of a follow-up stands.
func (w *work) standsThere(x Watched) error {
	key := exportedKey(x.FollowUp)
	r, known, err := ledger.Load[exportedRecord](w.Tx.Tx, key)
	if err != nil || !known || r.Key != x.Key {
		return err
	}
	switch {
	case x.Gone && r.Missing.IsZero():
		r.Missing = w.Now
		return w.Save(key, r)
	case x.Gone && w.Now.Sub(r.Missing) < goneFor:
		return nil
	case x.Gone:
		text := "The issue " + x.Key + " of " + x.FollowUp + " has not been found for a day. When it is closed there, " + x.FollowUp + " stays open here."
		return errors.Join(w.Delete(key), w.remark(text))
	case x.Closed && !r.Shut:
		change, err := w.inc.ClosedThere(x.FollowUp, x.Dropped, x.Reason, w.Now)
		if isRefusal(err) { // somebody was faster
			return nil
		}
		if err != nil {
			return err
		}
		if !w.worksOn() {
			change.Effects = nil
		}
		return w.apply(change)
	default:
		r.Shut, r.Missing = x.Closed, time.Time{}
		return w.Save(key, r)
	}
}
