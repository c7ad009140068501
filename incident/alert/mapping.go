package alert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// Mapping reads the bodies of one sender of any JSON, as the roster has it under
// alerts.mappings. Each text but the words is a template of package text/template
// over the body; an empty one says nothing.
type Mapping struct {
	Title, Key, Status string
	Over, Acknowledged []string // words of Status, in any case; anything else fires
	Severity, Service  string
	Text, Started      string
	Labels             map[string]string // by the name of the label
	Links              []MappingLink
}

// MappingLink is a link with the words for it, both templates.
type MappingLink struct{ URL, Text string }

// Compiled is a mapping that is ready to read bodies. It may be used by several
// goroutines.
type Compiled struct {
	title, key, status, severity, service, text, started *template.Template
	over, acknowledged                                   []string
	labels                                               []compiledLabel
	links                                                []compiledLink
	chains                                               [][]string // fields of fields that the templates name
}

type compiledLabel struct {
	name  string
	value *template.Template
}

type compiledLink struct{ url, text *template.Template }

// What a template may cost: the bytes that it writes, and how often it goes round
// its ranges.
const (
	maxOutput = 16 << 10
	maxRounds = 10_000
)

// round stands at the start of each range's body; what writes the output counts it.
const round = "\x00"

var errTooMuch = errors.New("goes on for too long")

// CompileMapping makes a mapping ready. The error is a [Problems], with the fields
// as the roster calls them.
func CompileMapping(m Mapping) (*Compiled, error) {
	c := &Compiled{over: words(m.Over), acknowledged: words(m.Acknowledged)}
	var p Problems
	compile := func(field, text string) *template.Template {
		if strings.TrimSpace(text) == "" {
			return nil
		}
		t, err := c.compile(text)
		if err != nil {
			p = append(p, Problem{field, err.Error()})
		}
		return t
	}
	for _, f := range []struct {
		name, text string
		to         **template.Template
	}{
		{"title", m.Title, &c.title}, {"key", m.Key, &c.key}, {"status", m.Status, &c.status}, {"severity", m.Severity, &c.severity},
		{"service", m.Service, &c.service}, {"text", m.Text, &c.text}, {"started", m.Started, &c.started},
	} {
		*f.to = compile(f.name, f.text)
	}
	for name, text := range m.Labels {
		c.labels = append(c.labels, compiledLabel{name, compile("labels."+name, text)})
	}
	slices.SortFunc(c.labels, func(a, b compiledLabel) int { return strings.Compare(a.name, b.name) })
	for n, l := range m.Links {
		c.links = append(c.links, compiledLink{compile(fmt.Sprintf("links[%d].url", n), l.URL), compile(fmt.Sprintf("links[%d].text", n), l.Text)})
	}
	if p != nil {
		slices.SortFunc(p, func(a, b Problem) int { return strings.Compare(a.Field, b.Field) })
		return nil, p
	}
	return c, nil
}

func words(list []string) []string {
	var w []string
	for _, s := range list {
		w = append(w, strings.ToLower(line(s)))
	}
	return w
}

// safe are functions in the place of those whose result can be ever so large.
var safe = template.FuncMap{
	"printf": func(format string, args ...any) (string, error) {
		if digits := 0; strings.ContainsFunc(format, func(r rune) bool {
			if digits++; r < '0' || r > '9' {
				digits = 0
			}
			return digits > 3 || r == '*'
		}) {
			return "", errors.New("a width of more than 999, or *, is not allowed")
		}
		return short(fmt.Sprintf(format, args...))
	},
	"print":    func(args ...any) (string, error) { return short(fmt.Sprint(args...)) },
	"println":  func(args ...any) (string, error) { return short(fmt.Sprintln(args...)) },
	"html":     func(args ...any) (string, error) { return short(template.HTMLEscaper(args...)) },
	"js":       func(args ...any) (string, error) { return short(template.JSEscaper(args...)) },
	"urlquery": func(args ...any) (string, error) { return short(template.URLQueryEscaper(args...)) },
}

func short(s string) (string, error) {
	if len(s) > 4*maxOutput {
		return "", errTooMuch
	}
	return s, nil
}

// compile parses a template that can only read: definitions, which could call
// themselves for ever, are refused, and each range counts its rounds.
func (c *Compiled) compile(text string) (*template.Template, error) {
	t, err := template.New("template").Option("missingkey=zero").Funcs(safe).Parse(strings.ReplaceAll(text, round, ""))
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("define, block and template are not needed here, and not allowed")
	}
	if t.Tree == nil || t.Root == nil {
		return nil, nil
	}
	if err := c.walk(t.Root); err != nil {
		return nil, err
	}
	return t, nil
}

// walk goes through a template: it notes the fields of fields, so that they are
// empty where the body has none, and makes ranges count.
func (c *Compiled) walk(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := c.walk(child); err != nil {
				return err
			}
		}
	case *parse.TemplateNode:
		return errors.New("define, block and template are not needed here, and not allowed")
	case *parse.RangeNode:
		n.List.Nodes = append([]parse.Node{&parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(round)}}, n.List.Nodes...)
		return c.branch(&n.BranchNode)
	case *parse.IfNode:
		return c.branch(&n.BranchNode)
	case *parse.WithNode:
		return c.branch(&n.BranchNode)
	case *parse.ActionNode:
		c.pipe(n.Pipe)
	}
	return nil
}

func (c *Compiled) branch(b *parse.BranchNode) error {
	c.pipe(b.Pipe)
	if err := c.walk(b.List); err != nil {
		return err
	}
	return c.walk(b.ElseList)
}

func (c *Compiled) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, cmd := range p.Cmds {
		for _, arg := range cmd.Args {
			switch arg := arg.(type) {
			case *parse.FieldNode:
				c.chains = append(c.chains, arg.Ident)
			case *parse.VariableNode:
				c.chains = append(c.chains, arg.Ident[1:])
			case *parse.PipeNode:
				c.pipe(arg)
			}
		}
	}
}

// run executes a template over a body. What is missing in the body is empty.
func run(t *template.Template, data any) (s string, err error) {
	if t == nil {
		return "", nil
	}
	defer func() {
		if p := recover(); p != nil {
			s, err = "", fmt.Errorf("panics: %v", p)
		}
	}()
	w := &capped{}
	if err := t.Execute(w, data); err != nil {
		return "", err
	}
	s = strings.ReplaceAll(w.String(), "<no value>", "")
	return strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")), nil
}

// capped takes the output of a template until it is too much of it.
type capped struct {
	strings.Builder
	rounds int
}

func (c *capped) Write(p []byte) (int, error) {
	if len(p) == 1 && p[0] == round[0] {
		if c.rounds++; c.rounds > maxRounds {
			return 0, errTooMuch
		}
		return 1, nil
	}
	if c.Len()+len(p) > maxOutput {
		return 0, errTooMuch
	}
	return c.Builder.Write(p)
}
