package rotation

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// entry is a part of [Alerts] as [Plan] compares it: what names it, and its text.
type entry struct{ id, text string }

// alertChanges are the entries of alerts and heartbeats that differ. The routes are
// named by what they match, silences and maintenance also by when they begin.
func alertChanges(old, new *Roster) []EntryChange {
	compare := func(name string, of func(*Alerts) []entry) []EntryChange {
		k := kind[entry]{name, func(e *entry) string { return e.id }, func(w *writer, e *entry) { w.first = false; w.line(0, e.text) }}
		return changes(k, numbered(of(&old.Alerts)), numbered(of(&new.Alerts)))
	}
	list := slices.Concat(
		compare("alert key", func(a *Alerts) []entry {
			return mapEntries(a.Keys, func(_ string, k AlertKey) string { return keyText(k) })
		}),
		compare("alert route", routeEntries),
		compare("alert mapping", func(a *Alerts) []entry {
			return mapEntries(a.Mappings, func(name string, m Mapping) string {
				var w writer
				w.mapping(name, m)
				return w.b.String()
			})
		}),
	)
	if !sameOrder(routeEntries(&old.Alerts), routeEntries(&new.Alerts)) {
		list = append(list, EntryChange{Kind: "order of the alert routes", Change: "changed"})
	}
	for _, s := range settings {
		if s.text(&old.Alerts) != s.text(&new.Alerts) {
			list = append(list, EntryChange{"alert setting", s.key, "changed"})
		}
	}
	return slices.Concat(list,
		compare("silence", func(a *Alerts) []entry {
			return listEntries(a.Silences, func(s *Silence) entry { return entry{s.Matching() + since(s.From), silenceText(s)} })
		}),
		compare("maintenance", func(a *Alerts) []entry {
			return listEntries(a.Maintenance, func(m *Maintenance) entry { return entry{m.Service + since(m.From), maintenanceText(m)} })
		}),
		changes(kind[Heartbeat]{"heartbeat", func(h *Heartbeat) string { return h.Name }, (*writer).heartbeat}, old.Heartbeats, new.Heartbeats),
	)
}

func since(t time.Time) string { return " from " + instantText(t) }

func routeEntries(a *Alerts) []entry {
	return listEntries(a.Routes, func(r *AlertRoute) entry { return entry{r.Matching(), routeText(r)} })
}

func listEntries[T any](list []T, of func(*T) entry) []entry {
	out := make([]entry, len(list))
	for i := range list {
		out[i] = of(&list[i])
	}
	return out
}

func mapEntries[T any](m map[string]T, text func(string, T) string) []entry {
	var out []entry
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, entry{name, text(name, m[name])})
	}
	return out
}

// numbered tells entries of the same name apart.
func numbered(list []entry) []entry {
	seen := map[string]int{}
	for i := range list {
		id := list[i].id
		if seen[id]++; seen[id] > 1 {
			list[i].id += " (" + strconv.Itoa(seen[id]) + ")"
		}
	}
	return list
}

// sameOrder reports whether what is in both lists stands in the same order. The first
// match wins, so the order of routes says whose an alert is.
func sameOrder(old, new []entry) bool {
	both := func(list, other []entry) []string {
		var ids []string
		for _, e := range list {
			if slices.ContainsFunc(other, func(o entry) bool { return o.id == e.id }) {
				ids = append(ids, e.id)
			}
		}
		return ids
	}
	old, new = numbered(old), numbered(new)
	return slices.Equal(both(old, new), both(new, old))
}

// line is an entry that would change, in words.
func (p PlanReport) line(e EntryChange) string {
	switch e.Kind {
	case "defaults":
		return "the defaults would be changed"
	case "order of the alert routes":
		return "the order of the alert routes would be changed"
	case "alert setting":
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == e.ID })
		return "alerts " + e.ID + " would be changed from " + settings[i].shown(p.old) + " to " + settings[i].shown(p.new)
	}
	return e.Kind + " " + e.ID + " would be " + e.Change
}

// shown is the setting as it is in force.
func (s setting) shown(r *Roster) string {
	rules := r.AlertRules()
	if s.text(&r.Alerts) == "" {
		return s.text(&rules) + " (the default)"
	}
	return s.text(&rules)
}
