package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Shelf is where what incidents have is put once they are archived. The store reads it as
// if it were its own, see [storage.DB.Through].
type Shelf interface {
	// Put adds records to a file, in the order of their keys, durably and proven. Standing
	// are the records by which the store knows incidents that are in the file already.
	Put(ctx context.Context, file string, standing map[string][]byte, records []storage.Change) error
	// Size returns how many bytes a file has; 0: it is not there.
	Size(file string) int64
	// Path returns where the files are.
	Path() string
}

// archiving is that only one at a time archives incidents.
type archiving struct {
	at    sync.Mutex
	wake  chan struct{}                // holds a token when it is time
	files atomic.Pointer[ArchiveFiles] // as they were looked at last; nil: not yet
}

// archiveName is the wake-up at which it is looked for incidents to archive.
const archiveName = "archive"

// archiveEvery is how often that is. Of one file at most archiveMost incidents or
// archiveBytes are added at once; archiveAtOnce records are removed from the store in one
// commit.
const (
	archiveEvery  = 24 * time.Hour
	archiveMost   = 200
	archiveBytes  = 8 << 20
	archiveAtOnce = 500
)

// archivedRecord says in which file what an incident has lies. The file has the same
// record: one of another day is not taken for it.
type archivedRecord struct {
	V       int    `json:"v"`
	File    string `json:"file"`
	Events  int    `json:"events"`
	Records int    `json:"records"`
	Sum     string `json:"sha256"` // of the records, see sumOf
}

func archivedKey(n int) string { return "archived/" + ledger.Number(n) }

// archiveEnd ends the names of archive files.
const archiveEnd = ".archive"

// archiveFile is the file of an incident that has ended: the first one of its month.
func archiveFile(i incident.Incident) string {
	return cmp.Or(i.Closed, i.Updated).UTC().Format("2006-01") + archiveEnd
}

// Archived is what was moved, or would be.
type Archived struct {
	Before    time.Time      // who ended before this
	Incidents int            // that were moved
	Records   int            // of them
	Bytes     int            // of these
	Files     []ArchivedFile // into these, the earliest first
	Stay      []Staying      // those that ended before, and stay for now
	Waiting   int            // those that should have been moved, and could not be
}

// ArchivedFile is a file with how many incidents came to it.
type ArchivedFile struct {
	File      string `json:"file"`
	Incidents int    `json:"incidents"`
}

// Staying is why some incidents stay.
type Staying struct {
	Why       string `json:"why"`
	Incidents int    `json:"incidents"`
}

// errArchiving is that somebody else does it.
var errArchiving = refusal("Try again when that is done.", "Incidents are being moved to archive files already.")

// Archive moves the incidents that ended longer ago than is configured into the archive
// files of their months: first a file is written, proven and durable, then the store forgets
// what is in it. Dry, it only says which. Rest is called between two steps. What came of it
// is kept for [Desk.Archival]; whoever called is told of it, and nobody else.
func (d *Desk) Archive(ctx context.Context, now time.Time, dry bool, rest func() error) (Archived, error) {
	r, err := d.archive(ctx, now, dry, rest)
	if dry || ctx.Err() != nil || errors.Is(err, errArchiving) || !d.archives() {
		return r, err
	}
	return r, errors.Join(err, d.archiveEnded(ctx, r, err, false))
}

// archives reports whether incidents are archived here.
func (d *Desk) archives() bool { return d.opt.Shelf != nil && d.opt.ArchiveAfter > 0 }

func (d *Desk) archive(ctx context.Context, now time.Time, dry bool, rest func() error) (Archived, error) {
	if !d.archives() {
		return Archived{}, refusal("Set `archive.after` in the configuration, as in 365d.", "No incidents are archived here.")
	}
	if !d.archiving.at.TryLock() {
		return Archived{}, errArchiving
	}
	defer d.archiving.at.Unlock()
	r := Archived{Before: now.Add(-d.opt.ArchiveAfter)}
	months, err := d.archivable(ctx, &r)
	if err != nil {
		return r, err
	}
	if !dry {
		for _, list := range months {
			r.Waiting += len(list)
		}
		if err := d.filesThere(ctx); err != nil && len(months) > 0 {
			return r, err
		}
	}
	var failed []error
	for _, file := range slices.Sorted(maps.Keys(months)) {
		list, err := months[file], error(nil)
		if dry {
			r.Incidents += len(list)
			r.Files = append(r.Files, ArchivedFile{file, len(list)})
			continue
		}
		moved := 0
		for len(list) > 0 && err == nil {
			if err = rest(); err == nil {
				var some int
				list, some, err = d.archiveSome(ctx, file, list, &r)
				moved += some
			}
		}
		if moved > 0 {
			r.Files = append(r.Files, ArchivedFile{file, moved})
		}
		if r.Waiting -= len(months[file]) - len(list); err != nil {
			failed = append(failed, err)
		}
		if len(failed) == failedMost || err != nil && goesNoFurther(ctx, err) {
			break
		}
	}
	return r, errors.Join(failed...)
}

// failedMost is how many files may fail in one run: one that is missing or of another day
// must not keep the months after it in the store, and a full disk fails them all.
const failedMost = 3

// goesNoFurther reports whether a run has to end because of an error.
func goesNoFurther(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, storage.ErrLost) || errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrClosed)
}

// stays counts an incident that stays.
func (r *Archived) stays(why string) {
	for k := range r.Stay {
		if r.Stay[k].Why == why {
			r.Stay[k].Incidents++
			return
		}
	}
	r.Stay = append(r.Stay, Staying{why, 1})
}

// archivable returns the incidents that are to be moved, by their files.
func (d *Desk) archivable(ctx context.Context, r *Archived) (map[string][]int, error) {
	months, stay := map[string][]int{}, map[string]int{}
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for n := range withEvents(tx) {
			if broken(tx, n) {
				stay[staysDamaged]++
				continue
			}
			i, err := loadIncident(tx, n)
			if err != nil {
				return err
			}
			file, why, err := archives(tx, i, r.Before)
			switch {
			case err != nil:
				return err
			case file != "":
				months[file] = append(months[file], n)
			case why != "":
				stay[why]++
			}
		}
		return tx.Err()
	})
	for _, why := range slices.Sorted(maps.Keys(stay)) {
		r.Stay = append(r.Stay, Staying{why, stay[why]})
	}
	return months, err
}

// withEvents yields the incidents of which events are in the store itself, in order. It
// jumps from one to the next.
func withEvents(tx *storage.Tx) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for from, more := "event/", true; more; {
			more = false
			for key := range tx.ScanFrom("event/", from) {
				n := ledger.LastNumber(key[:len("event/")+numberLength(key[len("event/"):])])
				from, more = eventPrefix(n)+"\xff", true
				if !yield(n) {
					return
				}
				break
			}
		}
	}
}

// The reasons for which an incident stays that ended long enough ago.
const (
	staysOpen     = "not closed yet"
	staysFollowUp = "an open follow-up"
	staysReview   = "a post-mortem to come"
	staysJobs     = "something left to be done"
	staysMarks    = "files that may still be taken back with their marks"
	staysUnread   = "a file that cannot be read"
	staysDamaged  = "a damaged record; `stormbell fsck` tells more"
)

// archives returns into which file an incident goes; empty: it stays, and why, where it
// ended before the instant.
func archives(tx *storage.Tx, i incident.Incident, before time.Time) (file, why string, err error) {
	if i.Status.Active() || !i.Updated.Before(before) {
		return "", "", nil
	}
	if i.Status == incident.Resolved {
		return "", staysOpen, nil
	}
	n := ledger.Number(i.Number)
	for _, left := range []struct{ key, why string }{
		{"followup/" + n + "/", staysFollowUp}, {"exported/" + n + "/", staysFollowUp}, {"review/" + n, staysReview},
		{"idle/" + n, staysJobs}, {"promise/" + n, staysJobs},
		{"outbox/" + n + "/", staysJobs}, {"stale/" + n, staysJobs}, {"wake/" + escalationName(i.Number), staysJobs},
		{"wake/drill/" + n, staysJobs}, {"wake/" + raiseName(i.Number), staysJobs},
	} {
		if stands(tx, left.key) {
			return "", left.why, nil
		}
	}
	if stands(tx, markPrefix(i.Number)) && stands(tx, filePrefix(i.Number)) {
		return "", staysMarks, nil
	}
	if slices.ContainsFunc(i.FollowUps, incident.FollowUp.Open) {
		return "", staysFollowUp, nil
	}
	if broken := (*storage.DamagedError)(nil); errors.As(tx.Reachable(eventPrefix(i.Number)), &broken) {
		return "", staysDamaged, nil
	}
	file = archiveFile(i)
	m, known, err := ledger.Load[archivedRecord](tx, archivedKey(i.Number))
	if err != nil || !known {
		return file, "", err
	}
	switch month := strings.TrimSuffix(file, archiveEnd); {
	case tx.Reachable(eventPrefix(i.Number)) != nil:
		return "", staysUnread, nil
	case !strings.HasPrefix(m.File, month):
		return file, "", nil
	case m.Events == i.Events:
		return m.File, "", nil // some of it may be left in the store
	default: // into one file it is put once
		return nextFile(m.File, month), "", nil
	}
}

// nextFile returns the next file of a month after one of its files: 2026-03.2.archive comes
// after 2026-03.archive.
func nextFile(file, month string) string {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(file, month+"."), archiveEnd))
	if err != nil {
		n = 1
	}
	return fmt.Sprintf("%s.%d%s", month, n+1, archiveEnd)
}

// stands reports whether there is a record at key, or where that ends in a slash, below it.
func stands(tx *storage.Tx, key string) bool {
	for found := range tx.Scan(key) {
		return found == key || strings.HasSuffix(key, "/")
	}
	return false
}

// parcel is what one incident has, to be moved.
type parcel struct {
	inc     incident.Incident
	mark    []byte           // its record archived/N
	stands  bool             // the store has that one, and so the file has everything
	records []storage.Change // all that goes into the file, in the order of the keys
	live    []string         // the keys of those that are in the store itself
	bytes   int
}

// discard removes what the files have, a few hundred records in each commit: whoever acts
// meanwhile waits for no more.
func (d *Desk) discard(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, archiveAtOnce) {
		if err := d.ledger.Discard(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
