package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// keepTidied is how long what an incident needed while it was worked on is kept
// after its end: its escalation, its prompts, which
// of its messages are marked. The
// incident and its timeline are kept for ever.
const keepTidied = 30 * 24 * time.Hour

// tidyEvery is how often incidents that ended long ago are looked for, tidyAtOnce
// how many in one go, and tidyParts how many prompts of one, and how many of its
// people, in one transaction: each is up to two changes of it. tidyAgain is when it is
// gone on after something could not be tidied.
const (
	tidyEvery  = 24 * time.Hour
	tidyAtOnce = 50
	tidyParts  = 30
	tidyAgain  = time.Hour
)

// startTidying makes sure that it is looked for what can be removed.
func (d *Desk) startTidying(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		return t.WakeRegularly("tidy", t.Now.Add(time.Hour), tidyEvery)
	})
}

// tidy removes what some incidents that ended long ago do not need any more, and
// comes back at once while there are more. What fails of one holds up no other.
func (d *Desk) tidy(ctx context.Context, name string, now time.Time) error {
	if err := d.forgetReads(ctx, now); err != nil {
		return err
	}
	ended, err := d.endedBefore(ctx, now.Add(-keepTidied))
	if err != nil {
		return err
	}
	more := make([]bool, len(ended))
	failed := ledger.Share(len(ended), func(i int) error {
		_, err := d.actAt(ctx, byBot, now, ended[i], func(w *work) (err error) {
			more[i], err = w.tidy()
			return err
		})
		if err != nil {
			return fmt.Errorf("tidy %s: %w", incident.Name(ended[i]), err)
		}
		return nil
	})
	next := now.Add(tidyEvery)
	switch {
	case failed != nil:
		next = now.Add(tidyAgain)
	case len(ended) == tidyAtOnce || slices.Contains(more, true):
		next = now.Add(time.Second)
	}
	err = d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error { return t.Wake(name, next) })
	return errors.Join(failed, err)
}

// endedBefore returns some incidents that ended before an instant and still have
// what only an open one needs.
func (d *Desk) endedBefore(ctx context.Context, before time.Time) ([]int, error) {
	var list []int
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for _, prefix := range []string{"page/", "ask/", "mark/"} {
			for from, more := prefix, true; more && len(list) < tidyAtOnce; {
				more = false
				for key := range tx.ScanFrom(prefix, from) {
					n := ledger.LastNumber(key[:len(prefix)+numberLength(key[len(prefix):])])
					i, err := loadIncident(tx, n)
					if err != nil {
						return err
					}
					if !i.Status.Active() && i.Updated.Before(before) && !slices.Contains(list, n) {
						list = append(list, n)
					}
					from, more = prefix+ledger.Number(n)+"0", true // past all keys of this incident
					break
				}
			}
		}
		return nil
	})
	return list, err
}

// numberLength is the length of the number at the start of a part of a key.
func numberLength(s string) int {
	for i := range len(s) {
		if s[i] == '/' {
			return i
		}
	}
	return len(s)
}

// tidy removes what the incident does not need any more, and reports whether there
// is more of it.
func (w *work) tidy() (more bool, err error) {
	if w.inc.Status.Active() || !w.inc.Updated.Before(w.Now.Add(-keepTidied)) {
		return false, nil // it was reopened since it was found
	}
	n := w.inc.Number
	seen := 0
	for key, value := range w.Scan(promptPrefix(n)) {
		if seen++; seen > tidyParts {
			return true, nil
		}
		p, err := readPrompt(key, value)
		if err != nil {
			return false, err
		}
		if err := errors.Join(w.Delete(key), w.leaveDigest(p)); err != nil {
			return false, err
		}
	}
	for key := range w.Scan(markPrefix(n)) {
		if seen++; seen > tidyParts {
			return true, nil
		}
		if err := w.Delete(key); err != nil {
			return false, err
		}
	}
	paged, err := w.everPaged()
	if err != nil {
		return false, err
	}
	w.artifacts.Pings = nil // who would be told now that it is open again has long looked elsewhere
	forgot := 0
	for _, a := range paged {
		gone, err := w.forgetSlackDigest(a)
		if err != nil {
			return false, err
		}
		if gone {
			forgot++
		}
		if forgot == tidyParts {
			return true, nil
		}
	}
	return false, errors.Join(w.Sleep(escalationName(n)), w.Delete(escalationKey(n)))
}

// everPaged returns everybody who was involved or whom a step named: a page that was
// taken back before it left involves nobody.
func (w *work) everPaged() ([]incident.Actor, error) {
	list := slices.Clone(w.inc.Involved)
	if w.Reachable(eventPrefix(w.inc.Number)) != nil {
		return list, nil // its archive file is missing, and what else it has ends all the same
	}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	for _, e := range events {
		for _, a := range e.Calls {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list, err
}

// leaveDigest takes the incident out of a message about several; the last one takes
// the record of the message along.
func (w *work) leaveDigest(p Prompt) error {
	if p.Digest == 0 {
		return nil
	}
	key := digestKey(p.Person, p.Digest)
	t, ok, err := ledger.Load[Digest](w.Tx.Tx, key)
	if err != nil || !ok {
		return err
	}
	t.Pages = slices.DeleteFunc(slices.Clone(t.Pages), func(e DigestEntry) bool { return e.Incident == w.inc.Number })
	if len(t.Pages) == 0 {
		return w.Delete(key)
	}
	return w.Save(key, t)
}

// forgetSlackDigest removes how somebody's pages are put together, once they have no
// message about several incidents any more, and reports whether it did.
func (w *work) forgetSlackDigest(a incident.Actor) (gone bool, err error) {
	g, ok, err := ledger.Load[slackDigestRecord](w.Tx.Tx, slackDigestKey(a))
	if err != nil || !ok || w.Now.Sub(g.Until) < keepTidied {
		return false, err
	}
	_, id := a.Split()
	for range w.Scan("together/" + id + "/") {
		return false, nil // its number is still taken
	}
	return true, w.Delete(slackDigestKey(a))
}
