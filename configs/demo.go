package configs

import _ "embed"

//go:embed demo/roster.yaml
var demoRoster []byte

// DemoRoster returns the roster of the demonstration's company, as a file.
func DemoRoster() []byte { return demoRoster }
