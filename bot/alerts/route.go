package alerts

import (
	"reflect"

	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// rules are what the roster says about alerts, with what holds where it says nothing.
func (t *taking) rules() rotation.Alerts {
	if t.roster == nil {
		r := t.who.Roster.AlertRules()
		t.roster = &r
	}
	return *t.roster
}

// again is what of the rules [alert.Decide] needs.
func (t *taking) again() alert.Rules { return alert.Rules{ReopenWithin: t.rules().Again.ReopenWithin} }

// subject is what routes look at of an alert that was sent with a key.
func subject(k Key, in alert.Alert) alert.Subject {
	return alert.Subject{Key: k.Name, KeyService: k.Service, Source: in.Source, Title: in.Title, Severity: in.Severity.String(), Service: in.Service, Hints: in.Hints,
		Label: func(name string) (string, bool) {
			for _, list := range [][]alert.KV{in.Labels, in.Details} {
				for _, l := range list {
					if l.Key == name {
						return l.Value, true
					}
				}
			}
			return "", false
		}}
}

// route says what an alert is to us.
func (t *taking) route(in alert.Alert) alert.Verdict {
	s := subject(t.key, in)
	s.Now = t.now
	v := alert.Route(t.who.Roster, t.quiet.Quiet, s)
	if t.ours && v.Does == alert.DoesHeartbeat { // a route of everything must not hide that one is missing
		v.Does, v.Without, v.Heartbeat = alert.DoesIncident, alert.DoesIncident, nil
	}
	return v
}

// severed is the alert with the severity that it is taken with.
func severed(v alert.Verdict, in alert.Alert) alert.Alert {
	if in.Severity = alert.Unknown; !v.Assumed {
		in.Severity = alert.ReadSeverity(v.Severity)
	}
	return in
}

// mapping is a mapping of the roster with what it was made from.
type mapping struct {
	from     rotation.Mapping
	compiled *alert.Compiled
}

// Mapping returns the mapping of the roster by which /v1/webhook/NAME is read.
func (a *Alerts) Mapping(name string) (m *alert.Compiled, known bool) {
	from, ok := a.oncall.Current().Roster.Alerts.Mappings[name]
	if !ok {
		return nil, false
	}
	if kept, ok := a.mappings.Load(name); ok && reflect.DeepEqual(kept.(mapping).from, from) {
		return kept.(mapping).compiled, true
	}
	compiled, err := alert.CompileMapping(from)
	if err != nil {
		return nil, false // the roster refuses such a mapping
	}
	a.mappings.Store(name, mapping{from, compiled})
	return compiled, true
}
