package dispatch

import (
	"context"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/tracker"
	"github.com/stormbell/stormbell/incident"
)

// places is a tracker that answers what a test says.
type places struct {
	states  map[string]tracker.State
	err     error // of States
	project error // of Check
	since   time.Time
	opened  int
}

func (p *places) Open(context.Context, tracker.Issue) (tracker.Ref, error) {
	p.opened++
	return tracker.Ref{Key: "octo/app#1"}, nil
}

func (p *places) Find(_ context.Context, _ string, since time.Time) (tracker.Ref, bool, error) {
	p.since = since
	return tracker.Ref{}, false, nil
}

func (p *places) States(context.Context, []tracker.Ref) (map[string]tracker.State, error) {
	return p.states, p.err
}

func (p *places) Check(context.Context) error { return p.project }

func (p *places) perform(t *testing.T, task desk.Task) desk.Outcome {
	t.Helper()
	w := NewTrackers(TrackersOptions{At: map[string]At{"platform": {Tracker: p, Provider: "GitHub"}}, Zone: time.UTC})
	task.Job.Via = "platform"
	o, err := w.perform(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestGoneWithTheProject tells an issue that was deleted from a project that is not to be
// seen any more: of the latter nothing is known, and what is open there is not given up.
func TestGoneWithTheProject(t *testing.T) {
	watched := []desk.Watched{{Key: "octo/app#1"}, {Key: "octo/app#2"}, {Key: "octo/app#3", Missing: true}}
	states := map[string]tracker.State{"octo/app#1": {Gone: true}, "octo/app#2": {Closed: true}, "octo/app#3": {}}
	task := desk.Task{Job: ledger.Job{Kind: ledger.ExportPoll}, Watched: watched}

	o := (&places{states: states}).perform(t, task)
	if o.Failed != "" || len(o.Closed) != 3 || !o.Closed[0].Gone {
		t.Errorf("a deleted issue: %+v", o)
	}
	o = (&places{states: states, project: &tracker.Error{Title: "GitHub", Kind: tracker.Misconfigured, Cause: "there is no such project"}}).perform(t, task)
	if o.Failed != "there is no such project" || len(o.Closed) != 2 || o.Closed[0].Key != "octo/app#2" {
		t.Errorf("a project that is not to be seen: %+v, want what was closed there, and nothing of what is gone", o)
	}
}

// TestFindBeforeItWasNoted looks for an issue also before the follow-up was noted: the
// provider's clock may be behind the bot's, and the two are often seconds apart.
func TestFindBeforeItWasNoted(t *testing.T) {
	noted := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := &places{}
	p.perform(t, desk.Task{Job: ledger.Job{Kind: ledger.Export, Created: time.Now()},
		Brief: desk.Brief{Incident: incident.Incident{Number: 1, Declared: noted}}, FollowUp: incident.FollowUp{ID: "INC-1-F1", Opened: noted}})
	if got := noted.Sub(p.since); got < 5*time.Minute || p.opened != 1 {
		t.Errorf("it is looked for from %v before it was noted, and opened %d times", got, p.opened)
	}
}
