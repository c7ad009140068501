package configs

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stormbell/stormbell/pattern"
)

var (
	commandName = pattern.New(`^/[a-z0-9_-]{1,31}$`)    // Slack: app manifest, slash_commands, 2 to 32 characters
	channelForm = pattern.New(`^[\p{Ll}\p{Lo}0-9_-]+$`) // Slack: conversations.create
	channelID   = pattern.New(`^[CG][A-Z0-9]{6,}$`)
	phone       = pattern.New(`^\+[1-9][0-9]{6,14}$`) // E.164
	accountSID  = pattern.New(`^AC[0-9a-fA-F]{32}$`)  // Twilio: account SID
)

// isChannelName reports whether a channel of Slack can have that name. The length is
// not the pattern's to say: eighty copies of all letters there are took most of the
// time in which any command starts.
func isChannelName(name string) bool {
	return utf8.RuneCountInString(name) <= 80 && channelForm.MatchString(name)
}

// normalise brings what may be written in several ways into one form.
func (l *loader) normalise(c *Config) {
	if c.Slack.APIURL != "" && !strings.HasSuffix(c.Slack.APIURL, "/") {
		c.Slack.APIURL += "/"
	}
	c.Slack.AnnounceChannel = strings.TrimPrefix(c.Slack.AnnounceChannel, "#")
	for _, base := range []*string{&c.HTTP.PublicURL, &c.Notify.Ntfy.URL, &c.Notify.Twilio.APIURL} {
		*base = strings.TrimRight(*base, "/")
	}
	normaliseTrackers(c.Trackers)
	for key, path := range map[string]*string{"roster": &c.Roster, "backup.folder": &c.Backup.Folder, "archive.folder": &c.Archive.Folder, "etcd.ca": &c.Etcd.CA, "etcd.cert": &c.Etcd.Cert, "etcd.key": &c.Etcd.Key} {
		if l.settings[key].variable == "" && *path != SystemCA {
			*path = l.beside(*path)
		}
	}
	for i := range c.HTTP.IntegrationKeys {
		if k := &c.HTTP.IntegrationKeys[i]; k.Name == "" {
			k.Name = "key-" + strconv.Itoa(i+1)
		}
	}
}

// validate reports everything about c that cannot work.
func (l *loader) validate(c *Config) {
	l.checkTokens(c.Slack)
	l.checkNames(c.Slack)
	l.checkStore(c.Store)
	l.checkEtcd(c.Etcd)
	l.adviseEtcd(c)
	l.checkHTTP(c.HTTP)
	l.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	l.oneOf("log.format", c.Log.Format, "auto", "console", "json")
	l.checkPush(c.Notify)
	l.checkMail(c.Notify.SMTP)
	l.checkTwilio(c.Notify.Twilio)
	if _, _, ok := c.Paging.Weekly(); !ok {
		l.report("paging.weekly_test", "it does not say a weekday and a time", "write it as in mon 10:00")
	}
	l.checkBackup(c.Backup)
	l.checkArchive(c)
	l.checkReport(c.Report)
	l.checkHeartbeat(c.Heartbeat)
	l.checkTrackers(c.Trackers)
	l.checkTemplates(c.Postmortem.Templates)
	l.checkAccess(c.Access)
}

func (l *loader) checkReport(r Report) {
	for _, n := range []struct {
		key      string
		is, most int
	}{{"pages_per_shift", r.PagesPerShift, 1000}, {"nights_per_week", r.NightsPerWeek, 7}, {"share_percent", r.SharePercent, 100}} {
		if key := "report." + n.key; !l.broken(key) && (n.is < 0 || n.is > n.most) {
			l.report(key, "it is out of range", fmt.Sprintf("write a number from 0 to %d", n.most))
		}
	}
}

// The two tokens, and where each is found.
const (
	appHelp = "app-level tokens begin with xapp-; make one on the app's page under Basic Information, App-Level Tokens, with the scope connections:write"
	botHelp = "bot tokens begin with xoxb-; it is on the app's page under OAuth & Permissions, once the app is installed"
)

func (l *loader) checkTokens(s Slack) {
	app, bot := tokenKind(s.AppToken.Reveal()), tokenKind(s.BotToken.Reveal())
	if app == botToken && bot == appToken {
		l.report("slack.app_token", "this is the bot token, and slack.bot_token holds the app-level token", "swap the two")
		return
	}
	l.checkToken("slack.app_token", s.AppToken, appToken, appHelp)
	l.checkToken("slack.bot_token", s.BotToken, botToken, botHelp)
}

func (l *loader) checkToken(key string, token Secret, want, help string) {
	value := token.Reveal()
	switch got := tokenKind(value); {
	case l.broken(key):
	case value == "":
		l.missing(key, "missing", help)
	case isPlaceholder(value) && (got == want || got == ""):
		l.missing(key, "this is a placeholder", help)
	case strings.ContainsFunc(value, outsideHeader):
		l.report(key, "there is white space or an unusual character in it", "paste it again, in one line")
	case got == "":
		l.report(key, "this does not look like a Slack token", help)
	case got != want:
		l.report(key, "this is "+got+", not "+want, help)
	case len(value) == len("xapp-"):
		l.report(key, "it is cut short", help)
	}
}

// Kinds of Slack tokens, as a sentence names them.
const (
	appToken = "an app-level token"
	botToken = "a bot token"
)

// tokenKind returns what kind of token Slack's prefixes say it is, or "".
func tokenKind(token string) string {
	switch {
	case strings.HasPrefix(token, "xapp-"):
		return appToken
	case strings.HasPrefix(token, "xoxb-"):
		return botToken
	case strings.HasPrefix(token, "xoxp-"):
		return "a user token"
	case strings.HasPrefix(token, "xoxe"):
		return "a rotating token"
	case strings.HasPrefix(token, "xox"):
		return "a browser's token"
	}
	return ""
}

func (l *loader) checkNames(s Slack) {
	l.checkURL("slack.api_url", s.APIURL)
	l.checkCommand("slack.command", s.Command)
	l.checkCommand("slack.oncall_command", s.OncallCommand)
	if s.Command == s.OncallCommand && !l.broken("slack.command") {
		l.report("slack.oncall_command", "it is the same as slack.command", "give the two different names")
	}
	if name := s.AnnounceChannel; !l.broken("slack.announce_channel") && !isChannelName(name) && !channelID.MatchString(name) {
		l.report("slack.announce_channel", fmt.Sprintf("%q is not a channel's name", name), "use up to 80 lower-case letters, digits, - or _, or a channel ID")
	}
}

func (l *loader) checkCommand(key, name string) {
	if !l.broken(key) && !commandName.MatchString(name) {
		l.report(key, fmt.Sprintf("%q is not a slash command", name), "write a slash and up to 31 lower-case letters, digits, - or _")
	}
}

func (l *loader) checkStore(s Store) {
	switch {
	case l.broken("store"):
	case s.Engine == "etcd":
	case strings.HasSuffix(s.Path, "/") || folder(s.Path):
		l.report("store", s.Path+" is a folder", "name a file in it: bolt:"+strings.TrimSuffix(s.Path, "/")+"/stormbell.db")
	}
}

func (l *loader) checkEtcd(e Etcd) {
	const lease = "etcd.lease"
	if !l.broken(lease) && (e.Lease < 2*time.Second || e.Lease > 5*time.Minute || e.Lease%time.Second != 0) {
		l.report(lease, e.Lease.String()+" cannot be granted", "use whole seconds, 2s to 5m")
	}
	l.needs("etcd.cert", e.Cert != "", "etcd.ca", e.CA)
	l.needs("etcd.cert", e.Cert != "", "etcd.key", e.Key)
	l.needs("etcd.key", e.Key != "", "etcd.cert", e.Cert)
	l.needs("etcd.username", e.Username != "", "etcd.password", e.Password.Reveal())
	l.needs("etcd.password", !e.Password.IsZero(), "etcd.username", e.Username)
	l.checkGiven("etcd.password", e.Password) // it may hold any character
}

// adviseEtcd says what is better otherwise with a store on etcd.
func (l *loader) adviseEtcd(c *Config) {
	if c.Store.Engine != "etcd" || l.broken("store") {
		return
	}
	if c.Etcd.CA == "" && slices.ContainsFunc(c.Store.Endpoints, elsewhere) {
		l.advise("etcd.ca", "what the bot stores goes to other machines in plain text, phone numbers included", "set up TLS for etcd, and name its CA")
	}
	if c.HTTP.Advertise == "" && !elsewhere(c.HTTP.Listen) && slices.ContainsFunc(c.Store.Endpoints, elsewhere) {
		l.advise("http.advertise", "other machines are told that this bot is at "+c.HTTP.Listen+", where they cannot reach it", "set http.listen and http.advertise to an address that they can")
	}
}

// advise adds what is no problem with a key, but better otherwise.
func (l *loader) advise(key, what, mend string) {
	l.report(key, what, mend)
	last := len(l.problems) - 1
	l.advice, l.problems = append(l.advice, l.problems[last]), l.problems[:last]
}

// elsewhere reports whether an address is not only this machine's.
func elsewhere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

func folder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (l *loader) checkHTTP(h HTTP) {
	if key := "http.listen"; !l.broken(key) {
		if _, port, err := net.SplitHostPort(h.Listen); err != nil || !portNumber(port) {
			l.report(key, fmt.Sprintf("%q is not an address", h.Listen), "write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address")
		}
	}
	if key := "http.advertise"; h.Advertise != "" && !l.broken(key) {
		if host, port, err := net.SplitHostPort(h.Advertise); err != nil || host == "" || !portNumber(port) || port == "0" {
			l.report(key, fmt.Sprintf("%q is not an address", h.Advertise), "write HOST:PORT, such as bot-1.example.com:8080")
		}
	}
	l.checkURL("http.public_url", h.PublicURL)
	l.checkOwnSecret("http.admin_token", h.AdminToken)
	l.checkKeys(h)
}

func (l *loader) checkKeys(h HTTP) {
	const list = "http.integration_keys"
	if l.broken(list) {
		return
	}
	for i, k := range h.IntegrationKeys {
		earlier := h.IntegrationKeys[:i]
		switch {
		case k.Key.IsZero():
			l.reportItem(list, i, "it has no key", "write the key, or name: and key:")
		case strings.ContainsFunc(k.Key.Reveal(), outsideHeader):
			l.reportItem(list, i, "there is white space or an unusual character in it", "use letters, digits and plain signs only: it travels in a header")
		case k.Key.Equal(h.AdminToken):
			l.reportItem(list, i, "it is the same as http.admin_token", "make another one: who sends alerts must not be able to administer")
		case slices.ContainsFunc(earlier, func(e IntegrationKey) bool { return e.Name == k.Name }):
			l.reportItem(list, i, fmt.Sprintf("an earlier key has the name %q", k.Name), "give each its own name")
		case slices.ContainsFunc(earlier, func(e IntegrationKey) bool { return e.Key.Equal(k.Key) }):
			l.reportItem(list, i, "it is the same as an earlier key", "take one of the two out")
		case weakness(k.Key) != "":
			l.reportItem(list, i, weakness(k.Key), makeSecret)
		}
	}
}

func (l *loader) checkPush(n Notify) {
	l.checkURL("notify.ntfy.url", n.Ntfy.URL)
	l.checkGivenSecret("notify.ntfy.token", n.Ntfy.Token)
	l.needs("notify.ntfy.token", !n.Ntfy.Token.IsZero(), "notify.ntfy.url", n.Ntfy.URL)
	l.checkTopics(n.Ntfy)
	l.checkURL("notify.webhook.url", n.Webhook.URL)
	l.checkOwnSecret("notify.webhook.secret", n.Webhook.Secret)
	l.needs("notify.webhook.secret", !n.Webhook.Secret.IsZero(), "notify.webhook.url", n.Webhook.URL)
}

func (l *loader) checkMail(s SMTP) {
	l.oneOf("notify.smtp.tls", s.TLS, "starttls", "implicit", "none")
	l.checkGiven("notify.smtp.password", s.Password) // it may hold any character
	l.needs("notify.smtp.username", s.Username != "", "notify.smtp.address", s.Address)
	l.needs("notify.smtp.password", !s.Password.IsZero(), "notify.smtp.username", s.Username)
	l.needs("notify.smtp.address", s.Address != "", "notify.smtp.from", s.From)
	l.needs("notify.smtp.from", s.From != "", "notify.smtp.address", s.Address)
	if key := "notify.smtp.address"; s.Address != "" && !l.broken(key) {
		if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || !portNumber(port) {
			l.report(key, fmt.Sprintf("%q is not a server", s.Address), "write HOST:PORT, such as mail.example.com:587")
		}
	}
	if key := "notify.smtp.from"; s.From != "" && !l.broken(key) {
		if _, err := mail.ParseAddress(s.From); err != nil {
			l.report(key, fmt.Sprintf("%q is not a mail address", s.From), "write stormbell@example.com or Stormbell <stormbell@example.com>")
		}
	}
}

func (l *loader) checkTwilio(t Twilio) {
	const sid, from = "notify.twilio.account_sid", "notify.twilio.from"
	l.checkURL("notify.twilio.api_url", t.APIURL)
	l.checkGivenSecret("notify.twilio.auth_token", t.AuthToken)
	l.needs("notify.twilio.auth_token", !t.AuthToken.IsZero(), sid, t.AccountSID)
	l.needs(from, t.From != "", sid, t.AccountSID)
	l.needs(sid, t.AccountSID != "", from, t.From)
	l.needs(sid, t.AccountSID != "", "notify.twilio.auth_token", t.AuthToken.Reveal())
	if t.AccountSID != "" && !l.broken(sid) && !accountSID.MatchString(t.AccountSID) {
		l.report(sid, "this is not an account SID", "it is AC and 32 hexadecimal digits, on the first page of Twilio's console")
	}
	if t.From != "" && !l.broken(from) && !phone.MatchString(t.From) {
		l.report(from, "this is not a phone number", `write it with its country code: "+4915112345678"`)
	}
}

func (l *loader) checkBackup(b Backup) {
	if key := "backup.every"; !l.broken(key) && (b.Every < time.Minute || b.Every > 7*24*time.Hour) {
		l.report(key, b.Every.String()+" is out of range", "use 1m to 168h, which is a week")
	}
	if key := "backup.keep"; !l.broken(key) && (b.Keep < 1 || b.Keep > 10_000) {
		l.report(key, fmt.Sprintf("%d is out of range", b.Keep), "keep at least 1 copy, and at most 10000")
	}
}

// leastArchived is the shortest time after which an incident may be archived. Below it an
// incident would often be opened again, and be in two files.
const leastArchived = time.Hour

func (l *loader) checkArchive(c *Config) {
	const key = "archive.after"
	switch a := c.Archive.After; {
	case a == 0 || l.broken(key) || l.broken("store"):
	case c.Store.Engine != "bolt":
		l.report(key, "archive files lie on the disk of one machine, and the store is on a cluster", "take it out; what was archived before is read from archive.folder")
	case a < leastArchived || a > 100*365*24*time.Hour:
		l.report(key, a.String()+" is out of range", "use 1h to 36500d, as in 365d")
	}
}

func (l *loader) checkHeartbeat(h Heartbeat) {
	l.checkURL("heartbeat.url", h.URL)
	if key := "heartbeat.every"; !l.broken(key) && (h.Every < time.Second || h.Every > 24*time.Hour) {
		l.report(key, h.Every.String()+" is out of range", "use 1s to 24h")
	}
}

// needs reports that a key is set while another, without which it does nothing,
// is not. A problem that the key already has is enough.
func (l *loader) needs(key string, set bool, other, value string) {
	if set && value == "" && !l.broken(key) && !l.broken(other) {
		l.report(key, "it needs "+other+" as well", "set that too, or take this out")
	}
}

// checkURL reports a set key that is not an absolute web address.
func (l *loader) checkURL(key, value string) {
	if value == "" && l.schema[key].Default == "" || l.broken(key) {
		return
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		l.report(key, "this is not a web address", "write it whole, beginning with https:// or http://")
	case strings.HasSuffix(key, "api_url") && (u.RawQuery != "" || u.Fragment != ""):
		l.report(key, "the base of an API has no question mark and no #", "cut it off before them")
	}
}

func (l *loader) checkSecret(key string, s Secret) {
	if strings.ContainsFunc(s.Reveal(), outsideHeader) && !l.broken(key) {
		l.report(key, "there is white space or an unusual character in it", "use letters, digits and plain signs only: it travels in a header")
	}
}

func (l *loader) oneOf(key, value string, allowed ...string) {
	if l.broken(key) || slices.Contains(allowed, value) {
		return
	}
	last := len(allowed) - 1
	l.report(key, fmt.Sprintf("%q is none of its values", value), "use "+strings.Join(allowed[:last], ", ")+" or "+allowed[last])
}

// outsideHeader reports whether r cannot be part of an HTTP header's token.
func outsideHeader(r rune) bool { return r <= ' ' || r > '~' }

func portNumber(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= 65535
}
