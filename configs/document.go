package configs

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/pattern"
)

// yamlLine is how the YAML library says where it gave up.
var yamlLine = pattern.New(`^yaml: (?:line (\d+): )?`)

// readFile takes every setting in the file, with its line. What it does not
// understand becomes a problem and is left out, so that one typo hides no other.
func (l *loader) readFile() {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		l.problems = append(l.problems, Problem{File: l.path, What: "cannot read the configuration: " + plain(err),
			Mend: "check the path; stormbell.example.yaml in the folder configs shows every key"})
		return
	}
	documents := yaml.NewDecoder(bytes.NewReader(raw))
	var doc, second yaml.Node
	switch err := documents.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return // an empty file, or nothing but comments
	case err != nil:
		l.syntax(raw, err)
		return
	}
	switch err := documents.Decode(&second); {
	case err == nil:
		l.at(&second, "", "a second document begins here", "keep one, without a line of three dashes")
	case !errors.Is(err, io.EOF):
		l.syntax(raw, err)
		return
	}
	l.section("", resolve(doc.Content[0]))
}

// at adds a problem with something in the file.
func (l *loader) at(n *yaml.Node, key, what, mend string) {
	l.problems = append(l.problems, Problem{File: l.path, Line: n.Line, Key: key, What: what, Mend: mend})
}

// yamlAnchor is what the library says of an alias without its anchor. It names
// no line, and the name may be a password that begins with a star.
var yamlAnchor = pattern.New(`^yaml: unknown anchor '(.*)' referenced$`)

func (l *loader) syntax(raw []byte, err error) {
	const quote = "put text that begins with a sign in quotes"
	if m := yamlAnchor.FindStringSubmatch(err.Error()); m != nil {
		before, _, _ := bytes.Cut(raw, []byte("*"+m[1]))
		l.problems = append(l.problems, Problem{File: l.path, Line: 1 + bytes.Count(before, []byte("\n")),
			What: "not valid YAML: a star refers to nothing", Mend: quote})
		return
	}
	where := yamlLine.FindStringSubmatch(err.Error())
	p := Problem{File: l.path, Line: 1, What: "not valid YAML: " + err.Error(), Mend: "compare with stormbell.example.yaml"}
	if where != nil {
		p.What = "not valid YAML: " + strings.TrimPrefix(err.Error(), where[0])
	}
	if where != nil && where[1] != "" {
		p.Line, _ = strconv.Atoi(where[1])
	}
	if strings.Contains(p.What, "cannot start any token") {
		p.Mend = "indent with spaces, not tabs, and " + quote
	}
	l.problems = append(l.problems, p)
}

// section takes the keys of a group; the whole file is the group "".
func (l *loader) section(group string, n *yaml.Node) {
	if null(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		what := group + " is a group of keys, not " + describe(n)
		if group == "" {
			what = "the file must hold keys and values, not " + describe(n)
		}
		l.at(n, group, what, "write KEY: VALUE, one a line")
		return
	}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		key := join(group, name.Value)
		k, isTwin, known := l.schema.find(key)
		first, twice := seen[key]
		if s, dotted := l.settings[key]; dotted {
			first, twice = s.line, true
		}
		seen[key] = name.Line
		switch {
		case name.Kind != yaml.ScalarNode:
			l.at(name, group, "a key must be a word, not "+describe(name), "write KEY: VALUE, one a line")
		case twice:
			l.at(name, join(group, shownName(name.Value)), "given twice, first in line "+itoa(first), "keep one of the two")
		case known:
			l.take(key, k.asTwin(isTwin), value, name.Line)
		case l.schema.section(key):
			l.section(key, value)
		default:
			l.unknown(name, group)
		}
	}
}

// asTwin returns the key as its twin is written: plain text, a path.
func (k Key) asTwin(isTwin bool) Key {
	if isTwin {
		k.kind = text
	}
	return k
}

func (l *loader) unknown(name *yaml.Node, group string) {
	if tokenKind(name.Value) != "" {
		l.at(name, group, "a token stands where a key must be", "write app_token: or bot_token: before it")
		return
	}
	key := join(group, name.Value)
	mend := "take it out; stormbell.example.yaml shows every key"
	base := strings.TrimSuffix(key, twin)
	if _, plain := l.schema[base]; plain {
		mend = "only secrets can be in a file of their own; write " + base
	} else if near := Nearest(key, l.schema.names()); near != "" {
		mend = "did you mean " + near + "?"
	}
	l.at(name, join(group, shownName(name.Value)), "there is no such key", mend)
}

// longestName is how much of a name that nobody knows is shown.
const longestName = 40

// shownName is a name that nobody knows, as far as it looks like one: where the space after
// the colon is missing, or the colon, the value is a part of it, and may be a secret.
func shownName(name string) string {
	for i, r := range name {
		if i >= longestName || !unicode.IsLetter(r) && !strings.ContainsRune("_-.", r) {
			return name[:i] + "…"
		}
	}
	return name
}

// take records the value of a known key.
func (l *loader) take(key string, k Key, n *yaml.Node, line int) {
	s := setting{line: line}
	if null(n) {
		l.settings[key] = s
		return
	}
	if k.kind == secrets && n.Kind == yaml.SequenceNode {
		s.value, s.items = l.keyList(key, n)
		l.settings[key] = s
		return
	}
	if k.kind == groups {
		if n.Kind == yaml.SequenceNode {
			s.value, s.items = l.groupList(key, n)
		} else {
			l.at(n, key, "needs a list, not "+describe(n), "begin each with a dash, as stormbell.example.yaml shows")
		}
		l.settings[key] = s
		return
	}
	if k.kind == names && n.Kind == yaml.SequenceNode {
		s.value, s.items = l.nameList(key, n)
		l.settings[key] = s
		return
	}
	l.settings[key] = s // before a problem, which then finds its line here
	value, ok := l.scalar(key, k, n)
	switch {
	case !ok:
	case k.kind == secrets:
		s.value = splitKeys(value)
	case k.kind == names:
		s.value = splitNames(value)
	default:
		s.value = value
	}
	l.settings[key] = s
}

// scalar reads one text. It reads no number as text, because YAML has by then
// lost how it was written: 0123 is 83.
func (l *loader) scalar(key string, k Key, n *yaml.Node) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		l.at(n, key, "needs one value, not "+describe(n), "write "+lastPart(key)+": VALUE in one line")
	case n.ShortTag() == "!!str":
		if k.Secret && !strings.HasSuffix(key, twin) && n.Value != "" && !isPlaceholder(n.Value) {
			l.holdsSecret(key, n.Line)
		}
		return n.Value, true
	case k.kind == number && n.ShortTag() == "!!int":
		return n.Value, true
	case null(n):
		l.at(n, key, "needs text, not nothing", "write one, or take the key out")
	case k.kind == duration:
		l.at(n, key, n.Value+" has no unit", "write one, such as 30s or 5m")
	case k.Secret:
		l.at(n, key, "needs text, not "+describe(n), "put it in quotes")
	default:
		l.at(n, key, "needs text, not "+describe(n)+" "+n.Value, `put it in quotes: "`+n.Value+`"`)
	}
	return "", false
}

// keyList reads a list of integration keys, each a text or a name with its key.
func (l *loader) keyList(key string, list *yaml.Node) (keys []any, lines []int) {
	for i, n := range list.Content {
		n = resolve(n)
		item := map[string]any{}
		switch {
		case n.Kind == yaml.ScalarNode && !null(n):
			if value, ok := l.scalar(element(key, i), l.schema[key], n); ok {
				item["key"] = value
			}
		case n.Kind == yaml.MappingNode:
			l.keyObject(element(key, i), n, item)
		default:
			l.at(n, element(key, i), "needs a key, not "+describe(n), "write the key, or name: and key:")
		}
		keys, lines = append(keys, item), append(lines, n.Line)
	}
	return keys, lines
}

// keyObject reads {name, key} or {name, key_file} into item.
func (l *loader) keyObject(where string, n *yaml.Node, item map[string]any) {
	before := len(l.problems)
	parts := map[string]Key{"name": {}, "key": {Secret: true}, "key_file": {}}
	got := map[string]setting{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		part, known := parts[name.Value]
		_, twice := got[name.Value]
		switch {
		case !known:
			l.unknownPart(where, name)
		case twice:
			l.at(name, join(where, name.Value), "given twice", "keep one of the two")
		default:
			s := setting{line: name.Line}
			s.value, _ = l.scalar(join(where, name.Value), part, value)
			got[name.Value] = s
		}
	}
	if s, ok := got["name"]; ok {
		item["name"] = s.value
	}
	if s, ok := got["key"]; ok {
		item["key"] = s.value
	}
	file, ok := got["key_file"]
	if !ok || len(l.problems) > before {
		return
	}
	if _, both := item["key"]; both {
		l.at(n, where, "key and key_file are both set", "keep one of the two")
		return
	}
	item["key"], ok = l.readSecret(where, file)
	if !ok {
		l.problems[len(l.problems)-1].Line = file.line
	}
}

// unknownPart reports a key of an integration key that is not known. Its name is
// shown only where it is a typo: - s3cret: is a secret with a colon too many.
func (l *loader) unknownPart(where string, name *yaml.Node) {
	const mend = "use name, key or key_file"
	if Nearest(name.Value, []string{"name", "key", "key_file"}) != "" {
		l.at(name, join(where, name.Value), "there is no such key", mend)
		return
	}
	l.at(name, where, "it has a key that is not known", mend)
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe says what was found where something else was expected.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a group of keys"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "the number"
	case "!!bool":
		return "the yes-or-no value"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "the date"
	case "!!str":
		return "a text"
	}
	return "a value with a tag"
}

func join(group, name string) string {
	if group == "" {
		return name
	}
	return group + "." + name
}

func element(key string, i int) string { return key + "[" + itoa(i) + "]" }

func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

func itoa(n int) string { return strconv.Itoa(n) }
