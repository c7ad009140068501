package escalation

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// TestHeld: a page that waits for a bundle is not given up after twenty seconds,
// but twenty seconds after the bundle was to leave.
func TestHeld(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	w := World{
		Rules: func(string, Urgency) []rotation.Rule {
			return []rotation.Rule{{Via: "sms"}, {Via: "voice", After: 5 * time.Minute}}
		},
		Ways: func(string) []string { return []string{"sms", "voice"} },
	}
	step := rotation.Step{Notify: []rotation.Target{{Kind: rotation.TargetPerson, ID: "ada"}}, Wait: time.Hour}
	p, out := New(Open{ID: "INC-1", Policy: rotation.Policy{Steps: []rotation.Step{step}}, Now: now}).Step(w, now)
	key := out.Notifications[0].Key
	p = p.Held(key, now.Add(time.Minute))
	if at, _ := p.Due(); !at.Equal(now.Add(80 * time.Second)) {
		t.Fatalf("Held(%s, +1m): due %v, want 80 s after the start", key, at)
	}
	p, out = p.Step(w, now.Add(80*time.Second))
	if len(out.Notifications) != 1 || out.Notifications[0].Via != "voice" {
		t.Errorf("after 80 s without a word of it: sends %+v, want the call, brought forward", out.Notifications)
	}
	p = p.Accepted(key, now.Add(81*time.Second))
	if q := p.Held(key, now.Add(time.Hour)); q.Rings[0].Receipts[0] != p.Rings[0].Receipts[0] {
		t.Errorf("Held of an accepted send = %+v, want it unchanged: %+v", q.Rings[0].Receipts[0], p.Rings[0].Receipts[0])
	}
}
