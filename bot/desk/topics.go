package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/stormbell/stormbell/bot/ledger"
)

// Push is what people subscribe to for push notifications.
type Push struct {
	Server string // its address, without a slash at the end; empty: there are no pushes
	Topic  string // in which {person} stands for an ID; empty: topics that the desk makes up
}

// topicSecret is where the key is kept from which topics are made.
const topicSecret = "secret/topics"

// topicLength is how many characters of a topic nobody can guess: 128 bits.
const topicLength = 26

var topicLetters = base32.StdEncoding.WithPadding(base32.NoPadding)

// PushTopic returns a person's topic for push notifications. Whoever knows it
// reads their pages on a server without access rules, and answers them, so it is
// shown to nobody but them and operators. It is empty where there are no pushes.
func (d *Desk) PushTopic(person string) string {
	switch {
	case d.opt.Push.Topic != "":
		return strings.ReplaceAll(d.opt.Push.Topic, "{person}", person)
	case d.topics == nil:
		return "" // without a key it could be guessed
	}
	mac := hmac.New(sha256.New, d.topics)
	mac.Write([]byte("push topic\n" + person))
	return "stormbell-" + strings.ToLower(topicLetters.EncodeToString(mac.Sum(nil)))[:topicLength]
}

// PushAddress returns the address of a person's topic, or "" where there are no
// push notifications.
func (d *Desk) PushAddress(person string) string {
	if d.opt.Push.Server == "" {
		return ""
	}
	return d.opt.Push.Server + "/" + d.PushTopic(person)
}

// loadTopics reads the key from which topics are made, and makes it with the
// first start that needs it.
func (d *Desk) loadTopics(ctx context.Context) error {
	if d.opt.Push.Server == "" || d.opt.Push.Topic != "" {
		return nil
	}
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) (err error) {
		d.topics, err = ensureSecret(t, topicSecret)
		return err
	})
}
