package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Query says which incidents are listed. Its zero value lists the open ones.
type Query struct {
	All        bool                // those that are over, too
	Statuses   []incident.Status   // in one of these, open or not; none: any
	Severities []incident.Severity // none: any
	Service    string              // by ID or name
	From, To   time.Time           // declared within [From, To); zero: any
	Search     string              // words that the name, the title and the service have, all of them, in any order
	Before     int                 // older than the incident with this number; 0: any
	Limit      int                 // at most so many; 0: all
}

// Find returns the incidents that viewer may see and q asks for, the newest first,
// and whether there are more than q's limit lets through. A service that neither
// the roster nor any incident knows is refused, since an empty list would look like
// good news.
func (d *Desk) Find(ctx context.Context, viewer incident.Actor, q Query) (list []incident.Incident, more bool, err error) {
	who := d.oncall.Current()
	known := q.Service == ""
	if id, ok := who.FindService(q.Service); ok {
		q.Service, known = id, true
	}
	words := strings.Fields(strings.ToLower(q.Search))
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for i, err := range newestFirst(tx, q) {
			if err != nil {
				return err
			}
			if !d.sees(i, viewer) {
				continue
			}
			known = known || strings.EqualFold(i.Service, q.Service)
			if !q.takes(i) || !has(who, i, words) {
				continue
			}
			if q.Limit > 0 && len(list) == q.Limit {
				more = true
				return nil
			}
			list = append(list, i)
		}
		return nil
	})
	if err == nil && !known {
		err = who.NoService(q.Service)
	}
	return list, more, err
}

// newestFirst reads the incidents among which q looks.
func newestFirst(tx *storage.Tx, q Query) func(yield func(incident.Incident, error) bool) {
	prefix := "incident/"
	if !q.All && len(q.Statuses) == 0 {
		prefix = "open/"
	}
	return func(yield func(incident.Incident, error) bool) {
		for key, value := range tx.ScanBack(prefix) {
			n := ledger.LastNumber(key)
			if q.Before > 0 && n >= q.Before {
				continue
			}
			var r incidentRecord
			var err error
			if prefix == "open/" {
				r.Incident, err = loadIncident(tx, n)
			} else if err = json.Unmarshal(value, &r); err != nil {
				err = fmt.Errorf("read %s: %v", key, err)
			}
			if !yield(r.Incident, err) {
				return
			}
		}
	}
}

// takes reports whether q asks for an incident, as far as its words do not matter.
func (q Query) takes(i incident.Incident) bool {
	return (len(q.Statuses) == 0 || slices.Contains(q.Statuses, i.Status)) &&
		(len(q.Severities) == 0 || slices.Contains(q.Severities, i.Severity)) &&
		(q.Service == "" || strings.EqualFold(i.Service, q.Service)) &&
		(q.From.IsZero() || !i.Declared.Before(q.From)) &&
		(q.To.IsZero() || i.Declared.Before(q.To))
}

// has reports whether every one of the words, in lower case, occurs in what an
// incident is called.
func has(who *oncall.Directory, i incident.Incident, words []string) bool {
	text := strings.ToLower(i.Name() + " " + i.Title + " " + i.Service + " " + who.ServiceName(i.Service))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}
