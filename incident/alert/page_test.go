package alert

import "testing"

func TestRunbook(t *testing.T) {
	const url = "https://runbooks.example/x"
	for name, c := range map[string]struct {
		in   Alert
		want string
	}{
		"none":                   {Alert{Links: []Link{{URL: "https://grafana.example", Text: "Dashboard"}}}, ""},
		"a link":                 {Alert{Links: []Link{{URL: "https://grafana.example"}, {URL: url, Text: "The Runbook"}}}, url},
		"a playbook":             {Alert{Links: []Link{{URL: url, Text: "Playbook"}}}, url},
		"a label":                {Alert{Labels: []KV{{"runbook_url", url}}}, url},
		"a detail":               {Alert{Details: []KV{{"annotations.runbookUrl", url}}}, url},
		"the link before labels": {Alert{Links: []Link{{URL: url, Text: "Runbook"}}, Labels: []KV{{"runbook", "https://other.example"}}}, url},
		"no address":             {Alert{Labels: []KV{{"runbook_url", "javascript:alert(1)"}, {"runbook", "see the wiki"}}}, ""},
		"another word":           {Alert{Labels: []KV{{"runbook_owner", url}}}, ""},
	} {
		if got := c.in.Runbook(); got != c.want {
			t.Errorf("%s: Runbook() = %q, want %q", name, got, c.want)
		}
	}
}
