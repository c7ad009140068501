package rotation

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/pattern"
)

// node is a piece of a roster file, without the library that read it.
type node struct {
	kind nodeKind
	line int
	text string // of a scalar, as written
	list []*node
	keys []keyed
}

type keyed struct {
	key   string
	line  int
	value *node
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	scalarNode
	listNode
	mapNode
)

func (k nodeKind) String() string {
	return [...]string{"nothing", "a single value", "a list", "a block of keys"}[k]
}

// readYAML reads one document. Anchors, aliases, merge keys and explicit tags
// are refused: a reviewer should read what will hold, and an alias can make a
// short file endless.
func readYAML(file string, data []byte) (*node, Problems) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return &node{line: 1}, nil
	}
	if err != nil {
		return nil, Problems{yamlProblem(file, data, err)}
	}
	var c converter
	root := c.convert(doc.Content[0])
	var second yaml.Node
	if err := d.Decode(&second); err == nil {
		c.refuse(second.Line, "a second YAML document", "keep the roster in one document, without ---")
	} else if !errors.Is(err, io.EOF) {
		c.problems = append(c.problems, yamlProblem(file, data, err))
	}
	for i := range c.problems {
		c.problems[i].File = file
	}
	return root, c.problems
}

// commented is a value that was taken for a comment: a comment has a blank after its
// sign.
var commented = pattern.New(`^#[^\s#]\S*$`)

type converter struct{ problems Problems }

func (c *converter) refuse(line int, message, hint string) {
	c.problems = append(c.problems, Problem{Line: line, Entry: "YAML", Message: message, Hint: hint})
}

func (c *converter) convert(y *yaml.Node) *node {
	n := &node{line: y.Line}
	if y.Anchor != "" || y.Kind == yaml.AliasNode {
		c.refuse(y.Line, "anchors and aliases are not read", "write the value out where it holds")
		return n
	}
	if y.Style&yaml.TaggedStyle != 0 {
		c.refuse(y.Line, "the tag "+y.Tag+" is not read", "leave it out")
		return n
	}
	switch y.Kind {
	case yaml.ScalarNode:
		if y.Tag != "!!null" {
			n.kind, n.text = scalarNode, y.Value
		}
	case yaml.SequenceNode:
		n.kind = listNode
		n.list = make([]*node, len(y.Content))
		for i, x := range y.Content {
			n.list[i] = c.convert(x)
		}
	case yaml.MappingNode:
		n.kind = mapNode
		c.convertKeys(n, y.Content)
	}
	return n
}

func (c *converter) convertKeys(n *node, content []*yaml.Node) {
	n.keys = make([]keyed, 0, len(content)/2)
	seen := make(map[string]bool, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		k := content[i]
		if k.Kind != yaml.ScalarNode {
			c.refuse(k.Line, "only plain words can be keys", "write the keys out")
			continue
		}
		if k.Value == "<<" {
			c.refuse(k.Line, "merge keys (<<) are not read", "write the keys out where they hold")
			continue
		}
		if v := content[i+1]; v.Kind == yaml.ScalarNode && v.Tag == "!!null" && v.Value == "" {
			if word := commented.FindString(cmp.Or(v.LineComment, k.LineComment)); word != "" {
				c.refuse(k.Line, "what follows "+k.Value+": begins with #, which makes a comment of it", "put it in quotes: "+k.Value+": "+quoted(word))
			}
		}
		if strings.HasPrefix(k.Value, "-") && k.Style == 0 {
			c.refuse(k.Line, "there is no blank after the dash", "write a blank between - and the word")
			continue
		}
		v := c.convert(content[i+1])
		if seen[k.Value] {
			c.refuse(k.Line, "the key "+quote(k.Value)+" stands twice in one block", "keep one of them")
		}
		seen[k.Value] = true
		n.keys = append(n.keys, keyed{key: k.Value, line: k.Line, value: v})
	}
}
