package rotation

import (
	"maps"
	"slices"
)

// alerts writes the section of that name.
func (w *writer) alerts(a *Alerts) {
	if a.empty() {
		return
	}
	w.gap()
	w.line(0, "alerts:")
	if len(a.Keys) > 0 {
		w.line(2, "keys:")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Keys)) {
		w.line(4, scalar(name)+": "+keyText(a.Keys[name]))
	}
	blocks(w, "routes", a.Routes, routeText)
	if len(a.Mappings) > 0 {
		w.line(2, "mappings:")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Mappings)) {
		w.mapping(name, a.Mappings[name])
	}
	for _, s := range settings {
		w.raw(2, s.key, s.text(a))
	}
	blocks(w, "silences", a.Silences, silenceText)
	blocks(w, "maintenance", a.Maintenance, maintenanceText)
}

func (a *Alerts) empty() bool {
	said := len(a.Keys) + len(a.Routes) + len(a.Mappings) + len(a.Silences) + len(a.Maintenance)
	return said == 0 && !slices.ContainsFunc(settings, func(s setting) bool { return s.text(a) != "" })
}

// setting is one of the values that hold for all alerts.
type setting struct {
	key  string
	text func(*Alerts) string // as YAML; empty where nothing is said
}

var settings = []setting{
	{"group", func(a *Alerts) string {
		var p pairs
		p.raw("by", flow(a.Group.By))
		p.raw("window", optionalDuration(a.Group.Window))
		p.raw("most", optionalDuration(a.Group.Most))
		return p.orNothing()
	}},
	{"channel", func(a *Alerts) string { return a.Channel }},
	{"over", func(a *Alerts) string {
		if a.Over.After == 0 || a.Over.Action == "" {
			return a.Over.Action
		}
		return "{do: " + a.Over.Action + ", after: " + DurationText(a.Over.After) + "}"
	}},
	{"again", func(a *Alerts) string {
		var p pairs
		p.raw("reopen_within", optionalDuration(a.Again.ReopenWithin))
		return p.orNothing()
	}},
	{"storm", func(a *Alerts) string {
		var p pairs
		p.raw("at", number(a.Storm.At))
		p.raw("in", optionalDuration(a.Storm.In))
		return p.orNothing()
	}},
}

// orNothing is the block, or empty where it has no keys.
func (p *pairs) orNothing() string {
	if len(p.list) == 0 {
		return ""
	}
	return p.String()
}

// blocks writes a list of one-line blocks of alerts.
func blocks[T any](w *writer, key string, list []T, text func(*T) string) {
	if len(list) == 0 {
		return
	}
	w.line(2, key+":")
	for i := range list {
		w.line(4, "- "+text(&list[i]))
	}
}

func keyText(k AlertKey) string {
	var p pairs
	p.text("service", k.Service)
	p.text("severity", k.Severity)
	return p.String()
}

func routeText(r *AlertRoute) string {
	var p pairs
	if len(r.Match) > 0 {
		p.raw("match", r.Matching())
	}
	p.text("does", r.Does)
	p.text("service", r.Service)
	p.text("severity", r.Severity)
	p.raw("by", flow(r.By))
	p.text("name", r.Name)
	p.raw("grace", optionalDuration(r.Grace))
	p.raw("every", optionalDuration(r.Every))
	return p.String()
}

func (w *writer) mapping(name string, m Mapping) {
	var x writer
	x.text(6, "title", m.Title)
	x.text(6, "key", m.Key)
	x.text(6, "status", m.Status)
	x.raw(6, "over", flow(m.Over))
	x.raw(6, "acknowledged", flow(m.Acknowledged))
	x.text(6, "severity", m.Severity)
	x.text(6, "service", m.Service)
	x.text(6, "text", m.Text)
	x.text(6, "started", m.Started)
	if len(m.Labels) > 0 {
		x.line(6, "labels:")
	}
	for _, label := range slices.Sorted(maps.Keys(m.Labels)) {
		x.line(8, scalar(label)+": "+scalar(m.Labels[label]))
	}
	if len(m.Links) > 0 {
		x.line(6, "links:")
	}
	for _, l := range m.Links {
		var p pairs
		p.text("url", l.URL)
		p.text("text", l.Text)
		x.line(8, "- "+p.String())
	}
	if x.b.Len() == 0 {
		w.line(4, scalar(name)+": {}")
		return
	}
	w.line(4, scalar(name)+":")
	w.b.WriteString(x.b.String())
}

func silenceText(s *Silence) string {
	var p pairs
	p.raw("match", s.Matching())
	p.raw("from", instantText(s.From))
	p.raw("until", instantText(s.Until))
	p.text("reason", s.Reason)
	p.text("by", s.By)
	return p.String()
}

func maintenanceText(m *Maintenance) string {
	var p pairs
	p.text("service", m.Service)
	p.raw("from", instantText(m.From))
	p.raw("until", instantText(m.Until))
	p.text("reason", m.Reason)
	p.text("by", m.By)
	return p.String()
}

func (w *writer) heartbeat(h *Heartbeat) {
	var p pairs
	p.text("name", h.Name)
	p.raw("every", optionalDuration(h.Every))
	p.raw("grace", optionalDuration(h.Grace))
	p.text("service", h.Service)
	p.text("severity", h.Severity)
	w.line(4, p.String())
}
