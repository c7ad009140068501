package storage

import "slices"

// layer is a set of changes not committed yet, at most one per key, kept in
// key order because scans look through it far more often than it grows.
type layer struct {
	changes map[string]Change
	keys    []string // the map's keys, sorted
	bytes   int      // sum of the changes' sizes
}

// put records c in place of any earlier change of the same key.
func (l *layer) put(c Change) {
	if l.changes == nil {
		l.changes = map[string]Change{}
	}
	old, ok := l.changes[c.Key]
	if ok {
		l.bytes -= old.size()
	} else {
		i, _ := slices.BinarySearch(l.keys, c.Key)
		l.keys = slices.Insert(l.keys, i, c.Key)
	}
	l.changes[c.Key] = c
	l.bytes += c.size()
}

// emptied returns l without its changes, to be filled again: in a flood one is like the
// one before. l is not used any more.
func (l *layer) emptied() layer {
	clear(l.changes)
	clear(l.keys)
	return layer{changes: l.changes, keys: l.keys[:0]}
}

// drop takes out the change of a key.
func (l *layer) drop(key string) {
	old, ok := l.changes[key]
	if !ok {
		return
	}
	l.bytes -= old.size()
	delete(l.changes, key)
	i, _ := slices.BinarySearch(l.keys, key)
	l.keys = slices.Delete(l.keys, i, i+1)
}

// fits reports whether l would stay within the limits if c were put.
func (l *layer) fits(c Change, max Limits) bool {
	n, bytes := len(l.keys)+1, l.bytes+c.size()
	if old, ok := l.changes[c.Key]; ok {
		n, bytes = n-1, bytes-old.size()
	}
	return n <= max.Changes && bytes <= max.Bytes
}

// fitsAll reports whether l would stay within the limits with the changes of m
// on top. Keys changed in both are counted twice, which only ends a group a
// little early.
func (l *layer) fitsAll(m *layer, max Limits) bool {
	return len(l.keys)+len(m.keys) <= max.Changes && l.bytes+m.bytes <= max.Bytes
}

// merge puts the changes of m on top of l. What a closure has changed goes into a list
// that is hundreds of keys long: each of these is moved once, and not for each new one.
func (l *layer) merge(m *layer) {
	if l.changes == nil {
		l.changes = make(map[string]Change, len(m.changes))
	}
	var added []string
	for _, k := range m.keys {
		old, ok := l.changes[k]
		if ok {
			l.bytes -= old.size()
		} else {
			added = append(added, k)
		}
		l.changes[k] = m.changes[k]
		l.bytes += m.changes[k].size()
	}
	end := len(l.keys)
	l.keys = append(l.keys, added...)
	for n := len(added) - 1; n >= 0; n-- {
		at, _ := slices.BinarySearch(l.keys[:end], added[n])
		copy(l.keys[at+n+1:], l.keys[at:end])
		l.keys[at+n] = added[n]
		end = at
	}
}

// list returns the changes in key order.
func (l *layer) list() []Change {
	out := make([]Change, len(l.keys))
	for i, k := range l.keys {
		out[i] = l.changes[k]
	}
	return out
}

// within returns the changes whose keys lie in r, in ascending order whatever
// r.Reverse says. A nil layer has none.
func (l *layer) within(r Range) []Change {
	if l == nil {
		return nil
	}
	from, _ := slices.BinarySearch(l.keys, r.Start)
	var out []Change
	for _, k := range l.keys[from:] {
		if !r.Contains(k) {
			break
		}
		out = append(out, l.changes[k])
	}
	return out
}

// overlay merges two ascending lists of changes; where both have a key, upper
// wins.
func overlay(lower, upper []Change) []Change {
	if len(lower) == 0 {
		return upper
	}
	out := make([]Change, 0, len(lower)+len(upper))
	for len(lower) > 0 && len(upper) > 0 {
		switch {
		case lower[0].Key < upper[0].Key:
			out, lower = append(out, lower[0]), lower[1:]
		case lower[0].Key > upper[0].Key:
			out, upper = append(out, upper[0]), upper[1:]
		default:
			lower = lower[1:]
		}
	}
	return append(append(out, lower...), upper...)
}
