package desk

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// privateWords are in the private incident of TestPrivateArchived, and nowhere else.
var privateWords = []string{"zebra", "quagga", "okapi", "tapir"}

// readers are all by whom incidents are read, with a viewer: lists, and what asks for one by
// its number.
var readers = map[string]func(x *fixture, viewer incident.Actor) (any, error){
	"list": func(x *fixture, v incident.Actor) (any, error) { return x.Search(background(), v, Query{All: true}) },
	"open": func(x *fixture, v incident.Actor) (any, error) { return x.Active(background(), v) },
	"search": func(x *fixture, v incident.Actor) (any, error) {
		return x.Search(background(), v, Query{All: true, Search: "zebra"})
	},
	"notes": func(x *fixture, v incident.Actor) (any, error) {
		return x.Search(background(), v, Query{All: true, Search: "quagga"})
	},
	"many words": func(x *fixture, v incident.Actor) (any, error) {
		return x.Search(background(), v, Query{All: true, Search: "checkout zebra slow"})
	},
	"of a person": func(x *fixture, v incident.Actor) (any, error) {
		return x.Search(background(), v, Query{All: true, Concerns: ada})
	},
	"alike": func(x *fixture, v incident.Actor) (any, error) { return x.Alike(background(), v, 3, 5) },
	"like": func(x *fixture, v incident.Actor) (any, error) {
		i, ok, err := x.Like(background(), v, incident.Incident{Title: "Checkout zebra leaked", Service: "checkout"})
		return []any{i, ok}, err
	},
	"follow-ups": func(x *fixture, v incident.Actor) (any, error) {
		list, _, err := x.FollowUps(background(), v, FollowUpQuery{})
		return list, err
	},
	"figures": func(x *fixture, v incident.Actor) (any, error) {
		data, err := x.Figures(background(), v, time.Now().Add(-500*24*time.Hour), time.Now().Add(-300*24*time.Hour))
		return []any{report.IncidentsOf(data), report.HeadOf(data), report.ServicesOf(data), report.PromisesOf(data), report.FollowUpsOf(data)}, err
	},
	"on call": func(x *fixture, v incident.Actor) (any, error) {
		r, err := x.OncallReport(background(), v, time.Now().Add(-500*24*time.Hour), time.Now().Add(-300*24*time.Hour))
		r.Reminders = nil // how often people were reminded is counted by roles
		return r, err
	},
	"cues":      func(x *fixture, v incident.Actor) (any, error) { return x.Cues(background(), "checkout", 3, 9) },
	"show":      func(x *fixture, v incident.Actor) (any, error) { return x.Show(background(), v, 2) },
	"document":  func(x *fixture, v incident.Actor) (any, error) { return x.Postmortem(background(), v, 2, time.UTC) },
	"draft":     func(x *fixture, v incident.Actor) (any, error) { return x.Draft(background(), v, 2, time.UTC) },
	"version":   func(x *fixture, v incident.Actor) (any, error) { return x.Published(background(), v, 2, 1) },
	"answer":    func(x *fixture, v incident.Actor) (any, error) { return x.AnswerOf(background(), v, 2, "why") },
	"files":     func(x *fixture, v incident.Actor) (any, error) { return x.Files(background(), v, 2) },
	"why":       func(x *fixture, v incident.Actor) (any, error) { return x.Why(background(), v, 2) },
	"ending":    func(x *fixture, v incident.Actor) (any, error) { return x.Ending(background(), v, 2) },
	"follow-up": func(x *fixture, v incident.Actor) (any, error) { return x.FollowUp(background(), v, "INC-2-F1") },
	"timeline": func(x *fixture, v incident.Actor) (any, error) {
		i, events, err := x.Timeline(background(), v, 2)
		return []any{i, events}, err
	},
}

// doers are those who do something to it.
var doers = map[string]func(x *fixture, viewer incident.Actor) (any, error){
	"a note": func(x *fixture, v incident.Actor) (any, error) {
		return x.Do(background(), Caller{Actor: v}, 2, Act{Verb: Note, Text: "what is this"})
	},
	"reopened": func(x *fixture, v incident.Actor) (any, error) {
		return x.Do(background(), Caller{Actor: v}, 2, Act{Verb: Reopen, Text: "what is this"})
	},
	"published": func(x *fixture, v incident.Actor) (any, error) {
		return x.Do(background(), Caller{Actor: v}, 2, Act{Verb: PublishDocument, Text: "what is this"})
	},
	"answered": func(x *fixture, v incident.Actor) (any, error) {
		return x.Do(background(), Caller{Actor: v}, 2, Act{Verb: Reply, Question: "cause", Text: "what is this"})
	},
	"merged": func(x *fixture, v incident.Actor) (any, error) {
		return x.Do(background(), Caller{Actor: v}, 3, Act{Verb: Merge, Into: 2})
	},
	"related": func(x *fixture, v incident.Actor) (any, error) {
		a, _, err := x.DoFollowUp(background(), Caller{Actor: v}, "INC-2-F1", FollowUpAct{Verb: FinishTask, Text: "done"})
		return a, err
	},
}

// seenBy is what a viewer gets by each way, or is told.
func (x *fixture) seenBy(v incident.Actor, ways map[string]func(*fixture, incident.Actor) (any, error)) map[string]string {
	x.t.Helper()
	seen := map[string]string{}
	for name, read := range ways {
		shown, err := read(x, v)
		text, bad := json.Marshal(shown)
		if bad != nil {
			x.t.Fatal(bad)
		}
		if err != nil {
			text = []byte("refused: " + err.Error())
		}
		seen[name] = string(text)
	}
	return seen
}

// TestPrivateArchived: whoever may not see a private incident learns nothing of it from any
// reader, and the same whether it is in the store, in an archive file, or in one that is
// missing.
func TestPrivateArchived(t *testing.T) {
	t.Parallel()
	withArchive(t, 0, func(x *fixture) {
		x.apply(privateRoster)
		for n, d := range []incident.Declaration{{Title: "Checkout is slow"}, {Title: "zebra keys leaked", Private: true, Severity: incident.Sev1, Service: "checkout"}, {Title: "Checkout is slow again"}} {
			x.declare(d)
			x.act(eve, n+1, Act{Verb: Acknowledge})
		}
		x.act(ada, 2, Act{Verb: Note, Text: "the quagga is loose"})
		if _, _, err := x.OpenFollowUp(background(), Caller{Actor: ada}, 2, incident.FollowUp{Title: "Find the okapi"}); err != nil {
			x.t.Fatal(err)
		}
		for n := range 3 {
			x.act(eve, n+1, Act{Verb: Resolve, How: incident.Fix, Text: map[bool]string{true: "tapir", false: "it"}[n == 1] + " is caught"})
		}
		if _, _, err := x.DoFollowUp(background(), Caller{Actor: ada}, "INC-2-F1", FollowUpAct{Verb: FinishTask, Text: "found"}); err != nil {
			x.t.Fatal(err)
		}
		for n := range 3 {
			if i, _ := x.folds(n + 1); i.PostmortemState() == incident.PostmortemDraft {
				x.act(ada, n+1, Act{Verb: Waive, Text: "a test"})
			}
			x.act(eve, n+1, Act{Verb: Close, Text: "anyway a test"})
		}
		x.deliver()
		x.tick(48 * time.Hour)
		time.Sleep(year)
		for what, seen := range x.seenBy(ada, readers) { // or the test could not fail
			if !strings.Contains(seen, "zebra") && (what == "show" || what == "list" || what == "document") {
				x.t.Errorf("%s shows ada nothing: %.200s", what, seen)
			}
		}
		all := maps.Clone(readers)
		maps.Copy(all, doers)
		before := x.seenBy(mal, all)
		look := func(what string) {
			x.t.Helper()
			now := x.seenBy(mal, all)
			for name, seen := range now {
				for _, word := range privateWords {
					if strings.Contains(strings.ToLower(seen), word) && !strings.Contains(name, "search") {
						x.t.Errorf("%s: %s tells %s: %.300s", what, name, word, seen)
					}
				}
				if !strings.HasPrefix(seen, "refused: ") && (strings.Contains(seen, "INC-2") || strings.Contains(seen, `"number":2`)) {
					x.t.Errorf("%s: %s tells the number: %.300s", what, name, seen)
				}
			}
			for name, was := range before {
				if what == "without the file" && !strings.HasPrefix(was, "refused: ") {
					continue // the others cannot be read either
				}
				if diff := cmp.Diff(was, now[name]); diff != "" {
					x.t.Errorf("%s, %s (-before +now):\n%s", what, name, diff)
				}
			}
		}
		look("in the store")
		if r := x.archived(); r.Incidents != 3 {
			x.t.Fatalf("archived are %+v", r)
		}
		look("archived")
		files, err := os.ReadDir(x.shelf.Path())
		if err != nil || len(files) != 1 {
			x.t.Fatalf("there are %v, %v", files, err)
		}
		path := filepath.Join(x.shelf.Path(), files[0].Name())
		if err := os.Rename(path, path+".away"); err != nil {
			x.t.Fatal(err)
		}
		x.reopen()
		look("without the file")
		told := 0
		end := x.keeping(&told)
		if err := x.tickArchive(background(), archiveName, time.Now()); err != nil {
			x.t.Fatal(err)
		}
		time.Sleep(time.Hour)
		end()
		for _, text := range x.alarms() {
			if strings.Contains(text, "INC-") {
				x.t.Errorf("everybody who reads the announcements is told %s", text)
			}
		}
		if err := errors.Join(x.ArchiveWhole(background())); err == nil || strings.Contains(err.Error(), "INC-") {
			x.t.Errorf("who copies the files is told %v", err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			x.t.Fatal(err)
		}
	})
}
