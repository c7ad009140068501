package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// slackDigestRecord is how the pages of one person in Slack are put into messages.
type slackDigestRecord struct {
	V int `json:"v"`
	escalation.SlackDigest
}

// Digest is one message in Slack that pages a person about several incidents.
// It may stand several times, since it rings by being posted. Whatever writes it
// is one lane of the outbox, so nothing else does meanwhile.
type Digest struct {
	V        int              `json:"v"`
	Until    time.Time        `json:"until"`              // what joins from then on rings at once
	User     string           `json:"user,omitempty"`     // the Slack user whom it was sent to
	Pages    []DigestEntry    `json:"pages,omitempty"`    // in the order of the incidents
	Messages []ledger.Message `json:"messages,omitempty"` // where it stands; empty: it has not left yet
	Bell     bool             `json:"bell,omitempty"`     // it is to ring once more at Until

	// Gone is where it was found to stand no more, or to be of no use.
	Gone []ledger.Message `json:"-"`
}

// DigestEntry is one page in a message about several incidents, or about to be.
type DigestEntry struct {
	Incident int    `json:"incident"`
	Job      int    `json:"job"`              // its number
	Send     string `json:"send,omitempty"`   // its key in the escalation
	Resort   bool   `json:"resort,omitempty"` // the person is its last resort
	Shown    int    `json:"shown,omitempty"`  // how many events the incident had when the message first showed it; 0: not yet
	Rung     bool   `json:"rung,omitempty"`   // the message has rung for it
}

func slackDigestKey(a incident.Actor) string {
	_, id := a.Split()
	return "gather/" + id
}

func digestKey(a incident.Actor, n int) string {
	_, id := a.Split()
	return "together/" + id + "/" + ledger.Number(n)
}

// placeInSlack decides in which message a page in Slack stands. A page by hand has
// words of its own, a test must not hold up what is meant, and an escalation whose
// next step comes before the second ring would climb past people who heard
// nothing: all of these stand alone.
func (w *work) placeInSlack(j *ledger.Job) error {
	if j.Kind != ledger.Notify || j.Via != "slack" || j.Text != "" || w.hurried || w.inc.Test {
		return nil
	}
	slot := slackDigestKey(incident.Actor(j.Person))
	r, _, err := w.d.growing.Load(w.Tx.Tx, slot)
	if err != nil {
		return err
	}
	next, place := r.Add(w.inc.Number, w.inc.Severity, w.Now)
	if err := w.d.growing.Save(w.Tx, slot, slackDigestRecord{V: 1, SlackDigest: next}); err != nil || place == escalation.Alone {
		return err
	}
	j.Digest = next.Number
	t, key := Digest{V: 1, Until: next.Until}, digestKey(incident.Actor(j.Person), j.Digest)
	if place == escalation.Joins {
		was, ok, err := w.d.digests.Load(w.Tx.Tx, key)
		if err != nil {
			return err
		}
		if ok { // or all of it was taken back before it was shown
			t = was
		}
	}
	t.Pages = joined(t.Pages, DigestEntry{Incident: w.inc.Number, Job: j.Number, Send: j.Send, Resort: j.Resort})
	return w.d.digests.Save(w.Tx, key, t)
}

// joined returns pages with one more, in the order of their incidents. What is there is
// not changed. Most are of the latest incident: then it is not copied either, and the page
// stands behind it, in the place of one of a transaction that was discarded.
func joined(pages []DigestEntry, p DigestEntry) []DigestEntry {
	if len(pages) == 0 || pages[len(pages)-1].Incident < p.Incident {
		return append(pages, p)
	}
	pages = append(slices.Clip(pages), p)
	slices.SortFunc(pages, func(a, b DigestEntry) int { return cmp.Compare(a.Incident, b.Incident) })
	return pages
}

// loadDigest returns the message that a job is about. Notifications that were taken
// back before it showed them are not in it.
func loadDigest(tx *storage.Tx, j ledger.Job) (Digest, error) {
	t, err := storage.Load[Digest](tx, digestKey(incident.Actor(j.Person), j.Digest))
	if err != nil {
		return t, err
	}
	t.Pages = slices.DeleteFunc(t.Pages, func(p DigestEntry) bool {
		if p.Shown > 0 || err != nil {
			return false
		}
		var waits bool
		waits, err = waiting(tx, p)
		return !waits
	})
	return t, err
}

// waiting reports whether a page is still to leave.
func waiting(tx *storage.Tx, p DigestEntry) (bool, error) {
	j, err := storage.Load[ledger.Job](tx, ledger.JobKey(p.Incident, p.Job))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	void, err := isVoid(tx, j)
	return !void, err
}

// Page returns the page about an incident in the message, if there is one.
func (t Digest) Page(n int) (DigestEntry, bool) {
	for _, p := range t.Pages {
		if p.Incident == n {
			return p, true
		}
	}
	return DigestEntry{}, false
}

// Shows reports whether the message stands and shows incident n: then what is left
// to do for its page is to record it.
func (t Digest) Shows(n int) bool {
	p, ok := t.Page(n)
	return ok && p.Shown > 0 && len(t.Messages) > 0
}

// Quiet reports whether what joins the message now is rung for later, so that an
// edit will do.
func (t Digest) Quiet(now time.Time) bool {
	left := t.Until.Sub(now)
	return len(t.Messages) > 0 && left > 0 && left <= escalation.DigestFor // more is left when the clock was set back
}

// For returns the message as it is for a Slack user; one that went to another,
// who has the person's place no more, stands nowhere.
func (t Digest) For(user string) Digest {
	if t.User != user {
		t.User, t.Gone, t.Messages = user, append(slices.Clip(t.Gone), t.Messages...), nil
	}
	return t
}

// At returns the message as it is when it stands at these places too.
func (t Digest) At(places ...ledger.Message) Digest {
	t.Messages = slices.Clone(t.Messages)
	for _, m := range places {
		if !slices.Contains(t.Messages, m) {
			t.Messages = append(t.Messages, m)
		}
	}
	return t
}

// Showing returns the message as it is when it shows the incidents as in briefs,
// which are all of its own, and has rung for them or not.
func (t Digest) Showing(briefs []Brief, rung bool) Digest {
	t.Pages = slices.Clone(t.Pages)
	for n := range t.Pages {
		p := &t.Pages[n]
		if p.Shown == 0 {
			p.Shown = briefs[n].Incident.Events
		}
		p.Rung = p.Rung || rung
	}
	return t
}

// givenUp returns the message as it is when it will not ring for what it shows.
func (t Digest) givenUp() Digest {
	t.Pages = slices.Clone(t.Pages)
	for n := range t.Pages {
		t.Pages[n].Rung = t.Pages[n].Rung || t.Pages[n].Shown > 0
	}
	return t
}

// Rings reports whether it is time to ring for anything in the message that it
// has not rung for and that needs the person, given its incidents.
func (t Digest) Rings(briefs []Brief, now time.Time) bool {
	if t.Quiet(now) {
		return false
	}
	for n, p := range t.Pages {
		if _, moved := briefs[n].Artifacts.movedSince(p.Job); moved {
			continue
		}
		if p.Shown > 0 && !p.Rung && briefs[n].Incident.Status.Active() && !briefs[n].Incident.Acked() {
			return true
		}
	}
	return false
}

// keepDigest records what the message is by now. Pages that joined it meanwhile
// stay, and so do places that were found; a second ring is planned for the pages
// that it has not rung for.
func (w *work) keepDigest(j ledger.Job, t Digest) error {
	old, err := storage.Load[Digest](w.Tx.Tx, digestKey(incident.Actor(j.Person), j.Digest))
	if err != nil {
		return err
	}
	silent := false
	for n, p := range old.Pages {
		if now, ok := t.Page(p.Incident); ok { // t may be older than what is recorded
			p.Shown, p.Rung = cmp.Or(p.Shown, now.Shown), p.Rung || now.Rung
			silent = silent || p.Shown > 0 && !p.Rung
			old.Pages[n] = p
		}
	}
	before := len(old.Messages)
	old = old.At(t.Messages...) // others may have been found meanwhile
	old.Messages = slices.DeleteFunc(old.Messages, func(m ledger.Message) bool { return slices.Contains(t.Gone, m) })
	behind := len(old.Messages) > max(before, 1) // another place, and those before it show less
	old.User = t.User
	bell := silent && !old.Bell
	old.Bell = old.Bell || silent
	if err := w.Save(digestKey(incident.Actor(j.Person), j.Digest), old); err != nil {
		return err
	}
	if behind {
		if err := w.job(ledger.Job{Kind: ledger.Digest, Person: j.Person, Digest: j.Digest}); err != nil {
			return err
		}
	}
	if !bell {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.DigestDue, Person: j.Person, Digest: j.Digest, NotBefore: old.Until})
}

// refreshedAtOnce is how many messages about several incidents are refreshed in
// the transaction of an act, which must have room for the act itself. The others
// follow in the one that records that the incident's own messages were.
const refreshedAtOnce = 10

// refreshDigests makes the messages about several incidents of which this is one
// show what holds now: the first few, or those after them.
func (w *work) refreshDigests(first bool) error {
	var jobs []ledger.Job
	for key, value := range w.Scan(promptPrefix(w.inc.Number)) {
		a, err := readPrompt(key, value)
		if err != nil {
			return err
		}
		j := ledger.Job{Kind: ledger.Digest, Person: string(a.Person), Digest: a.Digest}
		same := func(x ledger.Job) bool { return x.Person == j.Person && x.Digest == j.Digest }
		if a.Digest > 0 && !slices.ContainsFunc(jobs, same) {
			jobs = append(jobs, j)
		}
	}
	few := min(len(jobs), refreshedAtOnce)
	if first {
		jobs = jobs[:few]
	} else {
		jobs = jobs[few:min(len(jobs), 8*refreshedAtOnce)]
	}
	for _, j := range jobs {
		if err := w.job(j); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a page that is not to leave any more off the outbox. A message that
// shows it all the same must say so, now and later.
func (w *work) drop(j ledger.Job) error {
	if err := errors.Join(w.Finish(j), w.takenBack(j), w.lookForStrays(j, ledger.Message{})); err != nil || j.Digest == 0 {
		return err
	}
	t, ok, err := ledger.Load[Digest](w.Tx.Tx, digestKey(incident.Actor(j.Person), j.Digest))
	if err != nil || !ok {
		return err
	}
	switch p, ok := t.Page(j.Incident); {
	case !ok || p.Job != j.Number:
		return nil
	case p.Shown == 0 && j.Doubtful: // it may have been shown all the same; that is being looked for
		return nil
	case p.Shown == 0:
		return w.withdraw(j, t)
	case len(t.Messages) == 0:
		return nil
	}
	return w.asked(j, Outcome{Message: t.Messages[len(t.Messages)-1]})
}

// withdraw takes a page that no message has shown out of the one that was to. The
// last one takes the record along, unless the message stands somewhere: then the
// incidents that it shows do, when they are tidied.
func (w *work) withdraw(j ledger.Job, t Digest) error {
	key := digestKey(incident.Actor(j.Person), j.Digest)
	t.Pages = slices.DeleteFunc(slices.Clone(t.Pages), func(p DigestEntry) bool { return p.Incident == j.Incident })
	if len(t.Pages) == 0 && len(t.Messages) == 0 {
		return w.Delete(key)
	}
	return w.Save(key, t)
}

// notRungAtOnce is of how many incidents one transaction records that a message did
// not ring: each is up to eight changes of it.
const notRungAtOnce = 10

// mute returns the incidents of t that its person sees and was not rung for, as t and
// what is recorded of it know together.
func (t Digest) mute(recorded Digest) []DigestEntry {
	return slices.DeleteFunc(slices.Clone(t.Pages), func(p DigestEntry) bool {
		was, ok := recorded.Page(p.Incident)
		return p.Rung || p.Shown == 0 || !ok || was.Rung
	})
}

// notRung records that a message about several incidents could not ring for some
// of them, so that their next contact methods are used now. Where these are more
// than one transaction holds, it takes the first, and marks them: it is the next
// call that takes the others, and the same call twice takes none twice.
func (w *work) notRung(j ledger.Job, t Digest, why string) (more bool, err error) {
	key := digestKey(incident.Actor(j.Person), j.Digest)
	recorded, err := storage.Load[Digest](w.Tx.Tx, key)
	if err != nil {
		return false, err
	}
	mute := t.mute(recorded)
	if more = len(mute) > notRungAtOnce; more {
		mute = mute[:notRungAtOnce]
	}
	for _, p := range mute {
		at := slices.IndexFunc(recorded.Pages, func(was DigestEntry) bool { return was.Incident == p.Incident })
		recorded.Pages[at].Rung, recorded.Pages[at].Shown = true, cmp.Or(recorded.Pages[at].Shown, p.Shown)
		if err := w.fails(j, p, why); err != nil {
			return false, err
		}
	}
	return more, w.Save(key, recorded)
}

// fails records that one page of a message did not reach its person.
func (w *work) fails(j ledger.Job, p DigestEntry, why string) error {
	of := w
	if p.Incident != w.inc.Number {
		of = &work{Tx: w.Tx, d: w.d, who: w.who, caller: byBot}
		if err := of.open(p.Incident); err != nil {
			return err
		}
	}
	if of.inc.Acked() || !of.inc.Status.Active() {
		return nil
	}
	mute := ledger.Job{Kind: ledger.Notify, Person: j.Person, Via: "slack", Send: p.Send}
	if err := of.apply(of.inc.Record(w.Now, pageEvent(mute, incident.KindPageFailed, why))); err != nil {
		return err
	}
	if err := of.receipts([]ledger.Job{mute}, true); err != nil || of == w {
		return err
	}
	return of.saveArtifacts()
}

// notRungBefore takes what of [work.notRung] does not fit into the transaction that
// records the job.
func (d *Desk) notRungBefore(ctx context.Context, r Result) error {
	for more := r.Outcome.Digest != nil && r.Outcome.Failed != ""; more; {
		_, err := d.act(ctx, byBot, r.Job.Incident, func(w *work) error {
			waits, err := ledger.Waits(w.Tx.Tx, r.Job)
			if more = false; err != nil || !waits {
				return err
			}
			recorded, err := storage.Load[Digest](w.Tx.Tx, digestKey(incident.Actor(r.Job.Person), r.Job.Digest))
			if err != nil || len(r.Outcome.Digest.mute(recorded)) <= notRungAtOnce {
				return err
			}
			more, err = w.notRung(r.Job, *r.Outcome.Digest, r.Outcome.Failed)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
