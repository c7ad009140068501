package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Outcome is what doing a job brought.
type Outcome struct {
	Message     ledger.Message   // what was posted or edited
	More        []ledger.Message // messages of an earlier try that were found
	Canvas      string           // the canvas on which the post-mortem stands
	Channel     string           // the channel that was made or adopted
	ChannelName string
	Invited     []string         // Slack users who are in the channel now, or cannot be
	Sent        string           // of a page by another way: the ID of the message it was in
	About       []int            // of a page by another way: the incidents that the message named, if these were several
	Asked       bool             // of a page by another way: it could be acknowledged from there
	Receipt     string           // of a page by another way: the provider's name for the message
	Level       Level            // of a poll: how far the message has come; empty when that stays unknown
	Remark      string           // something the timeline should say, in words
	Later       time.Duration    // of the refresh of such a message: when it is to be made again; zero: it is done
	Digest      *Digest          // of what writes a message about several incidents: what that is now
	Rest        bool             // of what a late channel is told, and of the message about notes: there is more of it
	Marked      *incident.Marked // of a marked message: as it was read
	File        *FileRead        // of a file of such a message: what came of fetching it
	Notes       []NotePage       // of the messages about notes: what they are now
	Seen        int              // of a page: how many events the incident had that it shows
	Export      incident.Export  // of a follow-up that was opened at a tracker: the issue there
	Closed      []Watched        // of a question to a tracker: what stands otherwise than is known
	Failed      string           // the job is given up for this reason, in words; empty when it was done
}

// Retry is the error of a job that could not be done now and is worth trying
// again.
type Retry struct {
	After    time.Duration // not before that; zero: as usual
	Doubtful bool          // it may have been done all the same
	Alone    bool          // it is this job's own trouble: others like it may well be done
	Words    string        // why, as people are told; empty: only the log says it
	Cause    error
}

// unsaid is why something could not be done when nobody found words for it.
const unsaid = "it did not work, and is tried again; the log of the bot has the reason"

// Reason says to people why something could not be done yet. What an error says is
// for the log: it names methods and codes.
func Reason(err error) string {
	var again *Retry
	if errors.As(err, &again) && again.Words != "" {
		return again.Words
	}
	return unsaid
}

// Error returns the cause.
func (r *Retry) Error() string { return r.Cause.Error() }

// Unwrap returns the cause.
func (r *Retry) Unwrap() error { return r.Cause }

// Result is what came of a job, and the earlier ones that it made needless.
type Result struct {
	Job      ledger.Job
	Outcome  Outcome
	Needless []ledger.Job
}

// Done records what came of jobs of one incident, takes them off the outbox, and
// commits what follows. A job that is not there any more was recorded before.
func (d *Desk) Done(ctx context.Context, results ...Result) error {
	if len(results) == 0 {
		return nil
	}
	for _, r := range results {
		if err := errors.Join(d.notRungBefore(ctx, r), d.closedThere(ctx, r), d.sweepFile(ctx, r)); err != nil {
			return err
		}
	}
	_, err := d.act(ctx, byBot, results[0].Job.Incident, func(w *work) error {
		for _, r := range results {
			if err := w.record(r); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (w *work) record(r Result) error {
	j, o := r.Job, r.Outcome
	if waits, err := ledger.Waits(w.Tx.Tx, j); err != nil || !waits {
		return err
	}
	jobs := append(slices.Clip(r.Needless), j)
	for _, done := range jobs {
		if err := errors.Join(w.Finish(done), w.unlist(done)); err != nil {
			return err
		}
	}
	if o.Digest != nil {
		if err := w.recordDigest(j, *o.Digest, o.Failed); err != nil {
			return err
		}
	}
	if j.Asks() {
		return w.paged(jobs, o)
	}
	if j.Kind == ledger.Postmortem { // the whole of it, with its picture, never stands before the words that announce it
		if err := w.job(ledger.Job{Kind: ledger.PostmortemFile, Seq: j.Seq, Person: j.Person}); err != nil {
			return err
		}
	}
	if o.Failed != "" {
		return w.failed(j, o)
	}
	delete(w.artifacts.Trouble, j.Kind)
	return w.done(j, o)
}

// recordDigest records what a message about several incidents is by now, and if it
// could not be written, for whom it did not ring.
func (w *work) recordDigest(j ledger.Job, t Digest, failed string) error {
	if failed != "" {
		if _, err := w.notRung(j, t, failed); err != nil {
			return err
		}
		t = t.givenUp()
	}
	return w.keepDigest(j, t)
}

func (w *work) done(j ledger.Job, o Outcome) error {
	switch j.Kind {
	case ledger.Poll:
		return w.polled(j, o)
	case ledger.Update:
		return w.tellPinged(1) // the next of those who did not fit
	case ledger.Notice:
		return w.d.oncall.Told(w.Tx, j, o.Message)
	case ledger.TestPage:
		return w.tried(j, o)
	case ledger.Export:
		return w.exported(j, o.Export)
	case ledger.ExportPoll:
		return w.polledTracker(j, o)
	case ledger.Channel:
		return w.channelStands(o)
	case ledger.Card:
		w.artifacts.Card = o.Message
	case ledger.Alerts:
		w.artifacts.Alerts = o.Message
		return w.refresh(ledger.Card) // which says how many there are
	case ledger.Relief:
		w.reliefStands(o.Message)
	case ledger.Postmortem:
		if o.Message.Channel == w.artifacts.Channel { // or somebody has it by direct message
			w.artifacts.Postmortem = o.Message
			return w.bookmark()
		}
	case ledger.Canvas:
		w.artifacts.Canvas = o.Canvas
	case ledger.Tell:
		if j.Target == ledger.TellWatch {
			return w.asked(j, o)
		}
	case ledger.Published:
		return w.sent(j, "")
	case ledger.Mark:
		_, err := w.markRead(j, o.Marked)
		return err
	case ledger.File:
		if o.File == nil { // given up after a day
			o.File = &FileRead{Why: "Slack did not give it"}
		}
		return w.fileStands(j, *o.File)
	case ledger.Notes:
		return w.notesStand(o)
	case ledger.Prompts:
		return w.refreshDigests(false)
	case ledger.Nag:
		return w.reminded(j, o)
	case ledger.Meanwhile:
		if o.Rest {
			return w.job(ledger.Job{Kind: ledger.Meanwhile, Seq: j.Seq, Pass: j.Pass, Step: j.Step + 1})
		}
	case ledger.DigestDue:
		return w.job(ledger.Job{Kind: ledger.Digest, Person: j.Person, Digest: j.Digest})
	case ledger.Digest:
		if o.Message.TS != "" { // it has rung
			return w.lookForStrays(j, o.Message)
		}
		if o.Later > 0 {
			return w.job(ledger.Job{Kind: ledger.DigestDue, Person: j.Person, Digest: j.Digest, NotBefore: w.Now.Add(o.Later)})
		}
	case ledger.Invite:
		w.artifacts.Invited = append(w.artifacts.Invited, o.Invited...)
	case ledger.Announce:
		w.artifacts.Announcement = o.Message
	case ledger.FindCopies:
		if err := w.asked(j, o); err != nil {
			return err
		}
	case ledger.Say:
		if carriesButton(w.Tx.Tx, j.Incident, j.Seq) {
			if err := w.asked(j, o); err != nil {
				return err
			}
		}
	}
	return w.remark(o.Remark)
}

// channelStands records the channel, and refreshes what can lead to it now.
func (w *work) channelStands(o Outcome) error {
	w.artifacts.Channel, w.artifacts.ChannelError = o.Channel, ""
	if err := errors.Join(w.refreshPrompts(), w.announce(), w.refresh(ledger.Card, ledger.Topic, ledger.Purpose, ledger.Invite)); err != nil {
		return err
	}
	if err := errors.Join(w.tellMeanwhile(), w.notesWaited(), w.reliefWaited(), w.bookmark(), w.canvas()); err != nil {
		return err
	}
	e := incident.Event{Kind: incident.KindChannel, Channel: o.Channel, ChannelName: o.ChannelName}
	return w.apply(w.inc.Record(w.Now, e))
}

// bookmark puts the links of the service, where it has some, and of the post-mortem at the
// top of the channel.
func (w *work) bookmark() error {
	s, ok := w.service(w.inc.Service)
	none := !ok || s.Runbook.URL == "" && len(s.Dashboards) == 0
	if w.artifacts.Channel == "" || none && w.inc.Reroutes == 0 && w.artifacts.Postmortem.TS == "" {
		return nil
	}
	return w.refresh(ledger.Bookmarks)
}

// canvas puts the post-mortem on the channel's canvas, once it is published.
func (w *work) canvas() error {
	if w.inc.Postmortem.Version == 0 {
		return nil
	}
	return w.refresh(ledger.Canvas)
}

// carriesButton reports whether the line about event seq of incident n has one.
func carriesButton(tx *storage.Tx, n, seq int) bool {
	e, err := storage.Load[eventRecord](tx, eventKey(n, seq))
	if err != nil {
		return false
	}
	switch e.Kind {
	case incident.KindAlertOver, incident.KindOffered, incident.KindLapsed, incident.KindGivenBack, incident.KindReopened,
		incident.KindSilent, incident.KindWatched, incident.KindAlert, incident.KindAlertJoined, incident.KindRelated:
		return true
	case incident.KindMitigated:
		return e.Assumed
	default:
		return false
	}
}

// paged records what became of a page, and of earlier ones that it stands for.
func (w *work) paged(jobs []ledger.Job, o Outcome) error {
	j, kind, text := jobs[len(jobs)-1], incident.KindPaged, o.Remark
	if o.Failed != "" {
		kind, text = incident.KindPageFailed, o.Failed
		if err := w.resortLost(j, o.Failed); err != nil {
			return err
		}
	} else if err := w.asked(j, o); err != nil {
		return err
	}
	known := j.Person == "" || slices.Contains(w.inc.Involved, incident.Actor(j.Person))
	if err := w.apply(w.inc.Record(w.Now, pageEvent(j, kind, text))); err != nil {
		return err
	}
	if !known { // now that they are awake
		if err := w.refresh(ledger.Invite); err != nil {
			return err
		}
	}
	if w.Now.Sub(w.inc.Declared) >= time.Minute { // what stands in the channel may say that they are paged later
		if err := errors.Join(w.refresh(ledger.Card), w.announce()); err != nil {
			return err
		}
	}
	if err := w.receipts(jobs, o.Failed != ""); err != nil {
		return err
	}
	if o.Failed == "" {
		if err := errors.Join(w.poll(j, o), w.pinged(j, o), w.woken(j)); err != nil {
			return err
		}
	}
	return w.lookForStrays(j, o.Message)
}

// resortLost tells whoever declared it that the last resort could not be told:
// they are the one person who is known to be there.
func (w *work) resortLost(j ledger.Job, why string) error {
	if !j.Resort || j.Kind != ledger.NotifyChannel || !w.inSlack(w.inc.DeclaredBy) || w.inc.Acked() {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.Notify, Person: string(w.inc.DeclaredBy), Via: "slack",
		Reason: "nobody else: the last resort #" + j.Target + " could not be told, " + why})
}

// lookForStrays looks for what an earlier try of a page has left without a
// record of it: it has buttons too, and must be told what becomes of the incident.
func (w *work) lookForStrays(j ledger.Job, at ledger.Message) error {
	if !j.Doubtful || j.ByMethod() || !j.Asks() && j.Kind != ledger.Digest {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.FindCopies, Person: j.Person, Target: j.Target, Resort: j.Resort, Text: j.Text, Digest: j.Digest, Message: at})
}

// asked remembers messages with buttons. If they show less than holds by now,
// they are mended at once.
func (w *work) asked(j ledger.Job, o Outcome) error {
	stale := false
	for _, m := range append([]ledger.Message{o.Message}, o.More...) {
		if m.TS == "" {
			continue
		}
		if _, err := w.Get(promptKey(w.inc.Number, m)); err == nil {
			continue
		}
		ask := Prompt{V: 1, Message: m, Person: incident.Actor(j.Person), Resort: j.Resort, Why: j.Text, Seq: j.Seq, Digest: j.Digest, Job: j.Number}
		if err := w.Save(promptKey(w.inc.Number, m), ask); err != nil {
			return err
		}
		stale = stale || o.Seen < w.inc.Events && (w.inc.Acked() || !w.inc.Status.Active() || w.artifacts.Channel != "" || len(w.artifacts.Moved) > 0)
	}
	if !stale {
		return nil
	}
	return w.refreshPrompts()
}

// failed records that a job is given up, so that nobody waits for it in vain.
// The same trouble is told once, until it has passed.
func (w *work) failed(j ledger.Job, o Outcome) error {
	switch j.Kind {
	case ledger.Poll:
		if err := w.apply(w.inc.Record(w.Now, pageEvent(j, incident.KindPageFailed, o.Failed))); err != nil {
			return err
		}
		return w.receipts([]ledger.Job{j}, true)
	case ledger.Notice, ledger.Swap, ledger.Groups:
		return w.d.oncall.Told(w.Tx, j, o.Message)
	case ledger.Morning, ledger.FollowUps, ledger.Idle, ledger.Reviews:
		return w.notMorning(j)
	case ledger.Published:
		return w.sent(j, o.Failed)
	case ledger.TestPage:
		return w.tried(j, o)
	case ledger.Export:
		return w.notExported(j, o)
	case ledger.ExportPoll:
		return w.polledTracker(j, o)
	case ledger.Update:
		return w.tellPinged(1)
	case ledger.Prompts, ledger.Topic, ledger.FindCopies, ledger.Alarm, ledger.Digest, ledger.DigestDue, ledger.Quiet, ledger.Nag, ledger.Tell, ledger.Missed,
		ledger.Given, ledger.Rest, ledger.Week, ledger.WeekPicture, ledger.Month, ledger.MonthPicture, ledger.Bookmarks, ledger.Canvas, ledger.ReliefPast:
		return nil // cosmetic: the timeline has better things to tell
	case ledger.Channel:
		w.giveUpChannel(o.Failed)
	case ledger.File:
		return w.fileStands(j, FileRead{Why: o.Failed})
	case ledger.ReadBack:
		if j.Incident == 0 { // somebody's direct messages, of which no timeline tells
			return nil
		}
	case ledger.Mark:
		if entered, err := w.markRead(j, nil); err != nil || entered {
			return err
		}
	}
	if w.artifacts.Trouble[j.Kind] == o.Failed {
		return nil
	}
	if w.artifacts.Trouble == nil {
		w.artifacts.Trouble = map[ledger.Kind]string{}
	}
	w.artifacts.Trouble[j.Kind] = o.Failed
	return w.remark("Could not " + j.Words() + ": " + o.Failed)
}

// keepTrying is how long a channel is tried for once its incident is over.
const keepTrying = time.Hour

// TryingInVain records why the channel does not stand yet. The job goes on
// being tried as long as the incident lasts, and a while longer.
func (d *Desk) TryingInVain(ctx context.Context, j ledger.Job, reason string) error {
	_, err := d.act(ctx, byBot, j.Incident, func(w *work) error {
		if w.artifacts.Channel != "" {
			return nil
		}
		if !w.inc.Status.Active() && w.Now.Sub(w.inc.Updated) > keepTrying {
			w.artifacts.ChannelGivenUp = true
			return w.Finish(j)
		}
		if w.artifacts.ChannelError == reason {
			return nil
		}
		w.artifacts.ChannelError = reason
		return w.remark("Could not " + j.Words() + " yet: " + reason)
	})
	return err
}

// giveUpChannel has nothing wait any longer for a channel that cannot be made. The
// next act on the incident asks for it again.
func (w *work) giveUpChannel(why string) {
	w.artifacts.ChannelGivenUp, w.artifacts.ChannelError = true, why
}

// tryAgain makes the channel of an incident that is open again, if it was given up.
func (w *work) tryAgain() error {
	if !w.artifacts.ChannelGivenUp || w.artifacts.Drill || w.inc.NoChannel || !w.inc.Status.Active() {
		return nil
	}
	w.artifacts.ChannelGivenUp = false
	return w.job(ledger.Job{Kind: ledger.Channel, Text: w.inc.Title})
}

// pageEvent is what the timeline says of a notification.
func pageEvent(j ledger.Job, kind incident.Kind, text string) incident.Event {
	e := incident.Event{Kind: kind, Person: incident.Actor(j.Person), Via: j.Via, Pass: j.Pass, Step: j.Step, Rule: j.Rule, Reason: j.Reason, Text: text}
	if j.Kind == ledger.NotifyChannel {
		e.Target, e.Via = "channel:"+j.Target, "slack"
	}
	return e
}
