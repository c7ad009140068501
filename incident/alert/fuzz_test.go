package alert

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzz reads whatever comes as the body of a sender: nothing panics, every alert
// keeps what the type promises, and the same body is the same alerts.
func fuzz(f *testing.F, sender Sender, more ...string) {
	seeds := 0
	for _, s := range samples(f) {
		if r := s.request(f); r.Sender == sender && s.Repeat.Count == 0 {
			f.Add(r.Body)
			seeds++
		}
	}
	for _, s := range more {
		f.Add([]byte(s))
		seeds++
	}
	if seeds == 0 {
		f.Fatalf("no seeds for %s", sender)
	}
	r := Request{Sender: sender, ID: "a/b c", Nonce: "n", Mapping: mappings(f)["zabbix"]}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := r
		r.Body = body
		b, err := Read(r)
		if err != nil {
			sound(t, body, Alert{}, err)
		}
		for _, a := range b.Alerts {
			sound(t, body, a, nil)
		}
		if len(b.Alerts) > MaxAlerts || err == nil && len(b.Alerts)+len(b.Changes) == 0 {
			t.Errorf("%q: %d alerts", body, len(b.Alerts))
		}
		again, _ := Read(r)
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("%q read twice differs:\n%s", body, diff)
		}
		_, _ = Guess(body)
	})
}

func FuzzEvent(f *testing.F) {
	fuzz(f, SenderEvent, `{"title":"\u0000\u202e","severity":1e9}`, `{"title":"x","title":{}}`, `{"links":[{"href":"HTTP://x"}],"title":"x"}`, "a sentence")
}

func FuzzAlertmanager(f *testing.F) {
	fuzz(f, SenderAlertmanager, `{"alerts":[{}]}`, `{"alerts":[null,{}]}`, `{"status":7,"alerts":[{"labels":{"severity":[]}}]}`)
}

func FuzzGrafana(f *testing.F) { fuzz(f, SenderGrafana) }
func FuzzDatadog(f *testing.F) { fuzz(f, SenderDatadog) }
func FuzzSentry(f *testing.F)  { fuzz(f, SenderSentry) }
func FuzzAzure(f *testing.F) {
	fuzz(f, SenderAzure, `{"data":{"context":{"name":"x","severity":"3"}}}`)
}
func FuzzGCP(f *testing.F)      { fuzz(f, SenderGCP) }
func FuzzNewRelic(f *testing.F) { fuzz(f, SenderNewRelic) }
func FuzzSNS(f *testing.F)      { fuzz(f, SenderSNS) }
func FuzzWebhook(f *testing.F)  { fuzz(f, SenderWebhook, `[{"event":{"name":[]}}]`) }
func FuzzChange(f *testing.F)   { fuzz(f, SenderPagerDutyChange) }
func FuzzOpsgenie(f *testing.F) { fuzz(f, SenderOpsgenie) }
func FuzzOpsgenieAct(f *testing.F) {
	fuzz(f, SenderOpsgenieNote, `{"note":"x"}`, "")
}

func FuzzPagerDuty(f *testing.F) {
	fuzz(f, SenderPagerDuty, `{"event_action":"resolve"}`, `{"event_action":"trigger","payload":{"summary":" "},"images":[1]}`)
}

func FuzzPagerDutyV1(f *testing.F) { fuzz(f, SenderPagerDutyV1) }
