package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// The keys. Numbers have a fixed width and instants a fixed form, so that the
// order of keys is the order of things; an index is a key written in the same
// transaction as what it points to.
//
//	incident/000042                  incidentRecord
//	event/000042/000017              eventRecord
//	papers/000042                    Papers: what of it stands in Slack
//	ask/000042/D0123/1700000000.0001 Ask: a message with buttons, by where it is
//	page/000042                      pageRecord: its escalation
//	open/000042                      (index) it is active
//	channel/C0123                    (index) numberRecord: the incident of a channel
//	alert/HASH                       alertRecord: what is known of a dedup key
//	outbox/000042/000003             Job, until it is done
//	due/INSTANT/page/000042          (index) the escalation wants to be looked at
//	due/INSTANT/sweep                seen keys want to be forgotten
//	seen/HASH                        numberRecord: a request that was carried out
//	forget/INSTANT/HASH              (index) when that may be forgotten
//	window/PERSON/VIA                windowRecord: what leaves when by that way
//	way/PERSON/VIA/000042/000003     (index) a page by that way that has not left
//	gather/PERSON                    gatherRecord: how the person's pages in Slack are gathered
//	together/PERSON/000007           Together: a message in Slack about several incidents
//	due/INSTANT/weekly               whoever is on call is to be paged as a test
//	due/INSTANT/drill/000042         such a test is to end
//	tryout/ID                        tryoutRecord: a test of a person's ways
//	due/INSTANT/tryout/ID            it is not to be remembered any longer
//	grant/ID                         grantRecord: leave to acknowledge, given with a message
//	due/INSTANT/grant/ID             a grant is not to be remembered any longer
//	codes/PERSON                     codesRecord: the codes of a person's grants
//	secret/grants                    secretRecord: the key that signs grants
//	aside                            turnRecord: the number of the last job that concerns no incident
//	slack/gap                        gapRecord: since when Slack is not reachable
//	turn/POLICY/STEP                 turnRecord: round-robin counter
//	roster/current                   rosterRecord: which version holds
//	roster/000001/000                text of a version, in pieces
//	link/PERSON                      linkRecord: a person's Slack ID, found by mail address
const (
	wide    = 6
	dueForm = "2006-01-02T15:04:05.000000000Z"
)

func number(n int) string { return fmt.Sprintf("%0*d", wide, n) }

func incidentKey(n int) string   { return "incident/" + number(n) }
func eventPrefix(n int) string   { return "event/" + number(n) + "/" }
func eventKey(n, seq int) string { return eventPrefix(n) + number(seq) }
func papersKey(n int) string     { return "papers/" + number(n) }
func askPrefix(n int) string     { return "ask/" + number(n) + "/" }
func askKey(n int, m Message) string {
	return askPrefix(n) + m.Channel + "/" + m.TS
}
func pageKey(n int) string { return "page/" + number(n) }
func openKey(n int) string { return "open/" + number(n) }
func channelKey(id string) string {
	return "channel/" + id
}
func outboxKey(n, job int) string { return "outbox/" + number(n) + "/" + number(job) }
func alertKey(k string) string    { return "alert/" + hash(k) }
func seenKey(k string) string     { return "seen/" + hash(k) }
func dueKey(at time.Time, what string) string {
	return "due/" + at.UTC().Format(dueForm) + "/" + what
}
func forgetKey(at time.Time, k string) string {
	return "forget/" + at.UTC().Format(dueForm) + "/" + hash(k)
}

// hash makes a key of fixed length from text that others choose.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// lastNumber reads the number at the end of a key.
func lastNumber(key string) int {
	n, _ := strconv.Atoi(key[strings.LastIndexByte(key, '/')+1:])
	return n
}

type incidentRecord struct {
	V int `json:"v"`
	incident.Incident
}

type eventRecord struct {
	V int `json:"v"`
	incident.Event
}

type pageRecord struct {
	V    int             `json:"v"`
	Page escalation.Page `json:"page"`
	Due  time.Time       `json:"due,omitzero"` // the instant in its due key; zero when there is none
}

type numberRecord struct {
	V        int       `json:"v"`
	Incident int       `json:"incident"`
	At       time.Time `json:"at,omitzero"`
}

type turnRecord struct {
	V     int `json:"v"`
	Count int `json:"count"` // turns drawn so far
}

type linkRecord struct {
	V     int       `json:"v"`
	Slack string    `json:"slack"`
	Email string    `json:"email"` // by which it was found
	At    time.Time `json:"at"`
}

// Message names a Slack message by where it is and its ts.
type Message struct {
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
}

// Ask is a message that carries buttons as long as they are of use: a page, or a
// line in the channel that asks for something.
type Ask struct {
	V       int            `json:"v"`
	Message Message        `json:"message"`
	Person  incident.Actor `json:"person,omitempty"` // who was paged; empty for a channel
	Resort  bool           `json:"resort,omitempty"` // it was sent as the last resort
	Why     string         `json:"why,omitempty"`    // of a page by hand: who asks, and the words
	Seq     int            `json:"seq,omitempty"`    // of a line: the event that it tells

	// Together is the number of the person's message about several incidents of
	// which this is one place, see [Desk.Together]; 0: the message is about this one.
	Together int `json:"together,omitempty"`
}

// Papers are what of an incident stands in Slack, and where.
type Papers struct {
	V              int                `json:"v"`
	Channel        string             `json:"channel,omitempty"`
	ChannelError   string             `json:"channel_error,omitempty"`    // why there is no channel yet, in words
	ChannelGivenUp bool               `json:"channel_given_up,omitempty"` // and there will be none
	Drill          bool               `json:"drill,omitempty"`            // it is a weekly test, which gets none
	Card           Message            `json:"card,omitzero"`
	Announcement   Message            `json:"announcement,omitzero"`
	Pings          []Ping             `json:"pings,omitempty"`      // notifications that ask and were not told of an answer
	Invited        []string           `json:"invited,omitempty"`    // Slack users who are in the channel, or cannot be
	Jobs           int                `json:"jobs"`                 // the number of the last job
	TakenBack      int                `json:"taken_back,omitempty"` // pages of the ladder up to this job are void
	Trouble        map[JobKind]string `json:"trouble,omitempty"`    // what the timeline was told of jobs that fail, until they succeed
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

func loadPapers(tx *storage.Tx, n int) (Papers, error) {
	p, err := storage.Load[Papers](tx, papersKey(n))
	if errors.Is(err, storage.ErrNotFound) {
		return Papers{}, nil
	}
	return p, err
}

// savePapers stores the papers, if the act has changed them.
func (w *work) savePapers() error {
	if w.inc.Number == 0 || reflect.DeepEqual(w.papers, w.found) {
		return nil
	}
	w.papers.V = 1
	return storage.Save(w.tx, papersKey(w.inc.Number), w.papers)
}

// keepSeen is how long a request is recognised. Slack repeats an event for up
// to a day when it could not deliver it (Events API, delayed events).
const keepSeen = 26 * time.Hour

// seen reports whether a request with that key was carried out, and on which
// incident.
func (w *work) seen(key string) (int, bool, error) {
	if key == "" {
		return 0, false, nil
	}
	r, err := storage.Load[numberRecord](w.tx, seenKey(key))
	if errors.Is(err, storage.ErrNotFound) {
		return 0, false, nil
	}
	return r.Incident, err == nil, err
}

func (w *work) remember(key string) error {
	if key == "" {
		return nil
	}
	if err := storage.Save(w.tx, seenKey(key), numberRecord{V: 1, Incident: w.inc.Number, At: w.now}); err != nil {
		return err
	}
	return w.tx.Put(forgetKey(w.now.Add(keepSeen), key), nil)
}
