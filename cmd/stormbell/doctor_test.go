package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// examine runs doctor against a simulated workspace and an ntfy server.
func examine(t *testing.T, manifest []byte, ntfy http.HandlerFunc, change func(config string) string) (code int, out string) {
	t.Helper()
	roster, err := rotation.Parse("demo", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	sim, err := slacksim.New(slacksim.Options{People: workers(roster), Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	slack, push := httptest.NewServer(sim), httptest.NewServer(ntfy)
	t.Cleanup(func() { sim.Close(); slack.Close(); push.Close() })
	dir := t.TempDir()
	rosterFile, config := filepath.Join(dir, "roster.yaml"), filepath.Join(dir, "stormbell.yaml")
	write(t, rosterFile, string(configs.DemoRoster()))
	write(t, config, change(fmt.Sprintf("slack: {app_token: %s, bot_token: %s, api_url: '%s/api/'}\nstore: 'bolt:%s'\nroster: %s\nhttp: {listen: '%s'}\nnotify: {ntfy: {url: '%s'}}\n",
		sim.AppToken(), sim.BotToken(), slack.URL, filepath.Join(dir, "stormbell.db"), rosterFile, freeAddress(t), push.URL)))
	var text bytes.Buffer
	code = run(t.Context(), []string{"doctor", "--config", config}, process{In: strings.NewReader(""), Out: &text, Err: &text})
	if strings.Contains(text.String(), sim.BotToken()) || strings.Contains(text.String(), sim.AppToken()) {
		t.Errorf("doctor gives a token away:\n%s", &text)
	}
	return code, text.String()
}

func TestDoctor(t *testing.T) {
	manifest := configs.Default().Slack.Manifest()
	healthy := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"healthy":true}`) }
	same := func(config string) string { return config }
	for _, c := range []struct {
		name     string
		manifest []byte
		ntfy     http.HandlerFunc
		change   func(string) string
		code     int
		want     []string
	}{
		{"in order", manifest, healthy, same, exitOK, []string{
			"slack.bot_token knows us as", "scopes all of the manifest are granted", "slack.app_token opens a socket",
			"people everybody has a Slack user", "notify.ntfy answers and accepts the credentials", "bot: no bot answers"}},
		{"a scope is missing", without("users:read.email"), healthy, same, exitFailure, []string{
			"scopes: the app lacks users:read.email; put the output of `stormbell manifest` into the app's manifest", "doctor: 1 problem"}},
		{"scopes were declined", without("files:write", "usergroups:write"), healthy, same, exitOK, []string{
			"slack.bot_token knows us as", "warning: scopes: the app lacks files:write: post-mortems are not shared as a file; install it again and grant that, if you want it",
			"warning: scopes: the app lacks usergroups:write: user groups do not follow who is on call; "}},
		{"another token", manifest, healthy, func(s string) string { return strings.Replace(s, "bot_token: xoxb-", "bot_token: xoxb-9", 1) }, exitFailure, []string{
			"slack.bot_token: Slack refuses it (invalid_auth); copy the bot token again"}},
		{"ntfy is a hotel's page", manifest, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, same, exitFailure, []string{
			"notify.ntfy: the server does not say that it is a healthy ntfy server; check the keys"}},
		{"nobody at Slack", manifest, healthy, func(s string) string { return strings.Replace(s, "/api/", "/nothing/", 1) }, exitFailure, []string{
			"slack.api_url: Slack cannot be reached"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out := examine(t, c.manifest, c.ntfy, c.change)
			if code != c.code {
				t.Errorf("exit code %d, want %d; it printed:\n%s", code, c.code, out)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("doctor does not say %q, but:\n%s", want, out)
				}
			}
		})
	}
}

// without returns the app's manifest without those scopes and events.
func without(words ...string) []byte {
	var lines []string
	for line := range strings.Lines(string(configs.Default().Slack.Manifest())) {
		if word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), " "); !slices.Contains(words, word) {
			lines = append(lines, line)
		}
	}
	return []byte(strings.Join(lines, ""))
}

// TestDoctorOnEveryOptionalScope: whoever declined one hears what it costs.
func TestDoctorOnEveryOptionalScope(t *testing.T) {
	_, optional := configs.Scopes()
	event := map[string][]string{"pins:read": {"pin_added", "pin_removed"}, "reactions:read": {"reaction_added", "reaction_removed"}}
	for _, scope := range optional {
		_, out := examine(t, without(append([]string{scope}, event[scope]...)...), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"healthy":true}`) },
			func(s string) string { return s })
		if !strings.Contains(out, "warning: scopes: the app lacks "+scope+": ") || strings.Contains(out, scope+": ;") {
			t.Errorf("doctor does not say what is lost without %s:\n%s", scope, out)
		}
	}
}
