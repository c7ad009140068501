package desk

import (
	"errors"
	"reflect"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

func incidentKey(n int) string    { return "incident/" + ledger.Number(n) }
func eventPrefix(n int) string    { return "event/" + ledger.Number(n) + "/" }
func eventKey(n, seq int) string  { return eventPrefix(n) + ledger.Number(seq) }
func artifactsKey(n int) string   { return "papers/" + ledger.Number(n) }
func promptPrefix(n int) string   { return "ask/" + ledger.Number(n) + "/" }
func escalationKey(n int) string  { return "page/" + ledger.Number(n) }
func openKey(n int) string        { return "open/" + ledger.Number(n) }
func partPrefix(n int) string     { return "part/" + ledger.Number(n) + "/" }
func channelKey(id string) string { return "channel/" + id }
func escalationName(n int) string { return "escalation/" + ledger.Number(n) }

func promptKey(n int, m ledger.Message) string {
	return promptPrefix(n) + m.Channel + "/" + m.TS
}

type incidentRecord struct {
	V int `json:"v"`
	incident.Incident
}

type eventRecord struct {
	V int `json:"v"`
	incident.Event
}

type escalationRecord struct {
	V    int                   `json:"v"`
	Page escalation.Escalation `json:"page"`
	Kept time.Time             `json:"kept,omitzero"` // when it was planned what is due next
}

type numberRecord struct {
	V        int       `json:"v"`
	Incident int       `json:"incident"`
	At       time.Time `json:"at,omitzero"`
}

// Prompt is a message that carries buttons as long as they are of use: a page, or a
// line in the channel that asks for something.
type Prompt struct {
	V       int            `json:"v"`
	Message ledger.Message `json:"message"`
	Person  incident.Actor `json:"person,omitempty"` // who was paged; empty for a channel
	Resort  bool           `json:"resort,omitempty"` // it was sent as the last resort
	Why     string         `json:"why,omitempty"`    // of a page by hand: who prompts, and the words
	Seq     int            `json:"seq,omitempty"`    // of a line: the event that it tells
	Job     int            `json:"job,omitempty"`    // the number of the job that wrote it; 0: not known

	// Digest is the number of the person's message about several incidents of
	// which this is one place, see [Desk.Digest]; 0: the message is about this one.
	Digest int `json:"together,omitempty"`
}

// Artifacts are what of an incident stands in Slack, and where.
type Artifacts struct {
	V              int                    `json:"v"`
	Channel        string                 `json:"channel,omitempty"`
	ChannelError   string                 `json:"channel_error,omitempty"`    // why there is no channel yet, in words
	ChannelGivenUp bool                   `json:"channel_given_up,omitempty"` // and there will be none
	Drill          bool                   `json:"drill,omitempty"`            // it is a weekly test, which gets none
	Card           ledger.Message         `json:"card,omitzero"`
	Announcement   ledger.Message         `json:"announcement,omitzero"`
	Alerts         ledger.Message         `json:"alerts,omitzero"`        // about all its alerts
	Notes          []NotePage             `json:"notes,omitempty"`        // about what was noted, the newest last
	Relief         ledger.Message         `json:"relief,omitzero"`        // about what a mitigation has changed and left
	PastReliefs    []ledger.Message       `json:"past_reliefs,omitempty"` // about earlier mitigations, which say that they are
	Postmortem     ledger.Message         `json:"postmortem,omitzero"`    // the latest draft of the post-mortem
	Canvas         string                 `json:"canvas,omitempty"`       // that of the channel, where the bot has made it
	Pings          []Ping                 `json:"pings,omitempty"`        // notifications on screens, which are told how it goes on
	Invited        []string               `json:"invited,omitempty"`      // Slack users who are in the channel, or cannot be
	Present        []string               `json:"present,omitempty"`      // Slack users who came into the channel, and are there as far as Slack has told
	Jobs           int                    `json:"jobs"`                   // the number of the last job
	Settled        int                    `json:"settled,omitempty"`      // how often a copy of the store had been put to work when that job was given its number
	TakenBack      int                    `json:"taken_back,omitempty"`   // notifications of the escalation up to this job are void
	Moved          []Moved                `json:"moved,omitempty"`        // to other services, the latest last
	Told           int                    `json:"told,omitempty"`         // the channel was late, and is told with one message what happened up to this event
	Late           []Span                 `json:"late,omitempty"`         // lines that could not be said for long: each is told with one message
	Trouble        map[ledger.Kind]string `json:"trouble,omitempty"`      // what the timeline was told of jobs that fail, until they succeed
}

// Span is a run of events, from the number of the first to that of the last.
type Span struct {
	From int `json:"from"`
	Upto int `json:"upto"`
}

// NotePage is one message about what was noted: a full one is followed by another.
type NotePage struct {
	Message ledger.Message `json:"message"`
	From    int            `json:"from"`            // the number of the first event that belongs on it
	Shown   string         `json:"shown,omitempty"` // what it shows, as a hash
}

func loadIncident(tx *storage.Tx, n int) (incident.Incident, error) {
	r, err := storage.Load[incidentRecord](tx, incidentKey(n))
	return r.Incident, err
}

func saveIncident(tx *storage.Tx, i incident.Incident) error {
	return storage.Save(tx, incidentKey(i.Number), incidentRecord{V: 1, Incident: i})
}

func saveEvent(tx *storage.Tx, n int, e incident.Event) error {
	return storage.Save(tx, eventKey(n, e.Seq), eventRecord{V: 1, Event: e})
}

func loadArtifacts(tx *storage.Tx, n int) (Artifacts, error) {
	p, err := storage.Load[Artifacts](tx, artifactsKey(n))
	if errors.Is(err, storage.ErrNotFound) {
		return Artifacts{}, nil
	}
	return p, err
}

// saveArtifacts ends an act: what is due is worked out anew, and the artifacts are
// stored, if the act has changed them.
func (w *work) saveArtifacts() error {
	if err := w.reckon(); err != nil {
		return err
	}
	if w.inc.Number == 0 || reflect.DeepEqual(w.artifacts, w.found) {
		return nil
	}
	w.artifacts.V = 1
	return w.Save(artifactsKey(w.inc.Number), w.artifacts)
}
