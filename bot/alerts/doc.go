// Package alerts is what the bot knows of alerts and of those who send them. Its
// nouns are the [Keys], by which senders are let in, and what became of an alert
// that one of them sent, [Taken].
//
// It knows neither HTTP nor Slack, and it never keeps a secret: of a key only the
// hash is in the store.
package alerts
