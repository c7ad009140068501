package alert

import (
	"slices"
	"testing"
)

// TestSenderIsNamed: the link to the sender says which program it leads to.
func TestSenderIsNamed(t *testing.T) {
	const body = `{"externalURL":"https://watch.example","alerts":[{"status":"firing","labels":{"alertname":"DiskFull"}}]}`
	for sender, want := range map[Sender]string{SenderAlertmanager: "Alertmanager", SenderGrafana: "Grafana"} {
		b, err := Read(Request{Sender: sender, Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		if link := (Link{URL: "https://watch.example", Text: want}); !slices.Contains(b.Alerts[0].Links, link) {
			t.Errorf("a body of %s has the links %v, want %v", sender, b.Alerts[0].Links, link)
		}
	}
}
