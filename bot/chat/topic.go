package chat

import (
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// topicMost is how long Slack takes a topic, and holderMost how much of it a name gets.
const (
	topicMost  = 250
	holderMost = 40
)

// topic is the channel's topic: how bad, how it stands, who has command, by when the next
// promise is to be kept, and what it is about. It holds until one of these changes: a
// topic that counted minutes would put a line into the channel for each.
func topic(b desk.Brief, n names, zone *time.Location) string {
	i := b.Incident
	parts := []string{markNames.Replace(i.Severity.Mark()) + " " + i.Severity.String(), markNames.Replace(i.Mark()) + " " + string(i.Status)}
	if i.Test {
		parts = append(parts, ":test_tube: drill")
	}
	if c := i.Holder(incident.Commander); c != "" && i.Status.Active() {
		parts = append(parts, "commander "+short(incident.ActorWords(c, n.plain, nil), holderMost))
	}
	if d, ok := b.Promises.Next(); ok && i.Status.Active() {
		words := map[incident.Promise]string{incident.PromiseAck: "acknowledge", incident.PromiseRestore: "restore"}[d.Promise]
		if words == "" {
			words = "next update"
		}
		parts = append(parts, words+" within "+incident.Minutes(d.Due.Sub(d.Start))+", by "+incident.Clock(d.Due, d.Start, zone))
	}
	return clip(esc(strings.Join(append(parts, i.Title), " · ")), topicMost)
}

// nextPromise is the card's field about it, in the reader's own time zone.
func nextPromise(b desk.Brief) string {
	d, ok := b.Promises.Next()
	if !ok || !b.Incident.Status.Active() {
		return ""
	}
	switch d.Promise {
	case incident.PromiseAck:
		return "Acknowledge by " + at(d.Due)
	case incident.PromiseRestore:
		return "Restore by " + at(d.Due)
	case incident.PromiseUpdate:
		if d.Late {
			return "Update was due " + at(d.Missed) + "; the next by " + at(d.Due)
		}
	}
	return "Next update by " + at(d.Due)
}

// markNames gives the marks by their names in Slack, which is how Slack gives a topic back
// whatever was sent.
var markNames = strings.NewReplacer("🔴", ":red_circle:", "🟠", ":large_orange_circle:", "🟡", ":large_yellow_circle:", "⚪", ":white_circle:",
	"🔥", ":fire:", "👀", ":eyes:", "🩹", ":adhesive_bandage:", "✅", ":white_check_mark:")
