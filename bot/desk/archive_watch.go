package desk

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Archival is what is known of the archive.
type Archival struct {
	After time.Duration // how long after its end an incident is archived; 0: none is
	Last  time.Time     // when it was last gone through to the end for incidents to archive; zero: not yet
	From  time.Time     // since when incidents are archived; zero: they are not

	Waiting int       // incidents that the last run should have moved, and could not
	Stay    []Staying // those that ended long enough ago, and stay for now
	Failing           // why not everything could be moved, or not every file be read
	Files   ArchiveFiles
}

// archiveLate is after how long without a run that came to its end something is wrong.
const archiveLate = 3 * archiveEvery

// Done is when it was last gone through for incidents to archive, or since when that is
// wanted; zero: it is not.
func (a Archival) Done() time.Time {
	switch {
	case a.After == 0:
		return time.Time{}
	case a.Last.After(a.From):
		return a.Last
	default:
		return a.From
	}
}

// Late reports whether that is long ago.
func (a Archival) Late(now time.Time) bool {
	return a.After > 0 && now.Sub(a.Done()) > archiveLate
}

// ArchiveFiles is how the archive files are.
type ArchiveFiles struct {
	At        time.Time    // when they were looked at; zero: not yet
	Files     int          // that the store names
	Bytes     int64        // of those that are there
	Incidents int          // that lie in them
	Unread    []UnreadFile // those that cannot be read
}

// UnreadFile is an archive file that is missing, damaged or of another day.
type UnreadFile struct {
	File      string `json:"file"`
	Incidents int    `json:"incidents"` // that are to be in it
	Why       string `json:"why"`

	err error
}

// archivingKey must not begin another one: what is damaged of archived/N cannot be spared.
const archivingKey = "archiving"

// archivingRecord is what the last run left.
type archivingRecord struct {
	V       int       `json:"v"`
	From    time.Time `json:"from,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Waiting int       `json:"waiting,omitempty"`
	Stay    []Staying `json:"stay,omitempty"`
	Failing
}

// Archival returns what is known of the archive.
func (d *Desk) Archival(ctx context.Context) (Archival, error) {
	var r archivingRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, _, err = ledger.Load[archivingRecord](tx, archivingKey)
		return err
	})
	a := Archival{Last: r.Last, From: r.From, Waiting: r.Waiting, Stay: r.Stay, Failing: r.Failing}
	if d.archives() {
		a.After = d.opt.ArchiveAfter
	}
	if files := d.archiving.files.Load(); files != nil {
		a.Files = *files
	}
	return a, err
}

// archiveEnded records how a run ended. The operators are told of what is in the way if
// nobody else is.
func (d *Desk) archiveEnded(ctx context.Context, m Archived, failed error, tell bool) error {
	_, err := d.act(ctx, byBot, 0, func(w *work) error {
		r, _, err := ledger.Load[archivingRecord](w.Tx.Tx, archivingKey)
		if err != nil {
			return err
		}
		r.V, r.Waiting, r.Stay = 1, m.Waiting, m.Stay
		said := ""
		switch {
		case failed == nil:
			r.Last = w.Now
			if r.works() {
				said = "Old incidents are archived again, and every archive file can be read."
			}
		default:
			words := strings.ReplaceAll(failed.Error(), "\n", " ")
			if !tell {
				r.Told = append(r.Told, words) // whoever archives by hand is told by the answer
			}
			if r.fails(w.Now, words, words) {
				said = "Old incidents could not be archived: " + words + " It is tried again tomorrow."
			}
		}
		if said != "" {
			if err := w.alarm(said); err != nil {
				return err
			}
		}
		return w.Save(archivingKey, r)
	})
	return err
}

// startArchiving plans when it is looked for incidents to archive, if that is wanted.
func (d *Desk) startArchiving(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		r, known, err := ledger.Load[archivingRecord](t.Tx, archivingKey)
		if err != nil {
			return err
		}
		if !d.archives() {
			if known && !r.From.IsZero() { // what was left then waits for nothing any more
				if err := t.Save(archivingKey, archivingRecord{V: 1, Last: r.Last}); err != nil {
					return err
				}
			}
			return t.Sleep(archiveName)
		}
		if r.From.IsZero() || r.From.After(t.Now) {
			r.V, r.From = 1, t.Now
			if err := t.Save(archivingKey, r); err != nil {
				return err
			}
		}
		return t.WakeRegularly(archiveName, t.Now.Add(time.Hour), archiveEvery)
	})
}

// tickArchive has it looked for incidents to archive by whoever is in [Desk.KeepArchiving]:
// nothing that is due waits until it is done.
func (d *Desk) tickArchive(ctx context.Context, name string, now time.Time) error {
	select {
	case d.archiving.wake <- struct{}{}:
	default:
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error { return t.Wake(name, now.Add(archiveEvery)) })
}

// LookEvery is how often it is looked whether every archive file is there and whole. One
// that is as it was is not read again.
const LookEvery = 10 * time.Minute

// KeepArchiving archives incidents when it is time, and looks at the files now and then,
// until ctx ends. Gently is called at the beginning of each time, and what it returns
// between two steps. Seen is called with how the files are, and told with what came of
// archiving, and with why that could not be recorded.
func (d *Desk) KeepArchiving(ctx context.Context, gently func() (rest func() error), seen func(ArchiveFiles), told func(Archived, error)) error {
	look := time.NewTicker(LookEvery)
	defer look.Stop()
	for {
		files, lost := d.lookAtArchive(ctx, gently())
		if mustEnd(lost) {
			return lost
		}
		if lost == nil {
			seen(files)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			continue
		case <-d.archiving.wake:
		}
		r, err := d.archive(ctx, ledger.Instant(), false, gently())
		if ctx.Err() != nil {
			return nil
		}
		if mustEnd(err) {
			return err
		}
		if errors.Is(err, errArchiving) {
			continue // somebody does it by hand
		}
		files, lost = d.lookAtArchive(ctx, gently())
		err = errors.Join(err, lost)
		if err == nil && len(files.Unread) > 0 {
			err = files.Unread[0].err
		}
		if ctx.Err() != nil {
			return nil
		}
		err = errors.Join(err, d.archiveEnded(ctx, r, err, true))
		if mustEnd(err) {
			return err
		}
		told(r, err)
	}
}

// mustEnd reports whether whoever writes into the store has to stop.
func mustEnd(err error) bool {
	return errors.Is(err, storage.ErrLost) || errors.Is(err, storage.ErrUnknown)
}

// lookAtArchive is LookAtArchive at the desk's own, and keeps what it saw.
func (d *Desk) lookAtArchive(ctx context.Context, rest func() error) (ArchiveFiles, error) {
	seen, err := LookAtArchive(ctx, d.ledger.View, d.opt.Shelf, rest)
	if err == nil {
		d.archiving.files.Store(&seen)
	}
	return seen, err
}

// LookAtArchive looks whether every incident that a store says is archived can be read, as far as
// the files and what they say about themselves go. View has to read through the shelf, which is
// where the files are; nil: nowhere. Rest is called between two files.
func LookAtArchive(ctx context.Context, view func(context.Context, func(*storage.Tx) error) error, shelf Shelf, rest func() error) (ArchiveFiles, error) {
	lie, err := named(ctx, view)
	seen := ArchiveFiles{At: ledger.Instant()}
	for _, file := range slices.Sorted(maps.Keys(lie)) {
		if err == nil {
			err = rest()
		}
		if err != nil {
			return seen, err
		}
		unread, of := error(nil), 0
		err = view(ctx, func(tx *storage.Tx) error {
			for _, of = range lie[file] {
				if unread = tx.Reachable(eventPrefix(of)); unread != nil {
					break
				}
			}
			return tx.Err()
		})
		seen.Files, seen.Incidents = seen.Files+1, seen.Incidents+len(lie[file])
		if shelf != nil {
			seen.Bytes += shelf.Size(file)
		}
		if unread != nil {
			unread = ofAll(unread, of, len(lie[file]))
			seen.Unread = append(seen.Unread, UnreadFile{file, len(lie[file]), unread.Error(), unread})
		}
	}
	return seen, err
}

// named returns which incidents are archived, by the files that the store names; that of one
// whose record cannot be read is empty: who asks for the incident is told why.
func named(ctx context.Context, view func(context.Context, func(*storage.Tx) error) error) (map[string][]int, error) {
	lie := map[string][]int{}
	err := view(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("archived/") {
			var m archivedRecord
			if json.Unmarshal(value, &m) != nil {
				m.File = ""
			}
			lie[m.File] = append(lie[m.File], ledger.LastNumber(key))
		}
		return tx.Err()
	})
	return lie, err
}

// filesThere refuses to go on where none of the files is that the store names: the folder is
// another one, or a disk that is not mounted, and what is written in its place would be hidden
// when it is. One that is missing among others keeps nobody from archiving.
func (d *Desk) filesThere(ctx context.Context) error {
	lie, err := named(ctx, d.ledger.View)
	if err != nil || len(lie) == 0 {
		return err
	}
	for file := range lie {
		if d.opt.Shelf.Size(file) > 0 {
			return nil
		}
	}
	return refusal("Mount its disk, or set `archive.folder` to where they are. Until then nothing is moved.",
		"None of the archive files (%d) that the store names is in %s.", len(lie), d.opt.Shelf.Path())
}

// ofAll says of all incidents of a file what is said of one: the operators are told where
// everybody reads it, and a private one is not named there.
func ofAll(unread error, n, incidents int) error {
	var r *incident.Refusal
	if !errors.As(unread, &r) {
		return unread
	}
	all := "The timeline of 1 incident"
	if incidents > 1 {
		all = "The timelines of " + incident.Count(incidents, "incident", "incidents")
	}
	why := strings.Replace(r.Why, "The timeline of "+incident.Name(n), all, 1)
	if incidents > 1 {
		why = strings.Replace(strings.Replace(why, " It lies in ", " They lie in ", 1), " It is to be in ", " They are to be in ", 1)
		why = strings.Replace(why, " does not have it:", " does not have them:", 1)
	}
	return incident.Refuse(r.Next, "%s", why)
}

// ArchiveWhole reports whether every incident that is archived can be read, as far as the
// files and what they say about themselves go.
func (d *Desk) ArchiveWhole(ctx context.Context) error {
	files, err := d.lookAtArchive(ctx, ctx.Err)
	if err == nil && len(files.Unread) > 0 {
		err = files.Unread[0].err
	}
	return err
}

// CountArchived returns how many incidents of a store are archived.
func CountArchived(ctx context.Context, db *storage.DB) (n int, err error) {
	err = db.View(ctx, func(tx *storage.Tx) error {
		for range tx.Scan("archived/") {
			n++
		}
		return tx.Err()
	})
	return n, err
}
