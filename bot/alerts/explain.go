package alerts

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Explained says what an alert means, where it goes and why.
type Explained struct {
	Key      string            `json:"key"`
	Status   alert.Status      `json:"status"`
	Title    string            `json:"title"`
	Text     string            `json:"text,omitempty"` // the sender's own summary
	Severity string            `json:"severity"`       // sev1 … sev4 or none, as it is taken
	Service  string            `json:"service"`
	Labels   map[string]string `json:"labels"`
	Links    []alert.Link      `json:"links"`
	Started  time.Time         `json:"started_at,omitzero"`
	Route    string            `json:"route"`
	Group    string            `json:"group"`
	Does     alert.Does        `json:"does"`
	Incident string            `json:"incident,omitempty"` // INC-N, to which it belongs or would
	Why      []string          `json:"why"`
}

// Explanation is what a body means.
type Explanation struct {
	Alerts  []Explained    `json:"alerts"`
	Changes []alert.Change `json:"changes,omitempty"`
	Notes   []string       `json:"notes,omitempty"` // on the whole of the body
}

// Preview says what a body means by a roster alone, without a store.
func Preview(roster *rotation.Roster, made alert.Quiet, k Key, b alert.Body, now time.Time) Explanation {
	x := Explanation{Notes: b.Notes, Changes: b.Changes, Alerts: []Explained{}}
	for _, in := range b.Alerts {
		s := subject(k, in)
		s.Now = now
		x.Alerts = append(x.Alerts, explained(in, alert.Route(roster, made, s)))
	}
	return x
}

func explained(in alert.Alert, v alert.Verdict) Explained {
	e := Explained{Key: in.Key, Status: in.Status, Title: in.Title, Text: in.Summary, Severity: v.Severity, Service: v.Service, Labels: map[string]string{},
		Links: in.Links, Started: in.Started, Route: v.Route, Group: groupWords(v.Route, v.Service, v.Group), Does: v.Does, Why: append(append([]string{}, in.Notes...), v.Why...)}
	for _, l := range in.Labels {
		e.Labels[l.Key] = l.Value
	}
	if e.Links == nil {
		e.Links = []alert.Link{}
	}
	return e
}

// groupWords names a group: its route, its service and its values.
func groupWords(route, service string, values []string) string {
	parts := []string{route, service}
	for _, value := range values {
		if value != service {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, " · ")
}

// Test says what would come of a body if it were posted now with a key. It stores
// nothing.
func (a *Alerts) Test(ctx context.Context, k Key, b alert.Body) (Explanation, error) {
	x := Preview(a.oncall.Current().Roster, a.quiet.Load().Quiet, k, b, ledger.Instant())
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		t := &taking{a: a, tx: tx, now: ledger.Instant(), who: a.oncall.Current(), quiet: a.quiet.Load(), key: k}
		for n, in := range b.Alerts {
			_, v, d, _, err := t.decide(alertKey(t.key.Name, in.Key), in)
			if err != nil {
				return err
			}
			e := &x.Alerts[n]
			if d.Incident > 0 && d.Step != alert.Nothing {
				e.Incident = t.visible(d.Incident)
			}
			e.Why = append(e.Why, outcome(v, d, e.Incident))
		}
		return nil
	})
	return x, err
}

// visible is the name of an incident that everybody may know.
func (t *taking) visible(n int) string {
	if i, err := t.a.desk.Whole(t.tx, n); err != nil || i.Private {
		return ""
	}
	return incident.Name(n)
}

// outcome says what would be done with an alert.
func outcome(v alert.Verdict, d alert.Decision, name string) string {
	name = cmp.Or(name, "its incident")
	asks := ""
	if d.Ask != "" {
		asks = " Somebody would be asked: " + strings.ToLower(d.Ask[:1]) + d.Ask[1:] + "."
	}
	switch d.Step {
	case alert.Open:
		if v.Does == alert.DoesPage {
			return "It would open an incident without a channel."
		}
		return "It would open an incident."
	case alert.Join:
		return "It would join " + name + "." + asks
	case alert.Again:
		return "It would open " + name + " again." + asks
	case alert.Repeat:
		return "It is known already, and would be counted as seen once more."
	case alert.End:
		if d.Offer {
			return "It would be over, and with it all alerts of " + name + ": it would be offered to resolve that."
		}
		return fmt.Sprintf("It would be over; of the alerts of %s, %d of %d would still fire.", name, d.Tally.Firing, d.Tally.Total())
	case alert.Ack:
		return "It would acknowledge " + name + "."
	case alert.AckOne:
		return "It would be noted in " + name + ", and people would still be asked: a worse alert fires there."
	case alert.Note:
		return "It would be a note in the timeline of " + name + "."
	default:
		if v.Does.Asks() {
			return "Nothing would follow from it."
		}
		return "Nobody would be asked."
	}
}

// Explain says of the alerts of an incident why they are there. A private incident
// exists only for those who may see it.
func (a *Alerts) Explain(ctx context.Context, viewer incident.Actor, n int) (Explanation, error) {
	if _, err := a.desk.Show(ctx, viewer, n); err != nil {
		return Explanation{}, err
	}
	v, err := a.Of(ctx, n)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Alerts: []Explained{}}
	for _, r := range v.Alerts {
		e := Explained{Key: r.ID, Status: r.Status, Title: r.Title, Text: r.Summary, Severity: r.Severity.String(), Service: r.Service, Labels: map[string]string{},
			Links: r.Links, Started: r.Started, Route: r.Route, Group: groupWords(r.Route, r.Service, r.Group), Does: r.Does,
			Incident: incident.Name(n), Why: append([]string{"It was sent with the key " + r.Sender + "."}, r.Why...)}
		for _, l := range r.Labels {
			e.Labels[l.Key] = l.Value
		}
		if e.Links == nil {
			e.Links = []alert.Link{}
		}
		x.Alerts = append(x.Alerts, e)
	}
	return x, nil
}
