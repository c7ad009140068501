package alerts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// QuietKind says what of alerts is held back.
type QuietKind string

// The kinds. The word is in the store, where it begins the keys.
const (
	Silence     QuietKind = "silence"     // the alerts that match
	Maintenance QuietKind = "maintenance" // those of a service
)

// MostQuiet is how long a silence or a maintenance lasts at most. What is longer is a
// change of the roster, which somebody reviews.
const MostQuiet = 30 * 24 * time.Hour

// Quiet is a silence or a maintenance. Alerts that it holds back ask nobody and open
// nothing; those that still fire at its end are taken as if they fired then.
type Quiet struct {
	Kind    QuietKind  `json:"kind"`
	ID      string     `json:"id"`                // s7, m3; of the roster's, r and letters that stay the same
	Roster  bool       `json:"roster,omitempty"`  // it is written in the roster, and ended only there
	Match   []alert.KV `json:"match,omitempty"`   // silence: the label, and the value or a regular expression between slashes
	Service string     `json:"service,omitempty"` // maintenance: its ID
	From    time.Time  `json:"from"`
	Until   time.Time  `json:"until"` // where it was ended early, that instant
	Reason  string     `json:"reason,omitempty"`

	By      incident.Actor   `json:"by,omitempty"` // of the roster's: nobody
	ByWord  string           `json:"by_word,omitempty"`
	Through incident.Through `json:"through,omitempty"`
	Made    time.Time        `json:"made"`
	EndedBy incident.Actor   `json:"ended_by,omitempty"` // who ended it early; the bot where the roster names it no more

	Held      int      `json:"held"`                // alerts that it has held back
	Fired     int      `json:"fired,omitempty"`     // of these, those that fired still at its end
	Incidents []int    `json:"incidents,omitempty"` // to which those belong then, some of them
	Services  []string `json:"services,omitempty"`  // silence: whose alerts it has held back, some of them
}

// State is how it stands at t: planned, in force or over.
func (q Quiet) State(t time.Time) string {
	switch {
	case !t.Before(q.Until):
		return "over"
	case t.Before(q.From):
		return "planned"
	default:
		return "in force"
	}
}

// What names what is held back: the service's ID, or {alertname: DiskFull}.
func (q Quiet) What() string {
	if q.Kind == Maintenance {
		return q.Service
	}
	s := rotation.Silence{Match: q.matchers()}
	return s.Matching()
}

func (q Quiet) key() string { return string(q.Kind) + "/" + q.ID }

// matchers are those of a silence. That they can be read was seen to when it was made.
func (q Quiet) matchers() []rotation.Matcher {
	list := make([]rotation.Matcher, 0, len(q.Match))
	for _, m := range q.Match {
		matcher, err := rotation.NewMatcher(m.Key, m.Value)
		if err != nil {
			return nil // then it matches nothing: better than everything
		}
		list = append(list, matcher)
	}
	return list
}

// quietRecord is what is kept of it.
type quietRecord struct {
	V int `json:"v"`
	Quiet
	Begun   bool           `json:"begun,omitempty"`
	Told    bool           `json:"told,omitempty"` // people hear of it, from its start on or from the first alert
	Done    time.Time      `json:"done,omitzero"`  // when everything that follows from its end was done
	Message ledger.Message `json:"message,omitzero"`
}

// counters count what was made, for the numbers in their IDs.
var counters = map[QuietKind]string{Silence: "silences", Maintenance: "maintenances"}

// quietNow is what holds alerts back now or later, besides the roster. It never changes.
type quietNow struct {
	alert.Quiet
	silences, maintenances []string // the keys of Silences and Maintenance
}

// loadQuiet reads everything that holds alerts back, those of the roster with it.
func loadQuiet(tx *storage.Tx) ([]quietRecord, error) {
	var list []quietRecord
	for _, kind := range []QuietKind{Silence, Maintenance} {
		for key, value := range tx.Scan(string(kind) + "/") {
			var r quietRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return nil, fmt.Errorf("read %s: %v", key, err)
			}
			list = append(list, r)
		}
	}
	return list, nil
}

// reloadQuiet takes what is in the store for what holds. Of two calls at a time the
// later one reads the later state.
func (a *Alerts) reloadQuiet(ctx context.Context) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	q := &quietNow{}
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		list, err := loadQuiet(tx)
		for _, r := range list {
			switch {
			case r.Roster || !r.Done.IsZero():
			case r.Kind == Silence:
				q.Silences = append(q.Silences, rotation.Silence{Match: r.matchers(), From: r.From, Until: r.Until, Reason: r.Reason, By: a.who(r.Quiet)})
				q.silences = append(q.silences, r.key())
			default:
				q.Maintenance = append(q.Maintenance, rotation.Maintenance{Service: r.Service, From: r.From, Until: r.Until, Reason: r.Reason, By: a.who(r.Quiet)})
				q.maintenances = append(q.maintenances, r.key())
			}
		}
		return err
	})
	if err == nil {
		a.quiet.Store(q)
	}
	return err
}

// who names who made it, in plain text; "" where nobody is named.
func (a *Alerts) who(q Quiet) string {
	if q.By == "" {
		return q.ByWord
	}
	return a.oncall.Current().DisplayName(q.By)
}

// changedQuiet has the transaction's change of what holds taken over once it is durable.
func (a *Alerts) changedQuiet(ctx context.Context, tx *ledger.Tx) {
	tx.After(func() {
		// A store that cannot be read any more ends the process, which reads it all anew.
		_ = a.reloadQuiet(context.WithoutCancel(ctx))
	})
}

func refuse(why, next string) error { return &incident.Refusal{Why: why, Next: next} }

// Silence makes a silence. The zero from is now.
func (a *Alerts) Silence(ctx context.Context, c desk.Caller, match []rotation.Matcher, from, until time.Time, reason string) (Quiet, error) {
	if len(match) == 0 {
		return Quiet{}, refuse("A silence that matches nothing would hold back nothing.", "Say which alerts, by their labels, as in alertname=DiskFull instance=db-7.")
	}
	q := Quiet{Kind: Silence, From: from, Until: until, Reason: reason}
	for _, m := range match {
		if _, err := rotation.NewMatcher(m.Label, m.Value); err != nil {
			return Quiet{}, refuse("The regular expression "+m.Value+" cannot be read: "+strings.TrimPrefix(err.Error(), "error parsing regexp: ")+".", "")
		}
		if strings.TrimSpace(m.Label) == "" {
			return Quiet{}, refuse("A label is missing before "+m.Value+".", "As in alertname=DiskFull.")
		}
		q.Match = append(q.Match, alert.KV{Key: m.Label, Value: m.Value})
	}
	return a.makeQuiet(ctx, c, q)
}

// Maintain begins the maintenance of a service, known by its ID or its name. The zero
// from is now.
func (a *Alerts) Maintain(ctx context.Context, c desk.Caller, service string, from, until time.Time, reason string) (Quiet, error) {
	roster := a.oncall.Current().Roster
	s, ok := roster.FindService(service)
	if !ok {
		var known []string
		for _, s := range roster.Services {
			known = append(known, s.ID)
		}
		next := "The services are: " + incident.FirstOf(known, 8) + "."
		if near := incident.Nearest(service, known); near != "" {
			next = "Did you mean " + near + "?"
		}
		if strings.TrimSpace(service) == "" {
			return Quiet{}, refuse("Say which service.", next)
		}
		return Quiet{}, refuse("There is no service "+service+".", next)
	}
	return a.makeQuiet(ctx, c, Quiet{Kind: Maintenance, Service: s.ID, From: from, Until: until, Reason: reason})
}

// timed refuses times that make no sense, at the instant now.
func (q *Quiet) timed(now time.Time) error {
	if q.From.IsZero() || q.From.Before(now) {
		q.From = now
	}
	word := incident.Capital(string(q.Kind))
	switch {
	case q.Until.IsZero():
		return refuse(word+" needs an end.", "Say for how long or until when, as in for 2h, or until 14:00. The most is 30 days.")
	case !q.Until.After(now):
		return &incident.Refusal{Why: "The end, {when}, is in the past.", Next: "Say for how long from now, as in for 2h.", When: q.Until}
	case !q.Until.After(q.From):
		return refuse("The end is not after the start.", "Say until when, as in until 14:00.")
	case q.Until.Sub(q.From) > MostQuiet:
		return refuse(word+" of more than 30 days is not taken.", "Make it shorter, or put a longer one into the roster.")
	}
	q.From, q.Until = q.From.UTC().Round(0), q.Until.UTC().Round(0)
	return nil
}

// reasonMost is how many characters of a reason are kept.
const reasonMost = 300

// twinsWithin is how long the same wish of the same person is the same silence: a double
// tap would make two, and ending the one leaves the other.
const twinsWithin = 10 * time.Second

func (a *Alerts) makeQuiet(ctx context.Context, c desk.Caller, q Quiet) (Quiet, error) {
	if err := a.desk.May(c, incident.DoWork); err != nil {
		return Quiet{}, err
	}
	err := a.ledger.Update(ctx, c.Request(time.Time{}), func(tx *ledger.Tx) error {
		n, seen, err := tx.Seen()
		if err != nil {
			return err
		}
		if seen { // the number of the silence stands where others have an incident's
			r, ok, err := ledger.Load[quietRecord](tx.Tx, string(q.Kind)+"/"+quietID(q.Kind, n))
			if err == nil && !ok {
				err = refuse("This was made already, and is over.", "")
			}
			q = r.Quiet
			return err
		}
		if err := q.timed(tx.Now); err != nil {
			return err
		}
		what := fmt.Sprintf("quiet/%s/%s/%q/%q", c.Actor, q.Kind, q.What(), q.Reason)
		if n, seen, err = tx.SeenAs(what, twinsWithin); err != nil {
			return err
		}
		if r, _, err := ledger.Load[quietRecord](tx.Tx, string(q.Kind)+"/"+quietID(q.Kind, n)); err != nil || seen && tx.Now.Before(r.Until) && r.Until.Sub(q.Until).Abs() <= twinsWithin {
			q = r.Quiet
			return err
		}
		last, err := tx.Count(counters[q.Kind])
		if err != nil {
			return err
		}
		q.ID = quietID(q.Kind, last+1)
		q.By, q.Through, q.Made = c.Actor, c.Through, tx.Now
		if runes := []rune(strings.TrimSpace(q.Reason)); len(runes) > reasonMost {
			q.Reason = string(runes[:reasonMost]) + "…"
		}
		a.changedQuiet(ctx, tx)
		return cmp.Or(tx.Save(q.key(), quietRecord{V: 1, Quiet: q}), tx.Wake(q.key(), q.From),
			tx.RememberAs(what, last+1), tx.Remember(last+1))
	})
	return q, err
}

func quietID(kind QuietKind, n int) string { return string(kind[0]) + strconv.Itoa(n) }

// EndQuiet ends a silence or a maintenance before its time, by its ID.
func (a *Alerts) EndQuiet(ctx context.Context, c desk.Caller, id string) (Quiet, error) {
	if err := a.desk.May(c, incident.DoWork); err != nil {
		return Quiet{}, err
	}
	id = strings.ToLower(strings.TrimSpace(id))
	var q Quiet
	err := a.ledger.Update(ctx, c.Request(time.Time{}), func(tx *ledger.Tx) error {
		r, err := findQuiet(tx.Tx, id)
		if err != nil {
			return err
		}
		_, seen, err := tx.Seen()
		if q = r.Quiet; err != nil || seen {
			return err
		}
		switch {
		case r.Roster:
			return refuse(strings.ToUpper(id[:1])+id[1:]+" is in the roster, which decides when it ends.", "Take it out there, and apply the roster.")
		case !tx.Now.Before(r.Until):
			return &incident.Refusal{Why: id + " is over since {when}.", When: r.Until}
		}
		r.Until, r.EndedBy = tx.Now, c.Actor
		q = r.Quiet
		a.changedQuiet(ctx, tx)
		return cmp.Or(tx.Save(r.key(), r), tx.Wake(r.key(), tx.Now), tx.Remember(0))
	})
	return q, err
}

// findQuiet returns the silence or the maintenance with an ID.
func findQuiet(tx *storage.Tx, id string) (quietRecord, error) {
	list, err := loadQuiet(tx)
	if err != nil {
		return quietRecord{}, err
	}
	var open []string
	for _, r := range list {
		if r.ID == id {
			return r, nil
		}
		if r.Done.IsZero() && !r.Roster {
			open = append(open, r.ID)
		}
	}
	next := "None is in force that could be ended."
	if len(open) > 0 {
		next = "There are: " + incident.FirstOf(open, 8) + "."
	}
	return quietRecord{}, refuse("There is no silence or maintenance "+strconv.Quote(id)+".", next)
}

// Quiets returns every silence and maintenance that is in force or to come, those of
// the roster with them, in the order in which they end; all adds those of the last 30
// days.
func (a *Alerts) Quiets(ctx context.Context, all bool) ([]Quiet, error) {
	now := ledger.Instant()
	var list []Quiet
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		records, err := loadQuiet(tx)
		for _, r := range records {
			if all || now.Before(r.Until) {
				list = append(list, r.Quiet)
			}
		}
		return err
	})
	slices.SortStableFunc(list, func(x, y Quiet) int { return x.Until.Compare(y.Until) })
	return list, err
}

// QuietOf returns what holds back alerts of a service now: its maintenance, and the
// silences that have held back one of its alerts.
func (a *Alerts) QuietOf(ctx context.Context, service string) ([]Quiet, error) {
	list, err := a.Quiets(ctx, false)
	now := ledger.Instant()
	return slices.DeleteFunc(list, func(q Quiet) bool {
		return now.Before(q.From) || service == "" || q.Service != service && !slices.Contains(q.Services, service)
	}), err
}

// QuietByKey returns the one that a job is about, with the message that shows it.
func (a *Alerts) QuietByKey(ctx context.Context, key string) (q Quiet, shown ledger.Message, err error) {
	err = a.ledger.View(ctx, func(tx *storage.Tx) error {
		r, _, err := ledger.Load[quietRecord](tx, key)
		q, shown = r.Quiet, r.Message
		return err
	})
	return q, shown, err
}

// QuietShown records where the message about one stands.
func (a *Alerts) QuietShown(ctx context.Context, key string, at ledger.Message) error {
	return a.ledger.Update(ctx, ledger.Request{}, func(tx *ledger.Tx) error {
		r, ok, err := ledger.Load[quietRecord](tx.Tx, key)
		if err != nil || !ok || r.Message == at {
			return err
		}
		r.Message = at
		return tx.Save(key, r)
	})
}

// Length reads how long something is to last, as people write it: 30m, 2h, 1h30m, 1d.
func Length(word string) (time.Duration, bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	days, rest, ok := strings.Cut(word, "d")
	if !ok {
		days, rest = "0", word
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 0 || n > 10_000 {
		return 0, false
	}
	length := time.Duration(n) * 24 * time.Hour
	if rest = strings.TrimSpace(rest); rest != "" {
		d, err := time.ParseDuration(strings.TrimSuffix(rest, "in")) // 90min
		if err != nil {
			return 0, false
		}
		length += d
	}
	return length, length > 0
}
