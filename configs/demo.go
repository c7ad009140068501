package configs

import _ "embed"

//go:embed demo/roster.yaml
var demoRoster []byte

//go:embed demo/incidents.json
var demoIncidents []byte

// DemoRoster returns the roster of the demonstration's company, as a file.
func DemoRoster() []byte { return demoRoster }

// DemoIncidents returns the twelve past incidents of the demonstration's
// company: a JSON list of {"number": N, "events": [the timeline]}.
func DemoIncidents() []byte { return demoIncidents }
