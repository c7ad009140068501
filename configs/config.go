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
	"strings"
	"time"
)

// Config is what one running bot was told. Where a section belongs to something
// optional, its zero value means that it is off.
type Config struct {
	Slack            Slack          `mapstructure:"slack"`
	Store            Store          `mapstructure:"store"`
	Roster           string         `mapstructure:"roster"` // path of a roster file; empty when there is none
	HTTP             HTTP           `mapstructure:"http"`
	Log              Log            `mapstructure:"log"`
	BusinessTimeZone *time.Location `mapstructure:"business_time_zone"` // never nil
	Notify           Notify         `mapstructure:"notify"`
	Paging           Paging         `mapstructure:"paging"`
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

// HTTP is the address for alerts, admin calls, health and pages.
type HTTP struct {
	Listen          string           `mapstructure:"listen"`           // HOST:PORT; an empty host is every address
	AdminToken      Secret           `mapstructure:"admin_token"`      // empty: admin calls are refused
	IntegrationKeys []IntegrationKey `mapstructure:"integration_keys"` // none: alerts are refused
	PublicURL       string           `mapstructure:"public_url"`       // as browsers reach it, without a slash at the end; empty: no links to pages
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
