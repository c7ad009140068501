package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// Message names a Slack message by where it is and its ts.
type Message struct {
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
}

// Job is one piece of work outside, committed with the state that demanded it
// and kept until it is done or given up. It is carried out at least once.
type Job struct {
	V        int       `json:"v"`
	Incident int       `json:"incident"` // 0: it concerns none
	Number   int       `json:"number"`   // counts from 1 within the incident; of a mark, which one: later ones are higher
	Kind     Kind      `json:"kind"`
	Created  time.Time `json:"created"`
	Person   string    `json:"person,omitempty"` // an actor
	Target   string    `json:"target,omitempty"` // a channel's name or ID
	Via      string    `json:"via,omitempty"`    // a contact method; of an export: a tracker
	Seq      int       `json:"seq,omitempty"`
	Pass     int       `json:"pass,omitempty"`
	Step     int       `json:"step,omitempty"`
	Resort   bool      `json:"resort,omitempty"`
	Reason   string    `json:"reason,omitempty"` // of a notification: why it is sent
	Rule     string    `json:"rule,omitempty"`   // of a notification: the person's rule that sends it
	Send     string    `json:"send,omitempty"`   // of a notification: its key in the escalation
	Text     string    `json:"text,omitempty"`   // of a manual page and its updates: who asks, and the words; of the channel: the title it is named by
	Message  Message   `json:"message,omitzero"`
	ReplyURL string    `json:"reply_url,omitempty"`
	Receipt  string    `json:"receipt,omitempty"` // of a poll: the provider's name for the message; of an update: the message it replaces

	// Since and Until are when Slack could not be heard.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`

	// About is, of an update, the incidents that the message named, if it named
	// several.
	About []int `json:"about,omitempty"`

	// Digest is the number of Person's message in Slack about several incidents
	// that the job writes; of a notification 0 means that it stands alone.
	Digest int `json:"together,omitempty"`

	// NotBefore is when a notification leaves that waits to be part of a digest;
	// zero: at once.
	NotBefore time.Time `json:"not_before,omitzero"`

	// Doubtful is set when the job may have been done before without a record
	// of it: it was found in the store at the start, or its last try ended
	// without an answer. Whoever does it looks first.
	Doubtful bool `json:"-"`
}

const (
	outboxPrefix   = "outbox/"
	setAsidePrefix = "setaside/"
	apartKey       = "aside" // counts the jobs that concern no incident
)

// OutboxPrefix is what the keys of an incident's jobs begin with.
func OutboxPrefix(incident int) string { return outboxPrefix + Number(incident) + "/" }

// JobKey is the key of a job in the store.
func JobKey(incident, number int) string { return OutboxPrefix(incident) + Number(number) }

// Key returns the job's key in the store, which also names it to the world: it
// is put in the metadata of what is posted, to recognise it.
func (j Job) Key() string {
	if j.Kind.Row().Marked {
		return staleKey(j.Incident) + "/" + string(j.Kind)
	}
	return JobKey(j.Incident, j.Number)
}

// outbox is the jobs that were committed and not yet taken.
type outbox struct {
	mu    sync.Mutex
	fresh [][]Job       // of each transaction
	ready chan struct{} // holds a token while fresh is not empty
	marks atomic.Int64  // the highest number of a mark so far
	usual int           // how many jobs the transaction before had; touched in transactions
}

func (o *outbox) add(jobs []Job) {
	if len(jobs) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fresh = append(o.fresh, jobs)
	signal(o.ready)
}

// Ready delivers a value when [Ledger.Take] has something.
func (l *Ledger) Ready() <-chan struct{} { return l.outbox.ready }

// Take returns the jobs committed since the last call. It is for the one loop
// that carries them out.
func (l *Ledger) Take() []Job {
	o := &l.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	jobs := slices.Concat(o.fresh...)
	o.fresh = nil
	return jobs
}

// Add commits a job with the transaction. Whoever keeps the incident has given it
// its number.
func (t *Tx) Add(j Job) error {
	j.V, j.Created = 1, t.Now
	if err := storage.Save(t.Tx, j.Key(), j); err != nil {
		return err
	}
	t.hand(j)
	return nil
}

// hand has a job handed on once the transaction is durable. In a flood one transaction has
// as many as the one before.
func (t *Tx) hand(j Job) {
	if t.jobs == nil && t.l != nil {
		t.jobs = make([]Job, 0, t.l.outbox.usual)
	}
	t.jobs = append(t.jobs, j)
}

// Jobs returns the jobs of the transaction so far.
func (t *Tx) Jobs() []Job { return t.jobs }

// countRecord counts something up.
type countRecord struct {
	V     int `json:"v"`
	Count int `json:"count"`
}

// Count returns how often key was counted before, and counts once more.
func (t *Tx) Count(key string) (before int, err error) {
	r, err := storage.Load[countRecord](t.Tx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return 0, err
	}
	return r.Count, storage.Save(t.Tx, key, countRecord{V: 1, Count: r.Count + 1})
}

// AddApart commits a job that concerns no incident, and returns its number.
func (t *Tx) AddApart(j Job) (int, error) {
	last, err := t.Count(apartKey)
	if err != nil {
		return 0, err
	}
	j.Incident, j.Number = 0, last+1
	return j.Number, t.Add(j)
}

// Waits reports whether a job has not been done yet.
func Waits(tx *storage.Tx, j Job) (bool, error) {
	if j.Kind.Row().Marked {
		r, err := loadStale(tx, j.Incident)
		return r.Marks[j.Kind] > 0, err
	}
	_, err := tx.Get(j.Key())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Finish takes a job off the outbox.
func (t *Tx) Finish(j Job) error {
	if j.Kind.Row().Marked {
		return t.refreshed(j)
	}
	return t.Delete(j.Key())
}

// setAsideRecord is a job that cannot be done because of a mistake in the program.
type setAsideRecord struct {
	V      int       `json:"v"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Job    Job       `json:"job"`
	Newer  bool      `json:"newer,omitempty"` // its kind is of a newer version, which will do it
}

// SetAside takes a job off the outbox that the program cannot do, and keeps it
// with the reason for as long as somebody may want to look at it.
func (t *Tx) SetAside(j Job, reason string) error {
	key := setAsidePrefix + strings.TrimPrefix(j.Key(), outboxPrefix)
	return errors.Join(t.Finish(j), storage.Save(t.Tx, key, setAsideRecord{V: 1, At: t.Now, Reason: reason, Job: j}))
}

// KeepForNewer takes a job off the outbox whose kind only a newer version knows, and
// keeps it until that version starts, for as long as other jobs that are set aside.
func (t *Tx) KeepForNewer(j Job) error {
	key := setAsidePrefix + strings.TrimPrefix(j.Key(), outboxPrefix)
	reason := "only a newer version knows jobs of the kind " + string(j.Kind)
	return errors.Join(t.Finish(j), storage.Save(t.Tx, key, setAsideRecord{V: 1, At: t.Now, Reason: reason, Job: j, Newer: true}))
}

// setAsideFor is how long such jobs are kept.
const setAsideFor = 30 * 24 * time.Hour

// Unfinished returns the jobs that an earlier process left, those of an incident
// in order, each marked doubtful. It must be called before any act.
func (l *Ledger) Unfinished(ctx context.Context) ([]Job, error) {
	var jobs []Job
	err := l.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan(outboxPrefix) {
			var j Job
			if err := json.Unmarshal(value, &j); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			j.Doubtful = true
			jobs = append(jobs, j)
		}
		marked, err := markedJobs(tx)
		jobs = append(jobs, marked...)
		return err
	})
	return jobs, err
}

// staleRecord is what of an incident's artifacts in Slack shows less than holds:
// each kind with how often it was marked, so that what was marked again while it
// was being refreshed is not taken for refreshed.
type staleRecord struct {
	V     int          `json:"v"`
	At    time.Time    `json:"at"` // since when the first of them waits
	Marks map[Kind]int `json:"marks"`
	Last  int          `json:"last"`
}

const stalePrefix = "stale/"

func staleKey(incident int) string { return stalePrefix + Number(incident) }

func loadStale(tx *storage.Tx, incident int) (staleRecord, error) {
	r, err := storage.Load[staleRecord](tx, staleKey(incident))
	if errors.Is(err, storage.ErrNotFound) {
		return staleRecord{}, nil
	}
	return r, err
}

// Refresh marks what of an incident is to be brought up to date. All marks of an
// incident are one record, however many there are and however often they are set.
func (t *Tx) Refresh(incident int, kinds ...Kind) error {
	return t.RefreshAfter(0, incident, kinds...)
}

// RefreshAfter is Refresh of what is to wait for further marks longer than its kind
// does by itself.
func (t *Tx) RefreshAfter(wait time.Duration, incident int, kinds ...Kind) error {
	var r staleRecord
	if t.MayHave(incident, staleKey(incident)) {
		var err error
		if r, err = loadStale(t.Tx, incident); err != nil {
			return err
		}
	}
	if len(r.Marks) == 0 {
		r = staleRecord{V: 1, At: t.Now, Marks: map[Kind]int{}, Last: t.lastMark()}
	}
	for _, k := range kinds {
		mine := func(j Job) bool { return j.Incident == incident && j.Kind == k }
		if i := slices.IndexFunc(t.jobs, mine); i >= 0 {
			continue // the transaction has marked it already
		}
		r.Last++
		r.Marks[k] = r.Last
		t.marked(r.Last)
		j := Job{V: 1, Incident: incident, Number: r.Last, Kind: k, Created: t.Now}
		if settles := max(wait, k.Row().Settles); settles > 0 {
			j.NotBefore = t.Now.Add(settles)
		}
		t.hand(j)
	}
	return storage.Save(t.Tx, staleKey(incident), r)
}

// lastMark is the highest number that a mark of any incident has had in this process.
// A record that begins anew goes on from there: were it to begin at 1, a job of the
// one before, which was handed on late, would stand for marks that were set after it.
func (t *Tx) lastMark() int {
	if t.l == nil { // before the ledger is open, when no job is under way
		return 0
	}
	return int(t.l.outbox.marks.Load())
}

// marked notes the number of a mark. That of a transaction that fails is left out.
func (t *Tx) marked(number int) {
	for t.l != nil {
		was := t.l.outbox.marks.Load()
		if int64(number) <= was || t.l.outbox.marks.CompareAndSwap(was, int64(number)) {
			return
		}
	}
}

// refreshed takes a mark back, unless it was set again since.
func (t *Tx) refreshed(j Job) error {
	r, err := loadStale(t.Tx, j.Incident)
	if err != nil || r.Marks[j.Kind] == 0 || r.Marks[j.Kind] > j.Number {
		return err
	}
	if delete(r.Marks, j.Kind); len(r.Marks) == 0 {
		return t.Delete(staleKey(j.Incident))
	}
	return storage.Save(t.Tx, staleKey(j.Incident), r)
}

// markedJobs returns what was marked and not refreshed, as jobs.
func markedJobs(tx *storage.Tx) ([]Job, error) {
	var jobs []Job
	for key, value := range tx.Scan(stalePrefix) {
		var r staleRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		for k, mark := range r.Marks {
			if !k.Row().Marked {
				continue // of another version, which knows what to do about it
			}
			jobs = append(jobs, Job{V: 1, Incident: LastNumber(key), Number: mark, Kind: k, Created: r.At, Doubtful: true})
		}
	}
	slices.SortFunc(jobs, func(a, b Job) int { return strings.Compare(a.Lane(), b.Lane()) })
	return jobs, nil
}
