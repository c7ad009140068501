package configs

import (
	"github.com/stormbell/stormbell/incident"
)

// Postmortem is how the document is shown.
type Postmortem struct {
	Templates []TemplateFile `mapstructure:"templates"`
}

// TemplateFile is a template of one's own for the post-mortems of some incidents.
type TemplateFile struct {
	File     string `mapstructure:"file"`
	Severity string `mapstructure:"severity"` // the highest of the incident; empty: any
	Service  string `mapstructure:"service"`  // by ID; empty: any
}

const templatesKey = "postmortem.templates"

// templateParts are the keys of one template.
var templateParts = map[string]Key{"file": {}, "severity": {}, "service": {}}

// checkTemplates reports every template that can be for no incident. What is in the files is
// read by who executes them.
func (l *loader) checkTemplates(list []TemplateFile) {
	for i, t := range list {
		where := element(templatesKey, i)
		if t.File == "" {
			l.report(where, "it names no file", "write file: and the path of a template")
		}
		if _, ok := incident.ParseSeverity(t.Severity); t.Severity != "" && !ok {
			l.report(join(where, "severity"), "it is no severity", "write sev1, sev2, sev3 or sev4")
		}
	}
}
