package desk

import (
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// HomesMost is for how many people the Home tab is kept up to date at most: those who
// looked at it last. HomeFor is for how long after that.
const (
	HomesMost = 50
	HomeFor   = time.Hour
)

// homeEvery is how old a record of a look at a Home tab may be before another look is
// worth a commit.
const homeEvery = 10 * time.Minute

// HomeLook is that somebody looked at their Home tab.
type HomeLook struct {
	User string    `json:"user"` // of Slack
	At   time.Time `json:"at"`
}

type homesRecord struct {
	V     int        `json:"v"`
	Looks []HomeLook `json:"looks,omitempty"` // the earliest first
}

// HomeOpened records that a user of Slack looks at their Home tab, so that it is kept
// up to date also after a restart.
func (d *Desk) HomeOpened(ctx context.Context, user string) error {
	now := ledger.Instant()
	fresh := false
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, _, err := ledger.Load[homesRecord](tx, "homes")
		fresh = slices.ContainsFunc(r.Looks, func(l HomeLook) bool { return l.User == user && now.Sub(l.At) < homeEvery })
		return err
	})
	if err != nil || fresh {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[homesRecord](t.Tx, "homes")
		if err != nil {
			return err
		}
		r.V = 1
		r.Looks = slices.DeleteFunc(r.Looks, func(l HomeLook) bool { return l.User == user || t.Now.Sub(l.At) > HomeFor })
		r.Looks = append(r.Looks, HomeLook{user, t.Now})
		r.Looks = r.Looks[max(0, len(r.Looks)-HomesMost):]
		return t.Save("homes", r)
	})
}

// HomesOpen returns who has looked at their Home tab within [HomeFor], the earliest
// first.
func (d *Desk) HomesOpen(ctx context.Context) ([]HomeLook, error) {
	now := ledger.Instant()
	var r homesRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, _, err = ledger.Load[homesRecord](tx, "homes")
		return err
	})
	return slices.DeleteFunc(r.Looks, func(l HomeLook) bool { return now.Sub(l.At) > HomeFor }), err
}

// Changes returns a number that is another one after an incident was changed. It may be
// so a moment before the change can be read.
func (d *Desk) Changes() int { return d.past.count() }
