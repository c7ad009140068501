package alert

import (
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The words of a severity that are none of incident's: nothing that asks somebody, and
// nothing that is said or known.
const (
	wordNone    = "none"
	wordUnknown = "unknown"
)

// Subject is what routes look at: an alert, and who sent it.
type Subject struct {
	Key         string                           // the name of the integration key
	Source      string                           // which kind of sender, as Alert.Source
	Label       func(name string) (string, bool) // the sender's labels, tags and details; nil where it has none
	Title       string
	Severity    string   // sev1 … sev4, none or unknown; anything else is unknown
	Service     string   // what the sender, or the mapping of its bodies, calls the service
	ServiceFrom string   // where that word stands, as in "the mapping zabbix"; empty is the sender
	KeyService  string   // of the integration key, where the roster says nothing of that
	Hints       []string // words that are the service only where one has exactly that ID or name, the best first
	Now         time.Time
}

// Quiet is the silences and the maintenance that were made while the bot ran.
type Quiet struct {
	Silences    []rotation.Silence
	Maintenance []rotation.Maintenance
}

// Verdict says what an alert is to us.
type Verdict struct {
	Route       string // what the route matches, as in {namespace: /shop-.*/}; everything, or default where none matches
	Number      int    // of the route in the roster, from 1; 0 where none matches
	Does        Does
	Without     Does                  // what it would do without the silence or the maintenance; otherwise as Does
	Service     string                // ID; empty only where the roster has no default service
	Severity    string                // sev1 … sev4 or none
	Assumed     bool                  // nobody has said the severity
	Heartbeat   *rotation.Heartbeat   // whose sign of life it is; nil where it does something else
	Group       []string              // the values of the labels that it is grouped by
	Silence     *rotation.Silence     // the one that holds it back, of several that with the latest end
	Maintenance *rotation.Maintenance // likewise
	Why         []string              // the reasons, a plain sentence each
	Notes       []string              // those of them that somebody has to mend, for the timeline
}

// GroupKey is equal for the alerts that may be one incident: those of one route, one
// service and the same values. Never across services.
func (v Verdict) GroupKey() string {
	return Fingerprint(append([]string{v.Route, v.Service}, v.Group...)...)
}

// Route says whose an alert is, how bad it is and what it does. It never fails: a
// service that nobody knows is passed over with a sentence in Why, since an alert is
// never dropped because of a typo.
func Route(roster *rotation.Roster, made Quiet, s Subject) Verdict {
	j := &judge{roster: roster, rules: roster.AlertRules(), s: s}
	j.severity()
	j.service()
	route := j.route()
	j.does(route)
	j.hold(made)
	j.group(route)
	j.v.Assumed = j.word == wordUnknown
	return j.v
}

// judge is the work of [Route]: what is known of the verdict so far.
type judge struct {
	roster *rotation.Roster
	rules  rotation.Alerts
	s      Subject
	word   string // the severity, unknown where the sender does not say it
	v      Verdict
}

func (j *judge) why(parts ...string) { j.v.Why = append(j.v.Why, strings.Join(parts, "")) }

func (j *judge) label(name string) (string, bool) {
	if j.s.Label == nil {
		return "", false
	}
	return j.s.Label(name)
}

// ownWord reports whether a severity is in the words of ours.
func ownWord(s string) bool {
	switch s {
	case "sev1", "sev2", "sev3", "sev4", wordNone:
		return true
	}
	return false
}

// severity is the sender's, then that of its key.
func (j *judge) severity() {
	j.word = j.s.Severity
	key := j.rules.Keys[j.s.Key].Severity
	switch {
	case ownWord(j.word):
		j.why("The sender says the severity ", j.word, ".")
	case key != "":
		j.word = key
		j.why("The sender says no severity that is known here, so it is ", key, ", that of the key ", j.s.Key, ".")
	default:
		j.word = wordUnknown
		j.v.Severity = incident.DefaultSeverity.String()
		j.why("The sender says no severity that is known here, so it is ", j.v.Severity, ".")
		return
	}
	j.v.Severity = j.word
}

// service is the first word that means a service of the roster: the label of that name,
// the sender's or its mapping's, the key's, a hint, the default.
func (j *judge) service() {
	label, _ := j.label("service")
	from := j.s.ServiceFrom
	if from == "" {
		from = "the sender"
	}
	if j.named(label, "the label service") ||
		!strings.EqualFold(label, j.s.Service) && j.named(j.s.Service, from) ||
		j.named(j.rules.Keys[j.s.Key].Service, "the key "+j.s.Key) ||
		j.named(j.s.KeyService, "the key "+j.s.Key) {
		return
	}
	for _, hint := range j.s.Hints {
		if s, ok := j.roster.FindService(hint); ok {
			j.v.Service = s.ID
			j.why("The service is ", s.ID, ": it has the name ", theirWord(hint), ", which the sender mentions.")
			return
		}
	}
	if s, ok := j.roster.FindService(j.roster.Defaults.Service); ok {
		j.v.Service = s.ID
		j.why("Nothing else says which service it is, so it is the default, ", s.ID, ".")
		return
	}
	j.why("Nothing says which service it is, and the roster has no default service.")
}

// named takes the service that a word means.
func (j *judge) named(word, from string) bool {
	if strings.TrimSpace(word) == "" {
		return false
	}
	if s, ok := j.roster.FindService(word); ok {
		j.v.Service = s.ID
		j.why("The service is ", s.ID, ", by ", from, ".")
		return true
	}
	var known []string
	for i := range j.roster.Services {
		known = append(known, j.roster.Services[i].ID)
	}
	near := incident.Nearest(word, known)
	if near != "" {
		near = " The nearest is " + near + "."
	}
	j.why("There is no service ", theirWord(word), ", as ", from, " has it.", near)
	j.v.Notes = append(j.v.Notes, j.v.Why[len(j.v.Why)-1])
	return false
}

// theirWord is a word from outside, in quotes and no longer than a line has room for.
func theirWord(word string) string {
	const most = 60
	if runes := []rune(word); len(runes) > most {
		word = string(runes[:most]) + "…"
	}
	return strconv.Quote(word)
}

// route is the first that matches; what it says is taken.
func (j *judge) route() *rotation.AlertRoute {
	for i := range j.rules.Routes {
		r := &j.rules.Routes[i]
		if !j.all(r.Match) {
			continue
		}
		j.v.Number, j.v.Route = i+1, "everything"
		if len(r.Match) > 0 {
			j.v.Route = r.Matching()
		}
		var says []string
		if r.Service != "" {
			j.v.Service = r.Service
			says = append(says, "the service is "+r.Service)
		}
		if r.Severity != "" {
			j.v.Severity, j.word = r.Severity, r.Severity
			says = append(says, "the severity is "+r.Severity)
		}
		if r.Does != "" {
			says = append(says, "it does "+r.Does)
		}
		if len(says) == 0 {
			says = []string{"it changes nothing"}
		}
		j.why("Route ", strconv.Itoa(j.v.Number), ", ", j.v.Route, ", is the first that matches: ", strings.Join(says, ", "), ".")
		return r
	}
	j.v.Route = "default"
	j.why("No route matches.")
	return nil
}

func (j *judge) all(match []rotation.Matcher) bool {
	for _, m := range match {
		if !j.matches(m) {
			return false
		}
	}
	return true
}

// matches looks at a label, or at what of the alert has the names key, sender, title,
// severity and service. For the last three a label of that name counts too: what a
// sender calls critical is both critical and sev1. Not for a severity in words of ours:
// what the alert is to us has been read out of more than one label.
func (j *judge) matches(m rotation.Matcher) bool {
	switch m.Label {
	case "key":
		return m.Matches(j.s.Key)
	case "sender":
		return m.Matches(j.s.Source)
	}
	label, ok := j.label(m.Label)
	switch m.Label {
	case "title":
		return m.Matches(j.s.Title) || ok && m.Matches(label)
	case "severity":
		return m.Matches(j.word) || m.Matches(j.v.Severity) || ok && !ownWord(label) && label != wordUnknown && m.Matches(label)
	case "service":
		if label == "" {
			label = j.s.Service
		}
		return m.Matches(label) || j.s.Service != "" && m.Matches(j.s.Service) || j.v.Service != "" && m.Matches(j.v.Service)
	}
	return m.Matches(label)
}

// does is what the route says, and otherwise follows from the severity.
func (j *judge) does(route *rotation.AlertRoute) {
	v := &j.v
	switch {
	case route != nil && route.Does != "":
		v.Does = Does(route.Does)
		if v.Does == DoesHeartbeat {
			j.heartbeat(route.Name)
		}
	case v.Severity == wordNone:
		v.Does = DoesCount
		j.why("With the severity none it is counted, and nobody is asked.")
	case v.Severity <= j.rules.Channel: // sev1 … sev4 sort by how bad they are
		v.Does = DoesIncident
		j.why("It is an incident with a channel, as everything is from ", j.rules.Channel, " up.")
	default:
		v.Does = DoesPage
		j.why("It pages without a channel, which opens from ", j.rules.Channel, " up.")
	}
	v.Without = v.Does
}

func (j *judge) heartbeat(name string) {
	for _, h := range j.roster.HeartbeatRules() {
		if h.Name == name {
			j.v.Heartbeat = &h
			j.why("Its arrival is a sign of life of ", name, ": somebody is asked when it stays away for ", rotation.DurationText(h.Every+h.Grace), ".")
			return
		}
	}
}

// hold looks for a silence or a maintenance that holds the alert back. They see the
// alert as the route left it. A heartbeat asks nobody by arriving, and held back it
// would be missed: it is never.
func (j *judge) hold(made Quiet) {
	v := &j.v
	if v.Does == DoesHeartbeat {
		return
	}
	for _, list := range [][]rotation.Silence{j.rules.Silences, made.Silences} {
		for i := range list {
			s := &list[i]
			if s.Holds(j.s.Now) && (v.Silence == nil || s.Until.After(v.Silence.Until)) && len(s.Match) > 0 && j.all(s.Match) {
				v.Silence = s
			}
		}
	}
	for _, list := range [][]rotation.Maintenance{j.rules.Maintenance, made.Maintenance} {
		for i := range list {
			m := &list[i]
			if m.Holds(j.s.Now) && (v.Maintenance == nil || m.Until.After(v.Maintenance.Until)) && v.Service != "" && m.Service == v.Service {
				v.Maintenance = m
			}
		}
	}
	if s := v.Silence; s != nil {
		v.Does = DoesSuppressed
		j.why("A silence of ", s.Matching(), " holds until ", endText(s.Until, s.Reason, s.By), ".")
	}
	if m := v.Maintenance; m != nil {
		v.Does = DoesSuppressed
		j.why("Maintenance of ", m.Service, " lasts until ", endText(m.Until, m.Reason, m.By), ".")
	}
	if v.Does != v.Without {
		j.why("Otherwise it would ", wouldDo[v.Without], ".")
	}
}

var wouldDo = map[Does]string{
	DoesIncident: "open an incident with a channel, or join one",
	DoesPage:     "page without a channel",
	DoesCount:    "be counted",
}

func endText(t time.Time, reason, by string) string {
	s := t.UTC().Format(time.RFC3339)
	if reason != "" {
		s += ", for " + theirWord(reason)
	}
	if by != "" {
		s += ", by " + by
	}
	return s
}

// group takes the values that the alert is grouped by; a label that it does not have is
// the empty one.
func (j *judge) group(route *rotation.AlertRoute) {
	by := j.rules.Group.By
	if route != nil && len(route.By) > 0 {
		by = route.By
	}
	j.v.Group = make([]string, len(by))
	for i, name := range by {
		switch name {
		case "key":
			j.v.Group[i] = j.s.Key
		case "sender":
			j.v.Group[i] = j.s.Source
		case "title":
			j.v.Group[i] = j.s.Title
		case "severity":
			j.v.Group[i] = j.v.Severity
		case "service":
			j.v.Group[i] = j.v.Service
		default:
			j.v.Group[i], _ = j.label(name)
		}
	}
}
