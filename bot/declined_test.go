package bot

import (
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestScopesDeclined runs an incident from its declaration to its post-mortem in
// a workspace that granted nothing but what is required: people are paged, the
// channel stands, and what is not allowed is given up instead of tried for ever.
func TestScopesDeclined(t *testing.T) {
	t.Parallel()
	var app struct {
		OAuth struct {
			Scopes struct {
				Optional []string `yaml:"bot_optional"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(manifest(t), &app); err != nil || len(app.OAuth.Scopes.Optional) == 0 {
		t.Fatalf("optional scopes of the manifest: %q, %v", app.OAuth.Scopes.Optional, err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{Manifest: manifest(t), Channels: []string{"incidents"}, DeclinedScopes: app.OAuth.Scopes.Optional})
		defer r.close()
		r.start()
		before := r.last()
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		if len(r.dm("U0ADA")) != 1 {
			t.Errorf("ada has %d messages, want the page", len(r.dm("U0ADA")))
		}
		i, _ := r.fold(1)
		room := r.channel(i.ChannelName)
		r.find(room.Messages, "card payments fail")
		r.find(r.channel("incidents").Messages, "card payments fail")
		r.command("ada", i.ChannelName, "ack")
		r.command("ada", i.ChannelName, "resolve it works again")
		r.pass(time.Minute)
		if i, _ = r.fold(1); i.Status != incident.Resolved {
			t.Errorf("the incident is %s, want resolved", i.Status)
		}
		r.find(r.channel(i.ChannelName).Messages, "Post-mortem")
		r.pass(time.Hour)
		refused := map[string]int{}
		for _, c := range r.sim.Calls(before) {
			if c.Kind == "api" && c.Error == "missing_scope" {
				refused[c.Method]++
			}
		}
		for method, n := range refused {
			if n > 3 {
				t.Errorf("%s was called %d times though the scope is missing", method, n)
			}
		}
		if refused["pins.add"] == 0 || refused["files.getUploadURLExternal"] == 0 {
			t.Errorf("refused for a missing scope: %v; want the pin and the file among them, or this test has shown nothing", refused)
		}
		t.Log(refused)
	})
}
