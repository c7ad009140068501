package dispatch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/tracker"
	"github.com/stormbell/stormbell/incident"
)

// At is a tracker with what the configuration calls it.
type At struct {
	tracker.Tracker
	Provider string // as people call it: GitHub
}

// TrackersOptions are what the trackers are told once, at their start.
type TrackersOptions struct {
	At   map[string]At // by name
	Zone *time.Location
	Log  zerolog.Logger
}

// Trackers opens follow-ups as issues, and asks what was closed there. What is to be
// opened, and what follows from an answer, is the desk's. Its methods may be called
// concurrently.
type Trackers struct {
	opt TrackersOptions

	mu    sync.Mutex
	doubt map[string]time.Time // jobs that may have been done without a record of it, and from when on that can be seen
}

// NewTrackers returns the trackers. They do not connect.
func NewTrackers(opt TrackersOptions) *Trackers {
	return &Trackers{opt: opt, doubt: map[string]time.Time{}}
}

const (
	// seenAfter is how long an issue may be there before a search finds it: in Jira Cloud
	// some seconds, rarely more.
	seenAfter = time.Minute
	// clocksApart is how far the clock of a tracker may be behind the bot's.
	clocksApart = 15 * time.Minute
	// exportFor is how long it is tried to open an issue.
	exportFor = 24 * time.Hour
	// triedEvery is how often it is tried at a tracker that has failed for long.
	triedEvery = 15 * time.Minute
	// mendedEvery is how often something is tried that only an operator can mend.
	mendedEvery = time.Hour
)

// perform carries out one job about a tracker.
func (w *Trackers) perform(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	at, ok := w.opt.At[t.Job.Via]
	switch {
	case !ok:
		return desk.Outcome{Failed: "the configuration has no tracker of that name any more"}, nil
	case t.Job.Kind == ledger.ExportPoll:
		return w.poll(ctx, at, t)
	default:
		return w.export(ctx, at, t)
	}
}

// export opens an issue, unless an earlier try has opened it. That is looked for always:
// it costs one question, and a try that was given up may have succeeded.
func (w *Trackers) export(ctx context.Context, at At, t desk.Task) (desk.Outcome, error) {
	if wait := w.waits(t.Job); wait > 0 {
		return desk.Outcome{}, &desk.Retry{After: wait, Cause: errors.New("it is looked for in a moment whether the issue is there")}
	}
	i := issueOf(t, w.opt.Zone)
	since := t.FollowUp.Opened
	if since.IsZero() {
		since = t.Incident.Declared
	}
	ref, found, err := at.Find(ctx, i.ID, since.Add(-clocksApart))
	if err == nil && !found {
		if ref, err = at.Open(ctx, i); err != nil {
			w.doubts(t.Job, err)
		}
	}
	if err != nil {
		return w.failed(t.Job, err)
	}
	w.mu.Lock()
	delete(w.doubt, t.Job.Key())
	w.mu.Unlock()
	return desk.Outcome{Export: incident.Export{Tracker: t.Job.Via, Provider: at.Provider, Key: ref.Key, ID: ref.ID, URL: ref.URL}}, nil
}

// waits is how long a job that is in doubt is not looked at.
func (w *Trackers) waits(j ledger.Job) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, known := w.doubt[j.Key()]
	switch {
	case !known && !j.Doubtful:
		return 0
	case !known: // an earlier process was stopped at it
		from = time.Now().Add(seenAfter)
		w.doubt[j.Key()] = from
	}
	return time.Until(from)
}

// doubts notes that a try has failed which may have succeeded all the same.
func (w *Trackers) doubts(j ledger.Job, err error) {
	if e := (*tracker.Error)(nil); errors.As(err, &e) && !e.Doubtful {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubt[j.Key()] = time.Now().Add(seenAfter)
}

// failed says what follows from a try that failed: another one, or that it is given up.
// Somebody who waits for an answer is told at once what only an operator can mend.
func (w *Trackers) failed(j ledger.Job, err error) (desk.Outcome, error) {
	var e *tracker.Error
	switch {
	case !errors.As(err, &e):
		return desk.Outcome{}, &desk.Retry{Doubtful: true, Cause: errors.New(j.Via + ": stopped")}
	case ledger.Instant().Sub(j.Created) > exportFor:
		return desk.Outcome{Failed: e.Cause}, nil
	case e.Retryable():
		after := max(e.RetryAfter, min(ledger.Instant().Sub(j.Created)/10, triedEvery))
		return desk.Outcome{}, &desk.Retry{After: after, Doubtful: e.Doubtful, Words: e.Cause, Cause: e}
	case e.Kind == tracker.Misconfigured && j.Person == "":
		return desk.Outcome{}, &desk.Retry{After: mendedEvery, Words: e.Cause, Cause: e}
	}
	return desk.Outcome{Failed: e.Cause}, nil
}

// poll asks how the issues of a tracker stand. What was learned before it failed counts.
func (w *Trackers) poll(ctx context.Context, at At, t desk.Task) (desk.Outcome, error) {
	var refs []tracker.Ref
	for _, x := range t.Watched {
		refs = append(refs, tracker.Ref{Key: x.Key, ID: x.ID})
	}
	states, err := at.States(ctx, refs)
	o := desk.Outcome{}
	var e *tracker.Error
	switch {
	case errors.As(err, &e):
		o.Failed, o.Later = e.Cause, e.RetryAfter
	case err != nil:
		return o, &desk.Retry{Cause: err}
	}
	lost, err := w.lost(ctx, at, states)
	if err != nil {
		return o, &desk.Retry{Cause: err}
	}
	o.Failed = cmp.Or(o.Failed, lost)
	for _, x := range t.Watched {
		s, known := states[x.Key]
		if !known || s.Gone && lost != "" {
			continue
		}
		x.Closed, x.Dropped, x.Gone, x.Reason = s.Closed, s.Dropped, s.Gone, s.Reason
		if x.Differs() {
			o.Closed = append(o.Closed, x)
		}
	}
	return o, nil
}

// lost says why nothing that is gone can be told from a project that is not to be seen any
// more: after a token was replaced, or its account taken out of the project. It asks only
// where something is gone; empty: it can be told.
func (w *Trackers) lost(ctx context.Context, at At, states map[string]tracker.State) (cause string, err error) {
	if !slices.ContainsFunc(slices.Collect(maps.Values(states)), func(s tracker.State) bool { return s.Gone }) {
		return "", nil
	}
	err = at.Check(ctx)
	if e := (*tracker.Error)(nil); errors.As(err, &e) {
		return e.Cause, nil
	}
	return "", err
}

// issueOf writes the issue of a follow-up. Of a private incident it has the title alone,
// which whoever asked for it has chosen to show.
func issueOf(t desk.Task, zone *time.Location) tracker.Issue {
	f, i := t.FollowUp, t.Incident
	issue := tracker.Issue{ID: issueID(t.Job.Via, i, f), Title: f.Title}
	if i.Private {
		return issue
	}
	what := "a follow-up"
	if f.Kind == incident.PermanentFix {
		what = "the permanent fix"
	}
	of := fmt.Sprintf("%s, %s of %s: %s (%s", f.ID, what, i.Name(), i.Title, i.Highest)
	if name := t.ServiceName(); name != "" {
		of += ", " + name
	}
	issue.Text = append(issue.Text, of+")")
	issue.Text = append(issue.Text, ownerOf(t, zone)+".")
	if i.ChannelName != "" {
		issue.Text = append(issue.Text, "The incident's channel in Slack is "+i.ChannelName+".")
	}
	issue.Text = append(issue.Text, "When this issue is closed, Stormbell finishes "+f.ID+". Closed as not planned, or the like, it is decided against.")
	return issue
}

// ownerOf says who does a follow-up, and until when.
func ownerOf(t desk.Task, zone *time.Location) string {
	f, owner := t.FollowUp, "Nobody owns it yet"
	switch {
	case f.Owner != "":
		owner = "Owned by " + t.People.DisplayName(f.Owner)
	case f.Team != "":
		owner = "Owned by team " + f.Team
		if team, ok := t.People.Roster.Team(f.Team); ok && team.Name != "" {
			owner = "Owned by team " + team.Name
		}
	}
	if !f.Due.IsZero() {
		owner += ", due " + f.Due.In(zone).Format("2 January 2006")
	}
	return owner
}

// issueID names the issue of a follow-up: the same each time, and another one for every
// installation, since two of them number their incidents alike.
func issueID(name string, i incident.Incident, f incident.FollowUp) string {
	sum := sha256.Sum256([]byte(name + "\n" + f.ID + "\n" + i.Declared.UTC().Format(time.RFC3339Nano) + "\n" + f.Opened.UTC().Format(time.RFC3339Nano)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // as a UUID of version 4 is written
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
