package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Fault is something in a store that no version of the program leaves there.
type Fault struct {
	Key  string `json:"key"`  // of the record that is wrong, or is missing
	What string `json:"what"` // what is wrong with it
	Mend string `json:"mend"` // what would put it right
}

// Examined is what was looked at, and what is wrong with it.
type Examined struct {
	Records   int     `json:"records"`
	Incidents int     `json:"incidents"`
	Events    int     `json:"events"`
	Archived  int     `json:"archived,omitempty"` // of the incidents: what they have lies in archive files
	Faults    []Fault `json:"faults"`
	More      int     `json:"more,omitempty"` // faults beyond those listed

	unreadable map[string]int // which of the faults says so, by key
}

// faultsMost is how many faults are listed: a store that has more has the same one over
// and over.
const faultsMost = 1000

// What would put right what.
const (
	mendIndex = "It is only an index and would be written anew from the incident."
	mendState = "The timeline is the truth: the state would be computed from it anew."
	mendWake  = "It would be planned anew for when it is due."
	mendLost  = "Nothing else has it: take it from a copy of the store."
	mendAlien = "It would be left alone: a newer version may have written it."
	mendFile  = "Put the file there from a copy: the store has nothing else of it."
	mendDead  = "It would be removed: nothing refers to it."
)

// Examine proves that the records of a store fit each other: every timeline is numbered
// without gaps and makes the state that stands beside it, every index says what the
// incidents say, what is due is planned, and what was published is what it was. It reads
// one incident at a time. rest is called between two; it may take its time, and an error
// of it ends the examination. The alerts' own records are looked at by bot/alerts, which
// knows what they mean.
func Examine(tx *storage.Tx, rest func() error) (Examined, error) {
	x := examination{tx: tx, incidents: map[int]bool{}}
	x.Faults = []Fault{}
	for key := range tx.Scan("incident/") {
		x.incidents[ledger.LastNumber(key)] = true
	}
	if err := x.records(rest); err != nil {
		return x.Examined, err
	}
	for _, n := range slices.Sorted(maps.Keys(x.incidents)) {
		x.incident(n)
		if err := rest(); err != nil {
			return x.Examined, err
		}
	}
	return x.Examined, tx.Err()
}

// IncidentIn returns incident n as it is in a store, for those who examine one.
func IncidentIn(tx *storage.Tx, n int) (incident.Incident, error) { return loadIncident(tx, n) }

type examination struct {
	Examined
	tx        *storage.Tx
	incidents map[int]bool
}

// Fault adds what is wrong with the record of a key, in a sentence, and what would put it
// right. Of a record that was no JSON it is known already: what puts it right is told by who
// knows what it is.
func (x *Examined) Fault(key, mend, what string, args ...any) {
	if k, known := x.unreadable[key]; known {
		x.Faults[k].Mend = mend
		return
	}
	if len(x.Faults) == faultsMost {
		x.More++
		return
	}
	x.Faults = append(x.Faults, Fault{Key: key, What: fmt.Sprintf(what, args...), Mend: mend})
}

// unread adds that a record is no JSON.
func (x *Examined) unread(key string) {
	x.Fault(key, mendLost, "It is no JSON.")
	if x.More > 0 {
		return
	}
	if x.unreadable == nil {
		x.unreadable = map[string]int{}
	}
	x.unreadable[key] = len(x.Faults) - 1
}

// saysUnread reports whether a record under a prefix was said to be no JSON.
func (x *Examined) saysUnread(prefix string) bool {
	for key := range x.unreadable {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// records looks at every record by itself.
func (x *examination) records(rest func() error) error {
	for key, value := range x.tx.Scan("") {
		if err := rest(); err != nil {
			return err
		}
		x.Records++
		f, ok := ledger.FamilyOf(key)
		if !ok {
			x.Fault(key, mendAlien, "No record of this version is called so.")
			continue
		}
		plain := strings.Contains(f.Holds, "not JSON") || strings.HasPrefix(f.Holds, "nothing") || f.Key == "due/INSTANT/NAME" // which had no value
		if !plain && !json.Valid(value) {
			x.unread(key)
			continue
		}
		if n := incidentOf(f, key); n > 0 && !x.incidents[n] {
			x.Fault(key, mendDead, "There is no %s.", incident.Name(n))
		}
	}
	return nil
}

// incidentOf returns the incident that a record of a family belongs to; 0: none, as a job
// that concerns none.
func incidentOf(f ledger.Family, key string) int {
	pattern := strings.Split(f.Key, "/")
	if len(pattern) < 2 || pattern[1] != "N" || pattern[0] == "incident" {
		return 0
	}
	return ledger.LastNumber(strings.Split(key, "/")[1])
}

// incident looks at everything that one incident has.
func (x *examination) incident(n int) {
	x.Incidents++
	i, err := loadIncident(x.tx, n)
	if err != nil {
		x.Fault(incidentKey(n), mendState, "It cannot be read: %v.", err)
		return
	}
	if x.archived(n) {
		if !x.timeline(i, n) {
			return
		}
		x.published(i)
	}
	x.indexes(i)
	x.planned(i)
}

// archived looks where the timeline of an incident lies, and reports whether it is to be
// read: in an archive file that is not to be looked at, or cannot be read, it is not.
func (x *examination) archived(n int) (read bool) {
	m, is, err := ledger.Load[archivedRecord](x.tx, archivedKey(n))
	switch {
	case err != nil:
		x.Fault(archivedKey(n), mendLost, "It cannot be read: %v.", err)
		return false
	case !is:
		return true
	}
	x.Archived++
	switch err := x.tx.Reachable(eventPrefix(n)); {
	case errors.Is(err, storage.ErrUnread):
		return false
	case err != nil:
		x.Fault(archivedKey(n), mendFile, "%v", err)
		return false
	}
	var records []storage.Change
	for _, family := range ledger.Archived {
		for key, value := range x.tx.Scan(family + ledger.Number(n) + "/") {
			records = append(records, storage.Change{Key: key, Value: value})
		}
	}
	if len(records) == m.Records && sumOf(records) != m.Sum { // it may have more since
		x.Fault(archivedKey(n), mendFile, "What lies in %s is not what was put there.", m.File)
		return false
	}
	return true
}

// timeline reports whether the events make the state.
func (x *examination) timeline(i incident.Incident, n int) bool {
	events, err := timeline(x.tx, n)
	if err != nil {
		if !x.saysUnread(eventPrefix(n)) {
			x.Fault(eventPrefix(n), mendLost, "An event cannot be read: %v.", err)
		}
		return false
	}
	x.Events += len(events)
	for k, e := range events {
		if e.Seq != k+1 {
			x.Fault(eventKey(n, k+1), mendLost, "The event is missing: %d comes after %d.", e.Seq, k)
			return false
		}
	}
	switch has := incident.Count(len(events), "entry", "entries"); {
	case len(events) < i.Events:
		x.Fault(eventKey(n, len(events)+1), mendLost, "The end of the timeline is missing: it has %s, and the state was made from %d.", has, i.Events)
		return false
	case len(events) > i.Events:
		x.Fault(incidentKey(n), mendState, "The timeline has %s, and the state was made from %d.", has, i.Events)
		return false
	}
	folded, err := incident.Fold(n, events)
	if err != nil {
		x.Fault(eventPrefix(n), mendLost, "The timeline makes no incident: %v.", err)
		return false
	}
	if differ := differing(folded, i); len(differ) > 0 {
		x.Fault(incidentKey(n), mendState, "It is not what its timeline says: %s.", strings.Join(differ, ", "))
		return false
	}
	return true
}

// differing names the fields in which two records differ, as they are stored.
func differing(a, b any) []string {
	fields := func(v any) (m map[string]any) {
		b, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil {
			panic(err) // both came out of the store as JSON
		}
		return m
	}
	fa, fb := fields(a), fields(b)
	var list []string
	for name := range fa {
		if !reflect.DeepEqual(fa[name], fb[name]) {
			list = append(list, name)
		}
	}
	for name := range fb {
		if _, ok := fa[name]; !ok {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// indexes looks whether the incident is found where it belongs, and nowhere else.
func (x *examination) indexes(i incident.Incident) {
	x.stands(openKey(i.Number), i.Status.Active(), "is open")
	if i.Channel != "" {
		r, err := storage.Load[numberRecord](x.tx, channelKey(i.Channel))
		if err != nil || r.Incident != i.Number && !x.incidents[r.Incident] {
			x.Fault(channelKey(i.Channel), mendIndex, "It does not lead to %s.", i.Name())
		}
	}
	if i.MergedInto > 0 {
		x.stands(partPrefix(i.MergedInto)+ledger.Number(i.Number), true, "is a part of "+incident.Name(i.MergedInto))
	}
	for key := range x.tx.Scan(partPrefix(i.Number)) {
		part, err := loadIncident(x.tx, ledger.LastNumber(key))
		if err != nil || part.MergedInto != i.Number {
			x.Fault(key, mendIndex, "That is no part of %s.", i.Name())
		}
	}
	for k, f := range i.FollowUps {
		if !f.Open() {
			x.stands(followUpKey(i.Number, k+1), false, "is done, or decided against")
		}
	}
	if !i.Status.Active() {
		x.stands(promiseKey(i.Number), false, "is over")
	}
}

// stands looks whether a key is there just when something holds.
func (x *examination) stands(key string, holds bool, what string) {
	_, err := x.tx.Get(key)
	switch {
	case errors.Is(err, storage.ErrNotFound) && holds:
		x.Fault(key, mendIndex, "It is missing: the incident %s.", what)
	case err == nil && !holds && !strings.HasPrefix(key, "open/"):
		x.Fault(key, mendIndex, "It is left over: what it stands for %s.", what)
	case err == nil && !holds:
		x.Fault(key, mendIndex, "It is left over: the incident is not open.")
	}
}

// planned looks whether what is due will be looked at.
func (x *examination) planned(i incident.Incident) {
	if r, err := storage.Load[escalationRecord](x.tx, escalationKey(i.Number)); err == nil && i.Status.Active() {
		if at, ok := r.Page.Due(); ok {
			x.WakesBy(x.tx, escalationName(i.Number), at, "The escalation of "+i.Name()+" goes on")
		}
	} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
		x.Fault(escalationKey(i.Number), mendLost, "It cannot be read: %v.", err)
	}
	x.promised(i)
	for k, f := range i.FollowUps {
		r, err := storage.Load[followUpRecord](x.tx, followUpKey(i.Number, k+1))
		if err != nil || !f.Open() {
			continue
		}
		if r.For != "" && !r.Due.IsZero() {
			names := []string{morningName + r.For}
			for _, before := range morningNamesBefore {
				names = append(names, before+r.For)
			}
			x.wakes(fmt.Sprintf("%s-F%d is to be reminded of", i.Name(), k+1), names...)
		}
	}
}

// promised looks whether it is noticed when a promise is missed, and when an offer lapses.
func (x *examination) promised(i incident.Incident) {
	r, err := storage.Load[promiseRecord](x.tx, promiseKey(i.Number))
	if err != nil || !i.Status.Active() {
		return
	}
	if next, ok := r.Promises.Next(); ok {
		x.WakesBy(x.tx, promiseKey(i.Number), next.Due, "What is promised of "+i.Name()+" is due")
	}
	if i.Offer.Open() {
		x.WakesBy(x.tx, promiseKey(i.Number), i.Offer.Until, "The offer of command of "+i.Name()+" ends")
	}
}

// WakesBy adds a fault unless the wake-up of a name comes at that instant at the latest. What
// is due then begins the sentence: "Its end is due".
func (x *Examined) WakesBy(tx *storage.Tx, name string, at time.Time, what string) {
	const minute = "2006-01-02 15:04 UTC"
	switch due, planned, err := ledger.DueIn(tx, name); {
	case err != nil || !planned:
		x.Fault("wake/"+name, mendWake, "%s at %s, and nothing looks at it then.", what, at.UTC().Format(minute))
	case due.After(at):
		x.Fault("wake/"+name, mendWake, "%s at %s, and nothing looks at it before %s.", what, at.UTC().Format(minute), due.UTC().Format(minute))
	}
}

// wakes looks whether one of the names is woken.
func (x *examination) wakes(why string, names ...string) {
	for _, name := range names {
		if _, planned, err := ledger.DueIn(x.tx, name); err == nil && planned {
			return
		}
	}
	x.Fault("wake/"+names[0], mendWake, "%s, and nothing looks at it then.", why)
}

// published looks whether each version of the post-mortem is the one that was published.
func (x *examination) published(i incident.Incident) {
	for version := range i.Postmortem.Version {
		key := documentKey(i.Number, version+1)
		f, err := loadFrozen(x.tx, i.Number, version+1)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			x.Fault(key, mendLost, "It was published, and is missing.")
		case err != nil:
			x.Fault(key, mendLost, "It cannot be shown: %v.", err)
		case version+1 == i.Postmortem.Version && f.Sum != i.Postmortem.Sum:
			x.Fault(key, mendLost, "It is not the text that the timeline says was published.")
		}
	}
}
