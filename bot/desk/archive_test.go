package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

// year is after which time incidents are archived in these tests.
const (
	year    = 365 * 24 * time.Hour
	quarter = 90 * 24 * time.Hour
)

// withArchive runs f with a store that has so many copies of the incidents of the
// demonstration, spread over three years.
func withArchive(t *testing.T, copies int, f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		x := &fixture{t: t, path: filepath.Join(dir, "stormbell.db"), shelf: archive.At(filepath.Join(dir, "archive"))}
		x.told.ArchiveAfter = year
		x.open()
		defer func() {
			x.end()
		}()
		x.apply(demoRoster())
		time.Sleep(time.Until(time.Date(2029, 12, 1, 12, 0, 0, 0, time.UTC)))
		x.past(copies)
		f(x)
	})
}

// notShort leaves a test with one goroutine and many incidents out of the race detector's
// stage: TestArchiveMeanwhile and those of bot/archive and storage bring the same code before it.
func notShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it is long, and has one goroutine; run it without -short")
	}
}

// past imports the incidents of the demonstration again and again, so that the last of them
// has just ended.
func (x *fixture) past(copies int) {
	x.t.Helper()
	timelines := demoTimelines(x.t)
	last := timelines[len(timelines)-1].Incident.Updated
	for c := range copies {
		shift := time.Since(last) - time.Duration(copies-1-c)*3*year/time.Duration(copies)
		for k, p := range timelines {
			n := c*len(timelines) + k + 1
			text, err := json.Marshal(p.Events)
			if err != nil {
				x.t.Fatal(err)
			}
			var events []incident.Event
			if err := json.Unmarshal(text, &events); err != nil {
				x.t.Fatal(err)
			}
			for e := range events {
				events[e].At = events[e].At.Add(shift)
				events[e].Text = strings.ReplaceAll(events[e].Text, p.Incident.Name(), incident.Name(n))
			}
			if err := x.Import(background(), n, events); err != nil {
				x.t.Fatalf("import %s as %s: %v", p.Incident.Name(), incident.Name(n), err)
			}
		}
	}
}

// archived moves what is old enough.
func (x *fixture) archived() Archived {
	x.t.Helper()
	r, err := x.Archive(background(), time.Now(), false, func() error { return nil })
	if err != nil {
		x.t.Fatal(err)
	}
	return r
}

// everything is what people are shown, as text, of a viewer that sees all; at a glance
// without figures and what is like what.
func (x *fixture) everything(glance bool) map[string]string {
	x.t.Helper()
	ctx, shown := background(), map[string]string{}
	keep := func(what string, v any, err error) {
		text, bad := json.Marshal(v)
		if err = cmp.Or(err, bad); err != nil {
			x.t.Fatalf("%s: %v", what, err)
		}
		shown[what] = string(text)
	}
	all, err := x.Search(ctx, incident.Bot, Query{All: true})
	keep("list", all, err)
	for _, words := range []string{"pool", "rollback", "checkout slow", "zebra"} {
		found, err := x.Search(ctx, incident.Bot, Query{All: true, Search: words})
		keep("search "+words, found, err)
	}
	for _, i := range all.Incidents {
		b, err := x.Show(ctx, incident.Bot, i.Number)
		keep("show "+i.Name(), b, err)
		_, events, err := x.Timeline(ctx, incident.Bot, i.Number)
		keep("timeline "+i.Name(), events, err)
		if glance {
			continue
		}
		doc, err := x.Postmortem(ctx, incident.Bot, i.Number, time.UTC)
		keep("document "+i.Name(), doc.Markdown(), err)
		keep("document "+i.Name()+" as JSON", doc, err)
		alike, err := x.Alike(ctx, incident.Bot, i.Number, 3)
		keep("alike "+i.Name(), alike, err)
	}
	for q := range 12 {
		if glance {
			break
		}
		from := time.Date(2026, time.Month(12+3*q), 1, 0, 0, 0, 0, time.UTC)
		data, err := x.Figures(ctx, incident.Bot, from, from.AddDate(0, 3, 0))
		keep("figures of "+from.Format(time.DateOnly), []any{report.IncidentsOf(data), report.ServicesOf(data), report.PromisesOf(data), report.FollowUpsOf(data)}, err)
		oncall, err := x.OncallReport(ctx, incident.Bot, from, from.AddDate(0, 3, 0))
		keep("on call of "+from.Format(time.DateOnly), oncall, err)
	}
	audit, more, err := x.Audit(ctx, AuditQuery{})
	keep("audit", audit, err)
	keep("audit more", more, nil)
	return shown
}

// same looks whether people are shown what they were shown before.
func (x *fixture) same(before map[string]string) {
	x.t.Helper()
	_, whole := before["document INC-1"]
	now := x.everything(!whole)
	for what, was := range before {
		if now[what] != was {
			x.t.Errorf("%s differs:\nbefore %.300s\nnow    %.300s", what, was, now[what])
		}
	}
	if len(now) != len(before) {
		x.t.Errorf("%d things are shown, there were %d", len(now), len(before))
	}
}

// records are the keys in the store itself that begin with a prefix.
func (x *fixture) records(prefix string) (keys []string) {
	x.t.Helper()
	x.view(func(key string, _ []byte) {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	})
	return keys
}

// TestArchive: what lies in archive files is shown as if it were in the store.
func TestArchive(t *testing.T) {
	t.Parallel()
	notShort(t)
	copies := 6
	if os.Getenv("EVERY_CASE") == "" {
		copies = 3
	}
	withArchive(t, copies, func(x *fixture) {
		before, events := x.everything(false), len(x.records("event/"))
		dry, err := x.Archive(background(), time.Now(), true, nil)
		if err != nil || len(x.records("archived/")) > 0 {
			x.t.Fatalf("a dry run: %v, %d are archived", err, len(x.records("archived/")))
		}
		r := x.archived()
		if r.Incidents < 4*copies || len(r.Files) < min(copies, 4) || r.Incidents != dry.Incidents || !slices.Equal(r.Files, dry.Files) {
			x.t.Errorf("moved %+v; the dry run said %+v", r, dry)
		}
		left := x.records("event/")
		if got := len(left) + r.Records; got < events || len(left) > events*2/3 {
			x.t.Errorf("%d events are left of %d, %d records were moved", len(left), events, r.Records)
		}
		x.same(before)
		x.reopen()
		x.same(before)
		if again := x.archived(); again.Incidents > 0 {
			x.t.Errorf("moved again: %+v", again)
		}
		x.modes()
	})
}

// modes looks whether the files are for nobody else.
func (x *fixture) modes() {
	x.t.Helper()
	entries, err := os.ReadDir(x.shelf.Path())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			x.t.Errorf("%s: mode %v, %v", e.Name(), info.Mode(), err)
		}
		if !strings.HasSuffix(e.Name(), ".archive") {
			x.t.Errorf("%s is left over", e.Name())
		}
	}
}

// errCut is that a process was killed.
var errCut = fmt.Errorf("killed: %w", storage.ErrUnknown)

// cut is an engine whose process is killed at a commit.
type cut struct {
	storage.Engine
	mu   *sync.Mutex
	at   *int // the commit at which it is, from 1; 0: at none
	done bool // that one is still carried out
}

// Limits and the commits are those of the engine, until it is cut.
func (c cut) Limits() storage.Limits { return storage.Limits{Changes: 128, Bytes: storage.MaxBytes} }

func (c cut) Commit(ctx context.Context, changes []storage.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.at < 0 {
		return errCut
	}
	if *c.at > 0 {
		if *c.at--; *c.at == 0 {
			*c.at = -1
			if c.done {
				if err := c.Engine.Commit(ctx, changes); err != nil {
					return err
				}
			}
			return errCut
		}
	}
	return c.Engine.Commit(ctx, changes)
}

// manyPieces gives an incident so much of a file that it is not removed in one commit.
func (x *fixture) manyPieces(n int) {
	x.t.Helper()
	err := x.db.Update(background(), func(tx *storage.Tx) error {
		for k := range 120 {
			if err := tx.Put(fmt.Sprintf("filepart/%s/%06d/F0A/%04d", ledger.Number(n), 1, k), []byte("a piece")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestArchiveKilledAtEveryCommit: whatever was committed last, everything is shown as it was,
// and the next run goes on.
func TestArchiveKilledAtEveryCommit(t *testing.T) {
	t.Parallel()
	notShort(t)
	for _, done := range []bool{false, true} {
		t.Run(fmt.Sprintf("carried out %t", done), func(t *testing.T) {
			withArchive(t, 1, func(x *fixture) {
				x.told.ArchiveAfter = quarter
				time.Sleep(quarter)
				x.manyPieces(1)
				at, mu := 0, &sync.Mutex{}
				x.wrap = func(e storage.Engine) storage.Engine { return cut{Engine: e, mu: mu, at: &at, done: done} }
				x.reopen()
				before := x.everything(true)
				kills := 0
				for {
					mu.Lock()
					at = 1
					mu.Unlock()
					if _, err := x.Archive(background(), time.Now(), false, func() error { return nil }); !errors.Is(err, errCut) {
						x.t.Fatalf("it was to be killed, and ends with %v", err)
					}
					mu.Lock()
					at = 0
					mu.Unlock()
					if kills++; kills > 400 {
						x.t.Fatal("it never comes to an end")
					}
					x.reopen()
					x.same(before)
					if !done { // the same commit again, this time let through
						mu.Lock()
						at = 2
						mu.Unlock()
						_, _ = x.Archive(background(), time.Now(), false, func() error { return nil })
						mu.Lock()
						at = 0
						mu.Unlock()
						x.reopen()
						x.same(before)
					}
					if r, err := x.Archive(background(), time.Now(), true, nil); err != nil {
						x.t.Fatal(err)
					} else if r.Incidents == 0 { // what the last run left is nothing but its record
						break
					}
				}
				if kills < 5 || len(x.records("archived/")) == 0 {
					x.t.Errorf("it was killed %d times, %d are archived", kills, len(x.records("archived/")))
				}
				for _, key := range x.records("archived/") {
					for _, family := range ledger.Archived {
						if left := x.records(family + key[len("archived/"):] + "/"); len(left) > 0 {
							x.t.Errorf("%s are left", left)
						}
					}
				}
				x.same(before)
			})
		})
	}
}

// TestArchiveWithoutItsFile: whoever asks for an incident whose file is missing or damaged is
// told which one it is. Everything else goes on, and names what it leaves out; when the file is
// back, nothing is missing.
func TestArchiveWithoutItsFile(t *testing.T) {
	t.Parallel()
	notShort(t)
	for name, spoil := range map[string]func(path string) error{
		"missing": func(path string) error { return os.Rename(path, path+".away") },
		"damaged": func(path string) error {
			return errors.Join(os.Rename(path, path+".away"), os.WriteFile(path, []byte("x"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			withArchive(t, 2, func(x *fixture) {
				r := x.archived()
				before := x.everything(false)
				file := filepath.Join(x.shelf.Path(), r.Files[0].File)
				if err := spoil(file); err != nil {
					x.t.Fatal(err)
				}
				x.reopen()
				x.withoutFile(r.Files[0])
				if err := os.Rename(file+".away", file); err != nil {
					x.t.Fatal(err)
				}
				x.same(before)
			})
		})
	}
}

// withoutFile looks at everything while a file cannot be read.
func (x *fixture) withoutFile(f ArchivedFile) {
	t, ctx := x.t, background()
	t.Helper()
	all, err := x.Search(ctx, incident.Bot, Query{All: true})
	if err != nil || len(all.Incidents) != 24 {
		t.Fatalf("the list has %d incidents, %v", len(all.Incidents), err)
	}
	var lost, whole []incident.Incident
	for _, i := range all.Incidents {
		if _, err := x.Show(ctx, incident.Bot, i.Number); err != nil {
			refused(t, err, "The timeline of "+i.Name()+" cannot be read. It lies in the archive file "+f.File)
			lost = append(lost, i)
		} else {
			whole = append(whole, i)
		}
	}
	if len(lost) != f.Incidents {
		t.Fatalf("%d incidents are refused, want %d", len(lost), f.Incidents)
	}
	i := lost[0]
	_, err = x.Postmortem(ctx, incident.Bot, i.Number, time.UTC)
	refused(t, err, f.File)
	_, _, err = x.Timeline(ctx, incident.Bot, i.Number)
	refused(t, err, f.File)
	if _, err := x.Alike(ctx, incident.Bot, whole[0].Number, 3); err != nil {
		t.Errorf("what is like another one: %v", err)
	}
	found, err := x.Search(ctx, incident.Bot, Query{All: true, Search: "pool"})
	if err != nil || len(found.Unread) != f.Incidents {
		t.Errorf("the search leaves out %v, %v", found.Unread, err)
	}
	from := i.Declared.AddDate(0, 0, -30)
	data, err := x.Figures(ctx, incident.Bot, from, from.AddDate(0, 0, 200))
	if err != nil {
		t.Fatal(err)
	}
	if out := report.HeadOf(data).LeftOut; !slices.Contains(out, report.LeftOut{Incident: i.Name(), Why: report.Unread}) {
		t.Errorf("the report leaves out %v", out)
	}
	oncall, err := x.OncallReport(ctx, incident.Bot, from, from.AddDate(0, 0, 200))
	if err != nil || !slices.Contains(oncall.Unread, i.Name()) {
		t.Errorf("the figures of on call leave out %v, %v", oncall.Unread, err)
	}
	audit, _, err := x.Audit(ctx, AuditQuery{Incident: i.Number})
	if err != nil || len(audit) == 0 || !strings.Contains(audit[0].Words, f.File) {
		t.Errorf("the audit has %+v, %v", audit, err)
	}
	var examined Examined
	err = x.db.View(ctx, func(tx *storage.Tx) (err error) {
		examined, err = Examine(tx, func() error { return nil })
		return err
	})
	if err != nil || len(examined.Faults) != f.Incidents || !strings.Contains(examined.Faults[0].What, f.File) {
		t.Errorf("fsck says %+v, %v", examined, err)
	}
	refused(t, x.ArchiveWhole(ctx), f.File)
	time.Sleep(archiveEvery)
	if _, err := x.Archive(ctx, time.Now(), false, func() error { return nil }); err != nil {
		t.Errorf("archiving of others: %v", err)
	}
	_, err = x.Do(ctx, byBot, i.Number, Act{Verb: Reopen, Text: "it is back"})
	refused(t, err, f.File)
}

// TestActsOnArchived: what is archived can be gone on with as before. What is new is in the
// store, beside what lies in the file, until it has ended for long again; then all of it goes
// into the file of that month.
func TestActsOnArchived(t *testing.T) {
	t.Parallel()
	notShort(t)
	withArchive(t, 2, func(x *fixture) {
		x.archived()
		n, closed := x.closedOne(), byBot
		closed.Actor = incident.Person(x.people.Current().Roster.People[0].ID)
		act := func(a Act) Answer {
			x.t.Helper()
			answer, err := x.Do(background(), closed, n, a)
			if err != nil {
				x.t.Fatalf("%s: %v", a.Verb, err)
			}
			x.folds(n)
			return answer
		}
		was, old := x.folds(n)
		first := x.fileOf(n)
		act(Act{Verb: Note, Text: "seen again in the logs"})
		question := x.question(n)
		act(Act{Verb: Reply, Question: question, Text: "the pool was too small"})
		act(Act{Verb: Note, Note: incident.Task, Text: "make the pool larger"})
		act(Act{Verb: Hide, Entry: 2, Text: "it names a customer"})
		if answer := act(Act{Verb: Reopen, Text: "it is back"}); answer.Incident.Status.Active() == false || answer.Incident.Events < was.Events+5 {
			x.t.Errorf("after it: %+v", answer.Incident)
		}
		x.deliver()
		act(Act{Verb: Mitigate, How: incident.Fix, Text: "a larger pool"})
		act(Act{Verb: Resolve, Text: "larger"})
		x.deliver()
		i, events := x.folds(n)
		if len(x.records(eventPrefix(n))) != len(events)-len(old) || x.fileOf(n) != first {
			x.t.Errorf("%d events of %d are in the store, the file had %d", len(x.records(eventPrefix(n))), len(events), len(old))
		}
		for _, f := range i.FollowUps {
			if f.Open() {
				if _, _, err := x.DoFollowUp(background(), closed, f.ID, FollowUpAct{Verb: DropTask, Text: "not needed"}); err != nil {
					x.t.Fatal(err)
				}
			}
		}
		act(Act{Verb: PublishDocument, Text: "it hurt again"})
		act(Act{Verb: Close})
		x.tick(48 * time.Hour) // what is due after it
		x.archived()
		if x.fileOf(n) != first {
			x.t.Error("it is archived again at once")
		}
		x.tick(40 * 24 * time.Hour)
		time.Sleep(year)
		before := x.everything(true)
		x.archived()
		if again := x.fileOf(n); again == first || len(x.records(eventPrefix(n))) > 0 {
			x.t.Errorf("it lies in %s, before in %s; %d events are left", again, first, len(x.records(eventPrefix(n))))
		}
		x.same(before)
		if err := os.Remove(filepath.Join(x.shelf.Path(), x.fileOf(n))); err != nil {
			x.t.Fatal(err)
		}
		_, _, err := x.Timeline(background(), incident.Bot, n)
		refused(x.t, err, x.fileOf(n))
		x.spoilt = true
	})
}

// TestArchiveMeanwhile: who does something to incidents while they are archived loses nothing,
// and nobody reads half a timeline.
func TestArchiveMeanwhile(t *testing.T) {
	t.Parallel()
	withArchive(t, 1, func(x *fixture) {
		x.told.ArchiveAfter = quarter
		x.reopen()
		time.Sleep(quarter)
		var old []int
		events := map[int]int{}
		for _, key := range x.records("incident/") {
			if i, _ := x.folds(ledger.LastNumber(key)); i.Status != incident.Merged {
				old, events[i.Number] = append(old, i.Number), i.Events
			}
		}
		var all sync.WaitGroup
		all.Go(func() { x.archived() })
		const notes = 5
		for _, n := range old {
			all.Go(func() {
				for k := range notes {
					if _, err := x.Do(background(), byBot, n, Act{Verb: Note, Text: fmt.Sprintf("note %d", k)}); err != nil {
						x.t.Errorf("a note on %s: %v", incident.Name(n), err)
					}
					if _, list, err := x.Timeline(background(), incident.Bot, n); err != nil || len(list) < events[n]+k+1 {
						x.t.Errorf("%s has %d events, %v; want %d at least", incident.Name(n), len(list), err, events[n]+k+1)
					}
				}
			})
		}
		all.Wait()
		for _, n := range old {
			if i, _ := x.folds(n); i.Events != events[n]+notes {
				x.t.Errorf("%s has %d events, want %d", i.Name(), i.Events, events[n]+notes)
			}
		}
	})
}

// TestArchiveTwiceInAMonth: what is opened again and ends in the same month goes into another
// file of that month. One that is put into a file stays there.
func TestArchiveTwiceInAMonth(t *testing.T) {
	t.Parallel()
	withArchive(t, 1, func(x *fixture) {
		x.told.ArchiveAfter = time.Hour
		x.reopen()
		a, err := x.Declare(background(), byBot, incident.Declaration{Title: "Checkout is slow", Test: true})
		if err != nil {
			x.t.Fatal(err)
		}
		n := a.Incident.Number
		for _, want := range []string{"2029-12.archive", "2029-12.2.archive", "2029-12.3.archive"} {
			x.deliver()
			x.act(incident.Bot, n, Act{Verb: Cancel, Text: "it was none"})
			x.deliver()
			time.Sleep(2 * time.Hour)
			x.archived()
			if got := x.fileOf(n); got != want || len(x.records(eventPrefix(n))) > 0 {
				x.t.Errorf("it lies in %q, want %q; %d events are left", got, want, len(x.records(eventPrefix(n))))
			}
			x.folds(n)
			x.archived()
			if got := x.fileOf(n); got != want {
				x.t.Errorf("it lies in %q now, want %q", got, want)
			}
			x.act(incident.Bot, n, Act{Verb: Reopen, Text: "it is back"})
		}
	})
}

// closedOne returns an archived incident that was closed.
func (x *fixture) closedOne() int {
	x.t.Helper()
	for _, key := range x.records("archived/") {
		n := ledger.LastNumber(key)
		if b, err := x.Brief(background(), n); err == nil && b.Incident.Status == incident.Closed && !b.Incident.Private && !b.Incident.Test {
			return n
		}
	}
	x.t.Fatal("none is closed")
	return 0
}

// fileOf returns in which file an incident lies; empty: in none.
func (x *fixture) fileOf(n int) (file string) {
	x.t.Helper()
	err := x.db.View(background(), func(tx *storage.Tx) error {
		r, _, err := ledger.Load[archivedRecord](tx, archivedKey(n))
		file = r.File
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return file
}

// question returns one that the post-mortem of an incident asks.
func (x *fixture) question(n int) string {
	x.t.Helper()
	doc, err := x.Draft(background(), incident.Bot, n, time.UTC)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, s := range doc.Sections {
		for _, q := range s.Questions {
			return q.ID
		}
	}
	x.t.Fatal("nothing is asked")
	return ""
}

// TestArchiveGoesOn: a file that is missing, and a record that is damaged, keep nothing in the
// store but the incidents that they concern.
func TestArchiveGoesOn(t *testing.T) {
	t.Parallel()
	notShort(t)
	withArchive(t, 3, func(x *fixture) {
		r := x.archived()
		at := slices.IndexFunc(r.Files, func(f ArchivedFile) bool { return f.Incidents > 1 })
		if at < 0 || at == len(r.Files)-1 {
			x.t.Fatalf("moved %+v", r)
		}
		file := r.Files[at].File
		first := filepath.Join(x.shelf.Path(), file)
		var lost, later int // of that file and of one after it, to be archived again
		for _, key := range x.records("archived/") {
			switch n := ledger.LastNumber(key); {
			case x.fileOf(n) == file:
				lost = n
			case x.fileOf(n) > file:
				later = n
			}
		}
		x.unarchive(lost)
		x.unarchive(later)
		if err := os.Rename(first, first+".away"); err != nil {
			x.t.Fatal(err)
		}
		_, err := x.Archive(background(), time.Now(), false, func() error { return nil })
		refused(x.t, err, file+" is not in "+x.shelf.Path())
		if left := x.records(eventPrefix(later)); len(left) > 0 {
			x.t.Errorf("%d events of %s are still in the store", len(left), incident.Name(later))
		}
		if len(x.records(eventPrefix(lost))) == 0 {
			x.t.Errorf("%s is nowhere", incident.Name(lost))
		}
		if err := os.Rename(first+".away", first); err != nil {
			x.t.Fatal(err)
		}

		x.archived()
		x.unarchive(later)
		spoilt := eventKey(later, 2)
		x.wrap = func(e storage.Engine) storage.Engine { return damagedIn{e, spoilt} }
		x.reopen()
		stays := x.archived()
		if stays.Incidents != 0 || !slices.Contains(stays.Stay, Staying{staysDamaged, 1}) {
			x.t.Errorf("with a damaged record: %+v", stays)
		}
		_, _, err = x.Timeline(background(), incident.Bot, later)
		refused(x.t, Plain(err), "A record of "+incident.Name(later)+" ("+spoilt+") in the store is damaged")
		x.wrap = nil
		x.reopen()
		if again := x.archived(); again.Incidents != 1 {
			x.t.Errorf("then: %+v", again)
		}
	})
}

// unarchive puts what an incident has back into the store, and has it know of no file.
func (x *fixture) unarchive(n int) {
	x.t.Helper()
	err := x.db.Update(background(), func(tx *storage.Tx) error {
		for _, family := range ledger.Archived {
			for key, value := range tx.Scan(family + ledger.Number(n) + "/") {
				if err := tx.Put(key, value); err != nil {
					return err
				}
			}
		}
		return tx.Delete(archivedKey(n))
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// damagedIn is an engine one of whose records is damaged.
type damagedIn struct {
	storage.Engine
	key string
}

func (e damagedIn) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := e.Engine.Snapshot(ctx)
	return damagedView{s, e.key}, err
}

type damagedView struct {
	storage.Snapshot
	key string
}

func (v damagedView) Get(key string) ([]byte, error) {
	if key == v.key {
		return nil, &storage.DamagedError{Key: key, Cause: errors.New("it is damaged")}
	}
	return v.Snapshot.Get(key)
}

func (v damagedView) Scan(r storage.Range, each func(string, []byte) bool) error {
	return v.ScanPast(r, each, func(*storage.DamagedError) bool { return false })
}

func (v damagedView) ScanPast(r storage.Range, each func(string, []byte) bool, damaged func(*storage.DamagedError) bool) (failed error) {
	err := v.Snapshot.Scan(r, func(key string, value []byte) bool {
		if key == v.key {
			broken := &storage.DamagedError{Key: key, Cause: errors.New("it is damaged")}
			if !damaged(broken) {
				failed = broken
			}
			return failed == nil
		}
		return each(key, value)
	})
	return errors.Join(failed, err)
}
