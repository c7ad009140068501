package dispatch

import "testing"

// TestReach: what says nothing of whether anything can be posted starts no outage,
// and ends none.
func TestReach(t *testing.T) {
	r := NewReach()
	for _, method := range []string{"response_url", "apps.connections.open"} {
		if r.Called(method, "no_answer", 0); !r.Down().IsZero() {
			t.Errorf("Slack counts as away after %s", method)
		}
	}
	r.Called("chat.postMessage", "no_answer", 0)
	for _, method := range []string{"response_url", "apps.connections.open"} {
		if r.Called(method, "ok", 0); r.Down().IsZero() {
			t.Errorf("Slack counts as back after %s", method)
		}
	}
	if r.Called("chat.update", "channel_not_found", 0); !r.Down().IsZero() {
		t.Error("Slack counts as away although it answers")
	}
}
