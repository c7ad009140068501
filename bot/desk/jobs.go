package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// JobKind says what a [Job] does outside.
type JobKind string

// The kinds of jobs. A refreshing job shows the incident as it stands when the
// job is done, so several waiting ones are one.
const (
	JobPage           JobKind = "page"            // wake Person by Via
	JobPageChannel    JobKind = "page_channel"    // ask in the channel Target
	JobTogether       JobKind = "together"        // refresh Person's message Together, and ring where that is due
	JobBell           JobKind = "bell"            // it is due: do so then
	JobAsks           JobKind = "asks"            // refresh every message that asked for an acknowledgement
	JobChannel        JobKind = "channel"         // make the incident's channel
	JobAnswer         JobKind = "answer"          // tell Person, by ReplyURL, where the channel is
	JobCard           JobKind = "card"            // post and pin, or refresh, the summary
	JobPin            JobKind = "pin"             // pin the summary
	JobInvite         JobKind = "invite"          // everyone who belongs there into the channel
	JobAnnounce       JobKind = "announce"        // post or refresh the line for everybody
	JobTopic          JobKind = "topic"           // refresh the channel's topic
	JobPurpose        JobKind = "purpose"         // set the channel's purpose, once
	JobSay            JobKind = "say"             // tell event Seq in the channel
	JobPostmortem     JobKind = "postmortem"      // post the document in short, as of event Seq
	JobPostmortemFile JobKind = "postmortem_file" // upload the whole document, as of event Seq
	JobStray          JobKind = "stray"           // find pages that left without a record of it
	JobPoll           JobKind = "poll"            // ask the provider of Via what became of Receipt
	JobUpdate         JobKind = "update"          // tell Person by Via how the incident stands, quietly
	JobAlarm          JobKind = "alarm"           // tell the operators, the team Target or Person Text; belongs to no incident
	JobTry            JobKind = "try"             // reach Person by Via, as a test, for the tryout Target; likewise
	JobNotice         JobKind = "notice"          // tell Person, or the team Target, the notice of the same number; likewise
	JobSwap           JobKind = "swap"            // refresh every message about the swap Target; likewise
	JobGroups         JobKind = "groups"          // make the user groups equal to who is on call; likewise
)

// Job is one piece of work outside, committed with the state that demanded it
// and kept until it is done or given up. It is carried out at least once.
type Job struct {
	V        int            `json:"v"`
	Incident int            `json:"incident"`
	Number   int            `json:"number"` // counts from 1 within the incident
	Kind     JobKind        `json:"kind"`
	Created  time.Time      `json:"created"`
	Person   incident.Actor `json:"person,omitempty"`
	Target   string         `json:"target,omitempty"` // a channel's name or ID
	Via      string         `json:"via,omitempty"`
	Seq      int            `json:"seq,omitempty"`
	Pass     int            `json:"pass,omitempty"`
	Step     int            `json:"step,omitempty"`
	Resort   bool           `json:"resort,omitempty"`
	Reason   string         `json:"reason,omitempty"` // of a page: why it is sent
	Rule     string         `json:"rule,omitempty"`   // of a page: the person's rule that sends it
	Send     string         `json:"send,omitempty"`   // of a page: its key in the escalation
	Text     string         `json:"text,omitempty"`   // of a page by hand: who asks, and the words; of the channel: the title it is named by
	Message  Message        `json:"message,omitzero"`
	ReplyURL string         `json:"reply_url,omitempty"`
	Receipt  string         `json:"receipt,omitempty"` // of a poll: the provider's name for the message; of an update: the message it replaces

	// Together is the number of Person's message in Slack about several incidents
	// that the job writes, see [Desk.Together]; of a page 0 means that it stands alone.
	Together int `json:"together,omitempty"`

	// NotBefore is when the job may be done: a page that waits to be part of a bundle,
	// a topic that waits for further changes. Zero: at once.
	NotBefore time.Time `json:"not_before,omitzero"`

	// Doubtful is set when the job may have been done before without a record
	// of it: it was found in the store at the start, or its last try ended
	// without an answer. Whoever does it looks first.
	Doubtful bool `json:"-"`

	hurried bool // of a page: the next step of the ladder comes within a minute
}

// Key returns the job's key in the store, which also names it to the world: it
// is put in the metadata of what is posted, to recognise it.
func (j Job) Key() string { return outboxKey(j.Incident, j.Number) }

// Priority orders jobs that could go now; lower goes first.
func (j Job) Priority() int {
	switch j.Kind {
	case JobPage, JobPageChannel:
		return 0
	case JobAsks, JobTogether, JobBell, JobStray, JobChannel, JobAnswer, JobPoll:
		return 1
	case JobCard, JobInvite, JobAnnounce, JobSay:
		return 2
	default:
		return 3
	}
}

// ByWay reports whether the job goes by another way than Slack.
func (j Job) ByWay() bool {
	switch j.Kind {
	case JobPage, JobPoll, JobUpdate, JobTry:
		return j.Via != "" && j.Via != "slack"
	default:
		return false
	}
}

// Lane names the queue in which the job keeps its turn: jobs of one lane are
// done one after another, different lanes at the same time. Pages have lanes of
// their own, so that they wait for nothing.
func (j Job) Lane() string {
	if j.Together > 0 {
		return j.sharedLane()
	}
	lane := string(j.Kind)
	switch j.Kind {
	case JobPage:
		lane += ":" + string(j.Person) + ":" + j.Via
	case JobUpdate, JobTry:
		lane += ":" + string(j.Person) + ":" + j.Via
	case JobPoll:
		lane += ":" + j.Send
	case JobPageChannel:
		lane += ":" + j.Target
	case JobNotice, JobSwap, JobStray:
		lane += ":" + string(j.Person) + ":" + j.Target
	case JobPostmortem:
		lane = string(JobSay) // after the line that says it is resolved
	}
	return number(j.Incident) + "/" + lane
}

// sharedLane is the lane of a job about a message about several incidents, across
// these. What only waits for a time, or looks for copies, is beside it.
func (j Job) sharedLane() string {
	lane := string(j.Person) + ":" + strconv.Itoa(j.Together)
	switch j.Kind {
	case JobBell:
		return "bell:" + lane + ":" + strconv.FormatInt(j.NotBefore.UnixNano(), 10)
	case JobStray:
		return "stray:" + lane
	default:
		return "together:" + lane
	}
}

// Refreshes reports whether the job shows the newest state, so that the waiting
// ones of its lane are one. Two pages by the same way to the same person that
// could not leave are one page.
func (j Job) Refreshes() bool {
	switch j.Kind {
	case JobPage:
		return j.Together == 0 && j.Text == "" // words of a colleague must arrive
	case JobStray:
		return j.Together > 0
	case JobPageChannel, JobAsks, JobTogether, JobCard, JobPin, JobInvite, JobAnnounce, JobTopic, JobPurpose, JobUpdate, JobSwap, JobGroups:
		return true
	default:
		return false
	}
}

// PostsOnce reports whether the job makes a message or a file that must not
// stand twice.
func (j Job) PostsOnce() bool {
	switch j.Kind {
	case JobCard, JobAnnounce, JobSay, JobPostmortem, JobPostmortemFile, JobNotice, JobSwap:
		return true
	default:
		return false
	}
}

// NeedsChannel reports whether the job waits until the incident's channel
// stands.
func (j Job) NeedsChannel() bool {
	switch j.Kind {
	case JobCard, JobPin, JobInvite, JobTopic, JobPurpose, JobSay, JobPostmortem, JobPostmortemFile, JobAnnounce, JobAnswer:
		return true
	default:
		return false
	}
}

// DoesWithout reports whether the job is worth doing when there is no channel
// and will be none for a while.
func (j Job) DoesWithout() bool { return j.Kind == JobAnnounce || j.Kind == JobAnswer }

// void reports whether the job has lost its sense.
func (j Job) void(i incident.Incident, p Papers) bool {
	if j.isPage() {
		return !i.Status.Active() || j.Send != "" && j.Number <= p.TakenBack
	}
	return j.NeedsChannel() && !j.DoesWithout() && p.ChannelGivenUp
}

// isPage reports whether the job asks somebody for an answer.
func (j Job) isPage() bool { return j.Kind == JobPage || j.Kind == JobPageChannel }

// job commits a job with the transaction. One that refreshes what another job of
// the same transaction refreshes already is not needed.
func (w *work) job(j Job) error {
	j.Incident = w.inc.Number
	if j.Refreshes() && !j.isPage() && slices.ContainsFunc(w.jobs, func(other Job) bool {
		return other.Kind == j.Kind && other.Lane() == j.Lane() && other.Message == j.Message
	}) {
		return nil
	}
	w.papers.Jobs++
	j.V, j.Number, j.Created = 1, w.papers.Jobs, w.now
	if err := w.hold(&j); err != nil {
		return err
	}
	if err := storage.Save(w.tx, j.Key(), j); err != nil {
		return err
	}
	w.jobs = append(w.jobs, j)
	if j.Kind == JobAsks {
		return w.refreshTogether(true)
	}
	return nil
}

// JobsReady delivers a value when [Desk.Take] has something.
func (d *Desk) JobsReady() <-chan struct{} { return d.jobsReady }

// Take returns the jobs committed since the last call, in order. It is for the
// one outbox loop.
func (d *Desk) Take() []Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	jobs := d.fresh
	d.fresh = nil
	return jobs
}

// Unfinished returns the jobs that an earlier process left, in order, each
// marked doubtful. It must be called before any act.
func (d *Desk) Unfinished(ctx context.Context) ([]Job, error) {
	var jobs []Job
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("outbox/") {
			var j Job
			if err := json.Unmarshal(value, &j); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			j.Doubtful = true
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

// Words says in words what the job does, as in "could not …".
func (j Job) Words() string {
	switch j.Kind {
	case JobPage:
		_, id := j.Person.Split()
		return "page " + id + " by " + j.Via
	case JobPageChannel:
		return "page #" + j.Target
	case JobChannel:
		return "make the channel"
	case JobAnswer:
		return "answer the caller"
	case JobCard:
		return "post the summary"
	case JobPin:
		return "pin the summary"
	case JobInvite:
		return "invite people"
	case JobAnnounce:
		return "announce it"
	case JobPostmortem, JobPostmortemFile:
		return "post the post-mortem"
	case JobSay:
		return "tell the channel"
	default:
		return strings.ReplaceAll(string(j.Kind), "_", " ")
	}
}

func pageEvent(j Job, kind incident.Kind, text string) incident.Event {
	e := incident.Event{Kind: kind, Person: j.Person, Via: j.Via, Pass: j.Pass, Step: j.Step, Rule: j.Rule, Reason: j.Reason, Text: text}
	if j.Kind == JobPageChannel {
		e.Target, e.Via = "channel:"+j.Target, "slack"
	}
	return e
}
