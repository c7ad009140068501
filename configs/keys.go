package configs

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// prefix begins the name of every environment variable that is a setting.
const prefix = "STORMBELL_"

// twin ends the name of a key whose value is the path of a file that holds the
// value of the key without it.
const twin = "_file"

// kind is the form in which a key is written.
type kind int

const (
	text     kind = iota
	secret        // text that is never shown, and has a twin
	duration      // a number with its unit
	number        // a whole number
	secrets       // a list of secrets, each with or without a name; has a twin
	names         // a list of words
	groups        // a list of groups of keys
)

// Key describes one setting, for the documentation.
type Key struct {
	Name     string // as in slack.app_token
	Variable string // the environment variable, as in STORMBELL_SLACK_APP_TOKEN
	Default  string // as it would be written; empty when there is none
	Meaning  string // one sentence without its full stop
	Secret   bool   // a key of the same name with _file at its end reads it from a file
	kind     kind
}

// Keys returns every key of the configuration, in the order of the example.
func Keys() []Key {
	keys := []Key{
		{Name: "slack.app_token", kind: secret, Meaning: "the app-level token, `xapp-…`, with the scope `connections:write`; required"},
		{Name: "slack.bot_token", kind: secret, Meaning: "the bot token, `xoxb-…`; required"},
		{Name: "slack.api_url", Default: "https://slack.com/api/", Meaning: "the base of the Web API; for a simulated workspace its address, such as `http://127.0.0.1:9999/api/`"},
		{Name: "slack.command", Default: "/incident", Meaning: "the slash command for incidents"},
		{Name: "slack.oncall_command", Default: "/oncall", Meaning: "the slash command for the rota"},
		{Name: "slack.announce_channel", Default: "incidents", Meaning: "name or ID of the channel for announcements; made where it does not exist"},
		{Name: "slack.keep_file", Default: "5MiB", Meaning: "how large a file of a message that is marked for the timeline may be for it to be kept in the store; `0B` keeps none"},
		{Name: "slack.keep_files", Default: "50MiB", Meaning: "how much is kept of all such files of one incident"},
		{Name: "store", Default: "bolt:stormbell.db", Meaning: "where everything is kept: `bolt:PATH` for a file, where a path without a leading slash is relative to the working folder; or `etcd:HOST:PORT,HOST:PORT/PREFIX` for a cluster of etcd, see [high availability](high-availability.md)"},
		{Name: "etcd.lease", Default: "10s", kind: duration, Meaning: "how long a bot that gives no sign of life stays the one that does the work, with a store on etcd: whole seconds, 2s to 5m"},
		{Name: "etcd.ca", Meaning: "path of the certificates, as PEM, that those of the cluster must be signed by, or `system` for the authorities of the machine; without it the connection is plain text"},
		{Name: "etcd.cert", Meaning: "path of the bot's own certificate, as PEM, if the cluster wants one"},
		{Name: "etcd.key", Meaning: "path of its private key, as PEM"},
		{Name: "etcd.username", Meaning: "the user of the cluster, if it has users"},
		{Name: "etcd.password", kind: secret, Meaning: "that user's password"},
		{Name: "backup.folder", Meaning: "a folder into which the bot copies the store, better on another disk than that; a relative path is relative to the configuration file. Without it no copy is made by itself, see [operating](operating.md#backup)"},
		{Name: "backup.every", Default: "1h", kind: duration, Meaning: "how often a copy is made, 1m to 168h"},
		{Name: "backup.keep", Default: "24", kind: number, Meaning: "how many copies are kept in the folder; the oldest of the bot's own goes, once a newer one is proven"},
		{Name: "archive.after", kind: duration, Meaning: "how long after its end an incident is moved into the archive file of its month, `1h` at least, as in `365d`; without it none is, see [operating](operating.md#archive). Only with a store in a file"},
		{Name: "archive.folder", Meaning: "the folder of the archive files; a relative path is relative to the configuration file. Without it the folder `archive` beside the store"},
		{Name: "roster", Meaning: "a roster file that is applied when the bot starts with an empty store; a relative path is relative to the configuration file"},
		{Name: "http.listen", Default: "127.0.0.1:8080", Meaning: "address and port for alerts, admin calls, health and links"},
		{Name: "http.admin_token", kind: secret, Meaning: "the secret for admin calls; without it they are refused"},
		{Name: "http.integration_keys", kind: secrets, Meaning: "the secrets of alert senders: a list of keys, or of `name` and `key` (or `key_file`); in a variable they are separated by commas, in a file there is one in each line"},
		{Name: "http.advertise", Meaning: "the address and port at which other machines reach `http.listen`: a bot that stands by names it; without it `http.listen`, with the name of the machine where that has no host"},
		{Name: "http.public_url", Meaning: "the address at which browsers reach the bot, for links in messages"},
		{Name: "log.level", Default: "info", Meaning: "`debug`, `info`, `warn` or `error`"},
		{Name: "log.format", Default: "auto", Meaning: "`console`, `json`, or `auto`: `console` on a terminal, `json` otherwise"},
		{Name: "business_time_zone", Default: "UTC", Meaning: "the time zone of business days and of times in documents, an IANA name"},
		{Name: "notify.ntfy.url", Meaning: "an ntfy server for push notifications, e.g. `https://ntfy.sh`"},
		{Name: "notify.ntfy.token", kind: secret, Meaning: "its access token, if the server needs one"},
		{Name: "notify.ntfy.topic", Meaning: "each person's topic; `{person}` stands for their ID in the roster. Without it the bot makes topics that nobody can guess, and `stormbell oncall topics --config stormbell.yaml` prints them"},
		{Name: "notify.ntfy.reply_topic", Meaning: "a topic to which the button Acknowledge of a push publishes its answer; put something into it that nobody can guess. Not needed with `http.public_url`"},
		{Name: "notify.smtp.address", Meaning: "a mail server, `HOST:PORT`"},
		{Name: "notify.smtp.username", Meaning: "the account on it, if it needs one"},
		{Name: "notify.smtp.password", kind: secret, Meaning: "that account's password"},
		{Name: "notify.smtp.from", Meaning: "the sender of mails; required with `notify.smtp.address`"},
		{Name: "notify.smtp.tls", Default: "starttls", Meaning: "`starttls`, `implicit` (usually port 465) or `none`"},
		{Name: "notify.twilio.account_sid", Meaning: "a Twilio account for text messages and calls, `AC…`"},
		{Name: "notify.twilio.auth_token", kind: secret, Meaning: "its auth token; required with the account"},
		{Name: "notify.twilio.from", Meaning: "the number that calls, as `\"+4915112345678\"`; required with the account"},
		{Name: "notify.twilio.api_url", Default: "https://api.twilio.com", Meaning: "the base of Twilio's API"},
		{Name: "notify.webhook.url", Meaning: "an address to which each notification is posted as JSON"},
		{Name: "notify.webhook.secret", kind: secret, Meaning: "the secret that signs those calls (Standard Webhooks)"},
		{Name: "paging.weekly_test", Meaning: "a weekday and a time in `business_time_zone`, such as `mon 10:00`, at which everybody on call gets a test notification that they must acknowledge within the hour; their team is told how it went"},
		{Name: "report.pages_per_shift", Default: "2", kind: number, Meaning: "more incidents than so many for which a rotation is paged within twelve hours are called too many in figures of on call"},
		{Name: "report.nights_per_week", Default: "1", kind: number, Meaning: "more interrupted nights than so many in somebody's week are"},
		{Name: "report.share_percent", Default: "25", kind: number, Meaning: "being on call more of the time than that is"},
		{Name: "heartbeat.url", Meaning: "an address that the bot calls while people can be paged; let another service watch that the calls come"},
		{Name: "heartbeat.every", Default: "1m", kind: duration, Meaning: "how often it is called"},
		{Name: "trackers", kind: groups, Meaning: "where follow-ups can be opened as issues: a list of groups of `kind`, `project`, `token` (or `token_file`) and others, see [trackers](trackers.md); only in the file"},
		{Name: "postmortem.templates", kind: groups, Meaning: "templates of your own for the post-mortem: a list of groups of `file`, `severity` and `service`, of which the first that fits an incident is used, see [the post-mortem](post-mortem.md); only in the file"},
		{Name: "access.declare", kind: names, Meaning: "who may declare; without it everybody. Each of these is a list of `everybody`, `involved` (whoever is in the incident's channel, on call for it, of the owning team, or involved in it), `person:ID`, `team:ID`, `group:HANDLE` (a user group of Slack) and `channel:NAME` (whoever is in it); in a variable they are separated by commas"},
		{Name: "access.manage", kind: names, Meaning: "who may lower, resolve, close, cancel and merge incidents and hide entries; without it `involved`"},
		{Name: "access.private", kind: names, Meaning: "who sees private incidents without being involved in them; without it nobody"},
		{Name: "access.roster", kind: names, Meaning: "who may change who is on call from Slack; without it everybody"},
		{Name: "access.admin", kind: names, Meaning: "who may do all of that in every incident that they see; without it only who has the admin token"},
	}
	for i, k := range keys {
		keys[i].Variable = variable(k.Name)
		keys[i].Secret = k.kind == secret || k.kind == secrets
	}
	return keys
}

// variable returns the environment variable of a key or of a key's twin.
func variable(key string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// schema is the table of keys, by name.
type schema map[string]Key

func newSchema() schema {
	s := schema{}
	for _, k := range Keys() {
		s[k.Name] = k
	}
	return s
}

// find returns the key that name is, or is the twin of.
func (s schema) find(name string) (k Key, isTwin, ok bool) {
	if k, ok := s[name]; ok {
		return k, false, true
	}
	base, cut := strings.CutSuffix(name, twin)
	k, ok = s[base]
	return k, true, cut && ok && k.Secret
}

// section reports whether name is a group of keys.
func (s schema) section(name string) bool {
	for key := range s {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// names returns every name that may be written: keys, twins and groups, sorted.
func (s schema) names() []string {
	var out []string
	for name, k := range s {
		out = append(out, name)
		if k.Secret {
			out = append(out, name+twin)
		}
		for i, r := range name {
			if r == '.' {
				out = append(out, name[:i])
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Nearest returns which of known somebody who wrote word probably meant, or ""
// where none is close (see [incident.Nearest]). A word that is right but for its
// group (app_token for slack.app_token) counts as near.
func Nearest(word string, known []string) string {
	for _, k := range known {
		if strings.HasSuffix(k, "."+strings.ToLower(word)) {
			return k
		}
	}
	return incident.Nearest(word, known)
}
