package rotation

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// Alerts is what the roster says about the alerts that come in: whose they are, how
// bad they are, what they do, which belong together. It holds what is written, and a
// zero value is something that is not; [Roster.AlertRules] fills in what holds then.
type Alerts struct {
	Keys        map[string]AlertKey // by the name of the integration key
	Routes      []AlertRoute        // the first match wins
	Mappings    map[string]Mapping  // by the NAME of POST /v1/webhook/NAME
	Group       AlertGroup
	Channel     string // sev1 … sev4: an alert that is this bad or worse opens a channel; default sev3
	Over        AlertOver
	Again       AlertAgain
	Storm       AlertStorm
	Silences    []Silence
	Maintenance []Maintenance
}

// AlertKey is what holds for the alerts of one integration key where they do not say
// it themselves.
type AlertKey struct {
	Service  string // service ID; may be empty
	Severity string // sev1 … sev4 or none; may be empty
}

// What an alert can do: the words of `does`.
const (
	DoesIncident   = "incident"   // a channel, a page, everything
	DoesPage       = "page"       // a page and a line in the announcement channel
	DoesCount      = "count"      // seen in reports and in the service's page only
	DoesHeartbeat  = "heartbeat"  // its arrival is a sign of life; that it stays away pages
	DoesSuppressed = "suppressed" // counted and listed, nobody is asked
)

// AlertRoute says what the alerts are that match. What it leaves empty is as it would
// be without it.
type AlertRoute struct {
	Match    []Matcher // all must match, in the order of the file; none matches every alert
	Does     string    // one of DoesIncident …; empty: as the severity has it
	Service  string    // service ID
	Severity string    // sev1 … sev4 or none
	By       []string  // labels that its alerts are grouped by, in the place of AlertGroup.By

	// Name, Grace and Every are of a route that does heartbeat, see [Heartbeat].
	Name         string
	Grace, Every time.Duration
}

// Matching is what the route matches, as the roster writes it: {namespace: /shop-.*/}.
// It names a route to people and in records, since its number changes with those
// above it.
func (r *AlertRoute) Matching() string { return matchText(r.Match) }

// Mapping reads the bodies of one sender of any JSON. Each field but the lists of
// words is a template of package text/template over the body, see [ParseTemplate]; an
// empty one is not said.
type Mapping struct {
	Title, Key, Status string
	Over, Acknowledged []string // words of Status
	Severity, Service  string
	Text, Started      string
	Labels             map[string]string // by the name of the label
	Links              []MappingLink
}

// MappingLink is a link with the words for it, both templates.
type MappingLink struct{ URL, Text string }

// AlertGroup says which alerts of one route and one service are one incident.
type AlertGroup struct {
	By     []string      // labels whose values must be equal; default service
	Window time.Duration // each new alert keeps the group open for as long; default 15m
	Most   time.Duration // but no longer than this after the first; default 24h
}

// What happens when all alerts of an incident are over: the words of `over`.
const (
	OverPropose = "propose" // it is offered to resolve the incident
	OverResolve = "resolve" // the incident is resolved
)

// AlertOver is what happens when all alerts of an incident are over.
type AlertOver struct {
	Action string        // OverPropose or OverResolve; default propose
	After  time.Duration // of quiet; 0 is at once
}

// AlertAgain is about an alert that fires again after its incident was resolved.
type AlertAgain struct {
	ReopenWithin time.Duration // within it the same incident is reopened, later a new one opens; default 30m
}

// AlertStorm says from when on a group's new alerts are told as digests, not line by
// line: At of them In that time. Default 20 in 1m.
type AlertStorm struct {
	At int
	In time.Duration
}

// Silence keeps the alerts that match from asking anybody, from one instant until
// another, the latter no longer included.
type Silence struct {
	Match       []Matcher // all must match; never empty
	From, Until time.Time
	Reason, By  string // for people; may be empty
}

// Matching is what the silence matches, as the roster writes it.
func (s *Silence) Matching() string { return matchText(s.Match) }

// Holds reports whether the silence is in force at t.
func (s *Silence) Holds(t time.Time) bool { return !t.Before(s.From) && t.Before(s.Until) }

// Maintenance keeps the alerts of a service from asking anybody, from one instant
// until another, the latter no longer included.
type Maintenance struct {
	Service     string
	From, Until time.Time
	Reason, By  string // for people; may be empty
}

// Holds reports whether the maintenance is going on at t.
func (m *Maintenance) Holds(t time.Time) bool { return !t.Before(m.From) && t.Before(m.Until) }

// Heartbeat is a sign of life that must come. When it stays away for Every and Grace
// together, the service's people are asked.
type Heartbeat struct {
	Name     string
	Every    time.Duration // how often it comes
	Grace    time.Duration // how late it may be
	Service  string        // service ID; empty is the default service
	Severity string        // sev1 … sev4; default sev2
}

// Matcher is one condition on an alert: a label and the value that it must have. A
// value between slashes is a regular expression (RE2) that must match the whole of the
// label's. Make one with [NewMatcher]; a literal works too and compiles its expression
// at every call.
type Matcher struct {
	Label, Value string

	expression *regexp.Regexp
}

// NewMatcher returns the matcher of a label and a value. The error is that of the
// regular expression between the value's slashes.
func NewMatcher(label, value string) (Matcher, error) {
	m := Matcher{Label: label, Value: value}
	pattern, ok := expressionOf(value)
	if !ok {
		return m, nil
	}
	// By itself first: a)|(b is balanced only within the anchors.
	if _, err := regexp.Compile(pattern); err != nil {
		return m, err
	}
	var err error
	m.expression, err = regexp.Compile(`\A(?:` + pattern + `)\z`)
	return m, err
}

// expressionOf is what stands between the slashes of a value.
func expressionOf(value string) (string, bool) {
	if len(value) < 2 || value[0] != '/' || value[len(value)-1] != '/' {
		return "", false
	}
	return value[1 : len(value)-1], true
}

// Matches reports whether a label's value is the one meant. That a label is missing is
// the empty value. An expression that cannot be read matches nothing.
func (m Matcher) Matches(value string) bool {
	if m.expression != nil {
		return m.expression.MatchString(value)
	}
	if _, ok := expressionOf(m.Value); !ok {
		return m.Value == value
	}
	compiled, err := NewMatcher(m.Label, m.Value)
	return err == nil && compiled.expression.MatchString(value)
}

// String returns the matcher as the roster writes it: namespace: /shop-.*/.
func (m Matcher) String() string {
	value := m.Value
	if _, ok := expressionOf(value); !ok || !plainExpression.MatchString(value) {
		value = scalar(value)
	}
	return scalar(m.Label) + ": " + value
}

// plainExpression is an expression that needs no quotes, wherever it stands.
var plainExpression = pattern.New(`^/[A-Za-z0-9_.*+|()^$\\-]*/$`)

func matchText(match []Matcher) string {
	list := make([]string, len(match))
	for i, m := range match {
		list[i] = m.String()
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// defaultAlerts holds where the roster says nothing. It is right for a team with one
// Alertmanager and nothing configured.
var defaultAlerts = Alerts{
	Group:   AlertGroup{By: []string{"service"}, Window: 15 * time.Minute, Most: 24 * time.Hour},
	Channel: "sev3",
	Over:    AlertOver{Action: OverPropose},
	Again:   AlertAgain{ReopenWithin: 30 * time.Minute},
	Storm:   AlertStorm{At: 20, In: time.Minute},
}

// AlertRules is what the roster says about alerts, with the defaults where it says
// nothing. What comes back shares its lists with the roster and is only to be read.
func (r *Roster) AlertRules() Alerts {
	a, d := r.Alerts, &defaultAlerts
	if len(a.Group.By) == 0 {
		a.Group.By = d.Group.By
	}
	a.Group.Window = cmp.Or(a.Group.Window, d.Group.Window)
	a.Group.Most = cmp.Or(a.Group.Most, max(d.Group.Most, a.Group.Window))
	a.Channel = cmp.Or(a.Channel, d.Channel)
	a.Over.Action = cmp.Or(a.Over.Action, d.Over.Action)
	a.Again.ReopenWithin = cmp.Or(a.Again.ReopenWithin, d.Again.ReopenWithin)
	a.Storm.At, a.Storm.In = cmp.Or(a.Storm.At, d.Storm.At), cmp.Or(a.Storm.In, d.Storm.In)
	return a
}

// HeartbeatRules are the heartbeats that the roster expects, those that only a route
// names included, with the defaults where it says nothing.
func (r *Roster) HeartbeatRules() []Heartbeat {
	list := make([]Heartbeat, 0, len(r.Heartbeats))
	names := map[string]bool{}
	add := func(h Heartbeat) {
		if names[h.Name] {
			return
		}
		names[h.Name] = true
		h.Service, h.Severity = cmp.Or(h.Service, r.Defaults.Service), cmp.Or(h.Severity, "sev2")
		list = append(list, h)
	}
	for _, h := range r.Heartbeats {
		add(h)
	}
	for _, t := range r.Alerts.Routes {
		if t.Does == DoesHeartbeat {
			add(Heartbeat{Name: t.Name, Every: t.Every, Grace: t.Grace, Service: t.Service, Severity: t.Severity})
		}
	}
	return list
}

// FindService returns the service that a word means: its ID, or in any case its ID or
// its name.
func (r *Roster) FindService(word string) (*Service, bool) {
	word = strings.TrimSpace(word)
	if s, ok := r.Service(word); ok {
		return s, true
	}
	for i := range r.Services {
		if s := &r.Services[i]; word != "" && (strings.EqualFold(s.ID, word) || strings.EqualFold(s.Name, word)) {
			return s, true
		}
	}
	return nil, false
}
