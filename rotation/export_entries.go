package rotation

import (
	"strconv"
	"strings"
)

func (w *writer) person(p *Person) {
	w.text(4, "id", p.ID)
	w.text(4, "name", p.Name)
	w.text(4, "slack", p.Slack)
	w.text(4, "email", p.Email)
	w.text(4, "time_zone", p.TimeZone)
	w.text(4, "level", string(p.Level))
	if p.Phone != "" {
		w.raw(4, "phone", quoted(p.Phone))
	}
	if len(p.Rules.High)+len(p.Rules.Low) > 0 {
		w.line(4, "rules:")
		w.rules("high", p.Rules.High)
		w.rules("low", p.Rules.Low)
	}
}

func (w *writer) rules(key string, rules []Rule) {
	list := make([]string, len(rules))
	for i, r := range rules {
		list[i] = "{via: " + r.Via + ", after: " + DurationText(r.After) + "}"
	}
	if len(list) > 0 {
		w.line(6, key+": ["+strings.Join(list, ", ")+"]")
	}
}

func (w *writer) team(t *Team) {
	w.text(4, "id", t.ID)
	w.text(4, "name", t.Name)
	w.raw(4, "members", flow(t.Members))
	w.text(4, "lead", t.Lead)
	w.text(4, "slack_group", t.SlackGroup)
	w.text(4, "channel", t.Channel)
}

func (w *writer) rotation(r *Rotation) {
	w.text(4, "id", r.ID)
	w.text(4, "team", r.Team)
	w.text(4, "time_zone", r.TimeZone)
	if len(r.Layers) > 0 {
		w.line(4, "layers:")
	}
	for i := range r.Layers {
		w.first = true
		w.layer(&r.Layers[i])
	}
	for _, l := range r.acts() {
		w.items(l.key, len(l.items), func(i int) string { return l.items[i] })
	}
	if r.TimeOffPolicy == TimeOffSkip {
		w.text(4, "time_off_policy", string(TimeOffSkip))
	}
	w.items("shadows", len(r.Shadows), func(i int) string {
		var p pairs
		p.text("person", r.Shadows[i].Person)
		p.text("of", r.Shadows[i].Of)
		p.raw("start", instantText(r.Shadows[i].Start))
		p.raw("end", instantText(r.Shadows[i].End))
		return p.String()
	})
}

// items writes a list of one-line blocks.
func (w *writer) items(key string, n int, item func(int) string) {
	if n == 0 {
		return
	}
	w.line(4, key+":")
	for i := range n {
		w.line(6, "- "+item(i))
	}
}

// numberedByDefault reports whether the creation numbers are those that [Parse]
// would give: swaps first, then overrides.
func (r *Rotation) numberedByDefault() bool {
	n := 0
	for _, s := range r.Swaps {
		if n++; s.Seq != n && s.Seq != 0 {
			return false
		}
	}
	for _, o := range r.Overrides {
		if n++; o.Seq != n && o.Seq != 0 {
			return false
		}
	}
	return true
}

func (w *writer) layer(l *Layer) {
	w.text(8, "id", l.ID)
	w.raw(8, "priority", number(l.Priority))
	w.text(8, "time_zone", l.TimeZone)
	w.raw(8, "people", slotsText(l.People))
	w.raw(8, "start", l.Start.String())
	w.raw(8, "every", cadenceText(l.Every))
	w.text(8, "clock", string(l.Clock))
	w.raw(8, "until", instantText(l.Until))
	if len(l.Windows) > 0 {
		w.line(8, "windows:")
	}
	for _, x := range l.Windows {
		var p pairs
		p.raw("days", daysText(x.Days))
		p.raw("from", quoted(clockText(x.From)))
		p.raw("to", quoted(clockText(x.To)))
		p.raw("span", number(x.Span))
		w.line(10, "- "+p.String())
	}
	w.raw(8, "skip_dates", flow(l.SkipDates))
	w.raw(8, "only_dates", flow(l.OnlyDates))
	if len(l.Edits) > 0 {
		w.line(8, "edits:")
	}
	for i := range l.Edits {
		w.line(10, "- "+editText(&l.Edits[i]))
	}
}

func cadenceText(c Cadence) string {
	return "{" + string(c.Unit) + ": " + strconv.Itoa(c.Length) + "}"
}

func editText(e *Edit) string {
	var p pairs
	p.raw("at", instantText(e.At))
	if e.People != nil {
		p.raw("people", slotsText(e.People))
	}
	if e.Every.Length > 0 {
		p.raw("start", e.Start.String())
		p.raw("every", cadenceText(e.Every))
	}
	if e.Rollout == RolloutNextHandoff {
		p.raw("rollout", string(e.Rollout))
	}
	return p.String()
}

func overrideText(o *Override, numbered bool) string {
	var p pairs
	if numbered {
		p.raw("seq", number(o.Seq))
	}
	if o.Kind == Replace {
		p.raw("replace", "{person: "+scalar(o.Person)+", by: "+scalar(o.By)+"}")
	} else {
		p.raw(string(o.Kind), brackets(o.People))
	}
	p.text("layer", o.Layer)
	p.raw("start", instantText(o.Start))
	p.raw("end", instantText(o.End))
	p.text("reason", o.Reason)
	return p.String()
}

func timeOffText(a *TimeOff) string {
	var p pairs
	p.text("person", a.Person)
	p.raw("start", instantText(a.Start))
	p.raw("end", instantText(a.End))
	return p.String()
}

func swapText(s *Swap, numbered bool) string {
	var p pairs
	if numbered {
		p.raw("seq", number(s.Seq))
	}
	p.text("person", s.Person)
	p.text("with", s.With)
	p.raw("start", instantText(s.Start))
	p.raw("end", instantText(s.End))
	p.raw("back_start", instantText(s.BackStart))
	p.raw("back_end", instantText(s.BackEnd))
	p.text("status", string(s.Status))
	p.raw("accepted_at", instantText(s.AcceptedAt))
	p.raw("cancelled_at", instantText(s.CancelledAt))
	return p.String()
}

func (w *writer) policy(p *Policy) {
	w.text(4, "id", p.ID)
	w.raw(4, "repeat", number(p.Repeat))
	if len(p.Steps) > 0 {
		w.line(4, "steps:")
	}
	for _, s := range p.Steps {
		var x pairs
		x.raw("notify", targetsText(s.Notify))
		x.raw("wait", DurationText(s.Wait))
		if s.RoundRobin {
			x.raw("round_robin", "true")
		}
		x.raw("hours", weekText(s.Hours))
		if s.Outside == OutsideWait {
			x.raw("outside", string(s.Outside))
		}
		w.line(6, "- "+x.String())
	}
	w.raw(4, "last_resort", targetsText(p.LastResort))
	w.raw(4, "acknowledge_timeout", optionalDuration(p.AcknowledgeTimeout))
	w.raw(4, "support_hours", weekText(p.SupportHours))
}

// weekText is a part of the week as a one-line block, empty for none.
func weekText(c *Coverage) string {
	if c == nil {
		return ""
	}
	var p pairs
	p.raw("days", daysText(c.Days))
	p.raw("from", quoted(c.From))
	p.raw("to", quoted(c.To))
	p.text("time_zone", c.TimeZone)
	p.raw("holidays", flow(c.Holidays))
	return p.String()
}

func (w *writer) service(s *Service) {
	w.text(4, "id", s.ID)
	w.text(4, "name", s.Name)
	w.text(4, "kind", s.Kind)
	w.text(4, "team", s.Team)
	w.text(4, "policy", s.Policy)
	w.raw(4, "tier", number(s.Tier))
	w.raw(4, "functions", flow(s.Functions))
	if s.Runbook.URL != "" {
		var p pairs
		p.text("title", s.Runbook.Title)
		p.text("url", s.Runbook.URL)
		p.text("reviewed", s.Reviewed)
		w.raw(4, "runbook", p.String())
	}
	w.lines("first_looks", s.FirstLooks)
	w.lines("quick_actions", s.QuickActions)
	w.links("dashboards", s.Dashboards)
	w.links("documents", s.Documents)
	w.raw(4, "depends_on", flow(s.DependsOn))
	w.text(4, "agreement", s.Agreement)
	w.raw(4, "stakeholders", targetsText(s.Stakeholders))
}

// lines writes a list of sentences.
func (w *writer) lines(key string, list []string) {
	w.items(key, len(list), func(i int) string { return scalar(list[i]) })
}

func (w *writer) links(key string, list []Link) {
	w.items(key, len(list), func(i int) string {
		var p pairs
		p.text("title", list[i].Title)
		p.text("url", list[i].URL)
		return p.String()
	})
}

func (w *writer) agreement(a *Agreement) {
	w.text(4, "id", a.ID)
	w.text(4, "kind", a.Kind)
	w.raw(4, "coverage", weekText(a.Coverage))
	if len(a.Targets) > 0 {
		w.line(4, "targets:")
	}
	for _, sev := range severities {
		t, ok := a.Targets[sev]
		if !ok {
			continue
		}
		var p pairs
		p.raw("acknowledge", optionalDuration(t.Acknowledge))
		p.raw("update", optionalDuration(t.Update))
		p.raw("restore", optionalDuration(t.Restore))
		w.line(6, sev+": "+p.String())
	}
	w.text(4, "words", a.Words)
}
