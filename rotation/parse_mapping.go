package rotation

import (
	"errors"
	"strings"
	"text/template"
	"text/template/parse"
)

// mapping reads how the bodies of one sender are read.
func (r *reader) mapping(n *node, at *place) Mapping {
	o := r.object(n, at, "title", "key", "status", "over", "acknowledged", "severity", "service", "text", "started", "labels", "links")
	if !idForm.MatchString(at.id) {
		o.problem(n.line, at, "the name "+quote(at.id)+" cannot be the end of an address", "use letters, digits, - _ and . only, up to 80, and begin with a letter or digit")
	}
	m := Mapping{
		Title: o.template("title"), Key: o.template("key"), Status: o.template("status"),
		Over: o.texts("over"), Acknowledged: o.texts("acknowledged"),
		Severity: o.template("severity"), Service: o.template("service"),
		Text: o.template("text"), Started: o.template("started"),
	}
	for _, key := range []string{"over", "acknowledged"} {
		if o.has(key) && !o.has("status") {
			o.bad(key, key+" lists words of the status, and there is no status", `add status: "{{.FIELD}}"`)
		}
	}
	names := o.names("labels")
	for _, k := range names {
		x := &object{reader: r, n: k.value, at: &place{up: at, word: "labels"}, keys: map[string]*node{k.key: k.value}}
		if k.value.kind == nullNode {
			x.bad(k.key, k.key+" has no value", "write "+k.key+`: "{{.FIELD}}"`)
		} else if m.Labels == nil {
			m.Labels = make(map[string]string, len(names))
		}
		if k.value.kind != nullNode {
			m.Labels[k.key] = x.template(k.key)
		}
	}
	for _, l := range o.list("links") {
		x := r.object(l, &place{up: at, word: "links"}, "url", "text")
		x.need("url", `"{{.FIELD}}"`)
		m.Links = append(m.Links, MappingLink{URL: x.template("url"), Text: x.template("text")})
	}
	return m
}

// template is the text at key, which must be a template.
func (o *object) template(key string) string {
	s := o.text(key)
	if s == "" {
		return ""
	}
	if _, err := ParseTemplate(s); err != nil {
		o.bad(key, key+" cannot be read as a template: "+err.Error(), templateHint(err))
	}
	return s
}

// errCalls refuses templates within templates, since one could call itself for ever.
var errCalls = errors.New("define, block and template are not read here")

func templateHint(err error) string {
	if errors.Is(err, errCalls) {
		return "write the text out where it belongs"
	}
	if strings.Contains(err.Error(), "U+002D '-'") {
		return `a field whose name has a dash is written {{index . "a-b"}}`
	}
	return `write it as Go's text/template does: "{{.event.name}}"`
}

// ParseTemplate reads a template of a [Mapping]. Its functions are those that every
// template has. Templates within templates are refused. A field that the body does not have is its zero value.
func ParseTemplate(text string) (*template.Template, error) {
	const name = "mapping"
	t, err := template.New(name).Option("missingkey=zero").Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "+name+":"))
	}
	if len(t.Templates()) > 1 || t.Tree != nil && calls(t.Tree.Root) {
		return nil, errCalls
	}
	return t, nil
}

// calls reports whether a template calls another.
func calls(n parse.Node) bool {
	branch := func(b *parse.BranchNode) bool {
		return calls(b.List) || b.ElseList != nil && calls(b.ElseList)
	}
	switch n := n.(type) {
	case *parse.TemplateNode:
		return true
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.ListNode:
		for _, x := range n.Nodes {
			if calls(x) {
				return true
			}
		}
	}
	return false
}
