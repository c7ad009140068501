package desk

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// oddTitles are titles and texts that go through the archive as they are.
var oddTitles = []string{
	strings.Repeat("🦓", 4000), "one\nline\r\nand\tanother", "nul \x00 bell \a escape \x1b[31m", "\u202eright to left\u202c", "e\u0301 and é", `"quoted\" <script>&amp; {{.}}`, "\ufeff a mark \u200b\u2028\u2029",
}

// TestArchivedToTheLetter: whatever an incident is called, its timeline is read out of the file
// byte for byte as it was written.
func TestArchivedToTheLetter(t *testing.T) {
	t.Parallel()
	withArchive(t, 0, func(x *fixture) {
		for n, text := range oddTitles {
			at := time.Now().Add(-2 * year)
			if err := x.Import(background(), n+1, []incident.Event{
				{Seq: 1, At: at, Kind: incident.KindDeclared, By: eve, Title: text, Severity: incident.Sev3, Service: "checkout"},
				{Seq: 2, At: at.Add(time.Minute), Kind: incident.KindNote, By: eve, Text: text},
				{Seq: 3, At: at.Add(time.Hour), Kind: incident.KindCancelled, By: eve, Text: text},
			}); err != nil {
				x.t.Fatalf("%.20q: %v", text, err)
			}
		}
		read := func() map[string]string {
			all := map[string]string{}
			for n := range oddTitles {
				for key, value := range x.stored(eventPrefix(n + 1)) {
					all[key] = value
				}
				i, events, err := x.Timeline(background(), incident.Bot, n+1)
				if err != nil {
					x.t.Fatal(err)
				}
				doc, err := x.Postmortem(background(), incident.Bot, n+1, time.UTC)
				all[i.Name()] = fmt.Sprintf("%q %+v %q %v", i.Title, events, doc.Markdown(), err)
			}
			return all
		}
		before := read()
		if r := x.archived(); r.Incidents != len(oddTitles) {
			x.t.Fatalf("archived are %+v", r)
		}
		if left := x.records("event/"); len(left) > 0 {
			x.t.Errorf("%s are left in the store", left)
		}
		if diff := cmp.Diff(before, read()); diff != "" {
			x.t.Errorf("(-before +archived):\n%.2000s", diff)
		}
	})
}

// TestEveryVerbOnArchived: whatever is pressed on the card of an incident that is archived does
// what it does to one that is not, or is refused in the same words; nothing is half made.
func TestEveryVerbOnArchived(t *testing.T) {
	t.Parallel()
	one := func(archived bool) (said map[string]string) {
		said = map[string]string{}
		withArchive(t, 0, func(x *fixture) {
			acts := everyAct()
			names := slices.Sorted(maps.Keys(acts))
			for n := range names {
				x.declare(incident.Declaration{Title: "Checkout is slow", Severity: incident.Sev2})
				x.act(ada, n+1, Act{Verb: Acknowledge})
				if _, _, err := x.OpenFollowUp(background(), Caller{Actor: ada}, n+1, incident.FollowUp{Title: "Make the pool larger"}); err != nil {
					x.t.Fatal(err)
				}
				x.act(ada, n+1, Act{Verb: Resolve, How: incident.Fix, Text: "a larger pool"})
				if _, _, err := x.DoFollowUp(background(), Caller{Actor: ada}, fmt.Sprintf("INC-%d-F1", n+1), FollowUpAct{Verb: FinishTask, Text: "done"}); err != nil {
					x.t.Fatal(err)
				}
				x.act(ada, n+1, Act{Verb: Reply, Question: "cause", Text: "the pool was too small"})
				x.act(ada, n+1, Act{Verb: PublishDocument, Text: "as it is"})
				x.act(ada, n+1, Act{Verb: Close, Text: "anyway a test"})
			}
			x.deliver()
			x.tick(48 * time.Hour)
			time.Sleep(year + 24*time.Hour)
			if r := Archived(Archived{}); archived {
				if r = x.archived(); r.Incidents != len(names) {
					x.t.Fatalf("archived are %+v", r)
				}
			}
			if archived {
				x.refusedWithoutFile(acts)
			}
			for n, name := range names {
				before, _ := x.folds(n + 1)
				err := acts[name](x, n+1)
				after, events := x.folds(n + 1)
				if err == nil && after.Events == before.Events {
					name += " (changes nothing)"
				}
				if err != nil && after.Events != before.Events {
					x.t.Errorf("%s is refused with %v, and has written %v", name, err, events[before.Events:])
				}
				var r *incident.Refusal
				if err != nil && !errors.As(err, &r) {
					x.t.Errorf("%s: %v is no sentence for people", name, err)
				}
				said[name] = strings.ReplaceAll(fmt.Sprintf("%v, then it is %s with %d events more", err, after.Status, after.Events-before.Events), incident.Name(n+1), "INC-N")
				x.deliver()
			}
			x.examine()
		})
		return said
	}
	live, kept := one(false), one(true)
	if diff := cmp.Diff(live, kept); diff != "" {
		t.Errorf("in the store and archived (-store +archived):\n%s", diff)
	}
}

// needless are the acts that are possible without the timeline: what they add is in the store,
// and stands behind what lies in the file when that is back.
var needless = []string{"decision", "mitigate", "note", "task", "update"}

// refusedWithoutFile looks whether everything else is refused while the file is missing, and
// then nothing is written.
func (x *fixture) refusedWithoutFile(acts map[string]func(*fixture, int) error) {
	x.t.Helper()
	away := x.shelf.Path() + ".away"
	if err := os.Rename(x.shelf.Path(), away); err != nil {
		x.t.Fatal(err)
	}
	x.reopen()
	before := x.stored("")
	for n, name := range slices.Sorted(maps.Keys(acts)) {
		if name == "answer" || slices.Contains(needless, name) {
			continue // the question is looked up
		}
		var r *incident.Refusal
		if err := acts[name](x, n+1); !errors.As(err, &r) {
			x.t.Errorf("%s without the file: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, x.stored("")); diff != "" {
		x.t.Errorf("what was refused has written (-before +after):\n%s", diff)
	}
	written := 0
	for n, name := range slices.Sorted(maps.Keys(acts)) {
		if !slices.Contains(needless, name) {
			continue
		}
		if err := acts[name](x, n+1); err != nil {
			x.t.Errorf("%s without the file: %v", name, err)
		}
		written++
	}
	if len(x.stored("event/")) != written {
		x.t.Errorf("%d events were written, want %d", len(x.stored("event/")), written)
	}
	if err := os.Rename(away, x.shelf.Path()); err != nil {
		x.t.Fatal(err)
	}
	time.Sleep(time.Hour)
}

// everyAct are what can be pressed on a card, or written about an incident.
func everyAct() map[string]func(x *fixture, n int) error {
	do := func(a Act) func(*fixture, int) error {
		return func(x *fixture, n int) error {
			_, err := x.Do(background(), Caller{Actor: ada}, n, a)
			return err
		}
	}
	task := func(a FollowUpAct) func(*fixture, int) error {
		return func(x *fixture, n int) error {
			_, _, err := x.DoFollowUp(background(), Caller{Actor: ada}, fmt.Sprintf("INC-%d-F1", n), a)
			return err
		}
	}
	return map[string]func(x *fixture, n int) error{
		"acknowledge": do(Act{Verb: Acknowledge}), "resolve": do(Act{Verb: Resolve, How: incident.Fix, Text: "again"}), "mitigate": do(Act{Verb: Mitigate, How: incident.Fix, Text: "again"}),
		"reopen": do(Act{Verb: Reopen, Text: "it is back"}), "close": do(Act{Verb: Close}), "cancel": do(Act{Verb: Cancel, Text: "it was none"}),
		"note": do(Act{Verb: Note, Text: "seen in the logs"}), "decision": do(Act{Verb: Note, Note: incident.Decision, Text: "we leave it"}), "update": do(Act{Verb: Note, Note: incident.Update, Text: "all is well"}),
		"task": do(Act{Verb: Note, Note: incident.Task, Text: "more of it"}), "hide": do(Act{Verb: Hide, Entry: 2, Text: "it names a customer"}),
		"accept": do(Act{Verb: Accept}), "review": do(Act{Verb: Review}), "waive": do(Act{Verb: Waive, Text: "not needed"}), "publish": do(Act{Verb: PublishDocument, Text: "once more"}),
		"merge": do(Act{Verb: Merge, Into: 1}),
		"answer": func(x *fixture, n int) error {
			_, err := x.Do(background(), Caller{Actor: ada}, n, Act{Verb: Reply, Question: x.question(n), Text: "the pool was too small"})
			return err
		},
		"done again": task(FollowUpAct{Verb: FinishTask, Text: "done again"}), "drop": task(FollowUpAct{Verb: DropTask, Text: "not needed"}),
		"date": task(FollowUpAct{Verb: DateTask, Due: time.Now().Add(10 * year), Text: "later"}), "give": task(FollowUpAct{Verb: GiveTask, Person: ada}),
		"follow-up": func(x *fixture, n int) error {
			_, _, err := x.OpenFollowUp(background(), Caller{Actor: ada}, n, incident.FollowUp{Title: "One more thing"})
			return err
		},
		"page": func(x *fixture, n int) error {
			_, err := x.Escalate(background(), Caller{Actor: ada}, n)
			return err
		},
		"snooze": func(x *fixture, n int) error {
			_, err := x.Snooze(background(), Caller{Actor: ada}, n, time.Hour, "")
			return err
		},
	}
}

// stored are the records below a prefix, those in files too.
func (x *fixture) stored(prefix string) map[string]string {
	x.t.Helper()
	all := map[string]string{}
	err := x.db.View(background(), func(tx *storage.Tx) error {
		for key, value := range tx.Scan(prefix) {
			all[key] = string(value)
		}
		return tx.Err()
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return all
}
