package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Wanted reports whether the job is still to be done. An acknowledgement, for
// one, takes back the pages that have not left; such a job is taken off the
// outbox here, one by one, since there can be more of them than one transaction
// holds.
func (d *Desk) Wanted(ctx context.Context, j Job) (bool, error) {
	void := false
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Get(j.Key()); err != nil || j.Incident == 0 {
			return err
		}
		var err error
		void, err = isVoid(tx, j)
		return err
	})
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return false, nil
	case err != nil || !void:
		return err == nil, err
	}
	_, err = d.act(ctx, Caller{Actor: incident.Bot}, j.Incident, func(w *work) error {
		if !j.void(w.inc, w.papers) {
			return nil // it will be met again
		}
		return w.drop(j)
	})
	return false, err
}

// Outcome is what doing a job brought.
type Outcome struct {
	Message     Message   // what was posted or edited
	More        []Message // messages of an earlier try that were found
	Channel     string    // the channel that was made or adopted
	ChannelName string
	Invited     []string      // Slack users who are in the channel now, or cannot be
	Sent        string        // of a page by another way: the ID of the message it was in
	Receipt     string        // of a page by another way: the provider's name for the message
	Level       Level         // of a poll: how far the message has come; empty when that stays unknown
	Remark      string        // something the timeline should say, in words
	Later       time.Duration // of the refresh of such a message: when it is to be made again; zero: it is done
	Together    *Together     // of what writes a message about several incidents: what that is now
	Seen        int           // of a page: how many events the incident had that it shows
	Failed      string        // the job is given up for this reason, in words; empty when it was done
}

// Retry is the error of a job that could not be done now and is worth trying
// again.
type Retry struct {
	After    time.Duration // not before that; zero: as usual
	Doubtful bool          // it may have been done all the same
	Cause    error
}

// Error returns the cause.
func (r *Retry) Error() string { return r.Cause.Error() }

// Unwrap returns the cause.
func (r *Retry) Unwrap() error { return r.Cause }

// Done records the outcome of a job, takes it off the outbox together with the
// others that it made needless, and commits what follows from it. A job that is
// not there any more has been recorded before.
func (d *Desk) Done(ctx context.Context, j Job, o Outcome, needless ...Job) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, j.Incident, func(w *work) error {
		if _, err := w.tx.Get(j.Key()); errors.Is(err, storage.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		jobs := append(slices.Clip(needless), j)
		for _, done := range jobs {
			if err := errors.Join(w.tx.Delete(done.Key()), w.unlist(done)); err != nil {
				return err
			}
		}
		if o.Together != nil {
			if err := w.keepTogether(j, *o.Together); err != nil {
				return err
			}
		}
		if j.isPage() {
			return w.paged(jobs, o)
		}
		if o.Failed != "" {
			return w.failed(j, o)
		}
		delete(w.papers.Trouble, j.Kind)
		return w.done(j, o)
	})
	return err
}

func (w *work) done(j Job, o Outcome) error {
	switch j.Kind {
	case JobPoll:
		return w.polled(j, o)
	case JobUpdate:
		return w.tellPinged(1) // the next of those who did not fit
	case JobNotice:
		return w.told(j, o)
	case JobTry:
		return w.tried(j, o)
	case JobChannel:
		return w.channelStands(o)
	case JobCard:
		if w.papers.Card != o.Message {
			w.papers.Card = o.Message
			if err := w.job(Job{Kind: JobPin, Message: o.Message}); err != nil {
				return err
			}
		}
	case JobAsks:
		return w.refreshTogether(false)
	case JobBell:
		return w.job(Job{Kind: JobTogether, Person: j.Person, Together: j.Together})
	case JobTogether:
		if o.Message.TS != "" { // it has rung
			return w.lookForStrays(j, o.Message)
		}
		if o.Later > 0 {
			return w.job(Job{Kind: JobBell, Person: j.Person, Together: j.Together, NotBefore: w.now.Add(o.Later)})
		}
	case JobInvite:
		w.papers.Invited = append(w.papers.Invited, o.Invited...)
	case JobAnnounce:
		w.papers.Announcement = o.Message
	case JobStray:
		if err := w.asked(j, o); err != nil {
			return err
		}
	case JobSay:
		if w.carriesButton(j.Seq) {
			if err := w.asked(j, o); err != nil {
				return err
			}
		}
	}
	return w.remark(o.Remark)
}

// channelStands records the channel, and refreshes what can lead to it now.
func (w *work) channelStands(o Outcome) error {
	w.papers.Channel, w.papers.ChannelError = o.Channel, ""
	if err := w.job(Job{Kind: JobAsks}); err != nil {
		return err
	}
	if err := w.announce(); err != nil {
		return err
	}
	e := incident.Event{Kind: incident.KindChannel, Channel: o.Channel, ChannelName: o.ChannelName}
	return w.apply(w.inc.Record(w.now, e))
}

// carriesButton reports whether the line about event seq has one.
func (w *work) carriesButton(seq int) bool {
	e, err := storage.Load[eventRecord](w.tx, eventKey(w.inc.Number, seq))
	if err != nil {
		return false
	}
	switch e.Kind {
	case incident.KindAlertOver, incident.KindOffered, incident.KindLapsed, incident.KindGivenBack, incident.KindReopened:
		return true
	default:
		return false
	}
}

func (w *work) remark(text string) error {
	if text == "" {
		return nil
	}
	return w.apply(w.inc.Record(w.now, incident.Event{Kind: incident.KindRemark, Text: text}))
}

// paged records what became of a page, and of earlier ones that it stands for.
func (w *work) paged(jobs []Job, o Outcome) error {
	j, kind, text := jobs[len(jobs)-1], incident.KindPaged, o.Remark
	if o.Failed != "" {
		kind, text = incident.KindPageFailed, o.Failed
		if err := w.resortLost(j, o.Failed); err != nil {
			return err
		}
	} else if err := w.asked(j, o); err != nil {
		return err
	}
	known := j.Person == "" || slices.Contains(w.inc.Involved, j.Person)
	if err := w.apply(w.inc.Record(w.now, pageEvent(j, kind, text))); err != nil {
		return err
	}
	if !known { // now that they are awake
		if err := w.job(Job{Kind: JobInvite}); err != nil {
			return err
		}
	}
	if w.now.Sub(w.inc.Declared) >= time.Minute { // what stands in the channel may say that they are paged later
		if err := errors.Join(w.job(Job{Kind: JobCard}), w.announce()); err != nil {
			return err
		}
	}
	if err := w.receipts(jobs, o.Failed != ""); err != nil {
		return err
	}
	if o.Failed == "" {
		if err := errors.Join(w.poll(j, o), w.pinged(j, o)); err != nil {
			return err
		}
	}
	return w.lookForStrays(j, o.Message)
}

// resortLost tells whoever declared it that the last resort could not be told:
// they are the one person who is known to be there.
func (w *work) resortLost(j Job, why string) error {
	if !j.Resort || j.Kind != JobPageChannel || w.who.slackOf(w.inc.DeclaredBy) == "" || w.inc.Acked() {
		return nil
	}
	return w.job(Job{Kind: JobPage, Person: w.inc.DeclaredBy, Via: "slack",
		Reason: "nobody else: the last resort #" + j.Target + " could not be told, " + why})
}

// lookForStrays looks for what an earlier try of a page has left without a
// record of it: it has buttons too, and must be told what becomes of the incident.
func (w *work) lookForStrays(j Job, at Message) error {
	if !j.Doubtful || j.ByWay() || !j.isPage() && j.Kind != JobTogether {
		return nil
	}
	return w.job(Job{Kind: JobStray, Person: j.Person, Target: j.Target, Resort: j.Resort, Text: j.Text, Together: j.Together, Message: at})
}

// asked remembers messages with buttons. If they show less than holds by now,
// they are mended at once.
func (w *work) asked(j Job, o Outcome) error {
	stale := false
	for _, m := range append([]Message{o.Message}, o.More...) {
		if m.TS == "" {
			continue
		}
		if _, err := w.tx.Get(askKey(w.inc.Number, m)); err == nil {
			continue
		}
		ask := Ask{V: 1, Message: m, Person: j.Person, Resort: j.Resort, Why: j.Text, Seq: j.Seq, Together: j.Together}
		if err := storage.Save(w.tx, askKey(w.inc.Number, m), ask); err != nil {
			return err
		}
		stale = stale || o.Seen < w.inc.Events && (w.inc.Acked() || !w.inc.Status.Active() || w.papers.Channel != "")
	}
	if !stale {
		return nil
	}
	return w.job(Job{Kind: JobAsks})
}

// failed records that a job is given up, so that nobody waits for it in vain.
// The same trouble is told once, until it has passed.
func (w *work) failed(j Job, o Outcome) error {
	switch j.Kind {
	case JobPoll:
		if err := w.apply(w.inc.Record(w.now, pageEvent(j, incident.KindPageFailed, o.Failed))); err != nil {
			return err
		}
		return w.receipts([]Job{j}, true)
	case JobNotice, JobSwap, JobGroups:
		return w.told(j, o)
	case JobTry:
		return w.tried(j, o)
	case JobUpdate:
		return w.tellPinged(1)
	case JobAsks, JobTopic, JobPurpose, JobPin, JobStray, JobAlarm, JobTogether, JobBell:
		return nil // cosmetic: the timeline has better things to tell
	}
	if w.papers.Trouble[j.Kind] == o.Failed {
		return nil
	}
	if w.papers.Trouble == nil {
		w.papers.Trouble = map[JobKind]string{}
	}
	w.papers.Trouble[j.Kind] = o.Failed
	return w.remark("Could not " + j.Words() + ": " + o.Failed)
}

// keepTrying is how long a channel is tried for once its incident is over.
const keepTrying = time.Hour

// TryingInVain records why the channel does not stand yet. The job goes on
// being tried as long as the incident lasts, and a while longer.
func (d *Desk) TryingInVain(ctx context.Context, j Job, reason string) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, j.Incident, func(w *work) error {
		if w.papers.Channel != "" {
			return nil
		}
		if !w.inc.Status.Active() && w.now.Sub(w.inc.Updated) > keepTrying {
			w.papers.ChannelGivenUp = true
			return w.tx.Delete(j.Key())
		}
		if w.papers.ChannelError == reason {
			return nil
		}
		w.papers.ChannelError = reason
		return w.remark("Could not " + j.Words() + " yet: " + reason)
	})
	return err
}

// tryAgain makes the channel of an incident that is open again, if it was given up.
func (w *work) tryAgain() error {
	if !w.papers.ChannelGivenUp || w.papers.Drill || !w.inc.Status.Active() {
		return nil
	}
	w.papers.ChannelGivenUp = false
	for _, j := range []Job{{Kind: JobChannel, Text: w.inc.Title}, {Kind: JobCard}, {Kind: JobTopic}, {Kind: JobInvite}} {
		if err := w.job(j); err != nil {
			return err
		}
	}
	return nil
}
