package bot

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestTryout: a test goes out by each way of whoever asks, and they are told
// truthfully which arrived; a way that fails says why.
func TestTryout(t *testing.T) {
	t.Parallel()
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

// TestTopicIsShownToItsPersonAlone: with no topic configured pushes arrive at one
// that nobody can guess. Its person is told where to subscribe, and nobody else.
func TestTopicIsShownToItsPersonAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		r.roster, r.world = waysRoster, newProviders()
		r.world.topic = ""
		r.start()
		topic := r.desk.PushTopic("ada")
		seen, err := r.sim.As("ada").Command("general", "/oncall", "test")
		if err != nil || !strings.Contains(seen.Text, "http://ntfy.test/"+topic) {
			t.Errorf("/oncall test by ada = %q, %v; want the address of %s", seen.Text, err, topic)
		}
		if seen, err := r.sim.As("bob").Command("general", "/oncall", "test"); err != nil || strings.Contains(seen.Text, topic) || !strings.Contains(seen.Text, r.desk.PushTopic("bob")) {
			t.Errorf("/oncall test by bob = %q, %v; want the address of his own topic and not %s", seen.Text, err, topic)
		}
		r.pass(time.Minute)
		if got := r.world.taken("push", topic); len(got) != 1 {
			t.Errorf("pushes to ada's topic: %+v, want the test", got)
		}
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(10 * time.Minute)
		if got := r.world.taken("push", topic); len(got) != 2 {
			t.Errorf("pushes to ada's topic: %+v, want the page as well", got)
		}
		for _, c := range r.sim.State().Channels {
			for _, m := range c.Messages {
				if shows(m, topic) {
					t.Errorf("a message in %s gives the topic away: %s", c.Name, m.Text)
				}
			}
		}
	})
}
