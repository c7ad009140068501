package chat

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// The actions of the message about the alerts of an incident. Each has the number of
// the incident as its value, behind it the page where there are several.
const (
	actAlerts    = "alerts"     // show all
	actAlertsWhy = "alerts_why" // say why each is here
)

// worstShown and newestShown are how many alerts the message names for being the worst
// and, of the others, for being the newest.
const (
	worstShown  = 6
	newestShown = 3
)

// alertsPage is how many alerts one page of the form lists.
const alertsPage = 15

// alerts keeps the message about the incident's alerts in its channel.
func (s *Slack) alerts(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	v, err := s.room.Of(ctx, t.Incident.Number)
	if err != nil {
		return desk.Outcome{}, err
	}
	return s.keep(ctx, t.Job, in(t.Artifacts.Channel, t.Artifacts.Alerts), alertsMessage(t.Incident, v))
}

// tallyWords says how many alerts fire and are over.
func tallyWords(t alert.Tally) string {
	switch {
	case t.Total() == 0:
		return ""
	case t.Firing == 0 && t.Over == 1:
		return "the alert is over"
	case t.Firing == 0:
		return fmt.Sprintf("all %d alerts are over", t.Over)
	case t.Over == 0 && t.Firing == 1:
		return "1 alert fires"
	case t.Over == 0:
		return fmt.Sprintf("%d alerts fire", t.Firing)
	default:
		return fmt.Sprintf("%d firing, %d over", t.Firing, t.Over)
	}
}

// alertsMessage says what fires: the worst and the newest, in their senders' words.
func alertsMessage(i incident.Incident, v alerts.View) message {
	words := incident.Capital(tallyWords(v.Tally))
	m := message{text: i.Name() + ": " + words}
	m.blocks = append(m.blocks, section("*Alerts: "+words+"*"))
	left, shown := contentMost, 0
	for _, a := range notable(v.Alerts) {
		blocks, size := alertBlocks(a)
		if left -= size; left < 0 {
			break
		}
		m.blocks = append(m.blocks, blocks...)
		shown++
	}
	var facts []string
	if rest := len(v.Alerts) - shown; rest > 0 {
		facts = append(facts, fmt.Sprintf("%d more", rest))
	}
	if v.Storm {
		facts = append(facts, "So many come in that this message changes once a minute")
	}
	if len(facts) > 0 {
		m.blocks = append(m.blocks, contextLine(strings.Join(facts, " · ")))
	}
	value := strconv.Itoa(i.Number)
	m.blocks = append(m.blocks, slack.NewActionBlock("alerts_"+value, button(actAlerts, value, "Show all", ""), button(actAlertsWhy, value, "Why?", ""), button(actSilence, value, "Silence…", "")))
	return m
}

// notable are the worst, and of the others the newest, of alerts that stand in the
// order of [alerts.View].
func notable(list []alerts.Alert) []alerts.Alert {
	if len(list) <= worstShown+newestShown {
		return list
	}
	few := append([]alerts.Alert(nil), list[:worstShown]...)
	rest := list[worstShown:]
	for range newestShown {
		newest := -1
		for k, a := range rest {
			taken := false
			for _, b := range few {
				taken = taken || a.Sender == b.Sender && a.ID == b.ID
			}
			if !taken && (newest < 0 || a.Since.After(rest[newest].Since)) {
				newest = k
			}
		}
		if newest >= 0 {
			few = append(few, rest[newest])
		}
	}
	return few
}

// alertBlocks shows one alert with its links, which are shown whole or not at all, and
// how many characters that takes.
func alertBlocks(a alerts.Alert) ([]slack.Block, int) {
	sign := ":red_circle:"
	state := "since " + at(a.Since)
	switch {
	case !a.Firing():
		sign, state = ":white_check_mark:", "over since "+at(a.Since)
	case a.Held:
		state += ", held back"
	case a.Status == alert.Acknowledged:
		state += ", acknowledged there"
	}
	text := fmt.Sprintf("%s *%s* · %s · %s", sign, clip(esc(a.Title), 300), a.Severity, state)
	if a.Count > 1 {
		text += fmt.Sprintf(" · fired %d times", a.Count)
	}
	if a.Summary != "" {
		text += "\n" + clip(esc(a.Summary), 400)
	}
	blocks := []slack.Block{section(text)}
	size := length(text)
	for _, line := range linkLines(a.Links, 2900) {
		blocks = append(blocks, section(line))
		size += length(line)
	}
	return blocks, size
}

// linkLines shows links in lines of at most most characters each. One that is longer
// by itself is named, with where it can be read whole.
func linkLines(list []alert.Link, most int) []string {
	var lines []string
	line := ""
	for _, l := range list {
		if !strings.HasPrefix(l.URL, "https://") && !strings.HasPrefix(l.URL, "http://") {
			continue
		}
		link := "<" + inLink.Replace(incident.Printable(l.URL)) + "|" + clip(strings.ReplaceAll(esc(cmp.Or(l.Text, "Link")), "|", "/"), 100) + ">"
		if length(link) > most {
			link = clip(esc(cmp.Or(l.Text, "A link")), 100) + " (too long for Slack; `stormbell alert explain` shows it)"
		}
		if line != "" && length(line)+3+length(link) > most {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " · "
		}
		line += link
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// pressedAlerts shows all alerts of an incident, or why each is there.
func (s *Slack) pressedAlerts(ctx context.Context, i slack.InteractionCallback, c desk.Caller, action, value string) answer {
	number, page, _ := strings.Cut(value, " ")
	n, _ := strconv.Atoi(number) // 0, which is no incident, is refused
	from, _ := strconv.Atoi(page)
	b, err := s.desk.Show(ctx, c.Actor, n)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	v, err := s.room.Of(ctx, n)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	view := alertsView(b.Incident, v, action, from)
	if i.View.ID == "" {
		return s.thenForm(i.TriggerID, c, view)
	}
	return answer{after: func(ctx context.Context) {
		if err := s.wire.UpdateView(ctx, wire.View{ID: i.View.ID, Hash: i.View.Hash}, view); err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("a form could not be changed")
		}
	}}
}

// alertsView lists alerts from the one at from on, each with its links and details, or
// with why it is there.
func alertsView(i incident.Incident, v alerts.View, action string, from int) slack.ModalViewRequest {
	view := slack.ModalViewRequest{Type: slack.VTModal, Title: plainText(short("Alerts of "+i.Name(), 24)), Close: plainText("Close")}
	blocks := []slack.Block{section("*" + incident.Capital(tallyWords(v.Tally)) + "*")}
	from = min(max(0, from), len(v.Alerts))
	to := from
	for ; to < len(v.Alerts) && to-from < alertsPage && len(blocks) < 80; to++ {
		a := v.Alerts[to]
		if action == actAlertsWhy {
			blocks = append(blocks, section(fmt.Sprintf("*%s*\n%s", clip(esc(a.Title), 300), clip(esc(whyText(a)), 2500))))
			continue
		}
		more, _ := alertBlocks(a)
		blocks = append(blocks, more...)
		if text := labelText(a); text != "" {
			blocks = append(blocks, contextLine(clip(esc(text), 1900)))
		}
	}
	if to < len(v.Alerts) {
		blocks = append(blocks, slack.NewActionBlock("alerts_more", button(action, fmt.Sprintf("%d %d", i.Number, to), fmt.Sprintf("%d more", len(v.Alerts)-to), "")))
	}
	view.Blocks = slack.Blocks{BlockSet: blocks}
	return view
}

// whyText says why an alert is where it is.
func whyText(a alerts.Alert) string {
	lines := append([]string{"Key: " + a.ID + " of " + a.Sender + ".", "It does: " + string(a.Does) + "."}, a.Why...)
	if len(a.Group) > 0 {
		lines = append(lines, "Grouped by "+strings.Join(a.Group, ", ")+".")
	}
	return strings.Join(lines, "\n")
}

// labelText lists what else the sender says.
func labelText(a alerts.Alert) string {
	var parts []string
	for _, l := range append(a.Labels[:len(a.Labels):len(a.Labels)], a.Details...) {
		parts = append(parts, l.Key+" = "+l.Value)
	}
	return strings.Join(parts, " · ")
}
