package alert

import (
	"strings"
	"testing"
)

func TestGroupRefuses(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no alerts", `{"status":"firing","alerts":[]}`, "alerts: is empty; at least one alert is expected"},
		{"alerts of another type", `{"alerts":{}}`, "alerts: must be a list, not an object"},
		{"an alert of another type", `{"alerts":[{},"x"]}`, "alerts[1]: must be an object, not a string"},
		{"labels of another type", `{"alerts":[{"labels":[]}]}`, "alerts[0].labels: must be an object, not a list"},
		{"more than a thousand", `{"alerts":[{}` + strings.Repeat(",{}", MaxAlerts) + `]}`,
			"alerts: has 1001 alerts; at most 1000 are taken (see max_alerts)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseAlertmanager([]byte(test.body)); err == nil || err.Error() != test.want {
				t.Errorf("ParseAlertmanager(%.100s) = %v, want %s", test.body, err, test.want)
			}
		})
	}
}

func TestGroupKeyIgnoresOrder(t *testing.T) {
	one, err := ParseAlertmanager([]byte(`{"alerts":[{"labels":{"a":"1","b":"2"}},{"labels":{"a":"3"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	two, err := ParseAlertmanager([]byte(`{"alerts":[{"labels":{"a":"3"}},{"labels":{"b":"2","a":"1"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if one.Key != two.Key {
		t.Errorf("keys of the same alerts in another order: %q and %q", one.Key, two.Key)
	}
}

func TestLargeGroupIsListedInPart(t *testing.T) {
	a, err := ParseAlertmanager([]byte(`{"alerts":[{"labels":{"i":"x"}}` + strings.Repeat(`,{"labels":{"i":"x"}}`, 99) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Details) != maxListed || len(a.Notes) != 1 || a.Notes[0] != "80 more alerts of this group are not listed." {
		t.Errorf("100 alerts: got %d details and notes %q, want %d and that 80 are left out", len(a.Details), a.Notes, maxListed)
	}
}

func TestPagerDutyRefuses(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", `{}`, "event_action: is missing; it must be trigger, acknowledge or resolve; payload.summary: is missing; say in a few words what is wrong"},
		{"another action", `{"event_action":"page","payload":{"summary":"x"}}`, `event_action: is "page"; it must be trigger, acknowledge or resolve`},
		{"what to resolve", `{"event_action":"resolve"}`, "dedup_key: is missing; it says what to resolve"},
		{"payload of another type", `{"event_action":"trigger","payload":[]}`, "payload: must be an object, not a list"},
		{"image of another type", `{"event_action":"trigger","payload":{"summary":"x"},"images":[1]}`, "images[0]: must be an object with src, not a number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, key, err := ParsePagerDuty([]byte(strings.Replace(test.body, "{", `{"routing_key":"R1",`, 1)))
			if test.name == "nothing" {
				_, key, err = ParsePagerDuty([]byte(`{"routing_key":"R1"}`))
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("ParsePagerDuty(%s) = %v, want %s", test.body, err, test.want)
			}
			if key != "R1" {
				t.Errorf("ParsePagerDuty(%s): routing key %q beside the error, want R1", test.body, key)
			}
		})
	}
}
