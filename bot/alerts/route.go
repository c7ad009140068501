package alerts

import (
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

type stubRules struct {
	Again struct{ ReopenWithin time.Duration }
	Storm struct {
		At int
		In time.Duration
	}
	Group struct{ Window, Most time.Duration }
	Over  struct {
		Action string
		After  time.Duration
	}
}

func (t *taking) alerts() stubRules {
	var r stubRules
	r.Again.ReopenWithin = 30 * time.Minute
	r.Storm.At, r.Storm.In = 20, time.Minute
	r.Group.Window, r.Group.Most = 15*time.Minute, 24*time.Hour
	return r
}

// Key is a stand-in.
type Key struct{ Name, Service string }

// route says what an alert is to us.
func (t *taking) route(in alert.Alert) alert.Verdict {
	v := alert.Verdict{Route: "default", Does: alert.DoesIncident, Severity: in.Severity, Service: t.who.Roster.Defaults.Service}
	if in.Service != "" {
		if id, ok := t.who.FindService(in.Service); ok {
			v.Service = id
		} else {
			v.Notes = append(v.Notes, t.who.NoService(in.Service).Error()+" It went to "+t.who.ServiceName(v.Service)+".")
		}
	}
	switch in.Severity {
	case alert.SeverityNone:
		v.Does = alert.DoesCount
	case alert.Sev4:
		v.Does = alert.DoesPage
	}
	return v
}

// severed is the alert with the severity that it is taken with.
func severed(v alert.Verdict, in alert.Alert) alert.Alert {
	in.Severity = v.Severity
	return in
}
