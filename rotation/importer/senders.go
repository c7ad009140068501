package importer

import (
	"strings"

	"github.com/stormbell/stormbell/rotation"
)

// Senders move by changing an address: the bot takes what they send today. The address
// of the bot is nobody's but the reader's to know.
const yourBot = "https://YOUR-BOT"

// sender is what sends alerts to the other system.
type sender struct {
	entry   string // as the report names it
	name    string
	today   string // where it sends today; may be empty
	path    string // where it is to send
	shows   string // how it shows its key there
	service string // whose alerts they are; may be empty
}

// move says what to write into a sender in the place of what is there, and how to make
// the key that it needs. Its own key is never repeated.
func (b *building) move(s sender) {
	what := "it has to be pointed at Stormbell"
	if s.today != "" {
		what = "today it sends to " + s.today
	}
	add := "stormbell key add --config stormbell.yaml "
	if s.service != "" {
		add += "--service " + s.service + " "
	}
	b.lookAt(s.entry, what, "write "+yourBot+s.path+" there and a key of its own, "+s.shows+", that this makes: "+add+b.id("key", s.name))
}

const (
	asBearer     = "as Authorization: Bearer KEY"
	asGenieKey   = "in the place of the API key"
	asParameter  = "as ?key=KEY in the address"
	asRoutingKey = "as routing_key"
	asServiceKey = "as service_key"
)

// vendors are senders whose own form the bot takes, by a word of their name.
var vendors = []struct{ word, path, shows string }{
	{"alertmanager", "/v1/alertmanager", asBearer}, {"prometheus", "/v1/alertmanager", asBearer}, {"grafana", "/v1/grafana", asBearer},
	{"cloudwatch", "/v1/sns", asParameter}, {"amazon", "/v1/sns", asParameter}, {"aws", "/v1/sns", asParameter}, {"eventbridge", "/v1/sns", asParameter},
	{"datadog", "/v1/datadog", asBearer}, {"sentry", "/v1/sentry", asBearer}, {"azure", "/v1/azure", asBearer},
	{"stackdriver", "/v1/gcp", asBearer}, {"googlecloud", "/v1/gcp", asBearer}, {"newrelic", "/v1/newrelic", asBearer},
}

// vendor finds the address for what a sender is called, and the one for any JSON where it
// is not known.
func vendor(name string) (path, shows string) {
	word := strings.ReplaceAll(slug(name), "-", "")
	for _, v := range vendors {
		if strings.Contains(word, v.word) {
			return v.path, v.shows
		}
	}
	return "/v1/webhook/NAME with a mapping of that NAME in alerts: mappings", asBearer
}

// mail says that a sender can only write mails, which nobody reads here.
func (b *building) mail(entry string) {
	b.leftOut(entry, "it takes mails, and the bot reads none", "let the sender call "+yourBot+"/v1/events")
}

// onlyService is the one service of a team; empty where it has none or several.
func (b *building) onlyService(team string) string {
	id, n := "", 0
	for _, s := range b.roster.Services {
		if s.Team == team && team != "" {
			id, n = s.ID, n+1
		}
	}
	if n != 1 {
		return ""
	}
	return id
}

// heartbeat watches for a sign of life as the source does.
func (b *building) heartbeat(entry string, h rotation.Heartbeat, today, path string) {
	b.roster.Heartbeats = append(b.roster.Heartbeats, h)
	b.lookAt(entry, "carried over: it comes every "+rotation.DurationText(h.Every)+", and is missed "+rotation.DurationText(h.Grace)+" later; today it is sent to "+today,
		"write "+yourBot+path+" there and a key that this makes: stormbell key add --config stormbell.yaml "+b.id("key", h.Name))
}
