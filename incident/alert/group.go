package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// readGroup reads the body of Prometheus Alertmanager's webhook receiver (version
// 4) and of Grafana's webhook contact point, which has the same shape with values
// and more links. Each of its alerts is one alert, with its own words: what is
// common to a group says nothing of any of them.
// Sources: prometheus/alertmanager, template/template.go (Data, Alert);
// grafana/alerting, templates/template_data.go (ExtendedAlert).
func readGroup(d *doc) (Body, error) {
	g := group{d: d}
	g.top.open(d.node)
	list := g.top.get("alerts")
	if list.kind() == isNull && (g.top.get("ruleName").kind() == isString || g.top.get("ruleId").kind() == isNumber) {
		return readLegacyGrafana(d)
	}
	if k := list.kind(); k != isList && k != isNull {
		return Body{}, refuse("alerts", "must be a list, not %s", k)
	}
	g.common = g.top.get("commonLabels")
	g.key = g.top.get("groupKey").text()
	g.status = strings.ToLower(g.top.get("status").text())
	b := g.members(list)
	if len(b.Alerts) == 0 {
		return Body{}, g.none(list)
	}
	g.truncated()
	d.leftOut(b.Left)
	b.Notes = d.notes
	return b, nil
}

// group is a notification about alerts that a sender has grouped.
type group struct {
	d      *doc
	top    object
	common node   // labels that all alerts have
	key    string // the sender's group key
	status string // of the group
	bad    []string
}

// sender is what the link to the sender itself is called.
func (g *group) sender() string {
	if g.d.source == string(SenderGrafana) {
		return "Grafana"
	}
	return "Alertmanager"
}

// members reads the alerts. One that cannot be read costs no other.
func (g *group) members(list node) (b Body) {
	list.items(func(at int, v node) bool {
		switch {
		case v.kind() != isObject:
			if len(g.bad) < 10 {
				g.bad = append(g.bad, fmt.Sprintf("alerts[%d] is %s, not an object, and was left out.", at, v.kind()))
			}
		case len(b.Alerts) == MaxAlerts:
			b.Left++
		default:
			a := g.alert(v)
			b.Alerts = append(b.Alerts, a.finish())
		}
		return true
	})
	for _, bad := range g.bad {
		g.d.note("%s", bad)
	}
	return b
}

// none says why there is no alert in the body.
func (g *group) none(list node) Problems {
	if len(g.bad) == 0 {
		return refuse("alerts", "is empty; at least one alert is expected")
	}
	var p Problems
	list.items(func(at int, v node) bool {
		p = append(p, Problem{fmt.Sprintf("alerts[%d]", at), "must be an object, not " + string(v.kind())})
		return len(p) < 10
	})
	return p
}

// truncated notes what the sender has left out: nothing may follow from it.
func (g *group) truncated() {
	if n := line(g.top.get("truncatedAlerts").text()); n != "" && strings.Trim(n, "0") != "" {
		g.d.note("the sender left out %s more alerts of this group (max_alerts); nothing may be concluded about them", cut(n, 20))
	}
}

func (g *group) alert(v node) *draft {
	var o, notes object
	o.open(v)
	annotations := o.get("annotations")
	notes.open(annotations)
	a := g.d.draft()
	g.state(a, &o)
	labels := o.get("labels")
	a.labels("", "labels", labels)
	if k := annotations.kind(); k != isObject && k != isNull {
		a.wrong("annotations", annotations, "an object")
		a.say("annotations", annotations.flat(4*MaxValue))
	}
	g.name(a, &notes)
	annotations.each(func(k, v node) bool {
		a.annotate(a.d.word(k), v)
		return true
	})
	for _, l := range memberLinks {
		if s := o.get(l.name); s.kind() == isString {
			a.link(s.text(), l.text)
		}
	}
	a.link(g.top.get("externalURL").text(), g.sender())
	a.measured(&o)
	for _, name := range []string{"severity", "priority"} {
		if a.Severity == Unknown {
			a.severe(cmp.Or(a.Label(name), notes.get(name).text()))
		}
	}
	a.Service = cmp.Or(a.Label("service"), notes.get("service").text())
	for _, name := range []string{"job", "app", "component", "service_name"} {
		a.hint(a.Label(name))
	}
	if a.Key = o.get("fingerprint").text(); strings.TrimSpace(a.Key) == "" {
		a.Key = byLabels(labels)
	}
	a.set("group_key", g.key)
	return a
}

// memberLinks are where an alert holds addresses, with the words for them.
var memberLinks = []struct{ name, text string }{
	{"dashboardURL", "Dashboard"}, {"panelURL", "Panel"}, {"generatorURL", "Source"}, {"silenceURL", "Silence"}, {"imageURL", "Image"},
}

// state reads whether the alert fires. A word that says neither is firing.
func (g *group) state(a *draft, o *object) {
	status := o.get("status")
	if status.kind() == isObject { // as in Alertmanager's own API
		status = status.get("state")
	}
	word := strings.ToLower(line(status.text()))
	if word == "" {
		word = g.status
	}
	switch word {
	case "resolved", "ok", "normal":
		a.Status = Over
		a.Ended = o.get("endsAt").when()
	case "", "firing", "alerting", "active", "suppressed", "unprocessed":
	default:
		a.note(fmt.Sprintf("The alert's status %q is not known; taken as firing.", cut(word, 40)))
	}
	a.Started = o.get("startsAt").when()
}

// byLabels is the key of an alert without a fingerprint: what it is, is what its
// labels are, in whatever order they came, so it is the sum of their hashes.
func byLabels(labels node) string {
	var sum [2]uint64
	var buf []byte
	labels.each(func(k, v node) bool {
		name := k.text()
		buf = append(append(strconv.AppendInt(buf[:0], int64(len(name)), 10), ':'), name...)
		buf = append(buf, v.flat(MaxTitle)...)
		hash := sha256.Sum256(buf)
		for n := range sum {
			sum[n] += binary.BigEndian.Uint64(hash[8*n:])
		}
		return true
	})
	if buf == nil {
		return ""
	}
	return fmt.Sprintf("labels:%016x%016x", sum[0], sum[1])
}

// name gives the alert its title: its own summary, its title, the first sentence
// of its message or description, or its name with what tells it from others. That
// there is no data is said first: the words of the rule are of a condition that
// nobody has measured.
func (g *group) name(a *draft, notes *object) {
	a.noData(notes)
	for _, name := range []string{"summary", "title"} {
		a.Title = cmp.Or(a.Title, told(notes.get(name)))
	}
	for _, name := range []string{"message", "description"} {
		a.Title = cmp.Or(a.Title, sentence(told(notes.get(name))))
	}
	if line(a.Title) == "" {
		a.Title = g.named(a)
	}
}

// told returns an annotation, unless its template has failed in the sender.
func told(v node) string {
	s := v.text()
	if strings.HasPrefix(s, "<error expanding template") {
		return ""
	}
	return strings.TrimSpace(s)
}

// sentence returns the first sentence of a text, in one line.
func sentence(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	for at := 0; ; {
		end := strings.IndexAny(s[at:], ".!?")
		if end < 0 {
			return s
		}
		if at += end + 1; at < len(s) && s[at] == ' ' && at > 12 {
			return strings.TrimSuffix(s[:at], ".")
		}
	}
}

// apart are the labels that tell one alert from another where nothing else does.
var apart = []string{"instance", "pod", "node", "host", "hostname", "name", "device", "mountpoint", "container", "deployment", "statefulset", "daemonset",
	"job_name", "queue", "topic", "database", "cluster", "namespace"}

// named is the alert's name and what tells it from others: the labels that the
// group does not have in common, or those that usually do.
func (g *group) named(a *draft) string {
	name := cmp.Or(a.Label("alertname"), a.Label("rulename"))
	if name == "" { // the group's own name is better than none
		name = cmp.Or(line(ungrouped(g.top.get("title").text())), "Alert from "+a.Source)
	}
	var more []string
	for _, l := range a.Labels {
		if len(more) < 3 && !slices.Contains(shared, l.Key) && (g.common.get(l.Key) == nil && g.common != nil || slices.Contains(apart, l.Key)) {
			more = append(more, l.Value)
		}
	}
	if len(more) == 0 {
		return name
	}
	return name + ": " + strings.Join(more, ", ")
}

// shared are labels that say how an alert is handled, not what it is about.
var shared = []string{"alertname", "severity", "priority", "service", "job", "team", "grafana_folder", "prometheus", "rulename", "datasource_uid", "ref_id"}

// annotate keeps an annotation that is not the title: the first text is the
// alert's summary, an address is a link.
func (a *draft) annotate(name string, v node) {
	if strings.HasPrefix(name, "__") { // Grafana's own: __dashboardUid__
		return
	}
	s := v.flat(4 * MaxValue)
	switch name {
	case "runbook_url", "runbook", "runbookUrl":
		if a.link(s, "Runbook") {
			return
		}
	case "dashboard_url", "dashboard":
		if a.link(s, "Dashboard") {
			return
		}
	case "summary", "description", "message", "title":
		if a.Label(grafanaReason) == "" {
			a.say(name, s)
			return
		}
	}
	if line(s) == line(a.Title) {
		return
	}
	if address(s) != "" && !strings.ContainsAny(strings.TrimSpace(s), " \n") && a.link(s, name) {
		return
	}
	a.detail(name, s)
}
