package bot

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTryout: a test goes out by each way of whoever asks, and they are told
// truthfully which arrived; a way that fails says why.
func TestTryout(t *testing.T) {
	withWays(t, "", func(r *rig, p *providers) {
		p.breaks("push", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		p.status["voice"] = "no-answer"
		seen, err := r.sim.As("ada").Command("general", "/oncall", "test")
		if err != nil || !strings.Contains(seen.Text, "by slack, push, sms, voice, webhook") {
			t.Fatalf("/oncall test = %+v, %v, want by which ways", seen, err)
		}
		r.pass(time.Minute)
		r.find(r.dm("U0ADA"), "This is a test of your pages by Slack")
		told := r.find(r.dm("U0ADA"), "Your test of")
		for _, want := range []string{"slack: delivered", "push: failed", "the server refuses our credentials", "sms: delivered", "voice: failed", "nobody picked up", "webhook: accepted"} {
			if !shows(told, want) {
				t.Errorf("the result does not say %q: %s", want, told.Blocks)
			}
		}
		if got := p.taken("sms", "0001"); len(got) != 1 || !strings.Contains(got[0].Text, "TEST") {
			t.Errorf("text messages: %+v, want one that says that it is a test", got)
		}
		if seen, _ := r.sim.As("eve").Command("general", "/oncall", "test"); !strings.Contains(seen.Text, "The roster does not say how") {
			t.Errorf("/oncall test by somebody who is not in the roster = %q", seen.Text)
		}
		n := len(p.sent)
		r.pass(25 * time.Hour)
		if len(p.sent) != n {
			t.Errorf("%d more messages after the test", len(p.sent)-n)
		}
	})
}
