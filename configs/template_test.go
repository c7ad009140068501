package configs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/rotation"
)

// TestTemplatesForNoIncident: a template that is never used is reported.
func TestTemplatesForNoIncident(t *testing.T) {
	roster, err := rotation.Parse("roster.yaml", []byte(`
people: [{id: ada, name: Ada, slack: U01ADA, time_zone: Europe/Berlin}]
teams: [{id: payments, name: Payments, members: [ada]}]
policies: [{id: payments, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]
services: [{id: checkout, name: Checkout, team: payments, policy: payments}]
`))
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Postmortem: Postmortem{Templates: []TemplateFile{
		{File: "a", Severity: "sev1", Service: "checkout"}, {File: "b", Severity: "SEV1"}, {File: "c", Severity: "1", Service: "chekout"},
		{File: "d", Service: "checkout"}, {File: "e"}, {File: "f", Severity: "sev2"},
	}}}
	var got []string
	for _, p := range append(c.Strangers(roster), c.Postmortem.Shadowed()...) {
		got = append(got, p.Key+": "+p.What+"; "+p.Mend)
	}
	want := []string{
		"postmortem.templates[2].service: the roster has no service chekout; did you mean checkout?",
		"postmortem.templates[2]: it is never used: postmortem.templates[1] is for the same incidents; put what is for fewer incidents first",
		"postmortem.templates[5]: it is never used: postmortem.templates[4] is for the same incidents; put what is for fewer incidents first",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
