package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/stormbell/stormbell/rotation"
)

// plan is what one roster would change of another. Its lists are never nil.
type plan struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Changes []entryChange `json:"changes"`
	OnCall  []dutyChange  `json:"on_call"` // between From and To
}

// entryChange is one entry that comes, goes or changes.
type entryChange struct {
	Kind   string        `json:"kind"` // person, team, rotation, policy, service, agreement, defaults or order
	ID     string        `json:"id,omitempty"`
	Change string        `json:"change"` // added, removed or changed
	Fields []fieldChange `json:"fields,omitempty"`
}

// fieldChange is one key of an entry; Before and After are empty where the value
// is too large for a line.
type fieldChange struct {
	Key    string `json:"key"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// dutyChange is a stretch in which other people would be on call.
type dutyChange struct {
	Rotation string    `json:"rotation"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Before   []string  `json:"before"`
	After    []string  `json:"after"`
}

// String returns the change as one line, with a sign in front.
func (c entryChange) String() string {
	sign := map[string]string{"added": "+", "removed": "-", "changed": "~"}[c.Change]
	line := strings.TrimSpace(sign + " " + c.Kind + " " + c.ID)
	if len(c.Fields) == 0 {
		return line
	}
	fields := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		fields[i] = f.String()
	}
	return line + ": " + strings.Join(fields, "; ")
}

// String returns the change as in "time_zone Europe/Berlin → UTC".
func (f fieldChange) String() string {
	switch {
	case f.Before == "" && f.After == "":
		return f.Key
	case f.Before == "":
		return f.Key + " " + f.After
	case f.After == "":
		return f.Key + " no longer " + f.Before
	}
	return f.Key + " " + f.Before + " → " + f.After
}

// changes compares two rosters entry by entry, in the order of the new one;
// what is removed comes last of its kind.
func changes(before, after *rotation.Roster) []entryChange {
	all := slices.Concat(
		compareEntries("person", before.People, after.People, func(p *rotation.Person) string { return p.ID }),
		compareEntries("team", before.Teams, after.Teams, func(t *rotation.Team) string { return t.ID }),
		compareEntries("rotation", before.Rotations, after.Rotations, func(r *rotation.Rotation) string { return r.ID }),
		compareEntries("policy", before.Policies, after.Policies, func(p *rotation.Policy) string { return p.ID }),
		compareEntries("service", before.Services, after.Services, func(s *rotation.Service) string { return s.ID }),
		compareEntries("agreement", before.Agreements, after.Agreements, func(a *rotation.Agreement) string { return a.ID }),
		compareEntries("defaults", []rotation.Defaults{before.Defaults}, []rotation.Defaults{after.Defaults},
			func(*rotation.Defaults) string { return "" }),
	)
	if len(all) == 0 && !before.Equal(after) {
		return []entryChange{{Kind: "order", Change: "changed"}}
	}
	return append([]entryChange{}, all...)
}

// compareEntries compares two lists whose entries have IDs.
func compareEntries[T any](kind string, before, after []T, id func(*T) string) []entryChange {
	old := make(map[string]*T, len(before))
	for i := range before {
		old[id(&before[i])] = &before[i]
	}
	var list []entryChange
	for i := range after {
		name := id(&after[i])
		was, known := old[name]
		delete(old, name)
		if !known {
			list = append(list, entryChange{Kind: kind, ID: name, Change: "added"})
			continue
		}
		if fields := compareFields(reflect.ValueOf(was).Elem(), reflect.ValueOf(&after[i]).Elem()); len(fields) > 0 {
			list = append(list, entryChange{Kind: kind, ID: name, Change: "changed", Fields: fields})
		}
	}
	for i := range before {
		if name := id(&before[i]); old[name] != nil {
			list = append(list, entryChange{Kind: kind, ID: name, Change: "removed"})
		}
	}
	return list
}

// compareFields compares the exported fields of two structs of one type; what
// the roster computed from them is not exported.
func compareFields(before, after reflect.Value) []fieldChange {
	var list []fieldChange
	for i := range before.NumField() {
		field := before.Type().Field(i)
		a, b := before.Field(i), after.Field(i)
		if !field.IsExported() || reflect.DeepEqual(a.Interface(), b.Interface()) {
			continue
		}
		if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
			continue
		}
		change := fieldChange{Key: snake(field.Name)}
		change.Before, change.After = shown(a), shown(b)
		list = append(list, change)
	}
	return list
}

// shown returns a value as a line can show it, or "".
func shown(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ", ")
	case []rotation.Target:
		words := make([]string, len(value))
		for i, t := range value {
			words[i] = t.String()
		}
		return strings.Join(words, ", ")
	case time.Duration:
		return value.String()
	}
	switch v.Kind() {
	case reflect.String, reflect.Int, reflect.Bool:
		return fmt.Sprint(v.Interface())
	}
	return ""
}

// snake returns a field's name as the roster writes it: TimeZone is time_zone.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// dutyChanges compares the final schedules of two rosters: the longest stretches
// with the same people before and the same others after. A rotation that is in
// one of them only has nobody in the other.
func dutyChanges(before, after *rotation.Roster, from, to time.Time) []dutyChange {
	list := []dutyChange{}
	for i := range after.Rotations {
		id := after.Rotations[i].ID
		list = append(list, compareDuties(id, final(before, id, from, to), final(after, id, from, to))...)
	}
	for i := range before.Rotations {
		id := before.Rotations[i].ID
		if _, stays := after.Rotation(id); !stays {
			list = append(list, compareDuties(id, final(before, id, from, to), final(after, id, from, to))...)
		}
	}
	return list
}

// final returns the final schedule of a rotation, which may not exist.
func final(r *rotation.Roster, id string, from, to time.Time) []rotation.Segment {
	if x, ok := r.Rotation(id); ok {
		return x.Final(from, to)
	}
	return []rotation.Segment{{Start: from, End: to}}
}

// compareDuties walks two schedules that cover the same range without a hole.
func compareDuties(id string, before, after []rotation.Segment) []dutyChange {
	var list []dutyChange
	for len(before) > 0 && len(after) > 0 {
		a, b := before[0], after[0]
		start, end := a.Start, a.End
		if b.Start.After(start) {
			start = b.Start
		}
		if b.End.Before(end) {
			end = b.End
		}
		list = addDuty(list, dutyChange{Rotation: id, Start: start, End: end, Before: named(a.People), After: named(b.People)})
		if !a.End.After(end) {
			before = before[1:]
		}
		if !b.End.After(end) {
			after = after[1:]
		}
	}
	return list
}

// addDuty appends a stretch in which the people differ, to the last one where it
// only continues that.
func addDuty(list []dutyChange, d dutyChange) []dutyChange {
	if slices.Equal(d.Before, d.After) {
		return list
	}
	if n := len(list); n > 0 && list[n-1].End.Equal(d.Start) &&
		slices.Equal(list[n-1].Before, d.Before) && slices.Equal(list[n-1].After, d.After) {
		list[n-1].End = d.End
		return list
	}
	return append(list, d)
}
