package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// twoTeams is a roster in which the shop pages ada, and the gateway bob.
const twoTeams = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
teams:
  - {id: shop, name: Shop, members: [ada, cleo], lead: cleo}
  - {id: platform, name: Platform, members: [bob]}
policies:
  - {id: shop, steps: [{notify: [person:ada], wait: 5m}, {notify: [person:cleo], wait: 5m}], last_resort: [channel:incidents]}
  - {id: platform, steps: [{notify: [person:bob], wait: 5m}], last_resort: [channel:incidents]}
services:
  - {id: storefront, name: Storefront, kind: product, team: shop, policy: shop, depends_on: [edge]}
  - {id: edge, name: Edge gateway, kind: infrastructure, team: platform, policy: platform}
  - {id: mails, name: Mails, kind: service, team: shop, policy: shop}
defaults: {service: storefront, policy: shop}
`

// TestS24NotOurs moves an incident by the button on its page: that page asks no longer
// and says whose it is, the owner is paged, the first responder is free of it and what
// they noted stays.
func TestS24NotOurs(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, twoTeams, func(r *rig) {
		r.command("eve", "general", "declare the shop is unreachable sev1")
		r.pass(30 * time.Second)
		room := r.incidentChannel(1)
		r.command("ada", room, "ack")
		r.command("ada", room, "note where: pages are fine behind the gateway")
		r.pass(20 * time.Second)
		page := r.find(r.dm("U0ADA"), "the shop is unreachable")
		r.press("ada", r.dmOf("U0ADA"), page, "Not ours")
		v := r.view("U0ADA")
		if at := strings.Index(string(v.Blocks), "Edge gateway"); at < 0 || at > strings.Index(string(v.Blocks), "Mails") {
			t.Errorf("what it needs does not come first: %s", v.Blocks)
		}
		result := r.submit("ada", v, map[string]map[string]any{"service": {"value": "edge"}, "text": {"value": "nodes answer 503"}})
		if !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(30 * time.Second)
		page = r.find(r.dm("U0ADA"), "the shop is unreachable")
		if !shows(page, "INC-1 was moved to Edge gateway by Ada Okafor: nodes answer 503.") || shows(page, "action_id") {
			t.Errorf("ada's page says %s %s", page.Text, page.Blocks)
		}
		bobs := r.find(r.dm("U0BOB"), "the shop is unreachable")
		if !shows(bobs, "Acknowledge") || !shows(bobs, "Not ours") || shows(bobs, "was moved") {
			t.Errorf("bob's page says %s", bobs.Blocks)
		}
		if shows(bobs, "U0ADA") {
			t.Errorf("bob's page names others as paged: %s", bobs.Blocks)
		}
		line := r.find(r.channelOf(room).Messages, "was moved to")
		if want := "INC-1 was moved to Edge gateway by Ada Okafor: nodes answer 503. <@U0BOB> is paged."; line.Text != want {
			t.Errorf("the channel is told %q, want %q", line.Text, want)
		}
		i, _ := r.fold(1)
		if i.Service != "edge" || i.Reroutes != 1 || i.AcknowledgedBy != "" || i.Holder(incident.Commander) != "" {
			t.Errorf("it is %+v", i)
		}
		r.command("bob", room, "ack")
		r.pass(10 * time.Second)
		if i, events := r.fold(1); i.Holder(incident.Commander) != "person:bob" || !strings.Contains(said(events), "behind the gateway") {
			t.Errorf("command has %s:\n  %s", i.Holder(incident.Commander), said(events))
		}
		r.command("bob", room, "resolve rolled back")
		r.pass(10 * time.Second)
		if page = r.find(r.dm("U0ADA"), "the shop is unreachable"); !shows(page, "was moved to Edge gateway") {
			t.Errorf("ada's page says in the end %s", page.Blocks)
		}
		r.noErrors()
	})
}

// TestNotOursInWords reads whose it is and why from what people type, and asks in a form
// where the words name nobody.
func TestNotOursInWords(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]struct{ service, reason string }{
		"not ours edge it answers 503":           {"edge", "it answers 503"},
		"Not ours: Edge Gateway. It answers 503": {"edge", "It answers 503"},
		"not ours mails":                         {"mails", "not ours"},
		"not mine INC-1 edge it answers 503":     {"edge", "it answers 503"},
		"not-ours service:edge 503s":             {"edge", "503s"},
		"reroute edge-gateway":                   {"storefront", ""},
		"reroute edeg 503s":                      {"edge", "503s"},
		"reroute Edge gatewya 503s":              {"edge", "503s"},
		"reroute Mails":                          {"mails", ""},
		"service edge":                           {"edge", ""},
		"service edeg":                           {"storefront", ""},
	} {
		t.Run(typed, func(t *testing.T) {
			inBubbleWith(t, twoTeams, func(r *rig) {
				r.command("eve", "general", "declare the shop is unreachable sev1")
				r.pass(20 * time.Second)
				seen := r.command("ada", r.incidentChannel(1), typed)
				r.pass(5 * time.Second)
				i, events := r.fold(1)
				reason := ""
				for _, e := range events {
					if e.Kind == incident.KindService {
						reason = e.Text
					}
				}
				if i.Service != want.service || reason != want.reason {
					t.Errorf("it is of %s because of %q, want %s and %q; ada sees %s", i.Service, reason, want.service, want.reason, seen.Text)
				}
			})
		})
	}
	inBubbleWith(t, twoTeams, func(r *rig) {
		r.command("eve", "general", "declare the shop is unreachable sev1")
		r.pass(20 * time.Second)
		r.command("ada", r.incidentChannel(1), "not ours pages are fine behind it")
		v := r.view("U0ADA")
		if !strings.Contains(string(v.Blocks), "pages are fine behind it") {
			t.Errorf("the reason is not in the form: %s", v.Blocks)
		}
		r.command("cleo", r.incidentChannel(1), "resolve it was nothing")
		if result := r.submit("ada", v, map[string]map[string]any{"service": {"value": "edge"}}); result.Closed || result.Errors["service"] == "" {
			t.Errorf("Submit() of what is over = %+v", result)
		}
	})
}

// TestMovedTwiceAndBack moves an incident to and fro, with a restart between: each page
// says what became of the incident after it, and only the last one asks.
func TestMovedTwiceAndBack(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, twoTeams, func(r *rig) {
		r.command("eve", "general", "declare the shop is unreachable sev1")
		r.pass(30 * time.Second)
		r.command("ada", r.incidentChannel(1), "reroute edge 503s")
		r.pass(10 * time.Second)
		r.stop()
		r.start()
		r.command("bob", r.incidentChannel(1), "reroute storefront the gateway is fine")
		r.pass(30 * time.Second)
		pages := r.dm("U0ADA")
		var first, last slacksim.Message
		for _, m := range pages {
			if shows(m, "the shop is unreachable") {
				if last = m; first.TS == "" {
					first = m
				}
			}
		}
		if !shows(first, "was moved to Edge gateway") || shows(first, "action_id") {
			t.Errorf("the first page says %s", first.Blocks)
		}
		if last.TS == first.TS || shows(last, "was moved") || !shows(last, "Acknowledge") {
			t.Errorf("the last page says %s", last.Blocks)
		}
		if m := r.find(r.dm("U0BOB"), "the shop is unreachable"); !shows(m, "was moved to Storefront by Bob Stone: the gateway is fine.") || shows(m, "action_id") {
			t.Errorf("bob's page says %s", m.Blocks)
		}
		if i, _ := r.fold(1); i.Reroutes != 2 {
			t.Errorf("it was rerouted %d times, want 2", i.Reroutes)
		}
	})
}
