package main

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/rotation"
)

// TestNamesOfKeys warns of what the roster says of integration keys that there are not.
func TestNamesOfKeys(t *testing.T) {
	roster := &rotation.Roster{Alerts: rotation.Alerts{Keys: map[string]rotation.AlertKey{"grafana": {Service: "checkout"}, "promethus": {Service: "search"}}}}
	for name, c := range map[string]struct {
		keys []string
		all  bool // the bot was asked
		want []string
	}{
		"none in the configuration": {nil, false, nil},
		"all there":                 {[]string{"grafana", "promethus", "other"}, false, nil},
		"a typo":                    {[]string{"grafana", "prometheus"}, false, []string{"alerts.keys.promethus", "did you mean prometheus? Otherwise it is right if stormbell key list shows it"}},
		"the bot was asked":         {[]string{"grafana"}, true, []string{"alerts.keys.promethus", "no integration key has that name, so it holds for no alert; use a name that stormbell key list shows"}},
		"no key at all":             {nil, true, []string{"alerts.keys.grafana", "alerts.keys.promethus"}},
	} {
		x := &checkup{keys: c.keys, allKeys: c.all, rosterPath: "roster.yaml"}
		x.senders(roster)
		var says []string
		for _, f := range x.Warnings {
			says = append(says, f.text)
		}
		all := strings.Join(says, "\n")
		if (len(says) > 0) != (len(c.want) > 0) {
			t.Errorf("%s: warned of %q", name, all)
		}
		for _, w := range c.want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: no %q in %q", name, w, all)
			}
		}
	}
}
