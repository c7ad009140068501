package oncall

import (
	"context"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// forgetAfter is how long after a change, and forgetEvery how often records are looked for that nobody needs any more, and
// forgetAtOnce how many are looked after in one transaction.
const (
	forgetAfter  = time.Hour
	forgetEvery  = 24 * time.Hour
	forgetAtOnce = 30
)

// tickForget removes what is known of the gaps of rotations and the user groups of
// teams that the roster has no more, and plans the end of the records of swaps that
// nobody looks at, as earlier versions left them. It comes back at once while there
// are more.
func (o *Roster) tickForget(ctx context.Context, now time.Time) error {
	return o.update(ctx, Caller{Actor: incident.Bot}, now, func(w *work) error {
		roster, left := w.who.Roster, forgetAtOnce
		kinds := []struct {
			prefix string
			needed func(id string) (bool, error)
			do     func(key string) error
		}{
			{"gaps/", func(id string) (bool, error) { _, ok := roster.Rotation(id); return ok, nil }, w.Tx.Delete},
			{"group/", func(id string) (bool, error) {
				t, ok := roster.Team(id)
				return ok && t.SlackGroup != "", nil
			}, w.Tx.Delete},
			{"swap/", func(id string) (bool, error) {
				_, planned, err := w.Due("swap/" + id)
				return planned, err
			}, w.planSwapEnd},
		}
		for _, k := range kinds {
			for key := range w.Scan(k.prefix) {
				needed, err := k.needed(strings.TrimPrefix(key, k.prefix))
				if err != nil {
					return err
				}
				if needed {
					continue
				}
				if left == 0 {
					return w.again("forget", now)
				}
				if err := k.do(key); err != nil {
					return err
				}
				left--
			}
		}
		return w.Wake("forget", now.Add(forgetEvery))
	})
}

// planSwapEnd plans when the record of a swap goes.
func (w *work) planSwapEnd(name string) error {
	rot, seq := ParseSwapName(name)
	s, _ := swapOf(w.who.Roster, rot, seq)
	return w.keepSwap(name, s)
}
