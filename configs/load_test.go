package configs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tokens is what every configuration needs, in two lines.
const tokens = "slack.app_token: xapp-1-A\nslack.bot_token: xoxb-1\n"

// write puts a configuration into a folder of its own and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stormbell.yaml")
	writeFile(t, path, text)
	return path
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mustLoad loads a configuration that has no problem.
func mustLoad(t *testing.T, path string, env ...string) *Config {
	t.Helper()
	c, err := Load(path, env)
	if err != nil {
		t.Fatalf("Load(%s, %q): %v", path, env, err)
	}
	return c
}

var compare = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

func TestLoadDefaults(t *testing.T) {
	got := mustLoad(t, write(t, tokens))
	want := &Config{
		Slack: Slack{
			AppToken: NewSecret("xapp-1-A"), BotToken: NewSecret("xoxb-1"), APIURL: "https://slack.com/api/",
			Command: "/incident", OncallCommand: "/oncall", AnnounceChannel: "incidents", KeepFile: 5 << 20, KeepFiles: 50 << 20,
		},
		Store:            Store{Engine: "bolt", Path: "stormbell.db"},
		Etcd:             Etcd{Lease: 10 * time.Second},
		Backup:           Backup{Every: time.Hour, Keep: 24},
		HTTP:             HTTP{Listen: "127.0.0.1:8080"},
		Log:              Log{Level: "info", Format: "auto"},
		BusinessTimeZone: time.UTC,
		Notify: Notify{
			SMTP:   SMTP{TLS: "starttls"},
			Twilio: Twilio{APIURL: "https://api.twilio.com"},
		},
		Report:    Report{PagesPerShift: 2, NightsPerWeek: 1, SharePercent: 25},
		Heartbeat: Heartbeat{Every: time.Minute},
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("Load of nothing but tokens (-want +got):\n%s", diff)
	}
	want.Slack.AppToken, want.Slack.BotToken = Secret{}, Secret{}
	if diff := cmp.Diff(want, Default(), compare); diff != "" {
		t.Errorf("Default() (-want +got):\n%s", diff)
	}
}

func TestLoadEverything(t *testing.T) {
	path := write(t, `
slack:
  app_token: xapp-1-A
  bot_token: xoxb-1
  api_url: http://127.0.0.1:9999/api
  command: /inc
  oncall_command: /rota
  announce_channel: "#störung"
  keep_file: 500KiB
  keep_files: 0B
store: bolt:/var/lib/stormbell/db
etcd: {lease: 20s, ca: /etc/ca.pem, cert: /etc/c.pem, key: /etc/k.pem, username: u, password: p}
backup: {folder: copies, every: 24h, keep: 7}
archive: {after: 365d, folder: old}
roster: people/roster.yaml
http:
  listen: ":0"
  advertise: bot-1:8080
  admin_token: 8d6ae0f4b7c15392admin
  integration_keys:
    - 8d6ae0f4b7c15392plain
    - {name: grafana, key: 8d6ae0f4b7c15392named}
    - name: pagerduty
      key_file: key.txt
  public_url: https://bell.example.com/
log: {level: debug, format: json}
business_time_zone: Europe/Berlin
notify:
  ntfy: {url: https://ntfy.example.com/, token: tk, topic: "x-{person}"}
  smtp: {address: "mail:25", username: u, password: p, from: Bell <b@example.com>, tls: none}
  twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token: t, from: "+4915112345", api_url: "http://127.0.0.1:1/"}
  webhook: {url: "https://hook.example.com/a?b=c", secret: 8d6ae0f4b7c15392hook}
report: {pages_per_shift: 5, nights_per_week: 0, share_percent: 50}
heartbeat: {url: https://watch.example.com/x, every: 30s}
`)
	folder := filepath.Dir(path)
	writeFile(t, filepath.Join(folder, "key.txt"), "8d6ae0f4b7c15392filed\r\n")
	c := mustLoad(t, path)
	want := &Config{
		Slack: Slack{
			AppToken: NewSecret("xapp-1-A"), BotToken: NewSecret("xoxb-1"), APIURL: "http://127.0.0.1:9999/api/",
			Command: "/inc", OncallCommand: "/rota", AnnounceChannel: "störung", KeepFile: 500 << 10,
		},
		Store:   Store{Engine: "bolt", Path: "/var/lib/stormbell/db"},
		Etcd:    Etcd{Lease: 20 * time.Second, CA: "/etc/ca.pem", Cert: "/etc/c.pem", Key: "/etc/k.pem", Username: "u", Password: NewSecret("p")},
		Backup:  Backup{Folder: filepath.Join(folder, "copies"), Every: 24 * time.Hour, Keep: 7},
		Archive: Archive{After: 365 * 24 * time.Hour, Folder: filepath.Join(folder, "old")},
		Roster:  filepath.Join(folder, "people/roster.yaml"),
		HTTP: HTTP{
			Listen: ":0", Advertise: "bot-1:8080", AdminToken: NewSecret("8d6ae0f4b7c15392admin"), PublicURL: "https://bell.example.com",
			IntegrationKeys: []IntegrationKey{
				{Name: "key-1", Key: NewSecret("8d6ae0f4b7c15392plain")},
				{Name: "grafana", Key: NewSecret("8d6ae0f4b7c15392named")},
				{Name: "pagerduty", Key: NewSecret("8d6ae0f4b7c15392filed")},
			},
		},
		Log:              Log{Level: "debug", Format: "json"},
		BusinessTimeZone: berlin(t),
		Notify: Notify{
			Ntfy:    Ntfy{URL: "https://ntfy.example.com", Token: NewSecret("tk"), Topic: "x-{person}"},
			SMTP:    SMTP{Address: "mail:25", Username: "u", Password: NewSecret("p"), From: "Bell <b@example.com>", TLS: "none"},
			Twilio:  Twilio{AccountSID: "AC0123456789abcdef0123456789abcdef", AuthToken: NewSecret("t"), From: "+4915112345", APIURL: "http://127.0.0.1:1"},
			Webhook: Webhook{URL: "https://hook.example.com/a?b=c", Secret: NewSecret("8d6ae0f4b7c15392hook")},
		},
		Report:    Report{PagesPerShift: 5, SharePercent: 50},
		Heartbeat: Heartbeat{URL: "https://watch.example.com/x", Every: 30 * time.Second},
	}
	if diff := cmp.Diff(want, c, compare); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
	if got, want := c.Notify.Vias(), []string{"push", "sms", "voice", "email", "webhook"}; !slices.Equal(got, want) {
		t.Errorf("Vias() = %q, want %q", got, want)
	}
	if got := Default().Notify.Vias(); got != nil {
		t.Errorf("Vias() with nothing set = %q, want none", got)
	}
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestEnvironmentOverridesFile(t *testing.T) {
	path := write(t, tokens+"log.level: debug\nroster: r.yaml\n")
	key := filepath.Join(t.TempDir(), "keys")
	writeFile(t, key, "8d6ae0f4b7c15392one\n8d6ae0f4b7c15392two\n")
	c := mustLoad(t, path,
		"PATH=/bin", "STORMBELL_LOG_LEVEL=error", "STORMBELL_SLACK_BOT_TOKEN=xoxb-other", "STORMBELL_ROSTER=there.yaml",
		"STORMBELL_HTTP_INTEGRATION_KEYS_FILE="+key, "STORMBELL_HEARTBEAT_EVERY=2m", "STORMBELL_SLACK_COMMAND=",
		"STORMBELL_BUSINESS_TIME_ZONE=Asia/Kolkata",
		// what Kubernetes sets for a Service named stormbell
		"STORMBELL_SERVICE_HOST=10.0.0.1", "STORMBELL_SERVICE_PORT=80", "STORMBELL_SERVICE_PORT_HTTP=80",
		"STORMBELL_PORT=tcp://10.0.0.1:80", "STORMBELL_PORT_80_TCP_ADDR=10.0.0.1")
	got := []string{c.Log.Level, c.Slack.BotToken.Reveal(), c.Roster, c.Slack.Command, c.Heartbeat.Every.String(), c.BusinessTimeZone.String()}
	want := []string{"error", "xoxb-other", "there.yaml", "/incident", "2m0s", "Asia/Kolkata"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("level, bot token, roster, command, every, zone (-want +got):\n%s", diff)
	}
	keys := []IntegrationKey{{"key-1", NewSecret("8d6ae0f4b7c15392one")}, {"key-2", NewSecret("8d6ae0f4b7c15392two")}}
	if diff := cmp.Diff(keys, c.HTTP.IntegrationKeys); diff != "" {
		t.Errorf("integration keys (-want +got):\n%s", diff)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	c := mustLoad(t, "", "STORMBELL_SLACK_APP_TOKEN=xapp-1", "STORMBELL_SLACK_BOT_TOKEN=xoxb-1", "STORMBELL_HTTP_INTEGRATION_KEYS=8d6ae0f4b7c15392a, 8d6ae0f4b7c15392b,")
	if got := len(c.HTTP.IntegrationKeys); got != 2 {
		t.Errorf("integration keys of two and a comma: got %d, want 2", got)
	}
}

func TestSecretFiles(t *testing.T) {
	path := write(t, "slack: {app_token_file: app, bot_token_file: ../bot}\n")
	folder := filepath.Dir(path)
	writeFile(t, filepath.Join(folder, "app"), "xapp-filed\n")
	writeFile(t, filepath.Join(filepath.Dir(folder), "bot"), "xoxb-filed\n\n")
	c := mustLoad(t, path)
	got := []string{c.Slack.AppToken.Reveal(), c.Slack.BotToken.Reveal()}
	if diff := cmp.Diff([]string{"xapp-filed", "xoxb-filed"}, got); diff != "" {
		t.Errorf("tokens, each from a file beside the configuration (-want +got):\n%s", diff)
	}
}

// Two pairs of eyes on the same key: whatever the sources, a value and its file
// are never both taken.
func TestSecretAndItsFile(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		env  []string
		want string
	}{
		"both in the file": {tokens + "slack.bot_token_file: x\n", nil,
			"FILE:3: slack.bot_token_file: slack.bot_token is set as well (line 2); keep one of the two"},
		"one in each": {tokens, []string{"STORMBELL_SLACK_BOT_TOKEN_FILE=x"},
			"STORMBELL_SLACK_BOT_TOKEN_FILE: slack.bot_token_file: slack.bot_token is set as well (line 2); keep one of the two"},
		"both in the environment": {tokens, []string{"STORMBELL_HTTP_ADMIN_TOKEN=8d6ae0f4b7c15392a", "STORMBELL_HTTP_ADMIN_TOKEN_FILE=b"},
			"STORMBELL_HTTP_ADMIN_TOKEN_FILE: http.admin_token_file: http.admin_token is set as well (STORMBELL_HTTP_ADMIN_TOKEN); keep one of the two"},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tt.text, tt.env, tt.want) })
	}
}

// checkProblems loads text and compares its problems, one a line, in which FILE
// stands for the file.
func checkProblems(t *testing.T, text string, env []string, want string) {
	t.Helper()
	path := write(t, text)
	got := ""
	if _, err := Load(path, env); err != nil {
		got = strings.ReplaceAll(strings.ReplaceAll(err.Error(), path, "FILE"), filepath.Dir(path), "DIR")
	}
	if diff := cmp.Diff(strings.TrimSpace(want), got); diff != "" {
		t.Errorf("Load of\n%s\nwith %q (-want +got):\n%s", text, env, diff)
	}
}

func TestProblemsOfValues(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"bare duration":       {"heartbeat.every: 5", "FILE:3: heartbeat.every: 5 has no unit; write one, such as 30s or 5m"},
		"quoted bare":         {"heartbeat.every: '5'", `FILE:3: heartbeat.every: "5" is not a duration; write a number and a unit, such as 30s or 5m`},
		"duration of nothing": {"heartbeat.every: 0s", "FILE:3: heartbeat.every: 0s is out of range; use 1s to 24h"},
		"copies too often":    {"backup.every: 30s", "FILE:3: backup.every: 30s is out of range; use 1m to 168h, which is a week"},
		"no copies kept":      {"backup.keep: 0", "FILE:3: backup.keep: 0 is out of range; keep at least 1 copy, and at most 10000"},
		"archived too soon":   {"archive.after: 30m", "FILE:3: archive.after: 30m0s is out of range; use 1h to 36500d, as in 365d"},
		"archived at once":    {"archive.after: -1d", `FILE:3: archive.after: "-1d" is not a duration; write a number and a unit, such as 30s or 5m`},
		"archived on etcd":    {"archive.after: 365d\nstore: etcd:127.0.0.1:1/x", "FILE:3: archive.after: archive files lie on the disk of one machine, and the store is on a cluster; take it out; what was archived before is read from archive.folder"},
		"negative duration":   {"heartbeat.every: -1m", "FILE:3: heartbeat.every: -1m0s is out of range; use 1s to 24h"},
		"number as text":      {"http.listen: 0010", `FILE:3: http.listen: needs text, not the number 0010; put it in quotes: "0010"`},
		"truth as text":       {"log.level: true", `FILE:3: log.level: needs text, not the yes-or-no value true; put it in quotes: "true"`},
		"number as secret":    {"http.admin_token: 12345", "FILE:3: http.admin_token: needs text, not the number; put it in quotes"},
		"list as text":        {"store: [a]", "FILE:3: store: needs one value, not a list; write store: VALUE in one line"},
		"group as text":       {"slack.command: {a: b}", "FILE:3: slack.command: needs one value, not a group of keys; write command: VALUE in one line"},
		"text as group":       {"log: debug", "FILE:3: log: log is a group of keys, not a text; write KEY: VALUE, one a line"},
		"empty where wanted":  {"log.level: ''", `FILE:3: log.level: "" is none of its values; use debug, info, warn or error`},
		"level nearly":        {"log.level: warning", `FILE:3: log.level: "warning" is none of its values; use debug, info, warn or error`},
		"format":              {"log.format: xml", `FILE:3: log.format: "xml" is none of its values; use auto, console or json`},
		"zone":                {"business_time_zone: Berlin", `FILE:3: business_time_zone: "Berlin" is not a time zone; use an IANA name, such as Europe/Berlin`},
		"this machine's zone": {"business_time_zone: Local", `FILE:3: business_time_zone: "Local" is not a time zone; use an IANA name, such as Europe/Berlin`},
		"store of no kind":    {"store: stormbell.db", `FILE:3: store: "stormbell.db" names no kind of store; write bolt:PATH, such as bolt:stormbell.db`},
		"store of no file":    {"store: 'bolt:'", `FILE:3: store: "bolt:" names no file; write bolt:PATH, such as bolt:stormbell.db`},
		"store is a folder":   {"store: bolt:.", "FILE:3: store: . is a folder; name a file in it: bolt:./stormbell.db"},
		"etcd in its own":     {"store: etcd:h:1/p/records", `FILE:3: store: the prefix "/p/records" cannot be used; none of its parts may be empty, records or election`},
		"etcd with a slash":   {"store: etcd:h:1/p/", `FILE:3: store: the prefix "/p/" cannot be used; none of its parts may be empty, records or election`},
		"etcd with a novel":   {"store: etcd:h:1/" + strings.Repeat("p", 48), "FILE:3: store: the prefix is 49 characters long; use at most 48"},
		"short lease":         {"etcd.lease: 1s", "FILE:3: etcd.lease: 1s cannot be granted; use whole seconds, 2s to 5m"},
		"broken lease":        {"etcd.lease: 2500ms", "FILE:3: etcd.lease: 2.5s cannot be granted; use whole seconds, 2s to 5m"},
		"certificate alone":   {"etcd: {ca: ca.pem, cert: c.pem}", "FILE:3: etcd.cert: it needs etcd.key as well; set that too, or take this out"},
		"key alone":           {"etcd: {ca: ca.pem, key: k.pem}", "FILE:3: etcd.key: it needs etcd.cert as well; set that too, or take this out"},
		"user alone":          {"etcd.username: stormbell", "FILE:3: etcd.username: it needs etcd.password as well; set that too, or take this out"},
		"advertised":          {"http.advertise: ':8080'", `FILE:3: http.advertise: ":8080" is not an address; write HOST:PORT, such as bot-1.example.com:8080`},
		"etcd without port":   {"store: etcd:h/p", `FILE:3: store: "h" is not HOST:PORT; write etcd:HOST:PORT,HOST:PORT/PREFIX`},
		"etcd without prefix": {"store: etcd:h:1", "FILE:3: store: the etcd store has no prefix; write etcd:HOST:PORT,HOST:PORT/PREFIX, such as etcd:10.0.0.1:2379/stormbell"},
		"listen":              {"http.listen: '8080'", `FILE:3: http.listen: "8080" is not an address; write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address`},
		"port":                {"http.listen: ':99999'", `FILE:3: http.listen: ":99999" is not an address; write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address`},
		"address":             {"http.public_url: bell.example.com", "FILE:3: http.public_url: this is not a web address; write it whole, beginning with https:// or http://"},
		"address with query":  {"slack.api_url: https://a/?b=c", "FILE:3: slack.api_url: the base of an API has no question mark and no #; cut it off before them"},
		"empty API":           {"slack.api_url: ''", "FILE:3: slack.api_url: this is not a web address; write it whole, beginning with https:// or http://"},
		"command":             {"slack.command: incident", `FILE:3: slack.command: "incident" is not a slash command; write a slash and up to 31 lower-case letters, digits, - or _`},
		"no number":           {"report.share_percent: a lot", `FILE:3: report.share_percent: "a lot" is not a number; write a whole number, such as 2`},
		"too many nights":     {"report.nights_per_week: 8", "FILE:3: report.nights_per_week: it is out of range; write a number from 0 to 7"},
		"same command":        {"slack.command: /oncall", "FILE: slack.oncall_command: it is the same as slack.command; give the two different names"},
		"channel":             {"slack.announce_channel: All Hands", `FILE:3: slack.announce_channel: "All Hands" is not a channel's name; use up to 80 lower-case letters, digits, - or _, or a channel ID`},
		"size":                {"slack.keep_file: '5'", `FILE:3: slack.keep_file: "5" is not a size; write a number and a unit, such as 500KiB or 5MiB, up to 1GiB; 0B is nothing`},
		"secret with a line":  {"http.admin_token: \"a\\nb\"", "FILE:3: http.admin_token: there is white space or an unusual character in it; use letters, digits and plain signs only: it travels in a header"},
		"topic for all":       {"notify.ntfy.topic: pages", "FILE:3: notify.ntfy.topic: everybody would get everybody's pages; put {person} into it, or take it out: the bot then makes a topic for each"},
		"token for nothing":   {"notify.ntfy.token: x", "FILE:3: notify.ntfy.token: it needs notify.ntfy.url as well; set that too, or take this out"},
		"mail without sender": {"notify.smtp.address: mail:25", "FILE:3: notify.smtp.address: it needs notify.smtp.from as well; set that too, or take this out"},
		"mail without port":   {"notify.smtp: {address: mail, from: a@b.example}", `FILE:3: notify.smtp.address: "mail" is not a server; write HOST:PORT, such as mail.example.com:587`},
		"sender":              {"notify.smtp: {address: 'mail:25', from: me}", `FILE:3: notify.smtp.from: "me" is not a mail address; write stormbell@example.com or Stormbell <stormbell@example.com>`},
		"account":             {"notify.twilio: {account_sid: x, auth_token: y, from: '+4915112345'}", "FILE:3: notify.twilio.account_sid: this is not an account SID; it is AC and 32 hexadecimal digits, on the first page of Twilio's console"},
		"phone as number":     {"notify.twilio.from: +4915112345", `FILE:3: notify.twilio.from: needs text, not the number +4915112345; put it in quotes: "+4915112345"`},
		"a tag":               {"log.level: !!binary aGk=", `FILE:3: log.level: needs text, not a value with a tag aGk=; put it in quotes: "aGk="`},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tokens+tt.text+"\n", nil, tt.want) })
	}
}

func TestProblemsOfTokens(t *testing.T) {
	const app = "app-level tokens begin with xapp-; make one on the app's page under Basic Information, App-Level Tokens, with the scope connections:write"
	const bot = "bot tokens begin with xoxb-; it is on the app's page under OAuth & Permissions, once the app is installed"
	for name, tt := range map[string]struct{ text, want string }{
		"swapped":  {"slack:\n  app_token: xoxb-1\n  bot_token: xapp-1\n", "FILE:2: slack.app_token: this is the bot token, and slack.bot_token holds the app-level token; swap the two"},
		"twice":    {"slack.app_token: xoxb-1\nslack.bot_token: xoxb-1\n", "FILE:1: slack.app_token: this is a bot token, not an app-level token; " + app},
		"user":     {"slack.app_token: xapp-1\nslack.bot_token: xoxp-1\n", "FILE:2: slack.bot_token: this is a user token, not a bot token; " + bot},
		"rotating": {"slack.app_token: xapp-1\nslack.bot_token: xoxe.xoxb-1\n", "FILE:2: slack.bot_token: this is a rotating token, not a bot token; " + bot},
		"other":    {"slack.app_token: xapp-1\nslack.bot_token: hunter2\n", "FILE:2: slack.bot_token: this does not look like a Slack token; " + bot},
		"missing":  {"", "FILE: slack.app_token: missing; " + app + "\nFILE: slack.bot_token: missing; " + bot},
		"empty":    {"slack:\n  app_token:\n  bot_token: xoxb-1\n", "FILE:2: slack.app_token: missing; " + app},
		"cut":      {"slack.app_token: xapp-\nslack.bot_token: xoxb-1\n", "FILE:1: slack.app_token: it is cut short; " + app},
		"wrapped":  {"slack.app_token: xapp-1\nslack.bot_token: xoxb-1 2\n", "FILE:2: slack.bot_token: there is white space or an unusual character in it; paste it again, in one line"},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tt.text, nil, tt.want) })
	}
}

func TestProblemsOfKeys(t *testing.T) {
	const list = "http:\n  integration_keys:\n" // lines 3 and 4
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":       {list + "  -\n", "FILE:5: http.integration_keys[0]: needs a key, not nothing; write the key, or name: and key:"},
		"number":        {list + "  - 8d6ae0f4b7c15392a\n  - 12\n", "FILE:6: http.integration_keys[1]: needs text, not the number; put it in quotes"},
		"list":          {list + "  - [a]\n", "FILE:5: http.integration_keys[0]: needs a key, not a list; write the key, or name: and key:"},
		"unknown":       {list + "  - {nmae: x, key: y}\n", "FILE:5: http.integration_keys[0].nmae: there is no such key; use name, key or key_file"},
		"secret as key": {list + "  - s3cret:\n", "FILE:5: http.integration_keys[0]: it has a key that is not known; use name, key or key_file"},
		"name alone":    {list + "  - {name: x}\n", "FILE:5: http.integration_keys[0]: it has no key; write the key, or name: and key:"},
		"same name":     {list + "  - {name: x, key: 8d6ae0f4b7c15392a}\n  - {name: x, key: 8d6ae0f4b7c15392b}\n", `FILE:6: http.integration_keys[1]: an earlier key has the name "x"; give each its own name`},
		"same key":      {list + "  - {name: x, key: 8d6ae0f4b7c15392a}\n  - {name: y, key: 8d6ae0f4b7c15392a}\n", "FILE:6: http.integration_keys[1]: it is the same as an earlier key; take one of the two out"},
		"admin's":       {list + "  - 8d6ae0f4b7c15392a\n  admin_token: 8d6ae0f4b7c15392a\n", "FILE:5: http.integration_keys[0]: it is the same as http.admin_token; make another one: who sends alerts must not be able to administer"},
		"both":          {list + "  - {key: a, key_file: b}\n", "FILE:5: http.integration_keys[0]: key and key_file are both set; keep one of the two"},
		"missing file":  {list + "  - name: x\n    key_file: b\n", "FILE:6: http.integration_keys[0]: cannot read DIR/b: there is no such file; check the path and who may read it"},
		"name as null":  {list + "  - {name: , key: b}\n", "FILE:5: http.integration_keys[0].name: needs text, not nothing; write one, or take the key out"},
		"white space":   {list + "  - a b\n", "FILE:5: http.integration_keys[0]: there is white space or an unusual character in it; use letters, digits and plain signs only: it travels in a header"},
		"a single text": {"http.integration_keys: 8d6ae0f4b7c15392a,8d6ae0f4b7c15392b,8d6ae0f4b7c15392a\n", "FILE:3: http.integration_keys[2]: it is the same as an earlier key; take one of the two out"},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tokens+tt.text, nil, tt.want) })
	}
}

func TestProblemsOfFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		env  []string
		want string
	}{
		"all at once": {"slack:\n  ap_token: xapp-1\n  bot_token: xapp-1\nlog:\n  level: loud\nhartbeat:\n  every: 5\n", []string{"STORMBELL_LOG_FORMT=json"},
			`FILE:2: slack.ap_token: there is no such key; did you mean slack.app_token?
FILE:3: slack.bot_token: this is an app-level token, not a bot token; bot tokens begin with xoxb-; it is on the app's page under OAuth & Permissions, once the app is installed
FILE:5: log.level: "loud" is none of its values; use debug, info, warn or error
FILE:6: hartbeat: there is no such key; did you mean heartbeat?
FILE: slack.app_token: missing; app-level tokens begin with xapp-; make one on the app's page under Basic Information, App-Level Tokens, with the scope connections:write
STORMBELL_LOG_FORMT: there is no such setting; did you mean STORMBELL_LOG_FORMAT?`},
		"wrong group":      {tokens + "app_token: xapp-1\n", nil, "FILE:3: app_token: there is no such key; did you mean slack.app_token?"},
		"capitals":         {tokens + "Log: {}\n", nil, "FILE:3: Log: there is no such key; did you mean log?"},
		"nothing like it":  {tokens + "database_connections: 3\n", nil, "FILE:3: database_connections: there is no such key; take it out; stormbell.example.yaml shows every key"},
		"file of no key":   {tokens + "store_file: x\n", nil, "FILE:3: store_file: there is no such key; only secrets can be in a file of their own; write store"},
		"key twice":        {tokens + "store: bolt:a\nstore: bolt:b\n", nil, "FILE:4: store: given twice, first in line 3; keep one of the two"},
		"group twice":      {tokens + "log: {}\nstore: bolt:a\nlog: {}\n", nil, "FILE:5: log: given twice, first in line 3; keep one of the two"},
		"dotted and not":   {"slack.app_token: xapp-1\nslack:\n  app_token: xapp-2\n  bot_token: xoxb-1\n", nil, "FILE:3: slack.app_token: given twice, first in line 1; keep one of the two"},
		"a list":           {"- a\n", []string{"STORMBELL_SLACK_APP_TOKEN=xapp-1", "STORMBELL_SLACK_BOT_TOKEN=xoxb-1"}, "FILE:1: the file must hold keys and values, not a list; write KEY: VALUE, one a line"},
		"two documents":    {tokens + "---\nstore: bolt:a\n", nil, "FILE:3: a second document begins here; keep one, without a line of three dashes"},
		"a tab":            {"slack:\n\tapp_token: xapp-1\n", []string{"STORMBELL_SLACK_APP_TOKEN=xapp-1", "STORMBELL_SLACK_BOT_TOKEN=xoxb-1"}, "FILE:2: not valid YAML: found character that cannot start any token; indent with spaces, not tabs, and put text that begins with a sign in quotes"},
		"a star":           {tokens + "log.format: json\nhttp.admin_token: *x\n", []string{"STORMBELL_SLACK_APP_TOKEN=xapp-1", "STORMBELL_SLACK_BOT_TOKEN=xoxb-1"}, "FILE:4: not valid YAML: a star refers to nothing; put text that begins with a sign in quotes"},
		"a token as key":   {tokens + "slack:\n  xapp-1-secret:\n", nil, "FILE:4: slack: a token stands where a key must be; write app_token: or bot_token: before it"},
		"a list as key":    {tokens + "? [a]\n: b\n", nil, "FILE:3: a key must be a word, not a list; write KEY: VALUE, one a line"},
		"an alias":         {tokens + "log: &x {level: info}\nnotify: *x\n", nil, "FILE:3: notify.level: there is no such key; take it out; stormbell.example.yaml shows every key"},
		"secret file":      {tokens + "http.admin_token_file: none\n", nil, "FILE:3: http.admin_token_file: cannot read DIR/none: there is no such file; check the path and who may read it"},
		"secret folder":    {tokens, []string{"STORMBELL_HTTP_ADMIN_TOKEN_FILE=."}, "STORMBELL_HTTP_ADMIN_TOKEN_FILE: http.admin_token_file: cannot read .: it is a folder, not a file; check the path and who may read it"},
		"secret of length": {tokens + "http.admin_token_file: stormbell.yaml\n", nil, "FILE:3: http.admin_token: there is white space or an unusual character in it; use letters, digits and plain signs only: it travels in a header"},
		"empty secret":     {tokens, []string{"STORMBELL_HTTP_ADMIN_TOKEN_FILE=/dev/null"}, "STORMBELL_HTTP_ADMIN_TOKEN_FILE: http.admin_token_file: /dev/null is empty; write the secret into it"},
		"wrong variable":   {tokens, []string{"STORMBELL_HTTP_LISTEN=8080"}, `STORMBELL_HTTP_LISTEN: http.listen: "8080" is not an address; write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address`},
		"unknown variable": {tokens, []string{"STORMBELL_X=1"}, "STORMBELL_X: there is no such setting; unset it"},
		"group variable":   {tokens, []string{"STORMBELL_SLACK=1"}, "STORMBELL_SLACK: there is no such setting; unset it"},
	} {
		t.Run(name, func(t *testing.T) { checkProblems(t, tt.text, tt.env, tt.want) })
	}
}

func TestUnreadableConfiguration(t *testing.T) {
	for name, tt := range map[string]struct{ path, want string }{
		"missing": {"/nowhere/stormbell.yaml", "/nowhere/stormbell.yaml: cannot read the configuration: there is no such file; "},
		"folder":  {".", ".: cannot read the configuration: it is a folder, not a file; "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(tt.path, nil)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Load(%s): got %v, want Problems", tt.path, err)
			}
			if got := problems.Present().Error(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("Load(%s): got %q, want one problem: %s…", tt.path, got, tt.want)
			}
		})
	}
}

// No problem, whatever is wrong with it, may show a secret.
func TestProblemsKeepSecrets(t *testing.T) {
	const hidden = "hunter2hunter2"
	for _, k := range Keys() {
		if !k.Secret {
			continue
		}
		last := lastPart(k.Name)
		group := strings.TrimSuffix(k.Name, "."+last)
		for _, typed := range []string{last + " " + hidden, last + ":" + hidden, last + "=" + hidden, last + hidden, hidden, "? " + last + " " + hidden} {
			for _, text := range []string{group + ":\n  " + typed + ":\n", group + ": {" + typed + "}\n", group + ":\n  " + typed + ": x\n  " + typed + ": x\n"} {
				if _, err := Load(write(t, text), nil); err != nil && strings.Contains(err.Error(), hidden) {
					t.Errorf("Load of %q shows the secret:\n%v", text, err)
				}
			}
		}
		for _, value := range []string{hidden + " x", hidden + "\u00e9", "[" + hidden + "]", "{" + hidden + ": 1}", "!x " + hidden, "1" + strings.Repeat("9", 20),
			"!" + hidden, "*" + hidden, "&" + hidden, "[{" + hidden + ": 1}]", "{name: [" + hidden + "]}", "@" + hidden, "%" + hidden, "`" + hidden, "|" + hidden} {
			_, err := Load(write(t, k.Name+": "+value+"\n"), nil)
			if err == nil {
				continue
			}
			if strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), "99999") {
				t.Errorf("Load of %s: %s shows the secret:\n%v", k.Name, value, err)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(tokens)
	f.Add("log: &x {level: *x}\n")
	f.Add("http:\n  integration_keys: [a, {name: b, key: c}, {key_file: /dev/null}, ~]\n")
	f.Add("slack: {app_token: !!binary x}\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/") && !strings.Contains(text, "/dev/null") {
			t.Skip("a path could name a file that never ends")
		}
		c, err := Load(write(t, text), nil)
		var problems Problems
		if c == nil || err != nil && !errors.As(err, &problems) {
			t.Fatalf("Load(%q) = %v, %v, want a Config and Problems or nothing", text, c, err)
		}
		for _, p := range problems {
			if p.What == "" || p.File == "" || p.Line < 0 || p.Line > strings.Count(text, "\n")+2 {
				t.Errorf("Load(%q): problem without words or place: %+v", text, p)
			}
		}
	})
}

// TestChannelNames: Slack takes letters of every alphabet that are not capital, and
// 80 characters, not bytes.
func TestChannelNames(t *testing.T) {
	for name, want := range map[string]bool{
		"incidents": true, "störung_2-b": true, "障害": true, strings.Repeat("ö", 80): true,
		"": false, "All": false, "a b": false, "a.b": false, "a\n": false, strings.Repeat("ö", 81): false,
	} {
		if got := isChannelName(name); got != want {
			t.Errorf("isChannelName(%q) = %v, want %v", name, got, want)
		}
	}
}
