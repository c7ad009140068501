package alerts

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// What would put right what is wrong with the records of alerts.
const (
	mendIndex = "It is only an index and would be written anew from the alerts."
	mendCount = "It would be counted anew from the alerts of the incident."
	mendLeft  = "It would be removed: nothing refers to it."
	mendLost  = "Nothing else has it: take it from a copy of the store."
	mendOwn   = "It would belong to no incident until its sender speaks of it again."
)

// Examine proves that the records of a store fit each other, see [desk.Examine], those of
// alerts among them: each is found where its sender looks for it, belongs to an incident
// that knows it, and is counted there; what a silence or a maintenance holds back is in
// its index, and its end is planned. rest is called now and then; it may take its time,
// and an error of it ends the examination. Nil: nothing is called.
func Examine(tx *storage.Tx, rest func() error) (desk.Examined, error) {
	if rest == nil {
		rest = func() error { return nil }
	}
	found, err := desk.Examine(tx, rest)
	if err != nil {
		return found, err
	}
	x := examination{Examined: &found, tx: tx, counts: map[int]*alertCount{}}
	for _, look := range []func(func() error) error{x.alerts, x.members, x.tallies, x.groups, x.quiets, x.beats} {
		if err := look(rest); err != nil {
			return found, err
		}
	}
	return found, tx.Err()
}

type examination struct {
	*desk.Examined
	tx     *storage.Tx
	counts map[int]*alertCount // of the alerts of each incident
	newest time.Time           // when an alert was seen last
}

// alertCount is how many alerts of an incident there are.
type alertCount struct{ firing, over int }

// alerts looks at each alert by itself, and counts them.
func (x *examination) alerts(rest func() error) error {
	for key, value := range x.tx.Scan("alert/") {
		if err := rest(); err != nil {
			return err
		}
		var r Alert
		if err := json.Unmarshal(value, &r); err != nil {
			x.Fault(key, mendLost, "It cannot be read: %v.", err)
			continue
		}
		if r.Sender == "" {
			continue // of a version that knew no senders; it is taken over when its sender speaks of it
		}
		if key != alertKey(r.Sender, r.ID) {
			x.Fault(key, mendLost, "Its sender would not find it: it is “%s” of %s.", r.ID, r.Sender)
			continue
		}
		x.alert(key, r)
	}
	return nil
}

func (x *examination) alert(key string, r Alert) {
	if r.Last.After(x.newest) {
		x.newest = r.Last
	}
	if r.Incident > 0 {
		x.belongs(key, r)
	}
	switch _, err := x.tx.Get(heldKey(r.HeldBy, r.Severity, key)); {
	case r.HeldBy == "":
	case errors.Is(err, storage.ErrNotFound):
		x.Fault(heldKey(r.HeldBy, r.Severity, key), mendIndex, "It is missing: %s holds back “%s” of %s.", r.HeldBy, r.ID, r.Sender)
	}
}

// belongs looks whether the incident of an alert knows it.
func (x *examination) belongs(key string, r Alert) {
	i, err := desk.IncidentIn(x.tx, r.Incident)
	if err != nil {
		x.Fault(key, mendOwn, "It belongs to %s, which there is not.", incident.Name(r.Incident))
		return
	}
	c := x.counts[r.Incident]
	if c == nil {
		c = &alertCount{}
		x.counts[r.Incident] = c
	}
	if r.Firing() {
		c.firing++
	} else {
		c.over++
	}
	if i.Alert == r.ID && string(i.DeclaredBy) == "alert:"+r.Sender {
		return // it has opened it, and is found by that
	}
	if _, err := x.tx.Get(memberKey(r.Incident, key)); errors.Is(err, storage.ErrNotFound) {
		x.Fault(memberKey(r.Incident, key), mendIndex, "It is missing: “%s” of %s belongs to %s.", r.ID, r.Sender, i.Name())
	}
}

// members looks whether the indexes lead to alerts that say the same.
func (x *examination) members(rest func() error) error {
	for key := range x.tx.Scan("member/") {
		if err := rest(); err != nil {
			return err
		}
		of, hash, _ := strings.Cut(strings.TrimPrefix(key, "member/"), "/")
		if r, ok, err := ledger.Load[Alert](x.tx, "alert/"+hash); err == nil && (!ok || r.Incident != ledger.LastNumber(of)) {
			x.Fault(key, mendIndex, "It is left over: no such alert belongs to %s.", incident.Name(ledger.LastNumber(of)))
		}
	}
	for key := range x.tx.Scan("held/") {
		if err := rest(); err != nil {
			return err
		}
		holder, hash, ok := cutHeld(key)
		if r, there, err := ledger.Load[Alert](x.tx, "alert/"+hash); err == nil && (!ok || !there || r.HeldBy != holder) {
			x.Fault(key, mendIndex, "It is left over: %s does not hold back that alert.", holder)
		}
	}
	return nil
}

// cutHeld takes a key of the index of what is held back apart.
func cutHeld(key string) (holder, hash string, ok bool) {
	rest := strings.TrimPrefix(key, "held/")
	at := strings.LastIndexByte(rest, '/')
	if at < 0 {
		return rest, "", false
	}
	_, hash, ok = strings.Cut(rest[at+1:], "-")
	return rest[:at], hash, ok
}

// tallies looks whether the counts are those of the alerts. Of an incident that is old
// alerts may be forgotten, see [Alert.forgotten]: then the count may be higher.
func (x *examination) tallies(rest func() error) error {
	seen := map[int]bool{}
	for key, value := range x.tx.Scan("alerts/") {
		if err := rest(); err != nil {
			return err
		}
		n := ledger.LastNumber(key)
		seen[n] = true
		i, err := desk.IncidentIn(x.tx, n)
		if err != nil {
			continue // which is found by the desk
		}
		var r tallyRecord
		if err := json.Unmarshal(value, &r); err != nil {
			x.Fault(key, mendCount, "It cannot be read: %v.", err)
			continue
		}
		c := x.counts[n]
		if c == nil {
			c = &alertCount{}
		}
		young := x.newest.Sub(i.Declared) < keepOver
		if young && (r.Firing != c.firing || r.Over != c.over) || r.Firing < c.firing || r.Firing+r.Over < c.firing+c.over {
			x.Fault(key, mendCount, "It says of the alerts of %s that as many fire: %d, and are over: %d. By the alerts it is %d and %d.", i.Name(), r.Firing, r.Over, c.firing, c.over)
		}
	}
	for _, n := range sortedNumbers(x.counts) {
		// Without a count nothing but the first alert has happened.
		if c := x.counts[n]; !seen[n] && c.firing+c.over > 1 {
			x.Fault(tallyKey(n), mendCount, "It is missing: %s belong to %s.", incident.Count(c.firing+c.over, "alert", "alerts"), incident.Name(n))
		}
	}
	return nil
}

func sortedNumbers(m map[int]*alertCount) []int {
	var list []int
	for n := range m {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// groups looks whether what further alerts join is there.
func (x *examination) groups(rest func() error) error {
	for key, value := range x.tx.Scan("alertgroup/") {
		if err := rest(); err != nil {
			return err
		}
		var r groupRecord
		if err := json.Unmarshal(value, &r); err != nil {
			x.Fault(key, mendLeft, "It cannot be read: %v.", err)
			continue
		}
		if _, err := desk.IncidentIn(x.tx, r.Incident); err != nil {
			x.Fault(key, mendLeft, "Alerts would join %s, which there is not.", incident.Name(r.Incident))
		}
	}
	return nil
}

// quiets looks whether silences and maintenances end.
func (x *examination) quiets(rest func() error) error {
	for _, kind := range []QuietKind{Silence, Maintenance} {
		for key, value := range x.tx.Scan(string(kind) + "/") {
			if err := rest(); err != nil {
				return err
			}
			var r quietRecord
			if err := json.Unmarshal(value, &r); err != nil {
				x.Fault(key, mendLost, "It cannot be read: %v.", err)
				continue
			}
			end := r.Until
			if !r.Done.IsZero() {
				end = r.Done.Add(keepQuiet)
			}
			x.WakesBy(x.tx, key, end, "Its end is due")
		}
	}
	return nil
}

// beats looks whether heartbeats are waited for.
func (x *examination) beats(rest func() error) error {
	for key, value := range x.tx.Scan("beat/") {
		if err := rest(); err != nil {
			return err
		}
		var r beatRecord
		if err := json.Unmarshal(value, &r); err != nil {
			x.Fault(key, mendLost, "It cannot be read: %v.", err)
			continue
		}
		if !r.missing() {
			x.WakesBy(x.tx, key, r.due(), "The heartbeat is waited for")
		}
	}
	return nil
}
