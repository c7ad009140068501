package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// takes posts a body with the key monitor.
func (r *rig) takes(list ...alert.Alert) []alerts.Taken {
	r.t.Helper()
	taken, err := r.alerts.Take(r.t.Context(), alerts.Key{Name: "monitor"}, alert.Body{Alerts: list})
	if err != nil {
		r.t.Fatal(err)
	}
	return taken
}

func anAlert(key, service string, s alert.Severity) alert.Alert {
	return alert.Alert{Key: key, Status: alert.Firing, Title: "Trouble at " + key, Summary: "The disk of " + key + " is full.", Severity: s, Service: service, Source: "event",
		Labels: []alert.KV{{Key: "instance", Value: key}},
		Links:  []alert.Link{{URL: "https://runbooks.example/" + key + "?a=1&b=2#c", Text: "Runbook"}}}
}

func itsEnd(a alert.Alert) alert.Alert {
	a.Status = alert.Over
	return a
}

// about returns everything that a channel shows now, newest last.
func shown(messages []slacksim.Message) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(m.Text + " " + string(m.Blocks) + "\n")
	}
	return b.String()
}

// TestAlertDigest follows the alerts of an incident in its channel: each by its own
// words with its links whole, how many fire and are over, all of them by a button, and
// why they are there.
func TestAlertDigest(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		a, b, c := anAlert("db-1", "checkout", alert.Sev2), anAlert("db-2", "checkout", alert.Sev2), anAlert("db-3", "checkout", alert.Sev1)
		r.takes(a)
		r.pass(20 * time.Second)
		channel := "inc-1-trouble-at-db-1"
		if got := shown(r.channel(channel).Messages); !strings.Contains(got, "The disk of db-1 is full.") || !strings.Contains(got, "https://runbooks.example/db-1?a=1") {
			t.Errorf("the channel does not show the alert's own words and link:\n%s", got)
		}
		r.command("ada", "general", "ack INC-1")
		pages := len(r.dm("U0ADA"))
		r.takes(b, c)
		r.pass(20 * time.Second)
		digest := r.seek(r.channel(channel).Messages, "*Alerts: 3 alerts fire*")
		blocks := string(digest.Blocks)
		for _, want := range []string{"Trouble at db-1", "Trouble at db-2", "Trouble at db-3", "The disk of db-3 is full.", "https://runbooks.example/db-2?a=1&amp;b=2#c"} {
			if !strings.Contains(strings.ReplaceAll(blocks, `\u0026`, "&"), want) {
				t.Errorf("the digest does not show %q:\n%s", want, blocks)
			}
		}
		if strings.Index(blocks, "db-3") > strings.Index(blocks, "db-1") {
			t.Error("the worst is not the first")
		}
		if i, _ := r.fold(1); i.Severity != incident.Sev1 {
			t.Errorf("the incident is %s, want sev1 from the worst alert", i.Severity)
		}
		if now := len(r.dm("U0ADA")); now != pages+1 {
			t.Errorf("%d more pages, want one: it got worse after the acknowledgement", now-pages)
		}
		r.takes(itsEnd(a))
		r.pass(20 * time.Second)
		if card := shown(r.channel(channel).Messages); strings.Count(card, "2 firing, 1 over") < 2 {
			t.Errorf("neither the card nor the digest says 2 firing, 1 over:\n%s", card)
		}
		r.press("ada", channel, r.seek(r.channel(channel).Messages, "*Alerts: 2 firing, 1 over*"), "Show all")
		r.pass(time.Second)
		if v := r.view("U0ADA"); !strings.Contains(string(v.Blocks), "instance = db-2") {
			t.Errorf("the form does not show what else the sender says: %s", v.Blocks)
		}
		r.press("ada", channel, r.seek(r.channel(channel).Messages, "*Alerts: 2 firing, 1 over*"), "Why?")
		r.pass(time.Second)
		if v := r.view("U0ADA"); !strings.Contains(string(v.Blocks), "It is an incident with a channel") {
			t.Errorf("the form does not say why: %s", v.Blocks)
		}
		r.takes(itsEnd(b), itsEnd(c))
		r.pass(20 * time.Second)
		over := r.seek(r.channel(channel).Messages, "All 3 alerts are over.")
		if !strings.Contains(string(over.Blocks), "Resolve") {
			t.Errorf("nothing offers to resolve it: %s", over.Blocks)
		}
		r.takes(b)
		r.pass(20 * time.Second)
		if over = r.seek(r.channel(channel).Messages, "All 3 alerts are over."); strings.Contains(string(over.Blocks), `"Resolve"`) {
			t.Errorf("the offer to resolve stands though an alert fires again: %s", over.Blocks)
		}
		r.noErrors()
	})
}

// TestAlertPage: one that is not bad enough for a channel pages and has a line for
// everybody; a channel opens when somebody wants one.
func TestAlertPage(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.pass(10 * time.Hour) // by day
		r.takes(anAlert("db-1", "checkout", alert.Sev4))
		r.pass(time.Minute)
		if len(r.dm("U0ADA")) != 1 {
			t.Errorf("ada has %d messages, want the page", len(r.dm("U0ADA")))
		}
		for _, c := range r.sim.State().Channels {
			if strings.HasPrefix(c.Name, "inc-1") {
				t.Errorf("there is the channel %s", c.Name)
			}
		}
		line := r.seek(r.channel("incidents").Messages, "Trouble at db-1")
		r.press("bob", "incidents", line, "Open a channel")
		r.pass(time.Minute)
		if got := shown(r.channel("inc-1-trouble-at-db-1").Messages); !strings.Contains(got, "Trouble at db-1") {
			t.Errorf("the channel has no card:\n%s", got)
		}
		line = r.seek(r.channel("incidents").Messages, "Trouble at db-1")
		if strings.Contains(string(line.Blocks), "Open a channel") {
			t.Errorf("the line still offers a channel: %s", line.Blocks)
		}
		r.noErrors()
	})
}

// TestAlertPageOfTwo: the channel opens when a second person joins.
func TestAlertPageOfTwo(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.pass(10 * time.Hour) // by day
		r.takes(anAlert("db-1", "checkout", alert.Sev4))
		r.pass(time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.pass(time.Minute)
		for _, c := range r.sim.State().Channels {
			if strings.HasPrefix(c.Name, "inc-1") {
				t.Errorf("one person alone has the channel %s", c.Name)
			}
		}
		r.command("bob", "general", "note INC-1 I see it too")
		r.pass(time.Minute)
		r.channel("inc-1-trouble-at-db-1")
	})
}

// TestRelatedAlerts: alerts of two services in the same minute are two incidents with
// two owners, and the second offers that it is the same.
func TestRelatedAlerts(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.takes(anAlert("db-1", "checkout", alert.Sev1), anAlert("web-1", "search", alert.Sev2))
		r.pass(30 * time.Second)
		m := r.seek(r.channel("inc-2-trouble-at-web-1").Messages, "INC-1 (Checkout) began at the same time")
		r.press("ada", "inc-2-trouble-at-web-1", m, "It is the same")
		r.pass(time.Minute)
		if i, _ := r.fold(2); i.Status != incident.Merged || i.MergedInto != 1 {
			t.Errorf("INC-2 is %s, part of INC-%d; want a part of INC-1", i.Status, i.MergedInto)
		}
		r.takes(itsEnd(anAlert("web-1", "search", alert.Sev2)), itsEnd(anAlert("db-1", "checkout", alert.Sev1)))
		r.pass(time.Minute)
		if i, _ := r.fold(1); !i.AlertOver {
			t.Error("INC-1 is not over though the alerts of both are")
		}
		r.noErrors()
	})
}

// TestAlertStormInSlack: thousands of alerts of one service in a minute are one
// incident, one page and few messages.
func TestAlertStormInSlack(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := range 1000 {
			r.takes(anAlert(fmt.Sprint("host-", n), "checkout", alert.Sev2))
			if n%17 == 0 {
				time.Sleep(time.Second)
			}
		}
		r.pass(3 * time.Minute)
		c := r.channel("inc-1-trouble-at-host-0")
		if len(c.Messages) > 20 {
			t.Errorf("%d messages in the channel, want at most 20:\n%s", len(c.Messages), shown(c.Messages))
		}
		if n := len(r.dm("U0ADA")); n != 1 {
			t.Errorf("%d pages, want one", n)
		}
		if _, events := r.fold(1); len(events) >= 20 {
			t.Errorf("%d events, want fewer than 20", len(events))
		}
		r.seek(c.Messages, "1000 alerts fire")
		edits := 0
		for _, call := range r.sim.Calls(0) {
			if call.Method == "chat.update" {
				edits++
			}
		}
		if edits > 20 {
			t.Errorf("%d edits, want at most 20: the digest changes once a minute in a storm", edits)
		}
	})
}

// TestAlertStormAtOnce: where a storm is a storm from its first moment, the message about
// its alerts is posted all the same without waiting, and from then on edited once a
// minute.
func TestAlertStormAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		var storm []alert.Alert
		for n := range 30 {
			storm = append(storm, anAlert(fmt.Sprint("host-", n), "checkout", alert.Sev2))
		}
		r.takes(storm...)
		r.pass(10 * time.Second)
		says := func(want string) {
			t.Helper()
			r.seek(r.channel("inc-1-trouble-at-host-0").Messages, "*Alerts: "+want+"*")
		}
		says("30 alerts fire")
		r.takes(anAlert("host-30", "checkout", alert.Sev2))
		r.pass(45 * time.Second)
		says("30 alerts fire")
		r.pass(30 * time.Second)
		says("31 alerts fire")
	})
}

// TestChangesOnTheCard: a deployment is told in the channel of the service's open
// incident, and stands on its card and on that of the next one.
func TestChangesOnTheCard(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.takes(anAlert("db-1", "checkout", alert.Sev2))
		r.pass(20 * time.Second)
		change := alert.Change{Title: "Deployed <checkout> 4.2.1", Service: "checkout", Source: "pagerduty", Links: []alert.Link{{URL: "https://ci.example/42", Text: "Build"}}}
		if _, err := r.alerts.Take(r.t.Context(), alerts.Key{Name: "ci"}, alert.Body{Changes: []alert.Change{change}}); err != nil {
			t.Fatal(err)
		}
		r.pass(20 * time.Second)
		r.seek(r.channel("inc-1-trouble-at-db-1").Messages, "Changed: Deployed")
		r.seek(r.channel("inc-1-trouble-at-db-1").Messages, "Changed lately:")
		r.command("ada", "general", "resolve INC-1")
		r.pass(time.Hour)
		r.command("eve", "general", "declare checkout is slow service:checkout")
		r.pass(20 * time.Second)
		card := r.seek(r.channel("inc-2-checkout-is-slow").Messages, "Changed lately:")
		if text := string(card.Blocks); !strings.Contains(text, "ci.example/42") || strings.Contains(text, "<checkout>") {
			t.Errorf("the card shows %s", text)
		}
		r.noErrors()
	})
}
