// Package configs reads the configuration of the program: one YAML file, the
// same keys as environment variables, defaults for the rest, all checked at
// once. It also holds the Slack app manifest, because the names of the commands
// are configured.
//
// Its nouns are the [Config], a plain struct that is complete and valid when
// [Load] returned no error, and the [Problem], which says in plain words what is
// wrong, where, and how to mend it.
//
// The package refuses to guess: an unknown key, a number without a unit, a
// setting given twice are problems. It never prints a secret, and it opens no
// connection.
package configs

import (
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Config is what one running bot was told. Where a section belongs to something
// optional, its zero value means that it is off.
type Config struct {
	Slack            Slack          `mapstructure:"slack"`
	Store            Store          `mapstructure:"store"`
	Etcd             Etcd           `mapstructure:"etcd"`
	Backup           Backup         `mapstructure:"backup"`
	Archive          Archive        `mapstructure:"archive"`
	Roster           string         `mapstructure:"roster"` // path of a roster file; empty when there is none
	HTTP             HTTP           `mapstructure:"http"`
	Log              Log            `mapstructure:"log"`
	BusinessTimeZone *time.Location `mapstructure:"business_time_zone"` // never nil
	Notify           Notify         `mapstructure:"notify"`
	Paging           Paging         `mapstructure:"paging"`
	Report           Report         `mapstructure:"report"`
	Heartbeat        Heartbeat      `mapstructure:"heartbeat"`
	Trackers         []Tracker      `mapstructure:"trackers"`
	Postmortem       Postmortem     `mapstructure:"postmortem"`
	Access           Access         `mapstructure:"access"`
}

// Slack is the workspace, and how the bot is called there.
type Slack struct {
	AppToken        Secret `mapstructure:"app_token"`        // xapp-…
	BotToken        Secret `mapstructure:"bot_token"`        // xoxb-…
	APIURL          string `mapstructure:"api_url"`          // ends in a slash
	Command         string `mapstructure:"command"`          // with its slash
	OncallCommand   string `mapstructure:"oncall_command"`   // with its slash
	AnnounceChannel string `mapstructure:"announce_channel"` // a channel's name without #, or its ID
	KeepFile        Size   `mapstructure:"keep_file"`        // of one file of a marked message
	KeepFiles       Size   `mapstructure:"keep_files"`       // of all such files of one incident
}

// Etcd is how a store on a cluster of etcd is reached, and how long its writer is
// waited for.
type Etcd struct {
	Lease    time.Duration `mapstructure:"lease"`    // whole seconds
	CA       string        `mapstructure:"ca"`       // path of the certificates that the members' are signed by, or SystemCA; empty: plain text
	Cert     string        `mapstructure:"cert"`     // path of the bot's own certificate; empty: none
	Key      string        `mapstructure:"key"`      // path of its private key
	Username string        `mapstructure:"username"` // empty: without
	Password Secret        `mapstructure:"password"`
}

// Backup is the schedule on which the store is copied into a folder.
type Backup struct {
	Folder string        `mapstructure:"folder"` // empty: off
	Every  time.Duration `mapstructure:"every"`
	Keep   int           `mapstructure:"keep"` // copies in the folder, at least 1
}

// Archive is when incidents are moved into archive files, and where those are.
type Archive struct {
	After  time.Duration `mapstructure:"after"`  // the end of an incident; 0: never
	Folder string        `mapstructure:"folder"` // empty: see [Config.ArchiveFolder]
}

// ArchiveFolder returns where the archive files are; empty: nowhere, since the store is on
// a cluster and the configuration names no folder.
func (c *Config) ArchiveFolder() string {
	if c.Archive.Folder != "" || c.Store.Engine != "bolt" {
		return c.Archive.Folder
	}
	return filepath.Join(filepath.Dir(c.Store.Path), "archive")
}

// SystemCA, in the place of a path, means the certificate authorities of the machine.
const SystemCA = "system"

// HTTP is the address for alerts, admin calls, health and pages.
type HTTP struct {
	Listen          string           `mapstructure:"listen"`           // HOST:PORT; an empty host is every address
	AdminToken      Secret           `mapstructure:"admin_token"`      // empty: admin calls are refused
	IntegrationKeys []IntegrationKey `mapstructure:"integration_keys"` // none: alerts are refused
	Advertise       string           `mapstructure:"advertise"`        // HOST:PORT at which other machines reach it; empty: see [HTTP.Advertised]
	PublicURL       string           `mapstructure:"public_url"`       // as browsers reach it, without a slash at the end; empty: no links to pages
}

// Advertised returns the address that other bots are told when this one listens at the
// address listens of a machine with that name.
func (h HTTP) Advertised(listens, machine string) string {
	if h.Advertise != "" {
		return h.Advertise
	}
	host, port, err := net.SplitHostPort(listens)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort(machine, port)
	}
	return listens
}

// IntegrationKey lets one alert sender in. Two with different names can be valid
// at the same time, so that a key can be replaced without losing an alert.
type IntegrationKey struct {
	Name string `mapstructure:"name"` // unique; key-1, key-2 … where the configuration gives none
	Key  Secret `mapstructure:"key"`
}

// Log says how much is logged and in which form.
type Log struct {
	Level  string `mapstructure:"level"`  // debug, info, warn or error
	Format string `mapstructure:"format"` // auto, console or json; auto is console on a terminal and json otherwise
}

// Notify is the ways to reach a person besides Slack. Each is on when its first
// key is set.
type Notify struct {
	Ntfy    Ntfy    `mapstructure:"ntfy"`
	SMTP    SMTP    `mapstructure:"smtp"`
	Twilio  Twilio  `mapstructure:"twilio"`
	Webhook Webhook `mapstructure:"webhook"`
}

// Vias returns the ways that are on, the most direct first, in the words of the
// roster's rules: push, sms, voice, email, webhook.
func (n Notify) Vias() []string {
	var list []string
	if n.Ntfy.URL != "" {
		list = append(list, "push")
	}
	if n.Twilio.AccountSID != "" {
		list = append(list, "sms", "voice")
	}
	if n.SMTP.Address != "" {
		list = append(list, "email")
	}
	if n.Webhook.URL != "" {
		list = append(list, "webhook")
	}
	return list
}

// Ntfy sends push notifications (`via: push`).
type Ntfy struct {
	URL   string `mapstructure:"url"` // of the server, without a slash at the end; empty: off
	Token Secret `mapstructure:"token"`
	// Topic contains {person}, which stands for the roster's person ID; empty: the
	// bot makes topics that nobody can guess.
	Topic string `mapstructure:"topic"`
	// ReplyTopic is where the button Acknowledge of a push publishes its answer;
	// empty: the button needs http.public_url.
	ReplyTopic string `mapstructure:"reply_topic"`
}

// SMTP sends mail (`via: email`).
type SMTP struct {
	Address  string `mapstructure:"address"` // HOST:PORT; empty: off
	Username string `mapstructure:"username"`
	Password Secret `mapstructure:"password"`
	From     string `mapstructure:"from"`
	TLS      string `mapstructure:"tls"` // starttls, implicit or none
}

// Twilio sends text messages and calls (`via: sms`, `via: voice`).
type Twilio struct {
	AccountSID string `mapstructure:"account_sid"` // AC…; empty: off
	AuthToken  Secret `mapstructure:"auth_token"`
	From       string `mapstructure:"from"`    // E.164, with the leading plus
	APIURL     string `mapstructure:"api_url"` // without a slash at the end
}

// Webhook posts each page to one address (`via: webhook`), signed as Standard
// Webhooks are.
type Webhook struct {
	URL    string `mapstructure:"url"` // empty: off
	Secret Secret `mapstructure:"secret"`
}

// Paging is what is done to know that pages would arrive.
type Paging struct {
	WeeklyTest string `mapstructure:"weekly_test"` // a weekday and a time, as in mon 10:00; empty: off
}

// Report is from when on figures of on call say that it is too much. Small teams are over
// it: then the figures say what can be done.
type Report struct {
	PagesPerShift int `mapstructure:"pages_per_shift"` // incidents for which a rotation is paged within twelve hours
	NightsPerWeek int `mapstructure:"nights_per_week"` // interrupted, of one person
	SharePercent  int `mapstructure:"share_percent"`   // of the time, of one person
}

var weekdays = map[string]time.Weekday{"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday}

// Weekly returns the weekday and the time of day, HH:MM, of the weekly test; ok
// is false for a text that does not say both. Nothing is never.
func (p Paging) Weekly() (day time.Weekday, clock string, ok bool) {
	if p.WeeklyTest == "" {
		return 0, "", true
	}
	word, clock, found := strings.Cut(strings.ToLower(strings.TrimSpace(p.WeeklyTest)), " ")
	day, known := weekdays[word[:min(len(word), 3)]]
	at, err := time.Parse("15:04", strings.TrimSpace(clock))
	if !found || !known || err != nil {
		return 0, "", false
	}
	return day, at.Format("15:04"), true
}

// Heartbeat is the bot's own dead man's switch: while it works it calls an
// address that somebody else watches.
type Heartbeat struct {
	URL   string        `mapstructure:"url"` // empty: off
	Every time.Duration `mapstructure:"every"`
}

// Default returns the configuration of an empty file: every default, no token.
func Default() *Config {
	l := newLoader("")
	c := l.decode()
	if len(l.problems) > 0 {
		panic("configs: a default is not valid: " + l.problems.Error()) // the table in keys.go is wrong
	}
	return c
}
