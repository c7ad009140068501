package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Query says which incidents are listed. Its zero value lists the open ones.
type Query struct {
	All        bool                // those that are over, too
	Statuses   []incident.Status   // in one of these, open or not; none: any
	Severities []incident.Severity // none: any
	Service    string              // by ID or name
	Concerns   incident.Actor      // who acted on it, is paged for it or was let into it; empty: anybody
	From, To   time.Time           // declared within [From, To); zero: any
	Search     string              // words that all occur in what an incident is called and about, or in its notes and decisions, in any order
	Before     int                 // older than the incident with this number; 0: any
	Limit      int                 // at most so many; 0: all
	Shown      bool                // somebody wanted to see them: of private ones that is in the audit
}

// Found is what a [Query] found.
type Found struct {
	Incidents []incident.Incident // the newest first
	More      bool                // there are older ones than the limit lets through
	Total     int                 // how many there are in all, whatever Before and Limit say
	Unread    []int               // whose notes could not be searched, since their archive files cannot be read
	Alike     []incident.Incident // where no incident has all the words: what is over and most like them, see [incident.Precedents]
}

// Find returns the incidents that viewer may see and q asks for, the newest first,
// and whether there are more than q's limit lets through. A service that neither
// the roster nor any incident knows is refused, since an empty list would look like
// good news.
func (d *Desk) Find(ctx context.Context, viewer incident.Actor, q Query) (list []incident.Incident, more bool, err error) {
	f, err := d.Search(ctx, viewer, q)
	return f.Incidents, f.More, err
}

// Search is [Desk.Find] with how many there are in all.
func (d *Desk) Search(ctx context.Context, viewer incident.Actor, q Query) (Found, error) {
	who := d.oncall.Current()
	known := q.Service == ""
	if id, ok := who.FindService(q.Service); ok {
		q.Service, known = id, true
	}
	l := looking{d: d, q: q, viewer: viewer, outsider: d.outsider(viewer), words: strings.Fields(strings.ToLower(q.Search)),
		services: map[string]string{}, known: known}
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		numbers, err := l.numbers(tx)
		if err != nil {
			return err
		}
		l.found = Found{Total: len(numbers), Unread: l.unread}
		for _, n := range numbers {
			if q.Before > 0 && n >= q.Before {
				continue
			}
			if q.Limit > 0 && len(l.found.Incidents) == q.Limit {
				l.found.More = true
				return nil
			}
			i, err := l.load(tx, n)
			if errors.Is(err, storage.ErrNotFound) || err == nil && !d.sees(i, viewer) {
				l.found.Total-- // the head is of a later instant than this transaction
				continue
			}
			if err != nil {
				return err
			}
			l.found.Incidents = append(l.found.Incidents, i)
		}
		if l.found.Total == 0 && q.All && len(l.words) > 0 {
			l.found.Alike, err = d.alikeWords(tx, viewer, q)
		}
		return err
	})
	if err == nil && !l.known {
		err = who.NoService(q.Service)
	}
	if err != nil {
		return Found{}, err
	}
	for _, i := range l.found.Incidents {
		if !q.Shown {
			break
		}
		if err := d.read(ctx, i, viewer); err != nil {
			return Found{}, err
		}
	}
	return l.found, nil
}

// looking is a query under way.
type looking struct {
	d        *Desk
	q        Query
	viewer   incident.Actor
	outsider bool
	words    []string
	services map[string]string // the names of services in lower case, by ID
	known    bool              // the service that is asked for exists
	loaded   map[int]incident.Incident
	unread   []int
	found    Found
}

// load reads an incident, unless it was read on the way.
func (l *looking) load(tx *storage.Tx, n int) (incident.Incident, error) {
	if i, ok := l.loaded[n]; ok {
		return i, nil
	}
	return loadIncident(tx, n)
}

// numbers returns those of the incidents that are asked for, the newest first.
func (l *looking) numbers(tx *storage.Tx) ([]int, error) {
	p := &l.d.past
	if !l.q.All && len(l.q.Statuses) == 0 && len(l.words) == 0 { // a few, which the index of the store names
		var open []head
		actors := map[incident.Actor]incident.Actor{}
		l.loaded = map[int]incident.Incident{}
		for i, err := range openIncidents(tx) {
			if err != nil {
				return nil, err
			}
			l.loaded[i.Number] = i
			open = append(open, headOf(i, actors))
		}
		return l.among(slices.All(open)), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.catchUp(tx); err != nil {
		return nil, err
	}
	if len(l.words) > 0 {
		if err := p.moreNotes(tx, len(p.heads)); err != nil {
			return nil, err
		}
		for _, n := range slices.Sorted(maps.Keys(p.unread)) {
			if h := &p.heads[n]; h.seenBy(l.d, l.viewer, l.outsider) && h.taken(l.q) {
				l.unread = append(l.unread, n)
			}
		}
	}
	return l.among(slices.Backward(p.heads)), nil
}

// openIncidents reads the open incidents, the newest first.
func openIncidents(tx *storage.Tx) func(yield func(incident.Incident, error) bool) {
	return func(yield func(incident.Incident, error) bool) {
		for key := range tx.ScanBack("open/") {
			if !yield(loadIncident(tx, ledger.LastNumber(key))) {
				return
			}
		}
	}
}

// everyIncident reads all incidents, the newest first.
func everyIncident(tx *storage.Tx) func(yield func(incident.Incident, error) bool) {
	return func(yield func(incident.Incident, error) bool) {
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			err := json.Unmarshal(value, &r)
			if err != nil {
				err = fmt.Errorf("read %s: %v", key, err)
			}
			if !yield(r.Incident, err) {
				return
			}
		}
	}
}

// among returns the numbers of the heads that are asked for, in their order.
func (l *looking) among(heads func(yield func(int, head) bool)) []int {
	var list []int
	for _, h := range heads {
		if h.number == 0 || !h.seenBy(l.d, l.viewer, l.outsider) {
			continue
		}
		l.known = l.known || strings.EqualFold(h.service, l.q.Service)
		if h.taken(l.q) && l.has(&h) {
			list = append(list, h.number)
		}
	}
	return list
}

// has reports whether every one of the words occurs in what an incident is called and
// about, in what was noted and decided in it, or in the name of its service.
func (l *looking) has(h *head) bool {
	for _, w := range l.words {
		if strings.Contains(h.text, w) || strings.Contains(h.notes, w) {
			continue
		}
		name, ok := l.services[h.service]
		if !ok {
			name = strings.ToLower(l.d.oncall.Current().ServiceName(h.service))
			l.services[h.service] = name
		}
		if !strings.Contains(name, w) {
			return false
		}
	}
	return true
}
