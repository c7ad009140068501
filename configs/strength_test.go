package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// good is a secret such as openssl makes.
const good = "5f0c1f6f7f0f4a0d9d1c8a0c3e7b2a64"

// TestSecretsThatCanBeGuessed holds every secret that operators make up to the
// same: where it stands, why it is no good, how to make one.
func TestSecretsThatCanBeGuessed(t *testing.T) {
	const mend = "; make one with: openssl rand -hex 32"
	for value, why := range map[string]string{
		"x":                            "it has only 1 character, so it can be guessed; it needs 16" + mend,
		"hunter2":                      "it has only 7 characters, so it can be guessed; it needs 16" + mend,
		"aaaaaaaaaaaaaaaaaa":           "it repeats the same few characters, so it can be guessed" + mend,
		"1234123412341234":             "it repeats the same few characters, so it can be guessed" + mend,
		"change-me":                    "this is a placeholder, which everybody knows" + mend,
		"CHANGEME":                     "this is a placeholder, which everybody knows" + mend,
		"<admin-token-here>":           "this is a placeholder, which everybody knows" + mend,
		"your-admin-token-goes-here":   "this is a placeholder, which everybody knows" + mend,
		"make-a-long-random-one":       "this is a placeholder, which everybody knows" + mend,
		"replace_me_with_openssl_rand": "this is a placeholder, which everybody knows" + mend,
		good:                           "",
		"whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "",
	} {
		for place, text := range map[string]string{
			"FILE:3: http.admin_token: ":         "http.admin_token: '" + value + "'\n",
			"FILE:4: http.integration_keys[0]: ": "http.integration_keys:\n  - '" + value + "'\n",
			"FILE:3: http.integration_keys[0]: ": "http.integration_keys: [{name: a, key: '" + value + "'}]\n",
			"FILE:4: notify.webhook.secret: ":    "notify.webhook.url: https://hook.example.com\nnotify.webhook.secret: '" + value + "'\n",
		} {
			want := ""
			if why != "" {
				want = place + why
			}
			t.Run(place+value, func(t *testing.T) { checkProblems(t, tokens+text, nil, want) })
		}
	}
}

// TestWeakSecretsElsewhere: neither a file of its own nor a variable makes a
// secret better.
func TestWeakSecretsElsewhere(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short")
	writeFile(t, short, "hunter2\n")
	const why = "it has only 7 characters, so it can be guessed; it needs 16; make one with: openssl rand -hex 32"
	checkProblems(t, tokens, []string{"STORMBELL_HTTP_ADMIN_TOKEN=hunter2"}, "STORMBELL_HTTP_ADMIN_TOKEN: http.admin_token: "+why)
	checkProblems(t, tokens+"http.admin_token_file: "+short+"\n", nil, "FILE:3: http.admin_token: "+why)
	checkProblems(t, tokens, []string{"STORMBELL_HTTP_INTEGRATION_KEYS=" + good + ",hunter2"}, "STORMBELL_HTTP_INTEGRATION_KEYS: http.integration_keys[1]: "+why)
	checkProblems(t, tokens+"http.integration_keys:\n  - {name: a, key_file: "+short+"}\n", nil, "FILE:4: http.integration_keys[0]: "+why)
}

// TestPlaceholdersOfProviders: what a provider hands out may be short, but it is
// not what the example shows.
func TestPlaceholdersOfProviders(t *testing.T) {
	const why = "this is a placeholder; put the real one in its place, or take the key out"
	for name, tt := range map[string]struct{ text, want string }{
		"ntfy":     {"notify.ntfy: {url: 'https://ntfy.example.com', token: tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2}\n", ""},
		"ntfy's":   {"notify.ntfy:\n  url: https://ntfy.example.com\n  token: if-the-server-needs-one\n", "FILE:5: notify.ntfy.token: " + why},
		"mail":     {"notify.smtp: {address: 'mail:25', from: a@b.example, username: u, password: short}\n", ""},
		"mail's":   {"notify.smtp: {address: 'mail:25', from: a@b.example, username: u, password: change-me}\n", "FILE:3: notify.smtp.password: " + why},
		"twilio's": {"notify.twilio: {account_sid: AC0123456789abcdef0123456789abcdef, from: '+4915112345', auth_token: the-auth-token}\n", "FILE:3: notify.twilio.auth_token: " + why},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tokens+tt.text, nil, tt.want) })
	}
}

// tokenShown is a Slack token as a page for readers shows it.
var tokenShown = regexp.MustCompile("(?:xapp|xoxb)-[^ `)\"\\s,]*")

// TestPlaceholdersOfThePages copies the tokens of the README and of every page
// into a configuration.
func TestPlaceholdersOfThePages(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, page := range append(pages, "../README.md", "../SECURITY.md", "../CONTRIBUTING.md") {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range tokenShown.FindAllString(string(raw), -1) {
			shown++
			key := map[bool]string{true: "slack.app_token", false: "slack.bot_token"}[strings.HasPrefix(token, "xapp-")]
			rest := map[bool]string{true: "slack.bot_token: xoxb-1\n", false: "slack.app_token: xapp-1\n"}[key == "slack.app_token"]
			_, err := Load(write(t, key+": '"+token+"'\n"+rest), nil)
			if problems := problemsOf(t, err); len(problems) != 1 || problems[0].Key != key {
				t.Errorf("%s shows %s; Load with it as %s: %v, want one problem with that", page, token, key, err)
			}
		}
	}
	if shown < 4 {
		t.Errorf("%d tokens on all pages: this has looked at nothing", shown)
	}
}
