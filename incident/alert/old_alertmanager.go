package alert

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// maxListed is how many alerts of a group are listed in the details.
const maxListed = 20

// ParseAlertmanager reads the body of Prometheus Alertmanager's webhook receiver
// (version 4). A group is one alert: grouping is what its routes are for, and
// fifty instances of one trouble are one incident. The key is the groupKey; the
// severity is the worst of the label `severity` among the alerts that fire; the
// service is the label `service` where all agree. The error is a [Problems].
func ParseAlertmanager(body []byte) (Alert, error) {
	return parseGroup(body, "alertmanager")
}

// ParseGrafana reads the body of Grafana's webhook contact point, which is that
// of Alertmanager with a title, a message and, for each alert, values and more
// links. See [ParseAlertmanager].
func ParseGrafana(body []byte) (Alert, error) {
	return parseGroup(body, "grafana")
}

// oldGroup is a notification about alerts that belong together.
type oldGroup struct {
	form
	source string
	body   value
	labels value // common to all
	notes  value // annotations common to all
	alerts []member
}

type member struct {
	status      string
	labels      value
	annotations value
	value
}

func parseGroup(body []byte, source string) (Alert, error) {
	v, _, err := read(body)
	if err != nil {
		return Alert{}, err
	}
	g := &oldGroup{source: source, body: v}
	g.labels = g.object(v, "body", "commonLabels")
	g.notes = g.object(v, "body", "commonAnnotations")
	g.members()
	if err := g.err(); err != nil {
		return Alert{}, err
	}
	return g.alert(), nil
}

func (g *oldGroup) members() {
	items := g.items(g.body, "body", "alerts")
	if len(items) == 0 && !g.has("alerts") {
		g.add("alerts", "is empty; at least one alert is expected")
	}
	if len(items) > MaxAlerts {
		g.add("alerts", fmt.Sprintf("has %d alerts; at most %d are taken (see max_alerts)", len(items), MaxAlerts))
		return
	}
	for n, e := range items {
		path := fmt.Sprintf("alerts[%d]", n)
		if e.kind != isObject {
			g.wrong(path, e, "an object")
			continue
		}
		g.alerts = append(g.alerts, member{
			status:      strings.ToLower(g.text(e, path, "status")),
			labels:      g.object(e, path, "labels"),
			annotations: g.object(e, path, "annotations"),
			value:       e,
		})
	}
}

func (g *oldGroup) alert() Alert {
	a := Alert{Source: g.source, Key: g.body.get("groupKey").flat(), Status: g.status(), Service: g.common("service")}
	firing := g.firing()
	a.Title = g.title(len(firing))
	g.severity(&a, firing)
	g.details(&a, firing)
	g.links(&a, firing)
	if a.Key == "" {
		a.Key = g.key()
	}
	if n := g.body.get("truncatedAlerts").flat(); n != "" && n != "0" {
		a.note("The sender left out " + cut(line(n), 20) + " more alerts of this group.")
	}
	a.finish()
	return a
}

// status is what the group says, and otherwise firing while any alert fires.
func (g *oldGroup) status() Status {
	if g.body.get("status").flat() == "resolved" {
		return Over
	}
	for _, m := range g.alerts {
		if m.status != "resolved" {
			return Firing
		}
	}
	return Over
}

// firing returns the alerts that fire, or all when none does.
func (g *oldGroup) firing() []member {
	var firing []member
	for _, m := range g.alerts {
		if m.status != "resolved" {
			firing = append(firing, m)
		}
	}
	if firing == nil {
		return g.alerts
	}
	return firing
}

// key stands for a groupKey that was not sent: what the alerts are is what
// their labels are, in whatever order they came.
func (g *oldGroup) key() string {
	if len(g.labels.fields) > 0 {
		return Fingerprint(pairs(g.labels)...)
	}
	var parts []string
	for _, m := range g.alerts {
		parts = append(parts, strings.Join(pairs(m.labels), ","))
	}
	sort.Strings(parts)
	return Fingerprint(parts...)
}

// pairs returns name=value of labels, sorted.
func pairs(labels value) []string {
	var p []string
	for _, l := range labels.fields {
		p = append(p, l.name+"="+l.flat())
	}
	sort.Strings(p)
	return p
}

// common returns a label or annotation that all alerts have.
func (g *oldGroup) common(name string) string {
	if s := g.labels.get(name).flat(); s != "" {
		return s
	}
	return g.notes.get(name).flat()
}

// title is the common summary, and otherwise the name of the alert with the
// labels that the group is made by.
func (g *oldGroup) title(firing int) string {
	title := g.notes.get("summary").flat()
	if title == "" && len(g.alerts) == 1 {
		title = g.alerts[0].annotations.get("summary").flat()
	}
	if title == "" {
		title = g.named()
	}
	if title == "" {
		title = g.body.get("title").flat() // Grafana's own, such as [FIRING:1] Name
	}
	if title == "" {
		title = "Alert from " + g.source
	}
	if firing > 1 {
		title += fmt.Sprintf(" (%d alerts)", firing)
	}
	return title
}

func (g *oldGroup) named() string {
	name := g.common("alertname")
	if name == "" {
		return ""
	}
	var more []string
	for _, l := range g.body.get("groupLabels").fields {
		if l.name != "alertname" && l.name != "grafana_folder" && l.flat() != "" {
			more = append(more, l.flat())
		}
	}
	if len(more) == 0 {
		return name
	}
	return name + ": " + strings.Join(more, ", ")
}

// severity takes the worst one that is known; a word that is not known is
// noted only when no alert has a known one.
func (g *oldGroup) severity(a *Alert, firing []member) {
	worst, unknown := incident.Severity(0), ""
	for _, m := range firing {
		word := m.labels.get("severity").flat()
		s, ok := incident.ParseSeverity(word)
		switch {
		case ok && (worst == 0 || s < worst):
			worst = s
		case !ok && word != "":
			unknown = word
		}
	}
	a.Severity = Severity(worst)
	if worst == 0 {
		a.severity(unknown)
	}
}

// shown are the annotations that appear as title or link.
var shown = []string{"summary", "runbook_url", "dashboard_url", "__dashboardUid__", "__panelId__"}

func (g *oldGroup) details(a *Alert, firing []member) {
	for _, l := range g.labels.fields {
		a.detail(l.name, l.flat())
	}
	for _, n := range g.notes.fields {
		if !slices.Contains(shown, n.name) {
			a.detail(n.name, n.flat())
		}
	}
	for n, m := range firing {
		if n == maxListed {
			a.note(fmt.Sprintf("%d more alerts of this group are not listed.", len(firing)-n))
			return
		}
		name := "alert"
		if len(firing) > 1 {
			name = fmt.Sprintf("alert %d", n+1)
		}
		a.detail(name, g.own(m))
		a.detail(name+" since", m.get("startsAt").flat())
	}
}

// own returns what of an alert is not common to its group, in one text.
func (g *oldGroup) own(m member) string {
	var parts []string
	for _, l := range m.labels.fields {
		if g.labels.get(l.name).kind == isNull {
			parts = append(parts, l.name+"="+l.flat())
		}
	}
	for _, n := range m.annotations.fields {
		if g.notes.get(n.name).kind == isNull && !slices.Contains(shown, n.name) {
			parts = append(parts, n.flat())
		}
	}
	if s := m.get("valueString").flat(); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// linkFields are where an alert holds addresses, with the words for them.
var linkFields = []struct{ in, name, text string }{
	{"annotations", "runbook_url", "Runbook"},
	{"annotations", "dashboard_url", "Dashboard"},
	{"", "dashboardURL", "Dashboard"},
	{"", "panelURL", "Panel"},
	{"", "generatorURL", "Source"},
	{"", "silenceURL", "Silence"},
	{"", "imageURL", "Image"},
}

// links takes those of the first alert that fires, and the sender's own address.
func (g *oldGroup) links(a *Alert, firing []member) {
	first := firing[0]
	seen := map[string]bool{}
	for _, l := range linkFields {
		url := first.get(l.name).flat()
		if l.in != "" {
			url = first.annotations.get(l.name).flat()
			if url == "" {
				url = g.notes.get(l.name).flat()
			}
		}
		if !seen[url] {
			a.link(url, l.text)
		}
		seen[url] = true
	}
	a.link(g.body.get("externalURL").flat(), "Sender")
}
