package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

func doctorCommand(p process) *cobra.Command {
	var config string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor --config FILE [--json]",
		Short: "Examine Slack, the other contact methods and the roster",
		Long: "Asks Slack about the tokens, the scopes, the channels and the people. Asks every\n" +
			"other contact method whether it would take a notification, every tracker whether it\n" +
			"accepts the token, and the members of etcd, if the store is there, how they are. Looks\n" +
			"at the coming 30 days of the running bot's roster, or otherwise of the file. Each\n" +
			"finding says how to fix it. Nothing is changed and nobody is paged.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd, config, p.Env)
			if err != nil {
				return err
			}
			d := &checkup{rosterPath: c.Roster, keys: keyNames(c), vias: append([]string{"slack"}, c.Notify.Vias()...), name: "doctor",
				Problems: configured(configs.Exposed(config, p.Env)), Warnings: configured(configs.Advice(config, p.Env))}
			roster := d.anyRoster(cmd, config, p.Env)
			if roster != nil {
				d.methods(roster)
				d.senders(roster)
				d.ahead(roster, time.Now())
			}
			d.slack(cmd.Context(), c, roster)
			d.reachMethods(cmd.Context(), c.Notify)
			d.trackers(cmd.Context(), c.Trackers)
			d.cluster(cmd.Context(), c)
			d.bot(cmd.Context(), c)
			d.backups(cmd.Context(), c, config)
			d.archive(cmd.Context(), c, config)
			return d.report(p, asJSON)
		},
	}
	configFlag(cmd, &config)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}

// anyRoster returns the roster that holds: the running bot's, or else the file's.
func (c *checkup) anyRoster(cmd *cobra.Command, config string, env []string) *rotation.Roster {
	flags := operatorFlags{config: config}
	if o, err := flags.operator(cmd, env); err == nil {
		if text, err := o.get(cmd.Context(), "/v1/roster", nil); err == nil {
			if r, err := rotation.ParseStored("the bot's roster", text); err == nil {
				c.rosterPath = "the bot's roster"
				c.madeKeys(cmd.Context(), o)
				for _, p := range r.Problems() {
					c.odd(cmp.Or(p.Entry, "roster"), p.Message+" (the bot's roster says so, which a file may not any more; it holds all the same)", p.Hint)
				}
				c.good = append(c.good, c.rosterPath+" with "+counts(r))
				return r
			}
		}
	}
	if c.rosterPath == "" {
		c.odd("roster", "nobody is on call: no bot with a roster answers, and the configuration names no file", "write a roster; configs/roster.example.yaml shows how")
		return nil
	}
	return c.roster()
}

// madeKeys asks the bot for the names of its integration keys, too.
func (c *checkup) madeKeys(ctx context.Context, o *operator) {
	answer, err := o.get(ctx, "/v1/keys", nil)
	if err != nil {
		return
	}
	var list struct {
		Keys []shownKey `json:"keys"`
	}
	if read(answer, &list) != nil {
		return
	}
	c.allKeys = true
	for _, k := range list.Keys {
		c.keys = append(c.keys, k.Name)
	}
}

// ahead looks at the coming days of the roster.
func (c *checkup) ahead(r *rotation.Roster, now time.Time) {
	const days = 30
	for _, f := range r.Findings(now, now.AddDate(0, 0, days)) {
		c.odd(f.Entry, f.Message, f.Hint)
	}
}

// slack asks Slack.
func (c *checkup) slack(ctx context.Context, config *configs.Config, r *rotation.Roster) {
	required, optional := configs.Scopes()
	found := chat.Examine(ctx, chat.Examined{Roster: r, Scopes: required, Optional: optional, Options: chat.Options{
		AppToken: config.Slack.AppToken.Reveal(), BotToken: config.Slack.BotToken.Reveal(), APIURL: config.Slack.APIURL,
		AnnounceChannel: config.Slack.AnnounceChannel}})
	for _, f := range found {
		switch {
		case f.Grave:
			c.grave(f.Where, f.Says, f.Mend)
		case f.Mend != "":
			c.odd(f.Where, f.Says, f.Mend)
		default:
			c.good = append(c.good, f.Where+" "+f.Says)
		}
	}
}

// checker is a contact method that can be asked whether it would take a page.
type checker interface {
	Check(ctx context.Context) error
}

// reachMethods asks every contact method besides Slack.
func (c *checkup) reachMethods(ctx context.Context, n configs.Notify) {
	methods := methodsOf(network{}, n)
	keys := map[string]string{"push": "notify.ntfy", "sms": "notify.twilio", "voice": "notify.twilio", "email": "notify.smtp"}
	for _, via := range slices.Sorted(maps.Keys(methods)) {
		method, ok := methods[via].(checker)
		if !ok || via == "voice" && methods["sms"] != nil {
			continue // a webhook can only be tried by a page; calls go by the account of text messages
		}
		err := method.Check(ctx)
		var e *notify.Error
		switch {
		case err == nil:
			c.good = append(c.good, keys[via]+" answers and accepts the credentials")
		case errors.As(err, &e):
			c.grave(keys[via], e.Cause, "check the keys under "+keys[via]+"; meanwhile the bot uses the next contact method")
		default:
			c.grave(keys[via], err.Error(), "try again")
		}
	}
	if len(methods) == 0 {
		c.odd("notify", "Slack is the only contact method: when it is down, nobody is paged", "set up another one, such as notify.ntfy.url")
	}
}

// bot asks the running bot how it is.
func (c *checkup) bot(ctx context.Context, config *configs.Config) {
	address, err := reachable(config.HTTP.Listen)
	if err != nil {
		c.odd("http.listen", err.Error(), "give it a port, so that the bot can be asked")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		c.odd("http.listen", "is no address", "write HOST:PORT")
		return
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		c.odd("bot", "no bot answers at "+address, "start it: stormbell run --config FILE")
		return
	}
	var is struct{ Holder string }
	_ = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&is) // whoever answers otherwise stands by for nobody
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK && is.Holder != "" {
		c.good = append(c.good, "the bot at "+address+" stands by for the one at "+is.Holder)
		return
	}
	if resp.StatusCode != http.StatusOK {
		c.grave("bot", fmt.Sprintf("it is not ready (it answers %d)", resp.StatusCode), "see http://"+address+"/readyz and its log")
		return
	}
	c.good = append(c.good, "the bot at "+address+" is ready")
}

func (c *checkup) grave(where, what, mend string) {
	c.Problems = append(c.Problems, finding{Where: where, Problem: what, Mend: mend, text: where + ": " + what + "; " + mend})
}

func (c *checkup) odd(where, what, mend string) {
	text := where + ": " + what
	if mend != "" {
		text += "; " + mend
	}
	c.Warnings = append(c.Warnings, finding{Where: where, Problem: what, Mend: mend, text: text})
}
