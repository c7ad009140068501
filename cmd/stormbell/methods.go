package main

import (
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/configs"
)

// methodsOf returns the contact methods besides Slack that the configuration sets up,
// by the words of the roster's notification rules.
func methodsOf(on network, c configs.Notify) map[string]notify.Sender {
	methods := map[string]notify.Sender{}
	var transport http.RoundTripper // nil: the default
	if on.dial != nil {
		transport = &http.Transport{DialContext: on.dial, IdleConnTimeout: 5 * time.Second}
	}
	if c.Ntfy.URL != "" {
		methods["push"] = &notify.Ntfy{URL: c.Ntfy.URL, Token: notify.Secret(c.Ntfy.Token.Reveal()), ReplyTopic: c.Ntfy.ReplyTopic, Transport: transport}
	}
	if c.Twilio.AccountSID != "" {
		account := notify.Twilio{API: c.Twilio.APIURL, SID: c.Twilio.AccountSID,
			AuthToken: notify.Secret(c.Twilio.AuthToken.Reveal()), From: c.Twilio.From, Transport: transport}
		methods["sms"] = &notify.SMS{Twilio: account}
		methods["voice"] = &notify.Voice{Twilio: account}
	}
	if c.SMTP.Address != "" {
		security := map[string]notify.Security{"implicit": notify.Implicit, "none": notify.Open}[c.SMTP.TLS]
		methods["email"] = &notify.Mail{Address: c.SMTP.Address, Username: c.SMTP.Username,
			Password: notify.Secret(c.SMTP.Password.Reveal()), From: c.SMTP.From, Security: security, Dial: on.dial}
	}
	if c.Webhook.URL != "" {
		w := &notify.Webhook{URL: c.Webhook.URL, Transport: transport}
		if secret := c.Webhook.Secret.Reveal(); secret != "" {
			w.Secrets = []notify.Secret{notify.Secret(secret)}
		}
		methods["webhook"] = w
	}
	return methods
}

// weekly returns when everybody on call is paged as a test.
func weekly(p configs.Paging) desk.Weekly {
	day, clock, _ := p.Weekly() // checked when the configuration was read
	return desk.Weekly{Day: day, Clock: clock}
}
