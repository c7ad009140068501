package alerts

import (
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// Alert is what is kept of one alert: what its sender said last, and what became of
// it here.
type Alert struct {
	V int `json:"v"`
	alert.Known

	Sender   string         `json:"sender"` // the name of the integration key
	ID       string         `json:"id"`     // the sender's own key
	Source   string         `json:"source"` // the kind of sender
	Title    string         `json:"title"`
	Summary  string         `json:"summary,omitempty"`
	Severity alert.Severity `json:"severity"` // as it is taken
	Service  string         `json:"service,omitempty"`
	Labels   []alert.KV     `json:"labels,omitempty"`
	Details  []alert.KV     `json:"details,omitempty"`
	Links    []alert.Link   `json:"links,omitempty"`

	First time.Time `json:"first"` // when it was first seen
	Last  time.Time `json:"last"`  // when it was last seen, to the second

	Route string   `json:"route,omitempty"` // by which it went where it is
	Group []string `json:"group,omitempty"` // the values of what it is grouped by
	Why   []string `json:"why,omitempty"`   // sentences on how that came

	// HeldBy is the silence or the maintenance that holds it back, such as silence/s7,
	// as long as Held is set. Sent is what its sender said besides, to take it up then.
	HeldBy string `json:"held_by,omitempty"`
	Sent   *sent  `json:"sent,omitempty"`
}

// sent is what a sender says of an alert that its record does not keep otherwise,
// since what counts is what was made of it.
type sent struct {
	Service  string         `json:"service,omitempty"`
	Severity alert.Severity `json:"severity,omitempty"`
	Hints    []string       `json:"hints,omitempty"`
}

// again is an alert that is held back as if it came in now.
func (r Alert) again() alert.Alert {
	a := alert.Alert{Key: r.ID, Status: alert.Firing, Title: r.Title, Summary: r.Summary, Severity: r.Severity, Service: r.Service,
		Labels: r.Labels, Details: r.Details, Links: r.Links, Started: r.Started, Source: r.Source}
	if r.Sent != nil {
		a.Severity, a.Service, a.Hints = r.Sent.Severity, r.Sent.Service, r.Sent.Hints
	}
	return a
}

// tallyRecord is how the alerts of an incident stand. An incident has none as long as
// nothing but its first alert has happened, see [loadTally].
type tallyRecord struct {
	V int `json:"v"`
	alert.Tally

	// How many have joined in the present stretch of time, to know a storm.
	Stretch time.Time `json:"stretch,omitzero"`
	Joined  int       `json:"joined,omitempty"`
	Storm   time.Time `json:"storm,omitzero"` // until when it is one

	Said int `json:"said,omitempty"` // how many entries of the timeline tell of alerts that joined
}

// groupRecord is the episode that further alerts of a group join.
type groupRecord struct {
	V        int       `json:"v"`
	Incident int       `json:"incident"`
	First    time.Time `json:"first"`
	Until    time.Time `json:"until"`
}

// earlierRecord is what versions until November 2026 knew of an alert, by the hash of
// the sender's key alone.
type earlierRecord struct {
	V        int `json:"v"`
	Incident int `json:"incident"`
	Known    struct {
		Open  bool // always; it is not looked at
		Fired int
		Ended int // likewise not
		Over  bool
	} `json:"known"`
	Last time.Time      `json:"last"`
	Said alert.Severity `json:"said,omitempty"`
}

func alertKey(sender, id string) string { return "alert/" + ledger.Hash(sender+"\x00"+id) }
func earlierKey(id string) string       { return "alert/" + ledger.Hash(id) }
func tallyKey(n int) string             { return "alerts/" + ledger.Number(n) }
func memberPrefix(n int) string         { return "member/" + ledger.Number(n) + "/" }
func quietName(n int) string            { return "quiet/" + ledger.Number(n) }

func groupKey(v alert.Verdict) string { return "alertgroup/" + v.GroupKey() }

// memberKey is the index by which the alert at key is found from its incident.
func memberKey(n int, key string) string { return memberPrefix(n) + key[len("alert/"):] }

// loadTally returns how the alerts of an incident stand.
func loadTally(tx *storage.Tx, i incident.Incident) (tallyRecord, error) {
	r, ok, err := ledger.Load[tallyRecord](tx, tallyKey(i.Number))
	if err != nil || ok {
		return r, err
	}
	first, ok, err := loadFirst(tx, i)
	if err != nil || !ok {
		return tallyRecord{V: 1}, err
	}
	return tallyRecord{V: 1, Tally: alert.Counted(first.Known), Stretch: i.Declared, Joined: 1}, nil
}

// loadFirst returns the alert that opened an incident, which has no place in the index
// of its alerts; false where none did, or where it belongs to another one by now.
func loadFirst(tx *storage.Tx, i incident.Incident) (Alert, bool, error) {
	kind, sender := i.DeclaredBy.Split()
	if kind != "alert" || i.Alert == "" {
		return Alert{}, false, nil
	}
	r, ok, err := ledger.Load[Alert](tx, alertKey(sender, i.Alert))
	if err == nil && !ok { // its sender has not spoken of it since an earlier version
		var e earlierRecord
		e, ok, err = ledger.Load[earlierRecord](tx, earlierKey(i.Alert))
		r = e.taken()
	}
	return r, ok && r.Incident == i.Number, err
}

// load returns what is kept of an alert that comes in; the zero Alert where it was never
// seen. What an earlier version recorded of it is taken over.
func (a *Alerts) load(tx *storage.Tx, key string, in alert.Alert) (Alert, error) {
	if a.seen.may(key) {
		if r, ok, err := ledger.Load[Alert](tx, key); err != nil || ok {
			return r, err
		}
	}
	if !a.earlier.Load() {
		return Alert{}, nil
	}
	for _, id := range []string{in.Key, in.Label("group_key")} {
		if id == "" {
			continue
		}
		e, ok, err := ledger.Load[earlierRecord](tx, earlierKey(id))
		if err != nil {
			return Alert{}, err
		}
		if ok && e.V == 1 {
			return e.taken(), nil
		}
	}
	return Alert{}, nil
}

func (e earlierRecord) taken() Alert {
	k := alert.Known{Status: alert.Firing, Since: e.Last, Count: e.Known.Fired, Said: e.Said, Does: alert.DoesIncident, Incident: e.Incident}
	if e.Known.Over {
		k.Status = alert.Over
	}
	return Alert{Known: k, First: e.Last, Last: e.Last}
}
