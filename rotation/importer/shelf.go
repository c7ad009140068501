package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// shelf holds the entities of one kind, each once, in the order of the files.
type shelf struct {
	order []string
	held  map[string]*held
}

// held is one entity, with the file in which it was met first.
type held struct {
	file  string
	value map[string]any
}

// shelf returns that of a kind.
func (r *reading) shelf(kind string) *shelf {
	s := r.shelves[kind]
	if s == nil {
		s = &shelf{held: map[string]*held{}}
		r.shelves[kind] = s
	}
	return s
}

// put puts an entity on the shelf of its kind. What two answers say about one entity is
// laid together; where they contradict each other, that is refused. One without an ID
// is kept for itself.
func (r *reading) put(kind, id, file string, value map[string]any) {
	s := r.shelf(kind)
	if id == "" {
		id = fmt.Sprintf("#%d", len(s.order))
	}
	old := s.held[id]
	if old == nil {
		s.order = append(s.order, id)
		s.held[id] = &held{file, value}
		return
	}
	both, ok := merge(old.value, value)
	if !ok {
		where := "stands in " + old.file + " and " + file
		if old.file == file {
			where = "stands twice in " + file
		}
		r.refuse("", kind+" "+clean(id)+" "+where+" and differs", "keep the newer")
		return
	}
	old.value, _ = both.(map[string]any)
}

// merge lays two descriptions of one thing together. It is false where they contradict
// each other.
func merge(a, b any) (any, bool) {
	if a == nil || b == nil {
		if a == nil {
			return b, true
		}
		return a, true
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return a, false
		}
		return mergeMaps(a, b)
	case []any:
		b, ok := b.([]any)
		if !ok {
			return a, false
		}
		return mergeLists(a, b)
	case string:
		b, ok := b.(string)
		if ok && a == b+"_reference" { // a type, of which the whole entity says more
			return b, true
		}
		return a, ok && (a == b || b == a+"_reference" || sameInstant(a, b))
	}
	return a, a == b
}

func mergeMaps(a, b map[string]any) (any, bool) {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		both, ok := merge(out[k], v)
		if !ok {
			return a, false
		}
		out[k] = both
	}
	return out, true
}

func mergeLists(a, b []any) (any, bool) {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...), true
	}
	if len(a) != len(b) {
		return a, false
	}
	out := make([]any, len(a))
	for i := range a {
		both, ok := merge(a[i], b[i])
		if !ok {
			return a, false
		}
		out[i] = both
	}
	return out, true
}

func sameInstant(a, b string) bool {
	x, err := time.Parse(time.RFC3339, a)
	y, err2 := time.Parse(time.RFC3339, b)
	return err == nil && err2 == nil && x.Equal(y)
}

// entity is one thing of the export, read into the form of its system.
type entity[T any] struct {
	id, file string
	v        T
}

// all returns everything on a shelf, in the order of the export. What cannot be read is
// refused.
func all[T any](b *building, kind string) []entity[T] {
	s := b.shelf(kind)
	list := make([]entity[T], 0, len(s.order))
	for _, id := range s.order {
		h := s.held[id]
		e := entity[T]{id: id, file: h.file}
		if err := into(h.value, &e.v); err != nil {
			b.refuse(h.file, kind+" "+clean(id)+": "+err.Error(), "export it again")
			continue
		}
		list = append(list, e)
	}
	return list
}

// into reads a value into a form; the error says which key is not what it should be.
func into(value any, form any) error {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, form)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s is %s, which it cannot be", clean(kind.Field), clean(kind.Value))
	}
	return err
}

// page is one part of a list that its answer calls longer than itself.
type page struct {
	file, kind string
	have       int // entities on it
	total      int // that the list has; 0: not said
	at         int // where it stands in the list; -1: not said
	next       int // where the next one would; 0: there is none
}

// complete refuses what is not enough to make a roster of.
func (r *reading) complete(files int) {
	for _, p := range r.pages {
		if p.next == 0 || r.followed(p) {
			continue
		}
		what := fmt.Sprintf("holds %s, and there are more", plural(p.have, p.kind))
		if p.total > 0 {
			what = fmt.Sprintf("holds %d of %s", p.have, plural(p.total, p.kind))
		}
		r.refuse(p.file, what, "export the other pages too")
	}
	if len(r.refused) > 0 {
		return
	}
	if len(r.shelves) == 0 {
		r.refuse("", "nothing to import in "+plural(files, "file"), "see docs on moving in")
		return
	}
	if len(r.shelf("user").order) == 0 {
		r.refuse("", "no users in the export: nobody could be paged", "add the answer of "+r.system.users)
	}
	if len(r.shelf("schedule").order) == 0 {
		r.refuse("", "no schedules in the export: nobody would be on call", "add the answer of "+r.system.schedules)
	}
}

// followed reports whether the next page is among the files.
func (r *reading) followed(p page) bool {
	if p.total > 0 && len(r.shelf(p.kind).order) >= p.total {
		return true
	}
	for _, q := range r.pages {
		if q.kind != p.kind {
			continue
		}
		if p.at >= 0 && q.at == p.next || p.at < 0 && q.next == 0 {
			return true
		}
	}
	return false
}

// loose is text that some answers have as a number.
type loose string

// UnmarshalJSON reads a string or a number; anything else is empty.
func (l *loose) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*l = loose(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(data, &n) == nil {
		*l = loose(n)
	}
	return nil
}

// text is the string at a key, or empty.
func text(m map[string]any, key string) string {
	switch v := m[key].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// number is the whole number at a key, or 0.
func number(m map[string]any, key string) int {
	n, _ := m[key].(json.Number)
	i, _ := n.Int64()
	return int(i)
}

// block is the block of keys at a key, or nil.
func block(m map[string]any, key string) map[string]any {
	b, _ := m[key].(map[string]any)
	return b
}

// has reports whether a block has every one of some keys.
func has(m map[string]any, keys ...string) bool {
	for _, k := range keys {
		if _, ok := m[k]; !ok {
			return false
		}
	}
	return len(m) > 0
}

// farthest is the latest instant that a roster can have, whatever the zone.
var farthest = time.Date(2500, 12, 30, 0, 0, 0, 0, time.UTC)

// instant reads an instant; false where there is none.
func instant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil || t.Year() <= 1900 {
		return time.Time{}, false
	}
	return earlier(t, farthest).UTC(), true
}
