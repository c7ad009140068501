package desk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// Backup is what is known of the copies of the store.
type Backup struct {
	At     time.Time `json:"at"`               // when one was last taken, by itself or by hand; zero: none that is known of
	Store  string    `json:"store,omitempty"`  // names the copies of this store in the folder
	Number int       `json:"number,omitempty"` // of the last copy that was begun there
	Folder string    `json:"folder,omitempty"` // in which the last one that is whole was written

	Failing
}

// Failing is that what the bot does again and again by itself could not be done the last
// time: a copy of the store, archiving.
type Failing struct {
	Trouble string    `json:"trouble,omitempty"` // why, in words; empty: it could
	Since   time.Time `json:"since,omitzero"`    // since when
	Told    []string  `json:"told,omitempty"`    // the kinds of trouble that the operators were told of meanwhile
}

// toldMost is how many kinds of trouble are kept: some have the name of a file in them.
const toldMost = 20

// fails takes down why it could not be done, and reports whether the operators have to be
// told: of each kind of trouble they are told once, until it works again.
func (f *Failing) fails(now time.Time, kind, words string) (tell bool) {
	if f.Trouble == "" {
		f.Since = now
	}
	f.Trouble = words
	if slices.Contains(f.Told, kind) {
		return false
	}
	f.Told = append(f.Told[max(0, len(f.Told)-toldMost+1):], kind)
	return true
}

// works takes down that it was done, and reports whether the operators know that it could
// not be.
func (f *Failing) works() (told bool) {
	told = len(f.Told) > 0
	*f = Failing{}
	return told
}

const backupKey = "backup"

type backupRecord struct {
	V int `json:"v"`
	Backup
}

// Backup returns what is known of the copies of the store.
func (d *Desk) Backup(ctx context.Context) (Backup, error) {
	var r backupRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, _, err = ledger.Load[backupRecord](tx, backupKey)
		return err
	})
	return r.Backup, err
}

// backup changes what is known of the copies of the store.
func (d *Desk) backup(ctx context.Context, f func(*work, *Backup) error) (Backup, error) {
	var r backupRecord
	_, err := d.act(ctx, byBot, 0, func(w *work) (err error) {
		if r, _, err = ledger.Load[backupRecord](w.Tx.Tx, backupKey); err != nil {
			return err
		}
		r.V = 1
		if err := f(w, &r.Backup); err != nil {
			return err
		}
		return w.Save(backupKey, r)
	})
	return r.Backup, err
}

// BackedUp records that a copy of the store was taken by hand.
func (d *Desk) BackedUp(ctx context.Context) error {
	_, err := d.backup(ctx, func(w *work, b *Backup) error {
		b.At = w.Now
		return nil
	})
	return err
}

// BackupBegins gives the next copy in the folder its number, which is above last. The
// number is in the copy: a store that is put back goes on counting from there.
func (d *Desk) BackupBegins(ctx context.Context, last int) (Backup, error) {
	return d.backup(ctx, func(_ *work, b *Backup) error {
		if b.Store == "" {
			name := make([]byte, 4)
			rand.Read(name)
			b.Store = hex.EncodeToString(name)
		}
		b.Number = max(b.Number, last) + 1
		return nil
	})
}

// BackupDone records that the copy that was begun stands whole in the folder. If the
// operators were told that none could be made, they are told that it works again.
func (d *Desk) BackupDone(ctx context.Context, folder string) error {
	_, err := d.backup(ctx, func(w *work, b *Backup) error {
		b.At, b.Folder = w.Now, folder
		if b.works() {
			return w.alarm("The store is backed up again.")
		}
		return nil
	})
	return err
}

// BackupFailed records why a copy that was due could not be taken. Of each kind of
// trouble the operators are told once, until it works again.
func (d *Desk) BackupFailed(ctx context.Context, kind, words string) error {
	_, err := d.backup(ctx, func(w *work, b *Backup) error {
		if !b.fails(w.Now, kind, words) {
			return nil
		}
		last := "There is no copy yet."
		if !b.At.IsZero() {
			last = "The last copy is of " + b.At.In(d.opt.Zone).Format("2 January, 15:04 MST") + "."
		}
		return w.alarm(fmt.Sprintf("The store could not be backed up: %s. %s It is tried again every few minutes.", words, last))
	})
	return err
}
