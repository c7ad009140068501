package desk

import (
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/storage"
)

// Task is a job with everything that carrying it out needs, as of one moment.
type Task struct {
	Job    ledger.Job
	People *oncall.Directory

	// Needless says that the job is not to be carried out: it has been recorded,
	// or what happened meanwhile has taken it back.
	Needless bool

	Brief                          // of the job's incident; zero where it concerns none
	Event         incident.Event   // that the job tells
	Prompts       []Prompt         // that are to be refreshed, the newest first
	Told          []incident.Event // of each of the prompts: the event that it tells; zero where it is a page
	Digest        Digest           // that the job writes
	Digested      []Brief          // the incidents in it, or some of them, alone, where it shows the job's own already; of an update: those that the message named
	Notifications []Notification   // by another contact method: what leaves together, the job's own among them
	Notice        oncall.Notice
	Swap          oncall.Swap
	Timeline      []incident.Event // of a post-mortem, and of what a late channel is told; of the message about notes: what concerns these
	around        around           // of a post-mortem: what its document needs besides the timeline
	Form          *postmortem.Template
	Reminder      Reminder            // of an update that is due
	Rested        Rested              // of the night after which the job asks
	Month         Month               // that the job draws
	Week          Week                // that the job draws
	Idle          []incident.Incident // of which the job asks what is to become
	Wanted        []Wanted            // what post-mortems want of somebody
	Frozen        *Frozen             // the post-mortem as it was published, where the job tells of that
	FollowUps     []ListedFollowUp    // of which the job reminds
	FollowUp      incident.FollowUp   // that is to be opened at a tracker
	Watched       []Watched           // what a tracker is asked about
	Late          bool                // and is late; of what somebody is told: it has waited for long
	Due           time.Time           // when it is due, or was
}

// Begin returns a job with what carrying it out needs. One that was taken back
// since it was committed is taken off the outbox here, one by one, since there can
// be more of them than one transaction holds.
func (d *Desk) Begin(ctx context.Context, j ledger.Job, now time.Time) (Task, error) {
	t := Task{Job: j, People: d.oncall.Current()}
	void := false
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		waits, err := ledger.Waits(tx, j)
		if err != nil {
			return err
		}
		if t.Needless = !waits; t.Needless {
			return nil
		}
		if j.Incident > 0 {
			if void, err = t.loadBrief(tx, now); err != nil || void {
				return err
			}
		}
		if j.Kind == ledger.Rest {
			t.Rested, err = d.rested(tx, j)
			return err
		}
		switch j.Kind {
		case ledger.Morning, ledger.FollowUps, ledger.Idle, ledger.Reviews:
			return d.loadMorning(tx, &t)
		}
		return t.load(tx, d.oncall, now)
	})
	if err == nil && !void && !t.Needless && (j.Kind == ledger.Postmortem || j.Kind == ledger.PostmortemFile) {
		t.Form = d.form(t.Incident)
		t.around, err = d.around(ctx, t.Incident)
	}
	if err == nil && !t.Needless && j.Kind == ledger.MonthPicture {
		t.Month, err = d.pictured(ctx, j)
	}
	if err == nil && !t.Needless && j.Kind == ledger.WeekPicture {
		t.Week, err = d.picturedWeek(ctx, j)
	}
	if err != nil || !void {
		return t, err
	}
	t.Needless = true
	wanted := false
	_, err = d.act(ctx, byBot, j.Incident, func(w *work) error {
		waits, err := ledger.Waits(w.Tx.Tx, j)
		if err != nil || !waits {
			return err
		}
		passed, err := superseded(w.Tx.Tx, j, now)
		if err != nil {
			return err
		}
		if wanted = !passed && !taken(j, w.inc, w.artifacts) && !told(w.Tx.Tx, j, w.inc, w.artifacts); wanted {
			return nil
		}
		return w.drop(j)
	})
	if err == nil && wanted { // again, by what was committed meanwhile
		return d.Begin(ctx, j, now)
	}
	return t, err
}

// loadBrief reads the incident of the job, unless the job is void.
func (t *Task) loadBrief(tx *storage.Tx, now time.Time) (void bool, err error) {
	var b Brief
	if b.Incident, err = loadIncident(tx, t.Job.Incident); err != nil {
		return false, err
	}
	if b.Artifacts, err = loadArtifacts(tx, t.Job.Incident); err != nil {
		return false, err
	}
	if taken(t.Job, b.Incident, b.Artifacts) || told(tx, t.Job, b.Incident, b.Artifacts) {
		return true, nil
	}
	if void, err := superseded(tx, t.Job, now); err != nil || void {
		return void, err
	}
	if err := b.complete(tx, t.People); err != nil {
		return false, err
	}
	t.Brief = b
	return false, nil
}

// load reads what jobs of its kind need besides the incident.
func (t *Task) load(tx *storage.Tx, people *oncall.Roster, now time.Time) (err error) {
	j := t.Job
	switch {
	case j.Digest > 0 && j.Kind != ledger.DigestDue:
		return t.loadDigest(tx)
	case j.Kind == ledger.Notify && j.ByMethod():
		return t.loadNotifications(tx, now)
	case j.Kind == ledger.Update:
		for _, n := range j.About {
			b, err := brief(tx, t.People, n)
			if err != nil {
				return err
			}
			t.Digested = append(t.Digested, b)
		}
	case j.Kind == ledger.Nag:
		return t.loadReminder(tx)
	case j.Kind == ledger.Tell, j.Kind == ledger.Inform:
		t.Late = late(j, now)
		return t.loadTelling(tx)
	case j.Kind == ledger.Export:
		t.FollowUp, _ = t.Incident.FollowUp(j.Target)
	case j.Kind == ledger.ExportPoll:
		t.Watched, err = watched(tx, j.Via)
	case j.Kind == ledger.Say:
		if t.Event, err = loadEvent(tx, j.Incident, j.Seq); err == nil && t.Event.Kind == incident.KindService {
			t.Then, err = calledAfter(tx, t.Event, j.Incident)
		}
	case j.Kind == ledger.Given:
		t.Event, err = loadEvent(tx, j.Incident, j.Seq)
	case j.Kind == ledger.Prompts:
		return t.loadPrompts(tx)
	case j.Kind == ledger.Notes:
		t.Timeline, err = noted(tx, j.Incident)
	case j.Kind == ledger.Canvas:
		if v := t.Incident.Postmortem.Version; v > 0 {
			err = t.loadFrozen(tx, v)
		}
	case j.Kind == ledger.Published:
		err = t.loadFrozen(tx, j.Pass)
	case j.Kind == ledger.Postmortem, j.Kind == ledger.PostmortemFile:
		err = t.loadDocument(tx)
	case j.Kind == ledger.Meanwhile, j.Kind == ledger.Relief, j.Kind == ledger.ReliefPast:
		t.Timeline, err = timeline(tx, j.Incident)
	case j.Kind == ledger.Notice:
		if t.Notice, err = oncall.NoticeOf(tx, j); err == nil && t.Notice.Seq > 0 {
			t.Swap, err = people.SwapOf(tx, t.Notice.Rotation, t.Notice.Seq)
		}
	case j.Kind == ledger.Swap:
		rotation, seq := oncall.ParseSwapName(j.Target)
		t.Swap, err = people.SwapOf(tx, rotation, seq)
	}
	return err
}

// loadDocument reads what the post-mortem is made of: the version that was published, or
// the record where the job is of a later event, as when the incident was resolved anew.
func (t *Task) loadDocument(tx *storage.Tx) error {
	e, err := loadEvent(tx, t.Job.Incident, t.Job.Seq)
	if err != nil {
		return err
	}
	if e.At.After(t.Incident.Postmortem.Published) {
		t.Timeline, err = timeline(tx, t.Job.Incident)
		return err
	}
	return t.loadFrozen(tx, t.Incident.Postmortem.Version)
}

// loadFrozen reads a version of the post-mortem as it was published.
func (t *Task) loadFrozen(tx *storage.Tx, version int) error {
	f, err := loadFrozen(tx, t.Incident.Number, version)
	t.Frozen = &f
	return err
}

func (t *Task) loadDigest(tx *storage.Tx) (err error) {
	if t.Digest, err = loadDigest(tx, t.Job); err != nil {
		return err
	}
	if t.Job.Kind == ledger.Notify && t.Digest.Shows(t.Job.Incident) {
		return t.loadCompany(tx)
	}
	for _, p := range t.Digest.Pages {
		b, err := brief(tx, t.People, p.Incident)
		if err != nil {
			return err
		}
		t.Digested = append(t.Digested, b)
	}
	return nil
}

// loadCompany reads as many of the incidents of a digest as the record of one page
// in it names. To read all of them for each of a hundred pages that one message
// shows took longer than to send it.
func (t *Task) loadCompany(tx *storage.Tx) error {
	named := 0
	for _, p := range t.Digest.Pages {
		i, err := loadIncident(tx, p.Incident)
		if err != nil {
			return err
		}
		t.Digested = append(t.Digested, Brief{Incident: i})
		if !i.Private {
			named++
		}
		if named > companyNamed {
			break
		}
	}
	return nil
}

func (t *Task) loadNotifications(tx *storage.Tx, now time.Time) error {
	jobs, err := leaving(tx, t.Job, now)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(jobs, func(j ledger.Job) bool { return j.Key() == t.Job.Key() }) {
		jobs = append(jobs, t.Job)
	}
	for _, j := range jobs {
		b, err := brief(tx, t.People, j.Incident)
		if err != nil {
			return err
		}
		t.Notifications = append(t.Notifications, Notification{Job: j, Brief: b})
	}
	return nil
}

func (t *Task) loadPrompts(tx *storage.Tx) (err error) {
	if t.Prompts, err = prompts(tx, t.Job.Incident); err != nil {
		return err
	}
	t.Prompts = slices.DeleteFunc(t.Prompts, func(p Prompt) bool { return p.Digest > 0 }) // they have jobs of their own
	t.Told = make([]incident.Event, len(t.Prompts))
	for n, p := range t.Prompts {
		if p.Seq == 0 {
			continue
		}
		if t.Told[n], err = loadEvent(tx, t.Job.Incident, p.Seq); err != nil {
			return err
		}
	}
	return nil
}

// taken reports whether what happened since has taken a job back.
func taken(j ledger.Job, i incident.Incident, a Artifacts) bool {
	if j.Asks() {
		return !i.Status.Active() || j.Send != "" && j.Number <= a.TakenBack
	}
	if j.Kind == ledger.Shadow {
		return i.Private || !i.Status.Active() || !j.NotBefore.IsZero() && i.Acked()
	}
	if j.Kind == ledger.Export {
		return !exportable(j, i)
	}
	row := j.Kind.Row()
	return row.NeedsChannel && !row.Without && a.ChannelGivenUp
}
