package configs

import (
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
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

// Shadowed reports every template that is never used, since one before it is for all of its
// incidents.
func (p Postmortem) Shadowed() (found Problems) {
	for i, t := range p.Templates {
		for k, first := range p.Templates[:i] {
			if first.covers(t) {
				found = append(found, Problem{Key: element(templatesKey, i), What: "it is never used: " + element(templatesKey, k) + " is for the same incidents",
					Mend: "put what is for fewer incidents first"})
				break
			}
		}
	}
	return found
}

// covers reports whether a template is for all incidents that the other one is for.
func (t TemplateFile) covers(other TemplateFile) bool {
	one, _ := incident.ParseSeverity(t.Severity)
	two, _ := incident.ParseSeverity(other.Severity)
	return (t.Severity == "" || one == two) && (t.Service == "" || t.Service == other.Service)
}

// strangers reports the services of templates that a roster does not have.
func (p Postmortem) strangers(r *rotation.Roster) (found Problems) {
	var known []string
	for _, s := range r.Services {
		known = append(known, s.ID)
	}
	for i, t := range p.Templates {
		if _, ok := r.Service(t.Service); t.Service == "" || ok {
			continue
		}
		found = append(found, Problem{Key: join(element(templatesKey, i), "service"), What: "the roster has no service " + t.Service, Mend: "use an ID of the roster"})
		if near := Nearest(t.Service, known); near != "" {
			found[len(found)-1].Mend = "did you mean " + near + "?"
		}
	}
	return found
}
