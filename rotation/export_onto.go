package rotation

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ExportOnto returns the roster as a file that looks like text, which says what
// the roster was says: comments, order and layout are kept, and only the lines of
// the overrides, swaps and absences that differ are written anew. Those are what
// people change without a file. It reports false, and the plain [Roster.Export],
// where anything else differs, or where text is laid out in a way that cannot be
// changed line by line, or is so long that reading it once more would be felt.
func (r *Roster) ExportOnto(text []byte, was *Roster) ([]byte, bool) {
	plain := r.Export()
	if string(was.Export()) == string(plain) {
		return text, true
	}
	if len(was.Rotations) != len(r.Rotations) || len(text) > longText {
		return plain, false
	}
	list := rotationNodes(text)
	if len(list) != len(r.Rotations) {
		return plain, false
	}
	e := lineEdit{lines: strings.SplitAfter(strings.TrimSuffix(string(text), "\n")+"\n", "\n")}
	e.lines = e.lines[:len(e.lines)-1] // what follows the last line's end
	for i := range slices.Backward(list) {
		e.rotation(list[i], &was.Rotations[i], &r.Rotations[i])
	}
	out := []byte(strings.Join(e.lines, ""))
	again, err := ParseStored("", out)
	if err != nil || len(again.Problems()) > len(was.Problems()) || string(again.Export()) != string(plain) {
		return plain, false
	}
	return out, true
}

// longText is about two thousand rotations.
const longText = 1 << 20

// rotationNodes returns the rotations of a file, each a block or a line of its
// own; nil where they are laid out otherwise.
func rotationNodes(text []byte) []*yaml.Node {
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc); errors.Is(err, io.EOF) || err != nil || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	_, list := child(doc.Content[0], "rotations")
	if list == nil || list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 {
		return nil
	}
	return list.Content
}

// child returns the key of a block of keys and its value; nil where it has none
// such.
func child(block *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(block.Content); i += 2 {
		if block.Content[i].Value == name {
			return block.Content[i], block.Content[i+1]
		}
	}
	return nil, nil
}

// lastLine is the number of the last line on which something of n begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

// lineEdit changes a text by whole lines, from its end to its beginning, so that
// the numbers of the lines that are still to be changed stay right.
type lineEdit struct{ lines []string }

// replace puts lines in the place of those from first to last; with last before
// first it inserts them before first.
func (e *lineEdit) replace(first, last int, with ...string) {
	if first < 1 || first > len(e.lines)+1 || last > len(e.lines) {
		return // the result is read back, and refused
	}
	e.lines = slices.Replace(e.lines, first-1, max(last, first-1), with...)
}

func (e *lineEdit) rotation(n *yaml.Node, was, is *Rotation) {
	olds, news := was.acts(), is.acts()
	if slices.EqualFunc(olds, news, func(a, b actList) bool { return slices.Equal(a.items, b.items) }) {
		return
	}
	if n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle != 0 {
		e.replace(n.Line, lastLine(n), indented(is, n.Column-5)...)
		return
	}
	for _, k := range actsFromTheEnd(n, olds) {
		if !slices.Equal(olds[k].items, news[k].items) {
			e.list(n, olds[k], news[k])
		}
	}
}

// actsFromTheEnd is the order in which the lists are to be changed: the lowest in
// the file first, before it those that are not there and come after everything.
func actsFromTheEnd(n *yaml.Node, lists []actList) []int {
	order := []int{0, 1, 2}
	at := func(k int) int {
		if key, _ := child(n, lists[k].key); key != nil {
			return key.Line
		}
		return int(^uint(0)>>1) - k
	}
	slices.SortFunc(order, func(a, b int) int { return at(b) - at(a) })
	return order
}

// list changes one list of a rotation that is a block of keys.
func (e *lineEdit) list(n *yaml.Node, was, is actList) {
	indent := strings.Repeat(" ", n.Column-1)
	key, value := child(n, was.key)
	switch {
	case key == nil:
		end := lastLine(n) + 1
		e.replace(end, end-1, whole(indent, is)...)
	case len(is.items) == 0:
		e.replace(key.Line, lastLine(value))
	case value.Kind != yaml.SequenceNode || value.Style&yaml.FlowStyle != 0 || len(value.Content) != len(was.items):
		e.replace(key.Line, max(key.Line, lastLine(value)), whole(indent, is)...)
	default:
		e.items(value, was.items, is.items)
	}
}

// items changes the items of a list between those that stay at its beginning and
// those that stay at its end.
func (e *lineEdit) items(list *yaml.Node, was, is []string) {
	head := 0
	for head < min(len(was), len(is)) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < min(len(was), len(is))-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	indent := strings.Repeat(" ", list.Column-1)
	old, fresh := list.Content[head:len(was)-tail], is[head:len(is)-tail]
	both := min(len(old), len(fresh))
	for _, gone := range slices.Backward(old[both:]) {
		first := gone.Line
		if gone.HeadComment != "" {
			first -= 1 + strings.Count(gone.HeadComment, "\n")
		}
		e.replace(first, lastLine(gone))
	}
	at := list.Content[0].Line
	if head+both > 0 {
		at = lastLine(list.Content[head+both-1]) + 1
	}
	for _, item := range slices.Backward(fresh[both:]) {
		e.replace(at, at-1, indent+"- "+item+"\n")
	}
	for i := range slices.Backward(old[:both]) {
		line := indent + "- " + fresh[i]
		if c := old[i].LineComment; c != "" {
			line += "   " + c
		}
		e.replace(old[i].Line, lastLine(old[i]), line+"\n")
	}
}

// actList is one of the lists of a rotation that people change without a file,
// each item as a line says it.
type actList struct {
	key   string
	items []string
}

// acts returns the three such lists, in the order of the file.
func (r *Rotation) acts() []actList {
	lists := []actList{{key: "overrides"}, {key: "swaps"}, {key: "time_off"}}
	numbered := !r.numberedByDefault()
	for i := range r.Overrides {
		lists[0].items = append(lists[0].items, overrideText(&r.Overrides[i], numbered))
	}
	for i := range r.Swaps {
		lists[1].items = append(lists[1].items, swapText(&r.Swaps[i], numbered))
	}
	for i := range r.TimeOff {
		lists[2].items = append(lists[2].items, timeOffText(&r.TimeOff[i]))
	}
	return lists
}

// whole is a list with its key.
func whole(indent string, l actList) []string {
	lines := []string{indent + l.key + ":\n"}
	for _, item := range l.items {
		lines = append(lines, indent+"  - "+item+"\n")
	}
	return lines
}

// indented is a rotation as an export has it, moved to the right or to the left.
func indented(r *Rotation, by int) []string {
	var w writer
	w.first = true
	w.rotation(r)
	lines := strings.SplitAfter(strings.TrimSuffix(w.b.String(), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	for i, line := range lines {
		lines[i] = strings.Repeat(" ", max(by, 0)) + line[max(-by, 0):]
	}
	return lines
}
