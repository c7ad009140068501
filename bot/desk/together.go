package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// gatherRecord is how the pages of one person in Slack are gathered.
type gatherRecord struct {
	V int `json:"v"`
	escalation.Gathering
}

// Together is one message in Slack that pages a person about several incidents.
// It may stand several times, since it rings by being posted. Whatever writes it
// is one lane of the outbox, so nothing else does meanwhile.
type Together struct {
	V        int       `json:"v"`
	Until    time.Time `json:"until"`              // what joins from then on rings at once
	User     string    `json:"user,omitempty"`     // the Slack user whom it was sent to
	Pages    []Joined  `json:"pages,omitempty"`    // in the order of the incidents
	Messages []Message `json:"messages,omitempty"` // where it stands; empty: it has not left yet
	Bell     bool      `json:"bell,omitempty"`     // it is to ring once more at Until

	// Gone is where it was found to stand no more, or to be of no use.
	Gone []Message `json:"-"`
}

// Joined is one page in a message about several incidents, or about to be.
type Joined struct {
	Incident int    `json:"incident"`
	Job      int    `json:"job"`              // its number
	Send     string `json:"send,omitempty"`   // its key in the escalation
	Resort   bool   `json:"resort,omitempty"` // the person is its last resort
	Shown    int    `json:"shown,omitempty"`  // how many events the incident had when the message first showed it; 0: not yet
	Rung     bool   `json:"rung,omitempty"`   // the message has rung for it
}

func gatherKey(a incident.Actor) string {
	_, id := a.Split()
	return "gather/" + id
}

func togetherKey(a incident.Actor, n int) string {
	_, id := a.Split()
	return "together/" + id + "/" + number(n)
}

// gather decides in which message a page in Slack stands. A page by hand has
// words of its own, a test must not hold up what is meant, and a ladder whose
// next step comes before the second ring would climb past people who heard
// nothing: all of these stand alone.
func (w *work) gather(j *Job) error {
	if j.Kind != JobPage || j.Via != "slack" || j.Text != "" || j.hurried || w.inc.Test {
		return nil
	}
	r, err := storage.Load[gatherRecord](w.tx, gatherKey(j.Person))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	next, place := r.Add(w.inc.Number, w.inc.Severity, w.now)
	if err := storage.Save(w.tx, gatherKey(j.Person), gatherRecord{V: 1, Gathering: next}); err != nil || place == escalation.Alone {
		return err
	}
	j.Together = next.Number
	t := Together{V: 1, Until: next.Until}
	if place == escalation.Joins {
		if t, err = storage.Load[Together](w.tx, togetherKey(j.Person, j.Together)); err != nil {
			return err
		}
	}
	t.Pages = append(t.Pages, Joined{Incident: w.inc.Number, Job: j.Number, Send: j.Send, Resort: j.Resort})
	slices.SortFunc(t.Pages, func(a, b Joined) int { return cmp.Compare(a.Incident, b.Incident) })
	return storage.Save(w.tx, togetherKey(j.Person, j.Together), t)
}

// Together returns the message that the job is about, and the incidents in it.
// Pages that were taken back before it showed them are not in it.
func (d *Desk) Together(ctx context.Context, j Job) (Together, []Brief, error) {
	var t Together
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		if t, err = storage.Load[Together](tx, togetherKey(j.Person, j.Together)); err != nil {
			return err
		}
		t.Pages = slices.DeleteFunc(t.Pages, func(p Joined) bool {
			if p.Shown > 0 || err != nil {
				return false
			}
			var waits bool
			waits, err = waiting(tx, p)
			return !waits
		})
		return err
	})
	if err != nil {
		return t, nil, err
	}
	briefs := make([]Brief, 0, len(t.Pages))
	for _, p := range t.Pages {
		b, err := d.Brief(ctx, p.Incident)
		if err != nil {
			return t, nil, err
		}
		briefs = append(briefs, b)
	}
	return t, briefs, nil
}

// waiting reports whether a page is still to leave.
func waiting(tx *storage.Tx, p Joined) (bool, error) {
	j, err := storage.Load[Job](tx, outboxKey(p.Incident, p.Job))
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
func (t Together) Page(n int) (Joined, bool) {
	for _, p := range t.Pages {
		if p.Incident == n {
			return p, true
		}
	}
	return Joined{}, false
}

// Quiet reports whether what joins the message now is rung for later, so that an
// edit will do.
func (t Together) Quiet(now time.Time) bool {
	left := t.Until.Sub(now)
	return len(t.Messages) > 0 && left > 0 && left <= escalation.GatherFor // more is left when the clock was set back
}

// For returns the message as it is for a Slack user; one that went to another,
// who has the person's place no more, stands nowhere.
func (t Together) For(user string) Together {
	if t.User != user {
		t.User, t.Gone, t.Messages = user, append(slices.Clip(t.Gone), t.Messages...), nil
	}
	return t
}

// At returns the message as it is when it stands at these places too.
func (t Together) At(places ...Message) Together {
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
func (t Together) Showing(briefs []Brief, rung bool) Together {
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

// Rings reports whether it is time to ring for anything in the message that it
// has not rung for and that needs the person, given its incidents.
func (t Together) Rings(briefs []Brief, now time.Time) bool {
	if t.Quiet(now) {
		return false
	}
	for n, p := range t.Pages {
		if p.Shown > 0 && !p.Rung && briefs[n].Incident.Status.Active() && !briefs[n].Incident.Acked() {
			return true
		}
	}
	return false
}

// keepTogether records what the message is by now. Pages that joined it meanwhile
// stay, and so do places that were found; a second ring is planned for the pages
// that it has not rung for.
func (w *work) keepTogether(j Job, t Together) error {
	old, err := storage.Load[Together](w.tx, togetherKey(j.Person, j.Together))
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
	old.Messages = slices.DeleteFunc(old.Messages, func(m Message) bool { return slices.Contains(t.Gone, m) })
	behind := len(old.Messages) > max(before, 1) // another place, and those before it show less
	old.User = t.User
	bell := silent && !old.Bell
	old.Bell = old.Bell || silent
	if err := storage.Save(w.tx, togetherKey(j.Person, j.Together), old); err != nil {
		return err
	}
	if behind {
		if err := w.job(Job{Kind: JobTogether, Person: j.Person, Together: j.Together}); err != nil {
			return err
		}
	}
	if !bell {
		return nil
	}
	return w.job(Job{Kind: JobBell, Person: j.Person, Together: j.Together, NotBefore: old.Until})
}

// refreshedAtOnce is how many messages about several incidents are refreshed in
// the transaction of an act, which must have room for the act itself. The others
// follow in the one that records that the incident's own messages were.
const refreshedAtOnce = 10

// refreshTogether makes the messages about several incidents of which this is one
// show what holds now: the first few, or those after them.
func (w *work) refreshTogether(first bool) error {
	var jobs []Job
	for key, value := range w.tx.Scan(askPrefix(w.inc.Number)) {
		a, err := readAsk(key, value)
		if err != nil {
			return err
		}
		j := Job{Kind: JobTogether, Person: a.Person, Together: a.Together}
		if a.Together > 0 && !slices.Contains(jobs, j) {
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
func (w *work) drop(j Job) error {
	if err := errors.Join(w.tx.Delete(j.Key()), w.takenBack(j), w.lookForStrays(j, Message{})); err != nil || j.Together == 0 {
		return err
	}
	t, err := storage.Load[Together](w.tx, togetherKey(j.Person, j.Together))
	if err != nil {
		return err
	}
	if p, ok := t.Page(j.Incident); !ok || p.Shown == 0 || len(t.Messages) == 0 {
		return nil
	}
	return w.asked(j, Outcome{Message: t.Messages[len(t.Messages)-1]})
}

// NotRung records that a message about several incidents could not ring for some
// of them, so that their next ways are taken now.
func (d *Desk) NotRung(ctx context.Context, j Job, t Together, why string) error {
	for _, p := range t.Pages {
		if p.Rung || p.Shown == 0 {
			continue
		}
		_, err := d.act(ctx, Caller{Actor: incident.Bot}, p.Incident, func(w *work) error {
			if w.inc.Acked() || !w.inc.Status.Active() {
				return nil
			}
			mute := Job{Kind: JobPage, Person: j.Person, Via: "slack", Send: p.Send}
			if err := w.apply(w.inc.Record(w.now, pageEvent(mute, incident.KindPageFailed, why))); err != nil {
				return err
			}
			return w.receipts([]Job{mute}, true)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
